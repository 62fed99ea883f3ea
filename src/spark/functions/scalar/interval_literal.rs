//! Intervals that are written: `INTERVAL 1 DAY 2 HOURS`, `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '2 hours 30 minutes'`.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-literals.html#interval-literal>. A text comes here as a call: of a value and a unit, one
//! pair after the other, or of a value, its first unit and its last one.

use std::sync::Arc;

use arrow::array::{ArrayRef, DurationMicrosecondArray, DurationSecondArray, IntervalYearMonthArray};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, RowFunction, Takes, fault, function, takes, udfs, written_text};
use crate::spark::interval_units::{DAYS, Unit, UnitRange, YEAR_MONTH};
use crate::spark::text::MICROS;

pub const LITERAL: &str = "spark_interval";

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([literal()])
}

fn literal() -> RowFunction {
    function(
        LITERAL,
        |name, types| Ok((takes(name, types, 2, &vec![Takes::Text; types.len().max(2)])?, DataType::Null)),
        |call| {
            let texts: Vec<&str> = (0..call.args.len()).filter_map(|place| call.text(place, 0)).collect();
            let (range, amount) = read(&texts).ok_or_else(|| fault(no_interval(&texts)))?;
            array(call, range, amount)
        },
    )
    .typed_by_fields(|name, _, constants| {
        let texts: Option<Vec<&str>> = (0..constants.len()).map(|place| written_text(constants, place)).collect();
        match texts.as_deref().map(|texts| (read(texts), texts)) {
            Some((Some((range, _)), _)) => Ok(Arc::new(range.field(name))),
            Some((None, texts)) => Err(DataFusionError::Plan(no_interval(texts))),
            None => plan_err!("an interval is written out"),
        }
    })
}

fn no_interval(texts: &[&str]) -> String {
    format!(
        "[INVALID_INTERVAL_FORMAT] INTERVAL {} is none: months and days do not go together, and only seconds have a fraction",
        texts.join(" ")
    )
}

fn array(call: &RowCall, range: UnitRange, amount: i64) -> Result<ArrayRef> {
    let beyond = |_| fault("[INTERVAL_ARITHMETIC_OVERFLOW] so long is no interval");
    Ok(match range.data_type() {
        YEAR_MONTH => Arc::new(IntervalYearMonthArray::from_value(i32::try_from(amount).map_err(beyond)?, call.rows)),
        DAYS => Arc::new(DurationSecondArray::from_value(amount / MICROS, call.rows)),
        _ => Arc::new(DurationMicrosecondArray::from_value(amount, call.rows)),
    })
}

/// Its units, and how many months or microseconds it is; `None` if it is none.
pub fn read(texts: &[&str]) -> Option<(UnitRange, i64)> {
    match texts {
        [value, from, to] => {
            let range = UnitRange::of_units(&[Unit::named(from)?, Unit::named(to)?])?;
            Some((range, of_range(value, range)?))
        }
        pairs if pairs.len().is_multiple_of(2) && !pairs.is_empty() => {
            let (mut units, mut amount) = (vec![], 0_i64);
            for pair in pairs.chunks(2) {
                let (unit, micros) = of_unit(pair[0].trim(), pair[1])?;
                units.push(unit);
                amount = amount.checked_add(micros)?;
            }
            Some((UnitRange::of_units(&units)?, amount))
        }
        _ => None,
    }
}

fn signed(text: &str) -> (i64, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn whole(digits: &str) -> Option<i64> {
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| digits.parse().ok()).flatten()
}

/// With a fraction of up to nine digits, of which six count.
fn seconds(digits: &str) -> Option<i64> {
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}")[..6].parse().ok()?;
    let seconds = if seconds.is_empty() { 0 } else { whole(seconds)? };
    seconds.checked_mul(MICROS)?.checked_add(micros)
}

fn of_unit(value: &str, unit: &str) -> Option<(Unit, i64)> {
    let (sign, digits) = signed(value);
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_suffix('s').unwrap_or(&unit);
    let (unit, amount) = match unit {
        "second" => (Unit::Second, seconds(digits)?),
        "week" => (Unit::Day, whole(digits)?.checked_mul(7 * Unit::Day.length())?),
        "millisecond" => (Unit::Second, whole(digits)?.checked_mul(1000)?),
        "microsecond" => (Unit::Second, whole(digits)?),
        name => {
            let unit = Unit::named(name)?;
            (unit, whole(digits)?.checked_mul(unit.length())?)
        }
    };
    Some((unit, sign * amount))
}

/// `1-2`, `1 02:03:04.5` and the parts of the latter.
fn of_range(value: &str, range: UnitRange) -> Option<i64> {
    // `INTERVAL -'-1-2' YEAR TO MONTH` has two signs.
    let (outer, text) = signed(value.trim());
    let (sign, text) = signed(text);
    let sign = outer * sign;
    let by: &[char] = if range.from.is_of_months() { &['-'] } else { &[' ', ':'] };
    let units = [Unit::Year, Unit::Month, Unit::Day, Unit::Hour, Unit::Minute, Unit::Second];
    let units: Vec<Unit> = units.into_iter().filter(|unit| (range.from..=range.to).contains(unit)).collect();
    let parts: Vec<&str> = text.split(by).filter(|part| !part.is_empty()).collect();
    if parts.len() != units.len() || units.len() < 2 {
        return None;
    }
    let mut amount = 0_i64;
    for (part, unit) in parts.into_iter().zip(units) {
        let most = match unit {
            _ if unit == range.from => i64::MAX,
            Unit::Month => 11,
            Unit::Hour => 23,
            _ => 59,
        };
        let of_part = match unit {
            Unit::Second => seconds(part).filter(|micros| most == i64::MAX || micros / MICROS <= most)?,
            unit => whole(part).filter(|number| *number <= most)?.checked_mul(unit.length())?,
        };
        amount = amount.checked_add(of_part)?;
    }
    Some(sign * amount)
}

/// As Spark writes it.
pub fn spelled(texts: &[&str]) -> Option<String> {
    read(texts).map(|(range, amount)| range.spelled(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_intervals_are_read_as_spark_does() {
        for (texts, text) in [
            (&["1", "DAY"][..], "INTERVAL '1' DAY"),
            (&["1", "week"], "INTERVAL '7' DAY"),
            (&["1", "YEAR", "2", "MONTHS"], "INTERVAL '1-2' YEAR TO MONTH"),
            (&["1", "day", "-2", "hours"], "INTERVAL '0 22' DAY TO HOUR"),
            (&["-1.5", "seconds"], "INTERVAL '-01.5' SECOND"),
            (&["1-2", "year", "month"], "INTERVAL '1-2' YEAR TO MONTH"),
            (&["-1 02:03:04.5", "day", "second"], "INTERVAL '-1 02:03:04.5' DAY TO SECOND"),
            (&["10:20", "hour", "minute"], "INTERVAL '10:20' HOUR TO MINUTE"),
        ] {
            assert_eq!(spelled(texts).as_deref(), Some(text));
        }
        for none in
            [&["1.5", "day"][..], &["1", "month", "1", "day"], &["1", "fortnight"], &["1 25", "day", "hour"], &["1"]]
        {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
