//! One file that is being written: rows go in a row group at a time, bytes go to the stage.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use datafusion::error::{DataFusionError, Result};
use parquet::file::metadata::ParquetMetaData;

use super::job::WriteJob;
use super::keys::PartitionKey;
use crate::engine::faults;
use crate::engine::read::ranges;
use crate::engine::write::parquet::Workshops;
use crate::engine::write::parquet::encoder::Encoder;
use crate::error::Error;
use crate::lake::path;
use crate::lake::stage::{self, StageWriter, Staged};
use crate::lake::table::data_file::DataFile;

/// Where the files of one task go that belong to one folder.
pub(super) struct Destination {
    pub job: Arc<WriteJob>,
    pub task: usize,
    pub dir: String,
    /// Of the files: without the columns that stand in the path.
    pub schema: SchemaRef,
    /// Row groups that may be encoded at a time, by all tasks of this process.
    pub encoders: Arc<Workshops>,
}

/// A file of one partition.
pub(super) struct OpenFile {
    key: PartitionKey,
    encoder: Encoder,
    object: StageWriter,
    rows: u64,
}

/// What became of a file.
pub(super) enum Next {
    Open(Box<OpenFile>),
    Closed(Box<(DataFile, Staged)>),
}

impl OpenFile {
    /// The `n`th file of a partition. How it is encoded is decided by the rows that come first.
    async fn open(place: &Destination, key: PartitionKey, n: usize, rows: &[RecordBatch]) -> Result<OpenFile> {
        let job = &place.job;
        let columns = &job.partition_by[..key.len()];
        let writer = match job.attempt {
            0 => job.run_id.clone(),
            attempt => format!("{}.{attempt}", job.run_id),
        };
        let path = path::data_file(&place.dir, columns, &key, &writer, place.task, n);
        let object = stage::begin(&job.lake, &job.run_id, path).await.map_err(external)?;
        Ok(OpenFile { key, encoder: Encoder::new(&place.schema, rows)?, object, rows: 0 })
    }

    /// Bytes that are held back until the file is closed.
    pub(super) fn held_bytes(&self) -> usize {
        self.encoder.held_bytes() + self.object.held_bytes()
    }
}

/// Writes a row group, and closes the file if it was the last one or the file has reached its size.
pub(super) async fn write_row_group(
    place: Arc<Destination>,
    (key, n): (PartitionKey, usize),
    file: Option<OpenFile>,
    rows: Vec<RecordBatch>,
    is_last: bool,
) -> Result<Next> {
    let mut encoders = place.encoders.enter().await?;
    let mut file = match file {
        Some(file) => file,
        None => OpenFile::open(&place, key, n, &rows).await?,
    };
    file.rows += rows.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
    // On the engine's threads, as all that works on rows: another thread's heap would only grow beside theirs.
    file.encoder.write(&rows, encoders.workshop()).await?;
    drop(rows);
    let is_full = file.encoder.bytes_written() >= place.job.target_file_bytes;
    let footer = if is_last || is_full { Some(file.encoder.finish()?) } else { None };
    drop(encoders);
    let bytes = file.encoder.take_bytes();
    place.job.meter.add(0, bytes.len() as u64);
    file.object.write(Bytes::from(bytes)).await.map_err(external)?;
    match footer {
        None => Ok(Next::Open(Box::new(file))),
        Some(footer) => close(file, footer, &place.schema).await,
    }
}

async fn close(file: OpenFile, footer: ParquetMetaData, schema: &SchemaRef) -> Result<Next> {
    let staged = file.object.finish().await.map_err(external)?;
    let data_file = DataFile {
        path: staged.path.clone(),
        partition: file.key.to_vec(),
        rows: file.rows,
        bytes: staged.bytes,
        columns: ranges::of_file(&footer, schema)?,
        made_from: None,
        stands_for: None,
    };
    Ok(Next::Closed(Box::new((data_file, staged))))
}

/// A file without rows, so that plain readers find the columns of an empty table.
pub async fn empty_file(job: &WriteJob) -> crate::error::Result<(DataFile, Staged)> {
    let path = path::data_file(&job.dir(), &[], &[], &job.run_id, 0, 0);
    let mut object = stage::begin(&job.lake, &job.run_id, path).await?;
    let mut encoder = Encoder::new(&job.schema, &[]).map_err(faults::explain)?;
    encoder.finish().map_err(faults::explain)?;
    object.write(Bytes::from(encoder.take_bytes())).await?;
    let staged = object.finish().await?;
    let file = DataFile {
        path: staged.path.clone(),
        partition: vec![],
        rows: 0,
        bytes: staged.bytes,
        columns: vec![],
        made_from: None,
        stands_for: None,
    };
    Ok((file, staged))
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
