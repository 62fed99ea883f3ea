//! A lake to measure in, through the library's public functions.

use std::cell::Cell;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono::DateTime;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::DataFrame;
use futures::TryStreamExt;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::unbounded_channel;

use trapiche::config::{self, Limits};
use trapiche::engine::write::store::{self, TableWrite};
use trapiche::engine::{Engine, Session};
use trapiche::lake::table::head::Head;
use trapiche::lake::{Lake, TableName, Zone};
use trapiche::pipeline::{self, RunOptions, Stop};
use trapiche::project::{self, WriteMode};
use trapiche::report::{Meter, RunStamp, RunStatus};
use trapiche::spark::mode::SqlMode;

/// A lake in a folder of its own that goes when it is dropped, and a session in it with this machine's threads.
pub struct Workbench {
    pub runtime: Runtime,
    pub session: Session,
    dir: TempDir,
    runs: Cell<u32>,
}

impl Workbench {
    pub fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let lake = Lake::in_folder(&dir.path().join("lake")).expect("a local lake");
        let session = Engine::local(&lake, &limits(), &SqlMode::default())
            .and_then(|engine| engine.session())
            .expect("a session");
        Workbench { runtime, session, dir, runs: Cell::new(0) }
    }

    /// The file is captured as `raw.landed` by the pipeline, so it lies in the lake as files of users do.
    pub fn with_landing(file: &str, content: &str) -> Self {
        let bench = Self::new();
        let settings = format!(
            "name: bench\n\
             targets: {{ here: {{ default: true, storage: \"file://./lake\" }} }}\n\
             sources: {{ landed: {{ url: \"file://./{file}\" }} }}\n"
        );
        fs::write(bench.dir.path().join("trapiche.yml"), settings).expect("a file");
        fs::write(bench.dir.path().join(file), content).expect("a file");

        let project = project::load(bench.dir.path(), None, &|_| None).expect("a project of our own");
        let lake = bench.runtime.block_on(Lake::open(&project.target.storage)).expect("a local lake");
        let (events, _watch) = unbounded_channel();
        let (limits, options, stamp, stop) = (limits(), RunOptions::default(), bench.stamp(), Stop::default());
        let run = pipeline::run(&project, &lake, &limits, &options, &stamp, events, &stop);
        let report = bench.runtime.block_on(run).expect("a run");
        assert_eq!(report.status, RunStatus::Ok, "{report:?}");

        let landed = bench.runtime.block_on(bench.session.open(&TableName::new(Zone::Raw, "landed")));
        assert!(landed.expect("a readable landing"));
        bench
    }

    /// The rows as the pieces that the engine works on side by side.
    pub fn in_memory(&self, pieces: Vec<Vec<RecordBatch>>) -> DataFrame {
        let table = MemTable::try_new(pieces[0][0].schema(), pieces).expect("batches of one schema");
        let plan = LogicalPlanBuilder::scan("rows", provider_as_source(Arc::new(table)), None);
        self.session.frame(plan.and_then(|plan| plan.build()).expect("a scan"))
    }

    /// Replaces `trusted.written`.
    pub fn store(&self, rows: DataFrame, partition_by: &[&str]) {
        let partition_by: Vec<String> = partition_by.iter().map(|&column| column.into()).collect();
        let table = TableName::new(Zone::Trusted, "written");
        let head = self.runtime.block_on(Head::look(self.session.lake(), &table)).expect("a table or none");
        let write = TableWrite {
            table: &table,
            head: &head,
            partition_by: &partition_by,
            mode: WriteMode::Overwrite,
            layout: trapiche::lake::table::version::FileLayout::default(),
            key: &[],
            checks: &[],
            dedupe: None,
            slices: None,
            fingerprint: "",
            stamp: &self.stamp(),
            meter: &Meter::default(),
        };
        let published = self.runtime.block_on(store::store(&self.session, rows, write)).expect("a write");
        assert!(published.made.rows_out > 0);
    }

    /// Reads columns of `raw.landed` to the end.
    pub fn scan(&self, columns: &[&str]) {
        let rows = self.runtime.block_on(async {
            let landed = self.session.table(&TableName::new(Zone::Raw, "landed")).await.expect("it is open");
            let batches = landed.select_columns(columns).expect("columns of our own").execute_stream().await?;
            batches.try_fold(0, async |rows, batch| Ok(rows + black_box(batch).num_rows())).await
        });
        assert!(rows.expect("a readable landing") > 0);
    }

    /// Files are named after their run, so every write is a run of its own.
    fn stamp(&self) -> RunStamp {
        self.runs.set(self.runs.get() + 1);
        RunStamp { run_id: format!("{:06}", self.runs.get()), at: DateTime::UNIX_EPOCH }
    }
}

/// All threads of this machine; memory is fixed, so that a kernel spills everywhere or nowhere.
pub fn limits() -> Limits {
    config::limits(Some(2 << 30), None)
}
