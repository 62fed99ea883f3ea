//! A machine that works for drivers: a small agent that never computes, and the worker process that does.
//!
//! | file | noun |
//! |---|---|
//! | `agent` | answers drivers, and replaces the worker when it died, hangs, or has work that nobody wants any more |
//! | `process` | the worker: takes plans, and tells the agent every moment how it is |
//! | `shared` | what both the answers and the supervision know of the worker and of who has it |
//! | `notice` | a cloud that takes the machine away says so some minutes before |
//!
//! They are two processes because the engine can neither be made to answer in time while it computes, nor to drop a
//! plan at once: ending its process does both.

mod agent;
mod notice;
mod process;
mod shared;

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Limits;
use crate::engine::cluster::lakes::Lakes;
use crate::project::Token;

pub use agent::{Agent, Listening};
pub use process::{ProcessSettings, run as run_process};

/// How a node is run.
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// The address of this machine to listen at.
    pub bind: String,
    /// For drivers; 0 takes a free one.
    pub port: u16,
    /// For plans and rows; 0 takes a free one.
    pub plans_port: u16,
    /// Of the worker process.
    pub limits: Limits,
    /// Where the worker spills; `None`: the system's temporary folder.
    pub spill: Option<PathBuf>,
    pub token: Token,
    /// The lakes that it serves.
    pub lakes: Lakes,
    /// As they were named, for the worker process to be told the same.
    pub lake_texts: Vec<String>,
    /// The token's text, for the worker process to read from its environment.
    pub token_text: Option<String>,
    /// A driver to register with: `host:port` of its `engine.listen`.
    pub driver: Option<String>,
    /// How long the work of a driver may take after a request to stop.
    pub drain: Duration,
    /// Where to look for a notice that this machine will be taken away.
    pub notices: Option<String>,
}
