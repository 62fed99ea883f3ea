//! A file's rows and schema, from its bytes as they go by: CSV or JSON, packed or not, or Parquet.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, SchemaRef};

use crate::error::{Error, Result};
use crate::formats::csv_records::Records;
use crate::formats::json_rows::RowSplitter;
use crate::formats::json_schema::JsonSchema;
use crate::formats::parquet_file::Tail;
use crate::formats::plain::Plain;
use crate::formats::unpack::Packing;
use crate::formats::utf8::Utf8;
use crate::project::FileFormat;

/// What is known of a file's rows from the bytes that have gone by.
pub enum SeenFile {
    Text(Box<SeenText>),
    Parquet(Tail),
}

pub struct SeenText {
    plain: Plain,
    text: Text,
}

struct Text {
    is_empty: bool,
    utf8: Utf8,
    content: RowsSeen,
}

enum RowsSeen {
    Csv { records: Box<Records>, header: bool },
    Json { splitter: Option<RowSplitter>, rows: Box<JsonSchema> },
}

impl SeenFile {
    pub fn new(format: &FileFormat, packing: Packing) -> Result<Self> {
        let content = match format {
            FileFormat::Csv { delimiter, header, dialect, .. } => {
                RowsSeen::Csv { records: Records::new(*delimiter, dialect).into(), header: *header }
            }
            FileFormat::Json { records, .. } => {
                RowsSeen::Json { splitter: Some(RowSplitter::new(records.as_deref())), rows: Box::default() }
            }
            FileFormat::Parquet => return Ok(SeenFile::Parquet(Tail::default())),
        };
        let plain = Plain::new(packing, format.encoding())?;
        let text = Text { is_empty: true, utf8: Utf8::default(), content };
        Ok(SeenFile::Text(SeenText { plain, text }.into()))
    }

    /// What was seen of the rows of JSON; `None` where a file names its columns by itself.
    pub fn into_json(self) -> Option<JsonSchema> {
        let SeenFile::Text(seen) = self else { return None };
        if let RowsSeen::Json { rows, .. } = seen.text.content { Some(*rows) } else { None }
    }

    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        match self {
            SeenFile::Text(seen) => seen.plain.push(chunk, |text| seen.text.push(text)),
            SeenFile::Parquet(tail) => {
                tail.push(chunk);
                Ok(())
            }
        }
    }

    /// Rows so far; the header of a CSV is none.
    pub fn rows(&self) -> u64 {
        match self {
            SeenFile::Text(seen) => seen.text.content.rows(),
            SeenFile::Parquet(tail) => tail.rows(),
        }
    }

    /// Checks that there is something, and that nothing is missing at the end.
    pub fn finish(&mut self) -> Result<()> {
        match self {
            SeenFile::Text(seen) => {
                seen.plain.finish(|text| seen.text.push(text))?;
                seen.text.finish()
            }
            SeenFile::Parquet(tail) => tail.finish(),
        }
    }

    pub fn schema(&self, columns: &BTreeMap<String, DataType>) -> Result<SchemaRef> {
        match self {
            SeenFile::Text(seen) => match &seen.text.content {
                RowsSeen::Csv { records, header } => records.schema(*header, columns),
                RowsSeen::Json { rows, .. } => rows.schema(),
            },
            SeenFile::Parquet(tail) => tail.schema(),
        }
    }
}

impl Text {
    fn push(&mut self, plain: &[u8]) -> Result<()> {
        self.is_empty &= plain.is_empty();
        if let Err(bad) = self.utf8.check(plain) {
            // Up to there, so that the row can be named.
            self.content.push(&plain[..bad.sound])?;
            return Err(bad.error(&self.content.place()));
        }
        self.content.push(plain)
    }

    fn finish(&mut self) -> Result<()> {
        if self.is_empty {
            return Err(Error::failed("it is empty: there is not one byte in it")
                .hint("a file without rows has a header, or is `[]`; check how it is made"));
        }
        self.utf8.finish().map_err(|bad| bad.error(&self.content.place()))?;
        self.content.finish()
    }
}

impl RowsSeen {
    fn push(&mut self, plain: &[u8]) -> Result<()> {
        match self {
            RowsSeen::Csv { records, .. } => records.push(plain),
            RowsSeen::Json { splitter: Some(splitter), rows } => splitter.push(plain, |row| rows.add(row)),
            RowsSeen::Json { splitter: None, .. } => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<()> {
        match self {
            RowsSeen::Csv { records, .. } => records.finish(),
            RowsSeen::Json { splitter, .. } => splitter.take().map_or(Ok(()), RowSplitter::finish),
        }
    }

    /// Where the next byte stands.
    fn place(&self) -> String {
        match self {
            RowsSeen::Csv { records, header: true } if records.count() == 0 => "the header".into(),
            _ => format!("row {}", self.rows() + 1),
        }
    }

    fn rows(&self) -> u64 {
        match self {
            RowsSeen::Csv { records, header } => records.count().saturating_sub(u64::from(*header)),
            RowsSeen::Json { rows, .. } => rows.count(),
        }
    }
}
