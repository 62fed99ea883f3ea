//! A table's entry in Glue's Data Catalog, where Athena finds it: registered from the newest version, as often as one likes.
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
use crate::lake::path::{self, HIVE_NULL};
use crate::project::projection::ProjectedValues;

/// How an entry of ours says of which version it is. An entry without it is somebody else's.
pub(super) const VERSION: &str = "trapiche.version";
pub(super) const RUN: &str = "trapiche.run";
/// Of the entry of one version: the view through which it is read.
pub(super) const VIEW: &str = "trapiche.view";

const PROJECTION: &str = "projection.enabled";

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
    /// Whether there was a view of that name.
    pub was_view: bool,
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
        is_ours(table, entry)?;
        if contains(entry, &input) && is_projected(entry) == is_projected(&input) {
            return Ok(Registered { is_unchanged: true, ..registered });
        }
        // By what a table is partitioned cannot be changed there, and its partitions have values of the old columns.
        registered.was_view = is_view(entry);
        if is_view(entry)
            || entry["PartitionKeys"].as_array().map_or(0, Vec::len) != table.partition_columns.len()
            || !contains(&entry["PartitionKeys"], &input["PartitionKeys"])
        {
            registered.deleted = remove(glue, database, name).await?;
            there = None;
        }
    }
    if there.is_none() {
        glue.create_database(database).await?;
        // There must be a table before there are partitions of it: one of no version.
        glue.put_table(database, &of_no_version(&input), |there| is_ours(table, there)).await?;
    }
    if !table.partition_columns.is_empty() {
        let done = register_partitions(glue, table, there.is_none()).await?;
        registered = Registered { deleted: registered.deleted + done.deleted, was_view: registered.was_view, ..done };
    }
    glue.put_table(database, &input, |there| is_ours(table, there)).await?;
    Ok(registered)
}

/// Takes an entry out of the catalogue with its partitions, of which there were so many.
pub(super) async fn remove(glue: &Glue, database: &str, name: &str) -> Result<usize> {
    let old = glue.partitions(database, name).await?;
    glue.delete_partitions(database, name, &old).await?;
    glue.delete_table(database, name).await?;
    Ok(old.len())
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
    Ok(Registered { created: created.len(), updated: updated.len(), deleted: deleted.len(), ..Registered::default() })
}

/// # Errors
/// When an entry of that name is another's: somebody else's, or a version of another table.
pub(super) fn is_ours(table: &CatalogTable, there: &Value) -> Result<()> {
    let parameters = &there["Parameters"];
    if parameters.get(VERSION).is_some() && parameters.get(VIEW).and_then(Value::as_str) == table.view.as_deref() {
        return Ok(());
    }
    let (database, name) = (&table.database, there["Name"].as_str().unwrap_or_default());
    Err(Error::config(format!("Glue has a table `{database}.{name}` that was not registered from a lake of ours"))
        .hint("drop or rename it there, or give these tables another database: `glue: { prefix: acme_ }`"))
}

pub(super) fn is_view(entry: &Value) -> bool {
    entry["TableType"] == "VIRTUAL_VIEW"
}

fn is_projected(entry: &Value) -> bool {
    entry["Parameters"].get(PROJECTION).is_some()
}

/// Whether `there` has all of `wanted`; Glue adds to what it is told. What is empty may be missing.
pub(super) fn contains(there: &Value, wanted: &Value) -> bool {
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
    if let Some(view) = &table.view {
        input["Parameters"][VIEW] = view.as_str().into();
    }
    for (key, value) in projection(table) {
        input["Parameters"][key] = value.into();
    }
    if let Some(description) = &table.description {
        input["Description"] = description.as_str().into();
    }
    input
}

/// By which Athena counts its way through the partitions, if the table says how.
fn projection(table: &CatalogTable) -> Vec<(String, String)> {
    let Some(projection) = &table.projection else { return vec![] };
    let mut told = vec![(PROJECTION.to_string(), "true".to_string())];
    let mut template = format!("{}/", table.location);
    for (column, values) in table.partition_columns.iter().zip(projection) {
        let name = column.name();
        template += &format!("{}=${{{name}}}/", path::escape(name));
        let mut tell = |key: &str, value: String| told.push((format!("projection.{name}.{key}"), value));
        match values {
            ProjectedValues::Listed(values) => {
                tell("type", "enum".to_string());
                tell("values", values.join(","));
            }
            ProjectedValues::Whole { from, to } => {
                tell("type", "integer".to_string());
                tell("range", format!("{from},{to}"));
            }
            ProjectedValues::Days { from, to } => {
                tell("type", "date".to_string());
                tell("range", format!("{from},{}", to.map_or("NOW".to_string(), |to| to.to_string())));
                tell("format", "yyyy-MM-dd".to_string());
                tell("interval", "1".to_string());
                tell("interval.unit", "DAYS".to_string());
            }
        }
    }
    told.push(("storage.location.template".to_string(), template));
    told
}

/// Those that are listed in Glue: none of a table that is projected.
pub(super) fn partitions(table: &CatalogTable) -> impl Iterator<Item = GluePartition> {
    let listed = if table.projection.is_some() { &[] } else { table.partitions.as_slice() };
    listed.iter().map(|(values, folder)| GluePartition {
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

pub(super) fn columns(fields: &[FieldRef]) -> Vec<Value> {
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
