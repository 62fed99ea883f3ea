//! The demo project in a folder of its own, and its tables made again from what lies in its lake.

use std::cell::Cell;
use std::path::Path;

use chrono::DateTime;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::unbounded_channel;

use trapiche::analyze::analyze;
use trapiche::config;
use trapiche::engine::write::store::WriteContext;
use trapiche::engine::{Engine, Session};
use trapiche::lake::table::head::Head;
use trapiche::lake::{Lake, TableName};
use trapiche::pipeline::{self, RunOptions, Stop};
use trapiche::project::{self, Dataset, Definition, Init, Model, Project};
use trapiche::report::{Meter, RunStamp, RunStatus};
use trapiche::spark::sql;
use trapiche::transform::transform;

use crate::answer::Answer;

/// The demo project of this repository.
pub fn demo(scale: &str) -> Project {
    let variable = |name: &str| (name == "DEMO_SCALE").then(|| scale.to_string());
    project::load(Path::new(env!("CARGO_MANIFEST_DIR")), Some("demo"), &variable).expect("a project of our own")
}

/// Its queries and its k-means. A `describe` is made of sketches, which Spark has others of.
pub fn is_compared(dataset: &Dataset) -> bool {
    matches!(dataset.definition, Definition::Query(_) | Definition::Model(Model::Kmeans(_)))
}

/// The project's lake in a folder that goes when it is dropped, and a session that sees all of its tables.
pub struct Ours {
    runtime: Runtime,
    session: Session,
    /// With other tables to write to than those that are read.
    again: Vec<Dataset>,
    folder: TempDir,
    runs: Cell<u32>,
}

impl Ours {
    /// Captures the demo's sources and makes its tables, once.
    pub fn new(mut project: Project) -> Ours {
        let runtime = Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lake = Lake::in_folder(&folder.path().join("lake")).expect("a local lake");
        project.root = folder.path().into();
        // Memory is fixed as in the other benches, so that a query spills everywhere or nowhere.
        let (limits, options, stop) = (config::limits(Some(2 << 30), None), RunOptions::default(), Stop::default());
        let engine = Engine::local(&lake, &limits, &project.target.sql).expect("an engine");
        let session = engine.session().expect("a session");
        let mut ours = Ours { runtime, session, again: vec![], folder, runs: Cell::new(0) };
        ours.runtime.block_on(async {
            let ((events, _watch), stamp) = (unbounded_channel(), ours.stamp());
            let run = pipeline::run(&project, &lake, &limits, &options, &stamp, events, &stop);
            let report = run.await.expect("a run");
            assert_eq!(report.status, RunStatus::Ok, "{report:?}");
            for table in project.datasets.iter().flat_map(|dataset| &dataset.outputs) {
                assert!(ours.session.open(table).await.expect("a readable table"));
            }
        });
        ours.again = project.datasets.iter().filter(|dataset| is_compared(dataset)).map(|it| ours.again(it)).collect();
        ours
    }

    /// Where the lake lies, as `lake`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Plans, runs, stores and commits: a run of its own that replaces the table of the one before.
    pub fn make(&self, table: &TableName) {
        let dataset = self.found(table);
        let (stamp, meter) = (self.stamp(), Meter::default());
        let made = self.runtime.block_on(async {
            let mut own = vec![];
            for table in &dataset.outputs {
                own.push(Head::look(self.session.lake(), table).await?);
            }
            let context = WriteContext { own: &own, fingerprint: "", stamp: &stamp, meter: &meter };
            match &dataset.definition {
                Definition::Query(query) => {
                    transform(dataset, query, None, &self.session, &context).await.map(|published| published.made)
                }
                Definition::Model(model) => {
                    analyze(dataset, model, &self.session, &context).await.map(|(made, _)| made)
                }
                Definition::Source(_) => unreachable!("sources are not compared"),
            }
        });
        assert!(made.expect("a table").rows_out > 0);
    }

    /// What [`make`](Self::make) wrote.
    pub fn answer(&self, table: &TableName) -> Answer {
        let written = &self.found(table).name;
        let batches = self.runtime.block_on(async {
            assert!(self.session.open(written).await?, "{table} was made");
            Ok::<_, trapiche::error::Error>(self.session.table(written).await?.collect().await.expect("its rows"))
        });
        Answer::of(&batches.expect("a readable table"))
    }

    /// Where the k-means of this name begins, in the features' own units; `None` of a query.
    pub fn centres(&self, table: &TableName) -> Option<&[Vec<f64>]> {
        match &self.found(table).definition {
            Definition::Model(Model::Kmeans(spec)) => match &spec.init {
                Init::Centres(centres) => Some(centres),
                Init::Method(_) => None,
            },
            _ => None,
        }
    }

    fn found(&self, table: &TableName) -> &Dataset {
        let is_it = |dataset: &&Dataset| dataset.name.zone == table.zone && dataset.name.name == again(table).name;
        self.again.iter().find(is_it).expect("one of those that are compared")
    }

    /// The dataset with tables of other names, and a k-means that begins at given centres: from one seed two
    /// implementations draw different ones.
    fn again(&self, dataset: &Dataset) -> Dataset {
        let mut dataset = dataset.clone();
        dataset.name = again(&dataset.name);
        dataset.outputs = dataset.outputs.iter().map(again).collect();
        if let Definition::Model(Model::Kmeans(spec)) = &mut dataset.definition {
            let (features, key) = (spec.features.join(", "), spec.key.join(", "));
            let first = format!("SELECT {features} FROM {} ORDER BY {key} LIMIT {}", spec.input, spec.k);
            spec.init = Init::Centres(self.numbers(&first));
        }
        dataset
    }

    fn numbers(&self, query: &str) -> Vec<Vec<f64>> {
        let batches = self.runtime.block_on(async {
            let plan = self.session.plan(sql::parse(query).expect("SQL of our own").statement).await?;
            self.session.frame(plan).collect().await
        });
        Answer::of(&batches.expect("rows")).numbers()
    }

    /// Files are named after their run, so every write is a run of its own.
    fn stamp(&self) -> RunStamp {
        self.runs.set(self.runs.get() + 1);
        RunStamp { run_id: format!("{:06}", self.runs.get()), at: DateTime::UNIX_EPOCH }
    }
}

fn again(table: &TableName) -> TableName {
    TableName::new(table.zone, format!("{}_again", table.name))
}
