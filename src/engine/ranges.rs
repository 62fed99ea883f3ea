//! Between which values the columns of a file lie: taken from the Parquet writer's own metadata when the file is
//! closed, kept with the version, and asked by a scan which files and nodes its filter can leave out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

use crate::lake::tree::Child;
use crate::lake::version::{ColumnRange, DataFile};

/// The first columns only, as Delta Lake does, so that a wide table's list of files does not outgrow its files:
/// <https://docs.delta.io/latest/optimizations-oss.html#data-skipping>
const COLUMNS: usize = 32;

/// The ranges of a closed file's columns. Parquet has cut long texts already: the low ones off, the high ones off and
/// counted up.
pub(super) fn of_file(metadata: &ParquetMetaData, schema: &Schema) -> Result<BTreeMap<String, ColumnRange>> {
    let mut ranges = BTreeMap::new();
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
            ranges.insert(field.name().clone(), range);
        }
    }
    Ok(ranges)
}

/// The foremost of the bounds, as text.
fn spelled(bounds: &ArrayRef, before: impl Fn(&ScalarValue, &ScalarValue) -> bool) -> Result<Option<String>> {
    let mut foremost: Option<ScalarValue> = None;
    for i in (0..bounds.len()).filter(|i| bounds.is_valid(*i)) {
        let bound = ScalarValue::try_from_array(bounds, i)?;
        if foremost.as_ref().is_none_or(|foremost| before(&bound, foremost)) {
            foremost = Some(bound);
        }
    }
    let Some(foremost) = foremost else { return Ok(None) };
    let text = cast(&foremost.to_array()?, &DataType::Utf8)?;
    Ok(Some(text.as_string::<i32>().value(0).to_string()))
}

/// Types that have an order and can be read back from text.
fn has_range(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(data_type, Boolean | Date32 | Timestamp(..) | Utf8 | Float32 | Float64)
        || data_type.is_integer()
        || data_type.is_decimal()
}

/// What is known of several files or nodes, column by column.
pub(super) struct Ranges {
    schema: SchemaRef,
    /// Low and high values and nulls; one array element per file or node.
    columns: HashMap<String, (ArrayRef, ArrayRef, ArrayRef)>,
    /// Of the same unit as the nulls.
    counts: ArrayRef,
}

impl Ranges {
    pub(super) fn of_files(files: &[DataFile], schema: &SchemaRef) -> Result<Self> {
        let ranges = |field: &FieldRef| files.iter().map(|file| file.columns.get(field.name())).collect();
        Self::new(
            schema,
            schema.fields().iter().map(|field| (field, ranges(field))),
            files.iter().map(|file| file.rows),
        )
    }

    /// Of the partition columns, which are all that `schema` has.
    pub(super) fn of_nodes(nodes: &[Child], schema: &SchemaRef) -> Result<Self> {
        let ranges = |column: usize| nodes.iter().map(|node| node.columns.get(column)).collect();
        let columns = schema.fields().iter().enumerate().map(|(column, field)| (field, ranges(column)));
        Self::new(schema, columns, nodes.iter().map(|node| node.files))
    }

    fn new<'a>(
        schema: &SchemaRef,
        ranges: impl Iterator<Item = (&'a FieldRef, Vec<Option<&'a ColumnRange>>)>,
        counts: impl Iterator<Item = u64>,
    ) -> Result<Self> {
        let mut columns = HashMap::new();
        for (field, ranges) in ranges {
            if ranges.iter().all(Option::is_none) {
                continue;
            }
            let low: StringArray = ranges.iter().map(|range| range.as_ref()?.low.as_deref()).collect();
            let high: StringArray = ranges.iter().map(|range| range.as_ref()?.high.as_deref()).collect();
            let nulls: UInt64Array = ranges.iter().map(|range| Some(range.as_ref()?.nulls)).collect();
            let (low, high) = (cast(&low, field.data_type())?, cast(&high, field.data_type())?);
            columns.insert(field.name().clone(), (low, high, Arc::new(nulls) as ArrayRef));
        }
        let counts = Arc::new(UInt64Array::from_iter_values(counts));
        Ok(Ranges { schema: schema.clone(), columns, counts })
    }

    /// Which of them may have rows that pass all filters. A filter that ranges say nothing about keeps all.
    pub(super) fn prune(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<bool>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(vec![true; self.counts.len()]) };
        let filter = state.create_physical_expr(filter, &DFSchema::try_from(self.schema.clone())?)?;
        PruningPredicateBuilder::new().with_file_schema(self.schema.clone()).try_build(filter)?.prune(self)
    }
}

impl PruningStatistics for Ranges {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.columns.get(column.name()).map(|(low, _, _)| low.clone())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.columns.get(column.name()).map(|(_, high, _)| high.clone())
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        self.columns.get(column.name()).map(|(_, _, nulls)| nulls.clone())
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(self.counts.clone())
    }

    fn num_containers(&self) -> usize {
        self.counts.len()
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
