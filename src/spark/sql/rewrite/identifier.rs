//! `IDENTIFIER('name')` is the name that the text has, of a column or of a table.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-identifier-clause.html>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, Ident, ObjectName, Spanned, TableFactor, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::RewriteRefusal;
use super::build::arguments;

/// Has to come before columns get their names.
pub fn rewrite(syntax: &mut impl VisitMut) -> Result<(), RewriteRefusal> {
    match syntax.visit(&mut Identifiers) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refusal) => Err(refusal),
    }
}

struct Identifiers;

impl VisitorMut for Identifiers {
    type Break = RewriteRefusal;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<RewriteRefusal> {
        let Expr::Function(function) = &*expr else { return ControlFlow::Continue(()) };
        if !is_identifier(&function.name) {
            return ControlFlow::Continue(());
        }
        match parts(function) {
            Some(mut parts) if parts.len() == 1 => *expr = Expr::Identifier(parts.remove(0)),
            Some(parts) => *expr = Expr::CompoundIdentifier(parts),
            None => return ControlFlow::Break(refusal(function.span())),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<RewriteRefusal> {
        let TableFactor::Table { name, args, .. } = factor else { return ControlFlow::Continue(()) };
        let Some(given) = args.as_ref().filter(|_| is_identifier(name)) else { return ControlFlow::Continue(()) };
        let text = match given.args.as_slice() {
            [argument] => argument.to_string(),
            _ => String::new(),
        };
        let text = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        let Some(parts) = text.and_then(|text| names(text, name.span())) else {
            return ControlFlow::Break(refusal(name.span()));
        };
        *name = ObjectName::from(parts);
        *args = None;
        ControlFlow::Continue(())
    }
}

fn is_identifier(name: &ObjectName) -> bool {
    name.to_string() == "identifier"
}

fn refusal(place: Span) -> RewriteRefusal {
    RewriteRefusal::new(
        place,
        "[NOT_A_CONSTANT_STRING] `IDENTIFIER` takes a name that is written out as a text",
        "write IDENTIFIER('table.column')",
    )
}

fn parts(function: &Function) -> Option<Vec<Ident>> {
    match arguments(function)?.as_slice() {
        [Expr::Value(value)] => match &value.value {
            Value::SingleQuotedString(text) => names(text, value.span),
            _ => None,
        },
        _ => None,
    }
}

/// The parts of a name, which may stand between backticks.
fn names(text: &str, place: Span) -> Option<Vec<Ident>> {
    let mut names = vec![String::new()];
    let mut is_quoted = false;
    for c in text.chars() {
        match c {
            '`' => is_quoted = !is_quoted,
            '.' if !is_quoted => names.push(String::new()),
            c => names.last_mut()?.extend(c.to_lowercase()),
        }
    }
    let is_name = !is_quoted && names.iter().all(|name| !name.is_empty());
    let quoted = |name: String| Ident { value: name, quote_style: Some('`'), span: place };
    is_name.then(|| names.into_iter().map(quoted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_parts_between_dots_and_backticks() {
        let of = |text: &str| {
            names(text, Span::empty()).map(|parts| parts.into_iter().map(|part| part.value).collect::<Vec<_>>())
        };
        assert_eq!(of("Raw.`Odd.Name`.x").unwrap(), ["raw", "odd.name", "x"]);
        assert_eq!((of(""), of("a..b"), of("`a")), (None, None, None));
    }
}
