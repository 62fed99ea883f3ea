//! Quotients of whole numbers of any size as doubles, rounded once: statistics that hold over the whole range of a double.

use num_bigint::{BigInt, BigUint, Sign};

/// The exponent of the smallest double.
const LEAST: i64 = -1074;

/// Mean and sample standard deviation of so many numbers by their sum, in units of 2^unit, and that of their squares, in units
/// of 2^(2·unit). There is no mean of no number and no deviation of one, and none either beyond the largest double.
pub fn mean_and_stddev(count: &BigInt, sum: &BigInt, square_sum: &BigInt, unit: i64) -> (Option<f64>, Option<f64>) {
    let spread: BigInt = count * square_sum - sum * sum;
    let pairs: BigInt = count * (count - 1);
    let mean = (*count > BigInt::ZERO).then(|| {
        let size = quotient(sum.magnitude(), count.magnitude(), unit);
        if sum.sign() == Sign::Minus { -size } else { size }
    });
    let stddev = (pairs > BigInt::ZERO).then(|| root_of_quotient(spread.magnitude(), pairs.magnitude(), unit));
    (mean, stddev.filter(|stddev| stddev.is_finite()))
}

/// numerator / denominator · 2^exponent, as the nearest double; infinite beyond the largest.
fn quotient(numerator: &BigUint, denominator: &BigUint, exponent: i64) -> f64 {
    let (whole, shift) = shifted_quotient(numerator, denominator, 66);
    nearest(&whole, exponent - shift)
}

/// √(numerator / denominator) · 2^exponent, as the nearest double; infinite beyond the largest.
fn root_of_quotient(numerator: &BigUint, denominator: &BigUint, exponent: i64) -> f64 {
    let (whole, shift) = shifted_quotient(numerator, denominator, 132);
    let root = whole.sqrt();
    let is_whole = &root * &root == whole;
    nearest(&marked(root, !is_whole), exponent - shift / 2)
}

/// The quotient times 2^shift, cut to a whole number of at least so many bits, unless it is 0; the shift is even.
fn shifted_quotient(numerator: &BigUint, denominator: &BigUint, bits: i64) -> (BigUint, i64) {
    let missing = (bits + denominator.bits() as i64 - numerator.bits() as i64).max(0);
    let shift = missing + missing % 2;
    let dividend = numerator << shift;
    let whole = &dividend / denominator;
    let is_whole = &whole * denominator == dividend;
    (marked(whole, !is_whole), shift)
}

/// A bit far below what a double takes says that something was cut off: what remains is no tie.
fn marked(mut whole: BigUint, was_cut: bool) -> BigUint {
    if was_cut {
        whole.set_bit(0, true);
    }
    whole
}

/// whole · 2^exponent, rounded half to even. `whole` is 0 or has more bits than a double takes.
fn nearest(whole: &BigUint, exponent: i64) -> f64 {
    if *whole == BigUint::ZERO {
        return 0.0;
    }
    let last = (whole.bits() as i64 - 53 + exponent).max(LEAST);
    let cut = last - exponent;
    let mut kept = whole >> cut;
    let (rest, half) = (whole - (&kept << cut), BigUint::from(1_u8) << (cut - 1));
    if rest > half || (rest == half && kept.bit(0)) {
        kept += 1_u8;
    }
    // Beyond all doubles it is of no matter how far.
    let last = last.min(1100);
    let kept = u64::try_from(&kept).expect("it was cut to 53 bits") as f64;
    // 2^last itself may be no double. A product is exact as long as it is a normal number, and the last one is rounded to
    // what it is already.
    let half = last / 2;
    kept * f64::powi(2.0, half as i32) * f64::powi(2.0, (last - half) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(number: u128) -> BigUint {
        BigUint::from(number)
    }

    #[test]
    fn quotients_are_the_nearest_doubles() {
        assert_eq!(quotient(&whole(1), &whole(3), 0), 1.0 / 3.0);
        assert_eq!(quotient(&whole(10), &whole(4), 0), 2.5);
        assert_eq!(quotient(&whole(0), &whole(4), 900), 0.0);
        // A tie goes to the even neighbour, and what is just beyond it does not.
        assert_eq!(quotient(&whole((1 << 54) + 2), &whole(2), 0), 9_007_199_254_740_992.0);
        assert_eq!(quotient(&whole((1 << 64) + (1 << 11) + 1), &whole(1), 0), f64::from_bits(1087 << 52 | 1));
    }

    #[test]
    fn the_ends_of_the_doubles_are_reached() {
        assert_eq!(quotient(&whole(1), &whole(1), -1074), f64::from_bits(1));
        assert_eq!(quotient(&whole(1), &whole(2), -1074), 0.0);
        assert_eq!(quotient(&whole(3), &whole(4), -1074), f64::from_bits(1));
        assert_eq!(quotient(&whole((1 << 53) - 1), &whole(1), 971), f64::MAX);
        assert_eq!(quotient(&whole(1), &whole(1), 1024), f64::INFINITY);
        assert_eq!(root_of_quotient(&whole(2), &whole(1), 0), 2.0_f64.sqrt());
        assert_eq!(root_of_quotient(&whole(16), &whole(1), -1074), f64::from_bits(4));
    }
}
