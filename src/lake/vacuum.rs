//! What nothing in the lake refers to any longer: found by listing, so not part of a run.
//!
//! A run removes what it knows of itself ([`attic`]), and whoever claims datasets next clears away what dead runs had
//! staged ([`lock`](super::lock)). Left over is what died with its run or was
//! put here by other hands: files in a table's folder that no version has, which whoever lists that folder reads.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use serde::Serialize;

use super::version::Version;
use super::{Lake, TableName, Zone, attic, commit, path, version};
use crate::error::{Error, Result};

/// Younger objects may belong to a run that is at work and has not written its version yet.
pub const GRACE: Duration = Duration::from_secs(60 * 60);

/// An object that can go.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Garbage {
    pub what: What,
    /// Relative to the lake's root.
    pub path: String,
    pub bytes: u64,
}

/// Why nobody misses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It was replaced longer ago than replaced files are kept.
    Replaced,
    /// It lies in a table's folder, and is in no version.
    Stray,
    /// A version that was replaced longer ago than replaced files are kept, or a part of it.
    Version,
}

/// All that can go, in the order in which it is to be removed.
pub async fn find(lake: &Lake, keep: Duration, now: DateTime<Utc>) -> Result<Vec<Garbage>> {
    let mut found = vec![];
    for table in tables(lake).await? {
        found.extend(of_table(lake, &table, keep, now).await?);
    }
    // A version goes after its files: one that is there has them.
    found.sort_by_key(|garbage| garbage.what);
    Ok(found)
}

/// Every table that was ever made here, also those that the project has no longer.
async fn tables(lake: &Lake) -> Result<Vec<TableName>> {
    let mut tables = vec![];
    for zone in Zone::ALL {
        let names = lake.names(&format!("{}/{zone}", path::TABLES)).await?;
        tables.extend(names.into_iter().map(|name| TableName::new(zone, name)));
    }
    Ok(tables)
}

async fn of_table(lake: &Lake, table: &TableName, keep: Duration, now: DateTime<Utc>) -> Result<Vec<Garbage>> {
    let expired = attic::expired(lake, table, keep, now).await?;
    let (mut older, mut latest, mut nodes) = (HashSet::new(), HashSet::new(), HashSet::new());
    for kept in version::kept(lake, table).await? {
        if expired.versions.contains(&kept.number) {
            continue;
        }
        let Some(version) = version::read(lake, table, kept.number).await? else { continue };
        older.extend(latest.drain());
        latest.extend(paths(lake, &version).await?);
        nodes.extend(version::nodes(lake, &version).await?);
    }
    let pending: HashSet<String> = commit::claimed(lake, table).await?.into_iter().collect();
    latest.extend(pending.iter().cloned());

    let mut found = vec![];
    let due: HashSet<&String> = expired.files.iter().collect();
    for folder in [path::table_dir(table), path::quarantine_dir(table)] {
        for object in objects(lake, &folder).await? {
            let file = object.location.to_string();
            if is_visible(&object) && is_old(&object, now) && !latest.contains(&file) && !older.contains(&file) {
                found.push(garbage(What::Stray, &object));
            }
        }
        for object in objects(lake, &path::attic_file(&folder)).await? {
            let file = object.location.to_string();
            let original = file.strip_prefix(path::ATTIC).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
            // One that the latest version has is the copy of a commit that was taken back.
            let needed = older.contains(original) && !latest.contains(original);
            if due.contains(&file) || (!needed && is_old(&object, now)) {
                found.push(garbage(What::Replaced, &object));
            }
        }
    }
    let versions: Vec<String> = expired.versions.iter().map(|number| path::version_file(table, *number)).collect();
    for object in objects(lake, &path::versions_dir(table)).await? {
        let file = object.location.to_string();
        let is_stray =
            path::is_node(&file) && !nodes.contains(&file) && !pending.contains(&file) && is_old(&object, now);
        if due.contains(&file) || versions.contains(&file) || is_stray {
            found.push(garbage(What::Version, &object));
        }
    }
    Ok(found)
}

async fn paths(lake: &Lake, version: &Version) -> Result<Vec<String>> {
    let (files, bad) = (version::files(lake, version).await?, version::quarantined(lake, version).await?);
    Ok(files.into_iter().chain(bad).map(|file| file.path).collect())
}

async fn objects(lake: &Lake, folder: &str) -> Result<Vec<ObjectMeta>> {
    let listed: Result<Vec<_>, _> = lake.store().list(Some(&Path::parse(folder)?)).try_collect().await;
    listed.map_err(|error| Error::from(error).context(format!("listing `{folder}`")))
}

fn garbage(what: What, object: &ObjectMeta) -> Garbage {
    Garbage { what, path: object.location.to_string(), bytes: object.size }
}

/// Whether readers of Hive tables see it.
fn is_visible(object: &ObjectMeta) -> bool {
    object.location.filename().is_some_and(|name| !name.starts_with(['_', '.']))
}

fn is_old(object: &ObjectMeta, now: DateTime<Utc>) -> bool {
    (now - object.last_modified).to_std().is_ok_and(|age| age >= GRACE)
}
