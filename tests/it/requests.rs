//! What a run asks of its store, counted: on S3 each request has a price, and takes some 30 ms.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use object_store::path::Path;
use trapiche::config::Limits;
use trapiche::lake::{Lake, path};
use trapiche::pipeline::{self, RunOptions, Stop};
use trapiche::project::{self, Project};
use trapiche::report::{RunReport, RunStamp, RunStatus};

use crate::asked::{Asked, Kind, Request};
use crate::places;
use crate::workbench::Workbench;

const SETTINGS: &str = "
name: counted
targets: { here: { storage: \"file://./lake\" } }
sources:
  still: { url: \"file://./still.csv\", columns: { n: bigint } }
  days: { url: \"file://./days.csv\", columns: { n: bigint, m: bigint } }
";

const DAYS: &str = "day,n,m\nmon,1,2\ntue,2,2\nwed,3,1\nthu,4,9\n";
const OTHER_DAYS: &str = "day,n,m\nmon,1,2\ntue,5,2\nwed,3,1\nfri,4,9\n";

#[test]
fn a_run_asks_little_of_its_store() {
    let counted = Counted::of(&[
        ("queries/trusted/still.sql", "SELECT day, n FROM raw.still"),
        ("queries/trusted/days.sql", "SELECT day, n, m FROM raw.days"),
        (
            "queries/refined/both.sql",
            "SELECT day, d.n + s.n AS n FROM trusted.days AS d JOIN trusted.still AS s USING (day)",
        ),
        ("models/profile.yml", "describe: { input: trusted.days, columns: [n, m] }\n"),
    ]);
    counted.run();
    counted.bench.write("days.csv", OTHER_DAYS);
    let (report, requests) = counted.run();
    insta::assert_snapshot!(table(&report, &requests), @r"
    of | LIST | GET | HEAD | PUT | COPY | DELETE
    raw.days, made | 0 | 2 | 0 | 4 | 0 | 1
    raw.still, unchanged | 0 | 2 | 0 | 0 | 0 | 0
    trusted.days, made | 1 | 1 | 0 | 3 | 2 | 2
    trusted.still, unchanged | 0 | 1 | 0 | 0 | 0 | 0
    refined.both, made | 1 | 1 | 0 | 3 | 2 | 3
    refined.profile, made | 1 | 1 | 0 | 3 | 2 | 2
    the run | 6 | 0 | 0 | 2 | 0 | 1
    all | 9 | 8 | 0 | 15 | 6 | 9
    rows are read by 11 GET
    ");
    let (report, requests) = counted.run();
    insta::assert_snapshot!(table(&report, &requests), @r"
    of | LIST | GET | HEAD | PUT | COPY | DELETE
    raw.days, unchanged | 0 | 2 | 0 | 0 | 0 | 0
    raw.still, unchanged | 0 | 2 | 0 | 0 | 0 | 0
    trusted.days, unchanged | 0 | 1 | 0 | 0 | 0 | 0
    trusted.still, unchanged | 0 | 1 | 0 | 0 | 0 | 0
    refined.both, unchanged | 0 | 1 | 0 | 0 | 0 | 0
    refined.profile, unchanged | 0 | 1 | 0 | 0 | 0 | 0
    the run | 5 | 0 | 0 | 2 | 0 | 1
    all | 5 | 8 | 0 | 2 | 0 | 1
    rows are read by 0 GET
    ");
}

/// A table's version, a source's state and its landing's manifest: whoever needs one has it handed on.
#[test]
fn each_manifest_is_read_once() {
    let counted = Counted::of(&[
        ("queries/trusted/still.sql", "SELECT day, n FROM raw.still"),
        ("queries/trusted/days.sql", "/* trapiche\npartition_by: [day]\n*/ SELECT n, m, day FROM raw.days"),
        ("queries/trusted/log.sql", "/* trapiche\nwrite: append\n*/ SELECT day, n FROM raw.days"),
        (
            "queries/trusted/touched.sql",
            "/* trapiche\nwrite: overwrite_partitions\npartition_by: [day]\n*/ SELECT n, day FROM raw.days",
        ),
        ("queries/refined/parts.sql", "/* trapiche\npartition_by: [day]\n*/ SELECT n * 2 AS n, day FROM trusted.days"),
        ("queries/refined/both.sql", "SELECT day, s.n FROM trusted.days JOIN trusted.still AS s USING (day)"),
        ("models/profile.yml", "describe: { input: trusted.days, columns: [n, m] }\n"),
        (
            "models/groups.yml",
            "kmeans: { input: trusted.days, key: [day], features: [n, m], k: 2, init: k-means++, seed: 1 }\n",
        ),
    ]);
    let assert_read_once = |selected: &[&str]| {
        let (_, requests) = counted.run_of(selected);
        let mut reads: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, object) in requests.iter().filter(|(kind, object)| *kind == Kind::Get && is_manifest(object)) {
            *reads.entry(object).or_default() += 1;
        }
        let several: Vec<_> = reads.iter().filter(|(_, times)| **times > 1).collect();
        assert!(several.is_empty(), "{several:?}");
        reads.len()
    };
    assert_eq!(assert_read_once(&[]), 0, "there is nothing yet");
    counted.bench.write("days.csv", OTHER_DAYS);
    // Two sources of a state and a landing each, seven queries and models of one table each and one of three.
    assert_eq!(assert_read_once(&[]), 2 * 2 + 7 + 3);
    assert_eq!(assert_read_once(&[]), 2 * 2 + 7 + 3);
    // What it reads is of datasets that it has not claimed. Three of them read the same.
    assert_eq!(assert_read_once(&["refined.*"]), 2 * 2 + 2 + 3 + 3);
}

fn is_manifest(object: &str) -> bool {
    let name = object.rsplit('/').next().unwrap();
    let is_of_a_table = path::parse_version(name).is_some() && !path::is_node(object);
    is_of_a_table || path::parse_state(name).is_some() || name == "_landing.json"
}

/// A project, and a lake in memory that counts.
struct Counted {
    bench: Workbench,
    project: Project,
    lake: Lake,
    store: Asked,
    runs: std::cell::Cell<u32>,
}

impl Counted {
    fn of(files: &[(&str, &str)]) -> Counted {
        let sources = [("trapiche.yml", SETTINGS), ("still.csv", DAYS), ("days.csv", DAYS)];
        let bench = Workbench::of(&[&sources, files].concat());
        let project = project::load(&bench.path(""), None, &|_| None).unwrap();
        let (url, store, uploads) = places::open("memory");
        let store = Asked::new(store, uploads);
        let lake = Lake::on(&url, Arc::new(store.clone()), Some(Arc::new(store.clone()))).unwrap();
        Counted { bench, project, lake, store, runs: 0.into() }
    }

    /// Runs the project: what became of it, and what it asked.
    fn run(&self) -> (RunReport, Vec<Request>) {
        self.run_of(&[])
    }

    fn run_of(&self, selected: &[&str]) -> (RunReport, Vec<Request>) {
        self.runs.set(self.runs.get() + 1);
        // Long after the files were written: a source that changed a moment ago might change again unseen.
        let at = chrono::Utc::now() + chrono::TimeDelta::hours(i64::from(self.runs.get()));
        let stamp = RunStamp { run_id: format!("run{}", self.runs.get()), at };
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        // One thread, or what is read of a data file would depend on the machine.
        let limits = Limits { memory_bytes: 1 << 30, threads: 1 };
        let select = selected.iter().map(ToString::to_string).collect();
        let (options, stop) = (RunOptions { select, ..RunOptions::default() }, Stop::default());
        let running = pipeline::run(&self.project, &self.lake, &limits, &options, &stamp, events, &stop);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let report = builder.enable_all().build().unwrap().block_on(running).unwrap();
        assert_eq!(report.status, RunStatus::Ok, "{:?}", report.datasets);
        (report, self.store.take())
    }
}

/// The requests by the table whose objects they are about; those that read rows are apart.
fn table(report: &RunReport, requests: &[Request]) -> String {
    let kinds = [Kind::List, Kind::Get, Kind::Head, Kind::Put, Kind::Copy, Kind::Delete];
    let mut rows: Vec<(String, Vec<&Request>)> = vec![];
    for dataset in &report.datasets {
        let status = format!("{:?}", dataset.status).to_lowercase();
        rows.push((format!("{}, {status}", dataset.dataset), vec![]));
    }
    rows.push(("the run".to_string(), vec![]));
    let mut of_rows = 0;
    for request in requests {
        let (kind, object) = request;
        let is_data = object.contains("/part-") && *kind == Kind::Get;
        of_rows += usize::from(is_data);
        let of = report.datasets.iter().position(|dataset| is_about(object, dataset.dataset.to_string()));
        if !is_data {
            rows[of.unwrap_or(report.datasets.len())].1.push(request);
        }
    }
    let all = rows.iter().flat_map(|(_, requests)| requests.clone()).collect();
    rows.push(("all".to_string(), all));
    let mut text = "of | LIST | GET | HEAD | PUT | COPY | DELETE\n".to_string();
    for (of, requests) in rows {
        let counts = kinds.map(|kind| requests.iter().filter(|(other, _)| *other == kind).count().to_string());
        writeln!(text, "{of} | {}", counts.join(" | ")).unwrap();
    }
    write!(text, "rows are read by {of_rows} GET").unwrap();
    text
}

fn is_about(object: &str, dataset: String) -> bool {
    let (zone, name) = dataset.split_once('.').unwrap();
    let object = format!("{}/", Path::from(object));
    object.contains(&format!("{zone}/{name}/")) || zone == "raw" && object.contains(&format!("sources/{name}/"))
}
