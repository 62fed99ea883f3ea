//! Rows that wait to be written, and files: one per partition, and the next when that one is full. Of a partition that has
//! filled several, as many more are written at a time, so that a huge one is not the work of one thread.
//!
//! Rows wait in memory until they make a row group, which is then encoded at once, beside the dealing. So what an
//! encoder needs (a compressor for each column, dictionaries) is held by the few that are at work, and not by every
//! partition; and whoever has more to write than others is helped by threads that have nothing to do.
//!
//! When the memory pool gives no more, the largest partitions are written as smaller row groups; when no partition is
//! large, the smallest ones are [given up](Files::relieve), and their rows are sorted instead.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryReservation;
use tokio::task::JoinSet;

use super::file::{Destination, Next, OpenFile, write_row_group};
use super::keys::PartitionKey;
use crate::lake::stage::Staged;
use crate::lake::table::data_file::DataFile;

/// So many bytes of rows make a file's first row group. Each further one is as large as all before it, up to
/// [`LARGEST_ROW_GROUP_BYTES`]: so partitions that stay small hold little memory, and large files have few row groups.
const FIRST_ROW_GROUP_BYTES: usize = 8 << 20;

/// Encoded these are mostly a third or a fifth.
const LARGEST_ROW_GROUP_BYTES: usize = 64 << 20;

/// No row group is made smaller than this as long as something else can be done.
const SMALLEST_ROW_GROUP_BYTES: usize = 4 << 20;

/// Partitions with less are not worth their memory when there is too little of it.
const TINY_BYTES: usize = 64 << 10;

/// What an array of few values takes beside them: its own allocations, and what the allocator keeps of them for others of
/// that size. With thousands of partitions this is more than their rows.
const ARRAY_BYTES: usize = 1024;

/// Partitions that may wait for their rows at a time. Beyond, the rows that come in at a time are so few for each that
/// sorting them is cheaper.
const MOST_PARTITIONS: usize = 8192;

/// What waits to be encoded or stored, for each thread that may do it.
const AT_WORK_PER_ENCODER: usize = 2;

pub(super) struct Files {
    place: Arc<Destination>,
    memory: MemoryReservation,
    numbers: HashMap<PartitionKey, u32>,
    /// By number.
    partitions: Vec<Partition>,
    /// Whether new partitions are taken.
    has_room: bool,
    at_work: JoinSet<(usize, usize, Result<Next>)>,
    most_at_work: usize,
    /// Of one partition, if it is large.
    most_files_at_a_time: usize,
    /// Of rows that wait and those that are at work.
    row_bytes: usize,
    /// That open files hold back.
    file_bytes: usize,
    closed: Vec<(DataFile, Staged)>,
}

struct Partition {
    key: PartitionKey,
    /// Its rows are sorted instead of waiting here.
    is_further: bool,
    rows: Vec<RecordBatch>,
    bytes: usize,
    /// Of rows that went to files.
    written: usize,
    /// Files that nobody writes to just now.
    open: Vec<OpenFile>,
    /// Row groups on their way to a file, each to another.
    at_work: usize,
    /// How many files it has begun.
    files: usize,
}

/// What was done about a lack of memory.
pub(super) enum Relief {
    /// Something was written.
    Wrote,
    /// Partitions that have no file yet, and the rows that they had here: to be sorted, with all that will come.
    GaveUp(Vec<(u32, Vec<RecordBatch>)>),
    /// There is nothing to free.
    Nothing,
}

impl Files {
    /// A partition is one file at a time until it has made about as many as it then may make at a time.
    pub(super) fn new(
        place: Destination,
        encoders: usize,
        most_files_at_a_time: usize,
        memory: MemoryReservation,
    ) -> Self {
        Files {
            place: Arc::new(place),
            memory,
            numbers: HashMap::new(),
            partitions: vec![],
            has_room: true,
            at_work: JoinSet::new(),
            most_at_work: encoders * AT_WORK_PER_ENCODER,
            most_files_at_a_time,
            row_bytes: 0,
            file_bytes: 0,
            closed: vec![],
        }
    }

    /// The partition's number: 0 for the first that was met, and so on.
    pub(super) fn meet(&mut self, key: PartitionKey) -> u32 {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.partitions.len() as u32;
        self.has_room &= self.partitions.len() < MOST_PARTITIONS;
        self.numbers.insert(key.clone(), number);
        self.partitions.push(Partition {
            key,
            is_further: !self.has_room,
            rows: vec![],
            bytes: 0,
            written: 0,
            open: vec![],
            at_work: 0,
            files: 0,
        });
        number
    }

    /// Whether this partition's rows are to be sorted.
    pub(super) fn is_further(&self, number: u32) -> bool {
        self.partitions[number as usize].is_further
    }

    pub(super) async fn add(&mut self, number: u32, rows: RecordBatch) -> Result<()> {
        let number = number as usize;
        let bytes = size(&rows);
        self.row_bytes += bytes;
        let partition = &mut self.partitions[number];
        partition.bytes += bytes;
        partition.rows.push(rows);
        let enough = partition.written.clamp(FIRST_ROW_GROUP_BYTES, LARGEST_ROW_GROUP_BYTES);
        // What is at work need not be waited for at once.
        let too_much = enough + LARGEST_ROW_GROUP_BYTES;
        match partition.bytes >= enough && (self.takes_more(number) || self.partitions[number].bytes >= too_much) {
            true => self.write(number, false).await,
            false => Ok(()),
        }
    }

    /// Whether a file of the partition is ready for a row group, or another may be begun.
    fn takes_more(&self, number: usize) -> bool {
        let partition = &self.partitions[number];
        let files_made = partition.written / row_bytes_of(self.place.job.target_file_bytes).max(1);
        partition.at_work < (1 + files_made).min(self.most_files_at_a_time)
    }

    /// Whether the pool grants what is held here and `more` bytes.
    pub(super) fn fit(&mut self, more: usize) -> Result<bool> {
        while let Some(done) = self.at_work.try_join_next() {
            self.settle(done)?;
        }
        Ok(self.memory.try_resize(self.row_bytes + self.file_bytes + more).is_ok())
    }

    /// Frees some memory. Partitions are only given up if the caller can sort.
    pub(super) async fn relieve(&mut self, can_sort: bool) -> Result<Relief> {
        if !self.at_work.is_empty() {
            return self.wait().await.map(|()| Relief::Wrote);
        }
        let mut waiting: Vec<usize> = (0..self.partitions.len()).filter(|i| self.partitions[*i].bytes > 0).collect();
        waiting.sort_by_key(|i| std::cmp::Reverse(self.partitions[*i].bytes));
        let is_large = |i: &usize| self.partitions[*i].bytes >= SMALLEST_ROW_GROUP_BYTES;
        if can_sort && !waiting.iter().any(is_large) {
            let given_up = self.give_up(&waiting);
            if !given_up.is_empty() {
                return Ok(Relief::GaveUp(given_up));
            }
        }
        if waiting.is_empty() {
            return Ok(Relief::Nothing);
        }
        for i in waiting.iter().take(self.most_at_work) {
            self.write(*i, false).await?;
        }
        Ok(Relief::Wrote)
    }

    /// Of those that have no file: the tiny ones, and the smallest, until about half of what waits is free.
    fn give_up(&mut self, largest_first: &[usize]) -> Vec<(u32, Vec<RecordBatch>)> {
        self.has_room = false;
        let enough = self.row_bytes / 2;
        let mut freed = 0;
        let mut given_up = vec![];
        for i in largest_first.iter().rev() {
            let partition = &mut self.partitions[*i];
            if partition.files == 0 && (freed < enough || partition.bytes < TINY_BYTES) {
                partition.is_further = true;
                freed += std::mem::take(&mut partition.bytes);
                given_up.push((*i as u32, std::mem::take(&mut partition.rows)));
            }
        }
        self.row_bytes -= freed;
        self.memory.shrink(freed.min(self.memory.size()));
        given_up
    }

    /// Sends what waits of a partition on its way.
    async fn write(&mut self, number: usize, is_last: bool) -> Result<()> {
        while self.at_work.len() >= self.most_at_work || !self.takes_more(number) {
            self.wait().await?;
        }
        let partition = &mut self.partitions[number];
        let bytes = std::mem::take(&mut partition.bytes);
        let file = partition.open.pop();
        match &file {
            Some(file) => self.file_bytes -= file.held_bytes(),
            None => partition.files += 1,
        }
        let name = (partition.key.clone(), partition.files - 1);
        let rows = std::mem::take(&mut partition.rows);
        partition.written += bytes;
        partition.at_work += 1;
        let work = write_row_group(self.place.clone(), name, file, rows, is_last);
        self.at_work.spawn(async move { (number, bytes, work.await) });
        Ok(())
    }

    /// Until something that is at work is done.
    async fn wait(&mut self) -> Result<()> {
        match self.at_work.join_next().await {
            Some(done) => self.settle(done),
            None => Ok(()),
        }
    }

    fn settle(&mut self, done: Result<(usize, usize, Result<Next>), tokio::task::JoinError>) -> Result<()> {
        let (number, bytes, next) = done.map_err(|e| DataFusionError::External(Box::new(e)))?;
        let partition = &mut self.partitions[number];
        partition.at_work -= 1;
        self.row_bytes -= bytes;
        match next? {
            Next::Open(file) => {
                self.file_bytes += file.held_bytes();
                partition.open.push(*file);
            }
            Next::Closed(closed) => self.closed.push(*closed),
        }
        Ok(())
    }

    /// Writes what waits of a partition and closes its files; it gets no more rows.
    pub(super) async fn close(&mut self, number: u32) -> Result<()> {
        let number = number as usize;
        while self.partitions[number].at_work > 0 {
            self.wait().await?;
        }
        while self.partitions[number].bytes > 0 || !self.partitions[number].open.is_empty() {
            self.write(number, true).await?;
        }
        Ok(())
    }

    /// Closes all that is open.
    pub(super) async fn close_all(&mut self) -> Result<()> {
        for number in 0..self.partitions.len() {
            self.close(number as u32).await?;
        }
        while !self.at_work.is_empty() {
            self.wait().await?;
        }
        self.memory.free();
        Ok(())
    }

    pub(super) fn take_closed(&mut self) -> Vec<(DataFile, Staged)> {
        std::mem::take(&mut self.closed)
    }
}

/// So many bytes of rows make about a file of that size: Parquet is mostly a third or a fifth.
pub fn row_bytes_of(file_bytes: u64) -> usize {
    usize::try_from(file_bytes * 4).unwrap_or(usize::MAX)
}

/// Of the rows alone, not of the buffers that they may be a part of.
pub fn size(rows: &RecordBatch) -> usize {
    let of = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or_default() + ARRAY_BYTES;
    rows.columns().iter().map(of).sum()
}
