//! Patterns of LIKE: behind a backslash stand `%`, `_` or another one, and nothing else.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-like.html>. The engine takes anything else for itself.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Expr, ScalarUDF};

use super::row::{RowFunction, Takes, fault, function, takes, udfs};

/// The pattern as it is, or an error.
pub const CHECKED: &str = "spark_like_pattern";

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([pattern()])
}

fn pattern() -> RowFunction {
    function(
        CHECKED,
        |name, types| Ok((takes(name, types, 1, &[Takes::Text])?, DataType::Utf8)),
        |call| call.texts(|row| call.text(0, row).map(|text| check(text).map(|()| text)).transpose()),
    )
    .fallible()
}

/// A pattern that is looked at before it is used, unless it is written and right.
pub fn checked(expr: Expr) -> Expr {
    let is_right = match &expr {
        Expr::Literal(ScalarValue::Utf8(text), _) => text.as_ref().is_none_or(|text| check(text).is_ok()),
        Expr::ScalarFunction(call) => call.func.name() == CHECKED,
        _ => false,
    };
    if is_right { expr } else { pattern().udf().call(vec![expr]) }
}

fn check(pattern: &str) -> Result<()> {
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            continue;
        }
        match chars.next() {
            Some('%' | '_' | '\\') => {}
            Some(other) => {
                return Err(fault(format!(
                    "[INVALID_FORMAT.ESC_IN_THE_MIDDLE] the pattern `{pattern}` of LIKE has a backslash before `{other}`: \
                     write two of them for one, or ESCAPE with another character"
                )));
            }
            None => {
                return Err(fault(format!(
                    "[INVALID_FORMAT.ESC_AT_THE_END] the pattern `{pattern}` of LIKE ends with a backslash: write two"
                )));
            }
        }
    }
    Ok(())
}
