//! Casts, where Spark's differ from the engine's: what a text may be, what does not fit, and how values are spelled.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#cast>
//!
//! | file | casts |
//! |---|---|
//! | `pairs` | which casts there are, which may fail, and which the engine does as well |
//! | `faults` | what is said of values that do not fit |
//! | `numbers` | between numbers and truth values |
//! | `decimals` | to and from decimals |
//! | `texts` | from texts |
//! | `spelling` | to texts |
//! | `times` | between dates, timestamps and numbers |
//! | `nested` | of lists, maps and structs, value by value |

mod decimals;
mod faults;
mod nested;
mod numbers;
pub mod pairs;
mod spelling;
mod texts;
mod times;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_empty_array, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err, internal_err, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::spark::mode::Strictness;
use crate::spark::sql_types;
use faults::CastFault;

const ANSI: &str = "spark_cast";

/// `spark_cast(value, 'int')`, one function for each strictness.
pub fn all() -> Vec<Arc<ScalarUDF>> {
    [Strictness::Ansi, Strictness::Legacy, Strictness::Try].map(function).to_vec()
}

fn function(strictness: Strictness) -> Arc<ScalarUDF> {
    let name = match strictness {
        Strictness::Ansi => ANSI,
        Strictness::Legacy => "spark_cast_or_null",
        Strictness::Try => "spark_try_cast",
    };
    Arc::new(ScalarUDF::from(SparkCast { name, strictness, signature: Signature::user_defined(Volatility::Immutable) }))
}

/// The value as another type of Spark's. Both are [canonical](sql_types::canonical).
pub fn cast_to(value: Expr, to: &DataType, strictness: Strictness) -> Expr {
    let name = Expr::Literal(ScalarValue::from(sql_types::name(to)), None);
    function(strictness).call(vec![value, name])
}

/// What a value that is written in a query is as another type.
pub fn literal(value: &ScalarValue, to: &DataType, strictness: Strictness) -> Result<ScalarValue> {
    ScalarValue::try_from_array(&array(&value.to_array()?, to, strictness)?, 0)
}

/// Values as another type.
pub fn array(values: &ArrayRef, to: &DataType, strictness: Strictness) -> Result<ArrayRef> {
    CastJob { strictness, of: None }.cast(values, to)
}

/// Whether a call may be an error for some values of its argument's type.
pub fn may_fail(call: &ScalarFunction, schema: &DFSchema) -> bool {
    if call.func.name() != ANSI {
        return false;
    }
    match call.args.as_slice() {
        [value, Expr::Literal(ScalarValue::Utf8(Some(to)), _)] => {
            match (value.get_type(schema), sql_types::parse(to)) {
                (Ok(from), Ok(to)) => pairs::may_fail(&from, &to),
                _ => true,
            }
        }
        _ => true,
    }
}

/// Whether what is cast is written in the query: then the [rule](crate::spark::analyzer) that makes casts has found that it fails.
pub fn is_of_literal(call: &ScalarFunction) -> bool {
    call.func.name() == ANSI && matches!(call.args.first(), Some(Expr::Literal(..)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SparkCast {
    name: &'static str,
    strictness: Strictness,
    signature: Signature,
}

impl ScalarUDFImpl for SparkCast {
    fn name(&self) -> &str {
        self.name
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let verb = if self.strictness == Strictness::Try { "TRY_CAST" } else { "CAST" };
        match arguments {
            [value, Expr::Literal(ScalarValue::Utf8(Some(to)), _)] => {
                Ok(format!("{verb}({} AS {})", value.schema_name(), to.to_uppercase()))
            }
            _ => plan_err!("`{}` has a value and the name of a type", self.name),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [from, DataType::Utf8] => match sql_types::canonical(from) {
                Some(from) => Ok(vec![from, DataType::Utf8]),
                None => plan_err!("`{}` takes no {from}", self.name),
            },
            _ => plan_err!("`{}` has a value and the name of a type", self.name),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("`{}` is asked for its field", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        match (args.arg_fields, args.scalar_arguments) {
            ([value, _], [_, Some(ScalarValue::Utf8(Some(to)))]) => {
                let to = parsed(to)?;
                let makes_nulls = pairs::makes_nulls(value.data_type(), &to, self.strictness);
                Ok(Arc::new(Field::new(self.name, to, value.is_nullable() || makes_nulls)))
            }
            _ => plan_err!("`{}` has a value and the name of a type", self.name),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, ColumnarValue::Scalar(ScalarValue::Utf8(Some(to)))] = args.args.as_slice() else {
            return exec_err!("`{}` has a value and the name of a type", self.name);
        };
        let to = parsed(to)?;
        let job =
            CastJob { strictness: self.strictness, of: args.arg_fields.first().map(|field| field.name().as_str()) };
        match value {
            ColumnarValue::Array(values) => Ok(ColumnarValue::Array(job.cast(values, &to)?)),
            // Perhaps it is an error, and nobody asks for it.
            ColumnarValue::Scalar(_) if args.number_rows == 0 => Ok(ColumnarValue::Array(new_empty_array(&to))),
            ColumnarValue::Scalar(value) => {
                let cast = job.cast(&value.to_array()?, &to)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&cast, 0)?))
            }
        }
    }

    fn is_strict(&self) -> bool {
        true
    }
}

fn parsed(name: &str) -> Result<DataType> {
    sql_types::parse(name).or_else(|why| plan_err!("{why}"))
}

/// How strictly values are cast, and of which column they are.
#[derive(Clone, Copy)]
struct CastJob<'a> {
    strictness: Strictness,
    of: Option<&'a str>,
}

impl CastJob<'_> {
    fn cast(&self, values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
        use DataType::*;
        let from = values.data_type();
        if from == to {
            return Ok(values.clone());
        }
        match (from, to) {
            (Null, _) => Ok(new_null_array(to, values.len())),
            (_, Utf8) => spelling::cast(self, values),
            (Utf8, _) if !matches!(to, Binary | List(_) | Struct(_) | Map(..)) => {
                texts::cast(self, values.as_string(), to)
            }
            (Timestamp(..) | Date32, _) | (_, Timestamp(..) | Date32) => times::cast(self, values, to),
            (Decimal128(..), _) | (_, Decimal128(..)) => decimals::cast(self, values, to),
            (List(_) | Struct(_) | Map(..), _) => nested::cast(self, values, to),
            _ => numbers::cast(self, values, to),
        }
    }

    fn ansi(&self) -> bool {
        self.strictness == Strictness::Ansi
    }

    fn fault(&self, from: &DataType, to: &DataType) -> CastFault<'_> {
        CastFault::new(self.of, from, to)
    }
}
