//! Operators that the engine plans otherwise than Spark.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::coercion::{ArithmeticOp, compared};
use super::functions::scalar::{arithmetic, element};
use super::mode::SqlMode;
use super::sql_types::canonical;

/// Asked before the engine's own planners. What depends on types that are settled later is left to the analyzer.
#[derive(Debug)]
pub struct SparkPlanner {
    pub mode: SqlMode,
}

impl ExprPlanner for SparkPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let op = match expr.op {
            BinaryOperator::Plus => ArithmeticOp::Add,
            BinaryOperator::Minus => ArithmeticOp::Subtract,
            BinaryOperator::Multiply => ArithmeticOp::Multiply,
            BinaryOperator::Divide => ArithmeticOp::Divide,
            BinaryOperator::Modulo => ArithmeticOp::Remainder,
            BinaryOperator::MyIntegerDivide => ArithmeticOp::DivideWhole,
            _ => return self.condition(expr, schema).map(PlannerResult::Original),
        };
        if is_time(&expr.left, schema)? || is_time(&expr.right, schema)? {
            return Ok(PlannerResult::Original(expr));
        }
        Ok(PlannerResult::Planned(arithmetic::operator(op, expr.left, expr.right, &self.mode)))
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
                Ok(PlannerResult::Planned(element::element(&self.mode).call(vec![expr, *key])))
            }
            field_access => Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr })),
        }
    }
}

impl SparkPlanner {
    /// Texts as truth values, and truth values as numbers, which the engine refuses before any rule sees them.
    fn condition(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<RawBinaryExpr> {
        use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or, Spaceship};
        let RawBinaryExpr { op, left, right } = expr;
        let is_truth = |data_type: &DataType| *data_type == DataType::Boolean;
        let to = match op {
            And | Or if self.mode.ansi => {
                let has_text = is_text(&left) || is_text(&right);
                has_text.then_some(DataType::Boolean)
            }
            Eq | NotEq | Lt | LtEq | Gt | GtEq | Spaceship => {
                let types = (left.get_type(schema)?, right.get_type(schema)?);
                let both = canonical(&types.0).zip(canonical(&types.1)).filter(|(l, r)| is_truth(l) != is_truth(r));
                both.and_then(|(l, r)| compared(&l, &r, self.mode.ansi))
            }
            _ => None,
        };
        let cast = |expr: Expr, to: &DataType| -> Result<Expr> {
            Ok(if expr.get_type(schema)? == *to { expr } else { Expr::Cast(Cast::new(Box::new(expr), to.clone())) })
        };
        Ok(match to {
            Some(to) => RawBinaryExpr { op, left: cast(left, &to)?, right: cast(right, &to)? },
            None => RawBinaryExpr { op, left, right },
        })
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(_)), _))
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

/// Sums and differences of times and intervals are the engine's.
fn is_time(expr: &Expr, schema: &DFSchema) -> Result<bool> {
    if arithmetic::is_arithmetic(expr) {
        return Ok(false);
    }
    Ok(matches!(
        expr.get_type(schema)?,
        DataType::Interval(_)
            | DataType::Duration(_)
            | DataType::Date32
            | DataType::Date64
            | DataType::Timestamp(..)
            | DataType::Time32(_)
            | DataType::Time64(_)
    ))
}
