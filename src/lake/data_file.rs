//! One Parquet file of a table, and what is known of it without opening it.

use serde::{Deserialize, Serialize};

use super::path::PartitionValue;

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
    /// What is known of its columns' values, by name. A list, because a map of two names takes a kilobyte of memory,
    /// and there may be a million of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<(String, ColumnRange)>,
}

/// Between which values a column lies. All are spelled as partition values are, and read by the version's schema.
/// In JSON it is `[low, high, nulls]`, because there is one for every column of every file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "(Option<String>, Option<String>, u64)", into = "(Option<String>, Option<String>, u64)")]
pub struct ColumnRange {
    /// No value is lower; a long text may be cut off. `None`: not known, or all are null.
    pub low: Option<String>,
    /// No value is higher; a long text may be cut off and counted up.
    pub high: Option<String>,
    pub nulls: u64,
}

impl From<(Option<String>, Option<String>, u64)> for ColumnRange {
    fn from((low, high, nulls): (Option<String>, Option<String>, u64)) -> Self {
        ColumnRange { low, high, nulls }
    }
}

impl From<ColumnRange> for (Option<String>, Option<String>, u64) {
    fn from(range: ColumnRange) -> Self {
        (range.low, range.high, range.nulls)
    }
}
