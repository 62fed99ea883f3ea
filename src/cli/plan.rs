//! `trapiche plan` and `trapiche run --dry-run`: what a run would do.

use std::process::ExitCode;

use chrono::Utc;

use crate::config::Limits;
use crate::error::{Error, Kind, Result};
use crate::lake::Lake;
use crate::pipeline::{self, Plan, PlannedAction, PlannedDataset, PlannedPlace, RunOptions, TableDrift};
use crate::project::drift;
use crate::project::{Project, SCHEMA_LOCK};

use super::options::{Format, Output, Selection};
use super::print::output::{self, word};
use super::print::table::{Cell, Table};
use super::print::units;
use super::talk::words::Words;

/// Show what a run would do, and why, without doing it
///
/// The same as `run --dry-run`. Nothing is written.
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
    let Plan { datasets: planned, passed_over } = pipeline::plan(project, lake, limits, options, Utc::now()).await?;
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
    }
    Ok(ExitCode::SUCCESS)
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
    let with_drift = planned.iter().any(|it| !it.drift.is_empty());
    if with_drift {
        columns.push("drift");
    }
    let mut table = Table::new(&columns);
    table.rows = planned.iter().map(|planned| row(planned, with_workers, with_drift)).collect();
    table
}

fn row(planned: &PlannedDataset, with_workers: bool, with_drift: bool) -> Vec<Cell> {
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
