//! Maps from their keys and values, and from one another. A key is no null, and there once.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::super::row::{RowCall, RowFunction, fault, function, udfs};
use super::gather::{Gathered, common, item_of, key, keys, normalized, range};
use crate::spark::sql_types::{self, canonical, has_forms};
use crate::spark::types::{list_of, map_of};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([
        of_pairs(),
        function(
            "map_from_arrays",
            |name, types| match types {
                [names, values] => {
                    let (names, values) = (item_of(name, names)?, item_of(name, values)?);
                    Ok((vec![list_of(names.clone()), list_of(values.clone())], map_of(names, values)))
                }
                _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list of keys and one of values"),
            },
            from_lists,
        )
        .fallible(),
        function(
            "map_from_entries",
            |name, types| match types {
                [entries] => match item_of(name, entries)? {
                    DataType::Struct(pair) if pair.len() == 2 => {
                        let gives = map_of(pair[0].data_type().clone(), pair[1].data_type().clone());
                        Ok((vec![list_of(DataType::Struct(pair))], gives))
                    }
                    _ => plan_err!(
                        "[DATATYPE_MISMATCH.MAP_FROM_ENTRIES_WRONG_TYPE] `{name}` takes a list of structs of two fields"
                    ),
                },
                _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list of structs"),
            },
            from_entries,
        )
        .fallible(),
        function(
            "map_concat",
            |name, types| {
                if types.is_empty() {
                    let none = map_of(DataType::Null, DataType::Null);
                    return Ok((vec![], none));
                }
                for given in types {
                    if !matches!(canonical(given), Some(DataType::Map(..))) {
                        return plan_err!(
                            "[DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES] `{name}` takes maps, not \"{}\"",
                            sql_types::name(given).to_uppercase()
                        );
                    }
                }
                let wide = common(name, types)?;
                Ok((vec![wide.clone(); types.len()], wide))
            },
            one_after_the_other,
        )
        .fallible(),
        in_one_form(),
    ])
}

/// Nested values in the one form that all equal ones share: maps with their entries in the order of their keys, one NaN and one zero.
/// `MapSort` and `NormalizeFloatingNumbers` in Spark.
pub fn one_form() -> Arc<ScalarUDF> {
    in_one_form().udf()
}

fn in_one_form() -> RowFunction {
    function(
        "spark_one_form",
        |name, types| match types {
            [given] => match canonical(given) {
                Some(taken) if has_forms(&taken) => Ok((vec![taken.clone()], taken)),
                _ => plan_err!("`{name}` takes what may have more than one form"),
            },
            _ => plan_err!("`{name}` takes one argument"),
        },
        |call| ordered(&call.args[0]),
    )
}

fn ordered(values: &ArrayRef) -> Result<ArrayRef> {
    if !has_forms(values.data_type()) {
        return Ok(values.clone());
    }
    Ok(match values.data_type() {
        DataType::Struct(fields) => {
            let of = values.as_struct();
            let columns = of.columns().iter().map(ordered).collect::<Result<Vec<_>>>()?;
            Arc::new(StructArray::try_new(fields.clone(), columns, of.nulls().cloned())?)
        }
        DataType::List(item) => {
            let of = values.as_list::<i32>();
            let items = ordered(of.values())?;
            Arc::new(ListArray::try_new(item.clone(), of.offsets().clone(), items, of.nulls().cloned())?)
        }
        DataType::Map(entry, is_sorted) => {
            let of = values.as_map();
            let order = keys(&[of.keys()])?;
            let (of_keys, of_values) = (ordered(of.keys())?, ordered(of.values())?);
            let mut places: Vec<u32> = (0..of.entries().len() as u32).collect();
            for row in of.offsets().windows(2) {
                places[row[0] as usize..row[1] as usize].sort_by_key(|place| order[0].row(*place as usize));
            }
            let places = UInt32Array::from(places);
            let columns = vec![take(&of_keys, &places, None)?, take(&of_values, &places, None)?];
            let entries = StructArray::try_new(of.entries().fields().clone(), columns, None)?;
            let (offsets, nulls) = (of.offsets().clone(), of.nulls().cloned());
            Arc::new(MapArray::try_new(entry.clone(), offsets, entries, nulls, *is_sorted)?)
        }
        _ => normalized(values),
    })
}

/// `map(key, value, …)`
pub fn map() -> Arc<ScalarUDF> {
    of_pairs().udf()
}

fn of_pairs() -> RowFunction {
    function(
        "map",
        |name, types| {
            if !types.len().is_multiple_of(2) {
                return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes keys and values, a pair each");
            }
            let of = |first: usize| {
                let all: Vec<DataType> = types.iter().skip(first).step_by(2).cloned().collect();
                common(name, &all)
            };
            let (of_keys, of_values) = (of(0)?, of(1)?);
            let taken = (0..types.len()).map(|at| if at % 2 == 0 { of_keys.clone() } else { of_values.clone() });
            Ok((taken.collect(), map_of(of_keys.clone(), of_values.clone())))
        },
        |call| {
            let pairs = call.args.len() / 2;
            if pairs == 0 {
                let none = arrow::array::new_empty_array(&DataType::Null);
                return assembled(call, Gathered::of(vec![none.clone()]), Gathered::of(vec![none]), |_, _, _| Ok(true));
            }
            let of = |first: usize| Gathered::of(call.args.iter().skip(first).step_by(2).cloned().collect());
            assembled(call, of(0), of(1), |row, names, values| {
                (0..pairs).for_each(|pair| {
                    names.pick(pair, row);
                    values.pick(pair, row);
                });
                Ok(true)
            })
        },
    )
    .fallible_of_null()
}

/// Maps of the keys and values that are picked for each row; where nothing is to be picked, null.
fn assembled(
    call: &RowCall,
    mut names: Gathered,
    mut values: Gathered,
    pick: impl Fn(usize, &mut Gathered, &mut Gathered) -> Result<bool>,
) -> Result<ArrayRef> {
    for row in 0..call.rows {
        match pick(row, &mut names, &mut values)? {
            true => {
                names.end_list();
                values.end_list();
            }
            false => {
                names.end_null();
                values.end_null();
            }
        }
    }
    of_lists(call.gives, &names.finish()?, &values.finish()?)
}

/// Lists of keys and of values, equally long, as maps.
pub fn of_lists(gives: &DataType, names: &ArrayRef, values: &ArrayRef) -> Result<ArrayRef> {
    let (names, values) = (names.as_list::<i32>(), values.as_list::<i32>());
    check_keys(names)?;
    let DataType::Map(entries, sorted) = gives else { return exec_err!("a map") };
    let DataType::Struct(fields) = entries.data_type() else { return exec_err!("a map has keys and values") };
    let pairs = pair(fields, names.values().clone(), values.values().clone())?;
    Ok(Arc::new(MapArray::try_new(entries.clone(), names.offsets().clone(), pairs, names.nulls().cloned(), *sorted)?))
}

fn pair(fields: &Fields, names: ArrayRef, values: ArrayRef) -> Result<StructArray> {
    let fields: Fields = fields.iter().map(|field| Arc::new(Field::clone(field))).collect();
    // Of an empty map the keys are of no type, which has only nulls.
    let fields = if *names.data_type() == DataType::Null {
        let own = [Field::new("key", DataType::Null, false), Field::new("value", values.data_type().clone(), true)];
        Fields::from(own.to_vec())
    } else {
        fields
    };
    Ok(StructArray::try_new(fields, vec![names, values], None)?)
}

fn check_keys(names: &ListArray) -> Result<()> {
    let all = keys(&[names.values()])?.remove(0);
    for row in 0..names.len() {
        let Some(places) = range(names, row) else { continue };
        let mut seen = HashSet::new();
        for place in places {
            if names.values().is_null(place) {
                return Err(fault("[NULL_MAP_KEY] a key of a map is null"));
            }
            if !seen.insert(key(&all, place)) {
                return Err(fault("[DUPLICATED_MAP_KEY] a key is twice in a map"));
            }
        }
    }
    Ok(())
}

fn from_lists(call: &RowCall) -> Result<ArrayRef> {
    let (names, values) = (call.args[0].as_list::<i32>(), call.args[1].as_list::<i32>());
    let sources = (Gathered::of(vec![names.values().clone()]), Gathered::of(vec![values.values().clone()]));
    assembled(call, sources.0, sources.1, |row, of_names, of_values| {
        let (Some(own_names), Some(own_values)) = (range(names, row), range(values, row)) else { return Ok(false) };
        if own_names.len() != own_values.len() {
            return Err(fault("the list of keys and that of values of `map_from_arrays` are not equally long"));
        }
        of_names.pick_all(0, own_names);
        of_values.pick_all(0, own_values);
        Ok(true)
    })
}

fn from_entries(call: &RowCall) -> Result<ArrayRef> {
    let lists = call.args[0].as_list::<i32>();
    let rows = lists.values().as_struct();
    let sources = (Gathered::of(vec![rows.column(0).clone()]), Gathered::of(vec![rows.column(1).clone()]));
    assembled(call, sources.0, sources.1, |row, names, values| {
        let Some(places) = range(lists, row) else { return Ok(false) };
        // An entry that is null makes all of it null.
        if places.clone().any(|place| rows.is_null(place)) {
            return Ok(false);
        }
        names.pick_all(0, places.clone());
        values.pick_all(0, places);
        Ok(true)
    })
}

fn one_after_the_other(call: &RowCall) -> Result<ArrayRef> {
    if call.args.is_empty() {
        return exec_err!("`map_concat` of nothing is not there: write `map()`");
    }
    let maps: Vec<&MapArray> = call.args.iter().map(|array| array.as_map()).collect();
    let names = Gathered::of(maps.iter().map(|map| map.keys().clone()).collect());
    let values = Gathered::of(maps.iter().map(|map| map.values().clone()).collect());
    assembled(call, names, values, |row, names, values| {
        if maps.iter().any(|map| map.is_null(row)) {
            return Ok(false);
        }
        for (source, map) in maps.iter().enumerate() {
            let places = map.value_offsets();
            let places = places[row] as usize..places[row + 1] as usize;
            names.pick_all(source, places.clone());
            values.pick_all(source, places);
        }
        Ok(true)
    })
}
