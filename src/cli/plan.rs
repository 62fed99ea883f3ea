//! `trapiche plan` and `trapiche run --dry-run`: what a run would do.

use std::process::ExitCode;

use chrono::Utc;

use crate::config::Limits;
use crate::error::{Error, Kind, Result};
use crate::hints::listed;
use crate::lake::Lake;
use crate::pipeline::{self, Estimate, Plan, PlannedAction, PlannedDataset, PlannedPlace, RunOptions, TableDrift};
use crate::project::drift::{self, Drift};
use crate::project::{Nodes, Project, SCHEMA_LOCK, Workers};

use super::options::{Format, Output, Selection};
use super::print::output::{self, word};
use super::print::table::{Cell, Table};
use super::print::units;
use super::talk::words::Words;

/// Show what a run would do, and why, without doing it
///
/// The same as `run --dry-run`. Nothing is written. How long it may take is told by what past runs of the target read in what time,
/// as their reports say it; the first run of a target has no such past. Where files of a table stay that do not fit what its query
/// now gives, the exit code is 1, as that of the run would be.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche plan
  trapiche plan trusted.sales+ -o json")]
pub struct PlanArguments {
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub output: Output,
}

pub async fn plan(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    options: &RunOptions,
    format: Format,
    words: &Words,
) -> Result<ExitCode> {
    let other_tables = pipeline::other_tables(project).await;
    other_tables.iter().for_each(|told| words.caution(told));
    let Plan { datasets: planned, passed_over, estimate } =
        pipeline::plan(project, lake, limits, options, Utc::now()).await?;
    passed_over.iter().for_each(|problem| words.warn(problem));
    planned.iter().flat_map(|dataset| &dataset.warnings).for_each(|warning| words.warn(warning));
    output::print(format, &table(&planned), &planned)?;
    let drifted = planned.iter().flat_map(|dataset| &dataset.drift).count();
    if options.locked && drifted > 0 {
        let tables = units::counted(drifted as u64, "table");
        return Err(Error::new(Kind::Drift, format!("columns are not those of `{SCHEMA_LOCK}`: of {tables}"))
            .hint("`trapiche lock` agrees to the columns as they are"));
    }
    if let Some(told) = other_tables.into_iter().next().filter(|_| options.locked) {
        return Err(told);
    }
    if let Some(largest) = planned.iter().filter(|it| it.action == PlannedAction::Make).max_by_key(|it| it.input_bytes)
    {
        words.progress_note(&is_one_machine_enough(largest, limits));
        words.progress_note(&how_long(project, &estimate));
    }
    let broken: Vec<&str> =
        planned.iter().filter(|it| it.breaks.is_some()).map(|it| it.dataset.name.as_str()).collect();
    match broken.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(Error::failed(format!("files that stay do not fit what is to be made of {}", listed(&broken)))
            .hint("new columns and columns that go are fine: readers match them by name; other types are not")),
    }
}

/// As many as a small cluster has.
const NODES: u64 = 4;

/// What is read, and how long that may take: here, and on so many nodes as the target has.
fn how_long(project: &Project, estimate: &Estimate) -> String {
    let target = &project.target;
    let reads = format!("to be read: {}", units::bytes(estimate.bytes));
    let Some(seconds) = estimate.seconds else {
        return format!(
            "{reads}; how long that takes is not known: no run of `{}` is on record that read 1 MB for a table",
            target.name
        );
    };
    let nodes = match (&target.workers, &target.cluster) {
        (Some(Workers { nodes: Nodes::Listed(nodes), .. }), _) => nodes.len() as u64,
        (Some(Workers { at_least, .. }), _) => (*at_least as u64).max(1),
        (None, Some(cluster)) => u64::from(cluster.core.count + cluster.task.count),
        (None, None) => NODES,
    };
    let (newest, runs) = (&estimate.runs[0], units::counted(estimate.runs.len() as u64, "run"));
    let mut words = format!(
        "{reads}; about {} s on one machine, by {runs} of `{}`, the last {newest}; {nodes} nodes take {} s at best, where all of it divides evenly",
        units::seconds(seconds),
        target.name,
        units::seconds(seconds / nodes.max(1) as f64),
    );
    if estimate.bytes / 10 > estimate.largest_bytes {
        words +=
            &format!("; those read {} for a table at most, so this is a guess", units::bytes(estimate.largest_bytes));
    }
    if !estimate.unknown.is_empty() {
        let unknown: Vec<String> = estimate.unknown.iter().map(ToString::to_string).collect();
        let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
        words += &format!("; {} taken to be as fast as the others", listed(&unknown));
    }
    words
}

/// What readers see of columns that come or go in files that stay.
fn stay(changes: &[Drift]) -> String {
    let words = |change: &Drift| match &change.is {
        Some(_) => format!("{change}: null in those that stay"),
        None => format!("{change}: not seen any more"),
    };
    changes.iter().map(words).collect::<Vec<_>>().join("; ")
}

/// Rows in memory take several times the room of their compressed files, and some operators have to hold them all.
const UNPACKED: u64 = 4;

fn is_one_machine_enough(largest: &PlannedDataset, limits: &Limits) -> String {
    let (name, reads) = (&largest.dataset, units::bytes(largest.input_bytes));
    let memory = units::bytes(limits.memory_bytes);
    if largest.input_bytes * UNPACKED <= limits.memory_bytes {
        return format!("one machine is enough: `{name}` reads most, {reads}, and this one may use {memory}");
    }
    format!(
        "`{name}` reads {reads}, which may not fit into the {memory} of this machine: sorts and aggregates would spill, \
         and large joins fail; workers share it (docs/cluster.md)"
    )
}

fn table(planned: &[PlannedDataset]) -> Table {
    let with_workers = planned.iter().any(|it| it.place == PlannedPlace::Workers);
    let mut columns = vec!["dataset", "kind", "action", "reads", "size"];
    if with_workers {
        columns.push("place");
    }
    columns.push("why");
    let with_changes = planned.iter().any(|it| !it.changes.is_empty());
    if with_changes {
        columns.push("old partitions");
    }
    let with_drift = planned.iter().any(|it| !it.drift.is_empty());
    if with_drift {
        columns.push("drift");
    }
    let mut table = Table::new(&columns);
    table.rows = planned.iter().map(|planned| row(planned, with_workers, with_changes, with_drift)).collect();
    table
}

fn row(planned: &PlannedDataset, with_workers: bool, with_changes: bool, with_drift: bool) -> Vec<Cell> {
    let reads: Vec<String> = planned.reads.iter().map(|table| table.to_string()).collect();
    let mut row = vec![
        Cell::text(&planned.dataset),
        Cell::text(planned.kind),
        Cell::Text(word(planned.action)),
        Cell::Text(reads.join(", ")),
        if planned.reads.is_empty() { Cell::Null } else { Cell::Bytes(planned.input_bytes) },
    ];
    if with_workers {
        row.push(Cell::Text(word(planned.place)));
    }
    row.push(Cell::text(&planned.why));
    if with_changes {
        row.push(if planned.changes.is_empty() { Cell::Null } else { Cell::Text(stay(&planned.changes)) });
    }
    if with_drift {
        let of_table = |TableDrift { table, columns }: &TableDrift| match *table == planned.dataset {
            true => drift::words(columns),
            false => format!("`{table}`: {}", drift::words(columns)),
        };
        let drifts: Vec<String> = planned.drift.iter().map(of_table).collect();
        row.push(if drifts.is_empty() { Cell::Null } else { Cell::Text(drifts.join("; ")) });
    }
    row
}
