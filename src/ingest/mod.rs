//! Capture: the first step of the data's path. Each kind of source brings its bytes into `raw/`; what they share is
//! here.
//!
//! A capture writes parts into a folder of its own and makes them [live](crate::lake::capture) at the end. If the source
//! has not changed since the last landing, the parts, if there are any, are removed and the last landing stays.

mod api;
mod beginning;
mod cursor;
mod database;
mod deliver;
mod file;
mod gone;
mod guard;
mod http;
mod parts;
mod sample;
mod seen;
mod terms;
#[cfg(test)]
mod tests;

use std::slice;

use arrow::datatypes::{Schema, SchemaRef};
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::lake::capture::{Capture, NextState};
use crate::lake::cursor::CursorState;
use crate::lake::landing::{LandedFormat, LandedPart, Landing};
use crate::lake::live::Live;
use crate::lake::state_shelf::StateShelf;
use crate::lake::{Lake, capture};
use crate::project::{Dataset, Origin, Source};
use crate::report::{Meter, RunStamp};
use crate::spark::types;

pub use beginning::{Beginning, beginning};
use cursor::{AskKind, CursorAsk, SourceKeys, TakenWindow};
pub use cursor::{NamedWindow, move_cursor};
pub use database::{DatabaseTable, tables};
pub use deliver::deliver;
use parts::{LandingDraft, Taken, hex};
pub use sample::sample;
use terms::Terms;

/// What came of a capture, and what the source is now.
#[derive(Debug)]
pub enum Captured {
    /// The new landing is the last.
    Landed {
        live: Live,
        /// What a user should know of how it was captured.
        note: Option<String>,
    },
    Unchanged {
        live: Live,
        why: String,
    },
}

/// What is known of a source in the lake before it is captured.
#[derive(Debug, Default)]
pub struct BeforeCapture {
    /// Its names, listed since the run claimed it.
    pub listed: StateShelf,
    /// What it was at some earlier look.
    pub seen: Option<Live>,
    /// The source for each of whose rows it is asked, if there is one.
    pub parent: Option<Live>,
}

/// How a source is captured in this run.
#[derive(Debug, Clone, Default)]
pub struct CaptureOptions {
    /// The last capture does not count.
    pub full_refresh: bool,
    /// Of a source with a cursor, instead of what is new.
    pub window: Option<NamedWindow>,
    /// The columns that SQL must see, and no others.
    pub agreed: Option<SchemaRef>,
}

/// Brings what `spec` names (the definition of `source`, with the addresses that it has in this run) into
/// `raw/<source>/` and publishes it, unless it is there already.
///
/// With `full_refresh`, or when the definition of the source has changed, the last landing does not count. A failed
/// capture leaves nothing visible; what it left in the lake is removed by the next one.
pub async fn capture(
    source: &Dataset,
    spec: &Source,
    engine: &Engine,
    before: BeforeCapture,
    at: &RunStamp,
    options: &CaptureOptions,
    meter: &Meter,
) -> Result<Captured> {
    let lake = engine.lake();
    let name = &source.name.name;
    let definition = hex(&Sha256::digest(&source.fingerprint_text));
    let BeforeCapture { listed, seen, parent } = before;
    let seen_state = seen.as_ref().map(|seen| &seen.state);
    let capture = capture::begin(lake, name, (&at.run_id, at.at), &listed, seen_state).await?;
    let state = capture.before.clone().filter(|state| !options.full_refresh && state.definition == definition);
    let previous = match (state, seen) {
        (Some(state), Some(seen)) if seen.state == state => Some(seen),
        (Some(state), _) => Some(Live { landings: state.landings(lake).await?, state }),
        (None, _) => None,
    };
    let ask = match &spec.cursor {
        Some(cursor) => Some(CursorAsk::of(cursor, previous.as_ref(), options.window.as_ref(), lake).await?),
        None => None,
    };
    let terms = Terms::of(spec, lake, &capture, previous.as_ref(), options).await?;
    let last = previous.as_ref().and_then(|previous| previous.landings.last());
    let cursor = ask.as_ref();
    let held = terms.as_ref().filter(|terms| terms.discards());
    let draft =
        LandingDraft { lake, capture: &capture, previous: last, cursor, terms: held, at: at.at, meter, sample: None };

    let parent = parent.as_ref().map(|parent| parent.landings.as_slice());
    let taken = async {
        let taken = take(spec, parent, &draft).await?;
        without_gone(taken, engine, &draft, previous.as_ref()).await
    };
    let (format, schema, parts, notes, window, gone) = match taken.await {
        Ok((Taken::New { format, schema, parts, notes, window }, gone)) => (format, schema, parts, notes, window, gone),
        Ok((Taken::Unchanged(why), _)) => {
            capture.discard(lake).await?;
            return Ok(unchanged(previous, why));
        }
        Err(error) => {
            // The failure is what the user must know; what cannot be removed now, the next capture removes.
            let _ = capture.discard(lake).await;
            return Err(error);
        }
    };
    let sha256 = content_hash(&format, &schema, &parts, &gone)?;
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    let landing = Landing {
        source: name.clone(),
        run_id: at.run_id.clone(),
        fetched_at: at.at,
        format,
        schema,
        rows: parts.iter().map(|part| part.rows).sum(),
        bytes: parts.iter().map(|part| part.bytes).sum(),
        sha256,
        notes,
        window: window.as_ref().map(|taken| taken.window.clone()),
        parts,
        gone,
    };
    let window = window.map(|taken| *taken);
    let published =
        publish(capture, lake, (landing, window), ask.as_ref(), previous, definition, terms.as_ref()).await?;
    Ok(match published {
        Captured::Landed { live, .. } => Captured::Landed { live, note },
        unchanged => unchanged,
    })
}

/// What was taken, and the keys of the rows that the source has no longer, if it was looked for them.
async fn without_gone(
    mut taken: Taken,
    engine: &Engine,
    draft: &LandingDraft<'_>,
    previous: Option<&Live>,
) -> Result<(Taken, Vec<LandedPart>)> {
    let Taken::New { format, schema, notes, window: Some(window), .. } = &mut taken else { return Ok((taken, vec![])) };
    let (Some(SourceKeys { parts, nothing_new }), Some(previous)) = (window.keys.take(), previous) else {
        return Ok((taken, vec![]));
    };
    let written = gone::LandedForm { format, schema, key: &window.window.key };
    let gone = gone::find(engine, draft, &previous.landings, &written, parts).await?;
    match nothing_new.filter(|_| gone.is_empty()) {
        Some(why) => Ok((Taken::Unchanged(why), gone)),
        None => {
            let rows: u64 = gone.iter().map(|part| part.rows).sum();
            notes.extend((rows > 0).then(|| format!("rows that the source has no longer: {rows}")));
            Ok((taken, gone))
        }
    }
}

/// Makes a landing live that is whole, unless the source has the same already.
async fn publish(
    capture: Capture,
    lake: &Lake,
    (landing, window): (Landing, Option<TakenWindow>),
    ask: Option<&CursorAsk<'_>>,
    previous: Option<Live>,
    definition: String,
    terms: Option<&Terms>,
) -> Result<Captured> {
    let Some((ask, window)) = ask.zip(window) else {
        let same = previous.as_ref().and_then(|previous| previous.landings.last());
        if let Some(why) = same.filter(|last| last.sha256 == landing.sha256).map(same_bytes) {
            capture.discard(lake).await?;
            return Ok(unchanged(previous, why));
        }
        if let Err(error) = terms::refuse_others(slice::from_ref(&landing), terms) {
            let _ = capture.discard(lake).await;
            return Err(error);
        }
        let state = capture.publish(lake, &landing, NextState::of(&definition)).await?;
        return Ok(Captured::Landed { live: Live { state, landings: vec![landing] }, note: None });
    };
    let folder = capture.folder(lake).await?.to_string();
    let cursor = ask.next_state(lake, &folder, window).await?;
    let same = match ask.kind {
        AskKind::Named { .. } => ask.same_window(previous.as_ref()),
        // Nothing but what the last whole capture has.
        AskKind::Whole => previous.as_ref().and_then(|previous| match previous.landings.as_slice() {
            [only] => Some(only),
            _ => None,
        }),
        AskKind::Step => None,
    };
    if let (Some(same), Some(before)) = (same.filter(|same| same.sha256 == landing.sha256), &previous) {
        let why = same_bytes(same);
        let reached = |cursor: &Option<CursorState>| cursor.as_ref().and_then(|cursor| cursor.reached.clone());
        if reached(&before.state.cursor) == cursor.reached {
            capture.discard(lake).await?;
            return Ok(unchanged(previous, why));
        }
        // Somebody had moved the cursor.
        let (live, cursor) = (before.state.live.clone(), Some(CursorState { known: None, ..cursor }));
        let state = capture.settle(lake, NextState { definition, live, cursor }).await?;
        return Ok(Captured::Unchanged { live: Live { state, landings: before.landings.clone() }, why });
    }
    let live = ask.kept();
    let is_kept = |landing: &&Landing| live.iter().any(|kept| kept.folder == landing.folder());
    let mut landings: Vec<Landing> =
        previous.iter().flat_map(|previous| &previous.landings).filter(is_kept).cloned().collect();
    landings.push(landing);
    if let Err(error) = terms::refuse_others(&landings, terms) {
        let _ = capture.discard(lake).await;
        return Err(error);
    }
    let next = NextState { definition, live, cursor: Some(cursor) };
    let state = capture.publish(lake, landings.last().expect("it was just pushed"), next).await?;
    Ok(Captured::Landed { live: Live { state, landings }, note: None })
}

fn same_bytes(landing: &Landing) -> String {
    format!("same bytes as landing {}", landing.run_id)
}

/// Brings the rows. `parent` are the landings of the source for each of whose rows it is asked.
async fn take(spec: &Source, parent: Option<&[Landing]>, draft: &LandingDraft<'_>) -> Result<Taken> {
    match &spec.origin {
        Origin::Files { files, format } => file::capture(files, format, &spec.columns, draft).await,
        Origin::Rest(read) => api::capture(read, parent, draft).await,
        Origin::Sql { database, query, select, readers } => {
            let asked = database::SqlRequest { database, query, select, readers: *readers };
            database::capture(&asked, draft).await
        }
    }
}

/// The schema that a capture of a local `file://` source would record, from its first megabyte; `None` if it isn't
/// local, or if that is too little to tell.
///
/// # Errors
/// When the file can't be read, or isn't what the source says.
pub async fn peek(source: &Dataset, spec: &Source) -> Result<Option<SchemaRef>> {
    debug_assert_eq!(source.name.zone, crate::lake::Zone::Raw);
    match &spec.origin {
        Origin::Files { files, format } => file::peek(files, format, &spec.columns).await,
        Origin::Rest(_) | Origin::Sql { .. } => Ok(None),
    }
}

fn unchanged(previous: Option<Live>, why: String) -> Captured {
    let live = previous.expect("a source is only unchanged against a landing");
    Captured::Unchanged { live, why }
}

/// Over the bytes of all parts, of what is gone, the schema and the way to read them: equal means that a query sees the same rows.
fn content_hash(format: &LandedFormat, schema: &Schema, parts: &[LandedPart], gone: &[LandedPart]) -> Result<String> {
    let columns = schema.fields().iter().map(|field| (field.name(), types::name(field.data_type())));
    let columns: Vec<(&String, String)> = columns.collect();
    let parts: Vec<&String> = parts.iter().map(|part| &part.sha256).collect();
    // Written down as the manifest is: a renaming in this program makes no other content of it.
    let gone: Vec<&String> = gone.iter().map(|part| &part.sha256).collect();
    let content = match gone.is_empty() {
        true => serde_json::to_vec(&(format, columns, parts)),
        false => serde_json::to_vec(&(format, columns, parts, gone)),
    };
    let content = content.map_err(|error| Error::failed("could not write down what was captured").because(error))?;
    Ok(hex(&Sha256::digest(content)))
}
