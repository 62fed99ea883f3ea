//! What is around every page.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderValue, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::link;
use crate::serve::served::{Served, Transport};

const STYLE: &str = include_str!("style.css");

/// Styles stand in the page, and nothing else may be loaded.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// A whole page as HTML.
pub fn whole(served: &Served, title: &str, content: &Markup) -> String {
    let project = &served.project;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (title) " · " (project) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    a href=(link::home(served.transport)) { strong { (project) } }
                    @if served.transport != Transport::Files {
                        nav aria-label="Addresses" {
                            a href="/tables" { "tables" } " "
                            a href="/runs" { "runs" } " "
                            a href="/openapi.json" { "openapi" }
                        }
                    }
                }
                main { h1 { (title) } (content) }
            }
        }
    };
    page.into_string()
}

/// The same, sent.
pub fn page(served: &Served, title: &str, content: &Markup) -> Response {
    let mut response = whole(served, title, content).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A time as it is, and how long ago that is.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) title=(at.format("%Y-%m-%d %H:%M:%S UTC")) { (ago((now - at).num_seconds())) } }
}

fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => "just now".into(),
        60..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_as_people_do() {
        let told = [0, 59, 60, 7199, 7200, 172_799, 172_800].map(ago);
        assert_eq!(told, ["just now", "just now", "1 min ago", "119 min ago", "2 h ago", "47 h ago", "2 days ago"]);
    }
}
