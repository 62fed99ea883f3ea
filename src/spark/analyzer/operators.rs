//! Sums, products, … once their types are known: what the engine computes as well is left to it, as the optimizer sees
//! through its operators.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};

use super::one_type::{binary, converted, tried};
use crate::spark::coercion::{self, ArithmeticOp, is_exact};
use crate::spark::functions::scalar::arithmetic::{OperatorChain, misfit};
use crate::spark::mode::Strictness;
use crate::spark::sql_types::canonical;

/// A call of arithmetic with its operands' casts; `None` for another call.
pub fn settled(call: &ScalarFunction, schema: &DFSchema, ansi: bool) -> Result<Option<Expr>> {
    let Some(OperatorChain { strictness, first, steps }) = OperatorChain::of(&call.func, &call.args) else {
        return Ok(None);
    };
    let convert = if strictness == Strictness::Try { tried } else { converted };
    let (mut left_type, mut left) = (typed(&first, schema)?, first);
    let mut chain: Option<OperatorChain> = None;
    for (op, right) in steps {
        let mut right = right;
        let mut right_type = typed(&right, schema)?;
        if chain.is_none() && right_type.is_decimal() {
            (left, left_type) = written_beside_decimal(left, left_type);
        }
        if left_type.is_decimal() {
            (right, right_type) = written_beside_decimal(right, right_type);
        }
        // A text beside a whole number is one before it is a double.
        if ansi && op == ArithmeticOp::Divide {
            if left_type == DataType::Utf8 && right_type.is_integer() {
                left = convert(left, &left_type, &DataType::Int64);
                left_type = DataType::Int64;
            }
            if right_type == DataType::Utf8 && left_type.is_integer() {
                right = convert(right, &right_type, &DataType::Int64);
                right_type = DataType::Int64;
            }
        }
        let operands = coercion::arithmetic(op, &left_type, &right_type, ansi)
            .ok_or_else(|| misfit(op, &left_type, &right_type))?;
        right = convert(right, &right_type, &operands.right);
        match &mut chain {
            Some(chain) => chain.steps.push((op, right)),
            None => {
                left = convert(left, &left_type, &operands.left);
                match engines(op, &operands.left, &operands.right) {
                    Some(engines) => left = binary(left, engines, right),
                    None => {
                        let first = std::mem::take(&mut left);
                        chain = Some(OperatorChain { strictness, first, steps: vec![(op, right)] });
                    }
                }
            }
        }
        left_type = operands.result;
    }
    Ok(Some(match chain {
        Some(chain) => chain.call(ansi),
        None => left,
    }))
}

fn typed(expr: &Expr, schema: &DFSchema) -> Result<DataType> {
    let found = expr.get_type(schema)?;
    Ok(canonical(&found).unwrap_or(found))
}

/// The engine's operator, where it computes the same and cannot fail.
fn engines(op: ArithmeticOp, left: &DataType, right: &DataType) -> Option<Operator> {
    let is_engines = left.is_floating() || is_exact(op, left, right);
    match op {
        ArithmeticOp::Add if is_engines => Some(Operator::Plus),
        ArithmeticOp::Subtract if is_engines => Some(Operator::Minus),
        ArithmeticOp::Multiply if is_engines => Some(Operator::Multiply),
        _ => None,
    }
}

/// A whole number that is written beside a decimal has as many digits as it is written with: `DecimalType.fromLiteral`.
fn written_beside_decimal(expr: Expr, data_type: DataType) -> (Expr, DataType) {
    let Some(value) = written(&expr) else { return (expr, data_type) };
    let digits = value.unsigned_abs().to_string().len() as u8;
    let literal = ScalarValue::Decimal128(Some(i128::from(value)), digits, 0);
    let data_type = literal.data_type();
    (Expr::Literal(literal, None), data_type)
}

fn written(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::Int8(value), _) => value.map(i64::from),
        Expr::Literal(ScalarValue::Int16(value), _) => value.map(i64::from),
        Expr::Literal(ScalarValue::Int32(value), _) => value.map(i64::from),
        Expr::Literal(ScalarValue::Int64(value), _) => *value,
        _ => None,
    }
}
