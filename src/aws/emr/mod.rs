//! EMR: clusters and their steps.
//!
//! `RunJobFlow` has no token by which a second one could be told from the first. So it is never sent again by itself:
//! [`Sent::Unsure`] says that whoever asked must look first.

mod request;
mod sent;

use std::time::{Duration, SystemTime};

use aws_sdk_emr::Client;
use aws_sdk_emr::config::retry::RetryConfig;
use aws_sdk_emr::config::{BehaviorVersion, Config, Region};
use aws_sdk_emr::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_emr::types::{Step, StepSummary};

pub use request::{
    ApplicationName, BootstrapRequest, ClusterRequest, DiskRequest, EbsRequest, FleetRequest, GroupRequest,
    IdleRequest, InstanceTypeRequest, InstancesRequest, JarRequest, LaunchRequest, ScriptRequest, SpotRequest,
    StepRequest, TagRequest, VolumeRequest,
};

use super::account::Account;
use super::told;
use crate::error::{Error, Result};

const NAME: &str = "EMR";

/// EMR in one region.
#[derive(Debug, Clone)]
pub struct Emr {
    client: Client,
    region: String,
}

/// What came of a request that must not be made twice.
#[derive(Debug)]
pub enum Sent {
    /// The ids of what was begun.
    Begun(Vec<String>),
    /// It may have been begun, and may not.
    Unsure(Error),
}

/// A cluster, as EMR tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterState {
    pub id: String,
    pub name: String,
    /// `STARTING`, `BOOTSTRAPPING`, `RUNNING`, `WAITING`, `TERMINATING`, `TERMINATED`, `TERMINATED_WITH_ERRORS`.
    pub state: String,
    /// Why, once it ends.
    pub why: Option<String>,
}

impl ClusterState {
    /// Whether it is gone, or on its way.
    pub fn is_ending(&self) -> bool {
        self.state.starts_with("TERMINAT")
    }
}

/// A step, as EMR tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    pub id: String,
    pub name: String,
    /// `PENDING`, `CANCEL_PENDING`, `RUNNING`, `COMPLETED`, `CANCELLED`, `FAILED`, `INTERRUPTED`.
    pub state: String,
    /// What EMR knows of its failure.
    pub failure: Option<String>,
}

impl StepState {
    pub fn is_over(&self) -> bool {
        !matches!(self.state.as_str(), "PENDING" | "CANCEL_PENDING" | "RUNNING")
    }
}

impl Emr {
    pub fn open(account: &Account) -> Emr {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(account.region().to_string()))
            .credentials_provider(account.credentials.clone())
            .http_client(account.http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(6));
        config.set_endpoint_url(Account::endpoint("EMR"));
        Emr { client: Client::from_conf(config.build()), region: account.region().to_string() }
    }

    /// Asks for a cluster, once.
    pub async fn run_job_flow(&self, request: &ClusterRequest) -> Result<Sent> {
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let sent = self
            .client
            .run_job_flow()
            .name(&request.name)
            .log_uri(&request.log_uri)
            .release_label(&request.release_label)
            .set_applications(Some(request.applications.iter().map(sent::application).collect()))
            .instances(sent::instances(&request.instances))
            .set_bootstrap_actions(Some(request.bootstrap_actions.iter().map(sent::bootstrap).collect()))
            .set_steps(Some(request.steps.iter().map(sent::step).collect()))
            .set_security_configuration(request.security_configuration.clone())
            .job_flow_role(&request.job_flow_role)
            .service_role(&request.service_role)
            .visible_to_all_users(request.visible_to_all_users)
            .set_tags(Some(request.tags.iter().map(sent::tag).collect()))
            .auto_termination_policy(sent::idle(&request.auto_termination_policy))
            .customize()
            .config_override(once)
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(answer.job_flow_id.map_or_else(|| Sent::Unsure(self.no_id()), |id| Sent::Begun(vec![id]))),
            Err(error) => self.unsure(error),
        }
    }

    /// Adds steps to a cluster, once.
    pub async fn add_steps(&self, cluster: &str, steps: &[StepRequest]) -> Result<Sent> {
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let steps: Vec<_> = steps.iter().map(sent::step).collect();
        let asked = steps.len();
        let request = self.client.add_job_flow_steps().job_flow_id(cluster).set_steps(Some(steps));
        match request.customize().config_override(once).send().await {
            Ok(answer) => {
                let ids = answer.step_ids().to_vec();
                Ok(if ids.len() == asked { Sent::Begun(ids) } else { Sent::Unsure(self.no_id()) })
            }
            Err(error) => self.unsure(error),
        }
    }

    /// The clusters of a name that were made lately, the newest first.
    pub async fn named(&self, name: &str) -> Result<Vec<ClusterState>> {
        /// A run that takes longer is found by the id that was kept of its cluster.
        const LATELY: Duration = Duration::from_secs(14 * 24 * 3600);
        let since = SystemTime::now() - LATELY;
        let mut pages = self.client.list_clusters().created_after(since.into()).into_paginator().send();
        let mut found = vec![];
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.told(error))?;
            found.extend(page.clusters().iter().filter(|cluster| cluster.name() == Some(name)).map(|cluster| {
                let status = cluster.status();
                let reason = status.and_then(|status| status.state_change_reason());
                ClusterState {
                    id: text(cluster.id()),
                    name: name.to_string(),
                    state: text(status.and_then(|status| status.state()).map(|state| state.as_str())),
                    why: reason.and_then(|reason| reason.message()).map(str::to_string),
                }
            }));
        }
        Ok(found)
    }

    /// # Errors
    /// When there is no such cluster, too.
    pub async fn cluster(&self, id: &str) -> Result<ClusterState> {
        let answer = self.client.describe_cluster().cluster_id(id).send().await.map_err(|error| self.told(error))?;
        let cluster = answer.cluster().ok_or_else(|| self.no_id())?;
        let status = cluster.status();
        let reason = status.and_then(|status| status.state_change_reason());
        Ok(ClusterState {
            id: id.to_string(),
            name: text(cluster.name()),
            state: text(status.and_then(|status| status.state()).map(|state| state.as_str())),
            why: reason.and_then(|reason| reason.message()).map(str::to_string).filter(|why| !why.is_empty()),
        })
    }

    /// The steps of a cluster, the newest first.
    pub async fn steps(&self, cluster: &str) -> Result<Vec<StepState>> {
        let mut pages = self.client.list_steps().cluster_id(cluster).into_paginator().send();
        let mut found = vec![];
        while let Some(page) = pages.next().await {
            found.extend(page.map_err(|error| self.told(error))?.steps().iter().map(summary));
        }
        Ok(found)
    }

    pub async fn step(&self, cluster: &str, id: &str) -> Result<StepState> {
        let answer = self.client.describe_step().cluster_id(cluster).step_id(id).send().await;
        let answer = answer.map_err(|error| self.told(error))?;
        Ok(described(answer.step().ok_or_else(|| self.no_id())?))
    }

    pub async fn cancel_step(&self, cluster: &str, id: &str) -> Result<()> {
        let asked = self.client.cancel_steps().cluster_id(cluster).step_ids(id).send().await;
        asked.map(drop).map_err(|error| self.told(error))
    }

    pub async fn terminate(&self, cluster: &str) -> Result<()> {
        let asked = self.client.terminate_job_flows().job_flow_ids(cluster).send().await;
        asked.map(drop).map_err(|error| self.told(error))
    }

    /// What was refused was not begun; of all else nobody knows.
    fn unsure<E, R>(&self, error: SdkError<E, R>) -> Result<Sent>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let is_refused = told::refused(&error).is_some_and(|refused| !told::is_passing(&refused.code));
        let error = self.told(error);
        if is_refused { Err(error) } else { Ok(Sent::Unsure(error)) }
    }

    fn told<E, R>(&self, error: SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        told::told(NAME, &self.region, error)
    }

    fn no_id(&self) -> Error {
        Error::connection("EMR has answered without what was asked for")
    }
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_string()
}

fn summary(step: &StepSummary) -> StepState {
    let status = step.status();
    let details = status.and_then(|status| status.failure_details());
    StepState {
        id: text(step.id()),
        name: text(step.name()),
        state: text(status.and_then(|status| status.state()).map(|state| state.as_str())),
        failure: failure(details.map(|it| [it.reason(), it.message(), it.log_file()])),
    }
}

fn described(step: &Step) -> StepState {
    let status = step.status();
    let details = status.and_then(|status| status.failure_details());
    StepState {
        id: text(step.id()),
        name: text(step.name()),
        state: text(status.and_then(|status| status.state()).map(|state| state.as_str())),
        failure: failure(details.map(|it| [it.reason(), it.message(), it.log_file()])),
    }
}

/// Reason, message and place of the log, as far as they are told.
fn failure(details: Option<[Option<&str>; 3]>) -> Option<String> {
    let told: Vec<&str> = details?.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    (!told.is_empty()).then(|| told.join("; "))
}
