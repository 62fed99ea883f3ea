//! A table's version: the list of files that it consists of. Readers go by it, never by a listing.
//!
//! Versions lie in `_trapiche/tables/<zone>/<table>/v<number>.json`; the highest number is the table.
//! An object is only ever created there, so two writers cannot both make the same version.

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::path::PartitionValue;
use super::{Lake, TableName, path, types};
use crate::error::{Error, Result};

/// One committed state of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    pub table: TableName,
    pub version: u64,
    pub run_id: String,
    pub committed_at: DateTime<Utc>,
    /// What it was made from: equal means that making it again would change nothing.
    pub fingerprint: String,
    /// All columns in order; partition columns last, as readers of Hive tables show them.
    #[serde(with = "types::schema_as_fields")]
    pub schema: SchemaRef,
    /// Names of the partition columns, outermost first.
    pub partition_by: Vec<String>,
    pub files: Vec<DataFile>,
    /// Rows that broke a check, with their reasons in `_errors`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<DataFile>,
}

/// One Parquet file of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataFile {
    /// Relative to the lake's root.
    pub path: String,
    /// One value per partition column, as spelled in the path, unescaped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<PartitionValue>,
    pub rows: u64,
    pub bytes: u64,
}

impl Version {
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}

/// The table as it is now; `None` when it was never made.
pub async fn latest(lake: &Lake, table: &TableName) -> Result<Option<Version>> {
    let names = lake.names(&path::versions_dir(table)).await?;
    match names.iter().filter_map(|name| path::parse_version(name)).max() {
        Some(number) => read(lake, table, number).await,
        None => Ok(None),
    }
}

/// One version by number; `None` when it is not there (any more).
pub async fn read(lake: &Lake, table: &TableName, number: u64) -> Result<Option<Version>> {
    let file = path::version_file(table, number);
    let Some(bytes) = lake.read(&file).await? else { return Ok(None) };
    let version = serde_json::from_slice(&bytes).map_err(|e| {
        Error::failed(format!("`{file}` is no table version that this program can read"))
            .because(e)
            .hint("it may have been written by a newer trapiche")
    })?;
    Ok(Some(version))
}
