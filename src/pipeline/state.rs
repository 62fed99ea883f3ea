//! The state of a source, for people who want to see it or to put its cursor elsewhere.

use super::no_source;
use crate::error::{Error, Result};
use crate::ingest;
use crate::lake::live::Live;
use crate::lake::{Lake, TableName, lock};
use crate::project::{Definition, Project};
use crate::report::RunStamp;

/// What a source is now.
///
/// # Errors
/// When the project has no such source, or when it was never captured.
pub async fn state(project: &Project, lake: &Lake, name: &str) -> Result<Live> {
    let source = named(project, name)?;
    Live::look(lake, &source.name, None).await?.ok_or_else(|| {
        Error::config(format!("`{source}` was never captured, so it has no state"))
            .hint(format!("capture it: `trapiche run {source}`"))
    })
}

/// Puts the cursor of a source to a value, or takes it back to none, so that the next capture asks for all rows. Nothing that
/// a query sees changes.
///
/// # Errors
/// As [`state`], and `Locked` when a run is at work on the source.
pub async fn move_cursor(
    project: &Project,
    lake: &Lake,
    name: &str,
    value: Option<&str>,
    stamp: &RunStamp,
) -> Result<Live> {
    let source = named(project, name)?;
    let lock = lock::acquire(lake, &stamp.run_id, [source.clone()]).await?;
    lock.hold_for(async { ingest::move_cursor(lake, source, value, stamp).await.map(drop) }).await?;
    state(project, lake, name).await
}

/// The source that is meant by its name, with `raw.` or without.
fn named<'a>(project: &'a Project, name: &str) -> Result<&'a TableName> {
    let mut sources = project.datasets.iter().filter(|dataset| matches!(dataset.definition, Definition::Source(_)));
    let found = sources.find(|dataset| dataset.name.name == name || dataset.name.to_string() == name);
    found.map(|dataset| &dataset.name).ok_or_else(|| no_source(project, name))
}
