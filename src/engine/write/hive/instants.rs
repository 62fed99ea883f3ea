//! Timestamps in the unit in which a table keeps them. What is finer than that unit is cut off, towards the past as Spark
//! does, and counted: a value that loses something is never written in silence.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, MapArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Fields, Int64Type, TimeUnit};
use datafusion::error::Result;

/// The same values as `to`, which differs from their type in the units of timestamps only. Adds to `cut` how many values
/// were finer.
pub fn in_unit(values: &ArrayRef, to: &DataType, cut: &mut u64) -> Result<ArrayRef> {
    match (values.data_type(), to) {
        (from, to) if from == to => Ok(values.clone()),
        (DataType::Timestamp(from, _), DataType::Timestamp(unit, _)) => match per_second(from) / per_second(unit) {
            0 | 1 => {
                // What has no place in the finer unit is an error, not null.
                let strict = CastOptions { safe: false, ..CastOptions::default() };
                Ok(cast_with_options(values, to, &strict)?)
            }
            ticks => {
                let ints = cast(values, &DataType::Int64)?;
                let ints = ints.as_primitive::<Int64Type>();
                *cut += ints.iter().flatten().filter(|value| value.rem_euclid(ticks) != 0).count() as u64;
                let whole: Int64Array = ints.unary(|value| value.div_euclid(ticks));
                Ok(cast(&whole, to)?)
            }
        },
        (DataType::Struct(_), DataType::Struct(fields)) => Ok(Arc::new(of_struct(values.as_struct(), fields, cut)?)),
        (DataType::List(_), DataType::List(element)) => {
            let lists = values.as_list::<i32>();
            let (offsets, first, count) = rebased(lists.offsets());
            let inside = in_unit(&lists.values().slice(first, count), element.data_type(), cut)?;
            Ok(Arc::new(ListArray::try_new(element.clone(), offsets, inside, lists.nulls().cloned())?))
        }
        (DataType::Map(..), DataType::Map(entry, is_sorted)) => {
            let maps = values.as_map();
            let DataType::Struct(fields) = entry.data_type() else { return Ok(cast(values, to)?) };
            let (offsets, first, count) = rebased(maps.offsets());
            let entries = of_struct(&maps.entries().slice(first, count), fields, cut)?;
            Ok(Arc::new(MapArray::try_new(entry.clone(), offsets, entries, maps.nulls().cloned(), *is_sorted)?))
        }
        (_, to) => Ok(cast(values, to)?),
    }
}

fn of_struct(structs: &StructArray, fields: &Fields, cut: &mut u64) -> Result<StructArray> {
    let columns = structs.columns().iter().zip(fields).map(|(column, field)| in_unit(column, field.data_type(), cut));
    Ok(StructArray::try_new(fields.clone(), columns.collect::<Result<_>>()?, structs.nulls().cloned())?)
}

/// The offsets from 0 on, and which values they are of: a slice of an array has all values of the whole.
fn rebased(offsets: &OffsetBuffer<i32>) -> (OffsetBuffer<i32>, usize, usize) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let from_zero: Vec<i32> = offsets.iter().map(|offset| offset - first).collect();
    (OffsetBuffer::new(from_zero.into()), first as usize, (last - first) as usize)
}

fn per_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{TimestampMicrosecondArray, TimestampNanosecondArray, TimestampSecondArray};
    use arrow::datatypes::{Field, TimestampMillisecondType};

    use super::*;

    const MILLIS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);
    const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

    fn cut(values: ArrayRef, to: &DataType) -> (ArrayRef, u64) {
        let mut cut = 0;
        (in_unit(&values, to, &mut cut).unwrap(), cut)
    }

    #[test]
    fn what_is_finer_is_cut_towards_the_past_and_counted() {
        let micros = TimestampMicrosecondArray::from(vec![Some(1_000), Some(1_999), None, Some(-1), Some(-1_000)]);
        let (millis, lost) = cut(Arc::new(micros), &MILLIS);
        let millis: Vec<_> = millis.as_primitive::<TimestampMillisecondType>().iter().collect();
        assert_eq!((millis, lost), (vec![Some(1), Some(1), None, Some(-1), Some(-1)], 2));
        let (_, lost) = cut(Arc::new(TimestampNanosecondArray::from(vec![1_000, 1_001])), &MICROS);
        assert_eq!(lost, 1);
    }

    #[test]
    fn a_coarser_unit_loses_nothing_or_is_refused() {
        let (micros, lost) = cut(Arc::new(TimestampSecondArray::from(vec![7])), &MICROS);
        assert_eq!((micros.data_type(), lost), (&MICROS, 0));
        let far: ArrayRef = Arc::new(TimestampSecondArray::from(vec![i64::MAX]));
        assert!(in_unit(&far, &MICROS, &mut 0).is_err());
    }

    /// Those of a slice only, in whatever they lie.
    #[test]
    fn nested_timestamps_are_cut_and_counted_too() {
        let instants = |values: Vec<i64>| Arc::new(TimestampMicrosecondArray::from(values)) as ArrayRef;
        let field = |name: &str, of: DataType| Arc::new(Field::new(name, of, true));
        let list_of = |of: DataType| DataType::List(field("element", of));
        let offsets = OffsetBuffer::new(vec![0, 2, 3, 5].into());
        let lists = ListArray::new(field("element", MICROS), offsets, instants(vec![1, 2, 3_000, 4, 5_000]), None);
        let (found, lost) = cut(Arc::new(lists.slice(1, 2)), &list_of(MILLIS));
        assert_eq!((found.data_type(), found.len(), lost), (&list_of(MILLIS), 2, 1));
        let rows = StructArray::new(vec![field("l", list_of(MICROS))].into(), vec![Arc::new(lists)], None);
        let to = DataType::Struct(vec![field("l", list_of(MILLIS))].into());
        let (found, lost) = cut(Arc::new(rows), &to);
        assert_eq!((found.data_type(), found.len(), lost), (&to, 3, 3));
    }
}
