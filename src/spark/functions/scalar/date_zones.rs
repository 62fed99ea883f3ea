//! What clocks show in other zones.
//!
//! <https://spark.apache.org/docs/latest/api/sql/date-time-functions/#from_utc_timestamp>. A time that clocks are set forward
//! over is as much later; one that they show twice is the first.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs};
use crate::spark::sql_types::{TIMESTAMP, timestamp_ntz};
use crate::spark::text::zones::TimeZone;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let time_and_zone: Typing = |name, types| Ok((takes(name, types, 2, &[Takes::Time, Takes::Text])?, TIMESTAMP));
    udfs([
        function("to_utc_timestamp", time_and_zone, |call| moved(call, TimeZone::instant)).fallible(),
        function("from_utc_timestamp", time_and_zone, |call| moved(call, TimeZone::local)).fallible(),
        function("convert_timezone", converted_types, converted).fallible(),
    ])
}

fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::named(name).ok_or_else(|| fault(format!("[INVALID_TIMEZONE] there is no time zone `{name}`")))
}

fn moved(call: &RowCall, to: fn(TimeZone, i64) -> Option<i64>) -> Result<ArrayRef> {
    let mut known: Option<(String, TimeZone)> = None;
    call.instants(|row| {
        let (Some(micros), Some(name)) = (call.micros(0, row), call.text(1, row)) else { return Ok(None) };
        let zone = match &known {
            Some((known, zone)) if known == name => *zone,
            _ => known.insert((name.to_string(), zone(name)?)).1,
        };
        beyond(to(zone, micros), micros).map(Some)
    })
}

fn beyond(moved: Option<i64>, micros: i64) -> Result<i64> {
    moved.ok_or_else(|| {
        fault(format!("[DATETIME_OVERFLOW] {micros} microseconds after 1970 are beyond all times there"))
    })
}

/// `convert_timezone([from,] to, time)`
fn converted_types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let (Some(time), 2 | 3) = (types.last(), types.len()) else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes one or two zones and a time");
    };
    let zones = takes(name, &types[..types.len() - 1], 1, &[Takes::Text; 2])?;
    takes(name, std::slice::from_ref(time), 1, &[Takes::Time])?;
    Ok((zones.into_iter().chain([timestamp_ntz()]).collect(), timestamp_ntz()))
}

fn converted(call: &RowCall) -> Result<ArrayRef> {
    let last = call.args.len() - 1;
    call.instants(|row| {
        let from = if last == 2 { call.text(0, row) } else { Some("UTC") };
        let (Some(from), Some(to), Some(micros)) = (from, call.text(last - 1, row), call.micros(last, row)) else {
            return Ok(None);
        };
        let instant = beyond(zone(from)?.instant(micros), micros)?;
        beyond(zone(to)?.local(instant), micros).map(Some)
    })
}
