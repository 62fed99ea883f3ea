//! `schedule:`: when the project runs by itself.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use sha2::{Digest, Sha256};

use super::cron::Cron;
use crate::hints::suggest;
use crate::lake::table::attic;
use crate::project::faults::Faults;
use crate::project::read::{At, given_or};
use crate::project::spec::{Overlap, ScheduleEntry, ScheduleSpec};

/// Checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub cron: Cron,
    pub zone: Tz,
    /// A run begins so much later at most.
    pub jitter: Duration,
    pub overlap: Overlap,
    /// Whether one run makes up for those that were missed.
    pub catch_up: bool,
}

/// What is to be done at some time.
#[derive(Debug, PartialEq)]
pub enum DueRun {
    /// Nothing until then.
    At(DateTime<Utc>),
    /// A run. So many times before this one have passed without.
    Now { at: DateTime<Utc>, missed: usize },
    /// So many times have passed, and it is too late for them.
    Missed { times: usize, last: DateTime<Utc> },
}

/// Later than this a time was missed.
const GRACE: TimeDelta = TimeDelta::minutes(1);

/// More times than this are not counted.
const MOST_MISSED: usize = 1000;

impl Schedule {
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.next_after(after, self.zone)
    }

    /// The times after one and up to another, a thousand at most.
    pub fn between(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let next = |at: &DateTime<Utc>| self.next_after(*at).filter(|next| *next <= until);
        std::iter::successors(next(&after), next).take(MOST_MISSED).collect()
    }

    /// What is to be done `now`, when all that was due up to `after` has been. With `is_queued` the last run took until now, and
    /// what came due meanwhile was waiting.
    pub fn due(&self, after: DateTime<Utc>, now: DateTime<Utc>, is_queued: bool) -> Option<DueRun> {
        let next = self.next_after(after)?;
        if next > now {
            return Some(DueRun::At(next));
        }
        let passed = self.between(after, now);
        let last = *passed.last()?;
        let jitter = TimeDelta::from_std(self.jitter).unwrap_or_default();
        let is_late = now - last > GRACE + jitter;
        Some(match is_late && !self.catch_up && !is_queued {
            true => DueRun::Missed { times: passed.len(), last },
            false => DueRun::Now { at: last, missed: passed.len() - 1 },
        })
    }

    /// How much later than `at` a run begins: the same for the same time and `salt`, another for others.
    pub fn delay(&self, at: DateTime<Utc>, salt: &str) -> Duration {
        let hash = Sha256::digest(format!("{salt} {}", at.timestamp()));
        let part = u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]);
        self.jitter.mul_f64(f64::from(part) / f64::from(u32::MAX))
    }
}

pub fn check(spec: &At<ScheduleEntry>, faults: &mut Faults) -> Option<Schedule> {
    let whole;
    let keys = match spec.value.as_ref()? {
        ScheduleEntry::Keys(keys) => keys.as_ref(),
        ScheduleEntry::Text(text) => {
            let cron = At { key: spec.key.clone(), span: spec.span.clone(), value: Some(text.clone()) };
            whole = ScheduleSpec { cron, time_zone: None, jitter: None, overlap: None, catch_up: None };
            &whole
        }
    };
    let cron = Cron::parse(keys.cron.value.as_ref()?);
    let cron = cron.map_err(|(message, hint)| faults.add(&keys.cron.span, message).hint(hint)).ok();
    let zone = match &keys.time_zone {
        None => Some(Tz::UTC),
        Some(at) => {
            let name = at.value.as_ref()?;
            let unknown = |_| {
                let known = TZ_VARIANTS.iter().map(|zone| zone.name());
                faults.add(&at.span, format!("there is no time zone `{name}`")).hint(suggest(name, known));
            };
            name.parse::<Tz>().map_err(unknown).ok()
        }
    };
    let jitter = match keys.jitter.as_ref().and_then(|at| Some((at, at.value.as_ref()?))) {
        None => Some(Duration::ZERO),
        Some((at, text)) => {
            attic::parse_keep(text).map_err(|how| faults.add(&at.span, "`jitter` is no time").hint(how)).ok()
        }
    };
    Some(Schedule {
        cron: cron?,
        zone: zone?,
        jitter: jitter?,
        overlap: given_or(&keys.overlap, Overlap::default())?,
        catch_up: given_or(&keys.catch_up, false)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(catch_up: bool) -> Schedule {
        let cron = Cron::parse("*/10 * * * *").unwrap();
        Schedule { cron, zone: Tz::UTC, jitter: Duration::from_secs(30), overlap: Overlap::Skip, catch_up }
    }

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-01-01T{time}Z").parse().unwrap()
    }

    #[test]
    fn what_is_due_depends_on_how_late_it_is() {
        let due = |after, now| schedule(false).due(at(after), at(now), false).unwrap();
        assert_eq!(due("10:00:00", "10:09:59"), DueRun::At(at("10:10:00")));
        assert_eq!(due("10:00:00", "10:11:29"), DueRun::Now { at: at("10:10:00"), missed: 0 });
        assert_eq!(due("10:00:00", "10:30:05"), DueRun::Now { at: at("10:30:00"), missed: 2 });
        assert_eq!(due("10:00:00", "10:35:00"), DueRun::Missed { times: 3, last: at("10:30:00") });
        let kept = DueRun::Now { at: at("10:30:00"), missed: 2 };
        assert_eq!(schedule(true).due(at("10:00:00"), at("10:35:00"), false).unwrap(), kept);
        assert_eq!(schedule(false).due(at("10:00:00"), at("10:35:00"), true).unwrap(), kept);
    }

    #[test]
    fn delays_lie_within_the_jitter_and_differ() {
        let delays: Vec<Duration> =
            (0..20).map(|hour| schedule(false).delay(at(&format!("{hour:02}:00:00")), "x")).collect();
        assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(30)));
        assert!(delays.windows(2).any(|pair| pair[0] != pair[1]));
        assert_eq!(delays[3], schedule(false).delay(at("03:00:00"), "x"));
    }
}
