//! Removing what nothing in the lake refers to.

use std::time::Duration;

use super::catalog::Catalog;
use super::uploads;
use crate::error::{Error, Result};
use crate::lake::table::commit;
use crate::lake::table::vacuum::{self, Garbage};
use crate::lake::{Lake, TableName, Zone, lock, old_landings, parcel};
use crate::project::{Definition, Project};
use crate::report::RunStamp;

/// What was removed, or would be.
#[derive(Debug)]
pub struct Vacuumed {
    pub garbage: Vec<Garbage>,
    /// Tables of the lake that the project does not make. Another one may, and be at work on them.
    pub left_alone: Vec<TableName>,
    /// Why uploads that were not completed could not be looked for.
    pub unseen_uploads: Option<Error>,
}

/// Removes it, unless this is a dry run. No run is at work on the project's tables meanwhile.
pub async fn vacuum(
    project: &Project,
    lake: &Lake,
    keep: Duration,
    dry_run: bool,
    stamp: &RunStamp,
) -> Result<Vacuumed> {
    let tables: Vec<&TableName> = project.datasets.iter().flat_map(|dataset| &dataset.outputs).collect();
    let kept_landings = project.datasets.iter().filter_map(|dataset| match &dataset.definition {
        Definition::Source(source) => Some((&dataset.name.name, source.keep_landings?)),
        Definition::Query(_) | Definition::Model(_) => None,
    });
    let kept_landings: Vec<(&String, u32)> = kept_landings.collect();
    let (mut garbage, mut unseen_uploads) = (vec![], None);
    if dry_run {
        for table in &tables {
            garbage.extend(vacuum::find(lake, table, keep, stamp.at).await?);
        }
        for (source, states) in kept_landings {
            garbage.extend(old_landings::find(lake, source, states).await?);
        }
        garbage.extend(parcel::find_old(lake, stamp.at).await?);
        match uploads::abandoned(project, lake, &tables, stamp.at).await {
            Ok(Some((bucket, uploads))) => garbage.extend(uploads::garbage(&bucket, &uploads).await),
            Ok(None) => {}
            Err(error) => unseen_uploads = Some(error),
        }
    } else {
        let datasets = project.datasets.iter().map(|dataset| dataset.name.clone());
        let lock = lock::acquire(lake, &stamp.run_id, datasets).await?;
        let now = lock.store_time();
        let catalog = Catalog::open(project).await;
        let work = async {
            for table in &tables {
                if table.zone != Zone::Raw {
                    commit::recover(lake, table, &stamp.run_id).await?;
                }
                if let Some(catalog) = &catalog {
                    catalog.leave_old(project, lake, table).await?;
                }
                garbage.extend(vacuum::remove(lake, table, keep, now).await?);
            }
            for (source, states) in kept_landings {
                let old = old_landings::find(lake, source, states).await?;
                lake.delete_each(old.iter().map(|garbage| garbage.path.clone()).collect()).await?;
                garbage.extend(old);
            }
            let old = parcel::find_old(lake, now).await?;
            lake.delete_each(old.iter().map(|garbage| garbage.path.clone()).collect()).await?;
            garbage.extend(old);
            match uploads::abandoned(project, lake, &tables, now).await {
                Ok(Some((bucket, uploads))) => {
                    garbage.extend(uploads::garbage(&bucket, &uploads).await);
                    for upload in &uploads {
                        bucket.abort(upload).await?;
                    }
                }
                Ok(None) => {}
                // Not every store lists them, and not everyone may ask; all else is done by now.
                Err(error) => unseen_uploads = Some(error),
            }
            Ok(())
        };
        lock.hold_for(work).await?;
    }
    let mut left_alone = vacuum::tables(lake).await?;
    left_alone.retain(|table| !tables.contains(&table));
    // All of a kind together: what was replaced, strays, then versions.
    garbage.sort_by_key(|garbage| garbage.what);
    Ok(Vacuumed { garbage, left_alone, unseen_uploads })
}
