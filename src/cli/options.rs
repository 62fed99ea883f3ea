//! Options that several commands have.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::config;
use crate::pipeline::{NamedWindow, RunOptions};

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

    /// Compute on the nodes that register here, too: HOST:PORT
    ///
    /// As `engine: { listen: … }` of the target; how many are waited for, and how long, is what the target's `engine` says.
    #[arg(long, value_name = "HOST:PORT", global = true, conflicts_with = "workers")]
    pub listen: Option<String>,

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

/// Which datasets, and whether from nothing.
#[derive(Debug, Clone, Args)]
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

    /// Capture, of sources with a cursor, the rows from this value on, up to below `--to`
    ///
    /// They are a landing of their own; the same window again takes its place. The cursor stays where it is.
    #[arg(long, value_name = "VALUE", requires = "to")]
    from: Option<String>,

    /// The value below which `--from` ends
    #[arg(long, value_name = "VALUE", requires = "from")]
    to: Option<String>,

    /// End with exit code 5 where columns or types are not those of `schema.lock.yml`, which `trapiche lock` writes
    ///
    /// Nothing is run if that is known before; a source that turns out to have others does not land.
    #[arg(long)]
    locked: bool,
}

impl From<Selection> for RunOptions {
    fn from(selection: Selection) -> Self {
        RunOptions {
            select: [selection.positional, selection.select].concat(),
            exclude: selection.exclude,
            full_refresh: selection.full_refresh,
            window: selection.from.zip(selection.to).map(|(from, before)| NamedWindow { from, before }),
            locked: selection.locked,
        }
    }
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
    /// The same values as `json`, one object per line
    Ndjson,
}
