//! `trapiche history`: the runs of the lake, or the report of one.

use std::process::ExitCode;

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::pipeline;
use crate::report::{DatasetStatus, RunReport};

use super::options::Output;
use super::print::output::{self, word};
use super::print::table::{Cell, Table};
use super::run;

/// List the runs of this lake, newest first, or show the report of one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche history
  trapiche history 20261123T134500Z-123456 -o json")]
pub struct HistoryArguments {
    /// The run to show, as it is named in the list
    #[arg(value_name = "RUN_ID")]
    pub run_id: Option<String>,
    #[command(flatten)]
    pub output: Output,
}

pub async fn history(lake: &Lake, args: HistoryArguments) -> Result<ExitCode> {
    let reports = pipeline::history(lake).await?;
    match args.run_id {
        None => output::print(args.output.format, &table(&reports), &reports)?,
        Some(run_id) => {
            let report = find(&reports, &run_id)?;
            output::print(args.output.format, &run::table(report), report)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn find<'a>(reports: &'a [RunReport], run_id: &str) -> Result<&'a RunReport> {
    reports.iter().find(|report| report.run_id == run_id).ok_or_else(|| {
        Error::config(format!("there is no run `{run_id}` in this lake")).hint("`trapiche history` lists the runs")
    })
}

/// One row per run.
fn table(reports: &[RunReport]) -> Table {
    let mut table =
        Table::new(&["run", "started", "status", "made", "unchanged", "failed", "blocked", "seconds", "peak memory"]);
    table.rows = reports.iter().map(row).collect();
    table
}

fn row(report: &RunReport) -> Vec<Cell> {
    let count = |status| Cell::Count(report.datasets.iter().filter(|dataset| dataset.status == status).count() as u64);
    vec![
        Cell::text(&report.run_id),
        Cell::text(report.started_at.format("%Y-%m-%dT%H:%M:%SZ")),
        Cell::Text(word(report.status)),
        count(DatasetStatus::Made),
        count(DatasetStatus::Unchanged),
        count(DatasetStatus::Failed),
        count(DatasetStatus::Blocked),
        Cell::Seconds(report.seconds),
        Cell::Bytes(report.peak_memory_bytes),
    ]
}
