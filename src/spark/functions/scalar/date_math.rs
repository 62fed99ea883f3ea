//! Days and months later, between, and rounded down.
//!
//! <https://spark.apache.org/docs/latest/api/sql/date-time-functions/>

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, RowFunction, Takes, Typing, fault, function, takes, udfs};
use crate::spark::sql_types::TIMESTAMP;
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::{MICROS, days};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let day: Typing = |name, types| Ok((takes(name, types, 1, &[Takes::Date])?, DataType::Date32));
    let months: Typing = |name, types| Ok((takes(name, types, 2, &[Takes::Date, Takes::Int])?, DataType::Date32));
    let rounded: Typing = |name, types| Ok((takes(name, types, 2, &[Takes::Date, Takes::Text])?, DataType::Date32));
    let mut all = vec![
        function("last_day", day, |call| {
            call.days(|row| call.day(0, row).map(|day| fitting(last_of_month(day.into()))).transpose())
        }),
        function("next_day", rounded, next_day).fallible(),
        function("add_months", months, |call| {
            call.days(|row| match (call.day(0, row), call.int(1, row)) {
                (Some(day), Some(months)) => Ok(Some(fitting(months_later(day.into(), months.into()))?)),
                _ => Ok(None),
            })
        }),
        function("trunc", rounded, |call| {
            call.days(|row| match (call.day(0, row), call.text(1, row)) {
                (Some(day), Some(unit)) => first_day(day.into(), unit).map(fitting).transpose(),
                _ => Ok(None),
            })
        }),
        function(
            "date_trunc",
            |name, types| Ok((takes(name, types, 2, &[Takes::Text, Takes::Time])?, TIMESTAMP)),
            |call| {
                call.instants(|row| {
                    let (unit, micros) = (call.text(0, row), call.micros(1, row));
                    Ok(unit.zip(micros).and_then(|(unit, micros)| truncated(micros, unit)))
                })
            },
        ),
        function(
            "months_between",
            |name, types| Ok((takes(name, types, 2, &[Takes::Time, Takes::Time, Takes::Flag])?, DataType::Float64)),
            months_between,
        ),
        later("timestampadd", &[]),
        between("timestampdiff", &[]),
        later("date_add", &["dateadd"]),
        between("date_diff", &["datediff"]),
        function(
            "date_sub",
            |name, types| Ok((takes(name, types, 2, &[Takes::Date, Takes::Int])?, DataType::Date32)),
            |call| days_later(call, -1),
        ),
    ];
    all.shrink_to_fit();
    udfs(all)
}

/// `date_add(date, days)`, or `date_add(UNIT, number, time)`.
fn later(name: &'static str, aliases: &[&str]) -> RowFunction {
    let typing: Typing = |name, types| match types.len() {
        3 => Ok((takes(name, types, 3, &[Takes::Text, Takes::Long, Takes::Time])?, TIMESTAMP)),
        _ if name == "timestampadd" => plan_err!("`{name}` takes a unit, a number and a time"),
        _ => Ok((takes(name, types, 2, &[Takes::Date, Takes::Int])?, DataType::Date32)),
    };
    function(name, typing, |call| if call.has(2) { units_later(call) } else { days_later(call, 1) }).known_as(aliases)
}

/// `datediff(end, start)` in days, or `datediff(UNIT, start, end)`.
fn between(name: &'static str, aliases: &[&str]) -> RowFunction {
    let typing: Typing = |name, types| match types.len() {
        3 => Ok((takes(name, types, 3, &[Takes::Text, Takes::Time, Takes::Time])?, DataType::Int64)),
        _ if name == "timestampdiff" => plan_err!("`{name}` takes a unit and two times"),
        _ => Ok((takes(name, types, 2, &[Takes::Date, Takes::Date])?, DataType::Int32)),
    };
    let computing = |call: &RowCall| match call.has(2) {
        true => units_between(call),
        false => call.ints(|row| match (call.day(0, row), call.day(1, row)) {
            (Some(end), Some(start)) => Ok(Some(fitting(i64::from(end) - i64::from(start))?)),
            _ => Ok(None),
        }),
    };
    function(name, typing, computing).known_as(aliases)
}

fn fitting(days: i64) -> Result<i32> {
    i32::try_from(days)
        .map_err(|_| fault(format!("[DATETIME_OVERFLOW] {days} days after 1970-01-01 is beyond all dates")))
}

fn days_later(call: &RowCall, sign: i64) -> Result<ArrayRef> {
    call.days(|row| match (call.day(0, row), call.int(1, row)) {
        (Some(day), Some(number)) => Ok(Some(fitting(i64::from(day) + sign * i64::from(number))?)),
        _ => Ok(None),
    })
}

fn last_of_month(day: i64) -> i64 {
    let (year, month, _) = days::civil(day);
    (28..=31).rev().find_map(|last| days::of_civil(year, month, last)).unwrap_or(day)
}

/// The same day of another month, or its last one.
pub fn months_later(day: i64, months: i64) -> i64 {
    let (year, month, of_month) = days::civil(day);
    let months = year * 12 + i64::from(month) - 1 + months;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
    let wanted = (28..=of_month.max(28)).rev().find_map(|last| days::of_civil(year, month, last.min(of_month)));
    wanted.unwrap_or(day)
}

fn next_day(call: &RowCall) -> Result<ArrayRef> {
    let weekday = |name: &str| {
        // From Thursday, the day of 1970-01-01.
        let place = match name.to_uppercase().as_str() {
            "SU" | "SUN" | "SUNDAY" => 3,
            "MO" | "MON" | "MONDAY" => 4,
            "TU" | "TUE" | "TUESDAY" => 5,
            "WE" | "WED" | "WEDNESDAY" => 6,
            "TH" | "THU" | "THURSDAY" => 0,
            "FR" | "FRI" | "FRIDAY" => 1,
            "SA" | "SAT" | "SATURDAY" => 2,
            _ => return Err(fault(format!("[ILLEGAL_DAY_OF_WEEK] `{name}` is no day of the week"))),
        };
        Ok(place)
    };
    call.days(|row| {
        let (Some(day), Some(name)) = (call.day(0, row), call.text(1, row)) else { return Ok(None) };
        let Some(wanted) = call.or_null(weekday(name))? else { return Ok(None) };
        let day = i64::from(day);
        Ok(Some(fitting(day + 1 + (wanted - 1 - day).rem_euclid(7))?))
    })
}

/// The first day of the year, quarter, month or week.
fn first_day(day: i64, unit: &str) -> Option<i64> {
    let (year, month, _) = days::civil(day);
    match unit.to_uppercase().as_str() {
        "YEAR" | "YYYY" | "YY" => days::of_civil(year, 1, 1),
        "QUARTER" => days::of_civil(year, (month - 1) / 3 * 3 + 1, 1),
        "MONTH" | "MM" | "MON" => days::of_civil(year, month, 1),
        "WEEK" => Some(day - (day + 3).rem_euclid(7)),
        _ => None,
    }
}

fn truncated(micros: i64, unit: &str) -> Option<i64> {
    let to = match unit.to_uppercase().as_str() {
        "MICROSECOND" => 1,
        "MILLISECOND" => MICROS / 1000,
        "SECOND" => MICROS,
        "MINUTE" => 60 * MICROS,
        "HOUR" => 3600 * MICROS,
        "DAY" | "DD" => MICROS_PER_DAY,
        _ => return first_day(micros.div_euclid(MICROS_PER_DAY), unit)?.checked_mul(MICROS_PER_DAY),
    };
    micros.div_euclid(to).checked_mul(to)
}

/// `monthsBetween` in Spark's `DateTimeUtils`: whole months where both days are the same one or the last of their months,
/// else the rest is of a month of 31 days.
fn months_between(call: &RowCall) -> Result<ArrayRef> {
    call.doubles(|row| {
        let rounds = if call.has(2) { call.flag(2, row) } else { Some(true) };
        let (Some(one), Some(other), Some(rounds)) = (call.micros(0, row), call.micros(1, row), rounds) else {
            return Ok(None);
        };
        let parts = |micros: i64| {
            let day = micros.div_euclid(MICROS_PER_DAY);
            let (year, month, of_month) = days::civil(day);
            let seconds = micros.rem_euclid(MICROS_PER_DAY) / MICROS;
            (year * 12 + i64::from(month), i64::from(of_month), last_of_month(day) == day, seconds)
        };
        let ((months, day, is_last, seconds), (other_months, other_day, other_is_last, other_seconds)) =
            (parts(one), parts(other));
        let months = (months - other_months) as f64;
        if day == other_day || (is_last && other_is_last) {
            return Ok(Some(months));
        }
        let rest = (day - other_day) * 86_400 + seconds - other_seconds;
        let all = months + rest as f64 / (31.0 * 86_400.0);
        Ok(Some(if rounds { (all * 1e8 + 0.5).floor() / 1e8 } else { all }))
    })
}

/// Of a unit: months, or microseconds.
enum UnitStep {
    Months(i64),
    Days(i64),
    Micros(i64),
}

fn step(call: &RowCall, unit: &str) -> Result<UnitStep> {
    Ok(match unit.to_uppercase().as_str() {
        "YEAR" => UnitStep::Months(12),
        "QUARTER" => UnitStep::Months(3),
        "MONTH" => UnitStep::Months(1),
        "WEEK" => UnitStep::Days(7),
        "DAY" | "DAYOFYEAR" => UnitStep::Days(1),
        "HOUR" => UnitStep::Micros(3600 * MICROS),
        "MINUTE" => UnitStep::Micros(60 * MICROS),
        "SECOND" => UnitStep::Micros(MICROS),
        "MILLISECOND" => UnitStep::Micros(MICROS / 1000),
        "MICROSECOND" => UnitStep::Micros(1),
        _ => {
            let name = call.name;
            return Err(fault(format!("[INVALID_PARAMETER_VALUE.DATETIME_UNIT] `{unit}` is no unit of `{name}`")));
        }
    })
}

fn units_later(call: &RowCall) -> Result<ArrayRef> {
    call.instants(|row| {
        let (Some(unit), Some(number), Some(micros)) = (call.text(0, row), call.long(1, row), call.micros(2, row))
        else {
            return Ok(None);
        };
        let later = match step(call, unit)? {
            UnitStep::Months(months) => {
                number.checked_mul(months).filter(|months| months.abs() < 1 << 32).and_then(|months| {
                    let day = months_later(micros.div_euclid(MICROS_PER_DAY), months);
                    day.checked_mul(MICROS_PER_DAY)?.checked_add(micros.rem_euclid(MICROS_PER_DAY))
                })
            }
            UnitStep::Days(days) => number.checked_mul(days * MICROS_PER_DAY).and_then(|more| micros.checked_add(more)),
            UnitStep::Micros(unit) => number.checked_mul(unit).and_then(|more| micros.checked_add(more)),
        };
        match later {
            Some(later) => Ok(Some(later)),
            None => Err(fault(format!("[DATETIME_OVERFLOW] {number} {unit} later is beyond all timestamps"))),
        }
    })
}

fn units_between(call: &RowCall) -> Result<ArrayRef> {
    call.longs(|row| {
        let (Some(unit), Some(start), Some(end)) = (call.text(0, row), call.micros(1, row), call.micros(2, row)) else {
            return Ok(None);
        };
        Ok(Some(match step(call, unit)? {
            UnitStep::Months(months) => whole_months(start, end) / months,
            UnitStep::Days(days) => (end - start) / (days * MICROS_PER_DAY),
            UnitStep::Micros(micros) => (end - start) / micros,
        }))
    })
}

/// `ChronoUnit.MONTHS.between`
fn whole_months(start: i64, end: i64) -> i64 {
    let (first, of_first) = (start.div_euclid(MICROS_PER_DAY), start.rem_euclid(MICROS_PER_DAY));
    let (mut last, of_last) = (end.div_euclid(MICROS_PER_DAY), end.rem_euclid(MICROS_PER_DAY));
    if last > first && of_last < of_first {
        last -= 1;
    } else if last < first && of_last > of_first {
        last += 1;
    }
    let packed = |day: i64| {
        let (year, month, of_month) = days::civil(day);
        (year * 12 + i64::from(month)) * 32 + i64::from(of_month)
    };
    (packed(last) - packed(first)) / 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_with_their_last_day() {
        let day = |year, month, day| days::of_civil(year, month, day).unwrap();
        assert_eq!(months_later(day(2024, 1, 31), 1), day(2024, 2, 29));
        assert_eq!(months_later(day(2024, 2, 29), 12), day(2025, 2, 28));
        assert_eq!(months_later(day(2024, 3, 15), -15), day(2022, 12, 15));
        assert_eq!(months_later(day(1, 1, 1), -1), day(0, 12, 1));
        assert_eq!(last_of_month(day(1900, 2, 3)), day(1900, 2, 28));
    }
}
