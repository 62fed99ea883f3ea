//! Runs at the times of a schedule, one after the other: what is due, what was missed, what is skipped.
//!
//! The clock and the run come in as functions: nothing here waits by itself.

use chrono::{DateTime, Utc};

use crate::project::{DueRun, Overlap, Schedule};

/// What a user should know between two runs.
#[derive(Debug, PartialEq)]
pub enum ScheduleNote {
    /// Nothing is due until then.
    Next(DateTime<Utc>),
    /// So many times passed while nobody was there, the last of them then.
    Missed { times: usize, last: DateTime<Utc> },
    /// So many times passed while a run was at work.
    Skipped { times: usize, last: DateTime<Utc> },
    /// One run for what passed meanwhile.
    Queued { times: usize },
}

/// What comes after a run.
pub enum AfterRun {
    /// The schedule as it is by now.
    GoOn(Box<Schedule>),
    End,
}

/// Keeps the schedule until a wait or a run says that it is over. All that was due up to `after` has been. `salt` makes its
/// delays others than those of another machine. `wait` ends at a time, or is broken off, which it says with `false`.
pub async fn keep(
    mut schedule: Schedule,
    mut after: DateTime<Utc>,
    salt: &str,
    now: impl Fn() -> DateTime<Utc>,
    wait: impl AsyncFn(DateTime<Utc>) -> bool,
    mut run: impl AsyncFnMut(DateTime<Utc>) -> AfterRun,
    say: impl Fn(ScheduleNote),
) {
    let mut is_queued = false;
    let mut told = None;
    while let Some(due) = schedule.due(after, now(), is_queued) {
        let (at, missed) = match due {
            DueRun::At(next) => {
                if told.replace(next) != Some(next) {
                    say(ScheduleNote::Next(next));
                }
                if !wait(next).await {
                    return;
                }
                continue;
            }
            DueRun::Missed { times, last } => {
                say(ScheduleNote::Missed { times, last });
                after = last;
                continue;
            }
            DueRun::Now { at, missed } => (at, missed),
        };
        if missed > 0 && !is_queued {
            say(ScheduleNote::Missed {
                times: missed,
                last: schedule.between(after, at).iter().rev().nth(1).copied().unwrap_or(at),
            });
        }
        if !is_queued && !wait(at + schedule.delay(at, salt)).await {
            return;
        }
        match run(at).await {
            AfterRun::End => return,
            AfterRun::GoOn(changed) => schedule = *changed,
        }
        let passed = schedule.between(at, now());
        after = at;
        is_queued = false;
        if let Some(last) = passed.last() {
            match schedule.overlap {
                Overlap::Queue => {
                    is_queued = true;
                    say(ScheduleNote::Queued { times: passed.len() });
                }
                Overlap::Skip => {
                    after = *last;
                    say(ScheduleNote::Skipped { times: passed.len(), last: *last });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use chrono::TimeDelta;

    use super::*;

    fn schedule(overlap: &str, catch_up: bool) -> Schedule {
        let text = format!(
            "name: x\ntargets: {{ here: {{ storage: \"file://./l\" }} }}\nschedule: {{ cron: \"*/10 * * * *\", overlap: {overlap}, catch_up: {catch_up} }}\n"
        );
        crate::project::of_settings(std::path::Path::new("/x"), &text, &|_| None).unwrap().schedule.unwrap()
    }

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-01-01T{time}:00Z").parse().unwrap()
    }

    /// What is said, and when runs begin. Each run takes so many minutes; a wait that begins at `asleep` lasts until the time
    /// beside it, whatever it waits for.
    fn kept(schedule: Schedule, after: &str, start: &str, runs: &[i64], asleep: Option<(&str, &str)>) -> Vec<String> {
        let (clock, log) = (Cell::new(at(start)), RefCell::new(vec![]));
        let left = RefCell::new(runs.iter());
        let time = |at: DateTime<Utc>| at.format("%H:%M").to_string();
        let wait = async |until: DateTime<Utc>| {
            let until = match asleep {
                Some((from, to)) if clock.get() == at(from) => at(to),
                _ => until,
            };
            clock.set(clock.get().max(until));
            left.borrow().len() > 0
        };
        let run = async |due: DateTime<Utc>| {
            log.borrow_mut().push(format!("{} run of {}", time(clock.get()), time(due)));
            let minutes = left.borrow_mut().next().copied().unwrap_or(0);
            clock.set(clock.get() + TimeDelta::minutes(minutes));
            AfterRun::GoOn(Box::new(schedule.clone()))
        };
        let say = |note| {
            let text = match note {
                ScheduleNote::Next(next) => format!("next {}", time(next)),
                ScheduleNote::Missed { times, last } => format!("missed {times} to {}", time(last)),
                ScheduleNote::Skipped { times, last } => format!("skipped {times} to {}", time(last)),
                ScheduleNote::Queued { times } => format!("queued {times}"),
            };
            log.borrow_mut().push(text);
        };
        let keeping = keep(schedule.clone(), at(after), "x", || clock.get(), wait, run, say);
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(keeping);
        log.into_inner()
    }

    #[test]
    fn runs_begin_at_their_times_and_what_a_long_one_covers_is_skipped_or_queued() {
        let skipped = kept(schedule("skip", false), "10:01", "10:01", &[2, 25, 1], None);
        assert_eq!(
            skipped,
            [
                "next 10:10",
                "10:10 run of 10:10",
                "next 10:20",
                "10:20 run of 10:20",
                "skipped 2 to 10:40",
                "next 10:50",
                "10:50 run of 10:50",
                "next 11:00"
            ]
        );
        let queued = kept(schedule("queue", false), "10:01", "10:01", &[25, 1, 1], None);
        assert_eq!(
            queued,
            [
                "next 10:10",
                "10:10 run of 10:10",
                "queued 2",
                "10:35 run of 10:30",
                "next 10:40",
                "10:40 run of 10:40",
                "next 10:50"
            ]
        );
    }

    #[test]
    fn what_was_missed_is_told_and_made_up_for_where_that_is_wanted() {
        let missed = kept(schedule("skip", false), "09:31", "10:05", &[1], None);
        assert_eq!(missed, ["missed 3 to 10:00", "next 10:10", "10:10 run of 10:10", "next 10:20"]);
        let caught_up = kept(schedule("skip", true), "09:31", "10:05", &[1], None);
        assert_eq!(caught_up, ["missed 2 to 09:50", "10:05 run of 10:00", "next 10:10"]);
        // A machine that slept.
        let slept = kept(schedule("skip", false), "10:01", "10:01", &[1, 1], Some(("10:11", "12:05")));
        assert_eq!(
            slept,
            [
                "next 10:10",
                "10:10 run of 10:10",
                "next 10:20",
                "missed 11 to 12:00",
                "next 12:10",
                "12:10 run of 12:10",
                "next 12:20"
            ]
        );
    }
}
