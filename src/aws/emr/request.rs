//! What EMR is asked for: in the words of its own API, so that what is printed is what is sent.

use serde::Serialize;

/// `RunJobFlow`: a cluster, what it begins with, and when it ends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClusterRequest {
    pub name: String,
    pub log_uri: String,
    pub release_label: String,
    pub applications: Vec<ApplicationName>,
    pub instances: InstancesRequest,
    pub bootstrap_actions: Vec<BootstrapRequest>,
    pub steps: Vec<StepRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_configuration: Option<String>,
    pub job_flow_role: String,
    pub service_role: String,
    pub visible_to_all_users: bool,
    pub tags: Vec<TagRequest>,
    pub auto_termination_policy: IdleRequest,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ApplicationName {
    pub name: String,
}

/// Either fleets or groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstancesRequest {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instance_fleets: Vec<FleetRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instance_groups: Vec<GroupRequest>,
    pub keep_job_flow_alive_when_no_steps: bool,
    pub termination_protected: bool,
    /// Groups have one subnet, fleets some to choose from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ec2_subnet_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ec2_subnet_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ec2_key_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emr_managed_master_security_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emr_managed_slave_security_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_access_security_group: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FleetRequest {
    pub name: String,
    /// `MASTER`, `CORE` or `TASK`.
    pub instance_fleet_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_on_demand_capacity: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_spot_capacity: Option<i32>,
    pub instance_type_configs: Vec<InstanceTypeRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_specifications: Option<LaunchRequest>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceTypeRequest {
    pub instance_type: String,
    pub weighted_capacity: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs_configuration: Option<EbsRequest>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LaunchRequest {
    pub spot_specification: SpotRequest,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SpotRequest {
    pub timeout_duration_minutes: i32,
    pub timeout_action: String,
    pub allocation_strategy: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupRequest {
    pub name: String,
    /// `MASTER` or `CORE`.
    pub instance_role: String,
    pub market: String,
    pub instance_type: String,
    pub instance_count: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs_configuration: Option<EbsRequest>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EbsRequest {
    pub ebs_block_device_configs: Vec<DiskRequest>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DiskRequest {
    pub volume_specification: VolumeRequest,
    pub volumes_per_instance: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VolumeRequest {
    pub volume_type: String,
    #[serde(rename = "SizeInGB")]
    pub size_in_gb: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BootstrapRequest {
    pub name: String,
    pub script_bootstrap_action: ScriptRequest,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScriptRequest {
    pub path: String,
    pub args: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StepRequest {
    pub name: String,
    /// `TERMINATE_CLUSTER` or `CONTINUE`.
    pub action_on_failure: String,
    pub hadoop_jar_step: JarRequest,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct JarRequest {
    pub jar: String,
    pub args: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagRequest {
    pub key: String,
    pub value: String,
}

/// The cluster ends after so many seconds without work, should all else fail.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct IdleRequest {
    pub idle_timeout: i64,
}
