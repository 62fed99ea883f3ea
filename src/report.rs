//! What a run did: one row per dataset, kept in the lake as `_runs/<id>.json` and shown at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::lake::TableName;

/// A whole run. Times are UTC; sizes are bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    pub run_id: String,
    pub project: String,
    pub target: String,
    pub trapiche_version: String,
    pub started_at: DateTime<Utc>,
    pub seconds: f64,
    pub status: RunStatus,
    /// Highest resident memory of the process.
    pub peak_memory_bytes: u64,
    pub datasets: Vec<DatasetReport>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    Ok,
    Failed,
    Interrupted,
}

/// One dataset of a run. `rows_in` = `rows_out` + `rows_quarantined` + `rows_dropped`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatasetReport {
    pub dataset: TableName,
    pub status: DatasetStatus,
    /// Why it was left alone, or what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub rows_in: u64,
    pub rows_out: u64,
    pub rows_quarantined: u64,
    pub rows_dropped: u64,
    pub files: u64,
    pub bytes: u64,
    pub seconds: f64,
    /// Highest resident memory of the process while this dataset was made.
    pub peak_memory_bytes: u64,
    /// Broken checks: name and rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckCount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckCount {
    pub check: String,
    pub rows: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetStatus {
    /// Written and published.
    Made,
    /// Nothing it depends on has changed.
    Unchanged,
    /// It failed; its last version is still there.
    Failed,
    /// Not tried, because something it reads failed.
    Blocked,
}

/// What one step made, before time and memory are known.
#[derive(Debug, Clone, Default)]
pub struct Made {
    pub rows_in: u64,
    pub rows_out: u64,
    pub rows_quarantined: u64,
    pub rows_dropped: u64,
    pub files: u64,
    pub bytes: u64,
    pub checks: Vec<CheckCount>,
}

/// How far a dataset has come; written by the step that makes it, read by the progress line.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<MeterCounts>);

#[derive(Debug, Default)]
struct MeterCounts {
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Meter {
    pub fn add(&self, rows: u64, bytes: u64) {
        self.0.rows.fetch_add(rows, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }
}

/// What the pipeline tells whoever watches it.
#[derive(Debug, Clone)]
pub enum Event {
    Started { dataset: TableName, meter: Meter },
    Finished(DatasetReport),
}
