//! A select that is planned once its FROM's columns are known: `*` behind USING, generators, aliases that are used in the same
//! list, fields of a struct.
//!
//! Its FROM is planned here, the rest of it is put into words that need no more knowledge, and the planner gets both.

use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{LogicalPlan, Volatility};
use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, Spanned, Visit, Visitor, WildcardAdditionalOptions,
};

use super::kept::Scope;
use super::source::{self, FromClause};
use super::{join, refused};
use crate::hints::suggest;
use crate::spark::sql::generators::is_generator_call;
use crate::spark::sql::names;
use crate::spark::sql::rewrite::build;
use crate::spark::sql::rewrite::own::visit_own;

pub fn plan(mut query: Query, scope: &mut Scope) -> Result<LogicalPlan> {
    if !matches!(query.body.as_ref(), SetExpr::Select(_)) {
        return scope.plan(build::derived(query));
    }
    if let Some(outer) = above_generators(&mut query, scope) {
        return plan(outer, scope);
    }
    let Query { body, order_by, .. } = &mut query;
    let SetExpr::Select(select) = body.as_mut() else { return scope.plan(build::derived(query)) };
    let mut source = join::tables(std::mem::take(&mut select.from), scope)?;
    for view in std::mem::take(&mut select.lateral_views) {
        source = source.with_view(&view, scope)?;
    }
    source = generate(select, source, scope)?;
    expand(select, &source)?;
    // What ORDER BY names is first of all a column of the result.
    let results: Vec<String> = select.projection.iter().filter_map(name_of).collect();
    let mut sorted = source.merged.clone();
    sorted.retain(|name, _| !results.contains(name));
    if let Some(order_by) = order_by {
        let mut alone = build::select(vec![], vec![]);
        source::resolve_all(&sorted, &mut alone, Some(order_by));
    }
    name_merged(select, &source);
    source::resolve_all(&source.merged, select, None);
    aliases(select, &source, scope)?;
    names::number(&mut select.projection);
    if !source.plan.schema().fields().is_empty() || !source.columns.is_empty() {
        select.from = vec![build::from(scope.keep(source.plan))];
    }
    scope.plan(build::derived(query))
}

/// The name under which an item's column is known, if it is plain.
fn name_of(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(|part| part.value.clone()),
        _ => None,
    }
}

/// A merged column is called as it is written, whatever it is made of.
fn name_merged(select: &mut Select, source: &FromClause) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(Expr::Identifier(name)) = item
            && let Some(merged) = source.merged.get(&name.value)
        {
            *item = named(&name.value, merged);
        }
    }
}

/// A column under a name; without an alias where the planner calls it so by itself.
fn named(name: &str, expr: &Expr) -> SelectItem {
    let last = match expr {
        Expr::Identifier(last) => Some(last),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    };
    match last {
        Some(last) if last.value == name => SelectItem::UnnamedExpr(expr.clone()),
        _ => SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('`', name) },
    }
}

/// Writes `*` out, and `s.*` for a struct. What a table's name stands before is left to the planner.
fn expand(select: &mut Select, source: &FromClause) -> Result<()> {
    let mut items = vec![];
    for item in std::mem::take(&mut select.projection) {
        match item {
            SelectItem::Wildcard(options) => {
                let columns = source.columns.iter().map(|(name, expr)| (name.as_str(), named(name, expr)));
                items.extend(but_for(columns.collect(), &options)?);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                let columns = of_table(&name, source).or_else(|| of_struct(&name, source));
                let Some(columns) = columns else {
                    return Err(refused(
                        name.span(),
                        format!("[CANNOT_RESOLVE_STAR_EXPAND] `{name}.*` is of no table and no struct of this query"),
                        suggest(&name.to_string(), tables(source).iter().map(String::as_str)),
                    ));
                };
                let columns = columns.iter().map(|(name, item)| (name.as_str(), item.clone())).collect();
                items.extend(but_for(columns, &options)?);
            }
            other => items.push(other),
        }
    }
    select.projection = items;
    Ok(())
}

/// `* EXCEPT (a, b)`
fn but_for(columns: Vec<(&str, SelectItem)>, options: &WildcardAdditionalOptions) -> Result<Vec<SelectItem>> {
    let Some(except) = &options.opt_except else { return Ok(columns.into_iter().map(|(_, item)| item).collect()) };
    let left_out: Vec<&Ident> = std::iter::once(&except.first_element).chain(&except.additional_elements).collect();
    for name in &left_out {
        if !columns.iter().any(|(known, _)| *known == name.value) {
            return Err(refused(
                name.span,
                format!("[UNRESOLVED_COLUMN.WITH_SUGGESTION] there is no column `{}` to leave out", name.value),
                suggest(&name.value, columns.iter().map(|(known, _)| *known)),
            ));
        }
    }
    let is_kept = |(name, _): &(&str, SelectItem)| !left_out.iter().any(|other| other.value == *name);
    Ok(columns.into_iter().filter(is_kept).map(|(_, item)| item).collect())
}

fn tables(source: &FromClause) -> Vec<String> {
    let tables = source.plan.schema().iter().filter_map(|(table, _)| Some(table?.table().to_string()));
    tables.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// All columns of a table, also those that a join has merged.
fn of_table(name: &ObjectName, source: &FromClause) -> Option<Vec<(String, SelectItem)>> {
    let parts: Vec<&str> = name.0.iter().filter_map(|part| Some(part.as_ident()?.value.as_str())).collect();
    let is_meant = |table: &datafusion::common::TableReference| {
        let full = [table.catalog(), table.schema(), Some(table.table())];
        let full: Vec<&str> = full.into_iter().flatten().collect();
        full.ends_with(&parts)
    };
    let columns = source.plan.schema().iter().filter(|(table, _)| table.is_some_and(is_meant));
    let columns: Vec<_> = columns
        .map(|(table, field)| (field.name().clone(), SelectItem::UnnamedExpr(source::column(table, field.name()))))
        .collect();
    (!columns.is_empty()).then_some(columns)
}

/// The fields of a column that is a struct.
fn of_struct(name: &ObjectName, source: &FromClause) -> Option<Vec<(String, SelectItem)>> {
    let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
    // With or without its table, and as deep as it is written.
    let schema = source.plan.schema();
    let (depth, mut data_type) = (0..parts.len()).find_map(|at| {
        let found = schema.iter().find(|(table, field)| {
            let table_parts: Vec<&str> = parts[..at].iter().map(|part| part.value.as_str()).collect();
            let of_table = at == 0 || table.is_some_and(|table| [table.table()].ends_with(&table_parts));
            of_table && *field.name() == parts[at].value
        });
        found.map(|(_, field)| (at, field.data_type().clone()))
    })?;
    for part in &parts[depth + 1..] {
        let DataType::Struct(fields) = &data_type else { return None };
        data_type = fields.iter().find(|field| *field.name() == part.value)?.data_type().clone();
    }
    let DataType::Struct(fields) = &data_type else { return None };
    let field = |name: &String| {
        let path = parts.iter().cloned().chain([Ident::with_quote('`', name)]).collect();
        let alias = Ident::with_quote('`', name);
        (name.clone(), SelectItem::ExprWithAlias { expr: Expr::CompoundIdentifier(path), alias })
    };
    Some(fields.iter().map(|one| field(one.name())).collect())
}

/// An alias that is used in the list in which it stands is what it stands for, if no column has its name.
/// <https://spark.apache.org/docs/latest/sql-ref-name-resolution.html#name-resolution>
fn aliases(select: &mut Select, source: &FromClause, scope: &Scope) -> Result<()> {
    let mut known: Vec<(Ident, Expr)> = vec![];
    let mut fault = None;
    for nth in 0..select.projection.len() {
        let mut alone = build::select(vec![select.projection[nth].clone()], vec![]);
        let replace = |expr: &mut Expr| {
            let Expr::Identifier(name) = expr else { return ControlFlow::<()>::Continue(()) };
            let name = name.clone();
            let mut meant = known.iter().filter(|(alias, _)| alias.value == name.value && !source.has(&name.value));
            if let Some((_, means)) = meant.next() {
                if meant.next().is_some() {
                    fault = Some(refused(
                        name.span,
                        format!(
                            "[AMBIGUOUS_LATERAL_COLUMN_ALIAS] several columns before it are called `{}`",
                            name.value
                        ),
                        "give them names of their own",
                    ));
                } else if let Some(function) = by_chance(means, scope) {
                    fault = Some(refused(
                        name.span,
                        format!(
                            "`{}` is not used again here, because `{function}` gives another value each time",
                            name.value
                        ),
                        "compute it in a subquery, and use it outside",
                    ));
                }
                *expr = Expr::Nested(Box::new(means.clone()));
            }
            ControlFlow::Continue(())
        };
        if !known.is_empty() {
            let _ = visit_own(&mut alone, None, replace);
            if let Some(fault) = fault.take() {
                return Err(fault);
            }
            select.projection[nth] = alone.projection.remove(0);
        }
        if let SelectItem::ExprWithAlias { expr, alias } = &select.projection[nth] {
            known.push((alias.clone(), expr.clone()));
        }
    }
    Ok(())
}

/// A function in an expression that gives another value each time.
fn by_chance(expr: &Expr, scope: &Scope) -> Option<String> {
    struct Chance<'a, 'b>(&'a Scope<'b>);
    impl Visitor for Chance<'_, '_> {
        type Break = String;

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
            let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
            let name = function.name.to_string();
            let known = self.0.context.context_provider().get_function_meta(&name);
            match known.is_some_and(|known| known.signature().volatility == Volatility::Volatile) {
                true => ControlFlow::Break(name),
                false => ControlFlow::Continue(()),
            }
        }
    }
    match expr.visit(&mut Chance(scope)) {
        ControlFlow::Break(name) => Some(name),
        ControlFlow::Continue(()) => None,
    }
}

/// Puts the columns that generators make in their places in the list. Several make all pairs of their rows.
/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-lateral-view.html>
fn generate(select: &mut Select, mut source: FromClause, scope: &mut Scope) -> Result<FromClause> {
    let visible = source.columns.clone();
    let mut items = vec![];
    for (nth, item) in std::mem::take(&mut select.projection).into_iter().enumerate() {
        let (call, names) = match &item {
            item if !call_of(item).is_some_and(is_generator_call) => (None, vec![]),
            SelectItem::ExprWithAlias { expr, alias } => (Some(expr), vec![alias.clone()]),
            SelectItem::ExprWithAliases { expr, aliases } => (Some(expr), aliases.clone()),
            SelectItem::UnnamedExpr(expr) => (Some(expr), vec![]),
            _ => (None, vec![]),
        };
        let Some(call) = call else {
            items.push(item);
            continue;
        };
        // A table that nobody can write, so that its columns hide no others.
        let table = Ident::new(format!("\u{2063}generated {nth}"));
        let known = source.plan.schema().fields().len();
        source = source.with_generator(call, false, Some(&table), &names, scope)?;
        let made = source::columns_of(&source.plan, known);
        items.extend(made.into_iter().map(|(_, column)| SelectItem::UnnamedExpr(column)));
    }
    select.projection = items;
    Ok(FromClause { columns: visible, ..source })
}

fn call_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::ExprWithAlias { expr, .. }
        | SelectItem::ExprWithAliases { expr, .. }
        | SelectItem::UnnamedExpr(expr) => Some(expr),
        _ => None,
    }
}

/// If a list has a generator of what groups or windows are made of, these are computed first, in a query of their own.
fn above_generators(query: &mut Query, scope: &Scope) -> Option<Query> {
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let nth = select.projection.iter().position(|item| call_of(item).is_some_and(is_generator_call))?;
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(items, _) if items.is_empty());
    if !is_grouped && select.having.is_none() && !computes_groups(select, scope) {
        return None;
    }
    let (mut inner, mut outer) = (vec![], vec![]);
    for (place, item) in std::mem::take(&mut select.projection).into_iter().enumerate() {
        let name = Ident::with_quote('`', format!("\u{2063}column {place}"));
        let column = Expr::Identifier(name.clone());
        match item {
            SelectItem::ExprWithAlias { expr, alias } if place != nth => {
                inner.push(SelectItem::ExprWithAlias { expr, alias: name });
                outer.push(SelectItem::ExprWithAlias { expr: column, alias });
            }
            SelectItem::UnnamedExpr(expr) if place != nth => {
                let alias = name_of(&SelectItem::UnnamedExpr(expr.clone()))?;
                inner.push(SelectItem::ExprWithAlias { expr, alias: name });
                outer.push(SelectItem::ExprWithAlias { expr: column, alias: Ident::with_quote('`', alias) });
            }
            item if place == nth => {
                let mut item = item;
                if let SelectItem::ExprWithAlias { expr: Expr::Function(call), .. }
                | SelectItem::ExprWithAliases { expr: Expr::Function(call), .. }
                | SelectItem::UnnamedExpr(Expr::Function(call)) = &mut item
                {
                    let arguments = build::arguments(call)?;
                    let mut columns = vec![];
                    for (at, argument) in arguments.into_iter().enumerate() {
                        let name = Ident::with_quote('`', format!("\u{2063}argument {at}"));
                        // What is written out may have to be.
                        match argument {
                            Expr::Value(_) => columns.push(argument),
                            expr => {
                                columns.push(Expr::Identifier(name.clone()));
                                inner.push(SelectItem::ExprWithAlias { expr, alias: name });
                            }
                        }
                    }
                    let name = call.name.to_string();
                    let called = build::call(&name, call.name.span(), columns);
                    if let Expr::Function(called) = called {
                        *call = called;
                    }
                }
                outer.push(item);
            }
            item => {
                inner.push(item.clone());
                outer.push(build::wildcard());
            }
        }
    }
    select.projection = inner;
    let distinct = select.distinct.take();
    let mut below = build::query(query.body.as_ref().clone());
    below.with = query.with.take();
    let mut above = build::select(outer, vec![build::from(build::derived(below))]);
    above.distinct = distinct;
    let mut above = build::query(SetExpr::Select(Box::new(above)));
    above.order_by = query.order_by.take().filter(|order_by| !matches!(order_by.kind, OrderByKind::All(_)));
    above.limit_clause = query.limit_clause.take();
    Some(above)
}

/// Whether a select list has aggregates or windows.
fn computes_groups(select: &mut Select, scope: &Scope) -> bool {
    let mut found = false;
    let look = |expr: &mut Expr| {
        if let Expr::Function(function) = expr {
            let name = function.name.to_string();
            found |= function.over.is_some() || scope.context.context_provider().get_aggregate_meta(&name).is_some();
        }
        ControlFlow::<()>::Continue(())
    };
    let mut alone = build::select(select.projection.clone(), vec![]);
    let _ = visit_own(&mut alone, None, look);
    found
}
