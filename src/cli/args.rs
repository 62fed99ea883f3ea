//! What can be typed. The text here is the help and, through `cli/docs.rs`, `docs/cli.md`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config;
use crate::lake::attic;
use crate::pipeline::RunOptions;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

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
    pub fn read() -> Self {
        Self::parse()
    }
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Work in this folder; `trapiche.yml` is looked for in it and in its parents
    #[arg(short = 'C', long, value_name = "DIR", global = true, default_value = ".", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,

    /// Use this target of `trapiche.yml` [default: the one marked `default: true`]
    #[arg(short, long, value_name = "TARGET", global = true)]
    pub target: Option<String>,

    /// Keep memory below this size: 1GB, 512MiB, or plain bytes [default: by this machine]
    #[arg(long, value_name = "SIZE", global = true, value_parser = config::parse_size)]
    pub memory: Option<u64>,

    /// Compute on this many threads, 1024 at most [default: one per core]
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Compute on these nodes, too, instead of those of the target's `engine`: HOST:PORT,HOST:PORT
    ///
    /// On each of them `trapiche node worker` runs. They share the secret in TRAPICHE_TOKEN, which other machines than this one must have.
    #[arg(long, value_name = "NODES", global = true, value_delimiter = ',')]
    pub workers: Vec<String>,

    /// How stderr is written [default: text; progress as json lines where stderr is no terminal]
    #[arg(long, value_name = "FORMAT", global = true)]
    pub log: Option<Log>,
}

/// How stderr is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// For people: sentences, and one live line per running dataset on a terminal
    Text,
    /// For machines: one JSON object per line
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the project's datasets: capture the sources, run the queries, fit the models
    ///
    /// Datasets run in the order of what they read, independent ones side by side. What is up to date is left alone
    /// and says why. A dataset that fails blocks those that read it, not the others. The report is printed at the end.
    ///
    /// Ctrl-C stops after undoing what is under way; a second Ctrl-C aborts at once.
    #[command(after_help = "\
Examples:
  trapiche run                        the whole project
  trapiche run +refined.sales         one table and all that it is made from
  trapiche run tag:daily --exclude raw.quakes
  trapiche run -o json | jq .status   the report for a script")]
    Run(Run),

    /// Show what a run would do, and why, without doing it
    ///
    /// The same as `run --dry-run`. Nothing is written.
    #[command(after_help = "\
Examples:
  trapiche plan
  trapiche plan trusted.sales+ -o json")]
    Plan(Plan),

    /// Check the whole project without running it
    ///
    /// Reads every file and plans every query. All errors are reported in one pass, with file, line and a hint.
    /// What depends on a source's columns is judged by its last landing and told as a warning: the next one may be right.
    /// Of a source that was never captured the columns are not known; a query that reads it is checked as far as its own text
    /// goes, and listed.
    #[command(after_help = "\
Examples:
  trapiche validate
  trapiche validate -C examples/weather --target prod")]
    Validate,

    /// Ask the lake with SQL
    ///
    /// Tables have the names that the project's queries use: `raw.products`, `trusted.sales`. SQL is Spark's, as far as docs/project.md says.
    /// Several statements are separated by `;` and may create temporary views. The first that fails ends the command.
    /// Without SQL it prompts on a terminal, and reads standard input elsewhere.
    ///
    /// `-o json` is JSON of RFC 8259, with all digits of every number. What JSON has no number for is text: `"NaN"`,
    /// `"Infinity"`, `"-Infinity"`. Of columns or fields of one name the later ones are numbered (`x`, `x_2`), and the keys
    /// of a map are text.
    #[command(after_help = "\
Examples:
  trapiche query \"SELECT category, mean_price FROM refined.category_prices\"
  trapiche query -o csv -f report.sql > report.csv
  echo 'SHOW TABLES' | trapiche query -f -
  trapiche query                      an interactive prompt; `\\q` leaves it")]
    Query(Query),

    /// Say what is different between two versions of a table
    ///
    /// Compares the columns, and the files and rows of each partition, from what the versions say of themselves: no
    /// file is read. A table that was made again has new files, even with the same rows; `--rows` reads both versions
    /// and counts the rows that only one of them has.
    #[command(after_help = "\
Examples:
  trapiche diff trusted.sales --from 20261123T134500Z-123456        that run's table against the newest
  trapiche diff trusted.sales --from 11 --to 12 --rows --fail       exit code 5 if a row differs")]
    Diff(Diff),

    /// Write the small files of tables again as large ones
    ///
    /// Readers open fewer files. The rows stay the same, and what was made from the table stays up to date. Each table is
    /// one commit. Partitions without several small files are left alone.
    #[command(after_help = "\
Examples:
  trapiche compact trusted.sales
  trapiche compact sales visits -o json")]
    Compact(Compact),

    /// Remove what nothing in the lake refers to any longer
    ///
    /// These are: files and versions that were replaced longer ago than `keep`, and files in a table's folder that no
    /// version has and that are older than an hour. A run removes what it replaced itself; this finds what other runs left
    /// when they died.
    #[command(after_help = "\
Examples:
  trapiche vacuum --dry-run
  trapiche vacuum --keep 0s -o json   everything but the newest version of each table")]
    Vacuum(Vacuum),

    /// List the runs of this lake, newest first, or show the report of one
    #[command(after_help = "\
Examples:
  trapiche history
  trapiche history 20261123T134500Z-123456 -o json")]
    History(History),

    /// Be one of the machines that compute for a driver
    #[command(subcommand)]
    Node(Node),

    /// Print the JSON Schema of `trapiche.yml`
    ///
    /// Editors that know YAML complete and check the file with it.
    #[command(after_help = "\
Examples:
  trapiche schema > trapiche.schema.json")]
    Schema,

    /// Print the completions of a shell
    #[command(after_help = "\
Examples:
  trapiche completions bash > ~/.local/share/bash-completion/completions/trapiche
  trapiche completions zsh > ~/.zfunc/_trapiche")]
    Completions {
        /// The shell to complete in
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    pub selection: Selection,

    /// Only show what would be done, as `trapiche plan` does
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub output: Output,
}

/// Which datasets, and whether from nothing.
#[derive(Debug, Args)]
pub struct Selection {
    /// Datasets to make: `name`, `zone.name`, `+name` (with what it reads), `name+` (with what reads it), `tag:daily`
    ///
    /// Several selections add up. None is the whole project.
    #[arg(value_name = "SELECTION")]
    positional: Vec<String>,

    /// The same as SELECTION
    #[arg(short, long, value_name = "SELECTION", num_args = 1..)]
    select: Vec<String>,

    /// Datasets to leave out, in the same words
    #[arg(long, value_name = "SELECTION", num_args = 1..)]
    exclude: Vec<String>,

    /// Make all that is selected, up to date or not, from nothing
    #[arg(long)]
    full_refresh: bool,
}

impl From<Selection> for RunOptions {
    fn from(selection: Selection) -> Self {
        RunOptions {
            select: [selection.positional, selection.select].concat(),
            exclude: selection.exclude,
            full_refresh: selection.full_refresh,
        }
    }
}

#[derive(Debug, Args)]
pub struct Query {
    /// One or several statements
    #[arg(value_name = "SQL")]
    pub sql: Option<String>,

    /// Read the statements from this file; `-` is standard input
    #[arg(short, long, value_name = "FILE", conflicts_with = "sql", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,

    /// See the tables as they were at the end of this run, as long as they are kept
    #[arg(long, value_name = "RUN_ID")]
    pub as_of: Option<String>,

    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The table: `name` or `zone.name`
    #[arg(value_name = "TABLE")]
    pub table: String,

    /// The older version: its number, or a run after which it was the table's newest
    #[arg(long, value_name = "RUN_OR_VERSION")]
    pub from: String,

    /// The newer version, in the same words [default: the newest]
    #[arg(long, value_name = "RUN_OR_VERSION")]
    pub to: Option<String>,

    /// Read both versions and count the rows that only one of them has
    #[arg(long)]
    pub rows: bool,

    /// End with exit code 5 if they differ: in columns or rows with `--rows`, in columns or files without
    #[arg(long)]
    pub fail: bool,

    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Compact {
    /// Tables: `name` or `zone.name`
    #[arg(value_name = "TABLE", required = true)]
    pub tables: Vec<String>,

    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Vacuum {
    /// Remove what was replaced longer ago than this: `0s`, `30m`, `1h`, `7d` [default: the target's `keep`]
    #[arg(long, value_name = "TIME", value_parser = attic::parse_keep)]
    pub keep: Option<Duration>,

    /// Only show what would be removed
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Subcommand)]
pub enum Node {
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

#[derive(Debug, Args)]
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
    #[arg(long, value_name = "TIME", default_value = "110s", value_parser = attic::parse_keep)]
    pub drain: Duration,

    /// Stop when EC2 says that this spot machine will be taken away
    #[arg(long)]
    pub watch_spot: bool,
}

#[derive(Debug, Args)]
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

#[derive(Debug, Args)]
pub struct History {
    /// The run to show, as it is named in the list
    #[arg(value_name = "RUN_ID")]
    pub run_id: Option<String>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Output {
    /// How the data is written to stdout
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// How stdout is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people; a query prints at most 10,000 rows
    Table,
    /// Exact values for programs; a query prints one array of objects per statement
    Json,
    /// With a header; a null is empty, an empty text is `""`
    Csv,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

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
