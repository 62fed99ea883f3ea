//! `lpad` and `rpad`: to less than no characters is to none.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#lpad>

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions::unicode;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    [unicode::lpad(), unicode::rpad()].map(|inner| Arc::new(ScalarUDF::from(Pad { inner }))).to_vec()
}

/// The engine's own takes a length below zero from a column for a huge one.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Pad {
    inner: Arc<ScalarUDF>,
}

impl ScalarUDFImpl for Pad {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if let Some(length) = args.args.get_mut(1) {
            match length {
                ColumnarValue::Scalar(ScalarValue::Int64(Some(length))) => *length = (*length).max(0),
                ColumnarValue::Array(lengths) => {
                    if let Some(all) = lengths.as_primitive_opt::<Int64Type>() {
                        let least_zero: ArrayRef = Arc::new(all.unary::<_, Int64Type>(|length| length.max(0)));
                        *lengths = least_zero;
                    }
                }
                ColumnarValue::Scalar(_) => {}
            }
        }
        self.inner.invoke_with_args(args)
    }
}
