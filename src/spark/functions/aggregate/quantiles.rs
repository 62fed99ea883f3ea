//! `percentile`, `percentile_approx`, `percentile_disc` and `mode`: what the sorted values of a group say.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-functions-builtin.html#aggregate-functions>. `percentile_approx` is the exact
//! one here: it is within the bounds of Spark's sketch, and equal to it as long as that has not begun to leave values out.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::{cast, concat, filter, is_not_null, partition, sort};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{ScalarValue, exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use datafusion::physical_expr::PhysicalExpr;

pub fn all() -> Vec<Arc<AggregateUDF>> {
    let named = |name, aliases: &[&str], asked| {
        let aliases = aliases.iter().map(ToString::to_string).collect();
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(AggregateUDF::new_from_impl(Quantile { name, aliases, asked, signature }))
    };
    vec![
        named("percentile", &[], Quantity::Between),
        named("percentile_approx", &["approx_percentile"], Quantity::Value),
        named("percentile_disc", &[], Quantity::Discrete),
        named("mode", &[], Quantity::Mode),
    ]
}

/// What is asked of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Quantity {
    /// Between two values, in proportion, as a double.
    Between,
    /// One of the values.
    Value,
    /// One of the values, as a double; perhaps counted from the largest.
    Discrete,
    /// The most frequent one. Of several the least.
    Mode,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Quantile {
    name: &'static str,
    aliases: Vec<String>,
    asked: Quantity,
    signature: Signature,
}

impl Quantile {
    /// The type in which values are kept, if they may be of this one.
    fn kept(&self, of: &DataType) -> Option<DataType> {
        let is_number = of.is_numeric() || of.is_null();
        let is_text = matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        match self.asked {
            Quantity::Between | Quantity::Discrete if is_number || is_text => Some(DataType::Float64),
            Quantity::Value if is_text || of.is_null() => Some(DataType::Float64),
            Quantity::Value if is_number || of.is_temporal() => Some(of.clone()),
            Quantity::Mode if !of.is_nested() => Some(of.clone()),
            _ => None,
        }
    }
}

impl AggregateUDFImpl for Quantile {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let refused = || {
            let types: Vec<String> = types.iter().map(DataType::to_string).collect();
            plan_err!("No function matches the given name and argument types '{}({})'.", self.name, types.join(", "))
        };
        let Some(kept) = types.first().and_then(|of| self.kept(of)) else { return refused() };
        let rank = |of: &DataType| match of {
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
                Some(DataType::new_list(DataType::Float64, true))
            }
            of if of.is_numeric() || of.is_null() => Some(DataType::Float64),
            _ => None,
        };
        match (self.asked, &types[1..]) {
            (Quantity::Mode, []) => Ok(vec![kept]),
            (Quantity::Between, [of]) => rank(of).map_or_else(refused, |rank| Ok(vec![kept, rank])),
            (Quantity::Between, [of, times]) if times.is_integer() || times.is_null() => {
                rank(of).map_or_else(refused, |rank| Ok(vec![kept, rank, DataType::Int64]))
            }
            (Quantity::Discrete, [of, DataType::Boolean]) => {
                rank(of).map_or_else(refused, |rank| Ok(vec![kept, rank, DataType::Boolean]))
            }
            (Quantity::Value, [of]) => rank(of).map_or_else(refused, |rank| Ok(vec![kept, rank])),
            (Quantity::Value, [of, accuracy]) if accuracy.is_integer() => {
                rank(of).map_or_else(refused, |rank| Ok(vec![kept, rank, DataType::Int64]))
            }
            _ => refused(),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match types.get(1) {
            Some(DataType::List(_)) => DataType::new_list(types[0].clone(), true),
            _ => types[0].clone(),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name, of: &DataType| -> FieldRef {
            Field::new_list(format_state_name(args.name, name), Field::new_list_field(of.clone(), true), true).into()
        };
        let mut fields = vec![list("values", args.input_fields[0].data_type())];
        if self.asked == Quantity::Between && args.input_fields.len() == 3 {
            fields.push(list("times", &DataType::Int64));
        }
        Ok(fields)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let (ranks, is_list) = match (self.asked, args.exprs.get(1)) {
            (Quantity::Mode, _) | (_, None) => (vec![], false),
            (_, Some(expr)) => ranks(expr, args.schema)?,
        };
        if self.asked == Quantity::Between && args.exprs.len() == 3 {
            let (result, is_distinct) = (args.return_type().clone(), args.is_distinct);
            return Ok(Box::new(WeightedQuantiles { ranks, is_list, result, is_distinct, pairs: vec![] }));
        }
        let accuracy = match (self.asked, args.exprs.get(2)) {
            (Quantity::Value, Some(expr)) => match constant(expr, args.schema)? {
                ScalarValue::Int64(Some(accuracy)) if (1..=i64::from(i32::MAX)).contains(&accuracy) => accuracy,
                other => {
                    return exec_err!(
                        "[DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE] the accuracy of `{}` is from 1 to 2147483647, not {other}",
                        self.name
                    );
                }
            },
            _ => 10_000,
        };
        let descends = match (self.asked, args.exprs.get(2)) {
            (Quantity::Discrete, Some(expr)) => constant(expr, args.schema)? == ScalarValue::from(true),
            _ => false,
        };
        Ok(Box::new(Quantiles {
            asked: self.asked,
            of: args.expr_fields[0].data_type().clone(),
            result: args.return_type().clone(),
            ranks,
            is_list,
            accuracy,
            descends,
            is_distinct: args.is_distinct,
            values: vec![],
        }))
    }
}

/// The value of an expression that does not depend on a row.
fn constant(expr: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<ScalarValue> {
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let no_columns = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options)?;
    if !datafusion::physical_expr::utils::collect_columns(expr).is_empty() {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return exec_err!(
            "[DATATYPE_MISMATCH.NON_FOLDABLE_INPUT] a percentage is a value that is written out, none of the columns {}",
            names.join(", ")
        );
    }
    ScalarValue::try_from_array(&expr.evaluate(&no_columns)?.into_array(1)?, 0)
}

fn ranks(expr: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<(Vec<f64>, bool)> {
    let (values, is_list) = match constant(expr, schema)? {
        ScalarValue::List(list) => (list.value(0), true),
        one => (one.to_array()?, false),
    };
    let values = cast(&values, &DataType::Float64)?;
    let values = values.as_primitive::<Float64Type>();
    let of_rank = |rank: Option<f64>| match rank {
        Some(rank) if (0.0..=1.0).contains(&rank) => Ok(rank),
        Some(rank) => {
            exec_err!("[DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE] a percentage is between 0 and 1, and not {rank}")
        }
        None => exec_err!("[DATATYPE_MISMATCH.UNEXPECTED_NULL] a percentage is between 0 and 1, and not null"),
    };
    Ok((values.iter().map(of_rank).collect::<Result<_>>()?, is_list))
}

/// `percentile(x, 0.5, n)`: each value counts as often as is said beside it.
#[derive(Debug)]
struct WeightedQuantiles {
    ranks: Vec<f64>,
    is_list: bool,
    result: DataType,
    is_distinct: bool,
    pairs: Vec<(f64, i64)>,
}

impl WeightedQuantiles {
    fn take(&mut self, values: &Float64Array, times: &Int64Array) -> Result<()> {
        for (value, times) in values.iter().zip(times) {
            match (value, times) {
                (Some(_), Some(times)) if times < 0 => {
                    return exec_err!(
                        "[NEGATIVE_VALUES_IN_FREQUENCY_EXPRESSION] a value counts {times} times in `percentile`, which is \
                         less than none"
                    );
                }
                (Some(value), Some(times)) if times > 0 => self.pairs.push((value, times)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The value at a place, counted from 0, if each stood there as often as it counts.
    fn at(counted: &[(f64, i64)], place: f64) -> f64 {
        let nth = counted.partition_point(|(_, so_far)| (*so_far as f64) < place + 1.0);
        counted[nth.min(counted.len() - 1)].0
    }
}

impl Accumulator for WeightedQuantiles {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.take(values[0].as_primitive(), values[2].as_primitive())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (values, times) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for (values, times) in values.iter().flatten().zip(times.iter().flatten()) {
            self.take(values.as_primitive(), times.as_primitive())?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: ArrayRef = Arc::new(self.pairs.iter().map(|(value, _)| Some(*value)).collect::<Float64Array>());
        let times: ArrayRef = Arc::new(self.pairs.iter().map(|(_, times)| Some(*times)).collect::<Int64Array>());
        let list = |items| SingleRowListArrayBuilder::new(items).with_nullable(true).build_list_scalar();
        Ok(vec![list(values), list(times)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.pairs.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        if self.is_distinct {
            self.pairs.dedup_by(|one, other| one.0.total_cmp(&other.0).is_eq() && one.1 == other.1);
        }
        let mut all = 0_i64;
        let mut counted = Vec::with_capacity(self.pairs.len());
        for (value, times) in &self.pairs {
            let Some(so_far) = all.checked_add(*times) else {
                return exec_err!(
                    "[ARITHMETIC_OVERFLOW] the values of `percentile` count more often than a bigint can say"
                );
            };
            all = so_far;
            counted.push((*value, all));
        }
        if counted.is_empty() {
            return ScalarValue::try_from(&self.result);
        }
        let values = self.ranks.iter().map(|rank| {
            let position = rank * (all - 1) as f64;
            ScalarValue::from(between(position, |place| WeightedQuantiles::at(&counted, place)))
        });
        Ok(match (self.is_list, values) {
            (false, mut values) => values.next().unwrap_or(ScalarValue::Float64(None)),
            (true, values) => {
                ScalarValue::List(ScalarValue::new_list(&values.collect::<Vec<_>>(), &DataType::Float64, true))
            }
        })
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.pairs.capacity() * size_of::<(f64, i64)>()
    }
}

/// In proportion between the values at the two places around a position.
fn between(position: f64, at: impl Fn(f64) -> f64) -> f64 {
    let (lower, higher) = (position.floor(), position.ceil());
    let (low, high) = (at(lower), at(higher));
    match lower == higher || low == high {
        true => low,
        false => (higher - position) * low + (position - lower) * high,
    }
}

#[derive(Debug)]
struct Quantiles {
    asked: Quantity,
    of: DataType,
    result: DataType,
    ranks: Vec<f64>,
    is_list: bool,
    /// `percentile_approx` may be as far from the rank as one in so many.
    accuracy: i64,
    descends: bool,
    is_distinct: bool,
    /// All that are not null.
    values: Vec<ArrayRef>,
}

impl Quantiles {
    fn all(&self) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.values.iter().map(AsRef::as_ref).collect();
        Ok(match parts.as_slice() {
            [] => arrow::array::new_empty_array(&self.of),
            parts => concat(parts)?,
        })
    }

    fn sorted(&self) -> Result<ArrayRef> {
        let sorted = sort(&self.all()?, None)?;
        if !self.is_distinct || sorted.is_empty() {
            return Ok(sorted);
        }
        let firsts =
            partition(std::slice::from_ref(&sorted))?.ranges().into_iter().map(|range| sorted.slice(range.start, 1));
        let firsts: Vec<ArrayRef> = firsts.collect();
        let firsts: Vec<&dyn Array> = firsts.iter().map(AsRef::as_ref).collect();
        Ok(concat(&firsts)?)
    }

    fn at(&self, sorted: &ArrayRef, rank: f64) -> Result<ScalarValue> {
        let count = sorted.len();
        // `ceil(rank * count)`, counted from 1.
        let nth = |rank: f64| ((rank * count as f64).ceil() as usize).clamp(1, count) - 1;
        match self.asked {
            Quantity::Between => {
                let values: &Float64Array = sorted.as_primitive();
                let position = rank * (count - 1) as f64;
                Ok(ScalarValue::from(between(position, |place| values.value(place as usize))))
            }
            Quantity::Discrete if self.descends => ScalarValue::try_from_array(sorted, count - 1 - nth(rank)),
            Quantity::Discrete => ScalarValue::try_from_array(sorted, nth(rank)),
            Quantity::Value | Quantity::Mode => {
                let nearest = 1.0 / self.accuracy as f64;
                let nth = match rank {
                    rank if rank <= nearest => 0,
                    rank if rank >= 1.0 - nearest => count - 1,
                    rank => nth(rank),
                };
                ScalarValue::try_from_array(sorted, nth)
            }
        }
    }
}

impl Accumulator for Quantiles {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = match values[0].null_count() {
            0 => values[0].clone(),
            _ => filter(&values[0], &is_not_null(&values[0])?)?,
        };
        if !values.is_empty() && !values.data_type().is_null() {
            self.values.push(values);
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten().filter(|values| !values.is_empty()) {
            self.values.push(values);
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![SingleRowListArrayBuilder::new(self.all()?).with_nullable(true).build_list_scalar()])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sorted = self.sorted()?;
        if sorted.is_empty() {
            return ScalarValue::try_from(&self.result);
        }
        if self.asked == Quantity::Mode {
            let ranges = partition(std::slice::from_ref(&sorted))?.ranges();
            // The first of those that are longest.
            let longest = ranges.into_iter().rev().max_by_key(ExactSizeIterator::len);
            return ScalarValue::try_from_array(&sorted, longest.map_or(0, |range| range.start));
        }
        let values = self.ranks.iter().map(|rank| self.at(&sorted, *rank)).collect::<Result<Vec<_>>>()?;
        match (self.is_list, values.into_iter()) {
            (false, mut values) => values.next().map_or_else(|| ScalarValue::try_from(&self.result), Ok),
            (true, values) => {
                Ok(ScalarValue::List(ScalarValue::new_list(&values.collect::<Vec<_>>(), sorted.data_type(), true)))
            }
        }
    }

    fn size(&self) -> usize {
        let values = self.values.iter().map(|values| values.to_data().get_slice_memory_size().unwrap_or_default());
        size_of_val(self) + values.sum::<usize>()
    }
}
