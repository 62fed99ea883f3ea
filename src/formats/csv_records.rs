//! What landing a CSV needs to know of it: the names in its header, and how many records follow.
//!
//! Records are told apart by the scan's own reader, csv-core (RFC 4180). Fields are not looked at, but those of the first. Where
//! nothing is escaped or a comment, and quotes stand around whole fields, line ends and quotes are all that is looked for.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr2_iter, memchr3};

use super::dialect::{CsvDialect, SkipLines};
use super::mark::WithoutMark;
use crate::error::{Error, Result};

/// A header is held in memory; more than this is not a header.
const MAX_HEADER_BYTES: usize = 1 << 20;

/// Where fields are written that nobody reads.
const SCRATCH_BYTES: usize = 16 << 10;
const SCRATCH_FIELDS: usize = 1 << 10;

/// Bytes that are looked at together for what makes a record more than a line.
const BLOCK_BYTES: usize = 8 << 10;

/// Follows a CSV in chunks of any size.
#[derive(Debug)]
pub struct Records {
    mark: WithoutMark,
    skip: SkipLines,
    counter: Counter,
}

#[derive(Debug)]
struct Counter {
    splitter: Splitter,
    delimiter: u8,
    quote: u8,
    /// Bytes that only csv-core understands: an escape, the mark of a comment, and the other line end.
    special: [u8; 3],
    is_between: bool,
    /// Records that have ended.
    ended: u64,
    /// The first record: its fields one after the other, and where each of them ends.
    first: Vec<u8>,
    first_ends: Vec<usize>,
}

impl Records {
    pub fn new(delimiter: u8, dialect: &CsvDialect) -> Self {
        let mut reader = ReaderBuilder::new();
        reader.delimiter(delimiter).quote(dialect.quote_byte()).comment(dialect.comment_byte());
        // As the scan's reader has it: by either of the two.
        let reader = reader.escape(dialect.escape_byte()).build();
        let splitter = Splitter { reader, text: vec![0; SCRATCH_BYTES], ends: vec![0; SCRATCH_FIELDS] };
        let special = [dialect.escape_byte(), dialect.comment_byte(), None].map(|byte| byte.unwrap_or(b'\r'));
        let quote = dialect.quote_byte();
        let (is_between, ended, first, first_ends) = (false, 0, vec![], vec![]);
        let counter = Counter { splitter, delimiter, quote, special, is_between, ended, first, first_ends };
        Records { mark: WithoutMark::default(), skip: SkipLines::new(dialect.skip_lines), counter }
    }

    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        self.counter.push(self.skip.push(self.mark.push(chunk)))
    }

    /// Says that the text is over: a record that has begun ends with it, unless quotes are open.
    pub fn finish(&mut self) -> Result<()> {
        self.counter.push(self.skip.push(self.mark.finish()))?;
        let ended = self.counter.ended;
        // The missing line end. If it ends no record, there was none at hand, or it stands in quotes.
        self.counter.push(b"\n")?;
        if self.counter.ended == ended && self.counter.splitter.is_in_quotes() {
            return Err(Error::failed(format!("the CSV ends inside quotes, in record {}", ended + 1))
                .hint("it was cut short, or a quote in it is not doubled; fetch it again"));
        }
        Ok(())
    }

    /// Records that have ended, the header among them.
    pub fn count(&self) -> u64 {
        self.counter.ended
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
        let Counter { first, first_ends, .. } = &self.counter;
        let starts = std::iter::once(&0).chain(first_ends);
        let fields = starts.zip(first_ends).map(|(start, end)| String::from_utf8(first[*start..*end].to_vec()));
        fields.collect::<Result<_, _>>().map_err(|error| Error::failed("the CSV's header is not UTF-8").because(error))
    }
}

impl Counter {
    fn push(&mut self, text: &[u8]) -> Result<()> {
        let mut at = 0;
        // Up to where records are told apart by csv-core.
        let mut special_until = 0;
        while at < text.len() {
            if self.is_between && at >= special_until {
                let block = &text[at..][..BLOCK_BYTES.min(text.len() - at)];
                match self.whole_records(block) {
                    Some((records, taken)) if taken > 0 => {
                        self.ended += records;
                        at += taken;
                        continue;
                    }
                    // A record that is longer than a block.
                    Some(_) => {}
                    None => special_until = at + block.len(),
                }
            }
            at += self.step(&text[at..])?;
        }
        Ok(())
    }

    /// How many records are whole in a block that begins with one, and where the last of them ends. `None` where csv-core has to
    /// say so: a quote inside a field that is not quoted stands for itself.
    fn whole_records(&self, block: &[u8]) -> Option<(u64, usize)> {
        let [a, b, c] = self.special;
        if memchr3(a, b, c, block).is_some() {
            return None;
        }
        let (mut records, mut start, mut is_quoted) = (0, 0, false);
        for at in memchr2_iter(self.quote, b'\n', block) {
            if block[at] == self.quote {
                // After a quote it is the second one of two that stand for one.
                let is_opening = at == start || block[at - 1] == self.delimiter || block[at - 1] == self.quote;
                if !is_quoted && !is_opening {
                    return None;
                }
                is_quoted = !is_quoted;
            } else if !is_quoted {
                records += u64::from(at > start);
                start = at + 1;
            }
        }
        Some((records, start))
    }

    /// Reads on, to the end of a record at most; gives how much of the text that took.
    fn step(&mut self, text: &[u8]) -> Result<usize> {
        let (result, taken, fields, ends) = self.splitter.read(text);
        if self.ended == 0 {
            self.first.extend_from_slice(fields);
            self.first_ends.extend_from_slice(ends);
            if self.first.len() > MAX_HEADER_BYTES {
                return Err(Error::failed(format!(
                    "the first line of the CSV is longer than {MAX_HEADER_BYTES} bytes"
                ))
                .hint("check `delimiter:`, and that this is a CSV"));
            }
        }
        self.is_between = result == ReadRecordResult::Record;
        self.ended += u64::from(self.is_between);
        Ok(taken)
    }
}

/// csv-core's reader with room for what it gives.
#[derive(Debug)]
struct Splitter {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    /// What it came to, how much of the input that took, and the fields on the way: their text and their ends.
    fn read(&mut self, input: &[u8]) -> (ReadRecordResult, usize, &[u8], &[usize]) {
        let (result, taken, written, fields) = self.reader.read_record(input, &mut self.text, &mut self.ends);
        (result, taken, &self.text[..written], &self.ends[..fields])
    }

    /// Whether the reader is in quotes, where a line end does not end a record. It is of no use afterwards, and it cannot be
    /// cloned: csv-core's copies read something else.
    fn is_in_quotes(&mut self) -> bool {
        let mut rest = &b"x\n"[..];
        while !rest.is_empty() {
            let (result, taken, ..) = self.read(rest);
            if result == ReadRecordResult::Record {
                return false;
            }
            rest = &rest[taken..];
        }
        true
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
            let (counted, whole) = records(&text);
            prop_assert!(counted == read as u64 || whole.is_err(), "{} records, not {}", counted, read);
        }

        #[test]
        fn an_open_quote_at_the_end_is_seen(whole in "([a-c ]{0,3}|\"[a,\r\n]{0,3}\")(,[a-c]{0,3}|\n[a-c]{1,3}|\r\n){0,4}") {
            prop_assert!(records(&whole).1.is_ok(), "{:?}", whole);
            for separator in [",", "\n", "\r\n"] {
                let cut = format!("{whole}{separator}\"a\"\"b\n");
                let error = records(&cut).1.unwrap_err();
                prop_assert!(error.to_string().starts_with("the CSV ends inside quotes, in record "), "{}", error);
                prop_assert!(records(&(cut + "\"")).1.is_ok());
            }
        }
    }

    /// How many records there are, and whether the end is sound.
    fn records(text: &str) -> (u64, Result<Records>) {
        let followed = |size: usize| {
            let mut records = Records::new(b',', &CsvDialect::default());
            text.as_bytes().chunks(size).for_each(|piece| records.push(piece).unwrap());
            let whole = records.finish();
            (records.count(), whole.map(|()| records))
        };
        let (whole, bytewise) = (followed(text.len().max(1)), followed(1));
        assert_eq!(whole.0, bytewise.0);
        assert_eq!(whole.1.is_ok(), bytewise.1.is_ok());
        if let (Ok(whole), Ok(bytewise)) = (&whole.1, &bytewise.1) {
            assert_eq!(whole.first_fields().unwrap(), bytewise.first_fields().unwrap());
        }
        whole
    }

    fn whole(text: &str) -> Records {
        records(text).1.unwrap()
    }

    fn names(text: &str) -> Result<Vec<String>> {
        let schema = whole(text).schema(true, &BTreeMap::new())?;
        Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
    }

    proptest! {
        #[test]
        fn lines_are_counted_as_records(
            text in "(a\n){0,3}[a,\n]{0,60}(([a,\"\r\n#]{0,9}|(,\"(a|,|\n|\"\"){0,4}\"[,\n]){0,3})[a,\n]{0,40}){0,4}",
            cut in 0_usize..200,
        ) {
            // So many that there are whole blocks of lines, and such with something else.
            let long = text.repeat(1 + 20_000 / (text.len() + 1));
            let cut = cut * long.len() / 200;
            for comment in [None, Some('#')] {
                let dialect = CsvDialect { comment, ..CsvDialect::default() };
                let mut records = Records::new(b',', &dialect);
                records.push(&long.as_bytes()[..cut]).unwrap();
                records.push(&long.as_bytes()[cut..]).unwrap();
                let mut slowly = Records::new(b',', &dialect);
                for byte in long.as_bytes().chunks(1) {
                    slowly.counter.is_between = false;
                    slowly.push(byte).unwrap();
                }
                prop_assert_eq!(records.count(), slowly.count());
                prop_assert_eq!(records.finish().is_ok(), slowly.finish().is_ok());
            }
        }
    }

    #[test]
    fn records_are_counted_as_they_are_read() {
        assert_eq!(records("a,b\n1,2\n3,4").0, 3);
        assert_eq!(records("a,b\r\n\r\n\"x\ny\",\"q\"\"\n\"\r\n").0, 2);
        assert_eq!(records("a\n5\" wide\n6\" wide\n").0, 3);
        assert_eq!(records("a,b").0, 1);
        assert_eq!(records("").0, 0);
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
        let schema = whole("id,name\n").schema(true, &types).unwrap();
        assert_eq!(schema.field(0).data_type(), &DataType::Int64);
        assert_eq!(schema.field(1).data_type(), &DataType::Utf8);
        let error = whole("Id,name\n").schema(true, &types).unwrap_err();
        assert_eq!(error.to_string(), "`columns:` names `id`, which the CSV does not have");
        assert_eq!(whole("1,2\n").schema(false, &BTreeMap::new()).unwrap().field(1).name(), "_c1");
    }
}
