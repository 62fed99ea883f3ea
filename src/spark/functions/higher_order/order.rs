//! `array_sort(list, (l, r) -> …)`: by a comparison that is below, at or above zero. Each list's elements are compared with one another
//! at once.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::HigherOrderUDF;

use super::each::item;
use super::{LambdaCall, Lambdas, one_list, signature};
use crate::spark::functions::scalar::lists::gather::{Gathered, range};

/// `array_sort` where it has a lambda.
pub const SORT_BY: &str = "spark_sort_by";

/// Of a list whose elements are compared: so many squared are computed.
const LONGEST: usize = 4096;

pub fn all() -> Vec<Arc<HigherOrderUDF>> {
    let sort_by = Lambdas {
        name: SORT_BY,
        aliases: vec![],
        taking: one_list,
        parameters: |types, _| Ok(vec![vec![item(&types[0])?, item(&types[0])?]]),
        giving: |_, types, bodies| match &bodies[0] {
            body if body.is_integer() || body.is_null() => Ok(types[0].clone()),
            _ => plan_err!("[DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE] the lambda of `array_sort` is a whole number"),
        },
        computing: sorted,
        signature: signature(),
    };
    vec![sort_by.udf()]
}

fn sorted(call: &LambdaCall) -> Result<ArrayRef> {
    let lists = call.values[0].as_list::<i32>();
    let mut gathered = Gathered::of(vec![lists.values().clone()]);
    for row in 0..call.rows {
        let Some(places) = range(lists, row) else {
            gathered.end_null();
            continue;
        };
        let length = places.len();
        if length > LONGEST {
            return exec_err!("`array_sort` with a lambda takes lists of at most {LONGEST} elements, not of {length}");
        }
        let mut order: Vec<usize> = (0..length).collect();
        if length > 1 {
            let pairs = || (0..length).flat_map(|left| (0..length).map(move |right| (left, right)));
            let side = |place: fn((usize, usize)) -> usize| -> Result<ArrayRef> {
                let places = pairs().map(|pair| (places.start + place(pair)) as u64).collect::<Vec<_>>();
                Ok(take(lists.values(), &UInt64Array::from(places), None)?)
            };
            let rows = vec![row as u64; length * length];
            let answers = call.evaluate(0, &[side(|(left, _)| left)?, side(|(_, right)| right)?], &rows)?;
            let answers = cast(&answers, &DataType::Int64)?;
            let answers = answers.as_primitive::<Int64Type>();
            let mut is_open = false;
            order.sort_by(|left, right| {
                let at = left * length + right;
                is_open |= answers.is_null(at);
                if answers.is_null(at) { Ordering::Equal } else { answers.value(at).cmp(&0) }
            });
            if is_open {
                return exec_err!(
                    "[COMPARATOR_RETURNS_NULL] the lambda of `array_sort` gives null for two elements: handle nulls in it"
                );
            }
        }
        gathered.pick_all(0, order.into_iter().map(|place| places.start + place));
        gathered.end_list();
    }
    gathered.finish()
}
