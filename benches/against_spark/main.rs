//! The demo's queries and its k-means beside Spark, both warm: one process of PySpark, and this library in this process.
//!
//! `cargo bench --bench against_spark` measures them; as a test (`cargo test --benches`) each is made once of a little, and
//! PySpark is asked only where `TRAPICHE_SPARK_PYTHON` says which. What is compared: `benches/README.md`.

mod answer;
mod ours;
mod spark;

use std::cell::{LazyCell, RefCell};
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};

use trapiche::lake::TableName;
use trapiche::project::Project;

use ours::Ours;
use spark::Spark;

/// The program's own allocator: with another one this would be another engine.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A debug build only shows that everything still runs.
const SCALE: &str = if cfg!(debug_assertions) { "1" } else { "20" };
/// How often each side makes every table before one is measured: Java compiles what runs often.
const WARM_ROUNDS: usize = if cfg!(debug_assertions) { 1 } else { 5 };
const SAMPLES: usize = 10;

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(SAMPLES)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = against_spark
}
criterion_main!(benches);

fn against_spark(criterion: &mut Criterion) {
    let project = ours::demo(SCALE);
    let compared = project.datasets.iter().filter(|dataset| ours::is_compared(dataset));
    let tables: Vec<TableName> = compared.map(|dataset| dataset.name.clone()).collect();
    let python = spark::python();
    // A filter may leave out all of them. They are made ready outside of what Criterion measures.
    let sides = LazyCell::new(|| Sides::ready(project, &tables, python.as_deref()));
    let mut group = criterion.benchmark_group("against_spark");
    group.sampling_mode(SamplingMode::Flat);
    let mut ratios = vec![];
    for table in &tables {
        let (ours, spark) = (Samples::default(), Samples::default());
        group.bench_function(format!("{table}/ours"), |b| {
            let sides: &Sides = &sides;
            b.iter_custom(|times| ours.add(times, (0..times).map(|_| sides.make(table)).sum()));
        });
        if python.is_some() {
            group.bench_function(format!("{table}/spark"), |b| {
                let sides: &Sides = &sides;
                b.iter_custom(|times| spark.add(times, (0..times).map(|_| sides.make_on_spark(table)).sum()));
            });
        }
        ratios.push((table, ours.median_s(), spark.median_s()));
    }
    group.finish();
    if !cfg!(debug_assertions) {
        print(&ratios);
    }
}

/// Each with the same lake. Spark first, as it is dropped first: its files are in the folder of ours.
struct Sides {
    spark: Option<Spark>,
    ours: Ours,
}

impl Sides {
    /// Both warm, and of one opinion.
    #[expect(clippy::print_stderr, reason = "who measures one side alone should know how to measure both")]
    fn ready(project: Project, tables: &[TableName], python: Option<&Path>) -> Sides {
        let ours = Ours::new(project);
        let spark = python.map(|python| Spark::start(python, ours.folder()));
        if spark.is_none() {
            eprintln!(
                "only this side is measured: no PySpark was asked for or found (`scripts/python-env spark` installs it)"
            );
        }
        let sides = Sides { spark, ours };
        for round in 0..WARM_ROUNDS {
            for table in tables {
                sides.make(table);
                if sides.spark.is_some() {
                    sides.make_on_spark(table);
                    if round == 0 {
                        sides.compare(table);
                    }
                }
            }
        }
        sides
    }

    fn make(&self, table: &TableName) -> Duration {
        let started = Instant::now();
        self.ours.make(table);
        started.elapsed()
    }

    fn make_on_spark(&self, table: &TableName) -> Duration {
        self.spark().make(table, self.ours.centres(table))
    }

    /// A difference ends the bench: what is another answer is measured for nothing.
    fn compare(&self, table: &TableName) {
        let (mut ours, mut theirs) = (self.ours.answer(table), self.spark().answer(table));
        if self.ours.centres(table).is_some() {
            (ours, theirs) = (ours.renumbered(), theirs.renumbered());
        }
        if let Some(difference) = ours.difference(theirs) {
            panic!("`{table}` differs: {difference}");
        }
    }

    fn spark(&self) -> &Spark {
        self.spark.as_ref().expect("it is asked for where it is")
    }
}

/// What Criterion was told, so that both sides can be printed beside each other.
#[derive(Default)]
struct Samples(RefCell<Vec<f64>>);

impl Samples {
    fn add(&self, times: u64, took: Duration) -> Duration {
        self.0.borrow_mut().push(took.as_secs_f64() / times as f64);
        took
    }

    /// Of the last ones: those before them are Criterion's warm-up. `None` if a filter left it out.
    fn median_s(&self) -> Option<f64> {
        let all = self.0.borrow();
        let mut measured = all[all.len().checked_sub(SAMPLES)?..].to_vec();
        measured.sort_by(f64::total_cmp);
        Some((measured[(SAMPLES - 1) / 2] + measured[SAMPLES / 2]) / 2.0)
    }
}

/// Medians; × is Spark's to ours.
#[expect(clippy::print_stdout, reason = "a bench prints")]
fn print(ratios: &[(&TableName, Option<f64>, Option<f64>)]) {
    let measured = ratios.iter().filter_map(|(table, ours, spark)| Some((table, (*ours)?, (*spark)?)));
    let lines: Vec<String> = measured
        .map(|(table, ours, spark)| {
            format!("| {table} | {:.1} | {:.1} | {:.1} |", ours * 1e3, spark * 1e3, spark / ours)
        })
        .collect();
    if !lines.is_empty() {
        println!("| scale {SCALE} | ours ms | Spark ms | × |\n|---|--:|--:|--:|\n{}", lines.join("\n"));
    }
}
