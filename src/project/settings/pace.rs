//! How fast an API may be asked: one limit for all sources of its connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use crate::project::faults::Faults;
use crate::project::read::{At, given, within};

const AT_ONCE: u32 = 4;

/// Its clones share the limit.
#[derive(Debug, Clone)]
pub struct Pace {
    at_once: u32,
    shared: Arc<PaceState>,
}

#[derive(Debug)]
struct PaceState {
    under_way: Semaphore,
    /// From the beginning of one request to that of the next.
    between: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub fn new(at_once: u32, between: Duration) -> Self {
        let under_way = Semaphore::new(at_once as usize);
        Pace { at_once, shared: Arc::new(PaceState { under_way, between, next: Mutex::new(None) }) }
    }

    /// Requests that may be under way at once.
    pub fn at_once(&self) -> usize {
        self.at_once as usize
    }

    /// Waits for its turn, which lasts as long as what this returns.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        let permit = self.shared.under_way.acquire().await.ok();
        if !self.shared.between.is_zero() {
            let begin = begin(&mut *self.shared.next.lock().await, Instant::now(), self.shared.between);
            sleep_until(begin).await;
        }
        permit
    }
}

/// When the next request begins, and the one after it at the earliest.
fn begin(next: &mut Option<Instant>, now: Instant, between: Duration) -> Instant {
    let begin = next.map_or(now, |next| next.max(now));
    *next = Some(begin + between);
    begin
}

impl Default for Pace {
    fn default() -> Self {
        Pace::new(AT_ONCE, Duration::ZERO)
    }
}

pub fn check(rate_limit: &Option<At<String>>, concurrency: &Option<At<u32>>, faults: &mut Faults) -> Option<Pace> {
    let between = match rate_limit {
        None => Duration::ZERO,
        Some(at) => rate(at, faults)?,
    };
    if let Some(at) = concurrency {
        within("concurrency", at, 1..=64, faults);
    }
    Some(Pace::new(given(concurrency)?.unwrap_or(AT_ONCE).clamp(1, 64), between))
}

/// The time from one request to the next.
pub fn rate(at: &At<String>, faults: &mut Faults) -> Option<Duration> {
    let between = between(at.value.as_ref()?);
    if between.is_none() {
        faults
            .add(&at.span, "a rate is a whole number of requests in a second, a minute or an hour")
            .hint("write 5/s, 300/m or 1000/h");
    }
    between
}

fn between(rate: &str) -> Option<Duration> {
    let (number, unit) = rate.split_once('/')?;
    let seconds = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let number = number.trim().parse::<u32>().ok().filter(|number| *number > 0)?;
    Some(Duration::from_secs(seconds) / number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        assert_eq!(between("5/s"), Some(Duration::from_millis(200)));
        assert_eq!(between("300/m"), Some(Duration::from_millis(200)));
        assert_eq!(between("1000/h"), Some(Duration::from_millis(3600)));
        for wrong in ["5", "0/s", "-1/s", "5/d", "s/5", "1.5/s"] {
            assert_eq!(between(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn requests_that_come_at_once_begin_one_after_the_other() {
        let (start, between) = (Instant::now(), Duration::from_millis(200));
        let mut next = None;
        let mut at = |millis| (begin(&mut next, start + Duration::from_millis(millis), between) - start).as_millis();
        assert_eq!([at(0), at(0), at(10), at(1000), at(1001)], [0, 200, 400, 1000, 1200]);
    }
}
