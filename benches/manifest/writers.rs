//! A thousand writers: the tasks of one run, whose answers are one commit; and runs that all want to be next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::memory::InMemory;
use trapiche::error::Kind;
use trapiche::lake::table::commit::{Replaces, commit};
use trapiche::lake::table::head::Head;
use trapiche::lake::table::version;
use trapiche::lake::{Lake, stage};

use super::counted::Counted;
use super::made_up::{file, next, table};
use super::{FILES_OF_A_PARTITION, FIRST_RUN, SECOND_RUN, both, predicted};

/// About what S3 takes for a small request.
const LATENCY: Duration = Duration::from_millis(30);

/// A lake in memory that answers as late as S3 does, with every file an upload, and a table in it.
async fn lake_of(partitions: usize) -> (Lake, Counted) {
    let memory = Arc::new(InMemory::new());
    let open = |latency| {
        let store = Counted::new(memory.clone(), Some(memory.clone()), latency);
        let lake = Lake::on("memory://lake", Arc::new(store.clone()), Some(Arc::new(store.clone()))).unwrap();
        (lake.with_uploads_from(0).keeping(Duration::ZERO), store)
    };
    let files = partitions * FILES_OF_A_PARTITION;
    let all = (0..files).map(|n| file(n / FILES_OF_A_PARTITION, n, FIRST_RUN)).collect();
    let first = open(Duration::ZERO).0;
    commit(&first, &Head::default(), next(FIRST_RUN, all), vec![], Replaces::Everything).await.unwrap();
    open(LATENCY)
}

/// Each task writes one file, and all of them are one commit.
pub async fn tasks_of_one_run(tasks: usize, partitions: usize) {
    let (lake, store) = lake_of(partitions).await;
    let files: Vec<_> = (0..tasks).map(|n| file(n * partitions / tasks, n, SECOND_RUN)).collect();
    let staged = stream::iter(files.clone()).map(|file| {
        let lake = lake.clone();
        async move {
            let mut object = stage::begin(&lake, SECOND_RUN, file.path).await?;
            object.write("a data file".into()).await?;
            object.finish().await
        }
    });
    let staged: Vec<_> = staged.buffer_unordered(tasks).try_collect().await.unwrap();
    let staging = store.take();

    let started = Instant::now();
    let head = Head::look(&lake, &table()).await.unwrap();
    commit(&lake, &head, next(SECOND_RUN, files), staged, Replaces::Nothing).await.unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let (cost, expected) = (store.take(), predicted::scattered(partitions * FILES_OF_A_PARTITION, tasks as u64));
    // Nodes are read, nodes are written and uploads completed, 32 at a time; the rest goes one by one.
    let turns = 2 * (expected.gets - 1).div_ceil(32) + (tasks as u64).div_ceil(32) + 4;
    println!("{tasks} tasks of one run, a file each, onto a table of {partitions} partitions, {LATENCY:?} a request:");
    println!("- before the commit, PUT: {}", both(3 * tasks as u64, staging.puts));
    println!("- the commit, PUT: {}", both(expected.puts, cost.puts));
    println!("- the commit, GET: {}", both(expected.gets, cost.gets));
    println!("- the commit, seconds: {:.1} / {seconds:.1}", turns as f64 * LATENCY.as_secs_f64());
}

/// Commits that have not asked for the table's lock, which would let one of them through: the store decides.
pub async fn at_once(writers: usize) {
    let (lake, store) = lake_of(100).await;
    let before = version::latest(&lake, &table()).await.unwrap().unwrap();
    store.take();
    let commits = (0..writers).map(|n| {
        let (lake, run) = (lake.clone(), format!("20260103T000000Z-{n:06}"));
        async move {
            let new = next(&run, vec![file(n % 100, 0, &run)]);
            let head = Head::look(&lake, &table()).await?;
            commit(&lake, &head, new, vec![], Replaces::Nothing).await
        }
    });
    let outcomes = futures::future::join_all(commits).await;
    let cost = store.take();
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(won > 0 && outcomes.iter().flat_map(|outcome| outcome.as_ref().err()).all(|e| e.kind() == Kind::Locked));
    let after = version::latest(&lake, &table()).await.unwrap().unwrap();
    assert_eq!(after.version, before.version + won as u64, "each that was told so made a version");
    assert_eq!(after.files.files(), before.files.files() + won as u64);
    println!(
        "\n{writers} commits of one table at the same time, past the lock: {won} made a version, the others were refused."
    );
    // A refused one has listed and read what there was, written a node and its pending object, and reads the version
    // that was created before its own.
    let (won, refused) = (won as u64, (writers - won) as u64);
    println!("- PUT: {}", both((predicted::BESIDE_NODES + 1) * won + 4 * refused, cost.puts));
    println!("- GET: {}", both(2 * won + 3 * refused, cost.gets));
}
