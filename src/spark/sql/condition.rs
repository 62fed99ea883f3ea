//! Conditions: what a check asks of each row, as a tree.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, Query, Spanned, UnaryOperator, Value, ValueWithSpan, Visit, VisitMut, Visitor,
    VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer;

use super::faults::Excerpt;
use super::rewrite::{MOST_DIGITS, call, rewrite};
use super::{SqlFault, parse_expr, places};
use crate::error::Span;

/// A boolean expression, parsed and rewritten as statements are. Its places are those of the file in which it is written.
#[derive(Debug, Clone)]
pub struct Condition {
    pub(super) expr: Expr,
    text: String,
}

/// A column, as it is named at some place of a file.
#[derive(Clone, Copy)]
pub struct ColumnAt<'a> {
    pub column: &'a str,
    pub file: &'a str,
    pub span: &'a Span,
}

/// A value that a column is compared with.
#[derive(Debug, Clone)]
pub struct Constant(Expr);

impl Condition {
    /// Parses an expression that is written within a file; `place` says where there each part of the text stands.
    pub fn parse(text: &str, file: &str, place: impl Fn(Span) -> Span) -> Result<Condition, SqlFault> {
        let (written, expr) = parse_expr(text, file, place)?;
        let text = with_doubled('\\', &written);
        Ok(Condition { expr, text })
    }

    pub fn is_not_null(column: ColumnAt<'_>) -> Result<Condition, SqlFault> {
        Condition::of(Expr::IsNotNull(Box::new(column.expr())), column)
    }

    pub fn is_one_of(column: ColumnAt<'_>, values: Vec<Constant>) -> Result<Condition, SqlFault> {
        let list = values.into_iter().map(|value| value.0).collect();
        Condition::of(Expr::InList { expr: Box::new(column.expr()), list, negated: false }, column)
    }

    /// Both limits are part of the range. Without any there is nothing to ask.
    pub fn is_within(
        column: ColumnAt<'_>,
        min: Option<Constant>,
        max: Option<Constant>,
    ) -> Option<Result<Condition, SqlFault>> {
        let compared = |op, limit: Constant| binary(column.expr(), op, limit.0);
        let min = min.map(|limit| compared(BinaryOperator::GtEq, limit));
        let max = max.map(|limit| compared(BinaryOperator::LtEq, limit));
        let both = min.into_iter().chain(max).reduce(|min, max| binary(min, BinaryOperator::And, max));
        both.map(|both| Condition::of(both, column))
    }

    pub fn matches(column: ColumnAt<'_>, pattern: &str) -> Result<Condition, SqlFault> {
        let place = column.ident().span;
        Condition::of(call("regexp_like", place, vec![column.expr(), Constant::text(pattern).0]), column)
    }

    /// Of what a header says about a column. What is wrong with its values is told at the column.
    fn of(mut expr: Expr, column: ColumnAt<'_>) -> Result<Condition, SqlFault> {
        let text = with_doubled('\'', &expr);
        let excerpt = Excerpt { file: column.file, part: column.span.clone() };
        rewrite(&mut expr).map_err(|refusal| excerpt.refused(refusal))?;
        Ok(Condition { expr, text })
    }

    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Where a query begins in it, if there is one.
    pub fn subquery(&self, file: &str) -> Option<Span> {
        struct Queries(Option<tokenizer::Span>);
        impl Visitor for Queries {
            type Break = ();

            fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
                self.0 = Some(query.span());
                ControlFlow::Break(())
            }
        }
        let mut queries = Queries(None);
        let _ = Visit::visit(&self.expr, &mut queries);
        queries.0.map(|place| places::bytes_of(file, place).unwrap_or_default())
    }

    /// It in words of SQL, for fingerprints: conditions were texts once that the engine read again, so there are more
    /// backslashes and quotes in it than are meant. Other words for the same would make every table anew that has a check.
    pub fn fingerprint_text(&self) -> &str {
        &self.text
    }
}

impl Constant {
    pub fn truth(truth: bool) -> Constant {
        Constant::value(Value::Boolean(truth))
    }

    pub fn text(text: &str) -> Constant {
        Constant::value(Value::SingleQuotedString(text.to_string()))
    }

    /// A number as it is written, with digits alone and perhaps a sign. With more digits than a decimal has it is a double.
    pub fn number(number: &str) -> Constant {
        match number.strip_prefix('-') {
            None => {
                let is_decimal = number.bytes().filter(u8::is_ascii_digit).count() <= MOST_DIGITS;
                let double = number.parse::<f64>().ok().filter(|_| !is_decimal);
                let text = double.map_or_else(|| number.to_string(), |double| format!("{double:e}"));
                Constant::value(Value::Number(text, false))
            }
            Some(number) => {
                Constant(Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(Constant::number(number).0) })
            }
        }
    }

    fn value(value: Value) -> Constant {
        Constant(Expr::Value(value.with_empty_span()))
    }
}

impl ColumnAt<'_> {
    fn expr(self) -> Expr {
        Expr::Identifier(self.ident())
    }

    fn ident(self) -> Ident {
        let place = places::place_of(self.file, self.span);
        Ident { value: self.column.to_lowercase(), quote_style: Some('`'), span: place }
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// It as text, with this character twice wherever a text has it.
fn with_doubled(character: char, expr: &Expr) -> String {
    struct Doubled(char);
    impl VisitorMut for Doubled {
        type Break = ();

        fn post_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
            if let Value::SingleQuotedString(text) = &mut value.value {
                *text = text.replace(self.0, &self.0.to_string().repeat(2));
            }
            ControlFlow::Continue(())
        }
    }
    let mut expr = expr.clone();
    let _ = VisitMut::visit(&mut expr, &mut Doubled(character));
    expr.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Condition, SqlFault> {
        Condition::parse(text, text, |span| span)
    }

    #[test]
    fn a_condition_means_the_same_as_in_a_query() {
        let condition = parsed(r#"`Cost Total $` > 0 OR Kind IN ("It's", 'B')"#).unwrap();
        assert_eq!(condition.expr().to_string(), "`cost total $` > 0 OR kind IN ('It''s', 'B')");
        for fault in ["a > 0 b", "a > 0 AS b", "a > 0; b > 0", "", "a >"] {
            assert!(parsed(fault).is_err(), "{fault}");
        }
    }

    #[test]
    fn its_places_are_those_of_the_file() {
        // As YAML has it: quotes are doubled, and a line end is a blank.
        let file = "ñ: 'a = ''ü'' AND\n  bel > 0 )'";
        let place = |span: Span| {
            let byte =
                |byte: usize| 5 + byte + usize::from(byte > 4) + usize::from(byte > 7) + 2 * usize::from(byte > 12);
            byte(span.start)..byte(span.end)
        };
        let condition = Condition::parse("a = 'ü' AND bel > 0", file, place).unwrap();
        let Expr::BinaryOp { right, .. } = condition.expr() else { panic!() };
        let Expr::BinaryOp { left, .. } = right.as_ref() else { panic!() };
        let Expr::Identifier(name) = left.as_ref() else { panic!() };
        assert_eq!(&file[places::bytes_of(file, name.span).unwrap()], "bel");
        let fault = Condition::parse("a = 'ü' AND bel > 0 )", file, place).unwrap_err();
        assert_eq!(fault.span, file.len() - 2..file.len() - 1);
    }

    #[test]
    fn is_made_of_what_a_header_says() {
        let column = ColumnAt { column: "State", file: "not_null: [State]", span: &(11..16) };
        let values =
            vec![Constant::text("it's"), Constant::text(r"\d''"), Constant::number("-3"), Constant::truth(true)];
        let text = |condition: Result<Condition, SqlFault>| condition.unwrap().fingerprint_text().to_string();
        assert_eq!(text(Condition::is_not_null(column)), "`state` IS NOT NULL");
        assert_eq!(text(Condition::is_one_of(column, values)), r"`state` IN ('it''s', '\d''''', -3, true)");
        assert_eq!(text(Condition::matches(column, r"^\d+'$")), r"regexp_like(`state`, '^\d+''$')");
        let limits = (Some(Constant::number("1")), Some(Constant::number("9.5")));
        assert_eq!(text(Condition::is_within(column, limits.0, limits.1).unwrap()), "`state` >= 1 AND `state` <= 9.5");
        assert!(Condition::is_within(column, None, None).is_none());
        let long = Condition::is_one_of(column, vec![Constant::number(&format!("-1{}", "0".repeat(300)))]);
        assert_eq!(text(long), "`state` IN (-1e300)");
    }
}
