//! Which addresses a name or a redirect may lead to: none of those that belong to the surroundings of this machine, as the
//! metadata of clouds do, with their credentials. An address that the project itself writes out as numbers is asked all the same.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Resolves names as the system does, without link-local addresses.
pub struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|at| !is_of_link(at.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err("the name stands for a link-local address, which sources do not read".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is written out as one of a link.
pub fn is_link_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is_of_link(ip.into()),
        Some(Host::Ipv6(ip)) => is_of_link(ip.into()),
        _ => false,
    }
}

/// 169.254.0.0/16 (RFC 3927), fe80::/10 (RFC 4291), and AWS's fd00:ec2::254.
fn is_of_link(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.segments()[..2] == [0xfd00, 0x0ec2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_surroundings_are_known_however_they_are_written() {
        for url in [
            "http://169.254.169.254/latest/meta-data",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
        ] {
            assert!(is_link_local(&Url::parse(url).unwrap()), "{url}");
        }
        for url in ["http://127.0.0.1/", "http://10.0.0.1/", "http://example.org/", "http://[2001:db8::1]/"] {
            assert!(!is_link_local(&Url::parse(url).unwrap()), "{url}");
        }
    }
}
