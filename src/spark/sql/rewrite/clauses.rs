//! Clauses that say little, and those that the planner would overlook.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Ident, LimitClause, ObjectName, OrderBy, OrderByExpr, OrderByKind,
    OrderByOptions, Query, Select, SelectFlavor, SetExpr, Spanned, TableAlias, TableAliasColumnDef, TableFactor,
    Values,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::RewriteRefusal;
use super::build::{self, binary, count_all, number};

pub fn rewrite(query: &mut Query) -> Result<(), RewriteRefusal> {
    refuse_unknown(query)?;
    let Query { body, order_by, .. } = query;
    if let SetExpr::Select(select) = body.as_mut() {
        sorting(select, order_by);
    }
    sides(body)
}

fn sides(body: &mut SetExpr) -> Result<(), RewriteRefusal> {
    match body {
        SetExpr::Select(select) => {
            refuse_unknown_in_select(select)?;
            from_first(select);
            having_alone(select);
            // A hint of how to compute, which has no meaning here.
            select.distribute_by = vec![];
            if !select.sort_by.is_empty() || !select.cluster_by.is_empty() {
                return Err(RewriteRefusal::new(
                    select.span(),
                    "SORT BY and CLUSTER BY are not known within UNION, EXCEPT and INTERSECT",
                    "sort the result: ORDER BY behind all of it",
                ));
            }
        }
        SetExpr::SetOperation { left, right, .. } => {
            sides(left)?;
            sides(right)?;
        }
        SetExpr::Values(values) => {
            // Spark calls the columns `col1`, `col2`: <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-inline-table.html>
            let width = values.rows.first().map_or(0, |row| row.content.len());
            let place = values.rows.first().map_or(Span::empty(), |row| row.opening_token.0.span);
            let name = format!("\u{2063}values {}:{}", place.start.line, place.start.column);
            let column = |nth| TableAliasColumnDef { name: Ident::new(format!("col{nth}")), data_type: None };
            let columns = (1..=width).map(column).collect();
            let alias = TableAlias { explicit: true, name: Ident::with_quote('`', name), columns, at: None };
            let subquery = Box::new(build::query(SetExpr::Values(std::mem::replace(values, no_values()))));
            let table = TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None };
            *body = SetExpr::Select(Box::new(build::select(vec![build::wildcard()], vec![build::from(table)])));
        }
        SetExpr::Table(table) => {
            let parts = [&table.schema_name, &table.table_name].into_iter().flatten().map(Ident::new);
            let name = ObjectName::from(parts.collect::<Vec<_>>());
            *body = SetExpr::Select(Box::new(build::select(
                vec![build::wildcard()],
                vec![build::from(build::table(name))],
            )));
        }
        _ => {}
    }
    Ok(())
}

fn no_values() -> Values {
    Values { explicit_row: false, value_keyword: false, rows: vec![] }
}

/// `FROM t SELECT a`, and `FROM t` alone.
fn from_first(select: &mut Select) {
    if select.flavor == SelectFlavor::FromFirstNoSelect {
        select.projection = vec![build::wildcard()];
    }
    select.flavor = SelectFlavor::Standard;
}

/// Without GROUP BY, HAVING makes one group of all rows:
/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-having.html>
fn having_alone(select: &mut Select) {
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(items, _) if items.is_empty());
    if !is_grouped && let Some(having) = select.having.take() {
        let any = binary(count_all(), BinaryOperator::GtEq, number(0));
        select.having = Some(binary(Expr::Nested(Box::new(having)), BinaryOperator::And, any));
    }
}

/// `SORT BY` sorts the rows of each task, and `CLUSTER BY` deals them to tasks first. All rows sorted are sorted in each task.
/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-sortby.html>
fn sorting(select: &mut Select, order_by: &mut Option<OrderBy>) {
    let ascending =
        |expr: Expr| OrderByExpr { expr, options: OrderByOptions { asc: None, nulls_first: None }, with_fill: None };
    let clustered = std::mem::take(&mut select.cluster_by).into_iter().map(ascending);
    let sorted: Vec<OrderByExpr> = std::mem::take(&mut select.sort_by).into_iter().chain(clustered).collect();
    if order_by.is_none() && !sorted.is_empty() {
        *order_by = Some(OrderBy { kind: OrderByKind::Expressions(sorted), interpolate: None });
    }
}

/// What is no part of Spark's SELECT, and would have no effect.
fn refuse_unknown(query: &Query) -> Result<(), RewriteRefusal> {
    let place = query.body.span();
    let unknown = [
        (query.fetch.is_some(), "FETCH", "write LIMIT"),
        (!query.locks.is_empty(), "FOR UPDATE", "a query only reads: leave it out"),
        (query.for_clause.is_some(), "FOR", "leave it out"),
        (query.settings.is_some(), "SETTINGS", "leave it out"),
        (query.format_clause.is_some(), "FORMAT", "choose the form of the output with `-o`"),
    ];
    refuse(place, &unknown)?;
    match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit_by, .. }) if !limit_by.is_empty() => Err(RewriteRefusal::new(
            place,
            "LIMIT … BY is no part of Spark's SQL",
            "number the rows: row_number() OVER (PARTITION BY …)",
        )),
        Some(LimitClause::OffsetCommaLimit { .. }) => {
            Err(RewriteRefusal::new(place, "LIMIT a, b is no part of Spark's SQL", "write LIMIT b OFFSET a"))
        }
        _ => Ok(()),
    }
}

fn refuse_unknown_in_select(select: &Select) -> Result<(), RewriteRefusal> {
    let unknown = [
        (select.top.is_some(), "TOP", "write LIMIT"),
        (select.prewhere.is_some(), "PREWHERE", "write WHERE"),
        (!select.connect_by.is_empty(), "CONNECT BY", "write WITH RECURSIVE"),
        (select.value_table_mode.is_some(), "SELECT AS", "name the columns"),
        (select.exclude.is_some(), "EXCLUDE", "write * EXCEPT (…)"),
        (select.into.is_some(), "INTO", "a query only reads: leave it out"),
    ];
    refuse(select.span(), &unknown)
}

fn refuse(place: Span, unknown: &[(bool, &str, &str)]) -> Result<(), RewriteRefusal> {
    match unknown.iter().find(|(is_there, _, _)| *is_there) {
        Some((_, clause, hint)) => {
            Err(RewriteRefusal::new(place, format!("{clause} is no part of Spark's SELECT"), *hint))
        }
        None => Ok(()),
    }
}

/// `range(3)` has one column, `id`: <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-tvf.html>
pub fn table(factor: &mut TableFactor) {
    let TableFactor::Table { name, alias, args: Some(arguments), .. } = factor else { return };
    if name.to_string() != "range" {
        return;
    }
    // The fourth says over how many tasks the rows are dealt.
    arguments.args.truncate(3);
    let id = TableAliasColumnDef { name: Ident::new("id"), data_type: None };
    let alias = alias.get_or_insert_with(|| TableAlias {
        explicit: true,
        name: Ident::new("range"),
        columns: vec![],
        at: None,
    });
    if alias.columns.is_empty() {
        alias.columns.push(id);
    }
}
