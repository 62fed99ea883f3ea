//! `trapiche doctor`: whether all is there that a run needs.

use std::process::ExitCode;

use chrono::Utc;

use crate::error::{Kind, Result};
use crate::lake::Lake;
use crate::pipeline::alert;
use crate::pipeline::doctor::{Finding, Health, Mending, examine};
use crate::project::Project;

use super::options::{Format, Output};
use super::print::output::{self, word};
use super::print::table::{Cell, Table};
use super::run::stamp;
use super::talk::words::Words;

/// Check the lake, its bucket, and each source with the server that it lies on
///
/// Of a bucket: whether it is there and in the target's region, nothing in it can be made public, it is encrypted, what is deleted
/// goes where versioning keeps it, and uploads that broke off go. `--fix` sets these rules; others that the bucket has stay.
/// Of the lake: whether it can be listed, written to, read and cleared, by one small object that is removed; whether it refuses
/// to create an object twice, on which every commit stands; its clock against this machine's; the room on its disk. Of a server:
/// whether its name resolves, it can be reached, and credentials go to it encrypted. Of a source: whether a row can be read.
/// Ends with exit code 1 if something fails; a warning does not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche doctor
  trapiche doctor --target prod -o json
  trapiche doctor --target prod --fix      set up the bucket where it is not as it should be
  trapiche doctor --alert                  send a test by the project's `alerts`")]
pub struct DoctorArguments {
    /// Send an alert that says that it is a test, and check nothing else
    #[arg(long)]
    pub alert: bool,

    /// Set the rules of the lake's bucket that are not as they should be
    #[arg(long, conflicts_with = "alert")]
    pub fix: bool,

    #[command(flatten)]
    pub output: Output,
}

pub async fn doctor(project: &Project, lake: &Lake, args: DoctorArguments, words: &Words) -> Result<ExitCode> {
    let stamp = stamp(Utc::now());
    if args.alert {
        let undelivered = alert::test(project, &stamp).await?;
        undelivered.iter().for_each(|error| words.error(error));
        if undelivered.is_empty() {
            words.note("the alert was taken");
        }
        return Ok(exit_code(!undelivered.is_empty()));
    }
    let mending = if args.fix { Mending::Rules } else { Mending::Nothing };
    let findings = examine(project, lake, &stamp, mending).await?;
    told(args.output.format, &findings)
}

/// Prints the findings; a failure among them is one of the command.
pub fn told(format: Format, findings: &[Finding]) -> Result<ExitCode> {
    output::print(format, &table(findings), &findings)?;
    Ok(exit_code(findings.iter().any(|finding| finding.health == Health::Fail)))
}

fn exit_code(has_failed: bool) -> ExitCode {
    if has_failed { ExitCode::from(Kind::Failed.exit_code()) } else { ExitCode::SUCCESS }
}

fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new(&["what", "check", "health", "detail", "hint"]);
    table.rows = findings.iter().map(row).collect();
    table
}

fn row(finding: &Finding) -> Vec<Cell> {
    vec![
        Cell::text(&finding.what),
        Cell::text(&finding.check),
        Cell::Text(word(finding.health)),
        Cell::text(&finding.detail),
        finding.hint.as_ref().map_or(Cell::Null, Cell::text),
    ]
}
