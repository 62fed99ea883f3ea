//! Writing an object that nobody sees until its commit.
//!
//! On S3 a staged object is a multipart upload that is not completed; on a file system it is a file
//! under `_trapiche/staging/`. Either way [`publish`] is one cheap request, and no reader comes across an unpublished
//! object. What a run that died had staged is removed by the next run on a file system; on S3 its uploads stay open
//! until the bucket's lifecycle rule aborts them. (The idea of Hadoop's S3A "magic" committer.)

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::{Lake, path};
use crate::error::Result;

/// S3 asks for parts of at least 5 MiB; 8 MiB allows objects of 80 GB (10,000 parts).
const PART_BYTES: usize = 8 * 1024 * 1024;

/// A finished object that waits for its commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Staged {
    /// Where it will be visible, relative to the lake's root.
    pub path: String,
    pub bytes: u64,
    pub hidden: Hidden,
}

/// Where the bytes are until then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hidden {
    /// Under another name of the same file system.
    File { path: String },
    /// In the parts of an upload.
    Upload { id: String, parts: Vec<String> },
}

/// Takes the bytes of one staged object in order.
pub struct StageWriter {
    path: String,
    buffer: BytesMut,
    bytes: u64,
    upload: Upload,
}

enum Upload {
    /// A streamed put under the hidden name; it appears there when complete.
    File {
        path: String,
        writer: object_store::buffered::BufWriter,
    },
    Parts {
        store: Arc<dyn MultipartStore>,
        key: Path,
        id: String,
        parts: Vec<String>,
    },
}

/// Begins the object that is to appear at `path`.
pub async fn begin(lake: &Lake, run_id: &str, path: String) -> Result<StageWriter> {
    let upload = match lake.uploads() {
        None => {
            let hidden = format!("{}/{path}", path::staging_dir(run_id));
            let writer = object_store::buffered::BufWriter::new(lake.store().clone(), Path::parse(&hidden)?);
            Upload::File { path: hidden, writer }
        }
        Some(store) => {
            let key = Path::parse(&path)?;
            let id = store.create_multipart(&key).await?;
            Upload::Parts { store: store.clone(), key, id, parts: vec![] }
        }
    };
    Ok(StageWriter { path, buffer: BytesMut::new(), bytes: 0, upload })
}

impl StageWriter {
    pub async fn write(&mut self, data: Bytes) -> Result<()> {
        self.bytes += data.len() as u64;
        match &mut self.upload {
            Upload::File { writer, .. } => writer.put(data).await?,
            Upload::Parts { .. } => {
                self.buffer.extend_from_slice(&data);
                while self.buffer.len() >= PART_BYTES {
                    let part = self.buffer.split_to(PART_BYTES).freeze();
                    self.put_part(part).await?;
                }
            }
        }
        Ok(())
    }

    /// The object is whole, and still hidden.
    pub async fn finish(mut self) -> Result<Staged> {
        if matches!(self.upload, Upload::Parts { .. }) && (!self.buffer.is_empty() || self.bytes == 0) {
            let rest = self.buffer.split().freeze();
            self.put_part(rest).await?;
        }
        let hidden = match self.upload {
            Upload::File { path, mut writer } => {
                tokio::io::AsyncWriteExt::shutdown(&mut writer).await?;
                Hidden::File { path }
            }
            Upload::Parts { id, parts, .. } => Hidden::Upload { id, parts },
        };
        Ok(Staged { path: self.path, bytes: self.bytes, hidden })
    }

    async fn put_part(&mut self, data: Bytes) -> Result<()> {
        if let Upload::Parts { store, key, id, parts } = &mut self.upload {
            let part = store.put_part(key, id, parts.len(), PutPayload::from_bytes(data)).await?;
            parts.push(part.content_id);
        }
        Ok(())
    }
}

/// Makes a staged object visible. Doing it twice is harmless: the second finds the object in its place.
pub async fn publish(lake: &Lake, staged: &Staged) -> Result<()> {
    let target = Path::parse(&staged.path)?;
    let done = match &staged.hidden {
        Hidden::File { path } => lake.store().rename(&Path::parse(path)?, &target).await,
        Hidden::Upload { id, parts } => {
            let parts = parts.iter().map(|content_id| PartId { content_id: content_id.clone() }).collect();
            let store = lake.uploads().expect("uploads are staged on stores that have them");
            store.complete_multipart(&Path::parse(&staged.path)?, id, parts).await.map(drop)
        }
    };
    match done {
        Err(object_store::Error::NotFound { .. }) if lake.store().head(&target).await.is_ok() => Ok(()),
        done => Ok(done?),
    }
}

/// Takes a staged object back, whether it was published already or not.
pub async fn discard(lake: &Lake, staged: &Staged) -> Result<()> {
    match &staged.hidden {
        Hidden::File { path } => lake.delete(path).await?,
        Hidden::Upload { id, .. } => {
            let store = lake.uploads().expect("uploads are staged on stores that have them");
            // A completed or unknown upload cannot be aborted; the delete below takes its object.
            let _ = store.abort_multipart(&Path::parse(&staged.path)?, id).await;
        }
    }
    lake.delete(&staged.path).await
}
