//! `SELECT CAST(t.at AS date) AS at FROM t ORDER BY t.at`: a column of a table that the select list hides by one of its names.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-orderby.html>. The planner would have two columns of that name
//! side by side, so the one that is ordered by gets another name in a query of its own.

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, Value,
};

use super::build;

/// Stands in names that nobody writes.
const MARK: char = '\u{2063}';

pub fn rewrite(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let Some(OrderByKind::Expressions(order)) = query.order_by.as_mut().map(|order_by| &mut order_by.kind) else {
        return;
    };
    let Some(results) = results(select) else { return };
    let hidden = |expr: &Expr| match expr {
        Expr::CompoundIdentifier(parts) => {
            let last = &parts[parts.len() - 1].value;
            results.iter().any(|(name, of)| name == last && of.is_some_and(|of| of != expr))
        }
        _ => false,
    };
    if !order.iter().any(|by| hidden(&by.expr)) {
        return;
    }
    // What else it is ordered by must be known outside.
    let is_known = |expr: &Expr| match expr {
        Expr::Identifier(name) => results.iter().any(|(known, _)| *known == name.value),
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        expr => matches!(expr, Expr::CompoundIdentifier(_)),
    };
    if !order.iter().all(|by| is_known(&by.expr)) {
        return;
    }
    let names: Vec<String> = results.iter().map(|(name, _)| name.clone()).collect();
    for (nth, by) in order.iter_mut().enumerate() {
        if matches!(by.expr, Expr::CompoundIdentifier(_)) {
            let alias = Ident::with_quote('`', format!("{MARK}ordered by {nth}"));
            let expr = std::mem::replace(&mut by.expr, Expr::Identifier(alias.clone()));
            select.projection.push(SelectItem::ExprWithAlias { expr, alias });
        }
    }
    let inner = TableFactor::Derived {
        lateral: false,
        subquery: Box::new(build::query(SetExpr::Select(select.clone()))),
        alias: Some(build::alias(format!("{MARK}ordered"))),
        sample: None,
    };
    let columns = names.into_iter().map(|name| SelectItem::UnnamedExpr(Expr::Identifier(Ident::with_quote('`', name))));
    **select = build::select(columns.collect(), vec![build::from(inner)]);
}

/// The names of the list's columns, each once, with what they name; none where rows become others.
fn results(select: &Select) -> Option<Vec<(String, Option<&Expr>)>> {
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(items, _) if items.is_empty());
    if is_grouped || select.distinct.is_some() || select.having.is_some() {
        return None;
    }
    let mut results: Vec<(String, Option<&Expr>)> = vec![];
    for item in &select.projection {
        let (name, of) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (alias.value.clone(), Some(expr)),
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => (name.value.clone(), None),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => (parts.last()?.value.clone(), None),
            _ => return None,
        };
        if results.iter().any(|(known, _)| *known == name) {
            return None;
        }
        results.push((name, of));
    }
    Some(results)
}

#[cfg(test)]
mod tests {
    use crate::spark::sql::parse;

    #[test]
    fn a_hidden_column_is_ordered_by_under_another_name() {
        let read = |text: &str| parse(text).unwrap().statement.to_string().replace('\u{2063}', "~");
        let text = "SELECT f(t.at) AS at, b FROM t ORDER BY t.at DESC, b LIMIT 3";
        assert!(read(text).ends_with("AS `~ordered` ORDER BY `~ordered by 0` DESC, b LIMIT 3"), "{}", read(text));
        for plain in [
            "SELECT a FROM t ORDER BY t.a",
            "SELECT f(a) AS b FROM t ORDER BY t.a",
            "SELECT t.a AS a FROM t ORDER BY t.a",
        ] {
            assert!(!read(plain).contains('~'), "{}", read(plain));
        }
    }
}
