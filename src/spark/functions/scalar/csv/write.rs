//! `to_csv`: a struct as a record.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#to_csv>. Blanks around texts are left out, unless it is said
//! otherwise; a text without characters is `""`.

use std::collections::HashMap;
use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::common::{Result, exec_err, plan_err};

use super::super::date_pattern::Pattern;
use super::super::row::{RowCall, fault};
use super::record::{CsvForm, is_blank};
use crate::spark::sql_types::{self, TIMESTAMP, canonical};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::{days, floats, numbers};

/// How values are written.
struct CsvWriting {
    form: CsvForm,
    dates: Option<Pattern>,
    times: Pattern,
    local_times: Pattern,
    quotes_all: bool,
    /// Whether a quote within a value asks for quotes around it.
    escapes_quotes: bool,
}

impl CsvWriting {
    fn of(name: &str, options: &HashMap<String, String>) -> Result<CsvWriting> {
        let pattern = |text: &str| {
            Pattern::parse(text)
                .map_err(|why| fault(format!("[INVALID_DATETIME_PATTERN] `{text}` is no pattern: {why}")))
        };
        let mut writing = CsvWriting {
            form: CsvForm::of(name, options)?,
            dates: None,
            times: pattern("yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]")?,
            local_times: pattern("yyyy-MM-dd'T'HH:mm:ss[.SSS]")?,
            quotes_all: false,
            escapes_quotes: true,
        };
        for (option, value) in writing.form.others.clone() {
            match option.as_str() {
                "dateformat" => writing.dates = Some(pattern(&value)?),
                "timestampformat" => writing.times = pattern(&value)?,
                "timestampntzformat" => writing.local_times = pattern(&value)?,
                "quoteall" => writing.quotes_all = value.eq_ignore_ascii_case("true"),
                "escapequotes" => writing.escapes_quotes = !value.eq_ignore_ascii_case("false"),
                _ => CsvForm::not_there(name, &option)?,
            }
        }
        Ok(writing)
    }

    /// A value between its separators.
    fn field(&self, value: Option<&str>, is_first: bool) -> String {
        let form = &self.form;
        let Some(value) = value else {
            return if self.quotes_all { format!("{0}{1}{0}", form.quote, form.null) } else { form.null.clone() };
        };
        let mut kept = value;
        if form.trims.0 != Some(false) {
            kept = kept.trim_start_matches(is_blank);
        }
        if form.trims.1 != Some(false) {
            kept = kept.trim_end_matches(is_blank);
        }
        if kept.is_empty() {
            return form.empty.clone().unwrap_or_else(|| format!("{0}{0}", '"'));
        }
        let is_quoted = self.quotes_all
            || value.contains(form.separator.as_str())
            || value.contains(['\n', '\r'])
            || value.starts_with(form.quote)
            || (self.escapes_quotes && value.contains(form.quote))
            // A record that begins so would be a comment.
            || (is_first && value.starts_with('#'));
        if !is_quoted {
            return kept.to_string();
        }
        let mut quoted = String::from(form.quote);
        for c in kept.chars() {
            if c == form.quote || c == form.escape {
                quoted.push(form.escape);
            }
            quoted.push(c);
        }
        quoted.push(form.quote);
        quoted
    }
}

pub fn types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let Some((value, options)) = types.split_first().filter(|(_, options)| options.len() < 2) else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a struct and perhaps options");
    };
    match canonical(value) {
        Some(wanted @ DataType::Struct(_)) => {
            Ok((std::iter::once(wanted).chain(options.iter().cloned()).collect(), DataType::Utf8))
        }
        _ => plan_err!(
            "[DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE] `{name}` takes a struct, not \"{}\"",
            sql_types::name(value).to_uppercase()
        ),
    }
}

pub fn to_csv(call: &RowCall, options: &HashMap<String, String>) -> Result<ArrayRef> {
    let writing = CsvWriting::of(call.name, options)?;
    let columns = call.args[0].as_struct().columns();
    let spellers = columns.iter().map(|column| speller(&writing, column)).collect::<Result<Vec<_>>>()?;
    call.texts(|row| {
        let is_nothing = columns.len() == 1 && is_null(&columns[0], row) && writing.form.null.is_empty();
        if call.is_null(0, row) || (is_nothing && !writing.quotes_all) {
            return Ok(None);
        }
        let fields = columns.iter().zip(&spellers).enumerate().map(|(nth, (column, spell))| {
            let mut text = String::new();
            spell(&mut text, row);
            writing.field((!is_null(column, row)).then_some(text.as_str()), nth == 0)
        });
        Ok(Some(fields.collect::<Vec<_>>().join(&writing.form.separator)))
    })
}

fn is_null(column: &ArrayRef, row: usize) -> bool {
    column.is_null(row) || *column.data_type() == DataType::Null
}

type FieldSpeller<'a> = Box<dyn Fn(&mut String, usize) + 'a>;

/// Spells a row's value, nothing for a null.
fn speller<'a>(writing: &'a CsvWriting, values: &'a ArrayRef) -> Result<FieldSpeller<'a>> {
    macro_rules! number {
        ($kind:ty) => {{
            let values = values.as_primitive::<$kind>();
            Box::new(move |text: &mut String, row: usize| {
                let _ = write!(text, "{}", values.value(row));
            })
        }};
    }
    let spell: FieldSpeller<'a> = match values.data_type() {
        DataType::Null => Box::new(|_, _| {}),
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
            Box::new(|text, row| floats::write(text, values.value(row)))
        }
        DataType::Float64 => {
            let values = values.as_primitive::<Float64Type>();
            Box::new(|text, row| floats::write(text, values.value(row)))
        }
        DataType::Decimal128(_, scale) => {
            let (values, scale) = (values.as_primitive::<Decimal128Type>(), *scale);
            Box::new(move |text, row| numbers::write_java(text, values.value(row), scale))
        }
        DataType::Utf8 => {
            let values = values.as_string::<i32>();
            Box::new(|text, row| text.push_str(values.value(row)))
        }
        DataType::Binary => {
            let values = values.as_binary::<i32>();
            Box::new(|text, row| {
                let bytes: Vec<String> = values.value(row).iter().map(|byte| format!("{byte:02X}")).collect();
                let _ = write!(text, "[{}]", bytes.join(" "));
            })
        }
        DataType::Date32 => {
            let values = values.as_primitive::<Date32Type>();
            Box::new(move |text, row| {
                let day = i64::from(values.value(row));
                match &writing.dates {
                    Some(pattern) => text.push_str(&pattern.write(day.saturating_mul(MICROS_PER_DAY))),
                    None => days::write(text, day),
                }
            })
        }
        DataType::Timestamp(..) => {
            let is_instant = *values.data_type() == TIMESTAMP;
            let pattern = if is_instant { &writing.times } else { &writing.local_times };
            let values = values.as_primitive::<TimestampMicrosecondType>();
            Box::new(move |text, row| text.push_str(&pattern.write(values.value(row))))
        }
        DataType::List(_) => {
            let lists = values.as_list::<i32>();
            let (spell, places, below) = (speller(writing, lists.values())?, lists.value_offsets(), lists.values());
            Box::new(move |text, row| {
                text.push('[');
                for at in places[row] as usize..places[row + 1] as usize {
                    part(text, at > places[row] as usize, below, at, &spell);
                }
                text.push(']');
            })
        }
        DataType::Struct(_) => {
            let columns = values.as_struct().columns();
            let spellers = columns.iter().map(|column| speller(writing, column)).collect::<Result<Vec<_>>>()?;
            Box::new(move |text, row| {
                text.push('{');
                for (nth, (column, spell)) in columns.iter().zip(&spellers).enumerate() {
                    part(text, nth > 0, column, row, spell);
                }
                text.push('}');
            })
        }
        DataType::Map(..) => {
            let maps = values.as_map();
            let (keys, items) = (speller(writing, maps.keys())?, speller(writing, maps.values())?);
            let (places, below) = (maps.value_offsets(), maps.values());
            Box::new(move |text, row| {
                text.push('{');
                for at in places[row] as usize..places[row + 1] as usize {
                    part(text, at > places[row] as usize, maps.keys(), at, &keys);
                    text.push_str(" ->");
                    if !is_null(below, at) {
                        text.push(' ');
                        items(text, at);
                    }
                }
                text.push('}');
            })
        }
        other => return exec_err!("{other} is not written as CSV"),
    };
    Ok(Box::new(move |text, row| {
        if !values.is_null(row) {
            spell(text, row)
        }
    }))
}

/// A value of several, with a comma before all but the first; a null is nothing, not even a blank.
fn part(text: &mut String, follows: bool, values: &ArrayRef, row: usize, spell: &FieldSpeller<'_>) {
    text.push_str(if follows { "," } else { "" });
    if !is_null(values, row) {
        text.push_str(if follows { " " } else { "" });
        spell(text, row);
    }
}
