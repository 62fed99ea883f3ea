//! A number as it is written, and which types hold all of it. Decided by its digits: a double in between would have
//! lost some of them already.

/// The digits of a decimal number, and where its point stands.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a> {
    text: &'a str,
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    /// `None` when none is written.
    exponent: Option<i64>,
    /// Places of the first and the last digit that is not zero, counted over `whole` and `fraction`; `None` for zero.
    digits: Option<(usize, usize)>,
}

/// Every decimal number of so many digits survives being a double (C's `DBL_DIG`), unless it is huge or tiny.
const DOUBLE_DIGITS: usize = 15;
const DOUBLE_MAGNITUDE: i64 = 300;

impl<'a> Number<'a> {
    /// `[+-]digits[.digits][e[+-]digits]`, where digits may be missing on one side of the point; `None` for other text.
    pub fn parse(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(parse_exponent(exponent)?)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let bytes = || whole.bytes().chain(fraction.bytes());
        let length = whole.len() + fraction.len();
        if length == 0 || !bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let leading = bytes().take_while(|digit| *digit == b'0').count();
        let trailing = bytes().rev().take_while(|digit| *digit == b'0').count();
        let digits = (leading < length).then(|| (leading, length - trailing - 1));
        Some(Number { text, negative: text.starts_with('-'), whole, fraction, exponent, digits })
    }

    /// Whether it is written as an integer, without point and exponent.
    pub fn is_whole(&self) -> bool {
        self.exponent.is_none() && self.fraction.is_empty() && !self.text.ends_with('.')
    }

    pub fn has_exponent(&self) -> bool {
        self.exponent.is_some()
    }

    /// How many digits it takes before the point, and after it.
    pub fn places(&self) -> (u64, u64) {
        let Some((_, last)) = self.digits else { return (0, 0) };
        let fraction = (last as i64 + 1).saturating_sub(self.whole.len() as i64).saturating_sub(self.shift());
        (self.magnitude().max(0) as u64, fraction.max(0) as u64)
    }

    /// Whether a `decimal(precision,scale)` is exactly this number.
    pub fn fits_decimal(&self, precision: u8, scale: i8) -> bool {
        let (whole, fraction) = self.places();
        let scale = u64::from(scale.unsigned_abs());
        fraction <= scale && whole <= u64::from(precision).saturating_sub(scale)
    }

    /// Whether a double gives all of its digits back when it is written in the shortest way.
    pub fn survives_as_double(&self) -> bool {
        let Some((first, last)) = self.digits else { return true };
        if last - first < DOUBLE_DIGITS && self.magnitude().abs() < DOUBLE_MAGNITUDE {
            return true;
        }
        let Some(value) = self.text.parse::<f64>().ok().filter(|value| value.is_finite()) else { return false };
        let shortest = format!("{value:e}");
        Number::parse(&shortest).is_some_and(|back| {
            self.negative == back.negative
                && self.magnitude() == back.magnitude()
                && self.significant().eq(back.significant())
        })
    }

    /// By how many places the exponent moves the point to the right.
    fn shift(&self) -> i64 {
        self.exponent.unwrap_or_default()
    }

    /// How many places the first digit stands before the point; zero or less if it stands behind it.
    fn magnitude(&self) -> i64 {
        let first = self.digits.map_or(0, |(first, _)| first);
        (self.whole.len() as i64 - first as i64).saturating_add(self.shift())
    }

    fn significant(&self) -> impl Iterator<Item = u8> {
        let (first, last) = self.digits.map_or((0, 0), |(first, last)| (first, last + 1));
        self.whole.bytes().chain(self.fraction.bytes()).skip(first).take(last - first)
    }
}

/// An exponent that no type can hold becomes one that none can hold either.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number<'_> {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn decimals_fit_exactly_or_not() {
        for fits in ["12.30", "-0.05", "99999999.99", "7", "0", "+1.000", "1e3", "0.1e-1", ".5", "5.", "0e999999999999"]
        {
            assert!(number(fits).fits_decimal(10, 2), "{fits}");
        }
        for misfits in ["1.005", "100000000", "1e8", "0.1e-2", "1e99999999999999999999"] {
            assert!(!number(misfits).fits_decimal(10, 2), "{misfits}");
        }
        for text in ["n/a", "", ".", "-", "inf", "1e", "e5", "1.2.3", "0x1", "1_000", " 1", "1e+-2"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn doubles_hold_what_they_give_back() {
        for survives in ["0.1", "-0", "1e300", "0.30000000000000004", "9007199254740992", "1e23", "123456789012345"] {
            assert!(number(survives).survives_as_double(), "{survives}");
        }
        for lost in ["9007199254740993", "12345678901234567890.75", "1e400", "1e-400", "0.1234567890123456789"] {
            assert!(!number(lost).survives_as_double(), "{lost}");
        }
    }

    proptest! {
        #[test]
        fn the_digits_of_a_double_survive(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            for text in [format!("{value}"), format!("{value:e}")] {
                prop_assert!(number(&text).survives_as_double(), "{}", text);
            }
        }

        #[test]
        fn an_integer_fits_as_many_digits_as_it_has(value in 1_i128..=10_i128.pow(38) - 1, zeros in 0_usize..4) {
            let text = format!("{}{value}.{}", "0".repeat(zeros), "0".repeat(zeros));
            let digits = value.to_string().len() as u8;
            prop_assert!(number(&text).fits_decimal(digits, 0));
            prop_assert!(!number(&text).fits_decimal(digits - 1, 0));
            prop_assert_eq!(number(&text).survives_as_double(), (value as f64) as i128 == value
                || format!("{}", value as f64) == value.to_string());
        }
    }
}
