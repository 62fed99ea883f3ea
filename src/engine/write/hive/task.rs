//! One task of a write: its rows are checked and go to their partitions.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use futures::TryStreamExt;

use super::checks::sort_out;
use super::deal::{Dealer, Dealers, narrow};
use super::file::Destination;
use super::files::{Files, Relief};
use super::job::{Counts, TaskAnswer, WriteJob};
use super::keys::Keys;
use crate::engine::read::version::quarantine_schema;
use crate::engine::write::parquet::Workshops;
use crate::lake::path;
use crate::lake::stage::Staged;
use crate::lake::table::data_file::DataFile;

/// What the tasks of a write share that run in one process.
#[derive(Default)]
pub(super) struct TaskShared {
    /// As many row groups are encoded at a time as the process has threads.
    encoders: OnceLock<Arc<Workshops>>,
    dealers: OnceLock<Arc<Dealers>>,
}

impl fmt::Debug for TaskShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

/// One of so many tasks.
#[derive(Clone)]
pub(super) struct Task {
    pub job: Arc<WriteJob>,
    /// Among the tasks of all machines; those of this one begin at `first`.
    pub number: usize,
    pub first: usize,
    pub count: usize,
    pub shared: Arc<TaskShared>,
    pub context: Arc<TaskContext>,
}

impl Task {
    pub(super) async fn run(self, mut input: SendableRecordBatchStream) -> Result<Vec<TaskAnswer>> {
        let job = self.job.clone();
        let mut counts = Counts { broken: vec![0; job.checks.len()], ..Counts::default() };
        let bad_schema = quarantine_schema(&job.schema);
        let memory = self.memory();
        let bad_files =
            self.files(path::quarantine_dir(&job.table), bad_schema.clone(), self.number, 1, memory.new_empty());
        let mut bad_rows = Whole::new(bad_files);
        let mut rows = self.rows(memory)?;
        while let Some(batch) = input.try_next().await? {
            if job.dedupe.is_none() {
                job.meter.add(batch.num_rows() as u64, 0);
            }
            let (accepted, bad) = sort_out(&job, &bad_schema, batch, &mut counts)?;
            rows.write(accepted).await?;
            if let Some(bad) = bad {
                bad_rows.write(bad).await?;
            }
        }
        let files = rows.close().await?;
        let bad_files = bad_rows.close().await?;
        let mut answers: Vec<TaskAnswer> =
            files.into_iter().map(|(file, staged)| TaskAnswer::File { file, staged }).collect();
        answers.extend(bad_files.into_iter().map(|(file, staged)| TaskAnswer::Quarantined { file, staged }));
        answers.push(TaskAnswer::Counts(counts));
        Ok(answers)
    }

    fn rows(&self, memory: MemoryReservation) -> Result<RowWriter> {
        let (job, dir) = (&self.job, self.job.dir());
        let (data, keys) = job.schema.fields().split_at(job.schema.fields().len() - job.partition_by.len());
        let schema = Arc::new(Schema::new(data.to_vec()));
        if keys.is_empty() {
            return Ok(RowWriter::Whole(Whole::new(self.files(dir, schema, self.number, 1, memory))));
        }
        let begin = || {
            let files = self.files(dir, schema.clone(), self.first, self.threads(), memory);
            Arc::new(Dealers::new(narrow(&schema), files, self.count, self.context.clone()))
        };
        let dealers = self.shared.dealers.get_or_init(begin).clone();
        Ok(RowWriter::Dealt(Box::new(Dealer::new(dealers, Keys::new(Arc::new(Schema::new(keys.to_vec())))?))))
    }

    /// It can spill, in that it can write: so the pool gives it a fair share, and not all.
    fn memory(&self) -> MemoryReservation {
        let consumer = MemoryConsumer::new(format!("writing {}", self.job.table)).with_can_spill(true);
        consumer.register(self.context.memory_pool())
    }

    fn files(&self, dir: String, schema: SchemaRef, task: usize, at_a_time: usize, memory: MemoryReservation) -> Files {
        let encoders = self.shared.encoders.get_or_init(|| Arc::new(Workshops::new(self.threads()))).clone();
        let place = Destination { job: self.job.clone(), task, dir, schema, encoders };
        Files::new(place, self.threads(), at_a_time, memory)
    }

    fn threads(&self) -> usize {
        self.context.session_config().target_partitions()
    }
}

/// Rows on their way to their files.
enum RowWriter {
    Whole(Whole),
    Dealt(Box<Dealer>),
}

impl RowWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        match self {
            RowWriter::Whole(rows) => rows.write(batch).await,
            RowWriter::Dealt(rows) => rows.write(batch).await,
        }
    }

    async fn close(self) -> Result<Vec<(DataFile, Staged)>> {
        match self {
            RowWriter::Whole(rows) => rows.close().await,
            RowWriter::Dealt(rows) => rows.close().await,
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

    async fn close(mut self) -> Result<Vec<(DataFile, Staged)>> {
        self.files.close_all().await?;
        Ok(self.files.take_closed())
    }
}
