//! What a run would do, from metadata alone.

use std::collections::HashSet;

use serde::Serialize;

use super::rebuild::{self, Rebuild};
use super::{RunOptions, fingerprint, make, validate};
use crate::config::Limits;
use crate::engine::Engine;
use crate::error::Result;
use crate::lake::{Lake, TableName, version};
use crate::project::{Dataset, Definition, Project, select};

/// One dataset of a plan, in the order in which it would be made.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedDataset {
    pub dataset: TableName,
    /// `source`, `query` or `model`.
    pub kind: &'static str,
    pub action: PlannedAction,
    pub why: String,
    pub reads: Vec<TableName>,
    /// What it reads at most, with its inputs as they lie in the lake now.
    pub input_bytes: u64,
    pub place: Place,
}

/// Which machines would make it. What is made before it may still change its size, and with it the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Here,
    Workers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlannedAction {
    /// Ask the source again; land what has changed.
    Capture,
    Make,
    /// Left alone, unless a captured source turns out to have changed.
    Unchanged,
}

/// Reads the lake's manifests, the project and the first bytes of local source files; writes nothing and asks no
/// server.
pub async fn plan(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    options: &RunOptions,
) -> Result<Vec<PlannedDataset>> {
    let chosen = select::select(project, &options.select, &options.exclude)?;
    validate(project, lake, limits).await?;
    let engine = Engine::local(lake, limits)?;
    let mut planned = vec![];
    let mut to_make: HashSet<&TableName> = HashSet::new();
    for dataset in chosen.iter().map(|i| &project.datasets[*i]) {
        let (kind, action, why) = match &dataset.definition {
            Definition::Source(_) => {
                let before = fingerprint::state(lake, &dataset.name).await?;
                let why = if before.is_some() { "asks whether the source has changed" } else { "never captured" };
                if before.is_none() {
                    to_make.extend(&dataset.outputs);
                }
                ("source", PlannedAction::Capture, why.to_string())
            }
            definition => {
                let kind = if matches!(definition, Definition::Query(_)) { "query" } else { "model" };
                let (action, why) = match dataset.inputs.iter().find(|input| to_make.contains(input)) {
                    Some(input) => (PlannedAction::Make, format!("`{input}` is made before it")),
                    None => why_make(&engine, dataset, options).await?,
                };
                if action == PlannedAction::Make {
                    to_make.extend(&dataset.outputs);
                }
                (kind, action, why)
            }
        };
        let input_bytes = fingerprint::input_bytes(lake, dataset).await?;
        let workers = project.target.workers.as_ref().filter(|_| action == PlannedAction::Make);
        let place = match workers {
            Some(workers) if input_bytes >= workers.local_below => Place::Workers,
            _ => Place::Here,
        };
        planned.push(PlannedDataset {
            dataset: dataset.name.clone(),
            kind,
            action,
            why,
            reads: dataset.inputs.clone(),
            input_bytes,
            place,
        });
    }
    Ok(planned)
}

/// Whether and why the dataset is to be made again with its inputs as they are.
async fn why_make(engine: &Engine, dataset: &Dataset, options: &RunOptions) -> Result<(PlannedAction, String)> {
    if options.full_refresh {
        return Ok((PlannedAction::Make, "--full-refresh".to_string()));
    }
    let lake = engine.lake();
    let inputs = fingerprint::inputs(lake, dataset).await?;
    let wanted = fingerprint::of(dataset, &inputs);
    let mut changed = false;
    for table in &dataset.outputs {
        match version::latest(lake, table).await? {
            None => return Ok((PlannedAction::Make, "never made".to_string())),
            Some(version) => changed |= version.fingerprint != wanted,
        }
    }
    if !changed {
        return Ok((PlannedAction::Unchanged, make::UNCHANGED.to_string()));
    }
    let why = "its definition or an input has changed";
    let session = make::open(engine, dataset).await?;
    let is_partitioned = matches!(&dataset.definition, Definition::Query(query) if !query.partition_by.is_empty());
    Ok(match rebuild::of(lake, dataset, &session, &inputs, false).await? {
        Rebuild::Nothing => (PlannedAction::Unchanged, make::UNCHANGED_PARTS.to_string()),
        Rebuild::Some(_, part) => (PlannedAction::Make, part),
        Rebuild::All(Err(whole)) if is_partitioned => {
            (PlannedAction::Make, format!("{why}; not by partition: {whole}"))
        }
        Rebuild::All(_) => (PlannedAction::Make, why.to_string()),
    })
}
