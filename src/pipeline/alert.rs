//! Alerts: what is told of a run that failed, of what is well again, and how it gets there.
//!
//! Whether something failed before is in the lake: in the reports of the runs before.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::aws::sns::{self, Notice, Topic};
use crate::error::{self, Error, Kind, Result};
use crate::ingest;
use crate::lake::{Lake, TableName, path};
use crate::project::{AlertOn, Alerts, Project, Written};
use crate::report::{DatasetStatus, RunReport, RunStamp, RunStatus};

/// How many runs are looked at to find out what failed before, and how old they are at most.
const RUNS_LOOKED_AT: usize = 50;
const OLDEST_LOOKED_AT: TimeDelta = TimeDelta::days(31);

/// What is left of a message's size for its attributes, which count.
const MARGIN: usize = 4096;

/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(60);

/// What is sent, as JSON.
#[derive(Debug, Serialize)]
pub struct Alert {
    /// One line for people, under the name by which chats take it.
    text: String,
    event: AlertEvent,
    project: String,
    target: String,
    run_id: String,
    started_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    failed: Vec<FailedDataset>,
    /// What had failed before, and is well now.
    recovered: Vec<TableName>,
    /// The run's report; none of a run that did not begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertEvent {
    Failure,
    Recovery,
    /// Somebody tries whether alerts arrive.
    Test,
}

#[derive(Debug, Serialize)]
struct FailedDataset {
    /// None where the run did not begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<TableName>,
    message: String,
}

/// Tells of a run what the project wants to be told. What could not be delivered comes back: it changes nothing of the run.
pub async fn tell(project: &Project, lake: &Lake, stamp: &RunStamp, run: &Result<RunReport>) -> Vec<Error> {
    let (Some(alerts), Ok(report)) = (&project.alerts, run) else {
        return match run {
            Ok(_) => vec![],
            Err(error) => tell_error(project, stamp, error).await,
        };
    };
    match of_report(project, lake, alerts, report).await {
        Ok(Some(alert)) => send(alerts, &alert, &project.root).await,
        Ok(None) => vec![],
        Err(error) => vec![error.context("no alert: the last runs cannot be read")],
    }
}

/// Tells that a run did not begin, or that its end could not be written down.
pub async fn tell_error(project: &Project, stamp: &RunStamp, error: &Error) -> Vec<Error> {
    let alert = project.alerts.as_ref().and_then(|alerts| Some((alerts, of_error(project, alerts, stamp, error)?)));
    match alert {
        Some((alerts, alert)) => send(alerts, &alert, &project.root).await,
        None => vec![],
    }
}

/// Sends an alert that says that it is none.
///
/// # Errors
/// When the project has no alerts.
pub async fn test(project: &Project, stamp: &RunStamp) -> Result<Vec<Error>> {
    let Some(alerts) = &project.alerts else {
        return Err(Error::config("the project has no `alerts`").hint("add `alerts: { webhook: \"${ALERT_URL}\" }`"));
    };
    let text = format!("trapiche: `{}` tries whether alerts arrive; all is well", project.name);
    let alert = Alert { text, ..empty(AlertEvent::Test, project, stamp) };
    Ok(send(alerts, &alert, &project.root).await)
}

fn empty(event: AlertEvent, project: &Project, stamp: &RunStamp) -> Alert {
    Alert {
        text: String::new(),
        event,
        project: project.name.clone(),
        target: project.target.name.clone(),
        run_id: stamp.run_id.clone(),
        started_at: stamp.at,
        seconds: None,
        failed: vec![],
        recovered: vec![],
        report: None,
    }
}

async fn of_report(project: &Project, lake: &Lake, alerts: &Alerts, report: &RunReport) -> Result<Option<Alert>> {
    let stamp = RunStamp { run_id: report.run_id.clone(), at: report.started_at };
    let of_run = |event| Alert {
        seconds: Some(report.seconds),
        report: Some(format!("{}/{}", lake.url(), path::run_report(&report.run_id))),
        ..empty(event, project, &stamp)
    };
    let name = &project.name;
    match report.status {
        RunStatus::Failed if alerts.are_on(AlertOn::Failure) => {
            let failed = report.datasets.iter().filter(|dataset| dataset.status == DatasetStatus::Failed);
            let failed: Vec<FailedDataset> = failed
                .map(|dataset| {
                    let message = dataset.why.clone().unwrap_or_default();
                    FailedDataset { dataset: Some(dataset.dataset.clone()), message }
                })
                .collect();
            let first = failed.first().and_then(|one| Some((one.dataset.as_ref()?, &one.message)));
            let first = first.map(|(dataset, message)| format!(": {dataset}: {message}")).unwrap_or_default();
            let text = format!("trapiche: {} of `{name}` failed{first}", counted(failed.len()));
            Ok(Some(Alert { text, failed, ..of_run(AlertEvent::Failure) }))
        }
        RunStatus::Ok if alerts.are_on(AlertOn::Recovery) => {
            let recovered = failed_before(lake, report).await?;
            if recovered.is_empty() {
                return Ok(None);
            }
            let text = format!("trapiche: `{name}` is well again: {} that had failed", counted(recovered.len()));
            Ok(Some(Alert { text, recovered, ..of_run(AlertEvent::Recovery) }))
        }
        RunStatus::Ok | RunStatus::Failed | RunStatus::Interrupted => Ok(None),
    }
}

/// A run that did not begin, or whose end could not be written down. What somebody has typed wrongly is no concern of others.
fn of_error(project: &Project, alerts: &Alerts, stamp: &RunStamp, error: &Error) -> Option<Alert> {
    let is_worth_it = match error.kind() {
        Kind::Failed | Kind::Connection => true,
        Kind::Config => !error.found_problems().is_empty(),
        Kind::Locked | Kind::Drift | Kind::Interrupted => false,
    };
    if !is_worth_it || !alerts.are_on(AlertOn::Failure) {
        return None;
    }
    let problems = error.found_problems().iter().map(ToString::to_string);
    let mut messages: Vec<String> = problems.collect();
    if messages.is_empty() {
        messages.push(error::chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": "));
    }
    let text = format!("trapiche: `{}` could not be run: {}", project.name, messages[0]);
    let failed = messages.into_iter().map(|message| FailedDataset { dataset: None, message }).collect();
    Some(Alert { text, failed, ..empty(AlertEvent::Failure, project, stamp) })
}

/// Which of the run's datasets had failed when they were last tried before it.
async fn failed_before(lake: &Lake, report: &RunReport) -> Result<Vec<TableName>> {
    let own = path::run_report(&report.run_id);
    let mut last: BTreeMap<TableName, DatasetStatus> = BTreeMap::new();
    // Runs are named by their start.
    let oldest = (report.started_at - OLDEST_LOOKED_AT).format("%Y%m%dT").to_string();
    let runs = lake.list_after(path::RUNS, &path::run_report(&oldest)).await?;
    for file in runs.iter().rev().filter(|file| **file < own).take(RUNS_LOOKED_AT) {
        let bytes = lake.read(file).await?.unwrap_or_default();
        let Ok(before) = serde_json::from_slice::<RunReport>(&bytes) else { continue };
        // What was blocked was not tried.
        let tried = before.datasets.into_iter().filter(|dataset| dataset.status != DatasetStatus::Blocked);
        for dataset in tried {
            last.entry(dataset.dataset).or_insert(dataset.status);
        }
        if report.datasets.iter().all(|dataset| last.contains_key(&dataset.dataset)) {
            break;
        }
    }
    let names = report.datasets.iter().map(|dataset| &dataset.dataset);
    Ok(names.filter(|name| last.get(name) == Some(&DatasetStatus::Failed)).cloned().collect())
}

fn counted(datasets: usize) -> String {
    format!("{datasets} dataset{}", if datasets == 1 { "" } else { "s" })
}

/// Each way is tried, whatever becomes of the other.
async fn send(alerts: &Alerts, alert: &Alert, root: &Path) -> Vec<Error> {
    let json = serde_json::to_string(alert).expect("alerts have text keys only");
    let mut undelivered = vec![];
    if let Some(webhook) = &alerts.webhook {
        undelivered.extend(ingest::deliver(webhook, &json).await.err());
    }
    if let Some(command) = &alerts.command {
        undelivered.extend(run(command, &json, root).await.err());
    }
    if let Some(topic) = &alerts.sns {
        undelivered.extend(publish(topic, alert, json).await.err());
    }
    undelivered.into_iter().map(|error| error.context("an alert could not be delivered")).collect()
}

async fn publish(topic: &Topic, alert: &Alert, json: String) -> Result<()> {
    let event = match alert.event {
        AlertEvent::Failure => "failure",
        AlertEvent::Recovery => "recovery",
        AlertEvent::Test => "test",
    };
    let attributes = [("event", event), ("project", alert.project.as_str()), ("target", alert.target.as_str())];
    let id = format!("{} {event}", alert.run_id);
    let message = shortened(json, sns::MOST_BYTES - MARGIN);
    let notice =
        Notice { subject: &alert.text, message: &message, attributes: &attributes, group: &alert.project, id: &id };
    sns::publish(topic, &notice).await
}

/// With half of what failed, until it is short enough: the report has all of it.
fn shortened(json: String, most: usize) -> String {
    let mut text = json;
    while text.len() > most {
        let mut alert: serde_json::Value = serde_json::from_str(&text).expect("it is ours");
        let failed = alert["failed"].as_array_mut().filter(|failed| !failed.is_empty());
        let Some(failed) = failed else { break };
        failed.truncate(failed.len() / 2);
        text = alert.to_string();
    }
    text
}

async fn run(command: &Written, json: &str, root: &Path) -> Result<()> {
    let failed = |why: &str| Error::failed(format!("the command `{command}` {why}"));
    let mut child = Command::new("sh")
        .args(["-c", command.expose()])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed("cannot be started").because(error))?;
    let input = child.stdin.take();
    let talk = async {
        if let Some(mut input) = input {
            // One that does not read it has ended, or will.
            let _ = input.write_all(json.as_bytes()).await;
            let _ = input.write_all(b"\n").await;
        }
        child.wait_with_output().await
    };
    let output = match tokio::time::timeout(COMMAND, talk).await {
        Ok(output) => output.map_err(|error| failed("cannot be waited for").because(error))?,
        Err(_) => return Err(failed(&format!("did not end within {} s", COMMAND.as_secs()))),
    };
    if output.status.success() {
        return Ok(());
    }
    let error = failed(&format!("ended with {}", output.status));
    let said = String::from_utf8_lossy(&output.stderr);
    match said.lines().rev().find(|line| !line.trim().is_empty()) {
        // It may quote what a variable holds.
        Some(line) if !command.is_secret() => Err(error.because(line.to_string())),
        _ => Err(error),
    }
}
