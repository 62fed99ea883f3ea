//! One cluster for one run, however often and by whomever it is asked for.
//!
//! EMR has no token by which it would know a request that it has seen. What stands in for it: the run's name is the cluster's,
//! by which it is found; and whoever wants to launch creates an object first, of which there is one. Should there be two clusters all the
//! same, the second one's run finds the first at work, or made, and ends with exit code 4.

use std::time::{Duration, Instant};

use super::note::{self, LaunchNote};
use super::{EmrRequest, Services, Submission, request, secret_text};
use crate::aws::emr::{ClusterState, Sent};
use crate::aws::secrets;
use crate::error::{Error, Result};
use crate::project::Project;

/// How long whoever has created the object may take to launch; the others wait for longer.
const LAUNCH_WITHIN: Duration = Duration::from_secs(60);
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(150);

/// What was begun is in EMR's list a moment later.
const LISTED_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 5;

/// The cluster and step of the run: those that there are, or else new ones.
pub async fn launch(
    submission: &Submission<'_>,
    wanted: &EmrRequest,
    services: &Services,
    tell: &impl Fn(&str),
) -> Result<LaunchNote> {
    let run = &submission.run;
    for attempt in 1..=ATTEMPTS {
        if let Some(found) = find(submission, services).await? {
            tell(&format!("`{run}` is on the cluster {} already", found.cluster));
            return Ok(found);
        }
        let guard = note::attempt(run, attempt);
        let mine = serde_json::json!({ "run": run, "process": crate::machine::Process::this() }).to_string();
        if !services.bucket.create(&guard, mine.into()).await? {
            tell(&format!("somebody else launches `{run}`"));
            let begun = Instant::now();
            while begun.elapsed() < WAIT_FOR_OTHERS {
                tokio::time::sleep(LOOK_EVERY).await;
                if let Some(found) = find(submission, services).await? {
                    tell(&format!("`{run}` is on the cluster {}", found.cluster));
                    return Ok(found);
                }
            }
            continue;
        }
        match begin(submission, wanted, services).await {
            Ok(Some(begun)) => return Ok(begun),
            Ok(None) => {}
            Err(error) => {
                // It was refused: the next one may try at once.
                let _ = services.bucket.delete(&guard).await;
                return Err(error);
            }
        }
    }
    Err(Error::connection(format!("`{run}` could not be launched in {ATTEMPTS} attempts"))
        .hint("`trapiche submit status` tells of what is known; another `--run-id` begins anew"))
}

/// What was begun, as far as that is known.
async fn begin(submission: &Submission<'_>, wanted: &EmrRequest, services: &Services) -> Result<Option<LaunchNote>> {
    let since = Instant::now();
    let made = submission.secret.made().filter(|_| submission.has_secret());
    if let Some(name) = made {
        let tags = [("trapiche:run".to_string(), submission.run.clone())];
        // One that a launch which came to nothing has left would not be this one.
        secrets::remove(&services.account, name).await?;
        secrets::create(&services.account, name, &secret_text(submission)?, &tags).await?;
    }
    if since.elapsed() > LAUNCH_WITHIN {
        return Err(Error::connection("it took too long to get ready to launch").hint("submit again"));
    }
    let sent = match wanted {
        EmrRequest::Cluster(request) => services.emr.run_job_flow(request).await,
        EmrRequest::Steps { job_flow_id, steps } => services.emr.add_steps(job_flow_id, steps).await,
    };
    let sent = match sent {
        Ok(sent) => sent,
        Err(error) => {
            if let Some(name) = made {
                let _ = secrets::remove(&services.account, name).await;
            }
            return Err(error);
        }
    };
    match sent {
        Sent::Begun(ids) => {
            let mut ids = ids.into_iter();
            let begun = match &submission.existing {
                None => noted(submission, ids.next().unwrap_or_default(), None, None),
                Some(cluster) => noted(submission, cluster.clone(), ids.next(), ids.next()),
            };
            begun.write(&services.bucket).await?;
            Ok(Some(begun))
        }
        Sent::Unsure(_) => {
            let asked = Instant::now();
            while asked.elapsed() < LISTED_WITHIN {
                if let Some(found) = find(submission, services).await? {
                    return Ok(Some(found));
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(None)
        }
    }
}

/// What is known of a run, of this project, that somebody has submitted: `trapiche submit`, or who starts clusters elsewhere.
pub async fn known(project: &Project, run: &str, services: &Services) -> Result<Option<LaunchNote>> {
    if let Some(noted) = LaunchNote::read(&services.bucket, run).await? {
        return Ok(Some(noted));
    }
    let name = request::name(&project.name, run);
    let Some(cluster) = services.emr.named(&name).await?.into_iter().next() else { return Ok(None) };
    let on_spark = request::spark_name(&name);
    let on_spark = services.emr.steps(&cluster.id).await?.iter().any(|step| step.name == on_spark);
    let beside = || format!("{}/_trapiche/logs", project.target.storage.url);
    let logs = project.target.cluster.as_ref().and_then(|cluster| cluster.logs.clone()).unwrap_or_else(beside);
    Ok(Some(LaunchNote {
        run: run.to_string(),
        name,
        cluster: cluster.id,
        step: None,
        on_spark,
        spark_step: None,
        logs,
        secret: None,
    }))
}

/// What is known of the run: by the note of it, or else by EMR's list.
async fn find(submission: &Submission<'_>, services: &Services) -> Result<Option<LaunchNote>> {
    if let Some(noted) = LaunchNote::read(&services.bucket, &submission.run).await? {
        return Ok(Some(noted));
    }
    let name = request::name(&submission.project.name, &submission.run);
    let found = match &submission.existing {
        None => {
            let clusters = services.emr.named(&name).await?;
            // One that goes on rather than one that has ended.
            let alive = clusters.iter().find(|cluster: &&ClusterState| !cluster.is_ending());
            alive.or(clusters.first()).map(|cluster| noted(submission, cluster.id.clone(), None, None))
        }
        Some(cluster) => {
            let steps = services.emr.steps(cluster).await?;
            let id = |name: &str| steps.iter().find(|step| step.name == name).map(|step| step.id.clone());
            let on_spark = id(&request::spark_name(&name));
            id(&name).map(|step| noted(submission, cluster.clone(), Some(step), on_spark))
        }
    };
    if let Some(found) = &found {
        found.write(&services.bucket).await?;
    }
    Ok(found)
}

fn noted(submission: &Submission, cluster: String, step: Option<String>, spark_step: Option<String>) -> LaunchNote {
    LaunchNote {
        run: submission.run.clone(),
        name: request::name(&submission.project.name, &submission.run),
        cluster,
        // Of steps on a cluster that was there those count that were found.
        on_spark: submission.on_spark && (step.is_none() || spark_step.is_some()),
        step,
        spark_step,
        logs: submission.logs(),
        secret: submission.secret.made().filter(|_| submission.has_secret()).map(str::to_string),
    }
}
