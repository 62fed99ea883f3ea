//! Sources that stand for all tables of a schema: which tables the database has, and which were agreed on.

use crate::error::{Error, Kind, Result};
use crate::hints::listed;
use crate::ingest;
use crate::lake::TableName;
use crate::project::{AgreedTables, AllTables, Project, SCHEMA_LOCK};

/// The tables that the databases have now, of all sources that stand for several.
///
/// # Errors
/// When a database cannot be asked, has no such table, or one whose name is none in the lake.
pub(super) async fn there(project: &Project) -> Result<AgreedTables> {
    let mut there = AgreedTables::new();
    for all in &project.all_tables {
        there.insert(all.name.clone(), tables(all).await?);
    }
    Ok(there)
}

async fn tables(all: &AllTables) -> Result<Vec<String>> {
    let found = ingest::tables(&all.database).await.map_err(|error| error.context(format!("`{}`", all.name)))?;
    let taken = found.into_iter().filter(|table| all.takes(&table.home, &table.name, table.schema.is_none()));
    let names: Vec<String> = taken.map(|table| table.name).collect();
    let shown = all.qualified("*");
    if names.is_empty() {
        return Err(Error::config(format!("`{}`: the database has no table `{}`", all.name, shown.shown()))
            .hint("check the schema's name and `except:`, and that this user may read its tables"));
    }
    let is_odd = |name: &&String| !TableName::is_valid_name(&all.source_name(name)) || name.contains('.');
    let odd: Vec<&str> = names.iter().filter(is_odd).map(String::as_str).collect();
    match odd.is_empty() {
        true => Ok(names),
        false => Err(Error::config(format!("`{}`: {} cannot be names of tables in the lake", all.name, listed(&odd)))
            .hint("leave them out by `except:`, and give each a source of its own, with a name and a `table:`")),
    }
}

/// # Errors
/// When there is a source of which it is not known for which tables it stands.
pub(super) fn refuse_unknown(project: &Project) -> Result<()> {
    match project.all_tables.iter().find(|all| all.agreed.is_none()) {
        None => Ok(()),
        Some(all) => Err(Error::config(format!(
            "`{}` stands for the tables `{}` of `{}`, and which these are is not written down yet",
            all.name,
            all.qualified("*").shown(),
            all.database.without_parameters()
        ))
        .hint(format!("`trapiche lock` asks the database, and writes them into `{SCHEMA_LOCK}`"))),
    }
}

/// Tells of tables that came or went since they were agreed on. A database that cannot be asked tells nothing here: its sources
/// will say so.
pub async fn other_tables(project: &Project) -> Vec<Error> {
    let mut told = vec![];
    for all in &project.all_tables {
        let (Some(agreed), Ok(there)) = (&all.agreed, tables(all).await) else { continue };
        let without = |names: &[String], others: &[String]| -> Vec<String> {
            names.iter().filter(|name| !others.contains(name)).cloned().collect()
        };
        for (names, what) in [(without(&there, agreed), "are new"), (without(agreed, &there), "are gone")] {
            if !names.is_empty() {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let message = format!("`{}`: of its tables {what}: {}", all.name, listed(&names));
                told.push(Error::new(Kind::Drift, message).hint("`trapiche lock` agrees to the tables as they are"));
            }
        }
    }
    told
}

/// # Errors
/// When tables came or went since they were agreed on.
pub(super) async fn refuse_others(project: &Project) -> Result<()> {
    other_tables(project).await.into_iter().next().map_or(Ok(()), Err)
}
