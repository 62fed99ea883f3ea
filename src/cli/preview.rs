//! `trapiche preview`: what a source begins with, before anything is captured.

use std::process::ExitCode;

use arrow::datatypes::Schema;
use chrono::Utc;

use crate::config::Limits;
use crate::error::Result;
use crate::pipeline::{self, Preview};
use crate::project::Project;
use crate::spark::types;

use super::options::{Format, Output};
use super::print::table::{Cell, Table};
use super::print::{batches, output};
use super::run::stamp;
use super::talk::words::Words;

/// Show the first rows of a source, without capturing it
///
/// Reads no more than it needs: a page of an API, so many rows of a database, the first megabyte of a file. Columns have the
/// names and types that SQL sees; those of JSON are what this much of it tells. What `drop` and `mask` hide is hidden here, too.
/// A source that is asked `for_each` row of another is asked for the first of them. How a capture would go about it (files
/// that match, pages, readers of a database) is said on stderr. Nothing is written to the lake, and no claim is made.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche preview orders
  trapiche preview users -n 3 -o json | jq .")]
pub struct PreviewArguments {
    /// The source, as it is named in `trapiche.yml`
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// So many rows, 10,000 at most
    #[arg(short = 'n', long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub rows: u64,

    #[command(flatten)]
    pub output: Output,
}

pub async fn preview(project: &Project, limits: &Limits, args: PreviewArguments, words: &Words) -> Result<ExitCode> {
    let stamp = stamp(Utc::now());
    let Preview { schema, rows, notes } = pipeline::preview(project, limits, &args.source, args.rows, &stamp).await?;
    match args.output.format {
        Format::Table => {
            output::write(columns(&schema).aligned() + "\n")?;
        }
        _ => words.note(&format!("columns: {}", types_of(&schema))),
    }
    batches::print(rows, args.output.format, |note| words.note(note)).await?;
    notes.iter().for_each(|note| words.note(note));
    Ok(ExitCode::SUCCESS)
}

fn columns(schema: &Schema) -> Table {
    let mut table = Table::new(&["column", "type"]);
    let row = |(name, data_type): (&String, String)| vec![Cell::text(name), Cell::Text(data_type)];
    table.rows = typed(schema).map(row).collect();
    table
}

fn types_of(schema: &Schema) -> String {
    typed(schema).map(|(name, data_type)| format!("{name} {data_type}")).collect::<Vec<_>>().join(", ")
}

fn typed(schema: &Schema) -> impl Iterator<Item = (&String, String)> {
    schema.fields().iter().map(|field| (field.name(), types::name(field.data_type())))
}
