//! What is too deep, too large or too many is refused at its place, what is only long is computed, and numbers count
//! whatever their size.

use std::fmt::Write;

use crate::lost_nodes::RETRYING;
use crate::workbench::{Answer, Workbench};

const SETTINGS: &str = "name: limits\ntargets:\n  here: { storage: \"file://./lake\" }\n";

fn project(files: &[(&str, &str)]) -> Workbench {
    Workbench::of(&[&[("trapiche.yml", SETTINGS)], files].concat())
}

/// That the project is refused, with these words at these places.
fn assert_refused(bench: &Workbench, faults: &[(&str, &str)]) {
    let Answer { code, stderr, .. } = bench.trapiche(&["validate"]);
    assert_eq!(code, 2, "{stderr}");
    for (message, place) in faults {
        assert!(stderr.contains(message) && stderr.contains(place), "{message} {place}\n{stderr}");
    }
    assert!(bench.lake_files().is_empty());
}

#[test]
fn a_long_expression_is_computed() {
    let bench = project(&[]);
    let sum = vec!["1"; 1000].join(" + ");
    let any = (1..=2000).map(|i| format!("x = {i}")).collect::<Vec<_>>().join(" OR ");
    let rows = bench.query(&format!("SELECT {sum} AS sum, count(*) AS found FROM range(1900, 2100) t(x) WHERE {any}"));
    assert_eq!(rows, [serde_json::json!({ "sum": 1000, "found": 101 })]);
}

#[test]
fn what_is_too_deep_is_refused_at_its_place() {
    let sum = format!("SELECT a,\n  {} AS b\nFROM raw.x", vec!["1"; 100_000].join("+"));
    let brackets = format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    let cases = format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(10_000), " END".repeat(10_000));
    let queries = format!("SELECT a FROM {}raw.x{}", "(SELECT a FROM ".repeat(10_000), ")".repeat(10_000));
    let unions = vec!["SELECT 1 AS a"; 10_000].join("\nUNION ALL ");
    let rule = vec!["b > 1"; 10_000].join(" OR ");
    let check = format!("/* trapiche\nchecks:\n  - rule: \"{rule}\"\n*/\nSELECT 1 AS b");
    // Each word could be a name, so that all of the rest might be read again and again.
    let unclosed = format!("SELECT {}1", "CASE WHEN true THEN CAST(".repeat(45));
    let guessed = format!("SELECT {}1 DAY", "INTERVAL ".repeat(90));
    let negations = format!("SELECT {}true AS a", "NOT ".repeat(2_000));
    let bench = project(&[
        ("queries/trusted/sum.sql", &sum),
        ("queries/trusted/brackets.sql", &brackets),
        ("queries/trusted/cases.sql", &cases),
        ("queries/trusted/queries.sql", &queries),
        ("queries/trusted/unions.sql", &unions),
        ("queries/trusted/checks.sql", &check),
        ("queries/trusted/negations.sql", &negations),
        ("queries/trusted/unclosed.sql", &unclosed),
        ("queries/trusted/guessed.sql", &guessed),
    ]);
    assert_refused(
        &bench,
        &[
            ("this expression is more than 2500 operators deep", "queries/trusted/sum.sql:2:"),
            ("brackets, CASEs and subqueries nest more than 100 deep here", "queries/trusted/brackets.sql:1:107"),
            ("nest more than 100 deep here", "queries/trusted/cases.sql:1:"),
            ("nest more than 100 deep here", "queries/trusted/queries.sql:1:"),
            ("operators deep", "queries/trusted/unions.sql:2"),
            ("operators deep", "queries/trusted/checks.sql:3:"),
            ("negations.sql", "queries/trusted/negations.sql:1:"),
            ("SQL syntax: expected", "queries/trusted/unclosed.sql:1:"),
            ("lambdas and intervals nest more than 10 deep here", "queries/trusted/guessed.sql:1:98"),
        ],
    );
    let file = "queries/trusted/sum.sql";
    let Answer { code, stderr, .. } = bench.trapiche(&["query", "-t", "here", "-f", file]);
    assert_eq!((code, stderr.contains("operators deep")), (2, true), "{stderr}");
}

#[test]
fn yaml_that_grows_without_end_is_refused_at_its_place() {
    let mut laughs = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n".to_string();
    for level in 1..9 {
        let ten = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{ten}]").unwrap();
    }
    let nested = format!("describe: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let bench = project(&[("models/laughs.yml", &laughs), ("models/nested.yml", &nested)]);
    assert_refused(
        &bench,
        &[
            ("with this there are more than 200000 values", "models/laughs.yml:5:"),
            ("this is nested more than 100 levels deep", "models/nested.yml:1:"),
        ],
    );
}

#[test]
fn numbers_out_of_their_range_are_refused_at_their_place() {
    let settings = "name: limits\ntargets:\n  here:\n    storage: \"file://./lake\"\n    keep: 99999999d\n    \
                    demo: { scale: 4000000000 }\n    engine: { workers: [\"a:1\", \"b:1\"], at_least: 3, wait: 9999999h }\n\
                    connections: { api: { rest: \"http://127.0.0.1:1\" } }\nsources:\n  \
                    rows: { from: api, path: /x, paginate: { page: p, limit: l, size: 0 } }\n";
    let bench = Workbench::of(&[
        ("trapiche.yml", settings),
        ("models/m.yml", "kmeans: { input: trusted.t, key: [a], features: [b], k: 1000000000000 }\n"),
        ("models/n.yml", "kmeans: { input: trusted.t, key: [a], features: [b], k: 2, mini_batch: 20001 }\n"),
        ("queries/trusted/t.sql", "SELECT 1 AS a, 2 AS b"),
    ]);
    assert_refused(
        &bench,
        &[
            ("`keep` is no time", "trapiche.yml:5:11"),
            ("`scale` must be 1 to 10000", "trapiche.yml:6:20"),
            ("`at_least` must be 1 to 2", "trapiche.yml:7:50"),
            ("`wait` is no time", "trapiche.yml:7:59"),
            ("`size` must be 1 to 1000000", "trapiche.yml:10:69"),
            ("`k` must be 1 to 10000", "models/m.yml:1:57"),
            ("`mini_batch` must be 1 to 20000", "models/n.yml:1:72"),
        ],
    );
    let Answer { code, stderr, .. } = bench.trapiche(&["validate", "--threads", "100000"]);
    assert_eq!((code, stderr.contains("--threads")), (2, true), "{stderr}");
}

/// A join holds one side in memory; where there is no room for it, it is done again by sorting both.
#[test]
fn a_join_beyond_the_memory_is_begun_again_and_spills() {
    let rows = |factor: u32| format!("SELECT id * {factor} AS id, id * 2 AS a, id * 3 AS b FROM range(2000000)");
    let bench = project(&[
        ("queries/trusted/lines.sql", &rows(1)),
        ("queries/trusted/notes.sql", &rows(3)),
        ("queries/refined/both.sql", "SELECT l.id, l.a, n.b FROM trusted.lines l JOIN trusted.notes n ON l.id = n.id"),
    ]);
    bench.run(&["trusted.*"]);
    // Every third line has a note, that of a third of its number.
    let notes = 2_000_000_u64.div_ceil(3);
    let ids = 3 * notes * (notes - 1) / 2;
    let expected = serde_json::json!({ "rows": notes, "ids": ids, "a": 2 * ids, "b": ids });
    for threads in ["1", "2"] {
        let answer = bench.trapiche(&["run", "--full-refresh", "--threads", threads, "--memory", "80MB", "both"]);
        assert_eq!(answer.code, 0, "{threads}: {}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.stderr.matches(RETRYING).count(), 1, "{threads}: {}", answer.stderr);
        assert!(answer.stderr.contains("HashJoinInput"), "{threads}: {}", answer.stderr);
        let sums = "SELECT count(*) AS rows, sum(id) AS ids, sum(a) AS a, sum(b) AS b FROM refined.both";
        assert_eq!(bench.query(sums), std::slice::from_ref(&expected));
    }
}

#[test]
fn rare_rows_are_found_and_numbers_of_any_size_described() {
    let mut points = "id,x,y\n".to_string();
    (0..100_000).for_each(|id| writeln!(points, "{id},0,0").unwrap());
    points += "100000,5,5\n100001,9,1\n";
    let numbers = "large,small,both,odd\n1e300,1e-300,1e300,1\n3e300,3e-300,-1e300,NaN\n-2e300,-2e-300,1.5,Infinity\n";
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: limits\ntargets:\n  here: { storage: \"file://./lake\" }\nsources:\n  \
             points: { url: \"file://./points.csv\", columns: { id: bigint, x: double, y: double } }\n  \
             numbers: { url: \"file://./numbers.csv\", columns: { large: double, small: double, both: double, odd: double } }\n",
        ),
        ("points.csv", &points),
        ("numbers.csv", numbers),
        ("queries/trusted/points.sql", "SELECT * FROM raw.points"),
        ("queries/trusted/numbers.sql", "SELECT * FROM raw.numbers"),
        ("models/groups.yml", "kmeans: { input: trusted.points, key: [id], features: [x, y], scale: none, k: 3 }\n"),
        ("models/described.yml", "describe: { input: trusted.numbers, quantiles: [0.5] }\n"),
    ]);
    bench.run(&[]);
    assert_eq!(
        bench.hive_rows("refined/groups_centers"),
        ["cluster=0 size=100000 x=0.0 y=0.0", "cluster=1 size=1 x=5.0 y=5.0", "cluster=2 size=1 x=9.0 y=1.0",],
    );
    let cost = bench.query("SELECT value FROM refined.groups_metrics WHERE metric = 'cost'");
    assert_eq!(cost, [serde_json::json!({ "value": 0.0 })]);

    // By Python's `statistics`, which computes with fractions. As CSV: serde_json reads doubles a little off.
    let described = "SELECT mean, stddev, p50, nulls, `max` FROM refined.described ORDER BY `column`";
    let Answer { stdout, .. } = bench.trapiche(&["query", "-o", "csv", described]);
    let number = |text: &str| text.parse::<f64>().ok();
    let rows: Vec<Vec<Option<f64>>> =
        stdout.lines().skip(1).map(|line| line.split(',').map(number).collect()).collect();
    let expected = [
        [Some(0.5), Some(1e300), Some(1.5), Some(0.0), Some(1e300)],
        [Some(6.666666666666667e299), Some(2.5166114784235835e300), Some(1e300), Some(0.0), Some(3e300)],
        [Some(1.0), None, Some(1.0), Some(0.0), Some(f64::INFINITY)],
        [Some(6.666666666666668e-301), Some(2.5166114784235833e-300), Some(1e-300), Some(0.0), Some(3e-300)],
    ];
    assert_eq!(rows, expected);
}
