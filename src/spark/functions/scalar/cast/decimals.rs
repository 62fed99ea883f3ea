//! To and from decimals. What has too many digits behind the point is rounded half up (away from zero).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float32Array, Float64Array};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use datafusion::common::{DataFusionError, Result, exec_err};

use super::CastJob;
use super::numbers::kept;
use crate::spark::mode::Strictness;
use crate::spark::text::floats;
use crate::spark::text::numbers::{self, ReadDecimal};

pub(super) fn cast(job: &CastJob, values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match (values.data_type(), to) {
        (DataType::Decimal128(_, from), DataType::Decimal128(precision, scale)) => {
            let whole = values.as_primitive::<Decimal128Type>();
            let target = DecimalTarget::new(*precision, *scale);
            let shift = Shift::between(*from, *scale);
            target.collect(
                job,
                whole.iter(),
                |value| shift.apply(value),
                |value| plain(value, *from),
                values.data_type(),
                to,
            )
        }
        (_, DataType::Decimal128(precision, scale)) => to_decimal(job, values, to, *precision, *scale),
        (DataType::Decimal128(_, scale), _) => from_decimal(job, values, to, *scale),
        (from, to) => exec_err!("{from} is not cast to {to} here"),
    }
}

fn plain(value: i128, scale: i8) -> String {
    let mut text = String::new();
    numbers::write_plain(&mut text, value, scale);
    text
}

/// From the digits behind the point that values have to those that they are to have.
#[derive(Clone, Copy)]
pub enum Shift {
    Up(i128),
    Down(i128),
    /// By so many digits that no value is left, or none fits.
    Far {
        up: bool,
    },
}

impl Shift {
    pub fn between(from: i8, to: i8) -> Shift {
        let digits = i32::from(to) - i32::from(from);
        match (10_i128.checked_pow(digits.unsigned_abs()), digits >= 0) {
            (Some(factor), true) => Shift::Up(factor),
            (Some(factor), false) => Shift::Down(factor),
            (None, up) => Shift::Far { up },
        }
    }

    pub fn apply(self, value: i128) -> Option<i128> {
        match self {
            Shift::Up(factor) => value.checked_mul(factor),
            Shift::Down(factor) => {
                let (whole, rest) = (value / factor, value % factor);
                let is_half = rest.unsigned_abs() * 2 >= factor.unsigned_abs();
                Some(if is_half { whole + value.signum() } else { whole })
            }
            Shift::Far { up: false } => Some(0),
            Shift::Far { up: true } => (value == 0).then_some(0),
        }
    }
}

/// A type of decimals.
struct DecimalTarget {
    precision: u8,
    scale: i8,
    limit: u128,
}

impl DecimalTarget {
    fn new(precision: u8, scale: i8) -> Self {
        DecimalTarget { precision, scale, limit: 10_u128.pow(u32::from(precision)) }
    }

    fn fits(&self, value: &i128) -> bool {
        value.unsigned_abs() < self.limit
    }

    fn array(&self, values: Decimal128Array) -> Result<ArrayRef> {
        Ok(Arc::new(values.with_precision_and_scale(self.precision, self.scale)?))
    }

    fn collect<V: Copy>(
        &self,
        job: &CastJob,
        values: impl Iterator<Item = Option<V>>,
        convert: impl Fn(V) -> Option<i128>,
        spelled: impl Fn(V) -> String,
        from: &DataType,
        to: &DataType,
    ) -> Result<ArrayRef> {
        let converted = values.map(|value| {
            let Some(value) = value else { return Ok(None) };
            match convert(value).filter(|value| self.fits(value)) {
                None if job.ansi() => Err(job.fault(from, to).out_of_range(&spelled(value))),
                kept => Ok(kept),
            }
        });
        self.array(converted.collect::<Result<Decimal128Array>>()?)
    }
}

fn to_decimal(job: &CastJob, values: &ArrayRef, to: &DataType, precision: u8, scale: i8) -> Result<ArrayRef> {
    let (from, target) = (values.data_type(), DecimalTarget::new(precision, scale));
    let one = 10_i128.pow(u32::from(scale.unsigned_abs()));
    macro_rules! of_wholes {
        ($kind:ty) => {{
            let values = values.as_primitive::<$kind>().iter().map(|value| value.map(i128::from));
            target.collect(job, values, |value| value.checked_mul(one), |value| value.to_string(), from, to)
        }};
    }
    match from {
        DataType::Boolean => {
            let values = values.as_boolean().iter().map(|value| value.map(i128::from));
            target.collect(job, values, |value| value.checked_mul(one), |value| value.to_string(), from, to)
        }
        DataType::Int8 => of_wholes!(Int8Type),
        DataType::Int16 => of_wholes!(Int16Type),
        DataType::Int32 => of_wholes!(Int32Type),
        DataType::Int64 => of_wholes!(Int64Type),
        DataType::Float32 => {
            let values = values.as_primitive::<Float32Type>().iter().map(|value| value.map(f64::from));
            from_floats(job, values, &target, from, to)
        }
        DataType::Float64 => from_floats(job, values.as_primitive::<Float64Type>().iter(), &target, from, to),
        other => exec_err!("{other} is not cast to a decimal"),
    }
}

/// By their text, as `BigDecimal.valueOf` does: 1.005 is 1.005, not 1.00499999999999989. What is no number is null, even in
/// the ANSI mode.
fn from_floats(
    job: &CastJob,
    values: impl Iterator<Item = Option<f64>>,
    target: &DecimalTarget,
    from: &DataType,
    to: &DataType,
) -> Result<ArrayRef> {
    let values = values.map(|value| value.filter(|value| value.is_finite()));
    let convert = |value: f64| match decimal_of(value, target.precision, target.scale) {
        ReadDecimal::Fits(value) => Some(value),
        _ => None,
    };
    let spelled = |value: f64| {
        let mut text = String::new();
        floats::write(&mut text, value);
        text
    };
    target.collect(job, values, convert, spelled, from, to)
}

fn decimal_of(value: f64, precision: u8, scale: i8) -> ReadDecimal {
    let mut text = String::with_capacity(24);
    floats::write(&mut text, value);
    numbers::decimal(text.as_bytes(), precision, scale)
}

fn from_decimal(job: &CastJob, values: &ArrayRef, to: &DataType, scale: i8) -> Result<ArrayRef> {
    let from = values.data_type();
    let one = 10_i128.pow(u32::from(scale.unsigned_abs()));
    let decimals = values.as_primitive::<Decimal128Type>();
    let fault = |value: i128| -> DataFusionError { job.fault(from, to).overflow(&(plain(value, scale) + "BD")) };
    macro_rules! whole {
        ($kind:ty) => {{
            type Whole = <$kind as ArrowPrimitiveType>::Native;
            // The lowest bits of what lies before the point, as `BigDecimal.longValue` has them.
            let cut = |value: i128| (value / one) as i64 as Whole;
            let fits = |value: i128| Whole::try_from(value / one).is_ok();
            kept::<Decimal128Type, $kind>(job.strictness, values, cut, fits, fault)
        }};
    }
    match to {
        DataType::Int8 => whole!(Int8Type),
        DataType::Int16 => whole!(Int16Type),
        DataType::Int32 => whole!(Int32Type),
        DataType::Int64 => whole!(Int64Type),
        DataType::Boolean => {
            Ok(Arc::new(decimals.iter().map(|value| value.map(|value| value != 0)).collect::<BooleanArray>()))
        }
        DataType::Float64 => {
            Ok(Arc::new(decimals.unary::<_, Float64Type>(|value| double(value, scale)) as Float64Array))
        }
        DataType::Float32 => {
            Ok(Arc::new(decimals.unary::<_, Float32Type>(|value| float(value, scale)) as Float32Array))
        }
        other => exec_err!("a decimal is not cast to {other}"),
    }
}

/// The nearest double. Where both numbers are exact, so is the quotient's rounding.
pub fn double(value: i128, scale: i8) -> f64 {
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ];
    match POWERS.get(usize::from(scale.unsigned_abs())) {
        Some(power) if value.unsigned_abs() <= 1 << 53 => value as f64 / power,
        _ => plain(value, scale).parse().unwrap_or(f64::NAN),
    }
}

fn float(value: i128, scale: i8) -> f32 {
    plain(value, scale).parse().unwrap_or(f32::NAN)
}

/// What a decimal becomes that is written in this text.
pub(super) fn from_text(job: &CastJob, text: &str, to: &DataType, precision: u8, scale: i8) -> Result<Option<i128>> {
    let fault = |with: &dyn Fn() -> DataFusionError| match job.strictness {
        Strictness::Ansi => Err(with()),
        Strictness::Legacy | Strictness::Try => Ok(None),
    };
    match numbers::decimal(text.as_bytes(), precision, scale) {
        ReadDecimal::Fits(value) => Ok(Some(value)),
        ReadDecimal::TooLarge => fault(&|| job.fault(&DataType::Utf8, to).out_of_range(text.trim())),
        ReadDecimal::BeyondAll => fault(&|| job.fault(&DataType::Utf8, to).beyond_all_decimals(text.trim())),
        ReadDecimal::NoNumber => fault(&|| job.fault(&DataType::Utf8, to).malformed(&super::faults::quoted(text))),
    }
}
