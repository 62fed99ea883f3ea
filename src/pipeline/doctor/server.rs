//! The servers that sources lie on: whether their names resolve, they can be reached, and credentials go to them encrypted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::{Finding, Health, finding};
use crate::config;
use crate::error::{Error, Result};
use crate::project::{Address, DatabaseKind, Definition, Origin, Project};

const CONNECT: Duration = Duration::from_secs(10);

/// Where requests go instead, if one of them is set.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A server, and whether secrets are sent to it.
struct Server {
    address: Address,
    host: String,
    port: u16,
    has_secrets: bool,
}

/// Two findings for each server, in the order of their names.
pub async fn examine(project: &Project) -> Vec<Finding> {
    let has_proxy = PROXIES.iter().any(|name| config::variable(name).is_some_and(|value| !value.is_empty()));
    let mut findings = vec![];
    for (what, server) in servers(project) {
        let is_web = server.address.url().scheme().starts_with("http");
        if is_web && has_proxy {
            let told = async { Ok((Health::Ok, "it is asked through a proxy".to_string())) };
            findings.push(finding(&what, "reach", told).await);
        } else {
            findings.push(finding(&what, "reach", reach(&server)).await);
        }
        if server.has_secrets {
            findings.push(finding(&what, "encryption", async { Ok(encryption(&server)) }).await);
        }
    }
    findings
}

/// Each server once, however many sources lie on it.
fn servers(project: &Project) -> BTreeMap<String, Server> {
    let mut servers = BTreeMap::new();
    for dataset in &project.datasets {
        let Definition::Source(source) = &dataset.definition else { continue };
        let (address, has_secrets) = match &source.origin {
            // Several may be on several servers; the first tells whether this machine reaches out at all.
            Origin::Files { files, .. } => (&files.places[0], files.places[0].is_secret()),
            Origin::Rest(read) => {
                let api = &read.api;
                (&api.base, api.auth.is_some() || !api.headers.is_empty() || api.base.is_secret())
            }
            Origin::Sql { database, .. } => (database, database.url().password().is_some()),
        };
        let url = address.url();
        let port = url.port_or_known_default().or(DatabaseKind::of(url.scheme()).and_then(DatabaseKind::default_port));
        // A database behind a socket of this machine has no name that resolves.
        let is_socket = url.query_pairs().any(|(name, _)| matches!(&*name, "host" | "hostaddr" | "socket"));
        if let (Some(host), Some(port), false, false) =
            (url.host_str().filter(|host| !host.is_empty()), port, is_socket, url.scheme() == "demo")
        {
            let shown =
                if address.is_secret() { address.without_parameters().to_string() } else { format!("{host}:{port}") };
            let host = host.trim_matches(['[', ']']).to_string();
            let server = Server { address: address.clone(), host, port, has_secrets };
            let known = servers.entry(format!("server {shown}")).or_insert(server);
            known.has_secrets |= has_secrets;
        }
    }
    servers
}

async fn reach(server: &Server) -> Result<(Health, String)> {
    let shown = |text: String| server.address.scrubbed(&text);
    let found: Vec<SocketAddr> = tokio::net::lookup_host((server.host.as_str(), server.port))
        .await
        .map_err(|error| {
            Error::connection("its name does not resolve")
                .hint("check the name, and this machine's DNS")
                .because(shown(error.to_string()))
        })?
        .collect();
    let mut last = None;
    for address in &found {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                return Ok((Health::Ok, format!("its name resolves to {}, and it answers", counted(found.len()))));
            }
            Ok(Err(error)) => last = Some(error.to_string()),
            Err(_) => last = Some(format!("no answer within {} s", CONNECT.as_secs())),
        }
    }
    let error = Error::connection(format!("its name resolves to {}, and none can be reached", counted(found.len())))
        .hint("check the port, that the server is up, and what firewalls let through");
    Err(last.map_or(error.clone(), |last| error.because(shown(last))))
}

fn counted(addresses: usize) -> String {
    format!("{addresses} address{}", if addresses == 1 { "" } else { "es" })
}

/// By what the address asks for. Nobody listens between a program and its own machine.
fn encryption(server: &Server) -> (Health, String) {
    let url = server.address.url();
    let is_here = server.host == "localhost" || server.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    let mode =
        url.query_pairs().find(|(name, _)| matches!(name.as_ref(), "sslmode" | "ssl-mode")).map(|(_, mode)| mode);
    let mode = mode.map(|mode| mode.to_lowercase().replace('_', "-"));
    match (url.scheme(), mode.as_deref()) {
        _ if is_here => (Health::Ok, "the server is this machine".to_string()),
        ("https", _) => (Health::Ok, "TLS, with the server's certificate checked".to_string()),
        ("http", _) => (Health::Warn, "credentials are sent as they are: use https://".to_string()),
        (_, Some("verify-ca" | "verify-full" | "verify-identity")) => {
            (Health::Ok, "TLS, with the server's certificate checked".to_string())
        }
        (_, Some("require" | "required")) => (
            Health::Warn,
            "TLS with whoever answers: `verify-full` (MySQL: `verify_identity`) checks who that is".to_string(),
        ),
        _ => (
            Health::Warn,
            "TLS only if the server offers it: say `sslmode=verify-full` (MySQL: `ssl-mode=verify_identity`)"
                .to_string(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_tells_what_is_encrypted() {
        let of = |text: &str| {
            let address = Address::parse(text).unwrap();
            let host = address.url().host_str().unwrap().to_string();
            encryption(&Server { address, host, port: 1, has_secrets: true }).0
        };
        for (address, health) in [
            ("https://api.example.org/", Health::Ok),
            ("http://api.example.org/", Health::Warn),
            ("http://127.0.0.1/", Health::Ok),
            ("postgres://me:pw@db/shop", Health::Warn),
            ("postgres://me:pw@db/shop?sslmode=verify-full", Health::Ok),
            ("mysql://me:pw@db/shop?ssl-mode=VERIFY_IDENTITY", Health::Ok),
            ("mysql://me:pw@db/shop?ssl-mode=required", Health::Warn),
        ] {
            assert_eq!(of(address), health, "{address}");
        }
    }
}
