//! `engine:` of a target: other machines that compute.

use std::net::IpAddr;
use std::time::Duration;

use super::token::{self, Token};
use crate::config;
use crate::error::{Error, Result};
use crate::lake::table::attic;
use crate::project::faults::Faults;
use crate::project::read::{At, given_or, within};
use crate::project::spec::EngineSpec;

/// Below this a dataset is made by the driver alone: taking workers and sending rows about costs more.
const LOCAL_BELOW: u64 = 64_000_000;

const WAIT: Duration = Duration::from_secs(30);

/// Which workers there are and when they are used.
#[derive(Debug, Clone)]
pub struct Workers {
    pub nodes: Nodes,
    /// Shared by the driver and its nodes.
    pub token: Token,
    /// With fewer workers nothing is begun.
    pub at_least: usize,
    /// How long to wait for them.
    pub wait: Duration,
    /// Bytes that a dataset must read for the workers to be used.
    pub local_below: u64,
}

/// How the driver comes to know its nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum Nodes {
    /// `host:port` of each.
    Listed(Vec<String>),
    /// They come to the driver, which listens at this address.
    Registered { listen: String },
}

impl Workers {
    /// Those that `--workers` lists; all else as usual.
    ///
    /// # Errors
    /// A configuration error for an address without a port, and for a token that cannot be sent.
    pub fn listed(addresses: &[String], token: Option<&str>) -> Result<Workers> {
        let nodes =
            addresses.iter().map(|address| address_of(address).map_err(Error::config)).collect::<Result<_>>()?;
        let token = token.map(Token::new).transpose()?.unwrap_or_default();
        if let Some(why) = unguarded(addresses.iter(), &token) {
            return Err(Error::config(why).hint(token::HINT));
        }
        Ok(Workers { nodes: Nodes::Listed(nodes), token, at_least: 1, wait: WAIT, local_below: LOCAL_BELOW })
    }

    /// The same with nodes that come to the driver, which listens there.
    ///
    /// # Errors
    /// As of those that are listed.
    pub fn registering(self, listen: &str, token: Option<&str>) -> Result<Workers> {
        let listen = address_of(listen).map_err(Error::config)?;
        let token = token.map(Token::new).transpose()?.unwrap_or_default();
        if let Some(why) = unguarded(std::iter::once(&listen), &token) {
            return Err(Error::config(why).hint(token::HINT));
        }
        Ok(Workers { nodes: Nodes::Registered { listen }, token, ..self })
    }

    /// Whether a dataset that reads this much is worth the workers.
    pub fn take(&self, input_bytes: u64) -> bool {
        input_bytes >= self.local_below
    }
}

pub(super) fn check(block: &At<EngineSpec>, faults: &mut Faults) -> Option<Workers> {
    let spec = block.value.as_ref()?;
    let nodes = match (&spec.workers, &spec.listen) {
        (Some(listed), None) => {
            let mut addresses = vec![];
            for at in listed.value.as_ref()? {
                match address_of(at.value.as_ref()?) {
                    Ok(address) => addresses.push(address),
                    Err(why) => {
                        faults.add(&at.span, why);
                    }
                }
            }
            if addresses.is_empty() {
                faults
                    .add(&listed.span, "`workers` lists no node")
                    .hint("leave `engine` out to compute on this machine");
            }
            Nodes::Listed(addresses)
        }
        (None, Some(listen)) => {
            let address = listen.value.as_ref()?;
            match address_of(address) {
                Ok(listen) => Nodes::Registered { listen },
                Err(why) => {
                    faults.add(&listen.span, why);
                    return None;
                }
            }
        }
        _ => {
            faults
                .add(&block.key, "`engine` needs one of `workers`, `listen` and `cluster`")
                .hint("`workers: [host:port, …]` lists the nodes; with `listen: 0.0.0.0:7070` they come by themselves; `cluster: emr` brings them up");
            return None;
        }
    };
    let token = match spec.token.as_ref().and_then(|token| Some((token, token.value.as_ref()?))) {
        Some((_, text)) if text.is_empty() => Some(Token::default()),
        Some((at, text)) => Token::new(text).map_err(|error| faults.add(&at.span, error.to_string())).ok(),
        None => Some(Token::default()),
    };
    let addresses = match &nodes {
        Nodes::Listed(addresses) => addresses.as_slice(),
        Nodes::Registered { listen } => std::slice::from_ref(listen),
    };
    // One that could not be read is a fault of its own.
    let is_read = spec.token.as_ref().is_none_or(|at| at.value.is_some());
    if let Some(why) = token.as_ref().filter(|_| is_read).and_then(|token| unguarded(addresses.iter(), token)) {
        faults.add(&block.key, why).hint(token::HINT);
    }
    let wait = match spec.wait.as_ref().and_then(|wait| Some((wait, wait.value.as_ref()?))) {
        None => Some(WAIT),
        Some((at, text)) => {
            let parsed = attic::parse_keep(text);
            parsed.map_err(|how| faults.add(&at.span, "`wait` is no time").hint(how)).ok()
        }
    };
    let local_below = local_below(spec, faults);
    if let Some(at) = &spec.at_least {
        let most = match &nodes {
            Nodes::Listed(addresses) => addresses.len().max(1) as u32,
            Nodes::Registered { .. } => 10_000,
        };
        within("at_least", at, 1..=most, faults);
    }
    let at_least = given_or(&spec.at_least, 1)? as usize;
    Some(Workers { nodes, token: token?, at_least, wait: wait?, local_below: local_below? })
}

/// What a dataset must read for workers to be used.
pub(super) fn local_below(spec: &EngineSpec, faults: &mut Faults) -> Option<u64> {
    match spec.local_below.as_ref().and_then(|size| Some((size, size.value.as_ref()?))) {
        None => Some(LOCAL_BELOW),
        Some((_, text)) if text == "0" => Some(0),
        Some((at, text)) => {
            let parsed = config::parse_size(text);
            parsed.map_err(|how| faults.add(&at.span, "`local_below` is no size").hint(how)).ok()
        }
    }
}

/// Why these addresses need a token, if they do and there is none. A name other than `localhost` may be any machine.
fn unguarded<'a>(mut addresses: impl Iterator<Item = &'a String>, token: &Token) -> Option<String> {
    let is_here = |address: &String| {
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host).trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    let away = addresses.find(|address| !token.is_set() && !is_here(address))?;
    Some(format!("`{away}` is not only this machine's, and there is no token"))
}

/// `host:port`, with the port given.
fn address_of(text: &str) -> std::result::Result<String, String> {
    let port =
        text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).and_then(|(_, port)| port.parse::<u16>().ok());
    match port {
        Some(_) => Ok(text.to_string()),
        None => Err(format!("`{text}` is no `host:port`")),
    }
}
