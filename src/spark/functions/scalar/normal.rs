//! Floating-point numbers with one NaN and one zero: Spark's `NormalizeNaNAndZero`.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float32Array, Float64Array};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

pub const NAME: &str = "spark_normal";

pub fn normal() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Normal { signature: Signature::user_defined(Volatility::Immutable) }))
}

pub fn of_double(value: f64) -> f64 {
    // A sum of zeros is positive unless both are negative.
    if value.is_nan() { f64::NAN } else { value + 0.0 }
}

pub fn of_float(value: f32) -> f32 {
    if value.is_nan() { f32::NAN } else { value + 0.0 }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Normal {
    signature: Signature,
}

impl ScalarUDFImpl for Normal {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::Float16] => Ok(vec![DataType::Float32]),
            [DataType::Float32 | DataType::Float64] => Ok(types.to_vec()),
            _ => plan_err!("`{NAME}` is of floating-point numbers"),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let of = |values: &ArrayRef| -> Result<ArrayRef> {
            Ok(match values.data_type() {
                DataType::Float32 => {
                    Arc::new(values.as_primitive::<Float32Type>().unary::<_, Float32Type>(of_float) as Float32Array)
                }
                DataType::Float64 => {
                    Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(of_double) as Float64Array)
                }
                other => return exec_err!("{other} is no floating-point number"),
            })
        };
        match args.args.as_slice() {
            [ColumnarValue::Array(values)] => Ok(ColumnarValue::Array(of(values)?)),
            [ColumnarValue::Scalar(value)] => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&of(&value.to_array()?)?, 0)?))
            }
            _ => exec_err!("`{NAME}` has one argument"),
        }
    }

    fn is_strict(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_nan_and_one_zero() {
        assert_eq!(of_double(-0.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(of_double(-f64::NAN).to_bits(), f64::NAN.to_bits());
        assert_eq!(of_float(-0.0).to_bits(), 0.0_f32.to_bits());
        assert_eq!((of_double(-1.5), of_double(f64::NEG_INFINITY)), (-1.5, f64::NEG_INFINITY));
    }
}
