//! CSV bytes → batches. Values are split as text first and typed after that, so that a bad one can be named.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::csv::reader::{Decoder, ReaderBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use regex::Regex;

use super::csv_values::{self, LEAVE_IT_OUT};
use super::dialect::{CsvDialect, SkipLines};
use super::escapes::KeptEscapes;
use super::mark::WithoutMark;
use crate::error::{Error, Result};

pub struct CsvDecoder {
    mark: WithoutMark,
    skip: SkipLines,
    escapes: KeptEscapes,
    batches: Batches,
}

struct Batches {
    decoder: Decoder,
    /// The wanted columns with their own types.
    schema: SchemaRef,
    /// Rows before the batch at hand.
    rows: usize,
    decimal_comma: bool,
}

impl CsvDecoder {
    /// `columns` are the places of the wanted ones in `landed`.
    pub fn new(
        landed: &Schema,
        columns: &[usize],
        (delimiter, header): (u8, bool),
        dialect: &CsvDialect,
        batch_rows: usize,
    ) -> Self {
        let text = landed.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true));
        let mut reader = ReaderBuilder::new(Arc::new(Schema::new(text.collect::<Vec<_>>())))
            .with_delimiter(delimiter)
            .with_header(header)
            .with_quote(dialect.quote_byte())
            .with_truncated_rows(true)
            .with_batch_size(batch_rows)
            .with_projection(columns.to_vec());
        if let Some(escape) = dialect.escape_byte() {
            reader = reader.with_escape(escape);
        }
        if let Some(comment) = dialect.comment_byte() {
            reader = reader.with_comment(comment);
        }
        if let Some(nulls) = null_texts(dialect) {
            reader = reader.with_null_regex(nulls);
        }
        let decoder = reader.build_decoder();
        let fields: Vec<_> = columns.iter().map(|place| landed.fields()[*place].clone()).collect();
        let batches =
            Batches { decoder, schema: Arc::new(Schema::new(fields)), rows: 0, decimal_comma: dialect.decimal_comma };
        let (skip, escapes) = (SkipLines::new(dialect.skip_lines), KeptEscapes::new(delimiter, dialect));
        CsvDecoder { mark: WithoutMark::default(), skip, escapes, batches }
    }

    pub fn push(&mut self, plain: &[u8], ready: &mut Vec<RecordBatch>) -> Result<()> {
        self.batches.push(self.escapes.push(self.skip.push(self.mark.push(plain))), ready)
    }

    pub fn finish(mut self, ready: &mut Vec<RecordBatch>) -> Result<()> {
        self.batches.push(self.escapes.push(self.skip.push(self.mark.finish())), ready)?;
        self.batches.push(self.escapes.finish(), ready)?;
        // An empty input tells the decoder that the last record is over.
        self.batches.decoder.decode(&[]).map_err(ragged)?;
        self.batches.flush(ready)
    }
}

impl Batches {
    fn push(&mut self, mut plain: &[u8], ready: &mut Vec<RecordBatch>) -> Result<()> {
        while !plain.is_empty() {
            let taken = self.decoder.decode(plain).map_err(ragged)?;
            plain = &plain[taken..];
            if self.decoder.capacity() == 0 {
                self.flush(ready)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, ready: &mut Vec<RecordBatch>) -> Result<()> {
        let broken = |error: ArrowError| Error::failed("broken CSV").because(error);
        let Some(text) = self.decoder.flush().map_err(broken)? else { return Ok(()) };
        let columns = text
            .columns()
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| self.typed(column, field))
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(text.num_rows()));
        ready.push(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(broken)?);
        self.rows += text.num_rows();
        Ok(())
    }

    fn typed(&self, column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
        let written = column.as_string::<i32>();
        let with_point = (self.decimal_comma && field.data_type().is_numeric()).then(|| with_point(written));
        csv_values::typed(with_point.as_ref().unwrap_or(written), written, field, self.rows, LEAVE_IT_OUT)
    }
}

/// Which texts are null: the empty one, and those that the dialect names.
fn null_texts(dialect: &CsvDialect) -> Option<Regex> {
    let escaped: Vec<_> = dialect.nulls.iter().map(|text| regex::escape(text)).collect();
    let pattern = format!("^(?:|{})$", escaped.join("|"));
    (!escaped.is_empty()).then(|| Regex::new(&pattern).expect("escaped texts are a pattern"))
}

/// Numbers as `1.234,5` with a point in place of the comma, and null for what is not written so.
fn with_point(written: &StringArray) -> StringArray {
    let numbers = written.iter().map(|text| {
        let text = text?.trim();
        let (whole, fraction) = text.split_once(',').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
        let mut groups = whole.trim_start_matches(['+', '-']).split('.');
        let first = groups.next().unwrap_or_default();
        let are_thousands = groups.all(|group| group.len() == 3) && (first.len() <= 3 || !whole.contains('.'));
        let has_point = fraction.is_some_and(|fraction| fraction.contains(['.', ',']));
        let is_number = are_thousands && !has_point && !(first.is_empty() && whole.contains('.'));
        let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
        is_number.then(|| whole.replace('.', "") + &fraction)
    });
    numbers.collect()
}

/// Splitting fails on rows with too many fields only; the decoder's words hold the line.
fn ragged(error: ArrowError) -> Error {
    let ArrowError::CsvError(words) = error else { return Error::failed("broken CSV").because(error) };
    Error::failed(words).hint("a row has more fields than the header: check `delimiter:` and the file's quotes")
}
