//! `trapiche schedule`: runs at the times that the project names, here or by the machine's own scheduler.

mod emit;
mod eventbridge;

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{ValueEnum, ValueHint};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::config::Limits;
use crate::error::{Error, Kind, Result};
use crate::lake::Lake;
use crate::machine::Process;
use crate::pipeline::schedule::{AfterRun, ScheduleNote, keep};
use crate::pipeline::{self, RunOptions, Stop};
use crate::project::{Project, Schedule};
use crate::report::{DatasetStatus, RunReport, RunStatus};

use super::options::{Global, Output, Selection};
use super::print::output;
use super::print::table::{Cell, Table};
use super::run::{stamp, summary, tell};
use super::talk::signals;
use super::talk::words::Words;

/// Run the project at the times of its `schedule`
///
/// Stays in the foreground, as a service manager wants it, and says one line for each run. The project's files are read again
/// for each. A run that fails, or finds another at work, does not end it; Ctrl-C and SIGTERM do, and a run that is under way
/// ends as `trapiche run` does. Any number of schedulers may run: a run claims its datasets, so one of them makes them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche schedule
  trapiche schedule --next 5
  trapiche schedule --emit systemd         units to be installed instead
  trapiche schedule --emit cron | crontab -
  trapiche schedule --emit eventbridge --target prod --role arn:aws:iam::123456789012:role/start-clusters")]
pub struct ScheduleArguments {
    #[command(flatten)]
    pub selection: Selection,

    /// Only list the next times
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "emit")]
    pub next: Option<u16>,

    /// Print what the machine's own scheduler takes, with the paths of this program and project
    #[arg(long, value_name = "FOR")]
    pub emit: Option<EmitFor>,

    /// For EventBridge: the ARN of the role by which it asks EMR for clusters
    #[arg(long, value_name = "ARN")]
    pub role: Option<String>,

    /// For EventBridge: the ARN of a queue of SQS that takes what could not be started
    #[arg(long, value_name = "ARN")]
    pub dead_letters: Option<String>,

    /// For EventBridge: send this program to the nodes, as `trapiche submit --program` does
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub program: Option<PathBuf>,

    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EmitFor {
    /// A service and a timer
    Systemd,
    /// A line of crontab(5)
    Cron,
    /// What `aws scheduler create-schedule --cli-input-json` takes: a cluster of EMR for each run, by `engine: { cluster: emr }`
    ///
    /// What the nodes need is put into the bucket, as `trapiche submit` does.
    Eventbridge,
}

pub async fn schedule(global: &Global, limits: &Limits, args: ScheduleArguments, words: &Words) -> Result<ExitCode> {
    let options: RunOptions = args.selection.into();
    if args.emit == Some(EmitFor::Eventbridge) {
        let role = args.role.as_deref().ok_or_else(|| {
            Error::config("EventBridge needs a role by which it asks EMR for clusters")
                .hint("name it with `--role ARN`; docs/emr.md says what it must allow")
        })?;
        let roles = (role, args.dead_letters.as_deref());
        let text = eventbridge::emit(global, &options, args.program, roles, words).await?;
        return output::write(text).map(|_| ExitCode::SUCCESS);
    }
    let (project, lake) = super::open(global, limits, &options).await?;
    let schedule = scheduled(&project)?;
    if let Some(count) = args.next {
        let times = next(&schedule, Utc::now(), count.into());
        output::print(args.output.format, &table(&schedule, &times), &times)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(whom) = args.emit {
        output::write(emit::emit(whom, &schedule, &project, &emit::command(global, &project, &options)?)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stop = Stop::default();
    signals::stop_on_signal(stop.clone(), words.clone())?;
    let started = Utc::now();
    // What came due since the last run is made up for, if that is wanted.
    let last = if schedule.catch_up { pipeline::last_run(&lake).await? } else { None };
    let after = last.unwrap_or(started).min(started);
    let process = Process::this();
    let salt = format!("{} {}", process.host, project.root.display());
    let wait = async |until| wait(until, &stop).await;
    // As it was when it could be read last.
    let current = RefCell::new((schedule.clone(), Arc::new(project)));
    let is_interrupted = AtomicBool::new(false);
    let run = async |at| {
        let last = current.borrow().1.clone();
        let ended = one_run(at, global, limits, &options, (&last, &lake), &stop, words).await;
        is_interrupted.store(ended.is_interrupted, Ordering::Relaxed);
        if let Some(project) = ended.project {
            let schedule = project.schedule.clone().unwrap_or_else(|| current.borrow().0.clone());
            current.replace((schedule, Arc::new(project)));
        }
        if stop.is_stopped() { AfterRun::End } else { AfterRun::GoOn(Box::new(current.borrow().0.clone())) }
    };
    keep(schedule, after, &salt, Utc::now, wait, run, |note| words.note(&told(&note, &current.borrow().0))).await;
    Ok(if is_interrupted.load(Ordering::Relaxed) {
        ExitCode::from(Kind::Interrupted.exit_code())
    } else {
        ExitCode::SUCCESS
    })
}

pub fn scheduled(project: &Project) -> Result<Schedule> {
    project.schedule.clone().ok_or_else(|| {
        Error::config("the project has no `schedule`").hint("add one to `trapiche.yml`: `schedule: \"*/5 * * * *\"`")
    })
}

/// Waits until a time, or until the scheduler is to end, which it says with `false`. The time of day is looked at again and
/// again, as a machine may sleep meanwhile.
async fn wait(until: DateTime<Utc>, stop: &Stop) -> bool {
    const LOOK_EVERY: Duration = Duration::from_secs(20);
    while let Ok(left) = (until - Utc::now()).to_std() {
        tokio::select! {
            () = tokio::time::sleep(left.min(LOOK_EVERY)) => {}
            () = stop.stopped() => return false,
        }
        if left.is_zero() {
            break;
        }
    }
    !stop.is_stopped()
}

/// What came of a run, as far as the next ones mind.
#[derive(Default)]
struct EndedRun {
    /// As it is by now, if that could be read.
    project: Option<Project>,
    is_interrupted: bool,
}

/// A run, which says how it went. `last` is the project as it was before.
async fn one_run(
    at: DateTime<Utc>,
    global: &Global,
    limits: &Limits,
    options: &RunOptions,
    last: (&Project, &Lake),
    stop: &Stop,
    words: &Words,
) -> EndedRun {
    let stamp = stamp(Utc::now());
    let (project, lake) = match super::open(global, limits, options).await {
        Ok(opened) => opened,
        Err(error) => {
            words.note(&line(at, "not run"));
            words.error(&error);
            tell(last.0, last.1, &stamp, &Err(error), words).await;
            return EndedRun::default();
        }
    };
    // Nobody watches: what a run tells of itself is in its report.
    let (events, _) = mpsc::unbounded_channel();
    let run = pipeline::run(&project, &lake, limits, options, &stamp, events, stop).await;
    match &run {
        Ok(report) => words.note(&line(at, &outcome(report, &project))),
        Err(error) if error.kind() == Kind::Locked => words.note(&line(at, &format!("not run: {error}"))),
        Err(error) => {
            words.note(&line(at, "not run"));
            words.error(error);
        }
    }
    tell(&project, &lake, &stamp, &run, words).await;
    let is_interrupted = run.is_ok_and(|report| report.status == RunStatus::Interrupted);
    EndedRun { project: Some(project), is_interrupted }
}

fn outcome(report: &RunReport, project: &Project) -> String {
    let status = match report.status {
        RunStatus::Ok => "ok",
        RunStatus::Failed => "failed",
        RunStatus::Interrupted => "interrupted",
    };
    let failed = report.datasets.iter().filter(|dataset| dataset.status == DatasetStatus::Failed);
    let failed: String = failed
        .map(|dataset| format!("; {}: {}", dataset.dataset, dataset.why.as_deref().unwrap_or("failed")))
        .collect();
    format!("{status}: {} (run {}){failed}", summary(report, &project.target.storage.url), report.run_id)
}

fn line(at: DateTime<Utc>, text: &str) -> String {
    format!("{}  {text}", written(at))
}

fn told(note: &ScheduleNote, schedule: &Schedule) -> String {
    let times = |number: usize| super::print::units::counted(number as u64, "run");
    match note {
        ScheduleNote::Next(at) => {
            format!("next run at {} ({})", written(*at), local(*at, schedule))
        }
        ScheduleNote::Missed { times: number, last } => {
            format!("missed {}, the last of {}", times(*number), written(*last))
        }
        ScheduleNote::Skipped { times: number, last } => {
            format!("skipped {}, the last of {}: the run before was at work", times(*number), written(*last))
        }
        ScheduleNote::Queued { times: number } => {
            format!("{} came due while the run before was at work: one is made for them now", times(*number))
        }
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn local(at: DateTime<Utc>, schedule: &Schedule) -> String {
    at.with_timezone(&schedule.zone).format("%a %Y-%m-%d %H:%M %Z").to_string()
}

/// One of the times to come.
#[derive(Debug, Serialize)]
struct NextTime {
    at: String,
    local: String,
}

fn next(schedule: &Schedule, from: DateTime<Utc>, count: usize) -> Vec<NextTime> {
    let times = std::iter::successors(schedule.next_after(from), |at| schedule.next_after(*at));
    times.take(count).map(|at| NextTime { at: written(at), local: local(at, schedule) }).collect()
}

fn table(schedule: &Schedule, times: &[NextTime]) -> Table {
    let mut table = Table::new(&["at", schedule.zone.name()]);
    table.rows = times.iter().map(|time| vec![Cell::text(&time.at), Cell::text(&time.local)]).collect();
    table
}
