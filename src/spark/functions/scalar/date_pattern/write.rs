//! Times to texts, in UTC.

use std::fmt::Write;

use super::{DAYS, DateUnit, Item, MONTHS, Pattern, ZoneName, named};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::{MICROS, days};

/// A time in its parts.
struct TimeParts {
    year: i64,
    month: u32,
    day: u32,
    days: i64,
    /// Seconds of the day.
    seconds: i64,
    micros: i64,
}

impl TimeParts {
    fn of(micros: i64) -> TimeParts {
        let days = micros.div_euclid(MICROS_PER_DAY);
        let (year, month, day) = days::civil(days);
        let of_day = micros.rem_euclid(MICROS_PER_DAY);
        TimeParts { year, month, day, days, seconds: of_day / MICROS, micros: of_day % MICROS }
    }

    fn number(&self, unit: DateUnit) -> i64 {
        let hour = self.seconds / 3600;
        match unit {
            DateUnit::Year => self.year,
            DateUnit::Quarter => i64::from((self.month - 1) / 3 + 1),
            DateUnit::Month => i64::from(self.month),
            DateUnit::Day => i64::from(self.day),
            DateUnit::DayOfYear => self.days - days::of_civil(self.year, 1, 1).unwrap_or(self.days) + 1,
            DateUnit::WeekOfMonth => i64::from((self.day - 1) % 7 + 1),
            DateUnit::Hour => hour,
            DateUnit::ClockHour => (hour + 23) % 24 + 1,
            DateUnit::HourOfHalf => hour % 12,
            DateUnit::ClockHourOfHalf => (hour + 11) % 12 + 1,
            DateUnit::Minute => self.seconds / 60 % 60,
            DateUnit::Second => self.seconds % 60,
        }
    }
}

impl Pattern {
    pub fn write(&self, micros: i64) -> String {
        let mut text = String::new();
        self.write_items(&mut text, &self.items, &TimeParts::of(micros));
        text
    }

    fn write_items(&self, text: &mut String, items: &[Item], parts: &TimeParts) {
        // Before the year 1 there is no year 0.
        let year = if self.has_era && parts.year < 1 { 1 - parts.year } else { parts.year };
        for item in items {
            let _ = match item {
                Item::Text(plain) => text.write_str(plain),
                Item::Number(DateUnit::Year, width @ 4..) => match year {
                    _ if year < 0 => write!(text, "-{:0width$}", -year),
                    _ if year.to_string().len() > *width => write!(text, "+{year}"),
                    _ => write!(text, "{year:0width$}"),
                },
                Item::Number(DateUnit::Year, width) if year < 0 => write!(text, "-{:0width$}", -year),
                Item::Number(DateUnit::Year, width) => write!(text, "{year:0width$}"),
                Item::Number(unit, width) => write!(text, "{:0width$}", parts.number(*unit)),
                Item::ShortYear => write!(text, "{:02}", year.rem_euclid(100)),
                Item::Era { full } => text.write_str(match (parts.year > 0, full) {
                    (true, false) => "AD",
                    (false, false) => "BC",
                    (true, true) => "Anno Domini",
                    (false, true) => "Before Christ",
                }),
                Item::MonthName { short } => text.write_str(named(MONTHS[parts.month as usize - 1], *short)),
                Item::DayName { short } => text.write_str(named(DAYS[(parts.days + 3).rem_euclid(7) as usize], *short)),
                Item::QuarterName { short: true } => write!(text, "Q{}", parts.number(DateUnit::Quarter)),
                Item::QuarterName { short: false } => {
                    let ordinal = ["1st", "2nd", "3rd", "4th"][(parts.month as usize - 1) / 3];
                    write!(text, "{ordinal} quarter")
                }
                Item::Half => text.write_str(if parts.seconds < 12 * 3600 { "AM" } else { "PM" }),
                Item::Fraction(digits) => {
                    let nanos = format!("{:09}", parts.micros * 1000);
                    text.write_str(nanos.get(..*digits).unwrap_or(&nanos))
                }
                Item::Distance(distance) => text.write_str(distance.none),
                Item::Zone(ZoneName::Id | ZoneName::Short) => text.write_str("UTC"),
                Item::Zone(ZoneName::Full) => text.write_str("Coordinated Universal Time"),
                Item::Optional(items) => {
                    self.write_items(text, items, parts);
                    Ok(())
                }
            };
        }
    }
}
