//! Time that goes on when all that waits has been waited for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Time(Mutex<Clocks>);

#[derive(Debug, Default)]
struct Clocks {
    now: Duration,
    /// By the moment, then in the order in which they began to wait.
    sleepers: BinaryHeap<Reverse<(Duration, u64)>>,
    wakers: std::collections::HashMap<u64, Waker>,
    number: u64,
}

impl Time {
    pub fn now(&self) -> Duration {
        self.state().now
    }

    pub async fn sleep(&self, time: Duration) {
        let until = self.now() + time;
        let mut number = None;
        std::future::poll_fn(|context| {
            let mut state = self.state();
            if state.now >= until {
                return Poll::Ready(());
            }
            let number = *number.get_or_insert_with(|| {
                state.number += 1;
                let number = state.number;
                state.sleepers.push(Reverse((until, number)));
                number
            });
            state.wakers.insert(number, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Goes on to the next moment that somebody waits for; whether there was one.
    pub fn go_on(&self) -> bool {
        let mut state = self.state();
        let Some(Reverse((moment, number))) = state.sleepers.pop() else { return false };
        state.now = moment.max(state.now);
        let waker = state.wakers.remove(&number);
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    fn state(&self) -> MutexGuard<'_, Clocks> {
        self.0.lock().unwrap()
    }
}
