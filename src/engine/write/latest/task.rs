//! One task: holds rows, spills those that the memory has no room for, and gives the latest of each key.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::BooleanBuffer;
use datafusion::common::exec_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::spill::SpillManager;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use tokio::sync::mpsc::Sender;

use super::beaten::Beaten;
use super::order::RowOrder;
use super::overflow::{LEVELS, Overflow};
use super::winners::Winners;
use crate::report::Meter;

pub(super) struct LatestTask {
    pub order: Arc<RowOrder>,
    pub batch_rows: usize,
    pub meter: Meter,
    pub memory: MemoryReservation,
    pub spill: Arc<SpillManager>,
    /// A spill file is about as large.
    pub file_bytes: usize,
    pub beaten: Beaten,
    /// To the write.
    pub rows: Sender<Result<RecordBatch>>,
}

impl LatestTask {
    pub(super) async fn run(mut self, input: SendableRecordBatchStream) -> Result<()> {
        let meter = self.meter.clone();
        let counted = input.inspect_ok(move |rows| meter.add(rows.num_rows() as u64, 0)).boxed();
        self.find(counted, 0).await?;
        match self.beaten.rows(&self.order)? {
            Some(rows) => self.send(rows).await,
            None => Ok(()),
        }
    }

    /// Sends the latest row of each key of these rows. They were split by their keys so many times.
    fn find(&mut self, mut input: BoxStream<'static, Result<RecordBatch>>, level: usize) -> BoxFuture<'_, Result<()>> {
        async move {
            let mut winners = self.winners()?;
            let mut overflow = None;
            while let Some(rows) = input.try_next().await? {
                winners.add(rows, &mut self.beaten)?;
                if self.has_room_for(&mut winners)? {
                    continue;
                }
                if level == LEVELS || winners.rows() < 2 {
                    // There is nothing to be split.
                    self.memory.resize(winners.bytes());
                    continue;
                }
                let full = std::mem::replace(&mut winners, self.winners()?);
                let overflow = overflow.get_or_insert_with(|| self.overflow(level));
                self.spill(full, overflow).await?;
            }
            drop(input);
            let Some(mut overflow) = overflow else { return self.give(winners).await };
            self.spill(winners, &mut overflow).await?;
            for part in overflow.parts() {
                self.find(part.boxed(), level + 1).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn winners(&self) -> Result<Winners> {
        Winners::new(self.order.clone(), self.batch_rows)
    }

    fn overflow(&self, level: usize) -> Overflow {
        Overflow::begin(self.order.clone(), level, self.batch_rows, &self.spill, self.file_bytes)
    }

    fn has_room_for(&mut self, winners: &mut Winners) -> Result<bool> {
        if self.memory.try_resize(winners.bytes()).is_ok() {
            return Ok(true);
        }
        // Some may be of rows that have lost.
        if winners.lost() > winners.rows() / 4 {
            winners.compact(&mut self.beaten)?;
        }
        Ok(self.memory.try_resize(winners.bytes()).is_ok())
    }

    async fn spill(&mut self, winners: Winners, overflow: &mut Overflow) -> Result<()> {
        let mut batches = winners.into_batches().map(|(rows, lost, _)| (rows, lost));
        loop {
            let some: Vec<(RecordBatch, BooleanBuffer)> = batches.by_ref().take(Overflow::at_a_time()).collect();
            if some.is_empty() {
                break;
            }
            some.iter().for_each(|(rows, lost)| self.beaten.count(&self.order, rows, lost));
            for taken_out in overflow.take(&some)? {
                let none_lost = BooleanBuffer::new_unset(taken_out.num_rows());
                let rows = self.beaten.marked(&self.order, taken_out, &none_lost)?;
                self.send(rows).await?;
            }
        }
        self.memory.free();
        Ok(())
    }

    /// Sends what is held.
    async fn give(&mut self, winners: Winners) -> Result<()> {
        let batches: Vec<_> = winners.into_batches().collect();
        self.memory.resize(batches.iter().map(|(_, _, bytes)| bytes).sum());
        for (rows, lost, bytes) in batches {
            let rows = self.beaten.marked(&self.order, rows, &lost)?;
            self.send(rows).await?;
            self.memory.shrink(bytes);
        }
        Ok(())
    }

    async fn send(&self, rows: RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.rows.send(Ok(rows)).await.map_err(|_| exec_datafusion_err!("nobody takes the latest rows any more"))
    }
}
