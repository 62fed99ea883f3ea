//! Java's patterns of dates and times, as far as Spark takes them.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html>. A letter that is not known here is an error: no
//! pattern is ever answered as text.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A pattern, read once.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(Vec<Item>);

#[derive(Debug, Clone, PartialEq)]
enum Item {
    Text(String),
    Number(Field, usize),
    /// The last two digits, from 2000 on.
    ShortYear,
    MonthName {
        short: bool,
    },
    DayName {
        short: bool,
    },
    /// AM or PM.
    Half,
    /// So many digits after the second.
    Fraction(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Year,
    Quarter,
    Month,
    Day,
    DayOfYear,
    /// 0 to 23
    Hour,
    /// 1 to 24
    ClockHour,
    /// 0 to 11
    HourOfHalf,
    /// 1 to 12
    ClockHourOfHalf,
    Minute,
    Second,
}

impl Pattern {
    /// # Errors
    /// A phrase that says what of the pattern is not understood.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let mut items = vec![];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' => items.push(Item::Text(quoted(&mut chars)?)),
                '[' | ']' | '{' | '}' | '#' => return Err(format!("`{c}` has no meaning in a pattern here")),
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while chars.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    items.push(item(letter, count)?);
                }
                other => items.push(Item::Text(other.to_string())),
            }
        }
        Ok(Pattern(items))
    }

    pub fn format(&self, time: &NaiveDateTime) -> String {
        let mut text = String::new();
        for item in &self.0 {
            match item {
                Item::Text(plain) => text.push_str(plain),
                Item::Number(field, width) => text.push_str(&format!("{:0width$}", field.of(time))),
                Item::ShortYear => text.push_str(&format!("{:02}", time.year().rem_euclid(100))),
                Item::MonthName { short } => text.push_str(named(MONTHS[time.month0() as usize], *short)),
                Item::DayName { short } => {
                    text.push_str(named(DAYS[time.weekday().num_days_from_monday() as usize], *short));
                }
                Item::Half => text.push_str(if time.hour() < 12 { "AM" } else { "PM" }),
                Item::Fraction(digits) => {
                    let nanos = format!("{:09}", time.nanosecond() % 1_000_000_000);
                    text.push_str(nanos.get(..*digits).unwrap_or(&nanos));
                }
            }
        }
        text
    }

    /// Reads a text that is just what the pattern says; what it does not say is of 1970-01-01 00:00:00.
    pub fn read(&self, text: &str) -> Option<NaiveDateTime> {
        let mut found = Fields::default();
        let mut rest = text;
        for (place, item) in self.0.iter().enumerate() {
            rest = match item {
                Item::Text(plain) => rest.strip_prefix(plain.as_str())?,
                Item::Number(field, width) => {
                    let is_adjacent =
                        matches!(self.0.get(place + 1), Some(Item::Number(..) | Item::ShortYear | Item::Fraction(_)));
                    let most = match (is_adjacent, width, field) {
                        (true, ..) | (false, 2.., Field::Month | Field::Day) => *width,
                        (false, _, Field::Year) => 9,
                        (false, _, Field::DayOfYear) => 3,
                        (false, ..) => (*width).max(2),
                    };
                    let (number, after) = digits(rest, *width, most)?;
                    found.numbers.push((*field, number));
                    after
                }
                Item::ShortYear => {
                    let (number, after) = digits(rest, 2, 2)?;
                    found.numbers.push((Field::Year, 2000 + number));
                    after
                }
                Item::MonthName { short } => {
                    let (place, after) = one_of(&MONTHS, *short, rest)?;
                    found.numbers.push((Field::Month, place + 1));
                    after
                }
                Item::DayName { short } => {
                    let (place, after) = one_of(&DAYS, *short, rest)?;
                    found.weekday = Some(place);
                    after
                }
                Item::Half => {
                    let (place, after) = one_of(&["AM", "PM"], false, rest)?;
                    found.half = Some(place);
                    after
                }
                Item::Fraction(wanted) => {
                    let (number, after) = digits(rest, *wanted, *wanted)?;
                    found.nanos = number * 10i64.pow(9 - *wanted as u32);
                    after
                }
            };
        }
        if rest.is_empty() { found.time() } else { None }
    }
}

impl Field {
    fn of(self, time: &NaiveDateTime) -> i64 {
        let hour = time.hour();
        i64::from(match self {
            Field::Year => return i64::from(time.year()),
            Field::Quarter => time.month0() / 3 + 1,
            Field::Month => time.month(),
            Field::Day => time.day(),
            Field::DayOfYear => time.ordinal(),
            Field::Hour => hour,
            Field::ClockHour => (hour + 23) % 24 + 1,
            Field::HourOfHalf => hour % 12,
            Field::ClockHourOfHalf => (hour + 11) % 12 + 1,
            Field::Minute => time.minute(),
            Field::Second => time.second(),
        })
    }
}

/// What a text has said so far.
#[derive(Default)]
struct Fields {
    numbers: Vec<(Field, i64)>,
    nanos: i64,
    half: Option<i64>,
    weekday: Option<i64>,
}

impl Fields {
    /// `None` if there is no such day or time, or if two parts of the text contradict one another.
    fn time(&self) -> Option<NaiveDateTime> {
        let of = |wanted: Field| self.numbers.iter().find(|(field, _)| *field == wanted).map(|(_, number)| *number);
        let year = i32::try_from(of(Field::Year).unwrap_or(1970)).ok()?;
        let date = match of(Field::DayOfYear) {
            Some(day) => NaiveDate::from_yo_opt(year, u32::try_from(day).ok()?)?,
            None => {
                let first = of(Field::Quarter).map_or(1, |quarter| (quarter - 1) * 3 + 1);
                let month = u32::try_from(of(Field::Month).unwrap_or(first)).ok()?;
                NaiveDate::from_ymd_opt(year, month, u32::try_from(of(Field::Day).unwrap_or(1)).ok()?)?
            }
        };
        let half = self.half.unwrap_or(0) * 12;
        let in_range = |number: i64, from: i64, to: i64| (from..=to).contains(&number).then_some(number);
        let hour = if let Some(hour) = of(Field::Hour) {
            in_range(hour, 0, 23)?
        } else if let Some(hour) = of(Field::ClockHour) {
            in_range(hour, 1, 24)? % 24
        } else if let Some(hour) = of(Field::HourOfHalf) {
            in_range(hour, 0, 11)? + half
        } else if let Some(hour) = of(Field::ClockHourOfHalf) {
            in_range(hour, 1, 12)? % 12 + half
        } else {
            half
        };
        let (minute, second) = (of(Field::Minute).unwrap_or(0), of(Field::Second).unwrap_or(0));
        let time = NaiveTime::from_hms_nano_opt(
            hour as u32,
            u32::try_from(minute).ok()?,
            u32::try_from(second).ok()?,
            u32::try_from(self.nanos).ok()?,
        )?;
        let is_that_day = self.weekday.is_none_or(|day| day == i64::from(date.weekday().num_days_from_monday()));
        is_that_day.then(|| date.and_time(time))
    }
}

/// What follows a quote: text up to the next one; two quotes are one.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    if chars.next_if_eq(&'\'').is_some() {
        return Ok("'".to_string());
    }
    let mut text = String::new();
    loop {
        match chars.next() {
            Some('\'') if chars.next_if_eq(&'\'').is_some() => text.push('\''),
            Some('\'') => return Ok(text),
            Some(c) => text.push(c),
            None => return Err("a quote is not closed".to_string()),
        }
    }
}

fn item(letter: char, count: usize) -> Result<Item, String> {
    let number = |field, most| match count <= most {
        true => Ok(Item::Number(field, count)),
        false => Err(format!("`{}` is too long", letter.to_string().repeat(count))),
    };
    match (letter, count) {
        ('y', 2) => Ok(Item::ShortYear),
        ('y', _) => number(Field::Year, 6),
        ('Q' | 'q', _) => number(Field::Quarter, 2),
        ('M' | 'L', 3 | 4) => Ok(Item::MonthName { short: count == 3 }),
        ('M' | 'L', _) => number(Field::Month, 2),
        ('d', _) => number(Field::Day, 2),
        ('D', _) => number(Field::DayOfYear, 3),
        ('E', 1..=4) => Ok(Item::DayName { short: count < 4 }),
        ('a', 1) => Ok(Item::Half),
        ('H', _) => number(Field::Hour, 2),
        ('k', _) => number(Field::ClockHour, 2),
        ('K', _) => number(Field::HourOfHalf, 2),
        ('h', _) => number(Field::ClockHourOfHalf, 2),
        ('m', _) => number(Field::Minute, 2),
        ('s', _) => number(Field::Second, 2),
        ('S', 1..=9) => Ok(Item::Fraction(count)),
        ('Y' | 'w' | 'W' | 'u' | 'e' | 'c', _) => {
            Err(format!("weeks and their years (`{letter}`) are not in Spark's patterns"))
        }
        _ => Err(format!("the letter `{letter}` is not known here")),
    }
}

fn named(name: &str, short: bool) -> &str {
    if short { &name[..3] } else { name }
}

/// A number of at least and at most so many digits, and what follows it.
fn digits(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if end < least.max(1) {
        return None;
    }
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn one_of<'t>(names: &[&str], short: bool, text: &'t str) -> Option<(i64, &'t str)> {
    let place = names.iter().position(|name| text.starts_with(named(name, short)))?;
    Some((place as i64, &text[named(names[place], short).len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap()
    }

    #[test]
    fn patterns_are_javas() {
        let at = time("2024-03-05 17:08:09.123456");
        let cases = [
            ("yyyy/MM/dd", "2024/03/05"),
            ("yyyyMMdd HH:mm", "20240305 17:08"),
            ("yy-M-d", "24-3-5"),
            ("MMM d, yyyy", "Mar 5, 2024"),
            ("MMMM EEEE E", "March Tuesday Tue"),
            ("hh:mm:ss a", "05:08:09 PM"),
            ("h K k H", "5 5 17 17"),
            ("HH:mm:ss.SSS", "17:08:09.123"),
            ("SSSSSS", "123456"),
            ("'Q'Q ''yy''", "Q1 '24'"),
            ("D DDD", "65 065"),
            ("yyyy-MM-dd'T'HH:mm:ss", "2024-03-05T17:08:09"),
        ];
        for (pattern, text) in cases {
            assert_eq!(Pattern::parse(pattern).unwrap().format(&at), text, "{pattern}");
        }
        for wrong in ["YYYY", "ww", "yyyyyyy", "'open", "[yyyy]", "MMMMM", "j", "aa"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        let cases = [
            ("yyyy-MM-dd", "2024-03-05", Some("2024-03-05 00:00:00")),
            ("yyyyMMdd", "20240305", Some("2024-03-05 00:00:00")),
            ("dd.MM.yyyy HH:mm", "15.03.2024 10:30", Some("2024-03-15 10:30:00")),
            ("d/M/yy", "5/3/24", Some("2024-03-05 00:00:00")),
            ("d MMM yyyy", "5 Mar 2024", Some("2024-03-05 00:00:00")),
            ("hh:mm a", "12:05 AM", Some("1970-01-01 00:05:00")),
            ("yyyy-MM-dd HH:mm:ss.SSS", "2024-03-05 07:08:09.120", Some("2024-03-05 07:08:09.120")),
            ("yyyy-MM-dd", "2024-3-5", None),
            ("yyyy-MM-dd", "2024-02-30", None),
            ("yyyy-MM-dd", "2024-03-05 00:00", None),
            ("HH:mm", "24:00", None),
            ("EEE yyyy-MM-dd", "Mon 2024-03-05", None),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Pattern::parse(pattern).unwrap().read(text), expected.map(time), "{pattern} of {text}");
        }
    }
}
