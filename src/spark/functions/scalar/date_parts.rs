//! `extract(FIELD FROM x)`, `date_part('FIELD', x)`, and the names of days and months.
//!
//! <https://spark.apache.org/docs/latest/api/sql/date-time-functions/#extract>. Seconds are a decimal, with their fraction.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, DurationSecondType, Int8Type, IntervalUnit, IntervalYearMonthType, TimeUnit,
};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, function, takes, udfs, written_text};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::{MICROS, days};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([
        function("date_part", |name, types| Ok((taken(name, types)?, DataType::Int32)), fields)
            .typed_by_constants(typed)
            .known_as(&["datepart"]),
        function("dayname", day_taken, |call| {
            let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
            call.texts(|row| Ok(call.day(0, row).map(|day| names[(i64::from(day) + 3).rem_euclid(7) as usize])))
        }),
        function("monthname", day_taken, |call| {
            let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            call.texts(|row| Ok(call.day(0, row).map(|day| names[days::civil(day.into()).1 as usize - 1])))
        }),
    ])
}

fn day_taken(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes(name, types, 1, &[Takes::Date])?, DataType::Utf8))
}

/// A part of a time that is a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeField {
    Year,
    YearOfWeek,
    Quarter,
    Month,
    Week,
    Day,
    DayOfWeek,
    DayOfWeekIso,
    DayOfYear,
    Hour,
    Minute,
    Second,
}

fn named(name: &str) -> Option<TimeField> {
    Some(match name.to_ascii_uppercase().as_str() {
        "YEAR" | "Y" | "YEARS" | "YR" | "YRS" => TimeField::Year,
        "YEAROFWEEK" => TimeField::YearOfWeek,
        "QUARTER" | "QTR" => TimeField::Quarter,
        "MONTH" | "MON" | "MONS" | "MONTHS" => TimeField::Month,
        "WEEK" | "W" | "WEEKS" => TimeField::Week,
        "DAY" | "D" | "DAYS" => TimeField::Day,
        "DAYOFWEEK" | "DOW" => TimeField::DayOfWeek,
        "DAYOFWEEK_ISO" | "DOW_ISO" => TimeField::DayOfWeekIso,
        "DOY" => TimeField::DayOfYear,
        "HOUR" | "H" | "HOURS" | "HR" | "HRS" => TimeField::Hour,
        "MINUTE" | "M" | "MIN" | "MINS" | "MINUTES" => TimeField::Minute,
        "SECOND" | "S" | "SEC" | "SECONDS" | "SECS" => TimeField::Second,
        _ => return None,
    })
}

fn taken(name: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    let [field, source] = types else { return plan_err!("`{name}` takes the name of a field and a time") };
    let field = takes(name, std::slice::from_ref(field), 1, &[Takes::Text])?.remove(0);
    let source = match source {
        DataType::Interval(IntervalUnit::YearMonth) | DataType::Duration(TimeUnit::Microsecond | TimeUnit::Second) => {
            source.clone()
        }
        DataType::Duration(_) => DataType::Duration(TimeUnit::Microsecond),
        other => takes(name, std::slice::from_ref(other), 1, &[Takes::Time])?.remove(0),
    };
    Ok(vec![field, source])
}

fn typed(name: &'static str, types: &[DataType], constants: &[Option<&ScalarValue>]) -> Result<DataType> {
    let source = &taken(name, types)?[1];
    let Some(text) = written_text(constants, 0) else {
        return plan_err!("[NON_FOLDABLE_ARGUMENT] the field of `{name}` is written in the query: `{name}('YEAR', x)`");
    };
    let is_part_of_day = |field| matches!(field, TimeField::Hour | TimeField::Minute);
    match (named(text), source) {
        (Some(TimeField::Second), DataType::Timestamp(..) | DataType::Duration(_)) => Ok(DataType::Decimal128(8, 6)),
        (Some(_), DataType::Timestamp(..)) => Ok(DataType::Int32),
        (Some(TimeField::Year), DataType::Interval(_)) => Ok(DataType::Int32),
        (Some(TimeField::Month), DataType::Interval(_)) => Ok(DataType::Int8),
        (Some(TimeField::Day), DataType::Duration(_)) => Ok(DataType::Int32),
        (Some(field), DataType::Duration(_)) if is_part_of_day(field) => Ok(DataType::Int8),
        _ => plan_err!("[INVALID_EXTRACT_FIELD] there is no `{text}` to extract from that"),
    }
}

fn fields(call: &RowCall) -> Result<ArrayRef> {
    let all = &call.args[0];
    let Some(field) = (0..all.len()).find_map(|row| call.text(0, row)).and_then(named) else {
        return Ok(arrow::array::new_null_array(call.gives, call.rows));
    };
    let source = &call.args[1];
    let micros = |row: usize| match source.data_type() {
        _ if source.is_null(row) => None,
        DataType::Duration(TimeUnit::Second) => Some(source.as_primitive::<DurationSecondType>().value(row) * MICROS),
        DataType::Duration(_) => Some(source.as_primitive::<DurationMicrosecondType>().value(row)),
        _ => call.micros(1, row),
    };
    match (call.gives, source.data_type()) {
        (DataType::Decimal128(..), DataType::Duration(_)) => {
            seconds((0..call.rows).map(|row| micros(row).map(|micros| micros % (60 * MICROS))))
        }
        (DataType::Decimal128(..), _) => {
            seconds((0..call.rows).map(|row| micros(row).map(|micros| micros.rem_euclid(60 * MICROS))))
        }
        (_, DataType::Interval(_)) => {
            let months = source.as_primitive::<IntervalYearMonthType>();
            match field {
                TimeField::Year => call.ints(|row| Ok(months.is_valid(row).then(|| months.value(row) / 12))),
                _ => Ok(Arc::new(months.unary::<_, Int8Type>(|months| (months % 12) as i8))),
            }
        }
        (DataType::Int8, _) => {
            let unit = if field == TimeField::Hour { 3600 * MICROS } else { 60 * MICROS };
            let round = if field == TimeField::Hour { 24 } else { 60 };
            let parts = (0..call.rows).map(|row| micros(row).map(|micros| (micros / unit % round) as i8));
            Ok(Arc::new(parts.collect::<arrow::array::Int8Array>()))
        }
        (_, DataType::Duration(_)) => call.ints(|row| Ok(micros(row).map(|micros| (micros / MICROS_PER_DAY) as i32))),
        _ => call.ints(|row| Ok(micros(row).map(|micros| of_time(field, micros)))),
    }
}

fn seconds(micros: impl Iterator<Item = Option<i64>>) -> Result<ArrayRef> {
    let seconds = micros.map(|micros| micros.map(i128::from)).collect::<Decimal128Array>();
    Ok(Arc::new(seconds.with_precision_and_scale(8, 6)?))
}

fn of_time(field: TimeField, micros: i64) -> i32 {
    field.of(micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY) / MICROS)
}

impl TimeField {
    /// Of a day since 1970-01-01 and the seconds of that day.
    pub fn of(self, day: i64, of_day: i64) -> i32 {
        let from_monday = (day + 3).rem_euclid(7);
        // A week is of the year of its Thursday: ISO 8601.
        let thursday = day - from_monday + 3;
        let first = |year: i64| days::of_civil(year, 1, 1).unwrap_or(day);
        let number = match self {
            TimeField::Year => days::civil(day).0,
            TimeField::YearOfWeek => days::civil(thursday).0,
            TimeField::Quarter => i64::from((days::civil(day).1 - 1) / 3 + 1),
            TimeField::Month => i64::from(days::civil(day).1),
            TimeField::Week => (thursday - first(days::civil(thursday).0)) / 7 + 1,
            TimeField::Day => i64::from(days::civil(day).2),
            TimeField::DayOfWeek => (from_monday + 1) % 7 + 1,
            TimeField::DayOfWeekIso => from_monday + 1,
            TimeField::DayOfYear => day - first(days::civil(day).0) + 1,
            TimeField::Hour => of_day / 3600,
            TimeField::Minute => of_day / 60 % 60,
            TimeField::Second => of_day % 60,
        };
        number as i32
    }
}
