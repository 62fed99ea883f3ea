//! To texts: `1.0E7`, `2024-01-02 03:04:05.12`, `[1, null]`, `{a -> 1}`, `{1, x}`.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::common::{Result, exec_err};

use super::CastJob;
use crate::spark::mode::Strictness;
use crate::spark::text::{days, floats, numbers, times};

pub(super) fn cast(job: &CastJob, values: &ArrayRef) -> Result<ArrayRef> {
    let spell = speller(job, values.as_ref())?;
    let mut texts = StringBuilder::with_capacity(values.len(), values.len() * 16);
    let mut text = String::new();
    for row in 0..values.len() {
        if values.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        spell(&mut text, row);
        texts.append_value(&text);
    }
    Ok(Arc::new(texts.finish()))
}

/// Writes the value of a row that is not null.
type Speller<'a> = Box<dyn Fn(&mut String, usize) + 'a>;

fn speller<'a>(job: &'a CastJob, values: &'a dyn Array) -> Result<Speller<'a>> {
    macro_rules! number {
        ($kind:ty) => {{
            let values = values.as_primitive::<$kind>();
            Box::new(move |text: &mut String, row: usize| {
                let _ = write!(text, "{}", values.value(row));
            })
        }};
    }
    macro_rules! float {
        ($kind:ty) => {{
            let values = values.as_primitive::<$kind>();
            Box::new(move |text: &mut String, row: usize| floats::write(text, values.value(row)))
        }};
    }
    Ok(match values.data_type() {
        DataType::Null => Box::new(|text: &mut String, _: usize| text.push_str("null")),
        DataType::Boolean => {
            let values = values.as_boolean();
            Box::new(|text: &mut String, row: usize| text.push_str(if values.value(row) { "true" } else { "false" }))
        }
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::Float32 => float!(Float32Type),
        DataType::Float64 => float!(Float64Type),
        DataType::Decimal128(_, scale) => {
            let (values, scale) = (values.as_primitive::<Decimal128Type>(), *scale);
            // Only the ANSI mode writes all digits.
            let write = if job.strictness == Strictness::Legacy { numbers::write_java } else { numbers::write_plain };
            Box::new(move |text: &mut String, row: usize| write(text, values.value(row), scale))
        }
        DataType::Utf8 => {
            let values = values.as_string::<i32>();
            Box::new(|text: &mut String, row: usize| text.push_str(values.value(row)))
        }
        DataType::Binary => {
            let values = values.as_binary::<i32>();
            Box::new(|text: &mut String, row: usize| text.push_str(&String::from_utf8_lossy(values.value(row))))
        }
        DataType::Date32 => {
            let values = values.as_primitive::<Date32Type>();
            Box::new(|text: &mut String, row: usize| days::write(text, i64::from(values.value(row))))
        }
        DataType::Timestamp(..) => {
            let values = values.as_primitive::<TimestampMicrosecondType>();
            Box::new(|text: &mut String, row: usize| times::write(text, values.value(row)))
        }
        DataType::List(_) => {
            let lists = values.as_list::<i32>();
            let spell = or_null(job, lists.values().as_ref())?;
            Box::new(move |text: &mut String, row: usize| {
                let places = lists.value_offsets();
                between(text, "[", "]", places[row] as usize..places[row + 1] as usize, &spell);
            })
        }
        DataType::Struct(_) => {
            let columns = values.as_struct().columns().iter();
            let spellers = columns.map(|column| or_null(job, column.as_ref())).collect::<Result<Vec<_>>>()?;
            Box::new(move |text: &mut String, row: usize| {
                between(text, "{", "}", 0..spellers.len(), &|text, field| spellers[field](text, row));
            })
        }
        DataType::Map(..) => {
            let maps = values.as_map();
            let (key, value) = (or_null(job, maps.keys().as_ref())?, or_null(job, maps.values().as_ref())?);
            Box::new(move |text: &mut String, row: usize| {
                let places = maps.value_offsets();
                between(text, "{", "}", places[row] as usize..places[row + 1] as usize, &|text, entry| {
                    key(text, entry);
                    text.push_str(" -> ");
                    value(text, entry);
                });
            })
        }
        other => return exec_err!("{other} is not cast to a text"),
    })
}

fn or_null<'a>(job: &'a CastJob, values: &'a dyn Array) -> Result<Speller<'a>> {
    let spell = speller(job, values)?;
    Ok(Box::new(move |text, row| if values.is_null(row) { text.push_str("null") } else { spell(text, row) }))
}

fn between(
    text: &mut String,
    open: &str,
    close: &str,
    rows: std::ops::Range<usize>,
    spell: &dyn Fn(&mut String, usize),
) {
    text.push_str(open);
    for row in rows.clone() {
        if row > rows.start {
            text.push_str(", ");
        }
        spell(text, row);
    }
    text.push_str(close);
}
