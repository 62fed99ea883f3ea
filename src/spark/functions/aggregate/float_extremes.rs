//! `max` and `min` of floating-point numbers: NaN is the largest of all.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html#nan-semantics>. The engine's own answer within groups depends on
//! where NaN stands among the others. Numbers are compared here as whole numbers that have their order, by the engine's
//! functions of these.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

pub fn all() -> Vec<Arc<AggregateUDF>> {
    vec![max(), min()]
}

pub fn max() -> Arc<AggregateUDF> {
    of("spark_max_of_floats", max_udaf())
}

pub fn min() -> Arc<AggregateUDF> {
    of("spark_min_of_floats", min_udaf())
}

fn of(name: &'static str, inner: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(FloatExtreme { name, inner, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FloatExtreme {
    name: &'static str,
    inner: Arc<AggregateUDF>,
    signature: Signature,
}

/// The number's place in the order of all: that of NaN is behind infinity, and that of -0.0 before that of 0.0.
fn place(value: f64) -> i64 {
    let bits = if value.is_nan() { f64::NAN } else { value }.to_bits().cast_signed();
    // Of the negative ones those with larger bits are less.
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

fn at(place: i64) -> f64 {
    f64::from_bits(if place < 0 { place ^ i64::MAX } else { place }.cast_unsigned())
}

fn places(values: &ArrayRef) -> Result<ArrayRef> {
    let places: Int64Array = match values.data_type() {
        DataType::Float64 => values.as_primitive::<Float64Type>().unary(place),
        DataType::Float32 => values.as_primitive::<Float32Type>().unary(|value| place(f64::from(value))),
        other => return exec_err!("{other} is no floating-point number"),
    };
    Ok(Arc::new(places))
}

fn values(places: &ArrayRef, wanted: &DataType) -> ArrayRef {
    let places = places.as_primitive::<Int64Type>();
    match wanted {
        DataType::Float32 => Arc::new(places.unary::<_, Float32Type>(|place| at(place) as f32) as Float32Array),
        _ => Arc::new(places.unary::<_, Float64Type>(at) as Float64Array),
    }
}

impl FloatExtreme {
    /// What the engine's function is asked with.
    fn of_places<T>(&self, args: AccumulatorArgs, make: impl FnOnce(AccumulatorArgs) -> Result<T>) -> Result<T> {
        let place: FieldRef = Arc::new(Field::new(args.name, DataType::Int64, true));
        let fields = [place.clone()];
        make(AccumulatorArgs { return_field: place, expr_fields: &fields, ..args })
    }
}

impl AggregateUDFImpl for FloatExtreme {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::Float32 | DataType::Float64] => Ok(types.to_vec()),
            _ => plan_err!("`{}` is of floating-point numbers", self.name),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let data_type = args.input_fields[0].data_type().clone();
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "value"), data_type, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let gives = args.return_field.data_type().clone();
        let inner = self.of_places(args, |args| self.inner.accumulator(args))?;
        Ok(Box::new(OfPlaces { inner, gives }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let gives = args.return_field.data_type().clone();
        let inner = self.of_places(args, |args| self.inner.create_sliding_accumulator(args))?;
        Ok(Box::new(OfPlaces { inner, gives }))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let gives = args.return_field.data_type().clone();
        let inner = self.of_places(args, |args| self.inner.create_groups_accumulator(args))?;
        Ok(Box::new(OfPlaces { inner, gives }))
    }
}

/// An accumulator of whole numbers between floating-point numbers.
#[derive(Debug)]
struct OfPlaces<A> {
    inner: A,
    gives: DataType,
}

impl<A> OfPlaces<A> {
    fn value(&self, place: &ScalarValue) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&values(&place.to_array()?, &self.gives), 0)
    }
}

impl Accumulator for OfPlaces<Box<dyn Accumulator>> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&[places(&values[0])?])
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(&[places(&values[0])?])
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(&[places(&states[0])?])
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let place = self.inner.evaluate()?;
        Ok(vec![self.value(&place)?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let place = self.inner.evaluate()?;
        self.value(&place)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

impl GroupsAccumulator for OfPlaces<Box<dyn GroupsAccumulator>> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.inner.update_batch(&[places(&values[0])?], groups, filter, count)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.inner.merge_batch(&[places(&states[0])?], groups, count)
    }

    fn convert_to_state(&self, given: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let states = self.inner.convert_to_state(&[places(&given[0])?], filter)?;
        Ok(states.iter().map(|state| values(state, &self.gives)).collect())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        Ok(values(&self.inner.evaluate(emit)?, &self.gives))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit)?])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_the_order_of_the_numbers() {
        let ordered =
            [f64::NEG_INFINITY, -1e300, -1.5, -5e-324, -0.0, 0.0, 5e-324, 1.5, 1e300, f64::INFINITY, f64::NAN];
        assert!(ordered.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
        assert!(ordered.iter().all(|value| at(place(*value)).to_bits() == value.to_bits()));
        assert_eq!(place(-f64::NAN), place(f64::NAN));
    }
}
