//! The lake: zones, paths, landings, table versions. Everything the steps share lies here, as objects.
//!
//! | file | noun |
//! |---|---|
//! | `name` | zones and table names |
//! | `path` | every object name, Hive's spelling of partitions |
//! | `types` | Spark's type names ⇄ Arrow |
//! | `number` | a number as it is written, and what holds it |
//! | `json_rows`, `landing` | what a capture put into `raw/` |
//! | `state`, `capture` | which landings a source is, and how a capture makes its own one live |
//! | `moment` | what had been made by the end of a run |
//! | `stage`, `version`, `commit` | how a table changes: hidden files → next version → removal of the old |
//! | `current` | what a table is at the moment, whatever its zone |
//! | `data_file`, `tree`, `order` | a version's files as a tree, of which a change writes only the touched part |
//! | `attic` | what was replaced, for as long as it is kept |
//! | `vacuum` | what nothing refers to |
//! | `lock` | one run at a time per dataset |
//! | `format` | the number that all these objects carry |
//! | `clock` | time that passes; the time of day is the store's |
//! | `disk` | a folder as a store, and what is forced to the disk |
//! | `credentials` | whose requests these are, on S3 |
//! | `simulation`, `planted` | the protocol under faults, and faults of the protocol; only in tests |
//! | `gunzip`, `mark` | the one decoding of bytes that capture and scan share |

pub mod attic;
pub mod capture;
mod clock;
pub mod commit;
mod credentials;
pub mod current;
pub mod data_file;
mod disk;
mod format;
pub mod gunzip;
pub mod json_rows;
pub mod landing;
pub mod lock;
pub mod mark;
pub mod moment;
mod name;
pub mod number;
pub mod order;
pub mod path;
mod planted;
#[cfg(test)]
mod simulation;
pub mod stage;
pub mod state;
pub mod tree;
mod tree_change;
pub mod types;
pub mod vacuum;
pub mod version;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use clock::Clock;
use credentials::Chain;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult};

pub use format::Format;
pub use name::{TableName, Zone};
use planted::Planted;
use serde::{Deserialize, Serialize};
use tokio::sync::RwLock;
use types::Timestamps;
use url::Url;

use crate::error::{Error, Result};

/// Where a lake lies. Credentials are never here: each machine [finds its own](credentials::Chain).
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
    storage: Storage,
    store: Arc<dyn ObjectStore>,
    uploads: Option<Arc<dyn MultipartStore>>,
    local_root: Option<PathBuf>,
    upload_from_bytes: usize,
    /// Held for reading while a capture or an upload is begun and noted down. It has the runs that begin nothing more.
    beginnings: Arc<RwLock<HashSet<String>>>,
    keep: Duration,
    clock: Clock,
    timestamps: Timestamps,
    #[cfg(test)]
    planted: Option<Planted>,
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
            None => credentials::region().await,
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
        let store = Arc::new(PrefixStore::new(s3, Path::parse(prefix)?));
        Ok(Lake { storage: storage.clone(), ..Lake::on(url, store.clone(), Some(store))? })
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
    fn simulated(
        store: Arc<dyn ObjectStore>,
        uploads: Option<Arc<dyn MultipartStore>>,
        time: Arc<simulation::Time>,
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
    fn uploads(&self) -> Option<&Arc<dyn MultipartStore>> {
        self.uploads.as_ref()
    }

    /// Smaller objects are staged whole.
    fn upload_from_bytes(&self) -> usize {
        self.upload_from_bytes
    }

    /// Held for reading while a capture or an upload is begun and noted down. It has the runs that begin nothing more.
    fn beginnings(&self) -> &Arc<RwLock<HashSet<String>>> {
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

    async fn put(&self, path: &str, bytes: Bytes, mode: PutMode) -> object_store::Result<PutResult> {
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

    /// All objects below a folder, by path, and when each was put, by the store's clock.
    async fn objects(&self, dir: &str) -> Result<Vec<ObjectMeta>> {
        let listed = self.store.list(Some(&Path::parse(dir)?)).try_collect::<Vec<_>>().await;
        let mut objects = listed.map_err(|e| Error::from(e).context(format!("listing `{dir}`")))?;
        objects.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(objects)
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the simulation has planted that fault.
    #[cfg(test)]
    fn has_planted(&self, fault: Planted) -> bool {
        self.planted == Some(fault)
    }

    #[cfg(not(test))]
    fn has_planted(&self, _: Planted) -> bool {
        false
    }

    /// The objects directly in a folder.
    async fn objects_in(&self, dir: &str) -> Result<Vec<ObjectMeta>> {
        let listed = self.store.list_with_delimiter(Some(&Path::parse(dir)?)).await;
        Ok(listed.map_err(|e| Error::from(e).context(format!("listing `{dir}`")))?.objects)
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
}
