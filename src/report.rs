//! What a run did: one row per dataset, kept in the lake as `_runs/<id>.json` and shown at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Kind, Problem};
use crate::lake::TableName;
use crate::units::counted;

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
    /// With which the program ended.
    #[serde(default)]
    pub exit_code: u8,
    /// Highest resident memory of the process.
    pub peak_memory_bytes: u64,
    pub datasets: Vec<DatasetReport>,
}

/// The code with which a run ends: of several failures the first one's counts.
pub fn exit_code(status: RunStatus, datasets: &[DatasetReport]) -> u8 {
    match status {
        RunStatus::Ok => 0,
        RunStatus::Failed => {
            let first = datasets.iter().find_map(|dataset| dataset.failure);
            first.unwrap_or(Kind::Failed).exit_code()
        }
        RunStatus::Interrupted => Kind::Interrupted.exit_code(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    Ok,
    Failed,
    Interrupted,
}

/// One dataset of a run. `rows_in` = `rows_out` + `rows_quarantined` + `rows_dropped` + `rows_duplicate`: it counts the rows that came
/// to be written (a query's result, a source's rows), not those that the dataset read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatasetReport {
    pub dataset: TableName,
    pub status: DatasetStatus,
    /// Why it was made, and which part of it if that was not all; why it was left alone; what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// About how much it read of its inputs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_bytes: u64,
    pub rows_in: u64,
    pub rows_out: u64,
    pub rows_quarantined: u64,
    pub rows_dropped: u64,
    /// Rows that keep the checks and are not the latest of their key.
    #[serde(default)]
    pub rows_duplicate: u64,
    /// Timestamps that were finer than the table keeps them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub timestamps_cut: u64,
    pub files: u64,
    pub bytes: u64,
    pub seconds: f64,
    /// Highest resident memory of the process while this dataset was made.
    pub peak_memory_bytes: u64,
    /// `None` when it was made on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_workers: Option<WorkerUse>,
    /// Broken checks: name and rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckCount>,
    /// What kind of failure it was; decides the exit code.
    #[serde(skip)]
    pub failure: Option<Kind>,
}

impl DatasetReport {
    /// What else is to be known of the rows, beside how many are quarantined: those that a check has dropped, or has only warned of,
    /// those that were not the latest of their key, and what was lost of timestamps.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![];
        if self.rows_dropped > 0 {
            remarks.push(format!("{} dropped", counted(self.rows_dropped, "row")));
        }
        if self.rows_duplicate > 0 {
            remarks.push(format!("{} left out", counted(self.rows_duplicate, "duplicate")));
        }
        // Of rows that are in the table nothing else tells.
        if self.checks.iter().map(|check| check.rows).sum::<u64>() > self.rows_quarantined + self.rows_dropped {
            let broken = |check: &CheckCount| format!("`{}` is broken by {}", check.check, counted(check.rows, "row"));
            remarks.extend(self.checks.iter().map(broken));
        }
        if self.timestamps_cut > 0 {
            let verb = if self.timestamps_cut == 1 { "was" } else { "were" };
            remarks
                .push(format!("{} {verb} finer than the table keeps them", counted(self.timestamps_cut, "timestamp")));
        }
        remarks
    }

    /// Of one that was not tried.
    pub fn not_made(dataset: TableName) -> DatasetReport {
        DatasetReport {
            dataset,
            status: DatasetStatus::Blocked,
            why: None,
            input_bytes: 0,
            rows_in: 0,
            rows_out: 0,
            rows_quarantined: 0,
            rows_dropped: 0,
            rows_duplicate: 0,
            timestamps_cut: 0,
            files: 0,
            bytes: 0,
            seconds: 0.0,
            peak_memory_bytes: 0,
            on_workers: None,
            checks: vec![],
            failure: None,
        }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a dataset took of other machines. Sizes are bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerUse {
    /// Of the attempt that succeeded.
    pub workers: u64,
    pub attempts: u64,
    /// What went from machine to machine, as it was sent.
    pub shuffled_bytes: u64,
    pub spilled_bytes: u64,
    /// The most that any worker process held so far.
    pub peak_memory_bytes: u64,
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

/// Names a run: `run_id` is text that sorts by time, `at` is the run's one clock.
#[derive(Debug, Clone)]
pub struct RunStamp {
    pub run_id: String,
    pub at: DateTime<Utc>,
}

/// What one step made, before time and memory are known.
#[derive(Debug, Clone, Default)]
pub struct Made {
    pub input_bytes: u64,
    pub rows_in: u64,
    pub rows_out: u64,
    pub rows_quarantined: u64,
    pub rows_dropped: u64,
    pub rows_duplicate: u64,
    pub timestamps_cut: u64,
    pub files: u64,
    pub bytes: u64,
    pub checks: Vec<CheckCount>,
    pub on_workers: Option<WorkerUse>,
    /// What else is to be said of it.
    pub note: Option<String>,
}

/// Of several tables together.
impl std::ops::AddAssign for Made {
    fn add_assign(&mut self, other: Made) {
        self.input_bytes += other.input_bytes;
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        self.timestamps_cut += other.timestamps_cut;
        self.rows_quarantined += other.rows_quarantined;
        self.rows_dropped += other.rows_dropped;
        self.rows_duplicate += other.rows_duplicate;
        self.files += other.files;
        self.bytes += other.bytes;
        self.checks.extend(other.checks);
    }
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
    /// There is a fault in what was not asked for.
    Warned(Problem),
    Started {
        dataset: TableName,
        meter: Meter,
    },
    /// It is begun again, because a worker was lost.
    Retrying {
        dataset: TableName,
        why: String,
    },
    Finished(DatasetReport),
}
