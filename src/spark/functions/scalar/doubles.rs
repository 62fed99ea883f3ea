//! Functions of doubles whose edges are others in Spark than in the engine: a logarithm of nothing is null and no infinity,
//! a root of a negative number NaN and no error.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-functions-builtin.html#mathematical-functions>, and `mathExpressions.scala` for
//! the edges.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::compute::{is_not_null, kernels::boolean};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::spark::sql_types::{canonical, name};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    use DoubleFunction::*;
    let all = [
        ("ln", Ln),
        ("log", Log),
        ("log2", Log2),
        ("log10", Log10),
        ("log1p", Log1p),
        ("sqrt", Sqrt),
        ("rint", Rint),
        ("sign", Sign),
        ("signum", Sign),
        ("acosh", Acosh),
        ("atan2", Atan2),
        ("power", Power),
        ("pow", Power),
        ("isnan", IsNan),
        ("width_bucket", WidthBucket),
        ("factorial", Factorial),
    ];
    let function = |(name, function)| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::from(OfDoubles { name, function, signature }))
    };
    all.map(function).to_vec()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum DoubleFunction {
    Ln,
    /// With one argument the natural one, else of the first one's base.
    Log,
    Log2,
    Log10,
    Log1p,
    Sqrt,
    Rint,
    Sign,
    Acosh,
    Atan2,
    Power,
    IsNan,
    WidthBucket,
    Factorial,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OfDoubles {
    name: &'static str,
    function: DoubleFunction,
    signature: Signature,
}

impl ScalarUDFImpl for OfDoubles {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let takes = self.function.takes(types.len());
        if takes.is_empty() {
            return plan_err!("`{}` does not take {} arguments", self.name, types.len());
        }
        for of in types {
            match canonical(of) {
                Some(DataType::Utf8 | DataType::Null) => {}
                Some(of) if of.is_numeric() => {}
                _ => {
                    return plan_err!(
                        "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{}` takes numbers, not \"{}\"",
                        self.name,
                        name(of).to_uppercase()
                    );
                }
            }
        }
        Ok(takes.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.function {
            DoubleFunction::IsNan => DataType::Boolean,
            DoubleFunction::WidthBucket | DoubleFunction::Factorial => DataType::Int64,
            _ => DataType::Float64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let computed = self.function.compute(&ColumnarValue::values_to_arrays(&args.args)?)?;
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&computed, 0)?)),
            false => Ok(ColumnarValue::Array(computed)),
        }
    }
}

impl DoubleFunction {
    /// The types of so many arguments; none if there is no such function.
    fn takes(self, arguments: usize) -> &'static [DataType] {
        use DataType::{Float64, Int32, Int64};
        match (self, arguments) {
            (DoubleFunction::Factorial, 1) => &[Int32],
            (DoubleFunction::WidthBucket, 4) => &[Float64, Float64, Float64, Int64],
            (DoubleFunction::Log | DoubleFunction::Atan2 | DoubleFunction::Power, 2) => &[Float64, Float64],
            (
                DoubleFunction::WidthBucket | DoubleFunction::Factorial | DoubleFunction::Atan2 | DoubleFunction::Power,
                _,
            ) => &[],
            (_, 1) => &[Float64],
            _ => &[],
        }
    }

    fn compute(self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        if self == DoubleFunction::Factorial {
            let numbers = arguments[0].as_primitive::<Int32Type>();
            let factorials: Int64Array = numbers.iter().map(|number| factorial(number?)).collect();
            return Ok(Arc::new(factorials));
        }
        let first = arguments[0].as_primitive::<Float64Type>();
        let of_one = |function: fn(f64) -> Option<f64>| -> Result<ArrayRef> {
            Ok(Arc::new(first.unary_opt::<_, Float64Type>(function)))
        };
        let of_two = |function: fn(f64, f64) -> Option<f64>| -> Result<ArrayRef> {
            let second = arguments[1].as_primitive::<Float64Type>();
            let pairs = first.iter().zip(second);
            Ok(Arc::new(pairs.map(|(x, y)| function(x?, y?)).collect::<Float64Array>()))
        };
        match self {
            DoubleFunction::Log if arguments.len() == 2 => {
                of_two(|base, x| (!(base <= 0.0 || x <= 0.0)).then(|| x.ln() / base.ln()))
            }
            DoubleFunction::Ln | DoubleFunction::Log => of_one(|x| above(x, 0.0).map(f64::ln)),
            DoubleFunction::Log2 => of_one(|x| above(x, 0.0).map(f64::log2)),
            DoubleFunction::Log10 => of_one(|x| above(x, 0.0).map(f64::log10)),
            DoubleFunction::Log1p => of_one(|x| above(x, -1.0).map(f64::ln_1p)),
            DoubleFunction::Sqrt => of_one(|x| Some(x.sqrt())),
            DoubleFunction::Rint => of_one(|x| Some(x.round_ties_even())),
            // A zero keeps its sign.
            DoubleFunction::Sign => of_one(|x| Some(if x == 0.0 || x.is_nan() { x } else { x.signum() })),
            DoubleFunction::Acosh => of_one(|x| Some(acosh(x))),
            // -0.0 is 0.0.
            DoubleFunction::Atan2 => of_two(|y, x| Some((y + 0.0).atan2(x + 0.0))),
            DoubleFunction::Power => of_two(|base, exponent| Some(power(base, exponent))),
            DoubleFunction::IsNan => {
                let is_nan: BooleanArray = BooleanArray::from_unary(first, f64::is_nan);
                Ok(Arc::new(boolean::and(&filled(&is_nan), &is_not_null(first)?)?))
            }
            DoubleFunction::WidthBucket => {
                let [low, high] = [1, 2].map(|at: usize| arguments[at].as_primitive::<Float64Type>());
                let counts = arguments[3].as_primitive::<Int64Type>();
                let rows = first.iter().zip(low).zip(high).zip(counts);
                let buckets = rows.map(|(((value, low), high), count)| width_bucket(value?, low?, high?, count?));
                Ok(Arc::new(buckets.collect::<Int64Array>()))
            }
            DoubleFunction::Factorial => unreachable!("of whole numbers"),
        }
    }
}

/// The value, unless it is not above the least one. NaN is.
fn above(value: f64, least: f64) -> Option<f64> {
    if value <= least { None } else { Some(value) }
}

fn filled(values: &BooleanArray) -> BooleanArray {
    BooleanArray::new(values.values().clone(), None)
}

/// The square of a large number is infinite, its logarithm is not.
fn acosh(value: f64) -> f64 {
    if value > 1e150 { value.ln() + std::f64::consts::LN_2 } else { value.acosh() }
}

/// As Java's `Math.pow`: 1 is no exception to what NaN and infinite exponents make of all others.
/// <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/lang/Math.html#pow(double,double)>
fn power(base: f64, exponent: f64) -> f64 {
    let is_open = exponent.is_nan() || (exponent.is_infinite() && base.abs() == 1.0);
    if is_open { f64::NAN } else { base.powf(exponent) }
}

fn factorial(number: i32) -> Option<i64> {
    (0..=20).contains(&number).then(|| (1..=i64::from(number)).product())
}

/// In which of so many equal parts between two limits a value lies; 0 before them, and one more behind them.
fn width_bucket(value: f64, low: f64, high: f64, count: i64) -> Option<i64> {
    let is_limit = |limit: f64| limit.is_finite();
    if count <= 0 || count == i64::MAX || value.is_nan() || low == high || !is_limit(low) || !is_limit(high) {
        return None;
    }
    let (least, most) = (low.min(high), low.max(high));
    let (before, behind) = if low < high { (value < least, value >= most) } else { (value > most, value <= least) };
    Some(match (before, behind) {
        (true, _) => 0,
        (_, true) => count + 1,
        _ => (count as f64 * (value - low) / (high - low)) as i64 + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubles(function: DoubleFunction, arguments: &[&[f64]]) -> Vec<Option<f64>> {
        let arguments: Vec<ArrayRef> =
            arguments.iter().map(|values| Arc::new(Float64Array::from(values.to_vec())) as _).collect();
        function.compute(&arguments).unwrap().as_primitive::<Float64Type>().iter().collect()
    }

    #[test]
    fn of_nothing_there_is_no_logarithm() {
        assert_eq!(doubles(DoubleFunction::Ln, &[&[0.0, -0.0, -1.0, 1.0]]), [None, None, None, Some(0.0)]);
        assert_eq!(doubles(DoubleFunction::Log, &[&[2.0, -2.0, 2.0], &[8.0, 8.0, 0.0]]), [Some(3.0), None, None]);
        assert_eq!(doubles(DoubleFunction::Log1p, &[&[-1.0, 0.0]]), [None, Some(0.0)]);
        assert!(doubles(DoubleFunction::Ln, &[&[f64::NAN]])[0].is_some_and(f64::is_nan));
    }

    #[test]
    fn one_is_no_exception_to_powers_of_nan() {
        for (base, exponent) in [(1.0, f64::NAN), (1.0, f64::INFINITY), (-1.0, f64::NEG_INFINITY), (0.0, f64::NAN)] {
            assert!(doubles(DoubleFunction::Power, &[&[base], &[exponent]])[0].is_some_and(f64::is_nan), "{base}");
        }
        let of_zero = doubles(DoubleFunction::Power, &[&[f64::NAN, 2.0, 2.0], &[0.0, -0.0, f64::INFINITY]]);
        assert_eq!(of_zero, [Some(1.0), Some(1.0), Some(f64::INFINITY)]);
    }

    #[test]
    fn buckets_have_limits() {
        let of = |value| width_bucket(value, 0.0, 10.0, 5);
        assert_eq!([of(-0.1), of(0.0), of(9.9), of(10.0), of(f64::INFINITY)].map(Option::unwrap), [0, 1, 5, 6, 6]);
        assert_eq!(width_bucket(9.9, 10.0, 0.0, 5), Some(1));
        assert_eq!((of(f64::NAN), width_bucket(1.0, 2.0, 2.0, 5)), (None, None));
        assert_eq!((factorial(20), factorial(21), factorial(-1)), (Some(2_432_902_008_176_640_000), None, None));
    }
}
