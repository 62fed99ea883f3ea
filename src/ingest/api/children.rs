//! A request for each row of another source: the values of one of its columns, from the lake.

use std::collections::{BTreeMap, HashSet};

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

/// The values that the column has, each once, in the order of the rows; of a source with a key those of the newest rows. Null
/// is none.
pub async fn values(each: &ForEach, parent: &[Landing], lake: &Lake) -> Result<Vec<String>> {
    let key = parent.last().and_then(|landing| landing.window.as_ref()).map_or(&[][..], |window| &window.key);
    let mut found =
        Found { each, key, newest: BTreeMap::new(), seen: HashSet::new(), values: vec![], has_column: false, rows: 0 };
    for landing in parent {
        let records = match &landing.format {
            LandedFormat::Ndjson => None,
            LandedFormat::Json { records, .. } => records.as_deref(),
            LandedFormat::Csv { .. } | LandedFormat::TableCsv | LandedFormat::Parquet => {
                return Err(Error::failed(format!(
                    "`raw.{}` landed as a table, whose rows `for_each` does not read",
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
    found.into_values()
}

struct Found<'a> {
    each: &'a ForEach,
    /// By which a newer row replaces an older one; without it all rows count.
    key: &'a [String],
    /// The value of each key's newest row, by the number of its first row; null is none.
    newest: BTreeMap<Vec<String>, (u64, Option<String>)>,
    seen: HashSet<String>,
    values: Vec<String>,
    has_column: bool,
    rows: u64,
}

impl Found<'_> {
    fn add(&mut self, row: &[u8]) -> Result<()> {
        self.rows += 1;
        let members = Envelope::of(row)?;
        let text = match members.at(&self.each.column) {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
            Some(_) => {
                let column = &self.each.column;
                return Err(Error::failed(format!("`{column}` is a list or an object, which no path can hold"))
                    .hint("name one of its columns: `{source.column.part}`"));
            }
        };
        self.has_column |= text.is_some();
        if !self.key.is_empty() {
            let key = self.key.iter().map(|name| members.token(name).unwrap_or_default().to_string()).collect();
            self.newest.entry(key).or_insert((self.rows, None)).1 = text;
            return Ok(());
        }
        text.map_or(Ok(()), |text| self.add_value(text))
    }

    fn add_value(&mut self, text: String) -> Result<()> {
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

    fn into_values(mut self) -> Result<Vec<String>> {
        let mut newest: Vec<_> = std::mem::take(&mut self.newest).into_values().collect();
        newest.sort_by_key(|(row, _)| *row);
        newest.into_iter().filter_map(|(_, text)| text).try_for_each(|text| self.add_value(text))?;
        Ok(self.values)
    }
}
