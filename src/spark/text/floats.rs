//! Doubles and floats in Java's text: `1.0E7`, `0.001`, `1.0E-4`, `NaN`, `-Infinity`.
//!
//! The digits are the fewest that read back as the same number, as `Double.toString` has them from Java 19 on
//! (<https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/Double.html#toString(double)>); older ones
//! sometimes write one more.

use std::fmt::{LowerExp, Write};
use std::str::FromStr;

/// What there is to know of a kind of floating-point numbers.
pub trait Float: Copy + PartialEq + PartialOrd + FromStr + LowerExp + std::fmt::Display {
    fn is_nan(self) -> bool;
    fn to_double(self) -> f64;
}

impl Float for f64 {
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }

    fn to_double(self) -> f64 {
        self
    }
}

impl Float for f32 {
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }

    fn to_double(self) -> f64 {
        f64::from(self)
    }
}

pub fn write<T: Float>(text: &mut String, value: T) {
    let double = value.to_double();
    if value.is_nan() {
        text.push_str("NaN");
        return;
    }
    if double.is_infinite() {
        text.push_str(if double > 0.0 { "Infinity" } else { "-Infinity" });
        return;
    }
    let start = text.len();
    if double == 0.0 || (1e-3..1e7).contains(&double.abs()) {
        let _ = write!(text, "{value}");
        if !text[start..].contains('.') {
            text.push_str(".0");
        }
        return;
    }
    let _ = write!(text, "{value:e}");
    if !text[start..].contains('.') {
        // At least two digits; of those with two the nearest: the least of all is 4.9E-324, not 5.0E-324.
        let two = format!("{value:.1e}");
        if two.parse().is_ok_and(|read: T| read == value) {
            text.truncate(start);
            text.push_str(&two);
        }
    }
    let exponent = text[start..].find('e').map_or(text.len(), |at| start + at);
    text.replace_range(exponent..=exponent, "E");
}

/// Reads what `java.lang.Double.parseDouble` reads, but for hexadecimals, and `inf` and `nan` in any letter case.
pub fn read<T: Float>(text: &str) -> Option<T> {
    let text = text.trim_matches(|c: char| c <= ' ');
    // `1.5f` and `1d` are numbers.
    let digits = match text.as_bytes() {
        [.., before, b'f' | b'F' | b'd' | b'D'] if before.is_ascii_digit() || *before == b'.' => {
            &text[..text.len() - 1]
        }
        _ => text,
    };
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if digits.bytes().all(is_plain) {
        return digits.parse().ok();
    }
    let special = |double: &str| double.parse().ok();
    match text.to_ascii_lowercase().as_str() {
        "inf" | "+inf" | "infinity" | "+infinity" => special("inf"),
        "-inf" | "-infinity" => special("-inf"),
        "nan" => special("nan"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: impl Float) -> String {
        let mut text = String::new();
        write(&mut text, value);
        text
    }

    #[test]
    fn numbers_are_written_as_java_does() {
        // Asked of PySpark 4.3: `CAST(x AS string)`.
        let doubles = [
            (1.0e7, "1.0E7"),
            (1.0e6, "1000000.0"),
            (9_999_999.0, "9999999.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (-0.0, "-0.0"),
            (123_456_789.125, "1.23456789125E8"),
            (5e-324, "4.9E-324"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (100.0, "100.0"),
            (-1.5e-10, "-1.5E-10"),
        ];
        for (value, expected) in doubles {
            assert_eq!(text(value), expected);
        }
        for (value, expected) in
            [(1.1_f32, "1.1"), (1e10, "1.0E10"), (16_777_216.0, "1.6777216E7"), (1.4e-45, "1.4E-45")]
        {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for (read_as, number) in [("1.", Some(1.0)), (".5", Some(0.5)), (" 1e3d ", Some(1e3)), ("1.5F", Some(1.5))] {
            assert_eq!(read::<f64>(read_as), number, "{read_as}");
        }
        for nothing in ["", ".", "e", "1e", "0x1F", "1_0", "1 0", "infd", "f", "+", "1dd"] {
            assert_eq!(read::<f64>(nothing), None, "{nothing}");
        }
        assert!(read::<f64>("-INF").unwrap().is_infinite() && read::<f32>("NaN").unwrap().is_nan());
        assert!(read::<f32>("1e39").unwrap().is_infinite());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assert!(value.is_nan() || read::<f64>(&text(value)) == Some(value));
            let value = f32::from_bits(bits as u32);
            prop_assert!(value.is_nan() || read::<f32>(&text(value)) == Some(value));
        }
    }
}
