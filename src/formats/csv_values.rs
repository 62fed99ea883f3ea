//! The texts of a CSV's column → its type, without losing anything of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float32Type, Float64Type, Int32Type, Int64Type, TimeUnit,
};

use super::number::Number;
use crate::error::{Error, Result};
use crate::spark::text::{days, plain};

/// The advice where a column's type is the user's.
pub const LEAVE_IT_OUT: &str = "leave the column out of `columns:`, so that it stays text, and cast it in SQL";

/// The advice where it was the capture's.
pub const AT_FAULT_IS_THE_LANDING: &str = "capture the source anew with `--full-refresh`";

/// `text` is what was `written`, with numbers spelled as the cast reads them.
///
/// # Errors
/// When a value is not of the type: it is named with its row, which counts on from `rows_before`, and with `advice`.
pub fn typed(
    text: &StringArray,
    written: &StringArray,
    field: &Field,
    rows_before: usize,
    advice: &str,
) -> Result<ArrayRef> {
    if field.data_type() == &DataType::Utf8 {
        return Ok(Arc::new(text.clone()));
    }
    // What is null there and was written is no number at all.
    if text.null_count() == written.null_count()
        && let Some(plain) = plain(text, field.data_type())
    {
        return Ok(plain);
    }
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let spark_type = crate::spark::types::name(field.data_type());
    let typed = cast_with_options(text, field.data_type(), &options).map_err(|error| {
        Error::failed(format!("column `{}` cannot be read as {spark_type}", field.name())).because(error)
    })?;
    let misfits = |row: usize| written.is_valid(row) && (typed.is_null(row) || loses(text.value(row), &typed, row));
    if let Some(row) = (0..text.len()).find(|row| misfits(*row)) {
        return Err(Error::failed(format!(
            "column `{}`, row {}: `{}` is not a {spark_type}",
            field.name(),
            rows_before + row + 1,
            written.value(row)
        ))
        .hint(advice));
    }
    Ok(typed)
}

/// A column that is written as numbers and dates mostly are: read at once, with nothing left out.
fn plain(text: &StringArray, data_type: &DataType) -> Option<ArrayRef> {
    Some(match data_type {
        DataType::Int64 => Arc::new(plain::column::<Int64Type>(text, plain::whole)?),
        DataType::Int32 => Arc::new(plain::column::<Int32Type>(text, |text| plain::whole(text)?.try_into().ok())?),
        DataType::Date32 => Arc::new(plain::column::<Date32Type>(text, days::plain)?),
        DataType::Decimal128(precision, scale) => {
            let read = plain::column::<Decimal128Type>(text, |text| plain::decimal(text, *precision, *scale))?;
            Arc::new(read.with_data_type(data_type.clone()))
        }
        _ => return None,
    })
}

/// Whether the cast left out something of the text: it rounds digits, cuts times of day, and ends with infinity.
fn loses(text: &str, typed: &ArrayRef, row: usize) -> bool {
    match typed.data_type() {
        DataType::Decimal128(precision, scale) => {
            Number::parse(text.trim()).is_none_or(|number| !number.fits_decimal(*precision, *scale))
        }
        // A day and nothing behind it.
        DataType::Date32 => !text.trim().bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+')),
        // Times have digits for microseconds; what follows them must be zeros.
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let is_finer = text.rsplit_once('.').is_some_and(|(_, fraction)| {
                let digits = fraction.bytes().take_while(u8::is_ascii_digit);
                digits.skip(6).any(|digit| digit != b'0')
            });
            // Behind the day: what is without a zone would be moved by one, and a 60th second becomes another minute.
            let time = text.trim().get(10..).unwrap_or_default();
            is_finer || (zone.is_none() && time.contains(['Z', 'z', '+', '-'])) || time.contains(":60")
        }
        DataType::Float32 => is_finite(text) && typed.as_primitive::<Float32Type>().value(row).is_infinite(),
        DataType::Float64 => is_finite(text) && typed.as_primitive::<Float64Type>().value(row).is_infinite(),
        _ => false,
    }
}

fn is_finite(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_would_become_others_are_refused() {
        let of = |text: &str, zone: Option<&str>| {
            let field = Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into)), true);
            let text = StringArray::from(vec![text]);
            typed(&text, &text, &field, 0, LEAVE_IT_OUT).map(drop)
        };
        for text in
            ["2024-01-01T00:00:00+02:00", "2024-01-01 00:00:00Z", "2024-01-01T10:00:60", "2024-01-01T00:00:00.1234567"]
        {
            let error = of(text, None).unwrap_err().to_string();
            assert!(error.contains(&format!("row 1: `{text}` is not a timestamp_ntz")), "{error}");
        }
        for text in ["2024-01-01T00:00:00", "2024-01-01 10:20:30.123456", "2024-01-01"] {
            of(text, None).unwrap();
            of(text, Some("UTC")).unwrap();
        }
        of("2024-01-01T00:00:00+02:00", Some("UTC")).unwrap();
        assert!(of("2024-01-01T10:00:60Z", Some("UTC")).is_err());
    }
}
