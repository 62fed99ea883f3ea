//! Rows as the shell of Spark prints them, `spark-sql`: `NULL`, `[1,2]`, `{"a":1}`, `1 02:03:04.000000000`.
//!
//! `HiveResult.scala` in Spark. What is within a list, a map or a struct is written otherwise than what stands alone.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, DurationSecondType, Field, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, Schema,
    TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;

use super::text::{MICROS, days, floats, numbers, times};
use crate::spark::interval_units::UnitRange;
use crate::spark::sql_types::{self, canonical};

/// The types of the columns as Spark calls them: `decimal(3,1)`, `interval day to second`.
pub fn types(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| type_of(field)).collect()
}

fn type_of(field: &Field) -> String {
    match UnitRange::of_field(field) {
        Some(units) => format!("interval {}", units.name()),
        None => sql_types::shown(field.data_type()),
    }
}

/// The values of each row.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Vec<String>>, ArrowError> {
    let mut rows: Vec<Vec<String>> = (0..batch.num_rows()).map(|_| Vec::with_capacity(batch.num_columns())).collect();
    for column in batch.columns() {
        let column = plain(column)?;
        let write = writer(column.as_ref(), false)?;
        for (row, values) in rows.iter_mut().enumerate() {
            let mut text = String::new();
            write(&mut text, row);
            values.push(text);
        }
    }
    Ok(rows)
}

/// As the types that Spark has.
fn plain(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match canonical(column.data_type()) {
        Some(other) if other != *column.data_type() => compute::cast(column, &other),
        _ => Ok(column.clone()),
    }
}

type ShellWriter<'a> = Box<dyn Fn(&mut String, usize) + 'a>;

fn writer<'a>(values: &'a dyn Array, is_nested: bool) -> Result<ShellWriter<'a>, ArrowError> {
    let write = of_value(values, is_nested)?;
    let nulls = values.logical_nulls();
    let null = if is_nested { "null" } else { "NULL" };
    Ok(Box::new(move |text, row| match nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
        true => text.push_str(null),
        false => write(text, row),
    }))
}

fn of_value<'a>(values: &'a dyn Array, is_nested: bool) -> Result<ShellWriter<'a>, ArrowError> {
    macro_rules! number {
        ($kind:ty) => {{
            let values = values.as_primitive::<$kind>();
            Box::new(move |text: &mut String, row: usize| {
                let _ = write!(text, "{}", values.value(row));
            })
        }};
    }
    macro_rules! with {
        ($kind:ty, $write:expr) => {{
            let values = values.as_primitive::<$kind>();
            Box::new(move |text: &mut String, row: usize| $write(text, values.value(row)))
        }};
    }
    Ok(match values.data_type() {
        DataType::Null => Box::new(|_, _| {}),
        DataType::Boolean => {
            let values = values.as_boolean();
            Box::new(move |text, row| text.push_str(if values.value(row) { "true" } else { "false" }))
        }
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::Float32 => with!(Float32Type, floats::write),
        DataType::Float64 => with!(Float64Type, floats::write),
        DataType::Decimal128(_, scale) => {
            let scale = *scale;
            with!(Decimal128Type, |text: &mut String, value| numbers::write_plain(text, value, scale))
        }
        DataType::Utf8 => {
            let values = values.as_string::<i32>();
            let quote = if is_nested { "\"" } else { "" };
            Box::new(move |text, row| text.extend([quote, values.value(row), quote]))
        }
        DataType::Binary => {
            let values = values.as_binary::<i32>();
            Box::new(move |text, row| text.push_str(&String::from_utf8_lossy(values.value(row))))
        }
        DataType::Date32 => with!(Date32Type, |text: &mut String, value| days::write(text, i64::from(value))),
        DataType::Timestamp(TimeUnit::Microsecond, _) => with!(TimestampMicrosecondType, times::write),
        DataType::Duration(TimeUnit::Second) => {
            with!(DurationSecondType, |text: &mut String, seconds: i64| day_time(
                text,
                i128::from(seconds) * i128::from(MICROS)
            ))
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            with!(DurationMicrosecondType, |text: &mut String, micros: i64| day_time(text, i128::from(micros)))
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            with!(IntervalYearMonthType, |text: &mut String, months: i32| {
                let sign = if months < 0 { "-" } else { "" };
                let months = months.unsigned_abs();
                let _ = write!(text, "{sign}{}-{}", months / 12, months % 12);
            })
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            with!(IntervalMonthDayNanoType, |text: &mut String, value: arrow::datatypes::IntervalMonthDayNano| {
                calendar(text, value.months, value.days, value.nanoseconds / 1000);
            })
        }
        DataType::List(_) => {
            let lists = values.as_list::<i32>();
            let write = writer(lists.values().as_ref(), true)?;
            Box::new(move |text, row| {
                let places = lists.value_offsets();
                let items = (places[row] as usize..places[row + 1] as usize).map(|at| spelled(&write, at));
                let _ = write!(text, "[{}]", items.collect::<Vec<_>>().join(","));
            })
        }
        DataType::Struct(fields) => {
            let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
            let columns = values.as_struct().columns().iter();
            let writers = columns.map(|column| writer(column.as_ref(), true)).collect::<Result<Vec<_>, _>>()?;
            Box::new(move |text, row| {
                let all = names.iter().zip(&writers).map(|(name, write)| format!("\"{name}\":{}", spelled(write, row)));
                let _ = write!(text, "{{{}}}", all.collect::<Vec<_>>().join(","));
            })
        }
        DataType::Map(..) => {
            let maps = values.as_map();
            let (key, value) = (writer(maps.keys().as_ref(), true)?, writer(maps.values().as_ref(), true)?);
            Box::new(move |text, row| {
                let places = maps.value_offsets();
                let entries = (places[row] as usize..places[row + 1] as usize)
                    .map(|at| format!("{}:{}", spelled(&key, at), spelled(&value, at)));
                let mut entries: Vec<String> = entries.collect();
                entries.sort();
                let _ = write!(text, "{{{}}}", entries.join(","));
            })
        }
        other => return Err(ArrowError::NotYetImplemented(format!("a text of {other}"))),
    })
}

fn spelled(write: &ShellWriter, row: usize) -> String {
    let mut text = String::new();
    write(&mut text, row);
    text
}

fn day_time(text: &mut String, micros: i128) {
    let sign = if micros < 0 { "-" } else { "" };
    let (seconds, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    let _ = write!(
        text,
        "{sign}{} {:02}:{:02}:{:02}.{rest:06}000",
        seconds / 86_400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    );
}

/// `CalendarInterval.toString` in Spark.
fn calendar(text: &mut String, months: i32, days: i32, micros: i64) {
    let mut parts: Vec<String> = vec![];
    let mut add = |amount: i64, unit: &str| {
        if amount != 0 {
            parts.push(format!("{amount} {unit}"));
        }
    };
    add(i64::from(months / 12), "years");
    add(i64::from(months % 12), "months");
    add(i64::from(days), "days");
    add(micros / (3600 * MICROS), "hours");
    add(micros / (60 * MICROS) % 60, "minutes");
    let rest = micros % (60 * MICROS);
    if rest != 0 {
        let sign = if rest < 0 { "-" } else { "" };
        let seconds = format!("{sign}{}.{:06}", rest.abs() / MICROS, rest.abs() % MICROS);
        parts.push(format!("{} seconds", seconds.trim_end_matches('0').trim_end_matches('.')));
    }
    text.push_str(&if parts.is_empty() { "0 seconds".to_string() } else { parts.join(" ") });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_written_as_in_the_shell() {
        let written = |write: &dyn Fn(&mut String)| {
            let mut text = String::new();
            write(&mut text);
            text
        };
        assert_eq!(written(&|text| day_time(text, -93_784_000_001)), "-1 02:03:04.000001000");
        assert_eq!(
            written(&|text| calendar(text, 14, -3, 3_661_500_000)),
            "1 years 2 months -3 days 1 hours 1 minutes 1.5 seconds"
        );
        assert_eq!(written(&|text| calendar(text, 0, 0, 0)), "0 seconds");
    }
}
