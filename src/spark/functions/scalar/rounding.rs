//! `round`, `bround`, `ceil` and `floor`: `round(1.005, 2)` is `1.01`, as it is the digits of a number that are rounded.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#round>. Decimals lose the digits behind the point that they have no
//! more: `RoundBase` in `mathExpressions.scala`.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float32Array, Float64Array, Int64Array, PrimitiveArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, FieldRef, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::spark::coercion::exact;
use crate::spark::mode::SqlMode;
use crate::spark::sql_types::{canonical, name};
use crate::spark::text::numbers;

const MOST_DIGITS: i32 = 38;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let function = |(name, aliases, way): (_, &[&str], _)| {
        let aliases = aliases.iter().map(|alias| alias.to_string()).collect();
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::from(Rounding { name, aliases, way, signature }))
    };
    [
        ("round", &[] as &[&str], Way::HalfUp),
        ("bround", &[], Way::HalfEven),
        ("ceil", &["ceiling"], Way::Up),
        ("floor", &[], Way::Down),
    ]
    .map(function)
    .to_vec()
}

/// Whether a call may be an error for some values.
pub fn may_fail(function: &ScalarUDF) -> bool {
    function.inner().is::<Rounding>()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    /// Halves go away from zero.
    HalfUp,
    HalfEven,
    Up,
    Down,
}

impl Way {
    /// What is added to the whole part of a value that has this sign and whose rest is that far from a half of one.
    fn step(self, is_negative: bool, is_odd: bool, has_rest: bool, rest_to_half: Ordering) -> i128 {
        let away = match self {
            Way::HalfUp => rest_to_half != Ordering::Less,
            Way::HalfEven => rest_to_half == Ordering::Greater || (rest_to_half == Ordering::Equal && is_odd),
            Way::Up => has_rest && !is_negative,
            Way::Down => has_rest && is_negative,
        };
        match (away, is_negative) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => -1,
        }
    }

    /// The value by ten to the power of `digits`, as a whole number. None is larger than the value, but for one step.
    fn divided(self, value: i128, digits: u32) -> i128 {
        let Some(unit) = 10_i128.checked_pow(digits) else {
            // Far less than a half.
            return self.step(value < 0, false, value != 0, Ordering::Less);
        };
        let (whole, rest) = (value / unit, (value % unit).unsigned_abs());
        let rest_to_half = rest.cmp(&(unit.unsigned_abs() - rest));
        whole + self.step(value < 0, whole % 2 != 0, rest != 0, rest_to_half)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Rounding {
    name: &'static str,
    aliases: Vec<String>,
    way: Way,
    signature: Signature,
}

impl Rounding {
    fn rounds_half(&self) -> bool {
        matches!(self.way, Way::HalfUp | Way::HalfEven)
    }

    /// What a number is taken as.
    fn taken(&self, of: &DataType, has_digits: bool) -> Result<DataType> {
        let of = match canonical(of) {
            Some(DataType::Utf8 | DataType::Null) => DataType::Float64,
            Some(of) if of.is_numeric() => of,
            _ => {
                return plan_err!(
                    "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{}` takes a number, not \"{}\"",
                    self.name,
                    name(of).to_uppercase()
                );
            }
        };
        Ok(match (self.rounds_half(), &of) {
            (true, _) | (false, DataType::Decimal128(..)) => of,
            (false, DataType::Float32) if has_digits => DataType::Decimal128(14, 7),
            (false, of) if has_digits => exact(of).unwrap_or(DataType::Decimal128(30, 15)),
            (false, of) if of.is_integer() => DataType::Int64,
            (false, _) => DataType::Float64,
        })
    }

    fn result(&self, of: &DataType, digits: Option<i32>) -> DataType {
        match of {
            DataType::Decimal128(precision, scale) => rounded_decimal(*precision, *scale, digits.unwrap_or(0)),
            _ if self.rounds_half() => of.clone(),
            _ => DataType::Int64,
        }
    }

    /// The digits behind the point that are kept. `None` where they are null.
    fn digits(&self, arguments: &[Option<&ScalarValue>]) -> Result<Option<i32>> {
        match arguments {
            [_] => Ok(Some(0)),
            [_, Some(ScalarValue::Int32(digits))] => Ok(*digits),
            [_, Some(ScalarValue::Int64(digits))] => Ok(digits.map(|digits| digits.clamp(-1000, 1000) as i32)),
            [_, Some(digits)] if digits.is_null() => Ok(None),
            _ => plan_err!(
                "[DATATYPE_MISMATCH.NON_FOLDABLE_INPUT] how many digits `{}` keeps is a number that is written in the query",
                self.name
            ),
        }
    }
}

/// One more digit before the point than there was, as 9.9 becomes 10.
fn rounded_decimal(precision: u8, scale: i8, digits: i32) -> DataType {
    let whole = i32::from(precision) - i32::from(scale) + 1;
    let (precision, scale) = match digits < 0 {
        true => (whole.max(1 - digits), 0),
        false => {
            let scale = i32::from(scale).min(digits);
            (whole + scale, scale)
        }
    };
    DataType::Decimal128(precision.min(MOST_DIGITS) as u8, scale as i8)
}

impl ScalarUDFImpl for Rounding {
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
        match types {
            [of] => Ok(vec![self.taken(of, false)?]),
            [of, digits] if digits.is_integer() || digits.is_null() => Ok(vec![self.taken(of, true)?, DataType::Int32]),
            _ => plan_err!("`{}` takes a number and perhaps how many digits it keeps", self.name),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("`{}` is asked for its field", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let digits = self.digits(args.scalar_arguments)?;
        let result = match args.arg_fields[0].data_type() {
            // Nothing is behind the point, so there is no step to the next whole number.
            whole @ DataType::Decimal128(_, 0) if !self.rounds_half() && args.arg_fields.len() == 1 => whole.clone(),
            of => self.result(of, digits),
        };
        Ok(Arc::new(Field::new(self.name, result, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ansi = SqlMode::of(&args.config_options).ansi;
        let digits = match args.args.get(1) {
            None => Some(0),
            Some(ColumnarValue::Scalar(ScalarValue::Int32(digits))) => *digits,
            Some(_) => return internal_err!("`{}` has its digits as a number", self.name),
        };
        let result = args.return_field.data_type();
        let Some(digits) = digits else { return Ok(ColumnarValue::Scalar(ScalarValue::try_from(result)?)) };
        match &args.args[0] {
            ColumnarValue::Array(values) => Ok(ColumnarValue::Array(self.compute(values, digits, result, ansi)?)),
            ColumnarValue::Scalar(value) => {
                let computed = self.compute(&value.to_array()?, digits, result, ansi)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&computed, 0)?))
            }
        }
    }
}

impl Rounding {
    fn compute(&self, values: &ArrayRef, digits: i32, result: &DataType, ansi: bool) -> Result<ArrayRef> {
        match (values.data_type(), result) {
            (DataType::Decimal128(_, from), DataType::Decimal128(precision, to)) => self
                .decimals(values.as_primitive(), digits, *from, (*precision, *to))
                .map(|values| Arc::new(values) as _),
            (of, result) if of.is_integer() && (digits >= 0 || of != result) => Ok(values.clone()),
            (DataType::Int8, _) => self.whole::<Int8Type>(values, digits, ansi),
            (DataType::Int16, _) => self.whole::<Int16Type>(values, digits, ansi),
            (DataType::Int32, _) => self.whole::<Int32Type>(values, digits, ansi),
            (DataType::Int64, _) => self.whole::<Int64Type>(values, digits, ansi),
            (DataType::Float64, DataType::Int64) => self.to_whole(values.as_primitive(), ansi),
            (DataType::Float64, _) => {
                let rounded = |value| self.double(value, digits);
                let values: Float64Array = values.as_primitive::<Float64Type>().unary(rounded);
                Ok(Arc::new(values))
            }
            // As a double, but for its digits.
            (DataType::Float32, _) => {
                let rounded = |value: f32| match value.is_finite() {
                    // No zero has a sign.
                    true => rounded_text(self.way, format!("{value:e}"), digits).parse().unwrap_or(value) + 0.0,
                    false => value,
                };
                let values: Float32Array = values.as_primitive::<Float32Type>().unary(rounded);
                Ok(Arc::new(values))
            }
            (of, _) => exec_err!("`{}` does not take {of}", self.name),
        }
    }

    fn decimals(
        &self,
        values: &Decimal128Array,
        digits: i32,
        from: i8,
        (precision, to): (u8, i8),
    ) -> Result<Decimal128Array> {
        let limit = 10_u128.pow(u32::from(precision));
        // Behind the point, or before it: those become zeros.
        let dropped = (i32::from(from) - digits.min(i32::from(from))).unsigned_abs();
        let zeros = digits.min(0).unsigned_abs();
        let up = 10_i128.checked_pow(zeros);
        let rounded = |value: i128| {
            let whole = self.way.divided(value, dropped);
            let value = match up {
                Some(up) => whole.checked_mul(up),
                None => (whole == 0).then_some(0),
            };
            value.filter(|value| value.unsigned_abs() < limit)
        };
        let overflow = |value: i128| {
            let mut text = String::new();
            numbers::write_plain(&mut text, value, from);
            self.overflow("NUMERIC_VALUE_OUT_OF_RANGE", &text, &DataType::Decimal128(precision, to))
        };
        let values = values.try_unary(|value| rounded(value).ok_or_else(|| overflow(value)))?;
        Ok(values.with_precision_and_scale(precision, to)?)
    }

    fn whole<T: ArrowPrimitiveType>(&self, values: &ArrayRef, digits: i32, ansi: bool) -> Result<ArrayRef>
    where
        T::Native: Into<i64> + TryFrom<i64> + std::fmt::Display,
    {
        let zeros = digits.unsigned_abs();
        let unit = 10_i128.checked_pow(zeros);
        let bits = 8 * size_of::<T::Native>() as u32;
        let rounded = |value: T::Native| {
            let exact = match unit {
                Some(unit) => self.way.divided(value.into().into(), zeros).saturating_mul(unit),
                None => 0,
            };
            // The lowest bits.
            let wrapped = ((exact as i64) << (64 - bits)) >> (64 - bits);
            match i128::from(wrapped) == exact || !ansi {
                true => {
                    T::Native::try_from(wrapped).map_err(|_| DataFusionError::Internal("a number of 64 bits".into()))
                }
                false => Err(self.overflow("ARITHMETIC_OVERFLOW", &value.to_string(), &T::DATA_TYPE)),
            }
        };
        let values: PrimitiveArray<T> = values.as_primitive::<T>().try_unary(rounded)?;
        Ok(Arc::new(values))
    }

    /// `ceil` and `floor` of doubles.
    fn to_whole(&self, values: &Float64Array, ansi: bool) -> Result<ArrayRef> {
        let whole = |value: f64| {
            let whole = if self.way == Way::Up { value.ceil() } else { value.floor() };
            // 2^63 is the first that does not fit; of NaN Java makes 0.
            let least = i64::MIN as f64;
            let fits = whole.is_nan() || (least..-least).contains(&whole);
            match fits || !ansi {
                true => Ok(whole as i64),
                false => Err(self.overflow("ARITHMETIC_OVERFLOW", &value.to_string(), &DataType::Int64)),
            }
        };
        let values: Int64Array = values.try_unary(whole)?;
        Ok(Arc::new(values))
    }

    fn double(&self, value: f64, digits: i32) -> f64 {
        if !value.is_finite() {
            return value;
        }
        self.quickly(value, digits)
            .unwrap_or_else(|| rounded_text(self.way, format!("{value:e}"), digits).parse().unwrap_or(value) + 0.0)
    }

    /// Where the product with a power of ten cannot be on the other side of a half than the digits are: both are off by less
    /// than a unit in the last place. A quotient of two such numbers is the nearest to the digits.
    fn quickly(&self, value: f64, digits: i32) -> Option<f64> {
        let unit = 10_f64.powi((0..=15).contains(&digits).then_some(digits)?);
        let scaled = value * unit;
        let whole = scaled.trunc();
        let rest = (scaled - whole).abs();
        let doubt = scaled.abs() * f64::EPSILON * 4.0;
        if scaled.abs() >= 4_503_599_627_370_496.0 || (rest - 0.5).abs() <= doubt {
            return None;
        }
        let rounded = if rest > 0.5 { whole + scaled.signum() } else { whole };
        // No zero has a sign.
        Some(rounded / unit + 0.0)
    }

    fn overflow(&self, class: &str, value: &str, data_type: &DataType) -> DataFusionError {
        DataFusionError::Execution(format!(
            "[{class}] {}({value}) does not fit {}; CAST to a wider type first",
            self.name,
            name(data_type).to_uppercase()
        ))
    }
}

/// A number's digits, as `1.25e-3`, with so many behind the point, as `125e-5`.
fn rounded_text(way: Way, text: String, digits: i32) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let behind = mantissa.split_once('.').map_or(0, |(_, behind)| behind.len() as i32);
    let number: i128 = mantissa.replace('.', "").parse().unwrap_or(0);
    let exponent = exponent.parse::<i32>().unwrap_or(0) - behind;
    let dropped = -digits - exponent;
    if dropped <= 0 {
        return text;
    }
    let number = way.divided(number, dropped.unsigned_abs());
    if number == 0 { "0".to_string() } else { format!("{number}e{}", -digits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(way: Way) -> Rounding {
        Rounding { name: "round", aliases: vec![], way, signature: Signature::any(1, Volatility::Immutable) }
    }

    #[test]
    fn digits_are_rounded_and_not_bits() {
        let half_up = round(Way::HalfUp);
        for (value, digits, expected) in [
            (1.005, 2, 1.01),
            (2.675, 2, 2.68),
            (-2.5, 0, -3.0),
            (0.1 + 0.2, 1, 0.3),
            (1e308, -308, 1e308),
            (5e-324, 2, 0.0),
            (123_456_789.987, -1, 123_456_790.0),
            (0.5, 0, 1.0),
            (49.0, -2, 0.0),
            (50.0, -2, 100.0),
            (1.0, 400, 1.0),
        ] {
            assert_eq!(half_up.double(value, digits), expected, "round({value}, {digits})");
        }
        assert_eq!(round(Way::HalfEven).double(2.5, 0), 2.0);
        assert_eq!(round(Way::HalfEven).double(0.125, 2), 0.12);
        assert!(half_up.double(-0.0, 0).is_sign_positive() && half_up.double(-0.2, 0).is_sign_positive());
    }

    #[test]
    fn the_quick_way_is_the_exact_one() {
        let mut seed = 7_u64;
        for way in [Way::HalfUp, Way::HalfEven] {
            let rounding = round(way);
            for number in 0..20_000_i32 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let value = ((seed >> 20) as f64 - 8e12) / 10_f64.powi(number % 13);
                for digits in 0..5 {
                    let exact: f64 = rounded_text(way, format!("{value:e}"), digits).parse().unwrap();
                    let quick = rounding.quickly(value, digits);
                    assert!(quick.is_none_or(|quick| quick == exact), "{value} to {digits}: {quick:?}, {exact}");
                }
            }
        }
    }

    #[test]
    fn decimals_lose_digits_and_gain_one() {
        let typed = |precision, scale, digits| match rounded_decimal(precision, scale, digits) {
            DataType::Decimal128(precision, scale) => (precision, scale),
            other => panic!("{other}"),
        };
        assert_eq!(typed(10, 2, 0), (9, 0));
        assert_eq!(typed(10, 2, 5), (11, 2));
        assert_eq!(typed(10, 2, -12), (13, 0));
        assert_eq!(typed(38, 0, -2), (38, 0));
        let values = Decimal128Array::from(vec![125, -125, 999, -50]).with_precision_and_scale(3, 2).unwrap();
        let rounded = |way, digits, to| round(way).decimals(&values, digits, 2, to).unwrap().values().to_vec();
        assert_eq!(rounded(Way::HalfUp, 1, (3, 1)), [13, -13, 100, -5]);
        assert_eq!(rounded(Way::HalfEven, 1, (3, 1)), [12, -12, 100, -5]);
        assert_eq!(rounded(Way::Up, 0, (2, 0)), [2, -1, 10, 0]);
        assert_eq!(rounded(Way::Down, 0, (2, 0)), [1, -2, 9, -1]);
        assert_eq!(rounded(Way::HalfUp, -1, (3, 0)), [0, 0, 10, 0]);
    }
}
