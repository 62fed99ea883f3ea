//! CSV as databases write it, strictly: a null is an empty field, an empty text is `""`, and there is no header.
//!
//! It is what PostgreSQL's `COPY … (FORMAT csv)` gives (<https://www.postgresql.org/docs/current/sql-copy.html>). A line
//! end ends a row, also an empty one: a row of one column that is null. Bytes are hexadecimal after `\x`.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, StringBuilder};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::csv_values::{self, AT_FAULT_IS_THE_LANDING};
use crate::error::{Error, Result};

/// A batch has at most so much text in one column, which is less than the offsets of an array count.
const BATCH_BYTES: usize = 256 << 20;

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CsvField<'a> {
    Null,
    Plain(&'a [u8]),
    /// What stands between the quotes, with each quote in it doubled.
    Quoted(&'a [u8]),
}

impl<'a> CsvField<'a> {
    /// Its text; `None` for null.
    pub fn text(self) -> Option<Cow<'a, [u8]>> {
        match self {
            CsvField::Null => None,
            CsvField::Plain(text) => Some(text.into()),
            CsvField::Quoted(text) if !text.contains(&b'"') => Some(text.into()),
            CsvField::Quoted(text) => {
                let mut plain = Vec::with_capacity(text.len());
                let mut doubled = false;
                for byte in text {
                    doubled = *byte == b'"' && !doubled;
                    if !doubled {
                        plain.push(*byte);
                    }
                }
                Some(plain.into())
            }
        }
    }
}

/// Adds a field to a row.
pub fn write(field: Option<&[u8]>, row: &mut Vec<u8>) {
    let Some(text) = field else { return };
    if !text.is_empty() && !text.iter().any(|byte| matches!(byte, b'"' | b',' | b'\n' | b'\r')) {
        return row.extend_from_slice(text);
    }
    row.push(b'"');
    for byte in text {
        if *byte == b'"' {
            row.push(b'"');
        }
        row.push(*byte);
    }
    row.push(b'"');
}

/// Adds bytes to a row, in hexadecimal.
pub fn write_bytes(bytes: &[u8], row: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    row.extend_from_slice(b"\\x");
    row.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

/// Where the row at the beginning of `text` ends, with the fields in it; `None` if it does not end there.
///
/// # Errors
/// When something follows a closing quote that is no end of a field.
pub fn row<'a>(text: &'a [u8], fields: &mut Vec<CsvField<'a>>) -> Result<Option<usize>> {
    fields.clear();
    let mut at = 0;
    loop {
        let start = at;
        if text.get(at) == Some(&b'"') {
            at += 1;
            loop {
                let Some(quote) = text[at..].iter().position(|byte| *byte == b'"') else { return Ok(None) };
                at += quote + 1;
                match text.get(at) {
                    Some(b'"') => at += 1,
                    _ => break,
                }
            }
            fields.push(CsvField::Quoted(&text[start + 1..at - 1]));
        } else {
            let Some(end) = text[at..].iter().position(|byte| matches!(byte, b',' | b'\n')) else { return Ok(None) };
            at += end;
            fields.push(if end == 0 { CsvField::Null } else { CsvField::Plain(&text[start..at]) });
        }
        match text.get(at) {
            Some(b',') => at += 1,
            Some(b'\n') => return Ok(Some(at + 1)),
            None => return Ok(None),
            Some(_) => return Err(Error::failed("broken CSV: something follows a closing quote")),
        }
    }
}

/// Bytes in chunks of any size → batches of the wanted columns.
pub struct TableCsvDecoder {
    /// Of the wanted columns.
    schema: SchemaRef,
    /// Their places in a row, and how many columns that has.
    places: Vec<usize>,
    width: usize,
    batch_rows: usize,
    /// The beginning of a row whose end has not come.
    begun: Vec<u8>,
    /// It is looked at again when there is as much.
    look_at_bytes: usize,
    columns: Vec<Building>,
    rows: usize,
    /// Rows before the batch at hand.
    rows_before: usize,
}

/// A column of the next batch.
enum Building {
    Text(StringBuilder),
    Bytes(BinaryBuilder),
}

impl TableCsvDecoder {
    /// `places` are those of the wanted columns in `landed`.
    pub fn new(landed: &Schema, places: &[usize], batch_rows: usize) -> Self {
        let fields: Vec<_> = places.iter().map(|place| landed.fields()[*place].clone()).collect();
        let columns = fields.iter().map(|field| match field.data_type() {
            DataType::Binary => Building::Bytes(BinaryBuilder::new()),
            _ => Building::Text(StringBuilder::new()),
        });
        TableCsvDecoder {
            columns: columns.collect(),
            schema: Arc::new(Schema::new(fields)),
            places: places.to_vec(),
            width: landed.fields().len(),
            batch_rows,
            begun: vec![],
            look_at_bytes: 0,
            rows: 0,
            rows_before: 0,
        }
    }

    pub fn push(&mut self, plain: &[u8], ready: &mut Vec<RecordBatch>) -> Result<()> {
        if self.begun.is_empty() {
            let taken = self.take(plain, ready)?;
            self.begun.extend_from_slice(&plain[taken..]);
        } else {
            self.begun.extend_from_slice(plain);
            if self.begun.len() < self.look_at_bytes {
                return Ok(());
            }
            let begun = std::mem::take(&mut self.begun);
            let taken = self.take(&begun, ready)?;
            self.begun.extend_from_slice(&begun[taken..]);
        }
        // A row of a gigabyte is not looked at a thousand times.
        self.look_at_bytes = self.begun.len() * 2;
        Ok(())
    }

    pub fn finish(mut self, ready: &mut Vec<RecordBatch>) -> Result<()> {
        if !self.begun.is_empty() {
            let begun = std::mem::take(&mut self.begun);
            if self.take(&begun, ready)? < begun.len() {
                return Err(Error::failed(format!("row {} is cut short", self.rows_before + self.rows + 1))
                    .hint(AT_FAULT_IS_THE_LANDING));
            }
        }
        self.flush(ready)
    }

    /// Takes whole rows; gives how many bytes they have.
    fn take(&mut self, text: &[u8], ready: &mut Vec<RecordBatch>) -> Result<usize> {
        let mut fields = Vec::with_capacity(self.width);
        let mut taken = 0;
        while taken < text.len() {
            let in_row = |error: Error, row: usize| error.context(format!("row {row}")).hint(AT_FAULT_IS_THE_LANDING);
            let row = self.rows_before + self.rows + 1;
            let Some(end) = self::row(&text[taken..], &mut fields).map_err(|error| in_row(error, row))? else { break };
            if fields.len() != self.width {
                let message = format!("it has {} fields instead of {}", fields.len(), self.width);
                return Err(in_row(Error::failed(message), row));
            }
            for (column, place) in self.columns.iter_mut().zip(&self.places) {
                column.add(fields[*place]).map_err(|message| in_row(Error::failed(message), row))?;
            }
            taken += end;
            self.rows += 1;
            if self.rows == self.batch_rows || self.columns.iter().any(Building::is_large) {
                self.flush(ready)?;
            }
        }
        Ok(taken)
    }

    fn flush(&mut self, ready: &mut Vec<RecordBatch>) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let columns = self.columns.iter_mut().zip(self.schema.fields()).map(|(column, field)| match column {
            Building::Text(texts) => {
                let texts = texts.finish();
                csv_values::typed(&texts, &texts, field, self.rows_before, AT_FAULT_IS_THE_LANDING)
            }
            Building::Bytes(bytes) => Ok(Arc::new(bytes.finish()) as ArrayRef),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| Error::failed("broken CSV").because(error))?;
        ready.push(batch);
        self.rows_before += std::mem::take(&mut self.rows);
        Ok(())
    }
}

impl Building {
    fn add(&mut self, field: CsvField) -> Result<(), String> {
        let text = field.text();
        match self {
            Building::Text(texts) => {
                let text = text.as_deref().map(std::str::from_utf8).transpose();
                texts.append_option(text.map_err(|error| format!("it is not UTF-8: {error}"))?);
            }
            Building::Bytes(bytes) => match text {
                None => bytes.append_null(),
                Some(text) => bytes.append_value(unhex(&text).ok_or("a field has no bytes in hexadecimal")?),
            },
        }
        Ok(())
    }

    fn is_large(&self) -> bool {
        let bytes = match self {
            Building::Text(texts) => texts.values_slice().len(),
            Building::Bytes(bytes) => bytes.values_slice().len(),
        };
        bytes >= BATCH_BYTES
    }
}

/// What `\x…` stands for.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"\\x")?;
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Field as Column;
    use proptest::prelude::*;

    fn decoded(schema: &Schema, places: &[usize], text: &[u8], piece: usize, rows: usize) -> Result<Vec<RecordBatch>> {
        let mut ready = vec![];
        let mut decoder = TableCsvDecoder::new(schema, places, rows);
        for chunk in text.chunks(piece.max(1)) {
            decoder.push(chunk, &mut ready)?;
        }
        decoder.finish(&mut ready)?;
        Ok(ready)
    }

    fn texts(columns: usize) -> Schema {
        Schema::new((0..columns).map(|n| Column::new(format!("c{n}"), DataType::Utf8, true)).collect::<Vec<_>>())
    }

    fn error_of(schema: &Schema, text: &str) -> String {
        decoded(schema, &[0], text.as_bytes(), 3, 9).unwrap_err().to_string()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rows in prop::collection::vec(prop::collection::vec(prop::option::of("[a,\"\r\n\\\\é.]{0,6}"), 3), 0..8),
            piece in 1_usize..20,
            batch in 1_usize..5,
        ) {
            let mut text = vec![];
            for row in &rows {
                for (place, field) in row.iter().enumerate() {
                    if place > 0 {
                        text.push(b',');
                    }
                    write(field.as_deref().map(str::as_bytes), &mut text);
                }
                text.push(b'\n');
            }
            for places in [&[0_usize, 1, 2][..], &[2, 0], &[]] {
                let batches = decoded(&texts(3), places, &text, piece, batch).unwrap();
                prop_assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows.len());
                for (column, place) in places.iter().enumerate() {
                    let read = batches.iter().flat_map(|batch| {
                        batch.column(column).as_string::<i32>().iter().map(|text| text.map(String::from)).collect::<Vec<_>>()
                    });
                    let written: Vec<_> = rows.iter().map(|row| row[*place].clone()).collect();
                    prop_assert_eq!(read.collect::<Vec<_>>(), written);
                }
            }
        }

        #[test]
        fn no_bytes_end_the_program(text in prop::collection::vec(prop::sample::select(&b"a\",\n\\x\xff"[..]), 0..30), piece in 1_usize..9) {
            let schema = Schema::new(vec![Column::new("a", DataType::Utf8, true), Column::new("b", DataType::Binary, true)]);
            let _ = decoded(&schema, &[0, 1], &text, piece, 2);
        }
    }

    #[test]
    fn an_empty_line_is_a_row_of_one_null() {
        let batches = decoded(&texts(1), &[0], b"\n\"\"\n\\N\n", 2, 9).unwrap();
        let column = batches[0].column(0).as_string::<i32>();
        assert_eq!(column.iter().collect::<Vec<_>>(), [None, Some(""), Some("\\N")]);
    }

    #[test]
    fn bytes_are_hexadecimal() {
        let schema = Schema::new(vec![Column::new("a", DataType::Binary, true)]);
        let batches = decoded(&schema, &[0], b"\\x00fF\n\\x\n\n", 4, 9).unwrap();
        let column = batches[0].column(0).as_binary::<i32>();
        assert_eq!(column.value(0), [0, 255]);
        assert_eq!((column.value(1), column.is_null(2)), (&[][..], true));
        assert_eq!(error_of(&schema, "\\x0\n"), "row 1: a field has no bytes in hexadecimal");
    }

    #[test]
    fn what_no_database_writes_is_an_error() {
        assert_eq!(error_of(&texts(2), "a,b\na\n"), "row 2: it has 1 fields instead of 2");
        assert_eq!(error_of(&texts(1), "\"a\"b\n"), "row 1: broken CSV: something follows a closing quote");
        assert_eq!(error_of(&texts(1), "a\n\"b"), "row 2 is cut short");
    }
}
