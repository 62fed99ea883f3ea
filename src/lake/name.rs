//! Zones and table names: the words by which SQL, folders and reports mean the same thing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A zone of the lake: a SQL schema and a top-level folder. Data flows in the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Zone {
    /// As received, immutable: JSON or CSV.
    Raw,
    /// Typed, clean and joined: Hive-partitioned Parquet.
    Trusted,
    /// Results: Hive-partitioned Parquet.
    Refined,
}

impl Zone {
    pub const ALL: [Zone; 3] = [Zone::Raw, Zone::Trusted, Zone::Refined];

    pub fn as_str(self) -> &'static str {
        match self {
            Zone::Raw => "raw",
            Zone::Trusted => "trusted",
            Zone::Refined => "refined",
        }
    }

    pub fn parse(text: &str) -> Option<Zone> {
        Self::ALL.into_iter().find(|zone| zone.as_str() == text)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A table of the lake, written `zone.name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TableName {
    pub zone: Zone,
    pub name: String,
}

impl TableName {
    pub fn new(zone: Zone, name: impl Into<String>) -> Self {
        TableName { zone, name: name.into() }
    }

    /// Reads `zone.name`; `None` when the zone is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (zone, name) = text.split_once('.')?;
        Some(TableName::new(Zone::parse(zone)?, name))
    }

    /// Whether Athena, Hive and a shell all take it: `[a-z][a-z0-9_]*`, at most 255 characters.
    pub fn is_valid_name(name: &str) -> bool {
        name.len() <= 255
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.zone, self.name)
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for TableName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        TableName::parse(&text).ok_or_else(|| format!("`{text}` is not a table name of the form zone.name"))
    }
}
