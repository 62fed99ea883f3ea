//! Results behind API Gateway: events of AWS Lambda, in the form of an HTTP API's payload 2.0, are answered by the same router
//! as connections are
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use lambda_http::aws_lambda_events::apigw::{ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequestContext};
use lambda_http::request::RequestContext;
use lambda_http::service_fn;
use tower::ServiceExt;

use super::doors::Note;
use super::guard::GatewayCaller;
use super::refusal::HttpRefusal;
use super::router;
use super::served::{Served, Transport};
use super::server::Peer;
use crate::config::{self, Limits};
use crate::error::{Error, Result};
use crate::lake::{Lake, parcel};
use crate::project::Project;

/// What Lambda takes as an answer, 6 MB, less room for its headers
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MOST_ANSWER_BYTES: usize = 6_000_000;

/// What every function is started with.
const ENVIRONMENT: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// Answers one event after the other, until Lambda ends the process.
///
/// # Errors
/// When this is not AWS Lambda, or its runtime interface does not answer.
pub async fn answer_events(project: &Project, lake: &Lake, limits: &Limits, note: Note) -> Result<()> {
    if let Some(missing) = ENVIRONMENT.iter().find(|name| config::variable(name).is_none()) {
        return Err(Error::config(format!("this is not AWS Lambda: `{missing}` is not set"))
            .hint("`trapiche serve` answers on this machine; docs/serve.md says how to make a function"));
    }
    let served = Served::open(project, lake, limits, Transport::Lambda).await?;
    let router = router(served, note);
    let answering = service_fn(|event: lambda_http::Request| {
        let (router, lake) = (router.clone(), lake.clone());
        async move { Ok::<_, Infallible>(answer(router, &lake, event).await) }
    });
    lambda_http::run(answering)
        .await
        .map_err(|error| Error::connection("Lambda's runtime interface does not answer").because(error))
}

async fn answer(router: Router, lake: &Lake, event: lambda_http::Request) -> Response {
    let Some(request) = request(event) else {
        return HttpRefusal::bad("this is no event of an HTTP API").into_response();
    };
    let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) if sent_bytes(&bytes) <= MOST_ANSWER_BYTES => Response::from_parts(parts, Body::from(bytes)),
        Ok(bytes) => elsewhere(lake, bytes, parts.headers.get(header::CONTENT_TYPE)).await,
        Err(_) => HttpRefusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer broke off").into_response(),
    }
}

/// The request that came to the gateway, with who made it.
fn request(event: lambda_http::Request) -> Option<http::Request<Body>> {
    let (mut parts, body) = event.into_parts();
    let RequestContext::ApiGatewayV2(context) = parts.extensions.remove::<RequestContext>()? else { return None };
    if let Some(inner) = within_stage(parts.uri.path(), &context) {
        let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        parts.uri = format!("{inner}{query}").parse().ok()?;
    }
    let from = context.http.source_ip.as_deref().and_then(|ip| ip.parse().ok());
    parts.extensions.insert(Peer(SocketAddr::new(from.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), 0)));
    if let Some(caller) = context.authorizer.as_ref().and_then(caller) {
        parts.extensions.insert(caller);
    }
    Some(http::Request::from_parts(parts, Body::from(body.to_vec())))
}

/// The path without the name of the stage, which leads it unless the stage is `$default`.
fn within_stage<'a>(path: &'a str, context: &ApiGatewayV2httpRequestContext) -> Option<&'a str> {
    let rest = path.strip_prefix('/')?.strip_prefix(context.stage.as_deref()?)?;
    match rest {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

/// Whom the gateway's authorizer has let in: `None` where it has none.
fn caller(authorizer: &ApiGatewayRequestAuthorizer) -> Option<GatewayCaller> {
    let of_token = authorizer.jwt.as_ref().map(|jwt| jwt.claims.get("sub").cloned().unwrap_or_default());
    let of_role = || authorizer.iam.as_ref().map(|iam| iam.user_arn.clone().unwrap_or_default());
    let of_function = || (!authorizer.fields.is_empty()).then(|| "the gateway's authorizer".to_string());
    of_token.or_else(of_role).or_else(of_function).map(GatewayCaller)
}

/// How long it is within the event's answer, a JSON text: as text or in base64, whichever is longer.
fn sent_bytes(bytes: &Bytes) -> usize {
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    bytes.iter().map(escaped).sum::<usize>().max(bytes.len().div_ceil(3) * 4)
}

/// The address at which the answer is.
async fn elsewhere(lake: &Lake, bytes: Bytes, media_type: Option<&HeaderValue>) -> Response {
    let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or("application/octet-stream");
    let address = match parcel::leave(lake, bytes, media_type).await {
        Ok(address) => address.and_then(|address| HeaderValue::from_str(address.as_str()).ok()),
        Err(error) => return HttpRefusal::from(error).into_response(),
    };
    match address {
        Some(address) => {
            let headers = [(header::LOCATION, address), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        None => HttpRefusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the answer is larger than Lambda sends")
            .hint("ask for fewer rows by `limit`, or for fewer columns by `select`")
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_what_is_sent_is_that_of_json() {
        for text in ["", "plain", "{\"a\":\"ñ\\\"\"}\n\u{1}", "a,b\r\n"] {
            let json = serde_json::to_string(text).unwrap().len() - 2;
            let base64 = text.len().div_ceil(3) * 4;
            assert_eq!(sent_bytes(&Bytes::from(text)), json.max(base64), "{text:?}");
        }
    }

    #[test]
    fn the_stage_is_no_part_of_the_path() {
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.stage = Some("prod".into());
        for (path, inner) in
            [("/prod/tables", Some("/tables")), ("/prod", Some("/")), ("/production/x", None), ("/tables", None)]
        {
            assert_eq!(within_stage(path, &context), inner);
        }
        context.stage = Some("$default".into());
        assert_eq!(within_stage("/tables", &context), None);
    }
}
