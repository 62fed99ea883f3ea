//! Java's patterns of dates and times, as far as Spark takes them.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html>. A letter that is not known here is an error: no
//! pattern is ever answered as text.

mod read;
mod write;

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

pub use read::PatternTime;

/// A pattern, read once.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    items: Vec<Item>,
    /// Years are of an era where the pattern says which.
    has_era: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Item {
    Text(String),
    Number(DateUnit, usize),
    /// The last two digits, from 2000 on.
    ShortYear,
    Era {
        full: bool,
    },
    MonthName {
        short: bool,
    },
    DayName {
        short: bool,
    },
    /// `Q1`, `1st quarter`
    QuarterName {
        short: bool,
    },
    /// AM or PM.
    Half,
    /// So many digits after the second.
    Fraction(usize),
    /// How far from UTC.
    Distance(Distance),
    /// By its name.
    Zone(ZoneName),
    /// Between brackets: left out where a text has not got it.
    Optional(Vec<Item>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum DateUnit {
    Year,
    Quarter,
    Month,
    Day,
    DayOfYear,
    /// The how many-eth such weekday of its month.
    WeekOfMonth,
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

/// `+01`, `+0100`, `+01:00`, with `GMT` before it, or `Z` for none.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Distance {
    has_minutes: bool,
    has_colon: bool,
    none: &'static str,
    prefix: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum ZoneName {
    Id,
    Short,
    Full,
}

impl Pattern {
    /// To write times with.
    ///
    /// # Errors
    /// A phrase that says what of the pattern is not understood.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let mut chars = text.chars().peekable();
        let items = items(&mut chars, false)?;
        let has_era = text.contains('G') && contains(&items, &|item| matches!(item, Item::Era { .. }));
        Ok(Pattern { items, has_era })
    }

    /// To read times with: some letters are for writing alone.
    ///
    /// # Errors
    /// As [`Pattern::parse`].
    pub fn for_reading(text: &str) -> Result<Pattern, String> {
        let pattern = Pattern::parse(text)?;
        let is_for_writing = |item: &Item| {
            matches!(
                item,
                Item::DayName { .. }
                    | Item::QuarterName { .. }
                    | Item::Number(DateUnit::Quarter | DateUnit::WeekOfMonth, _)
            )
        };
        match contains(&pattern.items, &is_for_writing) {
            true => Err("`E`, `F`, `q` and `Q` write and do not read".to_string()),
            false => Ok(pattern),
        }
    }
}

fn contains(items: &[Item], is_such: &dyn Fn(&Item) -> bool) -> bool {
    items.iter().any(|item| match item {
        Item::Optional(inner) => contains(inner, is_such),
        item => is_such(item),
    })
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn items(chars: &mut Chars, is_within: bool) -> Result<Vec<Item>, String> {
    let mut items = vec![];
    while let Some(c) = chars.next() {
        match c {
            '\'' => items.push(Item::Text(quoted(chars)?)),
            '[' => items.push(Item::Optional(self::items(chars, true)?)),
            ']' if is_within => return Ok(items),
            ']' => return Err("a `]` closes nothing".to_string()),
            '{' | '}' | '#' => return Err(format!("`{c}` has no meaning in a pattern")),
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
    // One that is left open is closed by the end.
    Ok(items)
}

/// What follows a quote: text up to the next one; two quotes are one.
fn quoted(chars: &mut Chars) -> Result<String, String> {
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
    let number = |unit, most| match count <= most {
        true => Ok(Item::Number(unit, count)),
        false => Err(format!("`{}` is too long", letter.to_string().repeat(count))),
    };
    let distance =
        |has_minutes, has_colon, none, prefix| Ok(Item::Distance(Distance { has_minutes, has_colon, none, prefix }));
    match (letter, count) {
        ('y', 2) => Ok(Item::ShortYear),
        ('y', _) => number(DateUnit::Year, 6),
        ('G', 1..=4) => Ok(Item::Era { full: count == 4 }),
        ('Q' | 'q', 3 | 4) => Ok(Item::QuarterName { short: count == 3 }),
        ('Q' | 'q', _) => number(DateUnit::Quarter, 2),
        ('M' | 'L', 3 | 4) => Ok(Item::MonthName { short: count == 3 }),
        ('M' | 'L', _) => number(DateUnit::Month, 2),
        ('d', _) => number(DateUnit::Day, 2),
        ('D', _) => number(DateUnit::DayOfYear, 3),
        ('F', _) => number(DateUnit::WeekOfMonth, 1),
        ('E', 1..=4) => Ok(Item::DayName { short: count < 4 }),
        ('a', 1) => Ok(Item::Half),
        ('H', _) => number(DateUnit::Hour, 2),
        ('k', _) => number(DateUnit::ClockHour, 2),
        ('K', _) => number(DateUnit::HourOfHalf, 2),
        ('h', _) => number(DateUnit::ClockHourOfHalf, 2),
        ('m', _) => number(DateUnit::Minute, 2),
        ('s', _) => number(DateUnit::Second, 2),
        ('S', 1..=9) => Ok(Item::Fraction(count)),
        ('V', 2) => Ok(Item::Zone(ZoneName::Id)),
        ('z', 1..=3) => Ok(Item::Zone(ZoneName::Short)),
        ('z', 4) => Ok(Item::Zone(ZoneName::Full)),
        ('O', 1) => distance(false, true, "GMT", "GMT"),
        ('O' | 'Z', 4) => distance(true, true, "GMT", "GMT"),
        ('Z', 1..=3) => distance(true, false, "+0000", ""),
        ('Z' | 'X', 5) => distance(true, true, "Z", ""),
        ('X', 1) => distance(false, false, "Z", ""),
        ('X', 2 | 4) => distance(true, false, "Z", ""),
        ('X', 3) => distance(true, true, "Z", ""),
        ('x', 1) => distance(false, false, "+00", ""),
        ('x', 2 | 4) => distance(true, false, "+0000", ""),
        ('x', 3 | 5) => distance(true, true, "+00:00", ""),
        ('Y' | 'w' | 'W' | 'u' | 'e' | 'c', _) => {
            Err(format!("weeks and their years (`{letter}`) are not in Spark's patterns"))
        }
        ('G' | 'E' | 'a' | 'S' | 'V' | 'z' | 'O' | 'Z' | 'X' | 'x', _) => {
            Err(format!("`{}` has a wrong number of letters", letter.to_string().repeat(count)))
        }
        _ => Err(format!("the letter `{letter}` is not known here")),
    }
}

fn named(name: &str, short: bool) -> &str {
    if short { &name[..3] } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spark::text::times;
    use crate::spark::text::zones::TimeZone;

    fn micros(text: &str) -> i64 {
        times::read(text.as_bytes()).unwrap().local_micros.unwrap()
    }

    #[test]
    fn patterns_are_javas() {
        let at = micros("2024-03-05 17:08:09.123456");
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
            ("QQQ, QQQQ", "Q1, 1st quarter"),
            ("D DDD F", "65 065 5"),
            ("yyyy-MM-dd'T'HH:mm:ss", "2024-03-05T17:08:09"),
            ("[yyyy[-MM]]", "2024-03"),
            ("yyyyy G GGGG", "02024 AD Anno Domini"),
            ("X XXX x xxx Z O z VV", "Z Z +00 +00:00 +0000 GMT UTC UTC"),
        ];
        for (pattern, text) in cases {
            assert_eq!(Pattern::parse(pattern).unwrap().write(at), text, "{pattern}");
        }
        let far = Pattern::parse("yyyy|y|yy").unwrap();
        assert_eq!(far.write(micros("56216-06-09 04:02:03")), "+56216|56216|16");
        assert_eq!(far.write(micros("-0005-06-09 04:02:03")), "-0005|-5|95");
        for wrong in ["YYYY", "ww", "yyyyyyy", "'open", "MMMMM", "j", "aa", "yyyy]", "{"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Pattern::for_reading("EEE yyyy-MM-dd").is_err());
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        let cases = [
            ("yyyy-MM-dd", "2024-03-05", Some("2024-03-05 00:00:00")),
            ("yyyyMMdd", "20240305", Some("2024-03-05 00:00:00")),
            ("dd.MM.yyyy HH:mm", "15.03.2024 10:30", Some("2024-03-15 10:30:00")),
            ("d/M/yy", "5/3/24", Some("2024-03-05 00:00:00")),
            ("d MMM yyyy", "5 mar 2024", Some("2024-03-05 00:00:00")),
            ("hh:mm a", "12:05 AM", Some("1970-01-01 00:05:00")),
            ("yyyy-MM-dd HH:mm:ss.SSS", "2024-03-05 07:08:09.120", Some("2024-03-05 07:08:09.120")),
            ("yyyy-MM-dd[ HH:mm]", "2024-03-05", Some("2024-03-05 00:00:00")),
            ("yyyy-MM-dd[ HH:mm]", "2024-03-05 07:08", Some("2024-03-05 07:08:00")),
            ("yyyy-MM-dd", "2024-3-5", None),
            ("yyyy-MM-dd", "2024-02-30", None),
            ("yyyy-MM-dd", "2024-03-05 00:00", None),
            ("HH:mm", "24:00", None),
        ];
        for (pattern, text, expected) in cases {
            let found = Pattern::for_reading(pattern).unwrap().read(text).map(|read| read.local_micros);
            assert_eq!(found, expected.map(micros), "{pattern} of {text}");
        }
        let zoned = [
            ("HH:mmXXX", "10:00+02:00", TimeZone::Fixed(7200)),
            ("HH:mm Z", "10:00 -0130", TimeZone::Fixed(-5400)),
            ("HH:mmX", "10:00Z", TimeZone::Fixed(0)),
            ("HH:mm VV", "10:00 Europe/Madrid", TimeZone::named("Europe/Madrid").unwrap()),
        ];
        for (pattern, text, zone) in zoned {
            assert_eq!(Pattern::for_reading(pattern).unwrap().read(text).unwrap().zone, Some(zone), "{pattern}");
        }
    }
}
