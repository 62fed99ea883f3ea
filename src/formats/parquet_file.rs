//! Parquet as it is received: its rows and columns, told by its footer, and its values as those of a table here.
//!
//! Types are Spark's, as Spark reads them (<https://spark.apache.org/docs/latest/sql-data-sources-parquet.html>): unsigned
//! integers take the next wider type, INT96 is an instant. Nanoseconds are taken where they are whole microseconds, times of
//! a day become text; what has no type there is refused.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampNanosecondType};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::Type as PhysicalType;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::error::{Error, Result};
use crate::spark::types;

const MAGIC: &[u8] = b"PAR1";
const MAGIC_ENCRYPTED: &[u8] = b"PARE";
/// The footer's length and the magic bytes behind it.
const END_BYTES: usize = 8;

/// So much of a file's end is kept: footers are some kilobytes, and some hundreds of them with thousands of columns.
pub const MOST_FOOTER_BYTES: usize = 8 << 20;

const NANOS_PER_MICRO: i64 = 1000;

/// The end of a file whose bytes go by.
#[derive(Default)]
pub struct Tail {
    bytes: Vec<u8>,
    metadata: Option<ParquetMetaData>,
}

impl Tail {
    pub fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        if self.bytes.len() > 2 * MOST_FOOTER_BYTES {
            self.bytes.drain(..self.bytes.len() - MOST_FOOTER_BYTES);
        }
    }

    /// Says that the file is over.
    ///
    /// # Errors
    /// When it does not end as Parquet does.
    pub fn finish(&mut self) -> Result<()> {
        self.metadata = Some(footer(&self.bytes)?);
        self.bytes = vec![];
        Ok(())
    }

    /// 0 before the end: a file says at its end how many there are.
    pub fn rows(&self) -> u64 {
        self.metadata.as_ref().map_or(0, |metadata| metadata.file_metadata().num_rows().unsigned_abs())
    }

    /// # Errors
    /// Before the end, when a column has no type here, or two have names that differ only in letter case.
    pub fn schema(&self) -> Result<SchemaRef> {
        let metadata = self.metadata.as_ref().ok_or_else(|| Error::failed("the end of the file was not seen"))?;
        let fields = arrow_schema(metadata)?;
        let mut folded = HashMap::new();
        for field in fields.fields() {
            if let Some(twin) = folded.insert(field.name().to_lowercase(), field.name()) {
                let name = field.name();
                return Err(Error::failed(format!("it has the same column twice: `{twin}` and `{name}`"))
                    .hint("columns are case-insensitive, as in Spark: rename one where the file is made"));
            }
        }
        let landed = fields.fields().iter().map(|field| landed_field(field)).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(Schema::new(landed)))
    }
}

fn footer(bytes: &[u8]) -> Result<ParquetMetaData> {
    let cut = || {
        Error::failed("it does not end as a Parquet file does")
            .hint("it was cut short or is no Parquet file; fetch it again, or say `format:`")
    };
    let (rest, end) = bytes.split_at_checked(bytes.len().saturating_sub(END_BYTES)).ok_or_else(cut)?;
    let (length, magic) = end.split_at_checked(END_BYTES - MAGIC.len()).ok_or_else(cut)?;
    if magic == MAGIC_ENCRYPTED {
        return Err(Error::failed("it is encrypted, which this version does not read"));
    }
    let length = u32::from_le_bytes(length.try_into().map_err(|_| cut())?) as usize;
    if magic != MAGIC {
        return Err(cut());
    }
    if length > MOST_FOOTER_BYTES - END_BYTES {
        return Err(Error::failed(format!("its footer has {length} bytes, and {MOST_FOOTER_BYTES} are the most"))
            .hint("write it anew with fewer row groups"));
    }
    let start = rest.len().checked_sub(length).ok_or_else(cut)?;
    ParquetMetaDataReader::decode_metadata(&rest[start..]).map_err(|error| cut().because(error))
}

/// The columns as Parquet's reader is asked for them: INT96 as instants in microseconds, which hold every year of Spark.
pub fn arrow_schema(metadata: &ParquetMetaData) -> Result<Schema> {
    let file = metadata.file_metadata();
    let descriptor = file.schema_descr();
    let schema = parquet_to_arrow_schema(descriptor, file.key_value_metadata())
        .map_err(|error| Error::failed("its columns are of types that are not read").because(error))?;
    let instant = |(field, root): (&Arc<Field>, &parquet::schema::types::TypePtr)| {
        let is_int96 = root.is_primitive() && root.get_physical_type() == PhysicalType::INT96;
        match is_int96 {
            true => {
                let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
                Arc::new(field.as_ref().clone().with_data_type(instant))
            }
            false => field.clone(),
        }
    };
    let roots = descriptor.root_schema().get_fields();
    Ok(Schema::new(schema.fields().iter().zip(roots).map(instant).collect::<Vec<_>>()))
}

fn landed_field(field: &Field) -> Result<Field> {
    let (name, data_type) = (field.name(), field.data_type());
    if let Some(what) = unread(data_type, true) {
        return Err(Error::failed(format!("its column `{name}` is of {what}, which has no type in SQL here"))
            .hint("leave it out where the file is written, or cast it there"));
    }
    let spark = types::parse(&types::name(data_type))
        .map_err(|message| Error::failed(format!("its column `{name}` has a type that is not read: {message}")))?;
    Ok(Field::new(name, spark, true))
}

/// What in a type is not read.
fn unread(data_type: &DataType, is_column: bool) -> Option<&'static str> {
    match data_type {
        DataType::Duration(_) => Some("durations"),
        DataType::Interval(_) => Some("intervals"),
        DataType::Union(..) => Some("unions"),
        DataType::Timestamp(TimeUnit::Nanosecond, _) if !is_column => Some("nanoseconds within another type"),
        DataType::Struct(fields) => fields.iter().find_map(|field| unread(field.data_type(), false)),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            unread(item.data_type(), false)
        }
        DataType::Map(entries, _) => unread(entries.data_type(), false),
        DataType::Dictionary(_, value) => unread(value, false),
        _ => None,
    }
}

/// A column's values under the type with which it landed.
///
/// # Errors
/// When a value is finer than a microsecond, or does not fit the type.
pub fn fitted(name: &str, values: &ArrayRef, landed: &DataType) -> Result<ArrayRef> {
    if values.data_type() == landed {
        return Ok(values.clone());
    }
    if let DataType::Timestamp(TimeUnit::Nanosecond, _) = values.data_type() {
        let fine = values.as_primitive::<TimestampNanosecondType>().iter().flatten();
        if let Some(value) = fine.into_iter().find(|value| value % NANOS_PER_MICRO != 0) {
            return Err(Error::failed(format!("`{name}` has an instant of {value} ns, finer than a microsecond"))
                .hint("a timestamp has microseconds; write the file with those"));
        }
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(values, landed, &options).map_err(|error| {
        Error::failed(format!("`{name}` has a value that is no {}", types::name(landed))).because(error)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use arrow::array::{Int32Array, RecordBatch, TimestampNanosecondArray, UInt64Array};
    use parquet::arrow::ArrowWriter;

    pub fn written(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut bytes = vec![];
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    }

    #[test]
    fn a_file_is_known_by_its_end_alone() {
        let bytes = written(vec![("n", Arc::new(UInt64Array::from(vec![u64::MAX, 1])))]);
        let mut tail = Tail::default();
        bytes.chunks(7).for_each(|chunk| tail.push(chunk));
        assert!(tail.schema().is_err());
        tail.finish().unwrap();
        assert_eq!(tail.rows(), 2);
        assert_eq!(tail.schema().unwrap().field(0).data_type(), &DataType::Decimal128(20, 0));
        for cut in 1..bytes.len() {
            let mut tail = Tail::default();
            tail.push(&bytes[..cut]);
            assert!(tail.finish().is_err(), "{cut} bytes of {}", bytes.len());
        }
    }

    #[test]
    fn columns_that_sql_cannot_tell_apart_are_refused() {
        let one = || Arc::new(Int32Array::from(vec![1])) as ArrayRef;
        let mut tail = Tail::default();
        tail.push(&written(vec![("Id", one()), ("b", one()), ("ID", one())]));
        tail.finish().unwrap();
        let error = tail.schema().unwrap_err().to_string();
        assert!(error.contains("`Id` and `ID`"), "{error}");
    }

    #[test]
    fn what_is_finer_than_a_microsecond_is_no_value_here() {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        let instants = |nanos| Arc::new(TimestampNanosecondArray::from(vec![None, Some(nanos)])) as ArrayRef;
        assert_eq!(fitted("t", &instants(5000), &micros).unwrap().null_count(), 1);
        let error = fitted("t", &instants(5001), &micros).unwrap_err().to_string();
        assert!(error.contains("5001 ns"), "{error}");
    }
}
