//! Rows that were not the latest of their key. They are left out where their rows are looked at next: here by their number, or
//! in the write by a mark, which costs no copy of the rows around them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;

use super::order::RowOrder;

/// Of a batch with more than every eighth row lost the others are copied.
const MARKED: usize = 8;

/// How many rows were left out, by the checks that they broke.
pub(super) struct Beaten {
    /// What goes to the write.
    schema: SchemaRef,
    by_bits: BTreeMap<i64, i64>,
}

impl Beaten {
    pub(super) fn of(schema: SchemaRef) -> Self {
        Beaten { schema, by_bits: BTreeMap::new() }
    }

    /// Counts the lost ones of these rows.
    pub(super) fn count(&mut self, order: &RowOrder, rows: &RecordBatch, lost: &BooleanBuffer) {
        if lost.count_set_bits() == 0 {
            return;
        }
        match order.bits(rows) {
            Some(bits) => lost.set_indices().for_each(|row| *self.by_bits.entry(bits.value(row)).or_default() += 1),
            None => *self.by_bits.entry(0).or_default() += lost.count_set_bits() as i64,
        }
    }

    /// The rows as the write takes them: the lost ones are marked in them, or counted here.
    pub(super) fn marked(&mut self, order: &RowOrder, rows: RecordBatch, lost: &BooleanBuffer) -> Result<RecordBatch> {
        match lost.count_set_bits() {
            0 => self.with_marks(rows.columns(), Int64Array::from_value(0, rows.num_rows())),
            few if few * MARKED <= rows.num_rows() => {
                self.with_marks(rows.columns(), lost.iter().map(i64::from).collect::<Vec<_>>().into())
            }
            _ => {
                self.count(order, &rows, lost);
                let left = filter_record_batch(&rows, &BooleanArray::new(!lost, None))?;
                self.with_marks(left.columns(), Int64Array::from_value(0, left.num_rows()))
            }
        }
    }

    fn with_marks(&self, columns: &[ArrayRef], marks: Int64Array) -> Result<RecordBatch> {
        let columns = columns.iter().cloned().chain([Arc::new(marks) as ArrayRef]).collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    /// What stands for the rows that were counted here.
    pub(super) fn rows(&self, order: &RowOrder) -> Result<Option<RecordBatch>> {
        if self.by_bits.is_empty() {
            return Ok(None);
        }
        let (bits, counts): (Vec<i64>, Vec<i64>) = self.by_bits.iter().unzip();
        let fields = &self.schema.fields()[..self.schema.fields().len() - 1];
        let mut columns: Vec<ArrayRef> =
            fields.iter().map(|field| new_null_array(field.data_type(), counts.len())).collect();
        if let Some(place) = order.place_of_bits() {
            columns[place] = Arc::new(Int64Array::from(bits));
        }
        self.with_marks(&columns, counts.into()).map(Some)
    }
}
