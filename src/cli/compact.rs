//! `trapiche compact`: tables in fewer, larger files.

use std::process::ExitCode;

use chrono::Utc;

use crate::config::Limits;
use crate::error::Result;
use crate::lake::Lake;
use crate::pipeline::{self, Compacted};
use crate::project::Project;

use super::options::Output;
use super::print::output;
use super::print::table::{Cell, Table};
use super::run::stamp;

/// Write the small files of tables again as large ones
///
/// Readers open fewer files. The rows stay the same, and what was made from the table stays up to date. Each table is
/// one commit. Partitions without several small files are left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche compact trusted.sales
  trapiche compact sales visits -o json")]
pub struct CompactArguments {
    /// Tables: `name` or `zone.name`
    #[arg(value_name = "TABLE", required = true)]
    pub tables: Vec<String>,

    #[command(flatten)]
    pub output: Output,
}

pub async fn compact(project: &Project, lake: &Lake, limits: &Limits, args: CompactArguments) -> Result<ExitCode> {
    let done = pipeline::compact(project, lake, limits, &args.tables, &stamp(Utc::now())).await?;
    output::print(args.output.format, &table(&done), &done)?;
    Ok(ExitCode::SUCCESS)
}

fn table(done: &[Compacted]) -> Table {
    let columns = ["table", "partitions", "rows", "files before", "files after", "bytes before", "bytes after"];
    let mut table = Table::new(&columns);
    table.rows = done.iter().map(row).collect();
    table
}

fn row(done: &Compacted) -> Vec<Cell> {
    vec![
        Cell::text(&done.table),
        Cell::Count(done.partitions),
        Cell::Count(done.rows),
        Cell::Count(done.files_before),
        Cell::Count(done.files_after),
        Cell::Bytes(done.bytes_before),
        Cell::Bytes(done.bytes_after),
    ]
}
