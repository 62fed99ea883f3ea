//! The lake as running queries see it: a file that was replaced meanwhile is read from the attic.
//!
//! A query has fixed its versions when it was planned, and opens their files when it comes to them. Between the two a
//! commit may move a file away; so it is looked for here, at every request, and not at planning.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::lake::path;

/// A store whose gets fall back to the attic; all else is the lake's own.
#[derive(Debug)]
pub(in crate::engine) struct WithAttic(pub Arc<dyn ObjectStore>);

impl fmt::Display for WithAttic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with its attic", self.0)
    }
}

#[async_trait]
impl ObjectStore for WithAttic {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self.0.get_opts(location, options.clone()).await {
            Err(Error::NotFound { .. }) => self.0.get_opts(&attic(location)?, options).await.map_err(no_longer_kept),
            found => found,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        match self.0.get_ranges(location, ranges).await {
            Err(Error::NotFound { .. }) => self.0.get_ranges(&attic(location)?, ranges).await.map_err(no_longer_kept),
            found => found,
        }
    }

    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.0.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

fn attic(location: &Path) -> Result<Path> {
    Ok(Path::parse(path::attic_file(location.as_ref()))?)
}

fn no_longer_kept(error: Error) -> Error {
    match error {
        Error::NotFound { path, .. } => {
            Error::NotFound { path, source: "it was replaced longer ago than the target's `keep`".into() }
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_file_is_found_in_its_place_or_in_the_attic() {
        let store = WithAttic(Arc::new(InMemory::new()));
        let (here, moved, gone) = (Path::from("t/here"), Path::from("t/moved"), Path::from("t/gone"));
        store.put(&here, "here".into()).await.unwrap();
        store.put(&Path::from("_trapiche/attic/t/moved"), "moved".into()).await.unwrap();
        assert_eq!(store.get(&here).await.unwrap().bytes().await.unwrap(), "here");
        assert_eq!(store.get(&moved).await.unwrap().bytes().await.unwrap(), "moved");
        assert_eq!(store.head(&moved).await.unwrap().size, 5);
        assert_eq!(store.get_ranges(&moved, &[1..3, 4..5]).await.unwrap(), ["ov", "d"]);
        let error = store.get(&gone).await.unwrap_err().to_string();
        assert!(error.contains("longer ago than the target's `keep`"), "{error}");
    }
}
