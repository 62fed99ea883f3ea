//! The store's HTTP server: `/api` in the shape of fakestoreapi.com, and plain files under `/files`.
//!
//! Lists answer a JSON array. `page` counts from 1 and goes with `limit` (at most [`MAX_LIMIT`]); without
//! both, all rows come, as the real API does it. Rows are made in chunks while they are sent. Content
//! depends on seed, scale, path and query only, so the ETag does too, and a 304 costs nothing.

use std::ops::Range;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use serde::Deserialize;

use super::data::Shop;
use super::json::{self, Listing};
use super::words::CATEGORIES;
use super::{GENERATION, random};

/// More rows than this are refused rather than cut, because a short page means the end to many who read page by page.
pub const MAX_LIMIT: u64 = 10_000;

/// Rows made at a time: some hundred kilobytes.
const CHUNK_ROWS: usize = 2_000;

pub fn router(world: Shop) -> Router {
    let api = Router::new()
        .route("/products", get(products))
        .route("/products/categories", get(categories))
        .route("/products/category/{name}", get(category))
        .route("/products/{id}", get(product))
        .route("/users", get(users))
        .route("/users/{id}", get(user))
        .route("/carts", get(carts))
        .route("/carts/user/{id}", get(carts_of_user))
        .route("/carts/{id}", get(cart));
    Router::new()
        .nest("/api", api)
        .route("/files/regions.csv", get(regions))
        .layer(middleware::from_fn_with_state(world, unless_unchanged))
        .with_state(world)
}

/// The part of a list that is asked for.
#[derive(Deserialize)]
struct ListPart {
    page: Option<u64>,
    limit: Option<u64>,
}

impl ListPart {
    /// Rows to skip and to take; a message when there is no such page.
    fn rows(&self) -> Result<Range<usize>, String> {
        if self.page.is_none() && self.limit.is_none() {
            return Ok(0..usize::MAX);
        }
        let (page, limit) = (self.page.unwrap_or(1), self.limit.unwrap_or(MAX_LIMIT));
        match (page, limit) {
            (0, _) => Err("page counts from 1".into()),
            (_, 1..=MAX_LIMIT) => {
                let first = (page - 1).saturating_mul(limit) as usize;
                Ok(first..first.saturating_add(limit as usize))
            }
            _ => Err(format!("limit is 1 to {MAX_LIMIT}")),
        }
    }
}

async fn products(State(world): State<Shop>, Query(page): Query<ListPart>) -> Response {
    list(world, Listing::Products, 0..world.listed_products(), &page)
}

async fn categories() -> Response {
    let names: Vec<_> = CATEGORIES.iter().map(|(name, ..)| name).collect();
    axum::Json(names).into_response()
}

async fn category(State(world): State<Shop>, Path(name): Path<String>, Query(page): Query<ListPart>) -> Response {
    let positions = (0..world.listed_products()).filter(move |at| world.category_at(*at) == Some(name.as_str()));
    list(world, Listing::Products, positions, &page)
}

async fn product(State(world): State<Shop>, Path(id): Path<u64>) -> Response {
    one(id, world.products(), |out| json::product(&world.product(id), out))
}

async fn users(State(world): State<Shop>, Query(page): Query<ListPart>) -> Response {
    list(world, Listing::Users, 0..world.listed_users(), &page)
}

async fn user(State(world): State<Shop>, Path(id): Path<u64>) -> Response {
    one(id, world.users(), |out| json::user(&world.user(id, 0), out))
}

async fn carts(State(world): State<Shop>, Query(page): Query<ListPart>) -> Response {
    list(world, Listing::Carts, 0..world.listed_carts(), &page)
}

async fn carts_of_user(State(world): State<Shop>, Path(id): Path<u64>, Query(page): Query<ListPart>) -> Response {
    let positions = (0..world.listed_carts()).filter(move |at| world.cart_user_at(*at) == id);
    list(world, Listing::Carts, positions, &page)
}

async fn cart(State(world): State<Shop>, Path(id): Path<u64>) -> Response {
    one(id, world.carts(), |out| json::cart(&world.cart(id), out))
}

async fn regions() -> Response {
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], include_str!("regions.csv")).into_response()
}

fn one(id: u64, last: u64, write: impl FnOnce(&mut Vec<u8>)) -> Response {
    if !(1..=last).contains(&id) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut body = vec![];
    write(&mut body);
    ([(header::CONTENT_TYPE, JSON)], body).into_response()
}

/// Streams the rows at those positions that are on the page.
fn list(
    world: Shop,
    table: Listing,
    positions: impl Iterator<Item = u64> + Send + 'static,
    page: &ListPart,
) -> Response {
    let rows = match page.rows() {
        Ok(rows) => rows,
        Err(message) => return (StatusCode::BAD_REQUEST, message).into_response(),
    };
    let rest = Rest { world, table, positions: positions.skip(rows.start).take(rows.len()), started: false };
    let chunks = stream::unfold(Some(rest), async |rest| {
        let rest = rest?;
        // Making a chunk takes milliseconds, too long for the threads that answer requests.
        match tokio::task::spawn_blocking(move || rest.chunk()).await {
            Ok((bytes, rest)) => Some((Ok(bytes), rest)),
            Err(error) => Some((Err(error), None)),
        }
    });
    ([(header::CONTENT_TYPE, JSON)], Body::from_stream(chunks)).into_response()
}

const JSON: &str = "application/json; charset=utf-8";

/// What of a list has still to be sent.
struct Rest<P> {
    world: Shop,
    table: Listing,
    positions: P,
    started: bool,
}

impl<P: Iterator<Item = u64>> Rest<P> {
    /// The next bytes of the array, and what remains after them.
    fn chunk(mut self) -> (Bytes, Option<Self>) {
        let mut bytes = Vec::with_capacity(CHUNK_ROWS * 200);
        let mut rows = 0;
        for position in self.positions.by_ref().take(CHUNK_ROWS) {
            bytes.extend_from_slice(if self.started { b",\n" } else { b"[" });
            self.started = true;
            self.table.write_row(&self.world, position, &mut bytes);
            rows += 1;
        }
        if rows == CHUNK_ROWS {
            return (bytes.into(), Some(self));
        }
        bytes.extend_from_slice(if self.started { b"]" } else { b"[]" });
        (bytes.into(), None)
    }
}

/// Answers 304 to whoever has the content already, before any of it is made; else adds the ETag.
async fn unless_unchanged(State(world): State<Shop>, request: Request, next: Next) -> Response {
    let tag = etag(&world, request.uri().path_and_query().map_or("", |it| it.as_str()));
    if has(request.headers(), &tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let mut response = next.run(request).await;
    if response.status().is_success() {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn etag(world: &Shop, path_and_query: &str) -> HeaderValue {
    let start = random::mix(random::mix(world.seed()) ^ world.scale()) ^ u64::from(GENERATION);
    let hash = path_and_query.bytes().fold(start, |hash, byte| random::mix(hash ^ u64::from(byte)));
    HeaderValue::from_str(&format!("\"{hash:016x}\"")).expect("hex digits are visible characters")
}

/// Whether `If-None-Match` names the tag (RFC 9110, 13.1.2: weak comparison).
fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or("");
    asked
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let rows = |page, limit| ListPart { page, limit }.rows();
        assert_eq!(rows(None, None), Ok(0..usize::MAX));
        assert_eq!(rows(Some(3), Some(500)), Ok(1_000..1_500));
        assert_eq!(rows(None, Some(5)), Ok(0..5));
        assert_eq!(rows(Some(2), None), Ok(10_000..20_000));
        assert!(rows(Some(0), Some(5)).is_err());
        assert!(rows(Some(1), Some(10_001)).is_err());
    }
}
