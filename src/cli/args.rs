//! What can be typed. The text here is the help and, through `cli/docs.rs`, `docs/cli.md`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::pipeline::RunOptions;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::units;

const EXIT_CODES: &str = "\
Exit codes:
  0    all went well
  1    a dataset, a check or a statement failed; the other datasets may have been made
  2    usage or configuration is wrong; nothing ran
  3    a server could not be reached or refused access
  4    another run is at work on a dataset
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
    #[arg(long, value_name = "SIZE", global = true, value_parser = units::parse_size)]
    pub memory: Option<u64>,

    /// Compute on this many threads [default: one per core]
    #[arg(long, value_name = "N", global = true)]
    pub threads: Option<NonZeroUsize>,

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
    /// A query that reads a source never captured is not planned, because its columns are not known yet; it is listed.
    #[command(after_help = "\
Examples:
  trapiche validate
  trapiche validate -C examples/weather --target prod")]
    Validate,

    /// Ask the lake with SQL
    ///
    /// Tables have the names that the project's queries use: `raw.products`, `trusted.sales`. SQL has Spark's meaning.
    /// Several statements are separated by `;` and may create temporary views. The first that fails ends the command.
    /// Without SQL it prompts on a terminal, and reads standard input elsewhere.
    #[command(after_help = "\
Examples:
  trapiche query \"SELECT category, mean_price FROM refined.category_prices\"
  trapiche query -o csv -f report.sql > report.csv
  echo 'SHOW TABLES' | trapiche query -f -
  trapiche query                      an interactive prompt; `\\q` leaves it")]
    Query(Query),

    /// List the runs of this lake, newest first, or show the report of one
    #[command(after_help = "\
Examples:
  trapiche history
  trapiche history 20261123T134500Z-123456 -o json")]
    History(History),

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

    #[command(flatten)]
    pub output: Output,
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
