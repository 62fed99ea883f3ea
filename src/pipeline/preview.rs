//! The beginning of a source, read as a capture would read it and kept in this process: nothing is written to the lake.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use object_store::memory::InMemory;

use crate::config::Limits;
use crate::engine::{Engine, Rows};
use crate::error::{Error, Result};
use crate::hints::suggest;
use crate::lake::landing::Landing;
use crate::lake::{Lake, TableName, Zone};
use crate::project::{Dataset, Definition, Project, Source};
use crate::report::RunStamp;
use crate::{demo, ingest};

/// What a source begins with.
pub struct Preview {
    /// As SQL sees it.
    pub schema: SchemaRef,
    pub rows: Rows,
    /// How a capture would go about it, and what was not looked at.
    pub notes: Vec<String>,
}

/// Reads no more of a source than `rows` rows need, and as much of those for whose rows it is asked. No claim is made.
pub async fn preview(project: &Project, limits: &Limits, name: &str, rows: u64, stamp: &RunStamp) -> Result<Preview> {
    let store = demo::Store::of(project).await?;
    let (lake, landing) = sample(project, store.as_ref(), name, rows, stamp).await?;
    let session = Engine::local(&lake, limits, &project.target.sql)?.session()?;
    session.open_landing(&landing)?;
    let rows = session.first_rows(&TableName::new(Zone::Raw, &landing.source), rows as usize).await?;
    Ok(Preview { schema: rows.schema(), rows, notes: landing.notes })
}

/// The same as a landing in a lake that only this process has.
pub(super) async fn sample(
    project: &Project,
    store: Option<&demo::Store>,
    name: &str,
    rows: u64,
    stamp: &RunStamp,
) -> Result<(Lake, Landing)> {
    let lake = Lake::on("memory://preview", Arc::new(InMemory::new()), None)?;
    let mut ways = vec![source(project, name)?];
    // Parents are captured before their children.
    while let Some(parent) = ways.last().and_then(|(last, _)| last.inputs.first()) {
        ways.push(source(project, &parent.to_string())?);
    }
    let mut landing: Option<Landing> = None;
    for (dataset, spec) in ways.into_iter().rev() {
        let spec = store.map_or_else(|| spec.clone(), |store| store.point(spec));
        let taken = ingest::sample(dataset, &spec, &lake, landing.as_ref(), stamp, rows).await;
        landing = Some(taken.map_err(|error| error.context(format!("`{}`", dataset.name)))?);
    }
    let landing = landing.ok_or_else(|| Error::failed("there is no source to read"))?;
    Ok((lake, landing))
}

/// The source that is meant by its name, or by `raw.name`.
fn source<'a>(project: &'a Project, name: &str) -> Result<(&'a Dataset, &'a Source)> {
    let sources = project.datasets.iter().filter_map(|dataset| match &dataset.definition {
        Definition::Source(source) => Some((dataset, source)),
        Definition::Query(_) | Definition::Model(_) => None,
    });
    let wanted = name.strip_prefix("raw.").unwrap_or(name).to_lowercase();
    sources.clone().find(|(dataset, _)| dataset.name.name == wanted).ok_or_else(|| {
        let known: Vec<&str> = sources.map(|(dataset, _)| dataset.name.name.as_str()).collect();
        Error::config(format!("there is no source `{name}`")).hint(suggest(&wanted, known))
    })
}
