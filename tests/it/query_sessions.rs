//! `trapiche query` as a session: what its statements make is there for the next ones, and nothing of it in the lake.

use serde_json::{Value, json};

use crate::workbench::Workbench;

const PROJECT: &str = "name: sessions\ntargets: { local: { default: true, storage: \"file://./lake\" } }\n";

#[test]
fn what_a_session_makes_ends_with_it() {
    let bench = Workbench::of(&[("trapiche.yml", PROJECT)]);
    let before = bench.lake_files();
    let script = "CREATE TEMPORARY VIEW v (a, b) AS VALUES (1, 'x'), (2, NULL) AS t(p, q);\n\
                  CREATE TABLE t (n int DEFAULT 7, c char(3), d decimal(5,2)) USING parquet;\n\
                  INSERT INTO t (c, d) SELECT b, a FROM v;\n\
                  INSERT INTO t VALUES (1, 'abc  ', 2);\n\
                  CREATE DATABASE other; USE other; CREATE TABLE u AS SELECT sum(n) AS s FROM default.t; USE default;\n\
                  SELECT n, concat(c, '|') AS c, d FROM t ORDER BY n, c;\n\
                  SELECT s FROM other.u";
    let answer = bench.trapiche(&["query", "-o", "json", script]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let answers: Vec<Value> = answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows = json!([
        { "n": 1, "c": "abc|", "d": 2.00 },
        { "n": 7, "c": null, "d": 2.00 },
        { "n": 7, "c": "x  |", "d": 1.00 }
    ]);
    assert_eq!(answers, [rows, json!([{ "s": 15 }])]);
    assert_eq!(bench.lake_files(), before);
    let later = bench.trapiche(&["query", "SELECT * FROM t"]);
    assert_eq!(later.code, 2, "{}", later.stderr);
}

#[test]
fn settings_change_what_is_meant_or_are_refused() {
    let bench = Workbench::of(&[("trapiche.yml", PROJECT)]);
    let answer =
        bench.trapiche(&["query", "-o", "csv", "SET spark.sql.ansi.enabled = false; SELECT CAST('x' AS int) AS v"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stdout.ends_with("v\n\n"), "{}", answer.stdout);
    for (script, words) in [
        ("SET spark.sql.caseSensitive = true", "changes what SQL means"),
        ("SET TIME ZONE 'Europe/Berlin'", "is not there yet"),
        ("SET spark.sql.legacy.timeParserPolicy = LEGACY; SELECT to_date('1', 'd')", "Spark 2's were asked for"),
        ("CREATE TABLE raw.x (a int)", "a session changes none"),
        ("CREATE TABLE t (a int); INSERT INTO t VALUES ('1')", "CANNOT_SAFELY_CAST"),
        ("CREATE TABLE t (a varchar(2)); INSERT INTO t VALUES ('abc')", "EXCEED_LIMIT_LENGTH"),
        ("CREATE TEMPORARY VIEW v AS SELECT 1 AS a; CREATE VIEW w AS SELECT * FROM v", "INVALID_TEMP_OBJ_REFERENCE"),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "cannot be checked before"),
        ("CREATE TABLE t (a int) LOCATION '/tmp/x'", "is in memory"),
    ] {
        let answer = bench.trapiche(&["query", script]);
        assert_ne!(answer.code, 0, "{script}");
        assert!(answer.stderr.contains(words), "{script}: {}", answer.stderr);
    }
}

#[test]
fn programs_get_an_answer_to_each_statement() {
    let bench = Workbench::of(&[("trapiche.yml", PROJECT)]);
    let script = "SELECT 1 AS a, array(1.5, NULL) AS b, INTERVAL '1 2' DAY TO HOUR AS c\0SELECT 'open\0SET x.y = 1\0CREATE VIEW v AS SELECT 1 AS a\0\
                  CACHE TABLE v";
    bench.write("asked.sql", script);
    let answer = bench.trapiche(&["query", "--answers", "-f", "asked.sql"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let answers: Vec<Value> = answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["rows"], json!([["1", "[1.5,null]", "1 02:00:00.000000000"]]));
    let types: Vec<&Value> = answers[0]["columns"].as_array().unwrap().iter().map(|column| &column["type"]).collect();
    assert_eq!(types, ["int", "array<decimal(2,1)>", "interval day to hour"]);
    assert_eq!(answers[1]["code"], 2);
    assert_eq!(answers[2]["rows"], json!([["x.y", "1"]]));
    assert_eq!(answers[2]["note"], "the setting `x.y` has no effect here");
    assert_eq!((&answers[3], answers.len()), (&json!({}), 5));
    assert_eq!(answers[4], json!({ "note": "this statement has no meaning here, and had no effect" }));
}

#[test]
fn a_project_of_spark_is_told_what_runs() {
    let bench = Workbench::of(&[
        (
            "job/tables.sql",
            "CREATE TEMPORARY VIEW v AS SELECT 1 AS a;\nSELECT a FROM v;\n-- ours\nSELECT from_xml(x, 'a int') FROM elsewhere;\nSELECT upper(name) FROM elsewhere",
        ),
        ("job/load.py", "spark.sql(\"\"\"SELECT a ||| b FROM t\"\"\")\nspark.sql(f\"SELECT {x}\")\n"),
        ("job/look.ipynb", "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"%%sql\\n\", \"SELECT 2\"]}]}"),
    ]);
    let answer = bench.trapiche(&["assess", "-o", "json", "--html", "page.html", "job"]);
    assert_eq!(answer.code, 5, "{}", answer.stderr);
    let all: Value = serde_json::from_str(&answer.stdout).unwrap();
    let verdicts: Vec<(String, u64, String)> = all["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let file = one["file"].as_str().unwrap().rsplit('/').next().unwrap().to_string();
            (file, one["line"].as_u64().unwrap(), one["verdict"].as_str().unwrap().to_string())
        })
        .collect();
    let expected = [
        ("load.py", 1, "refused"),
        ("look.ipynb", 2, "runs"),
        ("tables.sql", 1, "runs"),
        ("tables.sql", 2, "runs"),
        ("tables.sql", 4, "refused"),
        ("tables.sql", 5, "without_columns"),
    ];
    let expected = expected.map(|(file, line, verdict)| (file.to_string(), line, verdict.to_string()));
    assert_eq!(verdicts, expected);
    let causes: Vec<&str> =
        all["causes"].as_array().unwrap().iter().map(|cause| cause["what"].as_str().unwrap()).collect();
    assert_eq!(causes, ["from_xml()", "syntax"]);
    assert_eq!((all["unread"].as_array().unwrap().len(), all["unread"][0]["line"].as_u64()), (1, Some(2)));
    let page = std::fs::read_to_string(bench.path("page.html")).unwrap();
    assert!(page.contains("3 of 6 statements run") && page.contains("from_xml"), "{page}");
}

/// A table is what its query answers: its types are those that Spark's rules settle on.
#[test]
fn a_table_of_a_session_has_the_rows_and_types_of_its_query() {
    let bench = Workbench::of(&[("trapiche.yml", PROJECT)]);
    let query = "SELECT id, CASE WHEN id = 1 THEN 1 ELSE 2.5 END AS c, CAST(id AS decimal(30,10)) / 10000000000 * 2 AS d \
                 FROM VALUES (1), (2) AS v(id)";
    let script = format!(
        "{query} ORDER BY id; CREATE TABLE t AS {query}; SELECT * FROM t ORDER BY id;\n\
         SELECT DISTINCT typeof(c) AS c FROM t;\n\
         CREATE TABLE n (c int, w decimal(12,1)); INSERT INTO n SELECT CASE WHEN id = 1 THEN 1 ELSE 2.5 END, id FROM t;\n\
         SELECT * FROM n ORDER BY w"
    );
    let answer = bench.trapiche(&["query", "-o", "json", &script]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let answers: Vec<&str> = answer.stdout.lines().collect();
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].contains("\"c\":2.5"), "{}", answers[0]);
    assert_eq!(answers[2..], ["[{\"c\":\"decimal(11,1)\"}]", "[{\"c\":1,\"w\":1.0},{\"c\":2,\"w\":2.0}]"]);
}

/// What PySpark 4.3 answers to the same.
#[test]
fn functions_of_a_session_are_written_in_sql() {
    let bench = Workbench::of(&[("trapiche.yml", PROJECT)]);
    let script = "CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN x + 1;\n\
                  CREATE TEMPORARY FUNCTION g(x STRING DEFAULT 'a', y INT DEFAULT 1 + 1) RETURNS STRING RETURN x || y;\n\
                  CREATE TEMPORARY FUNCTION h(x INT, y INT) RETURN x * y;\n\
                  CREATE TEMPORARY FUNCTION s(a INT) RETURNS INT COMMENT 'looked up' READS SQL DATA\n\
                  RETURN (SELECT max(v) FROM VALUES (1, 10), (2, 20) AS t(k, v) WHERE k = a);\n\
                  CREATE TEMPORARY FUNCTION lam(xs ARRAY<INT>, a INT) RETURNS ARRAY<INT> RETURN transform(xs, y -> y + a);\n\
                  CREATE TEMPORARY FUNCTION r(x DOUBLE) RETURNS DOUBLE RETURN x + 1;\n\
                  SELECT f(1) AS a, f('5') AS b, f(2.7) AS c, f(NULL) AS d, f(x => 3) AS e;\n\
                  SELECT g() AS a, g('b') AS b, g(y => 5) AS c, g('c', 7) AS d, h(2, 3) AS e, typeof(h(2, 3)) AS f;\n\
                  SELECT k, s(k) AS v FROM VALUES (1), (2), (3) AS u(k) ORDER BY k;\n\
                  SELECT a, s(a + 1) AS v FROM VALUES (1), (2) AS u(a) ORDER BY a;\n\
                  SELECT lam(array(1, 2), y) AS l FROM VALUES (10) AS t(y);\n\
                  SELECT f(k) AS k, count(*) AS n, f(sum(k)) AS s FROM VALUES (1), (1) AS u(k) GROUP BY f(k);\n\
                  SELECT r(rand()) BETWEEN 1 AND 2 AS c;\n\
                  CREATE OR REPLACE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN x + 2; SELECT f(f(1)) AS a";
    let answer = bench.trapiche(&["query", "-o", "json", script]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let answers: Vec<Value> = answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        json!([{ "a": 2, "b": 6, "c": 3, "d": null, "e": 4 }]),
        json!([{ "a": "a2", "b": "b2", "c": "a5", "d": "c7", "e": 6, "f": "int" }]),
        json!([{ "k": 1, "v": 10 }, { "k": 2, "v": 20 }, { "k": 3, "v": null }]),
        json!([{ "a": 1, "v": 20 }, { "a": 2, "v": null }]),
        json!([{ "l": [11, 12] }]),
        json!([{ "k": 2, "n": 2, "s": 3 }]),
        json!([{ "c": true }]),
        json!([{ "a": 5 }]),
    ];
    assert_eq!(answers, expected);
    for (script, words) in [
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN z", "z"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN f(x)", "f"),
        ("CREATE TEMPORARY FUNCTION f(x INT, x INT) RETURNS INT RETURN 1", "DUPLICATE_ROUTINE_PARAMETER_NAMES"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURNS DATE RETURN x", "DATE"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN sum(x)", "CANNOT_CONTAIN_COMPLEX_FUNCTIONS"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURNS TABLE (a INT) RETURN SELECT x", "RETURNS TABLE"),
        ("CREATE TEMPORARY FUNCTION abs(x INT) RETURNS INT RETURN 7", "ROUTINE_ALREADY_EXISTS"),
        ("CREATE FUNCTION f AS 'com.example.F'", "of a class"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURN x; CREATE TEMPORARY FUNCTION f(x INT) RETURN x", "ALREADY_EXISTS"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURN x; SELECT f()", "WRONG_NUM_ARGS"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURN x; SELECT f(1, 2)", "WRONG_NUM_ARGS"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURN x; SELECT f(DATE'2024-01-01')", "DATE"),
        ("CREATE TEMPORARY FUNCTION f(x INT) RETURN x; DROP TEMPORARY FUNCTION f; SELECT f(1)", "no function `f`"),
        ("DROP TEMPORARY FUNCTION f", "ROUTINE_NOT_FOUND"),
        ("CREATE TEMPORARY FUNCTION f(x DOUBLE) RETURN x - x; SELECT f(rand())", "another value each time"),
    ] {
        let answer = bench.trapiche(&["query", script]);
        assert_ne!(answer.code, 0, "{script}");
        assert!(answer.stderr.contains(words), "{script}: {}", answer.stderr);
    }
}

/// What PySpark 4.3 answers to the same.
#[test]
fn variables_of_a_session_have_values() {
    let bench = Workbench::of(&[("trapiche.yml", PROJECT)]);
    let script = "DECLARE VARIABLE v INT DEFAULT 5; DECLARE t = 'abc'; DECLARE d DECIMAL(5,2) = 1.239; DECLARE p, q INT DEFAULT 3;\n\
                  SELECT v, v + 1 AS w, session.v AS s, t, typeof(t) AS y, d, p, q, round(2.567, p) AS r;\n\
                  SELECT v FROM VALUES (7) AS u(v); SELECT session.v AS v FROM VALUES (7) AS u(v);\n\
                  SET VAR v = '8'; SET VAR (p, t) = (SELECT 9, 'nine'); SET VAR q = v + 1, d = 2; SELECT v, p, t, q, d;\n\
                  SET VAR v = DEFAULT; SET VAR (p) = (SELECT 1 WHERE false); SELECT v, p;\n\
                  SET VAR v = (SELECT max(id) FROM range(4)); SELECT id FROM range(10) WHERE id < v ORDER BY id;\n\
                  DECLARE OR REPLACE v = DATE'2024-02-29'; SELECT v, typeof(v) AS y, (SELECT v FROM range(1)) AS z;\n\
                  CREATE TABLE k AS SELECT v AS at; DROP TEMPORARY VARIABLE v; SELECT at FROM k";
    let answer = bench.trapiche(&["query", "-o", "json", script]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let answers: Vec<Value> = answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        json!([{ "v": 5, "w": 6, "s": 5, "t": "abc", "y": "string", "d": 1.24, "p": 3, "q": 3, "r": 2.567 }]),
        json!([{ "v": 7 }]),
        json!([{ "v": 5 }]),
        json!([{ "v": 8, "p": 9, "t": "nine", "q": 9, "d": 2.00 }]),
        json!([{ "v": 5, "p": null }]),
        json!([{ "id": 0 }, { "id": 1 }, { "id": 2 }]),
        json!([{ "v": "2024-02-29", "y": "date", "z": "2024-02-29" }]),
        json!([{ "at": "2024-02-29" }]),
    ];
    assert_eq!(answers, expected);
    for (script, words) in [
        ("DECLARE v INT; DECLARE v INT", "VARIABLE_ALREADY_EXISTS"),
        ("SET VAR v = 1", "UNRESOLVED_VARIABLE"),
        ("DECLARE v INT; SET v = 1", "write SET VAR v"),
        ("DECLARE v INT; SET VAR (v) = (SELECT id FROM range(2))", "ROW_SUBQUERY_TOO_MANY_ROWS"),
        ("DECLARE v INT = (SELECT 1)", "asks no tables"),
        ("DECLARE v INT; CREATE TEMPORARY VIEW w AS SELECT v AS a", "would keep the value"),
        ("DECLARE v ARRAY<INT> = array(1)", "put others into a view"),
        ("DECLARE v INT; DROP TEMPORARY VARIABLE v; SELECT v", "v"),
        ("DROP TEMPORARY VARIABLE v", "VARIABLE_NOT_FOUND"),
    ] {
        let answer = bench.trapiche(&["query", script]);
        assert_ne!(answer.code, 0, "{script}");
        assert!(answer.stderr.contains(words), "{script}: {}", answer.stderr);
    }
}

/// What PySpark 4.3 answers to the same, of tables USING parquet.
#[test]
fn tables_of_a_session_are_altered() {
    let bench = Workbench::of(&[("trapiche.yml", PROJECT)]);
    let script = "CREATE TABLE t (a INT, b STRING) USING parquet; INSERT INTO t VALUES (1, 'x');\n\
                  ALTER TABLE t ADD COLUMNS (c DOUBLE COMMENT 'x', d INT); ALTER TABLE t ADD COLUMN e INT;\n\
                  ALTER TABLE t ADD COLUMNS (f INT DEFAULT 7); ALTER TABLE t ALTER COLUMN a SET DEFAULT 9;\n\
                  ALTER TABLE t SET TBLPROPERTIES ('k' = 'v'); ALTER TABLE t ALTER COLUMN a COMMENT 'first';\n\
                  ALTER TABLE t RENAME TO u; INSERT INTO u (b) VALUES ('y'); SELECT * FROM u ORDER BY a;\n\
                  CREATE TEMPORARY VIEW v AS SELECT 1 AS a; ALTER VIEW v RENAME TO w; SELECT * FROM w";
    let answer = bench.trapiche(&["query", "-o", "json", script]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let answers: Vec<Value> = answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows = json!([
        { "a": 1, "b": "x", "c": null, "d": null, "e": null, "f": 7 },
        { "a": 9, "b": "y", "c": null, "d": null, "e": null, "f": 7 }
    ]);
    assert_eq!(answers, [rows, json!([{ "a": 1 }])]);
    for (script, words) in [
        ("CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMNS (a INT)", "COLUMN_ALREADY_EXISTS"),
        ("CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMNS (b INT NOT NULL)", "NOT NULL"),
        ("CREATE TABLE t (a INT); ALTER TABLE t DROP COLUMN a", "ALTER TABLE … DROP COLUMN is no part of a session"),
        ("CREATE TABLE t (a INT); ALTER TABLE t ALTER COLUMN a TYPE BIGINT", "the type of a column stays"),
        ("CREATE TABLE t (a INT); CREATE TABLE u (a INT); ALTER TABLE t RENAME TO u", "TABLE_OR_VIEW_ALREADY_EXISTS"),
        ("ALTER TABLE t RENAME TO u", "TABLE_OR_VIEW_NOT_FOUND"),
        ("CREATE VIEW v AS SELECT 1 AS a; ALTER TABLE v ADD COLUMNS (b INT)", "TABLE_OR_VIEW_NOT_FOUND"),
        ("ALTER TABLE raw.x ADD COLUMNS (b INT)", "a session changes none"),
    ] {
        let answer = bench.trapiche(&["query", script]);
        assert_ne!(answer.code, 0, "{script}");
        assert!(answer.stderr.contains(words), "{script}: {}", answer.stderr);
    }
}
