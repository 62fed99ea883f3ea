//! The process that runs parts of plans. It knows no project: the lake's address comes with each plan, and is one of
//! those that it was told to serve. Endpoint, region and credentials are its own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion_distributed::{DistributedExt, Worker, WorkerQueryContext, WorkerSessionBuilder};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Status};

use super::channel::Channels;
use super::codec::LakeCodec;
use super::lakes::Lakes;
use super::protocol::{BUILD, LAKE_HEADER};
use crate::config::Limits;
use crate::engine::state;
use crate::error::{Error, Result};
use crate::lake::{Lake, Storage};
use crate::project::Token;
use crate::spark::mode::SqlMode;

/// What a worker process offers: its memory, threads and spill folder.
pub struct PlanServer {
    runtime: Arc<RuntimeEnv>,
    threads: usize,
    token: Token,
    lakes: Lakes,
}

impl PlanServer {
    /// Spills to `spill`, or to the system's temporary folder.
    ///
    /// # Errors
    /// A configuration error when nothing can be written there.
    pub fn new(limits: &Limits, spill: Option<&Path>, token: &Token, lakes: Lakes) -> Result<PlanServer> {
        let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::config("cannot write to the spill folder")
                .hint("name another with `--spill DIR`, or make room there")
                .because(error)
        };
        let runtime = state::runtime(limits, spill).map_err(|error| unusable(error.into()))?;
        // Not when the first query runs out of memory, but now.
        runtime.disk_manager.create_tmp_file("a first look").map_err(|error| unusable(error.into()))?;
        Ok(PlanServer { runtime, threads: limits.threads, token: token.clone(), lakes })
    }

    /// Tells the bytes that lie in spill files, whenever it is asked.
    pub fn spilled_bytes(&self) -> impl Fn() -> u64 + Send + 'static {
        let runtime = self.runtime.clone();
        move || runtime.spilling_progress().current_bytes
    }

    /// Takes plans until the process ends.
    pub async fn serve(self, listener: TcpListener) -> Result<()> {
        let sessions = Sessions {
            runtime: self.runtime.clone(),
            threads: self.threads,
            channels: Channels::new(&self.token),
            lakes: self.lakes,
            open: Mutex::default(),
        };
        let worker = Worker::from_session_builder(sessions).with_runtime_env(self.runtime).with_version(BUILD);
        let token = self.token;
        let checked = InterceptedService::new(worker.into_worker_server(), move |request: Request<()>| {
            let given = request.metadata().get(AUTHORIZATION.as_str()).map(|value| value.as_bytes());
            if token.admits(given) { Ok(request) } else { Err(Status::unauthenticated("wrong token")) }
        });
        // The server's own setting is for listeners that it opens itself. Without it each small message, such as the last of
        // a stage, waits some 40 ms for the answer to the one before.
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        Server::builder()
            // A driver that is gone must not keep its work here for ever.
            .http2_keepalive_interval(Some(Duration::from_secs(10)))
            .http2_keepalive_timeout(Some(Duration::from_secs(20)))
            .add_service(checked)
            .serve_with_incoming(incoming)
            .await
            .map_err(|error| Error::connection("the worker stopped serving").because(error))
    }
}

/// How the name of the header ends that carries an option of [`SqlMode`].
const MODE_HEADER: &str = "-sql.ansi";

/// Builds a session for each part of a plan, by the same function as the driver's.
struct Sessions {
    runtime: Arc<RuntimeEnv>,
    threads: usize,
    channels: Channels,
    lakes: Lakes,
    /// By their address, as it comes in headers.
    open: Mutex<HashMap<String, (Lake, Arc<RuntimeEnv>)>>,
}

impl Sessions {
    async fn lake(&self, headers: &HeaderMap) -> Result<(Lake, Arc<RuntimeEnv>)> {
        let address = headers.get(LAKE_HEADER).and_then(|value| value.to_str().ok());
        let address = address.ok_or_else(|| Error::failed("a plan came without the address of its lake"))?;
        let mut open = self.open.lock().await;
        if let Some(open) = open.get(address) {
            return Ok(open.clone());
        }
        let asked: Storage = serde_json::from_str(address)
            .map_err(|error| Error::failed("a plan came with a torn address of its lake").because(error))?;
        let lake = Lake::open(&self.lakes.find(&asked)?).await?;
        let runtime = state::on_lake(&self.runtime, &lake)?;
        open.insert(address.to_string(), (lake.clone(), runtime.clone()));
        Ok((lake, runtime))
    }
}

#[async_trait]
impl WorkerSessionBuilder for Sessions {
    async fn build_session_state(&self, mut query: WorkerQueryContext) -> Result<SessionState, DataFusionError> {
        let own = |error: Error| DataFusionError::External(Box::new(error));
        let (lake, runtime) = self.lake(&query.headers).await.map_err(own)?;
        let config = query.builder.config().take().unwrap_or_default();
        if !query.headers.keys().any(|name| name.as_str().ends_with(MODE_HEADER)) {
            return Err(own(Error::failed("a plan came without the mode of its SQL")));
        }
        let config = config.with_distributed_option_extension_from_headers::<SqlMode>(&query.headers)?;
        let state = state::state(config, &runtime, self.threads)
            .with_distributed_user_codec(LakeCodec { lake })
            .with_distributed_channel_resolver(self.channels.clone());
        Ok(state.build())
    }
}
