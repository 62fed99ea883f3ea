//! HTTP as sources need it: time-outs, retries, and errors that name the address as it may be shown.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};

use super::guard;
use crate::error::{self, Error, Result};
use crate::lake::landing::SourceRequest;
use crate::project::Address;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two arrivals of data, not for the whole answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
pub const ATTEMPTS: usize = 5;
/// Tests ask servers of this machine, some thousands of times.
const FIRST_DELAY: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 250 });
/// A server that asks for more patience than this gets this much.
const MAX_DELAY: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 60_000 });

/// One attempt that failed, and whether another may fare better.
pub struct FailedAttempt {
    pub error: Error,
    again: bool,
    /// Whether there is nothing at the address.
    pub is_absent: bool,
    /// What the server refused with.
    pub status: Option<StatusCode>,
    /// What the server asked for.
    retry_after: Option<Duration>,
}

impl From<Error> for FailedAttempt {
    fn from(error: Error) -> Self {
        FailedAttempt { error, again: false, is_absent: false, status: None, retry_after: None }
    }
}

impl From<FailedAttempt> for Error {
    fn from(fault: FailedAttempt) -> Self {
        fault.error
    }
}

impl FailedAttempt {
    /// A fault that may pass: an answer cut short, a gateway's error page with status 200.
    pub fn passing(error: Error) -> Self {
        FailedAttempt { again: true, ..error.into() }
    }

    /// There is nothing to be read.
    pub fn absent(error: Error) -> Self {
        FailedAttempt { is_absent: true, ..error.into() }
    }

    pub fn again(self) -> Self {
        FailedAttempt { again: true, ..self }
    }
}

/// A client that sends `headers` with every request, and to the first host only: redirects must not carry secrets elsewhere,
/// neither these nor others, if it `has_secrets`. None leads to an address that only this machine's surroundings have, where
/// clouds hand out credentials.
pub fn client(headers: HeaderMap, has_secrets: bool) -> Result<Client> {
    let stays = has_secrets || !headers.is_empty();
    let redirects = redirect::Policy::custom(move |attempt| {
        let first = attempt.previous().first();
        let same = first.is_some_and(|first| first.origin() == attempt.url().origin());
        if attempt.previous().len() > 10 {
            attempt.error("it redirects too often")
        } else if stays && !same {
            attempt.stop()
        } else if !same && guard::is_link_local(attempt.url()) {
            attempt.error("it redirects to a link-local address, which answers from outside must not lead to")
        } else {
            attempt.follow()
        }
    });
    Client::builder()
        .user_agent(concat!("trapiche/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(redirects)
        .dns_resolver(Arc::new(guard::Resolver))
        .referer(false)
        .build()
        .map_err(|error| Error::failed("could not set up HTTP").because(error))
}

/// Makes up to five attempts, with exponential delays and jitter, or as long as the server asks for.
pub async fn with_retries<T, F, Fut>(attempt: F) -> Result<T, FailedAttempt>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, FailedAttempt>>,
{
    let delays = ExponentialBuilder::default().with_min_delay(FIRST_DELAY).with_max_times(ATTEMPTS - 1).with_jitter();
    attempt
        .retry(delays)
        .when(|fault| fault.again)
        .adjust(|fault, delay| delay.map(|delay| delay.max(fault.retry_after.unwrap_or_default()).min(MAX_DELAY)))
        .await
        .map_err(|fault| {
            let context = |error: Error| error.context(format!("after {ATTEMPTS} attempts"));
            FailedAttempt { error: if fault.again { context(fault.error) } else { fault.error }, ..fault }
        })
}

/// Sends a request; the answer is a success with data, or 304.
pub async fn send(request: RequestBuilder, url: &Address) -> Result<Response, FailedAttempt> {
    let response = answered(request, url).await?;
    let is_page = response.status().is_success() && is_web_page(response.headers());
    if is_page { Err(web_page(url).into()) } else { Ok(response) }
}

/// Sends a request; the answer is a success, or 304.
pub async fn answered(request: RequestBuilder, url: &Address) -> Result<Response, FailedAttempt> {
    let response = request.send().await.map_err(|error| unreachable(error, url))?;
    let status = response.status();
    if status == StatusCode::NOT_MODIFIED || status.is_success() {
        return Ok(response);
    }
    let again =
        status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let retry_after = retry_after(response.headers());
    let is_absent = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
    Err(FailedAttempt { again, is_absent, status: Some(status), retry_after, ..refused(status, url).into() })
}

/// How long to wait before another attempt: seconds, or until a date (RFC 9110, 10.2.3) by the server's own clock if it tells
/// that. A date in the past asks for nothing.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, RETRY_AFTER)?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = text(headers, DATE).and_then(|date| httpdate::parse_http_date(date).ok());
    httpdate::parse_http_date(asked).ok()?.duration_since(now.unwrap_or_else(SystemTime::now)).ok()
}

/// A page for people: a login, or an error that says 200. Read as a CSV it would be a table without rows.
fn is_web_page(headers: &HeaderMap) -> bool {
    let kind = text(headers, CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"].iter().any(|page| kind.eq_ignore_ascii_case(page))
}

fn web_page(url: &Address) -> Error {
    Error::failed(format!("`{url}` answered with a web page (text/html), not with data"))
        .hint("it may ask for a login: open the address in a browser, and check the connection's `headers:`")
}

/// An answer that is none to what was asked.
pub fn unexpected(url: &Address, how: &str) -> Error {
    Error::failed(format!("`{url}` answered {how}")).hint("the server is at fault; run again later")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The next piece of an answer's body.
pub async fn chunk(response: &mut Response, url: &Address) -> Result<Option<bytes::Bytes>, FailedAttempt> {
    response.chunk().await.map_err(|error| {
        FailedAttempt::passing(
            Error::connection(format!("the answer of `{url}` broke off")).because(error.without_url()),
        )
    })
}

/// What a landing keeps of an answered request.
pub fn request(response: &Response, url: &Address) -> SourceRequest {
    let header = |name| text(response.headers(), name).map(String::from);
    SourceRequest {
        url: url.to_string(),
        status: Some(response.status().as_u16()),
        etag: header(ETAG),
        last_modified: header(LAST_MODIFIED),
    }
}

fn unreachable(error: reqwest::Error, url: &Address) -> FailedAttempt {
    let what = if error.is_timeout() { "no answer in time from" } else { "could not reach" };
    let host = if url.is_secret() { None } else { url.url().host_str() };
    let hint = format!("check the address, and that {} can be reached from here", host.unwrap_or("the host"));
    let again = !error.is_builder() && !error.is_redirect();
    let (told, cause) = (Error::connection(format!("{what} `{url}`")).hint(hint), error.without_url());
    // TLS, for one, names the host that a certificate is not for.
    let error = if url.is_secret() && names(&cause, url.url().host_str()) { told } else { told.because(cause) };
    FailedAttempt { again, ..error.into() }
}

fn names(cause: &(dyn std::error::Error + 'static), host: Option<&str>) -> bool {
    error::chain(cause).any(|cause| host.is_some_and(|host| cause.to_string().contains(host)))
}

fn refused(status: StatusCode, url: &Address) -> Error {
    let message = format!("`{url}` answered {status}");
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::connection(message).hint("check the credentials in the connection's `auth:` or `headers:`")
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
    fn a_server_may_ask_for_patience_in_seconds_or_until_a_date() {
        let asked = |retry: &str| {
            let now = "Sun, 06 Nov 1994 08:49:37 GMT";
            let headers = [(RETRY_AFTER, retry.parse().unwrap()), (DATE, now.parse().unwrap())];
            retry_after(&HeaderMap::from_iter(headers)).map(|wait| wait.as_secs())
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("0"), Some(0));
        assert_eq!(asked("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        // The two older spellings of dates are to be read, too (RFC 9110, 5.6.7).
        assert_eq!(asked("Sunday, 06-Nov-94 08:50:07 GMT"), Some(30));
        assert_eq!(asked("Sun Nov  6 08:50:07 1994"), Some(30));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:00 GMT"), None);
        assert_eq!(asked("soon"), None);
    }
}
