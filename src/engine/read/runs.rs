//! What runs did, as two tables that queries read: a row for each run, and one for each dataset of each run. Their reports are
//! only read when somebody asks.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;

use crate::lake::{Lake, path};
use crate::report::{DatasetReport, DatasetStatus, RunReport};

/// Which of the two.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum RunsOf {
    /// `runs`.
    Lake,
    /// `run_datasets`.
    Datasets,
}

/// Reports that are read at once.
const AT_ONCE: usize = 32;

/// The reports in a lake, as a table.
#[derive(Debug)]
pub(in crate::engine) struct RunsTable {
    lake: Lake,
    of: RunsOf,
    schema: SchemaRef,
}

impl RunsTable {
    pub(in crate::engine) fn new(lake: &Lake, of: RunsOf) -> RunsTable {
        let none = match of {
            RunsOf::Lake => of_runs(&[]),
            RunsOf::Datasets => of_datasets(&[]),
        };
        let fields = none.into_iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true));
        RunsTable { lake: lake.clone(), of, schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())) }
    }

    /// All that can be read, in the order of the runs. A report in another version's form is no reason to hide the others.
    async fn reports(&self) -> crate::error::Result<Vec<RunReport>> {
        let files = self.lake.list(path::RUNS).await?;
        let read = futures::stream::iter(files).map(|file| async move { self.lake.read(&file).await });
        let texts: Vec<_> = read.buffered(AT_ONCE).try_collect().await?;
        Ok(texts.into_iter().flatten().filter_map(|text| serde_json::from_slice(&text).ok()).collect())
    }
}

#[async_trait]
impl TableProvider for RunsTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let reports = self.reports().await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let columns = match self.of {
            RunsOf::Lake => of_runs(&reports),
            RunsOf::Datasets => of_datasets(&reports),
        };
        let columns = columns.into_iter().map(|(_, array)| array).collect();
        let rows = RecordBatch::try_new(self.schema.clone(), columns)?;
        MemTable::try_new(self.schema.clone(), vec![vec![rows]])?.scan(state, projection, filters, limit).await
    }
}

fn of_runs(reports: &[RunReport]) -> Vec<(&'static str, ArrayRef)> {
    let count = |status: DatasetStatus| {
        let of =
            move |report: &RunReport| report.datasets.iter().filter(|dataset| dataset.status == status).count() as u64;
        whole(reports.iter().map(of))
    };
    vec![
        ("run_id", text(reports.iter().map(|report| report.run_id.as_str()))),
        ("project", text(reports.iter().map(|report| report.project.as_str()))),
        ("target", text(reports.iter().map(|report| report.target.as_str()))),
        ("version", text(reports.iter().map(|report| report.trapiche_version.as_str()))),
        ("started_at", started_at(reports.iter())),
        ("status", text(reports.iter().map(|report| word(&report.status)))),
        ("made", count(DatasetStatus::Made)),
        ("unchanged", count(DatasetStatus::Unchanged)),
        ("failed", count(DatasetStatus::Failed)),
        ("blocked", count(DatasetStatus::Blocked)),
        ("seconds", seconds(reports.iter().map(|report| report.seconds))),
        ("peak_memory_bytes", whole(reports.iter().map(|report| report.peak_memory_bytes))),
    ]
}

fn of_datasets(reports: &[RunReport]) -> Vec<(&'static str, ArrayRef)> {
    let all = || reports.iter().flat_map(|report| report.datasets.iter().map(move |dataset| (report, dataset)));
    let counts = |count: fn(&DatasetReport) -> u64| whole(all().map(|(_, dataset)| count(dataset)));
    let why: StringArray = all().map(|(_, dataset)| dataset.why.as_deref()).collect();
    vec![
        ("run_id", text(all().map(|(report, _)| report.run_id.as_str()))),
        ("started_at", started_at(all().map(|(report, _)| report))),
        ("zone", text(all().map(|(_, dataset)| dataset.dataset.zone.as_str()))),
        ("name", text(all().map(|(_, dataset)| dataset.dataset.name.as_str()))),
        ("status", text(all().map(|(_, dataset)| word(&dataset.status)))),
        ("why", Arc::new(why)),
        ("rows_in", counts(|dataset| dataset.rows_in)),
        ("rows_out", counts(|dataset| dataset.rows_out)),
        ("rows_quarantined", counts(|dataset| dataset.rows_quarantined)),
        ("rows_dropped", counts(|dataset| dataset.rows_dropped)),
        ("rows_duplicate", counts(|dataset| dataset.rows_duplicate)),
        ("files", counts(|dataset| dataset.files)),
        ("bytes", counts(|dataset| dataset.bytes)),
        ("seconds", seconds(all().map(|(_, dataset)| dataset.seconds))),
        ("peak_memory_bytes", counts(|dataset| dataset.peak_memory_bytes)),
    ]
}

/// As reports spell it.
fn word(status: &impl Serialize) -> String {
    serde_json::to_value(status).ok().and_then(|word| word.as_str().map(str::to_string)).unwrap_or_default()
}

fn text(texts: impl Iterator<Item = impl AsRef<str>>) -> ArrayRef {
    Arc::new(texts.map(Some).collect::<StringArray>())
}

/// Spark has no numbers without a sign.
fn whole(numbers: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(numbers.map(|number| i64::try_from(number).unwrap_or(i64::MAX))))
}

fn seconds(numbers: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(numbers))
}

fn started_at<'a>(reports: impl Iterator<Item = &'a RunReport>) -> ArrayRef {
    let times = TimestampMicrosecondArray::from_iter_values(reports.map(|report| report.started_at.timestamp_micros()));
    Arc::new(times.with_timezone("UTC"))
}
