//! Results of queries on stdout: JSON and CSV as they come, tables when they are complete.

use std::mem;
use std::sync::Arc;

use crate::engine::Rows;
use crate::error::{Error, Result};
use arrow::array::{Array, RecordBatch, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::writer::make_encoder;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::json;
use super::output::{self, Stdout};
use super::table::{Cell, Table, csv_line, quoted};
use crate::cli::options::Format;

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
        table.rows.extend(rows(&batch.slice(0, room.min(batch.num_rows())), cell)?);
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

/// The rows of a batch, each with `end` behind it, and with `between` before it but for the very first.
fn append_objects(
    batch: &RecordBatch,
    end: &[u8],
    between: &[u8],
    is_first: &mut bool,
    text: &mut Vec<u8>,
) -> Result<(), ArrowError> {
    let rows = StructArray::from(batch.clone());
    let (field, options) = (Arc::new(Field::new_struct("", batch.schema().fields().clone(), false)), json::options());
    let mut encoder = make_encoder(&field, &rows, &options)?;
    for row in 0..batch.num_rows() {
        if !mem::take(is_first) {
            text.extend_from_slice(between);
        }
        encoder.encode(row, text);
        text.extend_from_slice(end);
    }
    Ok(())
}

async fn print_csv(mut result: Rows) -> Result<Stdout> {
    let header = names(&result.schema());
    let mut reader = output::write(csv_line(header.iter().map(|name| quoted(name))))?;
    while reader == Stdout::Listening
        && let Some(batch) = result.next().await?
    {
        let rows = rows(&batch, |text, _| text.as_deref().map_or(String::new(), quoted))?;
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

/// The values of a batch as text, row by row: ISO 8601 times, nested values and what is no number as in [`json`], `None`
/// for null.
fn rows<T>(batch: &RecordBatch, value: impl Fn(Option<String>, &DataType) -> T) -> Result<Vec<Vec<T>>> {
    let mut rows: Vec<Vec<T>> = (0..batch.num_rows()).map(|_| Vec::with_capacity(batch.num_columns())).collect();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let texts = if column.data_type().is_nested() { as_json(field, column) } else { as_text(column) };
        for (row, text) in rows.iter_mut().zip(texts.map_err(failed)?) {
            row.push(value(text, column.data_type()));
        }
    }
    Ok(rows)
}

fn as_text(column: &dyn Array) -> Result<Vec<Option<String>>, ArrowError> {
    let options = FormatOptions::new().with_display_error(false);
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let nulls = column.logical_nulls();
    let spelled = |text: String| match text.as_str() {
        "inf" if column.data_type().is_floating() => "Infinity".to_string(),
        "-inf" if column.data_type().is_floating() => "-Infinity".to_string(),
        _ => text,
    };
    let text = |at| is_valid(&nulls, at).then(|| formatter.value(at).try_to_string().map(spelled)).transpose();
    (0..column.len()).map(text).collect()
}

fn as_json(field: &FieldRef, column: &dyn Array) -> Result<Vec<Option<String>>, ArrowError> {
    let options = json::options();
    let mut encoder = make_encoder(field, column, &options)?;
    let nulls = column.logical_nulls();
    let mut encode = |at| {
        let mut text = vec![];
        encoder.encode(at, &mut text);
        String::from_utf8(text).expect("JSON is UTF-8")
    };
    Ok((0..column.len()).map(|at| is_valid(&nulls, at).then(|| encode(at))).collect())
}

fn is_valid(nulls: &Option<NullBuffer>, at: usize) -> bool {
    nulls.as_ref().is_none_or(|nulls| nulls.is_valid(at))
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::failed("the query failed").because(error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, Int32Array, ListArray, StringArray, TimestampMillisecondArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn sales() -> RecordBatch {
        let price = Decimal128Array::from(vec![Some(1250), None]).with_precision_and_scale(20, 2).unwrap();
        let at = TimestampMillisecondArray::from(vec![1_704_164_645_000, 0]).with_timezone("UTC");
        let lines = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
        RecordBatch::try_from_iter_with_nullable([
            ("id", Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef, false),
            ("price", Arc::new(price), true),
            ("at", Arc::new(at), true),
            ("lines", Arc::new(lines), true),
            ("note", Arc::new(StringArray::from(vec![Some(""), None])), true),
        ])
        .unwrap()
    }

    #[test]
    fn values_are_exact_and_nulls_are_told_apart() {
        let text = |text: &str| Some(text.to_string());
        let rows = rows(&sales(), |text, _| text).unwrap();
        assert_eq!(rows[0], [text("1"), text("12.50"), text("2024-01-02T03:04:05Z"), text("[1,null]"), text("")]);
        assert_eq!(rows[1], [text("2"), None, text("1970-01-01T00:00:00Z"), None, None]);
    }

    #[test]
    fn numbers_stand_right_in_a_table() {
        let table = Table { columns: names(&sales().schema()), rows: rows(&sales(), cell).unwrap() };
        insta::assert_snapshot!(table.aligned(), @r#"
        id  price  at                    lines     note
        ──  ─────  ────────────────────  ────────  ────
         1  12.50  2024-01-02T03:04:05Z  [1,null]
         2   NULL  1970-01-01T00:00:00Z  NULL      NULL
        "#);
    }
}
