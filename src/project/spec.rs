//! The project's YAML as it is typed: `trapiche.yml`, the header of a query, a model's file.
//!
//! Nothing is checked here but keys and types; the JSON Schema comes from the same structs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::one_or_more::OneOrMore;
use super::read::{At, SHORT};
use super::written::Written;
use super::{Impute, Init, OnFail, Scale, WriteMode};
use crate::formats::encoding::TextEncoding;
use crate::spark::types::Timestamps;

/// The JSON Schema of `trapiche.yml`, for editors.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(ProjectSpec).to_value()
}

/// trapiche.yml: what the project is called, where it runs and what it captures.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectSpec {
    #[schemars(required)]
    pub name: Option<At<String>>,
    /// Where the project can run; chosen with `--target`.
    #[schemars(required)]
    pub targets: Option<At<BTreeMap<String, At<TargetSpec>>>>,
    /// Servers that sources are read from.
    pub connections: Option<At<BTreeMap<String, At<ConnectionSpec>>>>,
    /// How SQL is meant.
    pub sql: Option<At<SqlSpec>>,
    /// What is captured into `raw/`: one table each.
    pub sources: Option<At<BTreeMap<String, At<SourceSpec>>>>,
    /// The landings of how many states of a source `vacuum` keeps; of all by default.
    pub keep_landings: Option<At<u32>>,
    /// When `trapiche schedule` runs it.
    pub schedule: Option<At<ScheduleEntry>>,
    /// Who is told when a run fails, and when it is well again.
    pub alerts: Option<At<AlertsSpec>>,
    /// What `trapiche serve` shows, and to whom.
    pub serve: Option<At<ServeSpec>>,
    /// The charts on the page that `trapiche serve` shows.
    pub dashboard: Option<At<Vec<At<ChartSpec>>>>,
}

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

/// One way at least.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertsSpec {
    /// Address that takes JSON by POST.
    pub webhook: Option<At<Written>>,
    /// Command of a shell that gets the JSON as its input.
    pub command: Option<At<Written>>,
    /// On what; both by default.
    pub on: Option<At<Vec<At<AlertOn>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertOn {
    Failure,
    Recovery,
}

/// A cron expression alone, or with more.
#[derive(Debug)]
pub enum ScheduleEntry {
    Text(String),
    Keys(Box<ScheduleSpec>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpec {
    /// Minute, hour, day of the month, month, day of the week: `*/5 * * * *`.
    pub cron: At<String>,
    /// In which the fields are meant; `UTC` by default.
    pub time_zone: Option<At<String>>,
    /// How much later a run may begin, so that not all begin at once: `30s`.
    pub jitter: Option<At<String>>,
    /// What becomes of a time at which the last run is still at work.
    pub overlap: Option<At<Overlap>>,
    /// Whether one run makes up for times that were missed.
    pub catch_up: Option<At<bool>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    #[default]
    Skip,
    Queue,
}

impl<'de> Deserialize<'de> for ScheduleEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrKeys;

        impl<'de> Visitor<'de> for TextOrKeys {
            type Value = ScheduleEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a cron expression, or a mapping with one")
            }

            fn visit_str<E>(self, text: &str) -> Result<ScheduleEntry, E> {
                Ok(ScheduleEntry::Text(text.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<ScheduleEntry, A::Error> {
                ScheduleSpec::deserialize(MapAccessDeserializer::new(keys))
                    .map(|keys| ScheduleEntry::Keys(Box::new(keys)))
            }
        }

        deserializer.deserialize_any(TextOrKeys)
    }
}

impl JsonSchema for ScheduleEntry {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ScheduleEntry".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let keys = generator.subschema_for::<ScheduleSpec>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, keys] })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// Used when `--target` is not given.
    pub default: Option<At<bool>>,
    /// Where the lake lies: `file://…` or `s3://bucket/prefix`.
    pub storage: At<Written>,
    pub s3: Option<At<S3Spec>>,
    /// How long replaced files of tables are kept: `0s`, `30m`, `1h`, `7d`.
    pub keep: Option<At<String>>,
    /// How finely tables keep timestamps: `micros`, or `millis`, as finely as Athena shows them.
    pub timestamps: Option<At<Timestamps>>,
    /// How SQL is meant in this target, key by key.
    pub sql: Option<At<SqlSpec>>,
    /// Other machines that compute; without it this one does.
    pub engine: Option<At<EngineSpec>>,
    /// The store that comes with the program, for `demo://` addresses.
    pub demo: Option<At<DemoSpec>>,
    /// Connections that are others in this target.
    pub connections: Option<At<BTreeMap<String, At<ConnectionSpec>>>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Spec {
    /// Address of the store, when it is not AWS.
    pub endpoint: Option<At<String>>,
    pub region: Option<At<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlSpec {
    /// What does not fit is an error, as in Spark 4; `false`: null, or it wraps around, as in Spark 3.5.
    pub ansi: Option<At<bool>>,
    /// The session's time zone; `UTC` by default.
    pub time_zone: Option<At<String>>,
}

/// Either `workers` or `listen`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineSpec {
    /// `host:port` of each node on which `trapiche node worker` runs.
    pub workers: Option<At<Vec<At<String>>>>,
    /// Address at which nodes register that were started with `--driver`.
    pub listen: Option<At<String>>,
    /// A secret that driver and nodes share; required beyond this machine.
    pub token: Option<At<String>>,
    /// Nothing is begun with fewer workers; 1 by default.
    pub at_least: Option<At<u32>>,
    /// How long to wait for them; 30s by default.
    pub wait: Option<At<String>>,
    /// What reads less than this is made by the driver alone; 64MB by default.
    pub local_below: Option<At<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemoSpec {
    /// 1 = about 5,000 order lines.
    pub scale: Option<At<u32>>,
    pub seed: Option<At<u64>>,
}

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
    /// Database: `schema.table` or `table`.
    pub table: Option<At<Written>>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Contract {
    /// It lands.
    Evolve,
    /// It is refused.
    Freeze,
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

/// The `/* trapiche … */` header of a query.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderSpec {
    pub description: Option<At<String>>,
    pub tags: Option<At<Vec<At<String>>>>,
    pub partition_by: Option<At<Vec<At<String>>>>,
    pub write: Option<At<WriteMode>>,
    pub key: Option<At<Vec<At<String>>>>,
    pub checks: Option<At<Vec<At<CheckSpec>>>>,
}

/// Exactly one of the rules, and what happens to a row that breaks it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    pub not_null: Option<At<Vec<At<String>>>>,
    pub rule: Option<At<String>>,
    pub accepted_values: Option<At<AcceptedValuesSpec>>,
    pub range: Option<At<RangeSpec>>,
    pub regex: Option<At<RegexSpec>>,
    pub on_fail: Option<At<OnFail>>,
    pub name: Option<At<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedValuesSpec {
    pub column: At<String>,
    pub values: At<Vec<Literal>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeSpec {
    pub column: At<String>,
    pub min: Option<At<Literal>>,
    pub max: Option<At<Literal>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegexSpec {
    pub column: At<String>,
    pub pattern: At<String>,
}

/// A value to compare a column with.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number, a truth value or text")]
pub enum Literal {
    Truth(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

/// models/NAME.yml: exactly one of `describe` and `kmeans`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    pub description: Option<At<String>>,
    pub tags: Option<At<Vec<At<String>>>>,
    pub describe: Option<At<DescribeSpec>>,
    pub kmeans: Option<At<KmeansSpec>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribeSpec {
    pub input: At<String>,
    pub columns: Option<At<Vec<At<String>>>>,
    pub quantiles: Option<At<Vec<At<f64>>>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KmeansSpec {
    pub input: At<String>,
    pub key: At<Vec<At<String>>>,
    pub features: At<Vec<At<String>>>,
    pub impute: Option<At<Impute>>,
    pub scale: Option<At<Scale>>,
    pub k: At<u64>,
    pub init: Option<At<Init>>,
    pub runs: Option<At<u64>>,
    pub max_iterations: Option<At<u64>>,
    pub tolerance: Option<At<f64>>,
    pub seed: Option<At<u64>>,
}
