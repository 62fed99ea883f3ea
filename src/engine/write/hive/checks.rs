//! The checks' bits of a batch, turned into what is stored, what is kept aside and what is counted.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, RecordBatch, RecordBatchOptions, StringBuilder,
};
use arrow::compute::{and, filter_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type, SchemaRef};
use datafusion::error::Result;

use super::instants::in_unit;
use super::job::{Counts, WriteJob};
use crate::project::OnFail;

/// The accepted rows, and the quarantined ones with their reasons; both without the columns that are not stored.
pub(super) fn sort_out(
    job: &WriteJob,
    bad_schema: &SchemaRef,
    mut batch: RecordBatch,
    counts: &mut Counts,
) -> Result<(RecordBatch, Option<RecordBatch>)> {
    let fields = job.schema.fields();
    let mut is_row = count(job, &batch, counts);
    let has_finer = batch.columns().iter().zip(fields).any(|(column, field)| column.data_type() != field.data_type());
    if let Some(rows) = is_row.take_if(|_| has_finer) {
        // What would be cut is counted of rows only.
        batch = filter_record_batch(&batch, &rows)?;
    }
    let stored = batch.columns().iter().zip(fields);
    let stored = stored.map(|(column, field)| in_unit(column, field.data_type(), &mut counts.timestamps_cut));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let rows = RecordBatch::try_new_with_options(job.schema.clone(), stored.collect::<Result<_>>()?, &options)?;
    let Some(place) = job.place_of_checks() else {
        return Ok((is_row.map_or(Ok(rows.clone()), |is_row| filter_record_batch(&rows, &is_row))?, None));
    };
    let bits = batch.column(place).as_primitive::<Int64Type>();
    let (quarantine, drop) = (job.bits_of(OnFail::Quarantine), job.bits_of(OnFail::Drop));
    // A row that breaks checks of both kinds is kept aside: a quarantine holds every bad row.
    let is_bad = BooleanArray::from_unary(bits, |bits| bits & quarantine != 0);
    let keeps_all = BooleanArray::from_unary(bits, |bits| bits & (quarantine | drop) == 0);
    let (is_bad, accepted, all) = match is_row {
        Some(is_row) => (and(&is_bad, &is_row)?, and(&keeps_all, &is_row)?, is_row.true_count()),
        None => (is_bad, keeps_all, rows.num_rows()),
    };
    let bad_rows = is_bad.true_count();
    counts.quarantined += bad_rows as u64;
    counts.dropped += (all - accepted.true_count() - bad_rows) as u64;
    let bad = match bad_rows {
        0 => None,
        _ => Some(with_reasons(job, bad_schema, &filter_record_batch(&rows, &is_bad)?, bits, &is_bad)?),
    };
    Ok((filter_record_batch(&rows, &accepted)?, bad))
}

/// Counts what came in and which checks it broke; which of it are rows, if some stands for rows that are not here.
fn count(job: &WriteJob, batch: &RecordBatch, counts: &mut Counts) -> Option<BooleanArray> {
    let bits = job.place_of_checks().map(|place| batch.column(place).as_primitive::<Int64Type>().values());
    for (i, broken) in counts.broken.iter_mut().enumerate() {
        *broken += bits.iter().flat_map(|bits| bits.iter()).filter(|bits| **bits >> i & 1 == 1).count() as u64;
    }
    counts.rows_in += batch.num_rows() as u64;
    job.dedupe.as_ref()?;
    let place = job.schema.fields().len() + usize::from(!job.checks.is_empty());
    let duplicates = batch.column(place).as_primitive::<Int64Type>();
    if duplicates.values().iter().all(|rows| *rows == 0) {
        return None;
    }
    for (at, rows) in duplicates.values().iter().enumerate().filter(|(_, rows)| **rows > 0) {
        // One has been counted.
        counts.duplicates += *rows as u64;
        counts.rows_in += *rows as u64 - 1;
        for (i, broken) in counts.broken.iter_mut().enumerate() {
            *broken += bits.map_or(0, |bits| bits[at] >> i & 1) as u64 * (*rows as u64 - 1);
        }
    }
    Some(BooleanArray::from_unary(duplicates, |rows| rows == 0))
}

fn with_reasons(
    job: &WriteJob,
    schema: &SchemaRef,
    bad: &RecordBatch,
    bits: &Int64Array,
    is_bad: &BooleanArray,
) -> Result<RecordBatch> {
    let element = Field::new("element", DataType::Utf8, true);
    let mut reasons = ListBuilder::new(StringBuilder::new()).with_field(element);
    for (bits, _) in bits.values().iter().zip(is_bad.values()).filter(|(_, bad)| *bad) {
        for (_, check) in (0..).zip(&job.checks).filter(|(i, _)| bits >> i & 1 == 1) {
            reasons.values().append_value(&check.name);
        }
        reasons.append(true);
    }
    let columns = bad.columns().iter().cloned().chain([Arc::new(reasons.finish()) as ArrayRef]);
    Ok(RecordBatch::try_new(schema.clone(), columns.collect())?)
}
