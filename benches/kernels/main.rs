//! The kernels of the data's path, each alone, so that what a change did to one of them shows here first.
//!
//! `cargo bench` measures them; `cargo test --benches` runs each once over a thousandth of the data. What each one
//! is and what its number says: `benches/README.md`.

mod arithmetic;
mod data;
mod workbench;

use std::hint::black_box;
use std::time::Duration;

use arrow::array::RecordBatch;
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

use trapiche::analyze::{kmeans, profile};
use trapiche::engine::write::parquet::encoder::{EncodedBy, file_of};
use trapiche::lake::{TableName, Zone};
use trapiche::project::{Describe, Deviation, DistanceMeasure, Impute, Init, InitMethod, Kmeans, Precision, Scale};
use trapiche::spark::sql;

use arithmetic::arithmetic;
use data::FEATURES;
use workbench::Workbench;

/// The program's own allocator: with another one these would be other kernels.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A debug build only shows that every kernel still runs.
const SHRINK: usize = if cfg!(debug_assertions) { 1000 } else { 1 };
const CSV_BYTES: usize = (64 << 20) / SHRINK;
const JSON_BYTES: usize = (64 << 20) / SHRINK;
const WRITTEN_ROWS: usize = 1_000_000 / SHRINK;
const MODEL_ROWS: usize = 100_000 / SHRINK;

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(10));
    targets = csv_to_parquet, json_scan, partitioned_write, encoders, k_means, describe_columns, arithmetic
}
criterion_main!(kernels);

/// A landed CSV, all text, becomes a typed table without partitions.
fn csv_to_parquet(criterion: &mut Criterion) {
    let csv = data::sales_csv(CSV_BYTES);
    let bench = Workbench::with_landing("sales.csv", &csv);
    let typed = sql::parse(
        "SELECT CAST(id AS bigint) AS id, CAST(day AS date) AS day, trim(name) AS name, lower(category) AS category,
                CAST(quantity AS int) AS quantity, CAST(price AS decimal(12, 2)) AS price,
                try_cast(rating AS double) AS rating
         FROM raw.landed",
    );
    let plan = bench
        .runtime
        .block_on(bench.session.plan(typed.expect("SQL of our own").statement))
        .expect("columns of our own");

    let mut group = criterion.benchmark_group("csv_to_parquet");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Bytes(csv.len() as u64));
    group.bench_function("typed", |b| b.iter(|| bench.store(bench.session.frame(plan.clone()), &[])));
    group.finish();
}

/// A landed NDJSON with nested values is read whole, and two of its columns.
fn json_scan(criterion: &mut Criterion) {
    let json = data::carts_ndjson(JSON_BYTES);
    let bench = Workbench::with_landing("carts.ndjson", &json);

    let mut group = criterion.benchmark_group("json_scan");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("all_columns", |b| b.iter(|| bench.scan(&["id", "user", "day", "note", "products"])));
    group.bench_function("two_columns", |b| b.iter(|| bench.scan(&["id", "day"])));
    group.finish();
}

/// Rows in memory, in no order, become a partitioned table: shuffle, sort, encode, commit.
fn partitioned_write(criterion: &mut Criterion) {
    let bench = Workbench::new();
    let mut group = criterion.benchmark_group("partitioned_write");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(WRITTEN_ROWS as u64));
    for (name, shops, partition_by) in
        [("unpartitioned", 50, &[][..]), ("50_partitions", 50, &["shop"]), ("2000_partitions", 2000, &["shop"])]
    {
        let rows = bench.in_memory(data::sales(WRITTEN_ROWS, shops, workbench::limits().threads));
        group.bench_function(name, |b| b.iter(|| bench.store(rows.clone(), partition_by)));
    }
    group.finish();
}

/// One row group of a file, its columns encoded by us and by the Parquet crate, on one thread. The bytes are told once.
#[expect(clippy::print_stderr, reason = "how large what was measured is")]
fn encoders(criterion: &mut Criterion) {
    let bench = Workbench::new();
    let rows: Vec<RecordBatch> = data::sales(WRITTEN_ROWS, 50, 1).concat();
    let mut group = criterion.benchmark_group("encoders");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(WRITTEN_ROWS as u64));
    for (name, by) in [("ours", EncodedBy::Us), ("parquet_crate", EncodedBy::ParquetCrate)] {
        let encode = || bench.runtime.block_on(file_of(&rows, by)).expect("columns that Parquet has");
        eprintln!("encoders/{name}: {} bytes", encode().len());
        group.bench_function(name, |b| b.iter(|| black_box(encode())));
    }
    group.finish();
}

/// One Lloyd step from given centres (with reading, scaling and silhouette around it), and a whole fit.
fn k_means(criterion: &mut Criterion) {
    let bench = Workbench::new();
    let rows = bench.in_memory(vec![vec![data::customers(MODEL_ROWS)]]);
    let fit = Kmeans {
        input: TableName::new(Zone::Refined, "customers"),
        key: vec!["id".into()],
        features: FEATURES.map(String::from).to_vec(),
        weight: None,
        impute: Impute::Mean,
        scale: Scale::Standard(Deviation::Sample),
        distance: DistanceMeasure::Euclidean,
        precision: Precision::Double,
        k: 4,
        init: Init::Method(InitMethod::PlusPlus),
        runs: 1,
        max_iterations: 100,
        tolerance: 1e-4,
        mini_batch: None,
        seed: 42,
        partition_by: vec![],
    };
    let centres = (0..4).map(|cluster| vec![f64::from(cluster); FEATURES.len()]).collect();
    let step = Kmeans { init: Init::Centres(centres), max_iterations: 1, ..fit.clone() };

    let mut group = criterion.benchmark_group("k_means");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(MODEL_ROWS as u64));
    for (name, spec) in [("one_step", step), ("fit", fit)] {
        let run = || bench.runtime.block_on(kmeans::kmeans(rows.clone(), &spec)).expect("rows that can be clustered");
        group.bench_function(name, |b| b.iter(|| black_box(run())));
    }
    group.finish();
}

/// The statistics of six numeric columns.
fn describe_columns(criterion: &mut Criterion) {
    let bench = Workbench::new();
    let rows = bench.in_memory(vec![vec![data::customers(MODEL_ROWS)]]);
    let spec = Describe {
        input: TableName::new(Zone::Refined, "customers"),
        columns: vec![],
        quantiles: vec![0.25, 0.5, 0.75],
    };
    let mut group = criterion.benchmark_group("describe");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(MODEL_ROWS as u64));
    let run = || bench.runtime.block_on(profile::describe(rows.clone(), &spec)).expect("rows that can be described");
    group.bench_function("six_columns", |b| b.iter(|| black_box(run())));
    group.finish();
}
