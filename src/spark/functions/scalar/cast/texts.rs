//! From texts, as Spark reads them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use datafusion::common::{Result, exec_err};

use super::faults::quoted;
use super::{CastJob, decimals};
use crate::spark::mode::Strictness;
use crate::spark::sql_types::timestamp_ntz;
use crate::spark::text::zones::TimeZone;
use crate::spark::text::{days, floats, numbers, times};

pub(super) fn cast(job: &CastJob, values: &StringArray, to: &DataType) -> Result<ArrayRef> {
    let cuts_fraction = job.strictness == Strictness::Legacy;
    macro_rules! whole {
        ($kind:ty) => {
            primitive::<$kind>(job, values, to, |text| {
                numbers::whole(text.as_bytes(), cuts_fraction).and_then(|value| value.try_into().ok())
            })
        };
    }
    match to {
        DataType::Int8 => whole!(Int8Type),
        DataType::Int16 => whole!(Int16Type),
        DataType::Int32 => whole!(Int32Type),
        DataType::Int64 => whole!(Int64Type),
        DataType::Float32 => primitive::<Float32Type>(job, values, to, floats::read),
        DataType::Float64 => primitive::<Float64Type>(job, values, to, floats::read),
        DataType::Boolean => {
            let read = read_all(job, values, to, |text| numbers::truth(text.as_bytes()));
            Ok(Arc::new(read.collect::<Result<BooleanArray>>()?))
        }
        DataType::Date32 => primitive::<Date32Type>(job, values, to, |text| days::read(text.as_bytes())),
        DataType::Decimal128(precision, scale) => {
            let read = values.iter().map(|text| match text {
                Some(text) => decimals::from_text(job, text, to, *precision, *scale),
                None => Ok(None),
            });
            let read = read.collect::<Result<Decimal128Array>>()?;
            Ok(Arc::new(read.with_precision_and_scale(*precision, *scale)?))
        }
        DataType::Timestamp(..) => instants(job, values, to),
        other => exec_err!("a text is not cast to {other}"),
    }
}

/// Each text read; what cannot be is an error or null.
fn read_all<'a, V>(
    job: &'a CastJob,
    values: &'a StringArray,
    to: &'a DataType,
    read: impl Fn(&str) -> Option<V> + 'a,
) -> impl Iterator<Item = Result<Option<V>>> + 'a {
    values.iter().map(move |text| {
        let Some(text) = text else { return Ok(None) };
        match read(text) {
            None if job.ansi() => Err(job.fault(&DataType::Utf8, to).malformed(&quoted(text))),
            read => Ok(read),
        }
    })
}

fn primitive<T: ArrowPrimitiveType>(
    job: &CastJob,
    values: &StringArray,
    to: &DataType,
    read: impl Fn(&str) -> Option<T::Native>,
) -> Result<ArrayRef> {
    let mut read_values = Vec::with_capacity(values.len());
    for value in read_all(job, values, to, read) {
        read_values.push(value?);
    }
    Ok(Arc::new(PrimitiveArray::<T>::from_iter(read_values)))
}

fn instants(job: &CastJob, values: &StringArray, to: &DataType) -> Result<ArrayRef> {
    let is_clock = *to == timestamp_ntz();
    let mut instants = Vec::with_capacity(values.len());
    for text in values {
        let Some(text) = text else {
            instants.push(None);
            continue;
        };
        let instant = match times::read(text.as_bytes()) {
            // In Spark it is of the day on which the query runs. Where that is meant, it can be written.
            Some(time) if time.local_micros.is_none() && !is_clock => {
                return exec_err!(
                    "[CAST_INVALID_INPUT] {} is a time of day without a date; write it behind one, as in \
                     `concat(current_date(), ' ', time)`",
                    quoted(text)
                );
            }
            Some(time) if is_clock => time.local_micros,
            Some(time) => time.local_micros.and_then(|local| time.zone.unwrap_or(TimeZone::Fixed(0)).instant(local)),
            None => None,
        };
        if instant.is_none() && job.ansi() {
            return Err(job.fault(&DataType::Utf8, to).malformed(&quoted(text)));
        }
        instants.push(instant);
    }
    Ok(Arc::new(TimestampMicrosecondArray::from(instants).with_data_type(to.clone())))
}
