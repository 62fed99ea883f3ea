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
    let script = "SELECT 1 AS a, array(1.5, NULL) AS b, INTERVAL '1 2' DAY TO HOUR AS c\0SELECT 'open\0SET x.y = 1\0CREATE VIEW v AS SELECT 1 AS a";
    bench.write("asked.sql", script);
    let answer = bench.trapiche(&["query", "--answers", "-f", "asked.sql"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let answers: Vec<Value> = answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["rows"], json!([["1", "[1.5,null]", "1 02:00:00.000000000"]]));
    let types: Vec<&Value> = answers[0]["columns"].as_array().unwrap().iter().map(|column| &column["type"]).collect();
    assert_eq!(types, ["int", "array<decimal(2,1)>", "interval day to hour"]);
    assert_eq!(answers[1]["code"], 2);
    assert_eq!(answers[2]["rows"], json!([["x.y", "1"]]));
    assert_eq!((&answers[3], answers.len()), (&json!({}), 4));
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
