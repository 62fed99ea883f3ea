//! One column of a row group, as Parquet: what takes a partitioned write most of its time.
//!
//! The Parquet crate's writer takes rows as they come, a batch at a time, one value after the other through its levels,
//! its statistics and its dictionary. Here all rows of the group are at hand, so each step goes over all values at once:
//! put together, find the lowest and the highest, number them, pack, compress; in buffers that one thread uses again for
//! the next column. Flat columns of numbers, dates, decimals of up to 18 digits and texts are encoded so; for all others
//! [`encode`] answers `None`, and the Parquet crate does it.
//!
//! The format is <https://parquet.apache.org/docs/file-format/>: v1 data pages, plain or with a dictionary, zstd.
//!
//! | file | noun |
//! |---|---|
//! | `numbers`, `texts` | the two kinds of columns, from arrays to pages |
//! | `dictionary` | values as numbers of their entries |
//! | `bounds` | the lowest and the highest value |
//! | `hybrid` | small numbers as runs and packed bits |
//! | `encoder` | how a file is encoded, and whether a dictionary pays |
//! | `pages` | pages, compressed, and what the footer says of them |

mod bounds;
mod dictionary;
pub mod encoder;
mod hybrid;
mod numbers;
mod pages;
#[cfg(test)]
mod tests;
mod texts;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
};
use bytes::Bytes;
use datafusion::error::Result;
use parquet::basic::Type;
use parquet::column::writer::ColumnCloseResult;
use parquet::schema::types::ColumnDescPtr;
use tokio::sync::{Semaphore, SemaphorePermit};

pub(in crate::engine::write) use dictionary::MOST_BYTES as MOST_DICTIONARY_BYTES;
use pages::Scratch;

/// An encoded column: its pages, and what is to be said of them in the footer.
pub(in crate::engine::write) type Chunk = (Bytes, ColumnCloseResult);

/// What an encoder works with, and leaves behind for the next: buffers, and a compressor.
pub(in crate::engine::write) struct Workshop {
    scratch: Scratch,
    integers: numbers::ColumnEncoder<i32>,
    longs: numbers::ColumnEncoder<i64>,
    floats: numbers::ColumnEncoder<f32>,
    doubles: numbers::ColumnEncoder<f64>,
    texts: dictionary::Indices,
}

impl Workshop {
    fn new() -> Result<Self> {
        Ok(Workshop {
            scratch: Scratch::new()?,
            integers: Default::default(),
            longs: Default::default(),
            floats: Default::default(),
            doubles: Default::default(),
            texts: Default::default(),
        })
    }
}

/// As many workshops as may be at work at a time.
pub(in crate::engine::write) struct Workshops {
    places: Semaphore,
    free: std::sync::Mutex<Vec<Workshop>>,
}

/// A workshop for as long as it is held.
pub(in crate::engine::write) struct HeldWorkshop<'a> {
    of: &'a Workshops,
    workshop: Option<Workshop>,
    _permit: SemaphorePermit<'a>,
}

impl Workshops {
    pub(in crate::engine::write) fn new(count: usize) -> Self {
        Workshops { places: Semaphore::new(count), free: Default::default() }
    }

    /// One of them, as soon as one is free.
    pub(in crate::engine::write) async fn enter(&self) -> Result<HeldWorkshop<'_>> {
        let permit = self.places.acquire().await.expect("nobody closes it");
        let free = self.free.lock().expect("nobody panics with it").pop();
        let workshop = free.map_or_else(Workshop::new, Ok)?;
        Ok(HeldWorkshop { of: self, workshop: Some(workshop), _permit: permit })
    }
}

impl HeldWorkshop<'_> {
    pub(in crate::engine::write) fn workshop(&mut self) -> &mut Workshop {
        self.workshop.as_mut().expect("it is there until it is left")
    }
}

impl Drop for HeldWorkshop<'_> {
    fn drop(&mut self) {
        self.of.free.lock().expect("nobody panics with it").extend(self.workshop.take());
    }
}

/// The rows of `parts`, one after the other, as the column that `descr` describes; with a dictionary if it should have
/// one and that stays small. `None`: this is no column for here.
pub(in crate::engine::write) fn encode(
    parts: &[ArrayRef],
    descr: &ColumnDescPtr,
    with_dictionary: bool,
    workshop: &mut Workshop,
) -> Result<Option<Chunk>> {
    use DataType::*;
    let Some(first) = parts.first() else { return Ok(None) };
    if descr.max_rep_level() > 0 || descr.max_def_level() > 1 || descr.path().parts().len() > 1 {
        return Ok(None);
    }
    let Workshop { scratch, integers, longs, floats, doubles, texts } = workshop;
    let pages = pages::ChunkPages::new(parts, descr, scratch);
    let with = with_dictionary;
    match (first.data_type(), descr.physical_type()) {
        (Int8, Type::INT32) => integers.encode::<Int8Type>(parts, i32::from, with, pages),
        (Int16, Type::INT32) => integers.encode::<Int16Type>(parts, i32::from, with, pages),
        (Int32, Type::INT32) => integers.encode::<Int32Type>(parts, |value| value, with, pages),
        (Date32, Type::INT32) => integers.encode::<Date32Type>(parts, |value| value, with, pages),
        (Int64, Type::INT64) => longs.encode::<Int64Type>(parts, |value| value, with, pages),
        (Timestamp(TimeUnit::Millisecond, _), Type::INT64) => {
            longs.encode::<TimestampMillisecondType>(parts, |value| value, with, pages)
        }
        (Timestamp(TimeUnit::Microsecond, _), Type::INT64) => {
            longs.encode::<TimestampMicrosecondType>(parts, |value| value, with, pages)
        }
        // The physical type follows from the precision, so that the value fits.
        (Decimal128(..), Type::INT32) => integers.encode::<Decimal128Type>(parts, |value| value as i32, with, pages),
        (Decimal128(..), Type::INT64) => longs.encode::<Decimal128Type>(parts, |value| value as i64, with, pages),
        (Decimal64(..), Type::INT32) => integers.encode::<Decimal64Type>(parts, |value| value as i32, with, pages),
        (Decimal64(..), Type::INT64) => longs.encode::<Decimal64Type>(parts, |value| value, with, pages),
        (Float32, Type::FLOAT) => floats.encode::<Float32Type>(parts, |value| value, with, pages),
        (Float64, Type::DOUBLE) => doubles.encode::<Float64Type>(parts, |value| value, with, pages),
        (Utf8, Type::BYTE_ARRAY) => {
            let values = parts.iter().flat_map(|part| part.as_string::<i32>().iter().flatten().map(str::as_bytes));
            texts::encode(values.collect(), texts, with, pages)
        }
        (Binary, Type::BYTE_ARRAY) => {
            let values = parts.iter().flat_map(|part| part.as_binary::<i32>().iter().flatten());
            texts::encode(values.collect(), texts, with, pages)
        }
        _ => return Ok(None),
    }
    .map(Some)
}

/// How many of the rows have no value.
fn null_count(parts: &[ArrayRef]) -> usize {
    parts.iter().map(|part| part.null_count()).sum()
}
