//! Between which values the columns of a file lie: taken from the Parquet writer's own metadata when the file is
//! closed, kept with the version, and asked by a scan which files and nodes its filter can leave out.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

use crate::lake::table::data_file::{ColumnRange, DataFile};
use crate::lake::table::tree::Child;

/// The first columns only, as Delta Lake does, so that a wide table's list of files does not outgrow its files:
/// <https://docs.delta.io/latest/optimizations-oss.html#data-skipping>
const COLUMNS: usize = 32;

/// The ranges of a closed file's columns. Parquet has cut long texts already: the low ones off, the high ones off and
/// counted up.
pub(in crate::engine) fn of_file(metadata: &ParquetMetaData, schema: &Schema) -> Result<Vec<(String, ColumnRange)>> {
    let mut ranges = vec![];
    for field in schema.fields().iter().filter(|field| has_range(field.data_type())).take(COLUMNS) {
        let parquet_schema = metadata.file_metadata().schema_descr();
        let column = StatisticsConverter::try_new(field.name(), schema, parquet_schema)?;
        let groups = metadata.row_groups();
        let nulls = column.row_group_null_counts(groups)?;
        let (lows, highs) = (column.row_group_mins(groups)?, column.row_group_maxes(groups)?);
        let rows = groups.iter().map(|group| group.num_rows() as u64);
        // A row group may have values and no bounds: then the file has none either.
        let is_bound = |i: usize, rows: u64| nulls.value(i) == rows || lows.is_valid(i) && highs.is_valid(i);
        if nulls.null_count() == 0 && rows.enumerate().all(|(i, rows)| is_bound(i, rows)) {
            let range = ColumnRange {
                low: spelled(&lows, |a, b| a < b)?,
                high: spelled(&highs, |a, b| a > b)?,
                nulls: nulls.values().iter().sum(),
            };
            ranges.push((field.name().clone(), range));
        }
    }
    Ok(ranges)
}

/// The foremost of the bounds, as text.
fn spelled(bounds: &ArrayRef, before: impl Fn(&ScalarValue, &ScalarValue) -> bool) -> Result<Option<String>> {
    let Some(foremost) = foremost(bounds, before)? else { return Ok(None) };
    let text = cast(&foremost.to_array()?, &DataType::Utf8)?;
    Ok(Some(text.as_string::<i32>().value(0).to_string()))
}

fn foremost(bounds: &ArrayRef, before: impl Fn(&ScalarValue, &ScalarValue) -> bool) -> Result<Option<ScalarValue>> {
    let mut foremost: Option<ScalarValue> = None;
    for i in (0..bounds.len()).filter(|i| bounds.is_valid(*i)) {
        let bound = ScalarValue::try_from_array(bounds, i)?;
        if foremost.as_ref().is_none_or(|foremost| before(&bound, foremost)) {
            foremost = Some(bound);
        }
    }
    Ok(foremost)
}

/// Types that have an order and can be read back from text.
fn has_range(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(data_type, Boolean | Date32 | Timestamp(..) | Utf8 | Float32 | Float64)
        || data_type.is_integer()
        || data_type.is_decimal()
}

/// What is known of the wanted columns of all files together, for the planner's estimates. Between its bounds a number
/// or a date can have only so many values, and from how many there are follows how many rows a join gives: without the
/// bounds every row of a large table counts as another value, and large results as small ones.
pub(in crate::engine) fn of_files(
    files: &[DataFile],
    schema: &SchemaRef,
    wanted: Option<&Vec<usize>>,
) -> Vec<ColumnStatistics> {
    let of = |i: usize, column: &str| Some(&files[i].columns.iter().find(|(name, _)| name == column)?.1);
    let ranges = Ranges { schema, of, counts: files.iter().map(|file| file.rows).collect() };
    let column = |(i, field): (usize, &FieldRef)| {
        let counted = has_range(field.data_type()) && *field.data_type() != DataType::Utf8;
        let asked = counted && wanted.is_none_or(|wanted| wanted.contains(&i));
        asked.then(|| ranges.together(&Column::from_name(field.name()))).flatten().unwrap_or_default()
    };
    schema.fields().iter().enumerate().map(column).collect()
}

/// Which files may have rows that pass all filters.
pub(in crate::engine) fn prune_files(
    state: &dyn Session,
    filters: &[Expr],
    files: &[DataFile],
    schema: &SchemaRef,
) -> Result<Vec<bool>> {
    let of = |i: usize, column: &str| Some(&files[i].columns.iter().find(|(name, _)| name == column)?.1);
    prune(state, filters, &Ranges { schema, of, counts: files.iter().map(|file| file.rows).collect() })
}

/// Which nodes may have files that pass all filters on the partition columns, which are all that `schema` has.
pub(in crate::engine) fn prune_nodes(
    state: &dyn Session,
    filters: &[Expr],
    nodes: &[Child],
    schema: &SchemaRef,
) -> Result<Vec<bool>> {
    let of = |i: usize, column: &str| nodes[i].columns.get(schema.index_of(column).ok()?);
    prune(state, filters, &Ranges { schema, of, counts: nodes.iter().map(|node| node.files).collect() })
}

/// A filter that ranges say nothing about keeps all.
fn prune<'a>(
    state: &dyn Session,
    filters: &[Expr],
    ranges: &Ranges<'_, impl Fn(usize, &str) -> Option<&'a ColumnRange>>,
) -> Result<Vec<bool>> {
    let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(vec![true; ranges.counts.len()]) };
    let filter = state.create_physical_expr(filter, &DFSchema::try_from(ranges.schema.clone())?)?;
    PruningPredicateBuilder::new().with_file_schema(ranges.schema.clone()).try_build(filter)?.prune(ranges)
}

/// What is known of several files or nodes; read from text only for the columns of a filter.
struct Ranges<'s, F> {
    schema: &'s SchemaRef,
    of: F,
    /// Of the same unit as the nulls: rows, or files.
    counts: Vec<u64>,
}

impl<'a, F: Fn(usize, &str) -> Option<&'a ColumnRange>> Ranges<'_, F> {
    fn typed(&self, column: &Column, bound: impl Fn(&'a ColumnRange) -> &'a Option<String>) -> Option<ArrayRef> {
        let data_type = self.schema.field_with_name(column.name()).ok()?.data_type();
        let spelled = |i| bound((self.of)(i, column.name())?).as_deref();
        cast(&(0..self.counts.len()).map(spelled).collect::<StringArray>(), data_type).ok()
    }

    /// `None` unless the bounds of all are known.
    fn together(&self, column: &Column) -> Option<ColumnStatistics> {
        let (lows, highs) = (self.min_values(column)?, self.max_values(column)?);
        let nulls: Option<u64> = (0..self.counts.len()).map(|i| Some((self.of)(i, column.name())?.nulls)).sum();
        if lows.null_count() > 0 || highs.null_count() > 0 {
            return None;
        }
        let inexact = |bound: Option<ScalarValue>| bound.map_or(Precision::Absent, Precision::Inexact);
        Some(ColumnStatistics {
            null_count: Precision::Inexact(usize::try_from(nulls?).ok()?),
            min_value: inexact(foremost(&lows, |a, b| a < b).ok()?),
            max_value: inexact(foremost(&highs, |a, b| a > b).ok()?),
            ..ColumnStatistics::new_unknown()
        })
    }
}

impl<'a, F: Fn(usize, &str) -> Option<&'a ColumnRange>> PruningStatistics for Ranges<'_, F> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.typed(column, |range| &range.low)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.typed(column, |range| &range.high)
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let nulls = |i| Some((self.of)(i, column.name())?.nulls);
        Some(Arc::new((0..self.counts.len()).map(nulls).collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from(self.counts.clone())))
    }

    fn num_containers(&self) -> usize {
        self.counts.len()
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StructArray};
    use arrow::datatypes::{Field, Int64Type};
    use chrono::DateTime;
    use datafusion::functions::expr_fn::get_field;
    use datafusion::prelude::{DataFrame, col, lit};
    use object_store::memory::InMemory;
    use proptest::prelude::*;

    use super::*;
    use crate::config::Limits;
    use crate::engine::Engine;
    use crate::engine::write::store::{self, TableWrite};
    use crate::lake::table::head::Head;
    use crate::lake::table::version;
    use crate::lake::table::version::FileLayout;
    use crate::lake::{Lake, TableName, Zone};
    use crate::project::WriteMode;
    use crate::report::{Meter, RunStamp};
    use crate::spark::mode::SqlMode;

    /// A number by itself and in a struct.
    fn batch(first: usize, values: &[Option<f64>]) -> RecordBatch {
        let ids: Int64Array = (first as i64..).take(values.len()).collect();
        let x: ArrayRef = Arc::new(values.iter().copied().collect::<Float64Array>());
        let nested = StructArray::from(vec![(Arc::new(Field::new("x", DataType::Float64, true)), x.clone())]);
        RecordBatch::try_from_iter_with_nullable([
            ("id", Arc::new(ids) as ArrayRef, true),
            ("x", x, true),
            ("s", Arc::new(nested), true),
        ])
        .unwrap()
    }

    async fn ids(frame: DataFrame, filter: Expr) -> Vec<i64> {
        let frame = frame.filter(filter).unwrap().select(vec![col("id")]).unwrap();
        let batches = frame.collect().await.unwrap();
        let ids = |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().to_vec();
        let mut ids: Vec<i64> = batches.iter().flat_map(ids).collect();
        ids.sort();
        ids
    }

    /// Whether filters find the same rows in files, whose bounds leave some out, as in memory.
    async fn bounds_hide_no_row(files: &[Vec<Option<f64>>], bound: f64) {
        let lake = Lake::on("memory://lake", Arc::new(InMemory::new()), None).unwrap();
        let session = Engine::local(&lake, &Limits { memory_bytes: 1 << 30, threads: 2 }, &SqlMode::default())
            .unwrap()
            .session()
            .unwrap();
        let table = TableName::new(Zone::Trusted, "t");
        let mut all = vec![];
        for (n, values) in files.iter().enumerate() {
            let rows = batch(n * 1000, values);
            let stamp = RunStamp { run_id: format!("2026112{n}T000000Z-000000"), at: DateTime::default() };
            let head = Head::look(&lake, &table).await.unwrap();
            let write = TableWrite {
                table: &table,
                head: &head,
                partition_by: &[],
                mode: WriteMode::Append,
                layout: FileLayout::default(),
                key: &[],
                checks: &[],
                dedupe: None,
                slices: None,
                fingerprint: "f",
                stamp: &stamp,
                meter: &Meter::default(),
            };
            store::store(&session, session.rows(rows.clone()).unwrap(), write).await.unwrap();
            all.push(rows);
        }
        let version = version::latest(&lake, &table).await.unwrap().unwrap();
        let in_memory = arrow::compute::concat_batches(&all[0].schema(), &all).unwrap();
        let nested = || get_field(col("s"), "x");
        for x in [&|| col("x"), &nested as &dyn Fn() -> Expr] {
            let filters = [
                x().gt(lit(bound)),
                x().gt_eq(lit(bound)),
                x().lt(lit(bound)),
                x().lt_eq(lit(bound)),
                x().eq(lit(bound)),
                x().not_eq(lit(bound)),
                x().between(lit(bound), lit(f64::NAN)),
                x().is_null(),
                x().is_not_null(),
            ];
            for filter in filters {
                let seen = ids(session.version(&version).unwrap(), filter.clone()).await;
                let there = ids(session.rows(in_memory.clone()).unwrap(), filter.clone()).await;
                assert_eq!(seen, there, "{filter} of {files:?}");
            }
        }
    }

    fn float() -> impl Strategy<Value = f64> {
        let odd = [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 100.0, 101.0, 5e-324];
        prop_oneof![3 => proptest::sample::select(odd.to_vec()), 1 => any::<f64>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn filters_find_the_same_rows_through_bounds_as_without(
            files in proptest::collection::vec(proptest::collection::vec(proptest::option::weighted(0.9, float()), 1..6), 1..4),
            bound in float(),
        ) {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(bounds_hide_no_row(&files, bound));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nan_is_above_every_bound() {
        bounds_hide_no_row(&[vec![Some(1.0), Some(f64::NAN)], vec![Some(2.0), None]], 100.0).await;
    }
}
