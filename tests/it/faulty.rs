//! A store at whose n-th operation something goes wrong.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartId, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use crate::places::Uploads;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The process aborts before the operation.
    Die,
    /// The operation is not done, and an error is answered.
    Fail,
    /// The operation is done, and an error is answered.
    LoseAnswer,
    /// What is read ends in the middle, with an error; what is not read fails.
    CutShort,
    /// The same, because the store cannot be reached any more.
    Lose,
    /// A creation is refused as if there were an object, and there is none; all else is done.
    Conflict,
    /// The operation takes this much longer.
    Delay(Duration),
}

/// Passes everything on to a store, but for one operation.
#[derive(Clone)]
pub struct Faulty {
    inner: Arc<dyn ObjectStore>,
    uploads: Uploads,
    point: Arc<Point>,
}

struct Point {
    at: u64,
    fault: Fault,
    seen: AtomicU64,
}

impl Faulty {
    /// Operations count from 1; with 0 none goes wrong.
    pub fn new(inner: Arc<dyn ObjectStore>, uploads: Uploads, at: u64, fault: Fault) -> Self {
        Faulty { inner, uploads, point: Arc::new(Point { at, fault, seen: AtomicU64::new(0) }) }
    }

    /// Operations so far.
    pub fn seen(&self) -> u64 {
        self.point.seen.load(Ordering::SeqCst)
    }

    fn uploads(&self) -> &Arc<dyn MultipartStore> {
        self.uploads.as_ref().expect("asked for only where there are some")
    }
}

impl Point {
    /// Counts an operation; the fault that is to befall it.
    fn reach(&self) -> Option<Fault> {
        let here = self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.at;
        if here && self.fault == Fault::Die {
            std::process::abort();
        }
        here.then_some(self.fault)
    }

    async fn around<T>(&self, operation: impl Future<Output = Result<T>> + Send) -> Result<T> {
        match self.reach() {
            None | Some(Fault::Die | Fault::Conflict) => operation.await,
            Some(fault @ (Fault::Fail | Fault::CutShort | Fault::Lose)) => Err(fault.error()),
            Some(fault @ Fault::LoseAnswer) => operation.await.and_then(|_| Err(fault.error())),
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                operation.await
            }
        }
    }

    /// For operations that are begun, not awaited.
    fn before(&self) -> Result<()> {
        match self.reach() {
            None | Some(Fault::Die | Fault::Delay(_) | Fault::Conflict) => Ok(()),
            Some(fault) => Err(fault.error()),
        }
    }
}

impl Fault {
    fn error(self) -> Error {
        let why = "this was to go wrong";
        let source = match self {
            Fault::Lose => HttpError::new(HttpErrorKind::Interrupted, std::io::Error::other(why)).into(),
            _ => why.into(),
        };
        Error::Generic { store: "faulty", source }
    }
}

/// The first half of what was read, then an error.
async fn cut_short(read: GetResult, fault: Fault) -> Result<GetResult> {
    let (meta, range, attributes) = (read.meta.clone(), read.range.clone(), read.attributes.clone());
    let bytes = read.bytes().await?;
    let half = bytes.slice(..bytes.len() / 2);
    let payload = GetResultPayload::Stream(stream::iter([Ok(half), Err(fault.error())]).boxed());
    Ok(GetResult { payload, meta, range, attributes })
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for Faulty {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if self.point.fault == Fault::Conflict && options.mode == PutMode::Create && self.point.reach().is_some() {
            return Err(Error::AlreadyExists { path: path.to_string(), source: "409 Conflict".into() });
        }
        self.point.around(self.inner.put_opts(path, payload, options)).await
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.point.around(self.inner.put_multipart_opts(path, options)).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        if !matches!(self.point.fault, Fault::CutShort | Fault::Lose) || options.head {
            return self.point.around(self.inner.get_opts(path, options)).await;
        }
        let read = self.inner.get_opts(path, options).await?;
        match self.point.reach() {
            Some(fault) => cut_short(read, fault).await,
            None => Ok(read),
        }
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.point.around(self.inner.get_ranges(path, ranges)).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let point = self.point.clone();
        self.inner.delete_stream(paths.map(move |path| point.before().and(path)).boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.point.before() {
            Ok(()) => self.inner.list(prefix),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.point.before() {
            Ok(()) => self.inner.list_with_offset(prefix, offset),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.point.around(self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.point.around(self.inner.copy_opts(from, to, options)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.point.around(self.inner.rename_opts(from, to, options)).await
    }
}

#[async_trait]
impl MultipartStore for Faulty {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.point.around(self.uploads().create_multipart(path)).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, part: usize, data: PutPayload) -> Result<PartId> {
        self.point.around(self.uploads().put_part(path, id, part, data)).await
    }

    async fn complete_multipart(&self, path: &Path, id: &MultipartId, parts: Vec<PartId>) -> Result<PutResult> {
        self.point.around(self.uploads().complete_multipart(path, id, parts)).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.point.around(self.uploads().abort_multipart(path, id)).await
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty({})", self.inner)
    }
}
