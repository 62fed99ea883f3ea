//! Of two lists side by side, and of keys with their values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{filter, interleave};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::HigherOrderUDF;

use super::each::item;
use super::{LambdaCall, Lambdas, ListElements, check_condition, elements, flags, null, signature};
use crate::spark::functions::scalar::lists::gather::{common, item_of, key, keys, range};
use crate::spark::functions::scalar::lists::of_lists;
use crate::spark::sql_types::{self, canonical};
use crate::spark::types::{list_of, map_of};

pub fn all() -> Vec<Arc<HigherOrderUDF>> {
    let lambdas = |name, taking, parameters, giving, computing| Lambdas {
        name,
        aliases: vec![],
        taking,
        parameters,
        giving,
        computing,
        signature: signature(),
    };
    let key_and_value = |types: &[DataType], _: usize| {
        let (key, value) = key_and_value(&types[0])?;
        Ok(vec![vec![key, value]])
    };
    [
        lambdas(
            "zip_with",
            |name, types| match types {
                [one, other] => Ok(vec![list_of(item_of(name, one)?), list_of(item_of(name, other)?)]),
                _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes two lists and a lambda"),
            },
            |types, _| Ok(vec![vec![item(&types[0])?, item(&types[1])?]]),
            |_, _, bodies| Ok(list_of(bodies[0].clone())),
            zipped,
        ),
        lambdas(
            "map_filter",
            one_map,
            key_and_value,
            |name, types, bodies| {
                check_condition(name, bodies)?;
                Ok(types[0].clone())
            },
            |call| {
                let (entries, answers) = of_entries(call)?;
                let kept = flags(&answers)?.iter().map(|kept| Some(kept == Some(true))).collect();
                let mut start = 0;
                let lengths: Vec<usize> = entries
                    .keys
                    .lengths
                    .iter()
                    .map(|length| {
                        let count = arrow::array::BooleanArray::slice(&kept, start, *length).true_count();
                        start += length;
                        count
                    })
                    .collect();
                mapped(call, &lengths, filter(&entries.keys.values, &kept)?, filter(&entries.values, &kept)?)
            },
        ),
        lambdas(
            "transform_values",
            one_map,
            key_and_value,
            |_, types, bodies| Ok(map_of(self::key_and_value(&types[0])?.0, bodies[0].clone())),
            |call| {
                let (entries, answers) = of_entries(call)?;
                mapped(call, &entries.keys.lengths, entries.keys.values.clone(), answers)
            },
        ),
        lambdas(
            "transform_keys",
            one_map,
            key_and_value,
            |_, types, bodies| Ok(map_of(bodies[0].clone(), self::key_and_value(&types[0])?.1)),
            |call| {
                let (entries, answers) = of_entries(call)?;
                mapped(call, &entries.keys.lengths, answers, entries.values.clone())
            },
        ),
        lambdas(
            "map_zip_with",
            |name, types| match types {
                [one, other] => {
                    let ((key, value), (other_key, other_value)) =
                        (key_and_value_of(name, one)?, key_and_value_of(name, other)?);
                    let key = common(name, &[key, other_key])?;
                    Ok(vec![map_of(key.clone(), value), map_of(key, other_value)])
                }
                _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes two maps and a lambda"),
            },
            |types, _| {
                let ((key, value), (_, other)) = (self::key_and_value(&types[0])?, self::key_and_value(&types[1])?);
                Ok(vec![vec![key, value, other]])
            },
            |_, types, bodies| Ok(map_of(self::key_and_value(&types[0])?.0, bodies[0].clone())),
            maps_zipped,
        ),
    ]
    .map(Lambdas::udf)
    .to_vec()
}

fn key_and_value(map: &DataType) -> Result<(DataType, DataType)> {
    key_and_value_of("map", map)
}

fn key_and_value_of(name: &str, map: &DataType) -> Result<(DataType, DataType)> {
    if let Some(DataType::Map(entries, _)) = canonical(map)
        && let DataType::Struct(pair) = entries.data_type()
    {
        return Ok((pair[0].data_type().clone(), pair[1].data_type().clone()));
    }
    plan_err!(
        "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` takes a map, not \"{}\"",
        sql_types::name(map).to_uppercase()
    )
}

fn one_map(name: &'static str, types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [map] => {
            let (key, value) = key_and_value_of(name, map)?;
            Ok(vec![map_of(key, value)])
        }
        _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a map and a lambda"),
    }
}

/// The places of both lists side by side, the shorter one's with nulls behind it.
fn zipped(call: &LambdaCall) -> Result<ArrayRef> {
    let (one, other) = (call.values[0].as_list::<i32>(), call.values[1].as_list::<i32>());
    let (mut picks, mut rows, mut lengths, mut valid) = ((vec![], vec![]), vec![], vec![], vec![]);
    for row in 0..call.rows {
        let (Some(ours), Some(theirs)) = (range(one, row), range(other, row)) else {
            lengths.push(0);
            valid.push(false);
            continue;
        };
        let longest = ours.len().max(theirs.len());
        for nth in 0..longest {
            picks.0.push(if nth < ours.len() { (0, ours.start + nth) } else { (1, 0) });
            picks.1.push(if nth < theirs.len() { (0, theirs.start + nth) } else { (1, 0) });
            rows.push(row as u64);
        }
        lengths.push(longest);
        valid.push(true);
    }
    let answers = call.evaluate(0, &[picked(one.values(), &picks.0)?, picked(other.values(), &picks.1)?], &rows)?;
    let item = Arc::new(Field::new("element", answers.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), answers, Some(valid.into()))?))
}

/// Of the values, or a null.
fn picked(values: &ArrayRef, picks: &[(usize, usize)]) -> Result<ArrayRef> {
    let none = null(values.data_type())?.to_array()?;
    Ok(interleave(&[values.as_ref(), none.as_ref()], picks)?)
}

struct KeysAndValues {
    keys: ListElements,
    values: ArrayRef,
}

fn lists(map: &MapArray) -> Result<(ListArray, ListArray)> {
    let list = |values: &ArrayRef| {
        let item = Arc::new(Field::new("element", values.data_type().clone(), true));
        ListArray::try_new(item, map.offsets().clone(), values.clone(), map.nulls().cloned())
    };
    Ok((list(map.keys())?, list(map.values())?))
}

fn of_entries(call: &LambdaCall) -> Result<(KeysAndValues, ArrayRef)> {
    let (names, values) = lists(call.values[0].as_map())?;
    let entries = KeysAndValues { keys: elements(&names)?, values: elements(&values)?.values };
    let answers = call.evaluate(0, &[entries.keys.values.clone(), entries.values.clone()], &entries.keys.rows)?;
    Ok((entries, answers))
}

fn mapped(call: &LambdaCall, lengths: &[usize], names: ArrayRef, values: ArrayRef) -> Result<ArrayRef> {
    let nulls = call.values[0].nulls().cloned();
    let list = |values: ArrayRef| -> Result<ArrayRef> {
        let item = Arc::new(Field::new("element", values.data_type().clone(), true));
        Ok(Arc::new(ListArray::try_new(
            item,
            OffsetBuffer::from_lengths(lengths.iter().copied()),
            values,
            nulls.clone(),
        )?))
    };
    of_lists(call.gives, &list(names)?, &list(values)?)
}

/// The keys of the first map, and those that only the second has.
fn maps_zipped(call: &LambdaCall) -> Result<ArrayRef> {
    let (one, other) = (call.values[0].as_map(), call.values[1].as_map());
    let both = keys(&[one.keys(), other.keys()])?;
    let (mut of_keys, mut of_one, mut of_other) = (vec![], vec![], vec![]);
    let (mut rows, mut lengths, mut valid) = (vec![], vec![], vec![]);
    let places = |map: &MapArray, row: usize| map.value_offsets()[row] as usize..map.value_offsets()[row + 1] as usize;
    for row in 0..call.rows {
        if one.is_null(row) || other.is_null(row) {
            lengths.push(0);
            valid.push(false);
            continue;
        }
        let before = rows.len();
        for place in places(one, row) {
            let found = places(other, row).find(|other| key(&both[1], *other) == key(&both[0], place));
            of_keys.push((0, place));
            of_one.push((0, place));
            of_other.push(found.map_or((1, 0), |found| (0, found)));
            rows.push(row as u64);
        }
        for place in places(other, row) {
            if places(one, row).all(|one| key(&both[0], one) != key(&both[1], place)) {
                of_keys.push((1, place));
                of_one.push((1, 0));
                of_other.push((0, place));
                rows.push(row as u64);
            }
        }
        lengths.push(rows.len() - before);
        valid.push(true);
    }
    let names = interleave(&[one.keys().as_ref(), other.keys().as_ref()], &of_keys)?;
    let answers =
        call.evaluate(0, &[names.clone(), picked(one.values(), &of_one)?, picked(other.values(), &of_other)?], &rows)?;
    let list = |values: ArrayRef| -> Result<ArrayRef> {
        let item = Arc::new(Field::new("element", values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
        Ok(Arc::new(ListArray::try_new(item, offsets, values, Some(valid.clone().into()))?))
    };
    of_lists(call.gives, &list(names)?, &list(answers)?)
}
