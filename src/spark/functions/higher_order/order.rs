//! `array_sort(list, (l, r) -> …)`: by a comparison that is below, at or above zero.
//!
//! <https://spark.apache.org/docs/latest/api/sql/array-functions/#array_sort>. All comparisons that may be needed of a list are
//! computed at once. Where one of them is an error, each is computed when it is asked for: perhaps nobody asks.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, UInt64Array};
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

/// Up to which length Java sorts without merging.
const SHORT: usize = 32;

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
        let order =
            if length > 1 { Comparisons::of(call, row, places.start, length).order()? } else { vec![0; length] };
        gathered.pick_all(0, order.into_iter().map(|place| places.start + place));
        gathered.end_list();
    }
    gathered.finish()
}

/// The comparisons of a list's elements.
struct Comparisons<'a> {
    call: &'a LambdaCall<'a>,
    row: usize,
    start: usize,
    length: usize,
    /// Those of each element with each, if none of them is an error.
    all: Option<PrimitiveArray<Int64Type>>,
}

impl<'a> Comparisons<'a> {
    fn of(call: &'a LambdaCall<'a>, row: usize, start: usize, length: usize) -> Self {
        let mut comparisons = Comparisons { call, row, start, length, all: None };
        let each = 0..length;
        // Java compares later elements with earlier ones, as long as the list is short.
        let pairs = each.clone().flat_map(|left| each.clone().map(move |right| (left, right)));
        let pairs =
            pairs.map(|(left, right)| if length < SHORT && left < right { (right, left) } else { (left, right) });
        comparisons.all = comparisons.compute(&pairs.collect::<Vec<_>>()).ok();
        comparisons
    }

    fn compute(&self, pairs: &[(usize, usize)]) -> Result<PrimitiveArray<Int64Type>> {
        let elements = self.call.values[0].as_list::<i32>().values();
        let side = |place: fn(&(usize, usize)) -> usize| -> Result<ArrayRef> {
            let places = pairs.iter().map(|pair| (self.start + place(pair)) as u64).collect::<Vec<_>>();
            Ok(take(elements, &UInt64Array::from(places), None)?)
        };
        let rows = vec![self.row as u64; pairs.len()];
        let answers = self.call.evaluate(0, &[side(|(left, _)| *left)?, side(|(_, right)| *right)?], &rows)?;
        Ok(cast(&answers, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
    }

    fn compare(&self, left: usize, right: usize) -> Result<Ordering> {
        let (answers, at) = match &self.all {
            Some(all) => (all.clone(), left * self.length + right),
            None => (self.compute(&[(left, right)])?, 0),
        };
        if answers.is_null(at) {
            return exec_err!(
                "[COMPARATOR_RETURNS_NULL] the lambda of `array_sort` gives null for two elements: handle nulls in it"
            );
        }
        Ok(answers.value(at).cmp(&0))
    }

    /// The places of the elements in their order.
    fn order(&self) -> Result<Vec<usize>> {
        if self.length < SHORT {
            return self.short_order();
        }
        let mut order: Vec<usize> = (0..self.length).collect();
        let mut fault = None;
        order.sort_by(|left, right| {
            let compared = if fault.is_none() { self.compare(*left, *right) } else { Ok(Ordering::Equal) };
            compared.unwrap_or_else(|error| {
                fault = Some(error);
                Ordering::Equal
            })
        });
        fault.map_or(Ok(order), Err)
    }

    /// As Java's `TimSort` sorts few: what rises or falls at the beginning stays, or is turned, and each one behind it is put
    /// in its place by halves. So an answer that contradicts another does what it does there.
    fn short_order(&self) -> Result<Vec<usize>> {
        let falls = self.compare(1, 0)?.is_lt();
        let mut run = 2;
        while run < self.length && self.compare(run, run - 1)?.is_lt() == falls {
            run += 1;
        }
        let mut order: Vec<usize> = (0..run).collect();
        if falls {
            order.reverse();
        }
        for next in run..self.length {
            let (mut low, mut high) = (0, order.len());
            while low < high {
                let middle = (low + high) / 2;
                if self.compare(next, order[middle])?.is_lt() {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            order.insert(low, next);
        }
        Ok(order)
    }
}
