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

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, Decimal128Array, Int64Array, StringArray};
    use arrow::compute::concat_batches;
    use datafusion::prelude::{col, lit};
    use object_store::memory::InMemory;
    use proptest::prelude::*;

    use super::*;
    use crate::config::Limits;
    use crate::engine::Engine;
    use crate::lake::Lake;
    use crate::spark::mode::SqlMode;

    /// The same numbers as columns of several types.
    fn block(values: &[Option<i64>]) -> RecordBatch {
        let decimals: Decimal128Array = values.iter().map(|value| value.map(i128::from)).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("n", Arc::new(values.iter().copied().collect::<Int64Array>()) as ArrayRef, true),
            ("s", Arc::new(values.iter().map(|value| value.map(|n| format!("{n:03}"))).collect::<StringArray>()), true),
            ("d", Arc::new(values.iter().map(|value| value.map(|n| n as i32)).collect::<Date32Array>()), true),
            ("p", Arc::new(decimals.with_precision_and_scale(10, 0).unwrap()), true),
        ])
        .unwrap()
    }

    /// Whether filters find the same rows in blocks, of which bounds leave some out, as in one that is looked at as a whole.
    fn bounds_hide_no_row(values: &[Vec<Option<i64>>], bound: i64) {
        let lake = Lake::on("memory://lake", Arc::new(InMemory::new()), None).unwrap();
        let limits = Limits { memory_bytes: 1 << 28, threads: 1 };
        let session = Engine::local(&lake, &limits, &SqlMode::default()).unwrap().session().unwrap();
        let blocks: Vec<RecordBatch> = values.iter().map(|values| block(values)).collect();
        let schema = blocks[0].schema();
        let whole = concat_batches(&schema, &blocks).unwrap();
        let bounds = Bounds::of(&blocks, &schema).unwrap();
        let kept = KeptRows { schema: schema.clone(), blocks, bounds, bytes: 0 };
        let columns = [
            (col("n"), lit(bound)),
            (col("s"), lit(format!("{bound:03}"))),
            (col("d"), lit(ScalarValue::Date32(Some(bound as i32)))),
            (col("p"), lit(ScalarValue::Decimal128(Some(bound.into()), 10, 0))),
        ];
        for (column, value) in columns {
            for condition in [
                column.clone().eq(value.clone()),
                column.clone().not_eq(value.clone()),
                column.clone().lt(value.clone()),
                column.clone().gt_eq(value.clone()),
                column.clone().in_list(vec![value.clone()], false),
                column.clone().in_list(vec![value.clone()], true),
                column.clone().is_null(),
                column.clone().is_not_null(),
            ] {
                let filter = session.row_filter(std::slice::from_ref(&condition), &schema).unwrap().unwrap();
                let found: Vec<RecordBatch> =
                    kept.blocks(&filter).unwrap().map(|block| filter.passing(block).unwrap()).collect();
                let found = concat_batches(&schema, &found).unwrap();
                assert_eq!(found, filter.passing(&whole).unwrap(), "{condition} of {values:?}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn filters_find_the_same_rows_through_bounds_as_without(
            values in proptest::collection::vec(proptest::collection::vec(proptest::option::weighted(0.8, 0..30_i64), 1..4), FEW + 1..20),
            bound in 0..30_i64,
        ) {
            bounds_hide_no_row(&values, bound);
        }
    }

    #[test]
    fn blocks_that_cannot_have_such_rows_are_left_out() {
        let lake = Lake::on("memory://lake", Arc::new(InMemory::new()), None).unwrap();
        let limits = Limits { memory_bytes: 1 << 28, threads: 1 };
        let session = Engine::local(&lake, &limits, &SqlMode::default()).unwrap().session().unwrap();
        let blocks: Vec<RecordBatch> = (0..20).map(|n| block(&[Some(n), Some(n)])).collect();
        let schema = blocks[0].schema();
        let bounds = Bounds::of(&blocks, &schema).unwrap();
        let kept = KeptRows { schema: schema.clone(), blocks, bounds, bytes: 0 };
        let filter = session.row_filter(&[col("n").eq(lit(7_i64))], &schema).unwrap().unwrap();
        assert_eq!(kept.blocks(&filter).unwrap().count(), 1);
    }
}
