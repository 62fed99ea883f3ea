//! Lists that are put together from the elements of others.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{SortOptions, interleave};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type};
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::type_coercion::binary::type_union_resolution;

use crate::spark::sql_types::{self, TIMESTAMP, canonical};
use crate::spark::types::{list_of, map_of};

/// The places of a row's elements; `None` of a null.
pub fn range(lists: &ListArray, row: usize) -> Option<Range<usize>> {
    let places = lists.value_offsets();
    lists.is_valid(row).then(|| places[row] as usize..places[row + 1] as usize)
}

/// Lists in the making: elements of several sources, one after the other.
pub struct Gathered {
    sources: Vec<ArrayRef>,
    picks: Vec<(usize, usize)>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Gathered {
    /// All sources are of one type.
    pub fn of(sources: Vec<ArrayRef>) -> Gathered {
        let none = new_null_array(sources[0].data_type(), 1);
        let sources = sources.into_iter().chain([none]).collect();
        Gathered { sources, picks: vec![], lengths: vec![], valid: vec![] }
    }

    pub fn pick(&mut self, source: usize, place: usize) {
        self.picks.push((source, place));
    }

    pub fn pick_all(&mut self, source: usize, places: impl IntoIterator<Item = usize>) {
        self.picks.extend(places.into_iter().map(|place| (source, place)));
    }

    pub fn pick_null(&mut self) {
        self.picks.push((self.sources.len() - 1, 0));
    }

    pub fn end_list(&mut self) {
        self.lengths.push(self.picks.len() - self.lengths.iter().sum::<usize>());
        self.valid.push(true);
    }

    pub fn end_null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    fn elements(&self) -> Result<ArrayRef> {
        let sources: Vec<&dyn Array> = self.sources.iter().map(AsRef::as_ref).collect();
        Ok(interleave(&sources, &self.picks)?)
    }

    /// One element a row.
    pub fn finish_elements(self) -> Result<ArrayRef> {
        self.elements()
    }

    pub fn finish(self) -> Result<ArrayRef> {
        let elements = self.elements()?;
        let item = Arc::new(Field::new("element", elements.data_type().clone(), true));
        let nulls = NullBuffer::from(self.valid);
        Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(self.lengths), elements, Some(nulls))?))
    }
}

/// Values by which elements are the same: all NaNs are one, and -0.0 is 0.0.
pub fn keys(arrays: &[&ArrayRef]) -> Result<Vec<Rows>> {
    let options = SortOptions { descending: false, nulls_first: true };
    let converter = RowConverter::new(vec![SortField::new_with_options(arrays[0].data_type().clone(), options)])?;
    arrays.iter().map(|array| Ok(converter.convert_columns(&[normalized(array)])?)).collect()
}

pub fn key(rows: &Rows, place: usize) -> OwnedRow {
    rows.row(place).owned()
}

pub fn normalized(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => {
            let doubles = array.as_primitive::<Float64Type>();
            Arc::new(doubles.unary::<_, Float64Type>(|double| if double.is_nan() { f64::NAN } else { double + 0.0 }))
        }
        DataType::Float32 => {
            let floats = array.as_primitive::<Float32Type>();
            Arc::new(floats.unary::<_, Float32Type>(|float| if float.is_nan() { f32::NAN } else { float + 0.0 }))
        }
        _ => array.clone(),
    }
}

/// A type that holds the values of all of these.
pub fn common(name: &str, types: &[DataType]) -> Result<DataType> {
    let mut wide = DataType::Null;
    for given in types {
        let Some(given) = canonical(given) else {
            return plan_err!("`{name}` does not take \"{}\"", sql_types::name(given).to_uppercase());
        };
        wide = wider(name, wide, given)?;
    }
    Ok(wide)
}

fn wider(name: &str, one: DataType, other: DataType) -> Result<DataType> {
    match (one, other) {
        (one, other) if one == other => Ok(one),
        (DataType::Null, other) | (other, DataType::Null) => Ok(other),
        (DataType::List(one), DataType::List(other)) => {
            Ok(list_of(wider(name, one.data_type().clone(), other.data_type().clone())?))
        }
        (DataType::Map(one, sorted), DataType::Map(other, _)) => match (one.data_type(), other.data_type()) {
            (DataType::Struct(ours), DataType::Struct(theirs)) => Ok(map_of(
                wider(name, ours[0].data_type().clone(), theirs[0].data_type().clone())?,
                wider(name, ours[1].data_type().clone(), theirs[1].data_type().clone())?,
            )),
            _ => Ok(DataType::Map(one, sorted)),
        },
        (DataType::Struct(one), DataType::Struct(other)) if one.len() == other.len() => {
            let fields = one.iter().zip(other.iter()).map(|(one, other)| {
                let wide = wider(name, one.data_type().clone(), other.data_type().clone())?;
                Ok(Field::new(one.name(), wide, true))
            });
            Ok(DataType::Struct(fields.collect::<Result<Vec<_>>>()?.into()))
        }
        (DataType::Date32, time @ DataType::Timestamp(..)) | (time @ DataType::Timestamp(..), DataType::Date32) => {
            Ok(time)
        }
        (DataType::Timestamp(..), DataType::Timestamp(..)) => Ok(TIMESTAMP),
        (one, other) if one.is_numeric() && other.is_numeric() => {
            let both = [with_digits(&one, &other), with_digits(&other, &one)];
            match type_union_resolution(&both) {
                Some(wide) => Ok(wide),
                None => mismatch(name, &one, &other),
            }
        }
        (one, other) => mismatch(name, &one, &other),
    }
}

/// A whole number beside a decimal.
fn with_digits(one: &DataType, other: &DataType) -> DataType {
    match (one, other) {
        (DataType::Int8, DataType::Decimal128(..)) => DataType::Decimal128(3, 0),
        (DataType::Int16, DataType::Decimal128(..)) => DataType::Decimal128(5, 0),
        (DataType::Int32, DataType::Decimal128(..)) => DataType::Decimal128(10, 0),
        (DataType::Int64, DataType::Decimal128(..)) => DataType::Decimal128(20, 0),
        (one, _) => one.clone(),
    }
}

fn mismatch<T>(name: &str, one: &DataType, other: &DataType) -> Result<T> {
    let [one, other] = [one, other].map(|data_type| sql_types::name(data_type).to_uppercase());
    plan_err!("[DATATYPE_MISMATCH] `{name}` does not take \"{one}\" beside \"{other}\": CAST one of them")
}

/// The elements' type of a list; that of a null is none.
pub fn item_of(name: &str, given: &DataType) -> Result<DataType> {
    match canonical(given) {
        Some(DataType::List(item)) => Ok(item.data_type().clone()),
        Some(DataType::Null) => Ok(DataType::Null),
        _ => plan_err!(
            "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` takes a list, not \"{}\"",
            sql_types::name(given).to_uppercase()
        ),
    }
}
