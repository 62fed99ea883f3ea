//! `schema.lock.yml`: the columns that the project's tables were last agreed to have. It lies beside `trapiche.yml`, and in git.
//!
//! It is written by `trapiche lock` and read with the project. What differs from it is a [drift](super::drift).

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use serde::Deserialize;

use super::files;
use super::read::{At, read};
use super::settings::AgreedTables;
use super::yaml;
use crate::error::{Error, Problem, Result};
use crate::lake::TableName;
use crate::spark::types;

/// The file, beside [`SETTINGS`](super::SETTINGS).
pub const SCHEMA_LOCK: &str = "schema.lock.yml";

/// The form in which it is written.
const FORMAT: u32 = 1;

/// The columns of each table, and the tables of each source that stands for several.
#[derive(Debug, Clone, Default)]
pub struct SchemaLock {
    tables: BTreeMap<TableName, SchemaRef>,
    sources: AgreedTables,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LockSpec {
    format: At<u32>,
    sources: Option<At<BTreeMap<String, At<TablesSpec>>>>,
    tables: At<BTreeMap<String, At<ColumnsSpec>>>,
}

/// Tables as the database calls them.
type TablesSpec = Vec<At<String>>;

/// Types by the names of columns.
type ColumnsSpec = BTreeMap<String, At<String>>;

impl SchemaLock {
    pub fn of(tables: BTreeMap<TableName, SchemaRef>, sources: AgreedTables) -> SchemaLock {
        SchemaLock { tables, sources }
    }

    /// The same with other tables of the sources that stand for several.
    pub fn with_sources(self, sources: AgreedTables) -> SchemaLock {
        SchemaLock { sources, ..self }
    }

    pub fn sources(&self) -> &AgreedTables {
        &self.sources
    }

    pub fn columns(&self, table: &TableName) -> Option<&SchemaRef> {
        self.tables.get(table)
    }

    pub fn tables(&self) -> impl Iterator<Item = &TableName> {
        self.tables.keys()
    }

    /// Writes it into the project's folder, as a whole or not at all.
    pub fn write(&self, root: &Path) -> Result<()> {
        let (file, next) = (root.join(SCHEMA_LOCK), root.join(format!(".{SCHEMA_LOCK}.next")));
        let written = fs::write(&next, self.text()).and_then(|()| fs::rename(&next, &file));
        written.map_err(|error| Error::failed(format!("could not write `{SCHEMA_LOCK}`")).because(error))
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# The columns that these tables were agreed to have. Written by `trapiche lock`; keep it in git.\nformat: {FORMAT}\n"
        );
        if !self.sources.is_empty() {
            text += "sources:\n";
        }
        for (source, tables) in &self.sources {
            let tables: Vec<String> = tables.iter().map(|table| quoted(table)).collect();
            text += &format!("  {}: [{}]\n", quoted(source), tables.join(", "));
        }
        text += "tables:";
        if self.tables.is_empty() {
            text += " {}\n";
        }
        for (table, columns) in &self.tables {
            text += &format!("\n  {table}:\n");
            for field in columns.fields() {
                text += &format!("    {}: {}\n", quoted(field.name()), quoted(&types::name(field.data_type())));
            }
        }
        text
    }
}

/// The lock of a project; `None` when it has none. What is wrong with it is a fault of the project.
pub(super) fn find(root: &Path, problems: &mut Vec<Problem>) -> Option<SchemaLock> {
    match fs::metadata(root.join(SCHEMA_LOCK)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        _ => {}
    }
    let mut faults = match files::read(root, Path::new(SCHEMA_LOCK)) {
        Ok(faults) => faults,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let node = yaml::parse(0..faults.file.text.len(), &mut faults);
    let spec = node.and_then(|node| read::<LockSpec>(&node, &mut faults));
    let (mut tables, mut sources) = (BTreeMap::new(), AgreedTables::new());
    if let Some(LockSpec { format, sources: meant, tables: named }) = spec {
        if format.value.is_some_and(|format| format != FORMAT) {
            faults
                .add(&format.span, format!("this version reads the format {FORMAT}"))
                .hint("write it anew with `trapiche lock`");
        }
        for (name, listed) in meant.into_iter().flat_map(|at| at.value.into_iter().flatten()) {
            let listed = listed.value.into_iter().flatten().filter_map(|table| table.value);
            sources.insert(name, listed.collect());
        }
        for (name, columns) in named.value.into_iter().flatten() {
            let Some(table) = TableName::parse(&name) else {
                faults.add(&columns.key, format!("`{name}` is no table")).hint("write `zone.name`, as `raw.orders`");
                continue;
            };
            let mut fields = vec![];
            for (column, written) in columns.value.into_iter().flatten() {
                match written.value.as_deref().map(types::parse) {
                    Some(Ok(data_type)) => fields.push(Field::new(column, data_type, true)),
                    Some(Err(message)) => drop(faults.add(&written.span, message)),
                    None => {}
                }
            }
            tables.insert(table, Arc::new(Schema::new(fields)));
        }
    }
    problems.append(&mut faults.problems);
    Some(SchemaLock { tables, sources })
}

/// As YAML has it: plain where that is read as the same text.
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&text);
    // A text of JSON is one of YAML.
    if is_plain { text.to_string() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let fields = [
            ("id", "bigint"),
            ("Cost: \"Total\" $", "decimal(10,2)"),
            ("null", "string"),
            ("1st", "array<struct<a:int,c:map<string,date>>>"),
            ("é\n#", "struct<`odd ``name`:array<decimal(12,2)>>"),
        ];
        let fields: Vec<Field> = fields
            .into_iter()
            .map(|(name, data_type)| Field::new(name, types::parse(data_type).unwrap(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let table = TableName::parse("raw.orders").unwrap();
        let empty = TableName::parse("trusted.empty").unwrap();
        let tables = BTreeMap::from([(table.clone(), schema.clone()), (empty.clone(), Arc::new(Schema::empty()))]);
        let all = vec!["Orders".to_string(), "odd ñ: [\"x\"]".to_string()];
        let sources = AgreedTables::from([("shop_*".to_string(), all), ("*".to_string(), vec![])]);
        SchemaLock::of(tables, sources.clone()).write(dir.path()).unwrap();
        let mut problems = vec![];
        let lock = find(dir.path(), &mut problems).unwrap();
        assert_eq!(problems.len(), 0, "{problems:?}");
        assert_eq!(super::super::drift::between(lock.columns(&table).unwrap(), &schema), []);
        assert_eq!(lock.tables().collect::<Vec<_>>(), [&table, &empty]);
        assert_eq!(*lock.sources(), sources);
    }

    #[test]
    fn what_is_wrong_in_it_is_told_at_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let text = "format: 2\ntables:\n  orders: { id: bigint }\n  raw.a: { id: bigit, at: [1] }\nmore: 1\n";
        fs::write(dir.path().join(SCHEMA_LOCK), text).unwrap();
        let mut problems = vec![];
        find(dir.path(), &mut problems);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for expected in [
            "schema.lock.yml:1:9: this version reads the format 1",
            "schema.lock.yml:3:3: `orders` is no table",
            "schema.lock.yml:4:16:",
            "schema.lock.yml:5:1: unknown key `more`",
        ] {
            assert!(said.iter().any(|said| said.starts_with(expected)), "{expected}: {said:?}");
        }
    }
}
