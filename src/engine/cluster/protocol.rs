//! What a driver and a node say to each other beside the plans: JSON over HTTP.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/node` | [`NodeStatus`] |
//! | `POST /v1/lease` with a [`Lease`] | [`NodeStatus`]; 409 and the holder's name while another run has the node; 403 if it does not serve that lake |
//! | `POST /v1/release` with a [`Release`] | [`NodeStatus`] |
//! | `POST /v1/nodes` with a [`Registration`], at a driver that listens | 204 |

use serde::{Deserialize, Serialize};

use crate::lake::Storage;

/// Nodes and driver must be of the same build: a plan may look the same and mean something else.
pub const BUILD: &str = match option_env!("TRAPICHE_BUILD") {
    Some(build) => build,
    None => env!("CARGO_PKG_VERSION"),
};

/// The name of the header that carries the lake's address with a plan. No credential is in it, and it opens nothing: a
/// worker looks for it among the lakes that it was told.
pub const LAKE_HEADER: &str = "x-trapiche-lake";

/// How long a node goes on working for a driver that it has not heard of, in seconds.
pub const LEASE_SECONDS: u64 = 10;

/// How a node is. Sizes are bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeStatus {
    pub build: String,
    pub state: NodeState,
    /// Which worker process of this node it is; a new one has forgotten all plans of the last.
    pub generation: u64,
    /// The port that takes plans, on the same host.
    pub plans_port: u16,
    /// What the worker may use.
    pub memory_bytes: u64,
    pub threads: usize,
    /// What its process holds and has held at most.
    pub resident_bytes: u64,
    pub peak_bytes: u64,
    pub cpu_seconds: f64,
    /// Spill files that are there now.
    pub spilled_bytes: u64,
    /// Who has the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// The worker process is not there yet, or not any longer.
    Starting,
    Ready,
    /// It ends what it is doing and takes nothing new.
    Draining,
}

/// Takes the node for [`LEASE_SECONDS`], or for as much longer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lease {
    /// The lake that will be read and written.
    pub lake: Storage,
    /// One attempt at one dataset: `<run>/<table>/<attempt>`.
    pub holder: String,
}

/// Gives the node back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Release {
    pub holder: String,
    /// Whether work may be left over that must be dropped at once: the worker process is then replaced.
    pub unfinished: bool,
}

/// A node that offers itself to a driver; sent again and again, as it is forgotten after some seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Registration {
    /// Where the node listens; the host is the sender's.
    pub port: u16,
    pub build: String,
}
