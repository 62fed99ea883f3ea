//! A whole answer: what is computed once of a version, kept, and sent with what caches are to know of it.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::form::RowsForm;

/// How many of the version's files may have rows of the answer, by what is known of them without opening any.
const FILES: HeaderName = HeaderName::from_static("trapiche-files");
/// Of the table.
const VERSION: HeaderName = HeaderName::from_static("trapiche-version");
/// Rows in the answer.
pub const ROWS: HeaderName = HeaderName::from_static("trapiche-rows");

/// The same for whoever asks the same of the same version.
#[derive(Debug)]
pub struct RowsAnswer {
    pub form: RowsForm,
    pub body: Bytes,
    pub rows: usize,
    /// Of the table that it is from.
    pub version: u64,
    pub committed_at: DateTime<Utc>,
    /// Files that may have rows of it, of all the version has.
    pub files: (u64, u64),
    /// Where the next page is.
    pub next: Option<String>,
    pub tag: String,
}

impl RowsAnswer {
    /// Whether the caller has it already (RFC 9110 §13.1.2).
    fn is_known_to(&self, headers: &HeaderMap) -> bool {
        is_listed(&self.tag, headers)
    }

    pub fn response(&self, asked: &HeaderMap) -> Response {
        let is_known = self.is_known_to(asked);
        let mut response = match is_known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => self.body.clone().into_response(),
        };
        let headers = response.headers_mut();
        freshness(headers, &self.tag, self.committed_at);
        headers.insert(VERSION, HeaderValue::from(self.version));
        if !is_known {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.form.media_type()));
            headers.insert(ROWS, HeaderValue::from(self.rows as u64));
            headers.insert(FILES, text(&format!("{} of {}", self.files.0, self.files.1)));
            if let Some(next) = &self.next {
                headers.insert(header::LINK, text(&format!("<{next}>; rel=\"next\"")));
            }
        }
        response
    }
}

/// Whether `If-None-Match` lists the tag.
pub fn is_listed(tag: &str, headers: &HeaderMap) -> bool {
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|list| list.split(',')).map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// What caches are to know: a tag, and that they must ask whether it still holds.
pub fn freshness(headers: &mut HeaderMap, tag: &str, modified: DateTime<Utc>) {
    headers.insert(header::ETAG, text(tag));
    headers.insert(header::LAST_MODIFIED, text(&httpdate::fmt_http_date(modified.into())));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization, x-api-key"));
}

fn text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("built of letters that headers take")
}

/// Tells an answer from all others: of what is it the answer, and to what.
pub fn tag(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, so that no two lists of parts are one text.
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let hash: String = hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}

/// Answers that were given, by their tags: a version never changes, so they stay right until nobody asks for them.
pub struct Answers(Cache<String, Arc<RowsAnswer>>);

/// What nobody has asked for so long is forgotten.
const IDLE: Duration = Duration::from_secs(300);

impl Answers {
    pub fn new(most_bytes: u64) -> Answers {
        let weight = |tag: &String, answer: &Arc<RowsAnswer>| {
            u32::try_from(tag.len() + answer.body.len() + size_of::<RowsAnswer>()).unwrap_or(u32::MAX)
        };
        Answers(Cache::builder().max_capacity(most_bytes).weigher(weight).time_to_idle(IDLE).build())
    }

    pub fn get(&self, tag: &str) -> Option<Arc<RowsAnswer>> {
        self.0.get(tag)
    }

    pub fn keep(&self, answer: Arc<RowsAnswer>) {
        self.0.insert(answer.tag.clone(), answer);
    }
}
