//! The flow, to be read first: check the project, order the datasets, make each, report.
//!
//! Datasets never call one another. Each reads tables of the lake and makes others, so any of them can
//! be made again alone, and what is unchanged is left alone.

pub mod alert;
mod all_tables;
mod catalog;
mod columns;
mod compact;
mod decide;
mod diff;
pub mod doctor;
mod estimate;
mod fingerprint;
mod known;
mod make;
mod memory;
mod plan;
mod planned;
mod preview;
mod rebuild;
pub mod schedule;
mod schema_lock;
mod seen;
mod state;
mod uploads;
mod vacuum;
mod validate;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Limits;
use crate::engine::{Engine, Session};
use crate::error::{Error, Problem, Result};
use crate::hints::suggest;
use crate::lake::moment::Moment;
use crate::lake::stage;
use crate::lake::table::commit;
use crate::lake::{Lake, TableName, Zone, capture, lock, path};
use crate::machine::peak_memory;
use crate::project::{Dataset, Definition, Project, select};
use crate::report::{self, DatasetReport, DatasetStatus, Event, Meter, RunReport, RunStamp, RunStatus};

pub use crate::ingest::NamedWindow;
pub use all_tables::other_tables;
pub use catalog::{Catalog, CountedTable};
pub use compact::{Compacted, compact};
pub use diff::{Change, ColumnChange, Diff, PartitionChange, RowDiff, Side, diff};
pub use estimate::Estimate;
use known::KnownTables;
use make::Maker;
pub use plan::{Plan, PlannedAction, PlannedDataset, PlannedPlace, plan};
pub use preview::{Preview, preview};
pub use schema_lock::{Locked, TableDrift, lock, lock_sources};
pub use state::{move_cursor, state};
pub use vacuum::{Vacuumed, vacuum};
pub use validate::{Validation, Warning, load, load_for, validate};

/// What to make, by the project's selection syntax; nothing selected means everything.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    /// Capture and make again what is unchanged, too.
    pub full_refresh: bool,
    /// What is captured of the sources that have a cursor, instead of what is new.
    pub window: Option<NamedWindow>,
    /// Nothing is made with other columns than `schema.lock.yml` says.
    pub locked: bool,
}

/// Runs the project. Datasets that failed are in the report. `Err` means that nothing was run, or that the run's end
/// could not be written down.
pub async fn run(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    options: &RunOptions,
    stamp: &RunStamp,
    events: UnboundedSender<Event>,
    stop: &Stop,
) -> Result<RunReport> {
    let started = Instant::now();
    all_tables::refuse_unknown(project)?;
    let chosen = select::select(project, &options.select, &options.exclude)?;
    let chosen: Vec<&Dataset> = chosen.iter().map(|i| &project.datasets[*i]).collect();
    check_window(options, &chosen)?;
    let validation = validate::validate_for(project, lake, limits, &chosen).await?;
    if options.locked {
        all_tables::refuse_others(project).await?;
        schema_lock::refuse_known(project, &chosen, &validation.columns)?;
    }
    warn(validation.passed_over, &events);
    let lock = lock::acquire(lake, &stamp.run_id, chosen.iter().map(|dataset| dataset.name.clone())).await?;
    let outcome = async {
        let known = KnownTables::claimed(lake, &chosen, validation.sources).await?;
        let maker = Arc::new(Maker::open(project, lake, limits, options, stamp, known, &events).await?);
        let datasets = tokio::select! {
            datasets = make_all(&maker, &chosen, limits, &events, stop) => datasets?,
            // What is staged is left to whoever has taken over.
            lost = lock.lost() => return Err(lost),
        };
        let is_interrupted = stop.is_stopped();
        take_back(lake, &chosen, &datasets, &stamp.run_id).await?;
        let report = report_of(project, stamp, started, datasets, is_interrupted);
        write_down(lake, &report).await?;
        sweep(&maker, &chosen, &report, lock.store_time()).await?;
        Ok(report)
    };
    let outcome = outcome.await;
    let released = lock.release().await;
    let report = outcome?;
    released.map(|()| report)
}

/// # Errors
/// When a window is asked for and no source that is chosen has a cursor, or when all is to be captured besides.
fn check_window(options: &RunOptions, chosen: &[&Dataset]) -> Result<()> {
    if options.window.is_none() {
        return Ok(());
    }
    if options.full_refresh {
        return Err(Error::config("`--full-refresh` captures all rows, and `--from` and `--to` some of them"));
    }
    let has_cursor =
        |dataset: &&Dataset| matches!(&dataset.definition, Definition::Source(source) if source.cursor.is_some());
    match chosen.iter().any(has_cursor) {
        true => Ok(()),
        false => Err(Error::config("`--from` and `--to` are of sources with a `cursor:`, and none is selected")
            .hint("select one, as in `trapiche run raw.orders+ --from 2026-01-01 --to 2026-02-01`")),
    }
}

/// Tells of the faults in what was not asked for.
fn warn(passed_over: Vec<Problem>, events: &UnboundedSender<Event>) {
    for problem in passed_over {
        // Nobody watching is fine.
        let _ = events.send(Event::Warned(problem));
    }
}

/// What decoders, encoders and the allocator hold for a table while it is made, beside what the engine's memory pool counts.
const UNCOUNTED_BYTES: u64 = 160 << 20;

/// How many tables may be made side by side, so that what the pool does not count stays within what it leaves: two fifths.
fn tables_at_once(limits: &Limits) -> usize {
    let uncounted = limits.memory_bytes / 5 * 2;
    ((uncounted / UNCOUNTED_BYTES) as usize).clamp(1, limits.threads)
}

/// Makes the datasets in dependency order, independent ones side by side, and blocks those below a failed one.
async fn make_all(
    maker: &Arc<Maker>,
    chosen: &[&Dataset],
    limits: &Limits,
    events: &UnboundedSender<Event>,
    stop: &Stop,
) -> Result<Vec<DatasetReport>> {
    let mut waiting: Vec<&Dataset> = chosen.to_vec();
    let mut unfinished: HashSet<TableName> = chosen.iter().flat_map(|dataset| dataset.outputs.clone()).collect();
    let mut broken: HashSet<TableName> = HashSet::new();
    let mut reports = vec![];
    let (mut running, mut tables) = (JoinSet::new(), 0);
    let is_table = |dataset: &Dataset| !matches!(dataset.definition, Definition::Source(_));
    let has_room = |running: usize, tables: usize, dataset: &Dataset| {
        running < limits.threads && (!is_table(dataset) || tables < tables_at_once(limits))
    };
    loop {
        let mut still_waiting = vec![];
        for dataset in waiting {
            let report = if let Some(input) = dataset.inputs.iter().find(|input| broken.contains(input)) {
                make::blocked(dataset, input)
            } else if has_room(running.len(), tables, dataset)
                && !dataset.inputs.iter().any(|input| unfinished.contains(input))
            {
                tables += usize::from(is_table(dataset));
                let meter = Meter::default();
                // Nobody watching is fine: the report says it all again.
                let _ = events.send(Event::Started { dataset: dataset.name.clone(), meter: meter.clone() });
                let (maker, dataset) = (maker.clone(), dataset.clone());
                running.spawn(async move {
                    let report = make::make(&maker, &dataset, &meter).await;
                    (dataset, report)
                });
                continue;
            } else {
                still_waiting.push(dataset);
                continue;
            };
            broken.extend(dataset.outputs.iter().cloned());
            let _ = events.send(Event::Finished(report.clone()));
            reports.push(report);
        }
        waiting = still_waiting;
        tokio::select! {
            finished = running.join_next() => {
                let Some(finished) = finished else { break };
                let (dataset, report) = finished.map_err(make::panicked)?;
                tables -= usize::from(is_table(&dataset));
                if report.status == DatasetStatus::Failed {
                    broken.extend(dataset.outputs.iter().cloned());
                }
                unfinished.retain(|table| !dataset.outputs.contains(table));
                let _ = events.send(Event::Finished(report.clone()));
                reports.push(report);
            }
            () = stop.stopped() => {
                running.shutdown().await;
                break;
            }
        }
    }
    let place = |report: &DatasetReport| chosen.iter().position(|dataset| dataset.name == report.dataset);
    reports.sort_by_key(place);
    Ok(reports)
}

/// Whatever failed or was interrupted: no commit is left half done, nothing staged is left behind, and no part of a
/// landing that did not come about. What ended well has done that itself.
async fn take_back(lake: &Lake, chosen: &[&Dataset], ended: &[DatasetReport], run_id: &str) -> Result<()> {
    let status = |dataset: &Dataset| ended.iter().find(|it| it.dataset == dataset.name).map(|report| report.status);
    let mut is_staged = false;
    for dataset in chosen {
        let is_source = matches!(dataset.definition, Definition::Source(_));
        match status(dataset) {
            Some(DatasetStatus::Unchanged | DatasetStatus::Blocked) => {}
            // The copies from which it was published are still there.
            Some(DatasetStatus::Made) => is_staged |= !is_source,
            Some(DatasetStatus::Failed) | None if is_source => {
                capture::recover(lake, &dataset.name.name, run_id).await?;
            }
            Some(DatasetStatus::Failed) | None => {
                is_staged = true;
                for table in &dataset.outputs {
                    commit::recover(lake, table, run_id).await?;
                }
            }
        }
    }
    match is_staged {
        true => stage::end(lake, run_id).await,
        false => Ok(()),
    }
}

fn report_of(
    project: &Project,
    stamp: &RunStamp,
    started: Instant,
    datasets: Vec<DatasetReport>,
    is_interrupted: bool,
) -> RunReport {
    let has_failed = datasets.iter().any(|dataset| dataset.status == DatasetStatus::Failed);
    let status = match (is_interrupted, has_failed) {
        (true, _) => RunStatus::Interrupted,
        (false, true) => RunStatus::Failed,
        (false, false) => RunStatus::Ok,
    };
    RunReport {
        run_id: stamp.run_id.clone(),
        project: project.name.clone(),
        target: project.target.name.clone(),
        trapiche_version: env!("CARGO_PKG_VERSION").to_string(),
        started_at: stamp.at,
        seconds: started.elapsed().as_secs_f64(),
        exit_code: report::exit_code(status, &datasets),
        status,
        peak_memory_bytes: peak_memory(),
        datasets,
    }
}

async fn write_down(lake: &Lake, report: &RunReport) -> Result<()> {
    let text = serde_json::to_vec_pretty(report).expect("reports have text keys only");
    lake.write(&path::run_report(&report.run_id), text).await
}

/// Removes what the run's tables have replaced longer ago than it is kept. `now` is the store's time.
async fn sweep(maker: &Maker, chosen: &[&Dataset], report: &RunReport, now: DateTime<Utc>) -> Result<()> {
    // What a catalogue has not been told may still send its readers to the files of old.
    let is_told = |dataset: &&&Dataset| {
        let status = report.datasets.iter().find(|it| it.dataset == dataset.name).map(|it| it.status);
        maker.catalog.is_none() || matches!(status, Some(DatasetStatus::Made | DatasetStatus::Unchanged))
    };
    let tables = chosen.iter().filter(is_told).flat_map(|dataset| &dataset.outputs);
    for table in tables.filter(|table| table.zone != Zone::Raw) {
        maker.known.sweep(table, now).await?;
    }
    Ok(())
}

/// A session that sees the lake as the project names it. `holder` is the name under which workers are taken for it.
pub async fn query(project: &Project, lake: &Lake, limits: &Limits, holder: &str) -> Result<Session> {
    let session = Engine::open(lake, limits, &project.target).await?.conversation(holder).await?;
    for table in project.datasets.iter().flat_map(|dataset| &dataset.outputs) {
        session.open_if_readable(table).await?;
    }
    session.open_runs()?;
    Ok(session)
}

/// A session that sees the lake as it was when a run ended.
pub async fn query_as_of(project: &Project, lake: &Lake, limits: &Limits, run_id: &str) -> Result<Session> {
    let moment = Moment::end_of(lake, run_id).await?.ok_or_else(|| no_run(run_id))?;
    let session = Engine::local(lake, limits, &project.target.sql)?.session()?;
    for table in project.datasets.iter().flat_map(|dataset| &dataset.outputs) {
        session.open_as_of(table, &moment).await?;
    }
    Ok(session)
}

fn no_run(run_id: &str) -> Error {
    Error::config(format!("there is no run `{run_id}` in this lake")).hint("`trapiche history` lists the runs")
}

fn no_source(project: &Project, name: &str) -> Error {
    let sources = project.datasets.iter().map(|dataset| &dataset.name).filter(|table| table.zone == Zone::Raw);
    let hint = suggest(name.trim_start_matches("raw."), sources.map(|table| table.name.as_str()));
    Error::config(format!("the project has no source `{name}`")).hint(hint)
}

/// The table of `trusted` or `refined` that is meant by `zone.name`, or by its name alone.
pub fn named_table(project: &Project, name: &str) -> Result<TableName> {
    let all = project.datasets.iter().flat_map(|dataset| &dataset.outputs).filter(|table| table.zone != Zone::Raw);
    let meant: Vec<&TableName> = all.filter(|table| table.name == name || table.to_string() == name).collect();
    match meant.as_slice() {
        [table] => Ok((*table).clone()),
        [] => Err(Error::config(format!("the project makes no table `{name}` in trusted or refined"))
            .hint("`trapiche plan` lists what it makes")),
        [one, other, ..] => {
            Err(Error::config(format!("`{name}` can be `{one}` or `{other}`")).hint("write the zone, too"))
        }
    }
}

/// The reports of past runs, newest first.
pub async fn history(lake: &Lake) -> Result<Vec<RunReport>> {
    let mut reports = vec![];
    for file in lake.list(path::RUNS).await?.iter().rev() {
        let bytes = lake.read(file).await?.unwrap_or_default();
        // A report in another version's form is no reason to hide the others.
        reports.extend(serde_json::from_slice::<RunReport>(&bytes).ok());
    }
    Ok(reports)
}

/// The report of the run that was given a name by whoever started it; `None` while there is none.
pub async fn named_run(lake: &Lake, name: &str) -> Result<Option<RunReport>> {
    let is_of_it = |file: &&String| {
        let run = file.rsplit('/').next().and_then(|file| file.strip_suffix(".json"));
        run.is_some_and(|run| run.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('-')))
    };
    for file in lake.list(path::RUNS).await?.iter().rev().filter(is_of_it) {
        let bytes = lake.read(file).await?.unwrap_or_default();
        if let Ok(report) = serde_json::from_slice::<RunReport>(&bytes) {
            return Ok(Some(report));
        }
    }
    Ok(None)
}

/// When the newest run began, of those whose report can be read.
pub async fn last_run(lake: &Lake) -> Result<Option<DateTime<Utc>>> {
    for file in lake.list(path::RUNS).await?.iter().rev() {
        let bytes = lake.read(file).await?.unwrap_or_default();
        if let Ok(report) = serde_json::from_slice::<RunReport>(&bytes) {
            return Ok(Some(report.started_at));
        }
    }
    Ok(None)
}

/// A request to stop, shared by whoever may ask and whoever must obey.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Stop(watch::Sender::new(false))
    }
}

impl Stop {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the request, for ever if none comes.
    pub async fn stopped(&self) {
        let mut asked = self.0.subscribe();
        // The sender is `self`, so it cannot be gone.
        let _ = asked.wait_for(|stopped| *stopped).await;
    }
}

/// How often the process's memory is looked at.
const MEMORY_SAMPLES_EVERY: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_tables_are_made_at_once_where_memory_is_small() {
        let at_once = |memory_bytes: u64| tables_at_once(&Limits { memory_bytes, threads: 8 });
        assert_eq!([100_000, 512_000_000, 1_000_000_000, 2_000_000_000, 64_000_000_000].map(at_once), [1, 1, 2, 4, 8]);
    }
}
