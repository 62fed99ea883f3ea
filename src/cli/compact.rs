//! `trapiche compact`: tables in fewer, larger files.

use std::process::ExitCode;

use chrono::Utc;

use crate::config::Limits;
use crate::error::Result;
use crate::lake::Lake;
use crate::pipeline::{self, Compacted};
use crate::project::Project;

use super::args;
use super::output;
use super::run::stamp;
use super::table::{Cell, Table};

pub async fn compact(project: &Project, lake: &Lake, limits: &Limits, args: args::Compact) -> Result<ExitCode> {
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
