//! A store that writes down what is asked of it, in the kinds of requests that S3 has.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartId, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::places::Uploads;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A thousand names are one request; no test has as many.
    List,
    Get,
    Head,
    /// Also the requests of an upload.
    Put,
    Copy,
    /// S3 removes a thousand objects in one request.
    Delete,
}

/// One request, and what it is about: an object, or the folder that is listed.
pub type Request = (Kind, String);

#[derive(Clone)]
pub struct Asked {
    inner: Arc<dyn ObjectStore>,
    uploads: Uploads,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Asked {
    pub fn new(inner: Arc<dyn ObjectStore>, uploads: Uploads) -> Self {
        Asked { inner, uploads, requests: Arc::default() }
    }

    /// What was asked since the last call.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    fn note(&self, kind: Kind, path: &Path) {
        self.requests.lock().unwrap().push((kind, path.to_string()));
    }

    fn note_list(&self, prefix: Option<&Path>) {
        self.note(Kind::List, prefix.unwrap_or(&Path::default()));
    }

    fn uploads(&self) -> &Arc<dyn MultipartStore> {
        self.uploads.as_ref().expect("asked for only where there are some")
    }
}

#[async_trait]
impl ObjectStore for Asked {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.note(Kind::Put, path);
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.note(Kind::Put, path);
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.note(if options.head { Kind::Head } else { Kind::Get }, path);
        self.inner.get_opts(path, options).await
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.note(Kind::Get, path);
        self.inner.get_ranges(path, ranges).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (asked, mut is_first) = (self.clone(), true);
        let noted = paths.inspect(move |path| {
            if let (true, Ok(path)) = (std::mem::take(&mut is_first), path) {
                asked.note(Kind::Delete, path);
            }
        });
        self.inner.delete_stream(noted.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.note_list(prefix);
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.note_list(prefix);
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.note(Kind::Copy, to);
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait]
impl MultipartStore for Asked {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.note(Kind::Put, path);
        self.uploads().create_multipart(path).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, part: usize, data: PutPayload) -> Result<PartId> {
        self.note(Kind::Put, path);
        self.uploads().put_part(path, id, part, data).await
    }

    async fn complete_multipart(&self, path: &Path, id: &MultipartId, parts: Vec<PartId>) -> Result<PutResult> {
        self.note(Kind::Put, path);
        self.uploads().complete_multipart(path, id, parts).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.note(Kind::Delete, path);
        self.uploads().abort_multipart(path, id).await
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asked({})", self.inner)
    }
}
