//! `avg` as Spark has it. Of decimals it is a decimal: exact, so the same in any order and on any number of workers, with
//! four more digits after the point, rounded half up. Of everything else it is the engine's own, a double.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#avg>. One that has too many digits is an error, or without the ANSI mode
//! and of `try_avg` null.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Field, FieldRef, Int64Type};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::average::Avg;
use datafusion::logical_expr::expr::{AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};
use datafusion_functions_aggregate_common::utils::GenericDistinctBuffer;

use crate::spark::mode::Strictness;

/// The aggregate `avg`, or `mean`: decimal(p, s) → decimal(p + 4, s + 4), of at most 38 digits; other numbers → double. Plans
/// name functions, so that of each strictness has a name of its own.
pub fn average(strictness: Strictness) -> AggregateUDF {
    let (name, aliases) = match strictness {
        Strictness::Ansi => ("avg", vec!["mean".to_string()]),
        Strictness::Legacy => ("avg_or_null", vec!["avg".to_string(), "mean".to_string()]),
        Strictness::Try => ("try_avg", vec![]),
    };
    let signature = Signature::user_defined(Volatility::Immutable);
    AggregateUDF::new_from_impl(Average { engines: Avg::new(), name, aliases, strictness, signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Average {
    engines: Avg,
    name: &'static str,
    aliases: Vec<String>,
    strictness: Strictness,
    signature: Signature,
}

impl AggregateUDFImpl for Average {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        let name = self.engines.schema_name(params)?;
        Ok(if self.strictness == Strictness::Try { format!("try_{name}") } else { name })
    }

    fn window_function_schema_name(&self, params: &WindowFunctionParams) -> Result<String> {
        let name = self.engines.window_function_schema_name(params)?;
        Ok(if self.strictness == Strictness::Try { format!("try_{name}") } else { name })
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The engine's own signature lets a bare NULL through, which it then has no accumulator for.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale)] => {
                Ok(vec![DataType::Decimal128(*precision, *scale)])
            }
            [of] if of.is_decimal() || matches!(of, DataType::Duration(_)) => Ok(vec![of.clone()]),
            [of] if of.is_numeric() || of.is_null() || of.is_string() => Ok(vec![DataType::Float64]),
            _ => {
                let types: Vec<String> = types.iter().map(DataType::to_string).collect();
                let call = format!("{}({})", self.name, types.join(", "));
                plan_err!("No function matches the given name and argument types '{call}'.")
            }
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.engines.return_type(types)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let of = args.input_fields[0].data_type();
        let DataType::Decimal128(..) = of else { return self.engines.state_fields(args) };
        let named = |name| format_state_name(args.name, name);
        Ok(match args.is_distinct {
            true => vec![Field::new_list(named("values"), Field::new_list_field(of.clone(), true), true).into()],
            false => vec![
                Field::new(named("sum"), sum_type(of), true).into(),
                Field::new(named("count"), DataType::Int64, true).into(),
            ],
        })
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let scale = Digits::between(args.expr_fields[0].data_type(), args.return_type(), self.strictness);
        let Some(scale) = scale else {
            return self.engines.accumulator(args);
        };
        Ok(match args.is_distinct {
            true => {
                let values = GenericDistinctBuffer::new(args.expr_fields[0].data_type().clone());
                Box::new(DistinctAverage { scale, values })
            }
            false => Box::new(OneAverage { scale, all: DecimalSum::default() }),
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.engines.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        match Digits::between(args.expr_fields[0].data_type(), args.return_type(), self.strictness) {
            Some(scale) => Ok(Box::new(Averages { scale, groups: vec![] })),
            None => self.engines.create_groups_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// Ten more digits, as Spark has them, are a sum of ten thousand million values.
fn sum_type(of: &DataType) -> DataType {
    let (precision, scale) = digits_of(of);
    DataType::Decimal128((precision + 10).min(DECIMAL128_MAX_PRECISION), scale)
}

/// From the digits after the point that the values have to those of their average.
#[derive(Debug, Clone)]
struct Digits {
    values: DataType,
    average: DataType,
    /// Ten to the power of the digits that come on.
    factor: i128,
    strictness: Strictness,
}

impl Digits {
    /// `None` where the values are no decimals of ours.
    fn between(values: &DataType, average: &DataType, strictness: Strictness) -> Option<Digits> {
        let (DataType::Decimal128(_, from), DataType::Decimal128(_, to)) = (values, average) else { return None };
        let factor = 10_i128.checked_pow(u32::try_from(to - from).ok()?)?;
        Some(Digits { values: values.clone(), average: average.clone(), factor, strictness })
    }

    /// `None` of no values, and of an average that does not fit, unless that is an error.
    fn average(&self, of: DecimalSum) -> Result<Option<i128>> {
        let count = i128::from(of.count);
        if count == 0 {
            return Ok(None);
        }
        // The whole part apart, so that only an average too large overflows, not its sum times the factor.
        let (whole, rest) = (of.sum / count, of.sum % count);
        let (digits, left) = (rest * self.factor / count, rest * self.factor % count);
        let up = if 2 * left.abs() >= count { of.sum.signum() } else { 0 };
        let average = whole.checked_mul(self.factor).and_then(|whole| whole.checked_add(digits + up));
        let fits = |average: &i128| average.unsigned_abs() < 10_u128.pow(u32::from(digits_of(&self.average).0));
        let average = average.filter(|average| fits(average) && !of.is_too_large);
        self.check(average.is_some())?;
        Ok(average)
    }

    fn check(&self, fits: bool) -> Result<()> {
        if fits || self.strictness != Strictness::Ansi {
            return Ok(());
        }
        let (precision, scale) = digits_of(&self.average);
        let advice = "`try_avg` answers null instead; cast the values to fewer digits, or to double, to have one";
        Err(DataFusionError::Execution(format!(
            "[NUMERIC_VALUE_OUT_OF_RANGE] an average does not fit decimal({precision},{scale}); {advice}"
        )))
    }
}

/// Sum and number of values.
#[derive(Debug, Clone, Copy, Default)]
struct DecimalSum {
    sum: i128,
    count: i64,
    /// Whether the sum has left the numbers that there are.
    is_too_large: bool,
}

impl DecimalSum {
    fn add(&mut self, sum: i128, count: i64) -> bool {
        let (sum, is_too_large) = self.sum.overflowing_add(sum);
        let is_too_large = self.is_too_large || is_too_large;
        *self = DecimalSum { sum, count: self.count + count, is_too_large };
        !is_too_large
    }

    /// Adds what another has tallied; a sum that was too large has come as none.
    fn merge(&mut self, (sum, count): (Option<i128>, i64)) -> bool {
        self.is_too_large |= sum.is_none() && count > 0;
        self.add(sum.unwrap_or_default(), count)
    }

    /// The sum as it goes on to others.
    fn passed_on(&self) -> Option<i128> {
        (!self.is_too_large).then_some(self.sum)
    }
}

/// Without groups, or of a window's frame, which drops values again.
#[derive(Debug)]
struct OneAverage {
    scale: Digits,
    all: DecimalSum,
}

impl OneAverage {
    fn take(&mut self, values: &ArrayRef, sign: i64) -> Result<()> {
        let values = values.as_primitive::<Decimal128Type>().iter().flatten();
        values.for_each(|value| {
            self.all.add(i128::from(sign) * value, sign);
        });
        self.scale.check(!self.all.is_too_large)
    }
}

impl Accumulator for OneAverage {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.take(&values[0], 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.take(&values[0], -1)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let mut fits = true;
        for state in states_of(states) {
            fits &= self.all.merge(state);
        }
        self.scale.check(fits)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = scalar(self.all.passed_on(), &sum_type(&self.scale.values));
        Ok(vec![sum, ScalarValue::Int64(Some(self.all.count))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(scalar(self.scale.average(self.all)?, &self.scale.average))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

#[derive(Debug)]
struct DistinctAverage {
    scale: Digits,
    values: GenericDistinctBuffer<Decimal128Type>,
}

impl Accumulator for DistinctAverage {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.update_batch(values)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.values.merge_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.values.state()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut all = DecimalSum::default();
        self.values.values.iter().for_each(|value| {
            all.add(value.0, 1);
        });
        Ok(scalar(self.scale.average(all)?, &self.scale.average))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.size()
    }
}

struct Averages {
    scale: Digits,
    groups: Vec<DecimalSum>,
}

impl Averages {
    /// Sums and counts as arrays.
    fn arrays(&self, tallies: impl ExactSizeIterator<Item = DecimalSum> + Clone) -> Result<Vec<ArrayRef>> {
        let sums = Decimal128Array::from_iter(tallies.clone().map(|tally| tally.passed_on()));
        let sums = sums.with_data_type(sum_type(&self.scale.values));
        Ok(vec![Arc::new(sums), Arc::new(Int64Array::from_iter_values(tallies.map(|tally| tally.count)))])
    }
}

impl GroupsAccumulator for Averages {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.groups.resize(total, DecimalSum::default());
        let values = values[0].as_primitive::<Decimal128Type>();
        let mut fits = true;
        if filter.is_none() && values.null_count() == 0 {
            for (value, group) in values.values().iter().zip(groups) {
                fits &= self.groups[*group].add(*value, 1);
            }
        } else {
            for ((value, group), taken) in values.iter().zip(groups).zip(taken(filter, values.len())) {
                if let (Some(value), true) = (value, taken) {
                    fits &= self.groups[*group].add(value, 1);
                }
            }
        }
        self.scale.check(fits)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.groups.resize(total, DecimalSum::default());
        let mut fits = true;
        for (state, group) in states_of(states).zip(groups) {
            fits &= self.groups[*group].merge(state);
        }
        self.scale.check(fits)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let tallies = emit.take_needed(&mut self.groups);
        self.arrays(tallies.iter().copied())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<Decimal128Type>();
        let rows = values.iter().zip(taken(filter, values.len()));
        let tallies: Vec<DecimalSum> = rows
            .map(|(value, taken)| {
                value.filter(|_| taken).map_or(DecimalSum::default(), |sum| DecimalSum {
                    sum,
                    count: 1,
                    is_too_large: false,
                })
            })
            .collect();
        self.arrays(tallies.iter().copied())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let tallies = emit.take_needed(&mut self.groups);
        let averages = tallies.into_iter().map(|tally| self.scale.average(tally));
        let averages = averages.collect::<Result<Decimal128Array>>()?;
        Ok(Arc::new(averages.with_data_type(self.scale.average.clone())))
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<DecimalSum>()
    }
}

/// Whether a row counts: where `FILTER (WHERE …)` says true.
fn taken(filter: Option<&BooleanArray>, rows: usize) -> impl Iterator<Item = bool> + '_ {
    (0..rows).map(move |row| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)))
}

fn states_of(states: &[ArrayRef]) -> impl Iterator<Item = (Option<i128>, i64)> + '_ {
    let sums = states[0].as_primitive::<Decimal128Type>();
    let counts = states[1].as_primitive::<Int64Type>();
    sums.iter().zip(counts.values().iter().copied())
}

fn scalar(value: Option<i128>, of: &DataType) -> ScalarValue {
    let (precision, scale) = digits_of(of);
    ScalarValue::Decimal128(value, precision, scale)
}

/// Precision and scale.
fn digits_of(decimal: &DataType) -> (u8, i8) {
    match decimal {
        DataType::Decimal128(precision, scale) => (*precision, *scale),
        other => unreachable!("{other} where only decimals come"),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{SessionConfig, SessionContext};
    use proptest::prelude::*;

    use super::*;

    /// The first column of the answer, as text.
    async fn answer(sql: &str) -> Result<Vec<String>> {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
        context.register_udaf(average(Strictness::Ansi));
        let batches = context.sql(sql).await?.collect().await?;
        let texts = batches.iter().map(|batch| arrow::compute::cast(batch.column(0), &DataType::Utf8));
        let texts = texts.collect::<std::result::Result<Vec<ArrayRef>, _>>()?;
        let texts = texts.iter().flat_map(|text| text.as_string::<i32>().iter().collect::<Vec<_>>());
        Ok(texts.map(|text| text.unwrap_or("null").to_string()).collect())
    }

    fn rows(values: &[&str], decimal: &str) -> String {
        let rows: Vec<String> = values.iter().map(|value| format!("(CAST({value} AS {decimal}))")).collect();
        format!("(VALUES {}) AS rows (x)", rows.join(", "))
    }

    #[tokio::test]
    async fn decimals_keep_four_more_digits_rounded_half_up() {
        for (values, average) in [
            (&["0.01", "0.02", "0.02"][..], "0.016667"),
            (&["-0.01", "-0.02", "-0.02"], "-0.016667"),
            (&["0.01", "0", "0", "0", "0", "0", "0", "0"], "0.001250"),
            (&["NULL", "1.50"], "1.500000"),
            (&["NULL", "NULL"], "null"),
        ] {
            let rows = rows(values, "decimal(10,2)");
            assert_eq!(answer(&format!("SELECT avg(x) FROM {rows}")).await.unwrap(), [average]);
            assert_eq!(
                answer(&format!("SELECT mean(x) FROM {rows} GROUP BY x IS NULL AND FALSE")).await.unwrap(),
                [average]
            );
            let kind = answer(&format!("SELECT arrow_typeof(avg(x)) FROM {rows}")).await.unwrap();
            assert_eq!(kind, ["Decimal128(14, 6)"]);
        }
        // 1 ÷ 32 = 0.03125, a half in the last place, at either side of zero.
        let mut half = vec!["0"; 32];
        for (one, average) in [("1", "0.0313"), ("-1", "-0.0313")] {
            half[7] = one;
            let shorter = format!("SELECT CAST(avg(x) AS decimal(10,4)) FROM {}", rows(&half, "decimal(10,0)"));
            assert_eq!(answer(&shorter).await.unwrap(), [average]);
        }
    }

    #[tokio::test]
    async fn distinct_values_frames_filters_and_other_numbers_have_one_too() {
        let ours = rows(&["1.00", "1.00", "2.00", "5.00"], "decimal(10,2)");
        let sql = format!("SELECT avg(DISTINCT x) + count(DISTINCT -x) - count(DISTINCT -x) FROM {ours}");
        assert_eq!(answer(&sql).await.unwrap(), ["2.666667"]);
        let sql =
            format!("SELECT avg(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {ours} ORDER BY x");
        assert_eq!(answer(&sql).await.unwrap(), ["1.000000", "1.000000", "1.500000", "3.500000"]);
        let sql = format!("SELECT avg(x) FILTER (WHERE x > 1.5) FROM {ours} GROUP BY x > 9");
        assert_eq!(answer(&sql).await.unwrap(), ["3.500000"]);
        assert_eq!(answer("SELECT avg(x) FROM (VALUES (1), (2)) AS rows (x)").await.unwrap(), ["1.5"]);
        assert_eq!(answer("SELECT avg(NULL)").await.unwrap(), ["null"]);
        assert_eq!(answer("SELECT avg(x) FROM (VALUES (NULL)) AS rows (x) GROUP BY x").await.unwrap(), ["null"]);
        let refused = answer("SELECT avg(true)").await.unwrap_err().to_string();
        assert!(refused.contains("argument types 'avg(Boolean)'."), "{refused}");
    }

    #[tokio::test]
    async fn what_has_too_many_digits_is_an_error() {
        let nines = "9".repeat(38);
        let wide = rows(&[&format!("'{nines}'"), &format!("'{nines}'")], "decimal(38,0)");
        for sql in [format!("SELECT avg(x) FROM {wide}"), format!("SELECT avg(x) FROM {wide} GROUP BY x")] {
            let error = answer(&sql).await.unwrap_err().to_string();
            assert!(error.contains("an average does not fit decimal(38,4); `try_avg`"), "{error}");
        }
        // The average fits, though the sum times ten to the fourth would not.
        let large = rows(&["'9999999999999999999999999999999999'"; 3], "decimal(38,0)");
        let sql = format!("SELECT avg(x) FROM {large}");
        assert_eq!(answer(&sql).await.unwrap(), ["9999999999999999999999999999999999.0000"]);
    }

    proptest! {
        #[test]
        fn the_order_and_the_parts_leave_no_trace(
            rows in prop::collection::vec((any::<i64>(), 0_usize..5, any::<bool>()), 1..200),
            cut in any::<prop::sample::Index>(),
        ) {
            let (values, average) = (DataType::Decimal128(19, 3), DataType::Decimal128(23, 7));
            let scale = Digits::between(&values, &average, Strictness::Ansi).unwrap();
            let averages = || Averages { scale: scale.clone(), groups: vec![] };
            let batch = |rows: &[(i64, usize, bool)]| {
                let column = rows.iter().map(|(value, _, is_there)| is_there.then_some(i128::from(*value)));
                let column: ArrayRef = Arc::new(Decimal128Array::from_iter(column).with_data_type(values.clone()));
                (vec![column], rows.iter().map(|row| row.1).collect::<Vec<_>>())
            };
            let mut merged = averages();
            let (first, second) = rows.split_at(cut.index(rows.len()));
            let mut part = averages();
            let (columns, groups) = batch(second);
            part.update_batch(&columns, &groups, None, 5).unwrap();
            merged.merge_batch(&part.state(EmitTo::All).unwrap(), &[0, 1, 2, 3, 4], 5).unwrap();
            let (columns, groups) = batch(first);
            merged.merge_batch(&merged.convert_to_state(&columns, None).unwrap(), &groups, 5).unwrap();
            let merged = merged.evaluate(EmitTo::All).unwrap();
            for group in 0..5 {
                let of_group = rows.iter().filter(|row| row.1 == group && row.2).map(|row| i128::from(row.0));
                let (sum, count) = (of_group.clone().sum::<i128>(), of_group.count() as i128);
                // Half up, away from zero: (2·|sum|·10⁴ + count) ÷ (2·count).
                let expected = (count > 0)
                    .then(|| sum.signum() * ((2 * sum.abs() * 10_000 + count) / (2 * count)));
                let merged = merged.as_primitive::<Decimal128Type>();
                prop_assert_eq!(merged.is_valid(group).then(|| merged.value(group)), expected);
            }
        }
    }
}
