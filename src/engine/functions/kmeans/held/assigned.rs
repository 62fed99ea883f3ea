//! The rows with their clusters, as the engine's batches again.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::Result;
use datafusion::datasource::provider_as_source;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{LogicalPlanBuilder, UNNAMED_TABLE};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::DataFrame;

use super::super::kernel::Kernel;
use super::super::model::{Centres, RowView};
use super::super::registers::LANES;
use super::chunk::{Chunk, SpillBuffers};
use super::{Held, at_places};

impl Held {
    /// Whether all rows' keys are held, too.
    pub fn has_keys(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.keys.is_some())
    }

    /// The keys of all rows, their clusters at the last step and their distances from the centres, in columns of this schema.
    ///
    /// # Panics
    /// Unless [`has_keys`](Held::has_keys).
    pub fn assigned(self, model: &Centres, schema: SchemaRef) -> Result<DataFrame> {
        let (state, parts) = (self.state.clone(), self.state.config().target_partitions());
        let (kernel, places) = (model.kernel(), model.places());
        let view = model.view.clone();
        let rows = Arc::new(AssignedRows { held: self, view, kernel, places, schema: schema.clone() });
        let part = |first| Arc::new(AssignedPart { rows: rows.clone(), first, parts }) as Arc<dyn PartitionStream>;
        let table = StreamingTable::try_new(schema, (0..parts).map(part).collect())?;
        let plan = LogicalPlanBuilder::scan(UNNAMED_TABLE, provider_as_source(Arc::new(table)), None)?.build()?;
        Ok(DataFrame::new(state, plan))
    }
}

struct AssignedRows {
    held: Held,
    view: RowView,
    kernel: Kernel,
    places: Vec<u32>,
    schema: SchemaRef,
}

impl AssignedRows {
    fn batch(&self, chunk: &Chunk, scratch: &mut SpillBuffers) -> Result<RecordBatch> {
        let numbers = chunk.numbers.read(scratch)?;
        let (mut clusters, mut distances) = (Vec::with_capacity(chunk.rows), Vec::with_capacity(chunk.rows));
        for (tile, numbers) in numbers.chunks_exact(self.held.numbers).enumerate() {
            let (labels, places) = at_places(chunk, tile, &self.places);
            let (squared, lanes) = (self.kernel.squared(numbers, &places), LANES.min(chunk.rows - tile * LANES));
            clusters.extend(labels[..lanes].iter().map(|label| *label as i32));
            distances.extend(squared[..lanes].iter().map(|squared| self.view.distance(*squared)));
        }
        let found: [ArrayRef; 2] = [Arc::new(Int32Array::from(clusters)), Arc::new(Float64Array::from(distances))];
        let keys = chunk.keys.as_ref().expect("all keys are held").columns();
        Ok(RecordBatch::try_new(self.schema.clone(), keys.iter().cloned().chain(found).collect())?)
    }
}

/// Every so many chunks from the first one on.
struct AssignedPart {
    rows: Arc<AssignedRows>,
    first: usize,
    parts: usize,
}

impl fmt::Debug for AssignedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AssignedPart {} of {}", self.first, self.parts)
    }
}

impl PartitionStream for AssignedPart {
    fn schema(&self) -> &SchemaRef {
        &self.rows.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (rows, mut scratch) = (self.rows.clone(), SpillBuffers::default());
        let chunks = (self.first..rows.held.chunks.len()).step_by(self.parts);
        let batches = chunks.map(move |chunk| rows.batch(&rows.held.chunks[chunk], &mut scratch));
        Box::pin(RecordBatchStreamAdapter::new(self.rows.schema.clone(), futures::stream::iter(batches)))
    }
}
