//! The worker process: it computes, and tells its agent how it is on standard output. When nobody listens there any
//! more, the agent is gone, and so must the worker be.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;

use super::shared::Beat;
use crate::config::Limits;
use crate::engine::cluster::lakes::Lakes;
use crate::engine::cluster::worker::PlanServer;
use crate::error::{Error, Result};
use crate::machine;
use crate::project::Token;

const BEAT_EVERY: Duration = Duration::from_millis(250);

/// How a worker process is run.
#[derive(Debug, Clone)]
pub struct ProcessSettings {
    pub bind: String,
    pub port: u16,
    pub limits: Limits,
    pub spill: Option<PathBuf>,
    pub token: Token,
    pub lakes: Lakes,
}

/// Takes plans until the process is ended.
///
/// # Errors
/// A configuration error for a spill folder that cannot be used; a connection error for a port that is taken.
pub async fn run(settings: ProcessSettings) -> Result<()> {
    let ProcessSettings { bind, port, limits, spill, token, lakes } = settings;
    let server = PlanServer::new(&limits, spill.as_deref(), &token, lakes)?;
    let listener = TcpListener::bind((bind.as_str(), port)).await.map_err(|error| {
        Error::connection(format!("cannot take plans at `{bind}:{port}`"))
            .hint("choose another port with `--plans-port`")
            .because(error)
    })?;
    let address = listener.local_addr()?;
    token.guards(address)?;
    let plans_port = address.port();
    let spilled_bytes = server.spilled_bytes();
    // A thread of its own: the others may be computing for a long time.
    std::thread::spawn(move || {
        loop {
            let beat = Beat {
                plans_port,
                resident_bytes: machine::resident_memory(),
                peak_bytes: machine::peak_memory(),
                cpu_seconds: machine::cpu_seconds(),
                spilled_bytes: spilled_bytes(),
            };
            let mut line = serde_json::to_vec(&beat).expect("text keys only");
            line.push(b'\n');
            let mut out = std::io::stdout().lock();
            if out.write_all(&line).and_then(|()| out.flush()).is_err() {
                std::process::exit(1);
            }
            drop(out);
            std::thread::park_timeout(BEAT_EVERY);
        }
    });
    server.serve(listener).await
}
