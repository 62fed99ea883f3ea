//! Functions that a statement calls and that Spark does not have: it runs here, and not there.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Visitor};

use super::places::bytes_of;
use super::visit;
use crate::error::Span;
use crate::spark::functions::known;

/// Their names and places, of a statement as it is written.
pub fn foreign_calls(statement: &Statement, text: &str) -> Vec<(String, Span)> {
    let mut foreign = Foreign { text, found: vec![] };
    let _ = visit(statement, &mut foreign);
    foreign.found
}

struct Foreign<'a> {
    text: &'a str,
    found: Vec<(String, Span)>,
}

impl Visitor for Foreign<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && let [part] = function.name.0.as_slice()
            && let Some(name) = part.as_ident()
            && !known::is_sparks(&name.value)
            && let Some(span) = bytes_of(self.text, name.span)
        {
            self.found.push((name.value.clone(), span));
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use crate::spark::sql::parse;

    #[test]
    fn what_spark_does_not_have_is_named_with_its_place() {
        let text =
            "SELECT gcd(a, b), sum(if(a > 1, 1, 0)) OVER (), d + INTERVAL 1 DAY\nFROM t WHERE ANY_MATCH(l, y -> y > 0)";
        let found = parse(text).unwrap().foreign;
        let found: Vec<(&str, &str)> = found.iter().map(|(name, span)| (name.as_str(), &text[span.clone()])).collect();
        assert_eq!(found, [("gcd", "gcd"), ("any_match", "ANY_MATCH")]);
    }
}
