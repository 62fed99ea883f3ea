//! The one way in which a table changes.
//!
//! 1. `pending.json` names the next version, its staged files, its new nodes and the objects it replaces.
//! 2. The files it replaces are copied to the [`attic`], unless nothing is to be kept.
//! 3. The nodes are written, and the staged files published (renamed, or their uploads completed).
//! 4. `v<next>.json` is created: from here on the table *is* the next version.
//! 5. What it replaces is removed from the table's folder, then `pending.json`.
//!
//! Whoever dies on the way leaves `pending.json`, and [`recover`] looks whether 4 happened: if so it
//! does 5 again, if not it takes the nodes and the published files back. Each step may be done twice. That is right
//! because no one else is at work on the table, which [`lock`](super::lock) sees to.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::order::Order;
use super::path::PartitionValue;
use super::stage::{self, Staged};
use super::tree::{self, Node};
use super::tree_change::TreeChange;
use super::version::{self, Version};
use super::{Lake, TableName, attic, path};
use crate::error::{Error, Kind, Result};

/// Which of the current files the next version does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaces {
    Nothing,
    Everything,
    /// Those in a partition that a new file lies in.
    TouchedPartitions,
    /// Those in these partitions.
    Partitions(HashSet<Vec<PartitionValue>>),
    /// These, by their paths.
    Files(HashSet<String>),
}

#[derive(Serialize, Deserialize)]
struct Pending {
    next: Version,
    staged: Vec<Staged>,
    nodes: Vec<String>,
    removed: Vec<String>,
}

/// Makes `next` the table's version. `next.files` and `next.quarantine` are leaves of the new files, all in `staged`;
/// those of the current version that stay are added here, and `next.version` is set.
pub async fn commit(lake: &Lake, mut next: Version, staged: Vec<Staged>, replaces: Replaces) -> Result<Version> {
    let current = version::latest(lake, &next.table).await?;
    next.version = current.as_ref().map_or(1, |current| current.version + 1);
    let order = Order::of(&next.schema, &next.partition_by);
    let (old, old_bad) = current.map(|current| (current.files, current.quarantine)).unwrap_or_default();
    let mut change = TreeChange::new(lake, &next.table, next.version, &next.run_id);
    let files = follow(&mut change, old, next.files, &replaces, &order).await?;
    // What broke a check is never partitioned.
    let quarantine = follow(&mut change, old_bad, next.quarantine, &replaces, &Order::default()).await?;
    let TreeChange { nodes: new_nodes, removed_files, removed_nodes, .. } = change;
    (next.files, next.quarantine) = (files, quarantine);
    let removed = match lake.keep().is_zero() {
        true => [removed_files, removed_nodes].concat(),
        false => {
            // No reader of folders comes across nodes: they stay where they are until they expire.
            next.replaced = [removed_files.as_slice(), &removed_nodes].concat();
            removed_files
        }
    };
    let nodes = new_nodes.iter().map(|(path, _)| path.clone()).collect();
    let pending = Pending { next, staged, nodes, removed };
    // Whoever holds the table's lock has recovered it, so there is none; a run whose lock ran out stops here.
    if !lake.create(&path::pending_file(&pending.next.table), to_json(&pending)).await? {
        return Err(changed_meanwhile(&pending.next.table));
    }
    if !lake.keep().is_zero() {
        attic::copy(lake, &pending.removed).await?;
    }
    let writes = stream::iter(new_nodes).map(|(path, node)| async move { lake.write(&path, node).await });
    writes.buffer_unordered(tree::AT_ONCE).try_collect::<()>().await?;
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

/// The objects that an unfinished commit is about to publish, to write or to remove.
pub async fn claimed(lake: &Lake, table: &TableName) -> Result<Vec<String>> {
    let Some(bytes) = lake.read(&path::pending_file(table)).await? else { return Ok(vec![]) };
    let Ok(pending) = serde_json::from_slice::<Pending>(&bytes) else { return Ok(vec![]) };
    Ok(pending.staged.into_iter().map(|staged| staged.path).chain(pending.nodes).chain(pending.removed).collect())
}

async fn finish(lake: &Lake, pending: &Pending) -> Result<()> {
    lake.delete_each(pending.removed.clone()).await?;
    lake.delete(&path::pending_file(&pending.next.table)).await
}

async fn undo(lake: &Lake, pending: &Pending) -> Result<()> {
    for file in &pending.staged {
        stage::discard(lake, file).await?;
    }
    for node in &pending.nodes {
        lake.delete(node).await?;
    }
    lake.delete(&path::pending_file(&pending.next.table)).await
}

fn changed_meanwhile(table: &TableName) -> Error {
    Error::new(Kind::Locked, format!("`{table}` was changed by another run meanwhile")).hint("run again")
}

/// The list that follows `old` when the files of `new` come.
async fn follow(change: &mut TreeChange<'_>, old: Node, new: Node, replaces: &Replaces, order: &Order) -> Result<Node> {
    let Node::Leaf(new) = new else { unreachable!("new files come as a plain list") };
    match replaces {
        Replaces::Nothing => change.replace(old, &HashSet::new(), |_| false, new, order).await,
        Replaces::Everything => change.replace_all(old, new, order).await,
        Replaces::TouchedPartitions => {
            let touched = new.iter().map(|file| file.partition.clone()).collect();
            change.replace(old, &touched, |_| true, new, order).await
        }
        Replaces::Partitions(touched) => change.replace(old, touched, |_| true, new, order).await,
        Replaces::Files(files) => {
            let touched = new.iter().map(|file| file.partition.clone()).collect();
            change.replace(old, &touched, |file| files.contains(&file.path), new, order).await
        }
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("versions have text keys only")
}
