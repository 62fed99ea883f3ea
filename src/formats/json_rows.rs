//! JSON documents → the raw bytes of each row, as they stream by.
//!
//! Rows are the objects of NDJSON (or of any objects that follow one another), of a top-level array, or of the
//! arrays at a dotted `records` path of each document; told apart by the first byte. Nothing but the row at hand is
//! kept, and rows are not parsed: only brackets and strings are followed, so what is inside a row is for its reader to check.

use crate::error::{Error, Result};

/// One row is held in memory; more than this is a document whose rows lie deeper.
const MAX_ROW_BYTES: usize = 256 << 20;

/// Takes a document in chunks of any size and hands out rows.
#[derive(Debug)]
pub struct RowSplitter {
    /// Keys that lead to the array of rows; empty when the document itself is the rows.
    path: Vec<String>,
    /// Whether a row of an array may be any value, and not only an object.
    any_value: bool,
    state: Within,
    /// Objects of the path that are open.
    level: usize,
    /// Whether the open document has had its array of rows.
    found: bool,
    /// The part of a row or key that earlier chunks brought.
    carried: Vec<u8>,
    /// Bytes of the document before the current chunk.
    offset: u64,
    rows: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Within {
    /// Before the first byte: `n` bytes of a byte order mark were seen.
    Mark(usize),
    /// Between documents.
    Between,
    /// After `{` of a path object, before a key or `}`.
    FirstKey,
    /// After `,` of a path object.
    NextKey,
    Key {
        escaped: bool,
    },
    Colon,
    /// Before a value that leads to the rows.
    Wanted,
    /// Before and in a value that does not.
    Skip,
    SkipScalar,
    SkipNested(Nesting),
    /// After a value of a path object.
    AfterMember,
    /// After `[` of the rows.
    FirstRow,
    /// After `,` of the rows.
    NextRow,
    Row {
        nesting: Nesting,
        in_array: bool,
    },
    /// In a row that is a number or a word, which ends where something else begins.
    ScalarRow,
    AfterRow,
}

/// How deep inside brackets, and whether inside a string.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Nesting {
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Follows `bytes`; the index after the byte that closes the value, if it is among them.
    fn follow(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return Some(index + 1);
                        }
                    }
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Some(index + 1);
                        }
                    }
                    _ => {}
                }
            }
        }
        None
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl RowSplitter {
    /// `records` is a dotted path of keys; `None` when the document is the rows.
    pub fn new(records: Option<&str>) -> Self {
        RowSplitter {
            path: records.map(|path| path.split('.').map(String::from).collect()).unwrap_or_default(),
            any_value: false,
            state: Within::Mark(0),
            level: 0,
            found: false,
            carried: vec![],
            offset: 0,
            rows: 0,
        }
    }

    /// Takes the values of an array, too, that are no objects.
    pub fn of_any_value(mut self) -> Self {
        self.any_value = true;
        self
    }

    /// Rows handed out so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Follows the next bytes of the document and calls `row` with the bytes of every object that they complete.
    pub fn push(&mut self, chunk: &[u8], mut row: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut at = 0;
        while at < chunk.len() {
            at = self.step(chunk, at, &mut row)?;
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    /// Says that the document is over; an error if it was cut short.
    pub fn finish(self) -> Result<()> {
        match self.state {
            Within::Mark(0) | Within::Between => Ok(()),
            _ => Err(Error::failed(format!("the JSON ends too early, at byte {}", self.offset))
                .hint("the document was cut short; fetch it again")),
        }
    }

    /// Handles the byte at `at`, or the run of bytes that starts there; the index of what is next.
    fn step(&mut self, chunk: &[u8], at: usize, row: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<usize> {
        let byte = chunk[at];
        match self.state {
            Within::Row { mut nesting, in_array } => return self.in_row(chunk, at, &mut nesting, in_array, row),
            Within::SkipNested(mut nesting) => {
                let end = nesting.follow(&chunk[at..]);
                self.state = if end.is_some() { Within::AfterMember } else { Within::SkipNested(nesting) };
                return Ok(end.map_or(chunk.len(), |end| at + end));
            }
            Within::SkipScalar if !ends_scalar(byte) => return Ok(at + 1),
            Within::ScalarRow if !ends_scalar(byte) => {
                self.carried.push(byte);
                return Ok(at + 1);
            }
            Within::ScalarRow => {
                self.rows += 1;
                self.state = Within::AfterRow;
                row(&self.carried)?;
                self.carried.clear();
            }
            Within::SkipScalar => self.state = Within::AfterMember,
            Within::Key { escaped } => {
                match byte {
                    _ if escaped => self.state = Within::Key { escaped: false },
                    b'\\' => self.state = Within::Key { escaped: true },
                    b'"' => self.state = Within::Colon,
                    _ => {}
                }
                self.carried.push(byte);
                return Ok(at + 1);
            }
            Within::Mark(seen) => {
                let is_mark = BYTE_ORDER_MARK.get(seen) == Some(&byte);
                if !is_mark && seen != 0 && seen != BYTE_ORDER_MARK.len() {
                    return Err(self.unexpected(chunk, at, "JSON"));
                }
                self.state = if is_mark { Within::Mark(seen + 1) } else { Within::Between };
                return Ok(at + usize::from(is_mark));
            }
            _ => {}
        }
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            return Ok(at + 1);
        }
        self.state = match (self.state, byte) {
            (Within::Between, b'{') if self.path.is_empty() => return Ok(self.start_row(at, false)),
            (Within::Between, b'[') if self.path.is_empty() => Within::FirstRow,
            (Within::Between, b'{') => {
                self.found = false;
                self.level = 0;
                Within::FirstKey
            }
            (Within::Between, _) if self.path.is_empty() => {
                return Err(self.unexpected(chunk, at, "an object or an array of objects"));
            }
            (Within::Between, _) => {
                return Err(self.unexpected(chunk, at, &format!("an object that holds `{}`", self.path.join("."))));
            }

            (Within::FirstKey | Within::NextKey, b'"') => {
                self.carried.clear();
                self.carried.push(b'"');
                Within::Key { escaped: false }
            }
            (Within::FirstKey, b'}') => self.close_object()?,
            (Within::FirstKey | Within::NextKey, _) => return Err(self.unexpected(chunk, at, "a key in quotes")),
            (Within::Colon, b':') => {
                let key: Option<String> = serde_json::from_slice(&self.carried).ok();
                let wanted = !self.found && key.as_deref() == Some(self.path[self.level].as_str());
                self.carried.clear();
                if wanted { Within::Wanted } else { Within::Skip }
            }
            (Within::Colon, _) => return Err(self.unexpected(chunk, at, "`:`")),

            (Within::Wanted, b'[') if self.level + 1 == self.path.len() => {
                self.found = true;
                Within::FirstRow
            }
            (Within::Wanted, b'n') if self.level + 1 == self.path.len() => {
                self.found = true;
                Within::SkipScalar
            }
            (Within::Wanted, b'{') if self.level + 1 < self.path.len() => {
                self.level += 1;
                Within::FirstKey
            }
            (Within::Wanted, _) => {
                let wanted = if self.level + 1 == self.path.len() { "an array" } else { "an object" };
                let place = format!("{wanted} at `{}`", self.path[..=self.level].join("."));
                return Err(self.unexpected(chunk, at, &place));
            }
            (Within::Skip, b'{' | b'[') => Within::SkipNested(Nesting { depth: 1, ..Nesting::default() }),
            (Within::Skip, b'"') => Within::SkipNested(Nesting { in_string: true, ..Nesting::default() }),
            (Within::Skip, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Within::SkipScalar,
            (Within::Skip, _) => return Err(self.unexpected(chunk, at, "a value")),
            (Within::AfterMember, b',') => Within::NextKey,
            (Within::AfterMember, b'}') => self.close_object()?,
            (Within::AfterMember, _) => return Err(self.unexpected(chunk, at, "`,` or `}`")),

            (Within::FirstRow | Within::NextRow, b'{') => return Ok(self.start_row(at, true)),
            (Within::FirstRow | Within::NextRow, b'"' | b'[') if self.any_value => return Ok(self.start_row(at, true)),
            (Within::FirstRow | Within::NextRow, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') if self.any_value => {
                self.carried.clear();
                self.carried.push(byte);
                Within::ScalarRow
            }
            (Within::FirstRow, b']') | (Within::AfterRow, b']') => {
                if self.path.is_empty() {
                    Within::Between
                } else {
                    Within::AfterMember
                }
            }
            (Within::FirstRow | Within::NextRow, _) => {
                return Err(self.unexpected(chunk, at, &format!("row {} to be an object", self.rows + 1)));
            }
            (Within::AfterRow, b',') => Within::NextRow,
            (Within::AfterRow, _) => return Err(self.unexpected(chunk, at, "`,` or `]`")),

            (
                Within::Mark(_)
                | Within::Key { .. }
                | Within::SkipNested(_)
                | Within::SkipScalar
                | Within::ScalarRow
                | Within::Row { .. },
                _,
            ) => {
                unreachable!("handled above, where a space is not skipped")
            }
        };
        Ok(at + 1)
    }

    fn start_row(&mut self, at: usize, in_array: bool) -> usize {
        self.carried.clear();
        self.state = Within::Row { nesting: Nesting::default(), in_array };
        at
    }

    fn in_row(
        &mut self,
        chunk: &[u8],
        at: usize,
        nesting: &mut Nesting,
        in_array: bool,
        row: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        let Some(length) = nesting.follow(&chunk[at..]) else {
            self.carried.extend_from_slice(&chunk[at..]);
            if self.carried.len() > MAX_ROW_BYTES {
                return Err(Error::failed(format!("row {} is larger than {MAX_ROW_BYTES} bytes", self.rows + 1))
                    .hint("if the rows lie deeper in the document, name their place with `records:`"));
            }
            self.state = Within::Row { nesting: *nesting, in_array };
            return Ok(chunk.len());
        };
        self.rows += 1;
        self.state = if in_array { Within::AfterRow } else { Within::Between };
        if self.carried.is_empty() {
            row(&chunk[at..at + length])?;
        } else {
            self.carried.extend_from_slice(&chunk[at..at + length]);
            row(&self.carried)?;
            self.carried.clear();
        }
        Ok(at + length)
    }

    /// After the `}` of an object on the path.
    fn close_object(&mut self) -> Result<Within> {
        if self.level > 0 {
            self.level -= 1;
            return Ok(Within::AfterMember);
        }
        if !self.found {
            return Err(Error::failed(format!("the JSON has no array at `{}`", self.path.join(".")))
                .hint("`records:` is the dotted path of keys that leads to the array of rows"));
        }
        Ok(Within::Between)
    }

    fn unexpected(&self, chunk: &[u8], at: usize, wanted: &str) -> Error {
        let offset = self.offset + at as u64;
        let found = String::from_utf8_lossy(&chunk[at..chunk.len().min(at + 12)]).into_owned();
        Error::failed(format!("broken JSON at byte {offset}: expected {wanted}, found `{}`", found.escape_debug()))
    }
}

/// Whether a number or a word is over where this byte stands.
fn ends_scalar(byte: u8) -> bool {
    matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows, with every chunk size from one byte to the whole; they must all agree.
    fn split(text: &str, records: Option<&str>) -> Result<Vec<String>, String> {
        split_by(text, || RowSplitter::new(records))
    }

    fn split_by(text: &str, new: impl Fn() -> RowSplitter) -> Result<Vec<String>, String> {
        let mut outcomes: Vec<_> = (1..=text.len().max(1))
            .map(|size| {
                let mut splitter = new();
                let mut rows = vec![];
                for chunk in text.as_bytes().chunks(size) {
                    splitter
                        .push(chunk, |row| {
                            rows.push(String::from_utf8(row.to_vec()).unwrap());
                            Ok(())
                        })
                        .map_err(|error| error.to_string().split(", found").next().unwrap().to_string())?;
                }
                splitter.finish().map_err(|error| error.to_string())?;
                Ok(rows)
            })
            .collect();
        outcomes.dedup();
        assert_eq!(outcomes.len(), 1, "chunk sizes disagree: {outcomes:?}");
        outcomes.remove(0)
    }

    #[test]
    fn every_shape_gives_the_same_rows() {
        let rows = Ok(vec![r#"{"a": "}\"{[", "b":{"c":[1]}}"#.to_string(), "{}".to_string()]);
        let (first, second) = (r#"{"a": "}\"{[", "b":{"c":[1]}}"#, "{}");
        assert_eq!(split(&format!("{first}\n{second}\n"), None), rows);
        assert_eq!(split(&format!("\u{feff} [ {first} ,\r\n {second}]\n "), None), rows);
        assert_eq!(
            split(
                &format!(r#"{{"n":[[1],{{"x":"]"}}],"t":"a\"","d":{{"no":-1.5e3,"r":[{first},{second}]}},"z":null}}"#),
                Some("d.r")
            ),
            rows
        );
        assert_eq!(split("{\n \"a\": 1\n}", None), Ok(vec!["{\n \"a\": 1\n}".into()]));
        assert_eq!(split("", None), Ok(vec![]));
        assert_eq!(split(" [] ", None), Ok(vec![]));
        assert_eq!(split("{\"r\":null}\n{\"r\":[{}]}", Some("r")), Ok(vec!["{}".into()]));
    }

    #[test]
    fn values_of_a_list_are_rows_where_they_may_be() {
        let any = |text: &str| split_by(text, || RowSplitter::new(None).of_any_value());
        let rows = ["\"a]\\\"\"", "-1.5e3", "null", "[1,[2]]", "{\"a\":1}", "true"];
        assert_eq!(any(&format!("[{}]", rows.join(" , "))), Ok(rows.map(String::from).to_vec()));
        assert_eq!(any(&format!("[{}]\n", rows.join(","))), Ok(rows.map(String::from).to_vec()));
        assert_eq!(any("[1,]").unwrap_err(), "broken JSON at byte 3: expected row 2 to be an object");
        assert_eq!(any("[1").unwrap_err(), "the JSON ends too early, at byte 2");
    }

    #[test]
    fn broken_documents_say_where() {
        assert_eq!(split("[{}", None).unwrap_err(), "the JSON ends too early, at byte 3");
        assert_eq!(split("{\"a\":1", None).unwrap_err(), "the JSON ends too early, at byte 6");
        assert_eq!(split("[{} {}]", None).unwrap_err(), "broken JSON at byte 4: expected `,` or `]`");
        assert_eq!(split("[{},]", None).unwrap_err(), "broken JSON at byte 4: expected row 2 to be an object");
        assert_eq!(split("[1]", None).unwrap_err(), "broken JSON at byte 1: expected row 1 to be an object");
        assert_eq!(
            split("<html>", None).unwrap_err(),
            "broken JSON at byte 0: expected an object or an array of objects"
        );
        assert_eq!(split("{\"a\":[]}", Some("b")).unwrap_err(), "the JSON has no array at `b`");
        assert_eq!(split("{\"a\":1}", Some("a")).unwrap_err(), "broken JSON at byte 5: expected an array at `a`");
    }
}
