//! How values that are written in a query are written in a name.

use datafusion::sql::sqlparser::ast::Value;

use crate::spark::text::floats;

/// A number as it is written: no zeros too many, and a double as Java writes it.
pub fn number(digits: &str) -> String {
    if digits.contains(['e', 'E']) {
        return digits.parse().map_or_else(|_| digits.to_string(), double);
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") }
}

/// A double as Java writes it.
pub fn double(value: f64) -> String {
    let mut text = String::new();
    floats::write(&mut text, value);
    text
}

pub fn float(value: f32) -> String {
    let mut text = String::new();
    floats::write(&mut text, value);
    text
}

/// `1.5e2` as `150`, without a power of ten.
pub fn written_out(text: &str) -> String {
    let Some((digits, power)) = text.split_once(['e', 'E']) else { return text.to_string() };
    let Ok(power) = power.parse::<i64>() else { return text.to_string() };
    // More digits than any number has that is not a double.
    if power.unsigned_abs() > 1_000 {
        return text.to_string();
    }
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let point = whole.len() as i64 + power;
    let (whole, fraction) = match usize::try_from(point) {
        Ok(point) if point >= all.len() => (format!("{all}{}", "0".repeat(point - all.len())), String::new()),
        Ok(point) => (all[..point].to_string(), all[point..].to_string()),
        Err(_) => (String::new(), format!("{}{all}", "0".repeat(point.unsigned_abs() as usize))),
    };
    let whole = if whole.is_empty() { "0" } else { &whole };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

pub fn value(value: &Value) -> String {
    match value {
        Value::Number(digits, _) => number(digits),
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => text.clone(),
        Value::HexStringLiteral(digits) => {
            let pad = if digits.len() % 2 == 1 { "0" } else { "" };
            format!("X'{pad}{}'", digits.to_uppercase())
        }
        Value::Boolean(value) => value.to_string(),
        Value::Null => "NULL".to_string(),
        other => other.to_string(),
    }
}

/// `DATE'2020-1-2'` as `DATE '2020-01-02'`.
pub fn date(text: &str) -> String {
    format!("DATE '{}'", padded_date(text.trim()).unwrap_or_else(|| text.to_string()))
}

/// `TIMESTAMP'2020-1-2 3:04'` as `TIMESTAMP '2020-01-02 03:04:00'`.
pub fn timestamp(keyword: &str, text: &str) -> String {
    let text = text.trim();
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, "0:0:0"));
    let padded = padded_date(day).zip(padded_time(time)).map(|(day, time)| format!("{day} {time}"));
    format!("{keyword} '{}'", padded.unwrap_or_else(|| text.to_string()))
}

fn padded_date(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let year: u32 = parts.next()?.parse().ok()?;
    let month: u32 = parts.next().map_or(Some(1), |month| month.parse().ok())?;
    let day: u32 = parts.next().map_or(Some(1), |day| day.parse().ok())?;
    parts.next().is_none().then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn padded_time(text: &str) -> Option<String> {
    let (time, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = time.split(':').map(|part| part.parse::<u32>().ok());
    let (hour, minute) = (parts.next()??, parts.next().unwrap_or(Some(0))?);
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || !fraction.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let micros = fraction.get(..6).unwrap_or(fraction).trim_end_matches('0');
    let point = if micros.is_empty() { "" } else { "." };
    Some(format!("{hour:02}:{minute:02}:{second:02}{point}{micros}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_java_does() {
        let cases = [(100.0, "100.0"), (1e7, "1.0E7"), (9999999.0, "9999999.0"), (0.001, "0.001"), (1e-5, "1.0E-5")];
        for (value, text) in cases {
            assert_eq!(double(value), text);
        }
        assert_eq!(double(123456789.123), "1.23456789123E8");
        assert_eq!(float(1.5), "1.5");
        assert_eq!(
            (number("007"), number(".5"), number("5."), number("1.50")),
            ("7".into(), "0.5".into(), "5".into(), "1.50".into())
        );
    }

    #[test]
    fn times_are_padded() {
        assert_eq!(date("2020-02"), "DATE '2020-02-01'");
        assert_eq!(timestamp("TIMESTAMP", "2020-1-1T1:02:03.100"), "TIMESTAMP '2020-01-01 01:02:03.1'");
        assert_eq!(timestamp("TIMESTAMP", "2020-01-01"), "TIMESTAMP '2020-01-01 00:00:00'");
        assert_eq!(timestamp("TIMESTAMP", "x"), "TIMESTAMP 'x'");
    }

    #[test]
    fn powers_of_ten_are_written_out() {
        let cases = [("1e3", "1000"), ("1.5e-2", "0.015"), ("-1.25e1", "-12.5"), ("12.5", "12.5"), ("0e0", "0")];
        for (text, plain) in cases {
            assert_eq!(written_out(text), plain);
        }
    }
}
