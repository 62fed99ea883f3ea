//! Sums, differences and products of whole numbers, which do not wrap around.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#arithmetic-operations>
//!
//! `a + b - c` is one call, with the operators as its first argument: a call in a call in a call, a thousand deep, would take
//! the planner minutes.

use std::sync::Arc;

use arrow::array::{ArrayRef, Datum, Scalar};
use arrow::compute::kernels::numeric::{add, mul, sub};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

const NAME: &str = "spark_arithmetic";

pub fn arithmetic() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Arithmetic { signature: Signature::user_defined(Volatility::Immutable) }))
}

/// `left <operator> right` for two whole numbers; else both are given back.
pub fn checked(
    operator: &BinaryOperator,
    left: Expr,
    right: Expr,
    schema: &DFSchema,
) -> Result<std::result::Result<Expr, (Expr, Expr)>> {
    let symbol = match operator {
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        _ => return Ok(Err((left, right))),
    };
    let right_type = right.get_type(schema)?;
    match left {
        Expr::ScalarFunction(mut call) if call.func.name() == NAME => {
            // All operands of a call are of one type, so the first tells it.
            let left_type = call.args[1].get_type(schema)?;
            if left_type == right_type
                && let Expr::Literal(ScalarValue::Utf8(Some(symbols)), _) = &mut call.args[0]
            {
                symbols.push_str(symbol);
                call.args.push(right);
                return Ok(Ok(Expr::ScalarFunction(call)));
            }
            let left = Expr::ScalarFunction(call);
            Ok(if right_type.is_signed_integer() { Ok(of_two(symbol, left, right)) } else { Err((left, right)) })
        }
        left if right_type.is_signed_integer() && left.get_type(schema)?.is_signed_integer() => {
            Ok(Ok(of_two(symbol, left, right)))
        }
        left => Ok(Err((left, right))),
    }
}

fn of_two(symbol: &str, left: Expr, right: Expr) -> Expr {
    arithmetic().call(vec![Expr::Literal(ScalarValue::from(symbol), None), left, right])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Arithmetic {
    signature: Signature,
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        NAME
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let [Expr::Literal(ScalarValue::Utf8(Some(symbols)), _), first, operands @ ..] = arguments else {
            return plan_err!("`{NAME}` has its operators as a text");
        };
        let mut name = "(".repeat(operands.len());
        name.push_str(&first.schema_name().to_string());
        for (symbol, operand) in symbols.chars().zip(operands) {
            name.push_str(&format!(" {symbol} {})", operand.schema_name()));
        }
        Ok(name)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// All as wide as the widest.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [DataType::Utf8, operands @ ..] = types else { return plan_err!("`{NAME}` has its operators as a text") };
        match operands.iter().max_by_key(|side| side.primitive_width()) {
            Some(widest) if operands.iter().all(DataType::is_signed_integer) => {
                let operands = operands.iter().map(|_| widest.clone());
                Ok(std::iter::once(DataType::Utf8).chain(operands).collect())
            }
            _ => plan_err!("`{NAME}` is of whole numbers"),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [_, first, ..] => Ok(first.clone()),
            _ => plan_err!("`{NAME}` has operands"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [ColumnarValue::Scalar(ScalarValue::Utf8(Some(symbols))), first, operands @ ..] = args.args.as_slice()
        else {
            return exec_err!("`{NAME}` has its operators as a text");
        };
        symbols.chars().zip(operands).try_fold(first.clone(), |left, (symbol, right)| match symbol {
            '+' => compute(add, &left, right),
            '-' => compute(sub, &left, right),
            '*' => compute(mul, &left, right),
            other => exec_err!("`{other}` is no operator of `{NAME}`"),
        })
    }
}

type Kernel = fn(&dyn Datum, &dyn Datum) -> std::result::Result<ArrayRef, ArrowError>;

fn compute(kernel: Kernel, left: &ColumnarValue, right: &ColumnarValue) -> Result<ColumnarValue> {
    let scalar = |value: &ScalarValue| -> Result<Scalar<ArrayRef>> { Ok(Scalar::new(value.to_array()?)) };
    let done = match (left, right) {
        (ColumnarValue::Array(left), ColumnarValue::Array(right)) => kernel(left, right),
        (ColumnarValue::Array(left), ColumnarValue::Scalar(right)) => kernel(left, &scalar(right)?),
        (ColumnarValue::Scalar(left), ColumnarValue::Array(right)) => kernel(&scalar(left)?, right),
        (ColumnarValue::Scalar(left), ColumnarValue::Scalar(right)) => kernel(&scalar(left)?, &scalar(right)?),
    };
    let done = done.map_err(|error| match error {
        ArrowError::ArithmeticOverflow(what) => DataFusionError::Execution(format!(
            "[ARITHMETIC_OVERFLOW] {what}: it does not fit its type; CAST an operand to a wider one"
        )),
        other => other.into(),
    })?;
    match (left, right) {
        (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)) => {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&done, 0)?))
        }
        _ => Ok(ColumnarValue::Array(done)),
    }
}
