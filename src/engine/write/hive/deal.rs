//! Rows are dealt to their partitions, by all tasks of a process together.
//!
//! Each task gathers what it was given for each partition, and only hands that over under a lock. So on one machine rows
//! need not be brought to the task of their partition first, which would be to gather them twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{interleave_record_batch, partition};
use arrow::datatypes::{DataType, Decimal64Type, Decimal128Type, Field, Schema, SchemaRef, UInt32Type};
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use futures::TryStreamExt;
use tokio::sync::Mutex;

use super::files::{Files, Relief, size};
use super::further::Further;
use super::keys::Keys;
use crate::lake::stage::Staged;
use crate::lake::table::data_file::DataFile;

/// Rows are dealt when so many have come in: with a hundred partitions, each then gets some hundreds at a time.
const DEALT_ROWS: usize = 64 << 10;

/// Or when they have so many bytes.
const DEALT_BYTES: usize = 16 << 20;

/// What all tasks of a process have in common.
pub(super) struct Dealers {
    /// Without the partition columns, as rows wait.
    schema: SchemaRef,
    files: Mutex<Files>,
    /// Rows of the partitions that there is no room for, by the remainder of their number: so many sorts work at a time.
    further: Vec<Mutex<Option<Further>>>,
    /// Of rows that are being dealt.
    dealt_bytes: AtomicUsize,
    /// Tasks that are not done.
    left: AtomicUsize,
    context: Arc<TaskContext>,
}

/// One task's rows.
pub(super) struct Dealer {
    of: Arc<Dealers>,
    keys: Keys,
    /// The partitions' numbers, by the number that this task's keys have.
    partitions: Vec<u32>,
    /// Not dealt yet, with their keys' numbers.
    rows: Vec<RecordBatch>,
    numbers: Vec<u32>,
    bytes: usize,
}

impl Dealers {
    pub(super) fn new(schema: SchemaRef, files: Files, tasks: usize, context: Arc<TaskContext>) -> Self {
        let further = (0..tasks).map(|_| Mutex::default()).collect();
        let (dealt_bytes, left) = (AtomicUsize::new(0), AtomicUsize::new(tasks));
        Dealers { schema, files: Mutex::new(files), further, dealt_bytes, left, context }
    }

    /// Asks for memory for so many bytes of rows, and makes room for them.
    async fn make_room(&self, bytes: usize) -> Result<()> {
        let more = self.dealt_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        loop {
            let given_up = {
                let mut files = self.files.lock().await;
                if files.fit(more)? {
                    return Ok(());
                }
                match files.relieve(true).await? {
                    Relief::Wrote => vec![],
                    Relief::Nothing => return Ok(()),
                    Relief::GaveUp(partitions) => partitions,
                }
            };
            for (number, batches) in given_up {
                for rows in batches {
                    self.push_further(&rows, UInt32Array::from_value(number, rows.num_rows())).await?;
                }
            }
        }
    }

    /// `numbers` are those of one remainder.
    async fn push_further(&self, rows: &RecordBatch, numbers: UInt32Array) -> Result<()> {
        let Some(first) = numbers.values().first() else { return Ok(()) };
        let mut further = self.further[*first as usize % self.further.len()].lock().await;
        let further = match &mut *further {
            Some(further) => further,
            none => none.insert(Further::begin(&self.schema, self.context.clone())?),
        };
        further.push(rows, numbers).await
    }

    /// Writes the rows that were sorted. All other files are closed.
    async fn write_further(self: Arc<Self>, further: Further) -> Result<()> {
        let mut sorted = further.sorted().await?;
        let mut at = None;
        while let Some(batch) = sorted.try_next().await? {
            let (data, numbers) = batch.columns().split_at(self.schema.fields().len());
            let rows = RecordBatch::try_new(self.schema.clone(), data.to_vec())?;
            let mut files = self.files.lock().await;
            for range in partition(numbers)?.ranges() {
                let number = numbers[0].as_primitive::<UInt32Type>().value(range.start);
                if let Some(before) = at.replace(number).filter(|before| *before != number) {
                    files.close(before).await?;
                }
                files.add(number, rows.slice(range.start, range.len())).await?;
            }
            while !files.fit(0)? {
                if let Relief::Nothing = files.relieve(false).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Closes all files, when all rows are dealt.
    async fn close(self: Arc<Self>) -> Result<Vec<(DataFile, Staged)>> {
        self.files.lock().await.close_all().await?;
        let mut sorts = vec![];
        for further in &self.further {
            if let Some(further) = further.lock().await.take() {
                sorts.push(SpawnedTask::spawn(self.clone().write_further(further)));
            }
        }
        for sort in sorts {
            sort.join_unwind().await.map_err(|e| DataFusionError::External(Box::new(e)))??;
        }
        let mut files = self.files.lock().await;
        files.close_all().await?;
        Ok(files.take_closed())
    }
}

impl Dealer {
    pub(super) fn new(of: Arc<Dealers>, keys: Keys) -> Self {
        Dealer { of, keys, partitions: vec![], rows: vec![], numbers: vec![], bytes: 0 }
    }

    /// The batch has the partition columns last.
    pub(super) async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let (data, keys) = batch.columns().split_at(self.of.schema.fields().len());
        let new = self.keys.number(keys, &mut self.numbers)?;
        if !new.is_empty() {
            let mut files = self.of.files.lock().await;
            self.partitions.extend(new.into_iter().map(|key| files.meet(key)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = data.iter().map(narrowed).collect();
        let rows = RecordBatch::try_new_with_options(self.of.schema.clone(), columns, &options)?;
        self.bytes += size(&rows);
        self.rows.push(rows);
        match self.numbers.len() >= DEALT_ROWS || self.bytes >= DEALT_BYTES {
            true => self.deal().await,
            false => Ok(()),
        }
    }

    async fn deal(&mut self) -> Result<()> {
        let of = self.of.clone();
        of.make_room(self.bytes).await?;
        let (rows, numbers) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.numbers));
        let lengths = rows.iter().map(RecordBatch::num_rows);
        let places = Places::new(&numbers, lengths, self.partitions.len());
        let rows: Vec<&RecordBatch> = rows.iter().collect();
        let is_further: Vec<bool> = {
            let files = of.files.lock().await;
            self.partitions.iter().map(|number| files.is_further(*number)).collect()
        };
        let mut gathered = vec![];
        let mut further: BTreeMap<usize, Vec<(u32, RowPlace)>> = BTreeMap::new();
        for (key, places) in places.by_number() {
            let number = self.partitions[key];
            match is_further[key] {
                true => further
                    .entry(number as usize % of.further.len())
                    .or_default()
                    .extend(places.iter().map(|place| (number, *place))),
                false => gathered.push((number, interleave_record_batch(&rows, places)?)),
            }
        }
        for some in further.values().flat_map(|all| all.chunks(of.context.session_config().batch_size())) {
            let places: Vec<RowPlace> = some.iter().map(|(_, place)| *place).collect();
            let numbers = UInt32Array::from_iter_values(some.iter().map(|(number, _)| *number));
            of.push_further(&interleave_record_batch(&rows, &places)?, numbers).await?;
        }
        let mut given_up_meanwhile = vec![];
        let mut files = of.files.lock().await;
        for (number, rows) in gathered {
            match files.is_further(number) {
                true => given_up_meanwhile.push((number, rows)),
                false => files.add(number, rows).await?,
            }
        }
        drop(files);
        for (number, rows) in given_up_meanwhile {
            of.push_further(&rows, UInt32Array::from_value(number, rows.num_rows())).await?;
        }
        of.dealt_bytes.fetch_sub(std::mem::take(&mut self.bytes), Ordering::Relaxed);
        Ok(())
    }

    /// Deals what is left. The last of all tasks closes the files and has them all.
    pub(super) async fn close(mut self) -> Result<Vec<(DataFile, Staged)>> {
        self.deal().await?;
        match self.of.left.fetch_sub(1, Ordering::AcqRel) {
            1 => self.of.close().await,
            _ => Ok(vec![]),
        }
    }
}

/// Which batch, and which row of it.
type RowPlace = (usize, usize);

/// The places of each number's rows.
struct Places {
    /// Those of one number after those of another.
    places: Vec<RowPlace>,
    /// Where the places of each number end.
    ends: Vec<usize>,
}

impl Places {
    fn new(numbers: &[u32], lengths: impl Iterator<Item = usize>, known: usize) -> Self {
        let mut ends = vec![0; known];
        for number in numbers {
            ends[*number as usize] += 1;
        }
        // From how many there are to where they begin; putting them there moves that to where they end.
        let mut sum = 0;
        for count in &mut ends {
            sum += std::mem::replace(count, sum);
        }
        let mut places = vec![(0, 0); numbers.len()];
        let mut numbers = numbers.iter();
        for (batch, length) in lengths.enumerate() {
            for (row, number) in (0..length).zip(numbers.by_ref()) {
                let end = &mut ends[*number as usize];
                places[*end] = (batch, row);
                *end += 1;
            }
        }
        Places { places, ends }
    }

    /// Those numbers that occur.
    fn by_number(&self) -> impl Iterator<Item = (usize, &[RowPlace])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let places = starts.zip(&self.ends).map(|(start, end)| &self.places[start..*end]);
        places.enumerate().filter(|(_, places)| !places.is_empty())
    }
}

/// The schema of rows that wait. Decimals of up to 18 digits take 8 bytes there and in files, not 16.
pub(super) fn narrow(schema: &SchemaRef) -> SchemaRef {
    let narrow = |field: &Arc<Field>| match field.data_type() {
        DataType::Decimal128(precision, scale) if *precision <= 18 => {
            Arc::new(field.as_ref().clone().with_data_type(DataType::Decimal64(*precision, *scale)))
        }
        _ => field.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(narrow).collect::<Vec<_>>()))
}

fn narrowed(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Decimal128(precision, scale) if *precision <= 18 => {
            let data_type = DataType::Decimal64(*precision, *scale);
            let narrow = column.as_primitive::<Decimal128Type>().unary::<_, Decimal64Type>(|value| value as i64);
            Arc::new(narrow.with_data_type(data_type))
        }
        _ => column.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_their_places_in_order() {
        let places = Places::new(&[2, 0, 2, 2, 0], [2, 0, 3].into_iter(), 4);
        let found: Vec<_> = places.by_number().map(|(number, places)| (number, places.to_vec())).collect();
        assert_eq!(found, [(0, vec![(0, 1), (2, 2)]), (2, vec![(0, 0), (2, 0), (2, 1)])]);
    }
}
