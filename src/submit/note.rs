//! What is kept in the lake of a run that was submitted, for whoever asks for it next: from another machine, or after a crash.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::aws::s3::S3Folder;
use crate::error::{Error, Result};
use crate::lake::path;

/// The cluster and the step that a run is on. No secret is in it but the name of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaunchNote {
    pub run: String,
    /// By which EMR lists it.
    pub name: String,
    pub cluster: String,
    /// `None` is the one step of a cluster that was brought up for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Whether a step on Spark follows, and which, where others were there before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_spark: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spark_step: Option<String>,
    /// Where EMR puts its logs.
    pub logs: String,
    /// The secret that was made for the run, as long as it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl LaunchNote {
    /// Whether the cluster is there for this run alone.
    pub fn is_own(&self) -> bool {
        self.step.is_none()
    }

    pub async fn read(bucket: &S3Folder, run: &str) -> Result<Option<LaunchNote>> {
        let Some(bytes) = bucket.read(&file(run), 0).await? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes);
        read.map(Some).map_err(|error| {
            Error::failed(format!("`{}` is no note of a launch", bucket.url(&file(run)))).because(error)
        })
    }

    pub async fn write(&self, bucket: &S3Folder) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).expect("text keys only");
        bucket.put(&file(&self.run), text.into()).await
    }
}

/// What the step writes at its end.
#[derive(Debug, Deserialize)]
struct ExitNote {
    exit_code: u8,
}

/// `_trapiche/submissions/<run>`
pub fn folder(run: &str) -> String {
    path::submission_dir(run)
}

fn file(run: &str) -> String {
    format!("{}/cluster.json", folder(run))
}

/// Created by whoever is to make the n-th try at a launch: of several, one.
pub fn attempt(run: &str, n: u32) -> String {
    format!("{}/launch-{n:04}.json", folder(run))
}

/// A step of a submission, by what it leaves in its folder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NotedStep {
    /// The run itself.
    Run,
    /// The same queries on Spark.
    Spark,
}

impl NotedStep {
    fn log_file(self) -> &'static str {
        match self {
            NotedStep::Run => "run.log",
            NotedStep::Spark => "spark.log",
        }
    }

    fn exit_file(self) -> &'static str {
        match self {
            NotedStep::Run => "exit.json",
            NotedStep::Spark => "spark-exit.json",
        }
    }
}

/// The log of a step, from a byte on.
pub async fn log(bucket: &S3Folder, run: &str, step: NotedStep, from: u64) -> Result<Option<Bytes>> {
    bucket.read(&format!("{}/{}", folder(run), step.log_file()), from).await
}

/// With which code a step's program ended; `None` while it has not, or nobody could say.
pub async fn exit_code(bucket: &S3Folder, run: &str, step: NotedStep) -> Result<Option<u8>> {
    let bytes = bucket.read(&format!("{}/{}", folder(run), step.exit_file()), 0).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice::<ExitNote>(&bytes).ok()).map(|note| note.exit_code))
}
