//! `coalesce`: the first value that is there, as the type that all of them become.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#type-coercion>. The engine's own would have types that go together by
//! its own rules, and says no before any of Spark's is asked.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::functions::core;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::spark::coercion::common;
use crate::spark::mode::SqlMode;
use crate::spark::sql_types::canonical;

pub fn all(mode: &SqlMode) -> Vec<Arc<ScalarUDF>> {
    let signature = Signature::user_defined(Volatility::Immutable);
    vec![Arc::new(ScalarUDF::from(Coalesce { inner: core::coalesce(), ansi: mode.ansi, signature }))]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Coalesce {
    inner: Arc<ScalarUDF>,
    /// Whether types are those of the ANSI mode.
    ansi: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Coalesce {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let all: Option<Vec<DataType>> = types.iter().map(canonical).collect();
        let wide = all.and_then(|all| {
            let mut all = all.into_iter();
            let first = all.next()?;
            all.try_fold(first, |wide, one| common(&wide, &one, self.ansi))
        });
        match wide {
            Some(wide) if types.windows(2).any(|pair| pair[0] != pair[1]) => Ok(vec![wide; types.len()]),
            _ => self.inner.coerce_types(types),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
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

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        true
    }
}
