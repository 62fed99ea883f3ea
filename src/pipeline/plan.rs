//! What a run would do, from metadata alone.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::all_tables;
use super::decide::{Decision, Making, decide};
use super::estimate::{self, Estimate};
use super::known::KnownTables;
use super::schema_lock::{self, TableDrift};
use super::seen::Seen;
use super::validate::{self, Validation};
use super::{NamedWindow, RunOptions};
use crate::config::Limits;
use crate::engine::Engine;
use crate::engine::slices::SliceWrite;
use crate::engine::write::store;
use crate::error::{Problem, Result};
use crate::lake::current::Current;
use crate::lake::table::head::Head;
use crate::lake::{Lake, TableName};
use crate::project::drift::{self, Drift};
use crate::project::{Dataset, Definition, Project, Source, select};

/// One dataset of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedDataset {
    pub dataset: TableName,
    /// `source`, `query` or `model`.
    pub kind: &'static str,
    pub action: PlannedAction,
    pub why: String,
    pub reads: Vec<TableName>,
    /// About how much it reads, with its inputs as they lie in the lake now.
    pub input_bytes: u64,
    pub place: PlannedPlace,
    /// How its columns differ from those in `schema.lock.yml`, as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<TableDrift>,
    /// The columns that come or go while files of old partitions stay: readers find null there, or do not look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Drift>,
    /// Why the files that stay do not fit what it is to be: a run fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
    /// What keeps it from being made, unless the sources it reads are others by then.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_words")]
    pub warnings: Vec<Problem>,
}

/// `queries/trusted/sales.sql:2:3: there is no column …`, each.
fn as_words<S: serde::Serializer>(problems: &[Problem], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(problems.iter().map(Problem::to_string))
}

/// What a run would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// In the order in which they would be made.
    pub datasets: Vec<PlannedDataset>,
    /// The faults of what was not asked for.
    pub passed_over: Vec<Problem>,
    /// How long it may take.
    pub estimate: Estimate,
}

/// Which machines would make it. What is made before it may still change its size, and with it the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlannedPlace {
    Here,
    Workers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlannedAction {
    /// Ask the source again; land what has changed.
    Capture,
    Make,
    /// Left alone, unless a captured source turns out to have changed.
    Unchanged,
}

/// What a run that begins at `at` would do. Reads the lake's manifests, the project and the first bytes of local source
/// files; writes nothing and asks no server.
pub async fn plan(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    options: &RunOptions,
    at: DateTime<Utc>,
) -> Result<Plan> {
    all_tables::refuse_unknown(project)?;
    let chosen = select::select(project, &options.select, &options.exclude)?;
    let chosen: Vec<&Dataset> = chosen.iter().map(|i| &project.datasets[*i]).collect();
    super::check_window(options, &chosen)?;
    if options.locked && project.schema_lock.is_none() {
        return Err(schema_lock::no_lock());
    }
    let Validation { warnings, passed_over, sources, columns, .. } =
        validate::validate_for(project, lake, limits, &chosen).await?;
    let engine = Engine::local(lake, limits, &project.target.sql)?;
    let known = KnownTables::unclaimed(lake, sources);
    let mut planned = vec![];
    let mut to_make: HashSet<&TableName> = HashSet::new();
    for dataset in chosen {
        let warnings = warnings.iter().filter(|warning| warning.dataset == dataset.name);
        let warnings: Vec<Problem> = warnings.map(|warning| warning.problem.clone()).collect();
        let look = look(&engine, &known, dataset, &to_make, &warnings, at, options).await?;
        // What is captured has changed for certain only when it was never captured.
        if look.action == PlannedAction::Make || look.is_new {
            to_make.extend(&dataset.outputs);
        }
        let workers = project.target.workers.as_ref().filter(|_| look.action == PlannedAction::Make);
        let place = match workers {
            Some(workers) if workers.take(look.input_bytes) => PlannedPlace::Workers,
            _ => PlannedPlace::Here,
        };
        planned.push(PlannedDataset {
            dataset: dataset.name.clone(),
            kind: match &dataset.definition {
                Definition::Source(_) => "source",
                Definition::Query(_) => "query",
                Definition::Model(_) => "model",
            },
            action: look.action,
            why: look.why,
            reads: dataset.inputs.clone(),
            input_bytes: look.input_bytes,
            place,
            drift: schema_lock::drifts(project, dataset, &columns),
            changes: look.changes,
            breaks: look.breaks,
            warnings,
        });
    }
    let made = planned.iter().filter(|it| it.action == PlannedAction::Make);
    let made: Vec<_> = made.map(|it| (&it.dataset, it.input_bytes)).collect();
    let estimate = estimate::estimate(lake, &project.target.name, &made).await?;
    Ok(Plan { datasets: planned, passed_over, estimate })
}

/// What would be done with a dataset.
struct Look {
    action: PlannedAction,
    why: String,
    input_bytes: u64,
    /// Whether it is a source that was never captured.
    is_new: bool,
    changes: Vec<Drift>,
    breaks: Option<String>,
}

async fn look(
    engine: &Engine,
    known: &KnownTables,
    dataset: &Dataset,
    to_make: &HashSet<&TableName>,
    warnings: &[Problem],
    at: DateTime<Utc>,
    options: &RunOptions,
) -> Result<Look> {
    if let Definition::Source(source) = &dataset.definition {
        let current = known.look(&dataset.name).await?;
        let is_new = current.is_none();
        let why = capture_words(source, current.as_ref(), options);
        if let Some(Current::Source(live)) = current {
            // A plan is of one moment: nothing is looked at again.
            known.settle_source(&dataset.name, live);
        }
        return Ok(Look { action: PlannedAction::Capture, why, input_bytes: 0, is_new, changes: vec![], breaks: None });
    }
    let mut own = vec![];
    for table in &dataset.outputs {
        let head = Head::look(engine.lake(), table).await?;
        known.settle(head.clone());
        own.push(head);
    }
    let seen = Seen::look(known, dataset, own).await?;
    let made_before = dataset.inputs.iter().find(|input| to_make.contains(input));
    let (mut changes, mut breaks) = (vec![], None);
    let (action, why, input_bytes) = match (warnings, made_before) {
        ([warning, ..], _) => (PlannedAction::Make, format!("fails: {}", warning.message), seen.input_bytes()),
        ([], Some(input)) => (PlannedAction::Make, format!("`{input}` is made before it"), seen.input_bytes()),
        ([], None) => match decide(engine, dataset, &seen, at, options.full_refresh).await? {
            Decision::Unchanged(why) => (PlannedAction::Unchanged, why.to_string(), seen.input_bytes()),
            Decision::Make(making) => {
                (changes, breaks) = what_stays(engine.lake(), dataset, &seen, &making);
                let why = match &breaks {
                    Some(breaks) => format!("fails: {breaks}"),
                    None => making.why,
                };
                (PlannedAction::Make, why, making.input_bytes)
            }
        },
    };
    Ok(Look { action, why, input_bytes, is_new: false, changes, breaks })
}

/// How the columns that a query's table is to have differ from those of the files in it that stay; and why these do not fit,
/// if they do not. A table of which no file stays may become anything.
fn what_stays(lake: &Lake, dataset: &Dataset, seen: &Seen, making: &Making) -> (Vec<Drift>, Option<String>) {
    let (Definition::Query(query), Some(schema)) = (&dataset.definition, &making.schema) else { return (vec![], None) };
    let is_part = making.slices.as_ref().is_some_and(SliceWrite::is_part);
    let Some(current) = seen.own[0].version.as_ref().filter(|_| is_part || store::keeps_files(query.write)) else {
        return (vec![], None);
    };
    let fits = store::check_fits(current, schema, &query.partition_by, query.layout, lake.timestamps());
    match fits {
        Ok(()) => (drift::between(&current.schema, schema), None),
        Err(error) => {
            let hint = error.hint_text().map(|hint| format!(" ({hint})")).unwrap_or_default();
            (vec![], Some(format!("{error}{hint}")))
        }
    }
}

/// What a capture would ask the source for.
fn capture_words(source: &Source, current: Option<&Current>, options: &RunOptions) -> String {
    let Some(Current::Source(live)) = current else { return "never captured".to_string() };
    let Some(cursor) = &source.cursor else { return "asks whether the source has changed".to_string() };
    let column = &cursor.column;
    let reached = live.state.cursor.as_ref().and_then(|state| state.reached.as_ref());
    match (&options.window, reached) {
        _ if options.full_refresh => "--full-refresh: asks for all rows".to_string(),
        (Some(NamedWindow { from, before }), _) => format!("asks for `{column}` from {from} to below {before}"),
        (None, None) => "asks for all rows".to_string(),
        (None, Some(reached)) => {
            let keys = if cursor.detects_deletes { ", and for all keys" } else { "" };
            format!("asks for what is new: `{column}` has reached {}{keys}", reached.text)
        }
    }
}
