//! Tables that are made partition by partition: what is made again, and that it is what a making from nothing gives.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use trapiche::config::Limits;
use trapiche::engine::Engine;
use trapiche::engine::write::store::{self, TableWrite};
use trapiche::lake::table::commit::{self, Replaces};
use trapiche::lake::table::head::Head;
use trapiche::lake::table::version::{self, Version};
use trapiche::lake::{Lake, TableName, Zone};
use trapiche::pipeline::{self, PlannedAction, RunOptions, Stop};
use trapiche::project::WriteMode;
use trapiche::report::{DatasetStatus, Meter, RunReport, RunStamp, RunStatus};
use trapiche::spark::mode::SqlMode;

use crate::workbench::Workbench;

/// `trusted.a` is partitioned by day, `trusted.b` by day and shop, `trusted.u` by nothing; made by the test itself.
const PROJECT: &str = r#"
name: increments
targets: { here: { storage: "file://./lake" } }
sources:
  a: { url: "file://./a.csv", columns: { id: bigint, x: bigint } }
  b: { url: "file://./b.csv", columns: { id: bigint, x: bigint } }
  u: { url: "file://./a.csv", columns: { id: bigint, x: bigint } }
"#;

/// Name, partition columns (and more of the header) and SQL of what can be made in parts.
const IN_PARTS: &[(&str, &str, &str)] = &[
    ("filtered", "day", "SELECT id, x, shop, day FROM trusted.a WHERE x > 3"),
    ("renamed", "d", "SELECT x + 1 AS y, s.day AS d FROM (SELECT DISTINCT * FROM trusted.a) AS s"),
    ("joined", "day", "SELECT a.id, b.x, a.day FROM trusted.a AS a JOIN trusted.b AS b ON a.day = b.day"),
    ("looked_up", "day", "SELECT a.id, u.x, a.day FROM trusted.a AS a JOIN trusted.u AS u ON a.id = u.id"),
    ("left_joined", "day", "SELECT a.id, b.x, a.day FROM trusted.a AS a LEFT JOIN trusted.b AS b ON a.day = b.day"),
    ("grouped", "day, shop", "SELECT count(*) AS n, sum(x) AS x, day, shop FROM trusted.a GROUP BY day, shop"),
    ("pairs", "day, shop", "SELECT id, x, day, shop FROM trusted.b WHERE x <> 5"),
    (
        "ranked",
        "day",
        "SELECT id, x, row_number() OVER (PARTITION BY day ORDER BY id, x, shop) AS n, day FROM trusted.a",
    ),
    ("united", "day", "SELECT id, x, day FROM trusted.a UNION ALL SELECT id, -x, day FROM trusted.b"),
    ("known", "day", "SELECT id, day FROM trusted.a WHERE day IN (SELECT day FROM trusted.b)"),
    ("dated", "day", "SELECT id, day FROM trusted.a WHERE current_date() > '2000-01-01'"),
    (
        "unknown",
        "day",
        "SELECT id, day FROM trusted.a AS a WHERE NOT EXISTS (SELECT 1 FROM trusted.b AS b WHERE b.day = a.day)",
    ),
    ("matched", "day", "SELECT u.id, a.x, a.day FROM trusted.u AS u LEFT JOIN trusted.a AS a ON u.day = a.day"),
    ("latest", "day; dedupe: { key: [id, day], latest_by: x }", "SELECT id, x, shop, day FROM trusted.a"),
    ("latest_of_shop", "day, shop; dedupe: { key: [id, day], latest_by: x }", "SELECT id, x, day, shop FROM trusted.b"),
    ("shared", "day", "SELECT explode(array(id, x - (SELECT min(x) FROM trusted.u))) AS v, day FROM trusted.a"),
];

type Queries = &'static [(&'static str, &'static str, &'static str)];

/// The same of what cannot.
const AS_A_WHOLE: &[(&str, &str, &str)] = &[
    ("ranked_over_all", "day", "SELECT row_number() OVER (ORDER BY id, x, shop, day) AS n, day FROM trusted.a"),
    ("limited", "day", "SELECT * FROM (SELECT id, x, day FROM trusted.a ORDER BY id, x, day LIMIT 5)"),
    ("by_other", "day", "SELECT a.x, u.day FROM trusted.u AS u LEFT JOIN trusted.a AS a ON u.day = a.day"),
    (
        "both",
        "day",
        "SELECT a.x, coalesce(a.day, b.day) AS day FROM trusted.a AS a FULL JOIN trusted.b AS b ON a.day = b.day",
    ),
    ("half", "day", "SELECT x, day FROM trusted.a UNION ALL SELECT x, day FROM trusted.u"),
    ("cast", "day", "SELECT id, concat(day, '.') AS day FROM trusted.a"),
    ("latest_of_all", "day; dedupe: { key: id, latest_by: x }", "SELECT id, x, day FROM trusted.a"),
    ("other", "shop", "SELECT id, shop FROM trusted.a"),
    ("summed", "day", "SELECT sum(x) AS x, 'all' AS day FROM trusted.a"),
    ("stamped", "day", "SELECT id, now() AS at, day FROM trusted.a"),
    ("drawn", "day", "SELECT rand() AS at, day FROM trusted.a"),
];

/// What comes to a table between two runs.
#[derive(Debug, Clone)]
enum Change {
    /// These rows are the table's partitions that they lie in.
    Write(&'static str, Vec<Row>),
    Remove(&'static str, Option<u8>),
    /// These rows come to `u` beside those that are there.
    Append(Vec<Row>),
    /// These rows are `u`, and it says that it was made from what it was made from at first: a source that is as it was.
    Return(Vec<Row>),
}

/// The columns `id`, `x`, `day` and `shop`.
type Row = (i64, i64, Option<u8>, Option<u8>);

fn any_change() -> impl Strategy<Value = Change> {
    let day = || prop_oneof![6 => (0..8u8).prop_map(Some), 1 => Just(None)];
    let shop = prop_oneof![6 => (0..3u8).prop_map(Some), 1 => Just(None)];
    let rows = |most| prop::collection::vec((0..6i64, 0..9i64, day(), shop.clone()), 1..most);
    prop_oneof![
        4 => (prop_oneof![Just("a"), Just("b")], rows(4)).prop_map(|(table, rows)| Change::Write(table, rows)),
        2 => (prop_oneof![Just("a"), Just("b")], day()).prop_map(|(table, day)| Change::Remove(table, day)),
        1 => rows(8).prop_map(|rows| Change::Write("u", rows)),
        1 => rows(4).prop_map(Change::Append),
        1 => rows(8).prop_map(Change::Return),
    ]
}

/// A project with its lake, run inside this process.
struct Bench {
    files: Workbench,
    lake: Lake,
    limits: Limits,
    runtime: Arc<Runtime>,
    queries: Vec<String>,
    /// The runs and changes so far.
    moment: i64,
}

impl Bench {
    fn new(runtime: &Arc<Runtime>, queries: Queries) -> Self {
        let csv = "id,x,day,shop\n1,1,d1,s1\n";
        let files = Workbench::of(&[("trapiche.yml", PROJECT), ("a.csv", csv), ("b.csv", csv)]);
        for (table, header) in [("a", "partition_by: [day]"), ("b", "partition_by: [day, shop]"), ("u", "")] {
            files.write(
                &format!("queries/trusted/{table}.sql"),
                &format!("/* trapiche\n{header}\n*/ SELECT id, x, day, shop FROM raw.{table}"),
            );
        }
        for (name, keys, sql) in queries {
            let (keys, more) = keys.split_once("; ").unwrap_or((keys, ""));
            files.write(
                &format!("queries/refined/{name}.sql"),
                &format!("/* trapiche\npartition_by: [{keys}]\n{more}\n*/ {sql}"),
            );
        }
        fs::create_dir_all(files.path("lake")).unwrap();
        let lake = Lake::in_folder(&files.path("lake")).unwrap();
        let limits = Limits { memory_bytes: 1 << 30, threads: 2 };
        let queries = queries.iter().map(|query| query.0.to_string()).collect();
        Bench { files, lake, limits, runtime: runtime.clone(), queries, moment: 0 }
    }

    /// The same inputs in a lake without results.
    fn fresh(&self, queries: Queries) -> Self {
        let fresh = Bench { moment: self.moment, ..Bench::new(&self.runtime, queries) };
        for folder in ["trusted", "_trapiche/tables/trusted"] {
            copy(&self.files.path(&format!("lake/{folder}")), &fresh.files.path(&format!("lake/{folder}")));
        }
        fresh
    }

    fn stamp(&mut self) -> RunStamp {
        self.moment += 1;
        let at: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000 + self.moment, 0).unwrap();
        RunStamp { run_id: at.format("%Y%m%dT%H%M%SZ-000000").to_string(), at }
    }

    fn apply(&mut self, change: &Change) {
        let stamp = self.stamp();
        let name = match change {
            Change::Write(name, _) | Change::Remove(name, _) => name,
            Change::Append(_) | Change::Return(_) => "u",
        };
        let table = TableName::new(Zone::Trusted, name);
        let partition_by: &[&str] = match name {
            "a" => &["day"],
            "b" => &["day", "shop"],
            _ => &[],
        };
        let partition_by: Vec<String> = partition_by.iter().map(|column| column.to_string()).collect();
        self.runtime.block_on(async {
            match change {
                Change::Write(_, rows) | Change::Append(rows) | Change::Return(rows) => {
                    let session =
                        Engine::local(&self.lake, &self.limits, &SqlMode::default()).unwrap().session().unwrap();
                    let write = TableWrite {
                        table: &table,
                        partition_by: &partition_by,
                        mode: match change {
                            Change::Append(_) => WriteMode::Append,
                            _ if name == "u" => WriteMode::Overwrite,
                            _ => WriteMode::OverwritePartitions,
                        },
                        layout: trapiche::lake::table::version::FileLayout::default(),
                        key: &[],
                        checks: &[],
                        dedupe: None,
                        slices: None,
                        head: &Head::look(&self.lake, &table).await.unwrap(),
                        fingerprint: if name == "u" { "the source as it was" } else { &stamp.run_id },
                        stamp: &stamp,
                        meter: &Meter::default(),
                    };
                    store::store(&session, session.rows(batch(rows)).unwrap(), write).await.unwrap();
                }
                Change::Remove(_, day) => {
                    let head = Head::look(&self.lake, &table).await.unwrap();
                    let Some(current) = head.version.clone() else { return };
                    let spelled = day.map(|day| format!("d{day}"));
                    let files = version::files(&self.lake, &current).await.unwrap().into_iter();
                    let partitions: HashSet<_> =
                        files.map(|file| file.partition).filter(|partition| partition[0] == spelled).collect();
                    let next = Version {
                        run_id: stamp.run_id.clone(),
                        fingerprint: stamp.run_id.clone(),
                        files: Default::default(),
                        replaced: vec![],
                        ..current
                    };
                    commit::commit(&self.lake, &head, next, vec![], Replaces::Partitions(partitions)).await.unwrap();
                }
            }
        });
    }

    /// Makes all of `refined`, after having planned it: what is done is what was said.
    fn run(&mut self) -> RunReport {
        let stamp = self.stamp();
        let options = RunOptions { select: self.queries.clone(), ..Default::default() };
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let (lake, limits) = (&self.lake, &self.limits);
        let (planned, report) = self.runtime.block_on(async {
            let project = pipeline::load(self.files.dir.path(), None, &|_| None, limits).await.unwrap();
            let planned = pipeline::plan(&project, lake, limits, &options, stamp.at).await.unwrap();
            (planned, pipeline::run(&project, lake, limits, &options, &stamp, events, &Stop::default()).await.unwrap())
        });
        assert_eq!(report.status, RunStatus::Ok, "{:#?}", report.datasets);
        let said =
            planned.datasets.iter().map(|it| (&it.dataset, it.action == PlannedAction::Make, Some(it.why.as_str())));
        let done = report.datasets.iter().map(|it| (&it.dataset, it.status == DatasetStatus::Made, it.why.as_deref()));
        assert_eq!(said.collect::<Vec<_>>(), done.collect::<Vec<_>>());
        report
    }

    fn rows(&self) -> BTreeMap<String, Vec<String>> {
        self.queries.iter().map(|name| (name.clone(), self.files.hive_rows(&format!("refined/{name}")))).collect()
    }
}

fn batch(rows: &[Row]) -> RecordBatch {
    let text = |prefix: &str, value: Option<u8>| value.map(|value| format!("{prefix}{value}"));
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
        ("x", Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>())),
        ("day", Arc::new(rows.iter().map(|row| text("d", row.2)).collect::<StringArray>())),
        ("shop", Arc::new(rows.iter().map(|row| text("s", row.3)).collect::<StringArray>())),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for file in crate::workbench::files_below(from) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(&file), target).unwrap();
    }
}

/// Eight days of two rows each, so that the tables are there and a change is a small part of them.
fn beginning() -> Vec<Change> {
    let rows =
        |salt: i64| (0..16).map(move |n: i64| (n % 6, (n * 7 + salt) % 9, Some((n / 2) as u8), Some((n % 3) as u8)));
    ["a", "b", "u"].map(|table| Change::Write(table, rows(table.len() as i64).collect())).to_vec()
}

/// Makings from nothing that are compared with; each costs some seconds.
const CASES: u32 = 2;

#[test]
fn increments_are_what_a_making_from_nothing_gives() {
    let runtime = runtime();
    let config = ProptestConfig { cases: CASES, max_shrink_iters: 10, failure_persistence: None, ..Default::default() };
    // A failure at a step shows in the case that ends there; there are cases of every length.
    let steps = prop::collection::vec(prop::collection::vec(any_change(), 1..3), 0..4);
    proptest!(config, |(steps in steps)| {
        let mut bench = Bench::new(&runtime, IN_PARTS);
        beginning().iter().for_each(|change| bench.apply(change));
        bench.run();
        // Of one day of `a`, and then of `b`, whatever reads it has that day to make.
        for (table, days) in [("a", 0), ("b", 1)] {
            bench.apply(&Change::Write(table, vec![(1, 8, Some(days), Some(0))]));
            let report = bench.run();
            for (name, ..) in IN_PARTS.iter().filter(|(_, _, sql)| sql.contains(&format!("trusted.{table}"))) {
                let dataset = report.datasets.iter().find(|dataset| dataset.dataset.name == *name).unwrap();
                let why = dataset.why.as_deref().unwrap_or_default();
                prop_assert!(why.starts_with("1 of "), "{}: {}", name, why);
            }
        }
        for changes in &steps {
            changes.iter().for_each(|change| bench.apply(change));
            bench.run();
        }
        let mut fresh = bench.fresh(IN_PARTS);
        fresh.run();
        prop_assert_eq!(bench.rows(), fresh.rows());
    });
}

#[test]
fn what_cannot_be_made_in_parts_says_why() {
    let mut bench = Bench::new(&runtime(), AS_A_WHOLE);
    beginning().iter().for_each(|change| bench.apply(change));
    bench.run();
    bench.apply(&Change::Write("a", vec![(1, 8, Some(0), None)]));
    bench.apply(&Change::Write("u", vec![(1, 8, Some(0), None)]));
    let names: Vec<&str> = bench.queries.iter().map(String::as_str).collect();
    let answer = bench.files.trapiche(&[&["plan", "-o", "json"], names.as_slice()].concat());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let planned: Vec<serde_json::Value> = serde_json::from_str(&answer.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
    let lines: Vec<String> =
        planned.iter().map(|dataset| format!("{}: {}", text(&dataset["dataset"]), text(&dataset["why"]))).collect();
    let lines = lines.join("\n").replace("its definition or an input has changed; not by partition: ", "");
    insta::assert_snapshot!(lines, @r"
    refined.both: `day` does not come unchanged from a partition column of what it reads
    refined.by_other: it may have rows of a `day` that is no partition of what it reads
    refined.cast: `day` does not come unchanged from a partition column of what it reads
    refined.drawn: it uses `random()`: made by every run
    refined.half: it may have rows of a `day` that is no partition of what it reads
    refined.latest_of_all: a key of its `dedupe` may have rows in several partitions
    refined.limited: `day` does not come unchanged from a partition column of what it reads
    refined.other: `shop` does not come unchanged from a partition column of what it reads
    refined.ranked_over_all: `day` does not come unchanged from a partition column of what it reads
    refined.stamped: it uses `now()`: made by every run
    refined.summed: `day` does not come unchanged from a partition column of what it reads
    ");
}

/// The table's files, by partition.
fn files(bench: &Workbench, table: &str) -> BTreeMap<String, String> {
    let files = crate::workbench::files_below(&bench.path(&format!("lake/{table}")));
    files.into_iter().map(|file| file.rsplit_once('/').map(|(a, b)| (a.into(), b.into())).unwrap()).collect()
}

#[test]
fn a_second_run_touches_only_the_partitions_whose_inputs_changed() {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: days\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { days: { url: \"file://./days.csv\", columns: { n: bigint } } }\n",
        ),
        ("days.csv", "day,n\nmon,1\ntue,2\nwed,3\nthu,4\n"),
        (
            "queries/trusted/days.sql",
            "/* trapiche\npartition_by: [day]\nwrite: overwrite_partitions\n*/ SELECT n, day FROM raw.days",
        ),
        (
            "queries/refined/sums.sql",
            "/* trapiche\npartition_by: [day, size]\nchecks: [{ rule: \"n > 0\", on_fail: drop }]\n*/ SELECT sum(n) AS n, day, if(sum(n) > 3, 'large', 'small') AS size FROM trusted.days GROUP BY day",
        ),
        (
            "queries/refined/doubled.sql",
            "/* trapiche\npartition_by: [day]\n*/ SELECT 2 * n AS n, day FROM refined.sums WHERE size = 'large'",
        ),
    ]);
    bench.run(&[]);
    let before = ["refined/sums", "refined/doubled"].map(|table| files(&bench, table));
    bench.write("days.csv", "day,n\ntue,7\nfri,8\n");
    bench.run(&["+trusted.days"]);
    let why = |args: &[&str]| -> Vec<String> {
        let answer = bench.trapiche(&[&["plan", "-o", "json"], args].concat());
        let planned: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
        planned.as_array().unwrap().iter().map(|dataset| dataset["why"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(why(&["sums"]), ["2 of 5 values of `day`: inputs changed"]);
    let report = bench.run(&["sums", "doubled"]);
    let told = |report: &serde_json::Value, i: usize| {
        let dataset = &report["datasets"][i];
        (dataset["why"].as_str().unwrap_or_default().to_string(), dataset["rows_in"].as_u64().unwrap())
    };
    assert_eq!(told(&report, 0), ("2 of 5 values of `day`: inputs changed".to_string(), 2));
    assert_eq!(told(&report, 1), ("2 of 5 partitions: inputs changed".to_string(), 2));
    assert_eq!(
        bench.hive_rows("refined/sums"),
        [
            "n=1 day=mon size=small",
            "n=3 day=wed size=small",
            "n=4 day=thu size=large",
            "n=7 day=tue size=large",
            "n=8 day=fri size=large",
        ]
    );
    assert_eq!(bench.hive_rows("refined/doubled"), ["n=14 day=tue", "n=16 day=fri", "n=8 day=thu"]);
    let after = ["refined/sums", "refined/doubled"].map(|table| files(&bench, table));
    let kept = |i: usize| -> Vec<&String> {
        before[i].iter().filter(|file| after[i].get(file.0) == Some(file.1)).map(|file| file.0).collect()
    };
    assert_eq!(kept(0), ["day=mon/size=small", "day=thu/size=large", "day=wed/size=small"]);
    assert_eq!(kept(1), ["day=thu"]);

    // A day whose rows all go leaves no partition behind; one that comes back in another size leaves no old one.
    bench.write("days.csv", "day,n\nmon,-1\n");
    bench.run(&[]);
    assert_eq!(bench.hive_rows("refined/sums").len(), 4);
    assert!(!files(&bench, "refined/sums").keys().any(|folder| folder.contains("mon")));
    // A slice without rows is known to be one, too.
    bench.write("days.csv", "day,n\nwed,9\n");
    let report = bench.run(&[]);
    assert_eq!(told(&report, 2), ("1 of 5 values of `day`: inputs changed".to_string(), 1));

    // Another definition, and the wish, make all; and then there is nothing to do.
    bench.run(&["--full-refresh", "sums"]);
    assert_eq!(kept_of(&files(&bench, "refined/sums"), &after[0]), 0);
    assert!(bench.run(&["sums"])["datasets"][0]["why"].as_str().unwrap().starts_with("same definition"));
}

#[test]
fn compacting_an_input_makes_nothing_anew() {
    let bench = Workbench::of(&[
        (
            "trapiche.yml",
            "name: days\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { days: { url: \"file://./days.csv\", columns: { n: bigint } } }\n",
        ),
        ("queries/trusted/days.sql", "/* trapiche\npartition_by: [day]\nwrite: append\n*/ SELECT n, day FROM raw.days"),
        ("queries/refined/tens.sql", "/* trapiche\npartition_by: [day]\n*/ SELECT 10 * n AS n, day FROM trusted.days"),
        ("queries/refined/total.sql", "SELECT sum(n) AS n FROM trusted.days"),
    ]);
    for n in 1..=3 {
        bench.write("days.csv", &format!("day,n\nmon,{n}\ntue,{n}\nwed,{n}\n"));
        bench.run(&[]);
    }
    let before = files(&bench, "refined/tens");
    assert_eq!(bench.trapiche(&["compact", "days"]).code, 0);
    assert_eq!(files(&bench, "trusted/days").len(), 3);
    let report = bench.run(&[]);
    for dataset in report["datasets"].as_array().unwrap() {
        assert_eq!(dataset["status"], "unchanged", "{dataset}");
    }
    bench.write("days.csv", "day,n\ntue,4\n");
    let report = bench.run(&[]);
    assert_eq!(report["datasets"][2]["why"], "1 of 3 partitions: inputs changed");
    assert_eq!(kept_of(&files(&bench, "refined/tens"), &before), 2);
    assert_eq!(bench.hive_rows("refined/tens").len(), 10);
}

const SALES: [(&str, &str); 2] = [
    (
        "trapiche.yml",
        "name: sales\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { sales: { url: \"file://./sales.csv\" } }\n",
    ),
    ("queries/refined/sums.sql", "SELECT count(*) AS n, sum(cast(n AS int)) AS total FROM trusted.sales"),
];

/// A table whose input's rows are of another making is stale, whatever the input was made from.
#[test]
fn what_counts_of_an_input_is_its_rows_and_not_what_it_was_made_from() {
    let a = "n\n1\n2\n";
    for (sql, sources) in [
        ("/* trapiche\nwrite: append\n*/ SELECT n FROM raw.sales", [a, "n\n5\n", a]),
        (
            "/* trapiche\npartition_by: [k]\nwrite: overwrite_partitions\n*/ SELECT n, n AS k FROM raw.sales",
            [a, "n\n5\n", a],
        ),
    ] {
        let bench = Workbench::of(&SALES);
        bench.write("queries/trusted/sales.sql", sql);
        bench.write("sales.csv", sources[0]);
        bench.run(&[]);
        for source in &sources[1..] {
            bench.write("sales.csv", source);
            bench.run(&["+trusted.sales"]);
        }
        bench.run(&["sums"]);
        let sums = |from: &str| bench.query(&format!("SELECT n, total FROM {from}"));
        assert_eq!(
            sums("refined.sums"),
            sums("(SELECT count(*) AS n, sum(cast(n AS int)) AS total FROM trusted.sales)"),
            "{sql}"
        );
        assert_eq!(bench.run(&["sums"])["datasets"][0]["status"], "unchanged", "{sql}");
    }
}

#[test]
fn what_is_drawn_is_drawn_by_every_run_with_all_that_reads_it() {
    let bench = Workbench::of(&SALES);
    bench.write("sales.csv", "n\n1\n2\n");
    bench.write("queries/trusted/sales.sql", "SELECT n, random() AS lot FROM raw.sales");
    bench.write("queries/refined/lots.sql", "SELECT n, lot FROM trusted.sales");
    bench.write("queries/refined/late.sql", "/* trapiche\nchecks: [{ rule: \"seen <= now()\" }]\n*/ SELECT cast('2020-01-01' AS timestamp) AS seen FROM raw.sales");
    bench.write("queries/refined/log.sql", "/* trapiche\nwrite: append\n*/ SELECT n, now() AS seen FROM raw.sales");
    bench.run(&[]);
    let planned: serde_json::Value = serde_json::from_str(&bench.trapiche(&["plan", "-o", "json"]).stdout).unwrap();
    let planned: Vec<String> = planned
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}: {}", it["dataset"], it["action"], it["why"]).replace('"', ""))
        .collect();
    insta::assert_snapshot!(planned.join("\n"), @r"
    raw.sales capture: asks whether the source has changed
    trusted.sales make: it uses `random()`: made by every run
    refined.late make: it uses `now()`: made by every run
    refined.log unchanged: same definition and same inputs
    refined.lots make: `trusted.sales` is made before it
    refined.sums make: `trusted.sales` is made before it
    ");
    let report = bench.run(&[]);
    let status = |name: &str| {
        let datasets = report["datasets"].as_array().unwrap();
        datasets.iter().find(|dataset| dataset["dataset"] == name).unwrap()["status"].as_str().unwrap().to_string()
    };
    let made = ["trusted.sales", "refined.lots", "refined.late", "refined.log"].map(status);
    // What is appended stays there: time alone does not append it again.
    assert_eq!(made, ["made", "made", "made", "unchanged"]);
    assert_eq!(bench.hive_rows("refined/lots"), bench.hive_rows("trusted/sales"));
    assert_eq!(bench.hive_rows("refined/log").len(), 2);
}

const DATED: Queries = &[
    ("ages", "day", "SELECT id, date_diff(current_date(), date '2020-01-01') AS age, day FROM trusted.a"),
    ("ids", "day", "SELECT id, day FROM trusted.a"),
];

#[test]
fn what_uses_the_date_is_made_once_a_day() {
    let mut bench = Bench::new(&runtime(), DATED);
    beginning().iter().for_each(|change| bench.apply(change));
    let made = |report: RunReport| -> Vec<bool> {
        report.datasets.iter().map(|dataset| dataset.status == DatasetStatus::Made).collect()
    };
    assert_eq!(made(bench.run()), [true, true]);
    assert_eq!(made(bench.run()), [false, false]);
    // On the same day it is made in parts, as any other.
    bench.apply(&Change::Write("a", vec![(1, 8, Some(0), None)]));
    let report = bench.run();
    assert_eq!(report.datasets[0].why.as_deref(), Some("1 of 8 partitions: inputs changed"));
    bench.moment += 24 * 60 * 60;
    assert_eq!(made(bench.run()), [true, false]);
    assert_eq!(made(bench.run()), [false, false]);
}

fn kept_of(now: &BTreeMap<String, String>, before: &BTreeMap<String, String>) -> usize {
    now.iter().filter(|file| before.get(file.0) == Some(file.1)).count()
}

fn runtime() -> Arc<Runtime> {
    Arc::new(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}
