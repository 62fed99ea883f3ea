//! `to_json`: structs, maps and lists as JSON.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#to_json>. Fields of structs that are null are left out.

use std::collections::HashMap;
use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::common::{Result, exec_err, plan_err};

use super::super::cast;
use super::super::codes::to_base64;
use super::super::date_pattern::Pattern;
use super::super::row::{RowCall, fault};
use super::value::write_text;
use crate::spark::mode::Strictness;
use crate::spark::sql_types::{self, TIMESTAMP, canonical};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::{days, floats, numbers};

/// How dates and times are written.
pub struct JsonForm {
    dates: Option<Pattern>,
    times: Pattern,
    local_times: Pattern,
    keeps_nulls: bool,
}

impl JsonForm {
    pub fn of(options: &HashMap<String, String>) -> Result<JsonForm> {
        let pattern = |text: &str| {
            Pattern::parse(text)
                .map_err(|why| fault(format!("[INVALID_DATETIME_PATTERN] `{text}` is no pattern: {why}")))
        };
        let mut form = JsonForm {
            dates: None,
            times: pattern("yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]")?,
            local_times: pattern("yyyy-MM-dd'T'HH:mm:ss[.SSS]")?,
            keeps_nulls: false,
        };
        for (name, value) in options {
            match name.as_str() {
                "dateformat" => form.dates = Some(pattern(value)?),
                "timestampformat" => form.times = pattern(value)?,
                "timestampntzformat" => form.local_times = pattern(value)?,
                "ignorenullfields" => form.keeps_nulls = value.eq_ignore_ascii_case("false"),
                _ => return exec_err!("the option `{name}` of `to_json` is not there yet"),
            }
        }
        Ok(form)
    }
}

pub fn types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let Some((value, options)) = types.split_first().filter(|(_, options)| options.len() < 2) else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a value and perhaps options");
    };
    match canonical(value) {
        Some(wanted @ (DataType::Struct(_) | DataType::List(_) | DataType::Map(..))) => {
            Ok((std::iter::once(wanted).chain(options.iter().cloned()).collect(), DataType::Utf8))
        }
        _ => plan_err!(
            "[DATATYPE_MISMATCH.INVALID_JSON_SCHEMA] `{name}` takes a struct, a map or a list, not \"{}\"",
            sql_types::name(value).to_uppercase()
        ),
    }
}

pub fn to_json(call: &RowCall, options: &HashMap<String, String>) -> Result<ArrayRef> {
    let form = JsonForm::of(options)?;
    let write = writer(&form, &call.args[0])?;
    call.texts(|row| {
        if call.is_null(0, row) {
            return Ok(None);
        }
        let mut text = String::new();
        write(&mut text, row);
        Ok(Some(text))
    })
}

type Writer<'a> = Box<dyn Fn(&mut String, usize) + 'a>;

/// Writes a row's value, null as `null`.
fn writer<'a>(form: &'a JsonForm, values: &'a ArrayRef) -> Result<Writer<'a>> {
    macro_rules! number {
        ($kind:ty) => {{
            let values = values.as_primitive::<$kind>();
            Box::new(move |text: &mut String, row: usize| {
                let _ = write!(text, "{}", values.value(row));
            })
        }};
    }
    let write: Writer<'a> = match values.data_type() {
        DataType::Null => Box::new(|text, _| text.push_str("null")),
        DataType::Boolean => {
            let values = values.as_boolean();
            Box::new(|text, row| text.push_str(if values.value(row) { "true" } else { "false" }))
        }
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::Float32 => {
            let values = values.as_primitive::<Float32Type>();
            Box::new(|text, row| write_float(text, values.value(row)))
        }
        DataType::Float64 => {
            let values = values.as_primitive::<Float64Type>();
            Box::new(|text, row| write_float(text, values.value(row)))
        }
        DataType::Decimal128(_, scale) => {
            let (values, scale) = (values.as_primitive::<Decimal128Type>(), *scale);
            Box::new(move |text, row| numbers::write_java(text, values.value(row), scale))
        }
        DataType::Utf8 => {
            let values = values.as_string::<i32>();
            Box::new(|text, row| write_text(text, values.value(row)))
        }
        DataType::Binary => {
            let values = values.as_binary::<i32>();
            Box::new(|text, row| write_text(text, &to_base64(values.value(row))))
        }
        DataType::Date32 => {
            let values = values.as_primitive::<Date32Type>();
            Box::new(move |text, row| {
                let day = i64::from(values.value(row));
                let mut written = String::new();
                match &form.dates {
                    Some(pattern) => written = pattern.write(day.saturating_mul(MICROS_PER_DAY)),
                    None => days::write(&mut written, day),
                }
                write_text(text, &written);
            })
        }
        DataType::Timestamp(..) => {
            let pattern = if *values.data_type() == TIMESTAMP { &form.times } else { &form.local_times };
            let values = values.as_primitive::<TimestampMicrosecondType>();
            Box::new(move |text, row| write_text(text, &pattern.write(values.value(row))))
        }
        DataType::List(_) => {
            let lists = values.as_list::<i32>();
            let (write, places) = (writer(form, lists.values())?, lists.value_offsets());
            Box::new(move |text, row| {
                text.push('[');
                for at in places[row]..places[row + 1] {
                    text.push_str(if at > places[row] { "," } else { "" });
                    write(text, at as usize);
                }
                text.push(']');
            })
        }
        DataType::Struct(fields) => {
            let columns = values.as_struct().columns();
            let writers = columns.iter().map(|column| writer(form, column)).collect::<Result<Vec<_>>>()?;
            Box::new(move |text, row| {
                let start = text.len();
                for ((field, column), write) in fields.iter().zip(columns).zip(&writers) {
                    if !form.keeps_nulls && (column.is_null(row) || *column.data_type() == DataType::Null) {
                        continue;
                    }
                    text.push(if text.len() == start { '{' } else { ',' });
                    write_text(text, field.name());
                    text.push(':');
                    write(text, row);
                }
                text.push_str(if text.len() == start { "{}" } else { "}" });
            })
        }
        DataType::Map(..) => {
            let maps = values.as_map();
            let keys = cast::array(maps.keys(), &DataType::Utf8, Strictness::Ansi)?;
            let (write, places) = (writer(form, maps.values())?, maps.value_offsets());
            Box::new(move |text, row| {
                let keys = keys.as_string::<i32>();
                text.push('{');
                for at in places[row]..places[row + 1] {
                    text.push_str(if at > places[row] { "," } else { "" });
                    write_text(text, keys.value(at as usize));
                    text.push(':');
                    write(text, at as usize);
                }
                text.push('}');
            })
        }
        other => return exec_err!("{other} is not written as JSON"),
    };
    Ok(Box::new(move |text, row| if values.is_null(row) { text.push_str("null") } else { write(text, row) }))
}

/// What is no number is a text.
fn write_float<T: floats::Float>(text: &mut String, value: T) {
    if value.to_double().is_finite() {
        floats::write(text, value);
        return;
    }
    text.push('"');
    floats::write(text, value);
    text.push('"');
}
