//! What a source's table in `raw` is: the landings that are live, as one state after the other.
//!
//! States lie in `_trapiche/sources/<source>/s<number>.json`; the highest number is the table. A state is only ever
//! created, so two captures cannot both follow the same one, and which landing is newer is decided by its number: no
//! clock has a say in it. A landing that no state lists was never visible.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cursor::CursorState;
use super::landing::{self, Landing};
use super::moment::Moment;
use super::state_shelf::StateShelf;
use super::{Lake, path};
use crate::error::{Error, Result};

/// The form in which states are written down.
pub const FORMAT: u32 = 1;

/// That of sources with a cursor: a program that does not know of keys must not take their landings for one table.
pub const CURSOR_FORMAT: u32 = 2;

/// That of sources with rows that are gone, which an older program would still show.
pub const DELETES_FORMAT: u32 = 3;

/// One state of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceState {
    pub format: u32,
    pub source: String,
    /// From 1, without gaps.
    pub sequence: u64,
    /// The run that made it.
    pub run_id: String,
    /// A hash of the source's identity: how it was defined when it was captured.
    pub definition: String,
    /// What a query sees, in this order. Empty before the first capture that succeeded.
    pub live: Vec<LiveLanding>,
    /// How far it has been captured, if it has a cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<CursorState>,
}

/// A landing as a state lists it: enough to tell it from others without opening it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveLanding {
    /// Where its manifest and its parts are, relative to the lake's root.
    pub folder: String,
    pub rows: u64,
    pub bytes: u64,
    /// That of the [landing](Landing::sha256).
    pub sha256: String,
    /// Rows that the source no longer had then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gone: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl LiveLanding {
    pub fn of(landing: &Landing) -> Self {
        let Landing { rows, bytes, sha256, .. } = landing;
        let (folder, gone) = (landing.folder(), landing.rows_gone());
        LiveLanding { folder, rows: *rows, bytes: *bytes, sha256: sha256.clone(), gone }
    }
}

impl SourceState {
    /// The identity of the rows: equal means that a query sees the same.
    pub fn content(&self) -> String {
        let mut hash = Sha256::new();
        self.live.iter().for_each(|landing| hash.update(&landing.sha256));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn rows(&self) -> u64 {
        self.live.iter().map(|landing| landing.rows).sum()
    }

    pub fn bytes(&self) -> u64 {
        self.live.iter().map(|landing| landing.bytes).sum()
    }

    /// The live landings with their parts.
    pub async fn landings(&self, lake: &Lake) -> Result<Vec<Landing>> {
        let mut landings = vec![];
        for live in &self.live {
            landings.push(landing::read(lake, &live.folder).await?);
        }
        Ok(landings)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("states have text keys only")
    }
}

/// The source as it is now; `None` when it was never captured.
pub async fn latest(lake: &Lake, source: &str) -> Result<Option<SourceState>> {
    let newest = newest(lake, source, &StateShelf::look(lake, source).await?, None).await?;
    Ok(newest.filter(|state| !state.live.is_empty()))
}

/// The newest state among these names, also one without live landings. `seen`, if it is that, is not read again: no state
/// is ever removed, so its number has not come to be another's.
pub(super) async fn newest(
    lake: &Lake,
    source: &str,
    shelf: &StateShelf,
    seen: Option<&SourceState>,
) -> Result<Option<SourceState>> {
    match (shelf.newest(), seen) {
        (Some(number), Some(seen)) if seen.sequence == number => Ok(Some(seen.clone())),
        (Some(number), _) => read(lake, source, number).await,
        (None, _) => Ok(None),
    }
}

/// The source as it was at a moment; `None` when it had not been captured.
pub async fn as_of(lake: &Lake, source: &str, moment: &Moment) -> Result<Option<SourceState>> {
    for (number, created_at) in StateShelf::look(lake, source).await?.states.into_iter().rev() {
        let Some(state) = read(lake, source, number).await? else { continue };
        if moment.has_seen(&state.run_id, created_at) {
            return Ok(Some(state).filter(|state| !state.live.is_empty()));
        }
    }
    Ok(None)
}

/// The folders of all landings that were ever live.
pub async fn ever_live(lake: &Lake, source: &str) -> Result<Vec<String>> {
    let mut folders = vec![];
    for (number, _) in StateShelf::look(lake, source).await?.states {
        let state = read(lake, source, number).await?;
        folders.extend(state.into_iter().flat_map(|state| state.live).map(|landing| landing.folder));
    }
    Ok(folders)
}

/// One state by its number; `None` when there is none.
pub(super) async fn read(lake: &Lake, source: &str, number: u64) -> Result<Option<SourceState>> {
    let file = path::state_file(source, number);
    let Some(bytes) = lake.read(&file).await? else { return Ok(None) };
    let state = serde_json::from_slice::<SourceState>(&bytes).map_err(|error| unreadable(&file).because(error))?;
    if (FORMAT..=DELETES_FORMAT).contains(&state.format) { Ok(Some(state)) } else { Err(unreadable(&file)) }
}

fn unreadable(file: &str) -> Error {
    Error::failed(format!("`{file}` is no state of a source that this program can read"))
        .hint("it may have been written by a newer trapiche")
}
