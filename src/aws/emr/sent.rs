//! A request as AWS's library takes it: field by field the same.

use aws_sdk_emr::types::{
    ActionOnFailure, Application, AutoTerminationPolicy, BootstrapActionConfig, EbsBlockDeviceConfig, EbsConfiguration,
    HadoopJarStepConfig, InstanceFleetConfig, InstanceFleetProvisioningSpecifications, InstanceFleetType,
    InstanceGroupConfig, InstanceRoleType, InstanceTypeConfig, JobFlowInstancesConfig, MarketType,
    ScriptBootstrapActionConfig, SpotProvisioningAllocationStrategy, SpotProvisioningSpecification,
    SpotProvisioningTimeoutAction, StepConfig, Tag, VolumeSpecification,
};

use super::request::{
    ApplicationName, BootstrapRequest, EbsRequest, FleetRequest, GroupRequest, IdleRequest, InstancesRequest,
    SpotRequest, StepRequest, TagRequest,
};

pub(super) fn application(request: &ApplicationName) -> Application {
    Application::builder().name(&request.name).build()
}

pub(super) fn instances(request: &InstancesRequest) -> JobFlowInstancesConfig {
    let fleets = (!request.instance_fleets.is_empty()).then(|| request.instance_fleets.iter().map(fleet).collect());
    let groups = (!request.instance_groups.is_empty()).then(|| request.instance_groups.iter().map(group).collect());
    let subnets = (!request.ec2_subnet_ids.is_empty()).then(|| request.ec2_subnet_ids.clone());
    JobFlowInstancesConfig::builder()
        .set_instance_fleets(fleets)
        .set_instance_groups(groups)
        .keep_job_flow_alive_when_no_steps(request.keep_job_flow_alive_when_no_steps)
        .termination_protected(request.termination_protected)
        .set_ec2_subnet_id(request.ec2_subnet_id.clone())
        .set_ec2_subnet_ids(subnets)
        .set_ec2_key_name(request.ec2_key_name.clone())
        .set_emr_managed_master_security_group(request.emr_managed_master_security_group.clone())
        .set_emr_managed_slave_security_group(request.emr_managed_slave_security_group.clone())
        .set_service_access_security_group(request.service_access_security_group.clone())
        .build()
}

fn fleet(request: &FleetRequest) -> InstanceFleetConfig {
    let types = request.instance_type_configs.iter().map(|of_type| {
        InstanceTypeConfig::builder()
            .instance_type(&of_type.instance_type)
            .weighted_capacity(of_type.weighted_capacity)
            .set_ebs_configuration(of_type.ebs_configuration.as_ref().map(disks))
            .build()
    });
    let launch = request.launch_specifications.as_ref().map(|launch| {
        InstanceFleetProvisioningSpecifications::builder().spot_specification(spot(&launch.spot_specification)).build()
    });
    InstanceFleetConfig::builder()
        .name(&request.name)
        .instance_fleet_type(InstanceFleetType::from(request.instance_fleet_type.as_str()))
        .set_target_on_demand_capacity(request.target_on_demand_capacity)
        .set_target_spot_capacity(request.target_spot_capacity)
        .set_instance_type_configs(Some(types.collect()))
        .set_launch_specifications(launch)
        .build()
}

fn spot(request: &SpotRequest) -> SpotProvisioningSpecification {
    SpotProvisioningSpecification::builder()
        .timeout_duration_minutes(request.timeout_duration_minutes)
        .timeout_action(SpotProvisioningTimeoutAction::from(request.timeout_action.as_str()))
        .allocation_strategy(SpotProvisioningAllocationStrategy::from(request.allocation_strategy.as_str()))
        .build()
}

fn group(request: &GroupRequest) -> InstanceGroupConfig {
    InstanceGroupConfig::builder()
        .name(&request.name)
        .instance_role(InstanceRoleType::from(request.instance_role.as_str()))
        .market(MarketType::from(request.market.as_str()))
        .instance_type(&request.instance_type)
        .instance_count(request.instance_count)
        .set_ebs_configuration(request.ebs_configuration.as_ref().map(disks))
        .build()
}

fn disks(request: &EbsRequest) -> EbsConfiguration {
    let all = request.ebs_block_device_configs.iter().map(|disk| {
        let volume = VolumeSpecification::builder()
            .volume_type(&disk.volume_specification.volume_type)
            .size_in_gb(disk.volume_specification.size_in_gb)
            .build();
        EbsBlockDeviceConfig::builder()
            .volume_specification(volume)
            .volumes_per_instance(disk.volumes_per_instance)
            .build()
    });
    EbsConfiguration::builder().set_ebs_block_device_configs(Some(all.collect())).build()
}

pub(super) fn bootstrap(request: &BootstrapRequest) -> BootstrapActionConfig {
    let script = ScriptBootstrapActionConfig::builder()
        .path(&request.script_bootstrap_action.path)
        .set_args(Some(request.script_bootstrap_action.args.clone()))
        .build();
    BootstrapActionConfig::builder().name(&request.name).script_bootstrap_action(script).build()
}

pub(super) fn step(request: &StepRequest) -> StepConfig {
    let jar = HadoopJarStepConfig::builder()
        .jar(&request.hadoop_jar_step.jar)
        .set_args(Some(request.hadoop_jar_step.args.clone()))
        .build();
    StepConfig::builder()
        .name(&request.name)
        .action_on_failure(ActionOnFailure::from(request.action_on_failure.as_str()))
        .hadoop_jar_step(jar)
        .build()
}

pub(super) fn tag(request: &TagRequest) -> Tag {
    Tag::builder().key(&request.key).value(&request.value).build()
}

pub(super) fn idle(request: &IdleRequest) -> AutoTerminationPolicy {
    AutoTerminationPolicy::builder().idle_timeout(request.idle_timeout).build()
}
