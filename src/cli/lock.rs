//! `trapiche lock`: the columns that the project's tables are agreed to have.

use std::process::ExitCode;

use crate::config;
use crate::error::Result;
use crate::pipeline::{self, Locked, RunOptions, TableDrift};
use crate::project::SCHEMA_LOCK;

use super::options::{Global, Output};
use super::print::output;
use super::print::table::{Cell, Table};
use super::print::units;
use super::talk::words::Words;
use super::{on_threads, open};

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

/// The tables of sources that stand for several come first: without them the rest of the project may not be whole.
pub fn lock(global: &Global, args: LockArguments, words: &Words) -> Result<ExitCode> {
    let limits = config::limits(global.memory, global.threads.map(usize::from));
    on_threads(limits.threads, async {
        let target = global.target.as_deref();
        if let Some(Locked { tables, changes }) =
            pipeline::lock_sources(&global.directory, target, &config::variable).await?
        {
            output::print(args.output.format, &table(&changes), &changes)?;
            let tables = units::counted(tables as u64, "table");
            words.note(&format!(
                "`{SCHEMA_LOCK}` says which tables the sources with a `*` stand for: {tables}; run the project, and lock it again \
                 for their columns"
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let (project, lake) = open(global, &limits, &RunOptions::default()).await?;
        let Locked { tables, changes } = pipeline::lock(&project, &lake, &limits).await?;
        output::print(args.output.format, &table(&changes), &changes)?;
        words.note(&format!("`{SCHEMA_LOCK}` has {}", units::counted(tables as u64, "table")));
        Ok(ExitCode::SUCCESS)
    })
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
