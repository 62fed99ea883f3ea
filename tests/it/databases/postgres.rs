//! PostgreSQL.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use super::{
    Cell, ROWS, Tried, bench, bench_of, bits, days, decimals, failure, instants, one_of, quoted, quoted_number, rows,
    run, stored, texts, trapiche, waited,
};
use crate::places::DatabaseServer;
use crate::workbench::{Workbench, files_below};

async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}

/// The rows of a query of texts.
async fn asked(url: &str, sql: &str) -> Vec<Vec<Cell>> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let found = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
    let cells =
        |row: &sqlx::postgres::PgRow| (0..row.len()).map(|place| row.try_get_unchecked(place).unwrap()).collect();
    found.iter().map(cells).collect()
}

/// A column for each type that the server has, or nearly.
fn kinds() -> Vec<Tried> {
    const MICROS: &str = "(extract(epoch FROM {}) * 1000000)::numeric(30,0)::text";
    let text = "{}::text";
    let real = prop_oneof![
        any::<f64>().prop_map(|n| n.to_string()),
        Just("-0".into()),
        Just("Infinity".into()),
        Just("NaN".into())
    ];
    let single = prop_oneof![any::<f32>().prop_map(|n| n.to_string()), Just("-Infinity".into()), Just("1e-45".into())];
    let json = r#"{"a": [1, 2.50, null, "x\"y"], "b": {}}"#;
    vec![
        Tried::new("b", "boolean", one_of(&["t", "f"]), text),
        Tried::new("i2", "smallint", any::<i16>().prop_map(quoted_number), text),
        Tried::new("i4", "integer", any::<i32>().prop_map(quoted_number), text),
        Tried::new("i8", "bigint", any::<i64>().prop_map(quoted_number), text),
        Tried::new("o", "oid", any::<u32>().prop_map(quoted_number), text),
        Tried::new("f4", "real", single.prop_map(quoted), text),
        Tried::new("f8", "double precision", real.prop_map(quoted), text),
        Tried::new("n", "numeric(12,2)", decimals(12, 2), text),
        Tried::new("n38", "numeric(38,10)", decimals(38, 10), text),
        Tried::new("n0", "numeric(38)", decimals(38, 1), text),
        Tried::new("nx", "numeric(5,-2)", one_of(&["1234567", "-99", "0"]), text),
        Tried::new(
            "nn",
            "numeric",
            one_of(&["1e50", "-0.000000000000000000000000000000000000000000000001", "NaN"]),
            text,
        ),
        Tried::new("n40", "numeric(40,2)", decimals(40, 2), text),
        Tried::new("m", "money", one_of(&["-92233720368547758.08", "0.01", "1234.5"]), "{}::numeric::text"),
        Tried::new("d", "date", days().prop_map(quoted), "({} - date '1970-01-01')::text"),
        Tried::new("ts", "timestamp", instants().prop_map(quoted), MICROS),
        Tried::new(
            "ts0",
            "timestamp(0)",
            instants().prop_filter("it is rounded up", |at| at.as_str() < "9999-12-31").prop_map(quoted),
            MICROS,
        ),
        Tried::new("tz", "timestamptz", instants().prop_map(|at| quoted(at + "+00")), MICROS),
        Tried::new("t", "time", one_of(&["24:00", "00:00:00.000001", "12:00"]), text),
        Tried::new("tt", "timetz", one_of(&["23:59:59.999999-15:59", "12:00:00+05:30"]), text),
        Tried::new("iv", "interval", one_of(&["1 year -2 days 03:04:05.678", "-178000000 years", "0"]), text),
        Tried::new("u", "uuid", one_of(&["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]), text),
        Tried::new("j", "json", prop_oneof![Just(quoted(json)), Just(quoted("null")), Just(quoted(" [ 1 ] "))], text),
        Tried::new("jb", "jsonb", Just(quoted(json)), text),
        Tried::new("x", "xml", one_of(&["<a b=\"c\">d</a>"]), text),
        Tried::new(
            "ar",
            "integer[]",
            one_of(&["{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={5,6}"]),
            "to_json({})::text",
        ),
        Tried::new("an", "numeric[]", one_of(&["{12345678901234567890.123456789,NaN}"]), "to_json({})::text"),
        Tried::new("at", "text[]", one_of(&["{\"a,\\\"b\",\"\",NULL}"]), "to_json({})::text"),
        Tried::new("e", "mood", one_of(&["sad", "it's, \"so\""]), text),
        Tried::new("dm", "cents", one_of(&["-999999.99", "0.1"]), text),
        Tried::new("da", "list", one_of(&["{1,2}"]), "to_json({})::text"),
        Tried::new(
            "by",
            "bytea",
            prop::collection::vec(any::<u8>(), 0..6).prop_map(|bytes| quoted(hex(&bytes))),
            "encode({}, 'hex')",
        ),
        Tried::new("bt", "bit(5)", one_of(&["10101"]), text),
        Tried::new("vb", "varbit", one_of(&["", "0"]), text),
        Tried::new("ip", "inet", one_of(&["10.0.0.1/8", "::1"]), "CASE WHEN {} IS NOT NULL THEN concat({}) END"),
        Tried::new("c", "pair", one_of(&["(1,\"x y\")", "(,)"]), "to_json({})::text"),
        Tried::new("r", "tstzrange", one_of(&["[2024-01-01 00:00+00,)", "empty"]), text),
        Tried::new("ch", "char(5)", one_of(&["ab", ""]), "CASE WHEN {} IS NOT NULL THEN concat({}) END"),
        Tried::new("tx", "text", texts().prop_map(quoted), text),
        Tried::new("vc", "varchar(20)", texts().prop_map(quoted), text),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_string(), |text, byte| format!("{text}{byte:02x}"))
}

const TYPES: &str = "CREATE TYPE mood AS ENUM ('sad', 'it''s, \"so\"'); CREATE TYPE pair AS (a int, b text); \
    CREATE DOMAIN money_like AS numeric(8,2); CREATE DOMAIN cents AS money_like CHECK (value < 1000000); \
    CREATE DOMAIN list AS int[];";

#[test]
fn what_lands_is_what_the_server_holds() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    let url = &server.url;
    let columns = kinds();
    // Settings of the server that are not ours.
    let settings = "ALTER DATABASE shop SET timezone = 'Asia/Kathmandu'; ALTER DATABASE shop SET datestyle = 'German'; \
        ALTER DATABASE shop SET intervalstyle = 'sql_standard'; ALTER DATABASE shop SET bytea_output = 'escape'; \
        ALTER DATABASE shop SET extra_float_digits = -5; ALTER DATABASE shop SET statement_timeout = '1h'";
    let declared: Vec<_> = columns.iter().map(|column| format!(", {} {}", column.name, column.declared)).collect();
    waited(execute(url, TYPES));
    waited(execute(url, &format!("CREATE TABLE t (id int{})", declared.concat())));
    waited(execute(url, settings));
    let names: Vec<_> = columns.iter().map(|column| format!("({})", column.asked)).collect();
    let question = format!(
        "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 3; \
         SELECT id::text, {} FROM t",
        names.join(", ")
    );
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    let as_query = format!("query: \"SELECT id, {} FROM t ORDER BY id DESC\"", names.join(", "));
    let (table, query) = (bench("table: t"), bench(&as_query));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() });
    let result = runner.run(&rows(&columns), |rows| {
        let values: Vec<_> = rows.iter().enumerate().map(|(id, row)| format!("({id}, {})", row.join(", "))).collect();
        waited(execute(url, &format!("TRUNCATE t; INSERT INTO t VALUES {}", values.join(", "))));
        let held = waited(asked(url, &question));
        for bench in [&table, &query] {
            run(bench, url);
            let stored = stored(bench);
            prop_assert_eq!(stored.len(), ROWS);
            for row in &held {
                let id: i64 = row[0].as_ref().unwrap().parse().unwrap();
                for ((column, held), stored) in columns.iter().zip(&row[1..]).zip(&stored[&id]) {
                    let held = held.as_ref().map(|text| match column.declared {
                        "real" => bits(text.parse::<f32>().unwrap().into()),
                        "double precision" => bits(text.parse().unwrap()),
                        _ => text.clone(),
                    });
                    prop_assert_eq!(stored, &held, "{} {}", column.declared, rows[id as usize].join(", "));
                }
            }
        }
        Ok(())
    });
    result.unwrap();
}

#[test]
fn what_no_type_holds_is_told_with_its_place() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    let url = &server.url;
    for (declared, value) in [
        ("date", "infinity"),
        ("date", "0044-03-15 BC"),
        ("date", "10000-01-01"),
        ("timestamp", "-infinity"),
        ("timestamptz", "0044-03-15 12:00:00+00 BC"),
        ("numeric(5,2)", "NaN"),
    ] {
        let create = format!(
            "DROP TABLE IF EXISTS t; CREATE TABLE t (id int, odd {declared}); INSERT INTO t VALUES (1, NULL), (2, '{value}')"
        );
        waited(execute(url, &create));
        let words = failure(&bench("table: t"), url, 1);
        assert!(words.contains(&format!("row 2, column `odd`: `{value}` is not a ")), "{words}");
        assert!(words.contains("`\"odd\"::text` keeps such values as text"), "{words}");
        let bench = bench("query: \"SELECT id, odd::text FROM t\"");
        run(&bench, url);
        assert_eq!(stored(&bench)[&2], [Some(value.to_string())]);
    }
}

#[test]
fn tables_views_and_queries_are_found() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    let url = &server.url;
    let create = "CREATE SCHEMA \"Odd one\"; CREATE TABLE \"Odd one\".\"T\" (id int, \"A b\" text, hidden text, amount numeric(9,3)); \
        INSERT INTO \"Odd one\".\"T\" VALUES (1, 'x', 'y', 1.5); \
        CREATE VIEW v AS SELECT id, amount FROM \"Odd one\".\"T\"; CREATE MATERIALIZED VIEW mv AS SELECT * FROM v; \
        CREATE TABLE p (id int, n int) PARTITION BY RANGE (id); \
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p VALUES (1, 2); \
        CREATE TABLE one (a text); INSERT INTO one VALUES (NULL), (''), ('\\.'), (NULL); CREATE TABLE empty (id int, a date)";
    waited(execute(url, create));
    for (source, landed) in [
        ("table: \"Odd one.T\", select: [ID, amount]", vec![Some("1.500".to_string())]),
        ("table: v", vec![Some("1.500".into())]),
        ("table: mv", vec![Some("1.500".into())]),
        ("table: public.p, readers: 3", vec![Some("2".into())]),
        (
            "query: \"SELECT id, amount AS x, sum(amount) AS y FROM v GROUP BY 1, 2 -- the end\"",
            vec![Some("1.500".into()), Some("1.500".into())],
        ),
    ] {
        let bench = bench(source);
        let said = run(&bench, url);
        assert_eq!(stored(&bench)[&1], landed, "{source}");
        assert_eq!(said.contains("one reader instead of 3"), source.contains("readers"), "{said}");
        // Nothing has changed, so nothing is made.
        let again = run(&bench, url);
        assert!(again.contains("same bytes as landing"), "{again}");
    }
    let one = bench_of("table: one", "SELECT a FROM raw.t");
    run(&one, url);
    let counted = trapiche(
        &one,
        url,
        &[
            "query",
            "-o",
            "csv",
            "SELECT count(*) AS n, count(a) AS a, count(CASE WHEN a = '' THEN 1 END) AS e FROM raw.t",
        ],
    );
    assert_eq!(counted.stdout, "n,a,e\n4,2,1\n", "{}", counted.stderr);
    let empty = bench("table: empty");
    run(&empty, url);
    assert_eq!(stored(&empty).len(), 0);
    for (source, expected) in [
        ("table: nope", ["there is no table `nope`", "it has `Odd one.T`, `empty`, `mv`, `one`, `p`, `p1`, `v`"]),
        ("table: v, select: [idd]", ["`select:` names `idd`, which the table does not have", "it has `id`, `amount`"]),
        (
            "query: \"SELECT nope FROM v\"",
            ["the database does not accept the query", "column \"nope\" does not exist (42703)"],
        ),
        ("query: \"SELECT 1 AS a, 2 AS A\"", ["two columns of the same name", "rename one with AS"]),
        ("query: \"SELECT $1::int AS a\"", ["the query has parameters", ""]),
        ("query: \"DELETE FROM p RETURNING id\"", ["the database does not accept the query", ""]),
        ("query: \"SELECT 1; DROP TABLE p\"", ["the database does not accept the query", ""]),
    ] {
        let words = failure(&bench(source), url, 1);
        expected.iter().for_each(|expected| assert!(words.contains(expected), "{source}: {words}"));
    }
}

/// What is written while it is read is not seen, whatever the number of readers.
#[test]
fn a_capture_is_of_one_moment() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    let url = server.url.clone();
    waited(execute(
        &url,
        "CREATE TABLE t (id int PRIMARY KEY, amount numeric(12,2), filler text); \
         INSERT INTO t SELECT n, 100, repeat('x', 100) FROM generate_series(1, 20000) n",
    ));
    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (over, url) = (over.clone(), url.clone());
        std::thread::spawn(move || {
            waited(async {
                let mut connection = PgConnection::connect(&url).await.unwrap();
                for n in 0_i64.. {
                    if over.load(Ordering::Relaxed) {
                        return n;
                    }
                    // Rows move to other pages, and so to other readers.
                    let (from, to) = (n * 7919 % 20_000 + 1, n * 104_729 % 20_000 + 1);
                    let transfer = format!(
                        "BEGIN; UPDATE t SET amount = amount - 1, filler = filler || 'y' WHERE id = {from}; \
                         UPDATE t SET amount = amount + 1 WHERE id = {to}; COMMIT"
                    );
                    connection.execute(sqlx::raw_sql(AssertSqlSafe(transfer))).await.unwrap();
                }
                0
            })
        })
    };
    for readers in [1, 2, 5] {
        let bench = bench_of(&format!("table: t, readers: {readers}"), "SELECT id, amount FROM raw.t");
        for _ in 0..2 {
            let said = run(&bench, &url);
            assert_eq!(said.contains(&format!("{readers} readers under one snapshot")), readers > 1, "{said}");
            let rows = stored(&bench);
            let cents = rows.values().map(|row| row[0].as_ref().unwrap().replace('.', "").parse::<i64>().unwrap());
            assert_eq!((rows.len(), cents.sum::<i64>()), (20_000, 20_000 * 10_000));
        }
    }
    over.store(true, Ordering::Relaxed);
    assert!(writer.join().unwrap() > 0);
}

#[test]
fn a_server_that_does_not_serve_is_told() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    let url = &server.url;
    waited(execute(url, "CREATE TABLE t (id int); CREATE USER poor PASSWORD 'trapiche-secret-2'"));
    for (url, code, expected) in [
        (url.replace("-secret", "-secrets"), 3, ["the database does not let us in", "check user and password"]),
        (url.replace("/shop", "/mall"), 3, ["the server has no such database", "check the last part of the address"]),
        (
            url.replace("trapiche:trapiche-secret", "poor:trapiche-secret-2"),
            1,
            ["permission denied for table t (42501)", ""],
        ),
        (format!("{url}?sslmode=require"), 3, ["no encrypted connection", "server does not support TLS"]),
        (format!("{url}?sslmode=maybe"), 1, ["this is not the address of a PostgreSQL database", "verify-full"]),
        (format!("{url}?ssl_mode=require"), 1, ["is no parameter of a PostgreSQL address", "known are sslmode"]),
        ("postgres://trapiche:trapiche-secret@127.0.0.1:1/shop".into(), 3, ["did not come about", "check the address"]),
    ] {
        let words = failure(&bench("table: t"), &url, code);
        expected.iter().for_each(|expected| assert!(words.contains(expected), "{expected}: {words}"));
        assert!(words.contains("`${DB}`"), "{words}");
    }
    dropped_connection(url);
    a_certificate_is_asked_for(&server);
}

/// A connection that ends while its rows come.
fn dropped_connection(url: &str) {
    let bench = bench("query: \"SELECT n AS id, pg_sleep(0.01)::text FROM generate_series(1, 100000) n\"");
    let end = |url: String| {
        std::thread::spawn(move || {
            for _ in 0..200 {
                waited(async { tokio::time::sleep(std::time::Duration::from_millis(100)).await });
                let ended = waited(asked(
                    &url,
                    "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE application_name = 'trapiche' AND query LIKE 'COPY%'",
                ));
                if !ended.is_empty() {
                    return;
                }
            }
        })
    };
    let ending = end(url.to_string());
    let words = failure(&bench, url, 3);
    assert!(words.contains("broke off"), "{words}");
    ending.join().unwrap();
}

/// With TLS on the server's side, `verify-full` wants its authority.
fn a_certificate_is_asked_for(server: &DatabaseServer) {
    let data = server.folder.join("data");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(data.join("server.key"))
        .arg("-out")
        .arg(data.join("server.crt"))
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("skipped: there is no openssl");
        return;
    }
    // As the server wants it: its own, and nobody else's.
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let owner = fs::metadata(data.join("PG_VERSION")).unwrap();
    for file in ["server.key", "server.crt"] {
        chown(data.join(file), Some(owner.uid()), Some(owner.gid())).unwrap();
        fs::set_permissions(data.join(file), fs::Permissions::from_mode(0o600)).unwrap();
    }
    waited(async {
        let mut connection = PgConnection::connect(&server.url).await.unwrap();
        for sql in ["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"] {
            connection.execute(sqlx::raw_sql(sql)).await.unwrap();
        }
    });
    let authority = Workbench::of(&[("ca.pem", &fs::read_to_string(data.join("server.crt")).unwrap())]).dir;
    let with = |parameters: &str| format!("{}?{parameters}", server.url);
    for _ in 0..50 {
        if trapiche(&bench("table: t"), &with("sslmode=require"), &["run"]).code == 0 {
            break;
        }
    }
    run(&bench("table: t"), &with("sslmode=require"));
    run(&bench("table: t"), &with(&format!("sslmode=verify-full&sslrootcert={}/ca.pem", authority.path().display())));
    let words = failure(&bench("table: t"), &with("sslmode=verify-full"), 3);
    assert!(words.contains("no encrypted connection"), "{words}");
}

#[test]
fn no_secret_of_an_address_is_in_the_lake() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    waited(execute(&server.url, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)"));
    let bench = bench("table: t");
    run(&bench, &server.url);
    for file in files_below(&bench.path("lake")) {
        let content = fs::read(bench.path("lake").join(&file)).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains("trapiche-secret"), "{file}");
    }
}
