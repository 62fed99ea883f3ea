//! HTTP as sources need it: time-outs, retries, and errors that name the URL without its secrets.

use std::future::Future;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{ETAG, HeaderMap, LAST_MODIFIED, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use url::Url;

use crate::error::{Error, Result};
use crate::lake::landing::Request;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two arrivals of data, not for the whole answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const ATTEMPTS: usize = 5;
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// A server that asks for more patience than this gets this much.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// One attempt that failed, and whether another may fare better.
pub struct Fault {
    pub error: Error,
    again: bool,
    /// What the server asked for.
    retry_after: Option<Duration>,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault { error, again: false, retry_after: None }
    }
}

impl Fault {
    /// A fault that may pass: an answer cut short, a gateway's error page with status 200.
    pub fn passing(error: Error) -> Self {
        Fault { error, again: true, retry_after: None }
    }
}

/// A client that sends `headers` with every request, and to the first host only: redirects must not carry secrets elsewhere.
pub fn client(headers: HeaderMap) -> Result<Client> {
    let redirects = if headers.is_empty() {
        redirect::Policy::limited(10)
    } else {
        redirect::Policy::custom(|attempt| {
            let same = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
            if same && attempt.previous().len() <= 10 { attempt.follow() } else { attempt.stop() }
        })
    };
    Client::builder()
        .user_agent(concat!("trapiche/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(redirects)
        .referer(false)
        .build()
        .map_err(|error| Error::failed("could not set up HTTP").because(error))
}

/// Makes up to five attempts, with exponential delays and jitter, or as long as the server asks for.
pub async fn with_retries<T, F, Fut>(attempt: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Fault>>,
{
    let delays = ExponentialBuilder::default().with_min_delay(FIRST_DELAY).with_max_times(ATTEMPTS - 1).with_jitter();
    attempt
        .retry(delays)
        .when(|fault| fault.again)
        .adjust(|fault, delay| delay.map(|delay| delay.max(fault.retry_after.unwrap_or_default()).min(MAX_DELAY)))
        .await
        .map_err(
            |fault| {
                if fault.again { fault.error.context(format!("after {ATTEMPTS} attempts")) } else { fault.error }
            },
        )
}

/// Sends a request; the answer is a success or 304.
pub async fn send(request: RequestBuilder, url: &Url) -> Result<Response, Fault> {
    let response = request.send().await.map_err(|error| unreachable(error, url))?;
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let again =
        status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Err(Fault { error: refused(status, url), again, retry_after: seconds.map(Duration::from_secs) })
}

/// The next piece of an answer's body.
pub async fn chunk(response: &mut Response, url: &Url) -> Result<Option<bytes::Bytes>, Fault> {
    response.chunk().await.map_err(|error| {
        Fault::passing(
            Error::connection(format!("the answer of `{}` broke off", shown(url))).because(error.without_url()),
        )
    })
}

/// What a landing keeps of an answered request.
pub fn request(response: &Response, url: &Url) -> Request {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
    Request {
        url: shown(url),
        status: Some(response.status().as_u16()),
        etag: header(ETAG),
        last_modified: header(LAST_MODIFIED),
    }
}

/// A URL as it may be printed: no user, no password, and `***` for query values that could be secrets.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both only fail for URLs that have no host, which then have no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        url.query_pairs_mut().clear().extend_pairs(
            pairs.iter().map(|(name, value)| (name, if may_be_secret(name) { "***" } else { value.as_str() })),
        );
    }
    url.to_string()
}

fn may_be_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "pass", "pwd", "sig", "auth", "credential", "code", "session"]
        .iter()
        .any(|word| name.contains(word))
}

fn unreachable(error: reqwest::Error, url: &Url) -> Fault {
    let what = if error.is_timeout() { "no answer in time from" } else { "could not reach" };
    let hint = format!("check the address, and that {} can be reached from here", url.host_str().unwrap_or("the host"));
    let again = !error.is_builder() && !error.is_redirect();
    let error = Error::connection(format!("{what} `{}`", shown(url))).hint(hint).because(error.without_url());
    Fault { error, again, retry_after: None }
}

fn refused(status: StatusCode, url: &Url) -> Error {
    let message = format!("`{}` answered {status}", shown(url));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::connection(message).hint("check the credentials in the connection's `headers:`")
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::failed(message).hint("check the source's path"),
        StatusCode::TOO_MANY_REQUESTS => Error::failed(message).hint("ask for larger pages, or run again later"),
        _ if status.is_redirection() => Error::failed(message)
            .hint("it redirects to another host, to which headers are not sent; use its final address"),
        _ if status.is_server_error() => Error::failed(message).hint("the server is at fault; run again later"),
        _ => Error::failed(message).hint("check the source's path and paging, and the connection's `headers:`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_has_no_secrets() {
        let url = Url::parse("https://me:pw@example.org/a%20b?page=2&api_key=s3cret&X-Amz-Signature=abc").unwrap();
        assert_eq!(shown(&url), "https://example.org/a%20b?page=2&api_key=***&X-Amz-Signature=***");
        assert_eq!(shown(&Url::parse("file:///a/b.csv").unwrap()), "file:///a/b.csv");
    }
}
