//! A value of a cursor as a point on a line: what can be told of its text, so that it can be compared and moved back by a lag.

use std::cmp::Ordering;
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::error::{Error, Result};
use crate::formats::number::Number;
use crate::project::Lag;

/// A value whose kind its text tells.
#[derive(Debug, Clone, PartialEq)]
pub enum CursorPoint {
    Number(Decimal),
    Time(Instant),
    Text(String),
}

/// A number in units of its last digit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decimal {
    units: i128,
    /// Digits after the point.
    scale: u32,
}

/// A date or a moment, and how it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Instant {
    local: NaiveDateTime,
    /// Seconds east of Greenwich; of one without a zone 0.
    east: i32,
    form: TimeForm,
}

#[derive(Debug, Clone, PartialEq)]
struct TimeForm {
    /// Between date and time; `None` of a date alone.
    separator: Option<char>,
    has_seconds: bool,
    /// Digits after the point.
    fraction: usize,
    /// The zone as it is written: `Z`, `+00`, nothing.
    zone: String,
}

impl CursorPoint {
    /// What a text is: a number, a time in ISO 8601 (or with a blank in place of its `T`), else itself.
    pub fn of(text: &str) -> CursorPoint {
        Decimal::of(text)
            .map(CursorPoint::Number)
            .or_else(|| Instant::of(text).map(CursorPoint::Time))
            .unwrap_or_else(|| CursorPoint::Text(text.to_string()))
    }

    /// The Spark type whose values it is one of.
    pub fn type_name(&self) -> &'static str {
        match self {
            CursorPoint::Number(Decimal { scale: 0, .. }) => "bigint",
            CursorPoint::Number(_) => "decimal",
            CursorPoint::Time(Instant { form: TimeForm { separator: None, .. }, .. }) => "date",
            CursorPoint::Time(_) => "timestamp",
            CursorPoint::Text(_) => "string",
        }
    }

    /// Which comes first; `None` when they are of different kinds.
    pub fn compare(&self, other: &CursorPoint) -> Option<Ordering> {
        match (self, other) {
            (CursorPoint::Number(one), CursorPoint::Number(other)) => one.compare(*other),
            (CursorPoint::Time(one), CursorPoint::Time(other)) => Some(one.utc().cmp(&other.utc())),
            (CursorPoint::Text(one), CursorPoint::Text(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }
}

/// A time in UTC with microseconds, as servers read it without a zone: `2026-01-01 00:00:00.000000`.
///
/// # Errors
/// When the text is no time.
pub fn utc(text: &str) -> Result<String> {
    match CursorPoint::of(text) {
        CursorPoint::Time(instant) => Ok(instant.utc().format("%Y-%m-%d %H:%M:%S%.6f").to_string()),
        _ => Err(Error::failed(format!("`{text}` is no time, as the values of the cursor are"))
            .hint("write it as `2026-01-31` or `2026-01-31T12:00:00Z`")),
    }
}

/// The text of the point that lies `lag` before the one of this text, written as that is.
///
/// # Errors
/// When the lag is of another kind than the value, or when that leads out of the calendar.
pub fn before(text: &str, lag: Option<&Lag>) -> Result<String> {
    let unfit = |what: &str| {
        Error::failed(format!("the cursor's value is `{text}`, from which no lag of {what} can be taken"))
            .hint("a lag is a time where the cursor is one, and a number where it is a number")
    };
    match (lag, CursorPoint::of(text)) {
        (None, _) => Ok(text.to_string()),
        (Some(Lag::Number(lag)), CursorPoint::Number(value)) => {
            let earlier = Decimal::of(lag).and_then(|lag| value.minus(lag));
            earlier.map(Decimal::text).ok_or_else(|| unfit(lag))
        }
        (Some(Lag::Time(lag)), CursorPoint::Time(value)) => {
            value.minus(*lag).map(|earlier| earlier.text()).ok_or_else(|| unfit(&format!("{} s", lag.as_secs())))
        }
        (Some(Lag::Number(lag)), _) => Err(unfit(lag)),
        (Some(Lag::Time(lag)), _) => Err(unfit(&format!("{} s", lag.as_secs()))),
    }
}

impl Decimal {
    fn of(text: &str) -> Option<Decimal> {
        Number::parse(text).filter(|number| !number.has_exponent())?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        Some(Decimal { units: format!("{whole}{fraction}").parse().ok()?, scale: u32::try_from(fraction.len()).ok()? })
    }

    fn at_scale(self, scale: u32) -> Option<i128> {
        self.units.checked_mul(10_i128.checked_pow(scale - self.scale)?)
    }

    fn compare(self, other: Decimal) -> Option<Ordering> {
        let scale = self.scale.max(other.scale);
        Some(self.at_scale(scale)?.cmp(&other.at_scale(scale)?))
    }

    fn minus(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        Some(Decimal { units: self.at_scale(scale)?.checked_sub(other.at_scale(scale)?)?, scale })
    }

    fn text(self) -> String {
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = self.scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        let sign = if self.units < 0 { "-" } else { "" };
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl Instant {
    fn of(text: &str) -> Option<Instant> {
        let date = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
        let mut form = TimeForm { separator: None, has_seconds: false, fraction: 0, zone: String::new() };
        let Some(separator) = text[10..].chars().next() else {
            return Some(Instant { local: date.and_time(NaiveTime::MIN), east: 0, form });
        };
        if !matches!(separator, 'T' | ' ') {
            return None;
        }
        form.separator = Some(separator);
        let rest = text.get(11..)?;
        let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
        let (clock, zone) = rest.split_at(zone_at);
        form.zone = zone.to_string();
        let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, digits)| (clock, Some(digits)));
        form.has_seconds = clock.len() == 8;
        let digits = fraction.unwrap_or_default();
        form.fraction = digits.len();
        let is_sound = digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.len() <= 9;
        if !is_sound || fraction.is_some() && (digits.is_empty() || !form.has_seconds) {
            return None;
        }
        let time = NaiveTime::parse_from_str(clock, if form.has_seconds { "%H:%M:%S" } else { "%H:%M" }).ok()?;
        let nanos: u32 = format!("{digits:0<9}").parse().ok()?;
        let local = date.and_time(time) + TimeDelta::nanoseconds(i64::from(nanos));
        Some(Instant { local, east: seconds_east(zone)?, form })
    }

    fn utc(&self) -> NaiveDateTime {
        self.local - TimeDelta::seconds(i64::from(self.east))
    }

    /// Of a date alone the day in which the earlier moment lies: a few rows more are asked for, and none is missed.
    fn minus(&self, lag: Duration) -> Option<Instant> {
        let local = self.local.checked_sub_signed(TimeDelta::from_std(lag).ok()?)?;
        Some(Instant { local, ..self.clone() })
    }

    fn text(&self) -> String {
        let TimeForm { separator, has_seconds, fraction, zone } = &self.form;
        let date = self.local.format("%Y-%m-%d");
        let Some(separator) = separator else { return date.to_string() };
        let mut text =
            format!("{date}{separator}{}", self.local.format(if *has_seconds { "%H:%M:%S" } else { "%H:%M" }));
        if *fraction > 0 {
            text += &format!(".{}", &self.local.format("%9f").to_string()[..*fraction]);
        }
        text + zone
    }
}

/// `Z`, `+01`, `-0330` or `+05:30` as seconds; nothing is UTC.
fn seconds_east(zone: &str) -> Option<i32> {
    if matches!(zone, "" | "Z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 2 | 4 | 6) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    Some(sign * (part(0)? * 3600 + part(2)? * 60 + part(4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_leads_back_in_the_same_writing() {
        let hour = Lag::Time(Duration::from_secs(3600));
        let number = |lag: &str| Lag::Number(lag.into());
        for (text, lag, expected) in [
            ("2026-03-01 00:30:00.123456+00", &hour, "2026-02-28 23:30:00.123456+00"),
            ("2026-03-01T00:30:00Z", &hour, "2026-02-28T23:30:00Z"),
            ("2026-03-01T00:30+05:30", &hour, "2026-02-28T23:30+05:30"),
            ("2026-03-01 00:00:00.5", &hour, "2026-02-28 23:00:00.5"),
            ("2026-03-01", &hour, "2026-02-28"),
            ("100", &number("100"), "0"),
            ("5", &number("7"), "-2"),
            ("1.05", &number("0.1"), "0.95"),
            ("12345678901234567890", &number("1"), "12345678901234567889"),
        ] {
            assert_eq!(before(text, Some(lag)).unwrap(), expected);
            assert_eq!(before(text, None).unwrap(), text);
        }
        for (text, lag) in [("5", &hour), ("abc", &hour), ("2026-03-01", &number("1")), ("abc", &number("1"))] {
            let error = before(text, Some(lag)).unwrap_err();
            assert!(error.to_string().starts_with(&format!("the cursor's value is `{text}`")), "{error}");
        }
    }

    #[test]
    fn points_are_compared_by_what_they_are() {
        let compare = |one: &str, other: &str| CursorPoint::of(one).compare(&CursorPoint::of(other));
        assert_eq!(compare("9", "10"), Some(Ordering::Less));
        assert_eq!(compare("1.50", "1.5"), Some(Ordering::Equal));
        assert_eq!(compare("2026-03-01T02:00:00+02:00", "2026-03-01T00:00:00.0Z"), Some(Ordering::Equal));
        assert_eq!(compare("2026-03-01", "2026-03-01T00:00:01"), Some(Ordering::Less));
        assert_eq!(compare("b", "a"), Some(Ordering::Greater));
        assert_eq!(compare("9", "2026-03-01"), None);
        assert_eq!(CursorPoint::of("2026-13-01"), CursorPoint::Text("2026-13-01".into()));
        assert_eq!(CursorPoint::of("1e5"), CursorPoint::Text("1e5".into()));
        assert_eq!(utc("2026-03-01T02:00+02:00").unwrap(), "2026-03-01 00:00:00.000000");
        assert!(utc("soon").is_err());
        let types =
            ["7", "7.5", "2026-01-01", "2026-01-01T00:00:00Z", "x"].map(|text| CursorPoint::of(text).type_name());
        assert_eq!(types, ["bigint", "decimal", "date", "timestamp", "string"]);
    }
}
