//! How a file of a table is encoded: Parquet as Athena likes it, with a dictionary where that pays.
//!
//! A dictionary that outgrows its page is given up, and then each value was hashed for nothing, which is most of what it
//! costs to encode a column of keys or comments. So the first rows of a file are asked how many distinct values the
//! column is likely to have.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::hash_utils::{HLL_RANDOM_STATE, create_hashes};
use datafusion::error::Result;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Type, ZstdLevel};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::{MOST_DICTIONARY_BYTES, Workshop};

/// So many rows, spread over those at hand, stand for a column.
const SAMPLE: usize = 4096;

/// What a file holds back for its footer, for each column of each row group: bounds, places of pages.
const FOOTER_BYTES: usize = 1024;

/// Whose code makes the pages of flat columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodedBy {
    Us,
    /// As `benches/kernels` measures it beside ours.
    ParquetCrate,
}

/// A Parquet file in memory, a row group at a time.
pub(in crate::engine::write) struct Encoder {
    schema: SchemaRef,
    by: EncodedBy,
    /// Of the schema's columns.
    has_dictionary: Vec<bool>,
    file: SerializedFileWriter<Vec<u8>>,
    /// For columns that [`encode`](super::encode) has no way for.
    others: ArrowRowGroupWriterFactory,
}

impl Encoder {
    /// For a file of rows like these. Zstd at its fastest level, v1 data pages, no Arrow schema beside Parquet's own.
    pub(in crate::engine::write) fn new(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<Self> {
        let has_dictionary =
            (0..schema.fields().len()).map(|i| dictionary_pays(rows, i)).collect::<Result<Vec<_>>>()?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("trapiche ", env!("CARGO_PKG_VERSION")).to_string());
        for (field, _) in schema.fields().iter().zip(&has_dictionary).filter(|(_, has)| !**has) {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false);
        }
        let parquet_schema = ArrowSchemaConverter::new().convert(schema)?;
        // The Parquet crate writes those within structs and lists, and leaves NaN out of their bounds: see `super::numbers`.
        for leaf in parquet_schema.columns().iter().filter(|leaf| leaf.path().parts().len() > 1) {
            if matches!(leaf.physical_type(), Type::FLOAT | Type::DOUBLE) {
                properties = properties.set_column_statistics_enabled(leaf.path().clone(), EnabledStatistics::None);
            }
        }
        let file = SerializedFileWriter::new(vec![], parquet_schema.root_schema_ptr(), Arc::new(properties.build()))?;
        let others = ArrowRowGroupWriterFactory::new(&file, schema.clone());
        Ok(Encoder { schema: schema.clone(), by: EncodedBy::Us, has_dictionary, file, others })
    }

    /// Encodes these rows as a row group. Lets others have the thread after each column.
    pub(in crate::engine::write) async fn write(
        &mut self,
        rows: &[RecordBatch],
        workshop: &mut Workshop,
    ) -> Result<()> {
        if rows.iter().all(|batch| batch.num_rows() == 0) {
            return Ok(());
        }
        let number = self.file.flushed_row_groups().len();
        let columns = self.file.schema_descr().columns().to_vec();
        let root_of = (0..columns.len()).map(|i| self.file.schema_descr().get_column_root_idx(i)).collect::<Vec<_>>();
        let mut others: Vec<Option<ArrowColumnWriter>> = vec![];
        let mut row_group = self.file.next_row_group()?;
        let mut first = 0;
        for (i, field) in self.schema.fields().iter().enumerate() {
            let leaves = first..first + root_of[first..].iter().take_while(|root| **root == i).count();
            first = leaves.end;
            let parts: Vec<ArrayRef> = rows.iter().map(|batch| batch.column(i).clone()).collect();
            let ours = match self.by {
                EncodedBy::Us => super::encode(&parts, &columns[leaves.start], self.has_dictionary[i], workshop)?,
                EncodedBy::ParquetCrate => None,
            };
            if let Some((bytes, close)) = ours {
                row_group.append_column(&bytes, close)?;
            } else {
                if others.is_empty() {
                    others = self.others.create_column_writers(number)?.into_iter().map(Some).collect();
                }
                let parts: Vec<&dyn Array> = parts.iter().map(|part| part.as_ref()).collect();
                let of_field = compute_leaves(field, &concat(&parts)?)?;
                for (leaf, values) in leaves.zip(of_field) {
                    let mut writer = others[leaf].take().expect("a leaf belongs to one field");
                    writer.write(&values)?;
                    writer.close()?.append_to_row_group(&mut row_group)?;
                }
            }
            tokio::task::yield_now().await;
        }
        row_group.close()?;
        Ok(())
    }

    /// Of the file so far, those that were taken included.
    pub(in crate::engine::write) fn bytes_written(&self) -> u64 {
        self.file.bytes_written() as u64
    }

    /// The bytes that were written since the last time.
    pub(in crate::engine::write) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(self.file.inner_mut())
    }

    /// Writes the footer.
    pub(in crate::engine::write) fn finish(&mut self) -> Result<ParquetMetaData> {
        Ok(self.file.finish()?)
    }

    /// Bytes that it holds.
    pub(in crate::engine::write) fn held_bytes(&self) -> usize {
        let chunks = self.file.flushed_row_groups().len() * self.file.schema_descr().num_columns();
        self.file.inner().capacity() + chunks * FOOTER_BYTES
    }
}

/// A file of one row group, which is these rows.
///
/// # Errors
/// When a column has a type that Parquet has no form for.
pub async fn file_of(rows: &[RecordBatch], by: EncodedBy) -> Result<Vec<u8>> {
    let schema = rows.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    let mut encoder = Encoder { by, ..Encoder::new(&schema, rows)? };
    encoder.write(rows, &mut Workshop::new()?).await?;
    encoder.finish()?;
    Ok(encoder.take_bytes())
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
    Ok(dictionary_bytes <= MOST_DICTIONARY_BYTES as f64 && dictionary_bytes + index_bytes < 0.8 * plain_bytes)
}

/// Bytes of a value without its text; `None` for types that are left to the Parquet writer.
fn plain_width(data_type: &DataType) -> Option<f64> {
    match data_type {
        DataType::Utf8 | DataType::Binary => Some(4.0),
        // Parquet has nothing narrower than four bytes, and decimals of up to 18 digits in eight.
        DataType::Decimal128(precision, _) | DataType::Decimal64(precision, _) if *precision <= 18 => {
            Some(if *precision <= 9 { 4.0 } else { 8.0 })
        }
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
