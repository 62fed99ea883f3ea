//! What is answered when there is no answer: problem details of RFC 9457.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::engine::faults::OUT_OF_MEMORY;
use crate::error::{Error, Kind};

/// Why a request gets nothing, in words for whoever wrote it.
#[derive(Debug, Clone)]
pub struct HttpRefusal(Box<RefusalInner>);

#[derive(Debug, Clone)]
struct RefusalInner {
    status: StatusCode,
    details: Details,
    /// Seconds after which it is worth to ask again.
    retry_after: Option<u64>,
    /// What went wrong in here, for the log alone.
    cause: Option<Error>,
}

/// The members of RFC 9457 §3.1, and three of ours.
#[derive(Debug, Clone, Serialize)]
struct Details {
    title: &'static str,
    status: u16,
    detail: String,
    /// The parameter of the request that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// A longer value would say no more.
const SHOWN: usize = 100;

impl HttpRefusal {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> HttpRefusal {
        let title = status.canonical_reason().unwrap_or("Error");
        let details =
            Details { title, status: status.as_u16(), detail: detail.into(), parameter: None, value: None, hint: None };
        HttpRefusal(Box::new(RefusalInner { status, details, retry_after: None, cause: None }))
    }

    /// The request is not understood.
    pub fn bad(detail: impl Into<String>) -> HttpRefusal {
        HttpRefusal::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing, or nobody may know of it.
    pub fn not_found(detail: impl Into<String>) -> HttpRefusal {
        HttpRefusal::new(StatusCode::NOT_FOUND, detail)
    }

    /// There was.
    pub fn gone(detail: impl Into<String>) -> HttpRefusal {
        HttpRefusal::new(StatusCode::GONE, detail)
    }

    /// There are other forms of it.
    pub fn not_acceptable(detail: impl Into<String>) -> HttpRefusal {
        HttpRefusal::new(StatusCode::NOT_ACCEPTABLE, detail)
    }

    /// Nobody is let in without saying who they are.
    pub fn unknown_caller(detail: impl Into<String>) -> HttpRefusal {
        HttpRefusal::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// Later there may be an answer.
    pub fn later(detail: impl Into<String>, seconds: u64) -> HttpRefusal {
        HttpRefusal::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(seconds)
    }

    pub fn too_often(seconds: u64) -> HttpRefusal {
        HttpRefusal::new(StatusCode::TOO_MANY_REQUESTS, "you ask more often than is allowed").retry_after(seconds)
    }

    pub fn too_slow() -> HttpRefusal {
        let refusal = HttpRefusal::new(StatusCode::GATEWAY_TIMEOUT, "this took longer than an answer may take");
        refusal.hint("ask for less: a filter on a partition column reads few files")
    }

    fn retry_after(mut self, seconds: u64) -> HttpRefusal {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Which parameter it is about, and what would be right.
    pub fn of(mut self, parameter: &str, value: Option<&str>) -> HttpRefusal {
        let short = |text: &str| match text.char_indices().nth(SHOWN) {
            None => text.to_string(),
            Some((end, _)) => format!("{}…", &text[..end]),
        };
        self.0.details.parameter = Some(short(parameter));
        self.0.details.value = value.map(short);
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> HttpRefusal {
        self.0.details.hint = Some(hint.into());
        self
    }

    /// What the log is to say of it.
    pub fn caused_by(mut self, error: Error) -> HttpRefusal {
        self.0.cause = Some(error);
        self
    }

    /// What went wrong in here.
    pub fn cause(&self) -> Option<&Error> {
        self.0.cause.as_ref()
    }

    /// What is wrong, for whoever asked.
    pub fn detail(&self) -> &str {
        &self.0.details.detail
    }
}

/// What goes wrong in here names files and servers, so it is told to the log and not to whoever asked. What the computation
/// says of the rows has a class in brackets, as in Spark: `[ARITHMETIC_OVERFLOW] …`.
impl From<Error> for HttpRefusal {
    fn from(error: Error) -> HttpRefusal {
        let mut refusal = match error.kind() {
            Kind::Connection => HttpRefusal::later("the lake cannot be read at the moment", 5),
            _ if error.to_string().starts_with('[') => {
                HttpRefusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            }
            _ if error.to_string().contains(OUT_OF_MEMORY) => {
                HttpRefusal::new(StatusCode::UNPROCESSABLE_ENTITY, "this takes more memory than there is for an answer")
                    .hint("ask for less: fewer columns, groups or rows")
            }
            _ => HttpRefusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the answer could not be made; the server's log says why",
            ),
        };
        refusal.0.cause = Some(error);
        refusal
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let RefusalInner { status, details, retry_after, cause } = *self.0;
        let body = serde_json::to_vec(&details).expect("text keys only");
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer, Basic realm=\"trapiche\""));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Cause(cause));
        response
    }
}

/// What the log is to say of a response.
#[derive(Debug, Clone)]
pub struct Cause(pub Option<Error>);
