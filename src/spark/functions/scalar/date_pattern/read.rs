//! Texts to times.

use super::{DateUnit, Distance, Item, MONTHS, Pattern, named};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::zones::TimeZone;
use crate::spark::text::{MICROS, days};

/// What a text says of a time.
#[derive(Debug, PartialEq)]
pub struct PatternTime {
    /// What a clock showed.
    pub local_micros: i64,
    pub zone: Option<TimeZone>,
}

/// What a text has said so far.
#[derive(Default, Clone)]
struct PatternParts {
    numbers: Vec<(DateUnit, i64)>,
    micros: i64,
    half: Option<i64>,
    is_before_christ: bool,
    zone: Option<TimeZone>,
}

impl Pattern {
    /// Reads a text that is just what the pattern says; what it does not say is of 1970-01-01 00:00:00.
    pub fn read(&self, text: &str) -> Option<PatternTime> {
        let (said, rest) = read_items(&self.items, text, PatternParts::default())?;
        if !rest.is_empty() {
            return None;
        }
        Some(PatternTime { local_micros: said.micros()?, zone: said.zone })
    }
}

fn read_items<'t>(items: &[Item], text: &'t str, mut said: PatternParts) -> Option<(PatternParts, &'t str)> {
    let mut rest = text;
    for (place, item) in items.iter().enumerate() {
        rest = match item {
            Item::Text(plain) => without_prefix(rest, plain)?,
            Item::Number(unit, width) => {
                let is_adjacent =
                    matches!(items.get(place + 1), Some(Item::Number(..) | Item::ShortYear | Item::Fraction(_)));
                let most = match (is_adjacent, width, unit) {
                    (true, ..) | (false, 2.., DateUnit::Month | DateUnit::Day) => *width,
                    (false, _, DateUnit::Year) => 9,
                    (false, _, DateUnit::DayOfYear) => 3,
                    (false, ..) => (*width).max(2),
                };
                let (number, after) = year_or_digits(rest, *unit, *width, most)?;
                said.numbers.push((*unit, number));
                after
            }
            Item::ShortYear => {
                let (number, after) = digits(rest, 2, 2)?;
                said.numbers.push((DateUnit::Year, 2000 + number));
                after
            }
            Item::Era { full } => {
                let names = if *full { ["Anno Domini", "Before Christ"] } else { ["AD", "BC"] };
                let (place, after) = one_of(&names, rest)?;
                said.is_before_christ = place == 1;
                after
            }
            Item::MonthName { short } => {
                let (place, after) = one_of(&MONTHS.map(|month| named(month, *short)), rest)?;
                said.numbers.push((DateUnit::Month, place + 1));
                after
            }
            Item::Half => {
                let (place, after) = one_of(&["AM", "PM"], rest)?;
                said.half = Some(place);
                after
            }
            Item::Fraction(most) => {
                let (number, after) = digits(rest, 1, *most)?;
                let read = rest.len() - after.len();
                // Of nanoseconds what is finer than a microsecond is cut off.
                said.micros = number * 10_i64.pow(9 - read as u32) / 1000;
                after
            }
            Item::Distance(distance) => {
                let (seconds, after) = read_distance(distance, rest)?;
                said.zone = Some(TimeZone::Fixed(seconds));
                after
            }
            Item::Zone(_) => {
                let (zone, after) = read_zone(rest)?;
                said.zone = Some(zone);
                after
            }
            Item::Optional(inner) => match read_items(inner, rest, said.clone()) {
                Some((more, after)) => {
                    said = more;
                    after
                }
                None => rest,
            },
            // Not in a pattern that reads.
            Item::DayName { .. } | Item::QuarterName { .. } => return None,
        };
    }
    Some((said, rest))
}

impl PatternParts {
    /// `None` if there is no such day or time, or if two parts of the text contradict one another.
    fn micros(&self) -> Option<i64> {
        let of = |wanted: DateUnit| self.numbers.iter().find(|(unit, _)| *unit == wanted).map(|(_, number)| *number);
        let year = match of(DateUnit::Year).unwrap_or(1970) {
            year if self.is_before_christ => 1 - year,
            year => year,
        };
        let days = match of(DateUnit::DayOfYear) {
            Some(day) => {
                let days = days::of_civil(year, 1, 1)? + day - 1;
                let (of_year, month, of_month) = days::civil(days);
                let is_said = |unit, number: i64| of(unit).is_none_or(|said| said == number);
                let agrees = is_said(DateUnit::Month, month.into()) && is_said(DateUnit::Day, of_month.into());
                (day >= 1 && of_year == year && agrees).then_some(days)?
            }
            None => {
                let month = u32::try_from(of(DateUnit::Month).unwrap_or(1)).ok()?;
                days::of_civil(year, month, u32::try_from(of(DateUnit::Day).unwrap_or(1)).ok()?)?
            }
        };
        let half = self.half.unwrap_or(0) * 12;
        let in_range = |number: i64, from: i64, to: i64| (from..=to).contains(&number).then_some(number);
        let hour = if let Some(hour) = of(DateUnit::Hour) {
            in_range(hour, 0, 23)?
        } else if let Some(hour) = of(DateUnit::ClockHour) {
            in_range(hour, 1, 24)? % 24
        } else if let Some(hour) = of(DateUnit::HourOfHalf) {
            in_range(hour, 0, 11)? + half
        } else if let Some(hour) = of(DateUnit::ClockHourOfHalf) {
            in_range(hour, 1, 12)? % 12 + half
        } else {
            half
        };
        let minute = in_range(of(DateUnit::Minute).unwrap_or(0), 0, 59)?;
        let second = in_range(of(DateUnit::Second).unwrap_or(0), 0, 59)?;
        let of_day = ((hour * 60 + minute) * 60 + second) * MICROS + self.micros;
        days.checked_mul(MICROS_PER_DAY)?.checked_add(of_day)
    }
}

/// In any letter case.
fn without_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// A year of four letters or more may have a sign; with a plus it has more digits than letters.
fn year_or_digits(text: &str, unit: DateUnit, least: usize, most: usize) -> Option<(i64, &str)> {
    match (unit, text.as_bytes().first()) {
        (DateUnit::Year, Some(b'-')) => {
            let (number, rest) = digits(&text[1..], least, most)?;
            Some((-number, rest))
        }
        (DateUnit::Year, Some(b'+')) if least >= 4 => digits(&text[1..], least + 1, most),
        (DateUnit::Year, _) if least >= 4 && most > least => digits(text, least, least),
        _ => digits(text, least, most),
    }
}

/// A number of at least and at most so many digits, and what follows it.
fn digits(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if end < least.max(1) {
        return None;
    }
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn one_of<'t>(names: &[&str], text: &'t str) -> Option<(i64, &'t str)> {
    names.iter().enumerate().find_map(|(place, name)| Some((place as i64, without_prefix(text, name)?)))
}

fn read_distance<'t>(distance: &Distance, text: &'t str) -> Option<(i32, &'t str)> {
    if distance.none == "Z"
        && let Some(rest) = without_prefix(text, "Z")
    {
        return Some((0, rest));
    }
    let text = without_prefix(text, distance.prefix)?;
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ if distance.prefix == "GMT" => return Some((0, text)),
        _ => return None,
    };
    let (hours, mut rest) = digits(&text[1..], if distance.prefix == "GMT" { 1 } else { 2 }, 2)?;
    let mut minutes = 0;
    let after = if distance.has_colon { rest.strip_prefix(':') } else { Some(rest) };
    match after.and_then(|after| digits(after, 2, 2)) {
        Some((number, after)) => (minutes, rest) = (number, after),
        None if distance.has_minutes => return None,
        None => {}
    }
    let seconds = hours * 3600 + minutes * 60;
    (minutes < 60 && seconds <= 18 * 3600).then_some((sign * seconds as i32, rest))
}

/// The longest name that is one; a distance alone has a colon.
fn read_zone(text: &str) -> Option<(TimeZone, &str)> {
    if text.starts_with(['+', '-']) {
        let distance = Distance { has_minutes: false, has_colon: true, none: "+00:00", prefix: "" };
        return read_distance(&distance, text).map(|(seconds, rest)| (TimeZone::Fixed(seconds), rest));
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-' | ':');
    let longest = text.find(|c: char| !is_of_name(c)).unwrap_or(text.len());
    (1..=longest).rev().find_map(|end| Some((TimeZone::named(&text[..end])?, &text[end..])))
}
