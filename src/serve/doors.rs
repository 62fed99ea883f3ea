//! What every request passes on its way in and its answer on the way out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Extension, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderValue, Method, StatusCode, header};

use super::guard::GatewayCaller;
use super::metrics;
use super::refusal::{Cause, HttpRefusal};
use super::served::{Served, Transport};
use super::server::Peer;
use crate::error::{self, Error};

/// Who is told what goes wrong in here.
pub type Note = Arc<dyn Fn(&str) + Send + Sync>;

/// On top of an answer's own time: for a body to come in.
const BODY_WITHIN: Duration = Duration::from_secs(20);

/// The outermost: a request ends with an answer whatever happens, is counted, and its fault is noted if it is ours.
pub async fn observed(State((served, note)): State<(Arc<Served>, Note)>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (method, route) = (request.method().clone(), metrics::route(request.uri().path()));
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match tokio::time::timeout(served.settings.timeout + BODY_WITHIN, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => HttpRefusal::from(Error::failed("a bug in this program, told above")).into_response(),
        Err(_) => HttpRefusal::too_slow().into_response(),
    };
    response = in_our_words(response);
    if let Some(Cause(Some(cause))) = response.extensions().get::<Cause>() {
        let told: Vec<String> = error::chain(cause).map(ToString::to_string).collect();
        note(&format!("{method} {route}: {}", told.join(": ")));
    }
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    served.metrics.record(route, response.status().as_u16(), began.elapsed());
    response
}

/// A refusal of the router's own (a method, a body's size) in the form that ours have.
fn in_our_words(response: Response) -> Response {
    let status = response.status();
    let is_ours = response.extensions().get::<Cause>().is_some();
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let detail = match status {
        StatusCode::METHOD_NOT_ALLOWED => "this address does not take that method",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than a megabyte",
        _ => "the request is not understood",
    };
    let mut told = HttpRefusal::new(status, detail).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, allow.clone());
    }
    told
}

/// Pages of other sites may ask if they are named in `serve.origins` (the Fetch standard's CORS protocol).
pub async fn other_sites(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    let is_open = served.transport == Transport::Http && !served.settings.asks_who();
    if is_open && !is_this_machine(request.headers().get(header::HOST)) {
        let refusal = HttpRefusal::new(StatusCode::MISDIRECTED_REQUEST, "this server is not known by that name");
        return refusal.hint("ask for 127.0.0.1 or localhost; with `serve.keys` any name will do").into_response();
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.filter(|origin| served.settings.origins.iter().any(|known| origin == known));
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let Some(origin) = allowed else { return next.run(request).await };
    let mut response = match is_preflight {
        true => StatusCode::NO_CONTENT.into_response(),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let exposed = "etag, link, retry-after, trapiche-files, trapiche-rows, trapiche-version";
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(exposed));
    if is_preflight {
        let methods = HeaderValue::from_static("GET, HEAD, POST");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        let allowed = HeaderValue::from_static("accept, authorization, content-type, if-none-match, x-api-key");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

/// Where anyone on this machine may ask, a page of another site must not do so by a name of its own that leads here (DNS
/// rebinding).
fn is_this_machine(host: Option<&HeaderValue>) -> bool {
    let Some(host) = host.and_then(|host| host.to_str().ok()) else { return true };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok()
}

/// Only for those who may.
pub async fn guarded(
    State(served): State<Arc<Served>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<GatewayCaller>().cloned();
    if served.transport == Transport::Lambda && caller.is_none() && !served.settings.asks_who() {
        return HttpRefusal::unknown_caller("neither the gateway nor this project asks who you are")
            .hint("give the route an authorizer, or the project `serve: { keys: [...] }`")
            .into_response();
    }
    match served.guard.admit(request.headers(), peer.ip(), caller).await {
        Ok(_) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}
