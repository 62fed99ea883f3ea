//! Count, ends, mean and deviation of numbers, exact whatever their size and order: whole sums, one for each exponent.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::{Accumulator, AggregateUDF, Volatility, create_udaf};
use datafusion::scalar::ScalarValue;
use num_bigint::BigInt;

use super::exact;

/// The aggregate `numeric_moments(double) → binary`, to be read by [`ExactMoments::decode`].
pub fn numeric_moments() -> AggregateUDF {
    create_udaf(
        "numeric_moments",
        vec![DataType::Float64],
        Arc::new(DataType::Binary),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::new(ExactMoments::default()))),
        Arc::new(vec![DataType::Binary]),
    )
}

/// Exponents of finite doubles; those of 0 and 1 are the same.
const EXPONENTS: usize = 2047;

/// Finite numbers.
#[derive(Debug, Clone)]
pub struct ExactMoments {
    count: u64,
    low: f64,
    high: f64,
    /// By the exponent's bits; empty before the first number.
    sums: Vec<WholeSums>,
}

/// Of whole numbers below 2⁵³, in units of their exponent. Of their squares the lower 64 bits and the rest are summed up
/// apart: no table has enough rows for an overflow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct WholeSums {
    sum: i128,
    squares_low: u128,
    squares_high: u128,
}

impl Default for ExactMoments {
    fn default() -> Self {
        ExactMoments { count: 0, low: f64::INFINITY, high: f64::NEG_INFINITY, sums: vec![] }
    }
}

impl ExactMoments {
    /// Adds a finite number.
    #[inline]
    pub fn add(&mut self, number: f64) {
        self.add_times(number, 1);
    }

    /// Adds the same finite number several times.
    #[inline]
    pub fn add_times(&mut self, number: f64, times: u64) {
        if times == 0 {
            return;
        }
        if self.sums.is_empty() {
            self.sums = vec![WholeSums::default(); EXPONENTS];
        }
        self.count += times;
        // Neither of two zeros is the lower one.
        let number = number + 0.0;
        self.low = if number < self.low { number } else { self.low };
        self.high = if number > self.high { number } else { self.high };
        let bits = number.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as usize, bits & ((1 << 52) - 1));
        let whole = if exponent == 0 { fraction } else { fraction | 1 << 52 };
        let Some(sums) = self.sums.get_mut(exponent) else { return };
        let (square, times) = (u128::from(whole) * u128::from(whole), u128::from(times));
        let whole = (u128::from(whole) * times) as i128;
        sums.sum += if number < 0.0 { -whole } else { whole };
        sums.squares_low += (square & u128::from(u64::MAX)) * times;
        sums.squares_high += (square >> 64) * times;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least and the greatest number.
    pub fn ends(&self) -> Option<(f64, f64)> {
        (self.count > 0).then_some((self.low, self.high))
    }

    /// Mean and sample standard deviation, both rounded once from the exact values. There is no mean of no number and no
    /// deviation of one, and none either where it is beyond the largest double.
    pub fn mean_and_stddev(&self) -> (Option<f64>, Option<f64>) {
        let is_some = |sums: &WholeSums| *sums != WholeSums::default();
        let exponent = |bits: usize| bits.max(1) as i64 - 1075;
        let unit = exponent(self.sums.iter().position(is_some).unwrap_or(0));
        let (mut sum, mut square_sum) = (BigInt::ZERO, BigInt::ZERO);
        for (bits, sums) in self.sums.iter().enumerate().filter(|(_, sums)| is_some(sums)) {
            let shift = exponent(bits) - unit;
            sum += BigInt::from(sums.sum) << shift;
            let squares = (BigInt::from(sums.squares_high) << 64) + BigInt::from(sums.squares_low);
            square_sum += squares << (2 * shift);
        }
        exact::mean_and_stddev(&BigInt::from(self.count), &sum, &square_sum, unit)
    }

    pub fn merge(&mut self, other: &ExactMoments) {
        if self.sums.is_empty() {
            self.sums.clone_from(&other.sums);
        } else {
            self.sums.iter_mut().zip(&other.sums).for_each(|(own, other)| own.merge(other));
        }
        // Only bytes that are no moments of a table could overflow.
        self.count = self.count.wrapping_add(other.count);
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![];
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.low.to_le_bytes());
        bytes.extend(self.high.to_le_bytes());
        for (exponent, sums) in (0_u64..).zip(&self.sums).filter(|(_, sums)| **sums != WholeSums::default()) {
            bytes.extend(exponent.to_le_bytes());
            bytes.extend(sums.sum.to_le_bytes());
            bytes.extend(sums.squares_low.to_le_bytes());
            bytes.extend(sums.squares_high.to_le_bytes());
        }
        bytes
    }

    /// What [`numeric_moments`] gave; `None` when the bytes are none.
    pub fn decode(bytes: &[u8]) -> Option<ExactMoments> {
        let (head, exponents) = bytes.split_at_checked(24)?;
        let mut found = ExactMoments {
            count: u64::from_le_bytes(field(head, 0)?),
            low: f64::from_le_bytes(field(head, 8)?),
            high: f64::from_le_bytes(field(head, 16)?),
            sums: vec![],
        };
        if found.count > 0 {
            found.sums = vec![WholeSums::default(); EXPONENTS];
        }
        let mut exponents = exponents.chunks_exact(56);
        for bytes in exponents.by_ref() {
            let exponent = usize::try_from(u64::from_le_bytes(field(bytes, 0)?)).ok()?;
            *found.sums.get_mut(exponent)? = WholeSums {
                sum: i128::from_le_bytes(field(bytes, 8)?),
                squares_low: u128::from_le_bytes(field(bytes, 24)?),
                squares_high: u128::from_le_bytes(field(bytes, 40)?),
            };
        }
        exponents.remainder().is_empty().then_some(found)
    }
}

impl WholeSums {
    fn merge(&mut self, other: &WholeSums) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.squares_low = self.squares_low.wrapping_add(other.squares_low);
        self.squares_high = self.squares_high.wrapping_add(other.squares_high);
    }
}

fn field<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from + N)?.try_into().ok()
}

impl Accumulator for ExactMoments {
    fn update_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        values[0].as_primitive::<Float64Type>().iter().flatten().for_each(|number| self.add(number));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> EngineResult<()> {
        for bytes in states[0].as_binary::<i32>().iter().flatten() {
            let torn = || DataFusionError::Internal("torn moments".into());
            self.merge(&ExactMoments::decode(bytes).ok_or_else(torn)?);
        }
        Ok(())
    }

    fn state(&mut self) -> EngineResult<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.encode()))])
    }

    fn evaluate(&mut self) -> EngineResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.encode())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + size_of_val(self.sums.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sketch::Sketch;
    use super::*;

    fn moments(numbers: &[f64]) -> ExactMoments {
        let mut moments = ExactMoments::default();
        numbers.iter().for_each(|number| moments.add(*number));
        moments
    }

    #[test]
    fn few_numbers_are_exact_at_both_ends_of_the_doubles() {
        let (mean, stddev) = moments(&[1.0, 3.0, 3.0, 5.0]).mean_and_stddev();
        assert_eq!((mean, stddev), (Some(3.0), Some((8.0_f64 / 3.0).sqrt())));
        assert_eq!(moments(&[]).mean_and_stddev(), (None, None));
        assert_eq!(moments(&[-0.0]).ends().map(|(low, high)| (low.to_bits(), high.to_bits())), Some((0, 0)));
        assert_eq!(moments(&[f64::MAX, f64::MAX]).mean_and_stddev(), (Some(f64::MAX), Some(0.0)));
        let least = f64::from_bits(1);
        assert_eq!(moments(&[least, -least, 3.0 * least]).mean_and_stddev().0, Some(least));
    }

    proptest! {
        #[test]
        fn they_are_those_of_the_sketch_in_any_order(
            numbers in prop::collection::vec(
                prop_oneof![prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, -100.0..100.0_f64],
                0..40,
            ),
            cut in 0_usize..40,
            times in 0_u64..1000,
        ) {
            let mut sketch = Sketch::default();
            numbers.iter().for_each(|number| sketch.add(*number));
            let (first, second) = numbers.split_at(cut.min(numbers.len()));
            let mut whole = moments(second);
            whole.merge(&ExactMoments::decode(&moments(first).encode()).unwrap());
            if let Some(number) = numbers.first() {
                whole.add_times(*number, times);
                sketch.add_times(*number, times);
                let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                prop_assert_eq!(whole.ends().map(|(low, _)| low), Some(low));
            }
            prop_assert_eq!(whole.count(), numbers.len() as u64 + if numbers.is_empty() { 0 } else { times });
            prop_assert_eq!(whole.mean_and_stddev(), sketch.mean_and_stddev());
        }
    }
}
