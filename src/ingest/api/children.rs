//! A request for each row of another source: the values of one of its columns, from the lake.

use std::collections::HashSet;

use serde_json::Value;

use super::answer::Envelope;
use crate::error::{Error, Result};
use crate::formats::json_rows::RowSplitter;
use crate::formats::plain::Plain;
use crate::formats::unpack::Packing;
use crate::lake::Lake;
use crate::lake::landing::{LandedFormat, Landing};
use crate::project::ForEach;

const MAX_VALUES: usize = 1_000_000;

/// The values that the column has, each once, in the order of the rows. Null is none.
pub async fn values(each: &ForEach, parent: &[Landing], lake: &Lake) -> Result<Vec<String>> {
    let mut found = Found { each, seen: HashSet::new(), values: vec![], has_column: false, rows: 0 };
    for landing in parent {
        let records = match &landing.format {
            LandedFormat::Ndjson => None,
            LandedFormat::Json { records, .. } => records.as_deref(),
            LandedFormat::Csv { .. } | LandedFormat::TableCsv => {
                return Err(Error::failed(format!(
                    "`raw.{}` landed as CSV, whose rows `for_each` does not read",
                    each.source
                ))
                .hint("`for_each` reads the rows of an API, a SQLite database or a JSON file"));
            }
        };
        for part in &landing.parts {
            let bytes = lake
                .read(&part.path)
                .await?
                .ok_or_else(|| Error::failed(format!("`{}` is gone, which `raw.{}` has", part.path, each.source)))?;
            let mut splitter = RowSplitter::new(records);
            let mut plain = Plain::new(Packing::of_part(&part.path), landing.format.encoding())?;
            let mut split = |text: &[u8]| splitter.push(text, |row| found.add(row));
            plain.push(&bytes, &mut split)?;
            plain.finish(&mut split)?;
        }
    }
    if found.rows > 0 && !found.has_column {
        return Err(Error::failed(format!("no row of `raw.{}` has the column `{}`", each.source, each.column))
            .hint("the path's `{source.column}` names a column as the source has it, in its letter case"));
    }
    Ok(found.values)
}

struct Found<'a> {
    each: &'a ForEach,
    seen: HashSet<String>,
    values: Vec<String>,
    has_column: bool,
    rows: u64,
}

impl Found<'_> {
    fn add(&mut self, row: &[u8]) -> Result<()> {
        self.rows += 1;
        let text = match Envelope::of(row)?.at(&self.each.column) {
            None => return Ok(()),
            Some(Value::String(text)) => text,
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            Some(_) => {
                let column = &self.each.column;
                return Err(Error::failed(format!("`{column}` is a list or an object, which no path can hold"))
                    .hint("name one of its columns: `{source.column.part}`"));
            }
        };
        self.has_column = true;
        // A path would lead somewhere else by them.
        if matches!(text.as_str(), "" | "." | "..") {
            return Err(Error::failed(format!("the value `{text}` of `{}` cannot stand in a path", self.each.column)));
        }
        if self.seen.insert(text.clone()) {
            self.values.push(text);
        }
        match self.values.len() > MAX_VALUES {
            true => Err(Error::failed(format!("`raw.{}` has more than {MAX_VALUES} values", self.each.source))),
            false => Ok(()),
        }
    }
}
