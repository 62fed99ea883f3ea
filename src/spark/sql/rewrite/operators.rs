//! Operators that the planner does not know, or knows under another name.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Spanned, UnaryOperator, Value};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::RewriteRefusal;
use super::build::{arguments, binary, call, taken};

pub fn rewrite(expr: &mut Expr) -> Result<(), RewriteRefusal> {
    match expr {
        // <https://spark.apache.org/docs/latest/api/sql/index.html#rlike>
        Expr::RLike { negated, expr: text, pattern, .. } => {
            let negated = *negated;
            let place = text.span().union(&pattern.span());
            *expr = not_if(negated, call("rlike", place, vec![taken(text), taken(pattern)]));
        }
        Expr::Like { .. } | Expr::ILike { .. } => {
            any_or_all(expr);
            escape(expr)?;
        }
        Expr::BinaryOp { left, op: BinaryOperator::PGCustomBinaryOperator(symbols), right } => {
            let function = match symbols.concat().as_str() {
                "<<" => "shiftleft",
                ">>" => "shiftright",
                ">>>" => "shiftrightunsigned",
                _ => return Ok(()),
            };
            let place = left.span().union(&right.span());
            *expr = call(function, place, vec![taken(left), taken(right)]);
        }
        // Of a number that is written there is no overflow.
        Expr::UnaryOp { op: op @ (UnaryOperator::Minus | UnaryOperator::Plus), expr: number }
            if !is_written_number(number) =>
        {
            let name = if *op == UnaryOperator::Minus { "negative" } else { "positive" };
            *expr = call(name, number.span(), vec![taken(number)]);
        }
        Expr::AllOp { left, .. } | Expr::AnyOp { left, .. } => {
            return Err(RewriteRefusal::new(
                left.span(),
                "[PARSE_SYNTAX_ERROR] a value is not compared with all rows of a subquery, or with any",
                "compare it with (SELECT max(x) FROM …) or (SELECT min(x) FROM …); for `= ANY` write IN",
            ));
        }
        // <https://spark.apache.org/docs/latest/sql-ref-operators.html>
        Expr::UnaryOp { op: op @ UnaryOperator::BangNot, .. } => *op = UnaryOperator::Not,
        Expr::UnaryOp { op: UnaryOperator::BitwiseNot, expr: number } => {
            *expr = call("bitwise_not", number.span(), vec![taken(number)]);
        }
        _ => {}
    }
    Ok(())
}

fn is_written_number(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::Interval(_) => true,
        _ => false,
    }
}

fn not_if(negated: bool, expr: Expr) -> Expr {
    match negated {
        true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) },
        false => expr,
    }
}

/// `a LIKE ANY (p, q)` is `a LIKE p OR a LIKE q`; with ALL it is AND. The parser takes `ALL (…)` and `SOME (…)` for calls, and
/// the latter is `bool_or` by now.
/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-like.html>
fn any_or_all(like: &mut Expr) {
    let (Expr::Like { any, pattern, .. } | Expr::ILike { any, pattern, .. }) = &mut *like else { return };
    let found = match pattern.as_mut() {
        Expr::Tuple(patterns) if *any => Some((BinaryOperator::Or, std::mem::take(patterns))),
        Expr::Nested(pattern) if *any => Some((BinaryOperator::Or, vec![taken(pattern)])),
        Expr::Function(function) => match (function.name.to_string().as_str(), arguments(function)) {
            ("all", Some(patterns)) => Some((BinaryOperator::And, patterns)),
            ("any" | "some" | "bool_or", Some(patterns)) => Some((BinaryOperator::Or, patterns)),
            _ => None,
        },
        _ => None,
    };
    let Some((operator, patterns)) = found else { return };
    *any = false;
    let one = |pattern: Expr| {
        let mut one = like.clone();
        if let Expr::Like { pattern: of, .. } | Expr::ILike { pattern: of, .. } = &mut one {
            **of = pattern;
        }
        one
    };
    if let Some(all) = patterns.into_iter().map(one).reduce(|left, right| binary(left, operator.clone(), right)) {
        *like = Expr::Nested(Box::new(all));
    }
}

/// The planner knows a backslash alone, so a pattern that is written out is written with backslashes.
fn escape(like: &mut Expr) -> Result<(), RewriteRefusal> {
    let (Expr::Like { escape_char, pattern, .. } | Expr::ILike { escape_char, pattern, .. }) = like else {
        return Ok(());
    };
    let Some(value) = escape_char else { return Ok(()) };
    let refusal = |place: Span, message: &str, hint: &str| Err(RewriteRefusal::new(place, message, hint));
    let Value::SingleQuotedString(by) = &value.value else {
        return refusal(value.span, "what follows ESCAPE is one character", "write it in quotes: ESCAPE '/'");
    };
    let mut characters = by.chars();
    let (Some(by), None) = (characters.next(), characters.next()) else {
        return refusal(value.span, "what follows ESCAPE is one character", "write it in quotes: ESCAPE '/'");
    };
    if by != '\\' {
        let Expr::Value(pattern) = pattern.as_mut() else {
            return refusal(value.span, "ESCAPE is only known for a pattern that is written out", "use RLIKE");
        };
        if let Value::SingleQuotedString(text) = &mut pattern.value {
            let mut written = String::new();
            let mut characters = text.chars();
            while let Some(c) = characters.next() {
                match (c == by, c) {
                    (true, _) => written.extend(['\\'].into_iter().chain(characters.next())),
                    (false, '\\') => written.push_str("\\\\"),
                    (false, c) => written.push(c),
                }
            }
            *text = written;
        }
    }
    *escape_char = None;
    Ok(())
}
