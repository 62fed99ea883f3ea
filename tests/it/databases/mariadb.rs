//! MariaDB.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use super::{
    Cell, ROWS, Tried, bench, bench_of, bits, days, decimals, failure, instants, one_of, quoted, quoted_number, rows,
    run, stored, texts, trapiche, waited,
};
use crate::places::DatabaseServer;

async fn execute(url: &str, sql: &str) {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}

/// The rows of a query of texts.
async fn asked(url: &str, sql: &str) -> Vec<Vec<Cell>> {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let found: Vec<MySqlRow> = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
    let cell = |row: &MySqlRow, place| {
        let value: Option<&[u8]> = row.try_get_unchecked(place).unwrap();
        value.map(|value| String::from_utf8(value.to_vec()).unwrap())
    };
    found.iter().map(|row| (0..row.len()).map(|place| cell(row, place)).collect()).collect()
}

/// A column for each type that the server has, or nearly.
fn kinds() -> Vec<Tried> {
    const MICROS: &str = "CAST(timestampdiff(MICROSECOND, '1970-01-01', {}) AS char)";
    let text = "CAST({} AS char)";
    let finite = any::<f64>().prop_filter("it is finite", |n| n.is_finite() && n.abs() < 1e300);
    let single = any::<f32>().prop_filter("it is finite", |n| n.is_finite());
    let text_of = texts;
    vec![
        Tried::new("b", "boolean", one_of(&["0", "1", "-128"]), text),
        Tried::new("t1", "tinyint", any::<i8>().prop_map(quoted_number), text),
        Tried::new("tu", "tinyint unsigned", any::<u8>().prop_map(quoted_number), text),
        Tried::new("s1", "smallint", any::<i16>().prop_map(quoted_number), text),
        Tried::new("su", "smallint unsigned", any::<u16>().prop_map(quoted_number), text),
        Tried::new("m1", "mediumint", one_of(&["-8388608", "8388607"]), text),
        Tried::new("mu", "mediumint unsigned", one_of(&["0", "16777215"]), text),
        Tried::new("i1", "int", any::<i32>().prop_map(quoted_number), text),
        Tried::new("iu", "int unsigned", any::<u32>().prop_map(quoted_number), text),
        Tried::new("iz", "int(5) zerofill", one_of(&["42"]), "CAST(iz + 0 AS char)"),
        Tried::new("l1", "bigint", any::<i64>().prop_map(quoted_number), text),
        Tried::new("lu", "bigint unsigned", any::<u64>().prop_map(quoted_number), text),
        Tried::new("f4", "float", single.prop_map(|n| n.to_string()), "CAST({} + 0E0 AS char)"),
        Tried::new("f8", "double", finite.prop_map(|n| format!("{n:e}")), text),
        Tried::new("n", "decimal(12,2)", decimals(12, 2), text),
        Tried::new("n38", "decimal(38,10)", decimals(38, 10), text),
        Tried::new("n65", "decimal(65,2)", decimals(65, 2), text),
        Tried::new("bt", "bit(5)", one_of(&["0", "31"]).prop_map(|bits| format!("0 + {bits}")), "CAST({} + 0 AS char)"),
        Tried::new("bw", "bit(64)", any::<u64>().prop_map(|n| n.to_string()), "CAST({} + 0 AS char)"),
        Tried::new("y", "year", one_of(&["1901", "2155", "0000"]), "CAST({} + 0 AS char)"),
        Tried::new("d", "date", days().prop_map(quoted), "CAST(datediff({}, '1970-01-01') AS char)"),
        Tried::new("dt", "datetime(6)", instants().prop_map(quoted), MICROS),
        Tried::new("d0", "datetime", days().prop_map(quoted), MICROS),
        Tried::new(
            "ts",
            "timestamp(6) NULL",
            one_of(&["1970-01-01 00:00:01.000001", "2038-01-19 03:14:07.999999"]),
            MICROS,
        ),
        Tried::new("t", "time(6)", one_of(&["-838:59:59.999999", "00:00:00.000001"]), text),
        Tried::new("e", "enum('a','it''s, \"so\"','')", one_of(&["a", "it's, \"so\"", ""]), text),
        Tried::new("se", "set('x','y','z')", one_of(&["", "x,z"]), text),
        Tried::new("j", "json", one_of(&["{\"a\": [1, 2.50, null]}", "null"]), text),
        Tried::new("u", "uuid", one_of(&["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]), text),
        Tried::new("i6", "inet6", one_of(&["::1"]), text),
        Tried::new("vy", "varbinary(9)", prop::collection::vec(any::<u8>(), 0..6).prop_map(hex), "lower(hex({}))"),
        Tried::new("bf", "binary(3)", prop::collection::vec(any::<u8>(), 0..3).prop_map(hex), "lower(hex({}))"),
        Tried::new("bl", "blob", prop::collection::vec(any::<u8>(), 0..6).prop_map(hex), "lower(hex({}))"),
        Tried::new("g", "point", Just("Point(1, 2)".to_string()), "lower(hex({}))"),
        Tried::new("ch", "char(5)", one_of(&["ab", ""]), text),
        Tried::new("tx", "text", text_of().prop_map(quoted), text),
        Tried::new("vc", "varchar(20) COLLATE utf8mb4_bin", text_of().prop_map(quoted), text),
        Tried::new(
            "la",
            "varchar(20) CHARACTER SET latin1",
            one_of(&["ñandú", "a\"b"]),
            "CAST({} AS char CHARACTER SET utf8mb4)",
        ),
    ]
}

fn hex(bytes: Vec<u8>) -> String {
    format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[test]
fn what_lands_is_what_the_server_holds() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    let url = &server.url;
    let columns = kinds();
    let declared: Vec<_> = columns.iter().map(|column| format!(", {} {}", column.name, column.declared)).collect();
    waited(execute(url, &format!("CREATE TABLE t (id int{}) CHARACTER SET utf8mb4", declared.concat())));
    // Settings of the server that are not ours.
    waited(execute(url, "SET GLOBAL time_zone = '+05:45'; SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'"));
    let names: Vec<_> = columns.iter().map(|column| format!("({})", column.asked)).collect();
    let question = format!("SET time_zone = '+00:00'; SELECT CAST(id AS char), {} FROM t", names.join(", "));
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    let as_query = format!("query: \"SELECT id, {} FROM t ORDER BY id DESC\"", names.join(", "));
    let (table, query) = (bench("table: t"), bench(&as_query));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() });
    let result = runner.run(&rows(&columns), |rows| {
        let values: Vec<_> = rows.iter().enumerate().map(|(id, row)| format!("({id}, {})", row.join(", "))).collect();
        let fill = format!("SET time_zone = '+00:00'; TRUNCATE t; INSERT INTO t VALUES {}", values.join(", "));
        waited(execute(url, &fill));
        let held = waited(asked(url, &question));
        for (bench, is_table) in [(&table, true), (&query, false)] {
            let said = run(bench, url);
            prop_assert!(
                said.contains("one reader") && said.contains("`n65` is a decimal of more than 38 digits") || !is_table
            );
            let stored = stored(bench);
            prop_assert_eq!(stored.len(), ROWS);
            for row in &held {
                let id: i64 = row[0].as_ref().unwrap().parse().unwrap();
                for ((column, held), stored) in columns.iter().zip(&row[1..]).zip(&stored[&id]) {
                    let held = held.as_ref().map(|text| match column.declared {
                        "float" => bits(f64::from(text.parse::<f64>().unwrap() as f32)),
                        "double" => bits(text.parse().unwrap()),
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
fn zero_dates_are_told_with_their_place() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    let url = &server.url;
    for (declared, value) in [("date", "0000-00-00"), ("date", "2024-00-01"), ("datetime", "0000-00-00 00:00:00")] {
        let create = format!(
            "SET sql_mode = ''; DROP TABLE IF EXISTS t; CREATE TABLE t (id int, odd {declared}); \
             INSERT INTO t VALUES (1, NULL), (2, '{value}')"
        );
        waited(execute(url, &create));
        let words = failure(&bench("table: t"), url, 1);
        assert!(words.contains(&format!("row 2, column `odd`: `{value}` is not a ")), "{words}");
        for (way, becomes) in [("CAST(odd AS char)", Some(value.to_string())), ("nullif(odd, 0)", None)] {
            if becomes.is_none() && value.starts_with("2024") {
                continue;
            }
            let bench = bench(&format!("query: \"SELECT id, {way} AS odd FROM t\""));
            run(&bench, url);
            assert_eq!(stored(&bench)[&2], [becomes], "{way}");
        }
    }
}

#[test]
fn tables_views_and_queries_are_found() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    let url = &server.url;
    let create = "CREATE DATABASE `odd one`; CREATE TABLE `odd one`.`T` (id int, `A b` text, hidden text, amount decimal(9,3)); \
        INSERT INTO `odd one`.`T` VALUES (1, 'x', 'y', 1.5); CREATE VIEW v AS SELECT id, amount FROM `odd one`.`T`; \
        CREATE TABLE one (a text); INSERT INTO one VALUES (NULL), (''), (NULL); CREATE TABLE empty (id int, a date)";
    waited(execute(url, create));
    for (source, landed) in [
        ("table: \"odd one.T\", select: [ID, amount]", vec![Some("1.500".to_string())]),
        ("table: v, readers: 2", vec![Some("1.500".into())]),
        (
            "query: \"SELECT id, concat(amount, '|') AS x, sum(amount) AS y FROM v GROUP BY 1, 2 -- the end\"",
            vec![Some("1.500|".into()), Some("1.500".into())],
        ),
        ("query: \"SELECT id, 0 || 1 AS x FROM v\"", vec![Some("1".into())]),
    ] {
        let bench = bench(source);
        run(&bench, url);
        assert_eq!(stored(&bench)[&1], landed, "{source}");
        let again = run(&bench, url);
        assert!(again.contains("same bytes as landing"), "{again}");
    }
    let one = bench_of("table: one", "SELECT a FROM raw.t");
    run(&one, url);
    let counted = trapiche(&one, url, &["query", "-o", "csv", "SELECT count(*) AS n, count(a) AS a FROM raw.t"]);
    assert_eq!(counted.stdout, "n,a\n3,1\n");
    let empty = bench("table: empty");
    run(&empty, url);
    assert_eq!(stored(&empty).len(), 0);
    for (source, expected) in [
        ("table: nope", ["there is no table `nope`", "it has `empty`, `one`, `v`"]),
        ("table: v, select: [idd]", ["`select:` names `idd`", "it has `id`, `amount`"]),
        ("query: \"SELECT nope FROM v\"", ["the database does not accept the query", "(1054)"]),
        ("query: \"SELECT 1 AS a, 2 AS A\"", ["two columns of the same name", ""]),
        ("query: \"DELETE FROM one\"", ["", "1792"]),
        ("query: \"SELECT 1 AS a; DELETE FROM one\"", ["the database does not accept the query", ""]),
    ] {
        let words = failure(&bench(source), url, 1);
        expected.iter().for_each(|expected| assert!(words.contains(expected), "{source}: {words}"));
    }
    assert_eq!(waited(asked(url, "SELECT CAST(count(*) AS char) FROM one")), [[Some("3".to_string())]]);
}

#[test]
fn a_capture_is_of_one_moment() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    let url = server.url.clone();
    waited(execute(
        &url,
        "CREATE TABLE t (id int PRIMARY KEY, amount decimal(12,2), filler text); \
         INSERT INTO t SELECT seq, 100, repeat('x', 100) FROM seq_1_to_20000",
    ));
    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (over, url) = (over.clone(), url.clone());
        std::thread::spawn(move || {
            waited(async {
                let mut connection = MySqlConnection::connect(&url).await.unwrap();
                for n in 0_i64.. {
                    if over.load(Ordering::Relaxed) {
                        return n;
                    }
                    let (from, to) = (n * 7919 % 20_000 + 1, n * 104_729 % 20_000 + 1);
                    let transfer = format!(
                        "BEGIN; UPDATE t SET amount = amount - 1 WHERE id = {from}; \
                         UPDATE t SET amount = amount + 1 WHERE id = {to}; COMMIT"
                    );
                    connection.execute(sqlx::raw_sql(AssertSqlSafe(transfer))).await.unwrap();
                }
                0
            })
        })
    };
    for readers in [1, 2, 5, 5, 5] {
        let bench = bench_of(&format!("table: t, readers: {readers}"), "SELECT id, amount FROM raw.t");
        let said = run(&bench, &url);
        let words = format!("{readers} readers whose snapshots were taken under a lock, each a range of `id`");
        assert_eq!(said.contains(&words), readers > 1, "{said}");
        let rows = stored(&bench);
        let cents = rows.values().map(|row| row[0].as_ref().unwrap().replace('.', "").parse::<i64>().unwrap());
        assert_eq!((rows.len(), cents.sum::<i64>()), (20_000, 20_000 * 10_000));
    }
    over.store(true, Ordering::Relaxed);
    assert!(writer.join().unwrap() > 0);
}

/// Whatever the keys are, each row comes once; and where a table cannot be shared out, one reader reads it and says why.
#[test]
fn a_table_is_shared_out_by_its_key() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    let url = server.url.clone();
    for (declared, keys, ranges) in [
        ("bigint PRIMARY KEY", "-9223372036854775808, -3, 0, 5, 9223372036854775807", 4),
        ("bigint PRIMARY KEY", "7, 8", 2),
        ("int PRIMARY KEY", "", 1),
        ("tinyint PRIMARY KEY", "1, 2, 3, 100", 4),
    ] {
        let rows: Vec<String> = keys.split(", ").filter(|key| !key.is_empty()).map(|key| format!("({key})")).collect();
        let insert =
            if rows.is_empty() { String::new() } else { format!("; INSERT INTO s VALUES {}", rows.join(", ")) };
        waited(execute(&url, &format!("DROP TABLE IF EXISTS s; CREATE TABLE s (id {declared}){insert}")));
        let bench = bench_of("table: s, readers: 4", "SELECT id, 1 AS one FROM raw.t");
        let said = run(&bench, &url);
        assert_eq!(said.contains(&format!("{ranges} readers whose")), ranges > 1, "{keys}: {said}");
        let stored: Vec<i64> = stored(&bench).into_keys().collect();
        let expected: Vec<i64> = keys.split(", ").filter_map(|key| key.parse().ok()).collect();
        assert_eq!(stored, expected, "{said}");
    }
    waited(execute(
        &url,
        "DROP TABLE s; CREATE TABLE s (id int, n int, PRIMARY KEY (id, n)); CREATE TABLE m (id int PRIMARY KEY) ENGINE=MyISAM; \
         CREATE TABLE w (id int PRIMARY KEY); INSERT INTO w VALUES (1), (2), (3)",
    ));
    for source in ["table: s", "table: m", "query: \"SELECT * FROM w\""] {
        let said = run(&bench_of(&format!("{source}, readers: 3"), "SELECT count(*) AS id FROM raw.t"), &url);
        assert!(said.contains("one reader instead of 3: "), "{source}: {said}");
    }
    // Somebody has written to it, and goes on.
    let said = waited(async {
        let mut writer = MySqlConnection::connect(&url).await.unwrap();
        writer.execute(sqlx::raw_sql("BEGIN; UPDATE w SET id = 4 WHERE id = 3")).await.unwrap();
        let bench = bench_of("table: w, readers: 3", "SELECT id, 1 AS one FROM raw.t");
        let said = run(&bench, &url);
        assert_eq!(stored(&bench).into_keys().collect::<Vec<_>>(), [1, 2, 3]);
        said
    });
    assert!(said.contains("one reader instead of 3: others had written to it and did not end that"), "{said}");
}

#[test]
fn a_server_that_does_not_serve_is_told() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    let url = &server.url;
    waited(execute(
        url,
        "CREATE TABLE t (id int); CREATE TABLE nothing (id int); CREATE USER poor@'127.0.0.1' IDENTIFIED BY 'trapiche-secret-2'; GRANT SELECT ON shop.nothing TO poor@'127.0.0.1'",
    ));
    for (url, code, expected) in [
        (url.replace("-secret", "-secrets"), 3, ["the database does not let us in", "check user and password"]),
        (url.replace("/shop", "/mall"), 3, ["the server has no such database", "check the last part of the address"]),
        (url.replace("/shop", ""), 1, ["there is no table `t`", "the address names no database"]),
        (url.replace("trapiche:trapiche-secret", "poor:trapiche-secret-2"), 1, ["there is no table `t`", ""]),
        (format!("{url}?ssl-mode=required"), 3, ["no encrypted connection", "server does not support TLS"]),
        (format!("{url}?ssl-mode=maybe"), 1, ["this is not the address of a MySQL database", "verify_identity"]),
        (format!("{url}?time-zone=x"), 1, ["is no parameter of a MySQL address", "known are ssl-mode"]),
        ("mysql://trapiche:trapiche-secret@127.0.0.1:1/shop".into(), 3, ["did not come about", "check the address"]),
    ] {
        let words = failure(&bench("table: t"), &url, code);
        expected.iter().for_each(|expected| assert!(words.contains(expected), "{expected}: {words}"));
    }
    // A connection that ends while its rows come.
    let bench = bench("query: \"SELECT seq AS id, sleep(0.01) AS s FROM seq_1_to_100000\"");
    let ending = {
        let url = url.to_string();
        std::thread::spawn(move || {
            for _ in 0..200 {
                waited(async { tokio::time::sleep(std::time::Duration::from_millis(100)).await });
                let question =
                    "SELECT CAST(id AS char) FROM information_schema.processlist WHERE info LIKE 'SELECT seq%'";
                let found = waited(asked(&url, question)).concat();
                if let Some(Some(id)) = found.first() {
                    return waited(execute(&url, &format!("KILL {id}")));
                }
            }
        })
    };
    let words = failure(&bench, url, 3);
    assert!(words.contains("broke off") || words.contains("cannot serve us"), "{words}");
    ending.join().unwrap();
}
