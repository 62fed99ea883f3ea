//! Fields of structs: behind any expression (`max(s).f`, `named_struct('a', 1).a`), and their names in `struct(a, b)`.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Spanned, Value};

use super::build::call;

/// The planner knows `(s)['f']` where it does not know `(s).f`.
pub fn rewrite(expr: &mut Expr) {
    named(expr);
    let Expr::CompoundFieldAccess { access_chain, .. } = expr else { return };
    for access in access_chain {
        if let AccessExpr::Dot(field) = access
            && let Expr::Identifier(name) = field
        {
            *field = Expr::Value(Value::SingleQuotedString(name.value.clone()).with_span(name.span));
        }
    }
}

/// A column in `struct(…)` gives its name to its field, as one behind AS does; others are called by their places.
/// <https://spark.apache.org/docs/latest/api/sql/index.html#struct>
fn named(expr: &mut Expr) {
    let Expr::Struct { values, fields } = &*expr else { return };
    if !fields.is_empty() || values.is_empty() {
        return;
    }
    let text = |text: &str| Expr::Value(Value::SingleQuotedString(text.to_string()).with_empty_span());
    let field = |(nth, value): (usize, &Expr)| match value {
        Expr::Named { expr, name } => [text(&name.value), (**expr).clone()],
        Expr::Identifier(name) => [text(&name.value), value.clone()],
        Expr::CompoundIdentifier(parts) if !parts.is_empty() => [text(&parts[parts.len() - 1].value), value.clone()],
        value => [text(&field_of(value).map_or_else(|| format!("col{}", nth + 1), String::from)), value.clone()],
    };
    *expr = call("named_struct", expr.span(), values.iter().enumerate().flat_map(field).collect());
}

/// The last field of `(s).f`, as the planner knows it.
fn field_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last()? {
            AccessExpr::Dot(Expr::Value(name)) => match &name.value {
                Value::SingleQuotedString(name) => Some(name),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
