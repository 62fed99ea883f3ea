//! Files of this machine.

use std::fs::Metadata;
use std::io::{ErrorKind, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use url::Url;

use super::READ_BYTES;
use super::copy::{Copied, Copy, OneFile};
use super::pattern::{MATCHING, pattern};
use super::shown::shown;
use crate::error::{Error, Result};
use crate::ingest::http::FailedAttempt;
use crate::lake::landing::SourceRequest;
use crate::project::Address;

/// Copies a file, unless it still has the state that it had.
pub async fn copy(job: &OneFile<'_>) -> Result<Copied, FailedAttempt> {
    let url = job.url;
    let path = path(url)?;
    let file = match File::open(&path).await {
        Ok(file) => file,
        Err(error) => {
            let is_absent = error.kind() == ErrorKind::NotFound;
            let error = unreadable(url, error);
            return Err(if is_absent { FailedAttempt::absent(error) } else { error.into() });
        }
    };
    let unreadable = |error| unreadable(url, error);
    let metadata = file.metadata().await.map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(is_folder(url).into());
    }
    let etag = state(&metadata, job.draft.at);
    if etag.is_some() && job.previous.is_some_and(|request| request.etag == etag) {
        return Ok(Copied::Unchanged("not modified"));
    }
    let (mut copy, mut file) = Copy::local(job, file).await?;
    file.set_max_buf_size(READ_BYTES);
    loop {
        let mut chunk = BytesMut::with_capacity(READ_BYTES);
        if file.read_buf(&mut chunk).await.map_err(unreadable)? == 0 {
            copy.end().await?;
            let request = SourceRequest { url: url.to_string(), status: None, etag, last_modified: None };
            return Ok(copy.finish(vec![request]).await?);
        }
        copy.push(chunk.freeze()).await?;
    }
}

/// The files that a path with stars stands for, in the order of their paths.
///
/// # Errors
/// When a folder cannot be read.
pub fn matching(url: &Address) -> Result<Vec<Address>> {
    let pattern = pattern(&path(url)?.to_string_lossy(), url)?;
    let found = glob::glob_with(&pattern, MATCHING)
        .map_err(|error| Error::config(format!("{} is no pattern", shown(url))).because(error))?;
    let mut files = vec![];
    for path in found {
        let path = path.map_err(|error| Error::failed(format!("could not read {}", shown(url))).because(error))?;
        if path.is_file() {
            let file = Url::from_file_path(&path)
                .map_err(|()| Error::failed(format!("`{}` is no path of a file", path.display())))?;
            files.push(url.matched(file));
        }
    }
    Ok(files)
}

/// The file, and how many bytes it has.
pub async fn open(url: &Address) -> Result<(File, u64)> {
    let file = File::open(path(url)?).await.map_err(|error| unreadable(url, error))?;
    let metadata = file.metadata().await.map_err(|error| unreadable(url, error))?;
    if metadata.is_dir() { Err(is_folder(url)) } else { Ok((file, metadata.len())) }
}

pub async fn skip(file: &mut File, bytes: u64, url: &Address) -> Result<()> {
    file.seek(SeekFrom::Start(bytes)).await.map(|_| ()).map_err(|error| unreadable(url, error))
}

fn path(url: &Address) -> Result<PathBuf> {
    url.url().to_file_path().map_err(|()| {
        Error::config(format!("`{url}` is not the path of a local file")).hint("write file:///path, or file://./path")
    })
}

fn is_folder(url: &Address) -> Error {
    let place = shown(url);
    let hint = format!("for all files in it: `{url}/*.csv`");
    Error::failed(format!("{place} is a folder, not a file")).hint(hint)
}

pub fn unreadable(url: &Address, error: std::io::Error) -> Error {
    let place = shown(url);
    match error.kind() {
        ErrorKind::IsADirectory => is_folder(url),
        ErrorKind::NotFound => {
            Error::failed(format!("there is no file {place}")).hint("check the path, or put the file there")
        }
        _ => Error::failed(format!("could not read {place}")).because(error),
    }
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
