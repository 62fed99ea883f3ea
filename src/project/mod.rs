//! A project: the user's folder, read once and checked, so that code further in cannot meet an unchecked one.
//!
//! `trapiche.yml` → [`spec`] (serde, as typed) → [`Project`] (checked). Faults are collected as
//! [`Problem`](crate::error::Problem)s over all files and reported together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::datatypes::DataType;
use serde::Serialize;

use crate::lake::TableName;

/// A checked project, bound to one target.
#[derive(Debug)]
pub struct Project {
    pub name: String,
    /// The folder that holds `trapiche.yml`; absolute.
    pub root: PathBuf,
    pub target: Target,
    /// Every dataset, each after all that it reads.
    pub datasets: Vec<Dataset>,
}

/// Where the project runs: its lake, and the store that the demo brings along.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: String,
    pub storage: Storage,
    pub demo: Option<DemoStore>,
}

/// Where the lake lies. Credentials are never here: they come from the environment.
#[derive(Debug, Clone)]
pub struct Storage {
    /// `file:///abs/path` or `s3://bucket/prefix`, without a trailing slash.
    pub url: String,
    pub endpoint: Option<String>,
    pub region: Option<String>,
}

/// Size and seed of the in-process store (`src/demo/`); same values, same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoStore {
    /// 1 = about 5,000 order lines.
    pub scale: u32,
    pub seed: u64,
}

/// One thing to make: a source's landing, a query's table or a model's tables.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The (main) table it makes.
    pub name: TableName,
    /// All tables it makes; the first is `name`.
    pub outputs: Vec<TableName>,
    /// Tables it reads, sorted; taken from the SQL or the model.
    pub inputs: Vec<TableName>,
    pub description: Option<String>,
    pub tags: Vec<String>,
    /// The file that defines it, relative to the root.
    pub file: PathBuf,
    /// What it was defined by, as text without secrets: a change of this text is a change of the dataset.
    pub fingerprint_text: String,
    pub definition: Definition,
}

#[derive(Debug, Clone)]
pub enum Definition {
    Source(Source),
    Query(Query),
    Model(Model),
}

/// What is captured into `raw/`.
#[derive(Debug, Clone)]
pub struct Source {
    pub origin: Origin,
    /// Types given by the user for CSV columns, by column name as in the file.
    pub columns: BTreeMap<String, DataType>,
}

#[derive(Debug, Clone)]
pub enum Origin {
    /// One file behind `http(s)://`, `file://` or `demo://`.
    Url { url: String, format: FileFormat },
    /// A JSON API.
    Rest { base: String, path: String, headers: BTreeMap<String, Secret>, records: Option<String>, paginate: Option<Paginator> },
    /// A relational database: `sqlite://`, `postgres://`, `mysql://` or `demo://`.
    Sql { database: Secret, query: SqlRead },
}

#[derive(Debug, Clone, PartialEq)]
pub enum FileFormat {
    Csv { delimiter: u8, header: bool },
    /// NDJSON, a top-level array or an object, told apart by the bytes; `records` is a dotted path to the array of rows.
    Json { records: Option<String> },
}

#[derive(Debug, Clone, PartialEq)]
pub enum SqlRead {
    /// `schema.table` or `table`.
    Table(String),
    Query(String),
}

/// Page-number pagination: `?{page}=1&{limit}={size}`; ends at a page with fewer than `size` rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paginator {
    pub page: String,
    pub limit: String,
    pub size: u32,
}

/// A value that must not be printed. `Debug` hides it.
#[derive(Clone, PartialEq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Secret(value.into())
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A `.sql` file and what its header says that SQL can't.
#[derive(Debug, Clone)]
pub struct Query {
    pub sql: String,
    pub partition_by: Vec<String>,
    pub write: WriteMode,
    pub checks: Vec<Check>,
}

/// What a write does to what the table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// Refuse when the table already holds a version.
    Error,
    /// Add files; keep all that is there.
    Append,
    /// Replace the whole table.
    #[default]
    Overwrite,
    /// Replace the partitions that the result has rows for; keep the others.
    OverwritePartitions,
}

/// A rule that every row must keep, as a boolean SQL expression over the query's columns.
#[derive(Debug, Clone)]
pub struct Check {
    /// `not_null(cart_id)`, `rule(price >= 0)`: the reason that a quarantined row carries.
    pub name: String,
    /// True for a row that keeps the rule; null counts as broken.
    pub keeps: String,
    pub on_fail: OnFail,
}

/// What happens to a row that breaks a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFail {
    /// Keep the row, count it.
    Warn,
    /// Leave the row out, count it.
    Drop,
    /// Keep the row beside the table, with every reason.
    Quarantine,
    /// Fail the dataset; nothing is published.
    #[default]
    Fail,
}

#[derive(Debug, Clone)]
pub enum Model {
    Describe(Describe),
    Kmeans(Kmeans),
}

/// Descriptive statistics of a table, one row per column.
#[derive(Debug, Clone)]
pub struct Describe {
    pub input: TableName,
    /// Empty = all columns.
    pub columns: Vec<String>,
    /// Each in (0, 1).
    pub quantiles: Vec<f64>,
}

/// k-means over numeric features of a table.
#[derive(Debug, Clone)]
pub struct Kmeans {
    pub input: TableName,
    /// Columns that name a row; copied to the assignments.
    pub key: Vec<String>,
    pub features: Vec<String>,
    pub impute: Impute,
    pub scale: Scale,
    pub k: usize,
    pub init: Init,
    pub runs: usize,
    pub max_iterations: u64,
    pub tolerance: f64,
    pub seed: u64,
}

/// What stands in for a null feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Impute {
    /// The feature's mean over the rows that have it.
    #[default]
    Mean,
    Zero,
    /// Leave the row out of the model.
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// (x − mean) / standard deviation.
    #[default]
    Standard,
    /// (x − min) / (max − min).
    Minmax,
    None,
}

/// Where the first centres come from.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Init {
    Method(InitMethod),
    /// k rows of one value per feature, in the features' own units.
    Centres(Vec<Vec<f64>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum InitMethod {
    #[serde(rename = "random")]
    Random,
    #[serde(rename = "k-means++")]
    PlusPlus,
    #[serde(rename = "k-means||")]
    Parallel,
}
