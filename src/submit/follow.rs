//! How a submitted run goes, and how it ended: its log as it comes, and the code of its own program. EMR itself knows no more than
//! whether a step was completed.

use std::io::Read;
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;

use super::Services;
use super::note::{self, LaunchNote, NotedStep};
use super::request;
use crate::aws::emr::{ClusterState, StepState};
use crate::aws::s3::S3Folder;
use crate::aws::secrets;
use crate::error::{Error, Kind, Result};
use crate::lake::path;
use crate::pipeline;
use crate::report::RunReport;

/// How many looks in a row may fail: a network that is out for some minutes ends no run.
const FAILED_LOOKS: u32 = 20;

/// A cluster ends with its last step. One that does not is ended.
const ENDS_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Of EMR's own log of a step, when there is no other.
const LAST_LINES: usize = 40;

/// What there is to tell while a run goes on.
#[derive(Debug, PartialEq)]
pub enum SubmitNote {
    /// What has become of cluster and step.
    State(String),
    /// Whole lines of the run's log.
    Log(String),
}

/// How a run ended.
#[derive(Debug)]
pub struct Followed {
    /// The run's own; if that is 0, that of the step on Spark behind it.
    pub exit_code: u8,
    /// None of a run that did not begin.
    pub report: Option<RunReport>,
    /// Where Spark's tables are, if they were made.
    pub on_spark: Option<String>,
}

/// Cluster and steps, as EMR tells of them.
#[derive(Debug)]
pub struct SubmittedState {
    pub cluster: ClusterState,
    pub step: Option<StepState>,
    /// The same queries on Spark.
    pub spark: Option<StepState>,
}

impl SubmittedState {
    fn is_over(&self, noted: &LaunchNote) -> bool {
        let is_over = |step: &Option<StepState>| step.as_ref().is_some_and(StepState::is_over);
        is_over(&self.step) && (!noted.on_spark || is_over(&self.spark))
    }
}

/// Cluster and steps, as they are now.
pub async fn state(noted: &LaunchNote, services: &Services) -> Result<SubmittedState> {
    let cluster = services.emr.cluster(&noted.cluster).await?;
    let (step, spark) = match &noted.step {
        // Of a cluster that was there others may have asked for many.
        Some(id) => {
            let spark = match &noted.spark_step {
                Some(id) => Some(services.emr.step(&noted.cluster, id).await?),
                None => None,
            };
            (Some(services.emr.step(&noted.cluster, id).await?), spark)
        }
        None => {
            let steps = services.emr.steps(&noted.cluster).await?;
            let named = |name: &str| steps.iter().find(|step| step.name == name).cloned();
            (named(&noted.name), named(&request::spark_name(&noted.name)))
        }
    };
    Ok(SubmittedState { cluster, step, spark })
}

/// With which code the run ended; `None` while it goes on, or if nobody could say.
pub async fn exit_code(noted: &LaunchNote, services: &Services) -> Result<Option<u8>> {
    code_of(noted, services, pipeline::named_run(&services.lake, &noted.run).await?.as_ref()).await
}

/// Waits for the run's end, and for that of its cluster.
///
/// # Errors
/// A connection error when the run ended without a word of its own: with what EMR knows of it.
pub async fn follow(
    noted: &LaunchNote,
    services: &Services,
    every: Duration,
    tell: &impl Fn(SubmitNote),
) -> Result<Followed> {
    let (mut said, mut failed, mut over) = (String::new(), 0, None);
    let (mut log, mut spark_log) = (LogReader::of(NotedStep::Run), LogReader::of(NotedStep::Spark));
    let last = loop {
        let looked = async {
            let now = state(noted, services).await?;
            log.read(noted, &services.bucket, tell).await?;
            if now.spark.is_some() {
                spark_log.read(noted, &services.bucket, tell).await?;
            }
            Ok::<_, Error>(now)
        };
        match looked.await {
            Ok(state) => {
                failed = 0;
                let now = told(&state);
                if now != said {
                    tell(SubmitNote::State(now.clone()));
                    said = now;
                }
                let is_over = state.is_over(noted);
                if state.cluster.is_ending() || is_over && !noted.is_own() {
                    break state;
                }
                if is_over && over.get_or_insert_with(Instant::now).elapsed() > ENDS_WITHIN {
                    tell(SubmitNote::State(format!("{} does not end by itself, and is ended", noted.cluster)));
                    services.emr.terminate(&noted.cluster).await?;
                    break state;
                }
            }
            Err(error) if error.kind() == Kind::Connection && failed < FAILED_LOOKS => failed += 1,
            Err(error) => return Err(error),
        }
        tokio::time::sleep(every).await;
    };
    log.read(noted, &services.bucket, tell).await?;
    log.rest(tell);
    let report = pipeline::named_run(&services.lake, &noted.run).await?;
    let ended = code_of(noted, services, report.as_ref()).await?;
    if let Some(name) = &noted.secret {
        // The step has done that, if there was one.
        secrets::remove(&services.account, name).await?;
    }
    let Some(exit_code) = ended else {
        if log.from == 0 {
            emr_log(noted, last.step.as_ref(), services, tell).await;
        }
        return Err(unsaid(noted, &last, last.step.as_ref(), "the run"));
    };
    if exit_code != 0 || !noted.on_spark {
        return Ok(Followed { exit_code, report, on_spark: None });
    }
    spark_log.read(noted, &services.bucket, tell).await?;
    spark_log.rest(tell);
    match note::exit_code(&services.bucket, &noted.run, NotedStep::Spark).await? {
        Some(exit_code) => {
            let place = services.bucket.url(&path::spark_dir(&noted.run));
            Ok(Followed { exit_code, report, on_spark: (exit_code == 0).then_some(place) })
        }
        None => {
            emr_log(noted, last.spark.as_ref(), services, tell).await;
            Err(unsaid(noted, &last, last.spark.as_ref(), "the step on Spark behind the run"))
        }
    }
}

/// That of the report, or of a run that has none. Where a run was started twice, the one that was not made has left its code, too.
async fn code_of(noted: &LaunchNote, services: &Services, report: Option<&RunReport>) -> Result<Option<u8>> {
    match report {
        Some(report) => Ok(Some(report.exit_code)),
        None => note::exit_code(&services.bucket, &noted.run, NotedStep::Run).await,
    }
}

/// `j-1ABC: RUNNING, step s-2DEF: PENDING`
fn told(state: &SubmittedState) -> String {
    let SubmittedState { cluster, step, spark } = state;
    let mut text = format!("{}: {}", cluster.id, cluster.state);
    for (name, step) in [("step", step), ("on Spark", spark)] {
        if let Some(step) = step {
            text += &format!(", {name} {}: {}", step.id, step.state);
        }
    }
    match cluster.why.as_ref().filter(|_| cluster.is_ending()) {
        Some(why) => text + &format!(" ({why})"),
        None => text,
    }
}

fn unsaid(noted: &LaunchNote, state: &SubmittedState, step: Option<&StepState>, what: &str) -> Error {
    let cluster = &state.cluster;
    let failure = step.and_then(|step| step.failure.clone());
    let known: Vec<String> = [step.map(|step| format!("the step is {}", step.state)), failure, cluster.why.clone()]
        .into_iter()
        .flatten()
        .collect();
    let known = if known.is_empty() { "EMR says no more".to_string() } else { known.join("; ") };
    Error::connection(format!(
        "the cluster {} is {} and {what} `{}` did not say how it ended",
        cluster.id, cluster.state, noted.run
    ))
    .hint(format!(
        "EMR's logs are at `{}/{}/`; node/*/bootstrap-actions there if no step was begun",
        noted.logs, cluster.id
    ))
    .because(Error::failed(known))
}

/// How far the log of a step has been told.
struct LogReader {
    step: NotedStep,
    from: u64,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
}

impl LogReader {
    fn of(step: NotedStep) -> LogReader {
        LogReader { step, from: 0, begun: vec![] }
    }

    async fn read(&mut self, noted: &LaunchNote, bucket: &S3Folder, tell: &impl Fn(SubmitNote)) -> Result<()> {
        let Some(bytes) = note::log(bucket, &noted.run, self.step, self.from).await? else { return Ok(()) };
        self.from += bytes.len() as u64;
        self.begun.extend_from_slice(&bytes);
        if let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') {
            let lines: Vec<u8> = self.begun.drain(..=end).collect();
            tell(SubmitNote::Log(String::from_utf8_lossy(&lines).trim_end().to_string()));
        }
        Ok(())
    }

    fn rest(&mut self, tell: &impl Fn(SubmitNote)) {
        if !self.begun.is_empty() {
            tell(SubmitNote::Log(String::from_utf8_lossy(&std::mem::take(&mut self.begun)).into_owned()));
        }
    }
}

/// What EMR has kept of a step that came to no log of its own. It comes some minutes late, and may not be there.
async fn emr_log(noted: &LaunchNote, step: Option<&StepState>, services: &Services, tell: &impl Fn(SubmitNote)) {
    let Some(step) = step else { return };
    let endpoint = services.lake.storage().endpoint.as_deref();
    let Ok(logs) = S3Folder::open(&services.account, &noted.logs, endpoint) else { return };
    let path = format!("{}/steps/{}/stderr.gz", noted.cluster, step.id);
    let Ok(Some(bytes)) = logs.read(&path, 0).await else { return };
    let mut text = String::new();
    if MultiGzDecoder::new(bytes.as_ref()).read_to_string(&mut text).is_ok() {
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        tell(SubmitNote::Log(format!("the end of `{}`:\n{}", logs.url(&path), last.join("\n"))));
    }
}
