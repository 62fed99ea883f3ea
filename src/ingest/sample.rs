//! The beginning of a source, as a landing in a lake that only this process has: what `trapiche preview` shows.

use super::parts::{LandingDraft, Taken};
use super::{content_hash, take};
use crate::error::{Error, Result};
use crate::lake::landing::Landing;
use crate::lake::state_shelf::StateShelf;
use crate::lake::{Lake, capture};
use crate::project::{Dataset, Source};
use crate::report::{Meter, RunStamp};

/// Reads no more than what it takes to have `rows` rows, as a capture would: one page of an API, so many rows of a database, the
/// first megabyte of a file. `parent` is a sample of the source for each of whose rows this one is asked.
///
/// The landing's notes say how a capture would go about it, and what was left out.
pub async fn sample(
    source: &Dataset,
    spec: &Source,
    lake: &Lake,
    parent: Option<&Landing>,
    at: &RunStamp,
    rows: u64,
) -> Result<Landing> {
    let name = &source.name.name;
    let capture = capture::begin(lake, name, (&at.run_id, at.at), &StateShelf::default(), None).await?;
    let meter = Meter::default();
    let draft = LandingDraft {
        lake,
        capture: &capture,
        previous: None,
        cursor: None,
        terms: None,
        at: at.at,
        meter: &meter,
        sample: Some(rows.max(1)),
    };
    let Taken::New { format, schema, parts, notes, .. } = take(spec, parent.map(std::slice::from_ref), &draft).await?
    else {
        return Err(Error::failed("the source says that it is unchanged, and nobody asked"));
    };
    Ok(Landing {
        source: name.clone(),
        run_id: at.run_id.clone(),
        fetched_at: at.at,
        sha256: content_hash(&format, &schema, &parts, &[])?,
        format,
        schema,
        rows: parts.iter().map(|part| part.rows).sum(),
        bytes: parts.iter().map(|part| part.bytes).sum(),
        notes,
        window: None,
        parts,
        gone: vec![],
    })
}
