//! Tables with `write: merge`: rows replace those of their key, and files in which nothing changes stay.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::runtime::Runtime;
use trapiche::config::Limits;
use trapiche::lake::Lake;
use trapiche::pipeline::{self, RunOptions, Stop};
use trapiche::project;
use trapiche::report::{RunReport, RunStamp, RunStatus};

use crate::nodes::{Nodes, compute_on};
use crate::workbench::{Workbench, files_below};

const PROJECT: &str = "name: shop\ntargets: { here: { storage: \"file://./lake\" } }\nsources:\n  orders: { url: \"file://./orders.csv\", columns: { id: bigint, total: bigint } }\n";

const BY_DAY: &str =
    "/* trapiche\npartition_by: [day]\nwrite: merge\nkey: [id]\n*/ SELECT id, total, day FROM raw.orders";

fn shop(sql: &str) -> Workbench {
    Workbench::of(&[("trapiche.yml", PROJECT), ("queries/trusted/orders.sql", sql)])
}

/// Runs the project on these orders; why its table was made.
fn run(bench: &Workbench, orders: &str) -> String {
    bench.write("orders.csv", &format!("id,total,day\n{orders}"));
    let report = bench.run(&[]);
    report["datasets"][1]["why"].as_str().unwrap().to_string()
}

fn refused(bench: &Workbench, orders: &str) -> String {
    bench.write("orders.csv", &format!("id,total,day\n{orders}"));
    let answer = bench.trapiche(&["run"]);
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    format!("{}{}", answer.stdout, answer.stderr)
}

fn files(bench: &Workbench) -> BTreeSet<String> {
    files_below(&bench.path("lake/trusted/orders")).into_iter().collect()
}

#[test]
fn rows_replace_those_of_their_key_and_untouched_files_stay() {
    let bench = shop(BY_DAY);
    let why = run(&bench, "1,10,mon\n2,20,mon\n3,30,tue\n4,40,wed\n");
    assert_eq!(why, "never made; rows are merged by `id`");
    let first = files(&bench);

    // One is replaced, one moves to another day, one is as it was, and one is new.
    bench.write("orders.csv", "id,total,day\n1,11,mon\n3,30,wed\n4,40,wed\n5,50,thu\n");
    let planned = bench.trapiche(&["plan", "-o", "json"]);
    let planned: Value = serde_json::from_str(&planned.stdout).unwrap();
    assert_eq!(planned[1]["action"], "unchanged", "what a capture brings is not known before: {planned}");
    let why = run(&bench, "1,11,mon\n3,30,wed\n4,40,wed\n5,50,thu\n");
    assert_eq!(
        why,
        "its definition or an input has changed; rows are merged by `id`; 1 row new, 2 replaced, 1 as before; 2 of 3 files written again"
    );
    assert_eq!(
        bench.hive_rows("trusted/orders"),
        [
            "id=1 total=11 day=mon",
            "id=2 total=20 day=mon",
            "id=3 total=30 day=wed",
            "id=4 total=40 day=wed",
            "id=5 total=50 day=thu"
        ]
    );
    let second = files(&bench);
    let of = |day: &str, files: &BTreeSet<String>| files.iter().filter(|file| file.starts_with(day)).cloned().collect();
    let (before, after): (Vec<String>, Vec<String>) = (of("day=wed", &first), of("day=wed", &second));
    assert!(after.len() == 2 && after.contains(&before[0]), "a row has come, and none is another: {after:?}");
    assert_eq!(of("day=tue", &second), Vec::<String>::new());

    // The same again leaves every file.
    let again = bench.run(&["--full-refresh", "trusted.orders"]);
    assert_eq!(
        again["datasets"][0]["why"],
        "--full-refresh; rows are merged by `id`; 0 rows new, 0 replaced, 4 as before; 0 of 4 files written again"
    );
    assert_eq!(files(&bench), second);
    assert_eq!(bench.run(&[])["datasets"][1]["status"], "unchanged");
    assert_eq!(files_below(&bench.path("lake/_trapiche/staging")), Vec::<String>::new());
    // What is compacted is merged into as before.
    assert_eq!(bench.trapiche(&["compact", "orders"]).code, 0);
    run(&bench, "4,41,wed\n");
    assert_eq!(
        bench.hive_rows("trusted/orders"),
        [
            "id=1 total=11 day=mon",
            "id=2 total=20 day=mon",
            "id=3 total=30 day=wed",
            "id=4 total=41 day=wed",
            "id=5 total=50 day=thu"
        ]
    );
}

#[test]
fn a_plan_says_by_what_rows_are_merged() {
    let bench = shop(BY_DAY);
    run(&bench, "1,10,mon\n");
    bench.write("queries/trusted/orders.sql", &BY_DAY.replace("total,", "total + 1 AS total,"));
    let planned: Value = serde_json::from_str(&bench.trapiche(&["plan", "-o", "json"]).stdout).unwrap();
    assert_eq!(
        (&planned[1]["action"], &planned[1]["why"]),
        (&json!("make"), &json!("its definition or an input has changed; rows are merged by `id`"))
    );
}

#[test]
fn two_rows_of_a_key_and_rows_without_one_are_refused() {
    let bench = shop(BY_DAY);
    run(&bench, "1,10,mon\n2,20,tue\n");
    let before = files(&bench);
    let said = refused(&bench, "7,1,mon\n3,1,mon\n3,2,tue\n7,1,mon\n");
    assert!(said.contains("[MERGE_CARDINALITY_VIOLATION]") && said.contains("2 rows with the key id = 3"), "{said}");
    assert!(said.contains("`dedupe: { key: …, latest_by: … }`"), "{said}");
    let said = refused(&bench, ",1,mon\n3,2,tue\n");
    assert!(said.contains("has 1 row without a value in its key `id`"), "{said}");
    assert_eq!(files(&bench), before);
    assert_eq!(files_below(&bench.path("lake/_trapiche/staging")), Vec::<String>::new());

    // A check takes them out before they are looked at, and what is quarantined replaces nothing.
    let checks = "write: merge\nkey: [id]\nchecks: [{ not_null: [id], on_fail: quarantine }, { rule: \"total > 0\", on_fail: quarantine }]";
    bench.write("queries/trusted/orders.sql", &BY_DAY.replace("write: merge\nkey: [id]", checks));
    for _ in 0..2 {
        bench.write("orders.csv", "id,total,day\n,1,mon\n1,-1,tue\n2,21,tue\n");
        let report = bench.run(&["--full-refresh"]);
        let counts =
            ["rows_in", "rows_out", "rows_quarantined"].map(|name| report["datasets"][1][name].as_u64().unwrap());
        assert_eq!(counts, [3, 1, 2]);
        assert_eq!(bench.hive_rows("trusted/orders"), ["id=1 total=10 day=mon", "id=2 total=21 day=tue"]);
        assert_eq!(bench.hive_rows("quarantine/trusted/orders").len(), 2, "those of the last result");
    }
}

#[test]
fn a_table_that_was_made_otherwise_is_merged_into_if_its_keys_allow_it() {
    let append = BY_DAY.replace("write: merge\nkey: [id]", "write: append");
    let bench = shop(&append);
    run(&bench, "1,10,mon\n2,20,tue\n");
    run(&bench, "3,30,mon\n");
    bench.write("queries/trusted/orders.sql", BY_DAY);
    run(&bench, "2,22,mon\n");
    assert_eq!(
        bench.hive_rows("trusted/orders"),
        ["id=1 total=10 day=mon", "id=2 total=22 day=mon", "id=3 total=30 day=mon"]
    );

    let bench = shop(&append);
    run(&bench, "1,10,mon\n2,20,tue\n");
    run(&bench, "1,11,tue\n");
    bench.write("queries/trusted/orders.sql", BY_DAY);
    let said = refused(&bench, "2,22,mon\n");
    assert!(said.contains("`trusted.orders` has 2 rows with the key id = 1"), "{said}");
    assert!(said.contains("`write: overwrite` makes the table anew"), "{said}");
    // Nor by a column that it does not have, or with other partitions or types.
    bench.write(
        "queries/trusted/orders.sql",
        &BY_DAY.replace("[id]", "[nr]").replace("SELECT id", "SELECT id, id AS nr"),
    );
    assert!(refused(&bench, "2,22,mon\n").contains("`trusted.orders` has no column `nr` yet"), "no column");
    bench.write("queries/trusted/orders.sql", &BY_DAY.replace("SELECT id", "SELECT cast(id AS string) AS id"));
    assert!(refused(&bench, "2,22,mon\n").contains("have `id` as bigint"), "another type");
    bench.write("queries/trusted/orders.sql", &BY_DAY.replace("partition_by: [day]\n", ""));
    assert!(refused(&bench, "2,22,mon\n").contains("have the partition columns [day]"), "other partitions");
}

#[test]
fn columns_come_and_go() {
    let bench = shop(&BY_DAY.replace("partition_by: [day]\n", ""));
    run(&bench, "1,10,mon\n2,20,tue\n3,30,wed\n");
    bench.write(
        "queries/trusted/orders.sql",
        "/* trapiche\nwrite: merge\nkey: [id]\n*/ SELECT id, total, if(id = 2, 'b', null) AS mark FROM raw.orders",
    );
    run(&bench, "1,10,mon\n2,20,tue\n");
    let rows = bench.query("SELECT id, total, mark FROM trusted.orders ORDER BY id");
    assert_eq!(
        rows,
        [
            json!({ "id": 1, "total": 10, "mark": null }),
            json!({ "id": 2, "total": 20, "mark": "b" }),
            json!({ "id": 3, "total": 30, "mark": null }),
        ]
    );
}

#[test]
fn a_header_that_cannot_be_merged_by_is_told_at_its_place() {
    for (header, message, place) in [
        ("write: merge", "`write: merge` needs a `key`", ":2:8"),
        ("write: merge\nkey: []", "`key` names no column", ":3:6"),
        ("key: [id]", "`key` goes with `write: merge`", ":2:1"),
        ("write: append\nkey: [id]", "`key` goes with `write: merge`", ":3:1"),
        ("write: merge\nkey: [id, ID]", "`id` is given twice", ":3:11"),
        ("write: merge\nkey: [idd]", "there is no column `idd` to merge by", ":3:7"),
        ("write: merge\nkey: [price]", "`price` is of type double, by which no rows are told apart", ":3:7"),
        ("write: merge\nkey: [words]", "`words` is of type array<string>", ":3:7"),
    ] {
        let sql = "SELECT id, cast(total AS double) AS price, split(day, ' ') AS words FROM raw.orders";
        let bench = shop(&format!("/* trapiche\n{header}\n*/ {sql}"));
        bench.write("orders.csv", "id,total,day\n1,1,mon\n");
        let answer = bench.trapiche(&["run"]);
        assert_eq!(answer.code, 2, "{header}: {}", answer.stderr);
        let said = answer.stderr;
        assert!(said.contains(message) && said.contains(place), "{header}: {said}");
        assert!(!bench.path("lake/trusted").exists(), "{header}");
    }
}

#[test]
fn workers_merge_as_one_machine_does() {
    let orders = |rows: std::ops::Range<i64>, total: i64| {
        rows.map(|id| format!("{id},{},day {}\n", total + id % 7, id % 5)).collect::<String>()
    };
    let deltas = [orders(0..2_000, 10), orders(500..700, 11), orders(1_900..2_100, 10), orders(0..1, 99)];
    let (here, there) = (shop(BY_DAY), shop(BY_DAY));
    let nodes = Nodes::start(2);
    compute_on(&there, &nodes.list(), "");
    for delta in &deltas {
        assert_eq!(run(&here, delta), run(&there, delta));
        assert_eq!(here.lake_content(), there.lake_content());
    }
    let report = there.run(&["--full-refresh", "trusted.orders"]);
    assert_eq!(report["datasets"][0]["on_workers"]["workers"], 2, "{report}");
    assert_eq!(nodes.end(), Vec::<u32>::new());
}

/// A source that lands what is new, window by window: below a merge only the partitions are made that have something new,
/// although a landing is an input as a whole.
#[test]
fn a_window_more_makes_its_own_partitions_and_no_others() {
    let settings = "name: shop\ntargets: { here: { storage: \"file://./lake\" } }\nconnections: { shop: { database: \"sqlite://./shop.db\" } }\nsources:\n  orders: { from: shop, table: orders, cursor: at, key: [id] }\n";
    let bench = Workbench::of(&[
        ("trapiche.yml", settings),
        (
            "queries/trusted/orders.sql",
            "/* trapiche\npartition_by: [day]\nwrite: merge\nkey: [id]\n*/ SELECT id, total, to_date(at) AS day FROM raw.orders",
        ),
        (
            "queries/refined/sums.sql",
            "/* trapiche\npartition_by: [day]\n*/ SELECT sum(total) AS total, day FROM trusted.orders GROUP BY day",
        ),
    ]);
    let execute = |sql: &str| {
        let url = format!("sqlite://{}", bench.path("shop.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true);
            let mut connection: SqliteConnection = options.connect().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_string())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    };
    let day = |day: i64| {
        let rows = (0..3).map(|n| format!("({}, {n}, '2026-01-{day:02} 0{n}:00:00')", day * 10 + n));
        format!("INSERT INTO orders VALUES {}", rows.collect::<Vec<_>>().join(", "))
    };
    execute("CREATE TABLE orders (id integer PRIMARY KEY, total integer, at text)");
    (1..=8).for_each(|n| execute(&day(n)));
    bench.run(&[]);
    let made = |args: &[&str]| {
        let report = bench.run(args);
        let why = |n: usize| report["datasets"][n]["why"].as_str().unwrap().to_string();
        (why(1), why(2))
    };
    let words = "its definition or an input has changed; rows are merged by `id`";
    execute(&day(9));
    let (merged, sums) = made(&[]);
    assert_eq!(merged, format!("{words}; 3 rows new, 0 replaced, 24 as before; 0 of 8 files written again"));
    assert_eq!(sums, "1 of 9 partitions: inputs changed");
    // A row of an old day has changed, and another one moves from there to the next day.
    execute(
        "UPDATE orders SET total = 7, at = '2026-01-09 23:00:00' WHERE id = 30; UPDATE orders SET total = 9, at = '2026-01-10 00:00:00' WHERE id = 31",
    );
    let (merged, sums) = made(&[]);
    assert_eq!(merged, format!("{words}; 0 rows new, 2 replaced, 25 as before; 1 of 9 files written again"));
    assert_eq!(sums, "3 of 10 partitions: inputs changed");
    // And one that the cursor had passed comes with its window.
    execute("INSERT INTO orders VALUES (90000, 5, '2026-01-02 12:00:00')");
    let (_, sums) = made(&["raw.orders+", "--from", "2026-01-02", "--to", "2026-01-03"]);
    assert_eq!(sums, "1 of 10 partitions: inputs changed");
    let total = bench.query("SELECT sum(total) AS total FROM refined.sums");
    assert_eq!(total, [json!({ "total": 9 * 3 - 1 + 7 + 9 + 5 })]);
}

/// Both sides are larger than the memory for one of them.
#[test]
fn a_large_merge_spills() {
    let bench = shop(
        "/* trapiche\nwrite: merge\nkey: [code]\n*/ SELECT sha2(cast(id AS string), 256) AS code, id, total FROM raw.orders",
    );
    let count = 120_000;
    for (run, total) in [1, 2].into_iter().enumerate() {
        let orders = (0..count).map(|id| format!("{id},{},\n", if id % 1_000 == 0 { total } else { 0 }));
        bench.write("orders.csv", &format!("id,total,day\n{}", orders.collect::<String>()));
        let report = bench.run(&["--memory", "150MB"]);
        let why = report["datasets"][1]["why"].as_str().unwrap();
        assert!(run == 0 || why.contains("0 rows new, 120 replaced, 119880 as before"), "{why}");
        let sums =
            bench.query("SELECT count(*) AS n, count(DISTINCT code) AS codes, sum(total) AS total FROM trusted.orders");
        assert_eq!(sums, [json!({ "n": count, "codes": count, "total": 120 * total })]);
    }
}

/// What a key may bring: a part, a number, and words, all of which may be missing.
type Row = (Option<u8>, Option<i8>, Option<String>);

fn any_delta() -> impl Strategy<Value = BTreeMap<i64, Row>> {
    let words = prop::option::of("[ab,' ]{1,4}");
    let row = (prop::option::of(0..3u8), prop::option::of(0..3i8), words);
    prop::collection::btree_map(0..12i64, row, 0..8)
}

/// A project with its lake, run inside this process.
struct Bench {
    files: Workbench,
    lake: Lake,
    runtime: Runtime,
    runs: i64,
}

const NESTED: &str = "/* trapiche
partition_by: [part]
write: merge
key: [id, code]
*/
SELECT id, concat('k ', id) AS code, x, split(words, ' ') AS list, named_struct('x', x, 'words', words) AS both,
  map('w', words) AS pairs, cast(x AS double) / 4 AS share, part
FROM raw.rows";

const SUMS: &str =
    "/* trapiche\npartition_by: [part]\n*/ SELECT count(*) AS n, sum(x) AS x, part FROM trusted.rows GROUP BY part";

impl Bench {
    fn new() -> Bench {
        let project = "name: p\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { rows: { url: \"file://./rows.csv\", columns: { id: bigint, x: bigint } } }\n";
        let files = Workbench::of(&[
            ("trapiche.yml", project),
            ("queries/trusted/rows.sql", NESTED),
            ("queries/refined/sums.sql", SUMS),
        ]);
        fs::create_dir_all(files.path("lake")).unwrap();
        let lake = Lake::in_folder(&files.path("lake")).unwrap();
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).thread_stack_size(8 << 20).enable_all().build().unwrap();
        Bench { files, lake, runtime, runs: 0 }
    }

    fn run(&mut self, delta: &BTreeMap<i64, Row>) -> RunReport {
        let mut csv = "id,x,words,part\n".to_string();
        for (id, (part, x, words)) in delta {
            let text = |value: Option<String>| value.unwrap_or_default();
            let words = words.as_ref().map(|words| format!("\"{words}\""));
            csv += &format!(
                "{id},{},{},{}\n",
                text(x.map(|x| x.to_string())),
                text(words),
                text(part.map(|part| format!("p{part}")))
            );
        }
        self.files.write("rows.csv", &csv);
        self.runs += 1;
        let at = DateTime::from_timestamp(1_800_000_000 + self.runs, 0).unwrap();
        let stamp = RunStamp { run_id: at.format("%Y%m%dT%H%M%SZ-000000").to_string(), at };
        let project = project::load(self.files.dir.path(), None, &|_| None).unwrap();
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let limits = Limits { memory_bytes: 1 << 30, threads: 2 };
        let (options, stop) = (RunOptions::default(), Stop::default());
        let run = pipeline::run(&project, &self.lake, &limits, &options, &stamp, events, &stop);
        let report = self.runtime.block_on(run).unwrap();
        assert_eq!(report.status, RunStatus::Ok, "{:#?}", report.datasets);
        report
    }

    /// The files of each part of a table.
    fn parts(&self, table: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut parts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in files_below(&self.files.path(&format!("lake/{table}"))) {
            let (part, name) = file.split_once('/').unwrap();
            parts.entry(part.to_string()).or_default().insert(name.to_string());
        }
        parts
    }
}

/// The rows as they are to lie in the table's folder.
fn expected(rows: &BTreeMap<i64, Row>) -> BTreeMap<String, Vec<String>> {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, (part, x, words)) in rows {
        let part = part.map_or("part=__HIVE_DEFAULT_PARTITION__".to_string(), |part| format!("part=p{part}"));
        parts.entry(part).or_default().push(format!("{id} {x:?} {words:?}"));
    }
    parts
}

#[test]
fn a_merged_table_is_what_a_map_of_its_keys_is() {
    let config = ProptestConfig { cases: 12, max_shrink_iters: 30, failure_persistence: None, ..Default::default() };
    proptest!(config, |(deltas in prop::collection::vec(any_delta(), 1..6))| {
        let mut bench = Bench::new();
        let mut map: BTreeMap<i64, Row> = BTreeMap::new();
        for delta in deltas {
            let before = (expected(&map), bench.parts("trusted/rows"));
            map.extend(delta.clone());
            bench.run(&delta);
            let after = (expected(&map), bench.parts("trusted/rows"));
            let sql = "SELECT id, code, x, list, both, pairs, share, part FROM trusted.rows ORDER BY id";
            let rows = bench.files.query(sql);
            let wanted: Vec<Value> = map.iter().map(|(id, (part, x, words))| json!({
                "id": id, "code": format!("k {id}"), "x": x, "list": words.as_ref().map(|words| words.split(' ').collect::<Vec<_>>()),
                "both": { "x": x, "words": words }, "pairs": { "w": words }, "share": x.map(|x| f64::from(x) / 4.0),
                "part": part.map(|part| format!("p{part}")),
            })).collect();
            prop_assert_eq!(rows, wanted);
            let sums = bench.files.query("SELECT part, n, x FROM refined.sums EXCEPT SELECT part, count(*), sum(x) FROM trusted.rows GROUP BY part");
            prop_assert_eq!(sums, Vec::<Value>::new());
            // A part that has the rows that it had keeps its files.
            for (part, rows) in &before.0 {
                if after.0.get(part) == Some(rows) {
                    prop_assert_eq!(before.1.get(part), after.1.get(part), "{}", part);
                }
            }
        }
    });
}
