//! The header of a query and a model's file as they are typed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::project::read::At;
use crate::project::{Impute, Init, OnFail, Scale, WriteMode};

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
