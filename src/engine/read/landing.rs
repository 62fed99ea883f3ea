//! A source as a table: the parts of its live landings are read as they were received, in parallel, and columns appear in lower case.
//!
//! Only the columns that a query asks for are built. CSV fields beyond what a row has are null; a field too many, or
//! a value that does not fit a column's type, is an error that names file and row. JSON that is an object or array
//! where the schema says text (because it came in several kinds) appears as its JSON text.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result as DfResult, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::error::{Error, Result};
use crate::formats::csv_batches::CsvDecoder;
use crate::formats::json_batches::JsonDecoder;
use crate::formats::plain::Plain;
use crate::formats::table_csv::TableCsvDecoder;
use crate::formats::unpack::Packing;
use crate::lake::Lake;
use crate::lake::landing::{LandedFormat, LandedPart, Landing};

const READ_BYTES: usize = 1 << 20;

/// The table that the live landings of a source, one at least, are to SQL.
///
/// # Errors
/// If they are not all read in the same way.
pub fn table(lake: &Lake, landings: &[Landing]) -> Result<Arc<dyn TableProvider>> {
    let [first, further @ ..] = landings else { return Err(Error::failed("a source has no landing")) };
    let mut all = first.clone();
    for other in further {
        if (&other.format, &other.schema) != (&first.format, &first.schema) {
            let (source, one, two) = (&first.source, &first.run_id, &other.run_id);
            return Err(Error::failed(format!("the landings `{one}` and `{two}` of `raw.{source}` differ in form"))
                .hint(format!("capture it anew: `trapiche run raw.{source} --full-refresh`")));
        }
        all.parts.extend(other.parts.iter().cloned());
    }
    let presented = lower_case(&all.schema);
    Ok(Arc::new(RawTable { store: lake.store().clone(), landing: Arc::new(all), presented }))
}

/// A landed schema as SQL sees it: all names in lower case, nested ones too.
pub fn lower_case(landed: &Schema) -> SchemaRef {
    Arc::new(Schema::new(landed.fields().iter().map(lower_case_field).collect::<Vec<_>>()))
}

fn lower_case_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(lower_case_field).collect()),
        DataType::List(element) => DataType::List(lower_case_field(element)),
        other => other.clone(),
    };
    Arc::new(Field::new(field.name().to_lowercase(), data_type, field.is_nullable()))
}

/// The same values under a type that differs in field names only.
fn rename(array: &ArrayRef, to: &DataType) -> DfResult<ArrayRef> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    match to {
        DataType::Struct(fields) => {
            let array = array.as_any().downcast_ref::<StructArray>().expect("the type differs in names only");
            let children = array.columns().iter().zip(fields).map(|(child, field)| rename(child, field.data_type()));
            let children = children.collect::<DfResult<Vec<_>>>()?;
            Ok(Arc::new(StructArray::try_new(fields.clone(), children, array.nulls().cloned())?))
        }
        DataType::List(element) => {
            let array = array.as_any().downcast_ref::<ListArray>().expect("the type differs in names only");
            let values = rename(array.values(), element.data_type())?;
            let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(element.clone(), offsets, values, nulls)?))
        }
        _ => Ok(array.clone()),
    }
}

#[derive(Debug)]
struct RawTable {
    store: Arc<dyn ObjectStore>,
    landing: Arc<Landing>,
    presented: SchemaRef,
}

#[async_trait]
impl TableProvider for RawTable {
    fn schema(&self) -> SchemaRef {
        self.presented.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.presented.fields().len()).collect();
        let plan = ScanPlan {
            landing: self.landing.as_ref().clone(),
            columns: projection.unwrap_or(&all).clone(),
            groups: deal(&self.landing.parts, state.config().target_partitions()),
            batch_rows: state.config().batch_size(),
        };
        Ok(Arc::new(RawScanExec::new(self.store.clone(), plan)?))
    }
}

/// All that a scan is, but the store: what travels to another machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::engine) struct ScanPlan {
    landing: Landing,
    /// Places of the wanted columns in the landing's schema.
    columns: Vec<usize>,
    groups: Vec<Vec<LandedPart>>,
    batch_rows: usize,
}

impl ScanPlan {
    /// Whether it reads what a capture has put into the lake, and nothing else: it may have come from elsewhere.
    pub(in crate::engine) fn is_of_raw(&self) -> bool {
        let parts = self.landing.parts.iter().chain(self.groups.iter().flatten());
        parts.into_iter().all(|part| Path::parse(&part.path).is_ok_and(|path| path.prefix_matches(&Path::from("raw"))))
    }
}

/// Shares parts out into at most `groups` groups of about the same size; at least one group.
fn deal(parts: &[LandedPart], groups: usize) -> Vec<Vec<LandedPart>> {
    let mut dealt: Vec<(u64, Vec<LandedPart>)> = vec![(0, vec![]); groups.min(parts.len()).max(1)];
    let mut by_size: Vec<_> = parts.iter().collect();
    by_size.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    for part in by_size {
        let least = dealt.iter_mut().min_by_key(|(bytes, _)| *bytes).expect("there is at least one group");
        least.0 += part.bytes;
        least.1.push(part.clone());
    }
    dealt.into_iter().map(|(_, parts)| parts).collect()
}

/// Reads each group of parts as one partition.
#[derive(Debug)]
pub(in crate::engine) struct RawScanExec {
    scan: Arc<Scan>,
    groups: Vec<Vec<LandedPart>>,
    properties: Arc<PlanProperties>,
}

impl RawScanExec {
    pub(in crate::engine) fn new(store: Arc<dyn ObjectStore>, plan: ScanPlan) -> DfResult<Self> {
        let ScanPlan { landing, columns, groups, batch_rows } = plan;
        let schema = Arc::new(lower_case(&landing.schema).project(&columns)?);
        let scan = Arc::new(Scan { store, landing: Arc::new(landing), columns, schema, batch_rows });
        Ok(RawScanExec::of(scan, groups))
    }

    fn of(scan: Arc<Scan>, groups: Vec<Vec<LandedPart>>) -> Self {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(scan.schema.clone()),
            Partitioning::UnknownPartitioning(groups.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        RawScanExec { scan, groups, properties }
    }

    pub(in crate::engine) fn plan(&self) -> ScanPlan {
        // A receiver reads its groups and needs no other part; a landing of thousands would be sent thousands of times.
        let landing = Landing { parts: vec![], ..self.scan.landing.as_ref().clone() };
        let (columns, batch_rows) = (self.scan.columns.clone(), self.scan.batch_rows);
        ScanPlan { landing, columns, groups: self.groups.clone(), batch_rows }
    }

    pub(in crate::engine) fn parts(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// As they lie in the store, compressed or not.
    pub(in crate::engine) fn bytes(&self) -> u64 {
        self.groups.iter().flatten().map(|part| part.bytes).sum()
    }

    /// The same scan as that of several tasks, each with as many partitions as this one; some may be empty.
    pub(in crate::engine) fn shared_out(&self, tasks: usize) -> Vec<RawScanExec> {
        let partitions = self.groups.len();
        let mut groups = deal(&self.groups.concat(), tasks * partitions);
        groups.resize(tasks * partitions, vec![]);
        // Dealt in turn, so that each task has some of the large ones.
        let share = |task| groups.iter().skip(task).step_by(tasks).cloned().collect();
        (0..tasks).map(|task| RawScanExec::of(self.scan.clone(), share(task))).collect()
    }
}

impl DisplayAs for RawScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.scan.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let (landing, groups) = (&self.scan.landing, self.groups.len());
        write!(
            f,
            "RawScanExec: source={}, run={}, partitions={groups}, columns=[{}]",
            landing.source,
            landing.run_id,
            names.join(", ")
        )
    }
}

impl ExecutionPlan for RawScanExec {
    fn name(&self) -> &str {
        "RawScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let (scan, parts) = (self.scan.clone(), self.groups[partition].clone());
        let mut builder = RecordBatchReceiverStream::builder(scan.schema.clone(), 2);
        let batches = builder.tx();
        builder.spawn(async move {
            for part in &parts {
                scan.read(part, &batches).await.map_err(|error| DataFusionError::External(error.into()))?;
            }
            Ok(())
        });
        Ok(builder.build())
    }

    /// The landing knows its rows: that lets the planner build the smaller side of a join. They are given as an
    /// estimate, so that `count(*)` still reads the parts and meets their faults.
    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], args: &StatisticsArgs) -> DfResult<Arc<Statistics>> {
        let groups = args.partition().map_or(self.groups.as_slice(), |partition| &self.groups[partition..=partition]);
        let sum = |of: fn(&LandedPart) -> u64| groups.iter().flatten().map(of).sum::<u64>() as usize;
        let mut statistics = Statistics::new_unknown(&self.scan.schema);
        statistics.num_rows = Precision::Inexact(sum(|part| part.rows));
        statistics.total_byte_size = Precision::Inexact(sum(|part| part.bytes));
        Ok(Arc::new(statistics))
    }
}

/// What all partitions of a scan share.
#[derive(Debug)]
struct Scan {
    store: Arc<dyn ObjectStore>,
    landing: Arc<Landing>,
    /// Places of the wanted columns in the landing's schema, and what becomes of them.
    columns: Vec<usize>,
    schema: SchemaRef,
    batch_rows: usize,
}

impl Scan {
    /// Sends the rows of a part, in batches. It ends early if nobody wants more.
    async fn read(&self, part: &LandedPart, batches: &Sender<DfResult<RecordBatch>>) -> Result<()> {
        let in_part = |error: Error| error.context(format!("`{}`", part.path));
        let mut decoder = self.decoder()?;
        let mut plain = Plain::new(Packing::of_part(&part.path), self.landing.format.encoding())?;
        let mut chunks = chunks(&self.store, &part.path).await.map_err(in_part)?;
        let mut ready = vec![];
        while let Some(chunk) = chunks.next().await {
            plain.push(&chunk.map_err(in_part)?, |text| decoder.push(text, &mut ready)).map_err(in_part)?;
            if !self.send(&mut ready, batches).await? {
                return Ok(());
            }
        }
        plain.finish(|text| decoder.push(text, &mut ready)).map_err(in_part)?;
        decoder.finish(&mut ready).map_err(in_part)?;
        self.send(&mut ready, batches).await?;
        Ok(())
    }

    fn decoder(&self) -> Result<Decoder> {
        let (schema, rows) = (&self.landing.schema, self.batch_rows);
        Ok(match &self.landing.format {
            LandedFormat::Csv { delimiter, header, dialect, .. } => {
                let layout = (*delimiter as u8, *header);
                Decoder::Csv(CsvDecoder::new(schema, &self.columns, layout, dialect, rows).into())
            }
            LandedFormat::TableCsv => Decoder::Table(TableCsvDecoder::new(schema, &self.columns, rows).into()),
            LandedFormat::Ndjson => Decoder::Json(JsonDecoder::new(schema, &self.columns, None, rows)?.into()),
            LandedFormat::Json { records, .. } => {
                Decoder::Json(JsonDecoder::new(schema, &self.columns, records.as_deref(), rows)?.into())
            }
        })
    }

    /// Whether the batches were wanted.
    async fn send(&self, ready: &mut Vec<RecordBatch>, to: &Sender<DfResult<RecordBatch>>) -> Result<bool> {
        for batch in ready.drain(..) {
            let batch =
                self.present(&batch).map_err(|error| Error::failed("could not rename columns").because(error))?;
            if to.send(Ok(batch)).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn present(&self, batch: &RecordBatch) -> DfResult<RecordBatch> {
        let columns =
            batch.columns().iter().zip(self.schema.fields()).map(|(array, field)| rename(array, field.data_type()));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns.collect::<DfResult<_>>()?, &options)?)
    }
}

/// Bytes of a part in chunks of any size → batches of the wanted columns, under the names they landed with.
enum Decoder {
    Csv(Box<CsvDecoder>),
    Json(Box<JsonDecoder>),
    Table(Box<TableCsvDecoder>),
}

impl Decoder {
    fn push(&mut self, plain: &[u8], ready: &mut Vec<RecordBatch>) -> Result<()> {
        match self {
            Decoder::Csv(decoder) => decoder.push(plain, ready),
            Decoder::Json(decoder) => decoder.push(plain, ready),
            Decoder::Table(decoder) => decoder.push(plain, ready),
        }
    }

    fn finish(self, ready: &mut Vec<RecordBatch>) -> Result<()> {
        match self {
            Decoder::Csv(decoder) => decoder.finish(ready),
            Decoder::Json(decoder) => decoder.finish(ready),
            Decoder::Table(decoder) => decoder.finish(ready),
        }
    }
}

/// An object's bytes as they come.
async fn chunks(store: &Arc<dyn ObjectStore>, path: &str) -> Result<BoxStream<'static, Result<bytes::Bytes>>> {
    let found = store.get(&Path::from(path)).await?;
    let size = found.meta.size;
    match found.payload {
        // The store's own stream of a local file takes 8 KiB a time, each through another thread.
        GetResultPayload::File(file, _) => {
            let read = move |(mut file, left): (std::fs::File, u64)| async move {
                if left == 0 {
                    return Ok(None);
                }
                let mut chunk = vec![0; READ_BYTES.min(left as usize)];
                let (file, chunk) =
                    tokio::task::spawn_blocking(move || file.read_exact(&mut chunk).map(|()| (file, chunk)))
                        .await
                        .map_err(|error| Error::failed("reading was stopped").because(error))??;
                let left = left - chunk.len() as u64;
                Ok(Some((bytes::Bytes::from(chunk), (file, left))))
            };
            Ok(futures::stream::try_unfold((file, size), read).boxed())
        }
        GetResultPayload::Stream(stream) => Ok(stream.map(|chunk| Ok(chunk?)).boxed()),
    }
}
