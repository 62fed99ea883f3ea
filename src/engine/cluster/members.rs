//! The workers of one attempt: taken before it, watched during it, given back after it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use datafusion::common::Result as EngineResult;
use datafusion_distributed::WorkerResolver;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use super::control::{Control, Refusal};
use super::protocol::{Lease, NodeStatus, Release};
use super::tally::Tally;
use crate::error::{Error, Result};
use crate::report::WorkerUse;

/// How often a node is told that its driver lives, and asked whether it does itself.
const RENEW_EVERY: Duration = Duration::from_millis(500);

const PROCESS_ENDED: &str = "its worker process ended";

/// One lost answer may be chance.
const MISSED_ANSWERS: u32 = 2;

/// A node that was had for an attempt.
#[derive(Debug, Clone)]
pub struct Member {
    /// `host:port`, as the node is asked.
    pub address: String,
    /// Where it takes plans.
    pub plans: Url,
    generation: u64,
    threads: usize,
}

impl Member {
    /// The node at `address`, as its status says.
    pub fn new(address: &str, status: &NodeStatus) -> Result<Member> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let plans = Url::parse(&format!("http://{host}:{}", status.plans_port))
            .map_err(|error| Error::config(format!("`{address}` is no address of a node")).because(error))?;
        Ok(Member { address: address.to_string(), plans, generation: status.generation, threads: status.threads })
    }

    fn lost(&self, why: &str) -> String {
        format!("the worker `{}` was lost: {why}", self.address)
    }
}

#[derive(Debug)]
struct Watched {
    /// What happened to those that are lost.
    lost: Vec<String>,
    /// Whether the attempt can do nothing without its workers now.
    needed: bool,
}

/// Nodes that work for one attempt and for nobody else. Dropped, they are given back at once, and what they still do
/// is dropped, too.
#[derive(Debug)]
pub struct Members {
    nodes: Vec<Member>,
    holder: String,
    control: Control,
    watched: Arc<watch::Sender<Watched>>,
    used: Mutex<WorkerUse>,
    given_back: AtomicBool,
    watcher: JoinHandle<()>,
}

impl Members {
    /// Begins to watch nodes that were leased.
    pub fn watching(nodes: Vec<Member>, lease: Lease, control: &Control) -> Arc<Members> {
        let watched = Arc::new(watch::Sender::new(Watched { lost: vec![], needed: true }));
        let (all, holder, asking) = (nodes.clone(), lease.holder.clone(), control.clone());
        let tell = watched.clone();
        let watcher = tokio::spawn(async move {
            let watches: FuturesUnordered<_> = all.iter().map(|node| lost_node(node, &lease, &asking)).collect();
            watches
                .for_each(|why| {
                    tell.send_modify(|watched| watched.lost.push(why));
                    std::future::ready(())
                })
                .await;
        });
        let (control, given_back) = (control.clone(), AtomicBool::new(false));
        let used = Mutex::new(WorkerUse { workers: nodes.len() as u64, ..WorkerUse::default() });
        Arc::new(Members { nodes, holder, control, watched, used, given_back, watcher })
    }

    /// How many there were at the beginning.
    pub fn workers(&self) -> usize {
        self.nodes.len()
    }

    /// Of the worker that has the most.
    pub fn threads(&self) -> usize {
        self.nodes.iter().map(|node| node.threads).max().unwrap_or(1)
    }

    /// Ends when a worker is lost while it is needed, with what happened to it.
    pub async fn lost(&self) -> Error {
        let mut watched = self.watched.subscribe();
        let seen = watched.wait_for(|watched| watched.needed && !watched.lost.is_empty()).await;
        Error::connection(seen.expect("`self` has the sender").lost.join("; "))
    }

    /// Whether the loss of a worker is the attempt's from here on. A commit needs none, and must not be broken off.
    pub fn need(&self, needed: bool) {
        self.watched.send_modify(|watched| watched.needed = needed);
    }

    /// Adds what a plan cost.
    pub fn count(&self, tally: Tally) {
        let mut used = self.used();
        used.shuffled_bytes += tally.shuffled_bytes;
        used.spilled_bytes += tally.spilled_bytes;
    }

    /// What was used of the workers so far; their memory once they are given back.
    pub fn used(&self) -> MutexGuard<'_, WorkerUse> {
        // Whatever stopped while it was held has left a number too few at worst.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives all nodes back; with work `unfinished` they drop it by replacing their worker. What happened to those that
    /// were not there to the end.
    pub async fn give_back(&self, unfinished: bool) -> Vec<String> {
        if self.given_back.swap(true, Ordering::Relaxed) {
            return vec![];
        }
        self.watcher.abort();
        let release = Release { holder: self.holder.clone(), unfinished };
        let lost = futures::future::join_all(self.nodes.iter().map(|node| async {
            match self.control.release(&node.address, &release).await {
                Ok(status) if status.generation == node.generation => {
                    let mut used = self.used();
                    used.peak_memory_bytes = used.peak_memory_bytes.max(status.peak_bytes);
                    None
                }
                Ok(_) => Some(node.lost(PROCESS_ENDED)),
                Err(Refusal::Away(why) | Refusal::Busy(why)) => Some(node.lost(&why)),
                Err(Refusal::Fault(error)) => Some(node.lost(&error.to_string())),
            }
        }));
        lost.await.into_iter().flatten().collect()
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        self.watcher.abort();
        if *self.given_back.get_mut() {
            return;
        }
        let (nodes, control) = (std::mem::take(&mut self.nodes), self.control.clone());
        let release = Release { holder: std::mem::take(&mut self.holder), unfinished: true };
        // Without a runtime the program ends, and the leases with it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            futures::future::join_all(nodes.iter().map(|node| control.release(&node.address, &release))).await;
        });
    }
}

impl WorkerResolver for Members {
    fn get_urls(&self) -> EngineResult<Vec<Url>> {
        Ok(self.nodes.iter().map(|node| node.plans.clone()).collect())
    }
}

/// Ends when the node is lost, with what happened to it.
async fn lost_node(node: &Member, lease: &Lease, control: &Control) -> String {
    let mut missed = 0;
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let why = match control.lease(&node.address, lease).await {
            Ok(status) if status.generation == node.generation => {
                missed = 0;
                continue;
            }
            Ok(_) => PROCESS_ENDED.to_string(),
            Err(Refusal::Away(why)) => {
                missed += 1;
                if missed < MISSED_ANSWERS {
                    continue;
                }
                why
            }
            Err(Refusal::Busy(holder)) => format!("it is taken by `{holder}`"),
            Err(Refusal::Fault(error)) => error.to_string(),
        };
        return node.lost(&why);
    }
}
