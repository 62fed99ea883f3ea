//! Standard output: data and nothing else.

use std::io::{self, ErrorKind, Write};

use crate::error::{Error, Result};
use serde::Serialize;

use super::table::Table;
use crate::cli::options::Format;

/// Whether anybody still reads what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdout {
    Listening,
    /// The pipe is closed, as by `| head`: time to stop, and no failure.
    Gone,
}

/// Writes to stdout and flushes it.
pub fn write(data: impl AsRef<[u8]>) -> Result<Stdout> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(data.as_ref()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Stdout::Listening),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Stdout::Gone),
        Err(error) => Err(Error::failed("cannot write to standard output").because(error)),
    }
}

/// Prints a whole result, as `table` or as `value`. A reader that leaves early changes nothing for the caller.
pub fn print(format: Format, table: &Table, value: &impl Serialize) -> Result<()> {
    match format {
        Format::Table => write(table.aligned()),
        Format::Csv => write(table.csv()),
        Format::Json => return print_json(value),
        Format::Ndjson => return print_lines(value),
    }
    .map(drop)
}

/// Prints one indented JSON document.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Error::failed("cannot write JSON").because(error))?;
    write(text + "\n").map(drop)
}

/// Prints each element of a list on a line of its own; anything else is one line.
fn print_lines(value: &impl Serialize) -> Result<()> {
    let unwritten = |error| Error::failed("cannot write JSON").because(error);
    let text = match serde_json::to_value(value).map_err(unwritten)? {
        serde_json::Value::Array(all) => all.iter().map(|one| format!("{one}\n")).collect(),
        one => format!("{one}\n"),
    };
    write(text).map(drop)
}

/// The word that JSON has for a value: `made`, `unchanged`.
pub fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("only enums without fields are words, this is {other:?}"),
    }
}
