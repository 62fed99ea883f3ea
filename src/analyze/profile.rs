//! `describe`: what a table's columns hold, one row per column, in one pass over the data.
//!
//! Every statistic is an aggregate of bounded size whose parts merge to the same in any order, so the
//! plan runs over any number of rows in the same memory and gives the same table on any number of
//! threads: HyperLogLog for distinct values (about 1 % off), and a [sketch](crate::engine::functions::sketch) of the
//! numbers for mean, deviation and quantiles.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::functions_aggregate::expr_fn::{approx_distinct, count, max, min};
use datafusion::logical_expr::{Expr, cast, lit, when};
use datafusion::prelude::DataFrame;

use super::columns::{self, engine};
use crate::engine::functions::sketch::{Sketch, numeric_sketch};
use crate::error::{Error, Result};
use crate::project::Describe;
use crate::spark::types;

/// Describes the columns that `spec` names, or all of them, in the order given.
///
/// The table has the columns `column`, `type` (Spark's name), `rows`, `nulls`, `distinct`, `mean`,
/// `stddev` (of the sample), `min` and `max` (as text), and one for each quantile: `p25`, `p2_5`.
/// What a type has no meaning for is null: nested columns are only counted, text has no mean.
/// NaN is a value, but no number: it is neither null nor in any statistic but `distinct`; infinite
/// values can be `min` or `max` and are left out of the others. A deviation beyond the largest double is null.
///
/// # Errors
/// A configuration error when a named column does not exist.
pub async fn describe(input: DataFrame, spec: &Describe) -> Result<RecordBatch> {
    let columns = match spec.columns.as_slice() {
        [] => columns::all(&input),
        names => names.iter().map(|name| columns::find(&input, name)).collect::<Result<_>>()?,
    };
    let quantiles = spec.quantiles.iter().map(|&q| (quantile_name(q), q)).collect();

    let mut wanted = vec![count(lit(1_i64)).alias("rows")];
    for (index, (column, field)) in columns.iter().enumerate() {
        let statistics = statistics(column, field.data_type())?;
        wanted.extend(statistics.into_iter().map(|(name, value)| value.alias(cell_name(index, name))));
    }
    let batches = input.aggregate(vec![], wanted).map_err(engine)?.collect().await.map_err(engine)?;
    match batches.iter().find(|batch| batch.num_rows() == 1) {
        Some(totals) => table(&columns, &Totals(totals), quantiles),
        None => Err(Error::failed("an aggregate without groups gave no row")),
    }
}

/// The row of totals, turned into a row per column.
fn table(columns: &[(Expr, FieldRef)], totals: &Totals, quantiles: Vec<(String, f64)>) -> Result<RecordBatch> {
    let each = || 0..columns.len();
    let rows = totals.count("rows").unwrap_or(0);
    let valid = |index| totals.count(&cell_name(index, "valid")).unwrap_or(0);
    let sketches = each().map(|index| totals.sketch(&cell_name(index, "numbers"))).collect::<Result<Vec<_>>>()?;
    let doubles = |statistic: &dyn Fn(&Sketch) -> Option<f64>| -> ArrayRef {
        Arc::new(Float64Array::from_iter(sketches.iter().map(statistic)))
    };
    let counts =
        |count: &dyn Fn(usize) -> Option<i64>| -> ArrayRef { Arc::new(Int64Array::from_iter(each().map(count))) };
    let names = columns.iter().map(|(_, field)| Ok(Some(field.name().clone())));
    let types = columns.iter().map(|(_, field)| Ok(Some(types::name(field.data_type()))));
    // A sketch may count more distinct values than there are.
    let distinct = |index| Some(totals.count(&cell_name(index, "distinct"))?.min(valid(index)));
    let mut table: Vec<(String, ArrayRef)> = vec![
        ("column".into(), texts(names)?),
        ("type".into(), texts(types)?),
        ("rows".into(), counts(&|_| Some(rows))),
        ("nulls".into(), counts(&|index| Some(rows - valid(index)))),
        ("distinct".into(), counts(&distinct)),
        ("mean".into(), doubles(&|numbers| numbers.mean_and_stddev().0)),
        ("stddev".into(), doubles(&|numbers| numbers.mean_and_stddev().1)),
        ("min".into(), texts(each().map(|index| totals.text(&cell_name(index, "min"))))?),
        ("max".into(), texts(each().map(|index| totals.text(&cell_name(index, "max"))))?),
    ];
    table.extend(quantiles.into_iter().map(|(name, quantile)| (name, doubles(&|numbers| numbers.quantile(quantile)))));

    let fields = table.iter().map(|(name, values)| Field::new(name, values.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, table.into_iter().map(|(_, values)| values).collect())
        .map_err(|error| engine(error.into()))
}

fn texts(texts: impl Iterator<Item = Result<Option<String>>>) -> Result<ArrayRef> {
    Ok(Arc::new(StringArray::from(texts.collect::<Result<Vec<_>>>()?)))
}

/// The aggregates that a column's type has a meaning for.
fn statistics(column: &Expr, data_type: &DataType) -> Result<Vec<(&'static str, Expr)>> {
    let mut wanted = vec![("valid", count(column.clone()))];
    let (column, data_type) = match data_type {
        DataType::Dictionary(_, value) => (cast(column.clone(), value.as_ref().clone()), value.as_ref()),
        data_type => (column.clone(), data_type),
    };
    if !is_ordered(data_type) {
        return Ok(wanted);
    }
    // The sketch does not take floats; their shortest text is as distinct as they are.
    let sketched = if data_type.is_floating() { cast(column.clone(), DataType::Utf8) } else { column.clone() };
    let bounded = if data_type.is_floating() { not_nan(&column)? } else { column.clone() };
    wanted.push(("distinct", approx_distinct(sketched)));
    wanted.push(("min", min(bounded.clone())));
    wanted.push(("max", max(bounded)));

    if data_type.is_numeric() {
        let number = cast(column, DataType::Float64);
        let number = if data_type.is_floating() { columns::finite(number)? } else { number };
        wanted.push(("numbers", numeric_sketch().call(vec![number])));
    }
    Ok(wanted)
}

fn is_ordered(data_type: &DataType) -> bool {
    use DataType::*;
    data_type.is_numeric()
        || matches!(
            data_type,
            Boolean
                | Utf8
                | LargeUtf8
                | Utf8View
                | Binary
                | LargeBinary
                | BinaryView
                | Date32
                | Date64
                | Time32(_)
                | Time64(_)
                | Timestamp(_, _)
        )
}

fn not_nan(number: &Expr) -> Result<Expr> {
    let inside = number.clone().between(lit(f64::NEG_INFINITY), lit(f64::INFINITY));
    when(inside, number.clone()).end().map_err(engine)
}

/// 0.25 → `p25`, 0.025 → `p2_5`.
fn quantile_name(quantile: f64) -> String {
    // Six decimals of a per cent hide what 0.07 × 100 leaves behind.
    let percent = format!("{:.6}", quantile * 100.0);
    format!("p{}", percent.trim_end_matches('0').trim_end_matches('.').replace('.', "_"))
}

fn cell_name(index: usize, statistic: &str) -> String {
    format!("{index} {statistic}")
}

/// The one row of aggregates; a statistic that was not asked for is null.
struct Totals<'a>(&'a RecordBatch);

impl Totals<'_> {
    fn value(&self, name: &str) -> Option<&ArrayRef> {
        self.0.column_by_name(name).filter(|values| values.is_valid(0))
    }

    fn count(&self, name: &str) -> Option<i64> {
        let counts = arrow::compute::cast(self.value(name)?, &DataType::Int64).ok()?;
        Some(counts.as_primitive::<Int64Type>().value(0))
    }

    fn sketch(&self, name: &str) -> Result<Sketch> {
        let mut sketch = Sketch::default();
        let read = self.value(name).map_or(Some(()), |bytes| sketch.decode(bytes.as_binary::<i32>().value(0)));
        read.map(|()| sketch).ok_or_else(|| Error::failed("an aggregate gave a broken sketch"))
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        const TIMESTAMP: Option<&str> = Some("%Y-%m-%d %H:%M:%S%.f");
        let Some(value) = self.value(name) else { return Ok(None) };
        let options = FormatOptions::new().with_timestamp_format(TIMESTAMP).with_timestamp_tz_format(TIMESTAMP);
        let text = ArrayFormatter::try_new(value, &options).map_err(|error| engine(error.into()))?;
        Ok(Some(text.value(0).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray,
        RecordBatch, StringArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
    use datafusion::datasource::MemTable;
    use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

    use super::{describe, quantile_name};
    use crate::error::Kind;
    use crate::lake::{TableName, Zone};
    use crate::project::Describe;

    fn spec(columns: &[&str]) -> Describe {
        Describe {
            input: TableName::new(Zone::Trusted, "t"),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            quantiles: vec![0.25, 0.5, 0.75],
        }
    }

    fn frame(columns: Vec<(&str, ArrayRef)>) -> DataFrame {
        SessionContext::new().read_batch(RecordBatch::try_from_iter(columns).unwrap()).unwrap()
    }

    fn double(table: &RecordBatch, row: usize, name: &str) -> Option<f64> {
        let values = table.column_by_name(name).unwrap().as_primitive::<Float64Type>();
        values.iter().nth(row).unwrap()
    }

    fn count(table: &RecordBatch, row: usize, name: &str) -> Option<i64> {
        table.column_by_name(name).unwrap().as_primitive::<Int64Type>().iter().nth(row).unwrap()
    }

    fn text<'a>(table: &'a RecordBatch, row: usize, name: &str) -> Option<&'a str> {
        table.column_by_name(name).unwrap().as_string::<i32>().iter().nth(row).unwrap()
    }

    #[tokio::test]
    async fn each_type_has_its_statistics() {
        let days = Date32Array::from(vec![Some(0), None, Some(31), Some(31), Some(1)]);
        let amounts = Decimal128Array::from(vec![Some(150), Some(-250), None, Some(1000), Some(0)]);
        let numbers = vec![Some(1.5), Some(f64::NAN), Some(f64::INFINITY), None, Some(2.5)];
        let input = frame(vec![
            ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]))),
            ("Cost \"Total\" $.", Arc::new(amounts.with_precision_and_scale(10, 2).unwrap())),
            ("number", Arc::new(Float64Array::from(numbers))),
            ("name", Arc::new(StringArray::from(vec![Some("b"), Some("a"), None, Some(""), Some("b")]))),
            ("day", Arc::new(days)),
            ("paid", Arc::new(BooleanArray::from(vec![Some(true), None, None, Some(true), Some(false)]))),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), None, None, None, Some(0)]))),
            (
                "tags",
                Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
                    Some(vec![Some(1)]),
                    None,
                    Some(vec![]),
                    None,
                    Some(vec![Some(1)]),
                ])),
            ),
        ]);
        let table = describe(input, &spec(&[])).await.unwrap();
        assert_eq!(table.num_rows(), 8);

        let counts = |name| (0..8).map(|row| count(&table, row, name)).collect::<Vec<_>>();
        assert_eq!(counts("rows"), [Some(5); 8]);
        assert_eq!(counts("nulls"), [0, 1, 1, 1, 1, 2, 3, 2].map(Some));
        assert_eq!(counts("distinct"), [Some(5), Some(4), Some(4), Some(3), Some(3), Some(2), Some(2), None]);

        let doubles = |name| (0..8).map(|row| double(&table, row, name)).collect::<Vec<_>>();
        assert_eq!(doubles("mean"), [Some(3.0), Some(2.25), Some(2.0), None, None, None, None, None]);
        let sample = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
        };
        for (row, values) in [&[1., 2., 3., 4., 5.][..], &[1.5, -2.5, 10., 0.], &[1.5, 2.5]].into_iter().enumerate() {
            assert!((double(&table, row, "stddev").unwrap() - sample(values)).abs() < 1e-12);
        }
        assert_eq!(double(&table, 0, "p50"), Some(3.0));
        assert_eq!(double(&table, 3, "p50"), None);

        let texts = |name| (0..8).map(|row| text(&table, row, name)).collect::<Vec<_>>();
        let first = [
            Some("1"),
            Some("-2.50"),
            Some("1.5"),
            Some(""),
            Some("1970-01-01"),
            Some("false"),
            Some("1970-01-01 00:00:00"),
            None,
        ];
        let last = [
            Some("5"),
            Some("10.00"),
            Some("inf"),
            Some("b"),
            Some("1970-02-01"),
            Some("true"),
            Some("1970-01-01 00:00:01.500"),
            None,
        ];
        assert_eq!((texts("min"), texts("max")), (first.to_vec(), last.to_vec()));
    }

    #[tokio::test]
    async fn many_rows_agree_with_a_plain_computation() {
        let values: Vec<f64> = (0..50_000_u64).map(|i| (i * 7919 % 50_000) as f64 / 10.0).collect();
        let input = frame(vec![("x", Arc::new(Float64Array::from(values)))]);
        let table = describe(input, &spec(&["X"])).await.unwrap();
        let near = |name: &str, expected: f64, by: f64| {
            let found = double(&table, 0, name).unwrap();
            assert!((found - expected).abs() <= by * expected, "{name}: {found}, not {expected}");
        };
        near("mean", 2499.95, 1e-12);
        near("stddev", (50_000.0_f64 * 50_001.0 / 12.0).sqrt() / 10.0, 1e-12);
        near("p25", 1249.975, 1e-3);
        near("p75", 3749.925, 1e-3);
        assert!((count(&table, 0, "distinct").unwrap() - 50_000).abs() < 1_500);
    }

    #[tokio::test]
    async fn the_split_into_partitions_leaves_no_trace() {
        let numbers: Vec<f64> = (0..4000).map(|i| f64::from(i * 7919 % 4001).sqrt()).collect();
        let batch = |numbers: &[f64]| {
            let numbers: ArrayRef = Arc::new(Float64Array::from(numbers.to_vec()));
            RecordBatch::try_from_iter([("x", numbers)]).unwrap()
        };
        let mut found = vec![];
        for partitions in [1, 8, 8] {
            let config = SessionConfig::new().with_target_partitions(partitions);
            let parts = numbers.chunks(4000 / partitions).map(|part| vec![batch(part)]).collect();
            let input = MemTable::try_new(batch(&[]).schema(), parts).unwrap();
            let input = SessionContext::new_with_config(config).read_table(Arc::new(input)).unwrap();
            found.push(describe(input, &spec(&[])).await.unwrap());
        }
        assert_eq!(found[0], found[1]);
        assert_eq!(found[1], found[2]);
    }

    #[tokio::test]
    async fn an_empty_table_has_rows_of_zero() {
        let empty: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
        let table = describe(frame(vec![("x", empty)]), &spec(&[])).await.unwrap();
        assert_eq!(["rows", "nulls", "distinct"].map(|name| count(&table, 0, name)), [Some(0); 3]);
        assert_eq!((double(&table, 0, "mean"), text(&table, 0, "min")), (None, None));
    }

    #[tokio::test]
    async fn an_unknown_column_is_named_with_its_nearest() {
        let input = frame(vec![("customer_id", Arc::new(Int64Array::from(vec![1])))]);
        let error = describe(input, &spec(&["custmer_id"])).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert_eq!(error.hint_text(), Some("did you mean `customer_id`?"));
    }

    #[test]
    fn quantiles_have_names_that_are_columns() {
        assert_eq!([0.25, 0.5, 0.025, 0.07, 0.999].map(quantile_name), ["p25", "p50", "p2_5", "p7", "p99_9"]);
    }
}
