//! Division: `/` is never whole, `div` always is, and by zero both are an error.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#arithmetic-operations>

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, PrimitiveArray};
use arrow::compute::kernels::arity::try_binary;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, Float64Type, Int64Type, i256};
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

pub const NAME: &str = "spark_divide";
pub const INTEGRAL: &str = "spark_integral_divide";

/// `a / b`
pub fn divide() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Division { name: NAME, operator: "/", signature: user_defined() }))
}

/// `a div b`
pub fn integral_divide() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Division { name: INTEGRAL, operator: "div", signature: user_defined() }))
}

fn user_defined() -> Signature {
    Signature::user_defined(Volatility::Immutable)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Division {
    name: &'static str,
    operator: &'static str,
    signature: Signature,
}

impl Division {
    fn is_integral(&self) -> bool {
        self.operator == "div"
    }
}

impl ScalarUDFImpl for Division {
    fn name(&self) -> &str {
        self.name
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let names: Vec<String> = arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
        Ok(format!("({})", names.join(&format!(" {} ", self.operator))))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [left, right] = types else { return plan_err!("`{}` takes two operands", self.operator) };
        let is_number = |side: &DataType| side.is_numeric() || side.is_null() || side.is_string();
        if !is_number(left) || !is_number(right) {
            return plan_err!("`{}` divides numbers, not {left} and {right}", self.operator);
        }
        Ok(match (decimal(left), decimal(right)) {
            (Some(left), Some(right)) if types.iter().any(DataType::is_decimal) => vec![left, right],
            _ if self.is_integral() => vec![DataType::Int64; 2],
            _ => vec![DataType::Float64; 2],
        })
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Decimal128(..), DataType::Decimal128(..)] if self.is_integral() => Ok(DataType::Int64),
            [DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)] => {
                let (precision, scale) = quotient((*p1, *s1), (*p2, *s2));
                Ok(DataType::Decimal128(precision, scale))
            }
            [DataType::Int64, _] => Ok(DataType::Int64),
            _ => Ok(DataType::Float64),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let sides = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = sides.as_slice() else { return exec_err!("`{}` takes two operands", self.operator) };
        let quotient: ArrayRef = match (left.data_type(), args.return_type()) {
            (DataType::Float64, _) => Arc::new(doubles(left.as_primitive(), right.as_primitive())?),
            (DataType::Int64, _) => Arc::new(integers(left.as_primitive(), right.as_primitive())?),
            (DataType::Decimal128(_, s1), DataType::Int64) => {
                let s2 = scale_of(right)?;
                Arc::new(whole_decimals(left.as_primitive(), *s1, right.as_primitive(), s2)?)
            }
            (DataType::Decimal128(_, s1), DataType::Decimal128(precision, scale)) => {
                let (left, s2) = (left.as_primitive(), scale_of(right)?);
                Arc::new(decimals(left, *s1, right.as_primitive(), s2, *precision, *scale)?)
            }
            (other, _) => return exec_err!("`{}` does not divide {other}", self.operator),
        };
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&quotient, 0)?)),
            false => Ok(ColumnarValue::Array(quotient)),
        }
    }
}

fn scale_of(array: &dyn Array) -> Result<i8> {
    match array.data_type() {
        DataType::Decimal128(_, scale) => Ok(*scale),
        other => exec_err!("{other} beside a decimal"),
    }
}

/// The decimal that holds a type's values exactly: `DecimalType.forType` in Spark. None for doubles and texts.
fn decimal(data_type: &DataType) -> Option<DataType> {
    let digits = match data_type {
        DataType::Decimal128(..) => return Some(data_type.clone()),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            return Some(DataType::Decimal128(*precision, *scale));
        }
        DataType::Int8 | DataType::UInt8 => 3,
        DataType::Int16 | DataType::UInt16 => 5,
        DataType::Int32 | DataType::UInt32 => 10,
        DataType::Int64 | DataType::UInt64 => 20,
        DataType::Null => 1,
        _ => return None,
    };
    Some(DataType::Decimal128(digits, 0))
}

/// Precision and scale of a quotient: `DecimalPrecision` and `DecimalType.adjustPrecisionScale` in Spark.
fn quotient((p1, s1): (u8, i8), (p2, s2): (u8, i8)) -> (u8, i8) {
    const MAX: i32 = 38;
    const MIN_ADJUSTED_SCALE: i32 = 6;
    let (p1, s1, p2, s2) = (i32::from(p1), i32::from(s1), i32::from(p2), i32::from(s2));
    let scale = MIN_ADJUSTED_SCALE.max(s1 + p2 + 1);
    let whole = p1 - s1 + s2;
    if whole + scale <= MAX {
        return ((whole + scale) as u8, scale as i8);
    }
    let scale = (MAX - whole).max(scale.min(MIN_ADJUSTED_SCALE));
    (MAX as u8, scale as i8)
}

fn doubles(left: &Float64Array, right: &Float64Array) -> Result<Float64Array> {
    checked::<Float64Type, Float64Type>(left, right, |a, b| if b == 0.0 { Err(by_zero()) } else { Ok(a / b) })
}

fn integers(left: &Int64Array, right: &Int64Array) -> Result<Int64Array> {
    checked::<Int64Type, Int64Type>(left, right, |a, b| match b {
        0 => Err(by_zero()),
        // Of the least by -1 there is no quotient.
        _ => a.checked_div(b).ok_or_else(|| overflow(&format!("{a} div {b}"))),
    })
}

/// The quotient's whole digits.
fn whole_decimals(left: &Decimal128Array, s1: i8, right: &Decimal128Array, s2: i8) -> Result<Int64Array> {
    let (up_left, up_right) = (ten_to(i32::from(s2)), ten_to(i32::from(s1)));
    checked::<Decimal128Type, Int64Type>(left, right, |a, b| {
        if b == 0 {
            return Err(by_zero());
        }
        let quotient = (i256::from_i128(a) * up_left) / (i256::from_i128(b) * up_right);
        let whole = quotient.to_i128().and_then(|whole| i64::try_from(whole).ok());
        whole.ok_or_else(|| overflow("div"))
    })
}

/// Rounded half up (away from zero), as Spark's decimals are.
fn decimals(
    left: &Decimal128Array,
    s1: i8,
    right: &Decimal128Array,
    s2: i8,
    precision: u8,
    scale: i8,
) -> Result<Decimal128Array> {
    let shift = i32::from(scale) - i32::from(s1) + i32::from(s2);
    let (up, down) = (ten_to(shift.max(0)), ten_to((-shift).max(0)));
    let limit = ten_to(i32::from(precision));
    let quotients = checked::<Decimal128Type, Decimal128Type>(left, right, |a, b| {
        if b == 0 {
            return Err(by_zero());
        }
        let (a, b) = (i256::from_i128(a) * up, i256::from_i128(b) * down);
        let (mut quotient, rest) = (a / b, a % b);
        let is_half = magnitude(rest) * i256::from_i128(2) >= magnitude(b);
        if is_half {
            let away = if (a < i256::ZERO) == (b < i256::ZERO) { i256::ONE } else { i256::MINUS_ONE };
            quotient += away;
        }
        match quotient.to_i128() {
            Some(fits) if magnitude(quotient) < limit => Ok(fits),
            _ => Err(overflow("/")),
        }
    })?;
    Ok(quotients.with_precision_and_scale(precision, scale)?)
}

fn magnitude(value: i256) -> i256 {
    if value < i256::ZERO { -value } else { value }
}

fn ten_to(power: i32) -> i256 {
    (0..power).fold(i256::ONE, |all, _| all * i256::from_i128(10))
}

/// Where both sides have a value.
fn checked<A: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    left: &PrimitiveArray<A>,
    right: &PrimitiveArray<A>,
    quotient: impl Fn(A::Native, A::Native) -> std::result::Result<O::Native, ArrowError>,
) -> Result<PrimitiveArray<O>> {
    Ok(try_binary(left, right, quotient)?)
}

fn by_zero() -> ArrowError {
    ArrowError::ComputeError(
        "[DIVIDE_BY_ZERO] a division by zero; where that is to be null, write `a / nullif(b, 0)`".to_string(),
    )
}

fn overflow(what: &str) -> ArrowError {
    ArrowError::ComputeError(format!("[ARITHMETIC_OVERFLOW] the result of `{what}` does not fit its type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_have_sparks_precision_and_scale() {
        // Asked of PySpark 4.3: `SELECT typeof(CAST(1 AS decimal(p1,s1)) / CAST(1 AS decimal(p2,s2)))`.
        let cases = [
            ((10, 2), (10, 2), (23, 13)),
            ((5, 2), (1, 0), (9, 6)),
            ((38, 10), (38, 10), (38, 6)),
            ((20, 0), (20, 0), (38, 18)),
            ((38, 18), (20, 0), (38, 18)),
        ];
        for (left, right, result) in cases {
            assert_eq!(quotient(left, right), result, "{left:?} / {right:?}");
        }
    }
}
