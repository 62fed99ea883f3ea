//! Which units an interval has: `interval day`, `interval hour to second`, `interval year to month`, and how it is written.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html>. The engine's types do not know them, so they are written beside the
//! type of a column. An interval of years and months is kept as months, one of days alone as a duration in seconds, and any
//! other as one in microseconds.

use std::collections::HashMap;
use std::fmt::Write;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use super::text::MICROS;
use super::text::times::MICROS_PER_DAY;

pub const DAYS: DataType = DataType::Duration(TimeUnit::Second);
pub const DAY_TIME: DataType = DataType::Duration(TimeUnit::Microsecond);
pub const YEAR_MONTH: DataType = DataType::Interval(IntervalUnit::YearMonth);

const KEY: &str = "trapiche.interval";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

const NAMES: [(&str, Unit, i64); 6] = [
    ("year", Unit::Year, 12),
    ("month", Unit::Month, 1),
    ("day", Unit::Day, MICROS_PER_DAY),
    ("hour", Unit::Hour, 3600 * MICROS),
    ("minute", Unit::Minute, 60 * MICROS),
    ("second", Unit::Second, MICROS),
];

impl Unit {
    pub fn named(name: &str) -> Option<Unit> {
        NAMES.iter().find(|(known, ..)| *known == name).map(|(_, unit, _)| *unit)
    }

    fn name(self) -> &'static str {
        NAMES.iter().find(|(_, unit, _)| *unit == self).map_or("", |(name, ..)| name)
    }

    /// In months or in microseconds.
    pub fn length(self) -> i64 {
        NAMES.iter().find(|(_, unit, _)| *unit == self).map_or(1, |(.., length)| *length)
    }

    pub fn is_of_months(self) -> bool {
        self <= Unit::Month
    }
}

/// From the longest unit to the shortest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitRange {
    pub from: Unit,
    pub to: Unit,
}

impl UnitRange {
    pub const YEAR_TO_MONTH: UnitRange = UnitRange { from: Unit::Year, to: Unit::Month };
    pub const DAY_TO_SECOND: UnitRange = UnitRange { from: Unit::Day, to: Unit::Second };
    pub const DAY: UnitRange = UnitRange { from: Unit::Day, to: Unit::Day };

    /// `None` for units that do not go together.
    pub fn of_units(units: &[Unit]) -> Option<UnitRange> {
        let (from, to) = (*units.iter().min()?, *units.iter().max()?);
        (from.is_of_months() == to.is_of_months()).then_some(UnitRange { from, to })
    }

    /// Of `day to second`.
    pub fn named(name: &str) -> Option<UnitRange> {
        let (from, to) = name.split_once(" to ").unwrap_or((name, name));
        UnitRange::of_units(&[Unit::named(from)?, Unit::named(to)?])
    }

    /// What is said beside a type; nothing of what the engine casts by itself.
    pub fn said(field: &Field) -> Option<UnitRange> {
        field.metadata().get(KEY).and_then(|name| UnitRange::named(name))
    }

    /// What a column says, or what its type has without a word; `None` where it is no such interval.
    pub fn of_field(field: &Field) -> Option<UnitRange> {
        let said = UnitRange::said(field);
        let usual = match field.data_type() {
            DataType::Interval(IntervalUnit::YearMonth) => UnitRange::YEAR_TO_MONTH,
            DataType::Duration(TimeUnit::Second) => UnitRange::DAY,
            DataType::Duration(_) => UnitRange::DAY_TO_SECOND,
            _ => return None,
        };
        Some(said.filter(|said| said.from.is_of_months() == usual.from.is_of_months()).unwrap_or(usual))
    }

    pub fn with(self, other: UnitRange) -> UnitRange {
        UnitRange { from: self.from.min(other.from), to: self.to.max(other.to) }
    }

    pub fn name(self) -> String {
        let (from, to) = (self.from.name(), self.to.name());
        if self.from == self.to { from.to_string() } else { format!("{from} to {to}") }
    }

    pub fn data_type(self) -> DataType {
        match self {
            UnitRange::DAY => DAYS,
            range if range.from.is_of_months() => YEAR_MONTH,
            _ => DAY_TIME,
        }
    }

    pub fn field(self, name: &str) -> Field {
        let said = HashMap::from([(KEY.to_string(), self.name())]);
        Field::new(name, self.data_type(), true).with_metadata(said)
    }

    /// Of months or microseconds: `INTERVAL '1 02:03' DAY TO MINUTE`.
    pub fn spelled(self, amount: i64) -> String {
        let mut text = format!("INTERVAL '{}", if amount < 0 { "-" } else { "" });
        let mut rest = amount.unsigned_abs();
        let mut take = |unit: Unit| {
            let length = unit.length().unsigned_abs();
            let (whole, left) = (rest / length, rest % length);
            rest = left;
            whole
        };
        let units = [Unit::Year, Unit::Month, Unit::Day, Unit::Hour, Unit::Minute, Unit::Second];
        for unit in units.into_iter().filter(|unit| (self.from..=self.to).contains(unit)) {
            let is_first = unit == self.from;
            let between = match unit {
                _ if is_first => "",
                Unit::Month => "-",
                Unit::Hour => " ",
                _ => ":",
            };
            let whole = take(unit);
            let _ = match unit {
                Unit::Year | Unit::Month | Unit::Day => write!(text, "{between}{whole}"),
                Unit::Hour | Unit::Minute | Unit::Second => write!(text, "{between}{whole:02}"),
            };
        }
        if self.to == Unit::Second && rest > 0 {
            let _ = write!(text, ".{rest:06}");
            text.truncate(text.trim_end_matches('0').len());
        }
        let _ = write!(text, "' {}", self.name().to_uppercase());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_written_in_their_units() {
        // Asked of PySpark 4.3: `CAST(INTERVAL … AS STRING)`.
        for (units, amount, text) in [
            ("day", MICROS_PER_DAY, "INTERVAL '1' DAY"),
            ("minute", 90 * 60 * MICROS, "INTERVAL '90' MINUTE"),
            ("second", 1_500_000, "INTERVAL '01.5' SECOND"),
            ("day to hour", MICROS_PER_DAY + 2 * 3600 * MICROS, "INTERVAL '1 02' DAY TO HOUR"),
            ("hour to minute", -9000 * MICROS, "INTERVAL '-02:30' HOUR TO MINUTE"),
            ("day to second", 3 * MICROS_PER_DAY, "INTERVAL '3 00:00:00' DAY TO SECOND"),
            ("year to month", 14, "INTERVAL '1-2' YEAR TO MONTH"),
            ("month", -2_147_483_648, "INTERVAL '-2147483648' MONTH"),
            ("year", 24, "INTERVAL '2' YEAR"),
        ] {
            assert_eq!(UnitRange::named(units).unwrap().spelled(amount), text);
        }
        assert_eq!(UnitRange::of_units(&[Unit::Month, Unit::Day]), None);
    }
}
