//! The one way in which a table changes.
//!
//! 1. `pending-<next>-<run>.json` names the next version, its staged files, its new nodes and the objects it replaces.
//! 2. The files it replaces are copied to the [`attic`], unless nothing is to be kept.
//! 3. The nodes are written, and the staged files published (renamed, or their uploads completed).
//! 4. `v<next>.json` is created: from here on the table *is* the next version.
//! 5. What it replaces is removed from the table's folder, then the pending object.
//!
//! Whoever dies on the way leaves the pending object, and [`recover`] looks who has the number: if it is the dead run's
//! version, 5 is done again. If the number is free, it is taken first ([aborted](version)), so that a run that was only
//! asleep cannot create its version any more; then its nodes and published files are taken back. The
//! [lock](crate::lake::lock) keeps runs apart, but nothing here is wrong without it: of all that want a number one has it, and
//! each step removes only what its own run made, or what no version will ever have again.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::attic;
use super::data_file::DataFile;
use super::head::Head;
use super::order::KeyOrder;
use super::shelf::Shelf;
use super::tree::{self, Node};
use super::tree_change::TreeChange;
use super::version::{self, Record, Version};
use crate::error::{Error, Kind, Result};
use crate::lake::format::{Content, ObjectFormat};
use crate::lake::path::{self, PartitionValue};
use crate::lake::planted::Planted;
use crate::lake::stage::{self, Staged};
use crate::lake::{Lake, OLD, TableName, disk, lock};

/// Which of the current files the next version does not have.
#[derive(Debug, Clone, PartialEq)]
pub enum Replaces {
    Nothing,
    Everything,
    /// Those in a partition that a new file lies in.
    TouchedPartitions,
    /// Those in these partitions.
    Partitions(HashSet<Vec<PartitionValue>>),
    /// These, by their paths.
    Files(HashSet<String>),
    /// These, in whatever partitions, and all rows that broke a check: what is merged has its own.
    Merged(Vec<DataFile>),
}

impl Replaces {
    /// The same for the rows that broke a check.
    fn of_quarantine(&self) -> &Replaces {
        match self {
            Replaces::Merged(_) => &Replaces::Everything,
            other => other,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Pending {
    #[serde(default)]
    format: ObjectFormat,
    next: Version,
    staged: Vec<Staged>,
    nodes: Vec<String>,
    removed: Vec<String>,
}

/// Makes `next` the table's version, the one that follows `head`, and gives the new head. `next.files` and
/// `next.quarantine` are leaves of the new files, all in `staged`; those of the head that stay are added here, and
/// `next.version` is set.
///
/// # Errors
/// `Locked` when the table is no longer what `head` says.
pub async fn commit(
    lake: &Lake,
    head: &Head,
    mut next: Version,
    staged: Vec<Staged>,
    replaces: Replaces,
) -> Result<Head> {
    next.version = head.next_number();
    let order = KeyOrder::of(&next.schema, &next.partition_by);
    let (old, old_bad) = match &head.version {
        Some(current) => (current.files.clone(), current.quarantine.clone()),
        None => Default::default(),
    };
    let mut change = TreeChange::new(lake, &next.table, next.version, &next.run_id);
    let files = follow(&mut change, old, next.files, &replaces, &order).await?;
    // What broke a check is never partitioned.
    let quarantine =
        follow(&mut change, old_bad, next.quarantine, replaces.of_quarantine(), &KeyOrder::default()).await?;
    let TreeChange { nodes: new_nodes, removed_files, removed_nodes, .. } = change;
    let (mut staying, removed_files): (Vec<String>, Vec<String>) =
        removed_files.into_iter().partition(|file| attic::is_out_of_sight(file));
    // As nodes: no reader of folders comes across them, so they stay where they are until they expire.
    staying.extend(removed_nodes);
    (next.files, next.quarantine) = (files, quarantine);
    let removed = match lake.keep().is_zero() {
        true => [removed_files, staying].concat(),
        false => {
            next.replaced = [removed_files.as_slice(), &staying].concat();
            removed_files
        }
    };
    let nodes = new_nodes.iter().map(|(path, _)| path.clone()).collect();
    let pending = Pending { format: ObjectFormat, next, staged, nodes, removed };
    if lake.has_planted(Planted::PublishBeforePending) {
        stage::publish_all(lake, &pending.staged).await?;
    }
    if !lake.create(&pending.file(lake), to_json(&pending)).await? {
        return Err(changed_meanwhile(&pending.next.table));
    }
    if !lake.keep().is_zero() && !lake.has_planted(Planted::AtticForgotten) {
        attic::copy(lake, &pending.removed).await?;
    }
    let writes = stream::iter(new_nodes).map(|(path, node)| async move { lake.write(&path, node).await });
    writes.buffer_unordered(tree::AT_ONCE).try_collect::<()>().await?;
    stage::publish_all(lake, &pending.staged).await?;
    if lake.has_planted(Planted::DeleteBeforeCreate) {
        lake.delete_each(pending.removed.clone()).await?;
    }
    let file = path::version_file(&pending.next.table, pending.next.version);
    if lake.has_planted(Planted::BlindCommit) {
        lake.write(&file, to_json(&pending.next)).await?;
    } else if !lake.create(&file, to_json(&pending.next)).await? {
        undo(lake, &pending).await?;
        return Err(changed_meanwhile(&pending.next.table));
    }
    match finish(lake, &pending, head.shelf.clone()).await? {
        Some(shelf) => Ok(Head { version: Some(pending.next), shelf }),
        None => Err(changed_meanwhile(&pending.next.table)),
    }
}

/// The table as it is for a run that has claimed it, once [all that was begun on it](recover) is ended. `listed` are its
/// names as they were at some moment since the claim, where they are known: then this is one request, as a rule.
pub async fn open(lake: &Lake, table: &TableName, by: &str, listed: Option<Shelf>) -> Result<Head> {
    let shelf = match listed {
        Some(shelf) => shelf,
        None => Shelf::look(lake, table).await?,
    };
    settle_all(lake, table, &shelf, by).await?;
    // What was settled may have made a version or taken a number: then the names are others.
    if shelf.pending.is_empty()
        && let Some(head) = Head::of(lake, table, shelf).await?
    {
        return Ok(head);
    }
    Head::look(lake, table).await
}

/// Finishes or takes back what other runs, or this one, had begun on this table and not ended. `by` is the run that
/// does it.
pub async fn recover(lake: &Lake, table: &TableName, by: &str) -> Result<()> {
    settle_all(lake, table, &Shelf::look(lake, table).await?, by).await
}

async fn settle_all(lake: &Lake, table: &TableName, shelf: &Shelf, by: &str) -> Result<()> {
    if let Some(root) = lake.local_root() {
        disk::remove_hidden(root, &path::versions_dir(table)).await?;
    }
    for (name, began_at) in &shelf.pending {
        let file = format!("{}/{name}", path::versions_dir(table));
        let Some(bytes) = lake.read(&file).await? else { continue };
        match Content::<Pending>::of(&bytes) {
            Content::Whole(pending) => settle(lake, &pending, by).await?,
            // Its writer died over it, and had published nothing yet.
            Content::Torn => lake.delete(&file).await?,
            Content::Unknown(_) if lock::store_time(lake).await?.is_some_and(|now| now - *began_at >= OLD) => {
                lake.delete(&file).await?;
            }
            Content::Unknown(error) => {
                return Err(Error::new(
                    Kind::Locked,
                    format!("`{file}` is a commit of a form that this program does not know"),
                )
                .because(error)
                .hint("another version of trapiche may be at work; if none is, remove that object"));
            }
        }
    }
    Ok(())
}

async fn settle(lake: &Lake, pending: &Pending, by: &str) -> Result<()> {
    let Pending { next: Version { table, version: number, run_id, .. }, .. } = pending;
    loop {
        match version::record(lake, table, *number).await? {
            Some(Record::Version(committed))
                if committed.run_id == *run_id || lake.has_planted(Planted::FinishedForAnother) =>
            {
                return finish(lake, pending, Shelf::default()).await.map(drop);
            }
            Some(_) => return undo(lake, pending).await,
            None => {
                if lake.has_planted(Planted::UndoWithoutOwning)
                    || version::abort(lake, table, *number, run_id, by).await?
                {
                    return undo(lake, pending).await;
                }
            }
        }
    }
}

/// The objects that unfinished commits are about to publish, to write or to remove.
pub(in crate::lake) async fn claimed(lake: &Lake, table: &TableName) -> Result<HashSet<String>> {
    let mut claimed = HashSet::new();
    for (name, _) in Shelf::look(lake, table).await?.pending {
        let Some(bytes) = lake.read(&format!("{}/{name}", path::versions_dir(table))).await? else { continue };
        if let Content::Whole(Pending { staged, nodes, removed, .. }) = Content::of(&bytes) {
            claimed.extend(staged.into_iter().map(|staged| staged.path).chain(nodes).chain(removed));
        }
    }
    Ok(claimed)
}

/// Removes what the version replaced. What the table's names are then, which are as they were `seen` if nothing had to be
/// looked up; `None` when the version is none of the table's.
async fn finish(lake: &Lake, pending: &Pending, seen: Shelf) -> Result<Option<Shelf>> {
    let Pending { next: Version { table, version: number, replaced, .. }, removed, .. } = pending;
    let mut shelf = seen;
    let mut is_of_the_table = true;
    if !removed.is_empty() || !replaced.is_empty() {
        // Not as it was seen before: a number that was given up can be had by a run that has slept for longer than that
        // takes. Its version is none, and what it would replace may be the table.
        shelf = Shelf::look(lake, table).await?;
        is_of_the_table = shelf.oldest <= *number;
        if is_of_the_table {
            if replaced.is_empty() {
                attic::forget_before(lake, table, &shelf, *number).await?;
                shelf.keep_from(*number);
            }
            lake.delete_each(removed.clone()).await?;
        }
    }
    lake.delete(&pending.file(lake)).await?;
    Ok(is_of_the_table.then_some(shelf))
}

async fn undo(lake: &Lake, pending: &Pending) -> Result<()> {
    if lake.has_planted(Planted::PendingRemovedFirst) {
        lake.delete(&pending.file(lake)).await?;
    }
    for file in &pending.staged {
        stage::discard(lake, file).await?;
    }
    for node in &pending.nodes {
        lake.delete(node).await?;
    }
    lake.delete(&pending.file(lake)).await
}

impl Pending {
    fn file(&self, lake: &Lake) -> String {
        if lake.has_planted(Planted::SharedPendingName) {
            return path::pending_file(&self.next.table, 0, "shared");
        }
        path::pending_file(&self.next.table, self.next.version, &self.next.run_id)
    }
}

fn changed_meanwhile(table: &TableName) -> Error {
    Error::new(Kind::Locked, format!("`{table}` was changed by another run meanwhile")).hint("run again")
}

/// The list that follows `old` when the files of `new` come.
async fn follow(
    change: &mut TreeChange<'_>,
    old: Node,
    new: Node,
    replaces: &Replaces,
    order: &KeyOrder,
) -> Result<Node> {
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
        Replaces::Merged(files) => {
            let touched = files.iter().map(|file| file.partition.clone()).collect();
            let paths: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
            change.replace(old, &touched, |file| paths.contains(file.path.as_str()), new, order).await
        }
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("versions have text keys only")
}
