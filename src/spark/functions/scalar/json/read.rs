//! `from_json`: JSON as structs, lists and maps of a schema.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#from_json>. What is not of its field's type is null, and so is what is no
//! JSON; with the mode `FAILFAST` it is an error.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, ListArray, MapArray, StringArray, StructArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};

use super::super::cast;
use super::super::codes::of_base64;
use super::super::date_pattern::Pattern;
use super::super::row::{RowCall, Takes, fault, takes, written_text};
use super::value::{self, JsonValue, Leniency};
use crate::spark::mode::Strictness;
use crate::spark::sql_types::{self, TIMESTAMP};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::zones::TimeZone;
use crate::spark::text::{MICROS, days, floats, times};

/// Where a row is kept that is not as the schema says.
const CORRUPT: &str = "_corrupt_record";

pub fn types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let [_, _, options @ ..] = types else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a text, a schema and perhaps options");
    };
    let taken = takes(name, &types[..2], 2, &[Takes::Text; 2])?;
    Ok((taken.into_iter().chain(options.iter().take(1).cloned()).collect(), DataType::Null))
}

pub fn schema(name: &'static str, _: &[DataType], constants: &[Option<&ScalarValue>]) -> Result<DataType> {
    match written_text(constants, 1) {
        Some(text) => schema_of(text),
        None => {
            plan_err!("[INVALID_SCHEMA.NON_STRING_LITERAL] the schema of `{name}` is written in the query as a text")
        }
    }
}

/// A type, or fields as a table has them: `a INT, b STRING`.
fn schema_of(text: &str) -> Result<DataType> {
    let parsed = sql_types::parse(text).or_else(|_| sql_types::parse(&format!("struct<{text}>")));
    match parsed {
        Ok(parsed @ (DataType::Struct(_) | DataType::List(_) | DataType::Map(..))) => Ok(parsed),
        Ok(other) => {
            plan_err!("[INVALID_SCHEMA.NON_STRUCT_TYPE] \"{}\" is no struct, list or map", sql_types::name(&other))
        }
        Err(why) => plan_err!("[PARSE_SYNTAX_ERROR] `{text}` is no schema: {why}"),
    }
}

/// How dates and times are read, and what becomes of a row that is not as the schema says.
struct Reading {
    dates: Option<Pattern>,
    times: Option<Pattern>,
    fails_fast: bool,
}

impl Reading {
    fn of(options: &HashMap<String, String>) -> Result<Reading> {
        let pattern = |text: &str| {
            let read = Pattern::for_reading(text);
            read.map_err(|why| fault(format!("[INVALID_DATETIME_PATTERN] `{text}` is no pattern: {why}")))
        };
        let mut reading = Reading { dates: None, times: None, fails_fast: false };
        for (name, value) in options {
            match (name.as_str(), value.to_ascii_uppercase().as_str()) {
                ("mode", "PERMISSIVE") => {}
                ("mode", "FAILFAST") => reading.fails_fast = true,
                ("mode", _) => {
                    return exec_err!("[PARSE_MODE_UNSUPPORTED] `from_json` has the modes PERMISSIVE and FAILFAST");
                }
                ("dateformat", _) => reading.dates = Some(pattern(value)?),
                ("timestampformat", _) => reading.times = Some(pattern(value)?),
                _ => return exec_err!("the option `{name}` of `from_json` is not there yet"),
            }
        }
        Ok(reading)
    }
}

pub fn from_json(call: &RowCall, options: &HashMap<String, String>) -> Result<ArrayRef> {
    let reading = Reading::of(options)?;
    let read: Vec<Option<Option<JsonValue>>> = (0..call.rows)
        .map(|row| {
            let text = call.text(0, row).filter(|text| !text.trim().is_empty())?;
            let parsed = value::parse(text, Leniency::Records);
            Some(match (call.gives, parsed) {
                // One row where several may be.
                (DataType::List(item), Some(object @ JsonValue::Object(_)))
                    if matches!(item.data_type(), DataType::Struct(_)) =>
                {
                    Some(JsonValue::List(vec![object]))
                }
                (_, parsed) => parsed,
            })
        })
        .collect();
    let values: Vec<Option<&JsonValue>> = read.iter().map(|row| row.as_ref()?.as_ref()).collect();
    let (answer, faults) = column(&values, call.gives, &reading)?;
    let is_bad = |row: usize| match &read[row] {
        None => false,
        Some(None) => true,
        Some(Some(JsonValue::Null)) => matches!(call.gives, DataType::Struct(_)) && reading.fails_fast,
        Some(Some(_)) => faults[row] != Misfit::None,
    };
    if reading.fails_fast
        && let Some(row) = (0..call.rows).find(|row| is_bad(*row))
    {
        let text = call.text(0, row).unwrap_or_default();
        return Err(fault(format!(
            "[MALFORMED_RECORD_IN_PARSING] `{text}` is not as the schema of `{}` says",
            call.name
        )));
    }
    let DataType::Struct(fields) = call.gives else { return Ok(answer) };
    // There is a row wherever there is a text.
    let rows = arrow::array::AsArray::as_struct(answer.as_ref());
    let columns = fields.iter().zip(rows.columns()).map(|(field, column)| -> ArrayRef {
        match field.name().as_str() {
            CORRUPT if *field.data_type() == DataType::Utf8 => {
                Arc::new((0..call.rows).map(|row| call.text(0, row).filter(|_| is_bad(row))).collect::<StringArray>())
            }
            _ => column.clone(),
        }
    });
    let nulls = NullBuffer::from_iter(read.iter().map(Option::is_some));
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns.collect(), Some(nulls), call.rows)?))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Misfit {
    None,
    /// Something within it is null that should not be.
    Within,
    Whole,
}

/// Values as an array of a type, null where they are missing, null or of another type, and which of them are.
fn column(values: &[Option<&JsonValue>], wanted: &DataType, reading: &Reading) -> Result<(ArrayRef, Vec<Misfit>)> {
    // JSON's null is that of any type.
    let present = |at: usize| values[at].filter(|value| **value != JsonValue::Null);
    let mut faults = vec![Misfit::None; values.len()];
    macro_rules! leaves {
        ($array:ty, $read:expr) => {{
            let read = (0..values.len()).map(|at| {
                let value = present(at)?;
                let read = $read(value);
                if read.is_none() {
                    faults[at] = Misfit::Whole;
                }
                read
            });
            read.collect::<$array>()
        }};
    }
    let whole = |value: &JsonValue| match value {
        JsonValue::Number(number) => number.parse::<i64>().ok(),
        _ => None,
    };
    let array: ArrayRef = match wanted {
        DataType::Boolean => Arc::new(leaves!(BooleanArray, |value: &JsonValue| match value {
            JsonValue::Flag(flag) => Some(*flag),
            _ => None,
        })),
        DataType::Int8 => {
            Arc::new(leaves!(Int8Array, |value| whole(value).and_then(|number| i8::try_from(number).ok())))
        }
        DataType::Int16 => {
            Arc::new(leaves!(Int16Array, |value| whole(value).and_then(|number| i16::try_from(number).ok())))
        }
        DataType::Int32 => {
            Arc::new(leaves!(Int32Array, |value| whole(value).and_then(|number| i32::try_from(number).ok())))
        }
        DataType::Int64 => Arc::new(leaves!(Int64Array, whole)),
        DataType::Float32 => Arc::new(leaves!(Float32Array, |value| double(value).map(|double| double as f32))),
        DataType::Float64 => Arc::new(leaves!(Float64Array, double)),
        DataType::Utf8 => Arc::new(leaves!(StringArray, |value: &JsonValue| Some(match value {
            JsonValue::Text(text) => text.clone(),
            value => {
                let mut text = String::new();
                value.write(&mut text);
                text
            }
        }))),
        DataType::Binary => {
            let read = leaves!(Vec<Option<Vec<u8>>>, |value: &JsonValue| match value {
                JsonValue::Text(text) => of_base64(text, false),
                _ => None,
            });
            Arc::new(read.iter().map(Option::as_deref).collect::<BinaryArray>())
        }
        DataType::Decimal128(precision, scale) => {
            let texts = leaves!(StringArray, |value: &JsonValue| match value {
                JsonValue::Number(text) | JsonValue::Text(text) => Some(text.clone()),
                _ => None,
            });
            let texts: ArrayRef = Arc::new(texts);
            let decimals = cast::array(&texts, &DataType::Decimal128(*precision, *scale), Strictness::Try)?;
            mark(&mut faults, |at| texts.is_valid(at) && decimals.is_null(at));
            Arc::new(arrow::array::AsArray::as_primitive::<arrow::datatypes::Decimal128Type>(decimals.as_ref()).clone()
                as Decimal128Array)
        }
        DataType::Date32 => Arc::new(leaves!(Date32Array, |value: &JsonValue| match (value, &reading.dates) {
            (JsonValue::Text(text), None) => days::read(text.as_bytes()),
            (JsonValue::Text(text), Some(pattern)) => {
                i32::try_from(pattern.read(text)?.local_micros.div_euclid(MICROS_PER_DAY)).ok()
            }
            _ => None,
        })),
        DataType::Timestamp(..) => {
            let is_instant = *wanted == TIMESTAMP;
            let micros = |value: &JsonValue| {
                let (local, zone) = match (value, &reading.times) {
                    (JsonValue::Text(text), None) => {
                        let read = times::read(text.as_bytes())?;
                        (read.local_micros?, read.zone)
                    }
                    (JsonValue::Text(text), Some(pattern)) => {
                        let read = pattern.read(text)?;
                        (read.local_micros, read.zone)
                    }
                    (value, _) => (whole(value)?.checked_mul(MICROS)?, None),
                };
                match zone {
                    Some(zone) if is_instant => zone.instant(local),
                    _ => TimeZone::Fixed(0).instant(local),
                }
            };
            Arc::new(leaves!(TimestampMicrosecondArray, micros).with_data_type(wanted.clone()))
        }
        DataType::Struct(fields) => {
            let object = |at: usize| match present(at)? {
                JsonValue::Object(object) => Some(object),
                _ => None,
            };
            let mut columns = vec![];
            for field in fields {
                // The last of a name counts.
                let of_field =
                    |at: usize| object(at)?.iter().rev().find(|(name, _)| name == field.name()).map(|(_, value)| value);
                let below: Vec<_> = (0..values.len()).map(of_field).collect();
                let (column, below) = column(&below, field.data_type(), reading)?;
                for (fault, below) in faults.iter_mut().zip(below) {
                    if below != Misfit::None {
                        *fault = Misfit::Within;
                    }
                }
                columns.push(column);
            }
            let nulls = NullBuffer::from_iter((0..values.len()).map(|at| object(at).is_some()));
            mark(&mut faults, |at| present(at).is_some() && object(at).is_none());
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, Some(nulls), values.len())?)
        }
        DataType::List(item) => {
            let list = |at: usize| match present(at)? {
                JsonValue::List(list) => Some(list),
                _ => None,
            };
            mark(&mut faults, |at| present(at).is_some() && list(at).is_none());
            let below: Vec<_> = (0..values.len()).filter_map(list).flatten().map(Some).collect();
            let lengths: Vec<usize> = (0..values.len()).map(|at| list(at).map_or(0, Vec::len)).collect();
            let (items, below) = column(&below, item.data_type(), reading)?;
            inherit(&mut faults, &lengths, &below);
            let nulls =
                NullBuffer::from_iter((0..values.len()).map(|at| list(at).is_some() && faults[at] != Misfit::Whole));
            Arc::new(ListArray::try_new(item.clone(), OffsetBuffer::from_lengths(lengths), items, Some(nulls))?)
        }
        DataType::Map(entries, sorted) => {
            let DataType::Struct(pair) = entries.data_type() else { return exec_err!("a map has keys and values") };
            if *pair[0].data_type() != DataType::Utf8 {
                return exec_err!("[INVALID_JSON_MAP_KEY_TYPE] the keys of JSON are texts");
            }
            let object = |at: usize| match present(at)? {
                JsonValue::Object(object) => Some(object),
                _ => None,
            };
            mark(&mut faults, |at| present(at).is_some() && object(at).is_none());
            let all = || (0..values.len()).filter_map(object).flatten();
            let keys: ArrayRef = Arc::new(all().map(|(name, _)| Some(name.as_str())).collect::<StringArray>());
            let below: Vec<_> = all().map(|(_, value)| Some(value)).collect();
            let lengths: Vec<usize> = (0..values.len()).map(|at| object(at).map_or(0, Vec::len)).collect();
            let (items, below) = column(&below, pair[1].data_type(), reading)?;
            inherit(&mut faults, &lengths, &below);
            let nulls =
                NullBuffer::from_iter((0..values.len()).map(|at| object(at).is_some() && faults[at] != Misfit::Whole));
            let pairs = StructArray::try_new(pair.clone(), vec![keys, items], None)?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(MapArray::try_new(entries.clone(), offsets, pairs, Some(nulls), *sorted)?)
        }
        DataType::Null => new_null_array(&DataType::Null, values.len()),
        other => return exec_err!("\"{}\" is not read from JSON", Field::new("", other.clone(), true).data_type()),
    };
    Ok((array, faults))
}

fn mark(faults: &mut [Misfit], is_whole: impl Fn(usize) -> bool) {
    for (at, fault) in faults.iter_mut().enumerate() {
        if is_whole(at) {
            *fault = Misfit::Whole;
        }
    }
}

/// A list of what is no such value is none.
fn inherit(faults: &mut [Misfit], lengths: &[usize], below: &[Misfit]) {
    let mut rest = below;
    for (fault, length) in faults.iter_mut().zip(lengths) {
        let (own, after) = rest.split_at(*length);
        rest = after;
        if own.contains(&Misfit::Whole) {
            *fault = Misfit::Whole;
        } else if own.contains(&Misfit::Within) && *fault == Misfit::None {
            *fault = Misfit::Within;
        }
    }
}

fn double(value: &JsonValue) -> Option<f64> {
    let (JsonValue::Number(text) | JsonValue::Text(text)) = value else { return None };
    match (text.as_str(), value) {
        ("NaN", _) => Some(f64::NAN),
        ("Infinity" | "+Infinity" | "INF" | "+INF", _) => Some(f64::INFINITY),
        ("-Infinity" | "-INF", _) => Some(f64::NEG_INFINITY),
        (text, JsonValue::Number(_)) => floats::read(text),
        _ => None,
    }
}
