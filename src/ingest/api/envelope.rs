//! Columns that each row takes from the answer around it: when it was made, how many rows there are.

use super::answer::Envelope;
use super::client::Page;
use super::members::RowMembers;
use crate::error::{Error, Result};
use crate::project::EnvelopeColumn;

/// Adds them, and knows which of them there were.
pub struct Enveloping<'a> {
    /// Each with whether an answer had it.
    columns: Vec<(&'a EnvelopeColumn, bool)>,
    /// As members of a row, of the answer at hand.
    members: Vec<u8>,
    answers: u64,
}

impl<'a> Enveloping<'a> {
    pub fn new(columns: &'a [EnvelopeColumn]) -> Self {
        Enveloping { columns: columns.iter().map(|column| (column, false)).collect(), members: vec![], answers: 0 }
    }

    /// Goes on to the rows of another answer.
    ///
    /// # Errors
    /// When that is more than one document.
    pub fn turn(&mut self, page: &Page) -> Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        self.answers += 1;
        self.members.clear();
        let text = page.text();
        let envelope = Envelope::of(&text)?;
        for (column, found) in &mut self.columns {
            let token = envelope.token(&column.path);
            *found |= token.is_some();
            let name = serde_json::to_string(&column.name).unwrap_or_default();
            // Line ends stand between tokens only, where a space does as well.
            let token = token.unwrap_or("null").replace(['\n', '\r'], " ");
            self.members.extend_from_slice(format!(",{name}:{token}").as_bytes());
        }
        Ok(())
    }

    /// Adds them to a row, which is an object on one line.
    ///
    /// # Errors
    /// When the row has a column of that name.
    pub fn add(&self, line: &mut Vec<u8>) -> Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let members: RowMembers = serde_json::from_slice(line)
            .map_err(|error| Error::failed("a row is not the JSON that it seemed to be").because(error))?;
        let is_taken = |name: &String| members.0.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if let Some((column, _)) = self.columns.iter().find(|(column, _)| is_taken(&column.name)) {
            return Err(Error::failed(format!("a row has a column `{}` of its own", column.name))
                .hint("give the one in `envelope:` another name"));
        }
        let is_empty = members.0.is_empty();
        let end = line.iter().rposition(|byte| *byte == b'}').unwrap_or(line.len());
        line.truncate(end);
        line.extend_from_slice(&self.members[usize::from(is_empty)..]);
        line.push(b'}');
        Ok(())
    }

    /// Checks that each of them was there.
    ///
    /// # Errors
    /// When one was in no answer: it may be misspelt.
    pub fn finish(&self) -> Result<()> {
        match self.columns.iter().find(|(_, found)| !found) {
            Some((column, _)) if self.answers > 0 => Err(Error::failed(format!(
                "no answer has anything at `{}`, which `envelope` asks for as `{}`",
                column.path, column.name
            ))
            .hint("a dotted path begins at the answer's outermost object: `meta.generated_at`")),
            _ => Ok(()),
        }
    }
}
