//! A schedule in the words of EventBridge Scheduler: a cluster for each run.

use std::path::PathBuf;

use chrono::Utc;

use super::scheduled;
use crate::cli::options::Global;
use crate::cli::run::stamp;
use crate::cli::submit::{SubmitWishes, load, prepared, refuse_made_secret};
use crate::cli::talk::words::Words;
use crate::error::Result;
use crate::pipeline::RunOptions;
use crate::submit::{Services, emit};

/// What is to be started at the project's times, once the nodes find in the bucket what they need. `roles` are the role by which
/// clusters are asked for, and the queue of what could not be started.
pub async fn emit(
    global: &Global,
    options: &RunOptions,
    program: Option<PathBuf>,
    roles: (&str, Option<&str>),
    words: &Words,
) -> Result<String> {
    let project = load(global)?;
    let schedule = scheduled(&project)?;
    let services = Services::open(&project).await?;
    let run = stamp(Utc::now()).run_id;
    let (submission, package, request) =
        prepared(&project, &services, options, &run, SubmitWishes { program, ..SubmitWishes::default() })?;
    refuse_made_secret(&submission)?;
    let schedules = emit::eventbridge(&request, &run, &project.name, &schedule, roles)?;
    package.send(&services.bucket, &|text| words.progress_note(text)).await?;
    let texts = schedules.iter().map(|it| serde_json::to_string_pretty(it).expect("text keys only") + "\n");
    Ok(texts.collect())
}
