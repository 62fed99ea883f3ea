//! Whether tables have the columns that were agreed on, and agreeing on those that they have.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::datatypes::{Schema, SchemaRef};
use serde::Serialize;

use super::all_tables;
use super::validate::{self, Validation};
use crate::config::Limits;
use crate::error::{Error, Kind, Problem, Result};
use crate::lake::{Lake, TableName, Zone};
use crate::project::drift::{self, Drift};
use crate::project::{self, AgreedTables, Dataset, Project, SCHEMA_LOCK, SchemaLock};

/// A table whose columns are other ones than before, or that is new in the lock or gone from it.
#[derive(Debug, Clone, Serialize)]
pub struct TableDrift {
    pub table: TableName,
    pub columns: Vec<Drift>,
}

/// What became of the lock.
#[derive(Debug)]
pub struct Locked {
    /// How many tables it has.
    pub tables: usize,
    pub changes: Vec<TableDrift>,
}

/// Writes down which tables are meant by sources that stand for several, if they are others than those in the lock. The columns of a
/// table that is new are known after a run.
///
/// What is wrong with queries is no concern of it: they may read a table that is not written down yet.
///
/// # Errors
/// When the settings have a fault, or when a database does not tell.
pub async fn lock_sources(
    start: &Path,
    target: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Locked>> {
    let project::Found { sound: project, problems } = project::find(start, target, env)?;
    let is_of_settings = |problem: &Problem| {
        [project::SETTINGS, project::DOTENV, SCHEMA_LOCK].iter().any(|file| problem.file == Path::new(file))
    };
    let (faults, _): (Vec<_>, Vec<_>) = problems.into_iter().partition(is_of_settings);
    if !faults.is_empty() {
        return Err(Error::problems(faults));
    }
    let sources = all_tables::there(&project).await?;
    let agreed = project.schema_lock.as_ref().map(SchemaLock::sources).cloned().unwrap_or_default();
    if sources == agreed {
        return Ok(None);
    }
    let changes = tables_changed(&project, &agreed, &sources);
    let tables = sources.values().map(Vec::len).sum();
    project.schema_lock.clone().unwrap_or_default().with_sources(sources).write(&project.root)?;
    Ok(Some(Locked { tables, changes }))
}

/// Writes down the columns of all tables of the project as they are known now.
///
/// # Errors
/// When those of a table are not known, because its sources were never captured, or when a query has a fault.
pub async fn lock(project: &Project, lake: &Lake, limits: &Limits) -> Result<Locked> {
    let Validation { columns, unchecked, warnings, .. } = validate::validate(project, lake, limits).await?;
    if let Some(warning) = warnings.first() {
        return Err(Error::failed(format!("the columns of `{}` are not known: {}", warning.dataset, warning.problem))
            .hint("mend that, run the project, and lock it then"));
    }
    if let Some((table, why)) = unchecked.first() {
        return Err(Error::failed(format!("`{table}`: {why}")).hint("run the project once, and lock it then"));
    }
    let none = Schema::empty();
    let before = |table: &TableName| project.schema_lock.as_ref().and_then(|lock| lock.columns(table));
    let gone = project.schema_lock.iter().flat_map(SchemaLock::tables).filter(|table| !columns.contains_key(*table));
    let changes = columns.keys().chain(gone).map(|table| {
        let was = before(table).map_or(&none, AsRef::as_ref);
        let is = columns.get(table).map_or(&none, AsRef::as_ref);
        TableDrift { table: table.clone(), columns: drift::between(was, is) }
    });
    let changes = changes.filter(|change| !change.columns.is_empty()).collect();
    let tables = columns.len();
    let sources = project.schema_lock.as_ref().map(SchemaLock::sources).cloned().unwrap_or_default();
    SchemaLock::of(columns, sources).write(&project.root)?;
    Ok(Locked { tables, changes })
}

/// The tables that come and go, of which no column is known yet.
fn tables_changed(project: &Project, was: &AgreedTables, is: &AgreedTables) -> Vec<TableDrift> {
    let mut changes = vec![];
    for all in &project.all_tables {
        let names = |of: &AgreedTables| of.get(&all.name).cloned().unwrap_or_default();
        let (was, is) = (names(was), names(is));
        let table = || Some("table".to_string());
        let mut change = |name: &String, was: Option<String>, is: Option<String>| {
            let table = TableName::new(Zone::Raw, all.source_name(name));
            changes.push(TableDrift { table, columns: vec![Drift { column: "*".into(), was, is }] });
        };
        is.iter().filter(|name| !was.contains(name)).for_each(|name| change(name, None, table()));
        was.iter().filter(|name| !is.contains(name)).for_each(|name| change(name, table(), None));
    }
    changes
}

/// How the columns of a dataset's tables, as far as they are known, differ from the lock; nothing without one.
pub(super) fn drifts(
    project: &Project,
    dataset: &Dataset,
    columns: &BTreeMap<TableName, SchemaRef>,
) -> Vec<TableDrift> {
    let Some(lock) = &project.schema_lock else { return vec![] };
    let none = Schema::empty();
    let known = dataset.outputs.iter().filter_map(|table| Some((table, columns.get(table)?)));
    let drift = known.map(|(table, found)| TableDrift {
        table: table.clone(),
        columns: drift::between(lock.columns(table).map_or(&none, AsRef::as_ref), found),
    });
    drift.filter(|drift| !drift.columns.is_empty()).collect()
}

/// # Errors
/// When there is no lock, or when a table that is chosen has other columns by what is known before anything runs.
pub(super) fn refuse_known(
    project: &Project,
    chosen: &[&Dataset],
    columns: &BTreeMap<TableName, SchemaRef>,
) -> Result<()> {
    if project.schema_lock.is_none() {
        return Err(no_lock());
    }
    let found: Vec<TableDrift> = chosen.iter().flat_map(|dataset| drifts(project, dataset, columns)).collect();
    match found.as_slice() {
        [] => Ok(()),
        [one] => Err(other_columns(&one.table, &one.columns)),
        [first, rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|drift| format!("`{}`", drift.table)).collect();
            let error = other_columns(&first.table, &first.columns);
            Err(Error::new(Kind::Drift, format!("{error}; and so have {}", rest.join(", "))).hint(AGREE))
        }
    }
}

const AGREE: &str = "`trapiche plan` shows all of it; `trapiche lock` agrees to the columns as they are";

pub(super) fn no_lock() -> Error {
    Error::config(format!("`--locked` holds the project to its `{SCHEMA_LOCK}`, and it has none"))
        .hint("`trapiche lock` writes it")
}

/// # Errors
/// When a table that is about to be made would have other columns than the lock says.
pub(super) fn refuse(lock: &SchemaLock, table: &TableName, found: &Schema) -> Result<()> {
    let none = Schema::empty();
    let drifts = drift::between(lock.columns(table).map_or(&none, AsRef::as_ref), found);
    if drifts.is_empty() { Ok(()) } else { Err(other_columns(table, &drifts)) }
}

fn other_columns(table: &TableName, drifts: &[Drift]) -> Error {
    let words = drift::words(drifts);
    Error::new(Kind::Drift, format!("`{table}` has other columns than `{SCHEMA_LOCK}` says: {words}")).hint(AGREE)
}
