//! `LATERAL (SELECT t.a * 2 AS b)`: columns that are computed of the row before them, without a table of their own.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-lateral-subquery.html>. They become columns beside that row; the
//! planner would make a subquery of each row, which the engine does not take.

use std::ops::ControlFlow;

use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Result, TableReference};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, GroupByExpr, Query, Select, SelectItem, SetExpr, Spanned, TableAlias, TableFactor,
};

use super::kept::Scope;
use super::refused;
use super::source::{FromClause, columns_of, resolve};
use crate::spark::sql::generators::is_generator_call;
use crate::spark::sql::rewrite::build;
use crate::spark::sql::rewrite::own::visit_own;

/// What such a subquery computes.
pub struct ComputedRow<'a> {
    items: &'a [SelectItem],
    condition: Option<&'a SqlExpr>,
    alias: Option<&'a TableAlias>,
}

/// `None` where the subquery is more than that. A row that is kept, whatever is beside it, has no condition.
pub fn of(relation: &TableFactor, is_kept: bool) -> Option<ComputedRow<'_>> {
    let TableFactor::Derived { lateral: true, subquery, alias, .. } = relation else { return None };
    let Query { with: None, body, limit_clause: None, .. } = subquery.as_ref() else { return None };
    let SetExpr::Select(select) = body.as_ref() else { return None };
    let Select { projection, selection, from, group_by, having, distinct, lateral_views, qualify, .. } =
        select.as_ref();
    let is_grouped = !matches!(group_by, GroupByExpr::Expressions(items, _) if items.is_empty());
    let is_plain = from.is_empty() && !is_grouped && having.is_none() && distinct.is_none() && qualify.is_none();
    let are_values = projection.iter().all(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            !is_generator_call(expr) && !asks_a_query(expr)
        }
        _ => false,
    });
    let condition = selection.as_ref();
    if !is_plain || !are_values || !lateral_views.is_empty() || (is_kept && condition.is_some()) {
        return None;
    }
    Some(ComputedRow { items: projection, condition, alias: alias.as_ref() })
}

fn asks_a_query(expr: &SqlExpr) -> bool {
    let mut alone = build::select(vec![SelectItem::UnnamedExpr(expr.clone())], vec![]);
    visit_own(&mut alone, None, |expr| match expr {
        SqlExpr::Subquery(_) | SqlExpr::Exists { .. } | SqlExpr::InSubquery { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .is_break()
}

pub fn beside(left: FromClause, row: ComputedRow<'_>, scope: &mut Scope) -> Result<FromClause> {
    let known = left.plan.schema().fields().len();
    let names: Vec<String> =
        row.alias.map_or_else(Vec::new, |alias| alias.columns.iter().map(|column| column.name.value.clone()).collect());
    // Without a name, a table that nobody can write: its columns are told from those beside them.
    let name = row.alias.map_or_else(|| scope.name(), |alias| alias.name.value.clone());
    let table = Some(TableReference::bare(name));
    let mut columns: Vec<Expr> = left.plan.schema().columns().into_iter().map(Expr::Column).collect();
    for (nth, item) in row.items.iter().enumerate() {
        let (expr, name) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (expr, alias.value.clone()),
            SelectItem::UnnamedExpr(expr) => (expr, last_name(expr)),
            _ => continue,
        };
        let mut meant = expr.clone();
        resolve(&left.merged, &mut meant);
        let planned = scope.context.sql_to_expr(meant, left.plan.schema())?;
        if planned.exists(|part| Ok(matches!(part, Expr::AggregateFunction(_) | Expr::WindowFunction(_))))? {
            return Err(refused(
                expr.span(),
                format!("`{expr}` in LATERAL is of many rows, and there is one"),
                "aggregate in the query around it, or read a table in it",
            ));
        }
        columns.push(planned.alias_qualified(table.clone(), names.get(nth).cloned().unwrap_or(name)));
    }
    let mut plan = LogicalPlanBuilder::from(left.plan.clone());
    if let Some(condition) = row.condition {
        let mut condition = condition.clone();
        resolve(&left.merged, &mut condition);
        plan = plan.filter(scope.context.sql_to_expr(condition, left.plan.schema())?)?;
    }
    let plan = plan.project(columns)?.build()?;
    let columns = left.columns.into_iter().chain(columns_of(&plan, known)).collect();
    Ok(FromClause { plan, columns, merged: left.merged })
}

fn last_name(expr: &SqlExpr) -> String {
    match expr {
        SqlExpr::Identifier(name) => name.value.clone(),
        SqlExpr::CompoundIdentifier(parts) => parts.last().map_or_else(String::new, |part| part.value.clone()),
        other => other.to_string(),
    }
}
