//! Results of queries on stdout: JSON and CSV as they come, tables when they are complete.

use std::mem;

use arrow::datatypes::{DataType, SchemaRef};

use super::output::{self, Stdout};
use super::table::{Cell, Table};
use crate::cli::options::Format;
use crate::engine::Rows;
use crate::error::{Error, Result};
use crate::formats::row_text::{append_objects, csv_line, quoted, rows};

/// More rows than anybody reads; a table is only written when its widths are known, so it is held in memory.
const TABLE_ROWS: usize = 10_000;

/// Writes all rows of a result.
pub async fn print(result: Rows, format: Format, note: impl Fn(&str)) -> Result<Stdout> {
    match format {
        Format::Table => print_table(result, note).await,
        Format::Json => print_json(result).await,
        Format::Csv => print_csv(result).await,
        Format::Ndjson => print_lines(result).await,
    }
}

async fn print_table(mut result: Rows, note: impl Fn(&str)) -> Result<Stdout> {
    let schema = result.schema();
    let mut table = Table { columns: names(&schema), rows: vec![] };
    let mut more = false;
    while let Some(batch) = result.next().await? {
        let room = TABLE_ROWS - table.rows.len();
        table.rows.extend(rows(&batch.slice(0, room.min(batch.num_rows())), cell).map_err(failed)?);
        more = batch.num_rows() > room;
        if more {
            break;
        }
    }
    let reader = output::write(table.aligned())?;
    if more {
        note("only the first 10,000 rows are shown; `-o csv` and `-o json` print all of them");
    }
    Ok(reader)
}

/// One array of objects on one line.
async fn print_json(mut result: Rows) -> Result<Stdout> {
    let mut text = b"[".to_vec();
    let mut is_first = true;
    while let Some(batch) = result.next().await? {
        append_objects(&batch, b"", b",", &mut is_first, &mut text).map_err(failed)?;
        if output::write(mem::take(&mut text))? == Stdout::Gone {
            return Ok(Stdout::Gone);
        }
    }
    text.extend_from_slice(b"]\n");
    output::write(text)
}

/// One object per line.
async fn print_lines(mut result: Rows) -> Result<Stdout> {
    let (mut reader, mut is_first) = (Stdout::Listening, true);
    while reader == Stdout::Listening
        && let Some(batch) = result.next().await?
    {
        let mut text = vec![];
        append_objects(&batch, b"\n", b"", &mut is_first, &mut text).map_err(failed)?;
        reader = output::write(text)?;
    }
    Ok(reader)
}

async fn print_csv(mut result: Rows) -> Result<Stdout> {
    let header = names(&result.schema());
    let mut reader = output::write(csv_line(header.iter().map(|name| quoted(name))))?;
    while reader == Stdout::Listening
        && let Some(batch) = result.next().await?
    {
        let rows = rows(&batch, |text, _| text.as_deref().map_or(String::new(), quoted)).map_err(failed)?;
        reader = output::write(rows.into_iter().map(|row| csv_line(row.into_iter())).collect::<String>())?;
    }
    Ok(reader)
}

fn names(schema: &SchemaRef) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// Numbers to the right, and a null that differs from an empty text.
fn cell(text: Option<String>, data_type: &DataType) -> Cell {
    match text {
        None => Cell::text("NULL"),
        Some(text) if is_number(data_type) => Cell::Number(text),
        Some(text) => Cell::Text(text),
    }
}

fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_number(values),
        other => other.is_numeric(),
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::failed("the query failed").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::row_text::tests::sales;

    #[test]
    fn numbers_stand_right_in_a_table() {
        let table = Table { columns: names(&sales().schema()), rows: rows(&sales(), cell).unwrap() };
        insta::assert_snapshot!(table.aligned(), @r#"
        id  price  at                   lines     note
        ──  ─────  ───────────────────  ────────  ────
         1  12.50  2024-01-02T03:04:05  [1,null]
         2   NULL  1970-01-01T00:00:00  NULL      NULL
        "#);
    }
}
