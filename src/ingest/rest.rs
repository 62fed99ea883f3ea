//! A JSON API: one request, or its pages in order. Rows land as NDJSON.

use std::collections::BTreeMap;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, StatusCode};
use sha2::{Digest, Sha256};
use url::Url;

use super::http::{self, Fault};
use super::parts::{Draft, RowParts, Taken};
use super::schema::Rows;
use crate::error::{Error, Result};
use crate::lake::json_rows::RowSplitter;
use crate::lake::landing::{LandedFormat, Landing, Request};
use crate::project::{Paginator, Secret};

/// A page is held in memory, so that one that breaks off can be asked for again.
const MAX_PAGE_BYTES: usize = 128 << 20;
const MAX_PAGES: u32 = 100_000;
const FLUSH_BYTES: usize = 1 << 20;

/// Reads all pages, up to an empty or short one, or one that is the same as the page before (an API that ignores the
/// page number).
///
/// It is unchanged if the server answers 304 to every page's ETag of the last landing.
pub async fn capture(
    base: &str,
    path: &str,
    headers: &BTreeMap<String, Secret>,
    records: Option<&str>,
    paginate: Option<&Paginator>,
    draft: &Draft<'_>,
) -> Result<Taken> {
    let address = format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'));
    let url = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| {
        // Not the address itself, which may hold a password.
        Error::config(format!("the connection's address with `{path}` is not a URL"))
            .hint("it starts with http:// or https://")
    })?;
    let api = Api { client: http::client(header_map(headers)?)?, url, records, paginate };
    if let Some(previous) = draft.previous
        && api.is_as_in(previous).await?
    {
        return Ok(Taken::Unchanged("not modified (304)".into()));
    }

    let mut schema = Rows::default();
    let mut parts = RowParts::new(draft);
    let mut last_hash = None;
    for number in 1..=MAX_PAGES {
        let page = api.page(number).await?;
        let repeated = last_hash.replace(page.hash) == Some(page.hash);
        parts.request(page.request);
        if repeated {
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
                .map_err(|error| error.context(format!("`{}`", http::shown(&api.page_url(number)))))?;
            if parts.waiting_bytes() >= FLUSH_BYTES {
                parts.flush().await?;
            }
        }
        if paginate.is_none_or(|paginate| page.rows == 0 || page.rows < u64::from(paginate.size)) {
            break;
        }
        if number == MAX_PAGES {
            return Err(Error::failed(format!("`{}` has more than {MAX_PAGES} pages", http::shown(&api.url)))
                .hint("ask for larger pages with `paginate: { size: … }`"));
        }
    }
    Ok(Taken::New { format: LandedFormat::Ndjson, schema: schema.schema()?, parts: parts.finish().await? })
}

struct Api<'a> {
    client: Client,
    url: Url,
    records: Option<&'a str>,
    paginate: Option<&'a Paginator>,
}

/// One answer, checked to be whole.
struct Page {
    body: Vec<Bytes>,
    rows: u64,
    hash: [u8; 32],
    request: Request,
}

impl Api<'_> {
    /// Pages count from 1.
    fn page_url(&self, number: u32) -> Url {
        let mut url = self.url.clone();
        if let Some(paginate) = self.paginate {
            url.query_pairs_mut()
                .append_pair(&paginate.page, &number.to_string())
                .append_pair(&paginate.limit, &paginate.size.to_string());
        }
        url
    }

    async fn page(&self, number: u32) -> Result<Page> {
        let url = self.page_url(number);
        http::with_retries(|| self.attempt(&url)).await
    }

    async fn attempt(&self, url: &Url) -> Result<Page, Fault> {
        let mut response = http::send(self.client.get(url.clone()), url).await?;
        let request = http::request(&response, url);
        let (mut body, mut bytes) = (vec![], 0);
        let mut hash = Sha256::new();
        let mut splitter = RowSplitter::new(self.records);
        let broken = |error: Error| Fault::passing(error.context(format!("`{}`", http::shown(url))));
        while let Some(chunk) = http::chunk(&mut response, url).await? {
            bytes += chunk.len();
            if bytes > MAX_PAGE_BYTES {
                return Err(Error::failed(format!(
                    "`{}` answers with more than {MAX_PAGE_BYTES} bytes",
                    http::shown(url)
                ))
                .hint("read it in pages with `paginate:`, or as a file with `url:` and `format: json`")
                .into());
            }
            hash.update(&chunk);
            splitter.push(&chunk, |_| Ok(())).map_err(broken)?;
            body.push(chunk);
        }
        let rows = splitter.rows();
        splitter.finish().map_err(broken)?;
        Ok(Page { body, rows, hash: hash.finalize().into(), request })
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
                let request = self.client.get(url.clone()).header(IF_NONE_MATCH, etag);
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
