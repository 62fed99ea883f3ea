//! The bytes of a part → batches of the wanted columns, in lower case and in the types that all landings of the source have
//! together.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, StructArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::Result as DfResult;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc::Sender;

use super::keyed::{self, Sees};
use super::names::lower_case;
use super::parquet_part;
use crate::error::{Error, Result};
use crate::formats::csv_batches::CsvDecoder;
use crate::formats::json_batches::JsonDecoder;
use crate::formats::plain::Plain;
use crate::formats::table_csv::TableCsvDecoder;
use crate::formats::unpack::Packing;
use crate::lake::landing::{LandedFormat, LandedPart, Landing};

const READ_BYTES: usize = 1 << 20;

/// What all partitions of a scan share.
#[derive(Debug)]
pub(super) struct PartReader {
    store: Arc<dyn ObjectStore>,
    layouts: Vec<PartLayout>,
    /// Of the batches.
    schema: SchemaRef,
    batch_rows: usize,
}

/// How the parts of one landing are read.
#[derive(Debug)]
struct PartLayout {
    format: LandedFormat,
    /// As it landed, in the types that are wanted.
    schema: Schema,
    /// Places of the wanted columns that it has.
    places: Vec<usize>,
    wanted: Vec<WantedColumn>,
}

/// Where a column of the batches comes from.
#[derive(Debug, Clone, Copy)]
enum WantedColumn {
    /// The landing has it, as its n-th wanted one.
    Landed(usize),
    /// It came, or went, with another landing.
    Null,
    /// The row's place among all rows of the source.
    Place,
}

impl PartReader {
    /// `columns` are the places of the wanted ones in `schema`, which all landings have together.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        landings: &[Landing],
        schema: &SchemaRef,
        columns: &[usize],
        batch_rows: usize,
    ) -> DfResult<Self> {
        let layouts = landings.iter().map(|landing| PartLayout::of(landing, schema, columns)).collect();
        let presented = Arc::new(keyed::placed(&lower_case(schema), Sees::Places).project(columns)?);
        Ok(PartReader { store, layouts, schema: presented, batch_rows })
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Sends the rows of a part, in batches. It ends early if nobody wants more.
    pub async fn read(
        &self,
        landing: usize,
        first_row: i64,
        part: &LandedPart,
        batches: &Sender<DfResult<RecordBatch>>,
    ) -> Result<()> {
        let in_part = |error: Error| error.context(format!("`{}`", part.path));
        let layout = &self.layouts[landing];
        let (mut ready, mut row) = (vec![], first_row);
        let Some(mut decoder) = layout.decoder(self.batch_rows)? else {
            let found = parquet_part::batches(&self.store, part, &layout.schema, &layout.places, self.batch_rows).await;
            let mut found = found.map_err(in_part)?;
            while let Some(batch) = found.next().await {
                ready.push(batch.map_err(in_part)?);
                if !self.send(layout, &mut row, &mut ready, batches).await? {
                    return Ok(());
                }
            }
            return Ok(());
        };
        let mut plain = Plain::new(Packing::of_part(&part.path), layout.format.encoding())?;
        let mut chunks = chunks(&self.store, &part.path).await.map_err(in_part)?;
        while let Some(chunk) = chunks.next().await {
            plain.push(&chunk.map_err(in_part)?, |text| decoder.push(text, &mut ready)).map_err(in_part)?;
            if !self.send(layout, &mut row, &mut ready, batches).await? {
                return Ok(());
            }
        }
        plain.finish(|text| decoder.push(text, &mut ready)).map_err(in_part)?;
        decoder.finish(&mut ready).map_err(in_part)?;
        self.send(layout, &mut row, &mut ready, batches).await?;
        Ok(())
    }

    /// Whether the batches were wanted. `row` is the place of the first row.
    async fn send(
        &self,
        layout: &PartLayout,
        row: &mut i64,
        ready: &mut Vec<RecordBatch>,
        to: &Sender<DfResult<RecordBatch>>,
    ) -> Result<bool> {
        for batch in ready.drain(..) {
            let presented = self
                .present(layout, *row, &batch)
                .map_err(|error| Error::failed("could not rename columns").because(error))?;
            *row = row.saturating_add(batch.num_rows() as i64);
            if to.send(Ok(presented)).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn present(&self, layout: &PartLayout, row: i64, batch: &RecordBatch) -> DfResult<RecordBatch> {
        let rows = batch.num_rows();
        let columns = layout.wanted.iter().zip(self.schema.fields()).map(|(wanted, field)| match wanted {
            WantedColumn::Landed(place) => rename(batch.column(*place), field.data_type()),
            WantedColumn::Null => Ok(new_null_array(field.data_type(), rows)),
            WantedColumn::Place => Ok(keyed::places(row, rows)),
        });
        let columns = columns.collect::<DfResult<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

impl PartLayout {
    fn of(landing: &Landing, schema: &Schema, columns: &[usize]) -> PartLayout {
        let fields = landing.schema.fields();
        let named = |name: &str| {
            let same = || fields.iter().position(|field| field.name().to_lowercase() == name.to_lowercase());
            fields.iter().position(|field| field.name() == name).or_else(same)
        };
        let (mut places, mut wanted) = (vec![], vec![]);
        let mut typed: Vec<Field> = fields.iter().map(|field| field.as_ref().clone()).collect();
        for column in columns {
            let Some(field) = schema.fields().get(*column) else {
                wanted.push(WantedColumn::Place);
                continue;
            };
            wanted.push(match named(field.name()) {
                Some(place) => {
                    typed[place].set_data_type(field.data_type().clone());
                    places.push(place);
                    WantedColumn::Landed(places.len() - 1)
                }
                None => WantedColumn::Null,
            });
        }
        PartLayout { format: landing.format.clone(), schema: Schema::new(typed), places, wanted }
    }

    /// `None` for Parquet, whose end has to be read first.
    fn decoder(&self, rows: usize) -> Result<Option<Decoder>> {
        let (schema, places) = (&self.schema, &self.places);
        Ok(Some(match &self.format {
            LandedFormat::Parquet => return Ok(None),
            LandedFormat::Csv { delimiter, header, dialect, .. } => {
                let layout = (*delimiter as u8, *header);
                Decoder::Csv(CsvDecoder::new(schema, places, layout, dialect, rows).into())
            }
            LandedFormat::TableCsv => Decoder::Table(TableCsvDecoder::new(schema, places, rows).into()),
            LandedFormat::Ndjson => Decoder::Json(JsonDecoder::new(schema, places, None, rows)?.into()),
            LandedFormat::Json { records, .. } => {
                Decoder::Json(JsonDecoder::new(schema, places, records.as_deref(), rows)?.into())
            }
        }))
    }
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
