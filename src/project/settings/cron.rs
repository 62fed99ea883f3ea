//! Cron expressions: five fields, as crontab(5) has them, and the times at which they come due in a time zone.
//!
//! By hand, as the library for it would bring a dozen crates along. When clocks are put forward, what has a fixed time that does
//! not come is due right after the gap, and when they are put back, once; what has a star for its hour or minute follows the
//! clock. That is how cron(8) does it.

use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// A time set: bit n is n.
type Bits = u64;

#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    text: String,
    minutes: Bits,
    hours: Bits,
    days: Bits,
    months: Bits,
    /// 0 is Sunday.
    weekdays: Bits,
    /// Whether the field begins with a star. A day is meant by both fields together if one does, else by either of them.
    any_day: bool,
    any_weekday: bool,
    /// Whether hour and minute have no star.
    is_fixed: bool,
}

/// What is wrong, and what to do.
pub type CronFault = (String, String);

struct CronField {
    name: &'static str,
    first: u32,
    last: u32,
    /// Of the numbers from `first` on.
    names: &'static [&'static str],
}

const FIELDS: [CronField; 5] = [
    CronField { name: "minute", first: 0, last: 59, names: &[] },
    CronField { name: "hour", first: 0, last: 23, names: &[] },
    CronField { name: "day of the month", first: 1, last: 31, names: &[] },
    CronField {
        name: "month",
        first: 1,
        last: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    // 7 is Sunday, too.
    CronField { name: "day of the week", first: 0, last: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

const WORDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// 29 February can be eight years away, and then another weekday is asked for, too.
const YEARS: u64 = 40;

impl Cron {
    pub fn parse(text: &str) -> Result<Cron, CronFault> {
        let text = text.trim();
        let spelled = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map_or(text, |(_, cron)| cron);
        let parts: Vec<&str> = spelled.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts[..] else {
            return Err((
                format!("`{text}` has {} fields, and a cron expression has five", parts.len()),
                "write minute, hour, day of the month, month and day of the week: `*/5 * * * *`, or one of `@hourly`, \
                 `@daily`, `@weekly`, `@monthly`, `@yearly`"
                    .to_string(),
            ));
        };
        let weekdays = FIELDS[4].parse(weekday)?;
        let cron = Cron {
            text: spelled.to_string(),
            minutes: FIELDS[0].parse(minute)?,
            hours: FIELDS[1].parse(hour)?,
            days: FIELDS[2].parse(day)?,
            months: FIELDS[3].parse(month)?,
            weekdays: (weekdays | weekdays >> 7) & 0x7F,
            any_day: day.starts_with('*'),
            any_weekday: weekday.starts_with('*'),
            is_fixed: !minute.starts_with('*') && !hour.starts_with('*'),
        };
        match cron.next_after(DateTime::UNIX_EPOCH, Tz::UTC) {
            Some(_) => Ok(cron),
            None => Err((format!("`{text}` never comes"), "no month that it names has such a day".to_string())),
        }
    }

    /// With five fields, whatever word stood there.
    pub fn as_fields(&self) -> &str {
        &self.text
    }

    /// The first time after this one at which it is due.
    pub fn next_after(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let today = after.with_timezone(&zone).date_naive();
        // What a gap moves may belong to the day before.
        let first = today.pred_opt()?;
        let on = |day: NaiveDate| self.on(day, zone).into_iter().filter(|at| *at > after).min();
        (0..YEARS * 366).find_map(|ahead| {
            let day = first.checked_add_days(Days::new(ahead))?;
            let found = on(day)?;
            Some(found.min(day.succ_opt().and_then(on).unwrap_or(found)))
        })
    }

    /// The numbers of a field, as of [minute, hour, day, month, weekday] in this order; `None` where all are meant.
    pub fn numbers(&self, field: usize) -> Option<Vec<u32>> {
        let sets = [self.minutes, self.hours, self.days, self.months, self.weekdays];
        let CronField { first, last, .. } = FIELDS[field];
        let last = last.min(if field == 4 { 6 } else { last });
        let all: Vec<u32> = (first..=last).filter(|number| has(sets[field], *number)).collect();
        (all.len() as u32 <= last - first).then_some(all)
    }

    /// Whether a day is meant that either of the two fields for days names.
    pub fn is_either_day(&self) -> bool {
        !self.any_day && !self.any_weekday
    }

    /// All times of one day of the calendar.
    fn on(&self, day: NaiveDate, zone: Tz) -> Vec<DateTime<Utc>> {
        if !self.means(day) {
            return vec![];
        }
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        let times = hours.flat_map(|hour| (0..60).filter(|minute| has(self.minutes, *minute)).map(move |m| (hour, m)));
        times.filter_map(|(hour, minute)| day.and_hms_opt(hour, minute, 0)).flat_map(|at| self.at(at, zone)).collect()
    }

    /// A time of the clock on the wall as what it is: none, one, or two.
    fn at(&self, wall: NaiveDateTime, zone: Tz) -> Vec<DateTime<Utc>> {
        match zone.from_local_datetime(&wall) {
            MappedLocalTime::Single(at) => vec![at.to_utc()],
            MappedLocalTime::Ambiguous(first, _) if self.is_fixed => vec![first.to_utc()],
            MappedLocalTime::Ambiguous(first, second) => vec![first.to_utc(), second.to_utc()],
            MappedLocalTime::None if self.is_fixed => {
                // A zone that went over the date line has left out a day.
                let after = (1..2 * 24 * 60)
                    .find_map(|minutes| zone.from_local_datetime(&(wall + TimeDelta::minutes(minutes))).earliest());
                after.map(|at| at.to_utc()).into_iter().collect()
            }
            MappedLocalTime::None => vec![],
        }
    }

    fn means(&self, day: NaiveDate) -> bool {
        let is_day = has(self.days, day.day());
        let is_weekday = has(self.weekdays, day.weekday().num_days_from_sunday());
        let is_meant = if self.is_either_day() { is_day || is_weekday } else { is_day && is_weekday };
        is_meant && has(self.months, day.month())
    }
}

fn has(set: Bits, number: u32) -> bool {
    set >> number & 1 == 1
}

impl CronField {
    fn parse(&self, text: &str) -> Result<Bits, CronFault> {
        text.split(',').try_fold(0, |set, part| Ok(set | self.part(part)?))
    }

    /// `*`, `5`, `1-5`, and the last with `/2` behind it.
    fn part(&self, part: &str) -> Result<Bits, CronFault> {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.first, self.last.min(if self.names.len() == 7 { 6 } else { self.last })),
            Some((first, last)) => (self.number(first, part)?, self.number(last, part)?),
            None if step.is_some() => {
                return Err(self.fault(part, "a step belongs to a star or to a range: `*/15`, `10-50/10`"));
            }
            None => (self.number(range, part)?, self.number(range, part)?),
        };
        let step = match step {
            None => 1,
            Some(step) => match step.parse::<u32>() {
                Ok(step) if step > 0 && step <= self.last => step,
                _ => return Err(self.fault(part, "a step is a whole number above 0, and no larger than the field")),
            },
        };
        if first > last {
            return Err(self.fault(part, "a range goes up: write `22-23,0-2` for one that goes over the end"));
        }
        Ok((first..=last).step_by(step as usize).fold(0, |set, number| set | 1 << number))
    }

    fn number(&self, text: &str, part: &str) -> Result<u32, CronFault> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number =
            named.map(|at| at as u32 + self.first).or_else(|| match text.bytes().all(|b| b.is_ascii_digit()) {
                true => text.parse().ok(),
                false => None,
            });
        number.filter(|number| (self.first..=self.last).contains(number)).ok_or_else(|| {
            let names =
                if self.names.is_empty() { String::new() } else { format!(", or names as `{}`", self.names[0]) };
            self.fault(part, &format!("they are numbers from {} to {}{names}", self.first, self.last))
        })
    }

    fn fault(&self, part: &str, hint: &str) -> CronFault {
        (format!("`{part}` is no {}", self.name), hint.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let (cron, zone) = (Cron::parse(cron).unwrap(), zone.parse().unwrap());
        let mut at: DateTime<Utc> = after.parse().unwrap();
        let step = |_| {
            at = cron.next_after(at, zone).unwrap();
            at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %:z").to_string()
        };
        (0..count).map(step).collect()
    }

    #[test]
    fn times_come_as_the_fields_say() {
        let of = |cron: &str| next(cron, "UTC", "2026-01-30T23:58:30Z", 2);
        assert_eq!(of("*/5 * * * *"), ["Sat 2026-01-31 00:00 +00:00", "Sat 2026-01-31 00:05 +00:00"]);
        assert_eq!(of("59 23 31 * *"), ["Sat 2026-01-31 23:59 +00:00", "Tue 2026-03-31 23:59 +00:00"]);
        assert_eq!(of("0 9 * * MON-fri/2"), ["Mon 2026-02-02 09:00 +00:00", "Wed 2026-02-04 09:00 +00:00"]);
        assert_eq!(of("0 0 29 feb *"), ["Tue 2028-02-29 00:00 +00:00", "Sun 2032-02-29 00:00 +00:00"]);
        // Either of the two, where both are said; both, where one begins with a star.
        assert_eq!(of("0 0 13 * 7"), ["Sun 2026-02-01 00:00 +00:00", "Sun 2026-02-08 00:00 +00:00"]);
        assert_eq!(of("0 0 */2 * 5"), ["Fri 2026-02-13 00:00 +00:00", "Fri 2026-02-27 00:00 +00:00"]);
        assert_eq!(of("@monthly"), ["Sun 2026-02-01 00:00 +00:00", "Sun 2026-03-01 00:00 +00:00"]);
    }

    #[test]
    fn clocks_that_are_put_forward_and_back_leave_nothing_out_and_do_nothing_twice() {
        let spring = |cron: &str, count| next(cron, "Europe/Madrid", "2026-03-29T00:00:00Z", count);
        // 02:00 to 03:00 is not there.
        assert_eq!(spring("30 2 * * *", 2), ["Sun 2026-03-29 03:00 +02:00", "Mon 2026-03-30 02:30 +02:00"]);
        assert_eq!(spring("*/30 * * * *", 3)[1..], ["Sun 2026-03-29 03:00 +02:00", "Sun 2026-03-29 03:30 +02:00"]);
        assert_eq!(spring("*/30 2 * * *", 1), ["Mon 2026-03-30 02:00 +02:00"]);
        // It is there twice.
        let autumn = |cron: &str, count| next(cron, "Europe/Madrid", "2026-10-25T00:00:00Z", count);
        assert_eq!(autumn("30 2 * * *", 2), ["Sun 2026-10-25 02:30 +02:00", "Mon 2026-10-26 02:30 +01:00"]);
        assert_eq!(autumn("30 * * * *", 3)[..2], ["Sun 2026-10-25 02:30 +02:00", "Sun 2026-10-25 02:30 +01:00"]);
        // A day that was left out, and a clock that changes at midnight.
        assert_eq!(next("0 12 30 * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 1), ["Sat 2011-12-31 00:00 +14:00"]);
        let beirut = next("0 0 * * *", "Asia/Beirut", "2022-03-26T12:00:00Z", 1);
        assert_eq!(beirut, ["Sun 2022-03-27 01:00 +03:00"]);
    }

    #[test]
    fn what_is_no_expression_is_told() {
        for (text, words) in [
            ("", "has 0 fields"),
            ("* * * * * *", "has 6 fields"),
            ("60 * * * *", "`60` is no minute"),
            ("* 24 * * *", "`24` is no hour"),
            ("* * 0 * *", "`0` is no day of the month"),
            ("* * * 13 *", "`13` is no month"),
            ("* * * * 8", "`8` is no day of the week"),
            ("5/10 * * * *", "`5/10` is no minute"),
            ("*/0 * * * *", "`*/0` is no minute"),
            ("9-5 * * * *", "`9-5` is no minute"),
            ("* * L * *", "`L` is no day of the month"),
            ("+5 * * * *", "`+5` is no minute"),
            ("1,,2 * * * *", "`` is no minute"),
            ("0 0 30 2 *", "never comes"),
            ("@reboot", "has 1 fields"),
        ] {
            let (message, _) = Cron::parse(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    proptest! {
        /// Against a walk from minute to minute that looks at the clock on the wall.
        #[test]
        fn the_next_time_is_the_first_minute_that_has_the_fields(
            minute in prop_oneof![Just("*/7".to_string()), (0_u32..60).prop_map(|minute| minute.to_string())],
            hour in prop_oneof![Just("*".to_string()), (0_u32..24).prop_map(|hour| hour.to_string())],
            weekday in prop_oneof![Just("*"), Just("1-5"), Just("0,3")],
            days in 0_i64..800, seconds in 0_i64..86_400,
            zone in prop::sample::select(&["UTC", "Asia/Kolkata", "America/Phoenix"][..]),
        ) {
            let cron = Cron::parse(&format!("{minute} {hour} * * {weekday}")).unwrap();
            let zone: Tz = zone.parse().unwrap();
            let start: DateTime<Utc> = "2025-01-01T00:00:00Z".parse().unwrap();
            let after = start + TimeDelta::days(days) + TimeDelta::seconds(seconds);
            let (minutes, hours) = (FIELDS[0].parse(&minute).unwrap(), FIELDS[1].parse(&hour).unwrap());
            let weekdays = FIELDS[4].parse(weekday).unwrap();
            let mut at = after - TimeDelta::seconds(after.timestamp().rem_euclid(60)) + TimeDelta::minutes(1);
            loop {
                use chrono::Timelike;
                let wall = at.with_timezone(&zone).naive_local();
                let is_day = has(weekdays, wall.weekday().num_days_from_sunday());
                if is_day && has(minutes, wall.minute()) && has(hours, wall.hour()) {
                    break;
                }
                at += TimeDelta::minutes(1);
            }
            prop_assert_eq!(cron.next_after(after, zone), Some(at));
        }
    }
}
