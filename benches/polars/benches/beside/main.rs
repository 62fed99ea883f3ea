//! Polars in this process beside the program, from the same files to the same rows.
//!
//! `cargo bench -p beside-polars` measures them. What each step is and what is not alike: `benches/README.md`.

mod data;
mod on_polars;
mod on_trapiche;

use std::fs;
use std::path::Path;
use std::time::Duration;

use beside_polars::program::{Program, Project};
use beside_polars::{lake, rows};
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use polars::prelude::*;

/// What Polars' own builds for Python allocate with, and the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A debug build only shows that every step still runs.
const LINES: u64 = if cfg!(debug_assertions) { 2_000 } else { 200_000 };

/// From files to one table, here and there.
struct Step {
    name: &'static str,
    sources: &'static [&'static str],
    query: &'static str,
    on_polars: fn(&Path, &Path) -> PolarsResult<()>,
    partition_by: &'static [(&'static str, DataType)],
}

const MONTH: &[(&str, DataType)] = &[("ship_month", DataType::String)];
const STEPS: [Step; 3] = [
    Step {
        name: "clean",
        sources: &["lines.csv"],
        query: on_trapiche::CLEAN,
        on_polars: on_polars::clean,
        partition_by: MONTH,
    },
    Step {
        name: "join_aggregate",
        sources: &["lines.parquet", "orders.parquet"],
        query: on_trapiche::JOIN_AGGREGATE,
        on_polars: on_polars::join_aggregate,
        partition_by: &[],
    },
    Step {
        name: "partitioned_write",
        sources: &["lines.parquet"],
        query: on_trapiche::PARTITIONED_WRITE,
        on_polars: on_polars::partitioned_write,
        partition_by: MONTH,
    },
];

criterion_group! {
    name = beside;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));
    targets = steps
}
criterion_main!(beside);

/// Each step by both, after their rows have been compared; without the program by Polars alone.
#[expect(clippy::print_stderr, reason = "why one half is not there")]
fn steps(criterion: &mut Criterion) {
    let lines = lines();
    let files = Project::of(&[("lines.csv", &data::lines_csv(lines)), ("orders.csv", &data::orders_csv(lines))]);
    let files = files.path("");
    on_polars::make_parquet(&files).expect("files of our own");
    let program = Program::find(&["release"]);
    if let Err(message) = &program {
        eprintln!("Polars alone: {message}");
    }
    for step in &STEPS {
        let out = Project::of(&[]);
        let out = out.path("out");
        let polars = || (step.on_polars)(&files, &out).expect("files of our own");
        let project = step.project(&files);
        if let Ok(program) = &program {
            polars();
            project.run(program);
            let tables = [project.path("lake/trusted/made"), out.clone()];
            let [ours, theirs] = tables.map(|folder| lake::table(&folder, step.partition_by).expect("a table"));
            let difference = rows::difference(ours, theirs).expect("rows that can be read");
            assert_eq!(difference, None, "{}: Trapiche has other rows than Polars", step.name);
        }

        let mut group = criterion.benchmark_group(step.name);
        group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(lines));
        group.bench_function("polars", |b| b.iter_batched(|| clear(&out), |()| polars(), BatchSize::PerIteration));
        if let Ok(program) = &program {
            let lake = project.path("lake");
            let run = |()| project.run(program);
            group.bench_function("trapiche", |b| b.iter_batched(|| clear(&lake), run, BatchSize::PerIteration));
        }
        group.finish();
    }
}

impl Step {
    fn project(&self, files: &Path) -> Project {
        let mut settings = String::from("name: beside\ntargets: { here: { storage: \"file://./lake\" } }\nsources:\n");
        for file in self.sources {
            let name = file.split('.').next().unwrap_or(file);
            settings += &format!("  {name}: {{ url: \"file://{}\" }}\n", files.join(file).display());
        }
        Project::of(&[("trapiche.yml", &settings), ("queries/trusted/made.sql", self.query)])
    }
}

/// How many lines, before a third of them comes twice: `BESIDE_LINES`, or few enough for a round of seconds.
fn lines() -> u64 {
    let given = std::env::var_os("BESIDE_LINES").map(|text| text.to_str().and_then(|text| text.parse().ok()));
    given.map_or(LINES, |number| number.expect("BESIDE_LINES is a number"))
}

fn clear(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("a folder of our own");
    }
}
