//! Small JSON answers that are made anew for each request: lists, descriptions, reports.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::answer;

/// With a tag of its bytes, so that who has it already is told so.
pub fn document(value: &impl Serialize, modified: Option<DateTime<Utc>>, asked: &HeaderMap) -> Response {
    let body = serde_json::to_vec(value).expect("text keys only");
    let tag = answer::tag(&[&String::from_utf8_lossy(&body)]);
    let mut response = match answer::is_listed(&tag, asked) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => body.into_response(),
    };
    let headers = response.headers_mut();
    answer::freshness(headers, &tag, modified.unwrap_or_default());
    if modified.is_none() {
        headers.remove(header::LAST_MODIFIED);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
