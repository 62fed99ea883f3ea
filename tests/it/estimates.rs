//! What `plan` says of a run's size and time, and of columns that do not fit the files that stay.

use serde_json::Value;

use crate::workbench::Workbench;

const SETTINGS: &str = "name: p\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { rows: { url: \"file://./rows.csv\", columns: { n: int } } }\n";

/// Above what a rate can be told by, and not small when it is packed.
fn rows(count: u64, days: u64) -> String {
    let hash = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let row = |n: u64| format!("2024-01-{:02},{n},{:016x}{:016x}\n", n % days + 1, hash(n), hash(n + 7));
    "day,n,noise\n".to_string() + &(0..count).map(row).collect::<String>()
}

#[test]
fn how_long_a_run_takes_is_told_by_past_ones_and_by_nothing_else() {
    let query = "SELECT * FROM raw.rows\n";
    let bench =
        Workbench::of(&[("trapiche.yml", SETTINGS), ("rows.csv", &rows(30_000, 3)), ("queries/trusted/a.sql", query)]);
    // What is to be read is known as soon as it has landed.
    bench.run(&["raw.rows"]);
    let planned = bench.trapiche(&["plan"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(planned.stderr.contains("to be read: 1."), "{}", planned.stderr);
    assert!(
        planned.stderr.contains("how long that takes is not known: no run of `here` is on record"),
        "{}",
        planned.stderr
    );
    let report = bench.run(&[]);
    let (read, run) = (report["datasets"][1]["input_bytes"].as_u64().unwrap(), report["run_id"].as_str().unwrap());
    assert!(read > 1_000_000, "{report}");
    bench.write("queries/trusted/b.sql", "SELECT n FROM raw.rows");
    let planned = bench.trapiche(&["plan", "--full-refresh"]);
    let words = planned.stderr;
    assert!(words.contains(&format!("by 1 run of `here`, the last {run}; 4 nodes take ")), "{words}");
    assert!(words.contains("`trusted.b` taken to be as fast as the others"), "{words}");
    let seconds = report["datasets"][1]["seconds"].as_f64().unwrap();
    // Two tables are made of the same bytes.
    let told: f64 = words.split("about ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((told / (2.0 * seconds) - 1.0).abs() < 0.1, "{told} {seconds}");
}

#[test]
fn columns_that_old_partitions_cannot_have_are_refused_and_others_are_named() {
    let query =
        "/* trapiche\npartition_by: [day]\nwrite: overwrite_partitions\n*/\nSELECT n, noise, day FROM raw.rows\n";
    let bench =
        Workbench::of(&[("trapiche.yml", SETTINGS), ("rows.csv", &rows(10, 2)), ("queries/trusted/a.sql", query)]);
    bench.run(&[]);
    let plan = |columns: &str| {
        bench.write("queries/trusted/a.sql", &query.replace("n, noise", columns));
        let answer = bench.trapiche(&["plan", "-o", "json"]);
        let planned: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{}", answer.stderr));
        (answer.code, planned[1].clone())
    };
    // Readers match columns by their names.
    let (code, planned) = plan("1.5D AS more, n");
    assert_eq!(code, 0, "{planned}");
    assert_eq!(
        planned["changes"],
        serde_json::json!([{ "column": "more", "is": "double" }, { "column": "noise", "was": "string" }])
    );
    let table = bench.trapiche(&["plan"]).stdout;
    assert!(table.contains("+ `more` double: null in those that stay; - `noise` string: not seen any more"), "{table}");
    // A file that stays has the old type.
    let (code, planned) = plan("cast(n AS bigint) AS n, noise");
    assert_eq!(code, 1);
    let why = planned["why"].as_str().unwrap();
    assert!(
        why.starts_with("fails: the files that `trusted.a` keeps have `n` as int, its query now has it as bigint"),
        "{why}"
    );
    assert!(why.ends_with("(`write: overwrite` makes the table anew)"), "{why}");
    let run = bench.trapiche(&["run"]);
    assert!(run.code == 1 && run.stdout.contains("keeps have `n` as int"), "{}", run.stdout);
    // Where no file stays, it may become anything.
    bench.write(
        "queries/trusted/a.sql",
        &query.replace("overwrite_partitions", "overwrite").replace("n, noise", "cast(n AS bigint) AS n"),
    );
    assert_eq!(bench.trapiche(&["plan"]).code, 0);
    bench.run(&[]);
}
