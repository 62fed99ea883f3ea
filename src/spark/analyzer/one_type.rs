//! A value made another type's, and what is said of types that do not go together.

use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use crate::spark::functions::scalar::cast;
use crate::spark::mode::Strictness;
use crate::spark::sql_types::{canonical, name};

/// The value as another of Spark's types; what is of that type but for how it is kept is left to the engine.
pub fn converted(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    if canonical(from).as_ref() == Some(to) {
        return expr;
    }
    if let Expr::Literal(literal, _) = &expr
        && let Ok(value) = converted_literal(literal, to)
    {
        return Expr::Literal(value, None);
    }
    Expr::Cast(Cast::new(Box::new(expr), to.clone()))
}

/// The same, but what cannot be is null.
pub fn tried(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    match converted(expr, from, to) {
        Expr::Cast(Cast { expr, field }) if from.is_string() => Expr::TryCast(TryCast { expr, field }),
        converted => converted,
    }
}

/// Only where it means the same in both modes.
fn converted_literal(literal: &ScalarValue, to: &DataType) -> Result<ScalarValue> {
    match canonical(&literal.data_type()) {
        Some(from) if from == literal.data_type() => cast::literal(literal, to, Strictness::Ansi),
        _ => Err(DataFusionError::Plan("it is of no type of Spark's".to_string())),
    }
}

pub fn named(data_type: &DataType) -> String {
    name(data_type).to_uppercase()
}

pub fn data_diff_types(of: &str, left: &DataType, right: &DataType) -> DataFusionError {
    DataFusionError::Plan(format!(
        "[DATATYPE_MISMATCH.DATA_DIFF_TYPES] {} has values of \"{}\" and of \"{}\"; CAST one of them",
        of.to_uppercase(),
        named(left),
        named(right)
    ))
}

pub fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}
