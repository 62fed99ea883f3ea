//! Operators whose meaning depends on the types of their operands.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::utils::{split_binary, split_conjunction};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, Operator, ScalarUDF, and, or, when};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::functions::scalar::{divide, element, integers};

/// Asked before the engine's own planners.
#[derive(Debug)]
pub struct SparkPlanner;

impl ExprPlanner for SparkPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        let planned = match op {
            BinaryOperator::Divide if !is_interval(&left, schema)? => {
                let (left, right) = (as_decimal_beside(left, &right, schema)?, right);
                let right = as_decimal_beside(right, &left, schema)?;
                divide::divide().call(vec![left, right])
            }
            BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply => {
                match integers::checked(&op, left, right, schema)? {
                    Ok(checked) => checked,
                    Err((left, right)) => return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right })),
                }
            }
            BinaryOperator::MyIntegerDivide => divide::integral_divide().call(vec![left, right]),
            BinaryOperator::And if may_fail(&right)? => {
                let guard = split_conjunction(&left).into_iter().filter(is_sure).cloned();
                let right = match guard.reduce(and) {
                    Some(guard) => guarded(right, &guard.is_false())?,
                    None => right,
                };
                and(left, right)
            }
            BinaryOperator::Or if may_fail(&right)? => {
                let guard = split_binary(&left, Operator::Or).into_iter().filter(is_sure).cloned();
                let right = match guard.reduce(or) {
                    Some(guard) => guarded(right, &guard.is_true())?,
                    None => right,
                };
                or(left, right)
            }
            _ => return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right })),
        };
        Ok(PlannerResult::Planned(planned))
    }

    /// `list[0]` is the first element, as in
    /// <https://spark.apache.org/docs/latest/sql-ref-operators.html>; keys of maps and names of fields are the engine's.
    fn plan_field_access(
        &self,
        access: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let RawFieldAccessExpr { field_access, expr } = access;
        match field_access {
            GetFieldAccess::ListIndex { key } if is_list(&expr.get_type(schema)?) => {
                Ok(PlannerResult::Planned(element::element().call(vec![expr, *key])))
            }
            field_access => Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr })),
        }
    }
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

fn is_interval(expr: &Expr, schema: &DFSchema) -> Result<bool> {
    Ok(matches!(expr.get_type(schema)?, DataType::Interval(_) | DataType::Duration(_)))
}

/// A whole number that is written beside a decimal has as many digits as it is written with:
/// `DecimalType.fromLiteral` in Spark.
fn as_decimal_beside(expr: Expr, other: &Expr, schema: &DFSchema) -> Result<Expr> {
    let value = match &expr {
        Expr::Literal(ScalarValue::Int64(value), _) => *value,
        // `3L`
        Expr::Cast(cast) if *cast.field.data_type() == DataType::Int64 => match cast.expr.as_ref() {
            Expr::Literal(ScalarValue::Utf8(Some(digits)), _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    };
    match value {
        Some(value) if other.get_type(schema)?.is_decimal() => {
            let digits = value.unsigned_abs().to_string().len() as u8;
            Ok(Expr::Literal(ScalarValue::Decimal128(Some(i128::from(value)), digits, 0), None))
        }
        _ => Ok(expr),
    }
}

/// Whether evaluating it is an error for values that a condition before it may well have left out.
fn may_fail(expr: &Expr) -> Result<bool> {
    expr.exists(|part| Ok(fallible(part).is_some()))
}

fn is_sure(expr: &&Expr) -> bool {
    !may_fail(expr).unwrap_or(true)
}

fn fallible(expr: &Expr) -> Option<&ScalarUDF> {
    match expr {
        Expr::ScalarFunction(call) => Some(call.func.as_ref()).filter(|function| is_fallible(function)),
        _ => None,
    }
}

fn is_fallible(function: &ScalarUDF) -> bool {
    [divide::NAME, divide::INTEGRAL, element::NAME].contains(&function.name())
}

/// The right side of AND or OR is evaluated in Spark only where the left side has not decided: `b <> 0 AND a / b > 1` is
/// no error. So what may fail gets a null where it is not needed. (A condition in front of all of it would do as well,
/// but the optimizer takes it apart.)
fn guarded(expr: Expr, decided: &Expr) -> Result<Expr> {
    let guarded = expr.transform_up(|part| {
        let Expr::ScalarFunction(mut call) = part else { return Ok(Transformed::no(part)) };
        if !is_fallible(&call.func) {
            return Ok(Transformed::no(Expr::ScalarFunction(call)));
        }
        if let Some(last) = call.args.pop() {
            let null = Expr::Literal(ScalarValue::Null, None);
            call.args.push(when(decided.clone(), null).otherwise(last)?);
        }
        Ok(Transformed::yes(Expr::ScalarFunction(call)))
    })?;
    Ok(guarded.data)
}
