//! Rows that a source has no longer: their keys are in the lake, and not among the keys that the source has now.
//!
//! Keys are compared as the source writes them, as texts. A landing lists those that are gone as rows of their own, in which
//! all other columns are null; of such a key a query sees no row any more, unless it comes again.

use std::collections::HashSet;
use std::io::Write as _;
use std::slice;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::parts::{LandingDraft, RowParts};
use crate::engine::Engine;
use crate::error::Result;
use crate::formats::table_csv;
use crate::lake::landing::{LandedFormat, LandedPart, Landing};

const FLUSH_BYTES: usize = 1 << 20;

/// How the rows of a capture are written.
pub struct LandedForm<'a> {
    pub format: &'a LandedFormat,
    pub schema: &'a SchemaRef,
    pub key: &'a [String],
}

/// Writes down the keys that rows of the landings before have, and that are not among these `keys` of the source, which are
/// removed then. No part when all are there.
///
/// # Errors
/// When a row of the source has no key.
pub async fn find(
    engine: &Engine,
    draft: &LandingDraft<'_>,
    before: &[Landing],
    written: &LandedForm<'_>,
    keys: Vec<LandedPart>,
) -> Result<Vec<LandedPart>> {
    let paths = keys.iter().map(|part| part.path.clone()).collect();
    let fields: Vec<Field> = written.key.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let source = Landing {
        source: String::new(),
        run_id: String::new(),
        fetched_at: draft.at,
        format: written.format.clone(),
        schema: Arc::new(Schema::new(fields)),
        rows: keys.iter().map(|part| part.rows).sum(),
        bytes: keys.iter().map(|part| part.bytes).sum(),
        sha256: String::new(),
        notes: vec![],
        window: None,
        parts: keys,
        gone: vec![],
    };
    let before: Vec<Landing> = before.iter().map(|landing| with_text_keys(landing, written.key)).collect();
    let mut rows = engine.session()?.keys_gone(&before, slice::from_ref(&source), written.key).await?;
    let mut parts = RowParts::gone(draft, if *written.format == LandedFormat::Ndjson { "json" } else { "csv" });
    let mut line = vec![];
    while let Some(batch) = rows.next().await? {
        for row in 0..batch.num_rows() {
            line.clear();
            write_key(written, &batch, row, &mut line);
            parts.row(&line);
            if parts.waiting_bytes() >= FLUSH_BYTES {
                parts.flush().await?;
            }
        }
    }
    draft.lake.delete_each(paths).await?;
    if parts.is_empty() { Ok(vec![]) } else { parts.finish().await }
}

/// The same landing, with its keys as they are written.
fn with_text_keys(landing: &Landing, key: &[String]) -> Landing {
    let names: HashSet<String> = key.iter().map(|name| name.to_lowercase()).collect();
    let fields = landing.schema.fields().iter().map(|field| {
        let is_key = names.contains(&field.name().to_lowercase());
        if is_key { field.as_ref().clone().with_data_type(DataType::Utf8) } else { field.as_ref().clone() }
    });
    Landing { schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())), ..landing.clone() }
}

/// A row of the landing's form that has nothing but its key.
fn write_key(written: &LandedForm<'_>, batch: &RecordBatch, row: usize, line: &mut Vec<u8>) {
    let text = |field: &Field| {
        let place = written.key.iter().position(|name| name == field.name())?;
        Some(batch.column(place).as_string::<i32>().value(row))
    };
    if *written.format != LandedFormat::Ndjson {
        for (place, field) in written.schema.fields().iter().enumerate() {
            if place > 0 {
                line.push(b',');
            }
            table_csv::write(text(field).map(str::as_bytes), line);
        }
        return;
    }
    let mut separator = '{';
    for (field, text) in written.schema.fields().iter().filter_map(|field| Some((field, text(field)?))) {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let value = match field.data_type() {
            DataType::Utf8 | DataType::Binary => quoted(text),
            // As it was written.
            _ => text.to_string(),
        };
        // Writing into memory cannot fail.
        let _ = write!(line, "{separator}{}:{value}", quoted(field.name()));
        separator = ',';
    }
    line.push(b'}');
}
