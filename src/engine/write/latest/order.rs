//! Which rows have one key, and which of two such rows is the latest.
//!
//! Keys are equal as groups of SQL are: null is a value like others, and so is NaN; the two zeros are one. The latest row has the
//! greatest value of `latest_by`, than which null is lower. Rows that have the same there are in the order of all their columns. So
//! which row it is does not depend on which came first, and if there are several, they are the same.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Float32Type, Float64Type, Int64Type, Schema, SchemaRef,
};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::hash_utils::{HLL_RANDOM_STATE, create_hashes};
use datafusion::common::internal_datafusion_err;
use datafusion::error::Result;

use crate::engine::write::hive::WriteJob;
use crate::engine::write::hive::instants::in_unit;
use crate::project::OnFail;
use crate::spark::functions::scalar::normal;

/// Of the rows of one write.
#[derive(Debug)]
pub(super) struct RowOrder {
    /// The places of the key's columns, and these as they are stored.
    key: Vec<usize>,
    key_schema: SchemaRef,
    latest_by: Vec<usize>,
    /// So many columns are stored.
    stored: usize,
    /// Where the checks' bits are, and those with which a row is taken out.
    checks: Option<(usize, i64)>,
    converter: RowConverter,
}

impl RowOrder {
    pub(super) fn new(job: &WriteJob, input: &Schema) -> Result<Self> {
        let dedupe =
            job.dedupe.as_ref().ok_or_else(|| internal_datafusion_err!("a write of all rows has no latest"))?;
        let places = |names: &[String]| names.iter().map(|name| job.schema.index_of(name)).collect::<Result<_, _>>();
        let (key, latest_by): (Vec<usize>, Vec<usize>) = (places(&dedupe.key)?, places(&dedupe.latest_by)?);
        let stored = job.schema.fields().len();
        let compared = latest_by.iter().copied().chain(0..stored);
        let fields = compared.map(|place| SortField::new(input.field(place).data_type().clone())).collect();
        Ok(RowOrder {
            key_schema: Arc::new(job.schema.project(&key)?),
            key,
            latest_by,
            stored,
            checks: job
                .place_of_checks()
                .map(|place| (place, job.bits_of(OnFail::Quarantine) | job.bits_of(OnFail::Drop))),
            converter: RowConverter::new(fields)?,
        })
    }

    pub(super) fn key_schema(&self) -> &SchemaRef {
        &self.key_schema
    }

    /// The key's columns, where what is equal as a key has the same bits.
    pub(super) fn keys(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let columns = self.key.iter().zip(self.key_schema.fields());
        columns
            .map(|(place, field)| Ok(normalized(&in_unit(rows.column(*place), field.data_type(), &mut 0)?)))
            .collect()
    }

    /// Hashes of the keys, other ones than those by which rows have come to their task.
    pub(super) fn hashes(&self, rows: &RecordBatch) -> Result<Vec<u64>> {
        let mut hashes = vec![0; rows.num_rows()];
        create_hashes(&self.keys(rows)?, &HLL_RANDOM_STATE, &mut hashes)?;
        Ok(hashes)
    }

    /// The bits of the checks that each row breaks, if there are checks.
    pub(super) fn bits<'a>(&self, rows: &'a RecordBatch) -> Option<&'a Int64Array> {
        self.checks.map(|(place, _)| rows.column(place).as_primitive::<Int64Type>())
    }

    pub(super) fn place_of_bits(&self) -> Option<usize> {
        self.checks.map(|(place, _)| place)
    }

    /// Whether a check takes out a row with these bits.
    pub(super) fn is_taken_out(&self, bits: i64) -> bool {
        self.checks.is_some_and(|(_, taken_out)| bits & taken_out != 0)
    }

    /// The rows that no check takes out; `None` if these are all.
    pub(super) fn competing(&self, rows: &RecordBatch) -> Option<UInt32Array> {
        let bits = self.bits(rows)?.values();
        bits.iter().any(|bits| self.is_taken_out(*bits)).then(|| {
            (0..)
                .zip(bits)
                .filter(|(_, bits)| !self.is_taken_out(**bits))
                .map(|(row, _): (u32, _)| row)
                .collect::<Vec<_>>()
                .into()
        })
    }

    /// A number for each row: that of a later row is greater or the same. Where it is the same, [`rows`](Self::rows) say more.
    pub(super) fn ranks(&self, rows: &RecordBatch) -> Result<Vec<u64>> {
        match self.latest_by.first() {
            Some(place) => ranks(rows.column(*place)),
            None => Ok(vec![0; rows.num_rows()]),
        }
    }

    /// The rows as bytes that compare as they do.
    pub(super) fn rows(&self, rows: &RecordBatch) -> Result<Rows> {
        let latest = self.latest_by.iter().map(|place| normalized(rows.column(*place)));
        let columns: Vec<ArrayRef> = latest.chain(rows.columns()[..self.stored].iter().cloned()).collect();
        Ok(self.converter.convert_columns(&columns)?)
    }
}

/// These rows of the columns.
pub(super) fn taken(columns: &[ArrayRef], rows: &UInt32Array) -> Result<Vec<ArrayRef>> {
    columns.iter().map(|column| Ok(take(column, rows, None)?)).collect()
}

/// Floating-point numbers with one NaN and one zero; all else as it is.
fn normalized(values: &ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => {
            let one = values.as_primitive::<Float32Type>().unary::<_, Float32Type>(normal::of_float);
            Arc::new(one as Float32Array)
        }
        DataType::Float64 => {
            let one = values.as_primitive::<Float64Type>().unary::<_, Float64Type>(normal::of_double);
            Arc::new(one as Float64Array)
        }
        _ => values.clone(),
    }
}

fn ranks(values: &ArrayRef) -> Result<Vec<u64>> {
    Ok(match values.data_type() {
        DataType::Utf8 => texts(values.as_string::<i32>().iter().map(|text| text.map(str::as_bytes))),
        DataType::Binary => texts(values.as_binary::<i32>().iter()),
        DataType::Float32 | DataType::Float64 => {
            let numbers = cast(&normalized(values), &DataType::Float64)?;
            of::<Float64Type>(&numbers, |number| {
                let bits = number.to_bits() as i64;
                // Of those below zero the lower ones have the greater bits.
                signed(bits ^ (bits >> 63) & i64::MAX)
            })
        }
        DataType::Decimal128(..) => {
            of::<Decimal128Type>(values, |number| signed(number.clamp(i64::MIN.into(), i64::MAX.into()) as i64))
        }
        _ => of::<Int64Type>(&cast(values, &DataType::Int64)?, signed),
    })
}

/// Null has the lowest number; that others may have it, too, does no harm.
fn of<T: ArrowPrimitiveType>(values: &ArrayRef, rank: impl Fn(T::Native) -> u64) -> Vec<u64> {
    let values = values.as_primitive::<T>();
    match values.null_count() {
        0 => values.values().iter().map(|value| rank(*value)).collect(),
        _ => values.iter().map(|value| value.map_or(0, &rank)).collect(),
    }
}

fn signed(number: i64) -> u64 {
    number as u64 ^ 1 << 63
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> Vec<u64> {
    let first_bytes = |text: &[u8]| {
        let mut first = [0; 8];
        let length = text.len().min(first.len());
        first[..length].copy_from_slice(&text[..length]);
        u64::from_be_bytes(first)
    };
    values.map(|text| text.map_or(0, first_bytes)).collect()
}
