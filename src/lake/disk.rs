//! A folder as a store, and what a disk needs that object stores give by themselves.
//!
//! A rename is atomic for other processes, but not for a machine that loses power: the file's bytes and the folder's
//! entry are each safe only after their own `fsync`. So a small object that means something by being there is written
//! under a hidden name, [forced](Forced) to the disk, and only then given its name: nobody ever sees an empty one.
//!
//! A folder may hold symbolic links, which lead anywhere. What removes by looking for it looks with [`walk`], which
//! follows none.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
};

use super::Lake;
use crate::error::{Error, Result};

/// Asked of a put: the object is on the disk before it has its name. It costs an `fsync`, so what may be lost with its
/// run is put without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forced;

/// A folder of this machine as a store. It need not exist yet.
#[derive(Debug)]
pub(super) struct Folder {
    files: PrefixStore<LocalFileSystem>,
    root: PathBuf,
}

impl Folder {
    pub fn new(root: &FilePath) -> Result<Folder> {
        // With the folder as the store's own root it would have to exist already.
        let files = LocalFileSystem::new().with_automatic_cleanup(true);
        let files = PrefixStore::new(files, Path::from_absolute_path(root)?);
        Ok(Folder { files, root: root.to_path_buf() })
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Folder({})", self.root.display())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for Folder {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        if options.extensions.get::<Forced>().is_none() {
            return self.files.put_opts(path, payload, options).await;
        }
        let file = self.root.join(path.as_ref());
        let put = tokio::task::spawn_blocking(move || put_forced(&file, &payload, &options.mode));
        match put.await.map_err(io::Error::other).flatten() {
            Ok(()) => Ok(PutResult { e_tag: None, version: None }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(object_store::Error::AlreadyExists { path: path.to_string(), source: error.into() })
            }
            Err(error) => Err(object_store::Error::Generic { store: "Folder", source: error.into() }),
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.files.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.files.get_opts(path, options).await
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> object_store::Result<Vec<Bytes>> {
        self.files.get_ranges(path, ranges).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.files.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.files.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.files.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> object_store::Result<()> {
        self.files.rename_opts(from, to, options).await
    }
}

/// Writes the bytes under a hidden name, forces them to the disk, and gives them their name.
fn put_forced(path: &FilePath, payload: &PutPayload, mode: &PutMode) -> io::Result<()> {
    let (mut file, hidden) = hidden_file(path)?;
    let named =
        payload.iter().try_for_each(|bytes| file.write_all(bytes)).and_then(|()| file.sync_all()).and_then(|()| {
            match mode {
                PutMode::Create => fs::hard_link(&hidden, path),
                PutMode::Overwrite => fs::rename(&hidden, path),
                PutMode::Update(_) => Err(io::Error::new(ErrorKind::Unsupported, "a folder knows no ETags")),
            }
        });
    #[cfg(test)]
    tests::note(hidden.clone());
    if named.is_err() || *mode == PutMode::Create {
        // Should it stay, it is in nobody's way: no listing shows it.
        let _ = fs::remove_file(&hidden);
    }
    named
}

/// Removes what puts that died have left in a folder under hidden names. One that is still under way fails.
pub(super) async fn remove_hidden(root: &FilePath, dir: &str) -> Result<()> {
    let folder = root.join(dir);
    let removed = tokio::task::spawn_blocking(move || {
        let Some(entries) = if_there(fs::read_dir(folder))? else { return Ok(()) };
        for entry in entries {
            let path = entry?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(is_hidden) {
                if_there(fs::remove_file(path))?;
            }
        }
        Ok(())
    });
    removed
        .await
        .map_err(io::Error::other)
        .flatten()
        .map_err(|e: io::Error| Error::from(e).context(format!("in `{dir}`")))
}

/// A new file beside the path, of a name that listings pass over: `LocalFileSystem` uses the same for its own.
fn hidden_file(path: &FilePath) -> io::Result<(File, PathBuf)> {
    let mut number = 1u32;
    loop {
        let mut hidden = path.as_os_str().to_owned();
        hidden.push(format!("#{number}"));
        let hidden = PathBuf::from(hidden);
        match File::options().write(true).create_new(true).open(&hidden) {
            Ok(file) => return Ok((file, hidden)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            // Whoever removes the last file of a folder removes the folder, so it may be gone again.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().ok_or(error)?)?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The files below a folder of the lake, without following any link: what lies behind one is not the lake's. Names that
/// no object can have are passed over.
pub(super) async fn walk(root: &FilePath, dir: &str) -> Result<Vec<ObjectMeta>> {
    let (root, dir) = (root.to_path_buf(), dir.to_string());
    let found = tokio::task::spawn_blocking(move || {
        let mut found = vec![];
        if !is_behind_a_link(&root, &dir)? {
            collect(&root, &root.join(&dir), &mut found)?;
            found.sort_by(|a, b| a.location.cmp(&b.location));
        }
        Ok(found)
    });
    found.await.map_err(io::Error::other).flatten().map_err(|error: io::Error| Error::from(error).context("listing"))
}

fn collect(root: &FilePath, folder: &FilePath, found: &mut Vec<ObjectMeta>) -> io::Result<()> {
    let Some(entries) = if_there(fs::read_dir(folder))? else { return Ok(()) };
    for entry in entries {
        // Other runs may be at work, so anything may go while we look.
        let Some(entry) = if_there(entry)? else { continue };
        let Some(kind) = if_there(entry.file_type())? else { continue };
        let path = entry.path();
        if kind.is_dir() {
            collect(root, &path, found)?;
        } else if kind.is_file()
            && let Some(location) = location(root, &path)
            && let Some(about) = if_there(entry.metadata())?
        {
            let last_modified = about.modified()?.into();
            found.push(ObjectMeta { location, last_modified, size: about.len(), e_tag: None, version: None });
        }
    }
    Ok(())
}

/// Under which path the store has the file; `None` where it cannot.
fn location(root: &FilePath, file: &FilePath) -> Option<Path> {
    let path = Path::parse(file.strip_prefix(root).ok()?.to_str()?).ok()?;
    (!is_hidden(path.filename()?)).then_some(path)
}

/// Whether a listing passes over the file.
fn is_hidden(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    name.split_once('#').is_some_and(|(_, number)| is_number(number))
}

/// Whether what lies at the path, or a folder between the root and it, is a symbolic link.
fn is_behind_a_link(root: &FilePath, path: &str) -> io::Result<bool> {
    let mut place = root.to_path_buf();
    for part in path.split('/') {
        place.push(part);
        match if_there(fs::symlink_metadata(&place))? {
            Some(about) if about.is_symlink() => return Ok(true),
            Some(_) => {}
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// Removes a folder of the lake with all that is in it, files without an object's name included. Links are removed, and
/// what lies behind one is left alone: it is not the lake's.
///
/// Another process may put a file there meanwhile and go on for a moment. What it leaves after that is for the next run.
pub(super) async fn remove_folder(root: &FilePath, dir: &str) -> Result<()> {
    const TRIES: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(100);
    for _ in 0..TRIES {
        let (folder, at, of) = (root.join(dir), dir.to_string(), root.to_path_buf());
        let removed = tokio::task::spawn_blocking(move || match is_behind_a_link(&of, &at)? {
            true => Ok(()),
            false => fs::remove_dir_all(folder),
        });
        match removed.await.map_err(io::Error::other).flatten() {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound && !root.join(dir).exists() => return Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(Error::from(error).context(format!("removing `{dir}`"))),
        }
    }
    Ok(())
}

fn if_there<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

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
    use std::sync::{Arc, Mutex};

    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::lake::landing::{self, LandedFormat, LandedPart, Landing};
    use crate::lake::table::commit::{Replaces, commit};
    use crate::lake::table::data_file::DataFile;
    use crate::lake::table::head::Head;
    use crate::lake::table::version::Version;
    use crate::lake::{ObjectFormat, TableName, capture, stage};

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
            format: ObjectFormat,
            table: TableName::parse("trusted.t").unwrap(),
            version: 0,
            run_id: run_id.to_string(),
            committed_at: chrono::DateTime::UNIX_EPOCH,
            fingerprint: String::new(),
            schema: Arc::new(Schema::new(vec![Field::new("day", DataType::Utf8, true)])),
            timestamps: crate::spark::types::Timestamps::Micros,
            partition_by: vec!["day".to_string()],
            key: vec![],
            layout: crate::lake::table::version::FileLayout::default(),
            files: files.into(),
            quarantine: vec![].into(),
            empty: vec![],
            replaced: vec![],
        };
        let head = Head::look(lake, &next.table).await.unwrap();
        commit(lake, &head, next, staged, Replaces::TouchedPartitions).await.unwrap();
        stage::clear(lake, run_id).await.unwrap();
    }

    async fn land(lake: &Lake) {
        let at = chrono::DateTime::UNIX_EPOCH;
        let capture = capture::begin(lake, "rows", ("first", at), &Default::default(), None).await.unwrap();
        let path = landing::part_path(capture.folder(lake).await.unwrap(), 1, "csv");
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
            notes: vec![],
            window: None,
            parts: vec![part],
            gone: vec![],
        };
        capture.publish(lake, &landing, capture::NextState::of("")).await.unwrap();
    }

    fn all_below(folder: &FilePath, found: &mut BTreeSet<PathBuf>) {
        found.insert(folder.to_path_buf());
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => all_below(&entry.path(), found),
                false => drop(found.insert(entry.path())),
            }
        }
    }

    #[tokio::test]
    async fn an_object_is_on_the_disk_before_it_has_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::in_folder(dir.path()).unwrap();
        assert!(lake.create("_trapiche/tables/t/v1.json", "one").await.unwrap());
        assert!(!lake.create("_trapiche/tables/t/v1.json", "two").await.unwrap());
        lake.write("_trapiche/tables/t/v2.json", "three").await.unwrap();
        let forced = FORCED.lock().unwrap().clone();
        let folder = dir.path().join("_trapiche/tables/t");
        assert!(forced.contains(&folder.join("v1.json#1")) && forced.contains(&folder.join("v2.json#1")));
        assert_eq!(lake.list("").await.unwrap(), ["_trapiche/tables/t/v1.json", "_trapiche/tables/t/v2.json"]);

        std::fs::write(folder.join("v3.json#1"), "").unwrap();
        remove_hidden(dir.path(), "_trapiche/tables/t").await.unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
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
        all_below(dir.path(), &mut there);
        let count = |part: &str| there.iter().filter(|path| path.to_str().unwrap().contains(part)).count();
        assert!(count("attic/trusted/t/day=1/part-first") == 1 && count("nodes/v") > 2 && count("_landing.json") == 1);
        // What a run has while it is at work goes with it.
        there.retain(|path| !path.ends_with("_trapiche/staging"));
        let forced = FORCED.lock().unwrap();
        assert_eq!(there.difference(&forced).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    }
}
