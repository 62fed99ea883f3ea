//! The scan of landings as a plan: which parts each of its partitions reads, in the form in which it travels to other
//! machines.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result as DfResult, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::part::PartReader;
use crate::lake::landing::{LandedPart, Landing};
use crate::spark::types;

/// All that a scan is, but the store: what travels to another machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::engine) struct ScanPlan {
    /// How the parts are read; which they are is said by the groups.
    landings: Vec<Landing>,
    /// The columns that all landings of the source have together.
    #[serde(with = "types::schema_as_fields")]
    schema: SchemaRef,
    /// Places of the wanted columns in the schema; the one behind its last is the row's place.
    columns: Vec<usize>,
    groups: Vec<Vec<ScanPart>>,
    batch_rows: usize,
}

/// A part, and what its rows are among those of others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::engine) struct ScanPart {
    /// The place of its landing among those of the plan.
    pub landing: usize,
    /// The place of its first row among all rows of the source.
    pub first_row: i64,
    pub part: LandedPart,
}

impl ScanPlan {
    /// Shares the parts out into at most so many groups.
    pub(super) fn new(
        landings: Vec<Landing>,
        schema: SchemaRef,
        columns: Vec<usize>,
        (parts, groups): (Vec<ScanPart>, usize),
        batch_rows: usize,
    ) -> ScanPlan {
        // A receiver reads its groups and needs no other part; a landing of thousands would be sent thousands of times.
        let landings =
            landings.into_iter().map(|landing| Landing { parts: vec![], gone: vec![], window: None, ..landing });
        ScanPlan { landings: landings.collect(), schema, columns, groups: deal(&parts, groups), batch_rows }
    }

    /// Whether it reads what a capture has put into the lake, and nothing else: it may have come from elsewhere.
    pub(in crate::engine) fn is_of_raw(&self) -> bool {
        let is_of_raw =
            |part: &LandedPart| Path::parse(&part.path).is_ok_and(|path| path.prefix_matches(&Path::from("raw")));
        let parts = self.groups.iter().flatten();
        parts.into_iter().all(|part| part.landing < self.landings.len() && is_of_raw(&part.part))
            && self.landings.iter().flat_map(|landing| &landing.parts).all(is_of_raw)
    }
}

/// Shares parts out into at most `groups` groups of about the same size; at least one group.
fn deal(parts: &[ScanPart], groups: usize) -> Vec<Vec<ScanPart>> {
    let mut dealt: Vec<(u64, Vec<ScanPart>)> = vec![(0, vec![]); groups.min(parts.len()).max(1)];
    let mut by_size: Vec<_> = parts.iter().collect();
    by_size.sort_by_key(|part| std::cmp::Reverse(part.part.bytes));
    for part in by_size {
        let least = dealt.iter_mut().min_by_key(|(bytes, _)| *bytes).expect("there is at least one group");
        least.0 += part.part.bytes;
        least.1.push(part.clone());
    }
    dealt.into_iter().map(|(_, parts)| parts).collect()
}

/// Reads each group of parts as one partition.
#[derive(Debug)]
pub(in crate::engine) struct RawScanExec {
    plan: Arc<ScanPlan>,
    reader: Arc<PartReader>,
    groups: Vec<Vec<ScanPart>>,
    properties: Arc<PlanProperties>,
}

impl RawScanExec {
    pub(in crate::engine) fn new(store: Arc<dyn ObjectStore>, mut plan: ScanPlan) -> DfResult<Self> {
        let groups = std::mem::take(&mut plan.groups);
        let reader = PartReader::new(store, &plan.landings, &plan.schema, &plan.columns, plan.batch_rows)?;
        Ok(RawScanExec::of(Arc::new(plan), Arc::new(reader), groups))
    }

    fn of(plan: Arc<ScanPlan>, reader: Arc<PartReader>, groups: Vec<Vec<ScanPart>>) -> Self {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(reader.schema().clone()),
            Partitioning::UnknownPartitioning(groups.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        RawScanExec { plan, reader, groups, properties }
    }

    pub(in crate::engine) fn plan(&self) -> ScanPlan {
        ScanPlan { groups: self.groups.clone(), ..self.plan.as_ref().clone() }
    }

    pub(in crate::engine) fn parts(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// As they lie in the store, compressed or not.
    pub(in crate::engine) fn bytes(&self) -> u64 {
        self.groups.iter().flatten().map(|part| part.part.bytes).sum()
    }

    /// The same scan as that of several tasks, each with as many partitions as this one; some may be empty.
    pub(in crate::engine) fn shared_out(&self, tasks: usize) -> Vec<RawScanExec> {
        let partitions = self.groups.len();
        let mut groups = deal(&self.groups.concat(), tasks * partitions);
        groups.resize(tasks * partitions, vec![]);
        // Dealt in turn, so that each task has some of the large ones.
        let share = |task| groups.iter().skip(task).step_by(tasks).cloned().collect();
        (0..tasks).map(|task| RawScanExec::of(self.plan.clone(), self.reader.clone(), share(task))).collect()
    }
}

impl DisplayAs for RawScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.reader.schema().fields().iter().map(|field| field.name().as_str()).collect();
        let (groups, names) = (self.groups.len(), names.join(", "));
        let Some(first) = self.plan.landings.first() else { return write!(f, "RawScanExec: columns=[{names}]") };
        write!(f, "RawScanExec: source={}, run={}", first.source, first.run_id)?;
        if let further @ 1.. = self.plan.landings.len() - 1 {
            write!(f, " and {further} more")?;
        }
        write!(f, ", partitions={groups}, columns=[{names}]")
    }
}

impl ExecutionPlan for RawScanExec {
    fn name(&self) -> &str {
        "RawScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let (reader, parts) = (self.reader.clone(), self.groups[partition].clone());
        let mut builder = RecordBatchReceiverStream::builder(reader.schema().clone(), 2);
        let batches = builder.tx();
        builder.spawn(async move {
            for ScanPart { landing, first_row, part } in &parts {
                let read = reader.read(*landing, *first_row, part, &batches).await;
                read.map_err(|error| DataFusionError::External(error.into()))?;
            }
            Ok(())
        });
        Ok(builder.build())
    }

    /// The landing knows its rows: that lets the planner build the smaller side of a join. They are given as an
    /// estimate, so that `count(*)` still reads the parts and meets their faults.
    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], args: &StatisticsArgs) -> DfResult<Arc<Statistics>> {
        let groups = args.partition().map_or(self.groups.as_slice(), |partition| &self.groups[partition..=partition]);
        let sum = |of: fn(&LandedPart) -> u64| groups.iter().flatten().map(|part| of(&part.part)).sum::<u64>() as usize;
        let mut statistics = Statistics::new_unknown(self.reader.schema());
        statistics.num_rows = Precision::Inexact(sum(|part| part.rows));
        statistics.total_byte_size = Precision::Inexact(sum(|part| part.bytes));
        Ok(Arc::new(statistics))
    }
}
