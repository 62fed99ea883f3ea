//! The project's YAML as it is typed: `trapiche.yml`, the header of a query, a model's file.
//!
//! Nothing is checked here but keys and types; the JSON Schema comes from the same structs.
//!
//! | file | what is typed there |
//! |---|---|
//! | `engine` | which machines compute |
//! | `source` | connections and sources |
//! | `serving` | what is served and drawn |
//! | `times` | when it runs, and who is told |
//! | `header` | a query's header, a model's file |

mod engine;
mod header;
mod serving;
pub mod source;
mod times;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::project::read::At;
use crate::project::written::Written;
use crate::spark::types::Timestamps;

pub use engine::{ClusterKind, EngineSpec, FleetSpec, Preset, SecurityGroupsSpec};
pub use header::{
    AcceptedValuesSpec, CheckSpec, DedupeSpec, DescribeSpec, HeaderSpec, KmeansSpec, Literal, ModelSpec,
    ProjectionSpec, RangeSpec, ReadsSpec, RegexSpec, ScaleSpec,
};
pub use serving::{ChartKind, ChartSpec, JwtSpec, ServeKeySpec, ServeSpec};
pub use source::{
    AuthSpec, BucketSpec, ConnectionSpec, Contract, DatesSpec, Deletes, FormatSpec, KeyPlace, Mask, MethodSpec,
    PaginateSpec, ParameterPlace, ShortCursor, SourceSpec,
};
pub use times::{AlertOn, AlertsSpec, Overlap, ScheduleEntry, ScheduleSpec};

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
    /// Glue's Data Catalog, in which runs register the tables that they commit.
    pub glue: Option<At<GlueSpec>>,
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
pub struct GlueSpec {
    /// What goes before the zone in a database's name: `acme_` makes `acme_refined`.
    pub prefix: Option<At<String>>,
    /// That of the lake's bucket by default.
    pub region: Option<At<String>>,
    /// Where Athena finds the lake, if that is not the target's storage: `s3://bucket/prefix`.
    pub location: Option<At<String>>,
    /// Athena's workgroup, for `publish --verify`.
    pub workgroup: Option<At<String>>,
    /// Where Athena puts answers, if its workgroup does not say: `s3://bucket/prefix/`.
    pub results: Option<At<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlSpec {
    /// What does not fit is an error, as in Spark 4; `false`: null, or it wraps around, as in Spark 3.5.
    pub ansi: Option<At<bool>>,
    /// The session's time zone; `UTC` by default.
    pub time_zone: Option<At<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemoSpec {
    /// 1 = about 5,000 order lines.
    pub scale: Option<At<u32>>,
    pub seed: Option<At<u64>>,
}
