//! An open lake: where it lies, and what can be asked of it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use super::disk;
use super::stage;
use super::table::attic;
use crate::aws::credentials::Chain;
use bytes::Bytes;
use chrono::TimeDelta;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::signer::Signer;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult};

use super::planted::Planted;
use crate::spark::types::Timestamps;
use serde::{Deserialize, Serialize};
use tokio::sync::RwLock;
use url::Url;

use crate::error::{Error, Result};

/// Where a lake lies. Credentials are never here: each machine [finds its own](Chain).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Storage {
    /// `file:///abs/path` or `s3://bucket/prefix`, without a trailing slash.
    pub url: String,
    /// Another S3 than AWS's, as `http://127.0.0.1:9000`.
    pub endpoint: Option<String>,
    pub region: Option<String>,
}

/// For how long what may still concern somebody stays: a claim of another program's form, a number that was given up.
/// No request is under way for so long, and no driver sleeps for so long without knowing.
pub(crate) const OLD: TimeDelta = TimeDelta::days(1);

/// An open lake. Paths are relative to its root, whatever the store: `raw/products/…`.
#[derive(Clone)]
pub struct Lake {
    pub(super) storage: Storage,
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) uploads: Option<Arc<dyn MultipartStore>>,
    /// Signs addresses of objects, by their paths below the prefix; where the store can.
    pub(super) signer: Option<(Arc<dyn Signer>, Path)>,
    pub(super) local_root: Option<PathBuf>,
    pub(super) upload_from_bytes: usize,
    /// Held for reading while a capture or an upload is begun and noted down. It has the runs that begin nothing more.
    pub(super) beginnings: Arc<RwLock<HashSet<String>>>,
    pub(super) keep: Duration,
    pub(super) clock: Clock,
    pub(super) timestamps: Timestamps,
    #[cfg(test)]
    pub(super) planted: Option<Planted>,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lake({}, {})", self.storage.url, self.store)
    }
}

impl Lake {
    /// Opens the lake without touching it: a local folder is made by the first write.
    pub async fn open(storage: &Storage) -> Result<Lake> {
        let url = &storage.url;
        if url.starts_with("file://") {
            return Ok(Lake { storage: storage.clone(), ..Lake::in_folder(&folder(url)?)? });
        }
        let (bucket, prefix) = url
            .strip_prefix("s3://")
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
            .ok_or_else(|| Error::config(format!("`{url}` is no storage")).hint("use file:// or s3://"))?;
        let region = match &storage.region {
            Some(region) => region.clone(),
            None => crate::aws::credentials::region().await,
        };
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_region(&region)
            .with_credentials(Arc::new(Chain::new(&region)));
        if let Some(endpoint) = &storage.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        let s3 = builder.build().map_err(|e| Error::config(format!("cannot open `{url}`")).because(e))?;
        let prefix = Path::parse(prefix)?;
        let signer: Arc<dyn Signer> = Arc::new(s3.clone());
        let store = Arc::new(PrefixStore::new(s3, prefix.clone()));
        let lake = Lake::on(url, store.clone(), Some(store))?;
        Ok(Lake { storage: storage.clone(), signer: Some((signer, prefix)), ..lake })
    }

    /// Opens a lake on a disk of this machine. The path is absolute.
    pub fn in_folder(folder: &std::path::Path) -> Result<Lake> {
        let store = Arc::new(disk::Folder::new(folder)?);
        // Not by hand: `#`, `?` and `%` have a meaning in addresses.
        let url =
            Url::from_file_path(folder).map_err(|()| Error::config(format!("`{}` is no folder", folder.display())))?;
        Lake::on(url.as_str(), store, None)
    }

    /// A lake whose root is the root of `store`. `uploads` is the same store, where it has multipart uploads. With a
    /// `file://` URL the store's files are in that folder.
    pub fn on(url: &str, store: Arc<dyn ObjectStore>, uploads: Option<Arc<dyn MultipartStore>>) -> Result<Lake> {
        let local_root = if url.starts_with("file://") { Some(folder(url)?) } else { None };
        let storage = Storage { url: url.to_string(), endpoint: None, region: None };
        Ok(Lake {
            storage,
            store,
            uploads,
            signer: None,
            local_root,
            upload_from_bytes: stage::PART_BYTES,
            beginnings: Arc::default(),
            keep: attic::DEFAULT_KEEP,
            clock: Clock::default(),
            timestamps: Timestamps::Micros,
            #[cfg(test)]
            planted: None,
        })
    }

    /// A lake in a simulation.
    #[cfg(test)]
    pub(super) fn simulated(
        store: Arc<dyn ObjectStore>,
        uploads: Option<Arc<dyn MultipartStore>>,
        time: Arc<super::simulation::Time>,
        planted: Option<Planted>,
    ) -> Lake {
        let lake = Lake::on("memory://simulated", store, uploads).expect("no folder");
        Lake { clock: Clock::Simulated(time), planted, ..lake }
    }

    /// The same lake, with every staged object of this size or more an upload: tests need not write megabytes for one.
    pub fn with_uploads_from(self, bytes: usize) -> Lake {
        Lake { upload_from_bytes: bytes, ..self }
    }

    /// The lake, with another time for which replaced files are kept.
    pub fn keeping(self, keep: Duration) -> Lake {
        Lake { keep, ..self }
    }

    /// The lake, with another unit in which new tables keep timestamps.
    pub fn storing(self, timestamps: Timestamps) -> Lake {
        Lake { timestamps, ..self }
    }

    /// How finely what is made keeps timestamps.
    pub fn timestamps(&self) -> Timestamps {
        self.timestamps
    }

    /// For how long replaced files are kept at least.
    pub fn keep(&self) -> Duration {
        self.keep
    }

    /// As the user wrote it, for words.
    pub fn url(&self) -> &str {
        &self.storage.url
    }

    /// Where the lake lies, for another machine to open it with its own credentials.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The folder of a local lake; `None` on other stores.
    pub fn local_root(&self) -> Option<&PathBuf> {
        self.local_root.as_ref()
    }

    /// The store's multipart uploads, where it has them.
    pub(super) fn uploads(&self) -> Option<&Arc<dyn MultipartStore>> {
        self.uploads.as_ref()
    }

    /// Smaller objects are staged whole.
    pub(super) fn upload_from_bytes(&self) -> usize {
        self.upload_from_bytes
    }

    /// Held for reading while a capture or an upload is begun and noted down. It has the runs that begin nothing more.
    pub(super) fn beginnings(&self) -> &Arc<RwLock<HashSet<String>>> {
        &self.beginnings
    }

    /// The whole object; `None` when there is none.
    pub async fn read(&self, path: &str) -> Result<Option<Bytes>> {
        match self.store.get(&Path::parse(path)?).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::from(error).context(format!("reading `{path}`"))),
        }
    }

    /// Writes a small object whole, over whatever is there.
    pub async fn write(&self, path: &str, bytes: impl Into<Bytes>) -> Result<()> {
        let done = self.put(path, bytes.into(), PutMode::Overwrite).await;
        done.map_err(|e| Error::from(e).context(format!("writing `{path}`")))?;
        disk::sync(self, [path]).await
    }

    /// Writes a small object if there is none; whether it did. No two writers write the same bytes.
    pub async fn create(&self, path: &str, bytes: impl Into<Bytes>) -> Result<bool> {
        /// For some seconds in all, with pauses that double.
        const TRIES: u32 = 7;
        const FIRST_PAUSE: Duration = Duration::from_millis(50);
        let bytes = bytes.into();
        for attempt in 0..TRIES {
            match self.put(path, bytes.clone(), PutMode::Create).await {
                Ok(_) => return disk::sync(self, [path]).await.map(|()| true),
                Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {}
                Err(error) => return Err(Error::from(error).context(format!("writing `{path}`"))),
            }
            if self.has_planted(Planted::IgnoredConflict) {
                return Ok(false);
            }
            // A request whose answer was lost is sent again, and then finds the object that it has made itself.
            if let Some(there) = self.read(path).await? {
                return Ok(there == bytes);
            }
            // S3 refuses with 409 while another creation is under way, which may come to nothing.
            self.clock.sleep(FIRST_PAUSE * 2u32.pow(attempt)).await;
        }
        Err(Error::failed(format!("the store does not let `{path}` be created, though it is not there"))
            .hint("something else tries to create it all the time; run again"))
    }

    pub(super) async fn put(&self, path: &str, bytes: Bytes, mode: PutMode) -> object_store::Result<PutResult> {
        let mut options = PutOptions::from(mode);
        options.extensions.insert(disk::Forced);
        self.store.put_opts(&Path::parse(path)?, PutPayload::from_bytes(bytes), options).await
    }

    /// Removes an object; it is fine if there is none.
    pub async fn delete(&self, path: &str) -> Result<()> {
        match self.store.delete(&Path::parse(path)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::from(error).context(format!("removing `{path}`"))),
        }
    }

    /// Removes all objects below a folder.
    pub async fn delete_all(&self, dir: &str) -> Result<()> {
        self.delete_each(self.list(dir).await?).await
    }

    /// Removes objects, a thousand per request where the store can; it is fine if some are not there.
    pub async fn delete_each(&self, paths: Vec<String>) -> Result<()> {
        let paths = paths.into_iter().map(|path| Path::parse(path).map_err(object_store::Error::from));
        let removed = self.store.delete_stream(futures::stream::iter(paths.collect::<Vec<_>>()).boxed());
        let removed = removed.map(|removed| match removed {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::from(error).context("removing objects")),
        });
        removed.try_collect().await
    }

    /// The paths of all objects below a folder, sorted.
    pub async fn list(&self, dir: &str) -> Result<Vec<String>> {
        let objects = self.objects(dir).await?;
        Ok(objects.into_iter().map(|object| object.location.to_string()).collect())
    }

    /// The same, without those before a path: of a folder that only grows, the newest cost no more than they are.
    pub async fn list_after(&self, dir: &str, path: &str) -> Result<Vec<String>> {
        let listed = self.store.list_with_offset(Some(&Path::parse(dir)?), &Path::parse(path)?);
        let objects = listed.try_collect::<Vec<_>>().await;
        let objects = objects.map_err(|error| Error::from(error).context(format!("listing `{dir}`")))?;
        let mut paths: Vec<String> = objects.into_iter().map(|object| object.location.to_string()).collect();
        paths.sort();
        Ok(paths)
    }

    /// All objects below a folder, by path, and when each was put, by the store's clock.
    pub(super) async fn objects(&self, dir: &str) -> Result<Vec<ObjectMeta>> {
        let listed = self.store.list(Some(&Path::parse(dir)?)).try_collect::<Vec<_>>().await;
        let mut objects = listed.map_err(|e| Error::from(e).context(format!("listing `{dir}`")))?;
        objects.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(objects)
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the simulation has planted that fault.
    #[cfg(test)]
    pub(super) fn has_planted(&self, fault: Planted) -> bool {
        self.planted == Some(fault)
    }

    #[cfg(not(test))]
    pub(super) fn has_planted(&self, _: Planted) -> bool {
        false
    }

    /// The objects directly in a folder.
    pub(super) async fn objects_in(&self, dir: &str) -> Result<Vec<ObjectMeta>> {
        let listed = self.store.list_with_delimiter(Some(&Path::parse(dir)?)).await;
        Ok(listed.map_err(|e| Error::from(e).context(format!("listing `{dir}`")))?.objects)
    }

    /// The objects directly in each of these folders, which lie below `root`, by one listing of all that is there. Where
    /// that would be dearer than a listing of each folder, it is these.
    pub(super) async fn objects_in_each(&self, root: &str, folders: &[String]) -> Result<Vec<Vec<ObjectMeta>>> {
        /// What S3 tells for the price of one request.
        const NAMES_OF_A_REQUEST: usize = 1_000;
        const AT_ONCE: usize = 32;
        if folders.len() > 1 {
            let places: HashMap<&str, usize> = folders.iter().map(String::as_str).zip(0..).collect();
            let mut objects = vec![vec![]; folders.len()];
            let mut listed = self.store.list(Some(&Path::parse(root)?)).take(NAMES_OF_A_REQUEST * folders.len() + 1);
            let mut count = 0;
            while let Some(object) = listed.next().await {
                let object = object.map_err(|e| Error::from(e).context(format!("listing `{root}`")))?;
                let folder = object.location.as_ref().rsplit_once('/').map_or("", |(folder, _)| folder);
                if let Some(place) = places.get(folder) {
                    objects[*place].push(object);
                }
                count += 1;
            }
            if count <= NAMES_OF_A_REQUEST * folders.len() {
                return Ok(objects);
            }
        }
        let each = futures::stream::iter(folders.to_vec()).map(|folder| async move { self.objects_in(&folder).await });
        each.buffered(AT_ONCE).try_collect().await
    }

    /// The names directly below a folder (objects and folders), sorted.
    pub async fn names(&self, dir: &str) -> Result<Vec<String>> {
        let listed = self.store.list_with_delimiter(Some(&Path::parse(dir)?)).await?;
        let objects = listed.objects.iter().map(|object| &object.location);
        let mut names: Vec<String> =
            objects.chain(&listed.common_prefixes).filter_map(|path| path.filename().map(str::to_string)).collect();
        names.sort();
        Ok(names)
    }
}

/// The folder of a `file://` URL.
fn folder(url: &str) -> Result<PathBuf> {
    let folder = Url::parse(url).ok().and_then(|url| url.to_file_path().ok());
    folder.ok_or_else(|| Error::config(format!("`{url}` is no folder")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_of_any_name_is_the_root_of_its_lake() {
        for name in ["plain", "a b", "50%25", "x#y?z", "ñ"] {
            let dir = tempfile::tempdir().unwrap();
            let folder = dir.path().join(name);
            let url = Url::from_file_path(&folder).unwrap().to_string();
            let opened = Lake::open(&Storage { url, endpoint: None, region: None }).await.unwrap();
            for lake in [Lake::in_folder(&folder).unwrap(), opened] {
                assert_eq!(lake.local_root(), Some(&folder));
                lake.write("an/object", name).await.unwrap();
                assert_eq!(std::fs::read_to_string(folder.join("an/object")).unwrap(), name);
            }
        }
    }

    #[tokio::test]
    async fn one_listing_says_what_a_listing_of_each_folder_says() {
        let lake = Lake::on("memory://lake", Arc::new(object_store::memory::InMemory::new()), None).unwrap();
        for file in ["t/a/v1", "t/a/v2", "t/a/nodes/n", "t/b/v1", "t/ab/v1", "t/v1"] {
            lake.write(file, file).await.unwrap();
        }
        let folders = ["t/b", "t/none", "t/a"].map(String::from);
        let names = async || -> Vec<Vec<String>> {
            let found = lake.objects_in_each("t", &folders).await.unwrap();
            found.into_iter().map(|objects| objects.into_iter().map(|it| it.location.to_string()).collect()).collect()
        };
        let expected: [&[&str]; 3] = [&["t/b/v1"], &[], &["t/a/v1", "t/a/v2"]];
        assert_eq!(names().await, expected);
        // So many that a listing of all would be dearer than three.
        for n in 0..3_000 {
            lake.write(&format!("t/a/nodes/n{n}"), "n").await.unwrap();
        }
        assert_eq!(names().await, expected);
    }
}
