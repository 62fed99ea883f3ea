//! `greatest`, `least`, `sort_array` and `array_sort` of floating-point numbers: NaN is the largest, and of -0.0 and 0.0, which are
//! equal, the first stays the first.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html#nan-semantics>. The engine orders by the bits of a number. Of all other
//! types its own functions are asked.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::functions::core;
use datafusion::functions_nested::sort::array_sort_udf;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

use super::lists::gather::{Gathered, normalized, range};

pub fn all() -> Vec<Arc<ScalarUDF>> {
    [core::greatest(), core::least(), array_sort_udf()]
        .map(|inner| Arc::new(ScalarUDF::from(FloatOrder { inner })))
        .to_vec()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FloatOrder {
    inner: Arc<ScalarUDF>,
}

impl ScalarUDFImpl for FloatOrder {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [_] => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{}` takes two values at least", self.name()),
            _ => self.inner.coerce_types(types),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let answer = match args.return_field.data_type() {
            DataType::Float32 | DataType::Float64 => {
                let arrays = ColumnarValue::values_to_arrays(&args.args)?;
                let wanted = if self.name() == "greatest" { Ordering::Greater } else { Ordering::Less };
                match args.return_field.data_type() {
                    DataType::Float32 => outermost::<Float32Type>(&arrays, wanted),
                    _ => outermost::<Float64Type>(&arrays, wanted),
                }
            }
            DataType::List(item) if item.data_type().is_floating() => {
                let arrays = ColumnarValue::values_to_arrays(&args.args)?;
                let sorted = sorted(
                    &arrays[0],
                    written(&args.args, 1) == Some("DESC"),
                    written(&args.args, 2) != Some("NULLS LAST"),
                )?;
                // Elements are called as they were.
                arrow::compute::cast(&sorted, args.return_field.data_type())?
            }
            _ => return self.inner.invoke_with_args(args),
        };
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?)),
            false => Ok(ColumnarValue::Array(answer)),
        }
    }
}

/// How the list is sorted, which the [rewrite](crate::spark::sql::rewrite) has written.
fn written(arguments: &[ColumnarValue], place: usize) -> Option<&str> {
    match arguments.get(place)? {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(word))) => Some(word),
        _ => None,
    }
}

/// Of each row the greatest or the least; nulls do not count.
fn outermost<T: ArrowPrimitiveType>(columns: &[ArrayRef], wanted: Ordering) -> ArrayRef
where
    T::Native: Into<f64> + Copy,
{
    let keys: Vec<ArrayRef> = columns.iter().map(normalized).collect();
    let rows = columns.first().map_or(0, |column| column.len());
    let of_row = |row: usize| {
        let mut found: Option<usize> = None;
        for (place, key) in keys.iter().enumerate().filter(|(_, key)| key.is_valid(row)) {
            let value = |key: &ArrayRef| -> f64 { key.as_primitive::<T>().value(row).into() };
            if found.is_none_or(|found| value(key).total_cmp(&value(&keys[found])) == wanted) {
                found = Some(place);
            }
        }
        found.map(|place| columns[place].as_primitive::<T>().value(row))
    };
    Arc::new((0..rows).map(of_row).collect::<PrimitiveArray<T>>())
}

fn sorted(lists: &ArrayRef, descends: bool, nulls_first: bool) -> Result<ArrayRef> {
    let lists = lists.as_list::<i32>();
    let keys = normalized(lists.values());
    let key = |place: usize| -> Option<f64> {
        match keys.data_type() {
            _ if keys.is_null(place) => None,
            DataType::Float32 => Some(keys.as_primitive::<Float32Type>().value(place).into()),
            _ => Some(keys.as_primitive::<Float64Type>().value(place)),
        }
    };
    let mut gathered = Gathered::of(vec![lists.values().clone()]);
    for row in 0..lists.len() {
        let Some(places) = range(lists, row) else {
            gathered.end_null();
            continue;
        };
        let mut places: Vec<usize> = places.collect();
        places.sort_by(|one, other| match (key(*one), key(*other)) {
            (Some(one), Some(other)) if descends => other.total_cmp(&one),
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) if nulls_first => one.is_some().cmp(&other.is_some()),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        gathered.pick_all(0, places);
        gathered.end_list();
    }
    gathered.finish()
}
