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
fn a_join_that_does_not_fit_is_tried_with_sorts_and_else_told() {
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
    // 640,000 rows of some 80 bytes: on each node a hash table of some 25 MB would be needed.
    let nodes = Nodes::with(2, &Manner { memory: "40MB", ..Manner::default() });
    compute_on(&bench, &nodes.list(), "");
    let answer = bench.trapiche(&["run", "-o", "json", "--full-refresh", "refined.neighbours"]);
    let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let dataset = &report["datasets"][0];
    assert!(answer.stderr.contains("retrying") && answer.stderr.contains("HashJoinInput"), "{}", answer.stderr);
    if answer.code == 0 {
        assert_eq!(dataset["on_workers"]["attempts"], 2, "{report}");
        compute_here(&bench);
        assert_eq!(bench.query(rows), expected);
    } else {
        // The engine does not account for merges of sorted runs as something that can spill.
        let why = dataset["why"].as_str().unwrap();
        assert!(why.starts_with("after 2 attempts: the memory limit was reached"), "{why}");
        assert!(why.contains("ExternalSorter") && why.contains("--memory (to each worker"), "{why}");
        assert_eq!(bench.query(rows), expected, "the last version is still there");
    }
}
