//! Channels that plans and rows travel on: to a worker from its driver, and between workers.
//!
//! A machine that is gone does not say so. Without time-outs a channel to it waits for ever.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::common::{DataFusionError, Result};
use datafusion_distributed::grpc::{BoxCloneSyncChannel, create_worker_client};
use datafusion_distributed::{ChannelResolver, WorkerChannel};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use tokio::sync::Mutex;
use tonic::transport::Endpoint;
use tower::ServiceExt;
use url::Url;

use crate::error::Error;
use crate::project::Token;

const CONNECT: Duration = Duration::from_secs(2);

/// A worker that computes on all cores may be slow to answer; the leases find out sooner who is gone.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEP_ALIVE_PATIENCE: Duration = Duration::from_secs(20);

/// One channel per worker, opened when it is first needed.
#[derive(Clone)]
pub struct Channels {
    token: Token,
    open: Arc<Mutex<HashMap<Url, BoxCloneSyncChannel>>>,
}

impl Channels {
    pub fn new(token: &Token) -> Self {
        Channels { token: token.clone(), open: Arc::default() }
    }

    async fn open(&self, url: &Url) -> Result<BoxCloneSyncChannel> {
        let unreachable = |error: tonic::transport::Error| {
            let error = Error::connection(format!("the worker at `{url}` cannot be reached")).because(error);
            DataFusionError::External(Box::new(error))
        };
        let endpoint = Endpoint::from_shared(url.to_string()).map_err(unreachable)?;
        let endpoint = endpoint
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE_EVERY)
            .keep_alive_timeout(KEEP_ALIVE_PATIENCE)
            .keep_alive_while_idle(true);
        let channel = endpoint.connect().await.map_err(unreachable)?;
        let authorization = self.token.header();
        let with_token = channel.map_request(move |mut request: http::Request<tonic::body::Body>| {
            if let Some(value) = &authorization {
                request.headers_mut().insert(AUTHORIZATION, HeaderValue::clone(value));
            }
            request
        });
        Ok(BoxCloneSyncChannel::new(with_token))
    }
}

#[async_trait]
impl ChannelResolver for Channels {
    async fn get_worker_client_for_url(&self, url: &Url) -> Result<Box<dyn WorkerChannel>> {
        // Held while connecting: whoever wants the same worker waits for the one connection.
        let mut open = self.open.lock().await;
        let channel = match open.get(url) {
            Some(channel) => channel.clone(),
            None => {
                let channel = self.open(url).await?;
                open.insert(url.clone(), channel.clone());
                channel
            }
        };
        drop(open);
        Ok(create_worker_client(channel))
    }
}
