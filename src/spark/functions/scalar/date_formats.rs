//! Dates and times as texts and back, by Java's patterns.
//!
//! <https://spark.apache.org/docs/latest/api/sql/date-time-functions/>. A text that is not as its pattern says is an error
//! in the ANSI mode, and null in the other; the functions that begin with `try_` answer null in both.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ScalarUDF};

use super::cast;
use super::date_pattern::{Pattern, PatternTime};
use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs};
use crate::spark::mode::Strictness;
use crate::spark::sql_types::{self, TIMESTAMP, timestamp_ntz};
use crate::spark::text::MICROS;
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::zones::TimeZone;

/// Those that fail for their pattern alone.
const WITH_PATTERN: [&str; 5] = ["date_format", "to_char", "from_unixtime", "try_to_date", "try_to_timestamp"];

/// How a timestamp is spelled where nothing else is said, but for its fraction.
const PLAIN: &str = "yyyy-MM-dd HH:mm:ss";

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let instants: Typing = |name, types| read(name, types, TIMESTAMP);
    let dates: Typing = |name, types| read(name, types, DataType::Date32);
    let seconds: Typing = |name, types| read(name, types, DataType::Int64);
    udfs([
        function(
            "date_format",
            |name, types| Ok((takes(name, types, 2, &[Takes::Time, Takes::Text])?, DataType::Utf8)),
            |call| written(call, |row| Ok(call.micros(0, row))),
        ),
        function("from_unixtime", seconds_taken, |call| {
            // What does not fit wraps around, as in Spark.
            written(call, |row| Ok(call.long(0, row).map(|seconds| seconds.wrapping_mul(MICROS))))
        }),
        function("to_date", dates, |call| as_dates(call, strictness(call))).fallible(),
        function("try_to_date", dates, |call| as_dates(call, Strictness::Try)),
        function("to_timestamp", instants, |call| as_times(call, strictness(call)))
            .fallible()
            .known_as(&["to_timestamp_ltz"]),
        function("try_to_timestamp", instants, |call| as_times(call, Strictness::Try)),
        function(
            "to_timestamp_ntz",
            |name, types| read(name, types, timestamp_ntz()),
            |call| as_times(call, strictness(call)),
        )
        .fallible(),
        function("unix_timestamp", seconds, as_seconds).fallible(),
        function("to_unix_timestamp", seconds, as_seconds).fallible(),
    ])
}

/// Whether a call may be an error for its pattern: one that is written and right is none.
pub fn may_fail(call: &ScalarFunction) -> bool {
    WITH_PATTERN.contains(&call.func.name())
        && match call.args.get(1) {
            None => false,
            Some(Expr::Literal(pattern, _)) => match pattern.try_as_str() {
                Some(Some(pattern)) => Pattern::parse(pattern).is_err(),
                _ => false,
            },
            Some(_) => true,
        }
}

fn strictness(call: &RowCall) -> Strictness {
    if call.ansi { Strictness::Ansi } else { Strictness::Legacy }
}

/// A text, a time or a number, and perhaps a pattern.
fn read(name: &str, types: &[DataType], gives: DataType) -> Result<(Vec<DataType>, DataType)> {
    let Some((first, rest)) = types.split_first() else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a value and perhaps a pattern");
    };
    let first = match first {
        first if first.is_string() || first.is_null() => DataType::Utf8,
        DataType::Timestamp(..) => sql_types::canonical(first).unwrap_or(TIMESTAMP),
        DataType::Date32 | DataType::Date64 => TIMESTAMP,
        first if gives == TIMESTAMP && first.is_integer() => DataType::Int64,
        first if gives == TIMESTAMP && first.is_numeric() => DataType::Float64,
        other => {
            let other = sql_types::name(other).to_uppercase();
            return plan_err!("[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` does not take \"{other}\"");
        }
    };
    let rest = takes(name, rest, 0, &[Takes::Text])?;
    Ok((std::iter::once(first).chain(rest).collect(), gives))
}

fn seconds_taken(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let types: Vec<DataType> = types
        .iter()
        .enumerate()
        .map(|(place, given)| if place == 0 && given.is_numeric() { DataType::Int64 } else { given.clone() })
        .collect();
    Ok((takes(name, &types, 1, &[Takes::Long, Takes::Text])?, DataType::Utf8))
}

/// The patterns of a batch, each read once.
struct DatePatterns {
    known: HashMap<String, Pattern>,
    reading: fn(&str) -> std::result::Result<Pattern, String>,
}

impl DatePatterns {
    fn get(&mut self, text: &str) -> Result<&Pattern> {
        if !self.known.contains_key(text) {
            let pattern = (self.reading)(text)
                .map_err(|why| fault(format!("[INVALID_DATETIME_PATTERN] `{text}` is no pattern: {why}")))?;
            self.known.insert(text.to_string(), pattern);
        }
        Ok(&self.known[text])
    }
}

/// Times by the patterns that stand beside them.
pub fn written(call: &RowCall, micros: impl Fn(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
    let mut known = DatePatterns { known: HashMap::new(), reading: Pattern::parse };
    call.texts(|row| {
        let pattern = if call.has(1) { call.text(1, row) } else { Some(PLAIN) };
        match (micros(row)?, pattern) {
            (Some(micros), Some(pattern)) => Ok(Some(known.get(pattern)?.write(micros))),
            _ => Ok(None),
        }
    })
}

fn as_times(call: &RowCall, strictness: Strictness) -> Result<ArrayRef> {
    let is_text = *call.args[0].data_type() == DataType::Utf8;
    if !call.has(1) || !is_text {
        let times = cast::array(&call.args[0], call.gives, strictness)?;
        return Ok(times);
    }
    let is_instant = *call.gives == TIMESTAMP;
    let micros = read_times(call, strictness, |read| match read.zone {
        Some(zone) if is_instant => zone.instant(read.local_micros),
        _ => Some(read.local_micros),
    })?;
    Ok(Arc::new(micros.with_data_type(call.gives.clone())))
}

fn as_dates(call: &RowCall, strictness: Strictness) -> Result<ArrayRef> {
    if !call.has(1) || *call.args[0].data_type() != DataType::Utf8 {
        return cast::array(&call.args[0], &DataType::Date32, strictness);
    }
    let micros = read_times(call, strictness, |read| {
        let micros = read.zone.unwrap_or(TimeZone::Fixed(0)).instant(read.local_micros)?;
        i32::try_from(micros.div_euclid(MICROS_PER_DAY)).is_ok().then_some(micros)
    })?;
    Ok(Arc::new(micros.unary::<_, Date32Type>(|micros| micros.div_euclid(MICROS_PER_DAY) as i32)))
}

/// Whole seconds, towards zero.
fn as_seconds(call: &RowCall) -> Result<ArrayRef> {
    let times = match call.args[0].data_type() {
        DataType::Utf8 => read_times(call, strictness(call), |read| {
            read.zone.unwrap_or(TimeZone::Fixed(0)).instant(read.local_micros)
        })?,
        _ => call.args[0].as_primitive::<TimestampMicrosecondType>().clone(),
    };
    Ok(Arc::new(times.unary::<_, arrow::datatypes::Int64Type>(|micros| micros / MICROS)))
}

/// The texts of a call by their patterns; without one by the plain one, which is not all that a cast takes.
fn read_times(
    call: &RowCall,
    strictness: Strictness,
    micros: impl Fn(PatternTime) -> Option<i64>,
) -> Result<PrimitiveArray<TimestampMicrosecondType>> {
    let mut known = DatePatterns { known: HashMap::new(), reading: Pattern::for_reading };
    let mut times = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let pattern = if call.has(1) { call.text(1, row) } else { Some(PLAIN) };
        let (Some(text), Some(pattern)) = (call.text(0, row), pattern) else {
            times.push(None);
            continue;
        };
        let time = known.get(pattern)?.read(text).and_then(&micros);
        if time.is_none() && strictness == Strictness::Ansi {
            return Err(fault(format!(
                "[CANNOT_PARSE_TIMESTAMP] `{text}` is not as `{pattern}` says; where that is to be null, write \
                 `try_to_timestamp`"
            )));
        }
        times.push(time);
    }
    Ok(times.into())
}
