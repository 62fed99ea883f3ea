//! Timestamps as texts and from texts: microseconds since 1970-01-01 00:00:00 UTC.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html>: `CAST('…' AS timestamp)` takes a date, or a date, a blank or a
//! `T`, and `[h]h:[m]m:[s]s.f…` with a zone, from the right only so much less as leaves `[h]h`.

use std::fmt::Write;

use super::zones::TimeZone;
use super::{MICROS, days, trimmed};

pub const MICROS_PER_DAY: i64 = 86_400 * MICROS;

/// `2024-01-02 03:04:05.12`: with as many digits of the second's fraction as it has.
pub fn write(text: &mut String, micros: i64) {
    days::write(text, micros.div_euclid(MICROS_PER_DAY));
    let of_day = micros.rem_euclid(MICROS_PER_DAY);
    let (seconds, fraction) = (of_day / MICROS, of_day % MICROS);
    let _ = write!(text, " {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction > 0 {
        let _ = write!(text, ".{fraction:06}");
        text.truncate(text.trim_end_matches('0').len());
    }
}

/// What a text says of a time.
#[derive(Debug, PartialEq)]
pub struct ReadTime {
    /// What a clock showed; `None` for a time of day alone, which is one of the day on which it is read.
    pub local_micros: Option<i64>,
    pub zone: Option<TimeZone>,
}

/// `parseTimestampString` in Spark's `SparkDateTimeUtils`, step by step: what it takes is what these steps let through.
pub fn read(text: &[u8]) -> Option<ReadTime> {
    let text = trimmed(text);
    let (sign, text) = match text {
        [b'-', rest @ ..] => (Some(-1), rest),
        [b'+', rest @ ..] => (Some(1), rest),
        rest => (None, rest),
    };
    if text.is_empty() && sign.is_none() {
        return None;
    }
    let is_valid = |part: usize, digits: usize| match part {
        0 => (4..=6).contains(&digits),
        6 => true,
        7 => digits <= 2,
        _ => (1..=2).contains(&digits),
    };
    // Year, month, day, hour, minute, second, microsecond; and one behind the zone.
    let mut parts = [1_i64, 1, 1, 0, 0, 0, 0, 0];
    let (mut part, mut value, mut digits) = (0, 0_i64, 0);
    let (mut fraction_digits, mut is_time_alone, mut zone) = (0, false, None);
    for (at, byte) in text.iter().enumerate() {
        if byte.is_ascii_digit() {
            fraction_digits += usize::from(part == 6);
            // What is finer than a microsecond is cut off; no other part has so many digits.
            if digits < 6 || (part != 6 && digits < 9) {
                value = value * 10 + i64::from(byte - b'0');
            }
            digits += 1;
            continue;
        }
        let next = match (part, byte) {
            (0, b'T') if at == 0 && sign.is_none() => {
                (is_time_alone, part) = (true, 3);
                continue;
            }
            (0 | 1, b'-') | (2, b' ' | b'T') | (3 | 4, b':') | (5, b'.') => part + 1,
            (0, b':') if sign.is_none() => {
                (is_time_alone, part) = (true, 3);
                4
            }
            (5 | 6, _) => {
                zone = Some(std::str::from_utf8(&text[at..]).ok()?);
                7
            }
            _ => return None,
        };
        if !is_valid(part, digits) {
            return None;
        }
        parts[part] = value;
        (part, value, digits) = (next, 0, 0);
        if zone.is_some() {
            break;
        }
    }
    if !is_valid(part, digits) {
        return None;
    }
    parts[part] = value;
    for _ in fraction_digits..6 {
        parts[6] *= 10;
    }
    let zone = match zone {
        Some(name) => Some(TimeZone::named(name.trim())?),
        None => None,
    };
    let [year, month, day, hour, minute, second, fraction, _] = parts;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local_micros = match is_time_alone {
        true => None,
        false => {
            let days = days::of_civil(sign.unwrap_or(1) * year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
            let of_day = ((hour * 60 + minute) * 60 + second) * MICROS + fraction;
            // In wider numbers: of the first day only a part fits.
            let micros = i128::from(days) * i128::from(MICROS_PER_DAY) + i128::from(of_day);
            Some(i64::try_from(micros).ok()?)
        }
    };
    Some(ReadTime { local_micros, zone })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(micros: i64) -> String {
        let mut text = String::new();
        write(&mut text, micros);
        text
    }

    fn instant(written: &str) -> Option<String> {
        let read = read(written.as_bytes())?;
        read.zone.unwrap_or(TimeZone::Fixed(0)).instant(read.local_micros?).map(text)
    }

    #[test]
    fn timestamps_are_read_as_spark_does() {
        // Asked of PySpark 4.3: `CAST('…' AS timestamp)`.
        let right = [
            ("2024-01-02", "2024-01-02 00:00:00"),
            ("2024", "2024-01-01 00:00:00"),
            ("2024-01", "2024-01-01 00:00:00"),
            ("2024-01-02T03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02 3:4:5", "2024-01-02 03:04:05"),
            ("2024-01-02 03:04", "2024-01-02 03:04:00"),
            ("2024-01-02 03", "2024-01-02 03:00:00"),
            ("2024-01-02 ", "2024-01-02 00:00:00"),
            ("2024-01-02 03:04:05.", "2024-01-02 03:04:05"),
            ("2024-01-02 03:04:05.1", "2024-01-02 03:04:05.1"),
            ("2024-01-02 03:04:05.1234567890123", "2024-01-02 03:04:05.123456"),
            ("2024-01-02 03:04:05Z", "2024-01-02 03:04:05"),
            ("2024-01-02 03:04:05 Z", "2024-01-02 03:04:05"),
            ("2024-01-02 03:04:05.5 Z", "2024-01-02 03:04:05.5"),
            ("2024-01-02 03:04:05+01", "2024-01-02 02:04:05"),
            ("2024-01-02 03:04:05+01:30", "2024-01-02 01:34:05"),
            ("2024-01-02 03:04:05+1:3", "2024-01-02 02:01:05"),
            ("2024-01-02 03:04:05-01:30:15", "2024-01-02 04:34:20"),
            ("2024-01-02 03:04:05UTC+2", "2024-01-02 01:04:05"),
            ("2024-01-02 03:04:05 Europe/Berlin", "2024-01-02 02:04:05"),
            ("2024-01-02 03:04:05 PST", "2024-01-02 11:04:05"),
            ("2024-01-02 03:04:05+18:00", "2024-01-01 09:04:05"),
            ("9999-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999"),
            ("294247-01-10 04:00:54.775807", "+294247-01-10 04:00:54.775807"),
            ("-290308-12-21 19:59:05.224192", "-290308-12-21 19:59:05.224192"),
            ("0001-01-01 00:00:00", "0001-01-01 00:00:00"),
            ("-0005-03-04 05:06:07", "-0005-03-04 05:06:07"),
        ];
        for (written, expected) in right {
            assert_eq!(instant(written).as_deref(), Some(expected), "{written}");
        }
        let wrong = [
            "",
            "+",
            "x",
            "2024-01-02 03:",
            "2024-01-02T",
            "2024-01-02 03:04:05+19:00",
            "2024-01-02 24:00:00",
            "2024-01-02 23:60:00",
            "2024-01-02 03:04Z",
            "2024-01-02 03Z",
            "2024-01-02Z",
            "294247-01-10 04:00:54.775808",
            "1234567-01-01",
            "24-01-01",
            "2024-02-30 00:00:00",
            "2024-01-02 03:04:05 Nowhere",
        ];
        for written in wrong {
            assert_eq!(instant(written), None, "{written}");
        }
        for alone in ["03:04:05", "T03:04:05"] {
            assert_eq!(read(alone.as_bytes()), Some(ReadTime { local_micros: None, zone: None }));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(micros in any::<i64>()) {
            prop_assert_eq!(instant(&text(micros)), Some(text(micros)));
        }

        #[test]
        fn no_text_stops_it(text in ".{0,40}") {
            let _ = read(text.as_bytes());
        }
    }
}
