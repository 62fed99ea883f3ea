//! `schema.lock.yml`: what differs from it is shown, and refused where that is asked for.

use std::fs;

use serde_json::{Value, json};

use crate::workbench::{Workbench, files_below};

const PROJECT: &str = "name: shop\ntargets: { here: { storage: \"file://./lake\" } }\nsources:\n  orders: { url: \"file://./orders.csv\", columns: { id: bigint } }\n  places: { url: \"file://./places.json\" }\n";

fn shop() -> Workbench {
    Workbench::of(&[
        ("trapiche.yml", PROJECT),
        ("orders.csv", "id,note\n1,a\n"),
        ("places.json", r#"[{"id": 1, "at": {"lat": 1.5, "lines": [{"text": "x"}]}}]"#),
        ("queries/trusted/orders.sql", "SELECT id, note FROM raw.orders"),
        ("queries/refined/count.sql", "SELECT count(*) AS n FROM trusted.orders"),
    ])
}

/// How the datasets of a plan differ from the lock.
fn drift(bench: &Workbench) -> Vec<String> {
    let answer = bench.trapiche(&["plan", "-o", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let planned: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_string();
    let of_table = |drift: &Value| -> Vec<String> {
        let columns = drift["columns"].as_array().unwrap().iter();
        let words = |of: &Value| {
            format!("{} {} {} {}", text(&drift["table"]), text(&of["column"]), text(&of["was"]), text(&of["is"]))
        };
        columns.map(words).collect()
    };
    planned.iter().flat_map(|dataset| dataset["drift"].as_array().into_iter().flatten()).flat_map(of_table).collect()
}

#[test]
fn a_lock_is_written_and_what_differs_from_it_is_shown() {
    let bench = shop();
    let refused = bench.trapiche(&["lock"]);
    assert_eq!(refused.code, 0, "local files are looked at: {}", refused.stderr);
    fs::remove_file(bench.path("schema.lock.yml")).unwrap();
    bench.run(&[]);
    let answer = bench.trapiche(&["lock", "-o", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stderr.contains("`schema.lock.yml` has 4 tables"), "{}", answer.stderr);
    insta::assert_snapshot!(fs::read_to_string(bench.path("schema.lock.yml")).unwrap(), @r#"
    # The columns that these tables were agreed to have. Written by `trapiche lock`; keep it in git.
    format: 1
    tables:
      raw.orders:
        id: bigint
        note: string

      raw.places:
        id: bigint
        at: "struct<lat:double,lines:array<struct<text:string>>>"

      trusted.orders:
        id: bigint
        note: string

      refined.count:
        "n": bigint
    "#);
    assert_eq!(drift(&bench), Vec::<String>::new());
    assert_eq!(bench.trapiche(&["lock", "-o", "json"]).stdout.trim(), "[]");
    bench.run(&["--locked"]);

    bench.write("places.json", r#"[{"id": 1, "at": {"lat": "n", "lines": [{"text": "x", "n": 1}]}}]"#);
    bench.write("queries/trusted/orders.sql", "SELECT cast(id AS int) AS id FROM raw.orders");
    bench.run(&[]);
    assert_eq!(
        drift(&bench),
        [
            "raw.places at.lat double string",
            "raw.places at.lines[].n - bigint",
            "trusted.orders id bigint int",
            "trusted.orders note string -"
        ]
    );
    let shown = bench.trapiche(&["plan"]).stdout;
    assert!(shown.contains("`at.lat` double → string, + `at.lines[].n` bigint"), "{shown}");
    let locked: Value = serde_json::from_str(&bench.trapiche(&["lock", "-o", "json"]).stdout).unwrap();
    assert_eq!(locked[0]["columns"][0], json!({ "column": "at.lat", "was": "double", "is": "string" }));
    assert_eq!(drift(&bench), Vec::<String>::new());
}

#[test]
fn a_locked_run_makes_nothing_with_other_columns() {
    let bench = shop();
    for command in ["run", "plan"] {
        let answer = bench.trapiche(&[command, "--locked"]);
        assert_eq!(answer.code, 2, "{}", answer.stderr);
        assert!(
            answer.stderr.contains("`--locked` holds the project to its `schema.lock.yml`, and it has none"),
            "{}",
            answer.stderr
        );
    }
    assert!(!bench.path("lake/raw").exists());
    bench.run(&[]);
    assert_eq!(bench.trapiche(&["lock"]).code, 0);

    // What is known before ends it before anything runs.
    bench.write("queries/trusted/orders.sql", "SELECT id, note, 1 AS one FROM raw.orders");
    let before = files_below(&bench.path("lake"));
    for command in ["run", "plan"] {
        let answer = bench.trapiche(&[command, "--locked"]);
        assert_eq!(answer.code, 5, "{}{}", answer.stdout, answer.stderr);
        let words = format!("{}{}", answer.stdout, answer.stderr);
        assert!(words.contains("+ `one` int"), "{words}");
    }
    assert_eq!(files_below(&bench.path("lake")), before);
    bench.run(&["--locked", "raw.*"]);
    bench.write("queries/trusted/orders.sql", "SELECT id, note FROM raw.orders");

    // What only the source tells keeps that from landing, and what reads it from being made.
    bench.write("orders.csv", "id,note,extra\n1,a,x\n2,b,y\n");
    let landings = files_below(&bench.path("lake/raw/orders"));
    let answer = bench.trapiche(&["run", "--locked", "-o", "json"]);
    assert_eq!(answer.code, 5, "{}{}", answer.stdout, answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let of = |n: usize| report["datasets"][n]["status"].as_str().unwrap();
    assert_eq!([of(0), of(2), of(3)], ["failed", "blocked", "blocked"], "{report}");
    let why = report["datasets"][0]["why"].as_str().unwrap();
    assert!(
        why.starts_with("it has other columns than `schema.lock.yml`, and has not landed: + `extra` string"),
        "{why}"
    );
    assert_eq!(files_below(&bench.path("lake/raw/orders")), landings);
    bench.run(&[]);
    assert_eq!(bench.hive_rows("trusted/orders"), ["id=1 note=a", "id=2 note=b"]);
}

#[test]
fn a_frozen_source_is_what_it_was() {
    let bench = shop();
    bench.write("trapiche.yml", &PROJECT.replace("places.json\" }", "places.json\", contract: freeze }"));
    bench.run(&[]);
    let other = r#"[{"id": 1, "at": {"lat": 1.5, "lines": [{"text": "x", "more": 1}]}}]"#;
    bench.write("places.json", other);
    for (args, by) in [(vec![], "its last landing"), (vec!["--full-refresh"], "its last landing")] {
        let answer = bench.trapiche(&[vec!["run", "raw.places"], args].concat());
        let words = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.code, 5, "{words}");
        assert!(
            words.contains(&format!("other columns than {by}, and has not landed: + `at.lines[].more` bigint")),
            "{words}"
        );
    }
    // With a lock that is what counts, also for what came before.
    bench.write("places.json", r#"[{"id": 2, "at": {"lat": 1.5, "lines": [{"text": "x"}]}}]"#);
    bench.run(&[]);
    assert_eq!(bench.trapiche(&["lock"]).code, 0);
    let lock = fs::read_to_string(bench.path("schema.lock.yml")).unwrap();
    bench.write(
        "schema.lock.yml",
        &lock.replace("array<struct<text:string>>", "array<struct<text:string,more:bigint>>"),
    );
    bench.write("places.json", other);
    bench.run(&["raw.places"]);
    assert_eq!(drift(&bench), Vec::<String>::new());
}

#[test]
fn what_cannot_be_locked_and_what_is_no_lock_is_told() {
    let bench = shop();
    bench
        .write("trapiche.yml", &PROJECT.replace("url: \"file://./places.json\"", "url: \"http://127.0.0.1:9/a.json\""));
    let answer = bench.trapiche(&["lock"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("`raw.places`: its columns are not known before it is captured"),
        "{}",
        answer.stderr
    );
    assert!(!bench.path("schema.lock.yml").exists());
    bench.write("schema.lock.yml", "format: 1\ntables:\n  raw.orders: { id: bigit }\n");
    let answer = bench.trapiche(&["plan"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.stderr.contains("schema.lock.yml:3:21"), "{}", answer.stderr);
}
