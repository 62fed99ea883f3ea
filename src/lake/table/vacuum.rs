//! What nothing in the lake refers to any longer: found by listing, so not part of a run.
//!
//! A run removes what it knows of itself ([`attic`]), and whoever claims datasets next clears away what dead runs had
//! staged ([`lock`](crate::lake::lock)). Left over is what died with its run or was put here by other hands: files in a table's
//! folder that no version has, which whoever lists that folder reads.
//!
//! It looks at the files first, then at the commits under way, then at the versions. A file gets its name only while its
//! commit is under way, and a commit ends by making a version or by taking its files back; so what was there at the
//! first look and is in neither of the others will never be in a version again. Removing it is right however late it
//! happens.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::ObjectMeta;
use serde::Serialize;

use super::shelf::Shelf;
use super::version::{self, Version};
use super::{attic, commit};
use crate::error::Result;
use crate::lake::{Lake, TableName, Zone, capture, disk, landing, path, state};

/// Younger objects may be what other hands are about to move elsewhere.
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
    /// It lies in a table's folder, and is in no version; or in a source's, and in no landing.
    Stray,
    /// A version that was replaced longer ago than replaced files are kept, or a part of it.
    Version,
    /// Of a landing that is in none of the source's newest states.
    Landing,
    /// Parts of an upload that nobody will complete.
    Upload,
    /// An answer that was too large to be sent, whose address leads nowhere any longer.
    Answer,
}

/// Removes what can go of a table; what it was. `now` is the store's time.
pub async fn remove(lake: &Lake, table: &TableName, keep: Duration, now: DateTime<Utc>) -> Result<Vec<Garbage>> {
    if table.zone == Zone::Raw {
        let garbage = of_source(lake, &table.name, now).await?;
        lake.delete_each(garbage.iter().map(|garbage| garbage.path.clone()).collect()).await?;
        return Ok(garbage);
    }
    let found = look(lake, table, keep, now).await?;
    attic::no_longer_kept(lake, table, &Shelf::look(lake, table).await?, found.oldest).await?;
    lake.delete_each(found.garbage.iter().map(|garbage| garbage.path.clone()).collect()).await?;
    Ok(found.garbage)
}

/// What can go of a table.
pub async fn find(lake: &Lake, table: &TableName, keep: Duration, now: DateTime<Utc>) -> Result<Vec<Garbage>> {
    if table.zone == Zone::Raw {
        return of_source(lake, &table.name, now).await;
    }
    Ok(look(lake, table, keep, now).await?.garbage)
}

/// Every table that was ever made here, by whatever project.
pub async fn tables(lake: &Lake) -> Result<Vec<TableName>> {
    let mut tables = vec![];
    for zone in Zone::ALL {
        let names = lake.names(&format!("{}/{zone}", path::TABLES)).await?;
        tables.extend(names.into_iter().map(|name| TableName::new(zone, name)));
    }
    Ok(tables)
}

struct KeptFiles {
    garbage: Vec<Garbage>,
    /// The oldest version that is still kept.
    oldest: u64,
}

async fn look(lake: &Lake, table: &TableName, keep: Duration, now: DateTime<Utc>) -> Result<KeptFiles> {
    let (mut visible, mut replaced) = (vec![], vec![]);
    for folder in [path::table_dir(table), path::quarantine_dir(table), path::runs_dir(table)] {
        let below = format!("{folder}/");
        let objects = objects(lake, &folder).await?;
        visible.extend(objects.into_iter().filter(|object| is_visible(object.location.as_ref(), &below)));
        if !attic::is_out_of_sight(&below) {
            replaced.extend(self::objects(lake, &path::attic_file(&folder)).await?);
        }
    }
    let of_versions = objects(lake, &path::versions_dir(table)).await?;
    let pending = commit::claimed(lake, table).await?;
    let expired = attic::expired(lake, table, keep, now).await?;
    let (mut files, mut nodes) = (HashSet::new(), HashSet::new());
    for kept in version::kept(lake, table).await?.into_iter().filter(|kept| kept.number >= expired.oldest) {
        let Some(version) = version::read(lake, table, kept.number).await? else { continue };
        files.extend(paths(lake, &version).await?);
        nodes.extend(version::nodes(lake, &version).await?);
    }

    let due: HashSet<&String> = expired.files.iter().collect();
    let numbers: HashSet<String> = expired.numbers.iter().map(|number| path::version_file(table, *number)).collect();
    let mut garbage = vec![];
    let mut add = |what, object: &ObjectMeta| {
        garbage.push(Garbage { what, path: object.location.to_string(), bytes: object.size });
    };
    for object in &replaced {
        let file = object.location.to_string();
        let original = file.strip_prefix(path::ATTIC).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
        // Also one that the newest version has: the next commit that replaces the file wants its copy here.
        let is_needed = files.contains(original) || pending.contains(original);
        if due.contains(&file) || (!is_needed && is_old(object, now)) {
            add(What::Replaced, object);
        }
    }
    for object in &visible {
        let file = object.location.as_ref();
        if due.contains(&file.to_string()) {
            add(What::Replaced, object);
        } else if is_old(object, now) && !files.contains(file) && !pending.contains(file) {
            add(What::Stray, object);
        }
    }
    for object in &of_versions {
        let file = object.location.to_string();
        let is_stray =
            path::is_node(&file) && !nodes.contains(&file) && !pending.contains(&file) && is_old(object, now);
        if due.contains(&file) || numbers.contains(&file) || is_stray {
            add(What::Version, object);
        }
    }
    Ok(KeptFiles { garbage, oldest: expired.oldest })
}

/// Parts without a manifest that no capture will ever publish: one that slept can write a part after it was taken back.
/// A landing with a manifest stays whatever the states say, as landings do.
async fn of_source(lake: &Lake, source: &str, now: DateTime<Utc>) -> Result<Vec<Garbage>> {
    let folder = |object: &ObjectMeta| object.location.as_ref().rsplit_once('/').map(|(folder, _)| folder.to_string());
    let objects = objects(lake, &format!("{}/{source}", Zone::Raw)).await?;
    let mut kept: HashSet<Option<String>> = HashSet::new();
    kept.extend(objects.iter().filter(|object| landing::is_manifest(object.location.as_ref())).map(folder));
    kept.extend(capture::under_way(lake, source).await?.into_iter().map(Some));
    kept.extend(state::ever_live(lake, source).await?.into_iter().map(Some));
    let strays = objects.iter().filter(|object| !kept.contains(&folder(object)) && is_old(object, now));
    let stray =
        |object: &ObjectMeta| Garbage { what: What::Stray, path: object.location.to_string(), bytes: object.size };
    Ok(strays.map(stray).collect())
}

fn is_old(object: &ObjectMeta, now: DateTime<Utc>) -> bool {
    (now - object.last_modified).to_std().is_ok_and(|age| age >= GRACE)
}

async fn paths(lake: &Lake, version: &Version) -> Result<Vec<String>> {
    let (files, bad) = (version::files(lake, version).await?, version::quarantined(lake, version).await?);
    Ok(files.into_iter().chain(bad).map(|file| file.path).collect())
}

/// The objects below a folder; on a disk without those behind a link, which may be anywhere.
async fn objects(lake: &Lake, folder: &str) -> Result<Vec<ObjectMeta>> {
    match lake.local_root() {
        Some(root) => disk::walk(root, folder).await,
        None => lake.objects(folder).await,
    }
}

/// Whether readers of Hive tables see it: they pass over what lies below a name that begins so.
fn is_visible(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|inside| inside.split('/').all(|part| !part.starts_with(['_', '.'])))
}
