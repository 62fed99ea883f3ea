//! Death at every operation: a process that aborts at its n-th store operation, for every n, and a run after it.
//!
//! Each point is a child process, this very executable, that runs a small project on a lake of its own whose store
//! aborts the process. The lake starts with one version; the run replaces three partitions and adds two.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};
use trapiche::config::Limits;
use trapiche::lake::{Lake, TableName, version};
use trapiche::pipeline::{self, RunOptions, Stop};
use trapiche::project::{self, Project};
use trapiche::report::{RunReport, RunStamp, RunStatus};

use crate::faulty::{Fault, Faulty};
use crate::places::{self, S3Server};
use crate::workbench::Workbench;

const LIMITS: Limits = Limits { memory_bytes: 1 << 30, threads: 2 };
const OLD: &str = "day,n\nmon,1\ntue,2\nwed,3\nthu,4\n";
const NEW: &str = "day,n\nmon,10\ntue,20\nwed,30\nfri,50\n50% off,60\n";
const OLD_ROWS: [&str; 4] = ["mon 1", "thu 4", "tue 2", "wed 3"];
const NEW_ROWS: [&str; 6] = ["50% off 60", "fri 50", "mon 10", "thu 4", "tue 20", "wed 30"];

#[test]
fn a_run_may_die_at_any_operation_on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    dies_everywhere("folder", false, |name| format!("file://{}/{name}", folder.path().display()));
}

#[test]
fn a_run_may_die_at_any_operation_on_s3s() {
    let Some(server) = S3Server::start("s3s") else { return };
    dies_everywhere("s3s", false, |name| server.place(name));
    assert_eq!(server.open_uploads(), (0, 0), "(open uploads, their parts)");
}

#[test]
fn a_run_may_die_at_any_operation_on_minio() {
    let Some(server) = S3Server::start("minio") else { return };
    dies_everywhere("minio", false, |name| server.place(name));
    assert_eq!(server.open_uploads(), (0, 0), "(open uploads, their parts)");
}

#[test]
fn a_run_may_die_at_any_operation_on_s3s_with_uploads() {
    dies_everywhere_with_uploads("s3s");
}

#[test]
fn a_run_may_die_at_any_operation_on_minio_with_uploads() {
    dies_everywhere_with_uploads("minio");
}

fn dies_everywhere_with_uploads(kind: &str) {
    let Some(server) = S3Server::start(kind) else { return };
    dies_everywhere(&format!("{kind}, every file an upload"), true, |name| server.place(name));
    // Who dies between the answer and the note leaves an upload that nobody knows, but without parts.
    let (uploads, parts) = server.open_uploads();
    println!("{kind}: {uploads} open uploads with {parts} parts were left");
    // s3s-fs forgets the parts of an upload whose completion is under way when the client goes away.
    assert!(parts == 0 || kind == "s3s", "parts of uploads that nobody will complete");
}

/// The same with errors instead of deaths: here the run itself has to tidy up.
#[test]
fn any_operation_may_fail() {
    let bench = bench();
    let runtime = runtime();
    let project = project(&bench);
    runtime.block_on(async {
        let mut points = 0;
        for fault in
            [Fault::Fail, Fault::LoseAnswer, Fault::CutShort, Fault::Delay(std::time::Duration::from_millis(5))]
        {
            for at in 1.. {
                let (url, store, uploads) = places::open("memory");
                let lake = Lake::on(&url, store.clone(), uploads.clone()).unwrap().with_uploads_from(0);
                bench.write("rows.csv", OLD);
                make(&project, &lake).await;
                bench.write("rows.csv", NEW);
                let faulty = Faulty::new(store, uploads, at, fault);
                let broken = Lake::on(&url, Arc::new(faulty.clone()), Some(Arc::new(faulty.clone()))).unwrap();
                let outcome = run(&project, &broken.with_uploads_from(0)).await;
                let rows = rows(&project, &lake).await;
                assert!(rows == OLD_ROWS || rows == NEW_ROWS, "{fault:?} at {at}: {rows:?}");
                if matches!(fault, Fault::Delay(_)) {
                    assert_eq!(outcome.unwrap().status, RunStatus::Ok, "{fault:?} at {at}");
                }
                // A claim that could not be taken back ends with its process; this one lives on.
                lake.delete_all("_trapiche/runs").await.unwrap();
                make(&project, &lake).await;
                is_tidy(&project, &lake, &format!("{fault:?} at {at}")).await;
                if faulty.seen() < at {
                    break;
                }
                points += 1;
            }
        }
        println!("{points} faults were tried in memory");
    });
}

/// One run on a store that aborts this process: what [`dies_everywhere`] starts.
#[test]
#[ignore = "started by the other tests here, as a process of its own"]
fn child() {
    let Some((at, uploads_only, place, folder)) = asked() else { return };
    let project = project::load(Path::new(&folder), None, &|_| None).unwrap();
    let (url, store, uploads) = places::open(&place);
    let faulty = Faulty::new(store, uploads.clone(), at, Fault::Die);
    let lake = Lake::on(&url, Arc::new(faulty.clone()), uploads.map(|_| Arc::new(faulty) as _)).unwrap();
    let lake = if uploads_only { lake.with_uploads_from(0) } else { lake };
    runtime().block_on(make(&project, &lake));
}

const ASKED: &str = "TRAPICHE_TEST_CHILD";

#[expect(clippy::disallowed_methods, reason = "a child is told what to do in its environment")]
fn asked() -> Option<(u64, bool, String, String)> {
    let text = std::env::var(ASKED).ok()?;
    let mut words = text.split('\t');
    let mut word = || words.next().unwrap().to_string();
    Some((word().parse().unwrap(), word().parse().unwrap(), word(), word()))
}

/// Tries every point on the lakes of `place`, several at a time.
fn dies_everywhere(what: &str, uploads_only: bool, place: impl Fn(&str) -> String + Sync) {
    let bench = bench();
    let project = project(&bench);
    let runtime = runtime();
    let open = |name: &str| {
        let (url, store, uploads) = places::open(&place(name));
        let lake = Lake::on(&url, store, uploads).unwrap();
        if uploads_only { lake.with_uploads_from(0) } else { lake }
    };
    let (base, undisturbed) = (open("base"), open("undisturbed"));
    runtime.block_on(async {
        make(&project, &base).await;
        assert_eq!(rows(&project, &base).await, OLD_ROWS);
        copy(base.store(), undisturbed.store()).await;
    });
    bench.write("rows.csv", NEW);
    runtime.block_on(make(&project, &undisturbed));
    let expected = runtime.block_on(shape(&undisturbed));

    let (next, survived) = (AtomicU64::new(1), AtomicBool::new(false));
    let seen = Mutex::new((0, 0, 0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !survived.load(Ordering::SeqCst) {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let lake = open(&format!("at{at}"));
                    runtime.block_on(copy(base.store(), lake.store()));
                    let words =
                        format!("{at}\t{}\t{}\t{}", uploads_only, place(&format!("at{at}")), bench.path("").display());
                    if lives(&words) {
                        survived.store(true, Ordering::SeqCst);
                        continue;
                    }
                    runtime.block_on(async {
                        let rows = rows(&project, &lake).await;
                        assert!(rows == OLD_ROWS || rows == NEW_ROWS, "{what}, died at {at}: {rows:?}");
                        make(&project, &lake).await;
                        is_tidy(&project, &lake, &format!("{what}, died at {at}")).await;
                        assert_eq!(shape(&lake).await, expected, "{what}, died at {at}");
                        let mut seen = seen.lock().unwrap();
                        *seen =
                            (seen.0 + 1, seen.1 + u32::from(rows == OLD_ROWS), seen.2 + u32::from(rows == NEW_ROWS));
                    });
                }
            });
        }
    });
    let (points, old, new) = seen.into_inner().unwrap();
    println!(
        "{what}: died at {points} operations; readers saw the old version {old} times and the new one {new} times"
    );
    assert!(points > 30 && old > 0 && new > 0, "{points} {old} {new}");
}

/// Runs the child; whether it came to its end.
fn lives(words: &str) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["crash_points::child", "--exact", "--ignored", "--nocapture"])
        .env(ASKED, words)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let words = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() || output.status.code().is_none(), "it failed instead of dying: {words}");
    output.status.success()
}

fn bench() -> Workbench {
    Workbench::of(&[
        (
            "trapiche.yml",
            "name: crash\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { rows: { url: \"file://./rows.csv\" } }\n",
        ),
        ("rows.csv", OLD),
        (
            "queries/trusted/days.sql",
            "/* trapiche\npartition_by: [day]\nwrite: overwrite_partitions\n*/ SELECT CAST(n AS int) AS n, day FROM raw.rows",
        ),
    ])
}

fn project(bench: &Workbench) -> Project {
    project::load(&bench.path(""), None, &|_| None).unwrap()
}

/// Runs the project; every dataset is made or unchanged.
async fn make(project: &Project, lake: &Lake) {
    let report = run(project, lake).await.unwrap();
    assert_eq!(report.status, RunStatus::Ok, "{:?}", report.datasets);
}

async fn run(project: &Project, lake: &Lake) -> trapiche::error::Result<RunReport> {
    let at = chrono::Utc::now();
    let stamp = RunStamp { run_id: at.format("%Y%m%dT%H%M%SZ-%6f").to_string(), at };
    let (events, _) = tokio::sync::mpsc::unbounded_channel();
    pipeline::run(project, lake, &LIMITS, &RunOptions::default(), &stamp, events, &Stop::default()).await
}

/// The table as a reader by its version sees it, in order.
async fn rows(project: &Project, lake: &Lake) -> Vec<String> {
    let session = pipeline::query(project, lake, &LIMITS, "test").await.unwrap();
    let batches = session.table(&table()).await.unwrap().collect().await.unwrap();
    let mut rows = vec![];
    for batch in batches {
        let options = FormatOptions::new();
        let cell = |name: &str| ArrayFormatter::try_new(batch.column_by_name(name).unwrap(), &options).unwrap();
        let (day, n) = (cell("day"), cell("n"));
        rows.extend((0..batch.num_rows()).map(|row| format!("{} {}", day.value(row), n.value(row))));
    }
    rows.sort();
    rows
}

/// The new rows, and no object that the version does not name or that is of a run.
async fn is_tidy(project: &Project, lake: &Lake, when: &str) {
    assert_eq!(rows(project, lake).await, NEW_ROWS, "{when}");
    let current = version::latest(lake, &table()).await.unwrap().unwrap();
    let named: BTreeSet<String> =
        version::files(lake, &current).await.unwrap().into_iter().map(|file| file.path).collect();
    let visible: BTreeSet<String> = lake.list("trusted").await.unwrap().into_iter().collect();
    assert_eq!(visible, named, "{when}");
    for hidden in lake.list("_trapiche").await.unwrap() {
        assert!(
            ["_trapiche/tables/", "_trapiche/attic/"].iter().any(|folder| hidden.starts_with(folder))
                && !hidden.contains("pending"),
            "{when}: {hidden}"
        );
    }
}

/// How many objects there are in each folder. (A run that dies after its report leaves a report more.)
async fn shape(lake: &Lake) -> BTreeMap<String, usize> {
    let mut folders = BTreeMap::new();
    for name in lake.list("").await.unwrap().iter().filter(|name| !name.starts_with("_runs/")) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        // The folder of a landing is named after its run.
        let folder = folder.split("/run=").next().unwrap();
        *folders.entry(folder.to_string()).or_default() += 1;
    }
    folders
}

async fn copy(from: &Arc<dyn ObjectStore>, to: &Arc<dyn ObjectStore>) {
    let objects: Vec<_> = from.list(None).try_collect().await.unwrap();
    for object in objects {
        let bytes = from.get(&object.location).await.unwrap().bytes().await.unwrap();
        to.put(&object.location, bytes.into()).await.unwrap();
    }
}

fn table() -> TableName {
    TableName::parse("trusted.days").unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).thread_stack_size(8 << 20).enable_all().build().unwrap()
}
