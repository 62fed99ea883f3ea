//! What lies at an address, by its first megabyte, before anybody has said how it is to be read.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::http::{self, FailedAttempt};
use crate::error::{Error, Result};
use crate::formats::encoding::TextEncoding;
use crate::formats::plain::Plain;
use crate::formats::unpack::Packing;
use crate::project::Address;

const MOST_BYTES: usize = 1 << 20;

/// Unpacked at a time.
const SLICE_BYTES: usize = 16 << 10;

pub struct Beginning {
    /// Unpacked.
    pub text: Vec<u8>,
    /// Whether that is all.
    pub is_whole: bool,
    /// What a server says that it is: `text/csv`, without parameters and in lower case.
    pub content_type: Option<String>,
}

/// Reads the beginning of what an `http(s)://` or `file://` address leads to.
pub async fn beginning(url: &Address) -> Result<Beginning> {
    let (bytes, is_whole, content_type) = match url.url().to_file_path() {
        Ok(path) => {
            let unreadable = |error| Error::config(format!("cannot read `{}`", path.display())).because(error);
            let file = File::open(&path).await.map_err(unreadable)?;
            let mut bytes = vec![];
            file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
            let is_whole = bytes.len() <= MOST_BYTES;
            (bytes, is_whole, None)
        }
        Err(()) => {
            let client = http::client(HeaderMap::new(), false)?;
            http::with_retries(|| asked(&client, url)).await?
        }
    };
    let mut plain = Plain::new(Packing::of(&bytes)?, TextEncoding::Utf8)?;
    let mut text = vec![];
    for slice in bytes.chunks(SLICE_BYTES) {
        plain.push(slice, |piece| {
            text.extend_from_slice(piece);
            Ok(())
        })?;
        if text.len() > 4 * MOST_BYTES {
            return Ok(Beginning { text, is_whole: false, content_type });
        }
    }
    Ok(Beginning { text, is_whole, content_type })
}

async fn asked(client: &reqwest::Client, url: &Address) -> Result<(Vec<u8>, bool, Option<String>), FailedAttempt> {
    let mut response = http::send(client.get(url.url().clone()), url).await?;
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_lowercase());
    let mut bytes = vec![];
    while bytes.len() <= MOST_BYTES {
        match http::chunk(&mut response, url).await? {
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => return Ok((bytes, true, content_type)),
        }
    }
    Ok((bytes, false, content_type))
}
