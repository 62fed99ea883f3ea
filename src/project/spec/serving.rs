//! `serve:` and `dashboard:` as they are typed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::project::read::At;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChartSpec {
    /// Whose rows it shows; one that `serve` shows.
    pub table: At<String>,
    pub chart: At<ChartKind>,
    /// The column of names, moments or numbers.
    pub x: At<String>,
    /// The column of numbers that are added up; how many rows there are, by default.
    pub y: Option<At<String>>,
    pub title: Option<At<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChartKind {
    Bar,
    Line,
    Scatter,
    Histogram,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServeSpec {
    /// What is shown: `refined.*`, `trusted.sales`. All of `refined` by default.
    pub tables: Option<At<Vec<At<String>>>>,
    /// Columns that are not: `trusted.users.email`.
    pub hide: Option<At<Vec<At<String>>>>,
    /// The most rows of an answer; 10,000 by default.
    pub most_rows: Option<At<u32>>,
    /// How long an answer may take; 10s by default.
    pub timeout: Option<At<String>>,
    /// How many answers are worked on at once; 32 by default.
    pub at_once: Option<At<u32>>,
    /// How often one caller may ask: `50/s`.
    pub rate_limit: Option<At<String>>,
    /// Who may ask, by a key; `trapiche serve key` makes one.
    pub keys: Option<At<Vec<At<ServeKeySpec>>>>,
    /// Who may ask, by a token that someone else signs.
    pub jwt: Option<At<JwtSpec>>,
    /// Pages of which sites may ask: `https://example.org`.
    pub origins: Option<At<Vec<At<String>>>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServeKeySpec {
    /// Whose it is; in logs and metrics.
    pub name: At<String>,
    /// The SHA-256 of the key, in hexadecimal.
    pub sha256: At<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtSpec {
    /// The signer's public keys: a file beside `trapiche.yml`, or an `https://` address.
    pub jwks: At<String>,
    /// What `iss` must be.
    pub issuer: At<String>,
    /// What `aud` must be, or one of it.
    pub audience: At<String>,
}
