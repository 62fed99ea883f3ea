//! The beginning of a file: as many of its rows as are wanted, unpacked and in UTF-8, and nothing that is cut.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, SchemaRef};
use futures::TryStreamExt;
use reqwest::header::HeaderMap;
use tokio::io::AsyncReadExt;

use super::local::{open, unreadable};
use super::places::{self, FoundFiles};
use super::shown::{in_file, shown};
use super::{READ_BYTES, bucket, capture, counted, landed_format};
use crate::error::{Error, Result};
use crate::formats::csv_records::Records;
use crate::formats::encoding::TextEncoding;
use crate::formats::json_rows::RowSplitter;
use crate::formats::json_schema::JsonSchema;
use crate::formats::plain::Plain;
use crate::formats::unpack::{HEAD_BYTES, Packing};
use crate::formats::utf8::Utf8;
use crate::ingest::http::{self, FailedAttempt};
use crate::ingest::parts::{LandingDraft, Part, Taken};
use crate::lake::landing::LandedFormat;
use crate::project::{Address, FileFormat, FilePlaces};

/// Where not even this much holds a row, the file's rows lie deeper.
const MOST_BYTES: usize = 64 << 20;

/// The rows of a Parquet file are found by its end, so all of it is read, up to this size.
const MOST_PARQUET_BYTES: u64 = 256 << 20;

/// Unpacked at a time.
const SLICE_BYTES: usize = 16 << 10;

/// The first `rows` rows of the file, or of the first of several.
///
/// # Errors
/// When it cannot be read, is not what the source says, or has no whole row in its first 64 MiB.
pub async fn sample(
    files: &FilePlaces,
    format: &FileFormat,
    columns: &BTreeMap<String, DataType>,
    draft: &LandingDraft<'_>,
    rows: u64,
) -> Result<Taken> {
    let mut notes = vec![];
    let FoundFiles { found, are_many, .. } = places::find(files, draft.at.date_naive()).await?;
    let Some(first) = found.first() else { return Err(Error::failed("there is no file")) };
    if are_many {
        notes.push(format!("{}; these rows are of {}", counted(found.len()), shown(first)));
    }
    if *format == FileFormat::Parquet {
        let max_bytes = Some(files.max_bytes.unwrap_or(MOST_PARQUET_BYTES).min(MOST_PARQUET_BYTES));
        let one = FilePlaces { places: vec![first.clone()], dates: None, max_bytes, ..files.clone() };
        let whole = LandingDraft { sample: None, ..*draft };
        let taken = Box::pin(capture(&one, format, columns, &whole)).await?;
        return Ok(match taken {
            Taken::New { format, schema, parts, window, .. } => Taken::New { format, schema, parts, notes, window },
            unchanged => unchanged,
        });
    }
    let head = match first.url().scheme() {
        "file" => of_local(first, format, rows).await?,
        "s3" => of_bucket(first, files, format, rows).await?,
        _ => {
            let client = http::client(HeaderMap::new(), false)?;
            http::with_retries(|| of_server(&client, first, format, rows)).await?
        }
    };
    if !head.is_whole {
        notes.push(format!("the first {} bytes of it were read", head.read));
    }
    let cut = head.cut(format, columns, rows).map_err(|error| in_file(error, first))?;
    let kind = if matches!(cut.format, LandedFormat::Ndjson) { "json" } else { "csv" };
    let mut part = Part::create(draft, 1, kind).await?;
    part.count(cut.rows);
    part.write(cut.bytes.into()).await?;
    Ok(Taken::New {
        format: cut.format,
        schema: cut.schema,
        parts: vec![part.finish(vec![]).await?],
        notes,
        window: None,
    })
}

async fn of_local(url: &Address, format: &FileFormat, rows: u64) -> Result<FileHead> {
    let mut head = FileHead::default();
    let (mut file, _) = open(url).await?;
    let mut chunk = vec![0; READ_BYTES];
    while head.wants_more(format, rows) {
        let length = file.read(&mut chunk).await.map_err(|error| unreadable(url, error))?;
        head.push(&chunk[..length], format).map_err(|error| in_file(error, url))?;
    }
    Ok(head)
}

async fn of_bucket(url: &Address, files: &FilePlaces, format: &FileFormat, rows: u64) -> Result<FileHead> {
    let mut head = FileHead::default();
    let mut chunks = bucket::chunks(url, &files.bucket).await?;
    while head.wants_more(format, rows) {
        let chunk = chunks.try_next().await?.unwrap_or_default();
        head.push(&chunk, format).map_err(|error| in_file(error, url))?;
    }
    Ok(head)
}

async fn of_server(
    client: &reqwest::Client,
    url: &Address,
    format: &FileFormat,
    rows: u64,
) -> Result<FileHead, FailedAttempt> {
    let mut head = FileHead::default();
    let mut response = http::send(client.get(url.url().clone()), url).await?;
    while head.wants_more(format, rows) {
        let chunk = http::chunk(&mut response, url).await?.unwrap_or_default();
        head.push(&chunk, format).map_err(|error| in_file(error, url))?;
    }
    // The rest is not waited for: the connection is given up.
    Ok(head)
}

fn grow(text: &mut Vec<u8>, piece: &[u8]) -> Result<()> {
    text.extend_from_slice(piece);
    Ok(())
}

/// What has been read of a file.
#[derive(Default)]
struct FileHead {
    /// The first bytes, until there are enough to tell how it is packed.
    packed: Vec<u8>,
    plain: Option<Plain>,
    text: Vec<u8>,
    /// Bytes as they lie there.
    read: usize,
    is_whole: bool,
}

/// Rows that can be landed.
struct Cut {
    bytes: Vec<u8>,
    rows: u64,
    format: LandedFormat,
    schema: SchemaRef,
}

impl FileHead {
    /// An empty chunk is the end of the file.
    fn push(&mut self, chunk: &[u8], format: &FileFormat) -> Result<()> {
        self.read += chunk.len();
        self.is_whole = chunk.is_empty();
        self.packed.extend_from_slice(chunk);
        if self.plain.is_none() && self.packed.len() < HEAD_BYTES && !self.is_whole {
            return Ok(());
        }
        let packed = std::mem::take(&mut self.packed);
        let plain = match &mut self.plain {
            Some(plain) => plain,
            none => none.insert(Plain::new(Packing::of(&packed)?, format.encoding())?),
        };
        let text = &mut self.text;
        // Packed data can grow a thousandfold.
        for slice in packed.chunks(SLICE_BYTES) {
            if text.len() < MOST_BYTES {
                plain.push(slice, |piece| grow(text, piece))?;
            }
        }
        match self.is_whole {
            true => plain.finish(|piece| grow(text, piece)),
            false => Ok(()),
        }
    }

    /// A megabyte is enough, if there are rows in it.
    fn wants_more(&self, format: &FileFormat, rows: u64) -> bool {
        if self.is_whole || self.read >= MOST_BYTES || self.text.len() >= MOST_BYTES {
            return false;
        }
        // What is wrong with them is told when they are cut.
        self.read.max(self.text.len()) < READ_BYTES || rows_in(&self.text, format, rows).is_ok_and(|rows| rows == 0)
    }

    fn cut(&self, format: &FileFormat, columns: &BTreeMap<String, DataType>, rows: u64) -> Result<Cut> {
        if self.text.is_empty() {
            return Err(Error::failed("it is empty: there is not one byte in it")
                .hint("a file without rows has a header, or is `[]`; check how it is made"));
        }
        let mut utf8 = Utf8::default();
        if let Err(bad) = utf8.check(&self.text) {
            return Err(bad.error("among its first rows"));
        }
        match format {
            FileFormat::Csv { delimiter, header, dialect, encoding: _ } => {
                let mut records = Records::new(*delimiter, dialect);
                let mut end = end_of_records(&mut records, &self.text, rows + u64::from(*header))?;
                if self.is_whole && records.count() < rows + u64::from(*header) {
                    records.finish()?;
                    end = self.text.len();
                }
                let schema = records.schema(*header, columns)?;
                let rows = records.count().saturating_sub(u64::from(*header));
                let LandedFormat::Csv { delimiter, header, dialect, .. } = landed_format(format) else {
                    return Err(Error::failed("a CSV lands as one"));
                };
                let format = LandedFormat::Csv { delimiter, header, dialect, encoding: TextEncoding::Utf8 };
                Ok(Cut { bytes: self.text[..end].to_vec(), rows, format, schema })
            }
            FileFormat::Parquet => Err(Error::failed("the rows of a Parquet file are found by its end")),
            FileFormat::Json { records, .. } => {
                let (mut bytes, mut seen) = (vec![], JsonSchema::default());
                let mut splitter = RowSplitter::new(records.as_deref());
                splitter.push(&self.text, |row| {
                    // All of them tell the types; JSON has line ends between its tokens only (RFC 8259, 7).
                    seen.add(row)?;
                    if seen.count() <= rows {
                        bytes.extend(row.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
                        bytes.push(b'\n');
                    }
                    Ok(())
                })?;
                match self.is_whole {
                    true => splitter.finish()?,
                    false if seen.count() == 0 => {
                        return Err(Error::failed(format!("there is no whole row in its first {} bytes", self.read))
                            .hint("if the rows lie deeper in the document, name their place with `records:`"));
                    }
                    false => {}
                }
                Ok(Cut { bytes, rows: seen.count().min(rows), format: LandedFormat::Ndjson, schema: seen.schema()? })
            }
        }
    }
}

/// How many whole rows there are, counted no further than `enough`.
fn rows_in(text: &[u8], format: &FileFormat, enough: u64) -> Result<u64> {
    match format {
        FileFormat::Csv { delimiter, header, dialect, .. } => {
            let mut records = Records::new(*delimiter, dialect);
            end_of_records(&mut records, text, enough + u64::from(*header))?;
            Ok(records.count().saturating_sub(u64::from(*header)))
        }
        FileFormat::Parquet => Ok(0),
        FileFormat::Json { records, .. } => {
            let mut splitter = RowSplitter::new(records.as_deref());
            splitter.push(text, |_| Ok(()))?;
            Ok(splitter.rows())
        }
    }
}

/// Where the last of so many records ends, or the last that ends at all. A record ends at a line end only.
fn end_of_records(records: &mut Records, text: &[u8], enough: u64) -> Result<usize> {
    let (mut end, mut at) = (0, 0);
    for line in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let before = records.count();
        records.push(line)?;
        at += line.len();
        if records.count() > before {
            end = at;
        }
        if records.count() >= enough {
            break;
        }
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::dialect::CsvDialect;
    use crate::spark::types;

    fn csv(skip_lines: u32) -> FileFormat {
        let dialect = CsvDialect { skip_lines, ..CsvDialect::default() };
        FileFormat::Csv { delimiter: b',', header: true, dialect, encoding: TextEncoding::Utf8 }
    }

    fn cut(text: &str, is_whole: bool, format: &FileFormat, rows: u64) -> Result<(String, u64)> {
        let mut head = FileHead::default();
        for byte in text.as_bytes() {
            head.push(&[*byte], format)?;
        }
        if is_whole {
            head.push(&[], format)?;
        }
        let cut = head.cut(format, &BTreeMap::new(), rows)?;
        Ok((String::from_utf8(cut.bytes).unwrap(), cut.rows))
    }

    #[test]
    fn a_csv_is_cut_behind_a_record() {
        let text = "said\nid,name\n1,\"a\nb\"\n2,b\n3,c";
        let of = |is_whole, rows| cut(text, is_whole, &csv(1), rows).unwrap();
        assert_eq!(of(true, 1), ("said\nid,name\n1,\"a\nb\"\n".into(), 1));
        assert_eq!(of(false, 9), ("said\nid,name\n1,\"a\nb\"\n2,b\n".into(), 2));
        assert_eq!(of(true, 9), (text.into(), 3));
        assert!(cut("id\n1\n\"2", true, &csv(0), 9).is_err(), "it ends inside quotes");
        assert!(cut("id\n1\n\"2", true, &csv(0), 1).is_ok(), "that is beyond what was asked for");
    }

    #[test]
    fn rows_of_json_are_lines_and_all_that_were_read_tell_the_types() {
        let format = FileFormat::Json { records: Some("rows".into()), encoding: TextEncoding::Utf8 };
        let text = "{\"rows\": [{\"a\":\n 1}, {\"a\": 2}, {\"a\": 0.5}, {\"a";
        assert_eq!(cut(text, false, &format, 2).unwrap(), ("{\"a\":  1}\n{\"a\": 2}\n".into(), 2));
        assert!(cut(text, true, &format, 2).is_err(), "it is cut short");
        let mut head = FileHead::default();
        head.push(text.as_bytes(), &format).unwrap();
        let schema = head.cut(&format, &BTreeMap::new(), 1).unwrap().schema;
        assert_eq!(types::name(schema.field(0).data_type()), "double");
        assert!(cut("{\"other\": [1, 2]", false, &format, 2).unwrap_err().to_string().contains("no whole row"));
    }
}
