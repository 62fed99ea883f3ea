//! Of whole numbers: they do not wrap around in the ANSI mode, and do in the other.

use std::sync::Arc;

use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Int8Type, Int16Type, Int32Type, Int64Type};
use datafusion::common::{Result, exec_err};

use super::Operation;
use super::sides::{Operand, any, map, pairs};
use crate::spark::coercion::ArithmeticOp::{Add, Divide, DivideWhole, Modulo, Multiply, Remainder, Subtract};
use crate::spark::mode::Strictness;

pub fn compute(job: &Operation, left: &Operand, right: &Operand) -> Result<ArrayRef> {
    match left.values.data_type() {
        DataType::Int8 => of::<Int8Type>(job, left, right),
        DataType::Int16 => of::<Int16Type>(job, left, right),
        DataType::Int32 => of::<Int32Type>(job, left, right),
        DataType::Int64 => of::<Int64Type>(job, left, right),
        other => exec_err!("{other} is no whole number"),
    }
}

/// What the kernels need of a kind of whole numbers.
trait WholeNumber: Copy + PartialEq + std::fmt::Display {
    const ZERO: Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn rem(self, other: Self) -> Self;
    fn modulo(self, other: Self) -> Self;
    /// Whether a sum wrapped around; likewise the others.
    fn add_wraps(self, other: Self) -> bool;
    fn sub_wraps(self, other: Self) -> bool;
    fn mul_wraps(self, other: Self) -> bool;
    fn div_wraps(self, other: Self) -> bool;
}

macro_rules! whole {
    ($($kind:ty, $wide:ty;)*) => {
        $(impl WholeNumber for $kind {
            const ZERO: Self = 0;

            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            fn div(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_div(other) }
            }

            fn rem(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_rem(other) }
            }

            fn modulo(self, other: Self) -> Self {
                let rest = WholeNumber::rem(self, other);
                if rest < 0 { WholeNumber::rem(rest.wrapping_add(other), other) } else { rest }
            }

            // The signs of both operands are other than the sum's.
            fn add_wraps(self, other: Self) -> bool {
                let sum = self.wrapping_add(other);
                ((self ^ sum) & (other ^ sum)) < 0
            }

            fn sub_wraps(self, other: Self) -> bool {
                let difference = self.wrapping_sub(other);
                ((self ^ other) & (self ^ difference)) < 0
            }

            fn mul_wraps(self, other: Self) -> bool {
                let product = <$wide>::from(self) * <$wide>::from(other);
                product != <$wide>::from(product as $kind)
            }

            fn div_wraps(self, other: Self) -> bool {
                self == <$kind>::MIN && other == -1
            }
        })*
    };
}

whole! {
    i8, i16;
    i16, i32;
    i32, i64;
    i64, i128;
}

fn of<T: ArrowPrimitiveType<Native: WholeNumber>>(
    job: &Operation,
    left: &Operand,
    right: &Operand,
) -> Result<ArrayRef> {
    let is_zero = |_: T::Native, divisor: T::Native| divisor == WholeNumber::ZERO;
    let never = |_: T::Native, _: T::Native| false;
    match job.op {
        Add => kept::<T>(job, left, right, WholeNumber::add, WholeNumber::add_wraps, never),
        Subtract => kept::<T>(job, left, right, WholeNumber::sub, WholeNumber::sub_wraps, never),
        Multiply => kept::<T>(job, left, right, WholeNumber::mul, WholeNumber::mul_wraps, never),
        DivideWhole => kept::<T>(job, left, right, WholeNumber::div, WholeNumber::div_wraps, is_zero),
        Remainder => kept::<T>(job, left, right, WholeNumber::rem, never, is_zero),
        Modulo => kept::<T>(job, left, right, WholeNumber::modulo, never, is_zero),
        Divide => exec_err!("whole numbers are divided as doubles"),
    }
}

/// First all are computed, wrapping around, as that is fastest where all fit.
fn kept<T: ArrowPrimitiveType<Native: WholeNumber>>(
    job: &Operation,
    left: &Operand,
    right: &Operand,
    f: impl Fn(T::Native, T::Native) -> T::Native,
    wraps: impl Fn(T::Native, T::Native) -> bool,
    is_by_zero: impl Fn(T::Native, T::Native) -> bool,
) -> Result<ArrayRef> {
    let is_wrong = |l, r| match job.strictness {
        Strictness::Legacy => is_by_zero(l, r),
        Strictness::Ansi | Strictness::Try => wraps(l, r) | is_by_zero(l, r),
    };
    if !any::<T>(left, right, is_wrong) {
        return Ok(Arc::new(map::<T, T>(left, right, f)?));
    }
    if job.strictness == Strictness::Ansi {
        // What lies below a null is nobody's.
        for (l, r) in pairs::<T>(left, right).flatten() {
            if is_by_zero(l, r) {
                return Err(job.by_zero());
            }
            if wraps(l, r) {
                return Err(job.overflow(&l.to_string(), &r.to_string(), &T::DATA_TYPE));
            }
        }
    }
    let kept = pairs::<T>(left, right).map(|pair| pair.and_then(|(l, r)| (!is_wrong(l, r)).then(|| f(l, r))));
    Ok(Arc::new(kept.collect::<PrimitiveArray<T>>()))
}
