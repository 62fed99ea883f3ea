//! Files: one behind a URL, `http(s)://` or `file://`, or [all that are like a pattern](files); CSV or JSON, packed or not. It lands byte for byte.

mod files;
mod head;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use arrow::datatypes::{DataType, SchemaRef};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use reqwest::{Client, StatusCode};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use url::Url;

use crate::error::{Error, Result};
use crate::formats::unpack::{self, Packing};
use crate::ingest::http::{self, FailedAttempt};
use crate::ingest::parts::{LandingDraft, Part, Taken};
use crate::ingest::seen::SeenFile;
use crate::lake::landing::{LandedFormat, LandedPart, SourceRequest};
use crate::project::{Address, FileFormat};

const READ_BYTES: usize = 1 << 20;

/// Copies the file into the lake while counting its rows and finding its schema.
///
/// It is unchanged if the server says so to the last landing's ETag or Last-Modified (RFC 9110, 13.1), or a local
/// file still has its [state](state).
pub async fn capture(
    url: &Address,
    format: &FileFormat,
    columns: &BTreeMap<String, DataType>,
    draft: &LandingDraft<'_>,
) -> Result<Taken> {
    if !columns.is_empty() && matches!(format, FileFormat::Json { .. }) {
        return Err(Error::config("`columns:` gives types to a CSV; JSON keeps its own types"));
    }
    if let Some(rows) = draft.sample {
        return head::sample(url, format, columns, draft, rows).await;
    }
    if let Some(matches) = matching(url)? {
        return files::capture(&matches, format, columns, draft).await;
    }
    let copied = match url.url().scheme() {
        "file" => copy_file(url, format, draft, PartPlace::only()).await?,
        "http" | "https" => {
            let client = http::client(HeaderMap::new(), false)?;
            http::with_retries(|| download(&client, url, format, draft)).await?
        }
        _ => {
            return Err(Error::config(format!("no file can be read from `{url}`"))
                .hint("known are http://, https:// and file://"));
        }
    };
    let (part, seen) = match copied {
        Copied::Unchanged(why) => return Ok(Taken::Unchanged(why.into())),
        Copied::New(part, seen) => (part, *seen),
    };
    let schema = seen.schema(columns).map_err(|error| in_file(error, url))?;
    Ok(Taken::New { format: landed(format), schema, parts: vec![part], notes: vec![], window: None })
}

fn landed(format: &FileFormat) -> LandedFormat {
    match format {
        FileFormat::Csv { delimiter, header, dialect, encoding } => LandedFormat::Csv {
            delimiter: char::from(*delimiter),
            header: *header,
            dialect: dialect.clone(),
            encoding: *encoding,
        },
        FileFormat::Json { records, encoding } => LandedFormat::Json { records: records.clone(), encoding: *encoding },
    }
}

/// The files that a pattern stands for, in the order of their paths; `None` when it is none: only a local path with `*` is.
///
/// # Errors
/// When there is no such file, or a folder cannot be read.
fn matching(url: &Address) -> Result<Option<Vec<Address>>> {
    if url.url().scheme() != "file" || !url.url().path().contains('*') {
        return Ok(None);
    }
    let path = local_path(url)?;
    // Stars only: all else in it is a name.
    let pattern = glob::Pattern::escape(&path.to_string_lossy()).replace("[*]", "*");
    let options =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let found = glob::glob_with(&pattern, options).map_err(|error| {
        Error::config(format!("{} is no pattern", shown_place(url)))
            .hint("a star stands for a part of a name, and two for any folders: `data/**/*.csv`")
            .because(error)
    })?;
    let mut files = vec![];
    for path in found {
        let path =
            path.map_err(|error| Error::failed(format!("could not read {}", shown_place(url))).because(error))?;
        if path.is_file() {
            let file = Url::from_file_path(&path)
                .map_err(|()| Error::failed(format!("`{}` is no path of a file", path.display())))?;
            files.push(url.matched(file));
        }
    }
    match files.is_empty() {
        true => Err(Error::failed(format!("no file is like {}", shown_place(url)))
            .hint("check the path, or put the files there")),
        false => Ok(Some(files)),
    }
}

/// The schema of a local file, or of the first of several, from its first megabyte.
pub async fn peek(
    url: &Address,
    format: &FileFormat,
    columns: &BTreeMap<String, DataType>,
) -> Result<Option<SchemaRef>> {
    if url.url().scheme() != "file" {
        return Ok(None);
    }
    let matches = matching(url)?;
    let url = matches.as_ref().and_then(|files| files.first()).unwrap_or(url);
    let path = local_path(url)?;
    let mut head = vec![];
    let file = File::open(&path).await.map_err(|error| unreadable(url, error))?;
    file.take(READ_BYTES as u64).read_to_end(&mut head).await.map_err(|error| unreadable(url, error))?;
    let is_whole = head.len() < READ_BYTES;
    let look = |head: &[u8]| {
        let mut seen = SeenFile::new(format, Packing::of(head)?)?;
        seen.push(head)?;
        if is_whole {
            seen.finish()?;
        }
        seen.schema(columns)
    };
    let schema = look(&head);
    match schema {
        Ok(schema) => Ok(Some(schema)),
        // The rest of a longer file may say more.
        Err(_) if !is_whole => Ok(None),
        Err(error) => Err(in_file(error, url)),
    }
}

fn local_path(url: &Address) -> Result<PathBuf> {
    url.url().to_file_path().map_err(|()| {
        Error::config(format!("`{url}` is not the path of a local file")).hint("write file:///path, or file://./path")
    })
}

fn unreadable(url: &Address, error: std::io::Error) -> Error {
    let place = shown_place(url);
    match error.kind() {
        ErrorKind::IsADirectory => Error::failed(format!("{place} is a folder, not a file")),
        ErrorKind::NotFound => {
            Error::failed(format!("there is no file {place}")).hint("check the path, or put the file there")
        }
        _ => Error::failed(format!("could not read {place}")).because(error),
    }
}

/// What a message calls it: by its path if it is local and may be shown.
fn shown_place(url: &Address) -> String {
    let local = if url.is_secret() { None } else { url.url().to_file_path().ok() };
    local.map_or_else(|| format!("`{url}`"), |path| format!("`{}`", path.display()))
}

/// What another content cannot have in common with this one: size, times and inode. A time counts only if the run began when
/// it was over, since two changes may fall into one tick of a file system's clock, which is two seconds on some.
fn state(metadata: &Metadata, run_began: DateTime<Utc>) -> Option<String> {
    const TICK_SECONDS: i64 = 2;
    let (size, inode) = (metadata.size(), metadata.ino());
    let content = (metadata.mtime(), metadata.mtime_nsec());
    // Set by the system alone, also when a program sets the other one back.
    let change = (metadata.ctime(), metadata.ctime_nsec());
    let is_over = change.0.max(content.0) + TICK_SECONDS < run_began.timestamp();
    is_over.then(|| format!("{size}-{inode}-{}.{:09}-{}.{:09}", content.0, content.1, change.0, change.1))
}

enum Copied {
    New(LandedPart, Box<SeenFile>),
    Unchanged(&'static str),
}

async fn copy_file(url: &Address, format: &FileFormat, draft: &LandingDraft<'_>, place: PartPlace) -> Result<Copied> {
    let path = local_path(url)?;
    let unreadable = |error| unreadable(url, error);
    let mut file = File::open(&path).await.map_err(unreadable)?;
    file.set_max_buf_size(READ_BYTES);
    let metadata = file.metadata().await.map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Error::failed(format!("{} is a folder, not a file", shown_place(url))));
    }
    let etag = state(&metadata, draft.at);
    if etag.is_some() && previous_request(draft).is_some_and(|request| request.etag == etag) {
        return Ok(Copied::Unchanged("not modified"));
    }
    let mut copy = Copy::new(url, format, draft, place);
    loop {
        let mut chunk = BytesMut::with_capacity(READ_BYTES);
        if file.read_buf(&mut chunk).await.map_err(unreadable)? == 0 {
            copy.end().await?;
            return copy.finish(SourceRequest { url: url.to_string(), status: None, etag, last_modified: None }).await;
        }
        copy.push(chunk.freeze()).await?;
    }
}

async fn download(
    client: &Client,
    url: &Address,
    format: &FileFormat,
    draft: &LandingDraft<'_>,
) -> Result<Copied, FailedAttempt> {
    let mut request = client.get(url.url().clone());
    if let Some(previous) = previous_request(draft) {
        if let Some(etag) = &previous.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &previous.last_modified {
            request = request.header(IF_MODIFIED_SINCE, last_modified);
        }
    }
    let mut response = http::send(request, url).await?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(Copied::Unchanged("not modified (304)"));
    }
    let request = http::request(&response, url);
    let mut copy = Copy::new(url, format, draft, PartPlace::only());
    let whole = loop {
        match http::chunk(&mut response, url).await {
            Ok(Some(chunk)) => copy.push(chunk).await?,
            // An answer that does not tell its length ends where the connection does.
            Ok(None) => break copy.end().await.map_err(FailedAttempt::passing),
            Err(fault) => break Err(fault),
        }
    };
    match whole {
        Ok(()) => Ok(copy.finish(request).await?),
        Err(fault) => {
            copy.abort().await;
            Err(fault)
        }
    }
}

/// The request that the last landing came from, if there was one and it was for the same place.
fn previous_request<'a>(draft: &LandingDraft<'a>) -> Option<&'a SourceRequest> {
    draft.previous?.parts.first()?.requests.first()
}

fn in_file(error: Error, url: &Address) -> Error {
    error.context(shown_place(url))
}

/// Which part of the landing a file becomes, and what those before it have shown of the rows.
struct PartPlace {
    number: usize,
    before: Option<SeenFile>,
}

impl PartPlace {
    fn only() -> Self {
        PartPlace { number: 1, before: None }
    }
}

/// A file on its way into the lake.
struct Copy<'a> {
    place: PartPlace,
    /// Rows of the files before it, where they are counted on.
    rows_before: u64,
    url: &'a Address,
    draft: &'a LandingDraft<'a>,
    format: &'a FileFormat,
    /// The first bytes, until there are enough to tell how it is packed.
    head: BytesMut,
    open: Option<(Part, SeenFile)>,
}

impl<'a> Copy<'a> {
    fn new(url: &'a Address, format: &'a FileFormat, draft: &'a LandingDraft<'a>, place: PartPlace) -> Self {
        Copy { place, rows_before: 0, url, draft, format, head: BytesMut::new(), open: None }
    }

    async fn push(&mut self, chunk: Bytes) -> Result<()> {
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
    async fn end(&mut self) -> Result<()> {
        if self.open.is_none() {
            self.start().await?;
            let head = self.head.split().freeze();
            self.pass(head).await?;
        }
        let Some((part, seen)) = &mut self.open else { return Ok(()) };
        let before = seen.rows();
        seen.finish().map_err(|error| in_file(error, self.url))?;
        self.draft.meter.add(seen.rows() - before, 0);
        part.count(seen.rows() - self.rows_before);
        Ok(())
    }

    /// After the [end](Copy::end).
    async fn finish(self, request: SourceRequest) -> Result<Copied> {
        let (part, seen) = self.open.expect("started at its end, if not before");
        Ok(Copied::New(part.finish(vec![request]).await?, Box::new(seen)))
    }

    async fn abort(self) {
        if let Some((part, _)) = self.open {
            part.abort().await;
        }
    }

    async fn start(&mut self) -> Result<()> {
        let packing = Packing::of(&self.head).map_err(|error| in_file(error, self.url))?;
        let seen = SeenFile::new(self.format, packing)?.after(self.place.before.take());
        self.rows_before = seen.rows();
        let kind = match self.format {
            FileFormat::Csv { .. } => "csv",
            FileFormat::Json { .. } => "json",
        };
        let extension = format!("{kind}{}", packing.extension());
        self.open = Some((Part::create(self.draft, self.place.number, &extension).await?, seen));
        Ok(())
    }

    async fn pass(&mut self, chunk: Bytes) -> Result<()> {
        let Some((part, seen)) = &mut self.open else { return Ok(()) };
        let before = seen.rows();
        seen.push(&chunk).map_err(|error| in_file(error, self.url))?;
        self.draft.meter.add(seen.rows() - before, chunk.len() as u64);
        part.write(chunk).await
    }
}
