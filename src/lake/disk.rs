//! Forcing a local lake's files to the disk, so that a crash of the machine loses nothing that was committed.
//!
//! A rename is atomic for other processes, but not for a machine that loses power: the file's bytes and the folder's
//! entry are each safe only after their own `fsync`. Object stores give this by themselves.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;

use futures::{StreamExt, TryStreamExt};

use super::Lake;
use crate::error::{Error, Result};

/// `fsync`s that wait for the disk at a time; file systems write them down together.
const AT_ONCE: usize = 16;

/// Forces these objects and the folders that lead to them; nothing to do on other stores.
pub(super) async fn sync(lake: &Lake, paths: impl IntoIterator<Item = impl AsRef<str>>) -> Result<()> {
    let Some(root) = lake.local_root() else { return Ok(()) };
    let files: Vec<PathBuf> = paths.into_iter().map(|path| root.join(path.as_ref())).collect();
    let folders: BTreeSet<PathBuf> = files
        .iter()
        .flat_map(|file| file.ancestors().skip(1).take_while(|folder| folder.starts_with(root)))
        .map(PathBuf::from)
        .collect();
    sync_each(files).await?;
    sync_each(folders).await
}

async fn sync_each(paths: impl IntoIterator<Item = PathBuf>) -> Result<()> {
    futures::stream::iter(paths)
        .map(|path| async move {
            let synced = path.clone();
            let done = tokio::task::spawn_blocking(move || File::open(synced)?.sync_all());
            match done.await.map_err(std::io::Error::other).flatten() {
                // Removed meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                Err(error) => {
                    Err(Error::failed(format!("could not force `{}` to the disk", path.display())).because(error))
                }
                Ok(()) => {
                    #[cfg(test)]
                    tests::note(path);
                    Ok(())
                }
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::lake::commit::{Replaces, commit};
    use crate::lake::data_file::DataFile;
    use crate::lake::landing::{self, LandedFormat, LandedPart, Landing};
    use crate::lake::version::Version;
    use crate::lake::{TableName, capture, stage};

    /// All that was ever forced in this process.
    static FORCED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

    pub fn note(path: PathBuf) {
        FORCED.lock().unwrap().insert(path);
    }

    /// A version of a file in each of `days`.
    async fn write(lake: &Lake, run_id: &str, days: std::ops::Range<usize>) {
        let (mut staged, mut files) = (vec![], vec![]);
        for day in days.map(|day| day.to_string()) {
            let path = format!("trusted/t/day={day}/part-{run_id}.parquet");
            let mut object = stage::begin(lake, run_id, path.clone()).await.unwrap();
            object.write("bytes".into()).await.unwrap();
            staged.push(object.finish().await.unwrap());
            files.push(DataFile {
                path,
                partition: vec![Some(day)],
                rows: 1,
                bytes: 5,
                columns: vec![],
                made_from: None,
                stands_for: None,
            });
        }
        let next = Version {
            table: TableName::parse("trusted.t").unwrap(),
            version: 0,
            run_id: run_id.to_string(),
            committed_at: chrono::DateTime::UNIX_EPOCH,
            fingerprint: String::new(),
            schema: Arc::new(Schema::new(vec![Field::new("day", DataType::Utf8, true)])),
            partition_by: vec!["day".to_string()],
            files: files.into(),
            quarantine: vec![].into(),
            empty: vec![],
            replaced: vec![],
        };
        commit(lake, next, staged, Replaces::TouchedPartitions).await.unwrap();
        stage::clear(lake, run_id).await.unwrap();
    }

    async fn land(lake: &Lake) {
        let at = chrono::DateTime::UNIX_EPOCH;
        let capture = capture::begin(lake, "rows", "first", &landing::folder("rows", at, "first")).await.unwrap();
        let path = landing::part_path(capture.folder(), 1, "csv");
        // As a capture does: it puts the bytes, and leaves the rest to `publish`.
        object_store::ObjectStoreExt::put(lake.store(), &path.as_str().into(), "n".into()).await.unwrap();
        let part = LandedPart { path, rows: 0, bytes: 1, sha256: String::new(), requests: vec![] };
        let landing = Landing {
            source: "rows".to_string(),
            run_id: "first".to_string(),
            fetched_at: at,
            format: LandedFormat::Ndjson,
            schema: Arc::new(Schema::empty()),
            rows: 0,
            bytes: 1,
            sha256: String::new(),
            parts: vec![part],
        };
        capture.publish(lake, &landing, "").await.unwrap();
    }

    fn walk(folder: &Path, found: &mut BTreeSet<PathBuf>) {
        found.insert(folder.to_path_buf());
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), found),
                false => drop(found.insert(entry.path())),
            }
        }
    }

    #[tokio::test]
    async fn all_that_landings_and_commits_leave_was_forced() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::in_folder(dir.path()).unwrap();
        land(&lake).await;
        // Enough for nodes, and then some are replaced.
        write(&lake, "first", 0..200).await;
        write(&lake, "second", 0..3).await;

        let mut there = BTreeSet::new();
        walk(dir.path(), &mut there);
        let count = |part: &str| there.iter().filter(|path| path.to_str().unwrap().contains(part)).count();
        assert!(count("attic/trusted/t/day=1/part-first") == 1 && count("nodes/v") > 2 && count("_landing.json") == 1);
        // What a run has while it is at work goes with it.
        there.retain(|path| !path.ends_with("_trapiche/staging"));
        let forced = FORCED.lock().unwrap();
        assert_eq!(there.difference(&forced).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    }
}
