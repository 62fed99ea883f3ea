//! One task of a write: its rows are dealt to their partitions.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{interleave_record_batch, partition};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use futures::TryStreamExt;
use tokio::sync::Semaphore;

use super::hive_checks::sort_out;
use super::hive_file::Place;
use super::hive_files::{Files, Relief, size};
use super::hive_further::Further;
use super::hive_keys::Keys;
use super::hive_write::{Answer, Counts, WriteJob};
use super::table::quarantine_schema;
use crate::lake::path;

/// Rows are dealt when so many have come in: with a hundred partitions, each then gets some hundreds at a time.
const DEALT_ROWS: usize = 64 << 10;

/// Or when they have so many bytes.
const DEALT_BYTES: usize = 16 << 20;

/// What all tasks of a write share.
#[derive(Clone)]
pub(super) struct Task {
    pub job: Arc<WriteJob>,
    pub number: usize,
    pub encoders: Arc<Semaphore>,
    pub context: Arc<TaskContext>,
}

impl Task {
    pub(super) async fn run(self, mut input: SendableRecordBatchStream) -> Result<Vec<Answer>> {
        let job = self.job.clone();
        let mut counts = Counts { broken: vec![0; job.checks.len()], ..Counts::default() };
        // It can spill, in that it can write: so the pool gives it a fair share, and not all.
        let consumer = MemoryConsumer::new(format!("writing {}", job.table)).with_can_spill(true);
        let memory = consumer.register(self.context.memory_pool());
        let bad_schema = quarantine_schema(&job.schema);
        let bad_files = self.files(path::quarantine_dir(&job.table), bad_schema.clone(), memory.new_empty());
        let mut bad_rows = Whole::new(bad_files);
        let mut rows = Rows::new(&self, memory)?;
        while let Some(batch) = input.try_next().await? {
            job.meter.add(batch.num_rows() as u64, 0);
            let (accepted, bad) = sort_out(&job, &bad_schema, batch, &mut counts)?;
            rows.write(accepted).await?;
            if let Some(bad) = bad {
                bad_rows.write(bad).await?;
            }
        }
        let files = rows.close().await?.into_closed();
        let bad_files = bad_rows.close().await?.into_closed();
        let mut answers: Vec<Answer> = files.into_iter().map(|(file, staged)| Answer::File { file, staged }).collect();
        answers.extend(bad_files.into_iter().map(|(file, staged)| Answer::Quarantined { file, staged }));
        answers.push(Answer::Counts(counts));
        Ok(answers)
    }

    fn files(&self, dir: String, schema: SchemaRef, memory: MemoryReservation) -> Files {
        let (job, encoders) = (self.job.clone(), self.encoders.clone());
        let place = Place { job, task: self.number, dir, schema, encoders };
        Files::new(place, self.context.session_config().target_partitions(), memory)
    }
}

/// Rows on their way to their files.
enum Rows {
    Whole(Whole),
    Dealt(Box<Dealt>),
}

impl Rows {
    fn new(task: &Task, memory: MemoryReservation) -> Result<Self> {
        let (job, dir) = (&task.job, path::table_dir(&task.job.table));
        let (data, keys) = job.schema.fields().split_at(job.schema.fields().len() - job.partition_by.len());
        let schema = Arc::new(Schema::new(data.to_vec()));
        let files = task.files(dir, schema.clone(), memory);
        Ok(match keys.is_empty() {
            true => Rows::Whole(Whole::new(files)),
            false => Rows::Dealt(Box::new(Dealt {
                schema,
                keys: Keys::new(Arc::new(Schema::new(keys.to_vec())))?,
                files,
                rows: vec![],
                numbers: vec![],
                bytes: 0,
                further: None,
                context: task.context.clone(),
            })),
        })
    }

    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        match self {
            Rows::Whole(rows) => rows.write(batch).await,
            Rows::Dealt(rows) => rows.write(batch).await,
        }
    }

    async fn close(self) -> Result<Files> {
        match self {
            Rows::Whole(rows) => rows.close().await,
            Rows::Dealt(rows) => rows.close().await,
        }
    }
}

/// Rows without partitions: the one partition 0.
struct Whole {
    files: Files,
}

impl Whole {
    fn new(mut files: Files) -> Self {
        files.meet(Arc::new([]));
        Whole { files }
    }

    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() > 0 {
            self.files.add(0, batch).await?;
        }
        while !self.files.fit(0)? {
            if let Relief::Nothing = self.files.relieve(false).await? {
                break;
            }
        }
        Ok(())
    }

    async fn close(mut self) -> Result<Files> {
        self.files.close_all().await?;
        Ok(self.files)
    }
}

/// Rows that are dealt to partitions, many at a time.
struct Dealt {
    /// Without the partition columns.
    schema: SchemaRef,
    keys: Keys,
    files: Files,
    /// Not dealt yet, with their partitions' numbers.
    rows: Vec<RecordBatch>,
    numbers: Vec<u32>,
    bytes: usize,
    further: Option<Further>,
    context: Arc<TaskContext>,
}

impl Dealt {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let (data, keys) = batch.columns().split_at(self.schema.fields().len());
        for key in self.keys.number(keys, &mut self.numbers)? {
            self.files.meet(key);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let rows = RecordBatch::try_new_with_options(self.schema.clone(), data.to_vec(), &options)?;
        self.bytes += size(&rows);
        self.rows.push(rows);
        match self.numbers.len() >= DEALT_ROWS || self.bytes >= DEALT_BYTES {
            true => self.deal().await,
            false => Ok(()),
        }
    }

    async fn deal(&mut self) -> Result<()> {
        while !self.files.fit(self.bytes)? {
            match self.files.relieve(true).await? {
                Relief::Wrote => {}
                Relief::Nothing => break,
                Relief::GaveUp(partitions) => {
                    for (number, rows) in partitions {
                        for rows in rows {
                            let numbers = UInt32Array::from_value(number, rows.num_rows());
                            self.further()?.push(&rows, numbers).await?;
                        }
                    }
                }
            }
        }
        let (rows, numbers) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.numbers));
        self.bytes = 0;
        let lengths = rows.iter().map(RecordBatch::num_rows);
        let rows: Vec<&RecordBatch> = rows.iter().collect();
        let mut further = vec![];
        for (number, places) in by_number(&numbers, lengths, self.files.len()) {
            match self.files.is_further(number) {
                true => further.extend(places.into_iter().map(|place| (number, place))),
                false => self.files.add(number, interleave_record_batch(&rows, &places)?).await?,
            }
        }
        for some in further.chunks(self.context.session_config().batch_size()) {
            let places: Vec<(usize, usize)> = some.iter().map(|(_, place)| *place).collect();
            let numbers = UInt32Array::from_iter_values(some.iter().map(|(number, _)| *number));
            self.further()?.push(&interleave_record_batch(&rows, &places)?, numbers).await?;
        }
        Ok(())
    }

    fn further(&mut self) -> Result<&mut Further> {
        match &mut self.further {
            Some(further) => Ok(further),
            none => Ok(none.insert(Further::begin(&self.schema, self.context.clone())?)),
        }
    }

    async fn close(mut self: Box<Self>) -> Result<Files> {
        self.deal().await?;
        self.files.close_all().await?;
        let Some(further) = self.further else { return Ok(self.files) };
        let mut sorted = further.sorted().await?;
        let mut at = None;
        while let Some(batch) = sorted.try_next().await? {
            let (data, numbers) = batch.columns().split_at(self.schema.fields().len());
            let rows = RecordBatch::try_new(self.schema.clone(), data.to_vec())?;
            for range in partition(numbers)?.ranges() {
                let number = arrow::array::AsArray::as_primitive::<arrow::datatypes::UInt32Type>(&numbers[0]);
                let number = number.value(range.start);
                if let Some(before) = at.replace(number).filter(|before| *before != number) {
                    self.files.close(before).await?;
                }
                self.files.add(number, rows.slice(range.start, range.len())).await?;
            }
            while !self.files.fit(0)? {
                if let Relief::Nothing = self.files.relieve(false).await? {
                    break;
                }
            }
        }
        self.files.close_all().await?;
        Ok(self.files)
    }
}

/// For each number that occurs, the places of its rows: which batch, and which row of it.
fn by_number(
    numbers: &[u32],
    lengths: impl Iterator<Item = usize>,
    known: usize,
) -> impl Iterator<Item = (u32, Vec<(usize, usize)>)> {
    let mut counts = vec![0u32; known];
    for number in numbers {
        counts[*number as usize] += 1;
    }
    let mut places: Vec<Vec<(usize, usize)>> =
        counts.into_iter().map(|count| Vec::with_capacity(count as usize)).collect();
    let mut numbers = numbers.iter();
    for (batch, length) in lengths.enumerate() {
        for (row, number) in (0..length).zip(numbers.by_ref()) {
            places[*number as usize].push((batch, row));
        }
    }
    (0..).zip(places).filter(|(_, places)| !places.is_empty())
}
