//! Rows of the partitions that a task has no room for: sorted by partition, on disk if need be, and given back when all
//! other files are closed.

use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{BatchCoalescer, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::StreamExt;
use tokio::sync::mpsc;

/// The last column of the sorted rows: their partition's number.
const NUMBER: &str = "__trapiche_partition";

/// Batches on their way to the sort.
const ON_THE_WAY: usize = 2;

/// A sort that rows are pushed into. It works beside whoever pushes.
pub(super) struct Further {
    schema: SchemaRef,
    batches: BatchCoalescer,
    batch_rows: usize,
    rows: mpsc::Sender<RecordBatch>,
    sort: SpawnedTask<Sorted>,
}

/// The first batch, for which all rows must have come in, and the others.
type Sorted = Result<(Option<Result<RecordBatch>>, SendableRecordBatchStream)>;

impl Further {
    /// For rows of this schema.
    pub(super) fn begin(rows: &SchemaRef, context: Arc<TaskContext>) -> Result<Self> {
        let number = Arc::new(Field::new(NUMBER, DataType::UInt32, false));
        let schema = Arc::new(Schema::new(rows.fields().iter().cloned().chain([number]).collect::<Vec<_>>()));
        let by_number = PhysicalSortExpr::new_default(Arc::new(Column::new(NUMBER, rows.fields().len())));
        let ordering = LexOrdering::new([by_number]).expect("one column");
        let (sender, receiver) = mpsc::channel(ON_THE_WAY);
        let pushed = Arc::new(Pushed { schema: schema.clone(), rows: Mutex::new(Some(receiver)) });
        let source = StreamingTableExec::try_new(schema.clone(), vec![pushed], None, None, false, None)?;
        let batch_rows = context.session_config().batch_size();
        let batches = BatchCoalescer::new(schema.clone(), batch_rows);
        let sort = SpawnedTask::spawn(async move {
            let mut sorted = SortExec::new(ordering, Arc::new(source)).execute(0, context)?;
            Ok((sorted.next().await, sorted))
        });
        Ok(Further { schema, batches, batch_rows, rows: sender, sort })
    }

    /// `numbers` has each row's partition.
    pub(super) async fn push(&mut self, rows: &RecordBatch, numbers: UInt32Array) -> Result<()> {
        let columns = rows.columns().iter().cloned().chain([Arc::new(numbers) as ArrayRef]);
        let rows = RecordBatch::try_new(self.schema.clone(), columns.collect())?;
        let (all, most) = (rows.num_rows(), self.batch_rows);
        for first in (0..all).step_by(most) {
            // A copy, because the sort counts a slice as all that it is a slice of.
            let some = match all <= most {
                true => rows.clone(),
                false => take_record_batch(
                    &rows,
                    &UInt32Array::from_iter_values(first as u32..all.min(first + most) as u32),
                )?,
            };
            self.batches.push_batch(some)?;
            self.pass_on().await?;
        }
        Ok(())
    }

    async fn pass_on(&mut self) -> Result<()> {
        while let Some(batch) = self.batches.next_completed_batch() {
            if self.rows.send(batch).await.is_err() {
                return Err(self.failure().await);
            }
        }
        Ok(())
    }

    /// Why the sort takes no more rows.
    async fn failure(&mut self) -> DataFusionError {
        match self.sort.join_unwind_mut().await {
            Ok(Err(error)) | Ok(Ok((Some(Err(error)), _))) => error,
            Ok(Ok(_)) => DataFusionError::Internal("a sort ended before its input".to_string()),
            Err(error) => DataFusionError::External(Box::new(error)),
        }
    }

    /// All rows that were pushed, those of one partition after those of another.
    pub(super) async fn sorted(mut self) -> Result<SendableRecordBatchStream> {
        self.batches.finish_buffered_batch()?;
        self.pass_on().await?;
        drop(self.rows);
        let (first, rest) = self.sort.join_unwind().await.map_err(|e| DataFusionError::External(Box::new(e)))??;
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema, futures::stream::iter(first).chain(rest))))
    }
}

/// What is pushed, as the one partition of a plan.
struct Pushed {
    schema: SchemaRef,
    /// Until the plan is executed.
    rows: Mutex<Option<mpsc::Receiver<RecordBatch>>>,
}

impl fmt::Debug for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows of further partitions")
    }
}

impl PartitionStream for Pushed {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let receiver = self.rows.lock().expect("nobody panics with it").take();
        let rows = futures::stream::unfold(receiver, |receiver| async {
            let mut receiver = receiver?;
            receiver.recv().await.map(|batch| (Ok(batch), Some(receiver)))
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}
