//! What statements mean, judged by Spark: `spark-compat/cases/*.tsv` has what PySpark answered to each.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::workbench::Workbench;

#[test]
fn everyday_statements_answer_as_spark_does() {
    let settings = "name: cases\ntargets: { local: { default: true, storage: \"file://./lake\" } }\n";
    let bench = Workbench::of(&[("trapiche.yml", settings)]);
    let cases: Vec<(&str, &str)> = include_str!("../../spark-compat/cases/everyday.tsv")
        .lines()
        .map(|line| line.split_once('\t').expect("an answer and a statement"))
        .collect();
    assert!(cases.len() > 100, "the cases were not found");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((answer, statement)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let got = ask(&bench, statement);
                    if got != *answer {
                        wrong.lock().unwrap().push(format!("{statement}\n  Spark: {answer}\n  here:  {got}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The one value of a statement's one row, as Spark's answers are written.
fn ask(bench: &Workbench, statement: &str) -> String {
    let answer = bench.trapiche(&["query", "-o", "json", statement]);
    if answer.code != 0 {
        assert!(!answer.stderr.contains("panicked"), "{statement}: {}", answer.stderr);
        return "ERROR".to_string();
    }
    let rows: Value = serde_json::from_str(&answer.stdout).unwrap();
    match &rows[0]["v"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Expressions whose type is settled by what stands beside them, with the type that PySpark gives them.
const SETTLED: [(&str, &str); 24] = [
    ("CASE WHEN id = 1 THEN 1 ELSE 2.5 END", "decimal(11,1)"),
    ("CASE WHEN id = 1 THEN price ELSE 0.125 END", "decimal(11,3)"),
    ("if(id = 1, 0, 0.75)", "decimal(12,2)"),
    ("nvl2(price, id, 0.5)", "decimal(21,1)"),
    ("decode(id, 1, 1, 2.5)", "decimal(11,1)"),
    ("CASE WHEN id = 1 THEN 1 ELSE 3000000000 END", "bigint"),
    ("CASE WHEN id = 1 THEN price ELSE 2147483647 END", "decimal(12,2)"),
    ("CASE WHEN id = 1 THEN day ELSE at END", "timestamp"),
    ("CASE WHEN id = 1 THEN CAST(1.5 AS float) ELSE x END", "double"),
    ("coalesce(NULL, id, 0.5)", "decimal(21,1)"),
    ("v * 2", "decimal(32,10)"),
    ("1 * v", "decimal(32,10)"),
    ("price / 3", "decimal(14,6)"),
    ("price * 2", "decimal(12,2)"),
    ("price + 1", "decimal(11,2)"),
    ("price % 7", "decimal(3,2)"),
    ("nullif(price, 0)", "decimal(10,2)"),
    ("greatest(id, 0.5)", "decimal(21,1)"),
    ("array(v * 2)", "array<decimal(32,10)>"),
    ("named_struct('a', v * 2, 'b', if(id = 1, 1, 2.5))", "struct<a:decimal(32,10),b:decimal(11,1)>"),
    ("transform(array(v), y -> y * 2)", "array<decimal(32,10)>"),
    ("sum(v * 2) OVER ()", "decimal(38,10)"),
    ("max(if(id = 1, 1, 2.5)) OVER ()", "decimal(11,1)"),
    ("(SELECT max(v * 2) FROM raw.x)", "decimal(32,10)"),
];

/// A table is what its query answers, to the last digit: types are those of the settled plan, and not of the planner's first look.
#[test]
fn a_table_has_the_rows_and_types_of_its_query() {
    let settings = "name: settled\ntargets: { local: { storage: \"file://./lake\" } }\nsources:\n  x:\n    url: \"file://./x.csv\"\n    columns: { id: bigint, price: \"decimal(10,2)\", v: \"decimal(30,10)\", day: date, at: timestamp, x: double }\n";
    let columns: Vec<String> = SETTLED.iter().enumerate().map(|(n, (expr, _))| format!("{expr} AS c{n}")).collect();
    let plain = format!("SELECT id, {} FROM raw.x", columns.join(", "));
    let sums = "SELECT count(*) AS n, sum(CASE WHEN id = 1 THEN 0 ELSE x END) AS s, sum(v * 2) AS t FROM raw.x";
    let distinct = "SELECT DISTINCT if(id < 3, 1, 1.5) AS d FROM raw.x";
    let union = "SELECT v FROM raw.x UNION ALL SELECT v * 2 FROM raw.x UNION ALL SELECT price / 3 FROM raw.x";
    let bench = Workbench::of(&[
        ("trapiche.yml", settings),
        (
            "x.csv",
            "id,price,v,day,at,x\n1,10.25,0.0000000001,2024-01-02,2024-01-02T03:04:05Z,6.25\n2,0.50,12345.0123456789,2024-02-03,2024-02-03T13:14:15Z,0.5\n3,-7.77,,2024-03-04,,0.1\n",
        ),
        ("queries/trusted/plain.sql", &plain),
        ("queries/trusted/sums.sql", sums),
        (
            "queries/trusted/warned.sql",
            "/* trapiche\nchecks: [{ rule: \"x > 1\", on_fail: warn, name: above }]\n*/ SELECT id, x FROM raw.x",
        ),
        (
            "queries/trusted/dropped.sql",
            "/* trapiche\nchecks: [{ rule: \"x > 1\", on_fail: drop }]\n*/ SELECT id, x FROM raw.x",
        ),
        ("queries/trusted/distinct_rows.sql", distinct),
        ("queries/trusted/all_of_them.sql", union),
        ("queries/trusted/merged.sql", &format!("/* trapiche\nwrite: merge\nkey: [id]\n*/ {plain}")),
        (
            "queries/trusted/parted.sql",
            &format!(
                "/* trapiche\npartition_by: [id]\nchecks: [{{ range: {{ column: c0, min: 0.5, max: 2.6 }} }}]\n*/ {plain}"
            ),
        ),
    ]);
    let run = bench.trapiche(&["run"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let told = run.stdout + &run.stderr;
    assert!(told.contains("`above` is broken by 2 rows") && told.contains("2 rows dropped"), "{told}");
    let rows = |statement: &str| {
        let answer = bench.trapiche(&["query", "-o", "ndjson", statement]);
        assert_eq!(answer.code, 0, "{statement}: {}", answer.stderr);
        let mut rows: Vec<String> = answer.stdout.lines().map(str::to_string).collect();
        rows.sort();
        rows
    };
    let names = (0..SETTLED.len()).map(|n| format!("c{n}")).collect::<Vec<_>>().join(", ");
    for table in ["plain", "merged", "parted"] {
        let made = rows(&format!("SELECT id, {names} FROM trusted.{table}"));
        assert_eq!(made, rows(&plain), "{table}");
        for (n, (expr, spark)) in SETTLED.iter().enumerate() {
            let made = rows(&format!("SELECT DISTINCT typeof(c{n}) AS t FROM trusted.{table}"));
            assert_eq!(made, [format!("{{\"t\":\"{spark}\"}}")], "{table}: {expr}");
        }
    }
    assert_eq!(rows("FROM trusted.sums"), ["{\"n\":3,\"s\":0.6,\"t\":24690.0246913580}"]);
    assert_eq!(rows(sums), rows("FROM trusted.sums"));
    assert_eq!(rows("FROM trusted.distinct_rows"), ["{\"d\":1.0}", "{\"d\":1.5}"]);
    assert_eq!(rows("FROM trusted.all_of_them"), rows(union));
    let digits =
        "SELECT count(*) AS n FROM trusted.all_of_them WHERE v IN (0.0000000001, 0.0000000002, 12345.0123456789)";
    assert_eq!(rows(digits), ["{\"n\":3}"]);
    assert_eq!(
        rows(
            "SELECT DISTINCT typeof(d) AS t FROM (SELECT CAST(id AS decimal(10,2)) / 3 AS d FROM raw.x UNION ALL SELECT 1.5)"
        ),
        ["{\"t\":\"decimal(14,6)\"}"]
    );
}
