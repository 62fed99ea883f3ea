//! Between dates, timestamps and numbers: a timestamp as a number is seconds since 1970.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, PrimitiveArray, new_null_array,
};
use arrow::compute::cast as engine_cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result, exec_err};

use super::CastJob;
use crate::spark::mode::Strictness;
use crate::spark::sql_types::TIMESTAMP;
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::{MICROS, floats, times};

pub(super) fn cast(job: &CastJob, values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match (values.data_type(), to) {
        (DataType::Timestamp(..), DataType::Timestamp(..)) => {
            let instants = values.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Arc::new(instants.with_data_type(to.clone())))
        }
        (DataType::Timestamp(..), DataType::Date32) => {
            let instants = values.as_primitive::<TimestampMicrosecondType>();
            // Every timestamp's day fits.
            Ok(Arc::new(instants.unary::<_, Date32Type>(|micros| micros.div_euclid(MICROS_PER_DAY) as i32)))
        }
        (DataType::Date32, DataType::Timestamp(..)) => {
            let instants = values
                .as_primitive::<Date32Type>()
                .try_unary::<_, TimestampMicrosecondType, DataFusionError>(|days| {
                    i64::from(days).checked_mul(MICROS_PER_DAY).ok_or_else(|| {
                        DataFusionError::Execution(format!(
                            "[DATETIME_OVERFLOW] the day {days} days after 1970-01-01 is beyond all timestamps"
                        ))
                    })
                })?;
            Ok(Arc::new(instants.with_data_type(to.clone())))
        }
        // Of a date there is no number: only without the ANSI mode it may be asked.
        (DataType::Date32, _) => Ok(new_null_array(to, values.len())),
        (DataType::Timestamp(..), _) => to_number(job, values, to),
        (_, DataType::Timestamp(..)) => from_number(job, values),
        (from, to) => exec_err!("{from} is not cast to {to} here"),
    }
}

fn to_number(job: &CastJob, values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let instants = values.as_primitive::<TimestampMicrosecondType>();
    let seconds = || instants.unary::<_, Int64Type>(|micros| micros.div_euclid(MICROS));
    let exact = || -> Float64Array { instants.unary::<_, Float64Type>(|micros| micros as f64 / MICROS as f64) };
    match to {
        DataType::Int64 => Ok(Arc::new(seconds())),
        DataType::Int8 | DataType::Int16 | DataType::Int32 => {
            let seconds: ArrayRef = Arc::new(seconds());
            // What does not fit is null and does not wrap around, in either mode.
            let fitting = CastJob { strictness: Strictness::Try, ..*job };
            let fitted = fitting.cast(&seconds, to)?;
            if job.ansi() && fitted.null_count() > seconds.null_count() {
                let misfit = (0..fitted.len()).find(|row| fitted.is_null(*row) && !instants.is_null(*row));
                let mut text = String::new();
                times::write(&mut text, misfit.map_or(0, |row| instants.value(row)));
                return Err(job.fault(values.data_type(), to).overflow(&format!("TIMESTAMP '{text}'")));
            }
            Ok(fitted)
        }
        DataType::Float64 => Ok(Arc::new(exact())),
        DataType::Float32 => Ok(Arc::new(exact().unary::<_, Float32Type>(|seconds| seconds as f32))),
        // All digits, as a decimal of microseconds has them.
        DataType::Decimal128(..) => {
            let micros: Decimal128Array = instants.iter().map(|micros| micros.map(i128::from)).collect();
            job.cast(&(Arc::new(micros.with_precision_and_scale(20, 6)?) as ArrayRef), to)
        }
        DataType::Boolean => Ok(Arc::new(instants.iter().map(|micros| Some(micros? != 0)).collect::<BooleanArray>())),
        other => exec_err!("a timestamp is not cast to {other}"),
    }
}

fn from_number(job: &CastJob, values: &ArrayRef) -> Result<ArrayRef> {
    let from = values.data_type();
    let instants: PrimitiveArray<TimestampMicrosecondType> = match from {
        DataType::Boolean => values.as_boolean().iter().map(|value| value.map(i64::from)).collect(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            let seconds = engine_cast(values, &DataType::Int64)?;
            seconds.as_primitive::<Int64Type>().unary(|seconds| seconds.saturating_mul(MICROS))
        }
        DataType::Float32 | DataType::Float64 => {
            let seconds = engine_cast(values, &DataType::Float64)?;
            let seconds = seconds.as_primitive::<Float64Type>().iter();
            seconds
                .map(|seconds| seconds.map_or(Ok(None), |seconds| of_seconds(job, seconds, from)))
                .collect::<Result<_>>()?
        }
        DataType::Decimal128(_, scale) => {
            let one = 10_i128.pow(u32::from(scale.unsigned_abs()));
            let seconds = values.as_primitive::<Decimal128Type>();
            // Of the product only the lowest bits are kept, as `BigDecimal.longValue` does.
            seconds.unary(|seconds| {
                let (whole, rest) = (seconds / one, seconds % one);
                let fraction = match one / i128::from(MICROS) {
                    0 => rest * i128::from(MICROS) / one,
                    // All digits of a long decimal by a million would be more than there are.
                    a_micro => rest / a_micro,
                };
                whole.wrapping_mul(MICROS.into()).wrapping_add(fraction) as i64
            })
        }
        other => return exec_err!("{other} is not cast to a timestamp"),
    };
    Ok(Arc::new(instants.with_data_type(TIMESTAMP)))
}

fn of_seconds(job: &CastJob, seconds: f64, from: &DataType) -> Result<Option<i64>> {
    let spelled = || {
        let mut text = String::new();
        floats::write(&mut text, seconds);
        text
    };
    let micros = seconds * MICROS as f64;
    match job.strictness {
        _ if seconds.is_finite() && micros.floor() <= i64::MAX as f64 && micros.ceil() >= i64::MIN as f64 => {
            Ok(Some(micros as i64))
        }
        Strictness::Ansi if seconds.is_finite() => Err(job.fault(from, &TIMESTAMP).overflow(&spelled())),
        Strictness::Ansi => Err(job.fault(from, &TIMESTAMP).malformed(&spelled())),
        Strictness::Legacy if seconds.is_finite() => Ok(Some(micros as i64)),
        Strictness::Legacy | Strictness::Try => Ok(None),
    }
}
