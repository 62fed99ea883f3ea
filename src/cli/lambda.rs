//! `trapiche lambda`: results by REST from within AWS Lambda.

use std::process::ExitCode;
use std::sync::Arc;

use crate::config;
use crate::error::Result;
use crate::pipeline::RunOptions;
use crate::serve;

use super::options::Global;
use super::talk::words::Words;
use super::{on_threads, open};

/// Answer AWS Lambda's events as `serve` answers requests
///
/// For a function behind an HTTP API of API Gateway, or with a URL of its own, on the runtime `provided.al2023`: the program is the file
/// `bootstrap`, the project lies beside it. `scripts/lambda-package` makes the archive.
/// Whoever asks must be let in by an authorizer of the gateway (JWT, IAM, a function), or by `serve: { keys, jwt }` of the project.
///
/// An answer above 6 MB, the most that Lambda sends, is left in the lake, and the caller is sent there (303) by an
/// address that holds for a quarter of an hour.
#[derive(Debug, clap::Args)]
pub struct LambdaArguments {}

pub fn lambda(global: &Global, LambdaArguments {}: LambdaArguments, words: &Words) -> Result<ExitCode> {
    /// Of the memory that the function has; the rest is for what is not counted.
    const SHARE: u64 = 2;
    let megabytes = config::variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|size| size.parse::<u64>().ok());
    let memory = global.memory.or(megabytes.map(|megabytes| (megabytes << 20) / SHARE));
    let limits = config::limits(memory, global.threads.map(usize::from));
    let told = words.clone();
    on_threads(limits.threads, async {
        let (project, lake) = open(global, &limits, &RunOptions::default()).await?;
        serve::answer_events(&project, &lake, &limits, Arc::new(move |text| told.note(text))).await?;
        Ok(ExitCode::SUCCESS)
    })
}
