//! Nodes that come to the driver: it listens, they say again and again that they are there.
//!
//! For clusters whose nodes know one address (EMR's primary node) and nobody knows theirs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, State};
use axum::routing::post;
use axum::{Json, Router};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::protocol::Registration;
use crate::error::{Error, Result};
use crate::project::Token;

/// A node that was silent for longer is not offered any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(5);

/// Listens as long as it lives.
pub struct Registry {
    nodes: HeardOf,
    server: JoinHandle<()>,
}

/// When each `host:port` was last heard of.
type HeardOf = Arc<Mutex<BTreeMap<String, Instant>>>;

impl Registry {
    /// # Errors
    /// A connection error when the address cannot be listened at.
    pub async fn open(listen: &str, token: &Token) -> Result<Registry> {
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Error::connection(format!("cannot listen for workers at `{listen}`"))
                .hint("`engine.listen` of the target is an address of this machine with a free port")
                .because(error)
        })?;
        token.guards(listener.local_addr()?)?;
        let nodes = HeardOf::default();
        let routes = Router::new().route("/v1/nodes", post(register)).with_state((nodes.clone(), token.clone()));
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            // Only a listener that is gone ends it, and that is this one's own.
            let _ = axum::serve(listener, service).await;
        });
        Ok(Registry { nodes, server })
    }

    /// Those that were heard of lately.
    pub fn nodes(&self) -> Vec<String> {
        let mut nodes = locked(&self.nodes);
        nodes.retain(|_, seen| seen.elapsed() < FORGOTTEN_AFTER);
        nodes.keys().cloned().collect()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn register(
    State((nodes, token)): State<(HeardOf, Token)>,
    ConnectInfo(sender): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(node): Json<Registration>,
) -> StatusCode {
    if !token.admits(headers.get(AUTHORIZATION).map(|value| value.as_bytes())) {
        return StatusCode::UNAUTHORIZED;
    }
    let address = SocketAddr::new(sender.ip(), node.port);
    locked(&nodes).insert(address.to_string(), Instant::now());
    StatusCode::NO_CONTENT
}

fn locked(nodes: &HeardOf) -> MutexGuard<'_, BTreeMap<String, Instant>> {
    // A panic while it was held has left a map that is as good as any.
    nodes.lock().unwrap_or_else(PoisonError::into_inner)
}
