//! A JSON API: one request, or its pages in order. Rows land as NDJSON.

mod paginate;

use std::collections::BTreeMap;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, StatusCode};
use sha2::{Digest, Sha256};

use super::http::{self, FailedAttempt};
use super::parts::{LandingDraft, RowParts, Taken};
use crate::error::{Error, Result};
use crate::formats::json_rows::RowSplitter;
use crate::formats::json_schema::JsonSchema;
use crate::formats::utf8::Utf8;
use crate::lake::landing::{LandedFormat, Landing, SourceRequest};
use crate::project::{Address, Paginator, Secret};
use paginate::Pages;

/// A page is held in memory, so that one that breaks off can be asked for again.
const MAX_PAGE_BYTES: usize = 128 << 20;
const MAX_PAGES: u32 = 100_000;
const FLUSH_BYTES: usize = 1 << 20;

/// Reads all [pages](Pages), or the one answer.
///
/// It is unchanged if the server answers 304 to every page's ETag of the last landing.
pub async fn capture(
    url: &Address,
    headers: &BTreeMap<String, Secret>,
    records: Option<&str>,
    paginate: Option<&Paginator>,
    draft: &LandingDraft<'_>,
) -> Result<Taken> {
    if !matches!(url.url().scheme(), "http" | "https") {
        return Err(
            Error::config(format!("`{url}` is not the address of an API")).hint("it starts with http:// or https://")
        );
    }
    let api = Api { client: http::client(header_map(headers)?)?, url, records, paginate };
    if let Some(previous) = draft.previous
        && api.is_as_in(previous).await?
    {
        return Ok(Taken::Unchanged("not modified (304)".into()));
    }

    let mut schema = JsonSchema::default();
    let mut parts = RowParts::new(draft);
    let mut pages = Pages::default();
    for number in 1..=MAX_PAGES {
        let page = match api.page(number).await {
            Err(FailedAttempt { status: Some(status), .. }) if pages.end_with(status) => {
                // Without an ETag, so that the next capture asks whether there is such a page by then.
                let url = api.page_url(number).to_string();
                parts.request(SourceRequest { url, status: Some(status.as_u16()), etag: None, last_modified: None });
                break;
            }
            page => page?,
        };
        parts.request(page.request);
        if paginate.is_some_and(|paginate| !pages.go_on(page.rows, paginate.size, page.rows_hash)) {
            break;
        }
        let mut splitter = RowSplitter::new(records);
        let mut line = vec![];
        for chunk in &page.body {
            splitter
                .push(chunk, |row| {
                    schema.add(row)?;
                    to_line(row, &mut line);
                    parts.row(&line);
                    Ok(())
                })
                .map_err(|error| error.context(format!("`{}`", api.page_url(number))))?;
            if parts.waiting_bytes() >= FLUSH_BYTES {
                parts.flush().await?;
            }
        }
        if paginate.is_none() {
            break;
        }
        if number == MAX_PAGES {
            return Err(Error::failed(format!("`{url}` has more than {MAX_PAGES} pages"))
                .hint("ask for larger pages with `paginate: { size: … }`"));
        }
    }
    Ok(Taken::New { format: LandedFormat::Ndjson, schema: schema.schema()?, parts: parts.finish().await? })
}

struct Api<'a> {
    client: Client,
    url: &'a Address,
    records: Option<&'a str>,
    paginate: Option<&'a Paginator>,
}

/// One answer, checked to be whole.
struct Page {
    body: Vec<Bytes>,
    rows: u64,
    rows_hash: [u8; 32],
    request: SourceRequest,
}

impl Api<'_> {
    /// Pages count from 1.
    fn page_url(&self, number: u32) -> Address {
        let Some(Paginator { page, limit, size }) = self.paginate else { return self.url.clone() };
        self.url.with_parameters(&[(page, number), (limit, *size)])
    }

    async fn page(&self, number: u32) -> Result<Page, FailedAttempt> {
        let url = self.page_url(number);
        http::with_retries(|| self.attempt(&url)).await
    }

    async fn attempt(&self, url: &Address) -> Result<Page, FailedAttempt> {
        let mut response = http::send(self.client.get(url.url().clone()), url).await?;
        let request = http::request(&response, url);
        let (mut body, mut bytes) = (vec![], 0);
        let (mut text, mut hash) = (Utf8::default(), Sha256::new());
        let mut splitter = RowSplitter::new(self.records);
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
        Ok(Page { body, rows, rows_hash: hash.finalize().into(), request })
    }

    /// Whether every page of a landing is still what it was, as far as the server says so.
    async fn is_as_in(&self, landing: &Landing) -> Result<bool> {
        let requests: Vec<_> = landing.parts.iter().flat_map(|part| &part.requests).collect();
        if requests.is_empty() || requests.iter().any(|request| request.etag.is_none()) {
            return Ok(false);
        }
        for (number, request) in (1..).zip(requests) {
            let url = self.page_url(number);
            let etag = request.etag.as_deref().unwrap_or_default();
            let status = http::with_retries(async || {
                let request = self.client.get(url.url().clone()).header(IF_NONE_MATCH, etag);
                Ok(http::send(request, &url).await?.status())
            });
            if status.await? != StatusCode::NOT_MODIFIED {
                return Ok(false);
            }
        }
        Ok(true)
    }
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

/// A row as one line. JSON has line ends between its tokens only (RFC 8259, 7), so a space does as well.
fn to_line(row: &[u8], line: &mut Vec<u8>) {
    line.clear();
    line.extend(row.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
}
