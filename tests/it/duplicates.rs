//! `dedupe`: of the rows that keep the checks, the latest of each key.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::nodes::{Nodes, compute_on};
use crate::workbench::Workbench;

const PROJECT: &str = "name: shop\ntargets: { here: { storage: \"file://./lake\" } }\nsources:\n  orders: { url: \"file://./orders.csv\", columns: { id: bigint, total: double, day: date, at: timestamp } }\n";

const ORDERS: &str = "/* trapiche
partition_by: [day]
dedupe: { key: id, latest_by: at }
checks:
  - { not_null: [id], on_fail: quarantine }
  - { rule: \"total >= 0\", on_fail: drop, name: below zero }
  - { rule: \"total < 900\", on_fail: warn, name: large }
*/
SELECT id, total, note, at, day FROM raw.orders";

fn shop(header_and_sql: &str) -> Workbench {
    Workbench::of(&[("trapiche.yml", PROJECT), ("queries/trusted/orders.sql", header_and_sql)])
}

/// Of a report's second dataset.
fn counts(report: &Value) -> [u64; 5] {
    let names = ["rows_in", "rows_out", "rows_quarantined", "rows_dropped", "rows_duplicate"];
    names.map(|name| report["datasets"][1][name].as_u64().unwrap())
}

/// Some thousand orders with every kind of duplicate: changed, the same once more, without a time, of the same time; and bad ones,
/// which would be the latest if they counted.
fn orders(rows: u32) -> String {
    let mut text = "id,total,note,at,day\n".to_string();
    let mut random = 7u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) % below
    };
    for n in 0..rows {
        let id = match next(50) {
            0 => String::new(),
            _ => next(rows * 2 / 3).to_string(),
        };
        let at = match next(20) {
            0 => String::new(),
            _ => format!("2026-03-{:02}T10:00:{:02}Z", next(5) + 1, next(3)),
        };
        let (total, day) = (f64::from(next(1010)) - 10.0, format!("2026-02-{:02}", next(9) + 1));
        writeln!(text, "{id},{total},note {},{at},{day}", next(4)).unwrap();
        if n % 40 == 0 {
            let last = text.lines().last().unwrap().to_string();
            writeln!(text, "{last}").unwrap();
        }
    }
    text
}

#[test]
fn the_latest_good_row_of_each_key_is_published_and_all_others_are_counted() {
    let bench = shop(ORDERS);
    bench.write(
        "orders.csv",
        "id,total,note,at,day
1,10,first,2026-03-01T00:00:00Z,2026-02-01
1,11,changed,2026-03-02T00:00:00Z,2026-02-02
1,-1,bad though last,2026-03-03T00:00:00Z,2026-02-03
2,20,no time,,2026-02-01
2,21,a time,1999-01-01T00:00:00Z,2026-02-01
3,950,large,2026-03-01T00:00:00Z,2026-02-01
3,30,last,2026-03-02T00:00:00Z,2026-02-01
4,40,same,2026-03-01T00:00:00Z,2026-02-01
4,40,same,2026-03-01T00:00:00Z,2026-02-01
,50,no key,2026-03-01T00:00:00Z,2026-02-01
",
    );
    let told = bench.trapiche(&["run"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let told = told.stdout + &told.stderr;
    assert!(told.contains("1 row dropped") && told.contains("4 duplicates left out"), "{told}");
    let published = bench.query("SELECT id, total, note FROM trusted.orders ORDER BY id");
    assert_eq!(
        published,
        [
            json!({ "id": 1, "total": 11.0, "note": "changed" }),
            json!({ "id": 2, "total": 21.0, "note": "a time" }),
            json!({ "id": 3, "total": 30.0, "note": "last" }),
            json!({ "id": 4, "total": 40.0, "note": "same" })
        ]
    );
    let counted = bench.query(
        "SELECT rows_in, rows_out, rows_quarantined, rows_dropped, rows_duplicate FROM run_datasets WHERE name = 'orders' AND zone = 'trusted'",
    );
    let all = json!({ "rows_in": 10, "rows_out": 4, "rows_quarantined": 1, "rows_dropped": 1, "rows_duplicate": 4 });
    assert_eq!(counted, [all]);
    // The large order was not the latest, and broke its check all the same.
    let report = bench.run(&["--full-refresh"]);
    assert_eq!(counts(&report), [10, 4, 1, 1, 4]);
    let checks = json!([
        { "check": "not_null(id)", "rows": 1 }, { "check": "below zero", "rows": 1 }, { "check": "large", "rows": 1 }
    ]);
    assert_eq!(report["datasets"][1]["checks"], checks);
    assert_eq!(bench.run(&[])["datasets"][1]["status"], "unchanged");
}

/// What SQL says it is, on any number of threads, with little memory, and on nodes.
#[test]
fn it_is_what_a_window_gives_wherever_it_is_computed() {
    let window = "SELECT id, total, note, at, day FROM (
  SELECT *, row_number() OVER (PARTITION BY id ORDER BY at DESC NULLS LAST, total DESC, note DESC, day DESC) AS nth
  FROM trusted.lines WHERE id IS NOT NULL AND total >= 0
) WHERE nth = 1";
    let bench = Workbench::of(&[
        ("trapiche.yml", PROJECT),
        ("orders.csv", &orders(9_000)),
        ("queries/trusted/lines.sql", "SELECT id, total, note, at, day FROM raw.orders"),
        ("queries/refined/orders.sql", &ORDERS.replace("raw.orders", "trusted.lines")),
        ("queries/refined/by_window.sql", window),
    ]);
    bench.run(&["raw.*", "trusted.*", "refined.by_window"]);
    let again = |more: &[&str]| {
        let report = bench.run(&[&["--full-refresh", "refined.orders"], more].concat());
        report["datasets"][0].clone()
    };
    let first = again(&["--threads", "2"]);
    let counted = |name: &str| first[name].as_u64().unwrap();
    let others = ["rows_out", "rows_quarantined", "rows_dropped", "rows_duplicate"].map(counted);
    assert!(counted("rows_in") == others.iter().sum::<u64>() && others.iter().all(|rows| *rows > 0), "{first}");
    let sorted = |table: &str| bench.query(&format!("SELECT id, total, note, at, day FROM {table} ORDER BY id"));
    let (latest, by_window) = (sorted("refined.orders"), sorted("refined.by_window"));
    assert_eq!(latest.len() as u64, counted("rows_out"));
    assert!(latest == by_window, "{} rows, {} by a window", latest.len(), by_window.len());
    let content = bench.lake_content();
    let is_same = |other: &Value| {
        for name in ["rows_in", "rows_out", "rows_quarantined", "rows_dropped", "rows_duplicate", "checks"] {
            assert_eq!(other[name], first[name], "{name}: {other}");
        }
        assert!(bench.lake_content() == content, "{other}");
    };
    for more in [&["--threads", "1"][..], &["--threads", "4"], &["--threads", "2", "--memory", "2MB"]] {
        is_same(&again(more));
    }
    let nodes = Nodes::start(2);
    compute_on(&bench, &nodes.list(), "");
    let on_nodes = again(&[]);
    assert!(on_nodes["on_workers"]["shuffled_bytes"].as_u64().unwrap() > 0, "{on_nodes}");
    is_same(&on_nodes);
}

#[test]
fn a_merge_takes_the_latest_row_of_each_key_of_a_result() {
    let merge = "/* trapiche\nwrite: merge\nkey: [id]\ndedupe: { key: [id], latest_by: [at, total] }\n*/\nSELECT id, total, note, at, day FROM raw.orders";
    let bench = shop(merge);
    bench.write("orders.csv", "id,total,note,at,day\n1,10,a,2026-03-01T00:00:00Z,2026-02-01\n1,12,b,2026-03-01T00:00:00Z,2026-02-01\n2,20,c,2026-03-01T00:00:00Z,2026-02-01\n");
    assert_eq!(counts(&bench.run(&[])), [3, 2, 0, 0, 1]);
    bench.write("orders.csv", "id,total,note,at,day\n1,13,d,2026-03-04T00:00:00Z,2026-02-01\n1,14,e,2026-03-03T00:00:00Z,2026-02-01\n3,30,f,,2026-02-01\n");
    let report = bench.run(&[]);
    assert_eq!(counts(&report), [3, 2, 0, 0, 1]);
    assert!(report["datasets"][1]["why"].as_str().unwrap().contains("1 row new, 1 replaced"), "{report}");
    let rows = bench.query("SELECT id, note FROM trusted.orders ORDER BY id");
    assert_eq!(
        rows,
        [json!({ "id": 1, "note": "d" }), json!({ "id": 2, "note": "c" }), json!({ "id": 3, "note": "f" })]
    );
}

#[test]
fn another_dedupe_makes_the_table_anew() {
    let bench = shop(ORDERS);
    bench.write("orders.csv", &orders(50));
    bench.run(&[]);
    for (from, to) in [
        ("latest_by: at", "latest_by: total"),
        ("key: id", "key: [id, day]"),
        ("dedupe: { key: [id, day], latest_by: total }\n", ""),
    ] {
        let text = std::fs::read_to_string(bench.path("queries/trusted/orders.sql")).unwrap();
        bench.write("queries/trusted/orders.sql", &text.replace(from, to));
        let planned: Value = serde_json::from_str(&bench.trapiche(&["plan", "-o", "json"]).stdout).unwrap();
        assert_eq!(planned[1]["action"], "make", "{to}");
        assert_eq!(bench.run(&[])["datasets"][1]["status"], "made", "{to}");
    }
}

#[test]
fn what_cannot_be_right_is_refused_at_its_place() {
    let bench = shop(&ORDERS.replace("dedupe: { key: id, latest_by: at }\n", ""));
    bench.write("orders.csv", &orders(5));
    bench.run(&[]);
    let refused = |dedupe: &str| {
        bench.write("queries/trusted/orders.sql", &ORDERS.replace("{ key: id, latest_by: at }", dedupe));
        let answer = bench.trapiche(&["validate"]);
        assert_eq!(answer.code, 2, "{dedupe}: {}{}", answer.stdout, answer.stderr);
        format!("{}{}", answer.stdout, answer.stderr)
    };
    for (dedupe, said) in [
        ("{ key: nr, latest_by: at }", "there is no column `nr` to tell duplicates by"),
        ("{ key: id, latest_by: changed }", "there is no column `changed` to tell the latest row by"),
        ("{ key: [id, at], latest_by: at }", "`at` is in the key: all rows of a key have the same"),
        ("{ key: [id, ID], latest_by: at }", "`id` is given twice"),
        ("{ key: [], latest_by: at }", "it names no column"),
        ("{ key: id }", "`latest_by` is missing"),
        ("{ key: id, latest_by: at, order: desc }", "`order`"),
    ] {
        let answer = refused(dedupe);
        assert!(answer.contains(said) && answer.contains("orders.sql:"), "{dedupe}: {answer}");
    }
}
