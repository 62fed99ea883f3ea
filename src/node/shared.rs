//! What is known of the worker process, and who has it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::config::Limits;
use crate::engine::cluster::protocol::{BUILD, LEASE_SECONDS, Lease, NodeState, NodeStatus, Release};

/// A worker that says nothing for longer hangs, or was stopped.
const UNRESPONSIVE_AFTER: Duration = Duration::from_secs(5);

/// What the worker process says of itself, a line at a time. Sizes are bytes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Beat {
    pub plans_port: u16,
    pub resident_bytes: u64,
    pub peak_bytes: u64,
    pub cpu_seconds: f64,
    pub spilled_bytes: u64,
}

/// Shared by the agent's answers and its supervision.
pub struct Shared {
    limits: Limits,
    worker: Mutex<Worker>,
    /// The worker process is to be replaced.
    pub replace: Notify,
}

#[derive(Default)]
struct Worker {
    generation: u64,
    beat: Option<(Beat, Instant)>,
    /// When the process was started.
    begun: Option<Instant>,
    lease: Option<(String, Instant)>,
    draining: bool,
}

/// Why a lease is refused: the holder's name.
#[derive(Debug, PartialEq)]
pub struct LeaseTaken(pub String);

impl Shared {
    pub fn new(limits: Limits) -> Self {
        Shared { limits, worker: Mutex::default(), replace: Notify::new() }
    }

    /// A process was started. No two of this node ever have the same number, even if the agent itself was replaced.
    pub fn started(&self) {
        let mut worker = self.locked();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        worker.generation = (worker.generation + 1).max(u64::try_from(now).unwrap_or(u64::MAX));
        (worker.beat, worker.begun) = (None, Some(Instant::now()));
    }

    pub fn beats(&self, beat: Beat) {
        self.locked().beat = Some((beat, Instant::now()));
    }

    pub fn ended(&self) {
        let mut worker = self.locked();
        (worker.beat, worker.begun) = (None, None);
    }

    /// Why the process must be replaced now, if it must.
    pub fn is_faulty(&self) -> Option<&'static str> {
        let mut worker = self.locked();
        if worker.lease.as_ref().is_some_and(|(_, renewed)| renewed.elapsed().as_secs() >= LEASE_SECONDS) {
            worker.lease = None;
            return Some("its driver was not heard of any longer");
        }
        let heard = worker.beat.as_ref().map(|(_, at)| *at).or(worker.begun)?;
        (heard.elapsed() > UNRESPONSIVE_AFTER).then_some("it did not respond")
    }

    /// Gives the worker to a driver, or leaves it with that driver. While it is being started or drained it is given
    /// to nobody, which the status says.
    pub fn lease(&self, lease: Lease) -> Result<NodeStatus, LeaseTaken> {
        let mut worker = self.locked();
        match &worker.lease {
            Some((holder, _)) if *holder != lease.holder => return Err(LeaseTaken(holder.clone())),
            Some(_) => worker.lease = Some((lease.holder, Instant::now())),
            None if worker.state() == NodeState::Ready => worker.lease = Some((lease.holder, Instant::now())),
            None => {}
        }
        Ok(self.status_of(&worker))
    }

    /// Takes the worker back from its holder; nothing happens if another has it.
    pub fn release(&self, release: &Release) -> NodeStatus {
        let mut worker = self.locked();
        let status = self.status_of(&worker);
        if worker.lease.as_ref().is_some_and(|(holder, _)| *holder == release.holder) {
            worker.lease = None;
            if release.unfinished {
                // From this moment on: the next lease must not meet the old process.
                worker.beat = None;
                self.replace.notify_one();
            }
        }
        status
    }

    /// Takes nothing new from here on.
    pub fn drain(&self) {
        self.locked().draining = true;
    }

    pub fn is_leased(&self) -> bool {
        self.locked().lease.is_some()
    }

    pub fn status(&self) -> NodeStatus {
        self.status_of(&self.locked())
    }

    fn status_of(&self, worker: &Worker) -> NodeStatus {
        let beat = worker.beat.as_ref().map(|(beat, _)| beat.clone()).unwrap_or_default();
        NodeStatus {
            build: BUILD.to_string(),
            state: worker.state(),
            generation: worker.generation,
            plans_port: beat.plans_port,
            memory_bytes: self.limits.memory_bytes,
            threads: self.limits.threads,
            resident_bytes: beat.resident_bytes,
            peak_bytes: beat.peak_bytes,
            cpu_seconds: beat.cpu_seconds,
            spilled_bytes: beat.spilled_bytes,
            holder: worker.lease.as_ref().map(|(holder, _)| holder.clone()),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Worker> {
        // Nothing that is done under the lock can leave it half changed.
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    fn state(&self) -> NodeState {
        match self.beat {
            _ if self.draining => NodeState::Draining,
            Some(_) => NodeState::Ready,
            None => NodeState::Starting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::Storage;

    fn ready() -> Shared {
        let shared = Shared::new(Limits { memory_bytes: 1, threads: 1 });
        shared.started();
        shared.beats(Beat { plans_port: 7078, ..Beat::default() });
        shared
    }

    fn lease(holder: &str) -> Lease {
        let lake = Storage { url: "s3://lake".into(), endpoint: None, region: None };
        Lease { holder: holder.to_string(), lake }
    }

    #[test]
    fn a_worker_has_one_driver_at_a_time() {
        let shared = ready();
        assert_eq!(shared.lease(lease("a")).map(|status| status.plans_port), Ok(7078));
        assert_eq!(shared.lease(lease("b")).map(|status| status.plans_port), Err(LeaseTaken("a".into())));
        shared.release(&Release { holder: "b".into(), unfinished: true });
        assert_eq!(shared.status().holder.as_deref(), Some("a"), "only the holder gives it back");
        shared.release(&Release { holder: "a".into(), unfinished: false });
        assert_eq!(shared.lease(lease("b")).map(|status| status.state), Ok(NodeState::Ready));
    }

    #[test]
    fn unfinished_work_is_never_met_by_the_next_driver() {
        let shared = ready();
        let before = shared.lease(lease("a")).unwrap().generation;
        shared.release(&Release { holder: "a".into(), unfinished: true });
        let status = shared.lease(lease("b")).unwrap();
        assert_eq!((status.state, status.holder), (NodeState::Starting, None));
        shared.started();
        shared.beats(Beat::default());
        assert!(shared.lease(lease("b")).unwrap().generation > before);
    }

    #[test]
    fn a_node_that_drains_ends_its_work_and_takes_none() {
        let shared = ready();
        shared.lease(lease("a")).unwrap();
        shared.drain();
        assert_eq!(shared.lease(lease("a")).unwrap().holder.as_deref(), Some("a"));
        shared.release(&Release { holder: "a".into(), unfinished: false });
        assert_eq!(shared.lease(lease("b")).unwrap().holder, None);
    }
}
