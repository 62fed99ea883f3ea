//! The latest row of each key, as an execution plan: rows in, the latest ones and what is to be counted of the others out.
//!
//! Rows of one key come in one partition.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::SpillManager;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PhysicalExpr, PlanProperties,
};

use super::beaten::Beaten;
use super::order::RowOrder;
use super::task::LatestTask;
use crate::engine::write::hive::{DUPLICATES, WriteJob};

/// Batches on their way to the write.
const ON_THE_WAY: usize = 2;

/// Leaves of each key the latest row. After the input's columns [`DUPLICATES`] tells rows from what stands for others.
#[derive(Debug)]
pub struct LatestExec {
    input: Arc<dyn ExecutionPlan>,
    job: Arc<WriteJob>,
    order: Arc<RowOrder>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl LatestExec {
    /// The input has what the job stores, and its checks' bits.
    pub fn new(input: Arc<dyn ExecutionPlan>, job: Arc<WriteJob>) -> Result<Self> {
        let order = Arc::new(RowOrder::new(&job, &input.schema())?);
        // What stands for others has no values.
        let fields = input.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        let duplicates = Field::new(DUPLICATES, DataType::Int64, false);
        let schema = Arc::new(Schema::new([fields, vec![duplicates]].concat()));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Final,
            input.boundedness(),
        );
        let metrics = ExecutionPlanMetricsSet::new();
        Ok(LatestExec { input, job, order, properties: Arc::new(properties), metrics })
    }

    pub fn job(&self) -> &WriteJob {
        &self.job
    }
}

impl DisplayAs for LatestExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.job.dedupe {
            Some(dedupe) => {
                let (key, latest_by) = (dedupe.key.join(", "), dedupe.latest_by.join(", "));
                write!(f, "LatestExec: key=[{key}], latest_by=[{latest_by}]")
            }
            None => write!(f, "LatestExec"),
        }
    }
}

impl ExecutionPlan for LatestExec {
    fn name(&self) -> &str {
        "LatestExec"
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
        Ok(Arc::new(LatestExec::new(input, self.job.clone())?))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        let consumer = MemoryConsumer::new(format!("the latest rows of {}", self.job.table)).with_can_spill(true);
        let (settings, metrics) = (context.session_config(), SpillMetrics::new(&self.metrics, partition));
        let spill = SpillManager::new(context.runtime_env(), metrics, self.input.schema())
            .with_compression_type(settings.spill_compression());
        let mut stream = RecordBatchReceiverStream::builder(self.schema(), ON_THE_WAY);
        let task = LatestTask {
            order: self.order.clone(),
            batch_rows: settings.batch_size(),
            meter: self.job.meter.clone(),
            memory: consumer.register(context.memory_pool()),
            spill: Arc::new(spill),
            file_bytes: settings.options().execution.max_spill_file_size_bytes.get(),
            beaten: Beaten::of(self.schema()),
            rows: stream.tx(),
        };
        stream.spawn(task.run(input));
        Ok(stream.build())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
