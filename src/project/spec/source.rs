//! `connections:` and `sources:` as they are typed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::header::Literal;
use crate::formats::encoding::TextEncoding;
use crate::project::one_or_more::OneOrMore;
use crate::project::read::{At, SHORT};
use crate::project::written::Written;

/// Exactly one of `rest`, `database` and `files`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSpec {
    /// Base address of a JSON API.
    pub rest: Option<At<Written>>,
    /// `sqlite://`, `postgres://`, `mysql://` or `mariadb://`.
    pub database: Option<At<Written>>,
    /// Base address of plain files: `http(s)://`, `s3://` or `file://`.
    pub files: Option<At<Written>>,
    /// Files on `s3://`: how that bucket is asked.
    pub s3: Option<At<BucketSpec>>,
    /// Sent with every request to the API; the values are secrets.
    pub headers: Option<At<BTreeMap<String, At<String>>>>,
    /// How the API is told who asks.
    pub auth: Option<At<AuthSpec>>,
    /// Requests to the API that may begin in some time: `5/s`, `300/m`, `1000/h`.
    pub rate_limit: Option<At<String>>,
    /// Requests to the API that may be under way at once; 4 by default.
    pub concurrency: Option<At<u32>>,
}

/// Without keys, those that AWS's own programs find.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketSpec {
    /// Address of the store, when it is not AWS.
    pub endpoint: Option<At<String>>,
    pub region: Option<At<String>>,
    pub access_key_id: Option<At<String>>,
    pub secret_access_key: Option<At<String>>,
    pub session_token: Option<At<String>>,
    /// A public bucket: requests are not signed.
    pub anonymous: Option<At<bool>>,
}

/// Exactly one of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthSpec {
    /// A token, sent as `Authorization: Bearer …`.
    pub bearer: Option<At<String>>,
    pub basic: Option<At<BasicSpec>>,
    pub api_key: Option<At<ApiKeySpec>>,
    pub oauth2: Option<At<Oauth2Spec>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicSpec {
    pub user: At<String>,
    pub password: At<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeySpec {
    /// Of the header or the parameter.
    pub name: At<String>,
    pub value: At<String>,
    #[serde(rename = "in")]
    pub place: Option<At<KeyPlace>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyPlace {
    #[default]
    Header,
    Query,
}

/// Client credentials (RFC 6749, 4.4).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oauth2Spec {
    pub token_url: At<Written>,
    pub client_id: At<String>,
    pub client_secret: At<String>,
    pub scope: Option<At<String>>,
}

/// Either `from` a connection, or files behind a `url`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    pub from: Option<At<String>>,
    /// An address, or a list of them; `*` stands for a part of a name on `file://` and `s3://`, `{date:%Y-%m-%d}` for a day.
    pub url: Option<At<OneOrMore<Written>>>,
    /// Files: the days that `{date:…}` stands for.
    pub dates: Option<At<DatesSpec>>,
    /// A file: more bytes than this are an error, such as `2GB`.
    pub max_size: Option<At<String>>,
    /// One file: the SHA-256 of its bytes as they come.
    pub sha256: Option<At<String>>,
    /// API or files: what follows the connection's address.
    pub path: Option<At<Written>>,
    /// Database: `schema.table` or `table`; `schema.*` or `*` for all of them.
    pub table: Option<At<Written>>,
    /// Database, of all tables: those that are left out; `*` stands for a part of a name.
    pub except: Option<At<Vec<At<String>>>>,
    /// Database: a SELECT to run there.
    pub query: Option<At<Written>>,
    /// Database: the columns of the table; all by default.
    pub select: Option<At<Vec<At<String>>>>,
    /// Database: how many connections read at once; by the table's size by default.
    pub readers: Option<At<u32>>,
    /// Taken from the address when that ends in .csv, .json, .ndjson, .jsonl or .parquet.
    pub format: Option<At<FormatSpec>>,
    /// A file: what its text is in.
    pub encoding: Option<At<TextEncoding>>,
    /// CSV: stands around fields.
    pub quote: Option<At<String>>,
    /// CSV: stands before a quote that is part of a field.
    pub escape: Option<At<String>>,
    /// CSV: begins a line that is no record.
    pub comment: Option<At<String>>,
    /// CSV: lines before the header.
    pub skip_lines: Option<At<u32>>,
    /// CSV: texts that stand for null.
    pub nulls: Option<At<Vec<At<String>>>>,
    /// CSV: whether numbers are written `1.234,5`.
    pub decimal_comma: Option<At<bool>>,
    /// CSV: one ASCII character; a comma by default.
    pub delimiter: Option<At<String>>,
    /// CSV: whether the first line names the columns; true by default.
    pub header: Option<At<bool>>,
    /// JSON: dotted path to the list of rows.
    pub records: Option<At<String>>,
    /// CSV: types of columns that are not text.
    pub columns: Option<At<BTreeMap<String, At<String>>>>,
    pub paginate: Option<At<PaginateSpec>>,
    /// API: `get` by default.
    pub method: Option<At<MethodSpec>>,
    /// API: parameters of each request.
    pub params: Option<At<BTreeMap<String, At<Written>>>>,
    /// API: what each POST sends as JSON.
    pub body: Option<At<serde_json::Value>>,
    /// API: the source for each of whose rows there is a request; `{source.column}` stands in the path.
    pub for_each: Option<At<String>>,
    /// API: columns that each row takes from around the list of rows, with dotted paths into the answer.
    pub envelope: Option<At<BTreeMap<String, At<String>>>>,
    /// API: columns that must not land.
    pub drop: Option<At<Vec<At<String>>>>,
    /// API: columns that land as something else.
    pub mask: Option<At<BTreeMap<String, At<Mask>>>>,
    /// Database, API: the column by whose values only new rows are captured.
    pub cursor: Option<At<ShortCursor>>,
    /// With a `cursor`: the columns that tell a row from all others.
    pub key: Option<At<Vec<At<String>>>>,
    /// Database, with a `cursor`: whether rows that are deleted there are looked for.
    pub deletes: Option<At<Deletes>>,
    /// What becomes of columns that come, go or change.
    pub contract: Option<At<Contract>>,
    /// As the project's, for this source.
    pub keep_landings: Option<At<u32>>,
    pub description: Option<At<String>>,
    pub tags: Option<At<Vec<At<String>>>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatesSpec {
    /// The first day, such as `2026-01-31`.
    pub from: At<String>,
    /// The last day; the day of the run by default, and then the newest files need not be there yet.
    pub to: Option<At<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FormatSpec {
    Csv,
    Json,
    Ndjson,
    Parquet,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MethodSpec {
    #[default]
    Get,
    Post,
}

/// What lands in place of a value.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mask {
    /// SHA-256 of its text, so that equal values stay equal.
    Hash,
    /// `***`.
    Redact,
}

/// What becomes of a capture whose columns are others than before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Contract {
    /// It lands.
    #[default]
    Evolve,
    /// It is refused.
    Freeze,
    /// API: rows with something that was not agreed on do not land.
    DiscardRow,
    /// API: values that were not agreed on do not land; the rows do.
    DiscardValue,
}

impl Contract {
    /// Whether some rows land only in part, or not at all.
    pub fn discards(self) -> bool {
        matches!(self, Contract::DiscardRow | Contract::DiscardValue)
    }
}

/// How rows are found that a source has no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// Each capture reads all keys.
    Detect,
}

/// Exactly one of `page`, `offset`, `cursor`, `next_at`, `link` and `auto`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaginateSpec {
    /// The parameter that counts the pages.
    pub page: Option<At<Written>>,
    /// The parameter that counts the rows before the page.
    pub offset: Option<At<Written>>,
    /// The parameter that takes what the answer before had at `cursor_at`.
    pub cursor: Option<At<Written>>,
    /// Dotted path, in an answer, to the cursor of the next page.
    pub cursor_at: Option<At<String>>,
    /// Dotted path, in an answer, to the address of the next page.
    pub next_at: Option<At<String>>,
    /// The address of the next page is in the header `Link`.
    pub link: Option<At<bool>>,
    /// The first answer tells which of these it is.
    pub auto: Option<At<bool>>,
    /// The parameter that takes the size.
    pub limit: Option<At<Written>>,
    /// Rows per page.
    pub size: Option<At<u32>>,
    /// The number of the first page.
    pub first: Option<At<u32>>,
    /// Where these parameters stand.
    #[serde(rename = "in")]
    pub place: Option<At<ParameterPlace>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParameterPlace {
    #[default]
    Query,
    Body,
}

/// A column's name, or all that a cursor has.
#[derive(Debug)]
pub enum ShortCursor {
    Column(String),
    Whole(Box<CursorSpec>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CursorSpec {
    /// Its values only grow: a time of change, a number.
    pub column: At<String>,
    /// How far below the highest value that was captured the next capture begins: `1h`, `100`.
    pub lag: Option<At<Literal>>,
    /// The lowest value that is captured; all by default.
    pub start: Option<At<Literal>>,
    /// API: the parameter that takes the value.
    pub param: Option<At<Written>>,
}

impl<'de> Deserialize<'de> for ShortCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = ShortCursor;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, or a mapping")
            }

            fn visit_str<E: serde::de::Error>(self, column: &str) -> Result<ShortCursor, E> {
                Ok(ShortCursor::Column(column.to_string()))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, whole: D) -> Result<ShortCursor, D::Error> {
                CursorSpec::deserialize(whole).map(|spec| ShortCursor::Whole(spec.into()))
            }
        }

        deserializer.deserialize_newtype_struct(SHORT, Forms)
    }
}

impl JsonSchema for ShortCursor {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ShortCursor".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let whole = generator.subschema_for::<CursorSpec>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, whole] })
    }
}
