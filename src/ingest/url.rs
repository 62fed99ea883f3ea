//! One file behind a URL: `http(s)://` or `file://`; CSV or JSON, gzipped or not. It lands byte for byte.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use arrow::datatypes::{DataType, SchemaRef};
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use reqwest::{Client, StatusCode};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use url::Url;

use super::http::{self, Fault};
use super::parts::{Draft, Part, Taken};
use super::seen::Seen;
use crate::error::{Error, Result};
use crate::lake::gunzip;
use crate::lake::landing::{LandedFormat, LandedPart, Request};
use crate::project::FileFormat;

const READ_BYTES: usize = 1 << 20;

/// Copies the file into the lake while counting its rows and finding its schema.
///
/// It is unchanged if the server says so to the last landing's ETag or Last-Modified (RFC 9110, 13.1), or a local
/// file still has its size and time.
pub async fn capture(
    url: &str,
    format: &FileFormat,
    columns: &BTreeMap<String, DataType>,
    draft: &Draft<'_>,
) -> Result<Taken> {
    let url = Url::parse(url).map_err(|error| Error::config(format!("`{url}` is not a URL")).because(error))?;
    if !columns.is_empty() && matches!(format, FileFormat::Json { .. }) {
        return Err(Error::config("`columns:` gives types to a CSV; JSON keeps its own types"));
    }
    let copied = match url.scheme() {
        "file" => copy_file(&url, format, draft).await?,
        "http" | "https" => {
            let client = http::client(HeaderMap::new())?;
            http::with_retries(|| download(&client, &url, format, draft)).await?
        }
        other => {
            return Err(Error::config(format!("files cannot be read from `{other}://`"))
                .hint("known are http://, https:// and file://"));
        }
    };
    let (part, seen) = match copied {
        Copied::Unchanged(why) => return Ok(Taken::Unchanged(why.into())),
        Copied::New(part, seen) => (part, *seen),
    };
    let schema = seen.schema(columns).map_err(|error| in_file(error, &url))?;
    let format = match format {
        FileFormat::Csv { delimiter, header } => {
            LandedFormat::Csv { delimiter: char::from(*delimiter), header: *header }
        }
        FileFormat::Json { records } => LandedFormat::Json { records: records.clone() },
    };
    Ok(Taken::New { format, schema, parts: vec![part] })
}

/// The schema of a local file, from its first megabyte.
pub async fn peek(url: &str, format: &FileFormat, columns: &BTreeMap<String, DataType>) -> Result<Option<SchemaRef>> {
    let Some(url) = Url::parse(url).ok().filter(|url| url.scheme() == "file") else { return Ok(None) };
    let path = local_path(&url)?;
    let mut head = vec![];
    let file = File::open(&path).await.map_err(|error| unreadable(&path, error))?;
    file.take(READ_BYTES as u64).read_to_end(&mut head).await.map_err(|error| unreadable(&path, error))?;
    let mut seen = Seen::new(format, head.starts_with(gunzip::MAGIC));
    let schema = seen.push(&head).and_then(|()| seen.schema(columns));
    match schema {
        Ok(schema) => Ok(Some(schema)),
        // The rest of a longer file may say more.
        Err(_) if head.len() == READ_BYTES => Ok(None),
        Err(error) => Err(error.context(format!("`{}`", path.display()))),
    }
}

fn local_path(url: &Url) -> Result<PathBuf> {
    url.to_file_path().map_err(|()| {
        Error::config(format!("`{url}` is not the path of a local file")).hint("write file:///path, or file://./path")
    })
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::IsADirectory => Error::failed(format!("`{}` is a folder, not a file", path.display())),
        ErrorKind::NotFound => Error::failed(format!("there is no file `{}`", path.display()))
            .hint("check the path, or put the file there"),
        _ => Error::failed(format!("could not read `{}`", path.display())).because(error),
    }
}

enum Copied {
    New(LandedPart, Box<Seen>),
    Unchanged(&'static str),
}

async fn copy_file(url: &Url, format: &FileFormat, draft: &Draft<'_>) -> Result<Copied> {
    let path = local_path(url)?;
    let unreadable = |error| unreadable(&path, error);
    let mut file = File::open(&path).await.map_err(unreadable)?;
    file.set_max_buf_size(READ_BYTES);
    let metadata = file.metadata().await.map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Error::failed(format!("`{}` is a folder, not a file", path.display())));
    }
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let etag = changed.map(|time| format!("{}-{}", metadata.len(), time.as_nanos()));
    if etag.is_some() && previous_request(draft).is_some_and(|request| request.etag == etag) {
        return Ok(Copied::Unchanged("not modified"));
    }
    let mut copy = Copy::new(url, format, draft);
    loop {
        let mut chunk = BytesMut::with_capacity(READ_BYTES);
        if file.read_buf(&mut chunk).await.map_err(unreadable)? == 0 {
            return copy.finish(Request { url: url.to_string(), status: None, etag, last_modified: None }).await;
        }
        copy.push(chunk.freeze()).await?;
    }
}

async fn download(client: &Client, url: &Url, format: &FileFormat, draft: &Draft<'_>) -> Result<Copied, Fault> {
    let mut request = client.get(url.clone());
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
    let mut copy = Copy::new(url, format, draft);
    loop {
        match http::chunk(&mut response, url).await {
            Ok(Some(chunk)) => copy.push(chunk).await?,
            Ok(None) => return Ok(copy.finish(request).await?),
            Err(fault) => {
                copy.abort().await;
                return Err(fault);
            }
        }
    }
}

/// The request that the last landing came from, if there was one and it was for the same place.
fn previous_request<'a>(draft: &Draft<'a>) -> Option<&'a Request> {
    draft.previous?.parts.first()?.requests.first()
}

fn in_file(error: Error, url: &Url) -> Error {
    error.context(format!("`{}`", http::shown(url)))
}

/// A file on its way into the lake.
struct Copy<'a> {
    url: &'a Url,
    draft: &'a Draft<'a>,
    format: &'a FileFormat,
    /// The first bytes, until there are enough to tell gzip from other data: by its magic number, as names can lie.
    head: BytesMut,
    open: Option<(Part, Seen)>,
}

impl<'a> Copy<'a> {
    fn new(url: &'a Url, format: &'a FileFormat, draft: &'a Draft<'a>) -> Self {
        Copy { url, draft, format, head: BytesMut::new(), open: None }
    }

    async fn push(&mut self, chunk: Bytes) -> Result<()> {
        let chunk = match self.open {
            Some(_) => chunk,
            None => {
                self.head.extend_from_slice(&chunk);
                if self.head.len() < gunzip::MAGIC.len() {
                    return Ok(());
                }
                self.start();
                self.head.split().freeze()
            }
        };
        self.pass(chunk).await
    }

    async fn finish(mut self, request: Request) -> Result<Copied> {
        if self.open.is_none() {
            self.start();
            let head = self.head.split().freeze();
            self.pass(head).await?;
        }
        let (mut part, mut seen) = self.open.expect("started above, if not before");
        let before = seen.rows();
        seen.finish().map_err(|error| in_file(error, self.url))?;
        self.draft.meter.add(seen.rows() - before, 0);
        part.count(seen.rows());
        Ok(Copied::New(part.finish(vec![request]).await?, Box::new(seen)))
    }

    async fn abort(self) {
        if let Some((part, _)) = self.open {
            part.abort().await;
        }
    }

    fn start(&mut self) {
        let gzipped = self.head.starts_with(gunzip::MAGIC);
        let extension = match (self.format, gzipped) {
            (FileFormat::Csv { .. }, false) => "csv",
            (FileFormat::Csv { .. }, true) => "csv.gz",
            (FileFormat::Json { .. }, false) => "json",
            (FileFormat::Json { .. }, true) => "json.gz",
        };
        self.open = Some((Part::create(self.draft, 1, extension), Seen::new(self.format, gzipped)));
    }

    async fn pass(&mut self, chunk: Bytes) -> Result<()> {
        let Some((part, seen)) = &mut self.open else { return Ok(()) };
        let before = seen.rows();
        seen.push(&chunk).map_err(|error| in_file(error, self.url))?;
        self.draft.meter.add(seen.rows() - before, chunk.len() as u64);
        part.write(chunk).await
    }
}
