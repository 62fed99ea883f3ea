//! A run on a cluster of EMR that is brought up for it, and is gone after it.
//!
//! | file | noun |
//! |---|---|
//! | `program` | whether the program will start on the nodes |
//! | `archive` | the project as one object |
//! | `package` | what is put into the bucket |
//! | `request` | what EMR is asked for |
//! | `note` | what is kept of the run in the lake |
//! | `launch` | one cluster for one run, however often and by whomever it is asked for |
//! | `follow` | how the run goes, and how it ended |
//! | `emit` | the same request for other schedulers |
//! | `bootstrap.sh`, `step.sh`, `spark.sh` | what happens on the nodes |
//!
//! Nothing here must be alive for the run to end well: the cluster ends with its step, and removes the run's secret itself.

mod archive;
pub mod emit;
mod follow;
mod launch;
mod note;
mod package;
mod program;
mod request;

use std::collections::BTreeMap;
use std::path::PathBuf;

use rustls::crypto::ring::default_provider;
use serde::Serialize;

use crate::aws::account::Account;
use crate::aws::emr::{ClusterRequest, Emr, StepRequest};
use crate::aws::s3::S3Folder;
use crate::config;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::pipeline::RunOptions;
use crate::project::{ClusterSettings, Definition, Origin, Project};

pub use follow::{Followed, SubmitNote, SubmittedState, exit_code, follow, state};
pub use launch::{known, launch};
pub use note::LaunchNote;
pub use package::Package;

/// What is to run, and where.
pub struct Submission<'a> {
    pub project: &'a Project,
    pub cluster: &'a ClusterSettings,
    /// The run's name.
    pub run: String,
    /// Words for `trapiche run`.
    pub words: Vec<String>,
    /// For the nodes.
    pub program: PathBuf,
    pub region: String,
    /// A cluster that is there, for one more step.
    pub existing: Option<String>,
    /// Whether the same queries run on Spark after it, for who compares.
    pub on_spark: bool,
    /// Where the nodes find what nobody else may see.
    pub secret: RunSecret,
    /// The variables that the project uses, as they are here. They go into the secret, and nowhere else.
    pub variables: BTreeMap<String, String>,
}

impl Submission<'_> {
    /// Where EMR puts its logs.
    pub fn logs(&self) -> String {
        let beside = || format!("{}/_trapiche/logs", self.project.target.storage.url);
        self.cluster.logs.clone().unwrap_or_else(beside)
    }

    /// A cluster that is there has none of ours: the run is its primary node's.
    fn has_workers(&self) -> bool {
        self.existing.is_none() && self.cluster.worker_nodes() > 0
    }

    /// Whether the nodes must know what nobody else may see.
    pub fn has_secret(&self) -> bool {
        self.has_workers() || !self.project.variables.is_empty()
    }
}

/// The secret that a run's nodes read.
#[derive(Debug, Clone, PartialEq)]
pub enum RunSecret {
    /// The project's own, which is there.
    Own { reference: String },
    /// Made for the run, and removed after it.
    Made { name: String, reference: String },
}

impl RunSecret {
    pub fn of(project: &Project, cluster: &ClusterSettings, run: &str) -> RunSecret {
        match &cluster.secret {
            Some(reference) => RunSecret::Own { reference: reference.clone() },
            None => {
                let plain = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '-' };
                let project: String = project.name.chars().map(plain).collect();
                let name = format!("trapiche/{project}/{run}");
                RunSecret::Made { reference: format!("secretsmanager:{name}"), name }
            }
        }
    }

    fn reference(&self) -> &str {
        match self {
            RunSecret::Own { reference } | RunSecret::Made { reference, .. } => reference,
        }
    }

    fn made(&self) -> Option<&str> {
        match self {
            RunSecret::Own { .. } => None,
            RunSecret::Made { name, .. } => Some(name),
        }
    }
}

/// What EMR is asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EmrRequest {
    Cluster(Box<ClusterRequest>),
    #[serde(rename_all = "PascalCase")]
    Steps {
        job_flow_id: String,
        steps: Vec<StepRequest>,
    },
}

/// Whom a submission talks to.
pub struct Services {
    pub account: Account,
    pub bucket: S3Folder,
    pub emr: Emr,
    pub lake: Lake,
}

impl Services {
    /// Those of the target's region. Asks nobody yet.
    pub async fn open(project: &Project) -> Result<Services> {
        let storage = &project.target.storage;
        let account = Account::open(storage.region.as_deref()).await;
        let bucket = S3Folder::open(&account, &storage.url, storage.endpoint.as_deref())?;
        let emr = Emr::open(&account);
        Ok(Services { account, bucket, emr, lake: Lake::open(storage).await? })
    }
}

/// All that will be sent, before any of it is.
///
/// # Errors
/// When the project cannot run elsewhere, or the nodes could not start the program.
pub fn prepare(submission: &Submission, bucket: &S3Folder) -> Result<(Package, EmrRequest)> {
    refuse_local(submission.project)?;
    let package = Package::of(submission)?;
    let request = match &submission.existing {
        None => EmrRequest::Cluster(Box::new(request::cluster(submission, &package, bucket)?)),
        Some(cluster) => {
            // What else waits there is others'. The step on Spark looks itself whether the run went well.
            let steps = request::steps(submission, &package, bucket, "CONTINUE")?;
            EmrRequest::Steps { job_flow_id: cluster.clone(), steps }
        }
    };
    Ok((package, request))
}

/// What only this machine has.
fn refuse_local(project: &Project) -> Result<()> {
    for dataset in &project.datasets {
        let Definition::Source(source) = &dataset.definition else { continue };
        let place = match &source.origin {
            Origin::Files { files, .. } => files.places.iter().find(|place| place.url().scheme() == "file"),
            Origin::Sql { database, .. } => Some(database).filter(|place| place.url().scheme() == "sqlite"),
            Origin::Rest(_) => None,
        };
        if let Some(place) = place {
            return Err(Error::config(format!("`{}` reads `{place}`, which no node of a cluster has", dataset.name))
                .hint("put it into the bucket (`s3://…`), or give the target another connection"));
        }
    }
    Ok(())
}

/// A run's options as words of `trapiche run`.
pub fn words(options: &RunOptions) -> Vec<String> {
    let mut words: Vec<String> =
        options.select.iter().flat_map(|name| ["--select".to_string(), name.clone()]).collect();
    words.extend(options.exclude.iter().flat_map(|name| ["--exclude".to_string(), name.clone()]));
    words.extend(options.full_refresh.then(|| "--full-refresh".to_string()));
    if let Some(window) = &options.window {
        words.extend(["--from".into(), window.from.clone(), "--to".into(), window.before.clone()]);
    }
    words.extend(options.locked.then(|| "--locked".to_string()));
    words
}

/// The text of a secret that is made: the variables, and what driver and nodes share.
fn secret_text(submission: &Submission) -> Result<String> {
    let mut bytes = [0; 32];
    let random = default_provider().secure_random.fill(&mut bytes);
    random.map_err(|_| Error::failed("the system gives no random numbers"))?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut held = submission.variables.clone();
    held.insert(config::TOKEN.to_string(), token);
    Ok(serde_json::to_string(&held).expect("text keys only"))
}
