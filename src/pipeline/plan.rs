//! What a run would do, from metadata alone.

use std::collections::HashSet;

use serde::Serialize;

use super::{RunOptions, fingerprint, validate};
use crate::config::Limits;
use crate::error::Result;
use crate::lake::{Lake, TableName, version};
use crate::project::{Definition, Project, select};

/// One dataset of a plan, in the order in which it would be made.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedDataset {
    pub dataset: TableName,
    /// `source`, `query` or `model`.
    pub kind: &'static str,
    pub action: PlannedAction,
    pub why: String,
    pub reads: Vec<TableName>,
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
                let why = match dataset.inputs.iter().find(|input| to_make.contains(input)) {
                    Some(input) => Some(format!("`{input}` is made before it")),
                    None => why_make(lake, dataset, options).await?,
                };
                match why {
                    Some(why) => {
                        to_make.extend(&dataset.outputs);
                        (kind, PlannedAction::Make, why)
                    }
                    None => (kind, PlannedAction::Unchanged, "same definition and same inputs".to_string()),
                }
            }
        };
        planned.push(PlannedDataset {
            dataset: dataset.name.clone(),
            kind,
            action,
            why,
            reads: dataset.inputs.clone(),
        });
    }
    Ok(planned)
}

/// Why the dataset is to be made again with its inputs as they are; `None` when there is no reason.
async fn why_make(lake: &Lake, dataset: &crate::project::Dataset, options: &RunOptions) -> Result<Option<String>> {
    if options.full_refresh {
        return Ok(Some("--full-refresh".to_string()));
    }
    let wanted = fingerprint::of(dataset, &fingerprint::inputs(lake, dataset).await?);
    for table in &dataset.outputs {
        match version::latest(lake, table).await? {
            None => return Ok(Some("never made".to_string())),
            Some(version) if version.fingerprint != wanted => {
                return Ok(Some("its definition or an input has changed".to_string()));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}
