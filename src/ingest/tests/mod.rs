//! Captures from outside: a source of each kind, the landing it makes, and the table that SQL sees of it.

mod contracts;
mod fault_sequences;
mod faulty_sources;
mod paged_apis;
mod same_values;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use arrow::util::pretty::pretty_format_batches;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use datafusion::prelude::{SessionConfig, SessionContext};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::*;
use crate::config::Limits;
use crate::engine::{Engine, read};
use crate::error::{Error, Kind};
use crate::formats::dialect::CsvDialect;
use crate::formats::encoding::TextEncoding;
use crate::lake::landing::tests::lake_in;
use crate::lake::{TableName, Zone};
use crate::project::{
    Address, ApiConnection, Contract, Definition, FileFormat, FilePlaces, MethodSpec, Pace, PageSize, Pages, Paginator,
    ParameterPlace, RestRead, Secret, SqlRead,
};
use crate::spark::mode::SqlMode;

/// A lake of its own for a source.
pub(in crate::ingest) struct Bench {
    pub(in crate::ingest) dir: TempDir,
    pub(in crate::ingest) lake: Lake,
    pub(in crate::ingest) runs: usize,
    /// When the runs begin. A file is trusted to be as it was if it has been so for a while by then, as here for a century.
    pub(in crate::ingest) began: &'static str,
}

impl Bench {
    pub(in crate::ingest) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("lake")).unwrap();
        let lake = lake_in(&dir.path().join("lake"));
        Bench { dir, lake, runs: 0, began: "2126-11-23T13:00:00Z" }
    }

    pub(in crate::ingest) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        format!("file://{}", path.display())
    }

    async fn capture(&mut self, source: &Source) -> Result<Captured> {
        self.capture_below(source, None).await
    }

    async fn capture_below(&mut self, source: &Source, parent: Option<Live>) -> Result<Captured> {
        self.runs += 1;
        let dataset = dataset(source);
        let stamp = RunStamp { run_id: format!("20261123T13000{}Z-0000", self.runs), at: self.began.parse().unwrap() };
        let listed = StateShelf::look(&self.lake, &dataset.name.name).await.unwrap();
        let before = BeforeCapture { listed, seen: None, parent };
        let engine = Engine::local(&self.lake, &Limits { memory_bytes: 1 << 28, threads: 2 }, &SqlMode::default())?;
        capture(&dataset, source, &engine, before, &stamp, &CaptureOptions::default(), &Meter::default()).await
    }

    pub(in crate::ingest) async fn outcome(&mut self, source: &Source) -> Result<Landing> {
        match self.capture(source).await? {
            Captured::Landed { mut live, .. } => Ok(live.landings.remove(0)),
            Captured::Unchanged { why, .. } => panic!("unchanged: {why}"),
        }
    }

    /// What is said of a capture that lands.
    pub(in crate::ingest) async fn note(&mut self, source: &Source) -> String {
        match self.capture(source).await.unwrap() {
            Captured::Landed { note, .. } => note.unwrap_or_default(),
            Captured::Unchanged { why, .. } => panic!("unchanged: {why}"),
        }
    }

    pub(in crate::ingest) async fn landed(&mut self, source: &Source) -> Landing {
        match self.capture(source).await.unwrap_or_else(|error| panic!("{error}: {:?}", error)) {
            Captured::Landed { mut live, .. } => live.landings.pop().unwrap(),
            Captured::Unchanged { why, .. } => panic!("unchanged: {why}"),
        }
    }

    /// The source as it is now, for another one that is asked for each of its rows.
    pub(in crate::ingest) async fn parent(&self) -> Live {
        Live::look(&self.lake, "things", None).await.unwrap().unwrap()
    }

    pub(in crate::ingest) async fn landed_below(&mut self, source: &Source, parent: Live) -> Landing {
        match self.capture_below(source, Some(parent)).await.unwrap() {
            Captured::Landed { mut live, .. } => live.landings.pop().unwrap(),
            Captured::Unchanged { why, .. } => panic!("unchanged: {why}"),
        }
    }

    pub(in crate::ingest) async fn error_below(&mut self, source: &Source, parent: Live) -> Error {
        self.capture_below(source, Some(parent)).await.unwrap_err()
    }

    pub(in crate::ingest) async fn unchanged(&mut self, source: &Source) -> String {
        match self.capture(source).await.unwrap() {
            Captured::Landed { live, .. } => panic!("landed {}", live.state.run_id),
            Captured::Unchanged { why, live } => {
                assert_eq!(live.landings[0].run_id, "20261123T130001Z-0000");
                let parts = self.files().into_iter().filter(|file| file.contains("/raw/"));
                assert_eq!(parts.filter(|file| !file.contains("run=20261123T130001Z")).count(), 0);
                why
            }
        }
    }

    pub(in crate::ingest) async fn error(&mut self, source: &Source) -> Error {
        let error = self.capture(source).await.unwrap_err();
        assert_eq!(self.files(), Vec::<String>::new(), "a failed capture leaves nothing");
        error
    }

    /// What a query over the table `t` gives, as one batch.
    pub(in crate::ingest) async fn batch(&self, landing: &Landing, sql: &str) -> RecordBatch {
        let batches = self.batches(landing, sql).await.unwrap();
        concat_batches(&batches[0].schema(), &batches).unwrap()
    }

    pub(in crate::ingest) async fn sql(&self, landing: &Landing, sql: &str) -> Result<String, String> {
        Ok(pretty_format_batches(&self.batches(landing, sql).await?).unwrap().to_string())
    }

    async fn batches(&self, landing: &Landing, sql: &str) -> Result<Vec<RecordBatch>, String> {
        let context =
            SessionContext::new_with_config(SessionConfig::new().with_batch_size(3).with_target_partitions(2));
        context.register_table("t", read::landing::table(&self.lake, std::slice::from_ref(landing)).unwrap()).unwrap();
        let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
        frame.collect().await.map_err(|error| error.to_string())
    }

    pub(in crate::ingest) fn files(&self) -> Vec<String> {
        fn walk(dir: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    walk(&entry.path(), found);
                } else {
                    found.push(entry.path().display().to_string());
                }
            }
        }
        let mut found = vec![];
        walk(&self.dir.path().join("lake"), &mut found);
        found
    }
}

fn dataset(source: &Source) -> Dataset {
    let name = TableName::new(Zone::Raw, "things");
    Dataset {
        outputs: vec![name.clone()],
        name,
        inputs: vec![],
        description: None,
        tags: vec![],
        file: "trapiche.yml".into(),
        text: "".into(),
        place: 0..0,
        named: vec![],
        fingerprint_text: identity(source),
        definition: Definition::Source(source.clone()),
    }
}

/// Days add files to a source, and what is asked of a file makes no other one of it.
fn identity(source: &Source) -> String {
    let mut source = source.clone();
    if let Origin::Files { files, .. } = &mut source.origin {
        (files.dates, files.max_bytes, files.sha256) = (None, None, None);
    }
    format!("{source:?}")
}

pub(in crate::ingest) fn csv_format() -> FileFormat {
    let (dialect, encoding) = (CsvDialect::default(), TextEncoding::Utf8);
    FileFormat::Csv { delimiter: b',', header: true, dialect, encoding }
}

pub(in crate::ingest) fn csv(url: String, columns: &[(&str, DataType)]) -> Source {
    let columns = columns.iter().map(|(name, data_type)| (name.to_string(), data_type.clone())).collect();
    let files = FilePlaces::at(Address::parse(&url).unwrap());
    Source {
        origin: Origin::Files { files, format: csv_format() },
        columns,
        cursor: None,
        keep_landings: None,
        contract: Contract::default(),
    }
}

pub(in crate::ingest) fn json(url: String, records: Option<&str>) -> Source {
    let format = FileFormat::Json { records: records.map(String::from), encoding: TextEncoding::Utf8 };
    let files = FilePlaces::at(Address::parse(&url).unwrap());
    Source {
        origin: Origin::Files { files, format },
        columns: BTreeMap::new(),
        cursor: None,
        keep_landings: None,
        contract: Contract::default(),
    }
}

pub(in crate::ingest) fn sql_table(database: &Path, table: &str) -> Source {
    let database = Address::parse(&format!("sqlite://{}", database.display())).unwrap();
    Source {
        origin: Origin::Sql { database, query: SqlRead::Table(table.into()), select: vec![], readers: None },
        columns: BTreeMap::new(),
        cursor: None,
        keep_landings: None,
        contract: Contract::default(),
    }
}

pub(in crate::ingest) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const ODD_CSV: &str = "\u{feff}Id,Cost Total $,Beak Length (mm)\r\n1,\"1,5\",001\r\n2\r\n3,NA,\"a\nb\"\r\n4,,1e5\r\n";
const ODD_TABLE: &str = "\
+----+--------------+------------------+
| id | cost total $ | beak length (mm) |
+----+--------------+------------------+
| 1  | 1,5          | 001              |
| 2  |              |                  |
| 3  | NA           | a                |
|    |              | b                |
| 4  |              | 1e5              |
+----+--------------+------------------+";

#[tokio::test]
async fn a_csv_lands_as_it_is_and_reads_as_text_unless_typed() {
    for (name, bytes) in [("a.csv", ODD_CSV.as_bytes().to_vec()), ("a.csv.gz", gzip(ODD_CSV.as_bytes()))] {
        let mut bench = Bench::new();
        let source = csv(bench.file(name, &bytes), &[("Id", DataType::Int64)]);
        let landing = bench.landed(&source).await;
        assert_eq!(landing.rows, 4);
        assert_eq!(
            std::fs::read(bench.files().iter().find(|file| file.contains("part-0001")).unwrap()).unwrap(),
            bytes
        );
        assert!(landing.parts[0].path.ends_with(&format!("part-0001.{}", name.split_once('.').unwrap().1)));
        assert_eq!(bench.sql(&landing, "SELECT * FROM t ORDER BY id").await.unwrap(), ODD_TABLE);
        let sum = bench.sql(&landing, "SELECT sum(id) s, count(*) n FROM t").await.unwrap();
        assert!(sum.contains("| 10 | 4 |"), "{sum}");
        assert_eq!(peek(&dataset(&source), &source).await.unwrap(), Some(landing.schema.clone()));

        assert_eq!(bench.unchanged(&source).await, "not modified");
        bench.file(name, &bytes);
        assert_eq!(bench.unchanged(&source).await, "same bytes as landing 20261123T130001Z-0000");
        bench.file(name, "Id,Cost Total $,Beak Length (mm)\n");
        assert_eq!(bench.landed(&source).await.rows, 0);
    }
}

#[tokio::test]
async fn bad_csvs_name_their_fault() {
    let mut bench = Bench::new();
    let source = csv(bench.file("a.csv", "id,n\n1,2\n2,x\n"), &[("n", DataType::Int32)]);
    let landing = bench.landed(&source).await;
    assert!(bench.sql(&landing, "SELECT * FROM t").await.unwrap_err().contains("column `n`, row 2: `x` is not a int"));
    assert!(bench.sql(&landing, "SELECT id FROM t").await.is_ok());

    let mut bench = Bench::new();
    let ragged = csv(bench.file("a.csv", "id,n\n1,2\n2,3,4\n"), &[]);
    let landing = bench.landed(&ragged).await;
    let error = bench.sql(&landing, "SELECT * FROM t").await.unwrap_err();
    assert!(error.contains("part-0001.csv") && error.contains("line 3"), "{error}");

    let mut bench = Bench::new();
    let unknown = csv(bench.file("a.csv", "id,n\n"), &[("m", DataType::Int32)]);
    assert!(bench.error(&unknown).await.to_string().contains("`columns:` names `m`, which the CSV does not have"));
    let twice = csv(bench.file("b.csv", "id,ID\n"), &[]);
    assert!(bench.error(&twice).await.to_string().contains("`id` and `ID`"));
    let cut = csv(bench.file("c.csv.gz", &gzip(ODD_CSV.as_bytes())[..40]), &[]);
    assert!(bench.error(&cut).await.to_string().contains("broken gzip"));
    let missing = csv(format!("file://{}/none.csv", bench.dir.path().display()), &[]);
    assert!(bench.error(&missing).await.to_string().contains("none.csv"));
    assert!(peek(&dataset(&missing), &missing).await.is_err());
}

#[tokio::test]
async fn json_of_every_shape_gives_the_same_table() {
    let first = r#"{"userId": 1, "Geo": {"Lat": 1.5, "Tags": ["a", 1]}, "mixed": {"a": [1, "x"]}, "big": 123456789012345678901}"#;
    let second = "{\n\"userId\": 2, \"mixed\": 7.50,\n\"Geo\": {\"Lat\": 2}}";
    let table = "\
+--------+-------+--------------+-------------------+-----------------------+
| userid | lat   | tags         | mixed             | big                   |
+--------+-------+--------------+-------------------+-----------------------+
| 1      | 1.5   | [a, 1]       | {\"a\": [1, \"x\"]}   | 123456789012345678901 |
| 2      | 2.0   |              | 7.50              |                       |
+--------+-------+--------------+-------------------+-----------------------+";
    let squeeze = |text: &str| text.replace([' ', '-'], "");
    for (name, text, records) in [
        ("a.ndjson", format!("{first}\n{second}\n"), None),
        ("a.json", format!("[{first},{second}]"), None),
        ("b.json", format!("{{\"n\": 2, \"d\": {{\"rows\": [{first},{second}]}}}}"), Some("d.rows")),
    ] {
        for gzipped in [false, true] {
            let mut bench = Bench::new();
            let bytes = if gzipped { gzip(text.as_bytes()) } else { text.clone().into_bytes() };
            let source = json(bench.file(name, bytes), records);
            let landing = bench.landed(&source).await;
            assert_eq!(landing.rows, 2);
            let sql = "SELECT userid, geo['lat'] AS lat, geo['tags'] AS tags, mixed, big FROM t ORDER BY userid";
            assert_eq!(squeeze(&bench.sql(&landing, sql).await.unwrap()), squeeze(table), "{name}");
            let count = bench.sql(&landing, "SELECT count(*) AS n FROM t WHERE mixed IS NOT NULL").await.unwrap();
            assert!(count.contains("| 2 |"));
            assert_eq!(peek(&dataset(&source), &source).await.unwrap(), Some(landing.schema.clone()));
            assert!(bench.sql(&landing, "SELECT 1 AS one FROM t").await.unwrap().matches("| 1 ").count() == 2);
        }
    }
}

/// An API with faults, as a server in this process.
#[derive(Default)]
struct Api {
    requests: AtomicUsize,
    changed: AtomicUsize,
}

async fn serve() -> (String, Arc<Api>) {
    let api = Arc::new(Api::default());
    let router = axum::Router::new()
        .route("/paged", get(paged))
        .route("/flaky", get(flaky))
        .route("/same", get(|| async { r#"[{"id": 1}, {"id": 2}]"# }))
        .route("/closed", get(|| async { StatusCode::FORBIDDEN }))
        .route("/file.csv", get(file))
        .with_state(api.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, api)
}

/// Five rows, in pages; each page with an ETag.
async fn paged(
    State(api): State<Arc<Api>>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    api.requests.fetch_add(1, Ordering::SeqCst);
    assert_eq!(headers["x-api-key"], "hush");
    let (page, size): (usize, usize) = (query["page"].parse().unwrap(), query["limit"].parse().unwrap());
    let etag = format!("\"{page}-{}\"", if page == 3 { api.changed.load(Ordering::SeqCst) } else { 0 });
    if headers.get(header::IF_NONE_MATCH).is_some_and(|asked| asked == etag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let last = if api.changed.load(Ordering::SeqCst) == 2 { 50 } else { 5 };
    let rows: Vec<_> = [1, 2, 3, 4, last].into_iter().skip((page - 1) * size).take(size).collect();
    let rows: Vec<_> = rows.iter().map(|id| format!("{{\n\"id\": {id}}}")).collect();
    ([(header::ETAG, etag)], format!("{{\"data\": [{}]}}", rows.join(","))).into_response()
}

/// 500, then 429, then a body that is cut short, then the rows.
async fn flaky(State(api): State<Arc<Api>>) -> Response {
    match api.requests.fetch_add(1, Ordering::SeqCst) {
        0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        1 => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response(),
        2 => r#"[{"id": 1}, {"id"#.into_response(),
        _ => r#"[{"id": 1}]"#.into_response(),
    }
}

async fn file(headers: HeaderMap) -> Response {
    let etag = "\"v1\"";
    if headers.get(header::IF_NONE_MATCH).is_some_and(|asked| asked == etag) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, etag)], "a,b\n1,2\n").into_response()
}

pub(in crate::ingest) fn rest(base: &str, path: &str, records: Option<&str>, size: Option<u32>) -> Source {
    let base = Address::parse(base).unwrap();
    let url = base.joined(&path.into()).unwrap();
    let headers = BTreeMap::from([("x-api-key".to_string(), Secret::new("hush"))]);
    let paginate = size.map(|size| Paginator {
        way: Pages::Number { page: "page".into(), first: 1 },
        size: Some(PageSize { limit: "limit".into(), size }),
        place: ParameterPlace::Query,
    });
    let read = RestRead {
        api: Arc::new(ApiConnection { base, headers, auth: None, pace: Pace::default() }),
        url,
        method: MethodSpec::Get,
        body: None,
        records: records.map(String::from),
        paginate,
        for_each: None,
        envelope: vec![],
        columns: vec![],
        since: None,
    };
    Source {
        origin: Origin::Rest(Box::new(read)),
        columns: BTreeMap::new(),
        cursor: None,
        keep_landings: None,
        contract: Contract::default(),
    }
}

#[tokio::test]
async fn pages_land_once_and_again_when_one_changes() {
    let (url, api) = serve().await;
    let mut bench = Bench::new();
    let source = rest(&url, "/paged?token=s3cret", Some("data"), Some(2));
    let landing = bench.landed(&source).await;
    assert_eq!((landing.rows, landing.parts.len(), landing.parts[0].requests.len()), (5, 1, 4));
    assert!(bench.sql(&landing, "SELECT count(DISTINCT id) n, sum(id) s FROM t").await.unwrap().contains("| 5 | 15 |"));
    let manifest = serde_json::to_string(&landing).unwrap();
    assert!(!manifest.contains("hush") && !manifest.contains("s3cret"), "{manifest}");

    api.requests.store(0, Ordering::SeqCst);
    assert_eq!(bench.unchanged(&source).await, "not modified (304)");
    assert_eq!(api.requests.load(Ordering::SeqCst), 4);
    // Another ETag, but the same rows.
    api.changed.store(1, Ordering::SeqCst);
    assert_eq!(bench.unchanged(&source).await, "same bytes as landing 20261123T130001Z-0000");
    api.changed.store(2, Ordering::SeqCst);
    let landing = bench.landed(&source).await;
    assert!(bench.sql(&landing, "SELECT count(*) n, sum(id) s FROM t").await.unwrap().contains("| 5 | 60 |"));
}

#[tokio::test]
async fn faults_that_pass_are_retried_and_others_are_told() {
    let (url, api) = serve().await;
    let mut bench = Bench::new();
    assert_eq!(bench.landed(&rest(&url, "/flaky", None, None)).await.rows, 1);
    assert_eq!(api.requests.load(Ordering::SeqCst), 4);

    let mut bench = Bench::new();
    let landing = bench.landed(&rest(&url, "/same", None, Some(2))).await;
    assert_eq!(landing.rows, 2, "an API that ignores the page number");

    let mut bench = Bench::new();
    let error = bench.error(&rest(&url, "/closed?api_key=s3cret", None, None)).await;
    assert_eq!(
        (error.kind(), error.to_string()),
        (Kind::Connection, format!("`{url}/closed?api_key=***` answered 403 Forbidden"))
    );
    let error = bench.error(&rest(&url, "/nowhere", None, None)).await;
    assert_eq!((error.kind(), error.hint_text()), (Kind::Failed, Some("check the source's path")));
    let error = bench.error(&rest("http://me:pw@127.0.0.1:1/", "x", None, None)).await;
    assert_eq!((error.kind(), format!("{error:?}").contains("pw")), (Kind::Connection, false), "{error:?}");
}

#[tokio::test]
async fn a_file_behind_http_is_asked_for_with_its_etag() {
    let (url, _) = serve().await;
    let mut bench = Bench::new();
    let source = csv(format!("{url}/file.csv"), &[]);
    assert_eq!(bench.landed(&source).await.rows, 1);
    assert_eq!(bench.unchanged(&source).await, "not modified (304)");
}

#[tokio::test]
async fn a_table_of_a_database_keeps_its_types_where_its_values_do() {
    let mut bench = Bench::new();
    let path = bench.dir.path().join("shop.db");
    let mut database = SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE Things (id INTEGER PRIMARY KEY, Price DECIMAL(10,2), Ratio REAL, Name TEXT, Born DATE, Ok BOOLEAN, Raw BLOB, Odd INTEGER, \"Cost Total $\" NUMERIC);
         INSERT INTO Things VALUES (1, 12.30, 2, 'a''\"\n', '2026-01-31', 1, x'00ff', 7, 1),
                                   (2, NULL, 1e300, NULL, '31/01/26', 0, NULL, 'n/a', 2.5);",
    )
    .execute(&mut database)
    .await
    .unwrap();
    let address = |text: &str| Address::parse(text).unwrap();
    let sql = |query| Source {
        origin: Origin::Sql {
            database: address(&format!("sqlite://{}", path.display())),
            query,
            select: vec![],
            readers: None,
        },
        columns: BTreeMap::new(),
        cursor: None,
        keep_landings: None,
        contract: Contract::default(),
    };
    let source = sql(SqlRead::Table("things".into()));
    let landing = bench.landed(&source).await;
    let types: Vec<_> = landing.schema.fields().iter().map(|field| types::name(field.data_type())).collect();
    assert_eq!(
        types,
        ["bigint", "decimal(10,2)", "double", "string", "string", "boolean", "binary", "string", "double"]
    );
    let table = bench
        .sql(
            &landing,
            "SELECT id, price, ratio, born, ok, raw, odd, `cost total $` FROM t ORDER BY id"
                .replace('`', "\"")
                .as_str(),
        )
        .await
        .unwrap();
    assert_eq!(
        table,
        "\
+----+-------+-------+------------+-------+------+-----+--------------+
| id | price | ratio | born       | ok    | raw  | odd | cost total $ |
+----+-------+-------+------------+-------+------+-----+--------------+
| 1  | 12.30 | 2.0   | 2026-01-31 | true  | 00ff | 7   | 1.0          |
| 2  |       | 1e300 | 31/01/26   | false |      | n/a | 2.5          |
+----+-------+-------+------------+-------+------+-----+--------------+"
    );
    assert_eq!(bench.unchanged(&source).await, "same bytes as landing 20261123T130001Z-0000");

    let mut bench = Bench::new();
    let grouped = sql(SqlRead::Query("SELECT ok, count(*) AS n, sum(price) AS total FROM things GROUP BY ok;".into()));
    let landing = bench.landed(&grouped).await;
    let types: Vec<_> = landing.schema.fields().iter().map(|field| types::name(field.data_type())).collect();
    assert_eq!((landing.rows, types.join(" ")), (2, "boolean bigint double".into()));

    let mut bench = Bench::new();
    let landing = bench.landed(&sql(SqlRead::Query("SELECT id FROM things WHERE 0".into()))).await;
    assert!(bench.sql(&landing, "SELECT count(id) AS n FROM t").await.unwrap().contains("| 0 |"));

    let mut bench = Bench::new();
    let error = bench.error(&sql(SqlRead::Table("thing".into()))).await;
    assert!(error.to_string().ends_with("there is no table `thing`"), "{error}");
    assert_eq!(error.hint_text(), Some("it has `Things`"));
    assert!(
        bench
            .error(&sql(SqlRead::Query("SELECT nope FROM things".into())))
            .await
            .to_string()
            .contains("does not accept")
    );
    let mut other = sql(SqlRead::Table("t".into()));
    other.origin = Origin::Sql {
        database: address("sqlite:///none.db"),
        query: SqlRead::Table("t".into()),
        select: vec![],
        readers: None,
    };
    assert_eq!(bench.error(&other).await.kind(), Kind::Connection);
}
