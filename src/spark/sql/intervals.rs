//! Intervals that are written, in words that the parser reads: several units one after the other are a call of the function
//! that makes intervals, and `INTERVAL '1 day'` is `INTERVAL '1' DAY`.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-literals.html#interval-literal>

use datafusion::sql::sqlparser::ast::{Expr, Interval, UnaryOperator, Value};
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace, Word};

use crate::spark::functions::scalar::interval_literal::LITERAL;

/// Begins the names of the types of intervals.
const TYPE: &str = "interval_";

/// Also in the plural.
const UNITS: [&str; 9] = ["year", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"];

/// A text's words with its intervals in other ones.
pub fn plain(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(is_interval) {
        return tokens;
    }
    let mut plain = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if let Some((name, end)) = type_name(&tokens, at, &plain) {
            plain.push(TokenWithSpan::new(Token::make_word(&name, None), tokens[at].span));
            at = end;
            continue;
        }
        match pairs(&tokens, at) {
            Some((pairs, end)) => {
                written(&pairs, tokens[at].span, &mut plain);
                at = end;
            }
            None => match signed(&tokens, at) {
                Some((text, end)) => {
                    plain.push(tokens[at].clone());
                    plain.push(TokenWithSpan::new(Token::Whitespace(Whitespace::Space), tokens[at].span));
                    plain.push(TokenWithSpan::new(Token::SingleQuotedString(text), tokens[end - 1].span));
                    at = end;
                }
                None => {
                    plain.push(tokens[at].clone());
                    at += 1;
                }
            },
        }
    }
    plain
}

/// `INTERVAL -'1-2' YEAR TO MONTH`: the text with its sign, and where it ends.
fn signed(tokens: &[TokenWithSpan], at: usize) -> Option<(String, usize)> {
    if !is_interval(&tokens[at]) {
        return None;
    }
    let next = |from: usize| (from..tokens.len()).find(|at| !matches!(tokens[*at].token, Token::Whitespace(_)));
    let sign = next(at + 1)?;
    let is_negative = match tokens[sign].token {
        Token::Minus => true,
        Token::Plus => false,
        _ => return None,
    };
    let place = next(sign + 1)?;
    let (Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)) = &tokens[place].token else { return None };
    let text = match (is_negative, text.strip_prefix('-')) {
        (true, Some(rest)) => rest.to_string(),
        (true, None) => format!("-{}", text.strip_prefix('+').unwrap_or(text)),
        (false, _) => text.clone(),
    };
    Some((text, place + 1))
}

fn word(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(Word { value, quote_style: None, .. }) => Some(value.to_lowercase()),
        _ => None,
    }
}

fn is_interval(token: &TokenWithSpan) -> bool {
    word(token).as_deref() == Some("interval")
}

fn unit(word: &str) -> bool {
    UNITS.contains(&word.strip_suffix('s').unwrap_or(word))
}

/// The values and units of an interval that begins at a place, and where it ends: if the parser does not read it so.
fn pairs(tokens: &[TokenWithSpan], at: usize) -> Option<(Vec<(String, String)>, usize)> {
    if !is_interval(&tokens[at]) {
        return None;
    }
    let next = |from: usize| (from..tokens.len()).find(|at| !matches!(tokens[*at].token, Token::Whitespace(_)));
    let first = next(at + 1)?;
    if let Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) = &tokens[first].token {
        let mut parts: Vec<&str> = text.split_whitespace().collect();
        if parts.first().is_some_and(|first| first.eq_ignore_ascii_case("interval")) {
            parts.remove(0);
        }
        let is_pair = |pair: &[&str]| pair[0].parse::<f64>().is_ok() && unit(&pair[1].to_lowercase());
        if parts.len() >= 2 && parts.len().is_multiple_of(2) && parts.chunks(2).all(is_pair) {
            let pairs = parts.chunks(2).map(|pair| (pair[0].to_string(), pair[1].to_string()));
            return Some((pairs.collect(), first + 1));
        }
    }
    let (mut pairs, mut end) = (vec![], at + 1);
    while let Some(place) = next(end) {
        let (sign, place) = match &tokens[place].token {
            Token::Minus => ("-", next(place + 1)?),
            Token::Plus => ("", next(place + 1)?),
            _ => ("", place),
        };
        let value = match &tokens[place].token {
            Token::Number(digits, false) => digits,
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text,
            _ => break,
        };
        let Some(unit_at) = next(place + 1) else { break };
        let Some(unit) = word(&tokens[unit_at]).filter(|word| unit(word)) else { break };
        pairs.push((format!("{sign}{value}"), unit));
        end = unit_at + 1;
    }
    (pairs.len() > 1).then_some((pairs, end))
}

/// `AS INTERVAL DAY TO SECOND` under a name that the parser takes for a type's.
fn type_name(tokens: &[TokenWithSpan], at: usize, before: &[TokenWithSpan]) -> Option<(String, usize)> {
    let is_blank = |token: &&TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let last = before.iter().rev().find(|token| !is_blank(token));
    let is_cast = last.is_some_and(|last| last.token == Token::DoubleColon || word(last).as_deref() == Some("as"));
    if !is_interval(&tokens[at]) || !is_cast {
        return None;
    }
    let mut words = tokens.iter().enumerate().skip(at + 1).filter(|(_, token)| !is_blank(token));
    let (first_at, first) = words.next()?;
    let first = word(first).filter(|word| unit(word))?;
    let last = match (words.next().and_then(|(_, token)| word(token)).as_deref(), words.next()) {
        (Some("to"), Some((last_at, last))) => Some((last_at, word(last).filter(|word| unit(word))?)),
        _ => None,
    };
    Some(match last {
        Some((last_at, last)) => (format!("{TYPE}{first}_to_{last}"), last_at + 1),
        None => (format!("{TYPE}{first}"), first_at + 1),
    })
}

fn written(pairs: &[(String, String)], place: Span, plain: &mut Vec<TokenWithSpan>) {
    let blank = || Token::Whitespace(Whitespace::Space);
    let text = |text: &str| Token::SingleQuotedString(text.to_string());
    let words = match pairs {
        [(value, unit)] => {
            let unit = unit.to_uppercase();
            let unit = Token::make_keyword(unit.strip_suffix('S').unwrap_or(&unit));
            vec![Token::make_keyword("INTERVAL"), blank(), text(value), blank(), unit]
        }
        pairs => {
            let values = pairs.iter().flat_map(|(value, unit)| [text(value), Token::Comma, text(unit), Token::Comma]);
            let mut values: Vec<Token> = values.collect();
            values.pop();
            let call = [Token::make_word(LITERAL, Some('`')), Token::LParen];
            call.into_iter().chain(values).chain([Token::RParen]).collect()
        }
    };
    plain.extend(words.into_iter().map(|token| TokenWithSpan::new(token, place)));
}

/// What an interval says, as the function is told it; `None` where its value is not written out.
pub fn texts(interval: &Interval) -> Option<Vec<String>> {
    let text = |expr: &Expr| match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) => Some(digits.clone()),
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    let value = match interval.value.as_ref() {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => format!("-{}", text(expr)?),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => text(expr)?,
        expr => text(expr)?,
    };
    let units = [Some(interval.leading_field.as_ref()?), interval.last_field.as_ref()];
    let units = units.into_iter().flatten().map(|unit| unit.to_string().to_lowercase());
    Some(std::iter::once(value).chain(units).collect())
}

#[cfg(test)]
mod tests {
    use crate::spark::sql::parse;

    #[test]
    fn intervals_are_calls_where_they_have_several_units() {
        let read = |text: &str| parse(&format!("SELECT {text} AS v")).unwrap().statement.to_string();
        for (text, call) in [
            ("INTERVAL 1 DAY 2 HOURS", "spark_interval`('1', 'day', '2', 'hours')"),
            ("INTERVAL '1 year 2 months'", "spark_interval`('1', 'year', '2', 'months')"),
            ("interval '1 day'", "spark_interval('1', 'day')"),
            ("INTERVAL -1 DAY", "spark_interval('-1', 'day')"),
            ("INTERVAL -'1-2' YEAR TO MONTH", "spark_interval('-1-2', 'year', 'month')"),
            ("INTERVAL - '-3' DAY", "spark_interval('3', 'day')"),
            ("INTERVAL 'interval 1 day'", "spark_interval('1', 'day')"),
            ("INTERVAL '1-2' YEAR TO MONTH", "spark_interval('1-2', 'year', 'month')"),
        ] {
            assert!(read(text).contains(call), "{}", read(text));
        }
        let frame =
            "SELECT sum(n) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 DAY 2 HOURS PRECEDING AND CURRENT ROW) AS v";
        assert!(parse(frame).unwrap().statement.to_string().contains("INTERVAL '93600000000' MICROSECONDS PRECEDING"));
    }
}
