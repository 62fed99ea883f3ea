//! Rows of a file that are kept in memory, for a process that is asked for some of them again and again: a question that
//! leaves a few rows is answered without a plan, which would take longer than to look at the rows.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::functions_aggregate::min_max::{MaxAccumulator, MinAccumulator};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Accumulator, Expr};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use datafusion::prelude::DataFrame;
use futures::StreamExt;

use crate::engine::{Session, faults};

/// The rows of one file, in its order, in blocks of some thousands.
#[derive(Debug)]
pub struct KeptRows {
    pub schema: SchemaRef,
    blocks: Vec<RecordBatch>,
    bounds: Bounds,
    /// About how much memory they take.
    pub bytes: u64,
}

impl KeptRows {
    /// All rows of a frame, which are those of one file; `None` if they take more than so many bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn read(rows: DataFrame, most_bytes: u64) -> crate::error::Result<Option<KeptRows>> {
        let schema: SchemaRef = Arc::new(rows.schema().as_arrow().clone());
        let mut stream = rows.execute_stream().await.map_err(faults::explain)?;
        let (mut blocks, mut bytes) = (vec![], 0);
        while let Some(block) = stream.next().await {
            let block = block.and_then(|block| Ok(block.with_schema(schema.clone())?)).map_err(faults::explain)?;
            bytes += block.get_array_memory_size() as u64;
            if bytes > most_bytes {
                return Ok(None);
            }
            blocks.push(block);
        }
        let bounds = Bounds::of(&blocks, &schema).map_err(faults::explain)?;
        Ok(Some(KeptRows { schema, blocks, bounds, bytes }))
    }

    /// The blocks that may have rows which pass.
    ///
    /// # Errors
    /// When the filter is of other columns.
    pub fn blocks(&self, filter: &RowFilter) -> crate::error::Result<impl Iterator<Item = &RecordBatch>> {
        let kept = match &filter.pruning {
            Some(pruning) if self.blocks.len() > FEW => pruning.prune(&self.bounds).map_err(faults::explain)?,
            _ => vec![true; self.blocks.len()],
        };
        Ok(self.blocks.iter().zip(kept).filter_map(|(block, keep)| keep.then_some(block)))
    }
}

/// To look at so few blocks takes less time than to find out which need it.
const FEW: usize = 8;

/// Conditions on rows, ready to be evaluated.
pub struct RowFilter {
    /// `None` lets all pass.
    condition: Option<Arc<dyn PhysicalExpr>>,
    pruning: Option<PruningPredicate>,
}

impl RowFilter {
    /// The rows that pass.
    pub fn passing(&self, block: &RecordBatch) -> crate::error::Result<RecordBatch> {
        let Some(condition) = &self.condition else { return Ok(block.clone()) };
        let passing = condition.evaluate(block).and_then(|passing| passing.into_array(block.num_rows()));
        let passing = passing.map_err(faults::explain)?;
        filter_record_batch(block, passing.as_boolean()).map_err(|error| faults::explain(error.into()))
    }
}

impl Session {
    /// Conditions for [`KeptRows`]; `None` if they mean what they mean only within a plan: Spark's order of floating-point
    /// numbers is one that plans are rewritten to.
    pub fn row_filter(&self, conditions: &[Expr], schema: &SchemaRef) -> crate::error::Result<Option<RowFilter>> {
        let is_float = |column: &Column| {
            let field = schema.field_with_name(column.name());
            field.is_ok_and(|field| field.data_type().is_floating() || field.data_type().is_nested())
        };
        if conditions.iter().any(|condition| condition.column_refs().iter().any(|column| is_float(column))) {
            return Ok(None);
        }
        let Some(condition) = conjunction(conditions.iter().cloned()) else {
            return Ok(Some(RowFilter { condition: None, pruning: None }));
        };
        let filter = || {
            let columns = DFSchema::try_from(schema.clone())?;
            let condition = self.made_as.create_physical_expr(condition, &columns)?;
            let pruning =
                PruningPredicateBuilder::new().with_file_schema(schema.clone()).try_build(condition.clone())?;
            Ok(RowFilter { condition: Some(condition), pruning: Some(pruning) })
        };
        filter().map(Some).map_err(faults::explain)
    }

    /// Rows that are kept, in the order of the files, for a plan.
    pub fn kept_rows<'a>(
        &self,
        schema: SchemaRef,
        files: impl Iterator<Item = &'a KeptRows>,
    ) -> crate::error::Result<DataFrame> {
        let blocks = files.flat_map(|file| file.blocks.iter().cloned()).collect();
        let table = MemTable::try_new(schema, vec![blocks]).map_err(faults::explain)?;
        self.context.read_table(Arc::new(table)).map_err(faults::explain)
    }
}

/// Between which values the columns of each block lie: `None` for types whose bounds would not help, or that have no plain order.
#[derive(Debug)]
struct Bounds {
    schema: SchemaRef,
    columns: Vec<Option<ColumnBounds>>,
    nulls: Vec<ArrayRef>,
    rows: ArrayRef,
}

#[derive(Debug)]
struct ColumnBounds {
    lows: ArrayRef,
    highs: ArrayRef,
}

impl Bounds {
    fn of(blocks: &[RecordBatch], schema: &SchemaRef) -> Result<Bounds> {
        let counts = |count: &dyn Fn(&RecordBatch) -> usize| -> ArrayRef {
            Arc::new(UInt64Array::from_iter_values(blocks.iter().map(|block| count(block) as u64)))
        };
        let bounds = |at: usize, bound: fn(&ArrayRef) -> Result<ScalarValue>| {
            let bounds = blocks.iter().map(|block| bound(block.column(at))).collect::<Result<Vec<_>>>()?;
            ScalarValue::iter_to_array(bounds)
        };
        let column = |at: usize| match has_bounds(schema.field(at).data_type()) && !blocks.is_empty() {
            true => Ok(Some(ColumnBounds { lows: bounds(at, lowest)?, highs: bounds(at, highest)? })),
            false => Ok(None),
        };
        Ok(Bounds {
            schema: schema.clone(),
            columns: (0..schema.fields().len()).map(column).collect::<Result<_>>()?,
            nulls: (0..schema.fields().len()).map(|at| counts(&|block| block.column(at).null_count())).collect(),
            rows: counts(&RecordBatch::num_rows),
        })
    }

    fn at(&self, column: &Column) -> Option<usize> {
        self.schema.index_of(column.name()).ok()
    }
}

fn lowest(values: &ArrayRef) -> Result<ScalarValue> {
    let mut lowest = MinAccumulator::try_new(values.data_type())?;
    lowest.update_batch(std::slice::from_ref(values))?;
    lowest.evaluate()
}

fn highest(values: &ArrayRef) -> Result<ScalarValue> {
    let mut highest = MaxAccumulator::try_new(values.data_type())?;
    highest.update_batch(std::slice::from_ref(values))?;
    highest.evaluate()
}

fn has_bounds(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(data_type, Utf8 | Date32 | Timestamp(..)) || data_type.is_integer() || data_type.is_decimal()
}

impl PruningStatistics for Bounds {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        Some(self.columns[self.at(column)?].as_ref()?.lows.clone())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        Some(self.columns[self.at(column)?].as_ref()?.highs.clone())
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        Some(self.nulls[self.at(column)?].clone())
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(self.rows.clone())
    }

    fn num_containers(&self) -> usize {
        self.rows.len()
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
