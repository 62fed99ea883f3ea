//! How a file of a table is encoded: Parquet as Athena likes it, with a dictionary where that pays.
//!
//! The Parquet writer tries a dictionary on every column and gives up once it has a mebibyte of distinct values. Until
//! then each value was hashed for nothing, which is most of what it costs to encode a column of keys or comments. So the
//! first rows of a file are asked how many distinct values the column is likely to have.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::hash_utils::{HLL_RANDOM_STATE, create_hashes};
use datafusion::error::Result;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{DEFAULT_DICTIONARY_PAGE_SIZE_LIMIT, WriterProperties};
use parquet::schema::types::ColumnPath;

/// Values that the writer takes before it looks whether a page is full; what it does then is done less often.
const ENCODED_AT_ONCE: usize = 8192;

/// So many rows, spread over those at hand, stand for a column.
const SAMPLE: usize = 4096;

/// An encoder for rows like these. Zstd at its fastest level, v1 data pages, no Arrow schema beside Parquet's own.
pub(super) fn encoder(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<ArrowWriter<Vec<u8>>> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_write_batch_size(ENCODED_AT_ONCE)
        .set_created_by(concat!("trapiche ", env!("CARGO_PKG_VERSION")).to_string());
    for (i, field) in schema.fields().iter().enumerate() {
        if !dictionary_pays(rows, i)? {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false);
        }
    }
    let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
    Ok(ArrowWriter::try_new_with_options(vec![], schema.clone(), options)?)
}

/// Whether a dictionary and the numbers of its entries are likely to be clearly smaller than the values themselves.
fn dictionary_pays(rows: &[RecordBatch], column: usize) -> Result<bool> {
    let total: usize = rows.iter().map(RecordBatch::num_rows).sum();
    let Some(width) = rows.first().and_then(|batch| plain_width(batch.column(column).data_type())) else {
        return Ok(true);
    };
    let mut seen = Distinct::default();
    let (mut sampled, mut text_bytes) = (0, 0);
    let each = SAMPLE.div_ceil(rows.len()).max(16);
    for batch in rows.iter().step_by((rows.len() * 16).div_ceil(SAMPLE)) {
        let some = batch.column(column).slice(0, each.min(batch.num_rows()));
        text_bytes += text_size(&some);
        sampled += some.len();
        seen.add(&some)?;
    }
    let width = width + text_bytes as f64 / sampled.max(1) as f64;
    let distinct = distinct_of(total as f64, sampled as f64, seen.count());
    let dictionary_bytes = distinct * width;
    let index_bytes = total as f64 * distinct.max(2.0).log2().ceil() / 8.0;
    let plain_bytes = total as f64 * width;
    Ok(dictionary_bytes <= DEFAULT_DICTIONARY_PAGE_SIZE_LIMIT as f64
        && dictionary_bytes + index_bytes < 0.8 * plain_bytes)
}

/// Bytes of a value without its text; `None` for types that are left to the Parquet writer.
fn plain_width(data_type: &DataType) -> Option<f64> {
    match data_type {
        DataType::Utf8 | DataType::Binary => Some(4.0),
        // Parquet has nothing narrower than four bytes, and decimals of up to 18 digits in eight.
        DataType::Decimal128(precision, _) if *precision <= 18 => Some(if *precision <= 9 { 4.0 } else { 8.0 }),
        other => other.primitive_width().map(|width| width.max(4) as f64),
    }
}

fn text_size(column: &dyn Array) -> usize {
    match column.data_type() {
        DataType::Utf8 | DataType::Binary => {
            let offsets = column.to_data();
            let offsets = &offsets.buffer::<i32>(0)[..=column.len()];
            (offsets[column.len()] - offsets[0]) as usize
        }
        _ => 0,
    }
}

/// How many distinct values there are among `total`, when a sample of `sampled` has `seen`: the number D of equally
/// frequent values of which a sample shows D·(1 − e^(−sampled/D)).
fn distinct_of(total: f64, sampled: f64, seen: f64) -> f64 {
    let shown = |distinct: f64, rows: f64| distinct * (1.0 - (-rows / distinct).exp());
    let (mut low, mut high) = (seen.max(1.0), 1e9);
    if seen >= 0.999 * shown(high, sampled) {
        return total;
    }
    for _ in 0..40 {
        let middle = (low * high).sqrt();
        match shown(middle, sampled) < seen {
            true => low = middle,
            false => high = middle,
        }
    }
    shown(low, total)
}

/// Counts distinct values by the bits that their hashes set, which needs no table of values.
/// Whang et al., "A linear-time probabilistic counting algorithm for database applications", 1990.
struct Distinct {
    bits: Vec<u64>,
    hashes: Vec<u64>,
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct { bits: vec![0; SAMPLE / 8], hashes: vec![] }
    }
}

impl Distinct {
    fn add(&mut self, values: &dyn Array) -> Result<()> {
        self.hashes.clear();
        self.hashes.resize(values.len(), 0);
        create_hashes([values], &HLL_RANDOM_STATE, &mut self.hashes)?;
        let slots = self.bits.len() as u64 * 64;
        for hash in &self.hashes {
            let slot = hash % slots;
            self.bits[(slot / 64) as usize] |= 1 << (slot % 64);
        }
        Ok(())
    }

    fn count(&self) -> f64 {
        let slots = self.bits.len() as f64 * 64.0;
        let free: u32 = self.bits.iter().map(|word| word.count_zeros()).sum();
        slots * (slots / f64::from(free.max(1))).ln()
    }
}
