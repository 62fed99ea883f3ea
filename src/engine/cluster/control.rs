//! A driver's side of the protocol: asking a node for its state, taking it and giving it back.

use std::time::Duration;

use http::header::AUTHORIZATION;
use reqwest::StatusCode;
use serde::Serialize;

use super::protocol::{BUILD, Lease, NodeStatus, Release};
use crate::error::{Error, Result};
use crate::project::Token;

/// A node that does not answer within this time is taken for lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks nodes, with the run's token.
#[derive(Debug, Clone)]
pub struct Control {
    http: reqwest::Client,
    token: Token,
}

/// Why a node cannot be had.
#[derive(Debug)]
pub enum Refusal {
    /// It does not answer, or has no worker at this moment.
    Away(String),
    /// Another run has it.
    Busy(String),
    /// It will not do, however long one waits.
    Fault(Error),
}

impl Control {
    pub fn new(token: &Token) -> Result<Control> {
        let http = reqwest::Client::builder()
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            // A proxy for the world outside has nothing to do with the nodes.
            .no_proxy()
            .build()
            .map_err(|error| Error::failed("cannot make a client for the nodes").because(error))?;
        Ok(Control { http, token: token.clone() })
    }

    /// Takes the node, or keeps it.
    pub async fn lease(&self, address: &str, lease: &Lease) -> Result<NodeStatus, Refusal> {
        self.send(address, self.http.post(url(address, "lease")).body(json(lease))).await
    }

    /// Gives the node back.
    pub async fn release(&self, address: &str, release: &Release) -> Result<NodeStatus, Refusal> {
        self.send(address, self.http.post(url(address, "release")).body(json(release))).await
    }

    async fn send(&self, address: &str, request: reqwest::RequestBuilder) -> Result<NodeStatus, Refusal> {
        let request = match self.token.header() {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        };
        let answer = request.send().await.map_err(|error| Refusal::Away(reason(&error)))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| Refusal::Away(reason(&error)))?;
        match status {
            StatusCode::OK => {
                let status: NodeStatus = serde_json::from_slice(&body).map_err(|_| Refusal::Fault(no_node(address)))?;
                same_build(address, &status).map(|()| status).map_err(Refusal::Fault)
            }
            StatusCode::CONFLICT => Err(Refusal::Busy(String::from_utf8_lossy(&body).into_owned())),
            StatusCode::SERVICE_UNAVAILABLE => Err(Refusal::Away(String::from_utf8_lossy(&body).into_owned())),
            StatusCode::UNAUTHORIZED => Err(Refusal::Fault(
                Error::connection(format!("the node `{address}` refused the token"))
                    .hint("`engine.token` of the target must be what TRAPICHE_TOKEN was when the node was started"),
            )),
            StatusCode::FORBIDDEN => {
                let why = String::from_utf8_lossy(&body);
                let (why, hint) = why.split_once('\n').unwrap_or((&why, ""));
                Err(Refusal::Fault(Error::connection(format!("the node `{address}`: {why}")).hint(hint)))
            }
            _ => Err(Refusal::Fault(no_node(address))),
        }
    }
}

fn url(address: &str, what: &str) -> String {
    format!("http://{address}/v1/{what}")
}

fn json(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("messages have text keys only")
}

fn reason(error: &reqwest::Error) -> String {
    match error {
        _ if error.is_timeout() => format!("no answer within {} s", PATIENCE.as_secs()),
        _ if error.is_connect() => "no connection".to_string(),
        _ => "the connection broke".to_string(),
    }
}

fn same_build(address: &str, status: &NodeStatus) -> Result<()> {
    if status.build == BUILD {
        return Ok(());
    }
    Err(Error::config(format!("the node `{address}` runs trapiche {}, and this is trapiche {BUILD}", status.build))
        .hint("a plan means the same only to the same build: install this one on the node"))
}

fn no_node(address: &str) -> Error {
    Error::connection(format!("what answers at `{address}` is no trapiche node"))
        .hint("start one with `trapiche node worker --port …`, and give its address with that port")
}
