//! `serve:`: what programs and people see of the lake, and who may ask.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::pace;
use crate::error::Problem;
use crate::lake::table::attic;
use crate::lake::{TableName, Zone};
use crate::project::faults::Faults;
use crate::project::read::{At, given_or, within};
use crate::project::spec::{JwtSpec, ServeKeySpec, ServeSpec};

/// Checked.
#[derive(Debug, Clone)]
pub struct Serve {
    pub tables: Vec<Shown>,
    pub hide: Vec<HiddenFromView>,
    /// Of one answer.
    pub most_rows: u32,
    pub timeout: Duration,
    /// Answers that are worked on at once; the others wait, or are told to come back.
    pub at_once: u32,
    /// The time between two requests of one caller, over a while; zero for no limit.
    pub between: Duration,
    pub keys: Vec<ServeKey>,
    pub jwt: Option<Jwt>,
    /// The sites whose pages may ask, as in an `Origin` header.
    pub origins: Vec<String>,
}

impl Default for Serve {
    fn default() -> Self {
        Serve {
            tables: vec![Shown { zone: Zone::Refined, table: None, unknown: None }],
            hide: vec![],
            most_rows: MOST_ROWS,
            timeout: TIMEOUT,
            at_once: AT_ONCE,
            between: Duration::ZERO,
            keys: vec![],
            jwt: None,
            origins: vec![],
        }
    }
}

impl Serve {
    pub fn shows(&self, table: &TableName) -> bool {
        self.tables
            .iter()
            .any(|shown| shown.zone == table.zone && shown.table.as_ref().is_none_or(|name| *name == table.name))
    }

    /// The columns of the table that nobody sees.
    pub fn hidden<'a>(&'a self, table: &'a TableName) -> impl Iterator<Item = &'a str> {
        self.hide.iter().filter(move |hidden| hidden.table == *table).map(|hidden| hidden.column.as_str())
    }

    /// Whether whoever asks must say who they are.
    pub fn asks_who(&self) -> bool {
        !self.keys.is_empty() || self.jwt.is_some()
    }

    /// The faults of names that are no table of the project.
    pub fn unknown(&self, is_known: impl Fn(&TableName) -> bool) -> Vec<Problem> {
        let shown = self.tables.iter().filter_map(|shown| Some((shown.named()?, shown.unknown.as_ref()?)));
        let hidden = self.hide.iter().map(|hidden| (hidden.table.clone(), &hidden.unknown));
        shown.chain(hidden).filter(|(table, _)| !is_known(table)).map(|(_, problem)| problem.clone()).collect()
    }
}

/// Tables that are shown.
#[derive(Debug, Clone)]
pub struct Shown {
    pub zone: Zone,
    /// `None`: all of the zone.
    pub table: Option<String>,
    /// What is to be said if there is no such table.
    unknown: Option<Problem>,
}

impl Shown {
    fn named(&self) -> Option<TableName> {
        Some(TableName::new(self.zone, self.table.clone()?))
    }
}

/// A column that is in no answer, whatever is asked.
#[derive(Debug, Clone)]
pub struct HiddenFromView {
    pub table: TableName,
    pub column: String,
    unknown: Problem,
}

/// A caller, known by a key of which only the hash is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ServeKey {
    pub name: String,
    pub sha256: [u8; 32],
}

/// Tokens of RFC 7519 that someone else signs.
#[derive(Debug, Clone, PartialEq)]
pub struct Jwt {
    pub jwks: Jwks,
    pub issuer: String,
    pub audience: String,
}

/// Where the signer's public keys are (RFC 7517).
#[derive(Debug, Clone, PartialEq)]
pub enum Jwks {
    File(PathBuf),
    Url(Url),
}

const MOST_ROWS: u32 = 10_000;
const TIMEOUT: Duration = Duration::from_secs(10);
const AT_ONCE: u32 = 32;

pub fn check(spec: &At<ServeSpec>, root: &Path, faults: &mut Faults) -> Option<Serve> {
    let keys = spec.value.as_ref()?;
    let default = Serve::default();
    let tables = match &keys.tables {
        None => Some(default.tables),
        Some(list) => all(list.value.as_ref()?, |at| shown(at, faults)),
    };
    let hide = all(keys.hide.iter().flat_map(|list| &list.value).flatten(), |at| hidden(at, faults));
    if let Some(at) = &keys.most_rows {
        within("most_rows", at, 1..=1_000_000, faults);
    }
    if let Some(at) = &keys.at_once {
        within("at_once", at, 1..=1_000, faults);
    }
    let timeout = match &keys.timeout {
        None => Some(TIMEOUT),
        Some(at) => match (at.value.as_deref()?, attic::parse_keep(at.value.as_deref()?)) {
            (_, Ok(timeout)) if !timeout.is_zero() && timeout <= Duration::from_secs(3600) => Some(timeout),
            _ => {
                faults.add(&at.span, "`timeout` is no time between a second and an hour").hint("write 10s or 2m");
                None
            }
        },
    };
    let between = match &keys.rate_limit {
        None => Some(Duration::ZERO),
        Some(at) => pace::rate(at, faults),
    };
    let callers = all(keys.keys.iter().flat_map(|list| &list.value).flatten(), |at| key(at, faults));
    let jwt = match &keys.jwt {
        None => Some(None),
        Some(at) => jwt(at, root, faults).map(Some),
    };
    let origins = all(keys.origins.iter().flat_map(|list| &list.value).flatten(), |at| origin(at, faults));
    Some(Serve {
        tables: tables?,
        hide: hide?,
        most_rows: given_or(&keys.most_rows, MOST_ROWS)?,
        timeout: timeout?,
        at_once: given_or(&keys.at_once, AT_ONCE)?,
        between: between?,
        keys: callers?,
        jwt: jwt?,
        origins: origins?,
    })
}

/// All of them, or none if one is faulty: each has been looked at.
fn all<'a, T: 'a, U>(list: impl IntoIterator<Item = &'a T>, check: impl FnMut(&'a T) -> Option<U>) -> Option<Vec<U>> {
    let checked: Vec<Option<U>> = list.into_iter().map(check).collect();
    checked.into_iter().collect()
}

fn shown(at: &At<String>, faults: &mut Faults) -> Option<Shown> {
    let text = at.value.as_ref()?.to_lowercase();
    let (zone, name) = text.split_once('.').unwrap_or((&text, ""));
    let zone = zone_of(zone, at, faults)?;
    let table = match name {
        "*" => None,
        name if TableName::is_valid_name(name) => Some(name.to_string()),
        _ => {
            faults.add(&at.span, format!("`{text}` names no table")).hint("write `refined.*` or `refined.sales`");
            return None;
        }
    };
    let unknown = table.as_ref().map(|_| faults.unknown_table(&at.span, &text));
    Some(Shown { zone, table, unknown })
}

fn hidden(at: &At<String>, faults: &mut Faults) -> Option<HiddenFromView> {
    let text = at.value.as_ref()?.to_lowercase();
    let parts: Vec<&str> = text.split('.').collect();
    let [zone, table, column] = parts[..] else {
        faults.add(&at.span, format!("`{text}` names no column")).hint("write `trusted.users.email`");
        return None;
    };
    let table = TableName::new(zone_of(zone, at, faults)?, table);
    let unknown = faults.unknown_table(&at.span, &table.to_string());
    Some(HiddenFromView { table, column: column.to_string(), unknown })
}

fn zone_of(zone: &str, at: &At<String>, faults: &mut Faults) -> Option<Zone> {
    match zone {
        "trusted" => Some(Zone::Trusted),
        "refined" => Some(Zone::Refined),
        _ => {
            faults
                .add(&at.span, format!("`{zone}` is no zone that can be served"))
                .hint("tables of `trusted` and `refined` can: `refined.*`, `trusted.sales`");
            None
        }
    }
}

fn key(at: &At<ServeKeySpec>, faults: &mut Faults) -> Option<ServeKey> {
    let spec = at.value.as_ref()?;
    let (name, hash) = (spec.name.value.clone()?, spec.sha256.value.as_ref()?);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = hash.as_bytes().chunks(2).map(byte).collect();
    let sha256 = bytes.filter(|_| hash.bytes().all(|c| c.is_ascii_hexdigit())).and_then(|it| it.try_into().ok());
    if sha256.is_none() {
        faults
            .add(&spec.sha256.span, "this is no SHA-256: 64 hexadecimal digits")
            .hint("`trapiche serve key NAME` makes a key and the line that belongs here; the key itself does not");
    }
    Some(ServeKey { name, sha256: sha256? })
}

fn jwt(at: &At<JwtSpec>, root: &Path, faults: &mut Faults) -> Option<Jwt> {
    let spec = at.value.as_ref()?;
    let text = spec.jwks.value.as_ref()?;
    let jwks = match text.split_once("://") {
        None => Jwks::File(root.join(text)),
        Some(("https", _)) => match Url::parse(text) {
            Ok(url) => Jwks::Url(url),
            Err(error) => {
                faults.add(&spec.jwks.span, format!("this is not a valid address: {error}"));
                return None;
            }
        },
        Some(_) => {
            faults
                .add(&spec.jwks.span, "keys that are not fetched by `https://` can be anybody's")
                .hint("name an `https://` address, or a file beside `trapiche.yml`");
            return None;
        }
    };
    Some(Jwt { jwks, issuer: spec.issuer.value.clone()?, audience: spec.audience.value.clone()? })
}

fn origin(at: &At<String>, faults: &mut Faults) -> Option<String> {
    let text = at.value.as_ref()?;
    let is_one = Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == *text);
    if !is_one {
        faults
            .add(&at.span, format!("`{text}` is no origin"))
            .hint("scheme, host and port as in a browser, without a path: `https://example.org`");
        return None;
    }
    Some(text.clone())
}
