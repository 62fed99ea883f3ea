//! The header of a query and a model's file as they are typed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::project::one_or_more::OneOrMore;
use crate::project::read::At;
use crate::project::{Deviation, DistanceMeasure, Impute, Init, OnFail, Precision, WriteMode};

/// The `/* trapiche … */` header of a query.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderSpec {
    pub description: Option<At<String>>,
    pub tags: Option<At<Vec<At<String>>>>,
    pub partition_by: Option<At<Vec<At<String>>>>,
    pub write: Option<At<WriteMode>>,
    pub key: Option<At<Vec<At<String>>>>,
    /// What readers who go by Glue see while the table changes.
    pub reads: Option<At<ReadsSpec>>,
    /// The values that the partition columns may have, for Athena to know without asking Glue.
    pub projection: Option<At<BTreeMap<String, At<ProjectionSpec>>>>,
    pub checks: Option<At<Vec<At<CheckSpec>>>>,
    /// Of the rows that keep the checks, the latest of each key.
    pub dedupe: Option<At<DedupeSpec>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReadsSpec {
    /// The files of the table's folder, of which some are replaced before others.
    Folder,
    /// One version or the next.
    Atomic,
}

/// Which rows are of one key, and which of them is the latest.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DedupeSpec {
    pub key: At<OneOrMore<String>>,
    /// The greatest is the latest.
    pub latest_by: At<OneOrMore<String>>,
}

/// Either `values`, or `from` and `to`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectionSpec {
    /// All that there can be.
    pub values: Option<At<Vec<At<String>>>>,
    /// The lowest: a whole number or a date.
    pub from: Option<At<Literal>>,
    /// The highest; for dates also `now`.
    pub to: Option<At<Literal>>,
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
    pub weight: Option<At<String>>,
    pub impute: Option<At<Impute>>,
    pub scale: Option<At<ScaleSpec>>,
    pub deviation: Option<At<Deviation>>,
    pub distance: Option<At<DistanceMeasure>>,
    pub precision: Option<At<Precision>>,
    pub k: At<u64>,
    pub init: Option<At<Init>>,
    pub runs: Option<At<u64>>,
    pub max_iterations: Option<At<u64>>,
    pub tolerance: Option<At<f64>>,
    pub mini_batch: Option<At<u64>>,
    pub seed: Option<At<u64>>,
    /// Of the assignments.
    pub partition_by: Option<At<Vec<At<String>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScaleSpec {
    Standard,
    Minmax,
    None,
}
