//! What a plan means on nodes, and what is done when it does not fit there.

use std::fmt::Write as _;

use crate::nodes::{Manner, Nodes, compute_here, compute_on};
use crate::workbench::Workbench;

/// 800 numbers and a day for each.
fn days(queries: &[(&str, &str)]) -> Workbench {
    let mut rows = "n,day\n".to_string();
    for n in 0..800 {
        writeln!(rows, "{n},20{:02}-{:02}-{:02}", n % 30, n % 12 + 1, n % 28 + 1).unwrap();
    }
    let settings = r#"
name: days
targets:
  here: { storage: "file://./lake" }
sources:
  days: { url: "file://./days.csv", columns: { n: bigint, day: date } }
"#;
    let files = [("trapiche.yml", settings), ("days.csv", &rows)];
    Workbench::of(&[&files, queries].concat())
}

/// Spark's functions of these names are planned as the engine's own: a node must not take one for the other.
#[test]
fn dates_are_cut_on_nodes_as_they_are_here() {
    let bench = days(&[
        ("queries/trusted/days.sql", "SELECT n, day FROM raw.days\n"),
        (
            "queries/refined/by_year.sql",
            "SELECT date_part('year', day) AS year, date_trunc('MONTH', CAST(day AS timestamp)) AS month, sum(n) AS n
FROM trusted.days GROUP BY date_part('year', day), date_trunc('MONTH', CAST(day AS timestamp))\n",
        ),
    ]);
    bench.run(&[]);
    let expected = bench.lake_content();
    let nodes = Nodes::start(2);
    compute_on(&bench, &nodes.list(), "");
    let report = bench.run(&["--full-refresh", "refined.by_year"]);
    assert!(report["datasets"][0]["on_workers"]["shuffled_bytes"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(bench.lake_content(), expected);
}

#[test]
fn a_join_that_does_not_fit_is_sorted_and_spills() {
    let bench = days(&[
        (
            "queries/trusted/pairs.sql",
            "SELECT a.n * 1000 + b.n AS id, concat(repeat('x', 60), CAST(b.n AS string)) AS words
FROM raw.days a CROSS JOIN raw.days b\n",
        ),
        (
            "queries/refined/neighbours.sql",
            "SELECT count(*) AS pairs, sum(length(a.words) + length(b.words)) AS letters
FROM trusted.pairs a JOIN trusted.pairs b ON a.id = b.id + 1\n",
        ),
    ]);
    bench.run(&[]);
    let rows = "SELECT pairs, letters FROM refined.neighbours";
    let expected = bench.query(rows);
    // 640,000 rows of some 80 bytes: two hash tables of 25 MB would be needed.
    let nodes = Nodes::with(2, &Manner { memory: "40MB", ..Manner::default() });
    compute_on(&bench, &nodes.list(), "");
    let answer = bench.trapiche(&["run", "-o", "json", "--full-refresh", "refined.neighbours"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let used = &report["datasets"][0]["on_workers"];
    assert_eq!(used["attempts"], 2, "{report}{}", answer.stderr);
    assert!(used["spilled_bytes"].as_u64().unwrap() > 0, "{report}");
    assert!(answer.stderr.contains("the memory limit was reached"), "{}", answer.stderr);
    compute_here(&bench);
    assert_eq!(bench.query(rows), expected);
}
