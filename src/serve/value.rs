//! Values of columns as text, in parameters and cursors, read as exactly as they are written.

use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use datafusion::common::ScalarValue;

use crate::spark::types;

/// Whether values of the type can be named in a parameter.
pub fn is_simple(data_type: &DataType) -> bool {
    !data_type.is_nested()
}

pub fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Reads a value of a column's type. Nothing is rounded, cut off or guessed.
///
/// # Errors
/// What a value of the type looks like.
pub fn parse(text: &str, data_type: &DataType) -> Result<ScalarValue, String> {
    let wrong = || expected(data_type);
    let parsed = match data_type {
        DataType::Utf8 => Some(ScalarValue::Utf8(Some(text.into()))),
        DataType::LargeUtf8 => Some(ScalarValue::LargeUtf8(Some(text.into()))),
        DataType::Utf8View => Some(ScalarValue::Utf8View(Some(text.into()))),
        DataType::Boolean => text.parse().ok().map(|value| ScalarValue::Boolean(Some(value))),
        DataType::Float64 => double(text).map(|value| ScalarValue::Float64(Some(value))),
        DataType::Float32 => float(text).map(|value| ScalarValue::Float32(Some(value))),
        DataType::Date32 => date(text).map(|days| ScalarValue::Date32(Some(days))),
        DataType::Timestamp(unit, zone) => return instant(text, *unit, zone.clone()).ok_or_else(wrong),
        DataType::Decimal128(_, scale) => {
            decimal(text, *scale).then(|| ScalarValue::try_from_string(text.to_string(), data_type).ok()).flatten()
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            return binary(text, data_type).ok_or_else(wrong);
        }
        other if other.is_integer() && is_whole(text) => ScalarValue::try_from_string(text.to_string(), other).ok(),
        _ => None,
    };
    parsed.filter(|value| !value.is_null()).ok_or_else(wrong)
}

/// What [`parse`] reads back as the value; `None` for null.
pub fn spelled(value: &ScalarValue) -> Option<String> {
    match value {
        value if value.is_null() => None,
        ScalarValue::Binary(Some(bytes))
        | ScalarValue::LargeBinary(Some(bytes))
        | ScalarValue::BinaryView(Some(bytes)) => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        // The shortest text that is read back as the same bits.
        ScalarValue::Float64(Some(value)) => Some(spelled_double(*value)),
        ScalarValue::Float32(Some(value)) => Some(spelled_double(f64::from(*value))),
        value => {
            let text = value.cast_to(&DataType::Utf8).ok()?;
            text.try_as_str().flatten().map(str::to_string)
        }
    }
}

fn spelled_double(value: f64) -> String {
    match value {
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        value => value.to_string(),
    }
}

/// Says how a value of the type is written.
fn expected(data_type: &DataType) -> String {
    let example = match data_type {
        DataType::Boolean => "`true` or `false`",
        DataType::Date32 => "a date, as `2024-03-15`",
        DataType::Timestamp(_, Some(_)) => "a time, as `2024-03-15T10:20:30Z`",
        DataType::Timestamp(_, None) => "a time without a zone, as `2024-03-15T10:20:30`",
        DataType::Float64 | DataType::Float32 => "a number, `NaN`, `Infinity` or `-Infinity`",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "bytes in hexadecimal, as `00ff`",
        other if other.is_nested() => return format!("values of `{}` cannot be compared here", types::name(other)),
        other => return format!("a value of `{}` is wanted", types::name(other)),
    };
    format!("{example} is wanted")
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is a plain number with no more digits behind the point than the column has.
fn decimal(text: &str, scale: i8) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fits = fraction.trim_end_matches('0').len() <= usize::try_from(scale).unwrap_or(0);
    is_whole(whole) && fraction.bytes().all(|byte| byte.is_ascii_digit()) && !text.ends_with('.') && fits
}

fn double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // Rust reads more words than these.
        text if text.bytes().any(|byte| byte.is_ascii_digit()) => {
            text.parse().ok().filter(|value: &f64| value.is_finite())
        }
        _ => None,
    }
}

/// One of 32 bits, if the text is what it is written as, or what it is.
fn float(text: &str) -> Option<f32> {
    let double = double(text)?;
    let float = double as f32;
    let is_same =
        double.is_nan() || f64::from(float) == double || text.parse() == Ok(float) && text == float.to_string();
    is_same.then_some(float)
}

fn date(text: &str) -> Option<i32> {
    // Years beyond four digits have a sign. Others have no other form.
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| date.to_string() == text)?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

fn instant(text: &str, unit: TimeUnit, zone: Option<std::sync::Arc<str>>) -> Option<ScalarValue> {
    let time = match &zone {
        Some(_) => match DateTime::parse_from_rfc3339(text) {
            Ok(time) => time.naive_utc(),
            // RFC 3339 has years of four digits.
            Err(_) => naive(text.strip_suffix('Z')?)?,
        },
        // Without a zone it is UTC's, which may be said.
        None => naive(text.strip_suffix('Z').unwrap_or(text))?,
    };
    let micros = time.and_utc().timestamp_micros();
    // What is finer than the column keeps would be cut off.
    if time.and_utc().timestamp_subsec_nanos() % 1000 != 0 {
        return None;
    }
    match unit {
        TimeUnit::Microsecond => Some(ScalarValue::TimestampMicrosecond(Some(micros), zone)),
        TimeUnit::Millisecond if micros % 1000 == 0 => {
            Some(ScalarValue::TimestampMillisecond(Some(micros / 1000), zone))
        }
        _ => None,
    }
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()
}

fn binary(text: &str, data_type: &DataType) -> Option<ScalarValue> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = text.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>().filter(|_| is_hex)?;
    Some(match data_type {
        DataType::Binary => ScalarValue::Binary(Some(bytes)),
        DataType::LargeBinary => ScalarValue::LargeBinary(Some(bytes)),
        _ => ScalarValue::BinaryView(Some(bytes)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc() -> Option<std::sync::Arc<str>> {
        Some("UTC".into())
    }

    proptest! {
        /// A cursor that came back as another value would lose rows or give them twice.
        #[test]
        fn what_is_spelled_is_read_back(
            whole in any::<i64>(),
            double in any::<f64>(),
            float in any::<f32>(),
            text in ".{0,8}",
            digits in -999_999_999_999_999_999_i128..=999_999_999_999_999_999,
            days in -1_000_000..4_000_000,
            micros in -80_000_000_000_000_000_i64..400_000_000_000_000_000,
            bytes in prop::collection::vec(any::<u8>(), 0..5),
        ) {
            let values = [
                ScalarValue::Int64(Some(whole)),
                ScalarValue::Int32(Some(whole as i32)),
                ScalarValue::Float64(Some(double)),
                ScalarValue::Float32(Some(float)),
                ScalarValue::Utf8(Some(text)),
                ScalarValue::Boolean(Some(whole % 2 == 0)),
                ScalarValue::Decimal128(Some(digits), 18, 4),
                ScalarValue::Date32(Some(days)),
                ScalarValue::TimestampMicrosecond(Some(micros), utc()),
                ScalarValue::TimestampMicrosecond(Some(micros), None),
                ScalarValue::TimestampMillisecond(Some(micros / 1000), utc()),
                ScalarValue::Binary(Some(bytes)),
            ];
            for value in values {
                let text = spelled(&value).unwrap();
                let is_nan = matches!(value, ScalarValue::Float64(Some(x)) if x.is_nan())
                    || matches!(value, ScalarValue::Float32(Some(x)) if x.is_nan());
                let read = parse(&text, &value.data_type());
                prop_assert!(is_nan && read.is_ok() || read.as_ref() == Ok(&value), "{value:?}: {text}: {read:?}");
            }
        }
    }

    #[test]
    fn what_would_be_rounded_or_guessed_is_refused() {
        let refused = [
            ("1.5", DataType::Int32),
            ("99999999999", DataType::Int32),
            (" 1", DataType::Int64),
            ("+1", DataType::Int64),
            ("1.234", DataType::Decimal128(10, 2)),
            ("1e3", DataType::Decimal128(10, 2)),
            ("99999999999", DataType::Decimal128(10, 2)),
            ("yes", DataType::Boolean),
            ("nan", DataType::Float64),
            ("1e39", DataType::Float32),
            ("0.10000000000001", DataType::Float32),
            ("1e999", DataType::Float64),
            ("2024-02-30", DataType::Date32),
            ("2024-2-3", DataType::Date32),
            ("2024-02-03", DataType::Timestamp(TimeUnit::Microsecond, utc())),
            ("2024-02-03T00:00:00.0000001Z", DataType::Timestamp(TimeUnit::Microsecond, utc())),
            ("0g", DataType::Binary),
            ("[1]", types::list_of(DataType::Int32)),
        ];
        for (text, data_type) in refused {
            assert!(parse(text, &data_type).is_err(), "{text} as {data_type}");
        }
        assert_eq!(parse("1.20", &DataType::Decimal128(10, 1)), Ok(ScalarValue::Decimal128(Some(12), 10, 1)));
    }
}
