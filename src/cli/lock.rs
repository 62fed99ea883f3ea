//! `trapiche lock`: the columns that the project's tables are agreed to have.

use std::process::ExitCode;

use crate::config::Limits;
use crate::error::Result;
use crate::lake::Lake;
use crate::pipeline::{self, Locked, TableDrift};
use crate::project::{Project, SCHEMA_LOCK};

use super::options::Output;
use super::print::output;
use super::print::table::{Cell, Table};
use super::print::units;
use super::talk::words::Words;

/// Write down the columns and types of all sources and tables, to hold later runs to them
///
/// They are those of the last landings, and those that the queries give then. `schema.lock.yml` lies beside `trapiche.yml` and
/// belongs into git. `plan` shows what differs from it; `plan --locked` and `run --locked` end with exit code 5 then. What has
/// changed in the file is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche run && trapiche lock
  trapiche run --locked              nothing is made with other columns than those")]
pub struct LockArguments {
    #[command(flatten)]
    pub output: Output,
}

pub async fn lock(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    args: LockArguments,
    words: &Words,
) -> Result<ExitCode> {
    let Locked { tables, changes } = pipeline::lock(project, lake, limits).await?;
    output::print(args.output.format, &table(&changes), &changes)?;
    words.note(&format!("`{SCHEMA_LOCK}` has {}", units::counted(tables as u64, "table")));
    Ok(ExitCode::SUCCESS)
}

fn table(changes: &[TableDrift]) -> Table {
    let mut table = Table::new(&["table", "column", "was", "is"]);
    let cell = |text: &Option<String>| text.as_ref().map_or(Cell::Null, Cell::text);
    for TableDrift { table: name, columns } in changes {
        table.rows.extend(
            columns
                .iter()
                .map(|drift| vec![Cell::text(name), Cell::text(&drift.column), cell(&drift.was), cell(&drift.is)]),
        );
    }
    table
}
