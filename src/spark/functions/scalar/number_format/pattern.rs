//! A number format, read: `S$9,999.00` as a list of marks in the one order that there is.

use datafusion::common::{DataFusionError, Result};

use crate::spark::functions::scalar::row::fault;

/// The most digits that a decimal has.
const MOST_DIGITS: usize = 38;

/// A part of a format.
#[derive(Debug, Clone, PartialEq)]
pub enum NumberMark {
    /// Digits, perhaps with commas between them.
    Digits(Vec<DigitMark>),
    Point,
    Dollar,
    /// `S`: a plus or a minus.
    Sign,
    /// `MI`: a minus or a blank.
    Minus,
    /// Of `PR`: `<`, in front of all.
    Open,
    /// Of `PR`: `>`, where it is written.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DigitMark {
    /// `000`: no digit may be missing.
    Exactly(usize),
    /// `999`
    AtMost(usize),
    Comma,
}

impl DigitMark {
    pub fn digits(self) -> usize {
        match self {
            DigitMark::Exactly(digits) | DigitMark::AtMost(digits) => digits,
            DigitMark::Comma => 0,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct NumberPattern {
    pub marks: Vec<NumberMark>,
    /// How many digits there are before the point, and behind it.
    pub whole: usize,
    pub fraction: usize,
}

impl NumberPattern {
    pub fn parse(format: &str) -> Result<NumberPattern> {
        let refused = |class: &str, why: &str| Err(refused(format, class, why));
        if format.is_empty() {
            return refused("EMPTY", "it is empty");
        }
        let marks = marks(format)?;
        let is_digits = |mark: &NumberMark| matches!(mark, NumberMark::Digits(_));
        let place = |wanted: &NumberMark| marks.iter().position(|mark| mark == wanted);
        let Some(first_digits) = marks.iter().position(is_digits) else {
            return refused("WRONG_NUM_DIGIT", "it has no digit");
        };
        let point = place(&NumberMark::Point);
        match place(&NumberMark::Dollar) {
            Some(dollar) if dollar > first_digits => {
                return refused("CUR_MUST_BEFORE_DIGIT", "`$` stands before the digits");
            }
            Some(dollar) if point.is_some_and(|point| dollar > point) => {
                return refused("CUR_MUST_BEFORE_DEC", "`$` stands before the point");
            }
            _ => {}
        }
        let (mut whole, mut fraction) = (0, 0);
        for (at, mark) in marks.iter().enumerate() {
            let NumberMark::Digits(digits) = mark else { continue };
            let count: usize = digits.iter().map(|one| one.digits()).sum();
            let is_comma = |one: Option<&DigitMark>| one == Some(&DigitMark::Comma);
            if point.is_some_and(|point| at > point) {
                fraction += count;
                if digits.contains(&DigitMark::Comma) {
                    return refused("THOUSANDS_SEPS_MUST_BEFORE_DEC", "`,` stands before the point");
                }
            } else {
                whole += count;
                let is_doubled = digits.windows(2).any(|two| is_comma(two.first()) && is_comma(two.last()));
                if is_comma(digits.first()) || is_comma(digits.last()) || is_doubled {
                    return refused("CONT_THOUSANDS_SEPS", "`,` stands between digits");
                }
            }
        }
        let names = [
            (NumberMark::Point, ". or D"),
            (NumberMark::Sign, "S"),
            (NumberMark::Minus, "MI"),
            (NumberMark::Dollar, "$"),
        ];
        for (mark, name) in names.into_iter().chain([(NumberMark::Close, "PR")]) {
            if marks.iter().filter(|other| **other == mark).count() > 1 {
                return refused("WRONG_NUM_TOKEN", &format!("`{name}` stands there once at most"));
            }
        }
        // [ MI | S ] [ $ ] digits [ . | D ] digits [ $ ] [ PR | MI | S ]
        let order: [fn(&NumberMark) -> bool; 8] = [
            |mark| *mark == NumberMark::Open,
            |mark| matches!(mark, NumberMark::Minus | NumberMark::Sign),
            |mark| *mark == NumberMark::Dollar,
            |mark| matches!(mark, NumberMark::Digits(_)),
            |mark| *mark == NumberMark::Point,
            |mark| matches!(mark, NumberMark::Digits(_)),
            |mark| *mark == NumberMark::Dollar,
            |mark| matches!(mark, NumberMark::Minus | NumberMark::Sign | NumberMark::Close),
        ];
        let mut left = marks.iter().peekable();
        for is_next in order {
            left.next_if(|mark| is_next(mark));
        }
        if left.peek().is_some() {
            return refused("UNEXPECTED_TOKEN", "its marks stand in another order");
        }
        if whole + fraction > MOST_DIGITS {
            return refused("WRONG_NUM_DIGIT", "no decimal has more than 38 digits");
        }
        Ok(NumberPattern { marks, whole, fraction })
    }
}

fn refused(format: &str, class: &str, why: &str) -> DataFusionError {
    fault(format!("[INVALID_FORMAT.{class}] `{format}` is no format of numbers: {why}; one is `S$9,999.00`"))
}

/// Those of a text, in whatever order they stand.
fn marks(format: &str) -> Result<Vec<NumberMark>> {
    let mut marks: Vec<NumberMark> = vec![];
    let mut rest = format;
    let mut is_fraction = false;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '0' | '9' => {
                length = rest.find(|c| c != '0' && c != '9').unwrap_or(rest.len());
                let is_exact = c == '0' && !is_fraction;
                let digits = if is_exact { DigitMark::Exactly(length) } else { DigitMark::AtMost(length) };
                push_digits(&mut marks, digits);
            }
            ',' | 'G' => push_digits(&mut marks, DigitMark::Comma),
            '.' | 'D' => {
                is_fraction = true;
                marks.push(NumberMark::Point);
            }
            '$' => marks.push(NumberMark::Dollar),
            'S' => marks.push(NumberMark::Sign),
            _ if rest.starts_with("MI") => {
                length = 2;
                marks.push(NumberMark::Minus);
            }
            _ if rest.starts_with("PR") => {
                length = 2;
                marks.insert(0, NumberMark::Open);
                marks.push(NumberMark::Close);
            }
            other => return Err(refused(format, "UNEXPECTED_TOKEN", &format!("it knows no `{other}`"))),
        }
        rest = &rest[length..];
    }
    Ok(marks)
}

fn push_digits(marks: &mut Vec<NumberMark>, digits: DigitMark) {
    match marks.last_mut() {
        Some(NumberMark::Digits(group)) => group.push(digits),
        _ => marks.push(NumberMark::Digits(vec![digits])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_in_order_or_refused() {
        for format in ["999", "$99.99", "S9,999", "9,999MI", "99.00PR", "0G000D9", ".9", "S$9"] {
            NumberPattern::parse(format).unwrap();
        }
        for (format, class) in [
            ("", "EMPTY"),
            ("S$", "WRONG_NUM_DIGIT"),
            ("99$", "CUR_MUST_BEFORE_DIGIT"),
            (",99", "CONT_THOUSANDS_SEPS"),
            ("9,,9", "CONT_THOUSANDS_SEPS"),
            ("9.9,9", "THOUSANDS_SEPS_MUST_BEFORE_DEC"),
            ("9.9.9", "WRONG_NUM_TOKEN"),
            ("$S9", "UNEXPECTED_TOKEN"),
            ("9 9", "UNEXPECTED_TOKEN"),
        ] {
            let refusal = NumberPattern::parse(format).unwrap_err().to_string();
            assert!(refusal.contains(&format!("[INVALID_FORMAT.{class}]")), "{format}: {refusal}");
        }
    }
}
