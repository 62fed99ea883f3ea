//! Removing what nothing in the lake refers to.

use std::time::Duration;

use crate::error::Result;
use crate::lake::vacuum::{self, Garbage};
use crate::lake::{Lake, commit, lock};
use crate::project::Project;
use crate::report::RunStamp;

/// Removes it, unless this is a dry run; what it was. No run is at work meanwhile.
pub async fn vacuum(
    project: &Project,
    lake: &Lake,
    keep: Duration,
    dry_run: bool,
    stamp: &RunStamp,
) -> Result<Vec<Garbage>> {
    if dry_run {
        return vacuum::find(lake, keep, stamp.at).await;
    }
    let lock = lock::acquire(lake, &stamp.run_id, project.datasets.iter().map(|dataset| dataset.name.clone())).await?;
    lock.hold_for(remove(project, lake, keep, stamp)).await
}

async fn remove(project: &Project, lake: &Lake, keep: Duration, stamp: &RunStamp) -> Result<Vec<Garbage>> {
    for table in project.datasets.iter().flat_map(|dataset| &dataset.outputs) {
        commit::recover(lake, table).await?;
    }
    let found = vacuum::find(lake, keep, stamp.at).await?;
    lake.delete_each(found.iter().map(|garbage| garbage.path.clone()).collect()).await?;
    Ok(found)
}
