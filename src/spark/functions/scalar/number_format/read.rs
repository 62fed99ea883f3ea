//! A text as the number that it is in a format.

use super::pattern::{DigitMark, NumberMark, NumberPattern};

/// The number times ten to the power of the format's fraction; `None` where the text is not as the format says.
pub fn number(text: &str, pattern: &NumberPattern) -> Option<i128> {
    let chars: Vec<char> = text.chars().collect();
    let mut reading = NumberReading { left: &chars, is_fraction: false, whole: String::new(), fraction: String::new() };
    let (mut is_negative, mut is_open) = (false, false);
    for mark in &pattern.marks {
        // At the end of the text whatever is left of the format may be missing, but for digits.
        match mark {
            NumberMark::Digits(digits) => reading.digits(digits)?,
            NumberMark::Point => reading.is_fraction |= reading.takes('.'),
            NumberMark::Dollar if !reading.left.is_empty() && !reading.takes('$') => return None,
            NumberMark::Dollar => {}
            NumberMark::Sign => is_negative ^= !reading.takes('+') && reading.takes('-'),
            NumberMark::Minus => is_negative ^= reading.takes('-'),
            NumberMark::Open => is_open = reading.takes('<'),
            NumberMark::Close => {
                let is_closed = reading.takes('>');
                if is_closed != is_open {
                    return None;
                }
                is_negative ^= is_closed;
            }
        }
    }
    let digits = format!("{}{:0<width$}", reading.whole, reading.fraction, width = pattern.fraction);
    let is_number = reading.left.is_empty() && !(reading.whole.is_empty() && reading.fraction.is_empty());
    let number: i128 = digits.parse().ok().filter(|_| is_number)?;
    Some(if is_negative { -number } else { number })
}

struct NumberReading<'a> {
    left: &'a [char],
    is_fraction: bool,
    whole: String,
    fraction: String,
}

impl NumberReading<'_> {
    fn takes(&mut self, wanted: char) -> bool {
        match self.left.split_first() {
            Some((found, rest)) if *found == wanted => {
                self.left = rest;
                true
            }
            _ => false,
        }
    }

    /// As many as there are, with commas and blanks among them; `None` where the format has other groups. Groups count from
    /// the right, so that those in front may be missing.
    fn digits(&mut self, expected: &[DigitMark]) -> Option<()> {
        let (mut groups, mut count) = (vec![], 0);
        while let Some((c, rest)) = self.left.split_first() {
            match c {
                c if c.is_whitespace() => {}
                c if c.is_ascii_digit() => {
                    count += 1;
                    if self.is_fraction { &mut self.fraction } else { &mut self.whole }.push(*c);
                }
                ',' => groups.push(std::mem::take(&mut count)),
                _ => break,
            }
            self.left = rest;
        }
        groups.push(count);
        let expected = expected.iter().rev().filter(|mark| **mark != DigitMark::Comma);
        let mut found = groups.into_iter().rev();
        let fits = expected.into_iter().all(|expected| match (expected, found.next().unwrap_or(0)) {
            (DigitMark::Exactly(digits), found) => found == *digits,
            (expected, found) => found <= expected.digits(),
        });
        // More commas than the format has.
        (fits && found.next().is_none()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_in_the_format() {
        // Asked of PySpark 4.3: `try_to_number(text, format)`.
        for (text, format, expected) in [
            ("454", "999", Some(454)),
            ("45", "999", Some(45)),
            ("45", "000", None),
            ("4545", "999", None),
            ("1,234.5", "9,999.9", Some(12345)),
            ("1234.5", "9,999.9", None),
            ("12.3", "99.99", Some(1230)),
            ("12", "99.99", Some(1200)),
            ("$78.12", "$99.99", Some(7812)),
            ("78.12", "$99.99", None),
            ("-12", "S99", Some(-12)),
            ("12-", "99S", Some(-12)),
            ("12-", "99MI", Some(-12)),
            ("<12>", "99PR", Some(-12)),
            ("<12", "99PR", None),
            ("", "99", None),
        ] {
            assert_eq!(number(text, &NumberPattern::parse(format).unwrap()), expected, "{text} {format}");
        }
    }
}
