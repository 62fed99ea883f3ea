//! Making one dataset: is it unchanged? if not, take the step that its definition asks for.

use std::time::Instant;

use futures::FutureExt;
use tokio::sync::mpsc::UnboundedSender;

use super::decide::{Decision, decide};
use super::memory::PeakWatch;
use super::seen::Seen;
use crate::engine::{Engine, Session};
use crate::error::{Error, Kind, Result};
use crate::ingest::{self, Captured};
use crate::lake::TableName;
use crate::lake::stage;
use crate::lake::table::commit;
use crate::project::{Dataset, Definition, Source};
use crate::report::{DatasetReport, DatasetStatus, Event, Made, Meter, RunStamp};
use crate::{analyze, demo, transform};

/// What all datasets of a run are made with.
pub(super) struct Maker {
    pub engine: Engine,
    /// Hears what a user should know while a dataset is made.
    pub events: UnboundedSender<Event>,
    pub stamp: RunStamp,
    pub full_refresh: bool,
    /// The demo target's own API and database; they run as long as the run.
    pub store: Option<demo::Store>,
}

enum Outcome {
    /// And why, and how much of it if that was not all.
    Made(Made, Option<String>),
    Unchanged(String),
}

/// Makes the dataset and says how it went; never fails itself.
pub(super) async fn make(workshop: &Maker, dataset: &Dataset, meter: &Meter) -> DatasetReport {
    let started = Instant::now();
    let memory = PeakWatch::start();
    let outcome = match &dataset.definition {
        Definition::Source(source) => capture(workshop, dataset, source, meter).await,
        Definition::Query(_) | Definition::Model(_) => refine(workshop, dataset, meter).await,
    };
    let (status, why, made, failure) = match outcome {
        Ok(Outcome::Made(made, why)) => (DatasetStatus::Made, why, made, None),
        Ok(Outcome::Unchanged(why)) => (DatasetStatus::Unchanged, Some(why), Made::default(), None),
        Err(error) => (DatasetStatus::Failed, Some(words(&error)), Made::default(), Some(kind_in_run(&error))),
    };
    DatasetReport {
        dataset: dataset.name.clone(),
        status,
        why,
        rows_in: made.rows_in,
        rows_out: made.rows_out,
        rows_quarantined: made.rows_quarantined,
        rows_dropped: made.rows_dropped,
        timestamps_cut: made.timestamps_cut,
        files: made.files,
        bytes: made.bytes,
        seconds: started.elapsed().as_secs_f64(),
        peak_memory_bytes: memory.peak_bytes(),
        on_workers: made.on_workers,
        checks: made.checks,
        failure,
    }
}

async fn capture(workshop: &Maker, dataset: &Dataset, source: &Source, meter: &Meter) -> Result<Outcome> {
    let lake = workshop.engine.lake();
    let source = match &workshop.store {
        Some(store) => store.point(source),
        None => source.clone(),
    };
    match ingest::capture(dataset, &source, lake, &workshop.stamp, workshop.full_refresh, meter).await? {
        Captured::Unchanged { why, .. } => Ok(Outcome::Unchanged(why)),
        Captured::Landed(landing) => {
            let made = Made {
                rows_in: landing.rows,
                rows_out: landing.rows,
                files: landing.parts.len() as u64,
                bytes: landing.bytes,
                ..Made::default()
            };
            Ok(Outcome::Made(made, None))
        }
    }
}

async fn refine(workshop: &Maker, dataset: &Dataset, meter: &Meter) -> Result<Outcome> {
    let lake = workshop.engine.lake();
    for table in &dataset.outputs {
        commit::recover(lake, table, &workshop.stamp.run_id).await?;
    }
    let stamp = &workshop.stamp;
    let seen = Seen::look(lake, dataset).await?;
    let making = match decide(&workshop.engine, dataset, &seen, stamp.at, workshop.full_refresh).await? {
        Decision::Unchanged(why) => return Ok(Outcome::Unchanged(why.to_string())),
        Decision::Make(making) => making,
    };
    let holder = format!("{}/{}", stamp.run_id, dataset.name);
    let retrying = |why: &Error| {
        let _ = workshop.events.send(Event::Retrying { dataset: dataset.name.clone(), why: words(why) });
    };
    let (fingerprint, slices, seen) = (making.fingerprint.as_str(), making.slices.as_ref(), &seen);
    let make = |session: Session| {
        async move {
            if session.is_another_attempt() {
                // What the one before it has staged is in nobody's way, but it takes room.
                for table in &dataset.outputs {
                    stage::clear_table(lake, &stamp.run_id, table).await?;
                }
            }
            seen.open_in(&session)?;
            match &dataset.definition {
                Definition::Query(query) => {
                    transform::transform(dataset, query, slices, &session, fingerprint, stamp, meter).await
                }
                Definition::Model(model) => analyze::analyze(dataset, model, &session, fingerprint, stamp, meter).await,
                Definition::Source(_) => unreachable!("sources are captured"),
            }
        }
        .boxed()
    };
    let (made, on_workers) = workshop.engine.work(&holder, making.input_bytes, retrying, make).await?;
    Ok(Outcome::Made(Made { on_workers, ..made }, Some(making.why)))
}

/// The report of a dataset that was not tried, because `input` failed.
pub(super) fn blocked(dataset: &Dataset, input: &TableName) -> DatasetReport {
    DatasetReport {
        dataset: dataset.name.clone(),
        status: DatasetStatus::Blocked,
        why: Some(format!("`{input}` failed")),
        rows_in: 0,
        rows_out: 0,
        rows_quarantined: 0,
        rows_dropped: 0,
        timestamps_cut: 0,
        files: 0,
        bytes: 0,
        seconds: 0.0,
        peak_memory_bytes: 0,
        on_workers: None,
        checks: vec![],
        failure: None,
    }
}

/// What a failure counts as, once there is a run: a wrong configuration would mean that nothing ran.
fn kind_in_run(error: &Error) -> Kind {
    match error.kind() {
        Kind::Config => Kind::Failed,
        kind => kind,
    }
}

/// A task that panicked is a fault of this program, not of the user's.
pub(super) fn panicked(error: tokio::task::JoinError) -> Error {
    Error::new(Kind::Failed, "a dataset's task died").because(error).hint("this is a bug of trapiche; please report it")
}

/// The whole chain on one line, hint last.
fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    match error.hint_text() {
        Some(hint) => format!("{text} (hint: {hint})"),
        None => text,
    }
}
