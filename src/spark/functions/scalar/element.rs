//! `list[index]`, counted from 0; outside of the list it is an error, or null without the ANSI mode.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#sql-operators>

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::spark::mode::SqlMode;
use crate::spark::sql_types;

const NAME: &str = "spark_element";
const LEGACY: &str = "spark_element_or_null";

pub fn all() -> Vec<Arc<ScalarUDF>> {
    // `get(list, index)` is null outside of the list in both modes.
    vec![function(NAME, false), function(LEGACY, true), function("get", true)]
}

/// `list[index]`
pub fn element(mode: &SqlMode) -> Arc<ScalarUDF> {
    if mode.ansi { function(NAME, false) } else { function(LEGACY, true) }
}

/// Whether a function is what `list[index]` becomes, the engine's own or ours.
pub fn is_index(name: &str) -> bool {
    [NAME, LEGACY, "array_element"].contains(&name)
}

/// Whether a call may be an error for some values.
pub fn may_fail(function: &ScalarUDF) -> bool {
    function.name() == NAME
}

fn function(name: &'static str, outside_is_null: bool) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::from(Element { name, outside_is_null, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Element {
    name: &'static str,
    outside_is_null: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Element {
    fn name(&self) -> &str {
        self.name
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        match arguments {
            [list, index] if self.name == "get" => Ok(format!("get({}, {})", list.schema_name(), index.schema_name())),
            [list, index] => Ok(format!("{}[{}]", list.schema_name(), index.schema_name())),
            _ => plan_err!("an index has a list and a number"),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _), index]
                if index.is_integer() || index.is_null() =>
            {
                Ok(vec![DataType::List(item.clone()), DataType::Int64])
            }
            [_, index] => {
                plan_err!("the index of a list is a whole number, not \"{}\"", sql_types::name(index).to_uppercase())
            }
            _ => plan_err!("an index has a list and a number"),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match &types[0] {
            DataType::List(item) => Ok(Field::data_type(item).clone()),
            other => plan_err!("{other} has no index"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let outside_is_null = self.outside_is_null || !SqlMode::of(&args.config_options).ansi;
        let elements = elements(&arrays[0], &arrays[1], outside_is_null)?;
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&elements, 0)?)),
            false => Ok(ColumnarValue::Array(elements)),
        }
    }
}

fn elements(lists: &ArrayRef, indices: &ArrayRef, outside_is_null: bool) -> Result<ArrayRef> {
    let indices = cast(indices, &DataType::Int64)?;
    let (lists, indices) = (lists.as_list::<i32>(), indices.as_primitive::<Int64Type>());
    let offsets = lists.value_offsets();
    let mut places = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        if lists.is_null(row) || indices.is_null(row) {
            places.push(None);
            continue;
        }
        let (start, length) = (i64::from(offsets[row]), i64::from(offsets[row + 1] - offsets[row]));
        match indices.value(row) {
            index if (0..length).contains(&index) => places.push(Some((start + index) as u64)),
            _ if outside_is_null => places.push(None),
            index => {
                return exec_err!(
                    "[INVALID_ARRAY_INDEX] index {index} is outside of a list of {length}; where that is to be null, write \
                     `get(list, index)`"
                );
            }
        }
    }
    Ok(take(lists.values(), &UInt64Array::from(places), None)?)
}
