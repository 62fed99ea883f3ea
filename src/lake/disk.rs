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
pub(super) async fn sync(lake: &Lake, paths: &[&str]) -> Result<()> {
    let Some(root) = lake.local_root() else { return Ok(()) };
    let files: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
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
                Ok(()) => Ok(()),
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
