//! How a table is registered: as one entry, or, where all its partitions are to change at once, as an entry of a version and a
//! view that names it.
//!
//! A partition's place can be changed in one call, and so can a table's, but not the places of several partitions. So a
//! version of which no partition stays gets an entry of its own, with its partitions, and then the view is changed, in one
//! call. Where some partitions stay, the places of the others are changed in the entry that is there, each by itself.
//!
//! What a view named before stays for as long as the files of its version: whoever has read the view has yet to read that.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::description::CatalogTable;
use super::glue::{self, RUN, Registered, VERSION, VIEW, contains, is_ours, is_view};
use super::trino;
use crate::aws::glue::Glue;
use crate::error::Result;

/// How a view says which entry it is of.
const BEHIND: &str = "trapiche.table";

/// Makes the catalogue's entries what the table is. Versions before `oldest` are not kept any longer.
///
/// # Errors
/// When Athena could not read the table, when an entry is not ours, or when Glue refuses.
pub async fn register(glue: &Glue, table: &CatalogTable, oldest: u64) -> Result<Registered> {
    let (database, name) = (table.database.as_str(), table.name.as_str());
    if !table.is_behind_view() {
        let registered = glue::register(glue, table).await?;
        if registered.was_view {
            forget(glue, table, "", u64::MAX).await?;
        }
        return Ok(registered);
    }
    table.check_for_athena()?;
    let there = glue.table(database, name).await?;
    if let Some(entry) = &there {
        is_ours(table, entry)?;
    }
    let view = there.as_ref().filter(|entry| is_view(entry));
    let behind = view.and_then(|view| view["Parameters"][BEHIND].as_str());
    if let (Some(view), Some(behind)) = (view, behind)
        && contains(view, &view_input(table, behind))
    {
        forget(glue, table, behind, oldest).await?;
        return Ok(Registered { is_unchanged: true, ..Registered::default() });
    }
    let stays = match behind {
        Some(behind) => some_stay(glue, table, behind).await?,
        None => false,
    };
    let behind = match behind.filter(|_| stays) {
        Some(behind) => behind.to_string(),
        None => format!("{name}__v{}", table.version),
    };
    let of_version = CatalogTable { name: behind.clone(), view: Some(name.to_string()), ..table.clone() };
    let registered = glue::register(glue, &of_version).await?;
    if there.as_ref().is_some_and(|entry| !is_view(entry)) {
        glue::remove(glue, database, name).await?;
    }
    glue.put_table(database, &view_input(table, &behind), |there| is_ours(table, there)).await?;
    forget(glue, table, &behind, oldest).await?;
    Ok(Registered { is_unchanged: false, ..registered })
}

/// Whether a partition of the entry is as it is to be.
async fn some_stay(glue: &Glue, table: &CatalogTable, behind: &str) -> Result<bool> {
    let Some(entry) = glue.table(&table.database, behind).await? else { return Ok(false) };
    let keys = json!(glue::columns(&table.partition_columns));
    if entry["PartitionKeys"].as_array().map_or(0, Vec::len) != table.partition_columns.len()
        || !contains(&entry["PartitionKeys"], &keys)
    {
        return Ok(false);
    }
    let there = glue.partitions(&table.database, behind).await?;
    let there: HashSet<(Vec<String>, String)> = there.into_iter().map(|it| (it.values, place(&it.storage))).collect();
    Ok(glue::partitions(table).any(|it| there.contains(&(it.values, place(&it.storage)))))
}

fn place(storage: &Value) -> String {
    storage["Location"].as_str().unwrap_or_default().to_string()
}

/// Removes the entries of versions that are not kept, but for the one that the view names.
async fn forget(glue: &Glue, table: &CatalogTable, behind: &str, oldest: u64) -> Result<()> {
    let stem = format!("{}__v", table.name);
    for entry in glue.tables(&table.database, &format!("{stem}*")).await? {
        let (Some(name), parameters) = (entry["Name"].as_str(), &entry["Parameters"]) else { continue };
        let made = name.strip_prefix(&stem).and_then(|number| number.parse().ok());
        let last: Option<u64> = parameters[VERSION].as_str().and_then(|number| number.parse().ok());
        let (Some(made), Some(last)) = (made, last) else { continue };
        let is_of_it = parameters[VIEW].as_str() == Some(table.name.as_str());
        if is_of_it && name != behind && last.max(made) < oldest {
            // Its partitions go with it: no entry will ever have its name again.
            glue.delete_table(&table.database, name).await?;
        }
    }
    Ok(())
}

/// As Athena itself writes down a view: its statement and its columns, in Trino's types.
fn view_input(table: &CatalogTable, behind: &str) -> Value {
    let fields = || table.columns.iter().chain(&table.partition_columns);
    let names: Vec<String> = fields().map(|field| trino::quoted(field.name())).collect();
    let sql = format!("SELECT {} FROM {}.{}", names.join(", "), trino::quoted(&table.database), trino::quoted(behind));
    let columns = fields().map(|field| json!({ "name": field.name(), "type": trino::exact_type(field.data_type()) }));
    let columns: Vec<Value> = columns.collect();
    let view = json!({ "originalSql": sql, "catalog": "awsdatacatalog", "schema": table.database, "columns": columns });
    let columns = [glue::columns(&table.columns), glue::columns(&table.partition_columns)].concat();
    let mut input = json!({
        "Name": table.name,
        // Trino reads no view of nobody.
        "Owner": "trapiche",
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {
            "presto_view": "true",
            "comment": "Presto View",
            VERSION: table.version.to_string(),
            RUN: table.run_id,
            BEHIND: behind,
        },
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": columns,
            "Location": "",
            "SerdeInfo": { "Name": "-", "SerializationLibrary": "-" },
        },
        "ViewOriginalText": format!("/* Presto View: {} */", STANDARD.encode(view.to_string())),
        "ViewExpandedText": "/* Presto View */",
    });
    if let Some(description) = &table.description {
        input["Description"] = description.as_str().into();
    }
    input
}
