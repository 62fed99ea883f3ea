//! `trapiche query`: where the SQL comes from.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::pipeline;
use crate::project::Project;

use super::args;
use super::prompt;
use super::script::Script;
use super::words::Words;

pub async fn query(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    args: args::Query,
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
    let answered = match script {
        Some(script) => script.run(&session, args.output.format, words).await,
        None => prompt::prompt(&session, args.output.format, words).await,
    };
    session.close().await;
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
