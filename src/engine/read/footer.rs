//! The engine's reader of Parquet, but for footers: where one cannot be read, its own reader gives the reason as text, and
//! a store that is gone could not be told from a file that is broken.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::parquet::{DefaultParquetFileReaderFactory, ParquetFileReaderFactory};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::ParquetMetaData;

/// Opens files of one store.
pub(in crate::engine) struct Readers {
    pub store: Arc<dyn ObjectStore>,
    /// Where footers that were read are kept, if they are. No file of a lake is ever another one, so they stay right.
    pub footers: Option<Arc<FileMetadataCache>>,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        hint_bytes: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let (store, meta, footers) = (self.store.clone(), file.object_meta.clone(), self.footers.clone());
        let pages = DefaultParquetFileReaderFactory::new(self.store.clone());
        let pages = pages.create_reader(partition, file, hint_bytes, metrics)?;
        Ok(Box::new(FooterReader { pages, store, meta, hint_bytes, footers }))
    }
}

struct FooterReader {
    pages: Box<dyn AsyncFileReader + Send>,
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
    hint_bytes: Option<usize>,
    footers: Option<Arc<FileMetadataCache>>,
}

impl AsyncFileReader for FooterReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.pages.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        self.pages.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            DFParquetMetadata::new(&self.store, &self.meta)
                .with_metadata_size_hint(self.hint_bytes)
                .with_file_metadata_cache(self.footers.clone())
                .with_page_index_policy(options.map(ArrowReaderOptions::column_index_policy))
                .fetch_metadata()
                .await
                .map_err(|error| ParquetError::External(Box::new(error)))
        }
        .boxed()
    }
}
