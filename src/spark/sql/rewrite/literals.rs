//! Numbers with a suffix and numbers with a power of ten.
//!
//! `1Y` comes from the tokens as `TINYINT '1'`. It is a cast here, and an error if it does not fit.
//! <https://spark.apache.org/docs/latest/sql-ref-literals.html#numeric-literal>

use datafusion::sql::sqlparser::ast::{
    DataType, ExactNumberInfo, Expr, Ident, ObjectName, TypedString, UnaryOperator, Value, ValueWithSpan,
};

use super::RewriteRefusal;
use super::build::cast;
use crate::spark::sql::names::literal;
use crate::spark::sql_types;
use crate::spark::text::{days, times};

/// Digits of the longest decimal.
pub const MOST_DIGITS: usize = 38;

/// Puts a sign to its literal: `-128Y` fits where `128Y` does not. Has to come before the literal itself.
pub fn sign(expr: &mut Expr) {
    let Expr::UnaryOp { op: UnaryOperator::Minus, expr: operand } = &mut *expr else { return };
    if let Expr::Value(ValueWithSpan { value: Value::Number(digits, true), .. }) = operand.as_mut() {
        digits.insert(0, '-');
        *expr = (**operand).clone();
        return;
    }
    if let Expr::TypedString(TypedString { data_type, value, .. }) = operand.as_mut()
        && is_number(data_type)
        && let Value::SingleQuotedString(digits) = &mut value.value
        && !digits.starts_with('-')
    {
        digits.insert(0, '-');
        *expr = (**operand).clone();
    }
}

pub fn rewrite(expr: &mut Expr) -> Result<(), RewriteRefusal> {
    match expr {
        Expr::TypedString(TypedString { data_type, value, .. }) if !is_time(data_type, value) => {
            let message = format!("[INVALID_TYPED_LITERAL] {data_type} {value} is none: there is no such time");
            return Err(RewriteRefusal::new(value.span, message, "write it as 2024-02-29 or 2024-02-29 10:11:12"));
        }
        Expr::TypedString(TypedString { data_type, value, .. }) if is_number(data_type) => {
            let data_type = checked(data_type, value)?;
            *expr = cast(Expr::Value(value.clone()), marked(data_type));
        }
        Expr::Value(value) => {
            let Value::Number(digits, is_long) = &value.value else { return Ok(()) };
            if *is_long {
                let mut text = Value::SingleQuotedString(digits.clone()).with_span(value.span);
                let data_type = checked(&DataType::BigInt(None), &mut text)?;
                *expr = cast(Expr::Value(text), marked(data_type));
            } else if digits.contains(['e', 'E']) {
                let mut text = Value::SingleQuotedString(digits.clone()).with_span(value.span);
                let data_type = checked(&DataType::Double(ExactNumberInfo::None), &mut text)?;
                *expr = cast(Expr::Value(text), data_type);
            } else if significant(digits) > MOST_DIGITS {
                let message = format!(
                    "[DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION] {digits} has more than {MOST_DIGITS} digits, which is more \
                     than a decimal can have"
                );
                return Err(RewriteRefusal::new(value.span, message, "write a double: with the suffix D"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether what is written as a time is one, in either mode: <https://spark.apache.org/docs/latest/sql-ref-literals.html#datetime-literal>
fn is_time(data_type: &DataType, value: &ValueWithSpan) -> bool {
    let Value::SingleQuotedString(text) = &value.value else { return true };
    // These are looked at once it is known what for.
    if ["epoch", "now", "today", "tomorrow", "yesterday"].contains(&text.trim().to_lowercase().as_str()) {
        return true;
    }
    match data_type {
        DataType::Date => days::read(text.as_bytes()).is_some(),
        DataType::Timestamp(..) | DataType::TimestampNtz(..) => times::read(text.as_bytes()).is_some(),
        _ => true,
    }
}

fn is_number(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt(_)
            | DataType::SmallInt(_)
            | DataType::BigInt(_)
            | DataType::Float(_)
            | DataType::Double(_)
            | DataType::Decimal(_)
    )
}

/// The type under the name that only literals have: beside a decimal they mean something else than what is cast.
pub fn marked(data_type: DataType) -> DataType {
    match sql_types::literal(&data_type) {
        Some(name) => DataType::Custom(ObjectName::from(vec![Ident::new(name)]), vec![]),
        None => data_type,
    }
}

/// How many digits a decimal of this text needs.
fn significant(digits: &str) -> usize {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    whole.trim_start_matches('0').len() + fraction.len()
}

/// The literal's type, if the literal fits it.
fn checked(data_type: &DataType, value: &mut ValueWithSpan) -> Result<DataType, RewriteRefusal> {
    let place = value.span;
    let Value::SingleQuotedString(text) = &mut value.value else { return Ok(data_type.clone()) };
    let out_of_range = |name: &str, least: &str, most: &str, text: &str| {
        let message = format!(
            "[INVALID_NUMERIC_LITERAL_RANGE] the literal {text} is not within the range of {name}, from {least} to {most}"
        );
        Err(RewriteRefusal::new(place, message, "leave its suffix out, or take that of a wider type: S, L, D or BD"))
    };
    let whole = |name: &str, least: i64, most: i64, text: &str| match text.parse::<i64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(data_type.clone()),
        _ => out_of_range(name, &least.to_string(), &most.to_string(), text),
    };
    match data_type {
        DataType::TinyInt(_) => whole("tinyint", i8::MIN.into(), i8::MAX.into(), text),
        DataType::SmallInt(_) => whole("smallint", i16::MIN.into(), i16::MAX.into(), text),
        DataType::BigInt(_) => whole("bigint", i64::MIN, i64::MAX, text),
        DataType::Float(_) => match text.parse::<f32>() {
            Ok(value) if value.is_finite() => Ok(data_type.clone()),
            _ => out_of_range("float", "-3.4028234663852886E+38", "3.4028234663852886E+38", text),
        },
        DataType::Double(_) => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(data_type.clone()),
            _ => out_of_range("double", "-1.7976931348623157E+308", "1.7976931348623157E+308", text),
        },
        _ => {
            *text = literal::written_out(text);
            let digits = text.trim_start_matches('-');
            let scale = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let precision = significant(digits).max(scale).max(1);
            if precision > MOST_DIGITS {
                let message = format!(
                    "[DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION] {text} has more than {MOST_DIGITS} digits, which is more \
                     than a decimal can have"
                );
                return Err(RewriteRefusal::new(place, message, "write a double: with the suffix D"));
            }
            Ok(DataType::Decimal(ExactNumberInfo::PrecisionAndScale(precision as u64, scale as i64)))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::spark::sql::parse;

    #[test]
    fn literals_fit_their_types_or_are_refused() {
        let select = |literal: &str| parse(&format!("SELECT {literal} AS v"));
        let fits = [
            ("127Y", "CAST('127' AS tinyint_literal)"),
            ("-128Y", "CAST('-128' AS tinyint_literal)"),
            ("-32768S", "CAST('-32768' AS smallint_literal)"),
            ("-9223372036854775808L", "CAST('-9223372036854775808' AS bigint_literal)"),
            ("1.5e2BD", "CAST('150' AS DECIMAL(3,0))"),
            ("0.05BD", "CAST('0.05' AS DECIMAL(2,2))"),
            ("1e3", "CAST('1e3' AS DOUBLE)"),
        ];
        for (literal, cast) in fits {
            assert_eq!(select(literal).unwrap().statement.to_string(), format!("SELECT {cast} AS v"), "{literal}");
        }
        let out_of_range =
            ["128Y", "-129Y", "32768S", "9223372036854775808L", "1e400D", "1e400", "3.5e39F", "1.5L", "-(128Y)"];
        for literal in out_of_range {
            let fault = select(literal).unwrap_err();
            assert!(fault.message.starts_with("[INVALID_NUMERIC_LITERAL_RANGE]"), "{literal}: {}", fault.message);
        }
        let long = "1".repeat(39);
        for literal in [long.clone(), format!("{long}BD"), format!("0.{long}")] {
            assert!(select(&literal).unwrap_err().message.starts_with("[DECIMAL_PRECISION"), "{literal}");
        }
    }
}
