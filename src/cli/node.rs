//! `trapiche node`: this machine works for drivers.

use std::process::ExitCode;

use tokio::sync::watch;

use crate::config::{self, Limits};
use crate::engine::cluster::lakes::Lakes;
use crate::error::Result;
use crate::node::{Agent, Listening, NodeSettings, ProcessSettings, run_process};
use crate::pipeline::Stop;
use crate::project::Token;

use super::args::{self, Global};
use super::words::Words;
use super::{on_threads, output, signals, units};

/// Where EC2 tells a machine of itself.
const EC2_METADATA: &str = "http://169.254.169.254";

pub fn node(global: &Global, role: args::Node, words: &Words) -> Result<ExitCode> {
    let limits = config::limits(global.memory, global.threads.map(usize::from));
    match role {
        args::Node::Worker(args) => on_threads(2, worker(args, limits, words)),
        args::Node::Process(args) => on_threads(limits.threads, process(args, limits)),
    }
}

async fn worker(args: args::NodeWorker, limits: Limits, words: &Words) -> Result<ExitCode> {
    let token_text = config::variable(config::TOKEN).filter(|text| !text.is_empty());
    let metadata = || config::variable(config::METADATA_SERVICE).unwrap_or_else(|| EC2_METADATA.to_string());
    let settings = NodeSettings {
        plans_port: args.plans_port.unwrap_or(if args.port == 0 { 0 } else { args.port.saturating_add(1) }),
        bind: args.bind,
        port: args.port,
        limits,
        spill: args.spill,
        lakes: Lakes::named(&args.lakes)?,
        lake_texts: args.lakes,
        token: token_text.as_deref().map(Token::new).transpose()?.unwrap_or_default(),
        token_text,
        driver: args.driver,
        drain: args.drain,
        notices: args.watch_spot.then(metadata),
    };
    let agent = Agent::bind(settings).await?;
    let Listening(address) = agent.listening()?;
    let stop = Stop::default();
    signals::stop_on_signal(stop.clone(), words.clone())?;
    let (ready, mut is_ready) = watch::channel(false);
    let announce = async {
        if is_ready.wait_for(|ready| *ready).await.is_err() {
            return Ok(());
        }
        words.progress_note(&format!(
            "node at {address}, with {} and {}; SIGTERM ends it",
            units::bytes(limits.memory_bytes),
            units::counted(limits.threads as u64, "thread")
        ));
        output::write(format!("{address}\n")).map(drop)
    };
    let working = agent.work(ready, stop.stopped(), |text| words.progress_note(text));
    let (announced, worked) = tokio::join!(announce, working);
    announced.and(worked).map(|()| ExitCode::SUCCESS)
}

async fn process(args: args::NodeProcess, limits: Limits) -> Result<ExitCode> {
    let token = config::variable(config::TOKEN).filter(|text| !text.is_empty());
    let token = token.as_deref().map(Token::new).transpose()?.unwrap_or_default();
    let lakes = Lakes::named(&args.lakes)?;
    let settings = ProcessSettings { bind: args.bind, port: args.port, limits, spill: args.spill, token, lakes };
    run_process(settings).await.map(|()| ExitCode::SUCCESS)
}
