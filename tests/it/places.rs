//! The stores that tests run on: a folder, memory, and S3 servers that are started for them.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::memory::InMemory;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, MultipartId, ObjectStore, PutPayload, PutResult, Result};
use trapiche::lake::Lake;

pub type Uploads = Option<Arc<dyn MultipartStore>>;

/// The store at a place, and the URL of a lake there: `file:///folder`, `http://127.0.0.1:9000/prefix` or `memory`.
pub fn open(place: &str) -> (String, Arc<dyn ObjectStore>, Uploads) {
    if place == "memory" {
        let store = Arc::new(InMemory::new());
        return ("memory://lake".to_string(), store.clone(), Some(Arc::new(AsDocumented(store))));
    }
    if let Some(folder) = place.strip_prefix("file://") {
        let lake = Lake::in_folder(FilePath::new(folder)).unwrap();
        return (place.to_string(), lake.store().clone(), None);
    }
    let (endpoint, prefix) = place.rsplit_once('/').unwrap();
    let store = Arc::new(PrefixStore::new(client(endpoint), Path::parse(prefix).unwrap()));
    (format!("s3://{BUCKET}/{prefix}"), store.clone(), Some(Arc::new(AsDocumented(store))))
}

/// One client per server: hundreds of lakes with connections of their own are more than a process may have open.
fn client(endpoint: &str) -> AmazonS3 {
    static CLIENTS: Mutex<BTreeMap<String, AmazonS3>> = Mutex::new(BTreeMap::new());
    let build = || {
        AmazonS3Builder::new()
            .with_endpoint(endpoint)
            .with_allow_http(true)
            .with_bucket_name(BUCKET)
            .with_access_key_id(KEY)
            .with_secret_access_key(SECRET)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .build()
            .unwrap()
    };
    CLIENTS.lock().unwrap().entry(endpoint.to_string()).or_insert_with(build).clone()
}

/// Uploads that answer as S3 documents (and MinIO does) when one is aborted that is gone: 404. s3s-fs says 403 then,
/// and object_store's memory something of its own.
struct AsDocumented<T>(Arc<T>);

#[async_trait]
impl<T: MultipartStore> MultipartStore for AsDocumented<T> {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.0.create_multipart(path).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, part: usize, data: PutPayload) -> Result<PartId> {
        self.0.put_part(path, id, part, data).await
    }

    async fn complete_multipart(&self, path: &Path, id: &MultipartId, parts: Vec<PartId>) -> Result<PutResult> {
        self.0.complete_multipart(path, id, parts).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        let gone = |source| Error::NotFound { path: path.to_string(), source };
        self.0.abort_multipart(path, id).await.map_err(|error| match error {
            Error::PermissionDenied { source, .. } => gone(source),
            Error::Generic { source, .. } if source.to_string().contains(id) => gone(source),
            error => error,
        })
    }
}

/// An S3 server of its own, gone when dropped.
pub struct S3Server {
    pub endpoint: String,
    pid: String,
    folder: PathBuf,
}

const BUCKET: &str = "lake";
pub const KEY: &str = "trapiche";
pub const SECRET: &str = "trapiche-secret";

impl S3Server {
    /// Starts `minio` or `s3s`. Where it is not installed the test is skipped with a word; on CI that is a failure.
    pub fn start(kind: &str) -> Option<S3Server> {
        let answer = script("s3-server").args(["start", kind]).stdin(Stdio::null()).output().unwrap();
        let words = String::from_utf8_lossy(&answer.stderr);
        if !answer.status.success() {
            assert!(!on_ci(), "{words}");
            println!("skipped: {words}");
            return None;
        }
        let text = String::from_utf8(answer.stdout).unwrap();
        let [endpoint, pid, folder] = text.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
        Some(S3Server { endpoint: endpoint.to_string(), pid: pid.to_string(), folder: folder.into() })
    }

    pub fn place(&self, prefix: &str) -> String {
        format!("{}/{prefix}", self.endpoint)
    }

    /// (open uploads, parts that they hold), as the server keeps them in its folder: neither lists them for a prefix.
    pub fn open_uploads(&self) -> (usize, usize) {
        let minio = self.folder.join(".minio.sys/multipart");
        let files = crate::workbench::files_below(if minio.exists() { &minio } else { &self.folder });
        let names = files.iter().map(|file| file.rsplit('/').next().unwrap());
        names.fold((0, 0), |(uploads, parts), name| match name {
            "xl.meta" => (uploads + 1, parts),
            name if name.starts_with(".upload-") => (uploads + 1, parts),
            name if name.starts_with("part.") && !name.ends_with(".meta") => (uploads, parts + 1),
            name if name.starts_with(".upload_id-") => (uploads, parts + 1),
            _ => (uploads, parts),
        })
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = script("s3-server").arg("stop").arg(&self.pid).arg(&self.folder).status();
    }
}

/// A database server of its own, gone when dropped.
pub struct DatabaseServer {
    /// With user and password.
    pub url: String,
    pub folder: PathBuf,
    pid: String,
}

impl DatabaseServer {
    /// Starts `postgres` or `mariadb`. Where it is not installed the test is skipped with a word; on CI that is a failure.
    pub fn start(kind: &str) -> Option<DatabaseServer> {
        let answer = script("database-server").args(["start", kind]).stdin(Stdio::null()).output().unwrap();
        let words = String::from_utf8_lossy(&answer.stderr);
        if !answer.status.success() {
            assert!(!on_ci(), "{words}");
            println!("skipped: {words}");
            return None;
        }
        let text = String::from_utf8(answer.stdout).unwrap();
        let [url, pid, folder] = text.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
        Some(DatabaseServer { url: url.to_string(), pid: pid.to_string(), folder: folder.into() })
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        let _ = script("database-server").arg("stop").arg(&self.pid).arg(&self.folder).status();
    }
}

fn script(name: &str) -> Command {
    Command::new(FilePath::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name))
}

#[expect(clippy::disallowed_methods, reason = "CI says so in the environment")]
pub fn on_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
