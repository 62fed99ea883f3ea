//! `GROUP BY window(time, '1 hour')`: the group is known as `window` in the rest of the select, and rows without a time are of
//! no window.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#window>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, GroupByExpr, Ident, OrderBy, Query, Select, SelectItem, SetExpr, Value,
};

use super::build::{arguments, binary};
use super::own::visit_own;
use crate::spark::functions::scalar::time_window::WINDOW;

pub fn rewrite(query: &mut Query) {
    let Query { body, order_by, .. } = query;
    if let SetExpr::Select(select) = body.as_mut() {
        rewrite_select(select, order_by.as_mut());
    }
}

fn rewrite_select(select: &mut Select, order_by: Option<&mut OrderBy>) {
    let mut times: Vec<Expr> = vec![];
    let _ = visit_own(select, None, |expr| {
        if let Some(time) = time_of(expr)
            && !times.contains(&time)
        {
            times.push(time);
        }
        ControlFlow::<()>::Continue(())
    });
    for time in times {
        let is_there = Expr::IsNotNull(Box::new(time));
        select.selection = Some(match select.selection.take() {
            Some(selection) => binary(Expr::Nested(Box::new(selection)), BinaryOperator::And, is_there),
            None => is_there,
        });
    }
    let GroupByExpr::Expressions(groups, _) = &select.group_by else { return };
    let Some(window) = groups.iter().find(|group| time_of(group).is_some()).cloned() else { return };
    for item in &mut select.projection {
        // Under the name that it had.
        let name = match item {
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(|part| part.value.clone()),
            _ => None,
        };
        if let (SelectItem::UnnamedExpr(expr), Some(name)) = (&mut *item, name)
            && let Some(meant) = meant(expr, &window)
        {
            *item = SelectItem::ExprWithAlias { expr: meant, alias: Ident::with_quote('`', name) };
        }
    }
    let _ = visit_own(select, order_by, |expr| {
        if let Some(meant) = meant(expr, &window) {
            *expr = meant;
        }
        ControlFlow::<()>::Continue(())
    });
}

/// What a window is of.
fn time_of(expr: &Expr) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let is_window = function.name.to_string() == WINDOW && function.over.is_none();
    is_window.then(|| arguments(function)).flatten()?.into_iter().next()
}

/// `window`, and `window.start`.
fn meant(expr: &Expr, window: &Expr) -> Option<Expr> {
    match expr {
        Expr::Identifier(name) if name.value == WINDOW => Some(window.clone()),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [name, field] if name.value == WINDOW => {
                let field = Value::SingleQuotedString(field.value.clone()).with_span(field.span);
                let access_chain = vec![AccessExpr::Dot(Expr::Value(field))];
                Some(Expr::CompoundFieldAccess { root: Box::new(window.clone()), access_chain })
            }
            _ => None,
        },
        _ => None,
    }
}
