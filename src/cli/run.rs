//! `trapiche run`: make the datasets, show how it goes, print the report.

use std::process::ExitCode;

use crate::config::{self, Limits};
use crate::error::{Error, Kind, Result};
use crate::lake::Lake;
use crate::pipeline::{self, RunOptions, Stop, alert};
use crate::project::{self, Project};
use crate::report::{DatasetReport, DatasetStatus, RunReport, RunStamp, RunStatus, WorkerUse};
use chrono::{DateTime, NaiveDateTime, Utc};
use tokio::sync::{mpsc, oneshot};

use super::options::{Format, Global, Output, Selection};
use super::print::output::{self, word};
use super::print::table::{Cell, Table};
use super::print::units;
use super::talk::words::Words;
use super::talk::{progress, signals};

/// Make the project's datasets: capture the sources, run the queries, fit the models
///
/// Datasets run in the order of what they read, independent ones side by side. What is up to date is left alone
/// and says why. A dataset that fails blocks those that read it, not the others. The report is printed at the end.
///
/// Ctrl-C stops after undoing what is under way; a second Ctrl-C aborts at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche run                        the whole project
  trapiche run +refined.sales         one table and all that it is made from
  trapiche run tag:daily --exclude raw.quakes
  trapiche run -o json | jq .status   the report for a script")]
pub struct RunArguments {
    #[command(flatten)]
    pub selection: Selection,

    /// Only show what would be done, as `trapiche plan` does
    #[arg(long)]
    pub dry_run: bool,

    /// Open pages about what was made in a browser, as `trapiche docs --open` does
    #[arg(long, conflicts_with = "dry_run")]
    pub open: bool,

    /// Name the run, as whoever starts it does: a second run of that name ends with exit code 4
    ///
    /// Letters, digits, `-`, `_` and `.`. In reports and in the lake the time at which it begins goes before the name.
    #[arg(long, value_name = "ID", value_parser = run_name)]
    pub run_id: Option<String>,

    #[command(flatten)]
    pub output: Output,
}

/// What can be a part of an object's name everywhere.
pub fn run_name(text: &str) -> Result<String, String> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    match is_plain && (1..=100).contains(&text.len()) && !text.starts_with(['.', '-']) {
        true => Ok(text.to_string()),
        false => {
            Err("a name has up to 100 letters, digits, `-`, `_` and `.`, and begins with a letter or digit".into())
        }
    }
}

pub async fn run(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    options: &RunOptions,
    name: Option<&str>,
    format: Format,
    words: &Words,
) -> Result<ExitCode> {
    // With `--locked` they are an error of the run.
    if !options.locked {
        pipeline::other_tables(project).await.iter().for_each(|told| words.caution(told));
    }
    if project.target.cluster.is_some() && project.target.workers.is_none() {
        words.note(&format!(
            "the target `{}` has a cluster, and this run computes here: `trapiche submit` brings the cluster up",
            project.target.name
        ));
    }
    if let Some(name) = name {
        refuse_again(lake, name).await?;
    }
    let stop = Stop::default();
    signals::stop_on_signal(stop.clone(), words.clone())?;
    let (events, received) = mpsc::unbounded_channel();
    let (over, ended) = oneshot::channel();
    let progress = tokio::spawn(progress::watch(received, ended, words.clone()));

    let stamp = named(name, Utc::now());
    let outcome = pipeline::run(project, lake, limits, options, &stamp, events, &stop).await;
    // The last events are shown before the report, or before the error.
    drop(over);
    progress.await.expect("the progress only reads numbers and writes lines");

    let printed = match &outcome {
        Ok(report) => {
            let printed = output::print(format, &table(report), report);
            words.progress_note(&summary(report, &project.target.storage.url));
            printed
        }
        Err(_) => Ok(()),
    };
    tell(project, lake, &stamp, &outcome, words).await;
    let report = outcome?;
    printed.map(|()| ExitCode::from(report.exit_code))
}

/// Sends the alerts of a run. One that cannot be delivered is told, and changes nothing else.
pub async fn tell(project: &Project, lake: &Lake, stamp: &RunStamp, run: &Result<RunReport>, words: &Words) {
    for error in alert::tell(project, lake, stamp, run).await {
        words.caution(&error);
    }
}

/// The same for a project that could not be loaded, as far as its settings say who is to be told.
pub async fn tell_unloaded(global: &Global, error: &Error, words: &Words) {
    let found = project::find(&global.directory, global.target.as_deref(), &config::variable);
    let Ok(project) = found.map(|found| found.sound) else { return };
    for error in alert::tell_error(&project, &stamp(Utc::now()), error).await {
        words.caution(&error);
    }
}

/// One row per dataset, as printed by `run` and `history RUN_ID`.
pub fn table(report: &RunReport) -> Table {
    let mut columns =
        vec!["dataset", "status", "rows in", "rows out", "quarantined", "files", "bytes", "seconds", "peak memory"];
    // Who has no other machines need not read about them.
    let with_workers = report.datasets.iter().any(|dataset| dataset.on_workers.is_some());
    if with_workers {
        columns.extend(["workers", "shuffled", "spilled", "worker memory"]);
    }
    columns.push("why");
    let mut table = Table::new(&columns);
    table.rows = report.datasets.iter().map(|dataset| row(dataset, with_workers)).collect();
    table
}

fn row(report: &DatasetReport, with_workers: bool) -> Vec<Cell> {
    let mut row = vec![
        Cell::text(&report.dataset),
        Cell::Text(word(report.status)),
        Cell::Count(report.rows_in),
        Cell::Count(report.rows_out),
        Cell::Count(report.rows_quarantined),
        Cell::Count(report.files),
        Cell::Bytes(report.bytes),
        Cell::Seconds(report.seconds),
        Cell::Bytes(report.peak_memory_bytes),
    ];
    if with_workers {
        let used = |cell: fn(&WorkerUse) -> Cell| report.on_workers.as_ref().map_or(Cell::Null, cell);
        row.extend([
            used(|used| Cell::Count(used.workers)),
            used(|used| Cell::Bytes(used.shuffled_bytes)),
            used(|used| Cell::Bytes(used.spilled_bytes)),
            used(|used| Cell::Bytes(used.peak_memory_bytes)),
        ]);
    }
    let why: Vec<String> = report.why.iter().cloned().chain(report.remarks()).collect();
    row.push(if why.is_empty() { Cell::Null } else { Cell::Text(why.join("; ")) });
    row
}

/// `made 9, unchanged 0, failed 0 in 2.3 s, peak 210 MB, lake at file:///…`; blocked ones only if any.
pub fn summary(report: &RunReport, lake: &str) -> String {
    let count = |status| report.datasets.iter().filter(|dataset| dataset.status == status).count();
    let mut text = format!(
        "made {}, unchanged {}, failed {}",
        count(DatasetStatus::Made),
        count(DatasetStatus::Unchanged),
        count(DatasetStatus::Failed)
    );
    match count(DatasetStatus::Blocked) {
        0 => {}
        blocked => text += &format!(", blocked {blocked}"),
    }
    if report.status == RunStatus::Interrupted {
        text += ", interrupted";
    }
    let seconds = units::seconds(report.seconds);
    text + &format!(" in {seconds} s, peak {}, lake at {lake}", units::bytes(report.peak_memory_bytes))
}

/// A run that was started twice under one name is made once.
async fn refuse_again(lake: &Lake, name: &str) -> Result<()> {
    match pipeline::named_run(lake, name).await? {
        None => Ok(()),
        Some(made) => Err(Error::new(Kind::Locked, format!("the run `{name}` has been made: `{}`", made.run_id))
            .hint("give another run another `--run-id`")),
    }
}

/// A run with the name that it was given, if it was. One that begins with a time is complete.
fn named(name: Option<&str>, at: DateTime<Utc>) -> RunStamp {
    let RunStamp { run_id, at } = stamp(at);
    let begins_with_time = |name: &str| {
        name.split('-').next().is_some_and(|time| NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").is_ok())
    };
    match name {
        None => RunStamp { run_id, at },
        Some(name) if begins_with_time(name) => RunStamp { run_id: name.to_string(), at },
        Some(name) => RunStamp { run_id: format!("{run_id}-{name}"), at },
    }
}

/// The run's name: it sorts by time and is safe in every path. The microseconds keep two runs apart.
pub fn stamp(at: DateTime<Utc>) -> RunStamp {
    RunStamp { run_id: at.format("%Y%m%dT%H%M%SZ-%6f").to_string(), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_its_time_and_by_who_started_it() {
        let at = "2026-11-23T13:45:00.123456789Z".parse().unwrap();
        let name = |given: &str| named(Some(given), at).run_id;
        assert_eq!(name("a-1"), "20261123T134500Z-123456-a-1");
        assert_eq!(name("20260101T000000Z-000001"), "20260101T000000Z-000001");
        assert!(
            run_name("a/b").is_err() && run_name("").is_err() && run_name("-x").is_err() && run_name("x.1").is_ok()
        );
        assert_eq!(stamp("2026-11-23T13:45:00.123456789Z".parse().unwrap()).run_id, "20261123T134500Z-123456");
    }
}
