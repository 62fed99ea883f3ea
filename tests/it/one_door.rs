//! The same words mean the same in a query, in a check and in `trapiche query`, on this machine and on workers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::nodes::{Nodes, compute_on};
use crate::workbench::Workbench;

/// Conditions in Spark's own words, and for how many of the rows each is false.
const CONDITIONS: [(&str, u64); 17] = [
    (r"s RLIKE '\\d'", 2),
    (r"s RLIKE r'\d'", 2),
    (r"s NOT RLIKE R'^[a-b]'", 2),
    (r"concat(s, '\n') = concat(s, chr(10))", 0),
    (r"w = 'it\'s' OR w = r'a\b'", 1),
    (r#"w <> "it's""#, 1),
    ("n <=> 1", 3),
    ("NOT n <=> NULL", 1),
    ("array(n, 2)[0] = 1", 2),
    ("split(w, '[|]')[0] = 'x'", 2),
    ("try_cast(s AS int) IS NULL", 1),
    ("n DIV 2 < 1", 2),
    ("n / 2 = 0.5", 2),
    ("n = 1L OR n = 2S", 1),
    ("-n < -1e0", 1),
    ("any_match(array(n, 7), x -> x = 1 OR x = 3)", 1),
    ("row_number() OVER (ORDER BY n DESC) <= 2", 2),
];

fn bench() -> Workbench {
    let settings = r#"
name: words
targets: { here: { storage: "file://./lake" } }
sources:
  rows: { url: "file://./rows.csv", columns: { n: bigint } }
"#;
    let mut checks = String::new();
    for (number, (condition, _)) in CONDITIONS.iter().enumerate() {
        let rule = serde_json::to_string(condition).unwrap();
        writeln!(checks, "  - {{ rule: {rule}, on_fail: warn, name: c{number:02} }}").unwrap();
    }
    let columns: Vec<String> =
        CONDITIONS.iter().enumerate().map(|(number, (condition, _))| format!("{condition} AS c{number:02}")).collect();
    let checked = format!("/* trapiche\nchecks:\n{checks}*/\nSELECT n, s, w FROM raw.rows");
    let asked = format!("SELECT n, {} FROM raw.rows", columns.join(",\n  "));
    let rows = "n,s,w\n1,a1,x|y\n2,b,it's\n3,7,a\\b\n,c,\n";
    Workbench::of(&[
        ("trapiche.yml", settings),
        ("rows.csv", rows),
        ("queries/trusted/checked.sql", &checked),
        ("queries/trusted/asked.sql", &asked),
    ])
}

#[test]
fn words_mean_the_same_in_queries_checks_and_questions() {
    let expected: BTreeMap<String, u64> = (0..)
        .zip(CONDITIONS)
        .filter(|(_, (_, rows))| *rows > 0)
        .map(|(number, (_, rows))| (format!("c{number:02}"), rows))
        .collect();
    let bench = bench();
    assert_eq!(broken(&bench.run(&[])), expected, "in checks");
    let counts = |table: &str, of: &dyn Fn(usize) -> String| {
        let counts: Vec<String> = (0..CONDITIONS.len())
            .map(|number| format!("sum(CASE WHEN NOT {} THEN 1 ELSE 0 END) AS c{number:02}", of(number)))
            .collect();
        let row = bench.query(&format!("SELECT {} FROM {table}", counts.join(", "))).remove(0);
        let counts: BTreeMap<String, u64> = serde_json::from_value(row).unwrap();
        counts.into_iter().filter(|(_, rows)| *rows > 0).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(counts("trusted.asked", &|number| format!("c{number:02}")), expected, "in a query");
    // An aggregate cannot be of a window.
    let asked: Vec<String> =
        (0..).zip(CONDITIONS).map(|(number, (condition, _))| format!("({condition}) AS c{number:02}")).collect();
    let table = format!("(SELECT {} FROM trusted.checked)", asked.join(", "));
    assert_eq!(counts(&table, &|number| format!("c{number:02}")), expected, "in a question");

    let nodes = Nodes::start(2);
    compute_on(&bench, &nodes.list(), "");
    assert_eq!(broken(&bench.run(&["--full-refresh", "trusted.*"])), expected, "in checks on workers");
    assert_eq!(counts("trusted.asked", &|number| format!("c{number:02}")), expected, "in a query on workers");
}

/// What is explained is the query itself, in the same words.
#[test]
fn what_is_explained_is_read_as_what_runs() {
    let bench = bench();
    bench.run(&["raw.*"]);
    for (condition, _) in CONDITIONS {
        let answer = bench.trapiche(&["query", "-o", "csv", &format!("EXPLAIN SELECT {condition} AS c FROM raw.rows")]);
        assert_eq!(answer.code, 0, "{condition}: {}", answer.stderr);
    }
}

/// Rows that broke each check of `trusted.checked`.
fn broken(report: &Value) -> BTreeMap<String, u64> {
    let datasets = report["datasets"].as_array().unwrap();
    let checked = datasets.iter().find(|dataset| dataset["dataset"] == "trusted.checked").unwrap();
    let checks = checked["checks"].as_array().unwrap().iter();
    checks.map(|check| (check["check"].as_str().unwrap().to_string(), check["rows"].as_u64().unwrap())).collect()
}
