//! `sequence(start, stop[, step])`: of whole numbers, days and times.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#sequence>

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, PrimitiveArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, DurationMicrosecondType, Field, Int64Type, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    TimeUnit,
};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::super::date_math::months_later;
use super::super::row::{RowCall, fault, function, udfs};
use super::gather::common;
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::types::list_of;

/// As long as a list of Spark's may be.
const LONGEST: usize = i32::MAX as usize - 15;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([function("sequence", taken, sequences).fallible()])
}

fn taken(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let [start, stop, step @ ..] = types else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a start, a stop and perhaps a step");
    };
    let wide = common(name, &[start.clone(), stop.clone()])?;
    let step = match (&wide, step) {
        (_, []) => None,
        (wide, [step]) if wide.is_integer() && (step.is_integer() || step.is_null()) => Some(wide.clone()),
        (DataType::Date32 | DataType::Timestamp(..), [step @ DataType::Interval(_)])
            if *step != DataType::Interval(IntervalUnit::DayTime) =>
        {
            Some(step.clone())
        }
        (DataType::Date32 | DataType::Timestamp(..), [DataType::Duration(_)]) => {
            Some(DataType::Duration(TimeUnit::Microsecond))
        }
        _ => {
            return plan_err!(
                "[DATATYPE_MISMATCH.SEQUENCE_WRONG_INPUT_TYPES] `{name}` takes numbers with a number, or times with an interval"
            );
        }
    };
    if !wide.is_integer() && !matches!(wide, DataType::Date32 | DataType::Timestamp(..)) {
        return plan_err!(
            "[DATATYPE_MISMATCH.SEQUENCE_WRONG_INPUT_TYPES] `{name}` takes whole numbers, dates or timestamps"
        );
    }
    Ok(([wide.clone(), wide.clone()].into_iter().chain(step).collect(), list_of(wide)))
}

/// Months, days and microseconds.
#[derive(Clone, Copy)]
struct SequenceStep {
    months: i64,
    days: i64,
    micros: i64,
}

fn sequences(call: &RowCall) -> Result<ArrayRef> {
    let item = match call.gives {
        DataType::List(item) => item.data_type().clone(),
        _ => return exec_err!("a list"),
    };
    let [starts, stops] = [0, 1].map(|place| cast(&call.args[place], &DataType::Int64));
    let (starts, stops) = (starts?, stops?);
    let (starts, stops) = (starts.as_primitive::<Int64Type>(), stops.as_primitive::<Int64Type>());
    let is_number = item.is_integer();
    let (mut values, mut lengths, mut valid) = (vec![], vec![], vec![]);
    for row in 0..call.rows {
        if starts.is_null(row) || stops.is_null(row) || (call.has(2) && call.is_null(2, row)) {
            lengths.push(0);
            valid.push(false);
            continue;
        }
        let (start, stop) = (starts.value(row), stops.value(row));
        let before = values.len();
        if is_number {
            let step = match call.args.get(2) {
                Some(steps) => cast(&steps.slice(row, 1), &DataType::Int64)?.as_primitive::<Int64Type>().value(0),
                None if start <= stop => 1,
                None => -1,
            };
            if (step == 0 && start != stop) || (step > 0 && start > stop) || (step < 0 && start < stop) {
                return Err(fault(format!(
                    "[ILLEGAL_SEQUENCE] there is no way from {start} to {stop} in steps of {step}"
                )));
            }
            count(&mut values, start, stop, |nth| step.checked_mul(nth).and_then(|more| start.checked_add(more)))?;
        } else {
            let is_day = item == DataType::Date32;
            let unit = if is_day { MICROS_PER_DAY } else { 1 };
            let step = match call.args.get(2) {
                Some(steps) => step_of(steps, row)?,
                None => SequenceStep { months: 0, days: if start <= stop { 1 } else { -1 }, micros: 0 },
            };
            let (Some(from), Some(to)) = (start.checked_mul(unit), stop.checked_mul(unit)) else {
                return Err(fault("[DATETIME_OVERFLOW] a day of `sequence` is beyond all timestamps"));
            };
            let at = |nth: i64| {
                let day = months_later(from.div_euclid(MICROS_PER_DAY), step.months.checked_mul(nth)?);
                let day = day.checked_add(step.days.checked_mul(nth)?)?;
                let micros = day.checked_mul(MICROS_PER_DAY)?.checked_add(from.rem_euclid(MICROS_PER_DAY))?;
                micros.checked_add(step.micros.checked_mul(nth)?)
            };
            let next = at(1).unwrap_or(from);
            if (next > from && to < from) || (next < from && to > from) || (next == from && to != from) {
                return Err(fault(
                    "[ILLEGAL_SEQUENCE] the step of `sequence` does not lead from its start to its stop",
                ));
            }
            count(&mut values, from, to, at)?;
            if is_day {
                values[before..].iter_mut().for_each(|micros| *micros = micros.div_euclid(MICROS_PER_DAY));
            }
        }
        lengths.push(values.len() - before);
        valid.push(true);
    }
    let values: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from(values));
    let values = match &item {
        DataType::Date32 => cast(&cast(&values, &DataType::Int32)?, &item)?,
        item => cast(&values, item)?,
    };
    let element = Arc::new(Field::new("element", item, true));
    let nulls = NullBuffer::from(valid);
    Ok(Arc::new(ListArray::try_new(element, OffsetBuffer::from_lengths(lengths), values, Some(nulls))?))
}

/// From one end to the other, whichever is less.
fn count(values: &mut Vec<i64>, from: i64, to: i64, at: impl Fn(i64) -> Option<i64>) -> Result<()> {
    let start = values.len();
    for nth in 0.. {
        match at(nth) {
            Some(value) if (from <= to && value <= to) || (from > to && value >= to) => values.push(value),
            _ => return Ok(()),
        }
        if values.len() - start > LONGEST {
            return Err(fault("[COLLECTION_SIZE_LIMIT_EXCEEDED] so long is no list"));
        }
        if from == to {
            return Ok(());
        }
    }
    Ok(())
}

fn step_of(steps: &ArrayRef, row: usize) -> Result<SequenceStep> {
    Ok(match steps.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            SequenceStep { months: steps.as_primitive::<IntervalYearMonthType>().value(row).into(), days: 0, micros: 0 }
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let step = steps.as_primitive::<IntervalMonthDayNanoType>().value(row);
            SequenceStep { months: step.months.into(), days: step.days.into(), micros: step.nanoseconds / 1000 }
        }
        _ => SequenceStep { months: 0, days: 0, micros: steps.as_primitive::<DurationMicrosecondType>().value(row) },
    })
}
