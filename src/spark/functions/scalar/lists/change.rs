//! Lists one after the other, parts of them, and lists with more elements.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::super::row::{RowCall, RowFunction, Takes, Typing, fault, function, takes, udfs, written_text};
use super::gather::{Gathered, common, item_of, range};
use crate::spark::sql_types::{self, canonical};
use crate::spark::types::list_of;

/// `arrays_zip` with the names of its fields before the lists, as one text.
pub const ZIPPED: &str = "spark_arrays_zip";
/// `list_of_structs.field`
pub const EACH_FIELD: &str = "spark_each_field";

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let extended: Typing = |name, types| {
        let [list, element] = types else {
            return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list and a value");
        };
        let item = common(name, &[item_of(name, list)?, element.clone()])?;
        Ok((vec![list_of(item.clone()), item.clone()], list_of(item)))
    };
    udfs([
        concatenated(),
        function(
            "reverse",
            |name, types| match types {
                [list] if list.is_nested() => {
                    let list = list_of(item_of(name, list)?);
                    Ok((vec![list.clone()], list))
                }
                [binary] if canonical(binary) == Some(DataType::Binary) => {
                    Ok((vec![DataType::Binary], DataType::Binary))
                }
                _ => Ok((takes(name, types, 1, &[Takes::Text])?, DataType::Utf8)),
            },
            reversed,
        ),
        function("array_append", extended, |call| with_element(call, false)),
        function("array_prepend", extended, |call| with_element(call, true)),
        function(
            "array_insert",
            |name, types| {
                let [list, place, element] = types else {
                    return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list, a place and a value");
                };
                let item = common(name, &[item_of(name, list)?, element.clone()])?;
                let place = takes(name, std::slice::from_ref(place), 1, &[Takes::Int])?.remove(0);
                Ok((vec![list_of(item.clone()), place, item.clone()], list_of(item)))
            },
            inserted,
        )
        .fallible(),
        function(
            "slice",
            |name, types| {
                let [list, numbers @ ..] = types else {
                    return plan_err!(
                        "[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list, a place and a length"
                    );
                };
                let list = list_of(item_of(name, list)?);
                let numbers = takes(name, numbers, 2, &[Takes::Int; 2])?;
                Ok((std::iter::once(list.clone()).chain(numbers).collect(), list))
            },
            sliced,
        )
        .fallible(),
        function(
            "flatten",
            |name, types| match types {
                [list] => {
                    let inner = list_of(item_of(name, &item_of(name, list)?)?);
                    Ok((vec![list_of(inner.clone())], inner))
                }
                _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list of lists"),
            },
            flattened,
        ),
        function(
            ZIPPED,
            |name, types| {
                let items = types.iter().skip(1).map(|list| Ok(list_of(item_of(name, list)?)));
                Ok((std::iter::once(Ok(DataType::Utf8)).chain(items).collect::<Result<_>>()?, DataType::Null))
            },
            zipped,
        )
        .typed_by_constants(zipped_type),
        each(),
    ])
}

/// `list || list`
pub fn concat() -> Arc<ScalarUDF> {
    concatenated().udf()
}

pub fn each_field() -> Arc<ScalarUDF> {
    each().udf()
}

/// Of lists, binaries or texts.
fn concatenated() -> RowFunction {
    function(
        "concat",
        |name, types| {
            if types.iter().any(DataType::is_nested) {
                let items = types.iter().map(|list| item_of(name, list)).collect::<Result<Vec<_>>>()?;
                let list = list_of(common(name, &items)?);
                return Ok((vec![list.clone(); types.len()], list));
            }
            let is_binary = |given: &DataType| canonical(given) == Some(DataType::Binary);
            match !types.is_empty() && types.iter().all(is_binary) {
                true => Ok((vec![DataType::Binary; types.len()], DataType::Binary)),
                false => Ok((takes(name, types, 0, &vec![Takes::Text; types.len()])?, DataType::Utf8)),
            }
        },
        |call| match call.gives {
            DataType::List(_) => one_after_the_other(call),
            DataType::Binary => call.binaries(|row| {
                let all: Option<Vec<&[u8]>> = (0..call.args.len()).map(|place| call.bytes(place, row)).collect();
                Ok(all.map(|all| all.concat()))
            }),
            _ => call.texts(|row| {
                let all: Option<Vec<&str>> = (0..call.args.len()).map(|place| call.text(place, row)).collect();
                Ok(all.map(|all| all.concat()))
            }),
        },
    )
}

fn one_after_the_other(call: &RowCall) -> Result<ArrayRef> {
    let lists: Vec<&ListArray> = call.args.iter().map(|array| array.as_list::<i32>()).collect();
    let mut gathered = Gathered::of(lists.iter().map(|list| list.values().clone()).collect());
    for row in 0..call.rows {
        let ranges: Option<Vec<_>> = lists.iter().map(|list| range(list, row)).collect();
        match ranges {
            Some(ranges) => {
                ranges.into_iter().enumerate().for_each(|(source, places)| gathered.pick_all(source, places));
                gathered.end_list();
            }
            None => gathered.end_null(),
        }
    }
    gathered.finish()
}

/// Lists of places of the first argument's elements; a row without is null.
fn rearranged<I: IntoIterator<Item = usize>>(
    lists: &ListArray,
    places: impl Fn(usize) -> Result<Option<I>>,
) -> Result<ArrayRef> {
    let mut gathered = Gathered::of(vec![lists.values().clone()]);
    for row in 0..lists.len() {
        match places(row)? {
            Some(places) => {
                gathered.pick_all(0, places);
                gathered.end_list();
            }
            None => gathered.end_null(),
        }
    }
    gathered.finish()
}

fn reversed(call: &RowCall) -> Result<ArrayRef> {
    match call.args[0].as_list_opt::<i32>() {
        Some(lists) => rearranged(lists, |row| Ok(range(lists, row).map(Iterator::rev))),
        None if *call.gives == DataType::Binary => {
            call.binaries(|row| Ok(call.bytes(0, row).map(|bytes| bytes.iter().rev().copied().collect())))
        }
        None => call.texts(|row| Ok(call.text(0, row).map(|text| text.chars().rev().collect::<String>()))),
    }
}

fn with_element(call: &RowCall, first: bool) -> Result<ArrayRef> {
    let lists = call.args[0].as_list::<i32>();
    let mut gathered = Gathered::of(vec![lists.values().clone(), call.args[1].clone()]);
    for row in 0..call.rows {
        let Some(places) = range(lists, row) else {
            gathered.end_null();
            continue;
        };
        if first {
            gathered.pick(1, row);
        }
        gathered.pick_all(0, places);
        if !first {
            gathered.pick(1, row);
        }
        gathered.end_list();
    }
    gathered.finish()
}

/// Longer by what a list lacks up to a place: nulls.
fn inserted(call: &RowCall) -> Result<ArrayRef> {
    let lists = call.args[0].as_list::<i32>();
    let mut gathered = Gathered::of(vec![lists.values().clone(), call.args[2].clone()]);
    for row in 0..call.rows {
        let (Some(places), Some(place)) = (range(lists, row), call.int(1, row)) else {
            gathered.end_null();
            continue;
        };
        let length = places.len() as i64;
        let at = match i64::from(place) {
            0 => return Err(fault("[INVALID_INDEX_OF_ZERO] elements count from 1, and from -1 at the end")),
            place if place > 0 => place - 1,
            place => length + place + 1,
        };
        if at.abs().max(length) > i64::from(i32::MAX) - 15 {
            return Err(fault("[COLLECTION_SIZE_LIMIT_EXCEEDED] so long is no list"));
        }
        let at_end = at.clamp(0, length) as usize;
        if at >= 0 {
            gathered.pick_all(0, places.clone().take(at_end));
            (length..at).for_each(|_| gathered.pick_null());
            gathered.pick(1, row);
            gathered.pick_all(0, places.skip(at_end));
        } else {
            gathered.pick(1, row);
            (at..0).for_each(|_| gathered.pick_null());
            gathered.pick_all(0, places);
        }
        gathered.end_list();
    }
    gathered.finish()
}

fn sliced(call: &RowCall) -> Result<ArrayRef> {
    let lists = call.args[0].as_list::<i32>();
    rearranged(lists, |row| {
        let (Some(places), Some(start), Some(length)) = (range(lists, row), call.int(1, row), call.int(2, row)) else {
            return Ok(None);
        };
        if length < 0 {
            return Err(fault(format!(
                "[INVALID_PARAMETER_VALUE.LENGTH] the length {length} of `slice` is below zero"
            )));
        }
        let at = match i64::from(start) {
            0 => {
                return Err(fault(
                    "[INVALID_PARAMETER_VALUE.START] the places of `slice` count from 1, and from -1 at the end",
                ));
            }
            start if start > 0 => start - 1,
            start => places.len() as i64 + start,
        };
        let nothing = at < 0;
        let taken = if nothing { 0 } else { length as usize };
        Ok(Some(places.skip(at.max(0) as usize).take(taken)))
    })
}

fn flattened(call: &RowCall) -> Result<ArrayRef> {
    let outer = call.args[0].as_list::<i32>();
    let inner = outer.values().as_list::<i32>();
    let mut gathered = Gathered::of(vec![inner.values().clone()]);
    for row in 0..call.rows {
        let ranges: Option<Vec<_>> =
            range(outer, row).and_then(|places| places.map(|place| range(inner, place)).collect());
        match ranges {
            Some(ranges) => {
                ranges.into_iter().for_each(|places| gathered.pick_all(0, places));
                gathered.end_list();
            }
            None => gathered.end_null(),
        }
    }
    gathered.finish()
}

fn zipped_type(name: &'static str, types: &[DataType], constants: &[Option<&ScalarValue>]) -> Result<DataType> {
    let Some(names) = written_text(constants, 0) else {
        return plan_err!("`{name}` has the names of its fields first");
    };
    let fields =
        names.split('\0').zip(&types[1..]).map(|(field, list)| Ok(Field::new(field, item_of(name, list)?, true)));
    Ok(list_of(DataType::Struct(fields.collect::<Result<Vec<_>>>()?.into())))
}

/// As long as the longest.
fn zipped(call: &RowCall) -> Result<ArrayRef> {
    let lists: Vec<&ListArray> = call.args[1..].iter().map(|array| array.as_list::<i32>()).collect();
    let DataType::List(item) = call.gives else { return exec_err!("a list of structs") };
    let DataType::Struct(fields) = item.data_type() else { return exec_err!("a list of structs") };
    let mut columns = vec![];
    let mut shape = None;
    for list in &lists {
        let mut gathered = Gathered::of(vec![list.values().clone()]);
        for row in 0..call.rows {
            let ranges: Option<Vec<_>> = lists.iter().map(|list| range(list, row)).collect();
            let (Some(ranges), Some(own)) = (ranges, range(list, row)) else {
                gathered.end_null();
                continue;
            };
            let longest = ranges.iter().map(ExactSizeIterator::len).max().unwrap_or_default();
            let missing = longest - own.len();
            gathered.pick_all(0, own);
            (0..missing).for_each(|_| gathered.pick_null());
            gathered.end_list();
        }
        let column = gathered.finish()?;
        let column = column.as_list::<i32>();
        columns.push(column.values().clone());
        shape = Some((column.offsets().clone(), column.nulls().cloned()));
    }
    let Some((offsets, nulls)) = shape else { return exec_err!("`arrays_zip` takes lists") };
    let rows = StructArray::try_new(fields.clone(), columns, None)?;
    Ok(Arc::new(ListArray::try_new(item.clone(), offsets, Arc::new(rows), nulls)?))
}

fn each() -> RowFunction {
    function(
        EACH_FIELD,
        |name, types| match types {
            [list, _] => Ok((vec![list_of(item_of(name, list)?), DataType::Utf8], DataType::Null)),
            _ => plan_err!("`{name}` has a list and the name of a field"),
        },
        |call| {
            let lists = call.args[0].as_list::<i32>();
            let Some(rows) = lists.values().as_struct_opt() else { return exec_err!("a list of structs") };
            let column = call.text(1, 0).and_then(|name| rows.column_by_name(name));
            let Some(column) = column else { return exec_err!("there is no such field") };
            let column = match rows.nulls() {
                Some(nulls) => arrow::compute::nullif(column, &arrow::array::BooleanArray::new(!nulls.inner(), None))?,
                None => column.clone(),
            };
            let item = Arc::new(Field::new("element", column.data_type().clone(), true));
            Ok(Arc::new(ListArray::try_new(item, lists.offsets().clone(), column, lists.nulls().cloned())?))
        },
    )
    .typed_by_constants(|name, types, constants| {
        let (DataType::Struct(fields), Some(wanted)) = (item_of(name, &types[0])?, written_text(constants, 1)) else {
            return plan_err!("[INVALID_EXTRACT_BASE_FIELD_TYPE] \"{}\" has no fields", sql_types::name(&types[0]));
        };
        match fields.iter().find(|field| field.name() == wanted) {
            Some(field) => Ok(list_of(field.data_type().clone())),
            None => plan_err!("[FIELD_NOT_FOUND] there is no field `{wanted}` in \"{}\"", sql_types::name(&types[0])),
        }
    })
}
