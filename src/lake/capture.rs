//! A capture on its way into `raw/`: noted before its first part, so that it can be taken back when it dies. One that
//! finds nothing new writes nothing.
//!
//! 1. `_trapiche/sources/<source>/capture-<run>.json` names the folder that it fills, and the [state](super::state) that
//!    it follows.
//! 2. The parts and the manifest are written.
//! 3. The state after that one is created: from here on the landing is live.
//! 4. The note is removed.
//!
//! Whoever captures the source next finishes this. It has to own the state that the dead capture would have created,
//! before it removes a part: one that only slept finds its number taken, and can no longer make live what is gone.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::cursor::CursorState;
use super::landing::{self, Landing};
use super::state::{self, LiveLanding, SourceState};
use super::state_shelf::StateShelf;
use super::{Lake, path};
use crate::error::{Error, Kind, Result};

/// The form in which notes are written down.
const FORMAT: u32 = 1;

/// A capture under way.
#[derive(Debug)]
pub struct Capture {
    note: CaptureNote,
    noted: OnceCell<()>,
    /// What the source was when it began.
    pub before: Option<SourceState>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CaptureNote {
    format: u32,
    source: String,
    run_id: String,
    folder: String,
    /// The number of the state that it follows; 0 is none.
    follows: u64,
}

/// What a source is to be after a capture.
#[derive(Debug, Default)]
pub struct NextState {
    /// See [`SourceState::definition`].
    pub definition: String,
    /// The landings that stay.
    pub live: Vec<LiveLanding>,
    pub cursor: Option<CursorState>,
}

impl NextState {
    /// Nothing but the landing that is published with it.
    pub fn of(definition: &str) -> NextState {
        NextState { definition: definition.to_string(), ..NextState::default() }
    }
}

/// Begins the capture of a run that began `at`, and takes back those that died. `listed` are the source's names since the
/// run claimed it; `seen` is what it was before, and is not read again if it is still that.
pub async fn begin(
    lake: &Lake,
    source: &str,
    (run_id, at): (&str, DateTime<Utc>),
    listed: &StateShelf,
    seen: Option<&SourceState>,
) -> Result<Capture> {
    let again;
    let mut shelf = listed;
    if !listed.notes.is_empty() {
        for note in notes(lake, listed).await? {
            take_back(lake, &note, run_id).await?;
        }
        // That may have made a state.
        again = StateShelf::look(lake, source).await?;
        shelf = &again;
    }
    let before = state::newest(lake, source, shelf, seen).await?;
    let follows = before.as_ref().map_or(0, |state| state.sequence);
    let note = CaptureNote {
        format: FORMAT,
        source: source.to_string(),
        run_id: run_id.to_string(),
        folder: landing::folder(source, at, run_id),
        follows,
    };
    Ok(Capture { note, noted: OnceCell::new(), before: before.filter(|state| !state.live.is_empty()) })
}

impl Capture {
    /// The folder that it fills. From here on it is noted, so that whatever is written there can be taken back.
    pub async fn folder(&self, lake: &Lake) -> Result<&str> {
        self.noted.get_or_try_init(|| write(lake, &self.note)).await?;
        Ok(&self.note.folder)
    }

    /// Publishes the landing and makes the source what it is then: what `next` keeps, and the landing last.
    ///
    /// # Errors
    /// `Locked` when another run has captured the source meanwhile; nothing of this capture stays then.
    pub async fn publish(self, lake: &Lake, landing: &Landing, mut next: NextState) -> Result<SourceState> {
        self.folder(lake).await?;
        landing::publish(lake, landing).await?;
        next.live.push(LiveLanding::of(landing));
        self.create(lake, next).await
    }

    /// Makes the source what `next` says, without a landing of its own. What the capture has written is removed.
    ///
    /// # Errors
    /// As [`publish`](Capture::publish).
    pub async fn settle(self, lake: &Lake, next: NextState) -> Result<SourceState> {
        if self.noted.initialized() {
            landing::discard(lake, &self.note.folder).await?;
        }
        self.create(lake, next).await
    }

    async fn create(self, lake: &Lake, next: NextState) -> Result<SourceState> {
        let NextState { definition, live, cursor } = next;
        let state = SourceState {
            format: match cursor {
                None => state::FORMAT,
                Some(_) if live.iter().any(|landing| landing.gone > 0) => state::DELETES_FORMAT,
                Some(_) => state::CURSOR_FORMAT,
            },
            source: self.note.source.clone(),
            sequence: self.note.follows + 1,
            run_id: self.note.run_id.clone(),
            definition,
            live,
            cursor,
        };
        if lake.create(&self.note.next_state(), state.to_json()).await? {
            if self.noted.initialized() {
                lake.delete(&self.note.path()).await?;
            }
            return Ok(state);
        }
        let source = self.note.source.clone();
        self.discard(lake).await?;
        Err(Error::new(Kind::Locked, format!("`raw.{source}` was captured by another run meanwhile")).hint("run again"))
    }

    /// Removes what the capture has written; the source is what it was.
    pub async fn discard(self, lake: &Lake) -> Result<()> {
        if !self.noted.initialized() {
            // Nobody was told where to write anything.
            return Ok(());
        }
        landing::discard(lake, &self.note.folder).await?;
        lake.delete(&self.note.path()).await
    }
}

/// The folders of the captures that have not ended.
pub(super) async fn under_way(lake: &Lake, source: &str) -> Result<Vec<String>> {
    let notes = notes(lake, &StateShelf::look(lake, source).await?).await?;
    Ok(notes.into_iter().map(|note| note.folder).collect())
}

/// Takes back this run's own capture of a source, if it was broken off.
pub async fn recover(lake: &Lake, source: &str, run_id: &str) -> Result<()> {
    let _none_begins = lake.beginnings().write().await;
    match read(lake, &path::capture_note(source, run_id)).await? {
        Some(note) => take_back(lake, &note, run_id).await,
        None => Ok(()),
    }
}

/// Writes the note to its end even if the capture is cancelled meanwhile; [`recover`] waits for it.
async fn write(lake: &Lake, note: &CaptureNote) -> Result<()> {
    let (lake, path) = (lake.clone(), note.path());
    let bytes = serde_json::to_vec(note).expect("notes have text keys only");
    let under_way = lake.beginnings().clone().read_owned().await;
    let written = tokio::spawn(async move {
        let _under_way = under_way;
        lake.write(&path, bytes).await
    });
    written.await.map_err(|error| Error::failed("the task that began a capture died").because(error))?
}

async fn take_back(lake: &Lake, note: &CaptureNote, run_id: &str) -> Result<()> {
    let came_live = loop {
        if let Some(next) = state::read(lake, &note.source, note.follows + 1).await? {
            break next.run_id == note.run_id && next.live.iter().any(|landing| landing.folder == note.folder);
        }
        let fence = fence(lake, note, run_id).await?;
        if lake.create(&note.next_state(), fence.to_json()).await? {
            break false;
        }
    };
    if !came_live {
        landing::discard(lake, &note.folder).await?;
    }
    lake.delete(&note.path()).await
}

/// The same state again under the number that the dead capture would have taken.
async fn fence(lake: &Lake, note: &CaptureNote, run_id: &str) -> Result<SourceState> {
    let before = state::read(lake, &note.source, note.follows).await?;
    let (sequence, run_id) = (note.follows + 1, run_id.to_string());
    Ok(match before {
        Some(before) => SourceState { sequence, run_id, ..before },
        None => SourceState {
            format: state::FORMAT,
            source: note.source.clone(),
            sequence,
            run_id,
            definition: String::new(),
            live: vec![],
            cursor: None,
        },
    })
}

/// The captures that have not ended.
async fn notes(lake: &Lake, listed: &StateShelf) -> Result<Vec<CaptureNote>> {
    let mut notes = vec![];
    for file in &listed.notes {
        notes.extend(read(lake, file).await?);
    }
    Ok(notes)
}

async fn read(lake: &Lake, file: &str) -> Result<Option<CaptureNote>> {
    let Some(bytes) = lake.read(file).await? else { return Ok(None) };
    if bytes.is_empty() {
        // What a loss of power left: nothing was written after it.
        return lake.delete(file).await.map(|()| None);
    }
    let unreadable = || {
        Error::failed(format!("`{file}` is no note of a capture that this program can read"))
            .hint("it may have been written by a newer trapiche")
    };
    let note: CaptureNote = serde_json::from_slice(&bytes).map_err(|error| unreadable().because(error))?;
    if note.format != FORMAT { Err(unreadable()) } else { Ok(Some(note)) }
}

impl CaptureNote {
    fn path(&self) -> String {
        path::capture_note(&self.source, &self.run_id)
    }

    fn next_state(&self) -> String {
        path::state_file(&self.source, self.follows + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::landing::tests::lake_in;
    use super::landing::{LandedFormat, part_path};
    use super::*;
    use crate::spark::types;
    use arrow::datatypes::{Field, Schema};

    const SOURCE: &str = "sales";

    async fn begun(lake: &Lake, run_id: &str, at: &str) -> Capture {
        let listed = StateShelf::look(lake, SOURCE).await.unwrap();
        let capture = begin(lake, SOURCE, (run_id, time(at)), &listed, None).await.unwrap();
        lake.write(&part_path(capture.folder(lake).await.unwrap(), 1, "json"), "{}").await.unwrap();
        capture
    }

    fn landing(run_id: &str, at: &str) -> Landing {
        let fields = vec![Field::new("Cost Total $", types::parse("array<struct<a:int>>").unwrap(), true)];
        Landing {
            source: SOURCE.into(),
            run_id: run_id.into(),
            fetched_at: time(at),
            format: LandedFormat::Ndjson,
            schema: Arc::new(Schema::new(fields)),
            rows: 1,
            bytes: 2,
            sha256: run_id.into(),
            notes: vec![],
            window: None,
            parts: vec![],
            gone: vec![],
        }
    }

    fn time(at: &str) -> DateTime<Utc> {
        at.parse().unwrap()
    }

    async fn capture(lake: &Lake, run_id: &str, at: &str) {
        begun(lake, run_id, at).await.publish(lake, &landing(run_id, at), NextState::of("d")).await.unwrap();
    }

    /// The run whose landing a query would see.
    async fn live(lake: &Lake) -> Option<String> {
        let state = state::latest(lake, SOURCE).await.unwrap()?;
        let landings = state.landings(lake).await.unwrap();
        assert_eq!(landings[0].schema, landing("", "2026-11-24T00:00:00Z").schema);
        Some(landings[0].run_id.clone())
    }

    #[tokio::test]
    async fn a_clock_that_was_ahead_hides_no_later_landing() {
        let dir = tempfile::tempdir().unwrap();
        let lake = lake_in(dir.path());
        assert_eq!(live(&lake).await, None);
        capture(&lake, "20261123T153312Z-1a2b", "2026-11-23T15:33:12Z").await;
        capture(&lake, "20261123T133500Z-3c4d", "2026-11-23T13:35:00Z").await;
        assert_eq!(live(&lake).await.as_deref(), Some("20261123T133500Z-3c4d"));
    }

    #[tokio::test]
    async fn only_a_published_landing_is_seen_and_the_rest_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let lake = lake_in(dir.path());
        capture(&lake, "first", "2026-11-23T13:33:12Z").await;
        let died = begun(&lake, "died", "2026-11-25T00:00:00Z").await;
        let folder = dir.path().join(&died.note.folder);
        std::fs::write(folder.join("part-0002.json#1"), "{").unwrap();
        assert_eq!(live(&lake).await.as_deref(), Some("first"));

        capture(&lake, "next", "2026-11-25T00:01:00Z").await;
        assert!(!folder.exists());
        assert_eq!(live(&lake).await.as_deref(), Some("next"));
        recover(&lake, SOURCE, "next").await.unwrap();
        assert_eq!(live(&lake).await.as_deref(), Some("next"), "a capture that ended is not taken back");
        let left = lake.list("_trapiche/sources").await.unwrap();
        assert!(!left.iter().any(|file| file.contains("capture-")), "{left:?}");
    }

    #[tokio::test]
    async fn a_capture_that_slept_cannot_bring_back_what_was_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let lake = lake_in(dir.path());
        for before in [None, Some("first")] {
            let slept = begun(&lake, "slept", "2026-11-25T00:00:00Z").await;
            // The source has not changed for whoever takes over, so it lands nothing.
            let other = begun(&lake, "other", "2026-11-25T00:10:00Z").await;
            other.discard(&lake).await.unwrap();
            assert_eq!(live(&lake).await.as_deref(), before);

            let late =
                slept.publish(&lake, &landing("slept", "2026-11-25T00:00:00Z"), NextState::of("d")).await.unwrap_err();
            assert_eq!(late.kind(), Kind::Locked);
            assert_eq!(live(&lake).await.as_deref(), before);
            assert!(lake.list("raw").await.unwrap().iter().all(|file| file.contains("run=first")));
            if before.is_none() {
                capture(&lake, "first", "2026-11-23T13:33:12Z").await;
            }
        }
    }

    #[tokio::test]
    async fn one_that_died_after_its_state_is_live_to_whoever_comes_next() {
        let dir = tempfile::tempdir().unwrap();
        let lake = lake_in(dir.path());
        let died = begun(&lake, "died", "2026-11-25T00:00:00Z").await;
        let note = lake.read(&died.note.path()).await.unwrap().unwrap();
        let path = died.note.path();
        died.publish(&lake, &landing("died", "2026-11-25T00:00:00Z"), NextState::of("d")).await.unwrap();
        lake.write(&path, note).await.unwrap();
        begun(&lake, "next", "2026-11-25T00:01:00Z").await.discard(&lake).await.unwrap();
        assert_eq!(live(&lake).await.as_deref(), Some("died"));
    }
}
