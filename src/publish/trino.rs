//! Statements for Trino's Hive connector
//! (<https://trino.io/docs/current/connector/hive.html>), which finds the partitions itself where they lie in the table's folder.

use arrow::datatypes::{DataType, FieldRef};

use super::description::CatalogTable;
use crate::lake::path::HIVE_NULL;

pub fn statements(table: &CatalogTable, catalog: &str) -> Vec<String> {
    let schema = format!("{}.{}", quoted(catalog), quoted(&table.database));
    let column = |field: &FieldRef| format!("{} {}", quoted(field.name()), type_name(field.data_type()));
    let all = table.columns.iter().chain(&table.partition_columns);
    let columns: Vec<String> = all.map(column).collect();
    let mut options =
        vec![format!("external_location = {}", literal(&table.location)), "format = 'PARQUET'".to_string()];
    if !table.partition_columns.is_empty() {
        let names: Vec<String> = table.partition_columns.iter().map(|field| literal(field.name())).collect();
        options.push(format!("partitioned_by = ARRAY[{}]", names.join(", ")));
    }
    let comment = table.description.as_ref().map(|text| format!("\nCOMMENT {}", literal(text))).unwrap_or_default();
    let mut statements = vec![
        format!("CREATE SCHEMA IF NOT EXISTS {schema}"),
        format!(
            "CREATE TABLE IF NOT EXISTS {schema}.{} (\n  {}\n){comment}\nWITH ({})",
            quoted(&table.name),
            columns.join(",\n  "),
            options.join(", ")
        ),
    ];
    if table.is_behind_view() {
        // Its folders are those of runs: Trino is told where each partition lies.
        statements.extend(table.partitions.iter().map(|(values, folder)| {
            let values: Vec<String> =
                values.iter().map(|value| literal(value.as_deref().unwrap_or(HIVE_NULL))).collect();
            let names: Vec<String> = table.partition_columns.iter().map(|field| literal(field.name())).collect();
            format!(
                "CALL {}.system.register_partition({}, {}, ARRAY[{}], ARRAY[{}], {})",
                quoted(catalog),
                literal(&table.database),
                literal(&table.name),
                names.join(", "),
                values.join(", "),
                literal(&format!("{folder}/"))
            )
        }));
    } else if !table.partition_columns.is_empty() {
        statements.push(format!(
            "CALL {}.system.sync_partition_metadata({}, {}, 'FULL')",
            quoted(catalog),
            literal(&table.database),
            literal(&table.name)
        ));
    }
    statements
}

/// A type as a view names it: with its precision.
pub(super) fn exact_type(data_type: &DataType) -> String {
    type_name(data_type).replace("timestamp", "timestamp(3)")
}

fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".into(),
        DataType::Int8 => "tinyint".into(),
        DataType::Int16 => "smallint".into(),
        DataType::Int32 => "integer".into(),
        DataType::Int64 => "bigint".into(),
        DataType::Float32 => "real".into(),
        DataType::Float64 => "double".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(..) => "timestamp".into(),
        DataType::Binary => "varbinary".into(),
        DataType::List(item) => format!("array({})", type_name(item.data_type())),
        DataType::Struct(fields) => {
            let field = |field: &FieldRef| format!("{} {}", quoted(field.name()), type_name(field.data_type()));
            format!("row({})", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                let types: Vec<String> = pair.iter().map(|field| type_name(field.data_type())).collect();
                format!("map({})", types.join(", "))
            }
            _ => "varchar".into(),
        },
        _ => "varchar".into(),
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
