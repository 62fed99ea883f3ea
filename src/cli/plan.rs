//! `trapiche plan` and `trapiche run --dry-run`: what a run would do.

use std::process::ExitCode;

use crate::config::Limits;
use crate::error::Result;
use crate::lake::Lake;
use crate::pipeline::{self, PlannedDataset};
use crate::project::Project;

use super::args::{Format, Selection};
use super::output::{self, word};
use super::table::{Cell, Table};

pub async fn plan(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    selection: Selection,
    format: Format,
) -> Result<ExitCode> {
    let planned = pipeline::plan(project, lake, limits, &selection.into()).await?;
    output::print(format, &table(&planned), &planned)?;
    Ok(ExitCode::SUCCESS)
}

fn table(planned: &[PlannedDataset]) -> Table {
    let mut table = Table::new(&["dataset", "kind", "action", "reads", "why"]);
    table.rows = planned.iter().map(row).collect();
    table
}

fn row(planned: &PlannedDataset) -> Vec<Cell> {
    let reads: Vec<String> = planned.reads.iter().map(|table| table.to_string()).collect();
    vec![
        Cell::text(&planned.dataset),
        Cell::text(planned.kind),
        Cell::Text(word(planned.action)),
        Cell::Text(reads.join(", ")),
        Cell::text(&planned.why),
    ]
}
