//! CSV bytes → batches. Values are split as text first and typed after that, so that a bad one can be named.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::csv::reader::{Decoder, ReaderBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::error::{Error, Result};

pub struct CsvDecoder {
    decoder: Decoder,
    /// The wanted columns with their own types.
    schema: SchemaRef,
    /// Rows before the batch at hand.
    rows: usize,
    at_start: bool,
}

impl CsvDecoder {
    /// `columns` are the places of the wanted ones in `landed`.
    pub fn new(landed: &Schema, columns: &[usize], delimiter: u8, header: bool, batch_rows: usize) -> Self {
        let text = landed.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true));
        let decoder = ReaderBuilder::new(Arc::new(Schema::new(text.collect::<Vec<_>>())))
            .with_delimiter(delimiter)
            .with_header(header)
            .with_truncated_rows(true)
            .with_batch_size(batch_rows)
            .with_projection(columns.to_vec())
            .build_decoder();
        let fields: Vec<_> = columns.iter().map(|place| landed.fields()[*place].clone()).collect();
        CsvDecoder { decoder, schema: Arc::new(Schema::new(fields)), rows: 0, at_start: true }
    }

    pub fn push(&mut self, mut plain: &[u8], ready: &mut Vec<RecordBatch>) -> Result<()> {
        if std::mem::take(&mut self.at_start) {
            plain = plain.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(plain);
        }
        while !plain.is_empty() {
            let taken = self.decoder.decode(plain).map_err(ragged)?;
            plain = &plain[taken..];
            if self.decoder.capacity() == 0 {
                self.flush(ready)?;
            }
        }
        Ok(())
    }

    pub fn finish(mut self, ready: &mut Vec<RecordBatch>) -> Result<()> {
        // An empty input tells the decoder that the last record is over.
        self.decoder.decode(&[]).map_err(ragged)?;
        self.flush(ready)
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
        if field.data_type() == &DataType::Utf8 {
            return Ok(column.clone());
        }
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let spark_type = crate::lake::types::name(field.data_type());
        let typed = cast_with_options(column, field.data_type(), &options).map_err(|error| {
            Error::failed(format!("column `{}` cannot be read as {spark_type}", field.name())).because(error)
        })?;
        if typed.null_count() > column.null_count() {
            let text = column.as_any().downcast_ref::<StringArray>().expect("the decoder gives text");
            let bad = (0..text.len()).find(|row| typed.is_null(*row) && text.is_valid(*row));
            let row = bad.expect("there are more nulls than before");
            return Err(Error::failed(format!(
                "column `{}`, row {}: `{}` is not a {spark_type}",
                field.name(),
                self.rows + row + 1,
                text.value(row)
            ))
            .hint("leave the column out of `columns:`, so that it stays text, and cast it in SQL"));
        }
        Ok(typed)
    }
}

/// Splitting fails on rows with too many fields only; the decoder's words hold the line.
fn ragged(error: ArrowError) -> Error {
    let ArrowError::CsvError(words) = error else { return Error::failed("broken CSV").because(error) };
    Error::failed(words).hint("a row has more fields than the header: check `delimiter:` and the file's quotes")
}
