//! The options of a function that reads or writes texts: a map of texts behind its other arguments.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};

use super::row::RowCall;

/// Options that are written as a map; their names are of no letter case.
pub fn of(call: &RowCall, place: usize) -> Result<HashMap<String, String>> {
    let Some(maps) = call.args.get(place) else { return Ok(HashMap::new()) };
    let Some(maps) = maps.as_map_opt() else {
        return exec_err!(
            "[INVALID_OPTIONS.NON_MAP_FUNCTION] the options of `{}` are a `map('name', 'value', …)`",
            call.name
        );
    };
    if maps.is_empty() {
        return Ok(HashMap::new());
    }
    let entries = maps.value(0);
    let texts = [0, 1].map(|column| arrow::compute::cast(entries.column(column), &DataType::Utf8));
    let [names, values] = texts;
    let (names, values) = (names?, values?);
    let (names, values) = (names.as_string::<i32>(), values.as_string::<i32>());
    Ok((0..names.len()).map(|at| (names.value(at).to_lowercase(), values.value(at).to_string())).collect())
}
