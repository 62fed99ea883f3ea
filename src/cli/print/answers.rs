//! The answers to statements for programs: one JSON object each, with values as Spark's own shell prints them.

use serde::Serialize;

use super::output::{self, Stdout};
use crate::engine::Rows;
use crate::error::{Error, Result};
use crate::spark::shell_text;

#[derive(Serialize)]
struct Answered<'a> {
    columns: Vec<Column<'a>>,
    rows: Vec<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    data_type: String,
}

/// Nothing is written unless all rows are there. A note says what a person would be told beside them.
pub async fn rows(mut result: Rows, note: Option<&str>) -> Result<Stdout> {
    let schema = result.schema();
    let columns = schema.fields().iter().zip(shell_text::types(&schema));
    let columns = columns.map(|(field, data_type)| Column { name: field.name(), data_type }).collect();
    let mut all = vec![];
    while let Some(batch) = result.next().await? {
        let rows = shell_text::rows(&batch).map_err(|error| Error::failed("the rows have no texts").because(error))?;
        all.extend(rows);
    }
    line(&Answered { columns, rows: all, note })
}

pub fn done(note: Option<&str>) -> Result<Stdout> {
    match note {
        Some(note) => line(&serde_json::json!({ "note": note })),
        None => output::write("{}\n"),
    }
}

pub fn refused(error: &Error) -> Result<Stdout> {
    let mut text = match error.found_problems() {
        [] => error.to_string(),
        problems => problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; "),
    };
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    line(&serde_json::json!({ "error": text, "code": error.kind().exit_code() }))
}

fn line(value: &impl Serialize) -> Result<Stdout> {
    let text = serde_json::to_string(value).map_err(|error| Error::failed("cannot write JSON").because(error))?;
    output::write(text + "\n")
}
