//! Numbers as they are mostly written, read quickly. What is written in any other way is `None` here, and left to those who
//! know all the ways.

use arrow::array::{Array, ArrowPrimitiveType, PrimitiveArray, StringArray};

/// As many digits as an `i64` holds, whatever they are.
const MOST_DIGITS: usize = 18;

/// Powers of ten.
const POWERS: [i64; MOST_DIGITS + 1] = {
    let mut powers = [1; MOST_DIGITS + 1];
    let mut at = 1;
    while at <= MOST_DIGITS {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// `42`, `-7`: up to 18 digits.
pub fn whole(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = signed(text);
    if digits.is_empty() || digits.len() > MOST_DIGITS {
        return None;
    }
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if is_negative { -value } else { value })
}

/// `12`, `-12.50`: up to 18 digits, of which no more stand behind the point than the scale has: the value times ten to the power of the
/// scale, if the precision has room for it.
pub fn decimal(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let (is_negative, digits) = signed(text);
    // With a point between them there is one more.
    if digits.len() > MOST_DIGITS + 1 || !digits.first()?.is_ascii_digit() || !digits.last()?.is_ascii_digit() {
        return None;
    }
    let (mut value, mut point) = (0_i64, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => value = value.wrapping_mul(10).wrapping_add(i64::from(digit)),
            _ if *byte == b'.' && point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let fraction = point.map_or(0, |at| digits.len() - at - 1);
    if point.is_none() && digits.len() > MOST_DIGITS {
        return None;
    }
    let missing = usize::try_from(scale).ok()?.checked_sub(fraction)?;
    let value = i128::from(value) * i128::from(*POWERS.get(missing)?);
    let fits = value < 10_i128.checked_pow(u32::from(precision))?;
    fits.then_some(if is_negative { -value } else { value })
}

/// A column, unless a single one of its values is written in another way.
pub fn column<T: ArrowPrimitiveType>(
    texts: &StringArray,
    read: impl Fn(&[u8]) -> Option<T::Native>,
) -> Option<PrimitiveArray<T>> {
    let (offsets, bytes) = (texts.value_offsets(), texts.value_data());
    let mut values = Vec::with_capacity(texts.len());
    for (row, ends) in offsets.windows(2).enumerate() {
        match read(&bytes[ends[0] as usize..ends[1] as usize]) {
            Some(value) => values.push(value),
            None if texts.is_null(row) => values.push(T::Native::default()),
            None => return None,
        }
    }
    Some(PrimitiveArray::new(values.into(), texts.nulls().cloned()))
}

fn signed(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;

    use super::super::numbers::{self, ReadDecimal};
    use super::*;

    #[test]
    fn what_is_mostly_written_is_read_here() {
        assert_eq!(whole(b"-7"), Some(-7));
        assert_eq!(whole(b"999999999999999999"), Some(999_999_999_999_999_999));
        assert_eq!(decimal(b"12", 5, 2), Some(1200));
        assert_eq!(decimal(b"-12.5", 5, 2), Some(-1250));
        assert_eq!(decimal(b"999.99", 5, 2), Some(99_999));
        assert_eq!(decimal(b"0.00", 5, 2), Some(0));
        assert_eq!(decimal(b"1", 38, 18), Some(10_i128.pow(18)));
        for other in
            ["", "-", " 1", "+1", "1.", ".5", "1e3", "1_0", "1.2.3", "1000", "1.234", "12345678901234567.890", "é"]
        {
            assert_eq!(decimal(other.as_bytes(), 5, 2), None, "{other}");
        }
        for other in ["", "-", "+1", "1.0", "1000000000000000000", "1 "] {
            assert_eq!(whole(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_column_keeps_its_nulls_and_is_none_with_one_other_value() {
        let texts = StringArray::from(vec![Some("1"), None, Some("-3")]);
        let read = column::<Int64Type>(&texts, whole).unwrap();
        assert_eq!(read.iter().collect::<Vec<_>>(), [Some(1), None, Some(-3)]);
        assert_eq!(
            column::<Int64Type>(&texts.slice(1, 2), whole).unwrap().iter().collect::<Vec<_>>(),
            [None, Some(-3)]
        );
        assert!(column::<Int64Type>(&StringArray::from(vec!["1", " 2"]), whole).is_none());
    }

    proptest! {
        /// By those who know all the ways, with this one set aside.
        #[test]
        fn it_is_what_it_is_by_the_long_way(
            text in "[-+ ]?[0-9]{0,20}[.e]?[0-9]{0,6}", precision in 1_u8..=38, scale in 0_i8..=38,
        ) {
            prop_assume!(i16::from(scale) <= i16::from(precision));
            if let Some(value) = decimal(text.as_bytes(), precision, scale) {
                prop_assert_eq!(numbers::any_decimal(text.as_bytes(), precision, scale), ReadDecimal::Fits(value));
            }
            if let Some(value) = whole(text.as_bytes()) {
                prop_assert_eq!(numbers::any_whole(text.as_bytes(), false), Some(value));
            }
        }
    }
}
