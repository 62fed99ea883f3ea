//! Files as they come: packed, in other encodings and dialects, and several at once.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Int32Array, StringArray, TimestampNanosecondArray};
use arrow::datatypes::DataType;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::NaiveDate;
use tokio::net::TcpListener;

use crate::formats::dialect::CsvDialect;
use crate::formats::encoding::TextEncoding;
use crate::formats::parquet_file::tests::written;
use crate::ingest::tests::{Bench, csv, gzip, json};
use crate::project::{Address, Contract, FileFormat, FilePlaces, Origin, Source};

/// A source whose text is said to be in an encoding.
fn encoded(mut source: Source, as_what: TextEncoding) -> Source {
    let Origin::Files { format: FileFormat::Csv { encoding, .. } | FileFormat::Json { encoding, .. }, .. } =
        &mut source.origin
    else {
        panic!()
    };
    *encoding = as_what;
    source
}

#[tokio::test]
async fn text_in_an_encoding_that_the_source_says_lands_as_it_is_and_is_read_as_text() {
    let wide = |mark: bool| -> Vec<u8> {
        let text = format!("{}id,town\n1,Zürich 😀\n2,Łódź\n", if mark { "\u{feff}" } else { "" });
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    for (bytes, encoding, town) in [
        (b"id,town\n1,Z\xfcrich\n2,caf\xe9\n".to_vec(), TextEncoding::Latin1, "Zürich"),
        (b"id,town\n1,Z\xfcrich \x80\n2,x\n".to_vec(), TextEncoding::Windows1252, "Zürich €"),
        (wide(true), TextEncoding::Utf16, "Zürich 😀"),
        (wide(false), TextEncoding::Utf16Le, "Zürich 😀"),
    ] {
        for (name, packed) in [
            ("a.csv", bytes.clone()),
            ("a.csv.gz", gzip(&bytes)),
            ("a.csv.zst", zstd::encode_all(bytes.as_slice(), 3).unwrap()),
        ] {
            let mut bench = Bench::new();
            let source = encoded(csv(bench.file(name, &packed), &[("id", DataType::Int64)]), encoding);
            let landing = bench.landed(&source).await;
            assert_eq!((landing.rows, landing.bytes), (2, packed.len() as u64), "{name} {encoding:?}");
            let table = bench.sql(&landing, "SELECT town FROM t WHERE id = 1").await.unwrap();
            assert!(table.contains(&format!("| {town} ")), "{name} {encoding:?}: {table}");
        }
    }
    let mut bench = Bench::new();
    let rows = b"[{\"id\": 1, \"town\": \"Z\xfcrich\"}]";
    let landing = bench.landed(&encoded(json(bench.file("a.json", rows), None), TextEncoding::Latin1)).await;
    assert!(bench.sql(&landing, "SELECT town FROM t").await.unwrap().contains("| Zürich |"));
    let cut = encoded(csv(bench.file("b.csv", &wide(true)[..31]), &[]), TextEncoding::Utf16);
    let error = Bench::new().error(&cut).await;
    assert!(error.to_string().contains("not text of the given `encoding`"), "{error}");
}

#[tokio::test]
async fn a_csv_is_read_as_its_dialect_says() {
    let text = "exported 2026\n\
                # by hand\n\
                id;name;price;count\n\
                1;'a;b';1.234,50;12\n\
                # a remark\n\
                2;'it\\'s';NA;1.000\n\
                3;-;0,5;\n";
    let mut bench = Bench::new();
    let columns = [("price", DataType::Decimal128(10, 2)), ("count", DataType::Int64)];
    let mut source = csv(bench.file("a.csv", text), &columns);
    let Origin::Files { format: FileFormat::Csv { delimiter, dialect, .. }, .. } = &mut source.origin else { panic!() };
    *delimiter = b';';
    *dialect = CsvDialect {
        quote: Some('\''),
        escape: Some('\\'),
        comment: Some('#'),
        skip_lines: 1,
        nulls: vec!["NA".into(), "-".into()],
        decimal_comma: true,
    };
    let landing = bench.landed(&source).await;
    assert_eq!(landing.rows, 3);
    let table = bench.sql(&landing, "SELECT id, name, price, count FROM t ORDER BY id").await.unwrap();
    let rows: Vec<&str> = table.lines().skip(3).take(3).collect();
    assert_eq!(rows[0].split('|').map(str::trim).collect::<Vec<_>>(), ["", "1", "a;b", "1234.50", "12", ""]);
    assert_eq!(rows[1].split('|').map(str::trim).collect::<Vec<_>>(), ["", "2", "it's", "", "1000", ""]);
    assert_eq!(rows[2].split('|').map(str::trim).collect::<Vec<_>>(), ["", "3", "", "0.50", "", ""]);

    for wrong in ["1.23,5", "1,234.50", "12.34", "1,2,3", ".123,4"] {
        let mut bench = Bench::new();
        let mut source =
            csv(bench.file("a.csv", format!("price\n\"{wrong}\"\n")), &[("price", DataType::Decimal128(10, 2))]);
        let Origin::Files { format: FileFormat::Csv { dialect, .. }, .. } = &mut source.origin else { panic!() };
        dialect.decimal_comma = true;
        let landing = bench.landed(&source).await;
        let error = bench.sql(&landing, "SELECT price FROM t").await.unwrap_err();
        assert!(error.contains(&format!("`{wrong}` is not a ")), "{error}");
    }
}

#[tokio::test]
async fn files_that_are_like_a_pattern_are_one_source() {
    let mut bench = Bench::new();
    std::fs::create_dir_all(bench.dir.path().join("in [1]/deep")).unwrap();
    let first = bench.file("in [1]/b.csv", "id,town\n2,Bern\n");
    bench.file("in [1]/a.csv", "id,town\n1,Chur\n");
    bench.file("in [1]/.hidden.csv", "x\n");
    bench.file("in [1]/deep/c.csv", "id,town\n3,Thun\n");
    let source = csv(first.replace("b.csv", "*.csv"), &[("id", DataType::Int64)]);
    let landing = bench.landed(&source).await;
    assert_eq!((landing.rows, landing.parts.len()), (2, 2));
    assert!(landing.parts[0].requests[0].url.ends_with("/a.csv"), "{:?}", landing.parts);
    assert_eq!(bench.unchanged(&source).await, "none of 2 files is modified");

    let deep = csv(first.replace("b.csv", "**/*.csv"), &[("id", DataType::Int64)]);
    let landing = Bench::new().landed(&deep).await;
    assert_eq!((landing.rows, landing.parts.len()), (3, 3));

    bench.file("in [1]/c.csv", "id,village\n4,Olten\n");
    let error = bench.outcome(&source).await.unwrap_err();
    assert!(error.to_string().contains("c.csv` has other columns than `"), "{error}");
    let error = bench.outcome(&csv(first.replace("b.csv", "*.tsv"), &[])).await.unwrap_err();
    assert!(error.to_string().starts_with("no file is like"), "{error}");

    // Rows of several JSON files have one schema.
    let mut bench = Bench::new();
    bench.file("1.json", r#"[{"id": 1, "n": 1}, {"id": 2}]"#);
    let second = bench.file("2.json", r#"[{"id": 3, "n": 1.5, "more": true}]"#);
    let landing = bench.landed(&json(second.replace("2.json", "*.json"), None)).await;
    assert_eq!(landing.parts.iter().map(|part| part.rows).collect::<Vec<_>>(), [2, 1]);
    let table = bench.sql(&landing, "SELECT count(*) c, sum(n) n, count(more) m FROM t").await.unwrap();
    assert!(table.contains("| 3 | 2.5 | 1 |"), "{table}");
}

// ---- Parquet ----

fn parquet(url: String) -> Source {
    let files = FilePlaces::at(Address::parse(&url).unwrap());
    Source {
        origin: Origin::Files { files, format: FileFormat::Parquet },
        columns: BTreeMap::new(),
        cursor: None,
        keep_landings: None,
        contract: Contract::default(),
    }
}

#[tokio::test]
async fn a_parquet_file_lands_as_it_is_with_its_own_types() {
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3), Some(4)]));
    let towns: ArrayRef = Arc::new(StringArray::from(vec![Some("Bern"), Some(""), None, Some("Zürich")]));
    let times: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_000, 2_000, 3_000, 4_000]));
    let bytes = written(vec![("Id", ids), ("town", towns), ("at", times)]);
    let mut bench = Bench::new();
    let source = parquet(bench.file("a.parquet", &bytes));
    let landing = bench.landed(&source).await;
    assert_eq!((landing.rows, landing.bytes), (4, bytes.len() as u64));
    assert!(landing.parts[0].path.ends_with("part-0001.parquet"));
    let table = bench.sql(&landing, "SELECT town, id FROM t WHERE id IS NULL OR id > 3 ORDER BY id").await.unwrap();
    let rows: Vec<Vec<_>> = table.lines().skip(3).take(2).map(|row| row.split('|').map(str::trim).collect()).collect();
    assert_eq!(rows, [vec!["", "Zürich", "4", ""], vec!["", "", "", ""]]);
    let table = bench.sql(&landing, "SELECT count(*) n, max(at) m, count(town) c FROM t").await.unwrap();
    assert!(table.contains("| 4 | 1970-01-01T00:00:00.000004 | 3 |"), "{table}");
    assert_eq!(bench.unchanged(&source).await, "not modified");

    let mut bench = Bench::new();
    let cut = bench.file("a.parquet", &bytes[..bytes.len() - 5]);
    let error = bench.error(&parquet(cut)).await;
    assert!(error.to_string().contains("does not end as a Parquet file does"), "{error}");
    let fine: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_001]));
    let mut bench = Bench::new();
    let landing = bench.landed(&parquet(bench.file("a.parquet", written(vec![("at", fine)])))).await;
    let error = bench.sql(&landing, "SELECT at FROM t").await.unwrap_err();
    assert!(error.contains("`at` has an instant of 1001 ns"), "{error}");
}

// ---- packed ----

#[tokio::test]
async fn archives_and_streams_of_other_packers_are_read() {
    let archive = include_bytes!("../../../fuzz/corpus/zip/streamed");
    let mut packed = bzip2::write::BzEncoder::new(vec![], bzip2::Compression::fast());
    packed.write_all("id,town\n1,Bern\n2,Zürich\n".as_bytes()).unwrap();
    for (name, bytes) in [("a.csv.zip", archive.to_vec()), ("a.csv.bz2", packed.finish().unwrap())] {
        let mut bench = Bench::new();
        let landing = bench.landed(&csv(bench.file(name, &bytes), &[("id", DataType::Int64)])).await;
        assert!(landing.parts[0].path.ends_with(name.trim_start_matches('a')), "{:?}", landing.parts);
        let table = bench.sql(&landing, "SELECT town FROM t WHERE id = 2").await.unwrap();
        assert!(landing.rows == 2 && table.contains("| Zürich |"), "{table}");
    }
}

// ---- servers ----

/// Files by name, and what was asked for: name, range, and how many bytes were sent.
#[derive(Default)]
struct Server {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    asked: Mutex<Vec<(String, Option<String>, usize)>>,
    /// Answers break off after so many bytes, while there are any here.
    breaks: Mutex<Vec<usize>>,
}

impl Server {
    async fn start(files: &[(&str, &[u8])]) -> (Arc<Server>, String) {
        let server = Arc::new(Server::default());
        for (name, bytes) in files {
            server.put(name, bytes);
        }
        let router = axum::Router::new().route("/{name}", get(answer)).with_state(server.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, url)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.files.lock().unwrap().insert(name.to_string(), bytes.to_vec());
    }

    fn asked(&self) -> Vec<(String, Option<String>, usize)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn answer(State(server): State<Arc<Server>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_string());
    let Some(bytes) = server.files.lock().unwrap().get(&name).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{}-{}\"", bytes.len(), bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>());
    let is_careless = name.starts_with("careless");
    let range = header("range").filter(|_| is_careless || header("if-range").as_deref() == Some(&etag));
    let note = |sent| server.asked.lock().unwrap().push((name.clone(), range.clone(), sent));
    if header("if-none-match").as_deref() == Some(&etag) {
        note(0);
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let start: usize =
        range.as_deref().map_or(0, |range| range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap());
    let rest = bytes[start..].to_vec();
    let mut response = Response::builder().header("etag", etag).header("content-length", rest.len());
    if range.is_some() {
        let all = bytes.len();
        response = response.status(206).header("content-range", format!("bytes {start}-{}/{all}", all - 1));
    }
    let body = match server.breaks.lock().unwrap().pop() {
        None => Body::from(rest.clone()),
        Some(after) => {
            // The server drops what it has not sent when it ends a connection.
            let pieces = [Ok(rest[..after].to_vec()), Err(std::io::Error::other("gone"))].into_iter();
            let sent = futures::stream::unfold(pieces, |mut pieces| async move {
                let piece = pieces.next()?;
                if piece.is_err() {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
                Some((piece, pieces))
            });
            note(after);
            return response.body(Body::from_stream(sent)).unwrap();
        }
    };
    note(rest.len());
    response.body(body).unwrap()
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let text = (0..20_000).fold("id\n".to_string(), |text, id| format!("{text}{id}\n"));
    let (server, url) = Server::start(&[("a.csv", text.as_bytes())]).await;
    *server.breaks.lock().unwrap() = vec![30_000, 20_000];
    let mut bench = Bench::new();
    let source = csv(format!("{url}/a.csv"), &[("id", DataType::Int64)]);
    let landing = bench.landed(&source).await;
    assert_eq!((landing.rows, landing.bytes), (20_000, text.len() as u64));
    let table = bench.sql(&landing, "SELECT sum(id) s FROM t").await.unwrap();
    assert!(table.contains("| 199990000 |"), "{table}");
    let asked = server.asked();
    let ranges: Vec<Option<&str>> = asked.iter().map(|(_, range, _)| range.as_deref()).collect();
    assert_eq!(ranges.len(), 3, "{asked:?}");
    assert!(ranges[0].is_none() && ranges[1].is_some() && ranges[2].is_some(), "{asked:?}");
    assert_eq!(bench.unchanged(&source).await, "not modified (304)");
    assert_eq!(server.asked(), [("a.csv".to_string(), None, 0)]);

    // Other bytes meanwhile: all of them are asked for, also where a server gives the rest of the others.
    let other = text.replace("\n7\n", "\n8\n");
    for name in ["a.csv", "careless.csv"] {
        server.put(name, text.as_bytes());
        server.asked();
        server.breaks.lock().unwrap().push(5_000);
        let source = csv(format!("{url}/{name}"), &[("id", DataType::Int64)]);
        let landing = tokio::spawn(async move {
            let mut bench = Bench::new();
            let landing = bench.landed(&source).await;
            bench.sql(&landing, "SELECT sum(id) s FROM t").await.unwrap()
        });
        while server.asked.lock().unwrap().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        // The answer under way has its bytes already, and breaks off a tenth of a second later.
        server.put(name, other.as_bytes());
        let table = landing.await.unwrap();
        assert!(table.contains("| 199990001 |"), "{name}: {table}");
    }
}

#[tokio::test]
async fn of_several_files_only_those_are_fetched_that_changed() {
    let days = [("2026-01-30.csv", &b"id\n1\n"[..]), ("2026-01-31.csv", b"id\n2\n")];
    let (server, url) = Server::start(&days).await;
    let mut bench = Bench::new();
    let mut source = csv(format!("{url}/{{date:%Y-%m-%d}}.csv"), &[("id", DataType::Int64)]);
    let day = |day: u32| NaiveDate::from_ymd_opt(2026, 1, 29).unwrap() + chrono::Days::new(day.into());
    let with = |source: &mut Source, from, to| {
        let Origin::Files { files, .. } = &mut source.origin else { panic!() };
        files.dates = Some(crate::project::Dates { from, to });
    };
    with(&mut source, day(1), Some(day(2)));
    let landing = bench.landed(&source).await;
    assert_eq!(landing.parts.iter().map(|part| part.rows).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(bench.unchanged(&source).await, "none of 2 files is modified");
    assert!(server.asked().iter().skip(2).all(|(_, _, sent)| *sent == 0));

    // One more day, and one that changed.
    server.put("2026-02-01.csv", b"id\n3\n");
    server.put("2026-01-31.csv", b"id\n20\n");
    let mut later = source.clone();
    with(&mut later, day(1), None);
    let note = bench.note(&later).await;
    let sent: Vec<_> = server.asked().into_iter().filter(|(_, _, sent)| *sent > 0).map(|(name, ..)| name).collect();
    assert_eq!(sent, ["2026-01-31.csv", "2026-02-01.csv"]);
    assert!(note.starts_with("3 files; the newest ") && note.ends_with(" not there yet"), "{note}");
    let landing = bench.parent().await.landings.remove(0);
    assert_eq!(landing.rows, 3);
    let table = bench.sql(&landing, "SELECT sum(id) s FROM t").await.unwrap();
    assert!(table.contains("| 24 |"), "{table}");

    // One that has landed is not one of days to come.
    server.files.lock().unwrap().remove("2026-02-01.csv");
    let error = bench.outcome(&later).await.unwrap_err();
    assert!(error.to_string().contains("2026-02-01.csv` answered 404"), "{error}");

    // A day in the midst that is missing is no end.
    let mut gap = source.clone();
    with(&mut gap, day(0), None);
    let error = Bench::new().error(&gap).await;
    assert!(error.to_string().contains("2026-01-29.csv` answered 404"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_what_the_source_says_does_not_land() {
    let (hash, other) = ("a".repeat(64), "32d1b9ea3e0aac7e3d87f6a9f0b1b4ad2ecfb4a7b2f2f4f0cf8d61d3f2e0a111");
    for (max_bytes, sha256, told) in [
        (Some(6), None, "more than 6 bytes"),
        (None, Some(hash), "its SHA-256 is"),
        (None, Some(other.to_string()), "its SHA-256 is"),
    ] {
        let mut bench = Bench::new();
        let mut source = csv(bench.file("a.csv", "id\n1\n2\n"), &[]);
        let Origin::Files { files, .. } = &mut source.origin else { panic!() };
        (files.max_bytes, files.sha256) = (max_bytes, sha256);
        let error = bench.error(&source).await;
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_did_not_change_is_checked_by_what_the_source_says_now() {
    let mut bench = Bench::new();
    let source = csv(bench.file("a.csv", "id\n1\n2\n"), &[]);
    bench.landed(&source).await;
    for (max_bytes, sha256) in [(Some(6), None), (None, Some("a".repeat(64)))] {
        let mut strict = source.clone();
        let Origin::Files { files, .. } = &mut strict.origin else { panic!() };
        (files.max_bytes, files.sha256) = (max_bytes, sha256);
        assert!(bench.outcome(&strict).await.is_err());
    }
    assert_eq!(bench.unchanged(&source).await, "not modified");
}
