//! `ORDER BY ALL`, and MINUS, which is EXCEPT.

use datafusion::sql::sqlparser::ast::{
    Expr, OrderByExpr, OrderByKind, Query, SelectItem, SetExpr, SetOperator, Spanned, Value,
};

pub fn rewrite(query: &mut Query) {
    minus_is_except(&mut query.body);
    order_by_all(query);
}

/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-setops.html>
fn minus_is_except(body: &mut SetExpr) {
    if let SetExpr::SetOperation { op, left, right, .. } = body {
        if *op == SetOperator::Minus {
            *op = SetOperator::Except;
        }
        minus_is_except(left);
        minus_is_except(right);
    }
}

/// By each column of the result, in their order:
/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-orderby.html>
fn order_by_all(query: &mut Query) {
    let (Some(order_by), SetExpr::Select(select)) = (&mut query.order_by, query.body.as_ref()) else { return };
    let OrderByKind::All(options) = order_by.kind.clone() else { return };
    let is_named = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    if select.projection.iter().all(is_named) {
        let by = (1..).zip(&select.projection).map(|(place, item): (usize, _)| OrderByExpr {
            expr: Expr::Value(Value::Number(place.to_string(), false).with_span(item.span())),
            options,
            with_fill: None,
        });
        order_by.kind = OrderByKind::Expressions(by.collect());
    }
}
