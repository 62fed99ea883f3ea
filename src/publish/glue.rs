//! Tables in Glue's Data Catalog, where Athena finds them: registered from a table's newest version, as often as one likes.
//!
//! Partitions come first and the table's own entry last, with the version in it: so an entry that names a version has all
//! partitions of it, and a run that dies between the commit and that entry is found by the next one, which does it again.

use std::collections::BTreeMap;

use arrow::datatypes::FieldRef;
use serde_json::{Value, json};

use super::athena::type_name;
use super::description::CatalogTable;
use crate::aws::glue::{Glue, GluePartition};
use crate::error::{Error, Result};
use crate::lake::path::HIVE_NULL;

/// How an entry of ours says of which version it is. An entry without it is somebody else's.
const VERSION: &str = "trapiche.version";
const RUN: &str = "trapiche.run";

const INPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";

/// What was changed in the catalogue.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Whether the table was as it is already.
    pub is_unchanged: bool,
    pub created: usize,
    pub updated: usize,
    pub deleted: usize,
}

/// Makes the catalogue's entry what the table is.
///
/// # Errors
/// When Athena could not read the table, when the entry is not ours, or when Glue refuses.
pub async fn register(glue: &Glue, table: &CatalogTable) -> Result<Registered> {
    table.check_for_athena()?;
    let (database, name) = (table.database.as_str(), table.name.as_str());
    let input = table_input(table);
    let mut there = glue.table(database, name).await?;
    let mut registered = Registered::default();
    if let Some(entry) = &there {
        is_ours(database, entry)?;
        if contains(entry, &input) {
            return Ok(Registered { is_unchanged: true, ..registered });
        }
        // By what a table is partitioned cannot be changed there, and its partitions have values of the old columns.
        if entry["PartitionKeys"].as_array().map_or(0, Vec::len) != table.partition_columns.len()
            || !contains(&entry["PartitionKeys"], &input["PartitionKeys"])
        {
            let old = glue.partitions(database, name).await?;
            glue.delete_partitions(database, name, &old).await?;
            glue.delete_table(database, name).await?;
            registered.deleted = old.len();
            there = None;
        }
    }
    if there.is_none() {
        glue.create_database(database).await?;
        // There must be a table before there are partitions of it: one of no version.
        glue.put_table(database, &of_no_version(&input), |there| is_ours(database, there)).await?;
    }
    if !table.partition_columns.is_empty() {
        let done = register_partitions(glue, table, there.is_none()).await?;
        registered = Registered { deleted: registered.deleted + done.deleted, ..done };
    }
    glue.put_table(database, &input, |there| is_ours(database, there)).await?;
    Ok(registered)
}

async fn register_partitions(glue: &Glue, table: &CatalogTable, is_new: bool) -> Result<Registered> {
    let (database, name) = (table.database.as_str(), table.name.as_str());
    let there = if is_new { vec![] } else { glue.partitions(database, name).await? };
    let mut there: BTreeMap<Vec<String>, Value> =
        there.into_iter().map(|partition| (partition.values, partition.storage)).collect();
    let (mut created, mut updated) = (vec![], vec![]);
    for partition in partitions(table) {
        match there.remove(&partition.values) {
            None => created.push(partition),
            Some(storage) if contains(&storage, &partition.storage) => {}
            Some(_) => updated.push(partition),
        }
    }
    let deleted: Vec<GluePartition> =
        there.into_iter().map(|(values, storage)| GluePartition { values, storage }).collect();
    glue.create_partitions(database, name, &created).await?;
    glue.update_partitions(database, name, &updated).await?;
    glue.delete_partitions(database, name, &deleted).await?;
    Ok(Registered { is_unchanged: false, created: created.len(), updated: updated.len(), deleted: deleted.len() })
}

fn is_ours(database: &str, there: &Value) -> Result<()> {
    if there["Parameters"].get(VERSION).is_some() {
        return Ok(());
    }
    let name = there["Name"].as_str().unwrap_or_default();
    Err(Error::config(format!("Glue has a table `{database}.{name}` that was not registered from a lake of ours"))
        .hint("drop or rename it there, or give these tables another database: `glue: { prefix: acme_ }`"))
}

/// Whether `there` has all of `wanted`; Glue adds to what it is told. What is empty may be missing.
fn contains(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| {
            let is_empty = wanted.as_array().is_some_and(Vec::is_empty);
            there.get(key).map_or(is_empty, |there| contains(there, wanted))
        }),
        (Value::Array(there), Value::Array(wanted)) => {
            there.len() == wanted.len() && there.iter().zip(wanted).all(|(there, wanted)| contains(there, wanted))
        }
        (there, wanted) => there == wanted,
    }
}

fn of_no_version(input: &Value) -> Value {
    let mut input = input.clone();
    input["Parameters"][VERSION] = "0".into();
    input
}

/// <https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html>
fn table_input(table: &CatalogTable) -> Value {
    let mut input = json!({
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            VERSION: table.version.to_string(),
            RUN: table.run_id,
        },
        "PartitionKeys": columns(&table.partition_columns),
        "StorageDescriptor": storage(table, &table.location),
    });
    if let Some(description) = &table.description {
        input["Description"] = description.as_str().into();
    }
    input
}

fn partitions(table: &CatalogTable) -> impl Iterator<Item = GluePartition> {
    table.partitions.iter().map(|(values, folder)| GluePartition {
        values: values.iter().map(|value| value.as_deref().unwrap_or(HIVE_NULL).to_string()).collect(),
        storage: storage(table, folder),
    })
}

fn storage(table: &CatalogTable, folder: &str) -> Value {
    json!({
        "Columns": columns(&table.columns),
        "Location": format!("{folder}/"),
        "InputFormat": INPUT_FORMAT,
        "OutputFormat": OUTPUT_FORMAT,
        "SerdeInfo": { "SerializationLibrary": SERDE, "Parameters": { "serialization.format": "1" } },
    })
}

fn columns(fields: &[FieldRef]) -> Vec<Value> {
    fields.iter().map(|field| json!({ "Name": field.name(), "Type": type_name(field.data_type()) })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_may_say_more_than_it_was_told_and_not_less() {
        let wanted = json!({ "Name": "a", "PartitionKeys": [], "Parameters": { "x": "1" } });
        let there = json!({ "Name": "a", "CreateTime": 1, "Parameters": { "x": "1", "y": "2" } });
        assert!(contains(&there, &wanted));
        for other in [
            json!({ "Name": "a", "Parameters": { "x": "2" } }),
            json!({ "Name": "a", "Parameters": { "y": "1" } }),
            json!({ "Name": "a", "Parameters": { "x": "1" }, "PartitionKeys": [{ "Name": "k" }] }),
        ] {
            assert!(!contains(&other, &wanted), "{other}");
        }
    }
}
