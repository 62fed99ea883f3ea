//! Of each element of a list by itself: `x -> …`, or `(x, i) -> …` with its place from 0.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::filter;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::HigherOrderUDF;

use super::{LambdaCall, Lambdas, ListElements, check_condition, elements, flags, one_list, signature};
use crate::spark::sql_types;
use crate::spark::types::list_of;

pub fn all() -> Vec<Arc<HigherOrderUDF>> {
    let with_place = |types: &[DataType], _: usize| Ok(vec![vec![item(&types[0])?, DataType::Int32]]);
    let alone = |types: &[DataType], _: usize| Ok(vec![vec![item(&types[0])?]]);
    let asked = |name: &'static str, _: &[DataType], bodies: &[DataType]| {
        check_condition(name, bodies)?;
        Ok(DataType::Boolean)
    };
    let lambdas = |name, parameters, giving, computing| Lambdas {
        name,
        aliases: vec![],
        taking: one_list,
        parameters,
        giving,
        computing,
        signature: signature(),
    };
    [
        lambdas("transform", with_place, |_, _, bodies| Ok(list_of(bodies[0].clone())), transformed),
        lambdas(
            "filter",
            with_place,
            |name, types, bodies| {
                check_condition(name, bodies)?;
                Ok(types[0].clone())
            },
            filtered,
        ),
        lambdas("exists", alone, asked, |call| decided(call, true)),
        lambdas("forall", alone, asked, |call| decided(call, false)),
    ]
    .map(Lambdas::udf)
    .to_vec()
}

pub(super) fn item(list: &DataType) -> Result<DataType> {
    match list {
        DataType::List(item) => Ok(item.data_type().clone()),
        other => plan_err!("\"{}\" is no list", sql_types::name(other).to_uppercase()),
    }
}

fn answers(call: &LambdaCall) -> Result<(ListElements, ArrayRef)> {
    let all = elements(call.values[0].as_list::<i32>())?;
    let places: ArrayRef = Arc::new(Int32Array::from(all.places.clone()));
    let answers = call.evaluate(0, &[all.values.clone(), places], &all.rows)?;
    Ok((all, answers))
}

fn listed(call: &LambdaCall, lengths: Vec<usize>, values: ArrayRef) -> Result<ArrayRef> {
    let item = Arc::new(Field::new("element", values.data_type().clone(), true));
    let nulls = call.values[0].nulls().cloned();
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, nulls)?))
}

fn transformed(call: &LambdaCall) -> Result<ArrayRef> {
    let (all, answers) = answers(call)?;
    listed(call, all.lengths, answers)
}

fn filtered(call: &LambdaCall) -> Result<ArrayRef> {
    let (all, answers) = answers(call)?;
    let kept = flags(&answers)?;
    let kept: BooleanArray = kept.iter().map(|kept| Some(kept == Some(true))).collect();
    let mut start = 0;
    let lengths = all.lengths.iter().map(|length| {
        let count = kept.slice(start, *length).true_count();
        start += length;
        count
    });
    let lengths = lengths.collect();
    listed(call, lengths, filter(&all.values, &kept)?)
}

/// Whether one is so, or all are; null where a null leaves it open.
fn decided(call: &LambdaCall, by: bool) -> Result<ArrayRef> {
    let (all, answers) = answers(call)?;
    let answers = flags(&answers)?;
    let mut start = 0;
    let decided = all.lengths.iter().enumerate().map(|(row, length)| {
        let own = answers.slice(start, *length);
        start += length;
        if call.values[0].is_null(row) {
            None
        } else if own.iter().any(|answer| answer == Some(by)) {
            Some(by)
        } else {
            Some(!by).filter(|_| own.null_count() == 0)
        }
    });
    Ok(Arc::new(decided.collect::<BooleanArray>()))
}
