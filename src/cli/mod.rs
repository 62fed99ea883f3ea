//! The command line: each command is one call of the library, what it gives is printed, and there is one exit code.

mod args;
mod batches;
mod compact;
mod diff;
#[cfg(test)]
mod docs;
mod history;
mod json;
mod node;
mod output;
mod plan;
mod progress;
mod prompt;
mod query;
mod run;
mod schema;
mod script;
mod signals;
mod table;
mod units;
mod vacuum;
mod validate;
mod words;

use std::process::ExitCode;

use crate::config::{self, Limits};
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::pipeline::{self, RunOptions};
use crate::project::{Project, Workers};

pub use args::Arguments;
use args::{Command, Global};
use words::Words;

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
        Command::Run(args::Run { dry_run: true, selection, output })
        | Command::Plan(args::Plan { selection, output }) => {
            let options = selection.into();
            on_project_for(here, &options, async |project, lake, limits| {
                plan::plan(project, lake, limits, &options, output.format, words).await
            })
        }
        Command::Run(args::Run { selection, output, .. }) => {
            let options = selection.into();
            on_project_for(here, &options, async |project, lake, limits| {
                run::run(project, lake, limits, &options, output.format, words).await
            })
        }
        Command::Validate => {
            on_project(here, async |project, lake, limits| validate::validate(project, lake, limits, words).await)
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
        Command::Node(role) => node::node(here, role, words),
        Command::Schema => schema::schema(),
        Command::Completions { shell } => schema::completions(shell),
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
        let target = global.target.as_deref();
        let mut project = pipeline::load_for(&global.directory, target, &config::variable, &limits, part).await?;
        if !global.workers.is_empty() {
            let token = config::variable(config::TOKEN);
            let listed = Workers::listed(&global.workers, token.as_deref())?;
            // Whatever else the target says of its engine holds for these nodes as well.
            project.target.workers = Some(match project.target.workers.take() {
                Some(set) => Workers { nodes: listed.nodes, ..set },
                None => listed,
            });
        }
        let lake = Lake::open(&project.target.storage).await?.keeping(project.target.keep);
        let lake = lake.storing(project.target.timestamps);
        command(&project, &lake, &limits).await
    })
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
