//! `sum` and `try_sum` as Spark has them: of whole numbers a `bigint`, of decimals(p, s) a decimal(p + 10, s), which do not wrap
//! around. Of everything else it is the engine's own.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#sum>. Without the ANSI mode whole numbers do wrap around, and a decimal
//! that has too many digits is null. The result never depends on the order of the rows, and errors only on what the sum is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, ArrayRef, ArrowNumericType, AsArray, BooleanArray, PrimitiveArray};
use arrow::datatypes::{
    ArrowNativeTypeOp, ArrowPrimitiveType, DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Field, FieldRef,
    Int64Type,
};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::sum::Sum;
use datafusion::logical_expr::expr::{AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::accumulate::NullState;
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::prim_op::PrimitiveGroupsAccumulator;
use datafusion_functions_aggregate_common::utils::GenericDistinctBuffer;

use crate::spark::mode::Strictness;
use crate::spark::sql_types;

/// The `sum` of a strictness. Plans name functions, so each has a name of its own.
pub fn sum(strictness: Strictness) -> AggregateUDF {
    let (name, aliases) = match strictness {
        Strictness::Ansi => ("sum", vec![]),
        Strictness::Legacy => ("sum_or_null", vec!["sum".to_string()]),
        Strictness::Try => ("try_sum", vec![]),
    };
    let signature = Signature::user_defined(Volatility::Immutable);
    AggregateUDF::new_from_impl(SparkSum { engines: Sum::new(), name, aliases, strictness, signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SparkSum {
    engines: Sum,
    name: &'static str,
    aliases: Vec<String>,
    strictness: Strictness,
    signature: Signature,
}

impl SparkSum {
    /// What sums are added in, where that is our affair.
    fn kind(&self, of: &DataType) -> Option<SumKind> {
        match of {
            DataType::Decimal128(..) => Some(SumKind::Decimal),
            DataType::Int64 if self.strictness != Strictness::Legacy => Some(SumKind::Whole),
            _ => None,
        }
    }

    /// Whether a sum that does not fit is known by itself, and not an error at once.
    fn is_lenient(&self) -> bool {
        self.strictness != Strictness::Ansi
    }
}

#[derive(Clone, Copy)]
enum SumKind {
    Whole,
    Decimal,
}

impl AggregateUDFImpl for SparkSum {
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

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let taken = match types {
            [of] if of.is_signed_integer() => DataType::Int64,
            [of] if of.is_unsigned_integer() => DataType::UInt64,
            [of] if of.is_floating() || of.is_string() || of.is_null() => DataType::Float64,
            [DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale)] => {
                DataType::Decimal128(*precision, *scale)
            }
            [of @ (DataType::Decimal128(..) | DataType::Decimal256(..))] => of.clone(),
            [of @ (DataType::Duration(_) | DataType::Interval(_))] => of.clone(),
            _ => {
                let types: Vec<String> = types.iter().map(DataType::to_string).collect();
                let call = format!("{}({})", self.name, types.join(", "));
                return plan_err!("No function matches the given name and argument types '{call}'.");
            }
        };
        Ok(vec![taken])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.engines.return_type(types)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let of = args.input_fields[0].data_type();
        if self.kind(of).is_none() {
            return self.engines.state_fields(args);
        }
        let named = |name| format_state_name(args.name, name);
        if args.is_distinct {
            return Ok(vec![Field::new_list(named("values"), Field::new_list_field(of.clone(), true), true).into()]);
        }
        let mut fields = vec![Field::new(named("sum"), args.return_type().clone(), true).into()];
        if self.is_lenient() {
            fields.push(Field::new(named("is_too_large"), DataType::Boolean, true).into());
        }
        Ok(fields)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let of = args.expr_fields[0].data_type().clone();
        let result = SumType::new(args.return_type(), self.strictness);
        match (self.kind(&of), args.is_distinct) {
            (None, _) => self.engines.accumulator(args),
            (Some(SumKind::Whole), false) => Ok(Box::new(OneSum { result, total: 0, count: 0, is_too_large: false })),
            (Some(SumKind::Decimal), false) => Ok(Box::new(OneSum { result, total: 0, count: 0, is_too_large: false })),
            (Some(SumKind::Whole), true) => {
                Ok(Box::new(DistinctSum::<Int64Type> { result, values: GenericDistinctBuffer::new(of) }))
            }
            (Some(SumKind::Decimal), true) => {
                Ok(Box::new(DistinctSum::<Decimal128Type> { result, values: GenericDistinctBuffer::new(of) }))
            }
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match self.kind(args.expr_fields[0].data_type()) {
            Some(_) if !args.is_distinct => self.accumulator(args),
            _ => self.engines.create_sliding_accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let result = SumType::new(args.return_type(), self.strictness);
        Ok(match (self.kind(args.expr_fields[0].data_type()), self.is_lenient()) {
            (None, _) => return self.engines.create_groups_accumulator(args),
            (Some(SumKind::Whole), false) => checked::<Int64Type>(result),
            (Some(SumKind::Decimal), false) => checked::<Decimal128Type>(result),
            (Some(SumKind::Whole), true) => Box::new(LenientSums::<Int64Type>::new(result)),
            (Some(SumKind::Decimal), true) => Box::new(LenientSums::<Decimal128Type>::new(result)),
        })
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// What a sum must fit, and what becomes of it else.
#[derive(Debug, Clone)]
struct SumType {
    data_type: DataType,
    limit: u128,
    strictness: Strictness,
}

impl SumType {
    fn new(data_type: &DataType, strictness: Strictness) -> Self {
        let limit = match data_type {
            DataType::Decimal128(precision, _) => {
                10_u128.pow(u32::from(*precision).min(DECIMAL128_MAX_PRECISION.into()))
            }
            _ => 1 << 63,
        };
        SumType { data_type: data_type.clone(), limit, strictness }
    }

    fn fits(&self, total: i128) -> bool {
        total.unsigned_abs() < self.limit || (self.limit == 1 << 63 && total == i128::from(i64::MIN))
    }

    /// `None` of a sum that does not fit, unless that is an error.
    fn kept(&self, total: i128, is_too_large: bool) -> Result<Option<i128>> {
        match self.fits(total) && !is_too_large {
            true => Ok(Some(total)),
            false if self.strictness == Strictness::Ansi => Err(self.overflow()),
            false => Ok(None),
        }
    }

    fn overflow(&self) -> DataFusionError {
        let class = if self.data_type.is_decimal() { "NUMERIC_VALUE_OUT_OF_RANGE" } else { "ARITHMETIC_OVERFLOW" };
        let data_type = sql_types::name(&self.data_type).to_uppercase();
        DataFusionError::Execution(format!(
            "[{class}] a sum does not fit {data_type}; `try_sum` answers null instead, and a sum of wider or of fewer digits has \
             room for it"
        ))
    }

    fn scalar(&self, total: Option<i128>) -> ScalarValue {
        match self.data_type {
            DataType::Decimal128(precision, scale) => ScalarValue::Decimal128(total, precision, scale),
            _ => ScalarValue::Int64(total.map(|total| total as i64)),
        }
    }
}

/// Without groups, or of a window's frame, which drops values again. More digits than the result has are no fault yet.
#[derive(Debug)]
struct OneSum {
    result: SumType,
    total: i128,
    count: u64,
    is_too_large: bool,
}

impl OneSum {
    fn add(&mut self, value: i128) {
        let (total, wraps) = self.total.overflowing_add(value);
        (self.total, self.is_too_large) = (total, self.is_too_large | wraps);
    }

    fn take(&mut self, values: &ArrayRef, sign: i128) {
        match values.data_type() {
            DataType::Int64 => {
                values.as_primitive::<Int64Type>().iter().flatten().for_each(|value| self.add(sign * i128::from(value)))
            }
            _ => values.as_primitive::<Decimal128Type>().iter().flatten().for_each(|value| self.add(sign * value)),
        }
    }
}

impl Accumulator for OneSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count += (values[0].len() - values[0].null_count()) as u64;
        self.take(&values[0], 1);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count -= (values[0].len() - values[0].null_count()) as u64;
        self.take(&values[0], -1);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        if let Some(too_large) = states.get(1) {
            let too_large = too_large.as_boolean();
            self.is_too_large |= too_large.iter().flatten().any(|is_so| is_so);
            self.count += u64::from(self.is_too_large);
        }
        self.update_batch(&states[..1])
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let total = match self.count {
            0 => None,
            _ => self.result.kept(self.total, self.is_too_large)?,
        };
        let is_too_large = self.count > 0 && total.is_none();
        let mut state = vec![self.result.scalar(total)];
        if self.result.strictness != Strictness::Ansi {
            state.push(ScalarValue::from(is_too_large));
        }
        Ok(state)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        match self.count {
            0 => Ok(self.result.scalar(None)),
            _ => Ok(self.result.scalar(self.result.kept(self.total, self.is_too_large)?)),
        }
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

#[derive(Debug)]
struct DistinctSum<T: ArrowPrimitiveType + std::fmt::Debug> {
    result: SumType,
    values: GenericDistinctBuffer<T>,
}

impl<T: ArrowPrimitiveType<Native: Into<i128>> + std::fmt::Debug> Accumulator for DistinctSum<T> {
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
        if self.values.values.is_empty() {
            return Ok(self.result.scalar(None));
        }
        let (mut total, mut is_too_large) = (0_i128, false);
        for value in &self.values.values {
            let (sum, wraps) = total.overflowing_add(value.0.into());
            (total, is_too_large) = (sum, is_too_large | wraps);
        }
        Ok(self.result.scalar(self.result.kept(total, is_too_large)?))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.size()
    }
}

/// What can be added up here.
trait Summed: ArrowNativeTypeOp {
    fn overflowing(self, other: Self) -> (Self, bool);
    fn wide(self) -> i128;
}

impl Summed for i64 {
    fn overflowing(self, other: Self) -> (Self, bool) {
        self.overflowing_add(other)
    }

    fn wide(self) -> i128 {
        self.into()
    }
}

impl Summed for i128 {
    fn overflowing(self, other: Self) -> (Self, bool) {
        self.overflowing_add(other)
    }

    fn wide(self) -> i128 {
        self
    }
}

/// As the engine adds, but that it is noticed when a sum wraps around: then the query ends.
fn checked<T: ArrowNumericType<Native: Summed> + Send>(result: SumType) -> Box<dyn GroupsAccumulator> {
    let wraps = Arc::new(AtomicBool::new(false));
    let noticed = wraps.clone();
    let add = move |sum: &mut T::Native, value: T::Native| {
        let (added, wraps) = sum.overflowing(value);
        *sum = added;
        if wraps {
            noticed.store(true, Ordering::Relaxed);
        }
    };
    let sums = PrimitiveGroupsAccumulator::<T, _>::new(&result.data_type, add);
    Box::new(CheckedSums::<T, _> { sums, wraps, result })
}

struct CheckedSums<T, F>
where
    T: ArrowPrimitiveType + Send,
    F: Fn(&mut T::Native, T::Native) + Send + Sync + 'static,
{
    sums: PrimitiveGroupsAccumulator<T, F>,
    wraps: Arc<AtomicBool>,
    result: SumType,
}

impl<T, F> CheckedSums<T, F>
where
    T: ArrowPrimitiveType<Native: Summed> + Send,
    F: Fn(&mut T::Native, T::Native) + Send + Sync + 'static,
{
    fn check(&self) -> Result<()> {
        if self.wraps.load(Ordering::Relaxed) { Err(self.result.overflow()) } else { Ok(()) }
    }
}

impl<T, F> GroupsAccumulator for CheckedSums<T, F>
where
    T: ArrowPrimitiveType<Native: Summed> + Send,
    F: Fn(&mut T::Native, T::Native) + Send + Sync + 'static,
{
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.update_batch(values, groups, filter, total)?;
        self.check()
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.sums.merge_batch(states, groups, total)?;
        self.check()
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        self.sums.state(emit)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let states = self.sums.convert_to_state(values, filter)?;
        // A value is of fewer digits than the sum.
        let wider = |state: ArrayRef| -> ArrayRef {
            Arc::new(state.as_primitive::<T>().clone().with_data_type(self.result.data_type.clone()))
        };
        Ok(states.into_iter().map(wider).collect())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let sums = self.sums.evaluate(emit)?;
        let fits = |sum: &T::Native| self.result.fits(sum.wide());
        // Of whole numbers every sum fits that has not wrapped around.
        if self.result.data_type.is_decimal() && !sums.as_primitive::<T>().values().iter().all(fits) {
            return Err(self.result.overflow());
        }
        Ok(sums)
    }

    fn size(&self) -> usize {
        self.sums.size()
    }
}

/// Sums of which some may be known not to fit.
struct LenientSums<T: ArrowPrimitiveType> {
    result: SumType,
    sums: Vec<T::Native>,
    too_large: Vec<bool>,
    seen: NullState,
}

impl<T: ArrowPrimitiveType<Native: Summed> + Send> LenientSums<T> {
    fn new(result: SumType) -> Self {
        LenientSums { result, sums: vec![], too_large: vec![], seen: NullState::new() }
    }

    fn add(&mut self, values: &PrimitiveArray<T>, groups: &[usize], filter: Option<&BooleanArray>, total: usize) {
        self.sums.resize(total, T::default_value());
        self.too_large.resize(total, false);
        let (sums, too_large) = (&mut self.sums, &mut self.too_large);
        self.seen.accumulate(groups, values, filter, total, |group, value| {
            let (sum, wraps) = sums[group].overflowing(value);
            sums[group] = sum;
            too_large[group] |= wraps;
        });
    }

    /// Null where nothing was added, and where a sum does not fit; and which do not.
    fn take(&mut self, emit: EmitTo) -> (ArrayRef, BooleanArray) {
        let sums = emit.take_needed(&mut self.sums);
        let too_large = emit.take_needed(&mut self.too_large);
        let seen = self.seen.build(emit);
        let too_large: BooleanArray =
            sums.iter().zip(too_large).map(|(sum, is_so)| Some(is_so || !self.result.fits(sum.wide()))).collect();
        let rows = sums.iter().enumerate().map(|(row, sum)| {
            let is_seen = seen.as_ref().is_none_or(|seen| seen.is_valid(row));
            (is_seen && !too_large.value(row)).then_some(*sum)
        });
        let sums: PrimitiveArray<T> = rows.collect();
        (Arc::new(sums.with_data_type(self.result.data_type.clone())), too_large)
    }
}

impl<T: ArrowPrimitiveType<Native: Summed> + Send> GroupsAccumulator for LenientSums<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.add(values[0].as_primitive(), groups, filter, total);
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.add(states[0].as_primitive(), groups, None, total);
        for (group, is_too_large) in groups.iter().zip(states[1].as_boolean()) {
            self.too_large[*group] |= is_too_large == Some(true);
        }
        Ok(())
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, too_large) = self.take(emit);
        Ok(vec![sums, Arc::new(too_large)])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let is_taken = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        let values = values[0].as_primitive::<T>().iter().enumerate();
        let sums: PrimitiveArray<T> = values.map(|(row, value)| value.filter(|_| is_taken(row))).collect();
        let too_large = BooleanArray::from(vec![false; sums.len()]);
        Ok(vec![Arc::new(sums.with_data_type(self.result.data_type.clone())), Arc::new(too_large)])
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        Ok(self.take(emit).0)
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<T::Native>() + self.too_large.capacity() + self.seen.size()
    }
}
