//! A landing: what one capture of a source put into `raw/`, and the manifest that makes it visible.
//!
//! `raw/<source>/ingest_date=YYYY-MM-DD/run=<run-id>/part-NNNN.<json|csv>[.gz]` are bytes as received.
//! The landing exists when `_landing.json` beside them does; parts without one are left over from a
//! capture that died, invisible to queries, and removed by the next capture.

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::types;

/// The envelope and manifest of one capture.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Landing {
    pub source: String,
    pub run_id: String,
    pub fetched_at: DateTime<Utc>,
    pub format: LandedFormat,
    /// Columns in order, with Spark type names (`bigint`, `array<struct<a:int>>`), names as received.
    #[serde(with = "types::schema_as_fields")]
    pub schema: SchemaRef,
    pub rows: u64,
    pub bytes: u64,
    /// Over all parts' bytes and the schema: equal means the same landing.
    pub sha256: String,
    /// The source's definition when it was captured.
    pub fingerprint: String,
    pub parts: Vec<LandedPart>,
}

/// One object of a landing and where its bytes came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandedPart {
    /// Relative to the lake's root.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
    /// The requests that filled it, in order; secrets removed.
    pub requests: Vec<Request>,
}

/// One answered request, and what to ask with the next time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// How the parts of a landing are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LandedFormat {
    Csv { delimiter: char, header: bool },
    /// One JSON object per line.
    Ndjson,
    /// A JSON document as received; `records` is the dotted path to its rows.
    Json { records: Option<String> },
}
