//! Other machines that compute: which there are, and what happens when one of them is lost.
//!
//! | file | noun |
//! |---|---|
//! | `protocol`, `control` | what driver and nodes say to each other |
//! | `registry` | nodes that offer themselves to the driver |
//! | `members` | the workers of one attempt: taken, watched, given back |
//! | `channel` | what plans and rows travel on |
//! | `lakes` | which lakes a node serves |
//! | `codec` | how our own plan nodes travel |
//! | `spread` | over how many tasks a landing is read |
//! | `kept` | plans that this machine computes alone |
//! | `tally` | what a plan cost the workers |
//! | `worker` | the process that runs parts of plans |
//!
//! Who starts these machines is not known here: nodes are listed or come by themselves (`project::settings::workers`), so systemd,
//! Kubernetes and EMR are all the same. What brings a cluster of EMR up for one run is [`submit`](crate::submit).
//!
//! The unit of retry is whatever the caller does with one session: nothing of it is visible before its commit, so
//! that another attempt can begin from nothing. Within an attempt nothing is repaired.

mod channel;
pub(crate) mod codec;
mod control;
pub(super) mod kept;
pub mod lakes;
mod members;
pub mod protocol;
mod registry;
mod spread;
mod tally;
pub mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::execution::SessionStateBuilder;
use datafusion_distributed::DistributedExt;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::faults;
use crate::error::{Error, Kind, Result};
use crate::lake::{Lake, Storage};
use crate::project::{Nodes, Workers};
use crate::report::WorkerUse;
use crate::spark::mode::SqlMode;
use channel::Channels;
use codec::LakeCodec;
use control::{Control, Refusal};
use members::Member;
pub(super) use members::Members;
use protocol::{LAKE_HEADER, Lease, NodeState};
use registry::Registry;
use spread::SpreadParts;
pub(super) use tally::tally;

/// How often one thing is tried on workers before it counts as failed.
const ATTEMPTS: u32 = 4;

/// A node that is being started again after a failed attempt gets this long before the next goes on without it.
const COMING_BACK: Duration = Duration::from_secs(3);

const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Which try at the same thing it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempt {
    pub(super) number: u32,
    /// The one before ran out of memory: joins sort now, because a sort can spill and a hash table cannot.
    pub(super) sparing: bool,
}

/// The driver's view of its workers.
#[derive(Clone)]
pub(super) struct Cluster(Arc<ClusterInner>);

struct ClusterInner {
    settings: Workers,
    /// Which lake the workers must serve.
    storage: Storage,
    control: Control,
    channels: Channels,
    registry: Option<Registry>,
    /// Workers do one thing at a time: what is broken off is broken off by ending their process.
    turn: Semaphore,
}

impl Cluster {
    /// Opens the registry, if nodes are to come to it. Asks no node yet.
    pub(super) async fn open(settings: &Workers, lake: &Lake) -> Result<Cluster> {
        let registry = match &settings.nodes {
            Nodes::Listed(_) => None,
            Nodes::Registered { listen } => Some(Registry::open(listen, &settings.token).await?),
        };
        Ok(Cluster(Arc::new(ClusterInner {
            settings: settings.clone(),
            storage: lake.storage().clone(),
            control: Control::new(&settings.token)?,
            channels: Channels::new(&settings.token),
            registry,
            turn: Semaphore::new(1),
        })))
    }

    /// Whether reading this much is worth the workers.
    pub(super) fn takes(&self, input_bytes: u64) -> bool {
        self.0.settings.take(input_bytes)
    }

    /// Lets `attempt` do its work with workers, and do it again: with those that live when one was lost, and sparingly
    /// when memory ran out. `retrying` is told why. What was used of the workers comes with the result.
    ///
    /// # Errors
    /// That of the last attempt; a connection error when fewer workers than asked for can be had.
    pub(super) async fn attempts<'a, T>(
        &self,
        holder: &str,
        retrying: impl Fn(&Error) + Send,
        attempt: impl Fn(Attempt, &Arc<Members>) -> Result<BoxFuture<'a, Result<T>>> + Send + Sync,
    ) -> Result<(T, WorkerUse)> {
        let _turn = self.turn().await;
        let Attempt { mut number, mut sparing } = Attempt::default();
        loop {
            let members = self.hire(&format!("{holder}/{number}")).await?;
            let outcome = tokio::select! {
                outcome = attempt(Attempt { number, sparing }, &members)? => outcome,
                lost = members.lost() => Err(lost),
            };
            let lost = members.give_back(outcome.is_err()).await;
            number += 1;
            match outcome.map_err(|error| of_workers(error, &lost)) {
                // Nothing else would go better another time.
                Err(error) if number < ATTEMPTS && error.kind() == Kind::Connection => retrying(&error),
                Err(error) if number < ATTEMPTS && !sparing && faults::is_memory(&error) => {
                    retrying(&error);
                    sparing = true;
                }
                Err(error) if number > 1 => return Err(error.context(format!("after {number} attempts"))),
                Err(error) => return Err(error),
                Ok(done) => {
                    let used = *members.used();
                    return Ok((done, WorkerUse { attempts: number.into(), ..used }));
                }
            }
        }
    }

    async fn turn(&self) -> SemaphorePermit<'_> {
        self.0.turn.acquire().await.expect("the semaphore is never closed")
    }

    /// Takes all nodes that can be had, at least as many as asked for.
    pub(super) async fn hire(&self, holder: &str) -> Result<Arc<Members>> {
        let Workers { at_least, wait, .. } = self.0.settings;
        let begun = Instant::now();
        loop {
            let addresses = self.addresses();
            let lease = Lease { holder: holder.to_string(), lake: self.0.storage.clone() };
            let asked = addresses.iter().map(|address| self.0.control.lease(address, &lease));
            let answers = futures::future::join_all(asked).await;
            let (mut nodes, mut coming, mut refused, mut fault) = (vec![], false, vec![], None);
            for (address, answer) in addresses.iter().zip(answers) {
                match answer {
                    Ok(status) => match status.state {
                        NodeState::Ready => nodes.push(Member::new(address, &status)?),
                        NodeState::Starting => {
                            coming = true;
                            refused.push(format!("`{address}`: its worker is being started"));
                        }
                        NodeState::Draining => refused.push(format!("`{address}`: it is being stopped")),
                    },
                    Err(Refusal::Away(why)) => refused.push(format!("`{address}`: {why}")),
                    Err(Refusal::Busy(holder)) => {
                        coming = true;
                        refused.push(format!("`{address}`: it works for `{holder}`"));
                    }
                    Err(Refusal::Fault(error)) => fault = Some(error),
                }
            }
            let waited = begun.elapsed();
            if fault.is_none() && nodes.len() < at_least && waited >= wait {
                fault = Some(too_few(nodes.len(), at_least, wait, &refused));
            }
            if let Some(error) = fault {
                // Those that would have done are for others.
                Members::watching(nodes, lease, &self.0.control).give_back(false).await;
                return Err(error);
            }
            if nodes.len() >= at_least && (!coming || waited >= COMING_BACK) {
                return Ok(Members::watching(nodes, lease, &self.0.control));
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    fn addresses(&self) -> Vec<String> {
        match (&self.0.settings.nodes, &self.0.registry) {
            (Nodes::Listed(addresses), _) => addresses.clone(),
            (Nodes::Registered { .. }, registry) => registry.iter().flat_map(Registry::nodes).collect(),
        }
    }

    /// Makes a session's plans run on the members.
    pub(super) fn spread(
        &self,
        mut state: SessionStateBuilder,
        lake: &Lake,
        sql: &SqlMode,
        members: &Arc<Members>,
        sparing: bool,
    ) -> Result<SessionStateBuilder> {
        let options = state.config().get_or_insert_default().options_mut();
        // What runs side by side does so on the workers' cores, not on the driver's. A plan for one partition has no
        // exchange that brings equal keys together, but the engine would spread its scan all the same: each task would
        // take its share of the rows for all of them.
        options.execution.target_partitions = members.threads().max(2);
        options.optimizer.prefer_hash_join = !sparing;
        let address = serde_json::to_string(lake.storage()).expect("text keys only");
        let address = HeaderValue::from_str(&address)
            .map_err(|e| Error::config(format!("the storage `{}` can be in no header", lake.url())).because(e))?;
        let headers = HeaderMap::from_iter([(LAKE_HEADER.parse().expect("a constant name"), address)]);
        // From 8 MiB on another task is worth it, and whatever is spread at all is worth a task on every node.
        let per_task = usize::try_from(self.0.settings.local_below / 8).unwrap_or(usize::MAX).clamp(1, 8 << 20);
        state
            .with_distributed_worker_resolver(Hired(members.clone()))
            .with_distributed_channel_resolver(self.0.channels.clone())
            .with_distributed_user_codec(LakeCodec { lake: lake.clone() })
            .with_distributed_desired_task_count_handler(SpreadParts)
            .with_distributed_scale_up_leaf_node_handler(SpreadParts)
            .with_distributed_option_extension(sql.clone())
            .with_distributed_passthrough_headers(headers)
            .and_then(|state| state.with_distributed_file_scan_config_bytes_per_partition(per_task))
            // What has one task the engine leaves to the driver: a worker that is alone gets two.
            .and_then(|state| state.with_distributed_max_tasks_per_stage(members.workers().max(2)))
            .and_then(|state| state.with_distributed_broadcast_joins(true))
            .map(kept::with_workers)
            .map_err(faults::explain)
    }
}

/// The members as the planner asks for them.
struct Hired(Arc<Members>);

impl datafusion_distributed::WorkerResolver for Hired {
    fn get_urls(&self) -> datafusion::common::Result<Vec<url::Url>> {
        self.0.get_urls()
    }
}

/// An attempt's error, as that of the workers where it is: one that is gone leaves errors of many kinds behind.
pub(super) fn of_workers(error: Error, lost: &[String]) -> Error {
    match lost {
        _ if error.kind() == Kind::Connection => error,
        [] if faults::is_connection(&error) => Error::connection("the connection to a worker broke").because(error),
        [] => error,
        lost => Error::connection(lost.join("; ")).because(error),
    }
}

fn too_few(there: usize, asked: usize, waited: Duration, refused: &[String]) -> Error {
    let reasons = if refused.is_empty() { "none has registered".to_string() } else { refused.join(", ") };
    Error::connection(format!("{there} of {asked} workers are there after {} s ({reasons})", waited.as_secs()))
        .hint("start more with `trapiche node worker`, or ask for fewer with `engine.at_least` of the target")
}
