//! The one way in which a table changes.
//!
//! 1. `pending.json` names the next version, its staged files and the files it replaces.
//! 2. The staged files are published (renamed, or their uploads completed).
//! 3. `v<next>.json` is created: from here on the table *is* the next version.
//! 4. What it replaces is removed, then `pending.json`.
//!
//! Whoever dies on the way leaves `pending.json`, and [`recover`] looks whether 3 happened: if so it
//! does 4 again, if not it takes the published files back. Each step may be done twice. That is right because no one
//! else is at work on the table, which [`lock`](super::lock) sees to.

use serde::{Deserialize, Serialize};

use super::stage::{self, Staged};
use super::version::{self, DataFile, Version};
use super::{Lake, TableName, path};
use crate::error::{Error, Kind, Result};

/// How many versions a table keeps the manifests of. Only the newest one's files are all there.
const VERSIONS_KEPT: u64 = 10;

/// Which of the current files the next version does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaces {
    Nothing,
    Everything,
    /// Those in a partition that a new file lies in.
    TouchedPartitions,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    next: Version,
    staged: Vec<Staged>,
    removed: Vec<String>,
}

/// Makes `next` the table's version. `next.files` and `next.quarantine` are the new files, all in `staged`;
/// those of the current version that stay are added here, and `next.version` is set.
pub async fn commit(lake: &Lake, mut next: Version, staged: Vec<Staged>, replaces: Replaces) -> Result<Version> {
    let current = version::latest(lake, &next.table).await?;
    next.version = current.as_ref().map_or(1, |current| current.version + 1);
    let mut removed = vec![];
    if let Some(current) = current {
        let (kept, gone) = split(current.files, &next.files, replaces);
        let (kept_bad, gone_bad) = split(current.quarantine, &next.quarantine, replaces);
        removed = gone.into_iter().chain(gone_bad).map(|file| file.path).collect();
        next.files.splice(0..0, kept);
        next.quarantine.splice(0..0, kept_bad);
    }
    let pending = Pending { next, staged, removed };
    // Whoever holds the table's lock has recovered it, so there is none; a run whose lock ran out stops here.
    if !lake.create(&path::pending_file(&pending.next.table), to_json(&pending)).await? {
        return Err(changed_meanwhile(&pending.next.table));
    }
    stage::publish_all(lake, &pending.staged).await?;
    let file = path::version_file(&pending.next.table, pending.next.version);
    if !lake.create(&file, to_json(&pending.next)).await? {
        undo(lake, &pending).await?;
        return Err(changed_meanwhile(&pending.next.table));
    }
    finish(lake, &pending).await?;
    Ok(pending.next)
}

/// Finishes or takes back what a run that died had begun on this table.
pub async fn recover(lake: &Lake, table: &TableName) -> Result<()> {
    let Some(bytes) = lake.read(&path::pending_file(table)).await? else { return Ok(()) };
    let Ok(pending) = serde_json::from_slice::<Pending>(&bytes) else {
        // Torn while it was written: nothing had been published yet.
        return lake.delete(&path::pending_file(table)).await;
    };
    match version::read(lake, table, pending.next.version).await? {
        Some(committed) if committed.run_id == pending.next.run_id => finish(lake, &pending).await,
        _ => undo(lake, &pending).await,
    }
}

async fn finish(lake: &Lake, pending: &Pending) -> Result<()> {
    lake.delete_each(pending.removed.clone()).await?;
    let table = &pending.next.table;
    if let Some(old) = pending.next.version.checked_sub(VERSIONS_KEPT) {
        lake.delete(&path::version_file(table, old)).await?;
    }
    lake.delete(&path::pending_file(table)).await
}

async fn undo(lake: &Lake, pending: &Pending) -> Result<()> {
    for file in &pending.staged {
        stage::discard(lake, file).await?;
    }
    lake.delete(&path::pending_file(&pending.next.table)).await
}

fn changed_meanwhile(table: &TableName) -> Error {
    Error::new(Kind::Locked, format!("`{table}` was changed by another run meanwhile")).hint("run again")
}

/// (kept, gone) of the current files.
fn split(current: Vec<DataFile>, new: &[DataFile], replaces: Replaces) -> (Vec<DataFile>, Vec<DataFile>) {
    match replaces {
        Replaces::Nothing => (current, vec![]),
        Replaces::Everything => (vec![], current),
        Replaces::TouchedPartitions => {
            let touched: std::collections::HashSet<_> = new.iter().map(|file| &file.partition).collect();
            current.into_iter().partition(|file| !touched.contains(&file.partition))
        }
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("versions have text keys only")
}
