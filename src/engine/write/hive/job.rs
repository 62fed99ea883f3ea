//! What a write is asked to do, and what its tasks answer.

use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use crate::lake::stage::Staged;
use crate::lake::table::data_file::DataFile;
use crate::lake::table::version::FileLayout;
use crate::lake::{Lake, TableName, path};
use crate::project::{Check, Dedupe, OnFail};
use crate::report::Meter;

/// The input column that holds the broken checks' bits.
pub const CHECKS: &str = "__trapiche_checks";

/// The input column after it, of a write that keeps the latest row of each key: 0 for a row, else how many rows it stands for
/// that were not the latest of theirs and broke the checks of its bits.
pub const DUPLICATES: &str = "__trapiche_duplicates";

/// A bit per check, and bits are those of an i64.
pub const MAX_CHECKS: usize = 63;

/// What to write and where; the same for all tasks.
#[derive(Debug, Clone)]
pub struct WriteJob {
    pub lake: Lake,
    pub table: TableName,
    pub place: WritePlace,
    pub run_id: String,
    /// How often this was tried before, on other workers: they may still be writing, under other names.
    pub attempt: u32,
    /// Data columns, then partition columns.
    pub schema: SchemaRef,
    pub partition_by: Vec<String>,
    pub checks: Vec<CheckBit>,
    /// Which rows are left of those that keep the checks, if not all; the plan below the write has found them.
    pub dedupe: Option<Dedupe>,
    /// A file is closed once it has this many bytes.
    pub target_file_bytes: u64,
    pub meter: Meter,
}

impl WriteJob {
    /// The folder of the rows that keep all checks.
    pub fn dir(&self) -> String {
        match self.place {
            WritePlace::Table => path::table_dir(&self.table),
            WritePlace::Run => path::run_dir(&self.table, &self.run_id),
            WritePlace::Merge => path::merge_dir(&self.run_id, &self.table),
        }
    }

    /// Where among the input's columns the checks' bits are, if there are checks.
    pub fn place_of_checks(&self) -> Option<usize> {
        (!self.checks.is_empty()).then_some(self.schema.fields().len())
    }

    /// The bits of the checks with which that happens to a row.
    pub fn bits_of(&self, action: OnFail) -> i64 {
        let checks = (0..).zip(&self.checks).filter(|(_, check)| check.on_fail == action);
        checks.fold(0, |bits, (i, _)| bits | 1 << i)
    }
}

/// Where the rows go that keep all checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WritePlace {
    Table,
    /// To the run's own folder of the table.
    Run,
    /// To where a merge reads them, before it knows what becomes of the table.
    Merge,
}

impl From<FileLayout> for WritePlace {
    fn from(layout: FileLayout) -> Self {
        match layout {
            FileLayout::Folder => WritePlace::Table,
            FileLayout::Runs => WritePlace::Run,
        }
    }
}

/// A check whose condition is a bit of [`CHECKS`] by now: what it asks has become part of the plan below the write.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckBit {
    pub name: String,
    pub on_fail: OnFail,
}

impl From<&Check> for CheckBit {
    fn from(check: &Check) -> Self {
        CheckBit { name: check.name.clone(), on_fail: check.on_fail }
    }
}

/// One answer of a task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskAnswer {
    File { file: DataFile, staged: Staged },
    Quarantined { file: DataFile, staged: Staged },
    Counts(Counts),
}

/// Rows of a task. `rows_in` = accepted + `quarantined` + `dropped` + `duplicates`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    pub rows_in: u64,
    pub quarantined: u64,
    pub dropped: u64,
    pub duplicates: u64,
    /// Values that were finer than the table keeps them.
    pub timestamps_cut: u64,
    /// Rows that broke each check, in the checks' order.
    pub broken: Vec<u64>,
}
