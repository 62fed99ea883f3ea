//! A file of this machine in a lake of this machine, without its bytes being written again: both share the blocks of the disk until one
//! is changed (a reflink; Btrfs, XFS and others have them). It is never a hard link: what landed does not change.

use std::fs::{self, File};
use std::path::PathBuf;

use tokio::task::spawn_blocking;

use super::Lake;
use crate::error::{Error, Result};

/// The copy. It goes when this does, unless it got its name.
#[derive(Debug)]
pub struct SharedCopy {
    root: PathBuf,
    /// Nobody looks for it here.
    file: Option<PathBuf>,
}

impl SharedCopy {
    /// Of the file as it is now, under a name that it has until it is whole; `None` where the file systems cannot.
    ///
    /// # Errors
    /// When a file cannot be made there.
    pub async fn of(lake: &Lake, source: &tokio::fs::File, path: &str) -> Result<Option<SharedCopy>> {
        let Some(root) = lake.local_root().cloned() else { return Ok(None) };
        let file = root.join(path);
        let unmade = |error| Error::failed(format!("could not write `{}`", file.display())).because(error);
        let source = source.try_clone().await.map_err(unmade)?.into_std().await;
        let copied = {
            let file = file.clone();
            spawn_blocking(move || {
                fs::create_dir_all(file.parent().unwrap_or(&file))?;
                let copy = SharedCopy { root, file: Some(file.clone()) };
                // Dropped, it takes the empty file along.
                Ok(share(&source, &File::create(&file)?).then_some(copy))
            })
        };
        copied.await.map_err(std::io::Error::other).flatten().map_err(unmade)
    }

    /// To be read from its first byte on.
    ///
    /// # Errors
    /// When it is gone.
    pub async fn open(&self) -> std::io::Result<tokio::fs::File> {
        tokio::fs::File::open(self.file.as_deref().unwrap_or(&self.root)).await
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub async fn name(mut self, path: &str) -> Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let named = tokio::fs::rename(&file, self.root.join(path)).await;
        named.map_err(|error| Error::failed(format!("writing `{path}`")).because(error))
    }
}

impl Drop for SharedCopy {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // What stays goes with the folder of a capture that came to nothing.
            let _ = fs::remove_file(file);
        }
    }
}

/// Whether it could be done.
#[cfg(target_os = "linux")]
fn share(source: &File, copy: &File) -> bool {
    rustix::fs::ioctl_ficlone(copy, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn share(_: &File, _: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `TMPDIR` on Btrfs or XFS shows the one half, on other file systems the other.
    #[tokio::test]
    async fn a_copy_stays_as_it_was_or_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (root, source) = (folder.path().join("lake"), folder.path().join("source"));
        let lake = Lake::in_folder(&root).unwrap();
        fs::write(&source, "a,b\n1,2\n").unwrap();
        let file = tokio::fs::File::open(&source).await.unwrap();
        let shared = SharedCopy::of(&lake, &file, "raw/t/part-0001.shared").await.unwrap();
        let names = || fs::read_dir(root.join("raw/t")).unwrap().map(|it| it.unwrap().file_name()).collect::<Vec<_>>();
        let Some(copy) = shared else {
            assert!(names().is_empty());
            return;
        };
        fs::write(&source, "c,d\n3,4\n").unwrap();
        copy.name("raw/t/part-0001.csv").await.unwrap();
        assert_eq!(names(), ["part-0001.csv"]);
        assert_eq!(fs::read_to_string(root.join("raw/t/part-0001.csv")).unwrap(), "a,b\n1,2\n");
        drop(SharedCopy::of(&lake, &file, "raw/t/part-0002.shared").await.unwrap().unwrap());
        assert_eq!(names(), ["part-0001.csv"]);
    }
}
