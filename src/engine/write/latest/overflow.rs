//! Rows that there was no memory for, on disk: in several parts by a hash of their key, each of which can be looked at alone.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::BooleanBuffer;
use arrow::compute::interleave_record_batch;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::spill::SpillManager;
use datafusion::physical_plan::spill::spill_pool::{SpillPoolSink, spsc_channel};

use super::order::RowOrder;

/// Bits of the hash that tell the parts of one level; those of the next level are the bits behind.
const BITS: usize = 4;

/// Parts at a level.
const PARTS: usize = 1 << BITS;

/// Rows are split so often at most: then each part has a key or few.
pub(super) const LEVELS: usize = 8;

/// So many batches are split at a time, so that what goes to a part is about a batch.
const AT_A_TIME: usize = PARTS;

/// Which batch, and which row of it.
type PlaceOfRow = (usize, usize);

pub(super) struct Overflow {
    order: Arc<RowOrder>,
    level: usize,
    batch_rows: usize,
    parts: Vec<(SpillPoolSink, SendableRecordBatchStream)>,
}

impl Overflow {
    pub(super) fn begin(
        order: Arc<RowOrder>,
        level: usize,
        batch_rows: usize,
        spill: &Arc<SpillManager>,
        file_bytes: usize,
    ) -> Self {
        let parts = (0..PARTS).map(|_| spsc_channel(file_bytes, spill.clone())).collect();
        Overflow { order, level, batch_rows, parts }
    }

    /// How many batches [`take`](Self::take) should be given at a time.
    pub(super) const fn at_a_time() -> usize {
        AT_A_TIME
    }

    /// Writes down the rows that have not lost. Gives back those that checks have taken out: they wait for nothing.
    pub(super) fn take(&mut self, batches: &[(RecordBatch, BooleanBuffer)]) -> Result<Vec<RecordBatch>> {
        let mut places: Vec<Vec<PlaceOfRow>> = vec![vec![]; PARTS];
        let mut taken_out = vec![];
        let shift = u64::BITS as usize - BITS * (self.level + 1);
        for (batch, (rows, lost)) in batches.iter().enumerate() {
            let (hashes, bits) = (self.order.hashes(rows)?, self.order.bits(rows));
            for (row, hash) in hashes.into_iter().enumerate().filter(|(row, _)| !lost.value(*row)) {
                match bits.is_some_and(|bits| self.order.is_taken_out(bits.value(row))) {
                    true => taken_out.push((batch, row)),
                    false => places[(hash >> shift) as usize % PARTS].push((batch, row)),
                }
            }
        }
        let batches: Vec<&RecordBatch> = batches.iter().map(|(rows, _)| rows).collect();
        for ((part, _), places) in self.parts.iter().zip(&places) {
            for places in places.chunks(self.batch_rows) {
                part.push_batch(&interleave_record_batch(&batches, places)?)?;
            }
        }
        taken_out.chunks(self.batch_rows).map(|places| Ok(interleave_record_batch(&batches, places)?)).collect()
    }

    /// The rows of each part. No more come.
    pub(super) fn parts(self) -> impl Iterator<Item = SendableRecordBatchStream> {
        let (written, parts): (Vec<_>, Vec<_>) = self.parts.into_iter().unzip();
        drop(written);
        parts.into_iter()
    }
}
