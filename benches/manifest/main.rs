//! What a version costs as its table grows, predicted and measured: made-up tables of up to 100,000 partitions and a
//! million files, without their data files, and what a thousand writers cost. Prints the table of docs/lake.md, whose
//! formulas are here in [`predicted`].
//!
//! `cargo bench --bench manifest`; as a test (`cargo test --benches`) the small ones only.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, and ends where it fails"
)]

mod counted;
mod made_up;
mod predicted;
mod writers;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use serde::{Deserialize, Serialize};
use trapiche::lake::Lake;
use trapiche::lake::table::commit::{Replaces, commit};
use trapiche::lake::table::data_file::{ColumnRange, DataFile};
use trapiche::lake::table::head::Head;
use trapiche::lake::table::version;
use trapiche::machine::peak_memory;

use counted::{Cost, Counted};
use made_up::{day, file, next, table};

/// Partitions of each table; it has ten files in each.
const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
const FILES_OF_A_PARTITION: usize = 10;

/// What is done to a table, each in a process of its own, so that its memory is its own, too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Deed {
    Nothing,
    /// One partition is replaced.
    Commit,
    /// The files of one partition are looked up.
    ReadOne,
    /// The files of all partitions are looked up.
    ReadAll,
    /// Writers come one after the other; each adds a file to a partition of its own.
    Appends,
}

impl Deed {
    fn words(self) -> &'static str {
        match self {
            Deed::Nothing => "nothing",
            Deed::Commit => "a commit",
            Deed::ReadOne => "a read of one partition",
            Deed::ReadAll => "a read of all",
            Deed::Appends => "1,000 writers, one after the other",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    pub cost: Cost,
    pub seconds: f64,
    pub memory_bytes: u64,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, deed, folder, partitions] = arguments.as_slice()
        && flag == "--do"
    {
        let deed = serde_json::from_str(deed).unwrap();
        let measured = perform(deed, folder.into(), partitions.parse().unwrap()).await;
        return println!("{}", serde_json::to_string(&measured).unwrap());
    }
    // The arguments of `cargo bench -- FILTER` go to every bench.
    if arguments.iter().any(|argument| !argument.starts_with('-') && !"manifest".contains(argument.as_str())) {
        return;
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let sizes = if is_bench { &SIZES[..] } else { &SIZES[..2] };
    println!("Each cell: predicted / measured.\n");
    println!("| partitions | files | what | PUT | GET | KB written | KB read | MiB of memory | seconds | $ |");
    println!("| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for partitions in sizes {
        of_size(*partitions, partitions == sizes.last().unwrap()).await;
    }
    println!();
    writers::tasks_of_one_run(if is_bench { 1_000 } else { 100 }, sizes[sizes.len() - 2]).await;
    writers::at_once(if is_bench { 1_000 } else { 100 }).await;
}

async fn of_size(partitions: usize, is_largest: bool) {
    let dir = tempfile::tempdir().unwrap();
    let files = partitions * FILES_OF_A_PARTITION;
    let all = (0..files).map(|n| file(n / FILES_OF_A_PARTITION, n, FIRST_RUN)).collect();
    let lake = open(dir.path().into()).0;
    commit(&lake, &Head::default(), next(FIRST_RUN, all), vec![], Replaces::Everything).await.unwrap();

    let child = |deed: Deed| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--do").arg(serde_json::to_string(&deed).unwrap()).arg(dir.path()).arg(partitions.to_string());
        serde_json::from_slice::<Measured>(&command.output().unwrap().stdout).unwrap()
    };
    let idle = child(Deed::Nothing).memory_bytes;
    let appends = is_largest.then_some(Deed::Appends);
    for deed in [Deed::Commit, Deed::ReadOne, Deed::ReadAll].into_iter().chain(appends) {
        let (measured, cost) = (child(deed), predicted::cost(deed, files));
        let memory = idle + predicted::memory_bytes(deed, files);
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {:.3} | {:.2e} / {:.2e} |",
            thousands(partitions as u64),
            thousands(files as u64),
            deed.words(),
            both(cost.puts, measured.cost.puts),
            both(cost.gets, measured.cost.gets),
            both(cost.written_bytes.div_ceil(1_000), measured.cost.written_bytes.div_ceil(1_000)),
            both(cost.read_bytes.div_ceil(1_000), measured.cost.read_bytes.div_ceil(1_000)),
            both(memory >> 20, measured.memory_bytes >> 20),
            measured.seconds,
            cost.dollars(),
            measured.cost.dollars(),
        );
    }
}

const FIRST_RUN: &str = "20260101T000000Z-000000";
const SECOND_RUN: &str = "20260102T000000Z-000000";

async fn perform(deed: Deed, folder: PathBuf, partitions: usize) -> Measured {
    let (lake, store) = open(folder);
    let middle = partitions / 2;
    let started = Instant::now();
    match deed {
        Deed::Nothing => {}
        Deed::Commit => {
            let new = (0..FILES_OF_A_PARTITION).map(|n| file(middle, n, SECOND_RUN)).collect();
            let head = Head::look(&lake, &table()).await.unwrap();
            commit(&lake, &head, next(SECOND_RUN, new), vec![], Replaces::TouchedPartitions).await.unwrap();
        }
        Deed::ReadOne => {
            let wanted = Some(day(middle));
            let current = version::latest(&lake, &table()).await.unwrap().unwrap();
            let may_have = |range: &ColumnRange| range.low <= wanted && wanted <= range.high;
            let found = version::files_matching(&lake, &current, |nodes| {
                Ok(nodes.iter().map(|node| may_have(&node.columns[0])).collect())
            });
            let found: Vec<DataFile> = found.await.unwrap();
            assert_eq!(found.iter().filter(|file| file.partition[0] == wanted).count(), FILES_OF_A_PARTITION);
        }
        Deed::ReadAll => {
            let current = version::latest(&lake, &table()).await.unwrap().unwrap();
            assert_eq!(version::files(&lake, &current).await.unwrap().len() as u64, current.files.files());
        }
        Deed::Appends => {
            for n in 0..1_000 {
                let run = format!("20260103T000000Z-{n:06}");
                let new = vec![file(n * partitions / 1_000, 0, &run)];
                let head = Head::look(&lake, &table()).await.unwrap();
                commit(&lake, &head, next(&run, new), vec![], Replaces::Nothing).await.unwrap();
            }
        }
    }
    Measured { cost: store.take(), seconds: started.elapsed().as_secs_f64(), memory_bytes: peak_memory() }
}

/// The lake in a folder, and the store that counts what it costs.
fn open(folder: PathBuf) -> (Lake, Counted) {
    let root = Path::from_absolute_path(&folder).unwrap();
    let files = Arc::new(PrefixStore::new(LocalFileSystem::new(), root));
    let store = Counted::new(files, None, Duration::ZERO);
    let lake = Lake::on(&format!("file://{}", folder.display()), Arc::new(store.clone()), None).unwrap();
    // Nothing is kept: what is replaced would fill the disk.
    (lake.keeping(Duration::ZERO), store)
}

pub fn both(predicted: u64, measured: u64) -> String {
    format!("{} / {}", thousands(predicted), thousands(measured))
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}
