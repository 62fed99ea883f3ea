//! Time zones by the names that Java gives them, and what they are away from UTC at a time.
//!
//! <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/time/ZoneId.html#of(java.lang.String)>

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeZone as _};
use chrono_tz::Tz;

use super::MICROS;

/// Where clocks are set alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeZone {
    /// So many seconds ahead of UTC.
    Fixed(i32),
    Region(Tz),
}

/// Java's `ZoneId.SHORT_IDS`.
const SHORT: [(&str, &str); 28] = [
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("EST", "-05:00"),
    ("HST", "-10:00"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("MST", "-07:00"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];

impl TimeZone {
    /// By a region (`Europe/Berlin`), a distance (`+02:00`, `+2`, `-0130`) or both (`UTC+2`).
    pub fn named(name: &str) -> Option<TimeZone> {
        let name = SHORT.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| long);
        if name == "Z" {
            return Some(TimeZone::Fixed(0));
        }
        if name.starts_with(['+', '-']) {
            return distance(name).map(TimeZone::Fixed);
        }
        for prefix in ["UTC", "GMT", "UT"] {
            match name.strip_prefix(prefix) {
                Some("") => return Some(TimeZone::Fixed(0)),
                Some(rest) if rest.starts_with(['+', '-']) => return distance(rest).map(TimeZone::Fixed),
                _ => {}
            }
        }
        name.parse().ok().map(TimeZone::Region)
    }

    /// The instant at which clocks there show this. Where they are set forward over it, as much later; where they show it
    /// twice, the first time. `None` beyond all timestamps.
    pub fn instant(self, local_micros: i64) -> Option<i64> {
        match self {
            TimeZone::Fixed(seconds) => local_micros.checked_sub(i64::from(seconds) * MICROS),
            TimeZone::Region(zone) => {
                let local = in_tables(DateTime::from_timestamp_micros(local_micros)?.naive_utc());
                let ahead = match zone.offset_from_local_datetime(&local).earliest() {
                    Some(offset) => offset.fix().local_minus_utc(),
                    None => before_gap(zone, local)?,
                };
                local_micros.checked_sub(i64::from(ahead) * MICROS)
            }
        }
    }

    /// What clocks there show at an instant.
    pub fn local(self, micros: i64) -> Option<i64> {
        let ahead = match self {
            TimeZone::Fixed(seconds) => seconds,
            TimeZone::Region(zone) => {
                let utc = in_tables(DateTime::from_timestamp_micros(micros)?.naive_utc());
                zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
            }
        };
        micros.checked_add(i64::from(ahead) * MICROS)
    }
}

/// Years for which there are tables of when clocks are set; in them the days fall on all days of the week, as they do in others.
const LAST_YEARS: std::ops::RangeInclusive<i32> = 2027..=2037;

/// The same time of a year of the tables. The rules of the last ones go on, as in Java: they name days of the week, so the year
/// is one whose days fall on the same, before March or from then on.
fn in_tables(time: NaiveDateTime) -> NaiveDateTime {
    if time.year() <= *LAST_YEARS.end() {
        return time;
    }
    let month = if time.month() < 3 { 1 } else { 3 };
    let begin = |year: i32| NaiveDate::from_ymd_opt(year, month, 1);
    let wanted = begin(time.year()).map(|day| day.weekday());
    let alike = LAST_YEARS.filter_map(begin).find(|day| Some(day.weekday()) == wanted);
    match (alike, begin(time.year())) {
        (Some(alike), Some(begin)) => time - (begin - alike),
        _ => time,
    }
}

/// How far a zone was ahead of UTC before clocks were set forward over this time.
fn before_gap(zone: Tz, local: NaiveDateTime) -> Option<i32> {
    // No gap is longer than a day.
    let day_before = local.checked_sub_signed(chrono::TimeDelta::days(1))?;
    Some(zone.offset_from_local_datetime(&day_before).latest()?.fix().local_minus_utc())
}

/// `+h`, `+hh`, `+hh:mm`, `+hhmm`, `+hh:mm:ss`, `+hhmmss`, and Spark's `+h:mm` and `+hh:m`.
fn distance(text: &str) -> Option<i32> {
    let (sign, digits) = text.split_at(1);
    let parts: Vec<&str> = match digits.contains(':') {
        true => digits.split(':').collect(),
        false if digits.is_ascii() && digits.len() > 2 && digits.len() % 2 == 0 => {
            (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]).collect()
        }
        false => vec![digits],
    };
    let number = |part: &&str| match part.len() {
        1..=2 if part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse::<i32>().ok(),
        _ => None,
    };
    let numbers: Vec<i32> = parts.iter().map(number).collect::<Option<_>>()?;
    let seconds = match numbers.as_slice() {
        [hours] => hours * 3600,
        [hours, minutes @ 0..=59] => hours * 3600 + minutes * 60,
        [hours, minutes @ 0..=59, seconds @ 0..=59] => hours * 3600 + minutes * 60 + seconds,
        _ => return None,
    };
    (seconds <= 18 * 3600).then_some(if sign == "-" { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_javas_names() {
        let fixed = [
            ("Z", 0),
            ("UTC", 0),
            ("UTC+2", 7200),
            ("GMT+02:00", 7200),
            ("+01", 3600),
            ("+1:3", 3780),
            ("-01:30:15", -5415),
            ("+0130", 5400),
            ("+18:00", 64_800),
            ("EST", -18_000),
        ];
        for (name, seconds) in fixed {
            assert_eq!(TimeZone::named(name), Some(TimeZone::Fixed(seconds)), "{name}");
        }
        for name in ["+19:00", "+18:01", "+1:60", "+", "Nowhere/City", "", "+123", "utc", "+1:2:3:4"] {
            assert_eq!(TimeZone::named(name), None, "{name}");
        }
        assert_eq!(TimeZone::named("PST"), Some(TimeZone::Region(chrono_tz::America::Los_Angeles)));
    }

    #[test]
    fn gaps_move_on_and_what_is_twice_is_the_first() {
        let berlin = TimeZone::named("Europe/Berlin").unwrap();
        let micros = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros();
        // 02:30 was no time on that day: clocks showed 03:30.
        assert_eq!(berlin.instant(micros("2024-03-31T02:30:00Z")), Some(micros("2024-03-31T01:30:00Z")));
        assert_eq!(berlin.instant(micros("2024-10-27T02:30:00Z")), Some(micros("2024-10-27T00:30:00Z")));
        assert_eq!(berlin.local(micros("2024-07-01T00:00:00Z")), Some(micros("2024-07-01T02:00:00Z")));
        // Beyond all tables, on the day on which clocks are set and on the one before it.
        assert_eq!(berlin.local(micros("9999-03-28T03:00:00Z")), Some(micros("9999-03-28T05:00:00Z")));
        assert_eq!(berlin.local(micros("9999-03-27T03:00:00Z")), Some(micros("9999-03-27T04:00:00Z")));
    }
}
