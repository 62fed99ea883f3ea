//! `engine:` of a target as it is typed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::project::read::At;

/// One of `workers`, `listen` and `cluster`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineSpec {
    /// `host:port` of each node on which `trapiche node worker` runs.
    pub workers: Option<At<Vec<At<String>>>>,
    /// Address at which nodes register that were started with `--driver`.
    pub listen: Option<At<String>>,
    /// What brings the machines up: `trapiche submit` asks it for a cluster.
    pub cluster: Option<At<ClusterKind>>,
    /// A secret that driver and nodes share; required beyond this machine.
    pub token: Option<At<String>>,
    /// Nothing is begun with fewer workers; 1 by default, all of a cluster's on demand.
    pub at_least: Option<At<u32>>,
    /// How long to wait for them; 30s by default, 10m on a cluster.
    pub wait: Option<At<String>>,
    /// What reads less than this is made by the driver alone; 64MB by default.
    pub local_below: Option<At<String>>,
    /// An account whose rules are known.
    pub preset: Option<At<Preset>>,
    /// EMR's release: `emr-7.13.0`.
    pub release: Option<At<String>>,
    /// The primary node's instance type.
    pub primary: Option<At<String>>,
    /// Workers on demand.
    pub core: Option<At<FleetSpec>>,
    /// Workers on spot.
    pub task: Option<At<FleetSpec>>,
    /// The size of each node's disk for what does not fit in memory, in GB.
    pub disk: Option<At<u32>>,
    /// Subnets, of which EMR chooses one.
    pub subnets: Option<At<Vec<At<String>>>>,
    pub security_groups: Option<At<SecurityGroupsSpec>>,
    /// Name of a security configuration of EMR: encryption, and how nodes get their credentials.
    pub security_configuration: Option<At<String>>,
    /// The role of EMR itself.
    pub service_role: Option<At<String>>,
    /// The instance profile of the nodes.
    pub instance_profile: Option<At<String>>,
    /// Name of the key pair for SSH.
    pub key: Option<At<String>>,
    /// More tags for the cluster.
    pub tags: Option<At<BTreeMap<String, At<String>>>>,
    /// Where EMR puts logs: `s3://…`.
    pub logs: Option<At<String>>,
    /// After how long without work the cluster ends, should all else fail.
    pub idle: Option<At<String>>,
    /// A secret of one's own with the variables of the project, as a JSON object: `secretsmanager:NAME`.
    pub secret: Option<At<String>>,
    /// The nodes' glibc, where an image of one's own has another than the release's: `2.34`.
    pub glibc: Option<At<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClusterKind {
    /// Amazon EMR on EC2.
    Emr,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// AWS Academy: its roles, three instances on demand.
    Academy,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FleetSpec {
    /// Instance types, of which EMR takes what there is.
    pub types: Option<At<Vec<At<String>>>>,
    /// How many nodes.
    pub count: Option<At<u32>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroupsSpec {
    /// Of the primary node.
    pub primary: At<String>,
    /// Of the workers.
    pub workers: At<String>,
    /// By which EMR reaches nodes in a private subnet.
    pub service: Option<At<String>>,
}
