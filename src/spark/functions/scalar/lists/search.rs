//! What asks lists and maps about their elements.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::super::row::{RowCall, RowFunction, Typing, fault, function, udfs};
use super::gather::{common, item_of, keys, range};
use crate::spark::sql_types::{self, canonical};
use crate::spark::types::{list_of, map_of};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let extreme: Typing = |name, types| match types {
        [given] => {
            let item = item_of(name, given)?;
            Ok((vec![list_of(item.clone())], item))
        }
        _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list"),
    };
    udfs([
        // <https://spark.apache.org/docs/latest/api/sql/index.html#size>: that of a null is -1 without the ANSI mode.
        function("size", SIZED, |call| sizes(call, if call.ansi { None } else { Some(-1) })).known_as(&["cardinality"]),
        array_length(),
        function("array_contains", |name, types| of_element(name, types, DataType::Boolean), contains),
        function(
            "array_position",
            |name, types| of_element(name, types, DataType::Int64),
            |call| {
                let (values, wanted) = both_keys(call)?;
                let lists = call.args[0].as_list::<i32>();
                call.longs(|row| {
                    let Some(mut places) = range(lists, row).filter(|_| !call.is_null(1, row)) else { return Ok(None) };
                    let start = places.start;
                    let found = places.find(|place| values.row(*place) == wanted.row(row));
                    Ok(Some(found.map_or(0, |place| (place - start + 1) as i64)))
                })
            },
        ),
        function("array_max", extreme, |call| extremes(call, true)),
        function("array_min", extreme, |call| extremes(call, false)),
        function(
            "map_contains_key",
            |name, types| {
                let taken = map_and_key(name, types)?;
                Ok((taken, DataType::Boolean))
            },
            |call| {
                let places = places_of_keys(call)?;
                call.flags(|row| Ok(places[row].map(|place| place.is_some())))
            },
        ),
    ])
}

/// Of a list or a map.
const SIZED: Typing = |name, types| match types {
    [given] => match canonical(given) {
        Some(wanted @ (DataType::List(_) | DataType::Map(..) | DataType::Null)) => Ok((vec![wanted], DataType::Int32)),
        _ => plan_err!(
            "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` takes a list or a map, not \"{}\"",
            sql_types::name(given).to_uppercase()
        ),
    },
    _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list or a map"),
};

/// How many elements a list has. The engine's own function for that has a name that is an alias of ours, and on another machine
/// a plan's names are looked up.
pub fn array_size() -> Arc<ScalarUDF> {
    array_length().udf()
}

fn array_length() -> RowFunction {
    let typing: Typing = |name, types| match types {
        [DataType::Map(..)] => plan_err!("[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` takes a list, not a map"),
        types => SIZED(name, types),
    };
    function("array_size", typing, |call| sizes(call, None))
}

fn sizes(call: &RowCall, of_null: Option<i32>) -> Result<ArrayRef> {
    let all = &call.args[0];
    let places: &[i32] = match all.data_type() {
        DataType::List(_) => all.as_list::<i32>().value_offsets(),
        DataType::Map(..) => all.as_map().value_offsets(),
        _ => &[],
    };
    call.ints(|row| {
        Ok(if places.is_empty() || all.is_null(row) { of_null } else { Some(places[row + 1] - places[row]) })
    })
}

/// A list, and a value of its elements' type.
pub fn of_element(name: &str, types: &[DataType], gives: DataType) -> Result<(Vec<DataType>, DataType)> {
    let [list, element] = types else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list and a value");
    };
    if element.is_null() {
        return plan_err!(
            "[DATATYPE_MISMATCH.NULL_TYPE] `{name}` asks for a null, which is nowhere: use `exists(list, x -> x IS NULL)`"
        );
    }
    let item = common(name, &[item_of(name, list)?, element.clone()])?;
    Ok((vec![list_of(item.clone()), item], gives))
}

fn both_keys(call: &RowCall) -> Result<(arrow::row::Rows, arrow::row::Rows)> {
    let lists = call.args[0].as_list::<i32>();
    let mut both = keys(&[lists.values(), &call.args[1]])?.into_iter();
    match (both.next(), both.next()) {
        (Some(values), Some(wanted)) => Ok((values, wanted)),
        _ => Err(fault("keys of two")),
    }
}

/// Null where it is not found, and a null is among the elements.
fn contains(call: &RowCall) -> Result<ArrayRef> {
    let (values, wanted) = both_keys(call)?;
    let lists = call.args[0].as_list::<i32>();
    call.flags(|row| {
        let Some(places) = range(lists, row).filter(|_| !call.is_null(1, row)) else { return Ok(None) };
        if places.clone().any(|place| values.row(place) == wanted.row(row)) {
            return Ok(Some(true));
        }
        let has_null = places.into_iter().any(|place| lists.values().is_null(place));
        Ok(Some(false).filter(|_| !has_null))
    })
}

fn extremes(call: &RowCall, wants_most: bool) -> Result<ArrayRef> {
    let lists = call.args[0].as_list::<i32>();
    let order = keys(&[lists.values()])?.remove(0);
    let places = (0..call.rows).map(|row| {
        let places = range(lists, row)?.filter(|place| lists.values().is_valid(*place));
        // The first of equal ones.
        let best = places.reduce(|best, place| {
            let (best_key, key) = (order.row(best), order.row(place));
            if (wants_most && key > best_key) || (!wants_most && key < best_key) { place } else { best }
        });
        best.map(|place| place as i64)
    });
    Ok(take(lists.values(), &places.collect::<Int64Array>(), None)?)
}

fn map_and_key(name: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    let [map, key] = types else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a map and a key");
    };
    let Some(DataType::Map(entries, _)) = canonical(map) else {
        return plan_err!(
            "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` takes a map, not \"{}\"",
            sql_types::name(map).to_uppercase()
        );
    };
    let DataType::Struct(pair) = entries.data_type() else { return plan_err!("a map has keys and values") };
    let key = common(name, &[pair[0].data_type().clone(), key.clone()])?;
    Ok(vec![map_of(key.clone(), pair[1].data_type().clone()), key])
}

/// Where each row's key is among the keys of its map: `None` where one of them is null, else perhaps nowhere.
fn places_of_keys(call: &RowCall) -> Result<Vec<Option<Option<usize>>>> {
    let maps = call.args[0].as_map();
    let both = keys(&[maps.keys(), &call.args[1]])?;
    let places = maps.value_offsets();
    let place = |row: usize| {
        let is_there = maps.is_valid(row) && !call.is_null(1, row);
        is_there.then(|| {
            let mut all = places[row] as usize..places[row + 1] as usize;
            all.find(|place| both[0].row(*place) == both[1].row(row))
        })
    };
    Ok((0..call.rows).map(place).collect())
}
