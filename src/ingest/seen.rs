//! A file's rows and schema, from its bytes as they go by: CSV or JSON, gzipped or not.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, SchemaRef};

use super::csv::Records;
use super::schema::Rows;
use crate::error::Result;
use crate::lake::gunzip::Gunzip;
use crate::lake::json_rows::RowSplitter;
use crate::project::FileFormat;

/// What is known of a file's rows from the bytes that have gone by.
pub struct Seen {
    gunzip: Option<Gunzip>,
    content: Content,
}

enum Content {
    Csv { records: Records, header: bool },
    Json { splitter: Option<RowSplitter>, rows: Rows },
}

impl Seen {
    pub fn new(format: &FileFormat, gzipped: bool) -> Self {
        let content = match format {
            FileFormat::Csv { delimiter, header } => {
                Content::Csv { records: Records::new(*delimiter), header: *header }
            }
            FileFormat::Json { records } => {
                Content::Json { splitter: Some(RowSplitter::new(records.as_deref())), rows: Rows::default() }
            }
        };
        Seen { gunzip: Some(Gunzip::new(gzipped)), content }
    }

    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        if let Some(gunzip) = &mut self.gunzip {
            gunzip.push(chunk, |plain| self.content.push(plain))?;
        }
        Ok(())
    }

    /// Rows so far; the header of a CSV is none.
    pub fn rows(&self) -> u64 {
        self.content.rows()
    }

    /// Checks that nothing is missing at the end.
    pub fn finish(&mut self) -> Result<()> {
        if let Some(gunzip) = self.gunzip.take() {
            gunzip.finish(|plain| self.content.push(plain))?;
        }
        match &mut self.content {
            Content::Csv { .. } => Ok(()),
            Content::Json { splitter, .. } => splitter.take().map_or(Ok(()), RowSplitter::finish),
        }
    }

    pub fn schema(&self, columns: &BTreeMap<String, DataType>) -> Result<SchemaRef> {
        match &self.content {
            Content::Csv { records, header } => records.schema(*header, columns),
            Content::Json { rows, .. } => rows.schema(),
        }
    }
}

impl Content {
    fn push(&mut self, plain: &[u8]) -> Result<()> {
        match self {
            Content::Csv { records, .. } => records.push(plain),
            Content::Json { splitter: Some(splitter), rows } => splitter.push(plain, |row| rows.add(row)),
            Content::Json { splitter: None, .. } => Ok(()),
        }
    }

    fn rows(&self) -> u64 {
        match self {
            Content::Csv { records, header } => records.count().saturating_sub(u64::from(*header)),
            Content::Json { rows, .. } => rows.count(),
        }
    }
}
