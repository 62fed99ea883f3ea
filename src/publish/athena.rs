//! Statements for Athena, whose DDL is Hive's
//! (<https://docs.aws.amazon.com/athena/latest/ug/create-table.html>). It runs one statement at a time.

use std::fmt::Write;

use arrow::datatypes::{DataType, FieldRef};

use super::description::CatalogTable;
use crate::lake::path::HIVE_NULL;
use crate::spark::types;

/// Partitions of a statement: the text of one may have 262,144 bytes.
const PARTITIONS: usize = 100;

pub fn statements(table: &CatalogTable) -> Vec<String> {
    let name = format!("{}.{}", quoted(&table.database), quoted(&table.name));
    let mut create =
        format!("CREATE EXTERNAL TABLE IF NOT EXISTS {name} (\n  {}\n)\n", columns(&table.columns, ",\n  "));
    if let Some(description) = &table.description {
        let _ = writeln!(create, "COMMENT {}", literal(description));
    }
    if !table.partition_columns.is_empty() {
        let _ = writeln!(create, "PARTITIONED BY ({})", columns(&table.partition_columns, ", "));
    }
    let _ = write!(
        create,
        "STORED AS PARQUET\nLOCATION {}\nTBLPROPERTIES ('classification' = 'parquet', 'trapiche.version' = '{}', 'trapiche.run' = {})",
        literal(&format!("{}/", table.location)),
        table.version,
        literal(&table.run_id),
    );
    let mut statements = vec![format!("CREATE DATABASE IF NOT EXISTS {}", quoted(&table.database)), create];
    statements.extend(table.partitions.chunks(PARTITIONS).map(|partitions| {
        let one = |(values, folder): &(Vec<Option<String>>, String)| {
            let pairs = table.partition_columns.iter().zip(values).map(|(column, value)| {
                format!("{} = {}", quoted(column.name()), literal(value.as_deref().unwrap_or(HIVE_NULL)))
            });
            let pairs: Vec<String> = pairs.collect();
            format!("\n  PARTITION ({}) LOCATION {}", pairs.join(", "), literal(&format!("{folder}/")))
        };
        format!("ALTER TABLE {name} ADD IF NOT EXISTS{}", partitions.iter().map(one).collect::<String>())
    }));
    statements
}

fn columns(fields: &[FieldRef], between: &str) -> String {
    let column = |field: &FieldRef| format!("{} {}", quoted(field.name()), type_name(field.data_type()));
    fields.iter().map(column).collect::<Vec<_>>().join(between)
}

/// Hive's names are Spark's, but for a timestamp, which has no zone there.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Timestamp(..) => "timestamp".into(),
        DataType::List(item) => format!("array<{}>", type_name(item.data_type())),
        DataType::Struct(fields) => {
            let field = |field: &FieldRef| format!("{}:{}", field.name(), type_name(field.data_type()));
            format!("struct<{}>", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                let types: Vec<String> = pair.iter().map(|field| type_name(field.data_type())).collect();
                format!("map<{}>", types.join(","))
            }
            other => types::name(other),
        },
        other => types::name(other),
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Hive's strings have escapes.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
