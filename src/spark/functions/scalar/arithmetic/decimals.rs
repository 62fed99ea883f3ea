//! Of decimals: exact, then rounded half up (away from zero) to the digits of the result. What has more digits than it is an
//! error or null.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, i256};
use datafusion::common::{Result, exec_err};

use super::Operation;
use super::sides::{Operand, pairs};
use crate::spark::coercion::ArithmeticOp::{self, Add, Divide, DivideWhole, Modulo, Multiply, Remainder, Subtract};
use crate::spark::mode::Strictness;
use crate::spark::text::numbers;

pub fn compute(job: &Operation, left: &Operand, right: &Operand, result: &DataType) -> Result<ArrayRef> {
    let (s1, s2) = (scale_of(left)?, scale_of(right)?);
    let divides = !matches!(job.op, Add | Subtract | Multiply);
    let overflow = |l, r| job.overflow(&plain(l, s1), &plain(r, s2), result);
    match result {
        DataType::Decimal128(precision, scale) => {
            let exact = DecimalKernel::new(job.op, s1, s2, *scale);
            let limit = 10_u128.pow(u32::from(*precision));
            let rows = pairs::<Decimal128Type>(left, right).map(|pair| match pair {
                None => Ok(None),
                Some((_, 0)) if divides => by_zero(job),
                Some((l, r)) => match exact.of(l, r).filter(|value| value.unsigned_abs() < limit) {
                    None if job.strictness == Strictness::Ansi => Err(overflow(l, r)),
                    value => Ok(value),
                },
            });
            let values = rows.collect::<Result<Decimal128Array>>()?;
            Ok(Arc::new(values.with_precision_and_scale(*precision, *scale)?))
        }
        // `div`: the quotient's whole digits.
        _ => {
            let (up_left, up_right) = (ten_to(i32::from(s2)), ten_to(i32::from(s1)));
            let rows = pairs::<Decimal128Type>(left, right).map(|pair| {
                let (l, r) = match pair {
                    None => return Ok(None),
                    Some((_, 0)) => return by_zero(job),
                    Some(pair) => pair,
                };
                let quotient = (i256::from_i128(l) * up_left) / (i256::from_i128(r) * up_right);
                let (low, _) = quotient.to_parts();
                match quotient.to_i128().and_then(|quotient| i64::try_from(quotient).ok()) {
                    None if job.strictness == Strictness::Ansi => Err(overflow(l, r)),
                    // The lowest bits, as `BigDecimal.longValue` has them.
                    None if job.strictness == Strictness::Legacy => Ok(Some(low as i64)),
                    quotient => Ok(quotient),
                }
            });
            Ok(Arc::new(rows.collect::<Result<Int64Array>>()?))
        }
    }
}

fn by_zero<T>(job: &Operation) -> Result<Option<T>> {
    if job.strictness == Strictness::Ansi { Err(job.by_zero()) } else { Ok(None) }
}

fn plain(value: i128, scale: i8) -> String {
    let mut text = String::new();
    numbers::write_plain(&mut text, value, scale);
    text
}

fn scale_of(side: &Operand) -> Result<i8> {
    match side.values.data_type() {
        DataType::Decimal128(_, scale) => Ok(*scale),
        other => exec_err!("{other} beside a decimal"),
    }
}

/// An operator of decimals with so many digits behind the point, and so many in the result. What is possible in 128 bits is
/// done in them.
struct DecimalKernel {
    op: ArithmeticOp,
    /// What the operands are multiplied by before the operator; nothing where that does not fit.
    up: (i256, i256),
    small_up: Option<(i128, i128)>,
    /// What the result is divided by after it, or multiplied.
    down: (i256, bool),
    small_down: Option<i128>,
}

impl DecimalKernel {
    fn new(op: ArithmeticOp, s1: i8, s2: i8, scale: i8) -> Self {
        let (s1, s2, scale) = (i32::from(s1), i32::from(s2), i32::from(scale));
        let (up, down) = match op {
            Multiply => ((0, 0), s1 + s2 - scale),
            Divide => {
                let shift = scale - s1 + s2;
                ((shift.max(0), (-shift).max(0)), 0)
            }
            _ => {
                let common = s1.max(s2);
                ((common - s1, common - s2), common - scale)
            }
        };
        let small = |power: i32| 10_i128.checked_pow(power.unsigned_abs());
        let small_up = small(up.0).zip(small(up.1));
        let small_down = small(down).filter(|_| down >= 0);
        let up = (ten_to(up.0), ten_to(up.1));
        DecimalKernel { op, up, small_up, down: (ten_to(down.abs()), down >= 0), small_down }
    }

    fn of(&self, left: i128, right: i128) -> Option<i128> {
        match self.small(left, right) {
            Some(value) => Some(value),
            None => self.large(left, right),
        }
    }

    /// `None` where something on the way has more than 128 bits.
    fn small(&self, left: i128, right: i128) -> Option<i128> {
        let (up_left, up_right) = self.small_up?;
        let (left, right) = (left.checked_mul(up_left)?, right.checked_mul(up_right)?);
        let value = match self.op {
            Add => left.checked_add(right)?,
            Subtract => left.checked_sub(right)?,
            Multiply => left.checked_mul(right)?,
            Divide => return half_up(left, right),
            Remainder => left.checked_rem(right)?,
            Modulo => {
                let rest = left.checked_rem(right)?;
                if rest < 0 { rest.checked_add(right)?.checked_rem(right)? } else { rest }
            }
            DivideWhole => return None,
        };
        match self.small_down? {
            1 => Some(value),
            down => half_up(value, down),
        }
    }

    fn large(&self, left: i128, right: i128) -> Option<i128> {
        let left = i256::from_i128(left).checked_mul(self.up.0)?;
        let right = i256::from_i128(right).checked_mul(self.up.1)?;
        let value = match self.op {
            Add => left.checked_add(right)?,
            Subtract => left.checked_sub(right)?,
            Multiply => left.checked_mul(right)?,
            Divide => return large_half_up(left, right)?.to_i128(),
            Remainder => left % right,
            Modulo => {
                let rest = left % right;
                if rest < i256::ZERO { (rest + right) % right } else { rest }
            }
            DivideWhole => return None,
        };
        match self.down {
            (down, true) => large_half_up(value, down)?.to_i128(),
            (up, false) => value.checked_mul(up)?.to_i128(),
        }
    }
}

fn half_up(value: i128, divisor: i128) -> Option<i128> {
    let (whole, rest) = (value.checked_div(divisor)?, value % divisor);
    if rest.unsigned_abs() >= divisor.unsigned_abs() - rest.unsigned_abs() {
        return whole.checked_add(if (value < 0) == (divisor < 0) { 1 } else { -1 });
    }
    Some(whole)
}

fn large_half_up(value: i256, divisor: i256) -> Option<i256> {
    let magnitude = |value: i256| if value < i256::ZERO { -value } else { value };
    let (whole, rest) = (value.checked_div(divisor)?, value % divisor);
    if magnitude(rest) >= magnitude(divisor) - magnitude(rest) {
        let away = if (value < i256::ZERO) == (divisor < i256::ZERO) { i256::ONE } else { i256::MINUS_ONE };
        return whole.checked_add(away);
    }
    Some(whole)
}

fn ten_to(power: i32) -> i256 {
    (0..power).fold(i256::ONE, |all, _| all * i256::from_i128(10))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wide() -> impl Strategy<Value = i128> {
        let limit = 10_i128.pow(38);
        prop_oneof![-1000_i128..1000, any::<i64>().prop_map(i128::from), 1 - limit..limit]
    }

    proptest! {
        /// Where both ways are possible they agree.
        #[test]
        fn in_128_bits_and_in_256_it_is_the_same(
            (left, right) in (wide(), wide()),
            (s1, s2, scale) in (0_i8..20, 0_i8..20, 0_i8..20),
            op in prop::sample::select(vec![Add, Subtract, Multiply, Divide, Remainder, Modulo]),
        ) {
            let exact = DecimalKernel::new(op, s1, s2, scale);
            prop_assume!(right != 0);
            if let Some(small) = exact.small(left, right) {
                prop_assert_eq!(exact.large(left, right), Some(small));
            }
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (value, divisor, expected) in
            [(5, 10, 1), (-5, 10, -1), (4, 10, 0), (15, -10, -2), (-15, -10, 2), (7, 7, 1)]
        {
            assert_eq!(half_up(value, divisor), Some(expected), "{value} / {divisor}");
            let large = large_half_up(i256::from_i128(value), i256::from_i128(divisor));
            assert_eq!(large, Some(i256::from_i128(expected)));
        }
    }
}
