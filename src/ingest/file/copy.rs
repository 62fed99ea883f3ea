//! A file on its way into the lake.

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tokio::fs::File;

use super::shown::in_file;
use crate::error::{Error, Result};
use crate::formats::unpack::{self, Packing};
use crate::ingest::parts::{LandingDraft, Part};
use crate::ingest::seen::SeenFile;
use crate::lake::landing::{LandedPart, SourceRequest};
use crate::lake::shared_copy::SharedCopy;
use crate::project::{Address, FileFormat, FilePlaces};

/// One file to be copied.
pub struct OneFile<'a> {
    pub url: &'a Address,
    /// Which part of the landing it becomes, from 1.
    pub number: usize,
    pub files: &'a FilePlaces,
    pub format: &'a FileFormat,
    pub draft: &'a LandingDraft<'a>,
    /// The request that brought it the last time.
    pub previous: Option<&'a SourceRequest>,
}

impl OneFile<'_> {
    /// Whether a part is what the source says of its file.
    ///
    /// # Errors
    /// When it is larger, or has other bytes.
    pub fn check(&self, part: &LandedPart) -> Result<()> {
        self.check_size(part.bytes)?;
        match &self.files.sha256 {
            Some(wanted) if *wanted != part.sha256 => Err(in_file(
                Error::failed(format!("its SHA-256 is {}, and `sha256` says {wanted}", part.sha256))
                    .hint("the file is another one than was meant: look at it before you take its hash over"),
                self.url,
            )),
            _ => Ok(()),
        }
    }

    fn check_size(&self, bytes: u64) -> Result<()> {
        match self.files.max_bytes {
            Some(most) if bytes > most => Err(in_file(
                Error::failed(format!("it has more than {most} bytes, which are the most that are taken"))
                    .hint("`max_size` says how many are; a preview takes 256 MiB of a Parquet file at most"),
                self.url,
            )),
            _ => Ok(()),
        }
    }
}

pub enum Copied {
    New(LandedPart, Box<SeenFile>),
    Unchanged(&'static str),
}

pub struct Copy<'a> {
    job: &'a OneFile<'a>,
    /// The first bytes, until there are enough to tell how it is packed.
    head: BytesMut,
    /// How many have come.
    pub bytes: u64,
    open: Option<(Part, SeenFile)>,
    /// Where the lake has the bytes already, and they are only looked at.
    shared: Option<SharedCopy>,
}

impl<'a> Copy<'a> {
    pub fn new(job: &'a OneFile<'a>) -> Self {
        Copy { job, head: BytesMut::new(), bytes: 0, open: None, shared: None }
    }

    /// Of a file of this machine, and the file to read it from: where the lake can have it without its being written, that is there.
    pub async fn local(job: &'a OneFile<'a>, file: File) -> Result<(Self, File)> {
        let Some(shared) = Part::shared(job.draft, job.number, &file).await? else { return Ok((Copy::new(job), file)) };
        match shared.open().await {
            Ok(copied) => Ok((Copy { shared: Some(shared), ..Copy::new(job) }, copied)),
            Err(_) => Ok((Copy::new(job), file)),
        }
    }

    pub async fn push(&mut self, chunk: Bytes) -> Result<()> {
        self.bytes += chunk.len() as u64;
        self.job.check_size(self.bytes)?;
        let chunk = match self.open {
            Some(_) => chunk,
            None => {
                self.head.extend_from_slice(&chunk);
                if self.head.len() < unpack::HEAD_BYTES {
                    return Ok(());
                }
                self.start().await?;
                self.head.split().freeze()
            }
        };
        self.pass(chunk).await
    }

    /// Checks that the file is whole, as far as it tells itself.
    pub async fn end(&mut self) -> Result<()> {
        if self.open.is_none() {
            self.start().await?;
            let head = self.head.split().freeze();
            self.pass(head).await?;
        }
        let Some((part, seen)) = &mut self.open else { return Ok(()) };
        let before = seen.rows();
        seen.finish().map_err(|error| in_file(error, self.job.url))?;
        self.job.draft.meter.add(seen.rows() - before, 0);
        part.count(seen.rows());
        Ok(())
    }

    /// After the [end](Copy::end).
    ///
    /// # Errors
    /// When its bytes are not those that the source says.
    pub async fn finish(self, requests: Vec<SourceRequest>) -> Result<Copied> {
        let (part, seen) = self.open.expect("started at its end, if not before");
        let part = part.finish(requests).await?;
        self.job.check(&part)?;
        Ok(Copied::New(part, Box::new(seen)))
    }

    pub async fn abort(self) {
        if let Some((part, _)) = self.open {
            part.abort().await;
        }
    }

    async fn start(&mut self) -> Result<()> {
        let (kind, packing) = match self.job.format {
            FileFormat::Csv { .. } => ("csv", Packing::of(&self.head)),
            FileFormat::Json { .. } => ("json", Packing::of(&self.head)),
            // It is packed within.
            FileFormat::Parquet => ("parquet", Ok(Packing::Plain)),
        };
        let packing = packing.map_err(|error| in_file(error, self.job.url))?;
        let seen = SeenFile::new(self.job.format, packing)?;
        let extension = format!("{kind}{}", packing.extension());
        let OneFile { draft, number, .. } = *self.job;
        let part = match self.shared.take() {
            Some(copy) => Part::of_shared(draft, number, &extension, copy).await?,
            None => Part::create(draft, number, &extension).await?,
        };
        self.open = Some((part, seen));
        Ok(())
    }

    async fn pass(&mut self, chunk: Bytes) -> Result<()> {
        let Some((part, seen)) = &mut self.open else { return Ok(()) };
        let before = seen.rows();
        seen.push(&chunk).map_err(|error| in_file(error, self.job.url))?;
        self.job.draft.meter.add(seen.rows() - before, chunk.len() as u64);
        part.write(chunk).await
    }
}

/// Copies a part of the last landing into this one, as its file has not changed.
pub async fn from_lake(job: &OneFile<'_>, part: &LandedPart) -> Result<(LandedPart, SeenFile)> {
    let found = job.draft.lake.store().get(&Path::from(part.path.as_str())).await?;
    let mut stream = found.into_stream();
    let mut copy = Copy::new(job);
    while let Some(chunk) = stream.try_next().await? {
        copy.push(chunk).await?;
    }
    copy.end().await?;
    match copy.finish(part.requests.clone()).await? {
        Copied::New(part, seen) => Ok((part, *seen)),
        Copied::Unchanged(why) => Err(Error::failed(why)),
    }
}
