//! `trapiche diff`: what is different between two versions of a table.

use std::process::ExitCode;

use crate::config::Limits;
use crate::error::{Kind, Result};
use crate::lake::Lake;
use crate::pipeline::{self, ColumnChange, Diff, PartitionChange, Side};
use crate::project::Project;

use super::options::Output;
use super::print::output::{self, word};
use super::print::table::{Cell, Table};
use super::print::units::counted;
use super::talk::words::Words;

/// Say what is different between two versions of a table
///
/// Compares the columns, and the files and rows of each partition, from what the versions say of themselves: no
/// file is read. A table that was made again has new files, even with the same rows; `--rows` reads both versions
/// and counts the rows that only one of them has.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche diff trusted.sales --from 20261123T134500Z-123456        that run's table against the newest
  trapiche diff trusted.sales --from 11 --to 12 --rows --fail       exit code 5 if a row differs")]
pub struct DiffArguments {
    /// The table: `name` or `zone.name`
    #[arg(value_name = "TABLE")]
    pub table: String,

    /// The older version: its number, or a run after which it was the table's newest
    #[arg(long, value_name = "RUN_OR_VERSION")]
    pub from: String,

    /// The newer version, in the same words [default: the newest]
    #[arg(long, value_name = "RUN_OR_VERSION")]
    pub to: Option<String>,

    /// Read both versions and count the rows that only one of them has
    #[arg(long)]
    pub rows: bool,

    /// End with exit code 5 if they differ: in columns or rows with `--rows`, in columns or files without
    #[arg(long)]
    pub fail: bool,

    #[command(flatten)]
    pub output: Output,
}

pub async fn diff(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    args: DiffArguments,
    words: &Words,
) -> Result<ExitCode> {
    let sides = (args.from.as_str(), args.to.as_deref());
    let diff = pipeline::diff(project, lake, limits, &args.table, sides, args.rows).await?;
    output::print(args.output.format, &table(&diff), &diff)?;
    words.note(&summary(&diff));
    Ok(match args.fail && diff.differs() {
        true => ExitCode::from(Kind::Drift.exit_code()),
        false => ExitCode::SUCCESS,
    })
}

/// A row for each column, then one for each partition.
fn table(diff: &Diff) -> Table {
    let mut table = Table::new(&["what", "name", "change", "from", "to", "files added", "files removed"]);
    table.rows.extend(diff.columns.iter().map(column));
    table.rows.extend(diff.partitions.iter().map(partition));
    table
}

fn column(change: &ColumnChange) -> Vec<Cell> {
    let type_name = |name: &Option<String>| name.as_ref().map_or(Cell::Null, Cell::text);
    vec![
        Cell::text("column"),
        Cell::text(&change.column),
        Cell::Text(word(change.change)),
        type_name(&change.from),
        type_name(&change.to),
        Cell::Null,
        Cell::Null,
    ]
}

fn partition(change: &PartitionChange) -> Vec<Cell> {
    vec![
        Cell::text("partition"),
        Cell::text(&change.partition),
        Cell::Text(word(change.change)),
        Cell::Text(rows(change.rows_from)),
        Cell::Text(rows(change.rows_to)),
        Cell::Count(change.files_added),
        Cell::Count(change.files_removed),
    ]
}

/// `trusted.sales` from version 3 (run …, 40 rows) to 4 (run …, 42 rows); 1 row only before, 3 rows only after
fn summary(diff: &Diff) -> String {
    let side = |side: &Side| format!("{} (run {}, {})", side.version, side.run_id, rows(side.rows));
    let mut text = format!("`{}` from version {} to {}", diff.table, side(&diff.from), side(&diff.to));
    if let Some(only) = &diff.rows {
        text += &format!("; {} only before, {} only after", rows(only.only_from), rows(only.only_to));
    }
    text
}

fn rows(rows: u64) -> String {
    counted(rows, "row")
}
