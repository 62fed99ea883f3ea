//! The partitioned write, as an execution plan: rows in, the list of written files out.
//!
//! Its input is sorted by the partition columns within each task, so a task has one file open at a
//! time and its memory does not grow with the number of partitions. Files are staged: nothing is
//! visible until [`crate::lake::commit`] publishes what the tasks answer.
//!
//! A last input column [`CHECKS`] holds a bit for each broken check; it says which rows are left out
//! or quarantined, and is not stored.

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::{cast, filter_record_batch, partition};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use bytes::Bytes;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr, PlanProperties,
};
use datafusion_distributed::DistributedTaskContext;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::ranges;
use super::table::quarantine_schema;
use crate::error::Error;
use crate::lake::data_file::DataFile;
use crate::lake::path::{self, HIVE_NULL, PartitionValue};
use crate::lake::stage::{self, StageWriter, Staged};
use crate::lake::{Lake, TableName};
use crate::project::{Check, OnFail};
use crate::report::Meter;

/// The input column that holds the broken checks' bits.
pub(super) const CHECKS: &str = "__trapiche_checks";

/// A bit per check, and bits are those of an i64.
pub(super) const MAX_CHECKS: usize = 63;

/// A row group is closed at this size, so that a task's memory is bounded however large its file becomes.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// What to write and where; the same for all tasks.
#[derive(Debug, Clone)]
pub(super) struct WriteJob {
    pub lake: Lake,
    pub table: TableName,
    pub run_id: String,
    /// How often this was tried before, on other workers: they may still be writing, under other names.
    pub attempt: u32,
    /// Data columns, then partition columns.
    pub schema: SchemaRef,
    pub partition_by: Vec<String>,
    pub checks: Vec<Check>,
    /// A file is closed once it has this many bytes.
    pub target_file_bytes: u64,
    pub meter: Meter,
}

/// One answer of a task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    File { file: DataFile, staged: Staged },
    Quarantined { file: DataFile, staged: Staged },
    Counts(Counts),
}

/// Rows of a task. `rows_in` = accepted + `quarantined` + `dropped`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    pub rows_in: u64,
    pub quarantined: u64,
    pub dropped: u64,
    /// Rows that broke each check, in the checks' order.
    pub broken: Vec<u64>,
}

/// Writes its input's partitions as tasks; each answers one batch of [`Answer`]s as JSON.
#[derive(Debug)]
pub(super) struct HiveWriteExec {
    input: Arc<dyn ExecutionPlan>,
    job: Arc<WriteJob>,
    properties: Arc<PlanProperties>,
}

impl HiveWriteExec {
    /// `input` is sorted by the partition columns within each partition, and no two partitions share a value of them.
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, job: Arc<WriteJob>) -> Self {
        let schema = Arc::new(Schema::new(vec![Field::new("answer", DataType::Utf8, false)]));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            datafusion::physical_plan::Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        HiveWriteExec { input, job, properties: Arc::new(properties) }
    }

    pub(super) fn job(&self) -> &WriteJob {
        &self.job
    }

    /// Reads what the tasks answered.
    pub(super) fn answers(batches: &[RecordBatch]) -> crate::error::Result<Vec<Answer>> {
        let texts = batches.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
        texts
            .map(|text| {
                serde_json::from_str(text).map_err(|e| Error::failed("a write task's answer is torn").because(e))
            })
            .collect()
    }
}

impl DisplayAs for HiveWriteExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HiveWriteExec: table={}, partition_by=[{}]", self.job.table, self.job.partition_by.join(", "))
    }
}

impl ExecutionPlan for HiveWriteExec {
    fn name(&self) -> &str {
        "HiveWriteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().expect("one child, as `children` says");
        Ok(Arc::new(HiveWriteExec::new(input, self.job.clone())))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        // Files are named by task, and other machines have the same partitions.
        let machine = DistributedTaskContext::from_ctx(&context).task_index;
        let task = machine * self.input.output_partitioning().partition_count() + partition;
        let consumer = MemoryConsumer::new(format!("writing {}", self.job.table));
        let memory = consumer.register(context.memory_pool());
        let (job, schema) = (self.job.clone(), self.schema());
        let answer_schema = schema.clone();
        let answer = async move {
            let answers = write_task(job, task, input, memory).await?;
            let texts = answers.iter().map(|answer| serde_json::to_string(answer).expect("text keys only"));
            Ok(RecordBatch::try_new(answer_schema, vec![Arc::new(StringArray::from_iter_values(texts))])?)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::once(answer).boxed())))
    }
}

async fn write_task(
    job: Arc<WriteJob>,
    task: usize,
    mut input: SendableRecordBatchStream,
    memory: MemoryReservation,
) -> Result<Vec<Answer>> {
    let mut counts = Counts { broken: vec![0; job.checks.len()], ..Counts::default() };
    let table_dir = path::table_dir(&job.table);
    let mut files = Files::new(&job, task, table_dir, job.partition_by.len(), &memory);
    let bad_schema = quarantine_schema(&job.schema);
    let mut bad_files = Files::new(&job, task, path::quarantine_dir(&job.table), 0, &memory);
    while let Some(batch) = input.try_next().await? {
        job.meter.add(batch.num_rows() as u64, 0);
        let (accepted, bad) = sort_out(&job, &bad_schema, batch, &mut counts)?;
        files.write(accepted).await?;
        if let Some(bad) = bad {
            bad_files.write(bad).await?;
        }
    }
    let mut answers = vec![];
    answers.extend(files.close().await?.into_iter().map(|(file, staged)| Answer::File { file, staged }));
    answers.extend(bad_files.close().await?.into_iter().map(|(file, staged)| Answer::Quarantined { file, staged }));
    answers.push(Answer::Counts(counts));
    Ok(answers)
}

/// The accepted rows, and the quarantined ones with their reasons; both without the checks' column.
fn sort_out(
    job: &WriteJob,
    bad_schema: &SchemaRef,
    batch: RecordBatch,
    counts: &mut Counts,
) -> Result<(RecordBatch, Option<RecordBatch>)> {
    counts.rows_in += batch.num_rows() as u64;
    let stored: Vec<usize> = (0..job.schema.fields().len()).collect();
    if job.checks.is_empty() {
        return Ok((batch.project(&stored)?.with_schema(job.schema.clone())?, None));
    }
    let bits = batch.column(stored.len()).as_primitive::<Int64Type>().clone();
    let rows = batch.project(&stored)?.with_schema(job.schema.clone())?;
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

/// The files of one task below one folder; at most one is open.
struct Files<'a> {
    job: &'a WriteJob,
    task: usize,
    dir: String,
    /// How many of the last columns stand in the path instead of the file.
    partition_columns: usize,
    memory: &'a MemoryReservation,
    open: Option<OpenFile>,
    closed: Vec<(DataFile, Staged)>,
}

struct OpenFile {
    partition: Vec<PartitionValue>,
    schema: SchemaRef,
    encoder: ArrowWriter<Vec<u8>>,
    object: StageWriter,
    rows: u64,
}

impl OpenFile {
    /// Moves the encoder's finished bytes into the object.
    async fn pass_on(&mut self, meter: &Meter) -> Result<()> {
        let bytes = std::mem::take(self.encoder.inner_mut());
        if bytes.is_empty() {
            return Ok(());
        }
        meter.add(0, bytes.len() as u64);
        self.object.write(Bytes::from(bytes)).await.map_err(external)
    }
}

impl<'a> Files<'a> {
    fn new(
        job: &'a WriteJob,
        task: usize,
        dir: String,
        partition_columns: usize,
        memory: &'a MemoryReservation,
    ) -> Self {
        Files { job, task, dir, partition_columns, memory, open: None, closed: vec![] }
    }

    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let data_columns = batch.num_columns() - self.partition_columns;
        let keys = &batch.columns()[data_columns..];
        if keys.is_empty() {
            return self.write_partition(vec![], batch).await;
        }
        let spelled: Vec<ArrayRef> = keys.iter().map(|key| cast(key, &DataType::Utf8)).collect::<Result<_, _>>()?;
        let data = batch.project(&(0..data_columns).collect::<Vec<_>>())?;
        for range in partition(keys)?.ranges() {
            let key = spelled.iter().map(|column| value_at(column, range.start)).collect();
            self.write_partition(key, data.slice(range.start, range.len())).await?;
        }
        Ok(())
    }

    async fn write_partition(&mut self, key: Vec<PartitionValue>, rows: RecordBatch) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.partition != key) {
            self.close_file().await?;
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open_file(key, rows.schema()).await?,
        };
        open.rows += rows.num_rows() as u64;
        open.encoder.write(&rows)?;
        let full = open.encoder.in_progress_size() >= ROW_GROUP_BYTES;
        if full || self.memory.try_resize(open.encoder.memory_size()).is_err() {
            open.encoder.flush()?;
            self.memory.free();
        }
        open.pass_on(&self.job.meter).await?;
        let file_is_full = open.encoder.bytes_written() as u64 >= self.job.target_file_bytes;
        self.open = Some(open);
        if file_is_full {
            self.close_file().await?;
        }
        Ok(())
    }

    async fn open_file(&mut self, partition: Vec<PartitionValue>, schema: SchemaRef) -> Result<OpenFile> {
        for (column, value) in self.job.partition_by.iter().zip(&partition) {
            refuse_ambiguous(column, value.as_deref()).map_err(|e| DataFusionError::External(Box::new(e)))?;
        }
        let columns = &self.job.partition_by[..partition.len()];
        let writer = match self.job.attempt {
            0 => self.job.run_id.clone(),
            attempt => format!("{}.{attempt}", self.job.run_id),
        };
        let path = path::data_file(&self.dir, columns, &partition, &writer, self.task, self.closed.len());
        let object = stage::begin(&self.job.lake, &self.job.run_id, path).await.map_err(external)?;
        Ok(OpenFile { partition, encoder: encoder(schema.clone())?, schema, object, rows: 0 })
    }

    async fn close_file(&mut self) -> Result<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let metadata = open.encoder.finish()?;
        self.memory.free();
        open.pass_on(&self.job.meter).await?;
        let staged = open.object.finish().await.map_err(external)?;
        let file = DataFile {
            path: staged.path.clone(),
            partition: open.partition,
            rows: open.rows,
            bytes: staged.bytes,
            columns: ranges::of_file(&metadata, &open.schema)?,
        };
        self.closed.push((file, staged));
        Ok(())
    }

    async fn close(mut self) -> Result<Vec<(DataFile, Staged)>> {
        self.close_file().await?;
        Ok(self.closed)
    }
}

/// A file without rows, so that plain readers find the columns of an empty table.
pub(super) async fn empty_file(job: &WriteJob) -> crate::error::Result<(DataFile, Staged)> {
    let path = path::data_file(&path::table_dir(&job.table), &[], &[], &job.run_id, 0, 0);
    let mut object = stage::begin(&job.lake, &job.run_id, path).await?;
    let bytes =
        encoder(job.schema.clone()).and_then(|encoder| Ok(encoder.into_inner()?)).map_err(super::fault::explain)?;
    object.write(Bytes::from(bytes)).await?;
    let staged = object.finish().await?;
    let file = DataFile { path: staged.path.clone(), partition: vec![], rows: 0, bytes: staged.bytes, columns: vec![] };
    Ok((file, staged))
}

/// Parquet as Athena likes it: zstd, v1 data pages, no Arrow schema beside Parquet's own.
fn encoder(schema: SchemaRef) -> Result<ArrowWriter<Vec<u8>>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("trapiche ", env!("CARGO_PKG_VERSION")).to_string())
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    Ok(ArrowWriter::try_new_with_options(vec![], schema, options)?)
}

/// Hive cannot tell an empty text from null, nor null's spelling from a text that is spelled so.
fn refuse_ambiguous(column: &str, value: Option<&str>) -> crate::error::Result<()> {
    match value {
        Some("") => {
            Err(Error::failed(format!("partition column `{column}` has an empty text, which readers take for null"))
                .hint(format!("write nullif({column}, '') in the query")))
        }
        Some(HIVE_NULL) => {
            Err(Error::failed(format!("partition column `{column}` has the text `{HIVE_NULL}`, which means null"))
                .hint("change that value in the query"))
        }
        _ => Ok(()),
    }
}

fn value_at(column: &ArrayRef, row: usize) -> PartitionValue {
    let column = column.as_string::<i32>();
    (!column.is_null(row)).then(|| column.value(row).to_string())
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
