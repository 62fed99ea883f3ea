//! Requests to an API, each with what the API wants to know, at the pace that it allows, and its answer as a whole.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::answer::{self, Envelope};
use super::auth::Credentials;
use crate::error::{Error, Result};
use crate::formats::json_rows::RowSplitter;
use crate::formats::utf8::Utf8;
use crate::ingest::http::{self, FailedAttempt};
use crate::lake::landing::SourceRequest;
use crate::project::{Address, MethodSpec, RestRead, Secret};

/// A page is held in memory, so that one that breaks off can be asked for again.
const MAX_PAGE_BYTES: usize = 128 << 20;

/// What one page is asked for with.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    pub url: Address,
    /// As JSON, by POST.
    pub body: Option<Value>,
}

/// One answer, checked to be whole.
pub struct Page {
    pub body: Vec<Bytes>,
    pub rows: u64,
    pub rows_hash: [u8; 32],
    /// What the `Link` header says of the next page, if there is one.
    pub link: Option<Option<String>>,
    /// What a header says of how many rows there are in all, with its name.
    pub total: Option<(&'static str, u64)>,
    pub request: SourceRequest,
}

impl Page {
    /// The body in one piece.
    pub fn text(&self) -> Cow<'_, [u8]> {
        match self.body.as_slice() {
            [one] => Cow::from(one.as_ref()),
            several => several.concat().into(),
        }
    }

    /// The value at a dotted path of the body.
    pub fn at(&self, path: &str) -> Result<Option<Value>> {
        Ok(Envelope::of(&self.text())?.at(path))
    }
}

pub struct Client<'a> {
    http: reqwest::Client,
    credentials: Credentials<'a>,
    read: &'a RestRead,
}

impl<'a> Client<'a> {
    pub fn new(read: &'a RestRead) -> Result<Self> {
        let api = &read.api;
        let client = http::client(header_map(&api.headers)?, api.auth.is_some())?;
        Ok(Client { http: client, credentials: Credentials::new(api.auth.as_ref()), read })
    }

    pub async fn page(&self, ask: &Ask) -> Result<Page, FailedAttempt> {
        http::with_retries(|| self.attempt(ask)).await
    }

    /// Whether the page is still the one with this ETag, as far as the server says so.
    pub async fn is_as_it_was(&self, url: &Address, etag: &str) -> Result<bool> {
        let ask = Ask { url: url.clone(), body: None };
        let status = http::with_retries(async || {
            let _turn = self.read.api.pace.turn().await;
            let with_etag = |request: RequestBuilder| request.header(IF_NONE_MATCH, etag);
            Ok(self.send(&ask, with_etag).await?.status())
        });
        Ok(status.await? == StatusCode::NOT_MODIFIED)
    }

    /// Sends it, and once more with another token if this one has ended.
    async fn send(
        &self,
        ask: &Ask,
        more: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, FailedAttempt> {
        let mut is_renewed = false;
        loop {
            let (request, token) = self.credentials.put_on(more(self.request(ask)), &self.http).await?;
            match (http::send(request, &ask.url).await, token) {
                (Err(fault), Some(token)) if fault.status == Some(StatusCode::UNAUTHORIZED) && !is_renewed => {
                    self.credentials.forget(&token).await;
                    is_renewed = true;
                }
                (answer, _) => return answer,
            }
        }
    }

    fn request(&self, ask: &Ask) -> RequestBuilder {
        let url = ask.url.url().clone();
        match (self.read.method, &ask.body) {
            (MethodSpec::Get, _) => self.http.get(url),
            (MethodSpec::Post, None) => self.http.post(url),
            (MethodSpec::Post, Some(body)) => {
                self.http.post(url).header(CONTENT_TYPE, "application/json").body(body.to_string())
            }
        }
    }

    async fn attempt(&self, ask: &Ask) -> Result<Page, FailedAttempt> {
        let _turn = self.read.api.pace.turn().await;
        let url = &ask.url;
        let mut response = self.send(ask, |request| request).await?;
        let request = http::request(&response, url);
        let (link, total) = (answer::link(response.headers()), answer::total(response.headers()));
        let (mut body, mut bytes) = (vec![], 0);
        let (mut text, mut hash) = (Utf8::default(), Sha256::new());
        let mut splitter = splitter(self.read);
        let in_answer = |error: Error| error.context(format!("`{url}`"));
        while let Some(chunk) = http::chunk(&mut response, url).await? {
            bytes += chunk.len();
            if bytes > MAX_PAGE_BYTES {
                return Err(Error::failed(format!("`{url}` answers with more than {MAX_PAGE_BYTES} bytes"))
                    .hint("read it in pages with `paginate:`, or as a file with `url:` and `format: json`")
                    .into());
            }
            let sound = text.check(&chunk);
            let rows = &chunk[..sound.as_ref().map_or_else(|bad| bad.sound, |()| chunk.len())];
            let split = splitter.push(rows, |row| {
                hash.update(row);
                hash.update(b"\n");
                Ok(())
            });
            split.map_err(in_answer).map_err(FailedAttempt::passing)?;
            sound.map_err(|bad| in_answer(bad.error(&format!("row {}", splitter.rows() + 1))))?;
            body.push(chunk);
        }
        if bytes == 0 && response.status() != StatusCode::NO_CONTENT {
            let broken_off = Error::failed(format!("`{url}` answered without a single byte"));
            return Err(FailedAttempt::passing(
                broken_off.hint("an answer without rows is `[]`; check the source's path"),
            ));
        }
        let rows = splitter.rows();
        splitter.finish().map_err(in_answer).map_err(FailedAttempt::passing)?;
        Ok(Page { body, rows, rows_hash: hash.finalize().into(), link, total, request })
    }
}

/// Takes an answer apart into its rows.
pub fn splitter(read: &RestRead) -> RowSplitter {
    RowSplitter::new(read.records.as_deref()).of_any_value()
}

fn header_map(headers: &BTreeMap<String, Secret>) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    // `${KEY:-}` without a KEY: no header rather than an empty one.
    for (name, secret) in headers.iter().filter(|(_, secret)| !secret.expose().is_empty()) {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|error| Error::config(format!("`{name}` cannot be the name of a header")).because(error))?;
        let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| {
            Error::config(format!("the value of the header `{name}` holds characters that headers cannot"))
        })?;
        value.set_sensitive(true);
        map.insert(key, value);
    }
    Ok(map)
}
