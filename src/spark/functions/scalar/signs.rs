//! `-x`, `+x` and `abs(x)`: the least whole number has no counterpart.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#arithmetic-operations>

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, FieldRef, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalUnit,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion_spark::function::math;

use super::intervals;
use crate::spark::mode::SqlMode;
use crate::spark::sql_types;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    [Sign::Turned, Sign::Kept, Sign::Gone].map(function).to_vec()
}

/// Whether a call may be an error for some values.
pub fn may_fail(function: &ScalarUDF) -> bool {
    ["negative", "abs"].contains(&function.name())
}

fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
}

fn function(sign: Sign) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::from(SignFunction { sign, intervals: math::negative(), signature }))
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sign {
    Turned,
    Kept,
    Gone,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SignFunction {
    sign: Sign,
    /// What turns intervals around.
    intervals: Arc<ScalarUDF>,
    signature: Signature,
}

impl ScalarUDFImpl for SignFunction {
    fn name(&self) -> &str {
        match self.sign {
            Sign::Turned => "negative",
            Sign::Kept => "positive",
            Sign::Gone => "abs",
        }
    }

    fn schema_name(&self, arguments: &[datafusion::logical_expr::Expr]) -> Result<String> {
        match arguments {
            [argument] => Ok(match self.sign {
                Sign::Turned => format!("(- {})", argument.schema_name()),
                Sign::Kept => format!("(+ {})", argument.schema_name()),
                Sign::Gone => format!("abs({})", argument.schema_name()),
            }),
            _ => plan_err!("`{}` takes one argument", self.name()),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::Interval(_) | DataType::Duration(_)] if self.sign != Sign::Gone => Ok(types.to_vec()),
            [DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null] => Ok(vec![DataType::Float64]),
            [of] if of.is_numeric() => match sql_types::canonical(of) {
                Some(canonical) => Ok(vec![canonical]),
                None => plan_err!("`{}` takes no {of}", self.name()),
            },
            [of] => plan_err!(
                "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{}` takes a number, not \"{}\"",
                self.name(),
                sql_types::name(of).to_uppercase()
            ),
            _ => plan_err!("`{}` takes one argument", self.name()),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    /// An interval keeps its units.
    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        match args.arg_fields {
            [field] => Ok(Arc::new(field.as_ref().clone().with_name(self.name()))),
            _ => plan_err!("`{}` takes one argument", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ansi = SqlMode::of(&args.config_options).ansi;
        match args.args.as_slice() {
            [value] if self.sign == Sign::Kept => Ok(value.clone()),
            [value] if value.data_type() == DataType::Interval(IntervalUnit::MonthDayNano) => {
                self.intervals.invoke_with_args(args)
            }
            [ColumnarValue::Array(values)] if is_interval(values.data_type()) => {
                Ok(ColumnarValue::Array(intervals::turned(values)?))
            }
            [ColumnarValue::Scalar(value)] if is_interval(&value.data_type()) => {
                let turned = intervals::turned(&value.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&turned, 0)?))
            }
            [ColumnarValue::Array(values)] => Ok(ColumnarValue::Array(self.compute(values, ansi)?)),
            [ColumnarValue::Scalar(value)] => {
                let computed = self.compute(&value.to_array()?, ansi)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&computed, 0)?))
            }
            _ => exec_err!("`{}` takes one argument", self.name()),
        }
    }
}

impl SignFunction {
    fn compute(&self, values: &ArrayRef, ansi: bool) -> Result<ArrayRef> {
        macro_rules! whole {
            ($kind:ty) => {{
                let values = values.as_primitive::<$kind>();
                let least = <$kind as ArrowPrimitiveType>::Native::MIN;
                if ansi && values.values().contains(&least) && values.iter().flatten().any(|value| value == least) {
                    return Err(self.overflow(&least.to_string(), values.data_type()));
                }
                let turned: PrimitiveArray<$kind> = match self.sign {
                    Sign::Turned => values.unary(|value| value.wrapping_neg()),
                    Sign::Kept | Sign::Gone => values.unary(|value| value.wrapping_abs()),
                };
                Ok(Arc::new(turned))
            }};
        }
        macro_rules! plain {
            ($kind:ty) => {{
                let values = values.as_primitive::<$kind>();
                let turned: PrimitiveArray<$kind> = match self.sign {
                    Sign::Turned => values.unary(|value| -value),
                    Sign::Kept | Sign::Gone => values.unary(|value| value.abs()),
                };
                Ok(Arc::new(turned.with_data_type(values.data_type().clone())))
            }};
        }
        match values.data_type() {
            DataType::Int8 => whole!(Int8Type),
            DataType::Int16 => whole!(Int16Type),
            DataType::Int32 => whole!(Int32Type),
            DataType::Int64 => whole!(Int64Type),
            DataType::Float32 => plain!(Float32Type),
            DataType::Float64 => plain!(Float64Type),
            DataType::Decimal128(..) => plain!(Decimal128Type),
            other => exec_err!("`{}` does not take {other}", self.name()),
        }
    }

    fn overflow(&self, value: &str, data_type: &DataType) -> DataFusionError {
        let data_type = sql_types::name(data_type).to_uppercase();
        let call = if self.sign == Sign::Turned { format!("- ({value})") } else { format!("abs({value})") };
        DataFusionError::Execution(format!(
            "[ARITHMETIC_OVERFLOW] {call} does not fit {data_type}; CAST to a wider type first"
        ))
    }
}
