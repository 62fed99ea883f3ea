//! One Parquet file of a table, and what is known of it without opening it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::lake::path::PartitionValue;

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
    /// What the slice of the table that it belongs to was made from, where the table is made slice by slice. All files of
    /// a slice have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_from: Option<String>,
    /// The [identity](DataFile::identity) of the files whose rows it took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<FilesIdentity>,
}

impl DataFile {
    /// Tells its rows from all others: no two files of a lake have one path, and none is ever written again.
    pub fn identity(&self) -> FilesIdentity {
        self.stands_for.unwrap_or_else(|| {
            let hash = Sha256::digest(&self.path);
            FilesIdentity(u128::from_le_bytes(hash[..16].try_into().expect("half of 32 bytes")))
        })
    }
}

/// Tells the rows of some files from all others. Those of several files add up, and the sum stays what it is when the
/// same rows are put into other files. It is written in hexadecimal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilesIdentity(u128);

impl std::ops::AddAssign for FilesIdentity {
    fn add_assign(&mut self, other: FilesIdentity) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl std::iter::Sum for FilesIdentity {
    fn sum<I: Iterator<Item = FilesIdentity>>(identities: I) -> FilesIdentity {
        identities.fold(FilesIdentity::default(), |mut sum, identity| {
            sum += identity;
            sum
        })
    }
}

impl fmt::Display for FilesIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl From<FilesIdentity> for String {
    fn from(identity: FilesIdentity) -> String {
        identity.to_string()
    }
}

impl TryFrom<String> for FilesIdentity {
    type Error = std::num::ParseIntError;

    fn try_from(written: String) -> Result<FilesIdentity, Self::Error> {
        u128::from_str_radix(&written, 16).map(FilesIdentity)
    }
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
