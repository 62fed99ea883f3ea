//! Numbers in texts: `format_number`, and `format_string` with the marks of Java's `Formatter`.
//!
//! <https://spark.apache.org/docs/latest/api/sql/string-functions/#format_string>,
//! <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Formatter.html>. A mark that is not known here is an
//! error.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type, Int64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::cast;
use super::row::{RowCall, Takes, fault, function, takes, udfs};
use crate::spark::mode::Strictness;
use crate::spark::sql_types::{self, canonical};
use crate::spark::text::numbers;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([
        function("format_number", number_types, format_number),
        function("format_string", string_types, format_string).fallible().known_as(&["printf"]),
    ])
}

fn number_types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let [number, digits] = types else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a number, and its digits or a pattern");
    };
    let number = match number {
        DataType::Decimal128(..) => number.clone(),
        number if number.is_integer() => DataType::Int64,
        number => takes(name, std::slice::from_ref(number), 1, &[Takes::Double])?.remove(0),
    };
    let digits = if digits.is_string() {
        DataType::Utf8
    } else {
        takes(name, std::slice::from_ref(digits), 1, &[Takes::Int])?.remove(0)
    };
    Ok((vec![number, digits], DataType::Utf8))
}

/// How many digits before and behind the point at least, behind it at most, and in groups of how many.
#[derive(Clone, Copy)]
struct Layout {
    whole: usize,
    least: usize,
    most: usize,
    group: usize,
}

/// The part of `DecimalFormat`'s patterns that has digits, groups and a point.
fn layout(pattern: &str) -> Result<Layout> {
    let (whole, fraction) = pattern.split_once('.').unwrap_or((pattern, ""));
    let is_plain =
        whole.chars().all(|c| matches!(c, '#' | '0' | ',')) && fraction.chars().all(|c| matches!(c, '#' | '0'));
    if !is_plain {
        return Err(fault(format!(
            "[INVALID_FORMAT] `{pattern}` has more than `#`, `0`, `,` and `.`: that is not there yet"
        )));
    }
    let zeros = |part: &str| part.chars().filter(|c| *c == '0').count();
    let group = whole.rsplit_once(',').map_or(0, |(_, last)| last.len());
    Ok(Layout { whole: zeros(whole), least: zeros(fraction), most: fraction.len(), group })
}

fn format_number(call: &RowCall) -> Result<ArrayRef> {
    let numbers = &call.args[0];
    call.texts(|row| {
        if call.is_null(0, row) || call.is_null(1, row) {
            return Ok(None);
        }
        let layout = match call.args[1].data_type() {
            DataType::Utf8 => match call.text(1, row) {
                Some("") => Layout { whole: 1, least: 0, most: 0, group: 3 },
                Some(pattern) => layout(pattern)?,
                None => return Ok(None),
            },
            _ => match call.int(1, row).map(usize::try_from) {
                Some(Ok(digits)) => Layout { whole: 1, least: digits, most: digits, group: 3 },
                _ => return Ok(None),
            },
        };
        let digits = match numbers.data_type() {
            DataType::Int64 => numbers.as_primitive::<Int64Type>().value(row).to_string(),
            DataType::Decimal128(_, scale) => {
                rounded(numbers.as_primitive::<Decimal128Type>().value(row), *scale as u32, layout.most)
            }
            _ => match numbers.as_primitive::<Float64Type>().value(row) {
                double if double.is_nan() => return Ok(Some("NaN".to_string())),
                double if double.is_infinite() => return Ok(Some(if double > 0.0 { "∞" } else { "-∞" }.to_string())),
                double => rounded_double(double, layout.most),
            },
        };
        Ok(Some(laid_out(&digits, layout)))
    })
}

/// Half to even.
fn rounded(unscaled: i128, scale: u32, digits: usize) -> String {
    let mut text = String::new();
    let dropped = scale.saturating_sub(digits as u32);
    let one = 10_i128.pow(dropped);
    let (whole, rest) = (unscaled / one, unscaled % one);
    let twice = rest.unsigned_abs() * 2;
    let is_up = twice > one.unsigned_abs() || (twice == one.unsigned_abs() && whole % 2 != 0);
    let whole = if is_up { whole + unscaled.signum() } else { whole };
    numbers::write_plain(&mut text, whole, (scale - dropped) as i8);
    if unscaled < 0 && whole == 0 { format!("-{text}") } else { text }
}

/// Half to even, of what the double is; but of digits that tell it only so many as are needed, and zeros behind them.
fn rounded_double(double: f64, digits: usize) -> String {
    // From here on there is no fraction.
    if double.abs() >= 9_007_199_254_740_992.0 { format!("{double}") } else { format!("{double:.digits$}") }
}

fn laid_out(number: &str, layout: Layout) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.trim_start_matches('0');
    let whole = format!("{whole:0>width$}", width = layout.whole);
    let fraction = format!("{fraction:0<width$}", width = layout.most);
    let needed = fraction.trim_end_matches('0').len().max(layout.least);
    let mut text = format!("{sign}{}", grouped(&whole, layout.group));
    if needed > 0 {
        text.push('.');
        text.push_str(&fraction[..needed]);
    }
    text
}

fn grouped(digits: &str, group: usize) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && group > 0 && (digits.len() - at).is_multiple_of(group) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn string_types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let Some((format, rest)) = types.split_first() else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a format and values");
    };
    let format = takes(name, std::slice::from_ref(format), 1, &[Takes::Text])?;
    let rest = rest.iter().map(|given| match canonical(given) {
        Some(DataType::Date32 | DataType::Timestamp(..)) | None => {
            plan_err!("`{name}` does not take \"{}\": write it as a text first", sql_types::name(given).to_uppercase())
        }
        Some(wanted) if wanted.is_nested() || wanted == DataType::Binary => {
            plan_err!("`{name}` does not take \"{}\"", sql_types::name(given).to_uppercase())
        }
        Some(wanted) => Ok(wanted),
    });
    Ok((format.into_iter().map(Ok).chain(rest).collect::<Result<_>>()?, DataType::Utf8))
}

/// A part of a format.
#[derive(Debug, Clone)]
enum Mark {
    Text(String),
    Value(ValueMark),
}

#[derive(Debug, Clone)]
struct ValueMark {
    /// Counted from 0.
    place: usize,
    flags: String,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

fn format_string(call: &RowCall) -> Result<ArrayRef> {
    // As texts, in which a mark `%s` shows them.
    let texts = call.args[1..].iter().map(|values| cast::array(values, &DataType::Utf8, Strictness::Legacy));
    let texts = texts.collect::<Result<Vec<_>>>()?;
    let mut known: Option<(String, Vec<Mark>)> = None;
    call.texts(|row| {
        let Some(format) = call.text(0, row) else { return Ok(None) };
        if known.as_ref().is_none_or(|(known, _)| known != format) {
            known = Some((format.to_string(), marks(format)?));
        }
        let mut text = String::new();
        for mark in known.iter().flat_map(|(_, marks)| marks) {
            match mark {
                Mark::Text(plain) => text.push_str(plain),
                Mark::Value(mark) => {
                    let Some(values) = call.args.get(mark.place + 1) else {
                        return Err(fault(format!("`{}` has no value for `%{}`", call.name, mark.conversion)));
                    };
                    text.push_str(&mark.written(values, texts[mark.place].as_string(), row)?);
                }
            }
        }
        Ok(Some(text))
    })
}

fn marks(format: &str) -> Result<Vec<Mark>> {
    let (mut marks, mut next, mut rest) = (vec![], 0, format);
    while let Some(at) = rest.find('%') {
        marks.push(Mark::Text(rest[..at].to_string()));
        rest = &rest[at + 1..];
        let number = |rest: &mut &str| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            *rest = after;
            digits.parse::<usize>().ok()
        };
        let before = rest;
        let place = match number(&mut rest) {
            Some(place) if rest.starts_with('$') => {
                rest = &rest[1..];
                Some(place)
            }
            _ => {
                rest = before;
                None
            }
        };
        let end = rest.find(|c: char| !"-+ 0,(#".contains(c)).unwrap_or(rest.len());
        let flags = rest[..end].to_string();
        rest = &rest[end..];
        let width = number(&mut rest).unwrap_or(0);
        let precision = match rest.strip_prefix('.') {
            Some(after) => {
                rest = after;
                number(&mut rest)
            }
            None => None,
        };
        let Some(conversion) = rest.chars().next() else {
            return Err(fault(format!("the format `{format}` ends within a mark")));
        };
        rest = &rest[conversion.len_utf8()..];
        if !"sSdxXofeEbBc%n".contains(conversion) || flags.contains(['(', '#']) || width > 10_000 {
            return Err(fault(format!("the mark `%{flags}{conversion}` of the format `{format}` is not there")));
        }
        match conversion {
            '%' => marks.push(Mark::Text(format!("{:>width$}", "%"))),
            'n' => marks.push(Mark::Text("\n".to_string())),
            _ => {
                let at = match place {
                    Some(0) => return Err(fault(format!("the values of the format `{format}` count from 1"))),
                    Some(place) => place - 1,
                    None => {
                        next += 1;
                        next - 1
                    }
                };
                marks.push(Mark::Value(ValueMark { place: at, flags, width, precision, conversion }));
            }
        }
    }
    marks.push(Mark::Text(rest.to_string()));
    Ok(marks)
}

impl ValueMark {
    fn written(&self, values: &ArrayRef, texts: &arrow::array::StringArray, row: usize) -> Result<String> {
        let is_null = values.is_null(row) || *values.data_type() == DataType::Null;
        let upper = self.conversion.is_ascii_uppercase();
        let text = match self.conversion {
            'b' | 'B' => match values.data_type() {
                _ if is_null => "false".to_string(),
                DataType::Boolean => values.as_boolean().value(row).to_string(),
                _ => "true".to_string(),
            },
            _ if is_null => "null".to_string(),
            's' | 'S' => texts.value(row).to_string(),
            conversion if "dxXo".contains(conversion) && values.data_type().is_integer() => {
                return Ok(self.whole(values, texts.value(row)));
            }
            'c' if values.data_type().is_integer() => {
                let code = texts.value(row).parse::<u32>().ok().and_then(char::from_u32);
                code.ok_or_else(|| fault(format!("{} is no character", texts.value(row))))?.to_string()
            }
            'f' | 'e' | 'E' => return self.fraction(values, row),
            conversion => {
                let name = sql_types::name(values.data_type()).to_uppercase();
                return Err(fault(format!("`%{conversion}` does not take \"{name}\"")));
            }
        };
        let text = match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text,
        };
        Ok(self.padded(if upper { text.to_uppercase() } else { text }, false))
    }

    fn whole(&self, values: &ArrayRef, decimal: &str) -> String {
        let bits = decimal.parse::<i64>().unwrap_or_default();
        let bits = match values.data_type().primitive_width() {
            Some(width @ 1..=4) => bits as u64 & (u64::MAX >> (64 - 8 * width)),
            _ => bits as u64,
        };
        match self.conversion {
            'x' => self.padded(format!("{bits:x}"), true),
            'X' => self.padded(format!("{bits:X}"), true),
            'o' => self.padded(format!("{bits:o}"), true),
            _ => self.signed(decimal),
        }
    }

    fn fraction(&self, values: &ArrayRef, row: usize) -> Result<String> {
        let digits = self.precision.unwrap_or(6);
        let number = match values.data_type() {
            DataType::Float32 => f64::from(values.as_primitive::<Float32Type>().value(row)),
            DataType::Float64 => values.as_primitive::<Float64Type>().value(row),
            // Spark hands over decimals in a form of its own, which `Formatter` does not take.
            DataType::Decimal128(..) => {
                return Err(fault(format!(
                    "`%{}` does not take a decimal: CAST it to double, or take `format_number`",
                    self.conversion
                )));
            }
            other => {
                let name = sql_types::name(other).to_uppercase();
                return Err(fault(format!("`%{}` does not take \"{name}\"", self.conversion)));
            }
        };
        if !number.is_finite() {
            let text = if number.is_nan() {
                "NaN"
            } else if number > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            return Ok(self.padded(text.to_string(), false));
        }
        let text = match self.conversion {
            'f' => half_up_of_double(number, digits),
            _ => scientific(number, digits),
        };
        let text = self.signed(&text);
        Ok(if self.conversion == 'E' { text.to_uppercase() } else { text })
    }

    /// With the sign and the groups that the flags ask for.
    fn signed(&self, number: &str) -> String {
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None if self.flags.contains('+') => ("+", number),
            None if self.flags.contains(' ') => (" ", number),
            None => ("", number),
        };
        let (whole, fraction) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
        let whole = if self.flags.contains(',') { grouped(whole, 3) } else { whole.to_string() };
        let digits = format!("{whole}{fraction}");
        match self.flags.contains('0') {
            true => format!("{sign}{digits:0>width$}", width = self.width.saturating_sub(sign.len())),
            false => self.padded(format!("{sign}{digits}"), false),
        }
    }

    fn padded(&self, text: String, is_number: bool) -> String {
        let width = self.width;
        match (self.flags.contains('-'), is_number && self.flags.contains('0')) {
            (true, _) => format!("{text:<width$}"),
            (false, true) => format!("{text:0>width$}"),
            (false, false) => format!("{text:>width$}"),
        }
    }
}

fn half_up(unscaled: i128, scale: u32, digits: usize) -> String {
    let mut text = String::new();
    let digits = digits as u32;
    let unscaled = match scale.saturating_sub(digits) {
        0 => unscaled,
        dropped => {
            let one = 10_i128.pow(dropped);
            let is_up = (unscaled % one).unsigned_abs() * 2 >= one.unsigned_abs();
            let up = if is_up { unscaled.signum() } else { 0 };
            unscaled / one + up
        }
    };
    let kept = scale.min(digits);
    numbers::write_plain(&mut text, unscaled, kept as i8);
    if digits > kept {
        text.push_str(if kept == 0 { "." } else { "" });
        text.push_str(&"0".repeat((digits - kept) as usize));
    }
    text
}

/// `1.500000e+00`: Java rounds the shortest digits that tell the number, half up; of the least of all these are 4.9.
fn scientific(number: f64, digits: usize) -> String {
    let shortest = format!("{number:e}");
    let two = Some(format!("{number:.1e}")).filter(|two| !shortest.contains('.') && two.parse() == Ok(number));
    let text = two.unwrap_or(shortest);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut exponent = exponent.parse::<i32>().unwrap_or_default();
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let unscaled = mantissa.replace('.', "").parse::<i128>().unwrap_or_default();
    let mut mantissa = half_up(unscaled.abs(), fraction as u32, digits);
    if let Some(carried) = mantissa.strip_prefix("10") {
        // What was 9.99… has one digit more before the point.
        mantissa = format!("1{carried}");
        exponent += 1;
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{mantissa}e{direction}{:0>2}", exponent.abs())
}

/// Java rounds the shortest digits that tell the number, half up.
fn half_up_of_double(number: f64, digits: usize) -> String {
    let text = format!("{number}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.len() <= digits {
        let point = if digits > 0 { "." } else { "" };
        return format!("{whole}{point}{fraction:0<digits$}");
    }
    match format!("{whole}{fraction}").parse::<i128>() {
        Ok(unscaled) if fraction.len() <= 38 => {
            let text = half_up(unscaled, fraction.len() as u32, digits);
            if number.is_sign_negative() && !text.starts_with('-') { format!("-{text}") } else { text }
        }
        // So many digits that no half is among them.
        _ => format!("{number:.digits$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up_in_formats_and_to_even_in_numbers() {
        for (number, digits, text) in [
            (2.5, 0, "3"),
            (1.005, 2, "1.01"),
            (-0.5, 1, "-0.5"),
            (1e20, 2, "100000000000000000000.00"),
            (5e-324, 2, "0.00"),
        ] {
            assert_eq!(half_up_of_double(number, digits), text, "{number}");
        }
        // Asked of PySpark 4.3: `format_string('%e', x)`.
        for (number, digits, text) in [
            (5e-324, 6, "4.900000e-324"),
            (123_456_789.987, 6, "1.234568e+08"),
            (-0.0, 6, "-0.000000e+00"),
            (9.9999999, 2, "1.00e+01"),
            (1e308, 1, "1.0e+308"),
        ] {
            assert_eq!(scientific(number, digits), text, "{number}");
        }
        assert_eq!(rounded_double(-1e19, 2), "-10000000000000000000");
        let two = Layout { whole: 1, least: 2, most: 2, group: 3 };
        assert_eq!(laid_out("1234567.89", two), "1,234,567.89");
        assert_eq!(rounded(-5, 1, 0), "-0");
        assert_eq!(rounded(25, 1, 0), "2");
        assert_eq!(laid_out("2.5", layout("0000.0#").unwrap()), "0002.5");
    }
}
