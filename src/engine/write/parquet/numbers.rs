//! A column of values of one width: whole numbers, dates, instants, decimals, floating point.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{ArrowNativeType, ArrowPrimitiveType, ToByteSlice};
use datafusion::error::Result;
use parquet::file::statistics::{Statistics, ValueStatistics};

use super::dictionary::{Indices, hash_number, is_close};
use super::pages::ChunkPages;
use super::{Chunk, hybrid};

/// A value as Parquet stores it.
pub(super) trait ParquetNumber: ArrowNativeType {
    /// Equal only if the values are the same to a reader.
    fn bits(self) -> u64;

    /// The lowest and the highest, if all have a place in one order.
    fn bounds(values: &[Self]) -> Option<(Self, Self)>;

    /// How far a whole number lies above another.
    fn distance(self, low: Self) -> Option<u64>;

    fn statistics(bounds: Option<(Self, Self)>, nulls: u64, is_signed: bool) -> Statistics;
}

/// Buffers for columns of one type.
#[derive(Default)]
pub(super) struct ColumnEncoder<T> {
    /// Of all rows that have one.
    values: Vec<T>,
    indices: Indices,
}

impl<T: ParquetNumber> ColumnEncoder<T> {
    pub(super) fn encode<A: ArrowPrimitiveType>(
        &mut self,
        parts: &[ArrayRef],
        stored: impl Fn(A::Native) -> T,
        with_dictionary: bool,
        mut pages: ChunkPages<'_>,
    ) -> Result<Chunk> {
        self.values.clear();
        for part in parts {
            let part = part.as_primitive::<A>();
            match part.nulls().filter(|nulls| nulls.null_count() > 0) {
                None => self.values.extend(part.values().iter().map(|value| stored(*value))),
                Some(nulls) => self.values.extend(nulls.valid_indices().map(|i| stored(part.values()[i]))),
            }
        }
        let bounds = T::bounds(&self.values);
        let entries = if with_dictionary { self.number(bounds) } else { None };
        let entries = entries.filter(|entries| !entries.is_empty());
        if let Some(entries) = &entries {
            pages.append_dictionary(entries.len(), |out| out.extend_from_slice(entries.to_byte_slice()))?;
        }
        for page in pages.cut(size_of::<T>()) {
            let values = &self.values[page.values.clone()];
            let bounds =
                T::bounds(values).map(|(low, high)| ([low].to_byte_slice().to_vec(), [high].to_byte_slice().to_vec()));
            pages.append(&page, bounds, |out| match &entries {
                Some(entries) => append_indices(&self.indices.of_values[page.values.clone()], entries.len(), out),
                None => out.extend_from_slice(values.to_byte_slice()),
            })?;
        }
        let statistics = T::statistics(bounds, pages.nulls, pages.descr.sort_order().is_signed());
        pages.close(statistics)
    }

    fn number(&mut self, bounds: Option<(T, T)>) -> Option<Vec<T>> {
        let distance = bounds.and_then(|(low, high)| Some((low, high.distance(low)?)));
        match distance.filter(|(_, highest)| is_close(*highest)) {
            Some((low, highest)) => {
                let distance = |value: T| value.distance(low).unwrap_or_default();
                self.indices.number_close(&self.values, distance, highest)
            }
            None => self.indices.number(
                &self.values,
                |value| hash_number(value.bits()),
                |a, b| a.bits() == b.bits(),
                |_| size_of::<T>(),
            ),
        }
    }
}

/// The numbers of entries on a page: their width in a byte, then themselves.
pub(super) fn append_indices(indices: &[u32], entries: usize, out: &mut Vec<u8>) {
    let width = hybrid::width(entries.saturating_sub(1) as u32);
    out.push(width as u8);
    hybrid::append(indices, width, out);
}

macro_rules! whole_number {
    ($type:ty, $unsigned:ty) => {
        impl ParquetNumber for $type {
            fn bits(self) -> u64 {
                self as u64
            }

            fn bounds(values: &[Self]) -> Option<(Self, Self)> {
                let first = *values.first()?;
                let bounds = |(low, high): (Self, Self), value: &Self| (low.min(*value), high.max(*value));
                Some(values.iter().fold((first, first), bounds))
            }

            fn distance(self, low: Self) -> Option<u64> {
                Some(self.wrapping_sub(low) as $unsigned as u64)
            }

            fn statistics(bounds: Option<(Self, Self)>, nulls: u64, is_signed: bool) -> Statistics {
                let (low, high) = bounds.unzip();
                ValueStatistics::new(low, high, None, Some(nulls), false)
                    .with_backwards_compatible_min_max(is_signed)
                    .into()
            }
        }
    };
}

macro_rules! floating_point {
    ($type:ty) => {
        impl ParquetNumber for $type {
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }

            /// Both zeros are one value: the bounds are to hold either. NaN has no place in Parquet's order, but it has
            /// one in that of SQL, where it is the greatest value. Bounds that pass over it would hide its rows from
            /// `> 100`, so where it occurs there are none.
            /// <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift> (ColumnOrder)
            fn bounds(values: &[Self]) -> Option<(Self, Self)> {
                let first = *values.first()?;
                if values.iter().any(|value| value.is_nan()) {
                    return None;
                }
                let (low, high) =
                    values.iter().fold((first, first), |(low, high), value| (low.min(*value), high.max(*value)));
                Some((if low == 0.0 { -0.0 } else { low }, if high == 0.0 { 0.0 } else { high }))
            }

            fn distance(self, _: Self) -> Option<u64> {
                None
            }

            fn statistics(bounds: Option<(Self, Self)>, nulls: u64, is_signed: bool) -> Statistics {
                let (low, high) = bounds.unzip();
                ValueStatistics::new(low, high, None, Some(nulls), false)
                    .with_backwards_compatible_min_max(is_signed)
                    .into()
            }
        }
    };
}

whole_number!(i32, u32);
whole_number!(i64, u64);
floating_point!(f32);
floating_point!(f64);
