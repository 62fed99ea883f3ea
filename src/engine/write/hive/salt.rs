//! A column that spreads large partitions over several tasks, and leaves all others whole.
//!
//! Rows are dealt to tasks by a hash of the partition columns and this one. It is 0 for every row of a partition until
//! this node has seen about a file's worth of it; then the rows that follow take turns among as many values as the
//! partition seems to have files. So a partition is in several tasks only if it makes several large files anyway, whatever
//! the values are and however many tasks there are.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::hash_utils::{HLL_RANDOM_STATE, create_hashes};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr, PlanProperties,
};
use datafusion_distributed::DistributedTaskContext;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::files::size;

/// The added column, the last one.
pub const SALT: &str = "__trapiche_salt";

/// Partitions are told apart by the slot that their hash falls into. A mebibyte of slots for each input.
const SLOTS: usize = 1 << 16;

/// Which partitions are large; the same for all inputs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Salting {
    /// The partition columns' places.
    pub keys: Vec<usize>,
    /// So many bytes of rows make a file.
    pub file_bytes: u64,
}

/// Adds the column.
#[derive(Debug)]
pub struct SaltExec {
    input: Arc<dyn ExecutionPlan>,
    salting: Salting,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl SaltExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, salting: Salting) -> Self {
        let salt = Arc::new(Field::new(SALT, DataType::UInt32, false));
        let fields = input.schema().fields().iter().cloned().chain([salt]).collect::<Vec<_>>();
        let schema = Arc::new(Schema::new(fields));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            input.boundedness(),
        );
        SaltExec { input, salting, schema, properties: Arc::new(properties) }
    }

    pub fn salting(&self) -> &Salting {
        &self.salting
    }
}

impl DisplayAs for SaltExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaltExec: keys={:?}, file_bytes={}", self.salting.keys, self.salting.file_bytes)
    }
}

impl ExecutionPlan for SaltExec {
    fn name(&self) -> &str {
        "SaltExec"
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
        Ok(Arc::new(SaltExec::new(input, self.salting.clone())))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        // Other machines have as many inputs, which see their parts of the same partitions.
        let machines = DistributedTaskContext::from_ctx(&context);
        let inputs = self.input.output_partitioning().partition_count();
        let mut salt =
            Salt::new(self.salting.file_bytes, inputs * machines.task_count, inputs * machines.task_index + partition);
        let (keys, schema) = (self.salting.keys.clone(), self.schema.clone());
        let salted = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            let columns: Vec<ArrayRef> = keys.iter().map(|i| batch.column(*i).clone()).collect();
            let salts = salt.of(&columns, size(&batch))?;
            let columns = batch.columns().iter().cloned().chain([Arc::new(UInt32Array::from(salts)) as ArrayRef]);
            Ok(RecordBatch::try_new(schema.clone(), columns.collect())?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), salted)))
    }
}

/// What one input has seen of the large partitions.
struct Salt {
    /// By hash. Two partitions of one slot vote against each other (Boyer and Moore's majority vote), so that the larger
    /// one stays, and a small one is never taken for large.
    slots: Vec<Slot>,
    /// A partition with so many bytes in this input makes about one file, as all inputs see their part of it.
    share: u64,
    inputs: u64,
    /// Inputs begin at different values, so that they do not all go to one task at the same time.
    turn: u32,
    hashes: Vec<u64>,
}

#[derive(Clone, Default)]
struct Slot {
    hash: u64,
    bytes: u64,
}

impl Salt {
    fn new(file_bytes: u64, inputs: usize, input: usize) -> Self {
        let share = (file_bytes / inputs as u64).max(1);
        Salt { slots: vec![Slot::default(); SLOTS], share, inputs: inputs as u64, turn: input as u32, hashes: vec![] }
    }

    /// The salts of a batch of so many bytes. It has a turn: rows that came together stay together.
    fn of(&mut self, keys: &[ArrayRef], bytes: usize) -> Result<Vec<u32>> {
        let rows = keys.first().map_or(0, |column| column.len());
        self.hashes.clear();
        self.hashes.resize(rows, 0);
        create_hashes(keys, &HLL_RANDOM_STATE, &mut self.hashes)?;
        self.turn = self.turn.wrapping_add(1);
        let row_bytes = (bytes / rows.max(1)).max(1) as u64;
        let salts = self.hashes.iter().map(|hash| {
            let slot = &mut self.slots[*hash as usize % SLOTS];
            if slot.hash == *hash {
                slot.bytes += row_bytes;
            } else if slot.bytes > row_bytes {
                slot.bytes -= row_bytes;
                return 0;
            } else {
                *slot = Slot { hash: *hash, bytes: row_bytes };
            }
            match slot.bytes / self.share {
                0 => 0,
                // Every task gets a file's worth, so it may as well be dealt evenly.
                files if files >= self.inputs => self.turn,
                files => self.turn % (files as u32 + 1),
            }
        });
        Ok(salts.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use arrow::array::StringArray;

    use super::*;

    fn keys(of: impl Iterator<Item = String>) -> Vec<ArrayRef> {
        vec![Arc::new(StringArray::from_iter_values(of))]
    }

    #[test]
    fn a_large_partition_takes_more_values_the_larger_it_gets_and_small_ones_keep_theirs() {
        // A file is 1000 rows of 10 bytes; this input sees a quarter of each partition.
        let mut salt = Salt::new(10_000, 4, 0);
        let mut of_large = vec![];
        for batch in 0..20 {
            let large = (0..95).map(|_| "large".to_string());
            let small = (0..5).map(|i| format!("small {}", batch * 5 + i));
            let salts = salt.of(&keys(large.chain(small)), 1000).unwrap();
            assert_eq!(salts[95..], [0; 5], "small partitions of batch {batch}");
            of_large.push(salts[..95].iter().copied().collect::<BTreeSet<u32>>());
        }
        assert_eq!(of_large[..2], [BTreeSet::from([0]), BTreeSet::from([0])], "not a file's worth yet");
        let so_far = |batches: usize| of_large[..batches].iter().flatten().collect::<BTreeSet<_>>().len();
        assert!((2..=3).contains(&so_far(5)), "{of_large:?}");
        assert!(so_far(20) >= 8, "{of_large:?}");
    }
}
