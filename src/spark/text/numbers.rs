//! Whole numbers, decimals and truth values, as texts and from texts.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#cast>

use std::fmt::Write;

use super::{plain, trimmed};

/// A whole number: digits with a sign. `1.7` is none, unless its fraction may be cut off.
pub fn whole(text: &[u8], cuts_fraction: bool) -> Option<i64> {
    plain::whole(text).or_else(|| any_whole(text, cuts_fraction))
}

pub(super) fn any_whole(text: &[u8], cuts_fraction: bool) -> Option<i64> {
    let text = trimmed(text);
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let point = digits.iter().position(|byte| *byte == b'.');
    let (digits, fraction) = match point {
        Some(at) if cuts_fraction => (&digits[..at], &digits[at + 1..]),
        _ => (digits, &[] as &[u8]),
    };
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Downwards, as the least has no counterpart.
    let mut value = 0_i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_sub(i64::from(byte - b'0'))?;
    }
    if is_negative { Some(value) } else { value.checked_neg() }
}

/// `t`, `true`, `y`, `yes` and `1`, and their opposites, in any letter case.
pub fn truth(text: &[u8]) -> Option<bool> {
    let is = |word: &&str| trimmed(text).eq_ignore_ascii_case(word.as_bytes());
    if ["t", "true", "y", "yes", "1"].iter().any(is) {
        return Some(true);
    }
    ["f", "false", "n", "no", "0"].iter().any(is).then_some(false)
}

/// What a text is as a decimal.
#[derive(Debug, PartialEq)]
pub enum ReadDecimal {
    /// The value times ten to the power of its scale, rounded half up.
    Fits(i128),
    /// It has more digits than its precision.
    TooLarge,
    /// It has more digits before the point than any decimal has.
    BeyondAll,
    NoNumber,
}

/// As `java.math.BigDecimal` reads it, of a precision and a scale.
pub fn decimal(text: &[u8], precision: u8, scale: i8) -> ReadDecimal {
    plain::decimal(text, precision, scale).map_or_else(|| any_decimal(text, precision, scale), ReadDecimal::Fits)
}

pub(super) fn any_decimal(text: &[u8], precision: u8, scale: i8) -> ReadDecimal {
    let is_blank = |byte: &u8| *byte <= b' ';
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    let text = &text[start..end];
    if text.is_ascii() {
        return NumberParts::of(text).map_or(ReadDecimal::NoNumber, |parts| parts.rounded(precision, scale));
    }
    let text = plain_digits(text);
    NumberParts::of(&text).map_or(ReadDecimal::NoNumber, |parts| parts.rounded(precision, scale))
}

/// The zeros of scripts that have ten digits of their own, which Java's `BigDecimal` reads.
const ZEROS: [u32; 20] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x17E0, 0x1810, 0xFF10,
];

fn plain_digits(text: &[u8]) -> Vec<u8> {
    let plain = |c: char| {
        let digit = ZEROS.iter().find_map(|zero| (u32::from(c).wrapping_sub(*zero) < 10).then(|| u32::from(c) - zero));
        digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
    };
    String::from_utf8_lossy(text).chars().map(plain).collect::<String>().into_bytes()
}

/// `sign digits e exponent`, without the point.
struct NumberParts<'a> {
    is_negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> NumberParts<'a> {
    fn of(text: &'a [u8]) -> Option<Self> {
        let (is_negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let (digits, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            None => (text, 0),
            Some(at) => {
                let (sign, digits) = match &text[at + 1..] {
                    [b'-', digits @ ..] => (-1, digits),
                    [b'+', digits @ ..] => (1, digits),
                    digits => (1, digits),
                };
                if digits.is_empty() || digits.len() > 10 || !digits.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                let exponent = digits.iter().fold(0_i64, |all, byte| all * 10 + i64::from(byte - b'0'));
                // Java keeps it as an int.
                if exponent > i64::from(i32::MAX) {
                    return None;
                }
                (&text[..at], sign * exponent)
            }
        };
        let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
            Some(at) => (&digits[..at], &digits[at + 1..]),
            None => (digits, &[] as &[u8]),
        };
        let is_number = whole.len() + fraction.len() > 0 && whole.iter().chain(fraction).all(u8::is_ascii_digit);
        is_number.then_some(NumberParts { is_negative, whole, fraction, exponent })
    }

    fn rounded(&self, precision: u8, scale: i8) -> ReadDecimal {
        let digits = || self.whole.iter().chain(self.fraction).map(|byte| byte - b'0');
        let zeros = digits().take_while(|digit| *digit == 0).count();
        let total = self.whole.len() + self.fraction.len();
        if zeros == total {
            return ReadDecimal::Fits(0);
        }
        // How many digits stand before the point, without leading zeros; negative for zeros behind it.
        let before_point = self.whole.len() as i64 + self.exponent - zeros as i64;
        if before_point > 38 {
            return ReadDecimal::BeyondAll;
        }
        // How many digits are kept, of those that are significant.
        let kept = before_point + i64::from(scale);
        let mut value = 0_i128;
        let mut significant = digits().skip(zeros);
        if kept < 0 {
            return ReadDecimal::Fits(0);
        }
        for _ in 0..kept {
            let digit = significant.next().unwrap_or(0);
            value = match value.checked_mul(10).and_then(|value| value.checked_add(i128::from(digit))) {
                Some(value) => value,
                None => return ReadDecimal::TooLarge,
            };
        }
        if significant.next().is_some_and(|digit| digit >= 5) {
            value += 1;
        }
        if value >= 10_i128.pow(u32::from(precision)) {
            return ReadDecimal::TooLarge;
        }
        ReadDecimal::Fits(if self.is_negative { -value } else { value })
    }
}

/// All digits: `0.00000001`.
pub fn write_plain(text: &mut String, value: i128, scale: i8) {
    if value < 0 {
        text.push('-');
    }
    let digits = value.unsigned_abs();
    if scale <= 0 {
        let _ = write!(text, "{digits}");
        if digits != 0 {
            (scale..0).for_each(|_| text.push('0'));
        }
        return;
    }
    let one = 10_u128.pow(u32::from(scale.unsigned_abs()));
    let _ = write!(text, "{}.{:0width$}", digits / one, digits % one, width = usize::from(scale.unsigned_abs()));
}

/// As `java.math.BigDecimal.toString` has it: `1E-8`, but `0.000001`.
pub fn write_java(text: &mut String, value: i128, scale: i8) {
    let digits = value.unsigned_abs().to_string();
    let exponent = digits.len() as i64 - 1 - i64::from(scale);
    if scale >= 0 && exponent >= -6 {
        return write_plain(text, value, scale);
    }
    if value < 0 {
        text.push('-');
    }
    let (first, rest) = digits.split_at(1);
    text.push_str(first);
    if !rest.is_empty() {
        text.push('.');
        text.push_str(rest);
    }
    let _ = write!(text, "E{exponent:+}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_are_digits_with_a_sign() {
        for (text, value) in [("+5", 5), (" -7\t", -7), ("-9223372036854775808", i64::MIN), ("007", 7), ("-0", 0)] {
            assert_eq!(whole(text.as_bytes(), false), Some(value), "{text}");
        }
        for text in ["", "+", "-", "1e3", "5.7", "5.", ".5", ".", "9223372036854775808", "1_0", "1L", "0x1", "+-1"] {
            assert_eq!(whole(text.as_bytes(), false), None, "{text}");
        }
        for (text, value) in [("5.7", Some(5)), ("5.", Some(5)), (".5", Some(0)), (".", Some(0)), ("5.a", None)] {
            assert_eq!(whole(text.as_bytes(), true), value, "{text}");
        }
    }

    #[test]
    fn decimals_are_rounded_half_up() {
        use ReadDecimal::*;
        let cases = [
            ("1.255", Fits(126)),
            ("-1.255", Fits(-126)),
            ("1e2", Fits(10_000)),
            ("1234.5", TooLarge),
            ("999.995", TooLarge),
            ("1e-50", Fits(0)),
            ("0.005", Fits(1)),
            ("0.0049", Fits(0)),
            ("1e50", BeyondAll),
            ("0e1000000000", Fits(0)),
            (" +1.5 ", Fits(150)),
            (".5", Fits(50)),
            ("5.", Fits(500)),
            ("1.5e", NoNumber),
            ("", NoNumber),
            (".", NoNumber),
            ("NaN", NoNumber),
            ("1e99999999999", NoNumber),
            ("1.2.3", NoNumber),
        ];
        for (text, expected) in cases {
            assert_eq!(decimal(text.as_bytes(), 5, 2), expected, "{text}");
        }
        let nines = "9".repeat(38);
        assert_eq!(decimal(nines.as_bytes(), 38, 0), Fits(10_i128.pow(38) - 1));
        assert_eq!(decimal(format!("{nines}.5").as_bytes(), 38, 0), TooLarge);
    }

    #[test]
    fn decimals_are_written_whole_or_as_java_does() {
        // Asked of PySpark 4.3 in both modes.
        for (value, scale, plain, java) in [
            (0, 8, "0.00000000", "0E-8"),
            (1000, 10, "0.0000001000", "1.000E-7"),
            (1, 6, "0.000001", "0.000001"),
            (12, 8, "0.00000012", "1.2E-7"),
            (-150, 2, "-1.50", "-1.50"),
            (7, 0, "7", "7"),
            (-5, 3, "-0.005", "-0.005"),
        ] {
            let (mut whole, mut short) = (String::new(), String::new());
            write_plain(&mut whole, value, scale);
            write_java(&mut short, value, scale);
            assert_eq!((whole.as_str(), short.as_str()), (plain, java));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in -(10_i128.pow(38) - 1)..10_i128.pow(38), scale in 0_i8..38) {
            let (mut plain, mut java) = (String::new(), String::new());
            write_plain(&mut plain, value, scale);
            write_java(&mut java, value, scale);
            prop_assert_eq!(decimal(plain.as_bytes(), 38, scale), ReadDecimal::Fits(value));
            prop_assert_eq!(decimal(java.as_bytes(), 38, scale), ReadDecimal::Fits(value));
        }
    }
}
