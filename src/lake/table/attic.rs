//! Where files go that a version replaced: out of sight of whoever lists the table, in reach of our own readers.
//!
//! A replaced `trusted/sales/part-….parquet` lies at `_trapiche/attic/trusted/sales/part-….parquet`. File names carry
//! their run's id, so no two files ever want one place, and a reader that misses a file of its version knows where to
//! look without asking anybody. How long they stay is the target's `keep`.
//!
//! A version names what it replaced. Once it is older than `keep`, the versions before it are no longer kept: first an
//! object says so, then those files go. No list of the attic is needed to find what is due. A run that dies between the
//! two leaves files that no version has, which is what [`vacuum`](super::vacuum) is for.
//!
//! Whatever is removed here is in no version any more and never will be again: so it does no harm if a run that has long
//! lost its claim does it late. That is why a copy of a file that is still in the table stays, though the commit that
//! put it here was taken back: the next one that replaces the file wants it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::Serialize;

use super::shelf::{Kept, Shelf};
use super::version::{self, Version};
use crate::error::{Error, Result};
use crate::lake::format::ObjectFormat;
use crate::lake::planted::Planted;
use crate::lake::{Lake, OLD, TableName, disk, path};

/// Longer than Athena lets a statement run (30 minutes), with room for the planning before it.
pub const DEFAULT_KEEP: Duration = Duration::from_secs(60 * 60);

/// S3 answers a copy in some 50 ms whatever the size: 32 at once are 600 files a second.
const COPIES_AT_ONCE: usize = 32;

/// Puts the files into the attic and leaves them where they are, too: a reader always finds one of the two. On a file
/// system this is a link, on S3 a copy inside the store. A file that is not there any more has been moved before.
pub async fn copy(lake: &Lake, files: &[String]) -> Result<()> {
    let copies = stream::iter(files.to_vec()).map(|file| copy_one(lake.clone(), file));
    copies.buffer_unordered(COPIES_AT_ONCE).try_collect::<()>().await?;
    let kept: Vec<String> = files.iter().map(|file| path::attic_file(file)).collect();
    disk::sync(lake, kept.iter()).await
}

async fn copy_one(lake: Lake, file: String) -> Result<()> {
    match lake.store().copy(&Path::parse(&file)?, &Path::parse(path::attic_file(&file))?).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(Error::from(error).context(format!("moving `{file}` to the attic"))),
    }
}

/// What a table no longer has to keep.
#[derive(Debug, Default, PartialEq)]
pub struct Expired {
    /// The oldest version that is still kept; 0 when all are.
    pub oldest: u64,
    /// In the attic, and nodes; as paths of the lake.
    pub files: Vec<String>,
    /// Numbers of versions that can be given up, lowest first.
    pub numbers: Vec<u64>,
}

/// What was replaced at least `keep` before `now`, which is the store's time.
pub async fn expired(lake: &Lake, table: &TableName, keep: Duration, now: DateTime<Utc>) -> Result<Expired> {
    expired_of(lake, table, (&Shelf::look(lake, table).await?, None), keep, now).await
}

async fn expired_of(
    lake: &Lake,
    table: &TableName,
    (shelf, newest): (&Shelf, Option<&Version>),
    keep: Duration,
    now: DateTime<Utc>,
) -> Result<Expired> {
    let mut expired = Expired { oldest: shelf.oldest, ..Expired::default() };
    for next in shelf.kept().iter().skip(1).take_while(|next| is_due(next, keep, now)) {
        let replaced = match newest.filter(|newest| newest.version == next.number) {
            Some(newest) => newest.replaced.clone(),
            None => match version::read(lake, table, next.number).await? {
                Some(version) => version.replaced,
                None => continue,
            },
        };
        expired.files.extend(replaced.into_iter().map(place));
        expired.oldest = next.number;
    }
    if let (true, Some(newest), Some(last)) = (keep.is_zero(), newest, shelf.kept().last()) {
        // Committed since the names were listed, it may not be among them. Where nothing is kept, it has replaced nothing.
        if newest.version > last.number {
            expired.oldest = newest.version;
        }
    }
    let pairs = shelf.numbers.windows(2).take_while(|pair| pair[0].number < expired.oldest);
    let at_once = lake.has_planted(Planted::ExpiredNumberFreed);
    let long_ago = pairs.take_while(|pair| at_once || now - pair[1].created_at >= OLD);
    expired.numbers = long_ago.map(|pair| pair[0].number).collect();
    Ok(expired)
}

/// Removes what was replaced at least `keep` before `now`, which is the store's time. The table was last seen under these
/// names, and to be this version, if it is known: what is due by that is due, however long ago it was.
pub async fn sweep(
    lake: &Lake,
    table: &TableName,
    (shelf, newest): (&Shelf, Option<&Version>),
    keep: Duration,
    now: DateTime<Utc>,
) -> Result<()> {
    let expired = expired_of(lake, table, (shelf, newest), keep, now).await?;
    if lake.has_planted(Planted::FilesBeforeOldest) {
        lake.delete_each(expired.files.clone()).await?;
    }
    no_longer_kept(lake, table, shelf, expired.oldest).await?;
    lake.delete_each(expired.files).await?;
    give_up(lake, table, &expired.numbers).await
}

/// Keeps no version before `oldest`, and removes what those versions had replaced. What `oldest` itself replaced is not
/// looked at.
pub(in crate::lake) async fn forget_before(lake: &Lake, table: &TableName, shelf: &Shelf, oldest: u64) -> Result<()> {
    let mut files = vec![];
    for former in shelf.kept().iter().skip(1).take_while(|former| former.number < oldest) {
        let version = version::read(lake, table, former.number).await?;
        files.extend(version.into_iter().flat_map(|version| version.replaced).map(place));
    }
    no_longer_kept(lake, table, shelf, oldest).await?;
    lake.delete_each(files).await
}

/// Writes down that versions before `oldest` are not kept.
pub(in crate::lake) async fn no_longer_kept(lake: &Lake, table: &TableName, shelf: &Shelf, oldest: u64) -> Result<()> {
    if oldest <= shelf.oldest {
        return Ok(());
    }
    lake.write(
        &path::oldest_file(table, oldest),
        serde_json::to_vec(&Oldest { format: ObjectFormat }).expect("text keys only"),
    )
    .await?;
    let before = shelf.former_oldest.iter().chain((shelf.oldest > 0).then_some(&shelf.oldest));
    lake.delete_each(before.map(|number| path::oldest_file(table, *number)).collect()).await
}

/// Removes the objects of versions that are not kept, so that their numbers are free again.
pub(in crate::lake) async fn give_up(lake: &Lake, table: &TableName, numbers: &[u64]) -> Result<()> {
    lake.delete_each(numbers.iter().map(|number| path::version_file(table, *number)).collect()).await
}

/// What an object says whose name says it all.
#[derive(Serialize)]
struct Oldest {
    format: ObjectFormat,
}

/// Where a replaced object is.
fn place(object: String) -> String {
    if is_out_of_sight(&object) { object } else { path::attic_file(&object) }
}

/// Whether no reader of tables' folders comes across it: nodes, and files in folders of runs, stay where they are until they
/// expire.
pub fn is_out_of_sight(object: &str) -> bool {
    let folder = object.split_once('/').map_or("", |(folder, _)| folder);
    matches!(folder, "_trapiche" | path::VERSIONS)
}

/// Reads how long something is kept: `0s`, `90s`, `30m`, `1h`, `7d`.
pub fn parse_keep(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("write a whole number and one of s, m, h, d: `30m`, `1h`, `7d`".to_string()),
    };
    const HUNDRED_YEARS: u64 = 36_525 * 24 * 60 * 60;
    let number: u64 = number.parse().map_err(|_| format!("`{number}` is no whole number"))?;
    match number.checked_mul(seconds) {
        Some(seconds @ ..=HUNDRED_YEARS) => Ok(Duration::from_secs(seconds)),
        _ => Err("it is a hundred years at most".to_string()),
    }
}

/// A version's creation is the moment at which it replaced its files, by the store's clock.
fn is_due(next: &Kept, keep: Duration, now: DateTime<Utc>) -> bool {
    // What the run knows of the store's time is a little behind it.
    keep.is_zero() || (now - next.created_at).to_std().is_ok_and(|age| age >= keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_numbers_with_a_unit() {
        assert_eq!(parse_keep("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_keep("30m"), Ok(Duration::from_secs(1800)));
        assert_eq!(parse_keep("7d"), Ok(Duration::from_secs(604_800)));
        for text in ["", "1", "h", "1.5h", "-1h", "1 h", "99999999999s", "36526d"] {
            assert!(parse_keep(text).is_err(), "{text}");
        }
    }
}
