//! Of floating-point numbers: only a division by zero is no number of theirs.

use std::sync::Arc;

use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type};
use datafusion::common::{Result, exec_err};

use super::Operation;
use super::sides::{Operand, any, map, pairs};
use crate::spark::coercion::ArithmeticOp::{Add, Divide, DivideWhole, Modulo, Multiply, Remainder, Subtract};
use crate::spark::mode::Strictness;

pub fn compute(job: &Operation, left: &Operand, right: &Operand) -> Result<ArrayRef> {
    macro_rules! of {
        ($kind:ty) => {
            match job.op {
                Add => Ok(Arc::new(map::<$kind, $kind>(left, right, |l, r| l + r)?)),
                Subtract => Ok(Arc::new(map::<$kind, $kind>(left, right, |l, r| l - r)?)),
                Multiply => Ok(Arc::new(map::<$kind, $kind>(left, right, |l, r| l * r)?)),
                Divide => divided::<$kind>(job, left, right, |r| r == 0.0, |l, r| l / r),
                Remainder => divided::<$kind>(job, left, right, |r| r == 0.0, |l, r| l % r),
                Modulo => divided::<$kind>(
                    job,
                    left,
                    right,
                    |r| r == 0.0,
                    |l, r| {
                        let rest = l % r;
                        if rest < 0.0 { (rest + r) % r } else { rest }
                    },
                ),
                DivideWhole => exec_err!("`div` is of whole numbers and decimals"),
            }
        };
    }
    match left.values.data_type() {
        DataType::Float32 => of!(Float32Type),
        DataType::Float64 => of!(Float64Type),
        other => exec_err!("{other} is no floating-point number"),
    }
}

fn divided<T: ArrowPrimitiveType>(
    job: &Operation,
    left: &Operand,
    right: &Operand,
    is_zero: impl Fn(T::Native) -> bool,
    f: impl Fn(T::Native, T::Native) -> T::Native,
) -> Result<ArrayRef> {
    if !any::<T>(left, right, |_, r| is_zero(r)) {
        return Ok(Arc::new(map::<T, T>(left, right, f)?));
    }
    if job.strictness == Strictness::Ansi && pairs::<T>(left, right).flatten().any(|(_, r)| is_zero(r)) {
        return Err(job.by_zero());
    }
    let kept = pairs::<T>(left, right).map(|pair| pair.and_then(|(l, r)| (!is_zero(r)).then(|| f(l, r))));
    Ok(Arc::new(kept.collect::<PrimitiveArray<T>>()))
}
