//! Lists as sets, and lists without some of their elements.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::super::row::{RowCall, Typing, function, udfs};
use super::gather::{Gathered, common, item_of, key, keys, normalized, range};
use super::search::of_element;
use crate::spark::types::list_of;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let two: Typing = |name, types| {
        let item = two_lists(name, types)?;
        Ok((vec![list_of(item.clone()), list_of(item.clone())], list_of(item)))
    };
    udfs([
        function(
            "array_distinct",
            |name, types| match types {
                [list] => {
                    let list = list_of(item_of(name, list)?);
                    Ok((vec![list.clone()], list))
                }
                _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list"),
            },
            |call| sets(call, |_, _| true),
        ),
        function("array_union", two, |call| sets(call, |_, _| true)),
        function("array_intersect", two, |call| sets(call, |source, is_in_other| source == 0 && is_in_other)),
        function("array_except", two, |call| sets(call, |source, is_in_other| source == 0 && !is_in_other)),
        function(
            "arrays_overlap",
            |name, types| {
                let item = two_lists(name, types)?;
                Ok((vec![list_of(item.clone()), list_of(item)], DataType::Boolean))
            },
            overlap,
        ),
        function(
            "array_remove",
            |name, types| {
                let (taken, _) = of_element(name, types, DataType::Null)?;
                let gives = taken[0].clone();
                Ok((taken, gives))
            },
            removed,
        ),
    ])
}

fn two_lists(name: &str, types: &[DataType]) -> Result<DataType> {
    match types {
        [one, other] => common(name, &[item_of(name, one)?, item_of(name, other)?]),
        _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes two lists"),
    }
}

/// Each element of the lists once, where it is to be kept: by which list it is of, and whether it is in the second.
fn sets(call: &RowCall, keeps: impl Fn(usize, bool) -> bool) -> Result<ArrayRef> {
    let lists: Vec<_> = call.args.iter().map(|array| array.as_list::<i32>()).collect();
    let values: Vec<&ArrayRef> = lists.iter().map(|list| list.values()).collect();
    let all_keys = keys(&values)?;
    let mut gathered = Gathered::of(values.into_iter().map(normalized).collect());
    for row in 0..call.rows {
        let ranges: Option<Vec<_>> = lists.iter().map(|list| range(list, row)).collect();
        let Some(ranges) = ranges else {
            gathered.end_null();
            continue;
        };
        let in_other: HashSet<_> = match ranges.get(1) {
            Some(second) => second.clone().map(|place| key(&all_keys[1], place)).collect(),
            None => HashSet::new(),
        };
        let mut seen = HashSet::new();
        for (source, places) in ranges.into_iter().enumerate() {
            for place in places {
                let key = key(&all_keys[source], place);
                if keeps(source, in_other.contains(&key)) && seen.insert(key) {
                    gathered.pick(source, place);
                }
            }
        }
        gathered.end_list();
    }
    gathered.finish()
}

/// Null where no element is in both, and one of them has a null.
fn overlap(call: &RowCall) -> Result<ArrayRef> {
    let (one, other) = (call.args[0].as_list::<i32>(), call.args[1].as_list::<i32>());
    let both = keys(&[one.values(), other.values()])?;
    call.flags(|row| {
        let (Some(of_one), Some(of_other)) = (range(one, row), range(other, row)) else { return Ok(None) };
        let in_one: HashSet<_> =
            of_one.clone().filter(|place| one.values().is_valid(*place)).map(|place| key(&both[0], place)).collect();
        let is_in_one = |place: usize| other.values().is_valid(place) && in_one.contains(&key(&both[1], place));
        if of_other.clone().any(is_in_one) {
            return Ok(Some(true));
        }
        let has_null = of_one.clone().any(|place| one.values().is_null(place))
            || of_other.clone().any(|place| other.values().is_null(place));
        Ok(Some(false).filter(|_| !has_null || of_one.is_empty() || of_other.is_empty()))
    })
}

fn removed(call: &RowCall) -> Result<ArrayRef> {
    let lists = call.args[0].as_list::<i32>();
    let both = keys(&[lists.values(), &call.args[1]])?;
    let mut gathered = Gathered::of(vec![lists.values().clone()]);
    for row in 0..call.rows {
        match range(lists, row).filter(|_| !call.is_null(1, row)) {
            Some(places) => {
                gathered.pick_all(0, places.filter(|place| both[0].row(*place) != both[1].row(row)));
                gathered.end_list();
            }
            None => gathered.end_null(),
        }
    }
    gathered.finish()
}
