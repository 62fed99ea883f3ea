//! Versions of a table whose data files nobody has written.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use trapiche::lake::table::data_file::{ColumnRange, DataFile};
use trapiche::lake::table::version::{FileLayout, Version};
use trapiche::lake::{ObjectFormat, TableName, Zone, path};

pub fn table() -> TableName {
    TableName::new(Zone::Trusted, "sales")
}

pub fn next(run_id: &str, files: Vec<DataFile>) -> Version {
    let fields = [("id", DataType::Int64), ("price", DataType::Float64), ("day", DataType::Utf8)];
    Version {
        format: ObjectFormat,
        table: table(),
        version: 0,
        run_id: run_id.into(),
        committed_at: chrono::DateTime::UNIX_EPOCH,
        fingerprint: "made up".into(),
        schema: Arc::new(Schema::new(fields.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec())),
        timestamps: trapiche::spark::types::Timestamps::Micros,
        key: vec![],
        layout: FileLayout::default(),
        partition_by: vec!["day".into()],
        files: files.into(),
        quarantine: vec![].into(),
        empty: vec![],
        replaced: vec![],
    }
}

pub fn day(n: usize) -> String {
    format!("day-{n:06}")
}

/// A file of two columns with statistics.
pub fn file(partition: usize, n: usize, run_id: &str) -> DataFile {
    let partition = vec![Some(day(partition))];
    let range =
        |low: usize, high: usize| ColumnRange { low: Some(low.to_string()), high: Some(high.to_string()), nulls: 0 };
    let columns = [("id", range(n * 1_000, n * 1_000 + 999)), ("price", range(1, 99))];
    DataFile {
        path: path::data_file("trusted/sales", &["day".to_string()], &partition, run_id, 0, n),
        partition,
        rows: 1_000,
        bytes: 128 << 20,
        columns: columns.map(|(name, range)| (name.to_string(), range)).to_vec(),
        made_from: None,
        stands_for: None,
    }
}
