//! The command line: each command is one call of the library, what it gives is printed, and there is one exit code.
//!
//! A command is a file: its arguments, whose text is its help and its part of `docs/cli.md`, and what it does. `options` are
//! those that several commands have, `print` is what goes to stdout, `talk` what goes to stderr and comes from the keyboard.
//! The call is in `pipeline`, mostly under the command's name; `docs` is `serve::dashboard::site`, `lock` is `pipeline::schema_lock`.

mod assess;
mod compact;
mod diff;
mod docs;
#[cfg(test)]
mod docs_page;
mod doctor;
mod history;
mod init;
mod lambda;
mod lock;
mod node;
mod options;
mod plan;
mod preview;
mod print;
mod publish;
mod query;
mod run;
mod schedule;
mod schema;
mod serve;
mod state;
mod submit;
mod talk;
mod vacuum;
mod validate;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::aws::secrets;
use crate::config::{self, Limits};
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::pipeline::{self, RunOptions};
use crate::project::{Project, Workers};

use assess::AssessArguments;
use compact::CompactArguments;
use diff::DiffArguments;
use docs::DocsArguments;
use doctor::DoctorArguments;
use history::HistoryArguments;
use init::InitArguments;
use lambda::LambdaArguments;
use lock::LockArguments;
use node::NodeCommand;
use options::Global;
use plan::PlanArguments;
use preview::PreviewArguments;
use publish::PublishArguments;
use query::QueryArguments;
use run::RunArguments;
use schedule::ScheduleArguments;
use schema::{CompletionsArguments, SchemaArguments};
use serve::{ServeArguments, ServeCommand};
use state::StateCommand;
use submit::SubmitArguments;
use talk::words::Words;
use vacuum::VacuumArguments;
use validate::ValidateArguments;

const EXIT_CODES: &str = "\
Exit codes:
  0    all went well
  1    a dataset, a check or a statement failed when it ran; the others may have been made
  2    usage, the settings or a text (SQL, model) is wrong, and was before anything ran
  3    a server could not be reached or refused access
  4    another run is at work on a dataset
  5    two things that should be the same are not
  130  interrupted; nothing half-made is visible

Examples:
  trapiche run                                  make what is not up to date
  trapiche query \"SELECT * FROM refined.sales\"  look at a result";

/// Turns a data lake's raw files into refined tables.
///
/// A project is a folder with a `trapiche.yml`, SQL files in `queries/` and models in `models/`.
/// `trapiche run` captures its sources into `raw`, and makes the tables of `trusted` and `refined` from them.
/// Data goes to stdout; words, progress and errors go to stderr.
#[derive(Debug, Parser)]
#[command(name = "trapiche", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Reads the command line. Help and version end the process here, and so does a wrong usage (with code 2).
    ///
    /// Under the name `bootstrap`, which is how AWS Lambda starts a program, it is `trapiche lambda`.
    pub fn read() -> Self {
        let mut words = config::arguments();
        let is_bootstrap =
            words.first().is_some_and(|name| Path::new(name).file_name() == Some(OsStr::new("bootstrap")));
        if is_bootstrap && words.len() == 1 {
            words.push("lambda".into());
        }
        Self::parse_from(words)
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Init(InitArguments),
    Run(RunArguments),
    Plan(PlanArguments),
    Validate(ValidateArguments),
    Lock(LockArguments),
    Preview(PreviewArguments),
    Query(QueryArguments),
    Assess(AssessArguments),
    Diff(DiffArguments),
    Compact(CompactArguments),
    Vacuum(VacuumArguments),
    History(HistoryArguments),
    Schedule(ScheduleArguments),
    Submit(Box<SubmitArguments>),
    Publish(PublishArguments),
    Serve(ServeArguments),
    Lambda(LambdaArguments),
    Docs(DocsArguments),
    Doctor(DoctorArguments),
    #[command(subcommand)]
    State(StateCommand),
    #[command(subcommand)]
    Node(NodeCommand),
    Schema(SchemaArguments),
    Completions(CompletionsArguments),
}

/// Does what was typed. A failure is reported here and nowhere else, and decides the exit code.
pub fn run(arguments: Arguments) -> ExitCode {
    let words = Words::new(arguments.global.log);
    let report = |error: Error| {
        words.error(&error);
        ExitCode::from(error.kind().exit_code())
    };
    let work = || dispatch(arguments, &words).unwrap_or_else(report);
    // The first thread's stack is what the shell allows.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("main".into()).stack_size(config::STACK_BYTES);
        match thread.spawn_scoped(scope, work) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => report(Error::failed("cannot start a thread").because(error)),
        }
    })
}

fn dispatch(arguments: Arguments, words: &Words) -> Result<ExitCode> {
    let here = &arguments.global;
    match arguments.command {
        Command::Init(args) => {
            let limits = config::limits(here.memory, here.threads.map(usize::from));
            on_threads(limits.threads, init::init(here, &limits, args, words))
        }
        Command::Run(RunArguments { dry_run: true, selection, output, .. })
        | Command::Plan(PlanArguments { selection, output }) => {
            let options = selection.into();
            on_project_for(here, &options, async |project, lake, limits| {
                plan::plan(project, lake, limits, &options, output.format, words).await
            })
        }
        Command::Run(RunArguments { selection, output, run_id, open: is_opened, .. }) => {
            let options = selection.into();
            let limits = config::limits(here.memory, here.threads.map(usize::from));
            on_threads(limits.threads, async {
                match open(here, &limits, &options).await {
                    Ok((project, lake)) => {
                        let code =
                            run::run(&project, &lake, &limits, &options, run_id.as_deref(), output.format, words)
                                .await?;
                        // What was made is made, whether it can be looked at or not.
                        if is_opened && let Err(error) = docs::show(&project, &lake, &limits, words).await {
                            words.caution(&error);
                        }
                        Ok(code)
                    }
                    Err(error) => {
                        run::tell_unloaded(here, &error, words).await;
                        Err(error)
                    }
                }
            })
        }
        Command::Validate(ValidateArguments {}) => {
            on_project(here, async |project, lake, limits| validate::validate(project, lake, limits, words).await)
        }
        Command::Lock(args) => lock::lock(here, args, words),
        Command::Preview(args) => {
            // What is wrong with the rest of the project is no concern of a look at one source.
            let source = RunOptions { select: vec![args.source.clone()], ..RunOptions::default() };
            on_project_for(here, &source, async |project, _, limits| {
                preview::preview(project, limits, args, words).await
            })
        }
        Command::Query(args) => {
            on_project(here, async |project, lake, limits| query::query(project, lake, limits, args, words).await)
        }
        Command::Diff(args) => {
            on_project(here, async |project, lake, limits| diff::diff(project, lake, limits, args, words).await)
        }
        Command::Compact(args) => {
            on_project(here, async |project, lake, limits| compact::compact(project, lake, limits, args).await)
        }
        Command::Vacuum(args) => {
            on_project(here, async |project, lake, _| vacuum::vacuum(project, lake, args, words).await)
        }
        Command::History(args) => on_project(here, async |_, lake, _| history::history(lake, args).await),
        Command::Schedule(args) => {
            let limits = config::limits(here.memory, here.threads.map(usize::from));
            on_threads(limits.threads, schedule::schedule(here, &limits, args, words))
        }
        Command::Submit(args) => {
            let limits = config::limits(here.memory, here.threads.map(usize::from));
            on_threads(limits.threads, submit::submit(here, *args, words))
        }
        Command::Publish(args) => {
            on_project(here, async |project, lake, _| publish::publish(project, lake, args, words).await)
        }
        Command::Serve(ServeArguments { command: Some(ServeCommand::Key { name }), .. }) => serve::key(&name, words),
        Command::Serve(args) => {
            on_project(here, async |project, lake, limits| serve::serve(project, lake, limits, args, words).await)
        }
        Command::Lambda(args) => lambda::lambda(here, args, words),
        Command::Docs(args) => {
            on_project(here, async |project, lake, limits| docs::docs(project, lake, limits, args, words).await)
        }
        Command::Doctor(args) => {
            on_project(here, async |project, lake, _| doctor::doctor(project, lake, args, words).await)
        }
        Command::State(command) => {
            on_project(here, async |project, lake, _| state::state(project, lake, command, words).await)
        }
        Command::Node(role) => node::node(here, role, words),
        Command::Assess(args) => {
            let limits = config::limits(here.memory, here.threads.map(usize::from));
            on_threads(limits.threads, assess::assess(&limits, args, words))
        }
        Command::Schema(SchemaArguments {}) => schema::schema(),
        Command::Completions(CompletionsArguments { shell }) => schema::completions(shell),
    }
}

/// Loads the project, opens its lake and lets a command work on it.
fn on_project(
    global: &Global,
    command: impl AsyncFnOnce(&Project, &Lake, &Limits) -> Result<ExitCode>,
) -> Result<ExitCode> {
    on_project_for(global, &RunOptions::default(), command)
}

/// The same for a command that makes a part of the project, in whose other parts there may be faults.
fn on_project_for(
    global: &Global,
    part: &RunOptions,
    command: impl AsyncFnOnce(&Project, &Lake, &Limits) -> Result<ExitCode>,
) -> Result<ExitCode> {
    let limits = config::limits(global.memory, global.threads.map(usize::from));
    on_threads(limits.threads, async {
        let (project, lake) = open(global, &limits, part).await?;
        command(&project, &lake, &limits).await
    })
}

/// The project, and its lake.
async fn open(global: &Global, limits: &Limits, part: &RunOptions) -> Result<(Project, Lake)> {
    let target = global.target.as_deref();
    let mut project = pipeline::load_for(&global.directory, target, &config::variable, limits, part).await?;
    if !global.workers.is_empty() {
        let token = secrets::token().await?;
        let listed = Workers::listed(&global.workers, token.as_deref())?;
        // Whatever else the target says of its engine holds for these nodes as well.
        project.target.workers = Some(match project.target.workers.take() {
            Some(set) => Workers { nodes: listed.nodes, ..set },
            None => listed,
        });
    }
    if let Some(listen) = &global.listen {
        let token = secrets::token().await?;
        let of_cluster = project.target.cluster.as_ref().map(|cluster| cluster.workers.clone());
        let set = project.target.workers.take().or(of_cluster);
        let set = set.map_or_else(|| Workers::listed(&[], None), Ok)?;
        project.target.workers = Some(set.registering(listen, token.as_deref())?);
    }
    let lake = Lake::open(&project.target.storage).await?.keeping(project.target.keep);
    let lake = lake.storing(project.target.timestamps);
    Ok((project, lake))
}

/// Gives a command the threads it runs on.
fn on_threads(threads: usize, command: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_stack_size(config::STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|error| Error::failed("cannot start threads").because(error))?;
    let outcome = runtime.block_on(command);
    // What still runs was given up by the command: don't wait for it.
    runtime.shutdown_background();
    outcome
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn selections_add_up_however_they_are_written() {
        let arguments =
            Arguments::parse_from(["trapiche", "run", "a", "b", "--select", "c", "d", "--exclude", "e", "-C", "x"]);
        let Command::Run(run) = arguments.command else { panic!("not a run") };
        let options = RunOptions::from(run.selection);
        assert_eq!(options.select, ["a", "b", "c", "d"]);
        assert_eq!(options.exclude, ["e"]);
        assert_eq!(arguments.global.directory, PathBuf::from("x"));
    }
}
