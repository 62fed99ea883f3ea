//! `+`, `-`, `*`, `/`, `%`, `div` and `pmod` of numbers, as Spark computes them.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#arithmetic-operations>
//!
//! `a + b - c` is one call, with its operators as the first argument: a call in a call in a call, a thousand deep, would take
//! the planner minutes, as each asks all below it for their names and types.

mod decimals;
mod floats;
mod integers;
mod sides;

use std::sync::Arc;

use arrow::array::{ArrayRef, new_empty_array};
use arrow::compute::cast as engine_cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::spark::coercion::{self, ArithmeticOp, Operands};
use crate::spark::mode::{SqlMode, Strictness};
use crate::spark::sql_types::{self, canonical};
use sides::Operand;

const ANSI: &str = "spark_arithmetic";
const LEGACY: &str = "spark_arithmetic_or_null";
const TRY: &str = "spark_try_arithmetic";

/// Functions of the same meaning that have names of their own, whether they try only, and their operator.
const NAMED: [(&str, bool, ArithmeticOp); 7] = [
    ("mod", false, ArithmeticOp::Remainder),
    ("pmod", false, ArithmeticOp::Modulo),
    ("try_add", true, ArithmeticOp::Add),
    ("try_subtract", true, ArithmeticOp::Subtract),
    ("try_multiply", true, ArithmeticOp::Multiply),
    ("try_divide", true, ArithmeticOp::Divide),
    ("try_mod", true, ArithmeticOp::Remainder),
];

pub fn all(mode: &SqlMode) -> Vec<Arc<ScalarUDF>> {
    let mut all =
        [Strictness::Ansi, Strictness::Legacy, Strictness::Try].map(|strictness| of(strictness, mode.ansi)).to_vec();
    all.extend(NAMED.map(|(name, ..)| named(name, mode)));
    all
}

/// The function of such a name; of what is none, the one that adds.
pub fn named(name: &str, mode: &SqlMode) -> Arc<ScalarUDF> {
    let (name, tries, op) = NAMED.into_iter().find(|(known, ..)| *known == name).unwrap_or(NAMED[2]);
    let strictness = if tries { Strictness::Try } else { mode.strictness() };
    function(name, strictness, mode.ansi, Some(op))
}

/// Of operators; the types of a result are those of the mode.
fn of(strictness: Strictness, ansi: bool) -> Arc<ScalarUDF> {
    let name = match strictness {
        Strictness::Ansi => ANSI,
        Strictness::Legacy => LEGACY,
        Strictness::Try => TRY,
    };
    function(name, strictness, ansi, None)
}

fn function(name: &'static str, strictness: Strictness, ansi: bool, only: Option<ArithmeticOp>) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::from(SparkArithmetic { name, strictness, ansi, only, signature }))
}

/// Operators and operands, from the left to the right: each operator takes what those before it have made.
#[derive(Debug, Clone)]
pub struct OperatorChain {
    pub strictness: Strictness,
    pub first: Expr,
    pub steps: Vec<(ArithmeticOp, Expr)>,
}

impl OperatorChain {
    /// What a call computes, if it is one of these.
    pub fn of(function: &ScalarUDF, arguments: &[Expr]) -> Option<OperatorChain> {
        let function = function.inner().downcast_ref::<SparkArithmetic>()?;
        let strictness = function.strictness;
        match (function.only, arguments) {
            (Some(op), [left, right]) => {
                Some(OperatorChain { strictness, first: left.clone(), steps: vec![(op, right.clone())] })
            }
            (None, [Expr::Literal(ScalarValue::Utf8(Some(program)), _), first, operands @ ..]) => {
                let ops = program.chars().map(op_of).collect::<Option<Vec<_>>>()?;
                let steps = ops.into_iter().zip(operands.iter().cloned()).collect();
                Some(OperatorChain { strictness, first: first.clone(), steps })
            }
            _ => None,
        }
    }

    pub fn call(self, ansi: bool) -> Expr {
        let program: String = self.steps.iter().map(|(op, _)| letter(*op)).collect();
        let mut arguments = vec![Expr::Literal(ScalarValue::from(program), None), self.first];
        arguments.extend(self.steps.into_iter().map(|(_, operand)| operand));
        of(self.strictness, ansi).call(arguments)
    }
}

/// `left <op> right`, as one call with what the left side is already.
pub fn operator(op: ArithmeticOp, left: Expr, right: Expr, mode: &SqlMode) -> Expr {
    match left {
        Expr::ScalarFunction(mut call) if [ANSI, LEGACY].contains(&call.func.name()) => {
            // Not by way of a chain: that would copy all operands for each operator.
            if let Some(Expr::Literal(ScalarValue::Utf8(Some(program)), _)) = call.args.first_mut() {
                program.push(letter(op));
                call.args.push(right);
            }
            Expr::ScalarFunction(call)
        }
        first => OperatorChain { strictness: mode.strictness(), first, steps: vec![(op, right)] }.call(mode.ansi),
    }
}

/// Whether it is a number that these compute, without a look at all that it is made of.
pub fn is_arithmetic(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.func.inner().downcast_ref::<SparkArithmetic>().is_some())
}

/// Whether a call may be an error for some values, whatever their type.
pub fn may_fail(function: &ScalarUDF) -> bool {
    let function = function.inner().downcast_ref::<SparkArithmetic>();
    function.is_some_and(|function| function.strictness == Strictness::Ansi)
}

const LETTERS: [(ArithmeticOp, char, &str); 7] = [
    (ArithmeticOp::Add, '+', "+"),
    (ArithmeticOp::Subtract, '-', "-"),
    (ArithmeticOp::Multiply, '*', "*"),
    (ArithmeticOp::Divide, '/', "/"),
    (ArithmeticOp::DivideWhole, 'd', "div"),
    (ArithmeticOp::Remainder, '%', "%"),
    (ArithmeticOp::Modulo, 'p', "pmod"),
];

fn letter(op: ArithmeticOp) -> char {
    LETTERS.iter().find(|(known, ..)| *known == op).map_or('?', |(_, letter, _)| *letter)
}

fn op_of(letter: char) -> Option<ArithmeticOp> {
    LETTERS.iter().find(|(_, known, _)| *known == letter).map(|(op, ..)| *op)
}

/// As it is written.
fn symbol(op: ArithmeticOp) -> &'static str {
    LETTERS.iter().find(|(known, ..)| *known == op).map_or("?", |(.., symbol)| *symbol)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SparkArithmetic {
    name: &'static str,
    strictness: Strictness,
    /// Whether types are those of the ANSI mode.
    ansi: bool,
    /// The operator of a function that has a name of its own: it takes two arguments, and no program.
    only: Option<ArithmeticOp>,
    signature: Signature,
}

/// The place of the first operand among a call's arguments.
pub fn first_operand(function: &ScalarUDF) -> usize {
    let arithmetic = function.inner().downcast_ref::<SparkArithmetic>();
    arithmetic.map_or(0, |arithmetic| usize::from(arithmetic.only.is_none()))
}

impl SparkArithmetic {
    /// The program's operators, and the place of the first operand.
    fn program(&self, first: Option<&ScalarValue>) -> Result<(Vec<ArithmeticOp>, usize)> {
        match (self.only, first) {
            (Some(op), _) => Ok((vec![op], 0)),
            (None, Some(ScalarValue::Utf8(Some(program)))) => {
                let ops: Option<Vec<_>> = program.chars().map(op_of).collect();
                ops.map_or_else(|| internal_err!("`{program}` is no program"), |ops| Ok((ops, 1)))
            }
            _ => internal_err!("`{}` has its operators as a text", self.name),
        }
    }

    fn operands(&self, op: ArithmeticOp, left: &DataType, right: &DataType) -> Result<Operands> {
        let typed = || coercion::arithmetic(op, &canonical(left)?, &canonical(right)?, self.ansi);
        typed().ok_or_else(|| misfit(op, left, right))
    }

    fn step(&self, op: ArithmeticOp, left: Operand, right: Operand, at: OperandNames<'_>) -> Result<Operand> {
        let Operands { left: left_type, right: right_type, result } =
            self.operands(op, left.values.data_type(), right.values.data_type())?;
        let (left, right) = (left.cast(&left_type)?, right.cast(&right_type)?);
        let job = Operation { op, strictness: self.strictness, at };
        let values = match (&left_type, &result) {
            (DataType::Decimal128(..), _) => decimals::compute(&job, &left, &right, &result)?,
            (DataType::Float32 | DataType::Float64, _) => floats::compute(&job, &left, &right)?,
            _ => integers::compute(&job, &left, &right)?,
        };
        Ok(Operand { values, is_scalar: left.is_scalar && right.is_scalar })
    }
}

/// What is said of operands that there is no such operator for.
pub fn misfit(op: ArithmeticOp, left: &DataType, right: &DataType) -> DataFusionError {
    let named = |data_type: &DataType| sql_types::name(data_type).to_uppercase();
    DataFusionError::Plan(format!(
        "[DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES] there is no `{}` of \"{}\" and \"{}\"; CAST one of them",
        symbol(op),
        named(left),
        named(right)
    ))
}

impl ScalarUDFImpl for SparkArithmetic {
    fn name(&self) -> &str {
        self.name
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        if self.only.is_some() {
            let arguments: Vec<String> = arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
            return Ok(format!("{}({})", self.name, arguments.join(", ")));
        }
        let [Expr::Literal(ScalarValue::Utf8(Some(program)), _), first, operands @ ..] = arguments else {
            return plan_err!("`{}` has its operators as a text", self.name);
        };
        let mut name = "(".repeat(operands.len());
        name.push_str(&first.schema_name().to_string());
        for (letter, operand) in program.chars().zip(operands) {
            let symbol = op_of(letter).map_or("?", symbol);
            name.push_str(&format!(" {symbol} {})", operand.schema_name()));
        }
        Ok(name)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The operands are converted here, step by step: what one is taken as depends on what those before it have made.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match self.only {
            Some(_) if types.len() != 2 => plan_err!("`{}` takes two arguments", self.name),
            _ => Ok(types.to_vec()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("`{}` is asked for its field", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let (ops, first) = self.program(args.scalar_arguments.first().copied().flatten())?;
        let operands = &args.arg_fields[first..];
        let mut result = operands[0].data_type().clone();
        for (op, operand) in ops.iter().zip(&operands[1..]) {
            result = self.operands(*op, &result, operand.data_type())?.result;
        }
        let is_nullable = self.strictness != Strictness::Ansi || operands.iter().any(|operand| operand.is_nullable());
        Ok(Arc::new(Field::new(self.name, result, is_nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let program = match args.args.first() {
            Some(ColumnarValue::Scalar(program)) => Some(program),
            _ => None,
        };
        if args.number_rows == 0 {
            // Perhaps it is an error, and nobody asks for it.
            return Ok(ColumnarValue::Array(new_empty_array(args.return_field.data_type())));
        }
        let (ops, first) = self.program(program)?;
        let mut operands = args.args[first..].iter().zip(&args.arg_fields[first..]);
        let Some((value, field)) = operands.next() else { return exec_err!("`{}` has operands", self.name) };
        let (mut left, mut left_name) = (Operand::of(value)?, Some(field.name()));
        for (op, (value, field)) in ops.into_iter().zip(operands) {
            let at = OperandNames { left: left_name.map(String::as_str), right: Some(field.name().as_str()) };
            left = self.step(op, left, Operand::of(value)?, at)?;
            left_name = None;
        }
        match left.is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&left.values, 0)?)),
            false => Ok(ColumnarValue::Array(left.values)),
        }
    }
}

/// The columns that an operator stands between, where there are such.
#[derive(Clone, Copy)]
struct OperandNames<'a> {
    left: Option<&'a str>,
    right: Option<&'a str>,
}

/// One operator, and what becomes of what does not fit.
struct Operation<'a> {
    op: ArithmeticOp,
    strictness: Strictness,
    at: OperandNames<'a>,
}

impl Operation<'_> {
    fn by_zero(&self) -> DataFusionError {
        let (class, what) = match self.op {
            ArithmeticOp::Remainder | ArithmeticOp::Modulo => ("REMAINDER_BY_ZERO", "a remainder by zero"),
            _ => ("DIVIDE_BY_ZERO", "a division by zero"),
        };
        DataFusionError::Execution(format!("[{class}] {what}{}; {}", self.place(), self.way_out()))
    }

    /// Of two numbers as they are written.
    fn overflow(&self, left: &str, right: &str, result: &DataType) -> DataFusionError {
        let class = if result.is_decimal() { "NUMERIC_VALUE_OUT_OF_RANGE" } else { "ARITHMETIC_OVERFLOW" };
        let (symbol, result) = (symbol(self.op), sql_types::name(result).to_uppercase());
        DataFusionError::Execution(format!(
            "[{class}] {left} {symbol} {right} does not fit {result}{}; {}",
            self.place(),
            self.way_out()
        ))
    }

    fn way_out(&self) -> &'static str {
        match self.op {
            ArithmeticOp::Add => "`try_add` answers null instead, and a CAST to a wider type has room for it",
            ArithmeticOp::Subtract => "`try_subtract` answers null instead, and a CAST to a wider type has room for it",
            ArithmeticOp::Multiply => "`try_multiply` answers null instead, and a CAST to a wider type has room for it",
            ArithmeticOp::Divide => "`try_divide` answers null instead",
            ArithmeticOp::DivideWhole => "divide by `nullif(b, 0)` where that is to be null",
            ArithmeticOp::Remainder | ArithmeticOp::Modulo => "`try_mod` answers null instead",
        }
    }

    fn place(&self) -> String {
        let is_column = |name: &&str| *name != "lit" && !name.starts_with("spark_") && !name.contains(['(', ' ']);
        match (self.at.left.filter(is_column), self.at.right.filter(is_column)) {
            (Some(left), Some(right)) => format!(" in `{left} {} {right}`", symbol(self.op)),
            (Some(one), None) | (None, Some(one)) => format!(" at `{one}`"),
            (None, None) => String::new(),
        }
    }
}

/// As the engine casts, which is right of what widens.
fn widened(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    use crate::spark::functions::scalar::cast::{self, pairs};
    let from = canonical(values.data_type()).unwrap_or_else(|| values.data_type().clone());
    if pairs::is_engines(&from, to) { Ok(engine_cast(values, to)?) } else { cast::array(values, to, Strictness::Ansi) }
}
