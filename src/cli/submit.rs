//! `trapiche submit`: the run on a cluster that is brought up for it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use clap::{Subcommand, ValueEnum, ValueHint};
use serde::Serialize;

use crate::aws::secrets;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::lake::table::attic;
use crate::pipeline::RunOptions;
use crate::project::{self, ClusterSettings, Project, select};
use crate::submit::{
    self, EmrRequest, Followed, LaunchNote, Package, RunSecret, Services, Submission, SubmitNote, SubmittedState, emit,
};

use super::options::{Format, Global, Output, Selection};
use super::print::output;
use super::print::table::{Cell, Table};
use super::run::{run_name, stamp, table, tell_unloaded};
use super::talk::ask::ask;
use super::talk::words::Words;

/// Run the project on a cluster of Amazon EMR that is brought up for the run, and is gone after it
///
/// The target has `engine: { cluster: emr }`. What the nodes need is put beside the lake: this program, the project, two scripts; what is
/// there already is not sent again. The run's log comes as it is written, and the exit code is the run's own. The cluster ends with the
/// run, also when this program does not live to see it.
///
/// A run has one cluster: who submits it again, by `--run-id`, finds the one that there is. Ctrl-C asks whether to leave it at work.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  trapiche submit --target prod                  bring up, run, tell how it went
  trapiche submit --target prod --dry-run        the request, as EMR takes it
  trapiche submit --target prod --detach +refined.sales
  trapiche submit --target prod --with spark-compat
  trapiche submit status 20261127T060000Z-000001 --target prod
  trapiche submit --target prod --program target/x86_64-unknown-linux-gnu/release/trapiche"
)]
pub struct SubmitArguments {
    #[command(subcommand)]
    pub command: Option<SubmitCommand>,

    #[command(flatten)]
    pub selection: Selection,

    /// Name the run, as an orchestrator does; a run of that name which was submitted is followed, and not begun again
    #[arg(long, value_name = "ID", value_parser = run_name)]
    pub run_id: Option<String>,

    /// Send this program to the nodes: for their processor and their C library [default: this one]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub program: Option<PathBuf>,

    /// Run as a step on the primary node of this cluster instead, which is left as it is
    ///
    /// Such a run is that one machine's: workers are started by what a cluster does when it is brought up, and can't be added later.
    #[arg(long, value_name = "ID")]
    pub cluster: Option<String>,

    /// Do the same on Spark after the run, as a further step on the same cluster, for a comparison
    #[arg(long, value_name = "WHAT")]
    pub with: Option<SubmitWith>,

    /// Only print the request, as EMR takes it
    #[arg(long)]
    pub dry_run: bool,

    /// End as soon as the run is submitted, with its name on stdout
    #[arg(long)]
    pub detach: bool,

    /// Put into the bucket what the nodes need, and print the request for who starts clusters elsewhere
    #[arg(long, value_name = "FOR", conflicts_with_all = ["dry_run", "detach", "run_id"])]
    pub emit: Option<EmitSubmitFor>,

    /// How often to look how it goes: `15s`
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = attic::parse_keep)]
    pub every: Duration,

    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Subcommand)]
pub enum SubmitCommand {
    /// Say how a submitted run goes
    Status {
        #[arg(value_name = "ID", value_parser = run_name)]
        run: String,
        #[command(flatten)]
        output: Output,
    },
    /// Print the log of a submitted run, and go on with it until its end
    Logs {
        #[arg(value_name = "ID", value_parser = run_name)]
        run: String,
        /// How often to look how it goes: `15s`
        #[arg(long, value_name = "TIME", default_value = "15s", value_parser = attic::parse_keep)]
        every: Duration,
    },
    /// End a submitted run: its cluster, or its step on a cluster that was there
    Cancel {
        #[arg(value_name = "ID", value_parser = run_name)]
        run: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SubmitWith {
    /// The project's queries and k-means by `spark-submit`, from the landings of the run, into `_trapiche/spark/RUN` of the lake:
    /// `spark-compat/compare.py` compares
    SparkCompat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EmitSubmitFor {
    /// A DAG of Airflow
    Airflow,
    /// A state machine of AWS Step Functions
    StepFunctions,
}

pub async fn submit(global: &Global, args: SubmitArguments, words: &Words) -> Result<ExitCode> {
    let is_launch = args.command.is_none() && !args.dry_run && args.emit.is_none();
    let ended = asked(global, args, words).await;
    // A run that began tells itself how it went; of one that did not nobody else can.
    if let (Err(error), true) = (&ended, is_launch) {
        tell_unloaded(global, error, words).await;
    }
    ended
}

async fn asked(global: &Global, args: SubmitArguments, words: &Words) -> Result<ExitCode> {
    let project = load(global)?;
    settings(&project)?;
    let services = Services::open(&project).await?;
    match args.command {
        Some(SubmitCommand::Status { run, output }) => {
            status(&known(&project, &run, &services).await?, &services, output.format).await
        }
        Some(SubmitCommand::Logs { run, every }) => {
            let noted = known(&project, &run, &services).await?;
            end(&noted, &services, every, Format::Table, words).await
        }
        Some(SubmitCommand::Cancel { run }) => cancel(&known(&project, &run, &services).await?, &services, words).await,
        None => begin(&project, &services, args, words).await,
    }
}

async fn begin(project: &Project, services: &Services, args: SubmitArguments, words: &Words) -> Result<ExitCode> {
    // It may have been submitted from another machine, with another program.
    if let Some(run) = &args.run_id
        && !args.dry_run
        && let Some(noted) = LaunchNote::read(&services.bucket, run).await?
    {
        words.progress_note(&format!("`{run}` was submitted before, and is on the cluster {}", noted.cluster));
        return attach(&noted, services, &args, words).await;
    }
    let options: RunOptions = args.selection.clone().into();
    select::select(project, &options.select, &options.exclude)?;
    let run = args.run_id.clone().unwrap_or_else(|| stamp(Utc::now()).run_id);
    let wanted =
        SubmitWishes { program: args.program.clone(), existing: args.cluster.clone(), on_spark: args.with.is_some() };
    let (submission, package, request) = prepared(project, services, &options, &run, wanted)?;
    if args.cluster.is_some() {
        words.note("on a cluster that is there the run is the primary node's alone, without workers");
    }
    if args.dry_run {
        let text = serde_json::to_string_pretty(&request).expect("text keys only");
        return output::write(text + "\n").map(|_| ExitCode::SUCCESS);
    }
    if let Some(whom) = args.emit {
        let text = emitted(whom, &submission, &request)?;
        package.send(&services.bucket, &|text| words.progress_note(text)).await?;
        return output::write(text).map(|_| ExitCode::SUCCESS);
    }
    tell_expiry(submission.cluster, services, words).await?;
    package.send(&services.bucket, &|text| words.progress_note(text)).await?;
    let noted = submit::launch(&submission, &request, services, &|text| words.progress_note(text)).await?;
    words.progress_note(&format!("the run `{run}` is submitted, on the cluster {}", noted.cluster));
    attach(&noted, services, &args, words).await
}

async fn attach(noted: &LaunchNote, services: &Services, args: &SubmitArguments, words: &Words) -> Result<ExitCode> {
    if args.detach {
        return output::write(format!("{}\n", noted.run)).map(|_| ExitCode::SUCCESS);
    }
    end(noted, services, args.every, args.output.format, words).await
}

/// The project as it is for who runs elsewhere: with the variables that are set here, and without secrets.
pub fn load(global: &Global) -> Result<Project> {
    let held = secrets::variables()?;
    let env = |name: &str| config::variable(name).or_else(|| held.get(name).cloned());
    let found = project::find_for_elsewhere(&global.directory, global.target.as_deref(), &env)?;
    if found.problems.is_empty() { Ok(found.sound) } else { Err(Error::problems(found.problems)) }
}

fn settings(project: &Project) -> Result<&ClusterSettings> {
    project.target.cluster.as_ref().ok_or_else(|| {
        Error::config(format!("the target `{}` names no cluster", project.target.name))
            .hint("give it `engine: { cluster: emr }`, or choose another with `--target`; docs/emr.md tells more")
    })
}

/// What a submission is to be, besides its selection.
#[derive(Debug, Default)]
pub struct SubmitWishes {
    pub program: Option<PathBuf>,
    /// A cluster that is there.
    pub existing: Option<String>,
    pub on_spark: bool,
}

/// All that will be sent.
pub fn prepared<'a>(
    project: &'a Project,
    services: &Services,
    options: &RunOptions,
    run: &str,
    wanted: SubmitWishes,
) -> Result<(Submission<'a>, Package, EmrRequest)> {
    let cluster = settings(project)?;
    let SubmitWishes { program, existing, on_spark } = wanted;
    if on_spark && !(options.select.is_empty() && options.exclude.is_empty() && options.window.is_none()) {
        return Err(Error::config("`--with spark-compat` compares all tables of the project")
            .hint("leave the selection and the window out"));
    }
    let program = match program {
        Some(program) => program,
        None => config::program().map_err(|error| Error::failed("this program does not find itself").because(error))?,
    };
    let submission = Submission {
        project,
        cluster,
        run: run.to_string(),
        words: submit::words(options),
        program,
        region: services.account.region().to_string(),
        existing,
        on_spark,
        secret: RunSecret::of(project, cluster, run),
        variables: project::variables_here(project, &config::variable),
    };
    let (package, request) = submit::prepare(&submission, &services.bucket)?;
    Ok((submission, package, request))
}

/// Who starts clusters elsewhere makes no secret for a run: there must be one.
pub fn refuse_made_secret(submission: &Submission) -> Result<()> {
    match (&submission.secret, submission.has_secret()) {
        (RunSecret::Made { .. }, true) => {
            let names: Vec<String> =
                submission.project.variables.iter().cloned().chain([config::TOKEN.to_string()]).collect();
            Err(Error::config("nobody makes a secret for a run that is started by others")
                .hint(format!("make one in Secrets Manager, a JSON object of {}, and name it: `engine: {{ cluster: emr, secret: \"secretsmanager:NAME\" }}`", names.join(", "))))
        }
        _ => Ok(()),
    }
}

fn emitted(whom: EmitSubmitFor, submission: &Submission, request: &EmrRequest) -> Result<String> {
    refuse_made_secret(submission)?;
    match whom {
        EmitSubmitFor::Airflow => emit::airflow(request, &submission.run, &submission.project.name, &submission.region),
        EmitSubmitFor::StepFunctions => emit::step_functions(request, &submission.run),
    }
}

/// Says how long the credentials last: whoever follows a run needs them to its end. The cluster has its own.
async fn tell_expiry(cluster: &ClusterSettings, services: &Services, words: &Words) -> Result<()> {
    match services.account.ends_at().await? {
        Some(ends) => {
            let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
            let ends: DateTime<Utc> = ends.into();
            words.progress_note(&format!(
                "these credentials end at {}, in {} minutes; the run goes on without them",
                ends.format("%H:%M UTC"),
                left.as_secs() / 60
            ));
        }
        None if cluster.is_grouped => words.progress_note(
            "a session of AWS Academy lasts some four hours; when this one ends is not known here, and the run goes on without it",
        ),
        None => {}
    }
    Ok(())
}

async fn known(project: &Project, run: &str, services: &Services) -> Result<LaunchNote> {
    submit::known(project, run, services).await?.ok_or_else(|| {
        Error::config(format!(
            "no run `{run}` was submitted from `{}` in the target `{}`",
            project.name, project.target.name
        ))
        .hint("`trapiche submit` says the name of each that it submits")
    })
}

/// Waits for the end of a run and shows it.
async fn end(
    noted: &LaunchNote,
    services: &Services,
    every: Duration,
    format: Format,
    words: &Words,
) -> Result<ExitCode> {
    let tell = |note| match note {
        SubmitNote::State(text) => words.progress_note(&text),
        SubmitNote::Log(text) => words.line(&text),
    };
    let followed = tokio::select! {
        followed = submit::follow(noted, services, every, &tell) => followed?,
        signal = super::talk::signals::either_signal() => {
            signal?;
            return interrupted(noted, services, words).await;
        }
    };
    let Followed { exit_code, report, on_spark } = followed;
    if let Some(report) = &report {
        output::print(format, &table(report), report)?;
    }
    if let Some(place) = on_spark {
        let lake = &services.lake.storage().url;
        words.progress_note(&format!(
            "Spark's tables are at {place}: `spark-compat/compare.py {lake} {place}` compares"
        ));
    }
    Ok(ExitCode::from(exit_code))
}

/// Asks whoever is there; without an answer the run goes on.
async fn interrupted(noted: &LaunchNote, services: &Services, words: &Words) -> Result<ExitCode> {
    let LaunchNote { run, cluster, .. } = noted;
    let question = format!("`{run}` goes on, on the cluster {cluster}: leave it or terminate it?");
    let answer = if words.live().is_some() { ask(&question, "leave").unwrap_or_default() } else { String::new() };
    if answer.starts_with('t') {
        cancel(noted, services, words).await?;
    } else {
        words.note(&format!(
            "`{run}` goes on: `trapiche submit logs {run}` follows it, `trapiche submit cancel {run}` ends it"
        ));
    }
    Ok(ExitCode::from(Kind::Interrupted.exit_code()))
}

async fn cancel(noted: &LaunchNote, services: &Services, words: &Words) -> Result<ExitCode> {
    match &noted.step {
        None => services.emr.terminate(&noted.cluster).await?,
        Some(step) => {
            for step in [Some(step), noted.spark_step.as_ref()].into_iter().flatten() {
                services.emr.cancel_step(&noted.cluster, step).await?;
            }
        }
    }
    if let Some(name) = &noted.secret {
        secrets::remove(&services.account, name).await?;
    }
    words.note(&format!("asked EMR to end `{}`; what its run had begun is taken back by the next one", noted.run));
    Ok(ExitCode::SUCCESS)
}

/// How a submitted run goes, as it is printed.
#[derive(Debug, Serialize)]
struct SubmittedRun {
    run: String,
    cluster: String,
    cluster_state: String,
    step: Option<String>,
    step_state: Option<String>,
    /// None while it goes on.
    exit_code: Option<u8>,
    why: Option<String>,
    /// Of the step on Spark, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    spark_state: Option<String>,
}

async fn status(noted: &LaunchNote, services: &Services, format: Format) -> Result<ExitCode> {
    let SubmittedState { cluster, step, spark } = submit::state(noted, services).await?;
    let found = SubmittedRun {
        run: noted.run.clone(),
        cluster_state: cluster.state,
        cluster: cluster.id,
        step: step.as_ref().map(|step| step.id.clone()),
        step_state: step.as_ref().map(|step| step.state.clone()),
        exit_code: submit::exit_code(noted, services).await?,
        why: step.and_then(|step| step.failure).or(cluster.why),
        spark_state: spark.map(|step| step.state),
    };
    let mut columns = vec!["run", "cluster", "state", "step", "state", "exit code", "why"];
    columns.extend(found.spark_state.as_ref().map(|_| "on Spark"));
    let mut table = Table::new(&columns);
    let text = |text: &Option<String>| text.as_ref().map_or(Cell::Null, Cell::text);
    let mut row = vec![
        Cell::text(&found.run),
        Cell::text(&found.cluster),
        Cell::text(&found.cluster_state),
        text(&found.step),
        text(&found.step_state),
        found.exit_code.map_or(Cell::Null, |code| Cell::Count(code.into())),
        text(&found.why),
    ];
    row.extend(found.spark_state.as_ref().map(Cell::text));
    table.rows.push(row);
    output::print(format, &table, &found)?;
    Ok(ExitCode::SUCCESS)
}
