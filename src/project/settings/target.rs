//! Targets: where the same project can run.

use std::path::Path;
use std::time::Duration;

use url::Url;

use super::address::Address;
use super::emr::{self, ClusterSettings};
use super::glue::{self, GlueSettings};
use super::sql;
use super::workers::{self, Workers};
use crate::error::Span;
use crate::hints::{listed, suggest};
pub use crate::lake::Storage;
use crate::lake::table::attic;
use crate::project::faults::Faults;
use crate::project::read::{At, given_or, within};
use crate::project::spec::{ClusterKind, EngineSpec, TargetSpec};
use crate::project::written::Written;
use crate::spark::mode::SqlMode;
use crate::spark::types::Timestamps;

/// Where the project runs: its lake, and the store that the demo brings along.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: String,
    pub storage: Storage,
    /// How long the files stay that a table's new version replaces.
    pub keep: Duration,
    /// How finely tables keep timestamps.
    pub timestamps: Timestamps,
    /// How SQL is meant.
    pub sql: SqlMode,
    pub demo: Option<DemoStore>,
    /// Other machines that compute; `None`: this one does.
    pub workers: Option<Workers>,
    /// A cluster that is brought up for a run by `submit`.
    pub cluster: Option<ClusterSettings>,
    /// The catalogue that is told of tables; `None`: none is.
    pub glue: Option<GlueSettings>,
}

impl Target {
    /// Stands in for a target that is faulty, so that queries can still be planned: a lake in which there is nothing.
    pub fn nowhere(root: &Path) -> Self {
        let url = Url::from_file_path(root.join(".trapiche/nowhere")).map(String::from).unwrap_or_default();
        Target {
            name: String::new(),
            storage: Storage { url, endpoint: None, region: None },
            keep: attic::DEFAULT_KEEP,
            timestamps: Timestamps::Micros,
            sql: SqlMode::default(),
            demo: None,
            workers: None,
            cluster: None,
            glue: None,
        }
    }
}

/// Size and seed of the in-process store (`src/demo/`); same values, same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoStore {
    /// 1 = about 5,000 order lines.
    pub scale: u32,
    pub seed: u64,
}

/// The targets of the file, by name.
pub type Targets = std::collections::BTreeMap<String, At<TargetSpec>>;

/// The target that was asked for, else the default one; faults when there is none or more than one.
pub fn choose<'a>(
    targets: &'a At<Targets>,
    wanted: Option<&str>,
    faults: &mut Faults,
) -> Option<(&'a str, &'a At<TargetSpec>)> {
    let all = targets.value.as_ref()?;
    let is_default = |spec: &At<TargetSpec>| spec.value.as_ref()?.default.as_ref()?.value;
    let defaults: Vec<_> = all.iter().filter(|(_, spec)| is_default(spec) == Some(true)).collect();
    for (name, spec) in defaults.iter().skip(1) {
        let message = format!("`{name}` is a second default target, after `{}`", defaults[0].0);
        faults.add(&spec.key, message).hint("leave `default: true` at one of them");
    }
    let chosen = match wanted {
        Some(wanted) => all.get_key_value(wanted).or_else(|| {
            let hint = suggest(wanted, all.keys().map(String::as_str));
            faults.add(&targets.key, format!("there is no target `{wanted}`")).hint(hint);
            None
        }),
        None if all.len() == 1 => all.iter().next(),
        None => defaults.first().copied().or_else(|| {
            let names: Vec<&str> = all.keys().map(String::as_str).collect();
            let hint = format!("mark one with `default: true`, or choose with `--target`: {}", listed(&names));
            faults.add(&targets.key, "no target is the default").hint(hint);
            None
        }),
    };
    chosen.map(|(name, spec)| (name.as_str(), spec))
}

/// A target with its storage checked. `root` is what relative addresses start from, `around` what SQL means where the target
/// says nothing else.
pub fn check(name: &str, spec: &TargetSpec, root: &Path, around: &SqlMode, faults: &mut Faults) -> Option<Target> {
    let mut demo = None;
    if let Some(block) = spec.demo.as_ref().and_then(|demo| demo.value.as_ref()) {
        let scale = given_or(&block.scale, 1);
        if let Some(at) = &block.scale {
            // 50 million order lines: the store is in this process.
            within("scale", at, 1..=10_000, faults);
        }
        demo = scale.zip(given_or(&block.seed, 42)).map(|(scale, seed)| DemoStore { scale, seed });
    }
    let keep = match spec.keep.as_ref().map(|keep| (keep, keep.value.as_deref())) {
        None => Some(attic::DEFAULT_KEEP),
        Some((keep, text)) => text.and_then(|text| {
            attic::parse_keep(text).map_err(|how| faults.add(&keep.span, "`keep` is no time").hint(how)).ok()
        }),
    };
    let sql = sql::check(&spec.sql, around, faults);
    // Another kind of cluster has settings of its own.
    let is_cluster = |block: &At<EngineSpec>| match block.value.as_ref().and_then(|engine| engine.cluster.as_ref()) {
        Some(At { value: Some(ClusterKind::Emr) | None, .. }) => true,
        None => false,
    };
    let (clusters, others) = spec.engine.iter().partition::<Vec<_>, _>(|block| is_cluster(block));
    for (name, place) in others.iter().filter_map(|block| block.value.as_ref()).flat_map(emr::own_keys) {
        faults.add(place, format!("`{name}` goes with `cluster: emr`"));
    }
    let workers = others.first().map(|block| workers::check(block, faults));
    let cluster = clusters.first().map(|block| emr::check(block, faults));
    let address = address(spec.storage.value.as_ref()?, &["file", "s3"], &spec.storage.span, root, faults)?;
    let url = address.url();
    let s3 = spec.s3.as_ref().and_then(|s3| s3.value.as_ref());
    if let (Some(s3), true) = (&spec.s3, url.scheme() == "file") {
        faults.add(&s3.key, "`s3` belongs to a storage that starts with `s3://`");
    }
    if let (Some(block), "file") = (clusters.first(), url.scheme()) {
        faults.add(&block.key, "a cluster needs a storage that starts with `s3://`");
    }
    let glue = spec.glue.as_ref().map(|block| glue::check(block, url.scheme() == "s3", faults));
    let storage = Storage {
        url: url.as_str().trim_end_matches('/').to_string(),
        endpoint: s3.and_then(|s3| s3.endpoint.as_ref()?.value.clone()),
        region: s3.and_then(|s3| s3.region.as_ref()?.value.clone()),
    };
    let timestamps = given_or(&spec.timestamps, Timestamps::Micros)?;
    let glue = match glue {
        Some(glue) => Some(glue?),
        None => None,
    };
    let workers = match workers {
        Some(workers) => Some(workers?),
        None => None,
    };
    let cluster = match cluster {
        Some(cluster) => Some(cluster?),
        None => None,
    };
    Some(Target { name: name.to_string(), storage, keep: keep?, timestamps, sql: sql?, demo, workers, glue, cluster })
}

/// An address with one of the given schemes. `file://./x` and `sqlite://./x` start from the project's root.
pub fn address(written: &Written, schemes: &[&str], span: &Span, root: &Path, faults: &mut Faults) -> Option<Address> {
    let text = written.expose();
    let scheme_of = |text: &str| text.split_once("://").map_or(String::new(), |(scheme, _)| scheme.to_string());
    let scheme = &*scheme_of(text);
    if !schemes.contains(&scheme) {
        let known: Vec<String> = schemes.iter().map(|scheme| format!("`{scheme}://`")).collect();
        let message = match &*scheme_of(written.shown()) {
            "" => "this is not an address".to_string(),
            scheme => format!("`{scheme}://` can't be used here"),
        };
        faults.add(span, message).hint(format!("it starts with one of {}", known.join(", ")));
        return None;
    }
    let parsed = match text.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")) {
        Some(path) if path.starts_with("./") || path.starts_with("../") => local(scheme, root, path),
        _ => Url::parse(text).map_err(|error| error.to_string()),
    };
    let url = parsed.map_err(|error| {
        faults.add(span, format!("this is not a valid address: {error}"));
    });
    Some(Address::new(url.ok()?, written))
}

fn local(scheme: &str, root: &Path, path: &str) -> Result<Url, String> {
    // The root is a path, in which `%` has no meaning; what the user wrote is an address, in which it has.
    let root = root.to_str().ok_or("the project's path is not UTF-8")?.replace('%', "%25");
    // Joining leaves `./` and `../` in the path; the URL's own rules take them out.
    let mut url = Url::parse(&format!("{scheme}:///")).map_err(|error| error.to_string())?;
    url.set_path(&format!("{root}/{path}"));
    Url::parse(url.as_str()).map_err(|error| error.to_string())
}
