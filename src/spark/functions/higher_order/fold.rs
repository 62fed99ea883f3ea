//! `aggregate(list, start, (sum, x) -> …[, sum -> …])`: from the first element to the last. All rows take a step at once.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array};
use arrow::compute::{interleave, nullif, take};
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::HigherOrderUDF;

use super::each::item;
use super::{LambdaCall, Lambdas, signature};
use crate::spark::functions::scalar::lists::gather::item_of;
use crate::spark::sql_types::{self, canonical};
use crate::spark::types::list_of;

pub fn all() -> Vec<Arc<HigherOrderUDF>> {
    let aggregate = Lambdas {
        name: "aggregate",
        aliases: vec!["reduce".to_string()],
        taking: |name, types| match types {
            [list, start] => Ok(vec![list_of(item_of(name, list)?), canonical(start).unwrap_or_else(|| start.clone())]),
            _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a list, a start and a lambda"),
        },
        parameters: |types, lambdas| {
            let start = types[1].clone();
            let mut all = vec![vec![start.clone(), item(&types[0])?]];
            if lambdas == 2 {
                all.push(vec![start]);
            }
            Ok(all)
        },
        giving: |name, types, bodies| {
            let (start, merged) = (&types[1], &bodies[0]);
            if canonical(merged).as_ref() != Some(start) {
                let [start, merged] = [start, merged].map(|data_type| sql_types::name(data_type).to_uppercase());
                return plan_err!(
                    "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` starts with \"{start}\" and goes on with \"{merged}\": CAST \
                     the start"
                );
            }
            Ok(bodies.last().unwrap_or(merged).clone())
        },
        computing: folded,
        signature: signature(),
    };
    vec![aggregate.udf()]
}

fn folded(call: &LambdaCall) -> Result<ArrayRef> {
    let lists = call.values[0].as_list::<i32>();
    let offsets = lists.value_offsets();
    let length = |row: usize| if lists.is_null(row) { 0 } else { offsets[row + 1] - offsets[row] };
    let longest = (0..call.rows).map(length).max().unwrap_or(0);
    let mut so_far = call.values[1].clone();
    let mut rows: Vec<u64> = (0..call.rows as u64).collect();
    for step in 0..longest {
        rows.retain(|row| length(*row as usize) > step);
        let at: UInt64Array = rows.iter().map(|row| (offsets[*row as usize] + step) as u64).collect::<Vec<_>>().into();
        let own = take(&so_far, &UInt64Array::from(rows.clone()), None)?;
        let elements = take(lists.values(), &at, None)?;
        let merged = call.evaluate(0, &[own, elements], &rows)?;
        let mut picks: Vec<(usize, usize)> = (0..call.rows).map(|row| (0, row)).collect();
        for (place, row) in rows.iter().enumerate() {
            picks[*row as usize] = (1, place);
        }
        so_far = interleave(&[so_far.as_ref(), merged.as_ref()], &picks)?;
    }
    if call.lambdas.len() == 2 {
        let all: Vec<u64> = (0..call.rows as u64).collect();
        so_far = call.evaluate(1, &[so_far], &all)?;
    }
    match lists.nulls() {
        Some(nulls) if nulls.null_count() > 0 && *so_far.data_type() != DataType::Null => {
            Ok(nullif(&so_far, &BooleanArray::new(!nulls.inner(), None))?)
        }
        _ => Ok(so_far),
    }
}
