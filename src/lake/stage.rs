//! Writing an object that nobody sees until its commit.
//!
//! What is small waits as a whole object under `_trapiche/staging/<run>/`; so does everything on stores without
//! multipart uploads. What is larger is an upload that is not completed until the commit (the idea of Hadoop's S3A
//! "magic" committer). [`publish`] moves no bytes through this process either way: it is a rename on a file system, a
//! copy inside the store, or the completion of the upload. No listing of a table shows an unpublished object.
//!
//! Object stores do not reliably list open uploads (MinIO lists none for a folder), so each has a note beside the
//! staged objects, written before its first part. [`clear`] goes by the notes. Only a process that dies between the
//! store's answer and the note leaves an upload that nobody knows; it has no parts, so it holds no bytes.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::lake::{Lake, TableName, disk, path};

/// Requests of one commit that are under way at a time.
const AT_ONCE: usize = 32;

/// S3 asks for parts of at least 5 MiB; 8 MiB allows objects of 80 GB (10,000 parts). Smaller objects are staged whole.
pub(super) const PART_BYTES: usize = 8 << 20;

/// A streamed put on a file system passes its bytes on in pieces of this size: there are no requests to save.
const LOCAL_PART_BYTES: usize = 1 << 20;

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
    /// Under another name of the same store.
    File { path: String },
    /// In the parts of an upload; `note` is there as long as it may be open.
    Upload { id: String, parts: Vec<String>, note: String },
}

/// Takes the bytes of one staged object in order.
pub struct StageWriter {
    path: String,
    bytes: u64,
    /// The name of the whole object, or of the upload's note.
    hidden: String,
    sink: Sink,
}

enum Sink {
    /// A streamed put; the object appears when it is complete.
    File(Box<BufWriter>),
    UploadParts(Box<UploadParts>),
}

/// Begins the object that is to appear at `path`.
pub async fn begin(lake: &Lake, run_id: &str, path: String) -> Result<StageWriter> {
    let hidden = path::staged_file(run_id, &path);
    let sink = match lake.uploads() {
        None => {
            let store = lake.store().clone();
            Sink::File(Box::new(BufWriter::with_capacity(store, Path::parse(&hidden)?, LOCAL_PART_BYTES)))
        }
        Some(uploads) => Sink::UploadParts(Box::new(UploadParts {
            lake: lake.clone(),
            uploads: uploads.clone(),
            key: Path::parse(&path)?,
            buffer: BytesMut::new(),
            upload: None,
            done: vec![],
        })),
    };
    Ok(StageWriter { path, bytes: 0, hidden, sink })
}

impl StageWriter {
    pub async fn write(&mut self, data: Bytes) -> Result<()> {
        self.bytes += data.len() as u64;
        let written = match &mut self.sink {
            Sink::File(writer) => writer.put(data).await.map_err(Error::from),
            Sink::UploadParts(parts) => parts.write(data, &self.hidden).await,
        };
        written.map_err(|error| error.context(format!("writing `{}`", self.path)))
    }

    /// Bytes that wait in memory until there are enough of them for the store.
    pub fn held_bytes(&self) -> usize {
        match &self.sink {
            Sink::File(_) => usize::try_from(self.bytes).unwrap_or(usize::MAX).min(LOCAL_PART_BYTES),
            Sink::UploadParts(parts) => parts.buffer.len(),
        }
    }

    /// The object is whole, and still hidden.
    pub async fn finish(self) -> Result<Staged> {
        let hidden = match self.sink {
            Sink::File(mut writer) => {
                let whole = tokio::io::AsyncWriteExt::shutdown(&mut *writer).await;
                whole.map(|()| Hidden::File { path: self.hidden }).map_err(Error::from)
            }
            Sink::UploadParts(parts) => parts.finish(self.hidden).await,
        };
        let hidden = hidden.map_err(|error| error.context(format!("writing `{}`", self.path)))?;
        Ok(Staged { path: self.path, bytes: self.bytes, hidden })
    }
}

/// An object of unknown size on a store with uploads: whole if it turns out small, else in parts.
struct UploadParts {
    lake: Lake,
    uploads: Arc<dyn MultipartStore>,
    key: Path,
    buffer: BytesMut,
    upload: Option<String>,
    done: Vec<String>,
}

impl UploadParts {
    async fn write(&mut self, data: Bytes, hidden: &str) -> Result<()> {
        self.buffer.extend_from_slice(&data);
        while self.buffer.len() >= PART_BYTES {
            let part = self.buffer.split_to(PART_BYTES).freeze();
            self.put(part, hidden).await?;
        }
        Ok(())
    }

    async fn finish(mut self, hidden: String) -> Result<Hidden> {
        let rest = self.buffer.split().freeze();
        if self.upload.is_none() && rest.len() < self.lake.upload_from_bytes() {
            self.lake.store().put(&Path::parse(&hidden)?, PutPayload::from_bytes(rest)).await?;
            return Ok(Hidden::File { path: hidden });
        }
        if !rest.is_empty() || self.upload.is_none() {
            self.put(rest, &hidden).await?;
        }
        let note = path::upload_note(&hidden);
        Ok(Hidden::Upload { id: self.upload.expect("a part was put"), parts: self.done, note })
    }

    async fn put(&mut self, part: Bytes, hidden: &str) -> Result<()> {
        let id = match self.upload.take() {
            Some(id) => id,
            None => begin_upload(&self.lake, &self.uploads, &self.key, hidden).await?,
        };
        let put = self.uploads.put_part(&self.key, &id, self.done.len(), PutPayload::from_bytes(part)).await?;
        self.upload = Some(id);
        self.done.push(put.content_id);
        Ok(())
    }
}

/// What [`clear`] must know of an upload.
#[derive(Serialize, Deserialize)]
struct UploadNote {
    path: String,
    upload: String,
}

/// Begins an upload and notes it down. Both happen even if the caller is cancelled meanwhile; [`clear`] waits for it.
async fn begin_upload(lake: &Lake, uploads: &Arc<dyn MultipartStore>, key: &Path, hidden: &str) -> Result<String> {
    let (lake, uploads, key, name) = (lake.clone(), uploads.clone(), key.clone(), path::upload_note(hidden));
    let under_way = lake.beginnings().clone().read_owned().await;
    if under_way.iter().any(|run_id| hidden.starts_with(&format!("{}/", path::staging_dir(run_id)))) {
        return Err(Error::failed(format!("`{hidden}` is of a run that has ended")));
    }
    let begun = tokio::spawn(async move {
        let _under_way = under_way;
        let upload = uploads.create_multipart(&key).await?;
        let note = UploadNote { path: key.to_string(), upload: upload.clone() };
        let noted = lake.write(&name, serde_json::to_vec(&note).expect("text keys only")).await;
        if noted.is_err() {
            // Nobody would find it; if this fails as well, it stays open without a part.
            let _ = uploads.abort_multipart(&key, &upload).await;
        }
        noted.map(|()| upload)
    });
    begun.await.map_err(|e| Error::failed("the task that began an upload died").because(e))?
}

/// Makes all of them visible. Doing it twice is harmless.
pub async fn publish_all(lake: &Lake, staged: &[Staged]) -> Result<()> {
    let published = futures::stream::iter(staged.to_vec())
        .map(|staged| async move { publish(lake, &staged).await })
        .buffer_unordered(AT_ONCE);
    published.try_collect::<()>().await?;
    disk::sync(lake, staged.iter().map(|staged| &staged.path)).await
}

/// Makes a staged object visible. Doing it twice is harmless: the second finds the object in its place.
pub async fn publish(lake: &Lake, staged: &Staged) -> Result<()> {
    let target = Path::parse(&staged.path)?;
    let done = match &staged.hidden {
        Hidden::File { path } if lake.local_root().is_some() => lake.store().rename(&Path::parse(path)?, &target).await,
        // What was copied is removed with all else that the run staged.
        Hidden::File { path } => lake.store().copy(&Path::parse(path)?, &target).await,
        Hidden::Upload { id, parts, .. } => {
            let parts = parts.iter().map(|content_id| PartId { content_id: content_id.clone() }).collect();
            let uploads = lake.uploads().expect("uploads are staged on stores that have them");
            uploads.complete_multipart(&target, id, parts).await.map(drop)
        }
    };
    match done {
        Ok(()) => Ok(()),
        // Stores differ in what they say of an upload or a file that is gone; no other run makes an object of this name.
        Err(_) if lake.store().head(&target).await.is_ok_and(|there| there.size == staged.bytes) => Ok(()),
        Err(error) => Err(Error::from(error).context(format!("publishing `{target}`"))),
    }
}

/// Takes a staged object back, whether it was published already or not.
pub async fn discard(lake: &Lake, staged: &Staged) -> Result<()> {
    match &staged.hidden {
        Hidden::File { path } => lake.delete(path).await?,
        Hidden::Upload { note, .. } => close_upload(lake, note).await?,
    }
    lake.delete(&staged.path).await
}

/// The runs that have left something staged.
pub async fn runs(lake: &Lake) -> Result<Vec<String>> {
    lake.names(path::STAGING).await
}

/// The ids of all uploads that runs have noted.
pub async fn noted_uploads(lake: &Lake) -> Result<HashSet<String>> {
    let mut noted = HashSet::new();
    for note in lake.list(path::STAGING).await?.iter().filter(|name| path::is_upload_note(name)) {
        let Some(bytes) = lake.read(note).await? else { continue };
        noted.extend(serde_json::from_slice::<UploadNote>(&bytes).ok().map(|noted| noted.upload));
    }
    Ok(noted)
}

/// Removes all that a run has staged and not published, its uploads included.
pub async fn clear(lake: &Lake, run_id: &str) -> Result<()> {
    clear_dir(lake, &path::staging_dir(run_id)).await
}

/// Removes all that this process's run has staged and not published, for good: a task of it that was cancelled on another
/// thread may still be about to begin an upload.
pub async fn end(lake: &Lake, run_id: &str) -> Result<()> {
    lake.beginnings().write().await.insert(run_id.to_string());
    clear(lake, run_id).await
}

/// Removes what a run has staged for one table and not published.
pub async fn clear_table(lake: &Lake, run_id: &str, table: &TableName) -> Result<()> {
    for dir in [path::table_dir(table), path::quarantine_dir(table), path::run_dir(table, run_id)] {
        clear_dir(lake, &path::staged_file(run_id, &dir)).await?;
    }
    clear_merge(lake, run_id, table).await
}

/// Removes the rows that a run has brought to merge them into one table.
pub async fn clear_merge(lake: &Lake, run_id: &str, table: &TableName) -> Result<()> {
    let dir = path::merge_dir(run_id, table);
    clear_dir(lake, &path::staged_file(run_id, &dir)).await?;
    clear_dir(lake, &dir).await
}

async fn clear_dir(lake: &Lake, dir: &str) -> Result<()> {
    let _none_begins = lake.beginnings().write().await;
    if let Some(root) = lake.local_root() {
        // As a folder: that takes along files that a put which died was filling, which no listing shows.
        return disk::remove_folder(root, dir).await;
    }
    let staged = lake.list(dir).await?;
    for note in staged.iter().filter(|name| path::is_upload_note(name)) {
        close_upload(lake, note).await?;
    }
    lake.delete_each(staged).await
}

/// Aborts a noted upload, unless it was completed, and removes the note.
async fn close_upload(lake: &Lake, note: &str) -> Result<()> {
    let Some(bytes) = lake.read(note).await? else { return Ok(()) };
    // A note that was torn is of an upload without parts.
    if let (Ok(noted), Some(uploads)) = (serde_json::from_slice::<UploadNote>(&bytes), lake.uploads()) {
        let target = Path::parse(&noted.path)?;
        let completed = lake.store().head(&target).await.is_ok();
        let aborted = if completed { Ok(()) } else { uploads.abort_multipart(&target, &noted.upload).await };
        match aborted {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(Error::from(error).context(format!("aborting the upload of `{target}`"))),
        }
    }
    lake.delete(note).await
}
