//! A store that counts what is asked of it, in the classes that S3 bills, and answers as late as S3 does if it is to.

use std::fmt;
use std::ops::{AddAssign, Range};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartId, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use serde::{Deserialize, Serialize};

/// Requests and their bytes. Removals are free.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Cost {
    /// All that S3 bills as a PUT: also COPY, LIST and the requests of an upload.
    pub puts: u64,
    pub gets: u64,
    pub written_bytes: u64,
    pub read_bytes: u64,
}

impl Cost {
    /// At the prices for us-east-1: $0.005 for 1,000 PUT, $0.0004 for 1,000 GET.
    pub fn dollars(&self) -> f64 {
        self.puts as f64 * 0.005 / 1e3 + self.gets as f64 * 0.0004 / 1e3
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, more: Cost) {
        self.puts += more.puts;
        self.gets += more.gets;
        self.written_bytes += more.written_bytes;
        self.read_bytes += more.read_bytes;
    }
}

const PUT: Cost = Cost { puts: 1, gets: 0, written_bytes: 0, read_bytes: 0 };

#[derive(Clone)]
pub struct Counted {
    inner: Arc<dyn ObjectStore>,
    uploads: Option<Arc<dyn MultipartStore>>,
    latency: Duration,
    cost: Arc<Mutex<Cost>>,
}

impl Counted {
    pub fn new(inner: Arc<dyn ObjectStore>, uploads: Option<Arc<dyn MultipartStore>>, latency: Duration) -> Self {
        Counted { inner, uploads, latency, cost: Arc::default() }
    }

    /// What was asked since the last call.
    pub fn take(&self) -> Cost {
        std::mem::take(&mut *self.cost.lock().unwrap())
    }

    fn add(&self, cost: Cost) {
        *self.cost.lock().unwrap() += cost;
    }

    async fn put(&self, bytes: usize) {
        self.add(Cost { written_bytes: bytes as u64, ..PUT });
        self.wait().await;
    }

    async fn wait(&self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }

    fn uploads(&self) -> &Arc<dyn MultipartStore> {
        self.uploads.as_ref().expect("asked for only where there are some")
    }
}

#[async_trait]
impl ObjectStore for Counted {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.put(payload.content_length()).await;
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.put(0).await;
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.wait().await;
        let head = options.head;
        let found = self.inner.get_opts(path, options).await;
        let bytes = found.as_ref().map_or(0, |found| if head { 0 } else { found.range.end - found.range.start });
        self.add(Cost { gets: 1, read_bytes: bytes, ..Cost::default() });
        found
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.wait().await;
        let bytes = ranges.iter().map(|range| range.end - range.start).sum();
        self.add(Cost { gets: 1, read_bytes: bytes, ..Cost::default() });
        self.inner.get_ranges(path, ranges).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.add(PUT);
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.put(0).await;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.put(0).await;
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait]
impl MultipartStore for Counted {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.put(0).await;
        self.uploads().create_multipart(path).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, part: usize, data: PutPayload) -> Result<PartId> {
        self.put(data.content_length()).await;
        self.uploads().put_part(path, id, part, data).await
    }

    async fn complete_multipart(&self, path: &Path, id: &MultipartId, parts: Vec<PartId>) -> Result<PutResult> {
        self.put(0).await;
        self.uploads().complete_multipart(path, id, parts).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.uploads().abort_multipart(path, id).await
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counted({})", self.inner)
    }
}
