//! Functions that are there to fail: `raise_error(text)`, and `assert_true(condition[, text])`.
//!
//! <https://spark.apache.org/docs/latest/api/sql/misc-functions/#assert_true>. They give null, if they give anything.

use std::sync::Arc;

use arrow::array::{ArrayRef, NullArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, fault, function, takes, udfs};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([
        function(
            "raise_error",
            |name, types| Ok((takes(name, types, 1, &[Takes::Text])?, DataType::Null)),
            |call| match call.rows {
                0 => Ok(Arc::new(NullArray::new(0))),
                _ => Err(raised(call.text(0, 0).unwrap_or("null"))),
            },
        )
        .fallible_of_null(),
        function(
            "assert_true",
            |name, types| Ok((takes(name, types, 1, &[Takes::Flag, Takes::Text])?, DataType::Null)),
            asserted,
        )
        .fallible_of_null(),
    ])
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
