//! `trapiche assess`: what of a project for Spark runs here.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueHint;

use crate::assess::{self, Assessment, StatementVerdict};
use crate::config::Limits;
use crate::error::{Error, Kind, Result};

use super::options::Output;
use super::print::output;
use super::print::table::{Cell, Table};
use super::talk::words::Words;

/// Tell which SQL of a project for Spark runs here, and what is refused
///
/// Reads `.sql` files, and the strings that are given to `spark.sql(…)` in `.py` files and notebooks; no project and no data is
/// needed. Each statement is planned to its end. One over tables that nobody knows here is judged without their columns, by its
/// syntax and its functions. What is refused is counted by function and construct. Ends with exit code 5 if something is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche assess queries/ jobs/*.py
  trapiche assess -o json . > assessment.json
  trapiche assess --html assessment.html notebooks/")]
pub struct AssessArguments {
    /// Files, and folders with such
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Write all of it to this file, as one page
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,

    #[command(flatten)]
    pub output: Output,
}

pub async fn assess(limits: &Limits, args: AssessArguments, words: &Words) -> Result<ExitCode> {
    let all = assess::assess(&args.paths, limits).await?;
    if let Some(file) = &args.html {
        std::fs::write(file, assess::page(&all))
            .map_err(|error| Error::failed(format!("cannot write `{}`", file.display())).because(error))?;
    }
    output::print(args.output.format, &table(&all), &all)?;
    for one in &all.unread {
        words.note(&format!("{}:{}: {}", one.file.display(), one.line, one.why));
    }
    let Assessment { runs, refused, without_columns, .. } = all;
    words.note(&format!(
        "{} statements: {runs} run, {without_columns} are known but for their tables, {refused} are refused",
        all.statements.len()
    ));
    for cause in &all.causes {
        words.note(&format!("{:5} {}", cause.statements, cause.what));
    }
    Ok(if all.refused > 0 { ExitCode::from(Kind::Drift.exit_code()) } else { ExitCode::SUCCESS })
}

fn table(all: &Assessment) -> Table {
    let mut table = Table::new(&["where", "verdict", "what", "why"]);
    table.rows = all
        .statements
        .iter()
        .map(|one| {
            let (verdict, what, why) = match &one.verdict {
                StatementVerdict::Runs => ("runs", Cell::Null, Cell::Null),
                StatementVerdict::WithoutColumns => ("known but for its tables", Cell::Null, Cell::Null),
                StatementVerdict::Refused { what, why } => ("refused", Cell::text(what), Cell::text(why)),
            };
            vec![Cell::text(format!("{}:{}", one.file.display(), one.line)), Cell::text(verdict), what, why]
        })
        .collect();
    table
}
