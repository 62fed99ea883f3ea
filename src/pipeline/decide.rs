//! Whether a query or model is to be made, how much of it, and why: decided here and nowhere else, so that what `plan`
//! says is what `run` does. What counts as a change is told in `fingerprint`; how much of a table, in `rebuild`. A source is asked by
//! its capture (`ingest`), and `plan` says beforehand what that will ask.

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};

use super::fingerprint::MadeFrom;
use super::rebuild::{self, Rebuild};
use super::seen::Seen;
use crate::engine::Engine;
use crate::engine::changing::{Changing, changing};
use crate::engine::slices::SliceWrite;
use crate::engine::write::store;
use crate::error::Result;
use crate::lake::table::head::Head;
use crate::project::{Dataset, Definition, WriteMode};
use crate::transform;

/// What is to be done with a dataset, in a form that can be shown.
pub(super) enum Decision {
    /// It is left alone, and why.
    Unchanged(&'static str),
    Make(Making),
}

pub(super) struct Making {
    /// Why, and how much of it if that is not all.
    pub why: String,
    /// What it is made from.
    pub fingerprint: String,
    /// The slices that its table falls into, of which perhaps only some are made.
    pub slices: Option<SliceWrite>,
    /// About how much it reads.
    pub input_bytes: u64,
    /// The columns that a query's table is to have.
    pub schema: Option<SchemaRef>,
}

const UNCHANGED: &str = "same definition and same inputs";

/// Of a dataset that is made in parts, when something else of its inputs has changed.
const UNCHANGED_PARTS: &str = "same definition and same inputs of each partition";

/// Decides it for a run that begins at `at`, with its inputs as they were seen.
pub(super) async fn decide(
    engine: &Engine,
    dataset: &Dataset,
    seen: &Seen,
    at: DateTime<Utc>,
    full_refresh: bool,
) -> Result<Decision> {
    let session = seen.session(engine, dataset)?;
    let stored = match &dataset.definition {
        Definition::Query(query) => {
            let plan = transform::plan(dataset, query, &session).await?;
            Some((query, store::stored(&session, plan, &query.partition_by, &query.checks)?))
        }
        Definition::Model(_) | Definition::Source(_) => None,
    };
    let changing = match &stored {
        Some((query, stored)) if is_made_anew(query.write) => changing(&stored.plan)?,
        _ => Changing::Never,
    };
    let day = matches!(changing, Changing::Daily { .. }).then(|| at.date_naive());
    let made_from = MadeFrom::of(engine, dataset, seen, day).await?;
    let fingerprint = made_from.fingerprint();
    let Some(due) = due(seen, &changing, &fingerprint, full_refresh) else {
        return Ok(Decision::Unchanged(UNCHANGED));
    };
    let rebuild = match &stored {
        Some((query, stored)) => {
            let current = seen.own[0].version.as_ref();
            rebuild::of(&session, query, stored, &changing, &made_from, current, full_refresh).await?
        }
        None => Rebuild::All(Err("a model is of all rows".to_string())),
    };
    let merged_by = stored.as_ref().map(|(query, _)| &query.key).filter(|key| !key.is_empty());
    let is_partitioned = stored.as_ref().is_some_and(|(query, _)| !query.partition_by.is_empty());
    let (slices, why) = match rebuild {
        Rebuild::Nothing => return Ok(Decision::Unchanged(UNCHANGED_PARTS)),
        Rebuild::Some(slices, part) => (Some(slices), part),
        Rebuild::All(Err(whole)) if is_partitioned && due == Due::Changed && merged_by.is_none() => {
            (None, format!("{}; not by partition: {whole}", due.words(&changing)))
        }
        Rebuild::All(slices) => (slices.ok(), due.words(&changing)),
    };
    let why = match merged_by {
        Some(key) => format!("{why}; rows are merged by `{}`", key.join("`, `")),
        None => why,
    };
    let input_bytes = slices.as_ref().map_or(seen.input_bytes(), |slices| slices.share(seen.input_bytes()));
    // A merge reads its own table, too.
    let own_bytes = seen.own.iter().filter(|_| merged_by.is_some()).map(Head::bytes).sum::<u64>();
    let input_bytes = input_bytes + own_bytes;
    let schema = stored.map(|(_, stored)| stored.schema);
    Ok(Decision::Make(Making { why, fingerprint, slices, input_bytes, schema }))
}

/// Why a dataset is to be made.
#[derive(Clone, Copy, PartialEq)]
enum Due {
    FullRefresh,
    NeverMade,
    ByEveryRun,
    Changed,
}

fn due(seen: &Seen, changing: &Changing, fingerprint: &str, full_refresh: bool) -> Option<Due> {
    let own = || seen.own.iter().map(|head| &head.version);
    let is_current = own().flatten().all(|version| version.fingerprint == fingerprint);
    match changing {
        _ if full_refresh => Some(Due::FullRefresh),
        _ if !own().all(Option::is_some) => Some(Due::NeverMade),
        Changing::Always { .. } => Some(Due::ByEveryRun),
        Changing::Never | Changing::Daily { .. } => (!is_current).then_some(Due::Changed),
    }
}

impl Due {
    fn words(self, changing: &Changing) -> String {
        match (self, changing) {
            (Due::FullRefresh, _) => "--full-refresh".to_string(),
            (Due::NeverMade, _) => "never made".to_string(),
            (Due::ByEveryRun, Changing::Always { function }) => format!("it uses `{function}`: made by every run"),
            (Due::Changed, Changing::Daily { function }) => {
                format!("its definition, an input or the date has changed (it uses `{function}`: made once a day)")
            }
            (Due::ByEveryRun | Due::Changed, _) => "its definition or an input has changed".to_string(),
        }
    }
}

/// Whether another time or another draw makes another table of it. What is appended stays, and would be there twice;
/// what is made once is made.
fn is_made_anew(write: WriteMode) -> bool {
    matches!(write, WriteMode::Overwrite | WriteMode::OverwritePartitions | WriteMode::Merge)
}
