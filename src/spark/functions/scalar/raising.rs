//! Functions that are there to fail: `raise_error(text)`, and `assert_true(condition[, text])`.
//!
//! <https://spark.apache.org/docs/latest/api/sql/misc-functions/#assert_true>. They give null, if they give anything.

use std::sync::Arc;

use arrow::array::{ArrayRef, NullArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::row::{Computing, RowCall, RowFunction, Takes, Typing, fault, function, takes, udfs};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([
        raising("raise_error", |call| Err(raised(call.text(0, 0).unwrap_or("null")))),
        refusal(),
        function(
            "assert_true",
            |name, types| Ok((takes(name, types, 1, &[Takes::Flag, Takes::Text])?, DataType::Null)),
            asserted,
        )
        .fallible_of_null()
        .volatile(),
    ])
}

/// What this program itself refuses in a row, in its own words.
pub fn refusal() -> RowFunction {
    raising("spark_refusal", |call| Err(fault(call.text(0, 0).unwrap_or_default())))
}

fn raising(name: &'static str, computing: Computing) -> RowFunction {
    let typing: Typing = |name, types| Ok((takes(name, types, 1, &[Takes::Text])?, DataType::Null));
    function(name, typing, computing).fallible_of_null().volatile()
}

fn asserted(call: &RowCall) -> Result<ArrayRef> {
    match (0..call.rows).find(|row| call.flag(0, *row) != Some(true)) {
        None => Ok(Arc::new(NullArray::new(call.rows))),
        Some(_) if !call.has(1) => Err(raised("what `assert_true` was given is not true")),
        Some(row) => Err(raised(call.text(1, row).unwrap_or("null"))),
    }
}

fn raised(text: &str) -> datafusion::common::DataFusionError {
    fault(format!("[USER_RAISED_EXCEPTION] {text}"))
}
