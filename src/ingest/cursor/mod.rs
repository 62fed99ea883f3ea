//! Captures of a source with a cursor: what is asked for, and what the source's state remembers for the next time.
//!
//! | place | noun |
//! |---|---|
//! | `point` | a value as a number, a time or a text, which a lag can be taken from |
//! | `moved` | a cursor that a user puts elsewhere |
//! | `known` | rows that are there already and do not land again |

mod known;
mod moved;
mod point;

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::lake::cursor::{CursorState, CursorValue, LandingWindow};
use crate::lake::landing::{LandedPart, Landing};
use crate::lake::live::Live;
use crate::lake::state::LiveLanding;
use crate::project::Cursor;

pub use known::{KnownHash, MOST_KNOWN, RowSieve};
pub use moved::move_cursor;
pub use point::{CursorPoint, before, utc};

/// So many landings of a cursor are live at most: the next capture takes all rows, so that what a query reads stays few.
pub const MOST_STEPS: usize = 64;

/// As many windows may be named. Each is a landing of its own for as long as the source is not captured as a whole.
const MOST_NAMED: usize = 256;

/// The rows whose cursor is from one value to below another, as `run --from --to` names them.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedWindow {
    pub from: String,
    pub before: String,
}

/// What a capture of a source with a cursor asks for.
#[derive(Debug)]
pub struct CursorAsk<'a> {
    pub cursor: &'a Cursor,
    pub kind: AskKind,
    /// The lowest value; all rows when there is none.
    pub from: Option<String>,
    /// The value that the source has reached.
    pub reached: Option<CursorValue>,
    /// The rows that are known to be there.
    pub known: HashSet<KnownHash>,
    /// See [`LandingWindow::told_by`].
    pub told_by: Option<serde_json::Value>,
    /// The landings that stay live beside the new one.
    kept: Vec<LiveLanding>,
}

/// Why these rows are asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum AskKind {
    /// All of them.
    Whole,
    /// What is new since the last capture.
    Step,
    /// Those from one value to below another.
    Named { before: String },
}

/// What a source hands back beside its rows.
pub struct TakenWindow {
    pub window: LandingWindow,
    /// The rows that the next capture will ask for again, if they are not too many.
    pub again: Option<HashSet<KnownHash>>,
    pub keys: Option<SourceKeys>,
}

/// The keys of all rows that a source has, so that those are found that it has no longer.
pub struct SourceKeys {
    pub parts: Vec<LandedPart>,
    /// In which words the capture ends if none is gone, when there are no new rows.
    pub nothing_new: Option<String>,
}

impl<'a> CursorAsk<'a> {
    /// Decides it by what the source was at the `previous` capture, if that counts.
    pub async fn of(
        cursor: &'a Cursor,
        previous: Option<&Live>,
        named: Option<&NamedWindow>,
        lake: &Lake,
    ) -> Result<CursorAsk<'a>> {
        let landings = previous.map_or(&[][..], |previous| &previous.landings);
        let state = previous.and_then(|previous| previous.state.cursor.as_ref());
        let reached = state.and_then(|state| state.reached.clone());
        let told_by = landings.last().and_then(|landing| landing.window.as_ref()?.told_by.clone());
        let ask = CursorAsk {
            cursor,
            kind: AskKind::Whole,
            from: cursor.start.clone(),
            reached: None,
            known: HashSet::new(),
            told_by: None,
            kept: vec![],
        };
        let is_named = |landing: &Landing| landing.window.as_ref().is_some_and(LandingWindow::is_named);
        let kept = |stays: &dyn Fn(&Landing) -> bool| -> Vec<LiveLanding> {
            landings.iter().filter(|landing| stays(landing)).map(LiveLanding::of).collect()
        };
        if let Some(NamedWindow { from, before }) = named {
            if landings.iter().filter(|landing| is_named(landing)).count() >= MOST_NAMED {
                return Err(Error::failed(format!("it has {MOST_NAMED} windows of `--from` and `--to` already"))
                    .hint("name longer ones; `--full-refresh` makes one landing of all of them"));
            }
            let is_this = |landing: &Landing| ask.is_window(landing, from, before);
            let kept = kept(&|landing| !is_this(landing));
            let (kind, from) = (AskKind::Named { before: before.clone() }, Some(from.clone()));
            return Ok(CursorAsk { kind, from, reached, told_by, kept, ..ask });
        }
        let steps = landings.iter().filter(|landing| !is_named(landing)).count();
        match &reached {
            Some(value) if (1..MOST_STEPS).contains(&steps) => {
                let from = Some(before(&value.text, cursor.lag.as_ref())?);
                let known = match state.and_then(|state| state.known.as_ref()) {
                    Some(path) => known::read(lake, path).await?,
                    None => HashSet::new(),
                };
                Ok(CursorAsk { kind: AskKind::Step, from, reached, known, told_by, kept: kept(&|_| true), ..ask })
            }
            // Rows below the start are there by their windows alone.
            _ if cursor.start.is_some() => Ok(CursorAsk { kept: kept(&is_named), told_by, ..ask }),
            _ => Ok(ask),
        }
    }

    fn is_window(&self, landing: &Landing, from: &str, before: &str) -> bool {
        landing
            .window
            .as_ref()
            .is_some_and(|window| window.from.as_deref() == Some(from) && window.before.as_deref() == Some(before))
    }

    /// Whether rows are looked for that the source has no longer. Those that take the place of all others need no such look, and
    /// those of a window tell nothing of the others.
    pub fn detects_deletes(&self) -> bool {
        self.cursor.detects_deletes && self.kind == AskKind::Step
    }

    /// The value below which all rows are that are asked for.
    pub fn before(&self) -> Option<&str> {
        match &self.kind {
            AskKind::Named { before } => Some(before),
            AskKind::Whole | AskKind::Step => None,
        }
    }

    /// The lowest value that the next capture will ask for, once this one has reached `reached`; `None` when no row is
    /// asked for by its value.
    pub fn next_from(&self, reached: Option<&CursorValue>) -> Result<Option<String>> {
        match (&self.kind, reached) {
            // Which of its rows are the newest is not known when the cursor has moved on.
            (AskKind::Named { .. }, _) | (_, None) => Ok(None),
            (_, Some(value)) => before(&value.text, self.cursor.lag.as_ref()).map(Some),
        }
    }

    /// The landing's place in the source, for its manifest.
    pub fn window(&self, column: &str, key: Vec<String>, reached: Option<CursorValue>) -> LandingWindow {
        LandingWindow {
            key,
            column: column.to_string(),
            from: self.from.clone(),
            before: self.before().map(String::from),
            reached,
            repeats: false,
            told_by: None,
        }
    }

    /// The landing of the same named window among the previous ones.
    pub fn same_window<'l>(&self, previous: Option<&'l Live>) -> Option<&'l Landing> {
        let (from, before) = (self.from.as_deref()?, self.before()?);
        previous?.landings.iter().find(|landing| self.is_window(landing, from, before))
    }

    /// `from `updated_at` 2026-01-01 on`, for people.
    pub fn words(&self) -> String {
        let column = &self.cursor.column;
        match (&self.from, self.before()) {
            (Some(from), Some(before)) => format!("`{column}` from {from} to below {before}"),
            (Some(from), None) => format!("`{column}` from {from} on"),
            (None, _) => "all rows".to_string(),
        }
    }

    pub fn kept(&self) -> Vec<LiveLanding> {
        self.kept.clone()
    }

    /// The state of the cursor after a capture. `folder` is where that may write what the next one needs to know.
    pub async fn next_state(&self, lake: &Lake, folder: &str, taken: TakenWindow) -> Result<CursorState> {
        let known = match (&self.kind, taken.again) {
            (AskKind::Named { .. }, _) | (_, None) => None,
            (_, Some(again)) if again.is_empty() => None,
            (_, Some(again)) => Some(known::write(lake, folder, &again).await?),
        };
        Ok(CursorState { column: taken.window.column, reached: taken.window.reached, known })
    }
}
