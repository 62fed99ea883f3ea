//! Lists, maps and structs, value by value.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, UInt64Array};
use arrow::buffer::NullBuffer;
use arrow::compute::{nullif, take};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};

use super::CastJob;

pub(super) fn cast(job: &CastJob, values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    // What lies below a null is nobody's, and must not be an error.
    let values = &without_what_nobody_has(values)?;
    match (values.data_type(), to) {
        (DataType::List(_), DataType::List(item)) => {
            let lists = values.as_list::<i32>();
            let items = job.cast(lists.values(), item.data_type())?;
            Ok(Arc::new(ListArray::try_new(item.clone(), lists.offsets().clone(), items, lists.nulls().cloned())?))
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let rows = values.as_struct();
            let columns = rows.columns().iter().zip(fields).map(|(column, field)| {
                let column = below(column, rows.nulls())?;
                job.cast(&column, field.data_type())
            });
            let columns = columns.collect::<Result<Vec<_>>>()?;
            Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, rows.nulls().cloned(), rows.len())?))
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let maps = values.as_map();
            let DataType::Struct(pair) = entries.data_type() else { return exec_err!("a map has keys and values") };
            let columns = [(maps.keys(), &pair[0]), (maps.values(), &pair[1])];
            let columns = columns.map(|(column, field)| job.cast(column, field.data_type()));
            let pairs = StructArray::try_new(pair.clone(), columns.into_iter().collect::<Result<Vec<_>>>()?, None)?;
            let (offsets, nulls) = (maps.offsets().clone(), maps.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(entries.clone(), offsets, pairs, nulls, *sorted)?))
        }
        (from, to) => exec_err!("{from} is not cast to {to}"),
    }
}

/// Lists and maps with nothing below their nulls, and nothing before their first and behind their last.
fn without_what_nobody_has(values: &ArrayRef) -> Result<ArrayRef> {
    let (offsets, below) = match values.data_type() {
        DataType::List(_) => (values.as_list::<i32>().value_offsets(), values.as_list::<i32>().values().len()),
        DataType::Map(..) => (values.as_map().value_offsets(), values.as_map().entries().len()),
        _ => return Ok(values.clone()),
    };
    let is_whole = offsets.first() == Some(&0) && offsets.last().is_some_and(|last| *last as usize == below);
    let is_empty_at_nulls = (0..values.len()).all(|row| values.is_valid(row) || offsets[row] == offsets[row + 1]);
    if is_whole && is_empty_at_nulls {
        return Ok(values.clone());
    }
    let rows = UInt64Array::from_iter_values(0..values.len() as u64);
    Ok(take(values, &rows, None)?)
}

/// The values of a column, null where the struct around them is.
fn below(column: &ArrayRef, nulls: Option<&NullBuffer>) -> Result<ArrayRef> {
    match nulls {
        Some(nulls) if nulls.null_count() > 0 => Ok(nullif(column, &BooleanArray::new(!nulls.inner(), None))?),
        _ => Ok(column.clone()),
    }
}
