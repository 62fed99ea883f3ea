//! Time that passes, for deadlines and waits. It is never the time of day: when something happened is for the store to
//! say, because the machines that meet in a lake have clocks of their own.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

#[cfg(test)]
use super::simulation::Time;

/// This machine's, or a simulated one.
#[derive(Debug, Clone, Default)]
pub(super) enum Clock {
    #[default]
    Machine,
    #[cfg(test)]
    Simulated(std::sync::Arc<Time>),
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock {
    /// Since some moment that stays the same.
    pub fn now(&self) -> Duration {
        match self {
            Clock::Machine => START.elapsed(),
            #[cfg(test)]
            Clock::Simulated(time) => time.now(),
        }
    }

    pub async fn sleep(&self, time: Duration) {
        match self {
            Clock::Machine => tokio::time::sleep(time).await,
            #[cfg(test)]
            Clock::Simulated(simulated) => simulated.sleep(time).await,
        }
    }

    /// What the work comes to; `None` if it is not done by then.
    pub async fn before<T>(&self, deadline: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.sleep(deadline.saturating_sub(self.now())) => None,
        }
    }
}
