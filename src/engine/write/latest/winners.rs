//! Rows that are held in memory, as they came, and which of them is the latest of its key so far.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, BooleanBufferBuilder, RecordBatch, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{BatchCoalescer, interleave_record_batch, take_record_batch};
use datafusion::error::Result;
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;

use super::beaten::Beaten;
use super::order::{RowOrder, taken};
use crate::engine::write::hive::size;

/// So few rows are not worth being put together.
const FEW_ROWS: usize = 1024;

pub(super) struct Winners {
    order: Arc<RowOrder>,
    batch_rows: usize,
    /// The engine's own index of keys.
    groups: Box<dyn GroupValues>,
    /// By the group that their keys are.
    winners: Vec<Winner>,
    batches: Vec<HeldBatch>,
    /// Of all batches.
    rows: usize,
    lost: usize,
    row_bytes: usize,
    /// The groups of a batch; kept for its allocation.
    of_rows: Vec<usize>,
}

/// Where the latest row of a key is.
#[derive(Clone, Copy, PartialEq)]
struct Winner {
    batch: u32,
    row: u32,
    rank: u64,
}

/// Of a key that has no row yet.
const NOBODY: Winner = Winner { batch: u32::MAX, row: u32::MAX, rank: 0 };

struct HeldBatch {
    rows: RecordBatch,
    bytes: usize,
    /// Those that are not the latest of their key.
    lost: BooleanBufferBuilder,
}

impl HeldBatch {
    fn new(rows: RecordBatch) -> Self {
        let mut lost = BooleanBufferBuilder::new(rows.num_rows());
        lost.append_n(rows.num_rows(), false);
        HeldBatch { bytes: size(&rows), rows, lost }
    }
}

impl Winners {
    pub(super) fn new(order: Arc<RowOrder>, batch_rows: usize) -> Result<Self> {
        Ok(Winners {
            groups: new_group_values(order.key_schema().clone(), &GroupOrdering::None)?,
            order,
            batch_rows,
            winners: vec![],
            batches: vec![],
            rows: 0,
            lost: 0,
            row_bytes: 0,
            of_rows: vec![],
        })
    }

    /// Rows that are held.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Of these, those that are not the latest of their key.
    pub(super) fn lost(&self) -> usize {
        self.lost
    }

    pub(super) fn bytes(&self) -> usize {
        let index = self.groups.size() + self.winners.capacity() * size_of::<Winner>();
        let batches = self.batches.capacity() * size_of::<HeldBatch>() + self.rows / 8;
        self.row_bytes + index + batches + self.of_rows.capacity() * size_of::<usize>()
    }

    /// Takes rows in. Those that checks take out are held, too, but compete with none.
    pub(super) fn add(&mut self, rows: RecordBatch, beaten: &mut Beaten) -> Result<()> {
        let (mut keys, ranks) = (self.order.keys(&rows)?, self.order.ranks(&rows)?);
        let competing = self.order.competing(&rows);
        if let Some(competing) = &competing {
            keys = taken(&keys, competing)?;
        }
        self.groups.intern(&keys, &mut self.of_rows)?;
        self.winners.resize(self.groups.len(), NOBODY);
        let batch = self.batches.len() as u32;
        self.rows += rows.num_rows();
        let held = HeldBatch::new(rows);
        self.row_bytes += held.bytes;
        self.batches.push(held);
        let groups = std::mem::take(&mut self.of_rows);
        let mut ties = vec![];
        for (i, group) in groups.iter().enumerate() {
            let row = competing.as_ref().map_or(i as u32, |competing| competing.value(i));
            let came = Winner { batch, row, rank: ranks[row as usize] };
            let winner = self.winners[*group];
            if winner == NOBODY || came.rank > winner.rank {
                self.replace(*group, came);
            } else if came.rank < winner.rank {
                self.lose(came);
            } else {
                ties.push((*group, came));
            }
        }
        self.of_rows = groups;
        self.settle(ties)?;
        match self.lost > FEW_ROWS && self.lost > self.rows / 2 {
            true => self.compact(beaten),
            false => Ok(()),
        }
    }

    /// Compares rows that have the same rank as the latest of their key had.
    fn settle(&mut self, mut ties: Vec<(usize, Winner)>) -> Result<()> {
        let late = |(group, came): &(usize, Winner)| came.rank < self.winners[*group].rank;
        let beaten: Vec<Winner> = ties.extract_if(.., |tie| late(tie)).map(|(_, came)| came).collect();
        beaten.into_iter().for_each(|came| self.lose(came));
        let Some((_, first)) = ties.first() else { return Ok(()) };
        let places: UInt32Array = ties.iter().map(|(_, came)| came.row).collect::<Vec<_>>().into();
        let came = take_record_batch(&self.batches[first.batch as usize].rows, &places)?;
        let (came, there) = (self.order.rows(&came)?, self.order.rows(&self.winners_of(&ties)?)?);
        // Those of these rows that are the latest of their key by now.
        let mut risen: HashMap<usize, usize> = HashMap::new();
        for (i, (group, row)) in ties.into_iter().enumerate() {
            let winner = risen.get(&group).map_or_else(|| there.row(i), |risen| came.row(*risen));
            if came.row(i) > winner {
                self.replace(group, row);
                risen.insert(group, i);
            } else {
                self.lose(row);
            }
        }
        Ok(())
    }

    /// The rows that are the latest of these keys, in the order of the keys.
    fn winners_of(&self, ties: &[(usize, Winner)]) -> Result<RecordBatch> {
        let mut batches = vec![];
        let mut number_of: HashMap<u32, usize> = HashMap::new();
        let places = ties.iter().map(|(group, _)| {
            let winner = self.winners[*group];
            let number = *number_of.entry(winner.batch).or_insert_with(|| {
                batches.push(&self.batches[winner.batch as usize].rows);
                batches.len() - 1
            });
            (number, winner.row as usize)
        });
        let places: Vec<(usize, usize)> = places.collect();
        Ok(interleave_record_batch(&batches, &places)?)
    }

    fn replace(&mut self, group: usize, by: Winner) {
        let winner = std::mem::replace(&mut self.winners[group], by);
        if winner != NOBODY {
            self.lose(winner);
        }
    }

    fn lose(&mut self, row: Winner) {
        self.batches[row.batch as usize].lost.set_bit(row.row as usize, true);
        self.lost += 1;
    }

    /// Lets go of the rows that are not the latest of their key, batch by batch.
    pub(super) fn compact(&mut self, beaten: &mut Beaten) -> Result<()> {
        let Some(first) = self.batches.first() else { return Ok(()) };
        let mut left = BatchCoalescer::new(first.rows.schema(), self.batch_rows);
        // The number that each row has among those that are left.
        let mut numbers: Vec<Vec<u32>> = vec![];
        let mut next = 0;
        for HeldBatch { rows, mut lost, .. } in std::mem::take(&mut self.batches) {
            let lost = lost.finish();
            beaten.count(&self.order, &rows, &lost);
            let number = |lost: bool| {
                next += u32::from(!lost);
                next.wrapping_sub(1)
            };
            numbers.push(lost.iter().map(number).collect());
            left.push_batch_with_filter(rows, &BooleanArray::new(!&lost, None))?;
            self.batches.extend(std::iter::from_fn(|| left.next_completed_batch()).map(HeldBatch::new));
        }
        left.finish_buffered_batch()?;
        self.batches.extend(std::iter::from_fn(|| left.next_completed_batch()).map(HeldBatch::new));
        for winner in &mut self.winners {
            let number = numbers[winner.batch as usize][winner.row as usize] as usize;
            winner.batch = (number / self.batch_rows) as u32;
            winner.row = (number % self.batch_rows) as u32;
        }
        self.rows -= std::mem::take(&mut self.lost);
        self.row_bytes = self.batches.iter().map(|held| held.bytes).sum();
        Ok(())
    }

    /// All batches, with the rows of each that are not the latest of their key, and their bytes.
    pub(super) fn into_batches(self) -> impl Iterator<Item = (RecordBatch, BooleanBuffer, usize)> {
        self.batches.into_iter().map(|HeldBatch { rows, bytes, mut lost }| (rows, lost.finish(), bytes))
    }
}
