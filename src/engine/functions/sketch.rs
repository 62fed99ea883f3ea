//! A sketch of a column's numbers that is the same to the last bit however the rows were split and
//! merged, so that the same table has the same mean, deviation and quantiles on any number of threads.
//!
//! The number line is cut where the first 8 bits of the mantissa change: a bucket is at most 1/256 of
//! its values wide. A bucket keeps whole numbers (how many, and the exact sums of their offsets in
//! units of the last place) and its ends; those can be added in any order. A column that spans ten
//! binary orders of magnitude takes 330 kB, one that fills the whole range of a double 170 MB.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::{Accumulator, AggregateUDF, Volatility, create_udaf};
use datafusion::scalar::ScalarValue;
use num_bigint::BigInt;

use super::exact;

/// The aggregate `numeric_sketch(double) → binary`, to be read by [`Sketch::decode`].
pub fn numeric_sketch() -> AggregateUDF {
    create_udaf(
        "numeric_sketch",
        vec![DataType::Float64],
        Arc::new(DataType::Binary),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::new(Sketch::default()))),
        Arc::new(vec![DataType::Binary]),
    )
}

/// Finite numbers, by bucket.
#[derive(Debug, Default)]
pub struct Sketch {
    buckets: HashMap<i64, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    count: u64,
    low: f64,
    high: f64,
    /// Of the offsets from the bucket's start, in units of the last place (below 2⁴⁴).
    sum: u128,
    square_sum: u128,
}

/// Bits of a double that tell offsets within a bucket: 52 of the mantissa without the first 8.
const OFFSET_BITS: u32 = 44;
const ENCODED_BYTES: usize = 64;

impl Sketch {
    pub fn add(&mut self, number: f64) {
        self.add_times(number, 1);
    }

    /// Adds the same number several times.
    pub fn add_times(&mut self, number: f64, times: u64) {
        if times == 0 {
            return;
        }
        // −0 + 0 = 0: they are equal and must have one place.
        let number = number + 0.0;
        let place = place(number);
        let (offset, count) = ((place & ((1 << OFFSET_BITS) - 1)) as u128, u128::from(times));
        let sums = (offset * count, offset * offset * count);
        let same = Bucket { count: times, low: number, high: number, sum: sums.0, square_sum: sums.1 };
        self.merge(place >> OFFSET_BITS, same).expect("a table has fewer than 2⁴⁰ rows");
    }

    fn merge(&mut self, key: i64, other: Bucket) -> Option<()> {
        let merged = match self.buckets.get(&key) {
            None => other,
            Some(bucket) => Bucket {
                count: bucket.count.checked_add(other.count)?,
                low: bucket.low.min(other.low),
                high: bucket.high.max(other.high),
                sum: bucket.sum.checked_add(other.sum)?,
                square_sum: bucket.square_sum.checked_add(other.square_sum)?,
            },
        };
        self.buckets.insert(key, merged);
        Some(())
    }

    fn in_order(&self) -> Vec<(i64, Bucket)> {
        let mut buckets: Vec<_> = self.buckets.iter().map(|(&key, &bucket)| (key, bucket)).collect();
        buckets.sort_unstable_by_key(|&(key, _)| key);
        buckets
    }

    /// Mean and sample standard deviation, both rounded once from the exact values. There is no mean of no number and no
    /// deviation of one, and none either where it is beyond the largest double.
    pub fn mean_and_stddev(&self) -> (Option<f64>, Option<f64>) {
        // In a common unit all numbers are whole, and so are their sums: nothing cancels, overflows or vanishes.
        let unit = self.buckets.keys().map(|&key| start(key).1).min().unwrap_or(0);
        let (mut count, mut sum, mut square_sum) = (BigInt::ZERO, BigInt::ZERO, BigInt::ZERO);
        for (&key, bucket) in &self.buckets {
            let (start, exponent) = start(key);
            let (start, rows, offsets) = (BigInt::from(start), BigInt::from(bucket.count), BigInt::from(bucket.sum));
            let shift = exponent - unit;
            sum += (&start * &rows + &offsets) << shift;
            square_sum +=
                (&start * &start * &rows + (&start << 1) * offsets + BigInt::from(bucket.square_sum)) << (2 * shift);
            count += rows;
        }
        exact::mean_and_stddev(&count, &sum, &square_sum, unit)
    }

    /// The `q`-quantile, interpolated between ranks as by `percentile` in Spark and NumPy's default.
    ///
    /// Exact where a bucket holds at most two rows or one value; else off by less than 1/256 of itself.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let buckets = self.in_order();
        let count: u64 = buckets.iter().map(|(_, bucket)| bucket.count).sum();
        let rank = q * count.checked_sub(1)? as f64;
        let at = |mut rank: u64| {
            for (_, bucket) in &buckets {
                if rank < bucket.count {
                    return Some(bucket.at(rank));
                }
                rank -= bucket.count;
            }
            None
        };
        let (below, above) = (at(rank.floor() as u64)?, at(rank.ceil() as u64)?);
        let (share, apart) = (rank.fract(), above - below);
        Some(match apart.is_finite() {
            _ if below == above => below,
            true => below + apart * share,
            // They lie on both sides of zero, too far apart for a double.
            false => below * (1.0 - share) + above * share,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * ENCODED_BYTES);
        for (key, bucket) in self.in_order() {
            bytes.extend(key.to_le_bytes());
            bytes.extend(bucket.count.to_le_bytes());
            bytes.extend(bucket.low.to_le_bytes());
            bytes.extend(bucket.high.to_le_bytes());
            bytes.extend(bucket.sum.to_le_bytes());
            bytes.extend(bucket.square_sum.to_le_bytes());
        }
        bytes
    }

    /// Adds an encoded sketch to this one. `None` when the bytes are none.
    pub fn decode(&mut self, bytes: &[u8]) -> Option<()> {
        let mut chunks = bytes.chunks_exact(ENCODED_BYTES);
        for chunk in chunks.by_ref() {
            let bucket = Bucket {
                count: u64::from_le_bytes(field(chunk, 8)?),
                low: f64::from_le_bytes(field(chunk, 16)?),
                high: f64::from_le_bytes(field(chunk, 24)?),
                sum: u128::from_le_bytes(field(chunk, 32)?),
                square_sum: u128::from_le_bytes(field(chunk, 48)?),
            };
            let key = i64::from_le_bytes(field(chunk, 0)?);
            bucket.belongs_at(key).then(|| self.merge(key, bucket))??;
        }
        chunks.remainder().is_empty().then_some(())
    }
}

impl Bucket {
    /// Whether it can have come from numbers of the bucket at this key.
    fn belongs_at(&self, key: i64) -> bool {
        let is_here = |number: f64| number.is_finite() && place(number) >> OFFSET_BITS == key;
        let most = |bits: u32| u128::from(self.count) << bits;
        // With 2⁴⁰ rows the sum of squares might not fit.
        let sums_fit = self.count >> 40 == 0 && self.sum < most(OFFSET_BITS) && self.square_sum < most(2 * OFFSET_BITS);
        is_here(self.low) && is_here(self.high) && self.low <= self.high && sums_fit
    }

    /// The number at a rank within the bucket, as if they lay evenly between its ends.
    fn at(&self, rank: u64) -> f64 {
        match rank {
            0 => self.low,
            rank if rank == self.count - 1 => self.high,
            rank => self.low + (self.high - self.low) * (rank as f64 / (self.count - 1) as f64),
        }
    }
}

/// A whole number that is ordered as the doubles are (IEEE 754 §5.10), one apart for neighbours.
fn place(number: f64) -> i64 {
    let bits = number.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Where a bucket starts, as a whole number of its units in the last place, and the exponent of that unit: n · 2ᵉ.
fn start(key: i64) -> (i64, i64) {
    let place = key << OFFSET_BITS;
    let bits = place ^ (((place >> 63) as u64) >> 1) as i64;
    let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
    // Below the normal numbers there is no leading bit.
    let (size, exponent) = if exponent == 0 { (fraction, 1) } else { (fraction | 1 << 52, exponent) };
    (if bits < 0 { -size } else { size }, exponent - 1075)
}

fn field<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from + N)?.try_into().ok()
}

impl Accumulator for Sketch {
    fn update_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        values[0].as_primitive::<Float64Type>().iter().flatten().for_each(|number| self.add(number));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> EngineResult<()> {
        for bytes in states[0].as_binary::<i32>().iter().flatten() {
            self.decode(bytes).ok_or_else(|| DataFusionError::Internal("broken numeric sketch".into()))?;
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
        size_of_val(self) + self.buckets.capacity() * size_of::<(i64, Bucket)>()
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::*;

    use super::Sketch;

    fn sketch(numbers: impl IntoIterator<Item = f64>) -> Sketch {
        let mut sketch = Sketch::default();
        numbers.into_iter().for_each(|number| sketch.add(number));
        sketch
    }

    #[test]
    fn small_columns_are_exact() {
        let found = sketch([2.5, -1.0, 0.0, -0.0, 1e300, f64::MIN_POSITIVE / 8.0]);
        assert_eq!(found.quantile(0.5), Some(f64::MIN_POSITIVE / 16.0));
        assert_eq!((found.quantile(0.0001).unwrap().round(), found.quantile(1.0)), (-1.0, Some(1e300)));
        assert_eq!(sketch([1.0, 2.0, 3.0, 4.0]).quantile(0.25), Some(1.75));
        let constant = sketch([0.1; 1000]);
        assert_eq!(constant.mean_and_stddev(), (Some(0.1), Some(0.0)));
        assert_eq!(constant.quantile(0.3), Some(0.1));
        assert_eq!((sketch([]).quantile(0.5), sketch([]).mean_and_stddev()), (None, (None, None)));
        assert_eq!(sketch([-7.0]).mean_and_stddev(), (Some(-7.0), None));
    }

    #[test]
    fn close_numbers_far_from_zero_keep_their_deviation() {
        for sign in [1.0, -1.0] {
            let (mean, stddev) = sketch((0..1001).map(|i| sign * (1e9 + f64::from(i)))).mean_and_stddev();
            assert_eq!(mean, Some(sign * 1_000_000_500.0));
            assert!((stddev.unwrap() - (1001.0 * 1002.0 / 12.0_f64).sqrt()).abs() < 1e-9);
        }
    }

    #[test]
    fn the_order_of_merging_leaves_no_trace() {
        let numbers: Vec<f64> =
            (0..10_000).map(|i| (f64::from(i * 7919 % 10_007) - 3000.0).sin().exp() * 1e3).collect();
        let whole = sketch(numbers.iter().copied());
        let mut merged = Sketch::default();
        for part in numbers.chunks(777).rev() {
            merged.decode(&sketch(part.iter().rev().copied()).encode()).unwrap();
        }
        assert_eq!(merged.encode(), whole.encode());

        let mut sorted = numbers;
        sorted.sort_by(f64::total_cmp);
        for q in [0.01, 0.25, 0.5, 0.75, 0.99] {
            let exact = sorted[(q * 9999.0) as usize];
            assert!((whole.quantile(q).unwrap() / exact - 1.0).abs() < 1.0 / 256.0);
        }
    }

    #[test]
    fn moments_hold_over_the_whole_range_of_doubles() {
        for scale in [1.0, 1e300, 1e-300] {
            let (mean, stddev) = sketch([1.0, 2.0, 4.0].map(|x| x * scale)).mean_and_stddev();
            assert!((mean.unwrap() / scale - 7.0 / 3.0).abs() < 1e-15);
            assert!((stddev.unwrap() / scale - (7.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        }
        // Where a plain sum loses the one, and where two buckets meet.
        assert_eq!(sketch([1e300, -1e300, 1.0]).mean_and_stddev().0, Some(1.0 / 3.0));
        let around_one = [1.0 - f64::EPSILON, 1.0 + f64::EPSILON];
        assert_eq!(sketch(around_one).mean_and_stddev(), (Some(1.0), Some(f64::EPSILON * 2.0_f64.sqrt())));
        // The deviation would be 2.5e308.
        let ends = sketch([f64::MAX, f64::MIN]);
        assert_eq!(ends.mean_and_stddev(), (Some(0.0), None));
        assert_eq!((ends.quantile(0.5), ends.quantile(0.0)), (Some(0.0), Some(f64::MIN)));
        assert!((ends.quantile(0.25).unwrap() / f64::MIN - 0.5).abs() < 1e-15);
        assert_eq!(sketch([f64::MAX; 3]).mean_and_stddev(), (Some(f64::MAX), Some(0.0)));
    }

    /// A finite double in units of the smallest one.
    fn exactly(number: f64) -> BigInt {
        let fraction = BigInt::from(number.to_bits() & ((1 << 52) - 1));
        let exponent = (number.to_bits() >> 52) & 0x7ff;
        let size = if exponent == 0 { fraction } else { (fraction + (1_u64 << 52)) << (exponent - 1) };
        if number < 0.0 { -size } else { size }
    }

    fn any_double() -> impl Strategy<Value = f64> {
        let near = (-300..300_i32, -9.0..9.0_f64).prop_map(|(power, x)| x * 10_f64.powi(power));
        prop_oneof![near, -10.0..10.0_f64, proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL]
    }

    proptest! {
        #[test]
        fn moments_are_the_nearest_to_the_exact_ones(numbers in prop::collection::vec(any_double(), 2..40)) {
            let (mean, stddev) = sketch(numbers.iter().copied()).mean_and_stddev();
            let whole: Vec<BigInt> = numbers.iter().map(|number| exactly(*number)).collect();
            let (count, sum) = (BigInt::from(whole.len()), whole.iter().sum::<BigInt>());
            // Half the way to the neighbours: mean · 2n lies between their sums.
            let mean = mean.unwrap();
            let twice = &sum * 2;
            prop_assert!((exactly(mean) + exactly(mean.next_down().max(f64::MIN))) * &count <= twice);
            prop_assert!(twice <= (exactly(mean) + exactly(mean.next_up().min(f64::MAX))) * &count);

            let spread = &count * whole.iter().map(|x| x * x).sum::<BigInt>() - &sum * &sum;
            let pairs = &count * (&count - 1);
            let squared = |x: f64| exactly(x) * exactly(x) * &pairs;
            match stddev {
                Some(stddev) => prop_assert!(
                    squared(stddev.next_down().max(0.0)) <= spread && spread <= squared(stddev.next_up())
                ),
                None => prop_assert!(squared(f64::MAX) < spread),
            }
        }
    }

    #[test]
    fn broken_bytes_are_refused() {
        let decodes = |bytes: &[u8]| Sketch::default().decode(bytes).is_some();
        assert!(!decodes(&[0; 65]));
        let sound = sketch([1.5, 1.5005]).encode();
        assert!(decodes(&sound));
        // A key, a count, an end or a sum that no numbers give.
        for (byte, value) in [(0, 7), (8, 0), (15, 0xff), (31, 0x7f), (47, 1), (63, 1)] {
            let mut bytes = sound.clone();
            bytes[byte] = value;
            assert!(!decodes(&bytes), "byte {byte}");
        }
    }
}
