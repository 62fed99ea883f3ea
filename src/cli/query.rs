//! `trapiche query`: where the SQL comes from.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueHint;

use crate::config::Limits;
use crate::engine::conversation::Conversation;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::pipeline;
use crate::project::Project;

use super::options::Output;
use super::talk::prompt;
use super::talk::script::Script;
use super::talk::words::Words;

/// Ask the lake with SQL
///
/// Tables have the names that the project's queries use: `raw.products`, `trusted.sales`. SQL is Spark's, as far as docs/project.md says.
/// `runs` and `run_datasets` are what `trapiche history` tells.
/// Several statements are separated by `;`. They may create views, tables in memory, functions, variables and databases, and SET how SQL is
/// meant: these are the session's and end with it, and nothing of them reaches the lake. The first that fails ends the command.
/// Without SQL it prompts on a terminal, and reads standard input elsewhere.
///
/// `-o json` is JSON of RFC 8259, with all digits of every number. What JSON has no number for is text: `"NaN"`,
/// `"Infinity"`, `"-Infinity"`. Of columns or fields of one name the later ones are numbered (`x`, `x_2`), and the keys
/// of a map are text.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche query \"SELECT category, mean_price FROM refined.category_prices\"
  trapiche query -o csv -f report.sql > report.csv
  echo 'SHOW TABLES' | trapiche query -f -
  trapiche query                      an interactive prompt; `\\q` leaves it")]
pub struct QueryArguments {
    /// One or several statements
    #[arg(value_name = "SQL")]
    pub sql: Option<String>,

    /// Read the statements from this file; `-` is standard input
    #[arg(short, long, value_name = "FILE", conflicts_with = "sql", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,

    /// See the tables as they were at the end of this run, as long as they are kept
    #[arg(long, value_name = "RUN_ID")]
    pub as_of: Option<String>,

    /// For programs: answer each statement with one JSON object, and go on when one fails
    ///
    /// `{"columns": [{"name", "type"}], "rows": [["text", …], …]}` has Spark's types, and values as Spark's own shell prints them; a
    /// statement without a result answers `{}`, and one that fails `{"error", "code"}`. A `"note"` says that something has no effect here. The exit code is 0. Statements may be
    /// separated by NUL bytes instead of `;`, so that a fault in one does not spoil the next.
    #[arg(long, conflicts_with = "format")]
    pub answers: bool,

    #[command(flatten)]
    pub output: Output,
}

pub async fn query(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    args: QueryArguments,
    words: &Words,
) -> Result<ExitCode> {
    let script = match (args.sql, args.file) {
        (Some(sql), _) => Some(Script::new("query", sql)),
        (None, Some(file)) if file == Path::new("-") => Some(standard_input()?),
        (None, Some(file)) => Some(script_file(file)?),
        (None, None) if std::io::stdin().is_terminal() => None,
        (None, None) => Some(standard_input()?),
    };
    let session = match &args.as_of {
        Some(run_id) => pipeline::query_as_of(project, lake, limits, run_id).await?,
        None => pipeline::query(project, lake, limits, &format!("query/{}", std::process::id())).await?,
    };
    let mut conversation = Conversation::new(session);
    let answered = match script {
        Some(script) if args.answers => script.answer_each(&mut conversation).await,
        Some(script) => script.run(&mut conversation, args.output.format, words).await,
        None => prompt::prompt(&mut conversation, args.output.format, words).await,
    };
    conversation.session.close().await;
    answered.map(|_| ExitCode::SUCCESS)
}

fn standard_input() -> Result<Script> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Error::config("cannot read SQL from standard input").because(error))?;
    Ok(Script::new("stdin", text))
}

fn script_file(path: PathBuf) -> Result<Script> {
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::config(format!("cannot read `{}`", path.display())).because(error))?;
    Ok(Script::new(path, text))
}
