//! Files behind `http(s)://`.

use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode};
use tokio::sync::Mutex;

use super::copy::{Copied, Copy, OneFile};
use crate::ingest::http::{self, FailedAttempt};

/// Downloads a file, unless the server says that it is as it was. Where an attempt breaks off, the next one goes on behind
/// the bytes that came, if the file has a strong ETag that says that it is still the same (RFC 9110, 13.1.5 and 14.2).
pub async fn download(client: &Client, job: &OneFile<'_>) -> Result<Copied, FailedAttempt> {
    let download = Mutex::new(Download { client, job, begun: None });
    let done = http::with_retries(|| async { download.lock().await.attempt().await }).await;
    if let Some(begun) = download.into_inner().begun {
        begun.copy.abort().await;
    }
    done
}

struct Download<'a> {
    client: &'a Client,
    job: &'a OneFile<'a>,
    begun: Option<Begun<'a>>,
}

/// What of a file has come.
struct Begun<'a> {
    copy: Copy<'a>,
    /// Of these bytes; without it the rest cannot be asked for.
    etag: Option<String>,
}

impl Download<'_> {
    async fn attempt(&mut self) -> Result<Copied, FailedAttempt> {
        let url = self.job.url;
        let mut request = self.client.get(url.url().clone());
        let kept = self.begun.take();
        let goes_on = match kept {
            Some(Begun { copy, etag: Some(etag) }) if copy.bytes > 0 => {
                request = request.header(RANGE, format!("bytes={}-", copy.bytes)).header(IF_RANGE, &etag);
                Some(Begun { copy, etag: Some(etag) })
            }
            Some(other) => {
                other.copy.abort().await;
                None
            }
            None => None,
        };
        if let (None, Some(previous)) = (&goes_on, self.job.previous) {
            if let Some(etag) = &previous.etag {
                request = request.header(IF_NONE_MATCH, etag);
            }
            if let Some(last_modified) = &previous.last_modified {
                request = request.header(IF_MODIFIED_SINCE, last_modified);
            }
        }
        let response = match (http::send(request, url).await, goes_on) {
            (Ok(response), Some(begun)) if is_the_rest(&response, &begun) => {
                self.begun = Some(begun);
                response
            }
            (Ok(response), other) => {
                if let Some(other) = other {
                    other.copy.abort().await;
                }
                if response.status() == StatusCode::PARTIAL_CONTENT {
                    return Err(FailedAttempt::passing(http::unexpected(url, "with another part of the file")));
                }
                response
            }
            // The rest is asked for again, or all of it where the server has no such rest.
            (Err(fault), begun) => {
                if fault.status == Some(StatusCode::RANGE_NOT_SATISFIABLE) {
                    return Err(fault.again());
                }
                self.begun = begun;
                return Err(fault);
            }
        };
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Copied::Unchanged("not modified (304)"));
        }
        self.take(response).await
    }

    async fn take(&mut self, mut response: Response) -> Result<Copied, FailedAttempt> {
        let url = self.job.url;
        let request = http::request(&response, url);
        let etag = strong_etag(response.headers());
        let mut begun = self.begun.take().unwrap_or_else(|| Begun { copy: Copy::new(self.job), etag });
        loop {
            match http::chunk(&mut response, url).await {
                Ok(Some(chunk)) => {
                    if let Err(error) = begun.copy.push(chunk).await {
                        begun.copy.abort().await;
                        return Err(error.into());
                    }
                }
                Ok(None) => break,
                Err(fault) => {
                    self.begun = Some(begun);
                    return Err(fault);
                }
            }
        }
        // An answer that does not tell its length ends where the connection does.
        match begun.copy.end().await {
            Ok(()) => Ok(begun.copy.finish(vec![request]).await?),
            Err(error) => {
                begun.copy.abort().await;
                Err(FailedAttempt::passing(error))
            }
        }
    }
}

/// Whether it begins where the copy ends, and is of the same bytes: some servers do not look at `If-Range`.
fn is_the_rest(response: &Response, begun: &Begun) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    let is_same = strong_etag(response.headers()) == begun.etag;
    response.status() == StatusCode::PARTIAL_CONTENT && start == Some(begun.copy.bytes) && is_same
}

fn strong_etag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get(ETAG)?.to_str().ok()?;
    (!etag.starts_with("W/")).then(|| etag.to_string())
}
