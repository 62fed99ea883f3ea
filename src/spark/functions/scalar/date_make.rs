//! Dates, times and intervals from their parts and from numbers, and numbers from them.
//!
//! <https://spark.apache.org/docs/latest/api/sql/date-time-functions/>

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, DurationMicrosecondArray, IntervalYearMonthArray};
use arrow::datatypes::{DataType, Decimal128Type, IntervalUnit, TimeUnit};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, RowFunction, Takes, Typing, fault, function, takes, udfs};
use crate::spark::sql_types::{TIMESTAMP, timestamp_ntz};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::zones::TimeZone;
use crate::spark::text::{MICROS, days};

/// Seconds with their microseconds.
const SECONDS: DataType = DataType::Decimal128(16, 6);

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let three: Typing = |name, types| Ok((takes(name, types, 3, &[Takes::Int; 3])?, DataType::Date32));
    let of_day: Typing = |name, types| Ok((takes(name, types, 1, &[Takes::Date])?, DataType::Int32));
    udfs([
        function("make_date", three, |call| {
            call.days(|row| date(call, row).and_then(|date| call.or_null(date).transpose()).transpose())
        })
        .fallible(),
        time("make_timestamp", TIMESTAMP_TYPING, false).known_as(&["make_timestamp_ltz"]),
        time("try_make_timestamp", TIMESTAMP_TYPING, true).known_as(&["try_make_timestamp_ltz"]),
        time("make_timestamp_ntz", NTZ_TYPING, false),
        time("try_make_timestamp_ntz", NTZ_TYPING, true),
        function(
            "date_from_unix_date",
            |name, types| Ok((takes(name, types, 1, &[Takes::Int])?, DataType::Date32)),
            |call| call.days(|row| Ok(call.int(0, row))),
        ),
        function("unix_date", of_day, |call| call.ints(|row| Ok(call.day(0, row)))),
        number("unix_seconds", |call| {
            call.longs(|row| Ok(call.micros(0, row).map(|micros| micros.div_euclid(MICROS))))
        }),
        number("unix_millis", |call| call.longs(|row| Ok(call.micros(0, row).map(|micros| micros.div_euclid(1000))))),
        number("unix_micros", |call| call.longs(|row| Ok(call.micros(0, row)))),
        function("timestamp_seconds", seconds_taken, of_seconds).fallible(),
        function("timestamp_millis", whole, |call| of_whole(call, 1000)).fallible(),
        function("timestamp_micros", whole, |call| of_whole(call, 1)),
        function(
            "make_ym_interval",
            |name, types| Ok((takes(name, types, 0, &[Takes::Int; 2])?, DataType::Interval(IntervalUnit::YearMonth))),
            year_months,
        ),
        function("make_dt_interval", day_times_taken, day_times),
    ])
}

fn number(name: &'static str, computing: super::row::Computing) -> RowFunction {
    function(name, |name, types| Ok((takes(name, types, 1, &[Takes::Time])?, DataType::Int64)), computing)
}

fn whole(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes(name, types, 1, &[Takes::Long])?, TIMESTAMP))
}

fn overflow(number: impl std::fmt::Display) -> DataFusionError {
    fault(format!("[DATETIME_OVERFLOW] {number} is beyond all timestamps"))
}

fn of_whole(call: &RowCall, micros: i64) -> Result<ArrayRef> {
    call.instants(|row| {
        let number = call.long(0, row);
        number.map(|number| number.checked_mul(micros).ok_or_else(|| overflow(number))).transpose()
    })
}

fn seconds_taken(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    match types {
        [seconds] if seconds.is_floating() => Ok((vec![DataType::Float64], TIMESTAMP)),
        [DataType::Decimal128(precision, scale)] => Ok((vec![DataType::Decimal128(*precision, *scale)], TIMESTAMP)),
        _ => whole(name, types),
    }
}

fn of_seconds(call: &RowCall) -> Result<ArrayRef> {
    match call.args[0].data_type() {
        DataType::Float64 => call.instants(|row| {
            let seconds = call.double(0, row).filter(|seconds| seconds.is_finite());
            Ok(seconds.map(|seconds| (seconds * MICROS as f64) as i64))
        }),
        DataType::Decimal128(_, scale) => {
            let numbers = call.args[0].as_primitive::<Decimal128Type>();
            let one = 10_i128.pow(u32::from(scale.unsigned_abs()));
            call.instants(|row| {
                if call.is_null(0, row) {
                    return Ok(None);
                }
                let micros = numbers.value(row).checked_mul(MICROS.into()).map(|micros| (micros / one, micros % one));
                match micros {
                    Some((micros, 0)) => Ok(Some(i64::try_from(micros).map_err(|_| overflow(micros))?)),
                    _ => {
                        Err(fault("[DATETIME_OVERFLOW] seconds with more than 6 digits of a fraction are no timestamp"))
                    }
                }
            })
        }
        _ => of_whole(call, MICROS),
    }
}

/// `None` where a part is null.
fn date(call: &RowCall, row: usize) -> Option<Result<i32>> {
    let (year, month, day) = (call.int(0, row)?, call.int(1, row)?, call.int(2, row)?);
    Some(day_of(year, month, day).and_then(|days| i32::try_from(days).map_err(|_| overflow(year))))
}

fn day_of(year: i32, month: i32, day: i32) -> Result<i64> {
    let month_and_day = u32::try_from(month).ok().zip(u32::try_from(day).ok());
    month_and_day.and_then(|(month, day)| days::of_civil(year.into(), month, day)).ok_or_else(|| {
        fault(format!("[DATETIME_FIELD_OUT_OF_BOUNDS] the year {year} has no month {month} with a day {day}"))
    })
}

const TIMESTAMP_TYPING: Typing = |name, types| Ok((parts_taken(name, types, 7)?, TIMESTAMP));
const NTZ_TYPING: Typing = |name, types| Ok((parts_taken(name, types, 6)?, timestamp_ntz()));

fn parts_taken(name: &str, types: &[DataType], most: usize) -> Result<Vec<DataType>> {
    if types.len() < 6 || types.len() > most {
        return plan_err!(
            "[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes year, month, day, hour, minute and second here"
        );
    }
    let mut taken = takes(name, &types[..5], 5, &[Takes::Int; 5])?;
    takes(name, &types[5..6], 1, &[Takes::Double])?;
    taken.push(SECONDS);
    taken.extend(takes(name, &types[6..], 0, &[Takes::Text])?);
    Ok(taken)
}

fn time(name: &'static str, typing: Typing, tries: bool) -> RowFunction {
    let computing = if tries { |call: &RowCall| times(call, true) } else { |call: &RowCall| times(call, !call.ansi) };
    let time = function(name, typing, computing);
    if tries { time } else { time.fallible() }
}

fn times(call: &RowCall, faults_are_null: bool) -> Result<ArrayRef> {
    let seconds = call.args[5].as_primitive::<Decimal128Type>();
    call.instants(|row| {
        let numbers: Option<Vec<i32>> = (0..5).map(|place| call.int(place, row)).collect();
        let (Some(numbers), false) = (numbers, call.is_null(5, row)) else { return Ok(None) };
        let zone = if call.has(6) { call.text(6, row) } else { Some("UTC") };
        let Some(zone) = zone else { return Ok(None) };
        let zone =
            TimeZone::named(zone).ok_or_else(|| fault(format!("[INVALID_TIMEZONE] there is no time zone `{zone}`")))?;
        match time_of(&numbers, seconds.value(row)).map(|local| zone.instant(local)) {
            Ok(Some(micros)) => Ok(Some(micros)),
            Ok(None) => Err(overflow(numbers[0])),
            Err(_) if faults_are_null => Ok(None),
            Err(error) => Err(error),
        }
    })
}

fn time_of(parts: &[i32], seconds: i128) -> Result<i64> {
    let [year, month, day, hour, minute] = *parts else { return Err(fault("five parts")) };
    let one = i128::from(MICROS);
    let (second, fraction) = (seconds.div_euclid(one), seconds.rem_euclid(one));
    if second == 60 && fraction > 0 {
        return Err(fault("[INVALID_FRACTION_OF_SECOND] a second of 60 has no fraction"));
    }
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return Err(fault(format!("[DATETIME_FIELD_OUT_OF_BOUNDS] {hour}:{minute}:{second} is no time of a day")));
    }
    let of_day = (i64::from(hour) * 60 + i64::from(minute)) * 60 * MICROS + seconds as i64;
    let days = day_of(year, month, day)?;
    days.checked_mul(MICROS_PER_DAY).and_then(|micros| micros.checked_add(of_day)).ok_or_else(|| overflow(year))
}

fn year_months(call: &RowCall) -> Result<ArrayRef> {
    let part = |place: usize, row: usize| if call.has(place) { call.int(place, row) } else { Some(0) };
    let months = (0..call.rows).map(|row| match (part(0, row), part(1, row)) {
        (Some(years), Some(months)) => match years.checked_mul(12).and_then(|all| all.checked_add(months)) {
            Some(all) => Ok(Some(all)),
            None => Err(fault(format!("[INTERVAL_ARITHMETIC_OVERFLOW] {years} years are beyond all intervals"))),
        },
        _ => Ok(None),
    });
    Ok(Arc::new(months.collect::<Result<IntervalYearMonthArray>>()?))
}

fn day_times_taken(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let mut taken = takes(name, types, 0, &[Takes::Int, Takes::Int, Takes::Int, Takes::Double])?;
    if let Some(seconds) = taken.get_mut(3) {
        *seconds = SECONDS;
    }
    Ok((taken, DataType::Duration(TimeUnit::Microsecond)))
}

fn day_times(call: &RowCall) -> Result<ArrayRef> {
    let part = |place: usize, row: usize| if call.has(place) { call.int(place, row) } else { Some(0) };
    let micros = (0..call.rows).map(|row| {
        let seconds = match call.args.get(3) {
            Some(_) if call.is_null(3, row) => return Ok(None),
            Some(seconds) => seconds.as_primitive::<Decimal128Type>().value(row),
            None => 0,
        };
        let (Some(days), Some(hours), Some(minutes)) = (part(0, row), part(1, row), part(2, row)) else {
            return Ok(None);
        };
        let of_day = (i128::from(hours) * 60 + i128::from(minutes)) * 60 * i128::from(MICROS);
        let all = i128::from(days) * i128::from(MICROS_PER_DAY) + of_day + seconds;
        let micros = i64::try_from(all);
        micros
            .map(Some)
            .map_err(|_| fault(format!("[INTERVAL_ARITHMETIC_OVERFLOW] {days} days are beyond all intervals")))
    });
    Ok(Arc::new(micros.collect::<Result<DurationMicrosecondArray>>()?))
}
