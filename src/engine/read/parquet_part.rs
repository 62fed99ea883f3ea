//! A part of a landing that is a Parquet file: only the wanted columns of it are fetched.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::error::{Error, Result};
use crate::formats::parquet_file::{arrow_schema, fitted};
use crate::lake::landing::LandedPart;

/// The columns at these places of the landed schema, in that order, under their landed names and types.
///
/// # Errors
/// When the file is not whole any more, or a value does not fit its landed type.
pub(super) async fn batches(
    store: &Arc<dyn ObjectStore>,
    part: &LandedPart,
    landed: &Schema,
    columns: &[usize],
    batch_rows: usize,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let path = Path::from(part.path.as_str());
    let mut reader = ParquetObject { store: store.clone(), path, bytes: part.bytes };
    let plain = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::new()).await.map_err(broken)?;
    let schema = Arc::new(arrow_schema(plain.metadata())?);
    let options = ArrowReaderOptions::new().with_schema(schema);
    let metadata = ArrowReaderMetadata::try_new(plain.metadata().clone(), options).map_err(broken)?;
    let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata);
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    let stream = builder.with_projection(mask).with_batch_size(batch_rows).build().map_err(broken)?;
    // The file's order is another one, where columns were asked for in an order of their own.
    let mut in_file = columns.to_vec();
    in_file.sort_unstable();
    let places: Vec<usize> = columns.iter().map(|column| in_file.partition_point(|other| other < column)).collect();
    let wanted: Vec<_> = columns.iter().map(|&column| landed.fields()[column].clone()).collect();
    let wanted = Arc::new(Schema::new(wanted));
    let fit = move |batch: RecordBatch| {
        let of = wanted.fields().iter().zip(&places);
        let columns = of.map(|(field, &place)| fitted(field.name(), batch.column(place), field.data_type()));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(wanted.clone(), columns.collect::<Result<_>>()?, &options)
            .map_err(|error| Error::failed("could not put its columns together").because(error))
    };
    Ok(stream.map_err(broken).map(move |batch| batch.and_then(&fit)).boxed())
}

/// What Parquet's reader asks for.
struct ParquetObject {
    store: Arc<dyn ObjectStore>,
    path: Path,
    bytes: u64,
}

impl AsyncFileReader for ParquetObject {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move { self.store.get_range(&self.path, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        async move { self.store.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let bytes = self.bytes;
            Ok(Arc::new(ParquetMetaDataReader::new().load_and_finish(&mut *self, bytes).await?))
        }
        .boxed()
    }
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

fn broken(error: ParquetError) -> Error {
    Error::failed("broken Parquet").hint("the file is not what it seems; fetch it again").because(error)
}
