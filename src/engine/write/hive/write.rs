//! The partitioned write, as an execution plan: rows in, the list of written files out.
//!
//! Files are staged: nothing is visible until [`crate::lake::table::commit`] publishes what the tasks answer.
//!
//! After the stored columns, an input column [`CHECKS`](super::CHECKS) holds a bit for each broken check; it says which rows are left
//! out or quarantined, and is not stored. In a write of the latest rows alone [`DUPLICATES`](super::DUPLICATES) follows, which tells them from
//! what stands for others. Nor is any column after these stored.

use std::fmt;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr, PlanProperties,
};
use datafusion_distributed::DistributedTaskContext;
use futures::StreamExt;

use super::job::{TaskAnswer, WriteJob};
use super::task::{Task, TaskShared};
use crate::error::Error;

/// Writes its input's partitions as tasks; each answers one batch of [`TaskAnswer`]s as JSON.
#[derive(Debug)]
pub struct HiveWriteExec {
    input: Arc<dyn ExecutionPlan>,
    job: Arc<WriteJob>,
    properties: Arc<PlanProperties>,
    /// By the tasks that this process runs.
    shared: Arc<TaskShared>,
}

impl HiveWriteExec {
    /// Rows of a partition that come on several machines make a file on each of them.
    pub fn new(input: Arc<dyn ExecutionPlan>, job: Arc<WriteJob>) -> Self {
        let schema = Arc::new(Schema::new(vec![Field::new("answer", DataType::Utf8, false)]));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            datafusion::physical_plan::Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        HiveWriteExec { input, job, properties: Arc::new(properties), shared: Arc::default() }
    }

    pub fn job(&self) -> &WriteJob {
        &self.job
    }

    /// Reads what the tasks answered.
    pub fn answers(batches: &[RecordBatch]) -> crate::error::Result<Vec<TaskAnswer>> {
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
        let count = self.input.output_partitioning().partition_count();
        let first = machine * count;
        let (job, shared) = (self.job.clone(), self.shared.clone());
        let task = Task { job, number: first + partition, first, count, shared, context };
        let schema = self.schema();
        let answer_schema = schema.clone();
        let answer = async move {
            let answers = task.run(input).await?;
            let texts = answers.iter().map(|answer| serde_json::to_string(answer).expect("text keys only"));
            Ok(RecordBatch::try_new(answer_schema, vec![Arc::new(StringArray::from_iter_values(texts))])?)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::once(answer).boxed())))
    }
}
