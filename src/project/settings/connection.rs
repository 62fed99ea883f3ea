//! Connections: the servers that sources are read from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::address::Address;
use super::auth;
use super::file_places::{self, BucketAccess, WEB_FILES};
use super::pace;
use super::rest::ApiConnection;
use super::secret::Secret;
use super::target::address;
use crate::project::faults::Faults;
use crate::project::read::At;
use crate::project::spec::ConnectionSpec;

/// A connection with its address checked.
#[derive(Debug)]
pub enum Connection {
    Rest(Arc<ApiConnection>),
    Database(Address),
    Files(Address, BucketAccess),
}

pub type Connections = BTreeMap<String, At<ConnectionSpec>>;

/// A connection: exactly one of the three kinds, with an address of that kind.
pub fn check(spec: &At<ConnectionSpec>, root: &Path, demo: bool, faults: &mut Faults) -> Option<Connection> {
    let ConnectionSpec { rest, database, files, s3, headers, auth, rate_limit, concurrency } = spec.value.as_ref()?;
    let (kind, at, schemes): (&str, _, &[&str]) = match (rest, database, files) {
        (Some(at), None, None) => ("api", at, &["http", "https", "demo"]),
        (None, Some(at), None) => ("database", at, &["sqlite", "postgres", "postgresql", "mysql", "mariadb", "demo"]),
        (None, None, Some(at)) => ("files", at, &WEB_FILES),
        (None, None, None) if faults.any_in(&spec.span) => return None,
        _ => {
            faults.add(&spec.key, "a connection is exactly one of `rest`, `database` and `files`");
            return None;
        }
    };
    let of_api = [
        ("headers", headers.as_ref().map(|at| &at.key)),
        ("auth", auth.as_ref().map(|at| &at.key)),
        ("rate_limit", rate_limit.as_ref().map(|at| &at.key)),
        ("concurrency", concurrency.as_ref().map(|at| &at.key)),
    ];
    for (key, place) in of_api {
        if let (Some(place), false) = (place, kind == "api") {
            faults.add(place, format!("`{key}` belongs to a `rest` connection"));
        }
    }
    let address = address(at.value.as_ref()?, schemes, &at.span, root, faults)?;
    if let (Some(s3), false) = (s3, kind == "files" && address.url().scheme() == "s3") {
        faults.add(&s3.key, "`s3` belongs to `files` that start with `s3://`");
    }
    if address.url().scheme() == "demo" {
        if !demo {
            faults
                .add(&at.span, "`demo://` needs the store of a demo target")
                .hint("give the target a `demo: {}` block");
            return None;
        } else if address.url().host_str() != Some(kind) {
            faults
                .add(&at.span, format!("`{address}` is not in the demo store"))
                .hint(format!("did you mean `demo://{kind}`?"));
            return None;
        }
    }
    Some(match kind {
        "api" => Connection::Rest(Arc::new(ApiConnection {
            base: address,
            headers: secrets(headers.as_ref())?,
            auth: match auth {
                Some(at) => Some(auth::check(at, root, faults)?),
                None => None,
            },
            pace: pace::check(rate_limit, concurrency, faults)?,
        })),
        "database" => Connection::Database(address),
        _ => {
            let bucket = match s3 {
                Some(at) => file_places::bucket(at.value.as_ref()?, at, faults)?,
                None => BucketAccess::default(),
            };
            Connection::Files(address, bucket)
        }
    })
}

fn secrets(headers: Option<&At<BTreeMap<String, At<String>>>>) -> Option<BTreeMap<String, Secret>> {
    let Some(headers) = headers else { return Some(BTreeMap::new()) };
    let values = headers.value.as_ref()?.iter();
    values.map(|(name, value)| Some((name.clone(), Secret::new(value.value.clone()?)))).collect()
}
