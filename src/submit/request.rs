//! What EMR is asked for, from what the target says.

use super::package::{Package, Packed, SparkPackage};
use super::{Submission, note};
use crate::aws::emr::{
    ApplicationName, BootstrapRequest, ClusterRequest, DiskRequest, EbsRequest, FleetRequest, GroupRequest,
    IdleRequest, InstanceTypeRequest, InstancesRequest, JarRequest, LaunchRequest, ScriptRequest, SpotRequest,
    StepRequest, TagRequest, VolumeRequest,
};
use crate::aws::s3::S3Folder;
use crate::error::{Error, Result};
use crate::lake::path;
use crate::project::{ClusterSettings, Fleet, Storage};

/// Minutes after which EMR takes machines on demand where there are none on spot.
const SPOT_MINUTES: i32 = 10;

/// What EMR takes of all texts of a step together.
const MOST_CHARACTERS: usize = 10_240;

/// Tells EMR's managed policies that the cluster is theirs to work on.
const MANAGED: &str = "for-use-with-amazon-emr-managed-policies";

/// The cluster of a run, which ends with it.
pub fn cluster(submission: &Submission, package: &Package, bucket: &S3Folder) -> Result<ClusterRequest> {
    let settings = submission.cluster;
    let own = [
        ("trapiche:project", &submission.project.name),
        ("trapiche:target", &submission.project.target.name),
        ("trapiche:run", &submission.run),
    ];
    let mut tags: Vec<(String, String)> = own.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    tags.extend(settings.tags.clone());
    if settings.service_role.ends_with("_V2") {
        tags.push((MANAGED.to_string(), "true".to_string()));
    }
    let tags = tags.into_iter().map(|(key, value)| TagRequest { key, value: shortened(&value, 256) }).collect();
    let mut args = installed(&package.program, bucket, &submission.region);
    if settings.worker_nodes() > 0 {
        args.extend(["--lake".into(), worker_lake(&submission.project.target.storage, &submission.region)]);
        args.extend(["--secret".into(), submission.secret.reference().to_string()]);
        args.extend(["--folder".into(), bucket.url(&note::folder(&submission.run))]);
    }
    let script = ScriptRequest { path: bucket.url(&package.bootstrap.path), args };
    let applications = ["Hadoop"].into_iter().chain(submission.on_spark.then_some("Spark"));
    Ok(ClusterRequest {
        name: name(&submission.project.name, &submission.run),
        log_uri: format!("{}/", submission.logs()),
        release_label: settings.release.clone(),
        applications: applications.map(|name| ApplicationName { name: name.into() }).collect(),
        instances: instances(settings),
        bootstrap_actions: vec![BootstrapRequest { name: "trapiche".into(), script_bootstrap_action: script }],
        steps: steps(submission, package, bucket, "TERMINATE_CLUSTER")?,
        security_configuration: settings.security_configuration.clone(),
        job_flow_role: settings.instance_profile.clone(),
        service_role: settings.service_role.clone(),
        visible_to_all_users: true,
        tags,
        auto_termination_policy: IdleRequest { idle_timeout: settings.idle.as_secs() as i64 },
    })
}

/// By which a cluster is found again.
pub fn name(project: &str, run: &str) -> String {
    format!("trapiche {} {run}", shortened(project, 120))
}

/// By which the step on Spark is found.
pub fn spark_name(run_name: &str) -> String {
    format!("{run_name} spark-compat")
}

/// The run, and what follows it. On a cluster that was there they leave the cluster as it is.
pub fn steps(
    submission: &Submission,
    package: &Package,
    bucket: &S3Folder,
    on_failure: &str,
) -> Result<Vec<StepRequest>> {
    let mut steps = vec![step(submission, package, bucket, on_failure)?];
    steps.extend(package.spark.as_ref().map(|spark| spark_step(submission, package, spark, bucket, on_failure)));
    Ok(steps)
}

/// The same queries on Spark, from what the run has left in the lake, into a place of its own.
fn spark_step(
    submission: &Submission,
    package: &Package,
    spark: &SparkPackage,
    bucket: &S3Folder,
    on_failure: &str,
) -> StepRequest {
    let target = &submission.project.target;
    let words = [
        ("--scripts", bucket.url(&spark.scripts.path)),
        ("--project", bucket.url(&package.project.path)),
        ("--lake", target.storage.url.clone()),
        ("--out", bucket.url(&path::spark_dir(&submission.run))),
        ("--folder", bucket.url(&note::folder(&submission.run))),
        ("--region", submission.region.clone()),
        ("--ansi", target.sql.ansi.to_string()),
    ];
    let mut args = fetched(bucket, &spark.step, "spark");
    args.extend(words.into_iter().flat_map(|(name, value)| [name.to_string(), value]));
    StepRequest {
        name: spark_name(&name(&submission.project.name, &submission.run)),
        action_on_failure: on_failure.to_string(),
        hadoop_jar_step: JarRequest { jar: "command-runner.jar".into(), args },
    }
}

/// A script as the words of a step: fetched by the step itself, so that it also runs on a cluster that somebody else has brought up.
fn fetched(bucket: &S3Folder, script: &Packed, name: &str) -> Vec<String> {
    let fetch = format!("aws s3 cp --only-show-errors {} \"$step\"", bucket.url(&script.path));
    let script = format!("step=$(mktemp) && {fetch} && exec bash \"$step\" \"$@\"");
    vec!["bash".to_string(), "-c".into(), script, name.into()]
}

/// The run as a step.
fn step(submission: &Submission, package: &Package, bucket: &S3Folder, on_failure: &str) -> Result<StepRequest> {
    let mut args = fetched(bucket, &package.step, "trapiche");
    args.extend(installed(&package.program, bucket, &submission.region));
    args.extend(["--project".into(), bucket.url(&package.project.path)]);
    args.extend(["--folder".into(), bucket.url(&note::folder(&submission.run))]);
    args.extend(["--run".into(), submission.run.clone(), "--target".into(), submission.project.target.name.clone()]);
    if submission.has_secret() {
        args.extend(["--secret".into(), submission.secret.reference().to_string()]);
    }
    if let Some(name) = submission.secret.made().filter(|_| submission.has_secret()) {
        args.extend(["--remove".into(), name.to_string()]);
    }
    if submission.has_workers() {
        args.extend(["--listen".into(), "yes".into()]);
    }
    args.push("--".into());
    args.extend(submission.words.iter().cloned());
    let characters: usize = args.iter().map(|arg| arg.chars().count()).sum();
    if characters > MOST_CHARACTERS {
        return Err(Error::config(format!(
            "the selection makes a step of {characters} characters, and EMR takes {MOST_CHARACTERS}"
        ))
        .hint("select by tags, or by `+name` and `name+`"));
    }
    Ok(StepRequest {
        name: name(&submission.project.name, &submission.run),
        action_on_failure: on_failure.to_string(),
        hadoop_jar_step: JarRequest { jar: "command-runner.jar".into(), args },
    })
}

fn installed(program: &Packed, bucket: &S3Folder, region: &str) -> Vec<String> {
    let words = ["--program", &bucket.url(&program.path), "--sha256", &program.sha256, "--region", region];
    words.iter().map(ToString::to_string).collect()
}

/// The lake as `trapiche node worker --lake` takes it.
fn worker_lake(storage: &Storage, region: &str) -> String {
    let region = storage.region.as_deref().unwrap_or(region);
    match &storage.endpoint {
        Some(endpoint) => format!("{}?endpoint={endpoint}&region={region}", storage.url),
        None => format!("{}?region={region}", storage.url),
    }
}

fn instances(settings: &ClusterSettings) -> InstancesRequest {
    let (mut fleets, mut groups, mut subnet, mut subnets) = (vec![], vec![], None, settings.subnets.clone());
    let primary = Fleet { types: vec![settings.primary.clone()], count: 1 };
    if settings.is_grouped {
        groups.push(group("primary", "MASTER", &primary, settings));
        groups.extend((settings.core.count > 0).then(|| group("core", "CORE", &settings.core, settings)));
        subnet = subnets.drain(..).next();
    } else {
        fleets.push(fleet("primary", "MASTER", &primary, false, settings));
        fleets.extend((settings.core.count > 0).then(|| fleet("core", "CORE", &settings.core, false, settings)));
        fleets.extend((settings.task.count > 0).then(|| fleet("task", "TASK", &settings.task, true, settings)));
    }
    let groups_of = settings.security_groups.as_ref();
    InstancesRequest {
        instance_fleets: fleets,
        instance_groups: groups,
        // It ends with its last step, whoever is still there to ask for that.
        keep_job_flow_alive_when_no_steps: false,
        termination_protected: false,
        ec2_subnet_id: subnet,
        ec2_subnet_ids: subnets,
        ec2_key_name: settings.key.clone(),
        emr_managed_master_security_group: groups_of.map(|groups| groups.primary.clone()),
        emr_managed_slave_security_group: groups_of.map(|groups| groups.workers.clone()),
        service_access_security_group: groups_of.and_then(|groups| groups.service.clone()),
    }
}

fn fleet(name: &str, kind: &str, fleet: &Fleet, on_spot: bool, settings: &ClusterSettings) -> FleetRequest {
    let of_type = |instance_type: &String| InstanceTypeRequest {
        instance_type: instance_type.clone(),
        // A node is a node, whatever its type.
        weighted_capacity: 1,
        ebs_configuration: disk(settings),
    };
    let spot = SpotRequest {
        timeout_duration_minutes: SPOT_MINUTES,
        timeout_action: "SWITCH_TO_ON_DEMAND".into(),
        allocation_strategy: "price-capacity-optimized".into(),
    };
    FleetRequest {
        name: name.to_string(),
        instance_fleet_type: kind.to_string(),
        target_on_demand_capacity: (!on_spot).then_some(fleet.count as i32),
        target_spot_capacity: on_spot.then_some(fleet.count as i32),
        instance_type_configs: fleet.types.iter().map(of_type).collect(),
        launch_specifications: on_spot.then_some(LaunchRequest { spot_specification: spot }),
    }
}

fn group(name: &str, role: &str, fleet: &Fleet, settings: &ClusterSettings) -> GroupRequest {
    GroupRequest {
        name: name.to_string(),
        instance_role: role.to_string(),
        market: "ON_DEMAND".into(),
        instance_type: fleet.types.first().cloned().unwrap_or_default(),
        instance_count: fleet.count as i32,
        ebs_configuration: disk(settings),
    }
}

fn disk(settings: &ClusterSettings) -> Option<EbsRequest> {
    let volume = VolumeRequest { volume_type: "gp3".into(), size_in_gb: settings.disk_gb? as i32 };
    let disk = DiskRequest { volume_specification: volume, volumes_per_instance: 1 };
    Some(EbsRequest { ebs_block_device_configs: vec![disk] })
}

/// A text as tags and names of EMR take it.
fn shortened(text: &str, most: usize) -> String {
    let kept = |c: char| if c.is_alphanumeric() || " _.:/=+-@".contains(c) { c } else { '-' };
    text.chars().take(most).map(kept).collect()
}
