//! `engine: { cluster: emr }` of a target: a cluster that is brought up for a run, and is gone after it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::token::Token;
use super::workers::{self, Nodes, Workers};
use crate::aws::secrets;
use crate::error::Span;
use crate::lake::table::attic;
use crate::project::faults::Faults;
use crate::project::read::{At, given, given_or, within};
use crate::project::spec::{EngineSpec, FleetSpec, Preset, SecurityGroupsSpec};

const RELEASE: &str = "emr-7.13.0";
const INSTANCE: &str = "m5.xlarge";
const CORE_NODES: u32 = 2;
const WAIT: Duration = Duration::from_secs(10 * 60);
const IDLE: Duration = Duration::from_secs(60 * 60);

/// What AWS Academy lets be started at once, the primary node among it.
const ACADEMY_NODES: u32 = 3;
const ACADEMY_TYPES: [&str; 2] = ["m4.large", "m5.xlarge"];

/// A cluster as it is asked for.
#[derive(Debug, Clone)]
pub struct ClusterSettings {
    pub release: String,
    pub primary: String,
    /// Workers on demand.
    pub core: Fleet,
    /// Workers on spot; none by default.
    pub task: Fleet,
    /// What is asked for are groups of one type each, and not fleets: all that some accounts allow.
    pub is_grouped: bool,
    pub architecture: Architecture,
    pub glibc: GlibcVersion,
    /// Of each node's disk, in GB; what EMR gives the type without it.
    pub disk_gb: Option<u32>,
    pub subnets: Vec<String>,
    pub security_groups: Option<SecurityGroups>,
    /// EMR's name of what it encrypts, and how.
    pub security_configuration: Option<String>,
    pub service_role: String,
    pub instance_profile: String,
    pub key: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Where EMR puts logs; beside the lake without it.
    pub logs: Option<String>,
    pub idle: Duration,
    /// A secret of the project's own with its variables.
    pub secret: Option<String>,
    /// How the run waits for its nodes and uses them. What they share is not known here.
    pub workers: Workers,
}

impl ClusterSettings {
    /// How many nodes work for the run.
    pub fn worker_nodes(&self) -> u32 {
        self.core.count + self.task.count
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    pub types: Vec<String>,
    pub count: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SecurityGroups {
    pub primary: String,
    pub workers: String,
    pub service: Option<String>,
}

/// Of processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    X86,
    Arm,
}

impl Architecture {
    /// Of an instance type: `m7g.xlarge` and its like are Graviton.
    fn of_type(name: &str) -> Option<Architecture> {
        let (family, size) = name.split_once('.')?;
        let generation = family.find(|c: char| c.is_ascii_digit())?;
        let attributes = family[generation..].trim_start_matches(|c: char| c.is_ascii_digit());
        let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if generation == 0 || !is_name(family) || !is_name(size) {
            return None;
        }
        let is_arm = attributes.contains('g') || family == "a1";
        Some(if is_arm { Architecture::Arm } else { Architecture::X86 })
    }
}

/// As Rust's targets and `uname -m` call it.
impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Architecture::X86 => "x86_64",
            Architecture::Arm => "aarch64",
        })
    }
}

/// A version of the C library, as `2.34`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion(pub u32, pub u32);

impl GlibcVersion {
    /// Reads `2.34`, and `2.2.5` as `2.2`.
    pub fn parse(text: &str) -> Option<GlibcVersion> {
        let mut parts = text.split('.');
        Some(GlibcVersion(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// Of the system under a release: Amazon Linux 2023 from EMR 7 on, Amazon Linux 2 before.
    fn of_release(release: &str) -> Option<GlibcVersion> {
        let major = release.strip_prefix("emr-")?.split('.').next()?.parse::<u32>().ok()?;
        Some(if major >= 7 { GlibcVersion(2, 34) } else { GlibcVersion(2, 26) })
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The keys that say something of a cluster alone, as far as they are given.
pub(super) fn own_keys(spec: &EngineSpec) -> Vec<(&'static str, &Span)> {
    fn key<'a, T>(name: &'static str, at: &'a Option<At<T>>) -> Option<(&'static str, &'a Span)> {
        at.as_ref().map(|at| (name, &at.key))
    }
    let all = [
        key("preset", &spec.preset),
        key("release", &spec.release),
        key("primary", &spec.primary),
        key("core", &spec.core),
        key("task", &spec.task),
        key("disk", &spec.disk),
        key("subnets", &spec.subnets),
        key("security_groups", &spec.security_groups),
        key("security_configuration", &spec.security_configuration),
        key("service_role", &spec.service_role),
        key("instance_profile", &spec.instance_profile),
        key("key", &spec.key),
        key("tags", &spec.tags),
        key("logs", &spec.logs),
        key("idle", &spec.idle),
        key("secret", &spec.secret),
        key("glibc", &spec.glibc),
    ];
    all.into_iter().flatten().collect()
}

pub(super) fn check(block: &At<EngineSpec>, faults: &mut Faults) -> Option<ClusterSettings> {
    let spec = block.value.as_ref()?;
    for (name, at) in
        [("workers", spec.workers.as_ref().map(|at| &at.key)), ("listen", spec.listen.as_ref().map(|at| &at.key))]
    {
        if let Some(place) = at {
            faults
                .add(place, format!("`{name}` does not go with `cluster`"))
                .hint("a cluster's nodes come by themselves");
        }
    }
    if let Some(at) = &spec.token {
        faults
            .add(&at.key, "`token` does not go with `cluster`")
            .hint("`trapiche submit` makes one for each run; with `secret` it is TRAPICHE_TOKEN in yours");
    }
    let academy = match &spec.preset {
        Some(at) => at.value? == Preset::Academy,
        None => false,
    };
    let release = given_or(&spec.release, RELEASE.to_string())?;
    let known = GlibcVersion::of_release(&release);
    if let (None, Some(at)) = (known, &spec.release) {
        faults.add(&at.span, format!("`{release}` is no release of EMR")).hint("they are named like `emr-7.13.0`");
    }
    let glibc = match spec.glibc.as_ref() {
        None => known?,
        Some(at) => {
            let text = at.value.as_ref()?;
            let read = GlibcVersion::parse(text);
            if read.is_none() {
                faults.add(&at.span, format!("`{text}` is no version")).hint("write it as `glibc: \"2.34\"`");
            }
            read?
        }
    };
    let primary = given_or(&spec.primary, INSTANCE.to_string())?;
    let core = fleet("core", &spec.core, &[INSTANCE.to_string()], CORE_NODES, faults)?;
    let task = fleet("task", &spec.task, &core.types, 0, faults)?;
    let architecture = architecture(block, spec, [&primary].into_iter().chain(&core.types).chain(&task.types), faults)?;
    if academy {
        academy_only(block, (&primary, &core, &task), faults)?;
    }
    if let Some(at) = &spec.disk {
        within("disk", at, 10..=16_384, faults);
    }
    let idle = time(&spec.idle, "idle", IDLE, faults)?;
    if !(60..=604_800).contains(&idle.as_secs()) {
        let place = spec.idle.as_ref().map_or(&block.key, |at| &at.span);
        faults.add(place, "`idle` must be one minute to seven days");
    }
    let secret = given_or(&spec.secret, String::new())?;
    if let (Some(at), false) = (&spec.secret, secrets::is_reference(&secret) && !secret.contains('#')) {
        faults
            .add(&at.span, "this names no secret")
            .hint("as `secretsmanager:NAME` or `ssm:NAME`, a JSON object of variables");
    }
    let logs = given_or(&spec.logs, String::new())?;
    if let (Some(at), false) = (&spec.logs, logs.starts_with("s3://")) {
        faults.add(&at.span, "logs go to an address that starts with `s3://`");
    }
    let nodes = core.count + task.count;
    if let Some(at) = &spec.at_least {
        within("at_least", at, 1..=nodes.max(1), faults);
    }
    let workers = Workers {
        nodes: Nodes::Registered { listen: String::new() },
        token: Token::default(),
        // Spot machines may never come.
        at_least: given_or(&spec.at_least, core.count.max(1))? as usize,
        wait: time(&spec.wait, "wait", WAIT, faults)?,
        local_below: workers::local_below(spec, faults)?,
    };
    let (service_role, instance_profile) = match academy {
        true => ("EMR_DefaultRole", "EMR_EC2_DefaultRole"),
        false => ("EMR_DefaultRole_V2", "EMR_EC2_DefaultRole"),
    };
    Some(ClusterSettings {
        release,
        primary,
        is_grouped: academy,
        architecture,
        glibc,
        disk_gb: given(&spec.disk)?,
        subnets: texts(&spec.subnets)?,
        security_groups: security_groups(&spec.security_groups)?,
        security_configuration: given(&spec.security_configuration)?.and_then(some),
        service_role: given_or(&spec.service_role, service_role.to_string())?,
        instance_profile: given_or(&spec.instance_profile, instance_profile.to_string())?,
        key: given(&spec.key)?,
        tags: tags(&spec.tags, faults)?,
        logs: some(logs.trim_end_matches('/').to_string()),
        idle,
        secret: some(secret),
        workers,
        core,
        task,
    })
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn texts(at: &Option<At<Vec<At<String>>>>) -> Option<Vec<String>> {
    let Some(at) = at else { return Some(vec![]) };
    at.value.as_ref()?.iter().map(|text| text.value.clone()).collect()
}

fn time(at: &Option<At<String>>, name: &str, default: Duration, faults: &mut Faults) -> Option<Duration> {
    let Some(at) = at else { return Some(default) };
    let parsed = attic::parse_keep(at.value.as_ref()?);
    parsed.map_err(|how| faults.add(&at.span, format!("`{name}` is no time")).hint(how)).ok()
}

fn fleet(name: &str, at: &Option<At<FleetSpec>>, types: &[String], count: u32, faults: &mut Faults) -> Option<Fleet> {
    let Some(at) = at else { return Some(Fleet { types: types.to_vec(), count }) };
    let spec = at.value.as_ref()?;
    if let Some(at) = &spec.count {
        within("count", at, 0..=1000, faults);
    }
    let given = texts(&spec.types)?;
    if let (Some(at), true) = (&spec.types, given.is_empty() || given.len() > 5) {
        faults.add(&at.span, format!("`{name}` has one to five types"));
    }
    let count = given_or(&spec.count, if count == 0 { 1 } else { count })?;
    Some(Fleet { types: if given.is_empty() { types.to_vec() } else { given }, count })
}

/// One program runs on all nodes, so they have one kind of processor.
fn architecture<'a>(
    block: &At<EngineSpec>,
    spec: &EngineSpec,
    types: impl Iterator<Item = &'a String>,
    faults: &mut Faults,
) -> Option<Architecture> {
    let place = spec.core.as_ref().map_or(&block.key, |at| &at.key);
    let mut first: Option<(&String, Architecture)> = None;
    for name in types {
        let Some(of_type) = Architecture::of_type(name) else {
            faults.add(place, format!("`{name}` is no instance type")).hint("they are named like `m5.xlarge`");
            return None;
        };
        match first {
            Some((other, architecture)) if architecture != of_type => {
                faults
                    .add(place, format!("`{other}` is {architecture} and `{name}` is {of_type}"))
                    .hint("one program runs on all nodes: choose types of one kind of processor");
                return None;
            }
            _ => first = Some((name, of_type)),
        }
    }
    first.map(|(_, architecture)| architecture)
}

/// What AWS Academy would refuse, minutes later and in other words.
fn academy_only(block: &At<EngineSpec>, nodes: (&String, &Fleet, &Fleet), faults: &mut Faults) -> Option<()> {
    let (primary, core, task) = nodes;
    let others: Vec<_> =
        [primary].into_iter().chain(&core.types).filter(|it| !ACADEMY_TYPES.contains(&it.as_str())).collect();
    if let Some(other) = others.first() {
        faults
            .add(&block.key, format!("AWS Academy has no `{other}`"))
            .hint(format!("it has {}", ACADEMY_TYPES.join(" and ")));
        return None;
    }
    if task.count > 0 {
        faults.add(&block.key, "AWS Academy has no spot machines").hint("leave `task` out");
        return None;
    }
    if core.types.len() > 1 {
        faults.add(&block.key, "with `preset: academy` `core` has one type");
        return None;
    }
    if core.count + 1 > ACADEMY_NODES {
        faults.add(
            &block.key,
            format!("AWS Academy starts {ACADEMY_NODES} machines at most, the primary node among them"),
        );
        return None;
    }
    Some(())
}

fn security_groups(at: &Option<At<SecurityGroupsSpec>>) -> Option<Option<SecurityGroups>> {
    let Some(at) = at else { return Some(None) };
    let spec = at.value.as_ref()?;
    let service = given_or(&spec.service, String::new())?;
    Some(Some(SecurityGroups {
        primary: spec.primary.value.clone()?,
        workers: spec.workers.value.clone()?,
        service: some(service),
    }))
}

fn tags(at: &Option<At<BTreeMap<String, At<String>>>>, faults: &mut Faults) -> Option<BTreeMap<String, String>> {
    let Some(at) = at else { return Some(BTreeMap::new()) };
    for (name, value) in at.value.as_ref()? {
        if name.starts_with("aws:") || name.starts_with("trapiche:") {
            faults.add(&value.key, format!("`{name}` is a tag that is not yours to give"));
        }
    }
    at.value.as_ref()?.iter().map(|(name, value)| Some((name.clone(), value.value.clone()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_type_says_its_processor() {
        for (name, arm) in [
            ("m5.xlarge", false),
            ("m7g.xlarge", true),
            ("g4dn.2xlarge", false),
            ("g5g.xlarge", true),
            ("im4gn.large", true),
            ("a1.xlarge", true),
            ("u-6tb1.metal", false),
        ] {
            let found = Architecture::of_type(name).unwrap();
            assert_eq!(found == Architecture::Arm, arm, "{name}");
        }
        assert!(Architecture::of_type("large").is_none() && Architecture::of_type("5.x").is_none());
    }

    #[test]
    fn a_release_says_its_glibc() {
        assert_eq!(GlibcVersion::of_release("emr-7.13.0"), Some(GlibcVersion(2, 34)));
        assert_eq!(GlibcVersion::of_release("emr-6.15.0"), Some(GlibcVersion(2, 26)));
        assert_eq!(GlibcVersion::of_release("7.13"), None);
        assert!(GlibcVersion::parse("2.2.5") < GlibcVersion::parse("2.34"));
    }
}
