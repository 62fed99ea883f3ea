//! `element_at(list, n)`, counted from 1, or from the end by negative numbers, and `element_at(map, key)`.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#element_at>

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array, make_comparator};
use arrow::compute::{SortOptions, take};
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::spark::coercion;
use crate::spark::mode::SqlMode;
use crate::spark::sql_types::{canonical, name};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    [("element_at", false), ("try_element_at", true)].map(|(name, tries)| function(name, tries)).to_vec()
}

/// `map[key]`: null where there is no such key.
pub fn value_of_key() -> Arc<ScalarUDF> {
    function("try_element_at", true)
}

/// Whether a call may be an error for some values.
pub fn may_fail(function: &ScalarUDF) -> bool {
    // Nothing has the place 0.
    ["element_at", "try_element_at"].contains(&function.name())
}

fn function(name: &'static str, tries: bool) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::from(ElementAt { name, tries, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ElementAt {
    name: &'static str,
    tries: bool,
    signature: Signature,
}

impl ScalarUDFImpl for ElementAt {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _), index]
                if index.is_integer() || index.is_null() =>
            {
                Ok(vec![DataType::List(item.clone()), DataType::Int64])
            }
            [map @ DataType::Map(entries, _), key] => {
                let DataType::Struct(pair) = entries.data_type() else { return plan_err!("a map has keys") };
                let own = canonical(pair[0].data_type());
                let both = own
                    .zip(canonical(key))
                    .and_then(|(own, key)| coercion::without_texts(&own, &key, true).filter(|both| *both == own));
                match both {
                    Some(_) => Ok(vec![map.clone(), pair[0].data_type().clone()]),
                    None => plan_err!(
                        "[DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES] a key of type \"{}\" is in no {}",
                        name(key).to_uppercase(),
                        name(map)
                    ),
                }
            }
            [of, _] => {
                plan_err!("`{}` takes a list and a whole number, or a map and a key, not {}", self.name, name(of))
            }
            _ => plan_err!("`{}` takes two arguments", self.name),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match &types[0] {
            DataType::List(item) => Ok(Field::data_type(item).clone()),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(pair) => Ok(pair[1].data_type().clone()),
                other => plan_err!("{other} has no values"),
            },
            other => plan_err!("\"{}\" has no elements", name(other).to_uppercase()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let outside_is_null = self.tries || !SqlMode::of(&args.config_options).ansi;
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let found = match arrays[0].data_type() {
            DataType::Map(..) => of_maps(&arrays[0], &arrays[1])?,
            _ => of_lists(&arrays[0], &arrays[1], outside_is_null)?,
        };
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?)),
            false => Ok(ColumnarValue::Array(found)),
        }
    }
}

fn of_lists(lists: &ArrayRef, indices: &ArrayRef, outside_is_null: bool) -> Result<ArrayRef> {
    let (lists, indices) = (lists.as_list::<i32>(), indices.as_primitive::<Int64Type>());
    let offsets = lists.value_offsets();
    let mut places = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        if lists.is_null(row) || indices.is_null(row) {
            places.push(None);
            continue;
        }
        let (start, length) = (i64::from(offsets[row]), i64::from(offsets[row + 1] - offsets[row]));
        match indices.value(row) {
            0 => return exec_err!("[INVALID_INDEX_OF_ZERO] there is no element 0: the first is 1, and the last is -1"),
            index if (1..=length).contains(&index) => places.push(Some((start + index - 1) as u64)),
            index if (-length..0).contains(&index) => places.push(Some((start + length + index) as u64)),
            _ if outside_is_null => places.push(None),
            index => {
                return exec_err!(
                    "[INVALID_ARRAY_INDEX_IN_ELEMENT_AT] index {index} is outside of a list of {length}; `try_element_at` \
                     answers null instead"
                );
            }
        }
    }
    Ok(take(lists.values(), &UInt64Array::from(places), None)?)
}

fn of_maps(maps: &ArrayRef, keys: &ArrayRef) -> Result<ArrayRef> {
    let maps = maps.as_map();
    let offsets = maps.value_offsets();
    let compare = make_comparator(maps.keys().as_ref(), keys.as_ref(), SortOptions::default())?;
    let places = (0..maps.len()).map(|row| {
        if maps.is_null(row) || keys.is_null(row) {
            return None;
        }
        let mut entries = offsets[row] as usize..offsets[row + 1] as usize;
        entries.find(|entry| compare(*entry, row) == Ordering::Equal).map(|entry| entry as u64)
    });
    Ok(take(maps.values(), &places.collect::<UInt64Array>(), None)?)
}
