//! A number that stands for a row: the rows with the smallest ones are a sample that depends on no order.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::hash_utils::{QualityRandomState, create_hashes};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

pub(super) const NAME: &str = "row_hash";

/// Any two machines with the same build give a row the same number.
const SEED: u64 = 0x0072_6170_6963_6865;

/// The function of any columns that gives an unsigned bigint.
pub fn row_hash(columns: Vec<Expr>) -> Expr {
    ScalarUDF::new_from_impl(RowHash::default()).call(columns)
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RowHash {
    signature: Signature,
}

impl Default for RowHash {
    fn default() -> Self {
        RowHash { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for RowHash {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::UInt64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = args.args.iter().map(|column| column.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        Ok(ColumnarValue::Array(Arc::new(UInt64Array::from(hashes(&columns, args.number_rows)?))))
    }
}

/// Of each row of these columns.
pub(super) fn hashes(columns: &[ArrayRef], rows: usize) -> Result<Vec<u64>> {
    let mut hashes = vec![0; rows];
    create_hashes(columns, &QualityRandomState::with_seed(SEED), &mut hashes)?;
    Ok(hashes)
}
