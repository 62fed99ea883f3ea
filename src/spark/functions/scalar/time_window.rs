//! `window(time, '1 hour')`: the stretch of time that a moment lies in.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#window>. Stretches lie one after the other, from 1970-01-01 00:00:00 on or
//! so much later as a fourth argument says. Those that overlap would make several rows of one; they are refused.

use std::sync::Arc;

use arrow::array::{ArrayRef, StructArray, TimestampMicrosecondArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::interval_literal;
use super::row::{RowCall, Takes, fault, function, takes, udfs};
use crate::spark::sql_types::{TIMESTAMP, canonical};

pub const WINDOW: &str = "window";

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([function(
        WINDOW,
        |name, types| {
            let mut taken = takes(name, types, 2, &[Takes::Time, Takes::Text, Takes::Text, Takes::Text])?;
            taken[0] = match canonical(&types[0]) {
                Some(time @ DataType::Timestamp(..)) => time,
                _ => TIMESTAMP,
            };
            let end = |name: &str| Field::new(name, taken[0].clone(), true);
            let gives = DataType::Struct(Fields::from(vec![end("start"), end("end")]));
            Ok((taken, gives))
        },
        windows,
    )])
}

fn windows(call: &RowCall) -> Result<ArrayRef> {
    let DataType::Struct(fields) = call.gives else { return plan_err!("a struct") };
    let length = |place: usize, row: usize| call.text(place, row).map(micros).transpose();
    let (mut starts, mut ends) = (vec![], vec![]);
    for row in 0..call.rows {
        let (Some(time), Some(long)) = (call.micros(0, row), length(1, row)?) else {
            starts.push(None);
            ends.push(None);
            continue;
        };
        if call.has(2) && length(2, row)? != Some(long) {
            return Err(fault("windows that overlap are not there: join with `explode(sequence(…))` of their starts"));
        }
        let from = if call.has(3) { length(3, row)?.unwrap_or(0) } else { 0 };
        if long <= 0 {
            return Err(fault("[DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE] a window is longer than nothing"));
        }
        let start = time.checked_sub((time - from).rem_euclid(long));
        let beyond = || fault("[DATETIME_OVERFLOW] a window begins or ends beyond all timestamps");
        let start = start.ok_or_else(beyond)?;
        starts.push(Some(start));
        ends.push(Some(start.checked_add(long).ok_or_else(beyond)?));
    }
    let nulls = NullBuffer::from_iter(starts.iter().map(Option::is_some));
    let columns = [starts, ends].into_iter().zip(fields).map(|(times, field)| {
        Arc::new(TimestampMicrosecondArray::from(times).with_data_type(field.data_type().clone())) as ArrayRef
    });
    Ok(Arc::new(StructArray::try_new(fields.clone(), columns.collect(), Some(nulls))?))
}

/// `10 minutes`, `1 day 12 hours`; months are not equally long.
fn micros(text: &str) -> Result<i64> {
    let words: Vec<&str> = text.split_whitespace().skip_while(|word| word.eq_ignore_ascii_case("interval")).collect();
    match interval_literal::read(&words) {
        Some((range, micros)) if words.len().is_multiple_of(2) && !range.from.is_of_months() => Ok(micros),
        _ => Err(fault(format!(
            "[CANNOT_PARSE_INTERVAL] `{text}` is no length of a window: write it as `10 minutes` or `1 day`"
        ))),
    }
}
