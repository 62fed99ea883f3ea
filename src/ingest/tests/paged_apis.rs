//! APIs of every kind that is known: how they page, who may ask them, and what they answer in between. Each lands the rows
//! that it has, once, or nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes as Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Bench, rest};
use crate::project::{
    Address, Auth, ForEach, HiddenColumn, KeyPlace, Mask, MethodSpec, Origin, Pace, PageSize, Pages, Paginator,
    ParameterPlace, RestRead, Secret, Source,
};

const ROWS: usize = 7;

#[derive(Default)]
struct PagedApi {
    requests: AtomicUsize,
    tokens: AtomicUsize,
    at_once: AtomicU64,
    most_at_once: AtomicU64,
    asked: Mutex<Vec<String>>,
}

type SharedApi = State<Arc<PagedApi>>;
type Parameters = Query<BTreeMap<String, String>>;

async fn serve() -> (String, Arc<PagedApi>) {
    let api = Arc::new(PagedApi::default());
    let router = axum::Router::new()
        .route("/offset", get(offset))
        .route("/cursor", get(cursor))
        .route("/search", post(search))
        .route("/next/{way}", get(next))
        .route("/link", get(link))
        .route("/token", post(token))
        .route("/guarded", get(guarded))
        .route("/names", get(|| async { Json(json!(["men's clothing", "a/b", "gone", "50%"])) }))
        .route("/of/{name}", get(of))
        .route("/first/{sign}", get(first))
        .route("/away", get(|| async { (StatusCode::FOUND, [(header::LOCATION, "http://169.254.169.254/latest")]) }))
        .route("/people", get(people))
        .with_state(api.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, api)
}

fn rows(from: usize, size: usize) -> Vec<Value> {
    (1..=ROWS).skip(from).take(size).map(|id| json!({ "id": id })).collect()
}

fn number(parameters: &BTreeMap<String, String>, name: &str) -> Option<usize> {
    parameters.get(name).map(|text| text.parse().unwrap())
}

/// Gives two rows at most, whatever it is asked for.
async fn offset(State(api): SharedApi, Query(query): Parameters) -> Response {
    api.requests.fetch_add(1, Ordering::SeqCst);
    let from = number(&query, "skip").unwrap();
    Json(rows(from, number(&query, "take").unwrap().min(2))).into_response()
}

async fn cursor(Query(query): Parameters) -> Response {
    let from = number(&query, "after").unwrap_or(0);
    let next = (from + 3 < ROWS).then_some(from + 3);
    Json(json!({ "data": { "items": rows(from, 3) }, "meta": { "next": next } })).into_response()
}

/// By POST, with an empty page on the way, which is no end.
async fn search(body: Body) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&asked["query"]["kind"], &asked["query"]["size"]), (&json!("all"), &json!(3)));
    let (found, next) = match asked["query"]["cursor"].as_str() {
        None => (rows(0, 3), "b"),
        Some("b") => (vec![], "c"),
        Some("c") => (rows(3, 100), ""),
        other => panic!("{other:?}"),
    };
    Json(json!({ "items": found, "next": next })).into_response()
}

async fn next(Path(way): Path<String>, Query(query): Parameters) -> Response {
    let from = number(&query, "from").unwrap_or(0);
    let to = match way.as_str() {
        "round" => Some(format!("/next/round?from={}", (from + 3) % 6)),
        "away" => Some("http://127.0.0.2:9/next".to_string()),
        _ => (from + 3 < ROWS).then(|| format!("?from={}", from + 3)),
    };
    Json(json!({ "results": rows(from, 3), "links": { "next": to } })).into_response()
}

async fn link(Query(query): Parameters) -> Response {
    let from = number(&query, "from").unwrap_or(0);
    let first = "</link>; rel=\"first\"".to_string();
    let links = if from + 3 < ROWS { format!("{first}, </link?from={}>; rel=\"next\"", from + 3) } else { first };
    ([(header::LINK, links)], Json(rows(from, 3))).into_response()
}

/// A token is good for two requests.
async fn token(State(api): SharedApi, headers: HeaderMap, body: String) -> Response {
    assert_eq!(body, "grant_type=client_credentials&scope=read+all");
    assert_eq!(headers[header::AUTHORIZATION], "Basic bWU6aHVzaA==");
    let number = api.tokens.fetch_add(1, Ordering::SeqCst) + 1;
    api.requests.store(0, Ordering::SeqCst);
    Json(json!({ "access_token": format!("t{number}"), "token_type": "bearer" })).into_response()
}

async fn guarded(State(api): SharedApi, headers: HeaderMap, Query(query): Parameters) -> Response {
    let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_string());
    let oauth = format!("Bearer t{}", api.tokens.load(Ordering::SeqCst));
    let may = match given.as_deref() {
        Some("Bearer fixed" | "Basic bWU6aHVzaA==") => true,
        Some(given) if given == oauth => api.requests.fetch_add(1, Ordering::SeqCst) < 2,
        _ => headers.get("x-key").is_some_and(|key| key == "hush") || query.get("key").is_some_and(|key| key == "hush"),
    };
    let page = number(&query, "page").unwrap();
    if may { Json(rows((page - 1) * 2, 2)).into_response() } else { StatusCode::UNAUTHORIZED.into_response() }
}

async fn of(State(api): SharedApi, Path(name): Path<String>) -> Response {
    let now = api.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    api.most_at_once.fetch_max(now, Ordering::SeqCst);
    api.asked.lock().unwrap().push(name.clone());
    // The first of them takes longest, and still comes first.
    tokio::time::sleep(Duration::from_millis(if name.starts_with("men") { 50 } else { 1 })).await;
    api.at_once.fetch_sub(1, Ordering::SeqCst);
    match name.as_str() {
        "gone" => StatusCode::NOT_FOUND.into_response(),
        _ => Json(json!([{ "name": name, "size": name.len() }])).into_response(),
    }
}

/// A page that says in one of several ways that it is not all.
async fn first(Path(sign): Path<String>) -> Response {
    let mut body = json!({ "data": [{ "id": 1 }] });
    let link = match sign.as_str() {
        "link" => "</first/link?page=2>; rel=\"next\"",
        // Which is of the document, and of no page.
        _ => "</schema.json>; rel=\"describedby\"",
    };
    match sign.as_str() {
        "cursor" => body["next_cursor"] = "abc".into(),
        "flag" => body["has_more"] = true.into(),
        "total" => body["total"] = 7.into(),
        "next" => body["next"] = "/first/all".into(),
        "odata" => body["@odata.nextLink"] = "/first/all".into(),
        "spring" => body["last"] = false.into(),
        "pages" => body["meta"] = json!({ "last_page": 3 }),
        "header" => return ([("X-Total-Count", "9")], Json(json!([{ "id": 1 }]))).into_response(),
        _ => body["total"] = 1.into(),
    }
    ([(header::LINK, link)], Json(body)).into_response()
}

async fn people() -> Response {
    Json(json!([{ "id": 1, "Password": "m38rmF$", "name": { "last": "doe" } }, { "id": 2, "name": null }]))
        .into_response()
}

/// The source, changed.
fn with(mut source: Source, change: impl FnOnce(&mut RestRead)) -> Source {
    let Origin::Rest(read) = &mut source.origin else { panic!() };
    change(read);
    source
}

fn paged(url: &str, path: &str, records: Option<&str>, way: Pages) -> Source {
    with(rest(url, path, records, None), |read| {
        read.paginate = Some(Paginator { way, size: None, place: ParameterPlace::Query });
    })
}

async fn ids(bench: &mut Bench, source: &Source) -> String {
    let landing = bench.landed(source).await;
    bench.sql(&landing, "SELECT count(*) n, count(DISTINCT id) d, sum(id) s FROM t").await.unwrap()
}

#[tokio::test]
async fn each_way_of_paging_gives_all_rows_once() {
    let (url, api) = serve().await;
    let size = |limit: &str, size| Some(PageSize { limit: limit.into(), size });
    let by_offset = with(paged(&url, "/offset", None, Pages::Offset { offset: "skip".into() }), |read| {
        read.paginate.as_mut().unwrap().size = size("take", 5);
    });
    let by_cursor = Pages::Cursor { cursor: "after".into(), cursor_at: "meta.next".into() };
    let search = Pages::Cursor { cursor: "query.cursor".into(), cursor_at: "next".into() };
    let by_post = with(paged(&url, "/search", Some("items"), search), |read| {
        read.method = MethodSpec::Post;
        read.body = Some(json!({ "query": { "kind": "all" } }));
        read.paginate.as_mut().unwrap().place = ParameterPlace::Body;
        read.paginate.as_mut().unwrap().size = size("query.size", 3);
    });
    for (source, why) in [
        (by_offset, "offset"),
        (paged(&url, "/cursor", Some("data.items"), by_cursor), "cursor"),
        (by_post, "post"),
        (paged(&url, "/next/on", Some("results"), Pages::Next { next_at: "links.next".into() }), "next"),
        (paged(&url, "/link", None, Pages::Link { link: true }), "link"),
        (paged(&url, "/next/on", Some("results"), Pages::Auto { auto: true }), "auto by next"),
        (paged(&url, "/link", None, Pages::Auto { auto: true }), "auto by link"),
    ] {
        let table = ids(&mut Bench::new(), &source).await;
        assert!(table.contains("| 7 | 7 | 28 |"), "{why}: {table}");
    }
    assert_eq!(api.requests.load(Ordering::SeqCst), 5, "four pages by offset, and the end");
}

#[tokio::test]
async fn pages_that_lead_nowhere_good_are_told() {
    let (url, _) = serve().await;
    let next = || Pages::Next { next_at: "links.next".into() };
    for (source, told) in [
        (paged(&url, "/next/round", Some("results"), next()), "a next page a second time"),
        (paged(&url, "/next/away", Some("results"), next()), "the next page is on another host"),
        (
            paged(&url, "/first/flag", Some("data"), Pages::Auto { auto: true }),
            "there are more rows, as `has_more` says",
        ),
        (paged(&url, "/first/total", Some("data"), Pages::Auto { auto: true }), "there are more rows, as `total` says"),
        (paged(&url, "/first/cursor", Some("data"), Pages::Auto { auto: true }), "`next_cursor` has its cursor"),
        (rest(&url, "/first/link", Some("data"), None), "it is a first page"),
        (rest(&url, "/first/next", Some("data"), None), "it is a first page"),
        (rest(&url, "/first/total", Some("data"), None), "there are more rows, as `total` says"),
        (rest(&url, "/first/spring", Some("data"), None), "there are more rows, as `last` says"),
        (rest(&url, "/first/pages", Some("data"), None), "there are more rows, as `meta.last_page` says"),
        (rest(&url, "/first/header", None, None), "there are more rows, as `X-Total-Count` says"),
        (
            paged(&url, "/first/total", Some("data"), Pages::Number { page: "pgae".into(), first: 1 }),
            "the second page is the first one again, but `total` says that there are 7 rows",
        ),
        (
            paged(&url, "/first/header", None, Pages::Offset { offset: "skip".into() }),
            "the second page is the first one again, but `X-Total-Count` says that there are 9 rows",
        ),
        (
            paged(&url, "/first/next", Some("data"), Pages::Number { page: "page".into(), first: 1 }),
            "the second page is the first one again, but `next` says that there is more",
        ),
    ] {
        let error = Bench::new().error(&source).await;
        assert!(error.to_string().contains(told), "{error}");
    }
    // All of it, or the part that was asked for.
    for source in [
        rest(&url, "/first/all", Some("data"), None),
        paged(&url, "/first/all", Some("data"), Pages::Auto { auto: true }),
        paged(&url, "/first/next", Some("data"), Pages::Auto { auto: true }),
        paged(&url, "/first/odata", Some("data"), Pages::Auto { auto: true }),
        paged(&url, "/first/all", Some("data"), Pages::Number { page: "page".into(), first: 1 }),
        rest(&url, "/first/link?page=1", Some("data"), None),
        // The object is a row.
        rest(&url, "/first/total", None, None),
    ] {
        Bench::new().landed(&source).await;
    }
    let misspelt = Pages::Cursor { cursor: "after".into(), cursor_at: "meta.nxt".into() };
    let note = Bench::new().note(&paged(&url, "/cursor", Some("data.items"), misspelt)).await;
    assert_eq!(note, "one page: the answer has nothing at `meta.nxt`");
    let away = with(rest(&url, "/away", None, None), |read| std::sync::Arc::make_mut(&mut read.api).headers.clear());
    let error = Bench::new().error(&away).await;
    assert!(format!("{error:?}").contains("link-local"), "{error:?}");
}

#[tokio::test]
async fn whoever_may_ask_is_told_in_each_way_and_a_token_that_ends_is_renewed() {
    let (url, api) = serve().await;
    let secret = |text: &str| Secret::new(text);
    let key = |name: &str, place| Auth::ApiKey { name: name.into(), value: secret("hush"), place };
    let token_url = Address::parse(&format!("{url}/token")).unwrap();
    let oauth = Auth::Oauth2 {
        token_url,
        client_id: "me".into(),
        client_secret: secret("hush"),
        scope: Some("read all".into()),
    };
    for auth in [
        Auth::Bearer(secret("fixed")),
        Auth::Basic { user: "me".into(), password: secret("hush") },
        key("x-key", KeyPlace::Header),
        key("key", KeyPlace::Query),
        oauth,
    ] {
        let source = with(rest(&url, "/guarded", None, Some(2)), |read| {
            let api = Arc::make_mut(&mut read.api);
            api.headers.clear();
            api.auth = Some(auth.clone());
        });
        let mut bench = Bench::new();
        let landing = bench.landed(&source).await;
        assert_eq!(landing.rows, ROWS as u64, "{auth:?}");
        assert!(!serde_json::to_string(&landing).unwrap().contains("hush"), "{auth:?}");
    }
    assert_eq!(api.tokens.load(Ordering::SeqCst), 3, "five requests, two by each token");
    let error = Bench::new().error(&rest(&url, "/guarded", None, Some(2))).await;
    assert!(error.to_string().contains("401"), "{error}");
}

#[tokio::test]
async fn a_list_for_each_row_of_another_source_comes_in_its_order() {
    let (url, api) = serve().await;
    let mut bench = Bench::new();
    let names = rest(&url, "/names", None, None);
    bench.landed(&names).await;
    let table = bench.parent().await;
    let children = with(rest(&url, "/of/{names.value}", None, None), |read| {
        Arc::make_mut(&mut read.api).pace = Pace::new(2, Duration::ZERO);
        read.for_each = Some(ForEach::new("names", "value", "/of/{names.value}"));
    });
    let landing = bench.landed_below(&children, table.clone()).await;
    let found = bench.sql(&landing, "SELECT name FROM t").await.unwrap();
    let lines: Vec<&str> = found.lines().filter(|line| line.contains(['m', 'a', '5'])).collect();
    assert_eq!(lines[1..], ["| men's clothing |", "| a/b            |", "| 50%            |"], "{found}");
    let mut asked = api.asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(asked, ["50%", "a/b", "gone", "men's clothing"]);
    assert_eq!(api.most_at_once.load(Ordering::SeqCst), 2);
    assert_eq!(landing.parts[0].requests.iter().filter(|request| request.status == Some(404)).count(), 1);

    let misspelt = with(children, |read| read.for_each = Some(ForEach::new("names", "id", "/of/{names.id}")));
    let error = bench.error_below(&misspelt, table).await;
    assert!(error.to_string().contains("has the column `id`"), "{error}");
}

#[tokio::test]
async fn what_is_hidden_is_in_no_byte_of_the_lake() {
    let (url, _) = serve().await;
    let hide = |path: &str, mask| HiddenColumn { path: path.into(), mask };
    let mut bench = Bench::new();
    let source = with(rest(&url, "/people", None, None), |read| {
        read.columns = vec![hide("password", None), hide("name.last", Some(Mask::Redact))];
    });
    let landing = bench.landed(&source).await;
    let columns: Vec<&str> = landing.schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(columns, ["id", "name"]);
    for file in bench.files() {
        let bytes = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("m38rmF$") && !text.contains("doe"), "{file}");
    }
    let misspelt = with(source, |read| read.columns = vec![hide("pasword", None)]);
    let error = Bench::new().error(&misspelt).await;
    assert!(error.to_string().contains("no row has the column `pasword`"), "{error}");
}
