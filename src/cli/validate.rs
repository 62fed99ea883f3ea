//! `trapiche validate`: what is wrong with the project, all of it.

use std::process::ExitCode;

use crate::config::Limits;
use crate::error::Result;
use crate::lake::Lake;
use crate::pipeline;
use crate::project::Project;

use super::talk::words::Words;

/// Check the whole project without running it
///
/// Reads every file and plans every query. All errors are reported in one pass, with file, line and a hint.
/// What depends on a source's columns is judged by its last landing and told as a warning: the next one may be right.
/// Of a source that was never captured the columns are not known; a query that reads it is checked as far as its own text
/// goes, and listed. Functions that Spark does not have are noted where a query calls them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche validate
  trapiche validate -C examples/weather --target prod")]
pub struct ValidateArguments {}

/// Errors come back as one [`Error`](crate::error::Error); there is no data, so stdout stays empty.
pub async fn validate(project: &Project, lake: &Lake, limits: &Limits, words: &Words) -> Result<ExitCode> {
    let validation = pipeline::validate(project, lake, limits).await?;
    validation.warnings.iter().for_each(|warning| words.warn(&warning.problem));
    validation.foreign.iter().for_each(|problem| words.remark(problem));
    for (dataset, why) in &validation.unchecked {
        words.note(&format!("not planned: `{dataset}`: {why}"));
    }
    let warnings = match validation.warnings.len() {
        0 => String::new(),
        1 => ", 1 warning".to_string(),
        n => format!(", {n} warnings"),
    };
    words.note(&format!(
        "`{}` is valid for target `{}`: {} planned, {} not planned{warnings}",
        project.name,
        project.target.name,
        validation.checked.len(),
        validation.unchecked.len(),
    ));
    Ok(ExitCode::SUCCESS)
}
