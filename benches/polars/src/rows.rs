//! Are two sets of rows the same?

use polars::prelude::*;

/// How far apart doubles may be, of their size: engines add in different orders.
const CLOSE: f64 = 1e-9;

/// The first difference, in words, or none. Columns, their types and all values count; the order of rows and of columns does not.
pub fn difference(found: LazyFrame, expected: LazyFrame) -> PolarsResult<Option<String>> {
    let (found, expected) = (found.collect()?, expected.collect()?);
    let (types, expected_types) = (types(&found), types(&expected));
    if types != expected_types {
        return Ok(Some(format!("columns {types:?}, not {expected_types:?}")));
    }
    if found.height() != expected.height() {
        return Ok(Some(format!("{} rows, not {}", found.height(), expected.height())));
    }
    // Doubles last: where they alone tell rows apart, what is only close might come in another order.
    let (doubles, exact): (Vec<_>, Vec<_>) = expected_types.into_iter().partition(|(_, kind)| kind.is_float());
    let names: Vec<PlSmallStr> = exact.into_iter().chain(doubles).map(|(name, _)| name).collect();
    let in_order =
        |rows: DataFrame| rows.select(names.iter().cloned())?.sort(names.clone(), SortMultipleOptions::new());
    let (found, expected) = (in_order(found)?, in_order(expected)?);
    for name in &names {
        if let Some(row) = first_unequal(found.column(name)?, expected.column(name)?)? {
            let (found, expected) = (found.slice(row as i64, 1), expected.slice(row as i64, 1));
            return Ok(Some(format!("`{name}` of row {row} in order:\n{found}\nnot\n{expected}")));
        }
    }
    Ok(None)
}

fn types(rows: &DataFrame) -> Vec<(PlSmallStr, DataType)> {
    let mut types: Vec<_> = rows.schema().iter().map(|(name, kind)| (name.clone(), kind.clone())).collect();
    types.sort_by(|a, b| a.0.cmp(&b.0));
    types
}

fn first_unequal(found: &Column, expected: &Column) -> PolarsResult<Option<usize>> {
    if expected.dtype().is_float() {
        let (found, expected) = (found.cast(&DataType::Float64)?, expected.cast(&DataType::Float64)?);
        return Ok(found.f64()?.iter().zip(expected.f64()?.iter()).position(|(a, b)| !close(a, b)));
    }
    let equal = found.as_materialized_series().equal_missing(expected.as_materialized_series())?;
    Ok(equal.iter().position(|equal| equal != Some(true)))
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= CLOSE * a.abs().max(b.abs()),
        (a, b) => a == b,
    }
}
