//! Functions that take an `int`, for arguments that are a `bigint`, as every whole number is that is written in a query.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion_spark::function::datetime;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    [datetime::add_months(), datetime::date_add(), datetime::date_sub()].map(narrow).to_vec()
}

fn narrow(inner: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Narrow { inner, signature: Signature::user_defined(Volatility::Immutable) }))
}

/// A number that does not fit an `int` is an error of the cast.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Narrow {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

impl ScalarUDFImpl for Narrow {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        self.inner.schema_name(arguments)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let narrowed = types.iter().map(|data_type| match data_type {
            DataType::Int64 => DataType::Int32,
            other => other.clone(),
        });
        let fields: Vec<FieldRef> = narrowed.map(|data_type| Arc::new(Field::new("", data_type, true))).collect();
        let taken = fields_with_udf(&fields, self.inner.as_ref())?;
        Ok(taken.iter().map(|field| field.data_type().clone()).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("`{}` is asked for its field", self.name())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.inner.invoke_with_args(args)
    }
}
