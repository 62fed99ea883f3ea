//! What a version costs as its table grows: made-up tables of up to 100,000 partitions and a million files, on a local
//! lake, without their data files. Prints one line for each size; docs/lake.md has them beside the formulas.
//!
//! `cargo bench --bench manifest`; as a test (`cargo test --benches`) the small ones only.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, and ends where it fails"
)]

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::{DataType, Field, Schema};
use trapiche::lake::commit::{Replaces, commit};
use trapiche::lake::data_file::{ColumnRange, DataFile};
use trapiche::lake::version::{self, Version};
use trapiche::lake::{Lake, Storage, TableName, Zone, path};
use trapiche::report::peak_memory;

/// Partitions and files of each table.
const SIZES: [(usize, usize); 4] = [(100, 1_000), (1_000, 10_000), (10_000, 100_000), (100_000, 1_000_000)];

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, url] = arguments.as_slice()
        && flag == "--list"
    {
        return list(url).await;
    }
    // The arguments of `cargo bench -- FILTER` go to every bench.
    if arguments.iter().any(|argument| !argument.starts_with('-') && !"manifest".contains(argument.as_str())) {
        return;
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    println!(
        "partitions      files │ a partition is replaced              │ its rows are listed        │ all are listed"
    );
    println!(
        "                      │ objects   bytes  pending   read     s │ objects   bytes        s   │ objects     MB      s peak MiB"
    );
    for (partitions, files) in SIZES.into_iter().take(if is_bench { SIZES.len() } else { 2 }) {
        let dir = tempfile::tempdir().unwrap();
        let lake = open(&format!("file://{}", dir.path().display()));
        let all = (0..files).map(|n| file(n * partitions / files, n, "20260101T000000Z-000000")).collect();
        commit(&lake, next("20260101T000000Z-000000", all), vec![], Replaces::Everything).await.unwrap();

        let before = objects(dir.path());
        let run = "20260102T000000Z-000000";
        let middle = partitions / 2;
        let new = (0..files / partitions).map(|n| file(middle, n, run)).collect();
        let started = Instant::now();
        let current = commit(&lake, next(run, new), vec![], Replaces::TouchedPartitions).await.unwrap();
        let seconds = started.elapsed().as_secs_f64();
        let after = objects(dir.path());
        let written: Vec<u64> = after.iter().filter(|(path, _)| !before.contains_key(*path)).map(|(_, b)| *b).collect();
        // Each replaced node was read, and the version.
        let read = 1 + before.keys().filter(|path| !after.contains_key(*path)).count();
        // A copy of the version and the names of what comes and goes; gone again when the commit is done.
        let pending = after[&path::version_file(&table(), current.version)];
        print!("{partitions:>10} {files:>10} │ ");
        print!("{:>7} {:>7} {pending:>8} {read:>6} {seconds:>5.3} │ ", written.len(), written.iter().sum::<u64>());

        let started = Instant::now();
        let wanted = Some(day(middle));
        let current = version::latest(&lake, &table()).await.unwrap().unwrap();
        let mut paths = vec![path::version_file(&table(), current.version)];
        let found = version::files_matching(&lake, &current, |nodes| {
            let kept = |range: &ColumnRange| range.low <= wanted && wanted <= range.high;
            paths.extend(nodes.iter().filter(|node| kept(&node.columns[0])).map(|node| node.path.clone()));
            Ok(nodes.iter().map(|node| kept(&node.columns[0])).collect())
        });
        let found = found.await.unwrap().into_iter().filter(|file| file.partition[0] == wanted).count();
        let seconds = started.elapsed().as_secs_f64();
        assert_eq!(found, files / partitions);
        let bytes: u64 = paths.iter().map(|path| after[path]).sum();
        print!("{:>7} {bytes:>7} {seconds:>8.3}   │ ", paths.len());

        // In a process of its own, so that its memory is that of the listing.
        let exe = std::env::current_exe().unwrap();
        let listing = Command::new(exe).args(["--list", lake.url()]).output().unwrap().stdout;
        let bytes = after.values().sum::<u64>() - after[&path::version_file(&table(), current.version - 1)];
        print!("{:>7} {:>6.1} {}", after.len() - 1, bytes as f64 / 1e6, String::from_utf8(listing).unwrap());
    }
}

/// Reads the list of all files; prints the seconds, and the process's peak memory.
#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
async fn list(url: &str) {
    let started = Instant::now();
    let lake = open(url);
    let current = version::latest(&lake, &table()).await.unwrap().unwrap();
    let files = version::files(&lake, &current).await.unwrap();
    assert_eq!(files.len() as u64, current.files.files());
    println!("{:>6.3} {:>6}", started.elapsed().as_secs_f64(), peak_memory() >> 20);
}

fn open(url: &str) -> Lake {
    // What is replaced is removed at once, which shows what was read.
    let storage = Storage { url: url.to_string(), endpoint: None, region: None };
    Lake::open(&storage).unwrap().keeping(std::time::Duration::ZERO)
}

fn table() -> TableName {
    TableName::new(Zone::Trusted, "sales")
}

fn next(run_id: &str, files: Vec<DataFile>) -> Version {
    let fields = [("id", DataType::Int64), ("price", DataType::Float64), ("day", DataType::Utf8)];
    Version {
        table: table(),
        version: 0,
        run_id: run_id.into(),
        committed_at: chrono::DateTime::UNIX_EPOCH,
        fingerprint: "made up".into(),
        schema: Arc::new(Schema::new(fields.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec())),
        partition_by: vec!["day".into()],
        files: files.into(),
        quarantine: vec![].into(),
        replaced: vec![],
    }
}

fn day(n: usize) -> String {
    format!("day-{n:06}")
}

/// A file of two columns with statistics.
fn file(partition: usize, n: usize, run_id: &str) -> DataFile {
    let partition = vec![Some(day(partition))];
    let range =
        |low: usize, high: usize| ColumnRange { low: Some(low.to_string()), high: Some(high.to_string()), nulls: 0 };
    let columns = [("id", range(n * 1_000, n * 1_000 + 999)), ("price", range(1, 99))];
    DataFile {
        path: path::data_file("trusted/sales", &["day".to_string()], &partition, run_id, 0, n),
        partition,
        rows: 1_000,
        bytes: 128 << 20,
        columns: columns.map(|(name, range)| (name.to_string(), range)).to_vec(),
    }
}

/// Path and size of all objects of the lake.
fn objects(root: &Path) -> HashMap<String, u64> {
    let mut found = HashMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_string();
                found.insert(relative, entry.metadata().unwrap().len());
            }
        }
    }
    found
}
