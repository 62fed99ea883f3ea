//! The two sides of an operator: a column, or one value for all rows.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::compute::kernels::arity;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;

use super::widened;

pub struct Operand {
    /// One value, where it is the same for all rows.
    pub values: ArrayRef,
    pub is_scalar: bool,
}

impl Operand {
    pub fn of(value: &ColumnarValue) -> Result<Self> {
        Ok(match value {
            ColumnarValue::Array(values) => Operand { values: values.clone(), is_scalar: false },
            ColumnarValue::Scalar(value) => Operand { values: value.to_array()?, is_scalar: true },
        })
    }

    pub fn cast(self, to: &DataType) -> Result<Self> {
        match self.values.data_type() == to {
            true => Ok(self),
            false => Ok(Operand { values: widened(&self.values, to)?, ..self }),
        }
    }

    fn typed<T: ArrowPrimitiveType>(&self) -> &PrimitiveArray<T> {
        self.values.as_primitive()
    }
}

/// What a function makes of each pair, also of pairs with a null, whose result is null. It must not stop at any.
pub fn map<T: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    left: &Operand,
    right: &Operand,
    f: impl Fn(T::Native, T::Native) -> O::Native,
) -> Result<PrimitiveArray<O>> {
    let (l, r) = (left.typed::<T>(), right.typed::<T>());
    Ok(match (left.is_scalar, right.is_scalar) {
        (false, true) if r.is_null(0) => PrimitiveArray::new_null(l.len()),
        (true, false) if l.is_null(0) => PrimitiveArray::new_null(r.len()),
        (false, true) => {
            let r = r.value(0);
            l.unary(|l| f(l, r))
        }
        (true, false) => {
            let l = l.value(0);
            r.unary(|r| f(l, r))
        }
        _ => arity::binary(l, r, f)?,
    })
}

/// Whether it is so of any pair, also of pairs with a null. Without a branch: as a rule it is so of none.
pub fn any<T: ArrowPrimitiveType>(
    left: &Operand,
    right: &Operand,
    is_so: impl Fn(T::Native, T::Native) -> bool,
) -> bool {
    let (l, r) = (left.typed::<T>().values(), right.typed::<T>().values());
    match (left.is_scalar, right.is_scalar) {
        (false, true) => {
            let r = r[0];
            l.iter().fold(false, |any, l| any | is_so(*l, r))
        }
        (true, false) => {
            let l = l[0];
            r.iter().fold(false, |any, r| any | is_so(l, *r))
        }
        _ => l.iter().zip(r).fold(false, |any, (l, r)| any | is_so(*l, *r)),
    }
}

/// The pairs, row by row; `None` where one side is null.
pub fn pairs<'a, T: ArrowPrimitiveType>(
    left: &'a Operand,
    right: &'a Operand,
) -> impl Iterator<Item = Option<(T::Native, T::Native)>> + 'a {
    let (l, r) = (left.typed::<T>(), right.typed::<T>());
    let rows = match (left.is_scalar, right.is_scalar) {
        (false, _) => l.len(),
        (true, _) => r.len(),
    };
    (0..rows).map(move |row| {
        let (at_left, at_right) = (if left.is_scalar { 0 } else { row }, if right.is_scalar { 0 } else { row });
        let is_valid = l.is_valid(at_left) && r.is_valid(at_right);
        is_valid.then(|| (l.value(at_left), r.value(at_right)))
    })
}
