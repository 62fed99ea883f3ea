//! The checks' bits of a batch, turned into what is stored, what is kept aside and what is counted.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, RecordBatch, RecordBatchOptions, StringBuilder,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Int64Type, SchemaRef};
use datafusion::error::Result;

use super::instants::in_unit;
use super::job::{Counts, WriteJob};
use crate::project::OnFail;

/// The accepted rows, and the quarantined ones with their reasons; both without the checks' column.
pub(super) fn sort_out(
    job: &WriteJob,
    bad_schema: &SchemaRef,
    batch: RecordBatch,
    counts: &mut Counts,
) -> Result<(RecordBatch, Option<RecordBatch>)> {
    counts.rows_in += batch.num_rows() as u64;
    let fields = job.schema.fields();
    let stored = batch.columns().iter().zip(fields);
    let stored = stored.map(|(column, field)| in_unit(column, field.data_type(), &mut counts.timestamps_cut));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let rows = RecordBatch::try_new_with_options(job.schema.clone(), stored.collect::<Result<_>>()?, &options)?;
    if job.checks.is_empty() {
        return Ok((rows, None));
    }
    let bits = batch.column(fields.len()).as_primitive::<Int64Type>().clone();
    for (i, broken) in counts.broken.iter_mut().enumerate() {
        *broken += bits.values().iter().filter(|bits| *bits >> i & 1 == 1).count() as u64;
    }
    let mask = |action| (0..).zip(&job.checks).filter(|(_, c)| c.on_fail == action).fold(0i64, |m, (i, _)| m | 1 << i);
    let (quarantine, drop) = (mask(OnFail::Quarantine), mask(OnFail::Drop));
    // A row that breaks checks of both kinds is kept aside: a quarantine holds every bad row.
    let is_bad = BooleanArray::from_iter(bits.values().iter().map(|bits| Some(bits & quarantine != 0)));
    let accepted = BooleanArray::from_iter(bits.values().iter().map(|bits| Some(bits & (quarantine | drop) == 0)));
    let bad_rows = is_bad.true_count() as u64;
    counts.quarantined += bad_rows;
    counts.dropped += (rows.num_rows() - accepted.true_count()) as u64 - bad_rows;
    let bad = match bad_rows {
        0 => None,
        _ => Some(with_reasons(job, bad_schema, &filter_record_batch(&rows, &is_bad)?, &bits, &is_bad)?),
    };
    Ok((filter_record_batch(&rows, &accepted)?, bad))
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
