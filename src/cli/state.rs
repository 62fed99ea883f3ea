//! `trapiche state`: what a source is, and where its cursor stands.

use std::process::ExitCode;

use chrono::Utc;
use serde::Serialize;

use crate::error::Result;
use crate::lake::Lake;
use crate::lake::cursor::CursorState;
use crate::lake::live::Live;
use crate::pipeline;
use crate::project::Project;

use super::options::Output;
use super::print::output;
use super::print::table::{Cell, Table};
use super::print::units;
use super::run::stamp;
use super::talk::words::Words;

/// Show the state of a source, or put its cursor elsewhere
///
/// A state says which landings a query sees, and how far a source with a cursor has been captured. States are only ever
/// added: `set` and `reset` make one with the same landings.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  trapiche state show orders
  trapiche state set orders \"2026-01-31 00:00:00+00\"   the next capture asks for rows from there on, less the lag
  trapiche state reset orders                          the next capture asks for all rows")]
pub enum StateCommand {
    /// Show which landings are live, and the cursor
    Show(StateArguments),

    /// Put the cursor to a value: the next capture asks for rows from there on, less the lag
    Set {
        #[command(flatten)]
        of: StateArguments,
        /// Written as the value that `show` shows
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,
    },

    /// Forget the cursor: the next capture asks for all rows, and they take the place of all landings
    Reset(StateArguments),
}

#[derive(Debug, clap::Args)]
pub struct StateArguments {
    /// The source, with `raw.` or without
    #[arg(value_name = "SOURCE")]
    pub source: String,
    #[command(flatten)]
    pub output: Output,
}

pub async fn state(project: &Project, lake: &Lake, command: StateCommand, words: &Words) -> Result<ExitCode> {
    let at = stamp(Utc::now());
    let (live, format) = match command {
        StateCommand::Show(of) => (pipeline::state(project, lake, &of.source).await?, of.output.format),
        StateCommand::Set { of, value } => {
            let live = pipeline::move_cursor(project, lake, &of.source, Some(&value), &at).await?;
            words.note("the next capture asks for rows from there on");
            (live, of.output.format)
        }
        StateCommand::Reset(of) => {
            let live = pipeline::move_cursor(project, lake, &of.source, None, &at).await?;
            words.note("the next capture asks for all rows");
            (live, of.output.format)
        }
    };
    let shown = ShownState::of(&live);
    output::print(format, &table(&shown), &shown)?;
    Ok(ExitCode::SUCCESS)
}

/// A state with what the manifests of its landings add.
#[derive(Serialize)]
struct ShownState<'a> {
    source: &'a str,
    sequence: u64,
    run_id: &'a str,
    cursor: Option<&'a CursorState>,
    live: Vec<ShownLanding<'a>>,
}

#[derive(Serialize)]
struct ShownLanding<'a> {
    folder: String,
    run_id: &'a str,
    rows: u64,
    bytes: u64,
    /// Rows that the source had no longer.
    gone: u64,
    from: Option<&'a str>,
    before: Option<&'a str>,
}

impl<'a> ShownState<'a> {
    fn of(live: &'a Live) -> Self {
        let landings = live.landings.iter().map(|landing| ShownLanding {
            folder: landing.folder(),
            run_id: &landing.run_id,
            rows: landing.rows,
            bytes: landing.bytes,
            gone: landing.rows_gone(),
            from: landing.window.as_ref().and_then(|window| window.from.as_deref()),
            before: landing.window.as_ref().and_then(|window| window.before.as_deref()),
        });
        ShownState {
            source: &live.state.source,
            sequence: live.state.sequence,
            run_id: &live.state.run_id,
            cursor: live.state.cursor.as_ref(),
            live: landings.collect(),
        }
    }
}

fn table(state: &ShownState<'_>) -> Table {
    let mut table = Table::new(&["what", "value"]);
    let mut row = |what: &str, value: String| table.rows.push(vec![Cell::text(what), Cell::Text(value)]);
    row("source", format!("raw.{}", state.source));
    row("state", format!("{}, made by run {}", state.sequence, state.run_id));
    if let Some(cursor) = state.cursor {
        row("cursor", cursor.column.clone());
        row(
            "reached",
            match &cursor.reached {
                Some(value) => format!("{} ({})", value.text, value.data_type),
                None => "nothing: the next capture asks for all rows".to_string(),
            },
        );
    }
    for landing in &state.live {
        let window = match (landing.from, landing.before) {
            (Some(from), Some(before)) => format!(", from {from} to below {before}"),
            (Some(from), None) => format!(", from {from} on"),
            (None, _) => String::new(),
        };
        let (rows, bytes) = (units::counted(landing.rows, "row"), units::bytes(landing.bytes));
        let gone = match landing.gone {
            0 => String::new(),
            gone => format!("; {} gone", units::counted(gone, "row")),
        };
        row("landing", format!("run {}: {rows}, {bytes}{window}{gone}", landing.run_id));
    }
    table
}
