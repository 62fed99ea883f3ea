//! Selects that can only be understood once the columns of their FROM are known.
//!
//! Such a select becomes a table of its own, in the syntax of a table function over a query:
//! [`relations`](crate::spark::relations) plans it.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, TableFactor, TableWithJoins,
};

use super::build;
use super::own::visit_own;
use crate::spark::sql::generators::{is_generator, is_generator_call};
use crate::spark::sql::names;

/// Wraps a query's own selects that need it.
pub fn rewrite(query: &mut Query) {
    match query.body.as_mut() {
        SetExpr::Select(select) if is_needed(select) => {
            let inner = Query { with: None, ..query.clone() };
            *query = Query { with: query.with.take(), ..build::query(SetExpr::Select(Box::new(wrapped(inner)))) };
        }
        SetExpr::Select(_) => {}
        body => sides(body),
    }
}

fn sides(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) if is_needed(select) => {
            let inner = build::query(SetExpr::Select(select.clone()));
            **select = wrapped(inner);
        }
        SetExpr::SetOperation { left, right, .. } => {
            sides(left);
            sides(right);
        }
        _ => {}
    }
}

fn wrapped(query: Query) -> Select {
    let relation = TableFactor::TableFunction { expr: Expr::Subquery(Box::new(query)), alias: None };
    build::select(vec![build::wildcard()], vec![build::from(relation)])
}

fn is_needed(select: &Select) -> bool {
    !select.lateral_views.is_empty()
        || select.from.iter().any(needs_columns)
        || select.projection.iter().any(makes_rows)
        || is_wildcard_among_others(&select.projection)
        || has_fields_of_struct(select)
        || uses_own_alias(&select.projection)
}

/// Whether joins make one column of two, or are of a form that is known there only.
fn needs_columns(table: &TableWithJoins) -> bool {
    needs_columns_itself(&table.relation)
        || table.joins.iter().any(|join| joins_so(join) || needs_columns_itself(&join.relation))
}

fn needs_columns_itself(relation: &TableFactor) -> bool {
    match relation {
        TableFactor::NestedJoin { table_with_joins, .. } => needs_columns(table_with_joins),
        TableFactor::Function { name, lateral: true, .. } => is_generator(name),
        TableFactor::Derived { lateral: true, .. } => true,
        _ => false,
    }
}

fn joins_so(join: &Join) -> bool {
    let is_merging =
        |constraint: &JoinConstraint| matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural);
    match &join.join_operator {
        JoinOperator::Semi(_) | JoinOperator::Anti(_) => true,
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) | JoinOperator::CrossJoin(constraint) => {
            is_merging(constraint)
        }
        JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::LeftAnti(constraint) => is_merging(constraint) || *constraint == JoinConstraint::None,
        _ => false,
    }
}

fn makes_rows(item: &SelectItem) -> bool {
    match item {
        SelectItem::ExprWithAliases { .. } => true,
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => is_generator_call(expr),
        _ => false,
    }
}

/// `*` may have a column that another item is called like.
fn is_wildcard_among_others(projection: &[SelectItem]) -> bool {
    let is_wildcard = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    projection.len() > 1 && projection.iter().any(is_wildcard)
}

/// `s.*`, where `s` is no table.
fn has_fields_of_struct(select: &Select) -> bool {
    let tables = names::tables(select);
    select.projection.iter().any(|item| match item {
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
            let path: Vec<String> = name.0.iter().filter_map(|part| Some(part.as_ident()?.value.clone())).collect();
            !tables.iter().any(|table| table.ends_with(&path))
        }
        _ => false,
    })
}

fn uses_own_alias(projection: &[SelectItem]) -> bool {
    let mut known: Vec<&Ident> = vec![];
    projection.iter().any(|item| {
        let mut alone = build::select(vec![item.clone()], vec![]);
        let used = visit_own(&mut alone, None, |expr| match expr {
            Expr::Identifier(name) if known.iter().any(|alias| alias.value == name.value) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        if let SelectItem::ExprWithAlias { alias, .. } = item {
            known.push(alias);
        }
        used.is_break()
    })
}
