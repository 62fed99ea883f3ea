//! The objects of a capture, written and hashed as their bytes come in.

use std::fmt::Write as _;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::cursor::{CursorAsk, TakenWindow};
use super::terms::Terms;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::lake::capture::Capture;
use crate::lake::landing::{self, LandedFormat, LandedPart, Landing, SourceRequest};
use crate::lake::shared_copy::SharedCopy;
use crate::report::Meter;

/// Bytes of one upload request, and how many may be under way: what a part holds in memory.
const UPLOAD_BYTES: usize = 8 << 20;
const UPLOADS: usize = 2;

/// A part of rows is closed at this size, so that a scan has something to share out.
const ROLL_BYTES: u64 = 32 << 20;

/// What the objects with a capture's rows are called.
const ROWS: &str = "part";

/// What every kind of source is given: where its parts go, and what it had the last time.
pub struct LandingDraft<'a> {
    pub lake: &'a Lake,
    pub capture: &'a Capture,
    /// The newest landing, if the source is still defined as it was then.
    pub previous: Option<&'a Landing>,
    /// What is asked for of a source with a cursor.
    pub cursor: Option<&'a CursorAsk<'a>>,
    /// What its rows are held to, where what is not of it does not land.
    pub terms: Option<&'a Terms>,
    /// When the run began.
    pub at: DateTime<Utc>,
    pub meter: &'a Meter,
    /// How many rows are enough, where not all are wanted.
    pub sample: Option<u64>,
}

impl LandingDraft<'_> {
    /// Whether so many rows are all that is wanted of the source.
    pub fn is_enough(&self, rows: u64) -> bool {
        self.sample.is_some_and(|wanted| rows >= wanted)
    }
}

/// What every kind of source hands back.
pub enum Taken {
    New {
        format: LandedFormat,
        schema: SchemaRef,
        parts: Vec<LandedPart>,
        /// See [`Landing::notes`].
        notes: Vec<String>,
        /// What it is of a source with a cursor.
        window: Option<Box<TakenWindow>>,
    },
    /// The source says that it is as it was, and in these words.
    Unchanged(String),
}

/// A part that is being written. Nothing of it is visible before [`finish`](Part::finish).
pub struct Part {
    sink: PartSink,
    path: String,
    hash: Sha256,
    rows: u64,
    bytes: u64,
}

enum PartSink {
    Upload(BufWriter),
    /// All its bytes are there.
    Shared(SharedCopy),
}

impl Part {
    /// A file of this machine as a part that need not be written; `None` where the lake cannot have it so.
    pub async fn shared(draft: &LandingDraft<'_>, number: usize, source: &File) -> Result<Option<SharedCopy>> {
        let path = landing::named_part_path(draft.capture.folder(draft.lake).await?, ROWS, number, "shared");
        SharedCopy::of(draft.lake, source, &path).await
    }

    /// Takes the bytes of the copy, and then is it.
    pub async fn of_shared(draft: &LandingDraft<'_>, number: usize, extension: &str, copy: SharedCopy) -> Result<Part> {
        let path = landing::named_part_path(draft.capture.folder(draft.lake).await?, ROWS, number, extension);
        Ok(Part { sink: PartSink::Shared(copy), path, hash: Sha256::new(), rows: 0, bytes: 0 })
    }

    pub async fn create(draft: &LandingDraft<'_>, number: usize, extension: &str) -> Result<Self> {
        Part::named(draft, ROWS, number, extension).await
    }

    async fn named(draft: &LandingDraft<'_>, name: &str, number: usize, extension: &str) -> Result<Self> {
        let path = landing::named_part_path(draft.capture.folder(draft.lake).await?, name, number, extension);
        let writer = BufWriter::with_capacity(draft.lake.store().clone(), Path::from(path.as_str()), UPLOAD_BYTES)
            .with_max_concurrency(UPLOADS);
        Ok(Part { sink: PartSink::Upload(writer), path, hash: Sha256::new(), rows: 0, bytes: 0 })
    }

    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.hash.update(&bytes);
        self.bytes += bytes.len() as u64;
        let PartSink::Upload(writer) = &mut self.sink else { return Ok(()) };
        let written = writer.put(bytes).await;
        written.map_err(|error| Error::from(error).context(format!("writing `{}`", self.path)))
    }

    pub fn count(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// Gives up; what was uploaded is removed as far as possible.
    pub async fn abort(mut self) {
        if let PartSink::Upload(writer) = &mut self.sink {
            let _ = writer.abort().await;
        }
    }

    pub async fn finish(self, requests: Vec<SourceRequest>) -> Result<LandedPart> {
        let Part { path, rows, bytes, sink, .. } = self;
        match sink {
            PartSink::Upload(mut writer) => {
                let whole = writer.shutdown().await;
                whole.map_err(|error| Error::from(error).context(format!("writing `{path}`")))?;
            }
            PartSink::Shared(copy) => copy.name(&path).await?,
        }
        Ok(LandedPart { path, rows, bytes, sha256: hex(&self.hash.finalize()), requests })
    }
}

/// Rows as lines, in as many parts as their size asks for.
pub struct RowParts<'a> {
    draft: &'a LandingDraft<'a>,
    name: &'static str,
    extension: &'static str,
    /// The number of the first part.
    first: usize,
    done: Vec<LandedPart>,
    open: Option<Part>,
    requests: Vec<SourceRequest>,
    /// Lines that are not yet written.
    lines: Vec<u8>,
    rows: u64,
}

impl<'a> RowParts<'a> {
    pub fn json(draft: &'a LandingDraft<'a>) -> Self {
        RowParts::new(draft, ROWS, "json", 1)
    }

    /// The keys of all rows of the source, which do not stay.
    pub fn keys(draft: &'a LandingDraft<'a>, extension: &'static str) -> Self {
        RowParts::new(draft, "keys", extension, 1)
    }

    /// The keys of rows that the source has no longer.
    pub fn gone(draft: &'a LandingDraft<'a>, extension: &'static str) -> Self {
        RowParts::new(draft, "gone", extension, 1)
    }

    /// Its parts count from `first`, since others may be written at the same time.
    pub fn csv(draft: &'a LandingDraft<'a>, first: usize) -> Self {
        RowParts::new(draft, ROWS, "csv", first)
    }

    fn new(draft: &'a LandingDraft<'a>, name: &'static str, extension: &'static str, first: usize) -> Self {
        RowParts { draft, name, extension, first, done: vec![], open: None, requests: vec![], lines: vec![], rows: 0 }
    }

    /// Whether no row has come.
    pub fn is_empty(&self) -> bool {
        self.rows == 0 && self.open.is_none() && self.done.is_empty()
    }

    /// Adds a row with its line end.
    pub fn ended_row(&mut self, row: &[u8]) {
        self.lines.extend_from_slice(row);
        self.rows += 1;
    }

    /// Adds a row; it must be one line. Call [`flush`](RowParts::flush) now and then.
    pub fn row(&mut self, line: &[u8]) {
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        self.rows += 1;
    }

    /// Names the request that the rows before this call came from.
    pub fn request(&mut self, request: SourceRequest) {
        self.requests.push(request);
    }

    pub fn waiting_bytes(&self) -> usize {
        self.lines.len()
    }

    /// Passes on the rows added so far, and starts a new part when this one is large enough.
    pub async fn flush(&mut self) -> Result<()> {
        let number = self.first + self.done.len();
        let part = match &mut self.open {
            Some(part) => part,
            none => none.insert(Part::named(self.draft, self.name, number, self.extension).await?),
        };
        self.draft.meter.add(self.rows, self.lines.len() as u64);
        part.count(std::mem::take(&mut self.rows));
        part.write(std::mem::take(&mut self.lines).into()).await?;
        if part.bytes >= ROLL_BYTES {
            self.close().await?;
        }
        Ok(())
    }

    /// All parts; at least one, even without rows.
    pub async fn finish(mut self) -> Result<Vec<LandedPart>> {
        if self.rows > 0 || self.done.is_empty() || !self.requests.is_empty() {
            self.flush().await?;
        }
        self.close().await?;
        Ok(self.done)
    }

    async fn close(&mut self) -> Result<()> {
        if let Some(part) = self.open.take() {
            self.done.push(part.finish(std::mem::take(&mut self.requests)).await?);
        }
        Ok(())
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
