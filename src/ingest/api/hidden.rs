//! Columns that do not land as they are: left out of each row, or put something else in their place, before anything of
//! the row is written or looked at.

use std::io::Write as _;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::members::RowMembers;
use crate::error::{Error, Result};
use crate::hints::suggest;
use crate::ingest::parts::hex;
use crate::project::{HiddenColumn, Mask};

const REDACTED: &[u8] = b"\"***\"";

/// Hides columns, and knows which of them there were.
pub struct Hiding<'a> {
    /// Each with the keys of its path in lower case, and whether it was there.
    columns: Vec<(&'a HiddenColumn, Vec<String>, bool)>,
    /// The columns of the last row, for a hint.
    names: Vec<String>,
    rows: u64,
}

impl<'a> Hiding<'a> {
    pub fn new(columns: &'a [HiddenColumn]) -> Self {
        let keys = |column: &HiddenColumn| column.path.split('.').map(str::to_lowercase).collect();
        let columns = columns.iter().map(|column| (column, keys(column), false)).collect();
        Hiding { columns, names: vec![], rows: 0 }
    }

    /// Writes the row to `line`.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn apply(&mut self, row: &[u8], line: &mut Vec<u8>) -> Result<()> {
        line.clear();
        if self.columns.is_empty() {
            line.extend_from_slice(row);
            return Ok(());
        }
        let broken =
            |error: serde_json::Error| Error::failed("a row is not the JSON that it seemed to be").because(error);
        let members: RowMembers = serde_json::from_slice(row).map_err(broken)?;
        self.rows += 1;
        if self.rows == 1 {
            self.names = members.0.iter().map(|(name, _)| name.clone()).collect();
        }
        let all: Vec<usize> = (0..self.columns.len()).collect();
        self.object(&members, 0, &all, line).map_err(broken)
    }

    /// Checks that each of them was there.
    ///
    /// # Errors
    /// When one was in no row: it may be misspelt, and what it means to hide has landed under its right name.
    pub fn finish(&self) -> Result<()> {
        match self.columns.iter().find(|(.., found)| !found) {
            Some((column, ..)) if self.rows > 0 => {
                let what = if column.mask.is_some() { "mask" } else { "drop" };
                let hint = suggest(&column.path, self.names.iter().map(String::as_str));
                Err(Error::failed(format!(
                    "no row has the column `{}`, which is to be hidden by `{what}`",
                    column.path
                ))
                .hint(hint))
            }
            _ => Ok(()),
        }
    }

    /// `meant` are those of the columns whose paths lead into this object, whose members are `depth` deep.
    fn object(
        &mut self,
        members: &RowMembers,
        depth: usize,
        meant: &[usize],
        line: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        line.push(b'{');
        let mut is_first = true;
        for (name, value) in &members.0 {
            let lower = name.to_lowercase();
            let leads_here = |at: &usize| self.columns[*at].1.get(depth) == Some(&lower);
            let matching: Vec<usize> = meant.iter().copied().filter(leads_here).collect();
            let whole = matching.iter().copied().find(|at| self.columns[*at].1.len() == depth + 1);
            if let Some(at) = whole {
                self.columns[at].2 = true;
                if self.columns[at].0.mask.is_none() {
                    continue;
                }
            }
            if !std::mem::take(&mut is_first) {
                line.push(b',');
            }
            serde_json::to_writer(&mut *line, name)?;
            line.push(b':');
            match whole.and_then(|at| self.columns[at].0.mask) {
                Some(mask) => masked(mask, value, line)?,
                None if matching.is_empty() => line.extend_from_slice(value.get().as_bytes()),
                None => self.value(value, depth + 1, &matching, line)?,
            }
        }
        line.push(b'}');
        Ok(())
    }

    /// An object, or a list of them; another value has no columns.
    fn value(
        &mut self,
        value: &RawValue,
        depth: usize,
        meant: &[usize],
        line: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        match value.get().as_bytes().first() {
            Some(b'{') => self.object(&serde_json::from_str(value.get())?, depth, meant, line),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(value.get())?;
                line.push(b'[');
                for (number, item) in items.into_iter().enumerate() {
                    if number > 0 {
                        line.push(b',');
                    }
                    self.value(item, depth, meant, line)?;
                }
                line.push(b']');
                Ok(())
            }
            _ => {
                line.extend_from_slice(value.get().as_bytes());
                Ok(())
            }
        }
    }
}

fn masked(mask: Mask, value: &RawValue, line: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    match (mask, value.get()) {
        (_, "null") => line.extend_from_slice(b"null"),
        (Mask::Redact, _) => line.extend_from_slice(REDACTED),
        (Mask::Hash, raw) => {
            let text = if raw.starts_with('"') { serde_json::from_str::<String>(raw)? } else { raw.to_string() };
            // Writing to a vector cannot fail.
            let _ = write!(line, "\"{}\"", hex(&Sha256::digest(text)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(path: &str, mask: Option<Mask>) -> HiddenColumn {
        HiddenColumn { path: path.into(), mask }
    }

    fn apply(columns: &[HiddenColumn], row: &str) -> String {
        let (mut hiding, mut line) = (Hiding::new(columns), vec![]);
        hiding.apply(row.as_bytes(), &mut line).unwrap();
        hiding.finish().map_or_else(|error| error.to_string(), |()| String::from_utf8(line).unwrap())
    }

    #[test]
    fn what_is_hidden_is_gone_and_all_else_stays_as_it_was_written() {
        let columns = [
            hidden("password", None),
            hidden("name.last", Some(Mask::Redact)),
            hidden("cards.number", Some(Mask::Hash)),
            hidden("phone", Some(Mask::Hash)),
        ];
        let row = r#"{"id":1.50,"Password":"m38rmF$","pass\u0077ord":"twice","name":{"first":"jo","last":"doe"},"cards":[{"number":"12","ok":true},{"number":null}],"phone":12}"#;
        assert_eq!(
            apply(&columns, row),
            r#"{"id":1.50,"name":{"first":"jo","last":"***"},"cards":[{"number":"6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918","ok":true},{"number":null}],"phone":"6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918"}"#
        );
    }

    #[test]
    fn one_that_is_nowhere_is_an_error() {
        let told = apply(&[hidden("pasword", None)], r#"{"id":1,"password":"x"}"#);
        assert_eq!(told, "no row has the column `pasword`, which is to be hidden by `drop`");
        assert!(Hiding::new(&[hidden("pasword", None)]).finish().is_ok(), "no row, nothing to hide");
    }
}
