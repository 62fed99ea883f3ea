//! Dates as texts and from texts: days since 1970-01-01 of the proleptic Gregorian calendar, of any year that fits.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html>: `CAST('…' AS date)` takes `yyyy`, `yyyy-[m]m`,
//! `yyyy-[m]m-[d]d`, and after the day a blank or a `T` and anything.

use std::fmt::Write;

use super::trimmed;

/// Year, month from 1, day from 1 (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
pub fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// `None` for a day that there is not.
pub fn of_civil(year: i64, month: u32, day: u32) -> Option<i64> {
    let is_leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(era * 146_097 + of_era - 719_468)
}

/// `2024-01-02`; years beyond 9999 with a plus.
pub fn write(text: &mut String, days: i64) {
    let (year, month, day) = civil(days);
    write_year(text, year);
    let _ = write!(text, "-{month:02}-{day:02}");
}

fn write_year(text: &mut String, year: i64) {
    let _ = match year {
        0..=9999 => write!(text, "{year:04}"),
        10_000.. => write!(text, "+{year}"),
        _ => write!(text, "-{:04}", -year),
    };
}

/// `stringToDate` in Spark's `SparkDateTimeUtils`.
pub fn read(text: &[u8]) -> Option<i32> {
    plain(text).or_else(|| any_day(text))
}

/// `2024-01-02`, as days are mostly written, read quickly; `None` for all others.
pub fn plain(text: &[u8]) -> Option<i32> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let mut parts = [0_u32; 3];
    for (part, digits) in parts.iter_mut().zip([&[*y1, *y2, *y3, *y4][..], &[*m1, *m2], &[*d1, *d2]]) {
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            *part = *part * 10 + u32::from(digit);
        }
    }
    i32::try_from(of_civil(i64::from(parts[0]), parts[1], parts[2])?).ok()
}

fn any_day(text: &[u8]) -> Option<i32> {
    let text = trimmed(text);
    let (sign, rest) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    let is_valid = |part: usize, digits: usize| match part {
        0 => (4..=7).contains(&digits),
        _ => (1..=2).contains(&digits),
    };
    let mut parts = [1_i64; 3];
    let (mut part, mut value, mut digits, mut at) = (0, 0, 0, 0);
    while at < rest.len() && rest[at] != b' ' && rest[at] != b'T' {
        match rest[at] {
            b'-' if part < 2 => {
                if !is_valid(part, digits) {
                    return None;
                }
                parts[part] = value;
                (part, value, digits) = (part + 1, 0, 0);
            }
            digit @ b'0'..=b'9' if digits < 8 => {
                value = value * 10 + i64::from(digit - b'0');
                digits += 1;
            }
            _ => return None,
        }
        at += 1;
    }
    // What has no day has nothing behind it.
    if !is_valid(part, digits) || (part < 2 && at < rest.len()) {
        return None;
    }
    parts[part] = value;
    let days = of_civil(sign * parts[0], u32::try_from(parts[1]).ok()?, u32::try_from(parts[2]).ok()?)?;
    i32::try_from(days).ok()
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    fn text(days: i64) -> String {
        let mut text = String::new();
        write(&mut text, days);
        text
    }

    #[test]
    fn dates_are_read_as_spark_does() {
        // Asked of PySpark 4.3: `CAST('…' AS date)`.
        for (written, date) in [
            ("2024", "2024-01-01"),
            ("2024-1", "2024-01-01"),
            ("2024-1-2", "2024-01-02"),
            ("2024-01-02T", "2024-01-02"),
            ("2024-01-02Tfoo", "2024-01-02"),
            ("2024-01-02 foo", "2024-01-02"),
            (" 2024-01-02 ", "2024-01-02"),
            ("0001-01-01", "0001-01-01"),
            ("0000-01-01", "0000-01-01"),
            ("-0001-01-01", "-0001-01-01"),
            ("+2024-01-01", "2024-01-01"),
            ("10000-01-01", "+10000-01-01"),
            ("1234567-01-01", "+1234567-01-01"),
        ] {
            assert_eq!(read(written.as_bytes()).map(|days| text(i64::from(days))).as_deref(), Some(date), "{written}");
        }
        let wrong = [
            "",
            " ",
            "2024-01-02foo",
            "2024-13-01",
            "2024-02-30",
            "12345678-01-01",
            "24-01-01",
            "024-01-01",
            "2024-001-01",
            "2024-01-001",
            "2024/01/01",
            "2024-",
            "2024-01-",
            "T",
            "-",
            "2024-01T",
            "9999999-01-01",
        ];
        for written in wrong {
            assert_eq!(read(written.as_bytes()), None, "{written}");
        }
    }

    #[test]
    fn what_is_mostly_written_is_read_quickly() {
        assert_eq!(plain(b"1970-01-02"), Some(1));
        assert_eq!(plain(b"2024-02-29"), Some(19_782));
        for other in ["2023-02-29", "2024-1-02", "2024-01-02 ", "24-01-02", "2024/01/02", "-024-01-02"] {
            assert_eq!(plain(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn quickly_or_not_it_is_the_same(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9-]{8,11}") {
            if let Some(days) = plain(text.as_bytes()) {
                prop_assert_eq!(any_day(text.as_bytes()), Some(days));
            }
        }

        #[test]
        fn days_are_those_of_the_calendar(days in -80_000_000_i32..80_000_000) {
            let (year, month, day) = civil(i64::from(days));
            prop_assert_eq!(of_civil(year, month, day), Some(i64::from(days)));
            if let Some(date) = NaiveDate::from_epoch_days(days) {
                prop_assert_eq!((i64::from(date.year()), date.month(), date.day()), (year, month, day));
            }
        }

        #[test]
        fn what_is_written_reads_back(days in -700_000_000_i32..2_000_000_000) {
            prop_assert_eq!(read(text(i64::from(days)).as_bytes()), Some(days));
        }
    }
}
