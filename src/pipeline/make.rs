//! Making one dataset: is it unchanged? if not, take the step that its definition asks for.

use std::time::Instant;

use arrow::datatypes::{Schema, SchemaRef};
use futures::FutureExt;
use tokio::sync::mpsc::UnboundedSender;

use super::RunOptions;
use super::catalog::Catalog;
use super::decide::{Decision, decide};
use super::known::KnownTables;
use super::memory::PeakWatch;
use super::schema_lock;
use super::seen::Seen;
use crate::config::Limits;
use crate::engine::write::store::WriteContext;
use crate::engine::{Engine, Session};
use crate::error::{self, Error, Kind, Result};
use crate::ingest::{self, BeforeCapture, CaptureOptions, Captured, NamedWindow};
use crate::lake::current::Current;
use crate::lake::live::Live;
use crate::lake::table::commit;
use crate::lake::table::head::Head;
use crate::lake::{Lake, TableName, stage};
use crate::project::{Contract, Dataset, Definition, Project, SchemaLock, Source};
use crate::report::{DatasetReport, DatasetStatus, Event, Made, Meter, RunStamp};
use crate::{analyze, demo, transform};

/// What all datasets of a run are made with.
pub(super) struct Maker {
    pub engine: Engine,
    pub known: KnownTables,
    /// Hears what a user should know while a dataset is made.
    pub events: UnboundedSender<Event>,
    pub stamp: RunStamp,
    pub full_refresh: bool,
    pub window: Option<NamedWindow>,
    /// The columns that tables were agreed to have.
    pub schema_lock: Option<SchemaLock>,
    /// Whether nothing may be made with others.
    pub is_locked: bool,
    /// The demo target's own API and database; they run as long as the run.
    pub store: Option<demo::Store>,
    /// What is told of tables, once they are committed.
    pub catalog: Option<Catalog>,
}

impl Maker {
    pub async fn open(
        project: &Project,
        lake: &Lake,
        limits: &Limits,
        options: &RunOptions,
        stamp: &RunStamp,
        known: KnownTables,
        events: &UnboundedSender<Event>,
    ) -> Result<Maker> {
        Ok(Maker {
            engine: Engine::open(lake, limits, &project.target).await?,
            known,
            events: events.clone(),
            stamp: stamp.clone(),
            full_refresh: options.full_refresh,
            window: options.window.clone(),
            schema_lock: project.schema_lock.clone(),
            is_locked: options.locked,
            store: demo::Store::of(project).await?,
            catalog: Catalog::open(project).await,
        })
    }
}

enum Outcome {
    /// And why, and how much of it if that was not all.
    Made(Made, Option<String>),
    Unchanged(String),
}

/// Makes the dataset and says how it went; never fails itself.
pub(super) async fn make(maker: &Maker, dataset: &Dataset, meter: &Meter) -> DatasetReport {
    let started = Instant::now();
    let memory = PeakWatch::start();
    let outcome = match &dataset.definition {
        Definition::Source(source) => capture(maker, dataset, source, meter).await,
        Definition::Query(_) | Definition::Model(_) => registered(maker, dataset, meter).await,
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
        input_bytes: made.input_bytes,
        rows_in: made.rows_in,
        rows_out: made.rows_out,
        rows_quarantined: made.rows_quarantined,
        rows_dropped: made.rows_dropped,
        rows_duplicate: made.rows_duplicate,
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

async fn capture(maker: &Maker, dataset: &Dataset, source: &Source, meter: &Meter) -> Result<Outcome> {
    let source = match &maker.store {
        Some(store) => store.point(source),
        None => source.clone(),
    };
    let before = BeforeCapture { parent: parent(maker, dataset).await?, ..maker.known.before(&dataset.name) };
    // One that is new to the lock has no column that was agreed on.
    let none = || maker.is_locked.then(|| SchemaRef::new(Schema::empty()));
    let lock = maker.schema_lock.as_ref().filter(|_| maker.is_locked || source.contract != Contract::Evolve);
    let agreed = lock.and_then(|lock| lock.columns(&dataset.name).cloned().or_else(none));
    let options = CaptureOptions { full_refresh: maker.full_refresh, window: maker.window.clone(), agreed };
    let captured = ingest::capture(dataset, &source, &maker.engine, before, &maker.stamp, &options, meter).await?;
    let (live, outcome) = match captured {
        Captured::Unchanged { live, why } => (live, Outcome::Unchanged(why)),
        Captured::Landed { live, note } => {
            // Those that were live before are not of this run.
            let made = live.landings.last().map_or_else(Made::default, |landing| Made {
                rows_in: landing.rows,
                rows_out: landing.rows,
                files: landing.parts.len() as u64,
                bytes: landing.bytes,
                ..Made::default()
            });
            (live, Outcome::Made(made, note))
        }
    };
    maker.known.settle_source(&dataset.name, live);
    Ok(outcome)
}

/// The source for each of whose rows this one is asked.
async fn parent(maker: &Maker, dataset: &Dataset) -> Result<Option<Live>> {
    let Some(table) = dataset.inputs.first() else { return Ok(None) };
    match maker.known.look(table).await? {
        Some(Current::Source(live)) => Ok(Some(live)),
        _ => Err(Error::failed(format!("it is asked for each row of `{table}`, which is not in the lake"))
            .hint(format!("capture that too: trapiche run +{}", dataset.name.name))),
    }
}

/// Makes the tables, and lets the catalogue know, if there is one.
async fn registered(maker: &Maker, dataset: &Dataset, meter: &Meter) -> Result<Outcome> {
    let outcome = refine(maker, dataset, meter).await?;
    if let Some(catalog) = &maker.catalog {
        catalog.register_all(maker.engine.lake(), dataset).await?;
    }
    Ok(outcome)
}

async fn refine(maker: &Maker, dataset: &Dataset, meter: &Meter) -> Result<Outcome> {
    let (lake, stamp) = (maker.engine.lake(), &maker.stamp);
    let mut own = vec![];
    for table in &dataset.outputs {
        own.push(maker.known.open(table, &stamp.run_id).await?);
    }
    let seen = Seen::look(&maker.known, dataset, own).await?;
    let making = match decide(&maker.engine, dataset, &seen, stamp.at, maker.full_refresh).await? {
        Decision::Unchanged(why) => {
            seen.own.into_iter().for_each(|head| maker.known.settle(head));
            return Ok(Outcome::Unchanged(why.to_string()));
        }
        Decision::Make(making) => making,
    };
    if let (Some(lock), true, Some(schema)) = (&maker.schema_lock, maker.is_locked, &making.schema) {
        schema_lock::refuse(lock, &dataset.name, schema)?;
    }
    let holder = format!("{}/{}", stamp.run_id, dataset.name);
    let retrying = |why: &Error| {
        let _ = maker.events.send(Event::Retrying { dataset: dataset.name.clone(), why: words(why) });
    };
    let (fingerprint, slices, seen) = (making.fingerprint.as_str(), making.slices.as_ref(), &seen);
    let make = |session: Session| {
        async move {
            let own = match session.is_another_attempt() {
                true => begin_again(lake, dataset, &stamp.run_id).await?,
                false => seen.own.clone(),
            };
            seen.open_in(&session)?;
            let context = WriteContext { own: &own, fingerprint, stamp, meter };
            match &dataset.definition {
                Definition::Query(query) => {
                    let published = transform::transform(dataset, query, slices, &session, &context).await?;
                    Ok((published.made, vec![published.head]))
                }
                Definition::Model(model) => analyze::analyze(dataset, model, &session, &context).await,
                Definition::Source(_) => unreachable!("sources are captured"),
            }
        }
        .boxed()
    };
    let ((made, heads), on_workers) = maker.engine.work(&holder, making.input_bytes, retrying, make).await?;
    heads.into_iter().for_each(|head| maker.known.settle(head));
    let why = match &made.note {
        Some(note) => format!("{}; {note}", making.why),
        None => making.why,
    };
    Ok(Outcome::Made(Made { on_workers, input_bytes: making.input_bytes, ..made }, Some(why)))
}

/// The dataset's tables as an attempt finds them that is not the first: the one before may have committed some of them.
async fn begin_again(lake: &Lake, dataset: &Dataset, run_id: &str) -> Result<Vec<Head>> {
    let mut own = vec![];
    for table in &dataset.outputs {
        // What was staged is in nobody's way, but it takes room.
        stage::clear_table(lake, run_id, table).await?;
        own.push(commit::open(lake, table, run_id, None).await?);
    }
    Ok(own)
}

/// The report of a dataset that was not tried, because `input` failed.
pub(super) fn blocked(dataset: &Dataset, input: &TableName) -> DatasetReport {
    DatasetReport { why: Some(format!("`{input}` failed")), ..DatasetReport::not_made(dataset.name.clone()) }
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
    let said: Vec<String> = error::chain(error).map(ToString::to_string).collect();
    let text = said.join(": ");
    match error.hint_text() {
        Some(hint) => format!("{text} (hint: {hint})"),
        None => text,
    }
}
