//! What landing a CSV needs to know of it: the names in its header, and how many records follow.
//!
//! Records are told apart as RFC 4180 says and as the scan will read them; fields are not looked at.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::{Error, Result};

/// A header is held in memory; more than this is not a header.
const MAX_HEADER_BYTES: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Follows a CSV in chunks of any size.
#[derive(Debug)]
pub struct Records {
    delimiter: u8,
    state: State,
    /// Records that have ended.
    ended: u64,
    /// The bytes of the first record, without its line end.
    first: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Nothing but line ends since the last record: blank lines are no records.
    LineStart,
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside quotes: the first of two, or the end.
    QuoteInQuoted,
}

impl Records {
    pub fn new(delimiter: u8) -> Self {
        Records { delimiter, state: State::LineStart, ended: 0, first: vec![] }
    }

    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        for &byte in chunk {
            let line_end = matches!(byte, b'\n' | b'\r');
            self.state = match self.state {
                State::LineStart if line_end => continue,
                State::Quoted if byte == b'"' => State::QuoteInQuoted,
                State::Quoted => State::Quoted,
                State::QuoteInQuoted if byte == b'"' => State::Quoted,
                State::LineStart | State::FieldStart if byte == b'"' => State::Quoted,
                _ if line_end => {
                    self.ended += 1;
                    State::LineStart
                }
                _ if byte == self.delimiter => State::FieldStart,
                _ => State::Plain,
            };
            if self.ended == 0 {
                self.first.push(byte);
                if self.first == BYTE_ORDER_MARK {
                    self.first.clear();
                    self.state = State::LineStart;
                }
            }
        }
        if self.first.len() > MAX_HEADER_BYTES {
            return Err(Error::failed(format!("the first line of the CSV is longer than {MAX_HEADER_BYTES} bytes"))
                .hint("check `delimiter:`, and that this is a CSV"));
        }
        Ok(())
    }

    /// Records so far, the header among them; one that has begun counts.
    pub fn count(&self) -> u64 {
        self.ended + u64::from(self.state != State::LineStart)
    }

    /// Columns as the header names them, of text unless `types` says otherwise.
    ///
    /// Without a header (and where a name in it is empty) columns are called `_c0`, `_c1`, … as in Spark.
    pub fn schema(&self, header: bool, types: &BTreeMap<String, DataType>) -> Result<SchemaRef> {
        let mut names = self.first_fields()?;
        if header && names.is_empty() {
            return Err(Error::failed("the CSV is empty: it has no header row")
                .hint("with `header: false`, columns are named `_c0`, `_c1`, …"));
        }
        for (place, name) in names.iter_mut().enumerate() {
            if !header || name.is_empty() {
                *name = format!("_c{place}");
            }
        }
        let mut folded: HashMap<String, &String> = HashMap::new();
        for name in &names {
            if let Some(twin) = folded.insert(name.to_lowercase(), name) {
                return Err(Error::failed(format!(
                    "the CSV's header names the same column twice: `{twin}` and `{name}`"
                ))
                .hint("columns are case-insensitive, as in Spark: rename one where the file is made"));
            }
        }
        if let Some(unknown) = types.keys().find(|wanted| !names.contains(wanted)) {
            let listed: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            return Err(Error::failed(format!("`columns:` names `{unknown}`, which the CSV does not have"))
                .hint(format!("its header has {}", listed.join(", "))));
        }
        if let Some((name, _)) = types.iter().find(|(_, data_type)| data_type.is_nested()) {
            return Err(Error::failed(format!(
                "`columns:` gives `{name}` a nested type, but a CSV has plain values only"
            )));
        }
        let fields: Vec<_> = names
            .into_iter()
            .map(|name| {
                let data_type = types.get(&name).cloned().unwrap_or(DataType::Utf8);
                Field::new(name, data_type, true)
            })
            .collect();
        Ok(Arc::new(Schema::new(fields)))
    }

    fn first_fields(&self) -> Result<Vec<String>> {
        let format = Format::default().with_header(true).with_delimiter(self.delimiter);
        let (schema, _) = format
            .infer_schema(self.first.as_slice(), Some(0))
            .map_err(|error| Error::failed("could not read the CSV's header").because(error))?;
        Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::csv::ReaderBuilder;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_many_records_are_counted_as_the_scan_reads(text in "[a,\"\r\n ]{0,40}") {
            let wide = Schema::new((0..64).map(|n| Field::new(n.to_string(), DataType::Utf8, true)).collect::<Vec<_>>());
            let reader = ReaderBuilder::new(Arc::new(wide)).with_truncated_rows(true).build(text.as_bytes()).unwrap();
            let read: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
            prop_assert_eq!(records(&text).count(), read as u64);
        }
    }

    fn records(text: &str) -> Records {
        let mut whole = Records::new(b',');
        whole.push(text.as_bytes()).unwrap();
        let mut bytewise = Records::new(b',');
        text.as_bytes().chunks(1).for_each(|byte| bytewise.push(byte).unwrap());
        assert_eq!((whole.count(), &whole.first), (bytewise.count(), &bytewise.first));
        whole
    }

    fn names(text: &str) -> Result<Vec<String>> {
        let schema = records(text).schema(true, &BTreeMap::new())?;
        Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
    }

    #[test]
    fn records_are_counted_as_they_are_read() {
        assert_eq!(records("a,b\n1,2\n3,4").count(), 3);
        assert_eq!(records("a,b\r\n\r\n\"x\ny\",\"q\"\"\n\"\r\n").count(), 2);
        assert_eq!(records("a\n5\" wide\n6\" wide\n").count(), 3);
        assert_eq!(records("a,b").count(), 1);
        assert_eq!(records("").count(), 0);
    }

    #[test]
    fn headers_may_be_odd_but_not_ambiguous() {
        assert_eq!(
            names("\u{feff}Cost Total $,\"Beak Length (mm)\",,\"a\nb\"\r\n").unwrap(),
            ["Cost Total $", "Beak Length (mm)", "_c2", "a\nb"]
        );
        assert_eq!(
            names("Id,b,ID\n").unwrap_err().to_string(),
            "the CSV's header names the same column twice: `Id` and `ID`"
        );
        assert_eq!(names("").unwrap_err().to_string(), "the CSV is empty: it has no header row");
    }

    #[test]
    fn types_are_the_users() {
        let types = BTreeMap::from([("id".to_string(), DataType::Int64)]);
        let schema = records("id,name\n").schema(true, &types).unwrap();
        assert_eq!(schema.field(0).data_type(), &DataType::Int64);
        assert_eq!(schema.field(1).data_type(), &DataType::Utf8);
        let error = records("Id,name\n").schema(true, &types).unwrap_err();
        assert_eq!(error.to_string(), "`columns:` names `id`, which the CSV does not have");
        assert_eq!(records("1,2\n").schema(false, &BTreeMap::new()).unwrap().field(1).name(), "_c1");
    }
}
