//! The rows of an API that a cursor asks for: what each says of itself, and which of them land.
//!
//! The API is asked for rows from a value on, and may give others, too. What a row says counts.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::answer::Envelope;
use crate::error::{Error, Result};
use crate::ingest::cursor::{AskKind, CursorAsk, CursorPoint, KnownHash, MOST_KNOWN, RowSieve, TakenWindow, before};
use crate::lake::cursor::CursorValue;

/// Rows that may come again are looked through again when there are so many more.
const LOOK_THROUGH: usize = 200_000;

/// What has been seen of the rows so far.
pub struct ApiWindow<'a> {
    ask: &'a CursorAsk<'a>,
    sieve: RowSieve<'a>,
    /// The highest value, as it is written, of this capture or an earlier one.
    reached: Option<(CursorPoint, String)>,
    /// The value below which a named window ends, and the one with which it begins.
    bounds: Option<(CursorPoint, CursorPoint)>,
    /// Of the rows that land.
    keys: HashSet<KnownHash>,
    /// That of the row at hand.
    key: KnownHash,
    repeats: bool,
    /// Rows that the next capture may ask for again, with their values.
    recent: Vec<(Option<CursorPoint>, KnownHash)>,
    look_through_at: usize,
    without: u64,
}

impl<'a> ApiWindow<'a> {
    pub fn new(ask: &'a CursorAsk<'a>) -> Self {
        let point = |text: &String| CursorPoint::of(text);
        let bounds = match (&ask.kind, &ask.from) {
            (AskKind::Named { before }, Some(from)) => Some((point(from), point(before))),
            _ => None,
        };
        ApiWindow {
            ask,
            sieve: RowSieve::new(&ask.known, ""),
            reached: ask.reached.as_ref().map(|value| (CursorPoint::of(&value.text), value.text.clone())),
            bounds,
            keys: HashSet::new(),
            key: KnownHash::default(),
            repeats: false,
            recent: vec![],
            look_through_at: LOOK_THROUGH,
            without: 0,
        }
    }

    /// Whether a row is to land.
    ///
    /// # Errors
    /// When it has no key, or a value of another kind than the rows before.
    pub fn takes(&mut self, row: &[u8]) -> Result<bool> {
        let members = Envelope::of(row)?;
        let point = self.point(&members)?;
        if let Some((from, before)) = &self.bounds {
            let Some((point, text)) = &point else { return Ok(false) };
            let is_in = from.compare(point).zip(point.compare(before));
            let (low, high) = is_in.ok_or_else(|| self.mixed(text))?;
            if low == Ordering::Greater || high != Ordering::Less {
                return Ok(false);
            }
        }
        if let Some((point, text)) = &point {
            let is_higher = match &self.reached {
                Some((highest, _)) => point.compare(highest).ok_or_else(|| self.mixed(text))? == Ordering::Greater,
                None => true,
            };
            // A named window does not move the cursor.
            if is_higher && self.bounds.is_none() {
                self.reached = Some((point.clone(), text.clone()));
            }
        } else {
            self.without += 1;
        }
        let is_first = self.see_key(&members)?;
        self.remember(point.map(|(point, _)| point), row)?;
        // Of a key that comes twice the last row counts, also if that is one that was there before.
        let is_new = self.sieve.is_new(row, false) || !is_first;
        if is_new {
            self.keys.insert(self.key);
            self.repeats |= !is_first;
        }
        Ok(is_new)
    }

    /// The row's value, and how it is written.
    fn point(&self, members: &Envelope<'_>) -> Result<Option<(CursorPoint, String)>> {
        let column = &self.ask.cursor.column;
        let Some(token) = members.token(column) else { return Ok(None) };
        let text = match scalar(token) {
            Some(text) => text,
            None => {
                return Err(Error::failed(format!(
                    "`{column}` is neither a number nor a text, and cannot be a cursor"
                )));
            }
        };
        Ok(Some((CursorPoint::of(&text), text)))
    }

    fn mixed(&self, text: &str) -> Error {
        let column = &self.ask.cursor.column;
        Error::failed(format!("`{column}` is `{text}` in a row, which cannot be compared with the values before it"))
            .hint("the values of a cursor are all numbers, all times in ISO 8601, or all texts")
    }

    /// Reads the row's key; whether no row that has landed has it.
    fn see_key(&mut self, members: &Envelope<'_>) -> Result<bool> {
        let mut whole = vec![];
        for name in &self.ask.cursor.key {
            let token = members.token(name).ok_or_else(|| {
                Error::failed(format!("a row has no `{name}`, by which a newer row replaces it"))
                    .hint("name a `key:` that every row has")
            })?;
            let text = scalar(token)
                .ok_or_else(|| Error::failed(format!("`{name}` is a list or an object, and cannot be a key")))?;
            // 1 and 1.0 are one number, and two texts: it is left to the reader whether they are one key.
            let is_odd_number = !token.starts_with('"') && token.contains(['.', 'e', 'E']);
            self.repeats |= is_odd_number;
            whole.extend_from_slice(&(text.len() as u64).to_le_bytes());
            whole.extend_from_slice(text.as_bytes());
        }
        self.key = self.sieve.hash(&whole);
        Ok(!self.keys.contains(&self.key))
    }

    fn remember(&mut self, point: Option<CursorPoint>, row: &[u8]) -> Result<()> {
        if self.bounds.is_some() {
            return Ok(());
        }
        self.recent.push((point, self.sieve.hash(row)));
        if self.recent.len() >= self.look_through_at {
            self.look_through()?;
            self.look_through_at = self.recent.len() + LOOK_THROUGH;
        }
        Ok(())
    }

    /// Leaves those that the next capture would ask for, as far as it is known by now.
    fn look_through(&mut self) -> Result<()> {
        let Some((_, reached)) = &self.reached else { return Ok(()) };
        let from = CursorPoint::of(&before(reached, self.ask.cursor.lag.as_ref())?);
        self.recent.retain(|(point, _)| match point {
            None => true,
            Some(point) => point.compare(&from) != Some(Ordering::Less),
        });
        Ok(())
    }

    /// In which words a capture ends that has brought nothing new; `None` when it has.
    pub fn nothing_new(&self) -> Option<String> {
        let is_nothing = self.ask.kind == AskKind::Step && self.sieve.new == 0;
        is_nothing.then(|| format!("nothing new: {}", self.ask.words()))
    }

    /// What was taken, with what should be known of it in words.
    pub fn taken(mut self, notes: &mut Vec<String>) -> Result<TakenWindow> {
        self.look_through()?;
        let (ask, column) = (self.ask, &self.ask.cursor.column);
        if ask.kind != AskKind::Whole || ask.from.is_some() {
            notes.push(format!("{}: {} rows, {} of them new", ask.words(), self.sieve.taken, self.sieve.new));
        }
        if self.without > 0 {
            notes.push(format!("{} rows without `{column}`", self.without));
        }
        let reached = match self.bounds {
            Some(_) => ask.reached.clone(),
            None => self.reached.map(|(point, text)| CursorValue { data_type: point.type_name().into(), text }),
        };
        let mut window = ask.window(column, ask.cursor.key.clone(), reached);
        window.repeats = self.repeats;
        let again: HashSet<KnownHash> = self.recent.into_iter().map(|(_, hash)| hash).collect();
        let again = Some(again).filter(|again| again.len() <= MOST_KNOWN);
        Ok(TakenWindow { window, again, keys: None })
    }
}

/// The text of a number, a truth value or a text; `None` for a list or an object.
fn scalar(token: &str) -> Option<String> {
    match token.as_bytes().first()? {
        b'"' => serde_json::from_str(token).ok(),
        b'{' | b'[' => None,
        _ => Some(token.to_string()),
    }
}
