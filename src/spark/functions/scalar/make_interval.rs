//! `make_interval(years, months, weeks, days, hours, minutes, seconds)`: an interval of three parts, that are months, days and a time.
//!
//! <https://spark.apache.org/docs/latest/api/sql/interval-functions/#make_interval>. One that is too long is an error in the ANSI mode
//! and else null, as always with `try_make_interval`.

use std::sync::Arc;

use arrow::array::{ArrayRef, IntervalMonthDayNanoArray};
use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalUnit};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, fault, function, takes, udfs};
use crate::spark::text::MICROS;

const SECONDS: DataType = DataType::Decimal128(18, 6);

const NANOS_PER_MICRO: i64 = 1000;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([
        function("make_interval", types, |call| made(call, call.ansi)).fallible(),
        function("try_make_interval", types, |call| made(call, false)),
    ])
}

fn types(name: &'static str, given: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let mut all = [Takes::Int; 7];
    all[6] = Takes::Double;
    let mut taken = takes(name, given, 0, &all)?;
    if let Some(seconds) = taken.get_mut(6) {
        *seconds = SECONDS;
    }
    Ok((taken, DataType::Interval(IntervalUnit::MonthDayNano)))
}

fn made(call: &RowCall, is_strict: bool) -> Result<ArrayRef> {
    let intervals = (0..call.rows).map(|row| {
        if (0..call.args.len()).any(|place| call.is_null(place, row)) {
            return Ok(None);
        }
        match interval(call, row) {
            Some(interval) => interval_of(interval),
            None if is_strict => Err(too_long()),
            None => Ok(None),
        }
    });
    Ok(Arc::new(intervals.collect::<Result<IntervalMonthDayNanoArray>>()?))
}

/// Months, days and microseconds.
fn interval(call: &RowCall, row: usize) -> Option<(i32, i32, i64)> {
    let part = |place: usize| if call.has(place) { call.int(place, row).unwrap_or_default() } else { 0 };
    let seconds = if call.has(6) { call.decimal(6, row).unwrap_or_default() } else { 0 };
    let months = part(0).checked_mul(12)?.checked_add(part(1))?;
    let days = part(2).checked_mul(7)?.checked_add(part(3))?;
    let minutes = i64::from(part(4)) * 60 + i64::from(part(5));
    let micros = minutes.checked_mul(60 * MICROS)?.checked_add(i64::try_from(seconds).ok()?)?;
    Some((months, days, micros))
}

/// Kept in nanoseconds, which are fewer than Spark's microseconds: what is lost by that is an error in both modes.
fn interval_of((months, days, micros): (i32, i32, i64)) -> Result<Option<IntervalMonthDayNano>> {
    let nanos = micros.checked_mul(NANOS_PER_MICRO).ok_or_else(too_long)?;
    Ok(Some(IntervalMonthDayNano::new(months, days, nanos)))
}

fn too_long() -> datafusion::common::DataFusionError {
    fault("[INTERVAL_ARITHMETIC_OVERFLOW] so long is no interval; `try_make_interval` gives null there")
}
