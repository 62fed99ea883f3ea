//! Where files go that a version replaced: out of sight of whoever lists the table, in reach of our own readers.
//!
//! A replaced `trusted/sales/part-….parquet` lies at `_trapiche/attic/trusted/sales/part-….parquet`. File names carry
//! their run's id, so no two files ever want one place, and a reader that misses a file of its version knows where to
//! look without asking anybody. How long they stay is the target's `keep`.
//!
//! A version names what it replaced. Once it is older than `keep`, those files go, and then the version before it: no
//! list of the attic is needed to find what is due, and nothing is done twice unless a run died.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::version::{self, Kept};
use super::{Lake, TableName, disk, path};
use crate::error::{Error, Result};

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
    /// In the attic, and nodes; as paths of the lake.
    pub files: Vec<String>,
    /// The numbers of the versions that had them, oldest first.
    pub versions: Vec<u64>,
}

/// Where a replaced object is.
fn place(object: String) -> String {
    if is_out_of_sight(&object) { object } else { path::attic_file(&object) }
}

/// What was replaced at least `keep` before `now`.
pub async fn expired(lake: &Lake, table: &TableName, keep: Duration, now: DateTime<Utc>) -> Result<Expired> {
    let mut expired = Expired::default();
    for pair in version::kept(lake, table).await?.windows(2) {
        let [old, next] = pair else { unreachable!("windows of two") };
        if !is_due(next, keep, now) {
            break;
        }
        let Some(version) = version::read(lake, table, next.number).await? else { continue };
        expired.files.extend(version.replaced.into_iter().map(place));
        expired.versions.push(old.number);
    }
    Ok(expired)
}

/// Removes what was replaced at least `keep` before `now`. The files go first: a version that is there has its files,
/// or is removed by the next sweep.
pub async fn sweep(lake: &Lake, table: &TableName, keep: Duration, now: DateTime<Utc>) -> Result<()> {
    let expired = expired(lake, table, keep, now).await?;
    lake.delete_each(expired.files).await?;
    lake.delete_each(expired.versions.iter().map(|number| path::version_file(table, *number)).collect()).await
}

/// Whether no reader of tables' folders comes across it: nodes stay where they are until they expire.
pub fn is_out_of_sight(object: &str) -> bool {
    object.starts_with("_trapiche/")
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
    // With nothing to keep, a store whose clock is ahead of ours must not make us wait.
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
