//! JSON bytes → batches.

use std::sync::Arc;

use arrow::datatypes::{DataType, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::reader::{Decoder, ReaderBuilder};
use arrow::record_batch::RecordBatch;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json_rows::RowSplitter;
use crate::error::{Error, Result};

/// Rows wait as bytes up to this much, however few they are.
const BATCH_BYTES: usize = 8 << 20;

pub struct JsonDecoder {
    splitter: RowSplitter,
    batch: Batch,
}

impl JsonDecoder {
    /// `columns` are the places of the wanted ones in `landed`; `records` is the path to the rows.
    pub fn new(landed: &Schema, columns: &[usize], records: Option<&str>, batch_rows: usize) -> Result<Self> {
        let fields: Vec<_> = columns.iter().map(|place| landed.fields()[*place].clone()).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let batch = Batch {
            decoder: decoder(&schema, batch_rows)?,
            schema,
            batch_rows,
            lines: vec![],
            ends: vec![],
            rows: 0,
            mixed: false,
        };
        Ok(JsonDecoder { splitter: RowSplitter::new(records), batch })
    }

    pub fn push(&mut self, plain: &[u8], ready: &mut Vec<RecordBatch>) -> Result<()> {
        let batch = &mut self.batch;
        self.splitter.push(plain, |row| {
            batch.lines.extend_from_slice(row);
            batch.lines.push(b'\n');
            batch.ends.push(batch.lines.len());
            if batch.ends.len() == batch.batch_rows || batch.lines.len() >= BATCH_BYTES {
                batch.flush(ready)?;
            }
            Ok(())
        })
    }

    pub fn finish(mut self, ready: &mut Vec<RecordBatch>) -> Result<()> {
        self.splitter.finish()?;
        self.batch.flush(ready)
    }
}

/// The rows of the next batch. They wait as bytes, so that they can be read a second time.
struct Batch {
    decoder: Decoder,
    schema: SchemaRef,
    batch_rows: usize,
    lines: Vec<u8>,
    /// Where each row ends in `lines`.
    ends: Vec<usize>,
    /// Rows before this batch.
    rows: usize,
    /// Whether rows were seen that hold objects or lists where the schema says text.
    mixed: bool,
}

impl Batch {
    fn flush(&mut self, ready: &mut Vec<RecordBatch>) -> Result<()> {
        if self.ends.is_empty() {
            return Ok(());
        }
        let mut decoded = if self.mixed {
            Err(ArrowError::JsonError("mixed".into()))
        } else {
            decode(&mut self.decoder, &self.lines)
        };
        if decoded.is_err() {
            // The fast way takes plain values only where the schema says text.
            self.mixed = true;
            let lines = self.as_text()?;
            self.decoder = decoder(&self.schema, self.batch_rows)?;
            decoded = decode(&mut self.decoder, &lines);
        }
        let batch = decoded.map_err(|error| {
            Error::failed(format!(
                "rows {} to {} do not fit the schema they landed with",
                self.rows + 1,
                self.rows + self.ends.len()
            ))
            .hint("capture the source anew with `--full-refresh`")
            .because(error)
        })?;
        ready.extend(batch);
        self.rows += self.ends.len();
        self.lines.clear();
        self.ends.clear();
        Ok(())
    }

    /// The rows with objects and lists as texts where the schema says text.
    fn as_text(&self) -> Result<Vec<u8>> {
        let mut lines = Vec::with_capacity(self.lines.len());
        let mut start = 0;
        for (index, end) in self.ends.iter().enumerate() {
            let broken = |error| Error::failed(format!("row {} is broken JSON", self.rows + index + 1)).because(error);
            let row: &RawValue = serde_json::from_slice(&self.lines[start..*end]).map_err(broken)?;
            write_object(row, self.schema.fields(), &mut lines).map_err(broken)?;
            lines.push(b'\n');
            start = *end;
        }
        Ok(lines)
    }
}

fn decoder(schema: &SchemaRef, batch_rows: usize) -> Result<Decoder> {
    ReaderBuilder::new(schema.clone())
        .with_batch_size(batch_rows)
        .with_coerce_primitive(true)
        .build_decoder()
        .map_err(|error| Error::failed("JSON cannot be read with this schema").because(error))
}

/// All of `lines`, which are at most one batch.
fn decode(decoder: &mut Decoder, lines: &[u8]) -> Result<Option<RecordBatch>, ArrowError> {
    decoder.decode(lines)?;
    decoder.flush()
}

type WriteResult = Result<(), serde_json::Error>;

fn write_value(value: &RawValue, data_type: &DataType, out: &mut Vec<u8>) -> WriteResult {
    match (data_type, value.get().as_bytes().first()) {
        (DataType::Utf8, Some(b'{' | b'[')) => serde_json::to_writer(out, value.get()),
        (DataType::Struct(fields), Some(b'{')) => write_object(value, fields, out),
        (DataType::List(element), Some(b'[')) => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get())?;
            out.push(b'[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, element.data_type(), out)?;
            }
            out.push(b']');
            Ok(())
        }
        _ => {
            out.extend_from_slice(value.get().as_bytes());
            Ok(())
        }
    }
}

/// The members of an object that the schema has; others are left out, as the decoder would.
fn write_object(value: &RawValue, fields: &Fields, out: &mut Vec<u8>) -> WriteResult {
    struct WantedMembers<'a>(&'a Fields, &'a mut Vec<u8>);

    impl<'de> Visitor<'de> for WantedMembers<'_> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let WantedMembers(fields, out) = self;
            let mut separator = b'{';
            while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                let Some((_, field)) = fields.find(&key) else { continue };
                out.push(separator);
                separator = b',';
                serde_json::to_writer(&mut *out, &key).map_err(serde::de::Error::custom)?;
                out.push(b':');
                write_value(value, field.data_type(), out).map_err(serde::de::Error::custom)?;
            }
            out.extend_from_slice(if separator == b'{' { b"{}" } else { b"}" });
            Ok(())
        }
    }

    serde_json::Deserializer::from_str(value.get()).deserialize_map(WantedMembers(fields, out))
}
