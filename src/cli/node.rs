//! `trapiche node`: this machine works for drivers.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Subcommand, ValueHint};

use tokio::sync::watch;

use crate::aws::secrets;
use crate::config::{self, Limits};
use crate::engine::cluster::lakes::Lakes;
use crate::error::Result;
use crate::node::{Agent, Listening, NodeSettings, ProcessSettings, run_process};
use crate::pipeline::Stop;
use crate::project::Token;

use super::on_threads;
use super::options::Global;
use super::print::{output, units};
use super::talk::signals;
use super::talk::words::Words;

/// Where EC2 tells a machine of itself.
const EC2_METADATA: &str = "http://169.254.169.254";

/// Be one of the machines that compute for a driver
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Work for drivers until SIGTERM
    ///
    /// Listens for drivers at HOST:PORT and takes plans and rows at the next port. Prints where it listens once it is
    /// ready. It needs no project: which of its lakes is meant comes with each plan, and the credentials are this machine's
    /// own. The secret in TRAPICHE_TOKEN must be the drivers'; a node that other machines can reach does not start without.
    /// `GET /health` and `GET /metrics` (Prometheus) need none.
    ///
    /// SIGTERM lets a driver end what it has begun; a second one ends at once.
    #[command(after_help = "\
Examples:
  trapiche node worker --lake \"file://$PWD/lake\"              on this machine, for its own users
  TRAPICHE_TOKEN=… trapiche node worker --bind 10.0.0.5 --lake s3://acme-lake --memory 12GB
  TRAPICHE_TOKEN=… trapiche node worker --bind 10.0.0.5 --lake s3://acme-lake --driver 10.0.0.1:7070")]
    Worker(NodeWorker),

    /// The process that computes; started by `worker`
    #[command(hide = true)]
    Process(NodeProcess),
}

#[derive(Debug, clap::Args)]
pub struct NodeWorker {
    /// The address of this machine to listen at; the default is reached from this machine alone
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub bind: String,

    /// A lake that this node serves, with all below it; may be given several times
    ///
    /// It is the storage of the drivers' target: `file:///folder`, or `s3://bucket/prefix`, with
    /// `?endpoint=http://HOST:PORT&region=REGION` where these are not AWS's own. Plans for other lakes are refused.
    #[arg(long = "lake", value_name = "URL", required = true)]
    pub lakes: Vec<String>,

    /// The port for drivers; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 7077)]
    pub port: u16,

    /// The port for plans and rows [default: the next after PORT; a free one if that is 0]
    #[arg(long, value_name = "PORT")]
    pub plans_port: Option<u16>,

    /// Put there what does not fit in memory [default: the system's temporary folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub spill: Option<PathBuf>,

    /// Register with the driver that listens there (`engine.listen` of its target)
    #[arg(long, value_name = "HOST:PORT")]
    pub driver: Option<String>,

    /// How long a driver may take to end its work after SIGTERM: `30s`, `2m`
    #[arg(long, value_name = "TIME", default_value = "110s", value_parser = crate::lake::table::attic::parse_keep)]
    pub drain: Duration,

    /// Stop when EC2 says that this spot machine will be taken away
    #[arg(long)]
    pub watch_spot: bool,
}

#[derive(Debug, clap::Args)]
pub struct NodeProcess {
    #[arg(long)]
    pub bind: String,
    #[arg(long)]
    pub port: u16,
    #[arg(long = "lake")]
    pub lakes: Vec<String>,
    #[arg(long)]
    pub spill: Option<PathBuf>,
}

pub fn node(global: &Global, role: NodeCommand, words: &Words) -> Result<ExitCode> {
    let limits = config::limits(global.memory, global.threads.map(usize::from));
    match role {
        NodeCommand::Worker(args) => on_threads(2, worker(args, limits, words)),
        NodeCommand::Process(args) => on_threads(limits.threads, process(args, limits)),
    }
}

async fn worker(args: NodeWorker, limits: Limits, words: &Words) -> Result<ExitCode> {
    let token_text = secrets::token().await?;
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

async fn process(args: NodeProcess, limits: Limits) -> Result<ExitCode> {
    let token = config::variable(config::TOKEN).filter(|text| !text.is_empty());
    let token = token.as_deref().map(Token::new).transpose()?.unwrap_or_default();
    let lakes = Lakes::named(&args.lakes)?;
    let settings = ProcessSettings { bind: args.bind, port: args.port, limits, spill: args.spill, token, lakes };
    run_process(settings).await.map(|()| ExitCode::SUCCESS)
}
