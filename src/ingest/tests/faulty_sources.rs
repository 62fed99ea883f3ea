//! Sources that are not what they should be: each must be told, or asked again, and none may land in part.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::datatypes::DataType;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Bench, csv, gzip, json, rest};
use crate::error::{Error, Kind};
use crate::project::{Address, Origin, Written};
use crate::spark::types;

/// The whole of what is said: message and hint.
fn said(error: &Error) -> String {
    format!("{error} ({})", error.hint_text().unwrap_or("-"))
}

// ---- files ----

#[tokio::test]
async fn text_that_is_not_utf_8_is_refused_at_its_place() {
    let latin = b"id,town\n1,Bern\n2,Z\xfcrich\n".to_vec();
    let wide: Vec<u8> = "\u{feff}id,town\n1,Zürich\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes, told) in [
        ("a.csv", latin.clone(), "the bytes are not UTF-8: row 2, byte 18 (0xfc)"),
        ("a.csv", gzip(&latin), "the bytes are not UTF-8: row 2, byte 18 (0xfc)"),
        ("a.csv", b"id,caf\xe9\n1,2\n".to_vec(), "the bytes are not UTF-8: the header, byte 6 (0xe9)"),
        ("a.csv", b"id,town\n1,Z\xc3".to_vec(), "the bytes are not UTF-8: row 1, byte 11 (0xc3)"),
        ("a.csv", wide.clone(), "the bytes are UTF-16, not UTF-8"),
        ("a.csv", wide[2..].to_vec(), "the bytes are UTF-16, not UTF-8"),
        ("a.json", b"{\"a\": 1}\n{\"a\": \"\xfc\"}".to_vec(), "the bytes are not UTF-8: row 2, byte 16 (0xfc)"),
        ("a.json", b"{\"rows\": [], \"n\": \"\xfc\"}".to_vec(), "the bytes are not UTF-8: row 1, byte 19 (0xfc)"),
    ] {
        let mut bench = Bench::new();
        let url = bench.file(name, bytes);
        let source = if name == "a.csv" { csv(url, &[]) } else { json(url, None) };
        let error = bench.error(&source).await;
        assert!(error.to_string().contains(name) && error.to_string().ends_with(told), "{error}");
        assert!(said(&error).contains("iconv"), "{}", said(&error));
    }
}

#[tokio::test]
async fn what_is_packed_in_another_way_is_called_by_its_name() {
    for (bytes, name) in [(&b"\xFD7zXZ\0rest"[..], "xz"), (b"7z\xBC\xAF\x27\x1C", "7-Zip")] {
        let mut bench = Bench::new();
        let error = bench.error(&csv(bench.file("a.csv", bytes), &[])).await;
        assert!(error.to_string().contains(&format!("it is a {name} file")), "{error}");
    }
}

#[tokio::test]
async fn a_file_without_a_byte_is_named_and_one_without_rows_lands() {
    for (name, bytes) in [("a.csv", vec![]), ("a.csv", gzip(b"")), ("a.json", vec![])] {
        let mut bench = Bench::new();
        let url = bench.file(name, bytes);
        let source = if name == "a.csv" { csv(url, &[]) } else { json(url, None) };
        let error = bench.error(&source).await;
        assert!(error.to_string().contains(name) && error.to_string().contains("it is empty"), "{error}");
    }
    let mut bench = Bench::new();
    let landing = bench.landed(&csv(bench.file("a.csv", "id,town\n"), &[("id", DataType::Int64)])).await;
    assert_eq!((landing.rows, landing.schema.fields().len()), (0, 2));
}

#[tokio::test]
async fn a_csv_that_ends_inside_quotes_is_refused() {
    for text in ["a,b\n1,\"x", "a,b\n1,\"x\n2,y\n", "a,\"b", "a,b\n1,\"x\"\"\n"] {
        let mut bench = Bench::new();
        let error = bench.error(&csv(bench.file("a.csv", text), &[])).await;
        assert!(error.to_string().contains("a.csv") && error.to_string().contains("ends inside quotes"), "{error}");
    }
}

#[tokio::test]
async fn a_value_that_its_declared_type_does_not_hold_is_an_error() {
    for (declared, fits, misfits) in [
        ("decimal(5,2)", vec!["1.230", "-999.99", "7", "+.5"], vec!["1.239", "1000", "1.2.3", "N/A"]),
        ("tinyint", vec!["-128"], vec!["128", "1.0", "1.5", "1e2"]),
        ("smallint", vec!["32767"], vec!["32768"]),
        ("int", vec!["2147483647"], vec!["2147483648", "0.5"]),
        ("bigint", vec!["-9223372036854775808"], vec!["9223372036854775808", "7.0"]),
        ("float", vec!["0.1", "inf"], vec!["1e39", "x"]),
        ("double", vec!["1e300", "-Infinity", "NaN"], vec!["1e400", "1,5"]),
        ("boolean", vec!["true", "F"], vec!["2", "maybe"]),
        ("date", vec!["2024-02-29"], vec!["2023-02-29", "2024-02-29T10:00:00", "2024-02-29 00:00:01", "29/02/2024"]),
        (
            "timestamp",
            vec!["2024-02-29T10:00:00.123456", "2024-02-29 10:00:00.1234560Z"],
            vec!["2024-02-29T10:00:00.1234567", "x"],
        ),
        ("timestamp_ntz", vec!["2024-02-29 10:00:00"], vec!["2024-02-29 10:00:00.000000001", "2024-02-30 10:00:00"]),
    ] {
        for (text, is_right) in fits.iter().map(|text| (text, true)).chain(misfits.iter().map(|text| (text, false))) {
            let mut bench = Bench::new();
            let lines = format!("id,v\n1,\n2,\"{text}\"\n");
            let source = csv(bench.file("a.csv", lines), &[("v", types::parse(declared).unwrap())]);
            let landing = bench.landed(&source).await;
            match bench.sql(&landing, "SELECT v FROM t").await {
                Ok(table) => assert!(is_right, "{text} as {declared}: {table}"),
                Err(error) => {
                    assert!(!is_right && error.contains(&format!("column `v`, row 2: `{text}` is not a ")), "{error}");
                }
            }
        }
    }
}

#[tokio::test]
async fn other_bytes_of_the_same_size_and_time_are_not_taken_for_the_same() {
    let mut bench = Bench::new();
    let source = csv(bench.file("a.csv", "id\n1\n"), &[]);
    bench.landed(&source).await;
    assert_eq!(bench.unchanged(&source).await, "not modified");
    let path = |name: &str| bench.dir.path().join(name);
    let time = std::fs::metadata(path("a.csv")).unwrap().modified().unwrap();
    bench.file("b.csv", "id\n2\n");
    std::fs::File::options().write(true).open(path("b.csv")).unwrap().set_modified(time).unwrap();
    std::fs::rename(path("b.csv"), path("a.csv")).unwrap();
    let landing = bench.landed(&source).await;
    assert!(bench.sql(&landing, "SELECT id FROM t").await.unwrap().contains("| 2  |"));

    // A run that begins in the same tick of the clock cannot know what else will be written in it.
    let mut bench = Bench { began: "2000-01-01T00:00:00Z", ..Bench::new() };
    let source = csv(bench.file("a.csv", "id\n1\n"), &[]);
    bench.landed(&source).await;
    assert_eq!(bench.unchanged(&source).await, "same bytes as landing 20261123T130001Z-0000");
}

// ---- servers ----

/// Answers each connection with the next of these bodies, without telling a length, and hangs up.
async fn hanging_up(bodies: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for body in bodies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![];
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await.unwrap();
            stream.write_all(&body).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn an_answer_of_no_told_length_that_broke_off_is_asked_for_again() {
    let quoted = b"a,b\n1,\"x\"\n".to_vec();
    let rows = br#"[{"a": 1}, {"a": 2}]"#.to_vec();
    let packed = gzip(&quoted);
    for (name, whole, cut) in [
        ("/a.csv", &quoted, quoted[..8].to_vec()),
        ("/a.csv", &quoted, vec![]),
        ("/a.json", &rows, rows[..12].to_vec()),
        ("/a.csv.gz", &packed, packed[..packed.len() - 3].to_vec()),
    ] {
        let url = hanging_up(vec![cut.clone(), whole.clone()]).await + name;
        let mut bench = Bench::new();
        let source = if name == "/a.json" { json(url, None) } else { csv(url, &[]) };
        let landing = bench.landed(&source).await;
        assert_eq!(landing.bytes, whole.len() as u64, "{name}");
    }
    let url = hanging_up(vec![vec![], rows[..12].to_vec(), rows.clone()]).await;
    assert_eq!(Bench::new().landed(&rest(&url, "/a", None, None)).await.rows, 2);
}

#[derive(Default)]
struct Api {
    requests: AtomicUsize,
}

/// Lists of five rows that end in the ways that APIs have, and give two rows at most.
async fn serve() -> (String, Arc<Api>) {
    let api = Arc::new(Api::default());
    let router = axum::Router::new()
        .route("/list/{way}", get(list))
        .route("/login", get(|| async { Html("<html>\n<body>sign in</body>\n</html>") }))
        .route("/login.csv", get(|| async { Html("<html>,<body>\n</body>,</html>\n") }))
        .with_state(api.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, api)
}

async fn list(
    State(api): State<Arc<Api>>,
    Path(way): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let asked = api.requests.fetch_add(1, Ordering::SeqCst);
    let (mut page, size): (usize, usize) = (query["page"].parse().unwrap(), query["limit"].parse().unwrap());
    let size = size.min(2);
    if page > 5_usize.div_ceil(size) {
        match way.as_str() {
            "last" => page = 5_usize.div_ceil(size),
            "first" => page = 1,
            "missing" => return StatusCode::NOT_FOUND.into_response(),
            "refused" => return StatusCode::BAD_REQUEST.into_response(),
            _ => {}
        }
    }
    let rows: Vec<_> = (1..=5).skip((page - 1) * size).take(size).map(|id| json!({ "id": id })).collect();
    // Another envelope each time.
    axum::Json(json!({ "took": asked, "data": rows })).into_response()
}

#[tokio::test]
async fn all_pages_are_taken_however_an_api_ends_and_whatever_their_size() {
    let (url, api) = serve().await;
    for way in ["empty", "last", "first", "missing", "refused"] {
        for size in [1, 2, 100] {
            // One that refuses as if something else were wrong does so after a full page, too.
            if (way, size) == ("refused", 1) {
                continue;
            }
            api.requests.store(0, Ordering::SeqCst);
            let mut bench = Bench::new();
            let landing = bench.landed(&rest(&url, &format!("/list/{way}"), Some("data"), Some(size))).await;
            let table = bench.sql(&landing, "SELECT count(*) n, sum(id) s FROM t").await.unwrap();
            assert!(table.contains("| 5 | 15 |"), "{way} {size}: {table}");
            let pages = 5_usize.div_ceil(size.min(2) as usize);
            assert_eq!(api.requests.load(Ordering::SeqCst), pages + 1, "{way} {size}");
        }
    }
}

#[tokio::test]
async fn a_web_page_is_no_data() {
    let (url, _) = serve().await;
    for source in
        [csv(format!("{url}/login.csv"), &[]), json(format!("{url}/login"), None), rest(&url, "/login", None, None)]
    {
        let error = Bench::new().error(&source).await;
        assert!(error.to_string().contains("answered with a web page (text/html), not with data"), "{error}");
    }
}

// ---- secrets ----

fn written(text: &str) -> Written {
    Written::new(text.replace("${S}", "hush#\u{e9} 1"), Some(text.to_string()))
}

/// An address with a variable in it, and in the path below it.
fn secret(base: &str, path: &str) -> Address {
    let base = written(base);
    Address::new(base.expose().parse().unwrap(), &base).joined(&written(path)).unwrap()
}

#[tokio::test]
async fn what_a_variable_holds_is_in_no_landing_and_no_message() {
    let (url, _) = serve().await;
    let mut bench = Bench::new();
    let mut paged = rest(&url, "/", Some("data"), Some(2));
    let Origin::Rest(read) = &mut paged.origin else { panic!() };
    read.url = secret(&format!("{url}/list?x=${{S}}"), "/empty${S}?jwt=${S}&b=1");
    let landing = bench.landed(&paged).await;
    let asked = &landing.parts[0].requests[0].url;
    assert_eq!(*asked, format!("{url}/list/empty${{S}}?x=${{S}}&jwt=***&b=1&page=1&limit=2"));
    assert!(!serde_json::to_string(&landing).unwrap().contains("hush"));

    let folder = bench.dir.path().display();
    for (address, kind) in [
        (secret("http://127.0.0.1:1/bot${S}", "/${S}?sas=${S}"), Kind::Connection),
        (secret(&format!("file://{folder}"), "/${S}.csv"), Kind::Failed),
        (secret("ftp://${S}@x", "/${S}"), Kind::Config),
    ] {
        let mut source = csv("file:///x.csv".to_string(), &[]);
        let Origin::Files { files, .. } = &mut source.origin else { panic!() };
        files.places = vec![address];
        let error = Bench::new().error(&source).await;
        assert_eq!(error.kind(), kind);
        assert!(!format!("{error:?} {source:?}").contains("hush"), "{error:?}");
        assert!(error.to_string().contains("${S}"), "{error}");
    }
}
