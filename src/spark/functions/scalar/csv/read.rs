//! `from_csv`: a record as a struct of a schema.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#from_csv>. What is not of its field's type is null; with the mode
//! `FAILFAST` it is an error.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, StringArray, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};

use super::super::cast;
use super::super::date_pattern::Pattern;
use super::super::row::{RowCall, Takes, fault, takes, written_text};
use super::record::{CsvForm, fields, is_blank};
use crate::spark::mode::Strictness;
use crate::spark::sql_types::{self, TIMESTAMP};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::zones::TimeZone;
use crate::spark::text::{days, floats, times};

/// Where a row is kept that is not as the schema says.
const CORRUPT: &str = "_corrupt_record";

pub fn types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let [_, _, options @ ..] = types else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a text, a schema and perhaps options");
    };
    let taken = takes(name, &types[..2], 2, &[Takes::Text; 2])?;
    Ok((taken.into_iter().chain(options.iter().take(1).cloned()).collect(), DataType::Null))
}

/// Fields as a table has them: `a INT, b STRING`.
pub fn schema(name: &'static str, _: &[DataType], constants: &[Option<&ScalarValue>]) -> Result<DataType> {
    let Some(text) = written_text(constants, 1) else {
        return plan_err!(
            "[INVALID_SCHEMA.NON_STRING_LITERAL] the schema of `{name}` is written in the query as a text"
        );
    };
    if text.trim().is_empty() {
        return plan_err!("[PARSE_EMPTY_STATEMENT] the schema of `{name}` has no fields");
    }
    let parsed = sql_types::parse(text).or_else(|_| sql_types::parse(&format!("struct<{text}>")));
    match parsed {
        Ok(DataType::Struct(fields)) => match fields.iter().find(|field| field.data_type().is_nested()) {
            None => Ok(DataType::Struct(fields)),
            Some(nested) => plan_err!(
                "[UNSUPPORTED_DATATYPE] a field of CSV is no list, map or struct: `{}` is \"{}\"",
                nested.name(),
                sql_types::name(nested.data_type()).to_uppercase()
            ),
        },
        Ok(other) => plan_err!("[INVALID_SCHEMA.NON_STRUCT_TYPE] \"{}\" is no struct", sql_types::name(&other)),
        Err(why) => plan_err!("[PARSE_SYNTAX_ERROR] `{text}` is no schema: {why}"),
    }
}

/// How values are read, and what becomes of a record that is not as the schema says.
struct CsvReading {
    form: CsvForm,
    dates: Option<Pattern>,
    times: Option<Pattern>,
    fails_fast: bool,
    not_a_number: String,
    /// Of the numbers that are larger than all, and of those that are less.
    infinite: (String, String),
}

impl CsvReading {
    fn of(name: &str, options: &HashMap<String, String>) -> Result<CsvReading> {
        let pattern = |text: &str| {
            let read = Pattern::for_reading(text);
            read.map_err(|why| fault(format!("[INVALID_DATETIME_PATTERN] `{text}` is no pattern: {why}")))
        };
        let form = CsvForm::of(name, options)?;
        let infinite = ("Inf".to_string(), "-Inf".to_string());
        let not_a_number = "NaN".to_string();
        let mut reading = CsvReading { form, dates: None, times: None, fails_fast: false, not_a_number, infinite };
        for (option, value) in reading.form.others.clone() {
            match (option.as_str(), value.to_ascii_uppercase().as_str()) {
                ("mode", "PERMISSIVE") => {}
                ("mode", "FAILFAST") => reading.fails_fast = true,
                ("mode", _) => {
                    return exec_err!("[PARSE_MODE_UNSUPPORTED] `{name}` has the modes PERMISSIVE and FAILFAST");
                }
                ("dateformat", _) => reading.dates = Some(pattern(&value)?),
                ("timestampformat", _) => reading.times = Some(pattern(&value)?),
                ("nanvalue", _) => reading.not_a_number = value,
                ("positiveinf", _) => reading.infinite.0 = value,
                ("negativeinf", _) => reading.infinite.1 = value,
                _ => CsvForm::not_there(name, &option)?,
            }
        }
        Ok(reading)
    }

    /// As Java reads one, with blanks around it.
    fn double<T: floats::Float>(&self, text: &str, of: impl Fn(f64) -> T) -> Option<T> {
        match text {
            text if text == self.not_a_number => Some(of(f64::NAN)),
            text if text == self.infinite.0 => Some(of(f64::INFINITY)),
            text if text == self.infinite.1 => Some(of(f64::NEG_INFINITY)),
            text => java_double(text),
        }
    }

    fn day(&self, text: &str) -> Option<i32> {
        match &self.dates {
            None => days::read(text.as_bytes()),
            Some(pattern) => i32::try_from(pattern.read(text)?.local_micros.div_euclid(MICROS_PER_DAY)).ok(),
        }
    }

    fn micros(&self, text: &str, is_instant: bool) -> Option<i64> {
        let (local, zone) = match &self.times {
            None => {
                let read = times::read(text.as_bytes())?;
                (read.local_micros?, read.zone)
            }
            Some(pattern) => {
                let read = pattern.read(text)?;
                (read.local_micros, read.zone)
            }
        };
        zone.filter(|_| is_instant).unwrap_or(TimeZone::Fixed(0)).instant(local)
    }
}

/// The words that Java knows for what is no number, and digits; not those that only a cast knows.
pub fn java_double<T: floats::Float>(text: &str) -> Option<T> {
    let text = text.trim_matches(is_blank);
    let digits = text.trim_start_matches(['+', '-']);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if is_number || matches!(digits, "NaN" | "Infinity") { floats::read(text) } else { None }
}

pub fn from_csv(call: &RowCall, options: &HashMap<String, String>) -> Result<ArrayRef> {
    if call.args[0].null_count() == call.rows {
        // Nobody asks how it is read.
        return Ok(new_null_array(call.gives, call.rows));
    }
    let reading = CsvReading::of(call.name, options)?;
    let DataType::Struct(wanted) = call.gives else { return exec_err!("a struct") };
    let records: Vec<Option<Vec<Option<String>>>> =
        (0..call.rows).map(|row| fields(call.text(0, row)?, &reading.form)).collect();
    let width = wanted.iter().filter(|field| field.name() != CORRUPT).count();
    let mut is_bad: Vec<bool> =
        records.iter().map(|record| record.as_ref().is_none_or(|record| record.len() != width)).collect();
    let (mut columns, mut place): (Vec<Option<ArrayRef>>, usize) = (vec![], 0);
    for field in wanted {
        if field.name() == CORRUPT && *field.data_type() == DataType::Utf8 {
            columns.push(None);
            continue;
        }
        let values: Vec<Option<&str>> = records.iter().map(|record| record.as_ref()?.get(place)?.as_deref()).collect();
        columns.push(Some(column(&values, field.data_type(), &reading, &mut is_bad)?));
        place += 1;
    }
    if reading.fails_fast
        && let Some(row) = (0..call.rows).find(|row| is_bad[*row] && !call.is_null(0, *row))
    {
        let text = call.text(0, row).unwrap_or_default();
        return Err(fault(format!(
            "[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] `{text}` is not as the schema of `{}` says",
            call.name
        )));
    }
    // A text without characters is no record, and is kept nowhere.
    let corrupt = || -> ArrayRef {
        let kept = |row: usize| {
            let text = call.text(0, row).filter(|text| is_bad[row] && !text.is_empty())?;
            Some(text.trim_end_matches(['\r', '\n']))
        };
        Arc::new((0..call.rows).map(kept).collect::<StringArray>())
    };
    let columns = columns.into_iter().map(|column| column.unwrap_or_else(corrupt)).collect();
    let nulls = NullBuffer::from_iter((0..call.rows).map(|row| !call.is_null(0, row)));
    Ok(Arc::new(StructArray::try_new_with_length(wanted.clone(), columns, Some(nulls), call.rows)?))
}

/// Texts as values of a type, null where they are none; `is_bad` learns of these.
fn column(values: &[Option<&str>], wanted: &DataType, reading: &CsvReading, is_bad: &mut [bool]) -> Result<ArrayRef> {
    macro_rules! read {
        ($array:ty, $read:expr) => {{
            let read = values.iter().zip(is_bad.iter_mut()).map(|(value, is_bad)| {
                let value = (*value)?;
                let read = $read(value);
                *is_bad |= read.is_none();
                read
            });
            read.collect::<$array>()
        }};
    }
    Ok(match wanted {
        DataType::Boolean => Arc::new(read!(BooleanArray, |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })),
        DataType::Int8 => Arc::new(read!(Int8Array, |text: &str| text.parse().ok())),
        DataType::Int16 => Arc::new(read!(Int16Array, |text: &str| text.parse().ok())),
        DataType::Int32 => Arc::new(read!(Int32Array, |text: &str| text.parse().ok())),
        DataType::Int64 => Arc::new(read!(Int64Array, |text: &str| text.parse().ok())),
        DataType::Float32 => Arc::new(read!(Float32Array, |text: &str| reading.double(text, |value| value as f32))),
        DataType::Float64 => Arc::new(read!(Float64Array, |text: &str| reading.double(text, |value| value))),
        DataType::Utf8 => Arc::new(read!(StringArray, |text: &str| Some(text.to_string()))),
        DataType::Binary => {
            let bytes = values.iter().map(|value| value.map(str::as_bytes));
            Arc::new(bytes.collect::<BinaryArray>())
        }
        DataType::Date32 => Arc::new(read!(Date32Array, |text: &str| reading.day(text))),
        DataType::Timestamp(..) => {
            let is_instant = *wanted == TIMESTAMP;
            let micros = read!(TimestampMicrosecondArray, |text: &str| reading.micros(text, is_instant));
            Arc::new(micros.with_data_type(wanted.clone()))
        }
        DataType::Decimal128(..) => {
            // Commas part thousands, and blanks are no digits.
            let digits = |text: &str| Some(text.replace(',', "")).filter(|text| !text.contains(is_blank));
            let texts: ArrayRef = Arc::new(read!(StringArray, digits));
            let decimals = cast::array(&texts, wanted, Strictness::Try)?;
            for (row, is_bad) in is_bad.iter_mut().enumerate() {
                *is_bad |= values[row].is_some() && decimals.is_null(row);
            }
            decimals
        }
        DataType::Null => new_null_array(&DataType::Null, values.len()),
        other => return exec_err!("\"{}\" is not read from CSV", sql_types::name(other)),
    })
}
