//! A number as a text in a format. Where it has more digits than the format, these are `#`.

use super::pattern::{DigitMark, NumberMark, NumberPattern};
use crate::spark::text::numbers;

pub fn text(unscaled: i128, scale: i8, pattern: &NumberPattern) -> String {
    let is_negative = unscaled < 0;
    let (whole, fraction) = digits(unscaled, scale, pattern);
    let (mut whole, mut fraction) = (whole.chars(), fraction.chars());
    let mut text: Vec<char> = vec![];
    let mut is_fraction = false;
    for mark in &pattern.marks {
        match mark {
            NumberMark::Digits(_) if is_fraction => text.extend(fraction.by_ref()),
            NumberMark::Digits(digits) => push_digits(&mut text, digits, &mut whole),
            NumberMark::Point => {
                // A blank before it stands for no digit at all.
                if let Some(last @ ' ') = text.last_mut() {
                    *last = '0';
                }
                text.push('.');
                is_fraction = true;
            }
            NumberMark::Dollar => text.push('$'),
            NumberMark::Sign => push_sign(&mut text, if is_negative { '-' } else { '+' }),
            NumberMark::Minus if is_negative => push_sign(&mut text, '-'),
            NumberMark::Minus => text.push(' '),
            NumberMark::Open if is_negative => text.push('<'),
            NumberMark::Open => {}
            NumberMark::Close if is_negative => push_sign(&mut text, '>'),
            NumberMark::Close => {
                blank_lone_point(&mut text);
                text.extend([' ', ' ']);
            }
        }
    }
    blank_lone_point(&mut text);
    match text.as_slice() {
        [] | ['+' | '-'] => "0".to_string(),
        _ => text.into_iter().collect(),
    }
}

/// Those before the point behind blanks, and those behind it before zeros: as many as the format has.
fn digits(unscaled: i128, scale: i8, pattern: &NumberPattern) -> (String, String) {
    let mut plain = String::new();
    numbers::write_plain(&mut plain, unscaled, scale);
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let (whole, fraction) = (whole.trim_start_matches(['-', '0']), fraction.trim_end_matches('0'));
    if whole.len() > pattern.whole || fraction.len() > pattern.fraction {
        return ("#".repeat(pattern.whole), "#".repeat(pattern.fraction));
    }
    (format!("{whole: >width$}", width = pattern.whole), format!("{fraction:0<width$}", width = pattern.fraction))
}

fn push_digits(text: &mut Vec<char>, marks: &[DigitMark], whole: &mut std::str::Chars<'_>) {
    for mark in marks {
        match mark {
            DigitMark::Comma if text.last().is_some_and(char::is_ascii_digit) => text.push(','),
            DigitMark::Comma => push_blank(text),
            DigitMark::Exactly(count) => {
                text.extend(whole.by_ref().take(*count).map(|c| if c == ' ' { '0' } else { c }));
            }
            DigitMark::AtMost(count) => {
                for c in whole.by_ref().take(*count) {
                    if c == ' ' { push_blank(text) } else { text.push(c) }
                }
            }
        }
    }
}

/// A sign stands close to its number.
fn push_sign(text: &mut Vec<char>, sign: char) {
    blank_lone_point(text);
    let blanks = text.iter().rev().take_while(|c| **c == ' ').count();
    text.insert(text.len() - blanks, sign);
}

/// Before a sign that stands in front.
fn push_blank(text: &mut Vec<char>) {
    let signs = text.iter().rev().take_while(|c| matches!(c, '+' | '-' | '<')).count();
    text.insert(text.len() - signs, ' ');
}

/// A point with no digit behind it is none.
fn blank_lone_point(text: &mut [char]) {
    if let Some(point) = text.iter().position(|c| *c == '.')
        && text.get(point + 1).is_none_or(|next| *next == ' ')
    {
        text[point] = ' ';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_as_the_format_says() {
        // Asked of PySpark 4.3: `to_char(number, format)`.
        for (unscaled, scale, format, expected) in [
            (125, 2, "99999999.99", "       1.25"),
            (0, 2, "S99999999.99", "        +.00"),
            (-125, 2, "S99999999.99", "       -1.25"),
            (1, 0, "9,999,999", "        1"),
            (1_234_567, 0, "$9999999", "$1234567"),
            (12, 0, "00000", "00012"),
            (12_345_678, 0, "9,999", "# ###"),
        ] {
            assert_eq!(text(unscaled, scale, &NumberPattern::parse(format).unwrap()), expected, "{format}");
        }
    }
}
