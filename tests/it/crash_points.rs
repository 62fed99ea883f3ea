//! Death at every operation: a process that aborts at its n-th store operation, for every n, and a run after it.
//!
//! Each point is a child process, this very executable, that runs a small project on a lake of its own whose store
//! aborts the process. The lake starts with one version; the run replaces three partitions and adds two. The table is a
//! small one, or one whose list of files is a tree, so that its commit writes nodes as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use trapiche::config::Limits;
use trapiche::lake::table::tree::FAN_OUT;
use trapiche::lake::table::version::{self, FileLayout, Version};
use trapiche::lake::{Lake, TableName, path, state};
use trapiche::pipeline::{self, RunOptions, Stop};
use trapiche::project::{self, Project};
use trapiche::report::{RunReport, RunStamp, RunStatus};

use crate::faulty::{Fault, Faulty};
use crate::places::{self, S3Server};
use crate::workbench::Workbench;

const LIMITS: Limits = Limits { memory_bytes: 1 << 30, threads: 2 };

/// What the source has at first and then, and the rows of the table after each.
struct Case {
    old: String,
    new: String,
    old_rows: Vec<String>,
    new_rows: Vec<String>,
    /// Objects that hold parts of the list of files, of both versions.
    nodes: usize,
    /// Dies at every n-th operation only.
    every: u64,
    /// How the table is written.
    write: &'static str,
}

impl Case {
    fn small() -> Case {
        Case::of(&[("mon", 1), ("tue", 2), ("wed", 3), ("thu", 4)], &["mon", "tue", "wed", "fri", "50% off"], 0)
    }

    /// A table of so many files that their list is two leaves, both of which the next version changes.
    fn large() -> Case {
        let days: Vec<String> = (0..FAN_OUT + 22).map(|day| format!("day {day:03}")).collect();
        let old: Vec<(&str, i32)> = days.iter().map(|day| (day.as_str(), 1)).collect();
        Case::of(&old, &["day 010", "day 011", "day 140", "day 999", "50% off"], 4)
    }

    /// The same by merging: the rows that come wait aside, where a run that dies leaves them.
    fn merged() -> Case {
        Case { write: "write: merge\nkey: [day]", ..Case::small() }
    }

    /// The same for readers who go by Glue: what is replaced stays where it is.
    fn atomic() -> Case {
        Case { write: "write: overwrite_partitions\nreads: atomic", ..Case::small() }
    }

    fn of(old: &[(&str, i32)], new: &[&str], nodes: usize) -> Case {
        let csv = |rows: &BTreeMap<&str, i32>| {
            rows.iter().fold("day,n\n".to_string(), |csv, (day, n)| format!("{csv}{day},{n}\n"))
        };
        let texts = |rows: &BTreeMap<&str, i32>| rows.iter().map(|(day, n)| format!("{day} {n}")).collect();
        let old: BTreeMap<&str, i32> = old.iter().copied().collect();
        let new: BTreeMap<&str, i32> = new.iter().zip(10..).map(|(day, n)| (*day, n)).collect();
        let both = old.iter().chain(&new).map(|(day, n)| (*day, *n)).collect();
        Case {
            old: csv(&old),
            new: csv(&new),
            old_rows: texts(&old),
            new_rows: texts(&both),
            nodes,
            every: 1,
            write: "write: overwrite_partitions",
        }
    }
}

#[test]
fn a_run_may_die_at_any_operation_on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    dies_everywhere("folder", &Case::small(), false, |name| format!("file://{}/{name}", folder.path().display()));
}

#[test]
fn an_atomic_overwrite_may_die_at_any_operation_on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| format!("file://{}/{name}", folder.path().display());
    dies_everywhere("folder, read atomically", &Case::atomic(), false, place);
}

#[test]
fn a_merge_may_die_at_any_operation_on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| format!("file://{}/{name}", folder.path().display());
    dies_everywhere("folder, merged", &Case::merged(), false, place);
}

#[test]
fn a_merge_may_die_at_any_operation_on_s3s() {
    let Some(server) = S3Server::start("s3s") else { return };
    dies_everywhere("s3s, merged", &Case::merged(), false, |name| server.place(name));
    assert_eq!(server.open_uploads(), (0, 0), "(open uploads, their parts)");
}

#[test]
fn a_run_may_die_at_any_operation_on_s3s() {
    let Some(server) = S3Server::start("s3s") else { return };
    dies_everywhere("s3s", &Case::small(), false, |name| server.place(name));
    assert_eq!(server.open_uploads(), (0, 0), "(open uploads, their parts)");
}

#[test]
fn a_run_may_die_at_any_operation_on_minio() {
    let Some(server) = S3Server::start("minio") else { return };
    dies_everywhere("minio", &Case::small(), false, |name| server.place(name));
    assert_eq!(server.open_uploads(), (0, 0), "(open uploads, their parts)");
}

#[test]
fn a_run_may_die_at_any_operation_on_a_large_table_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| format!("file://{}/{name}", folder.path().display());
    dies_everywhere("folder, large table", &Case::large(), false, place);
}

#[test]
fn a_run_may_die_at_any_operation_on_a_large_table_on_s3s() {
    let Some(server) = S3Server::start("s3s") else { return };
    // Copying the lake and reading it takes a server seconds for each; a folder tries them all.
    let case = Case { every: 5, ..Case::large() };
    dies_everywhere("s3s, large table", &case, false, |name| server.place(name));
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
    dies_everywhere(&format!("{kind}, every file an upload"), &Case::small(), true, |name| server.place(name));
    // Who dies between the answer and the note leaves an upload that nobody knows, but without parts.
    let (uploads, parts) = server.open_uploads();
    println!("{kind}: {uploads} open uploads with {parts} parts were left");
    // s3s-fs forgets the parts of an upload whose completion is under way when the client goes away.
    assert!(parts == 0 || kind == "s3s", "parts of uploads that nobody will complete");
}

/// The same with errors instead of deaths: here the run itself has to tidy up.
#[test]
fn any_operation_may_fail() {
    fails_everywhere(&Case::small());
}

#[test]
fn any_operation_of_an_atomic_overwrite_may_fail() {
    fails_everywhere(&Case::atomic());
}

#[test]
fn any_operation_of_a_merge_may_fail() {
    fails_everywhere(&Case::merged());
}

fn fails_everywhere(case: &Case) {
    let bench = bench(case);
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
                bench.write("rows.csv", &case.old);
                make(&project, &lake).await;
                bench.write("rows.csv", &case.new);
                let faulty = Faulty::new(store, uploads, at, fault);
                let broken = Lake::on(&url, Arc::new(faulty.clone()), Some(Arc::new(faulty.clone()))).unwrap();
                let outcome = run(&project, &broken.with_uploads_from(0)).await;
                let rows = rows(&project, &lake).await;
                assert!(rows == case.old_rows || rows == case.new_rows, "{fault:?} at {at}: {rows:?}");
                if matches!(fault, Fault::Delay(_)) {
                    assert_eq!(outcome.unwrap().status, RunStatus::Ok, "{fault:?} at {at}");
                }
                // A claim that could not be taken back ends with its process; this one lives on.
                lake.delete_all("_trapiche/runs").await.unwrap();
                make(&project, &lake).await;
                is_tidy(case, &project, &lake, &format!("{fault:?} at {at}")).await;
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
fn dies_everywhere(what: &str, case: &Case, uploads_only: bool, place: impl Fn(&str) -> String + Sync) {
    let bench = bench(case);
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
        assert_eq!(rows(&project, &base).await, case.old_rows);
        copy(base.store(), undisturbed.store()).await;
    });
    bench.write("rows.csv", &case.new);
    runtime.block_on(make(&project, &undisturbed));
    let expected = runtime.block_on(shape(&undisturbed));
    assert_eq!(expected.get("_trapiche/tables/trusted/days/nodes").copied().unwrap_or(0), case.nodes);

    let (next, survived) = (AtomicU64::new(case.every), AtomicBool::new(false));
    let seen = Mutex::new((0u64, 0, 0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !survived.load(Ordering::SeqCst) {
                    let at = next.fetch_add(case.every, Ordering::SeqCst);
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
                        assert!(rows == case.old_rows || rows == case.new_rows, "{what}, died at {at}: {rows:?}");
                        make(&project, &lake).await;
                        is_tidy(case, &project, &lake, &format!("{what}, died at {at}")).await;
                        assert_eq!(shape(&lake).await, expected, "{what}, died at {at}");
                        let mut seen = seen.lock().unwrap();
                        *seen = (
                            seen.0 + 1,
                            seen.1 + u32::from(rows == case.old_rows),
                            seen.2 + u32::from(rows == case.new_rows),
                        );
                    });
                }
            });
        }
    });
    let (points, old, new) = seen.into_inner().unwrap();
    println!(
        "{what}: died at {points} operations; readers saw the old version {old} times and the new one {new} times"
    );
    assert!(points * case.every > 30 && old > 0 && new > 0, "{points} {old} {new}");
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

fn bench(case: &Case) -> Workbench {
    Workbench::of(&[
        (
            "trapiche.yml",
            "name: crash\ntargets: { here: { storage: \"file://./lake\" } }\nsources: { rows: { url: \"file://./rows.csv\" } }\n",
        ),
        ("rows.csv", &case.old),
        (
            "queries/trusted/days.sql",
            &format!(
                "/* trapiche\npartition_by: [day]\n{}\n*/ SELECT CAST(n AS int) AS n, day FROM raw.rows",
                case.write
            ),
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

/// The new rows, and no object that no version names or that is of a run.
async fn is_tidy(case: &Case, project: &Project, lake: &Lake, when: &str) {
    assert_eq!(rows(project, lake).await, case.new_rows, "{when}");
    let current = version::latest(lake, &table()).await.unwrap().unwrap();
    let paths =
        async |version: &Version| version::files(lake, version).await.unwrap().into_iter().map(|file| file.path);
    let mut named: BTreeSet<String> = paths(&current).await.collect();
    let mut nodes = BTreeSet::new();
    for kept in version::kept(lake, &table()).await.unwrap() {
        let Some(kept) = version::read(lake, &table(), kept.number).await.unwrap() else { continue };
        // They stay for whoever has been sent there.
        if kept.layout == FileLayout::Runs {
            named.extend(paths(&kept).await);
        }
        nodes.extend(version::nodes(lake, &kept).await.unwrap());
    }
    let visible = [lake.list("trusted").await.unwrap(), lake.list(path::VERSIONS).await.unwrap()];
    assert_eq!(visible.concat().into_iter().collect::<BTreeSet<_>>(), named, "{when}");
    for hidden in lake.list("_trapiche").await.unwrap() {
        let is_of_a_version = hidden.contains("/v0000") && (!path::is_node(&hidden) || nodes.remove(&hidden));
        let is_a_state = hidden.rsplit('/').next().and_then(path::parse_state).is_some();
        assert!(is_of_a_version || is_a_state || hidden.starts_with(path::ATTIC), "{when}: {hidden}");
    }
    let landed = state::ever_live(lake, "rows").await.unwrap();
    for part in lake.list("raw").await.unwrap() {
        assert!(landed.iter().any(|folder| part.starts_with(folder)), "{when}: {part}");
    }
    assert_eq!(nodes, BTreeSet::new(), "{when}: nodes that are named, but are not there");
}

/// How many objects there are in each folder. (A run that dies after its report leaves a report more, and a capture that is
/// taken back a state.)
async fn shape(lake: &Lake) -> BTreeMap<String, usize> {
    let mut folders = BTreeMap::new();
    let is_counted = |name: &&String| !name.starts_with("_runs/") && !name.starts_with("_trapiche/sources/");
    for name in lake.list("").await.unwrap().iter().filter(is_counted) {
        let number = name.strip_prefix("_trapiche/tables/trusted/days/").and_then(path::parse_version);
        // The number of a version that was taken back stays taken.
        if let Some(number) = number
            && version::read(lake, &table(), number).await.unwrap().is_none()
        {
            continue;
        }
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        // The folder of a landing is named after its run.
        let folder = folder.split("/run=").next().unwrap();
        // So is that of its files.
        let of_table = folder.strip_prefix("versions/trusted/days/").and_then(|rest| rest.split_once('/'));
        let folder = of_table.map_or(folder.to_string(), |(_, partition)| format!("versions/{partition}"));
        *folders.entry(folder.to_string()).or_default() += 1;
    }
    folders
}

async fn copy(from: &Arc<dyn ObjectStore>, to: &Arc<dyn ObjectStore>) {
    let copy = |object: ObjectMeta| async move {
        let bytes = from.get(&object.location).await?.bytes().await?;
        to.put(&object.location, bytes.into()).await.map(drop)
    };
    from.list(None).try_for_each_concurrent(16, copy).await.unwrap();
}

fn table() -> TableName {
    TableName::parse("trusted.days").unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).thread_stack_size(8 << 20).enable_all().build().unwrap()
}
