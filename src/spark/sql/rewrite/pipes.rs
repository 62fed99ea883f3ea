//! `FROM t |> WHERE a > 1 |> SELECT b`: each step is a query over what stands before it.
//!
//! <https://spark.apache.org/docs/latest/sql-pipe-syntax.html>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ExceptSelectItem, ExprWithAlias, ExprWithAliasAndOrderBy, GroupByExpr, Ident, LimitClause, OrderBy, OrderByKind,
    PipeOperator, Query, Select, SelectItem, SetExpr, Spanned, TableAlias, TableFactor, VisitMut, VisitorMut,
    WildcardAdditionalOptions,
};

use super::RewriteRefusal;
use super::build;

/// Has to come before columns get their names.
pub fn rewrite(syntax: &mut impl VisitMut) -> Result<(), RewriteRefusal> {
    match syntax.visit(&mut Pipes) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refusal) => Err(refusal),
    }
}

struct Pipes;

impl VisitorMut for Pipes {
    type Break = RewriteRefusal;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<RewriteRefusal> {
        let steps = std::mem::take(&mut query.pipe_operators);
        if steps.is_empty() {
            return ControlFlow::Continue(());
        }
        let with = query.with.take();
        let mut piped = Piped { query: query.clone(), alias: None };
        for step in steps {
            match piped.then(step) {
                Ok(next) => piped = next,
                Err(refusal) => return ControlFlow::Break(refusal),
            }
        }
        *query = Query { with, ..piped.query };
        ControlFlow::Continue(())
    }
}

/// What the steps before have made, and what it is called.
struct Piped {
    query: Query,
    alias: Option<Ident>,
}

impl Piped {
    fn then(self, step: PipeOperator) -> Result<Piped, RewriteRefusal> {
        let place = self.query.body.span();
        if let PipeOperator::As { alias } = step {
            return Ok(Piped { alias: Some(alias), ..self });
        }
        let mut source = build::from(self.table());
        let all = vec![build::wildcard()];
        let mut order_by = None;
        let mut limit_clause = None;
        let mut select = match step {
            PipeOperator::Where { expr } => Select { selection: Some(expr), ..build::select(all, vec![]) },
            PipeOperator::OrderBy { exprs } => {
                order_by = Some(OrderBy { kind: OrderByKind::Expressions(exprs), interpolate: None });
                build::select(all, vec![])
            }
            PipeOperator::Limit { expr, offset } => {
                let offset = offset.map(|value| datafusion::sql::sqlparser::ast::Offset {
                    value,
                    rows: datafusion::sql::sqlparser::ast::OffsetRows::None,
                });
                limit_clause = Some(LimitClause::LimitOffset { limit: Some(expr), offset, limit_by: vec![] });
                build::select(all, vec![])
            }
            PipeOperator::Select { exprs } => build::select(exprs, vec![]),
            PipeOperator::Extend { exprs } => build::select(all.into_iter().chain(exprs).collect(), vec![]),
            PipeOperator::Drop { columns } => build::select(vec![but_for(columns)], vec![]),
            PipeOperator::Aggregate { full_table_exprs, group_by_expr } => {
                let groups = group_by_expr.iter().map(|group| group.expr.expr.clone()).collect();
                let items = group_by_expr.into_iter().chain(full_table_exprs).map(item).collect();
                let group_by = GroupByExpr::Expressions(groups, vec![]);
                Select { group_by, ..build::select(items, vec![]) }
            }
            PipeOperator::Join(join) => {
                source.joins.push(join);
                build::select(all, vec![])
            }
            other => {
                return Err(RewriteRefusal::new(
                    place,
                    format!("`|> {other}` is not there"),
                    "write it as a query around the one before it",
                ));
            }
        };
        select.from = vec![source];
        let query = Query { order_by, limit_clause, ..build::query(SetExpr::Select(Box::new(select))) };
        Ok(Piped { query, alias: None })
    }

    fn table(&self) -> TableFactor {
        let mut table = build::derived(self.query.clone());
        if let TableFactor::Derived { alias, .. } = &mut table {
            *alias = self.alias.clone().map(|name| TableAlias { explicit: true, name, columns: vec![], at: None });
        }
        table
    }
}

fn item(ExprWithAliasAndOrderBy { expr: ExprWithAlias { expr, alias }, .. }: ExprWithAliasAndOrderBy) -> SelectItem {
    match alias {
        Some(alias) => SelectItem::ExprWithAlias { expr, alias },
        None => SelectItem::UnnamedExpr(expr),
    }
}

/// `* EXCEPT (a, b)`
fn but_for(mut columns: Vec<Ident>) -> SelectItem {
    let first_element = columns.remove(0);
    let opt_except = Some(ExceptSelectItem { first_element, additional_elements: columns });
    SelectItem::Wildcard(WildcardAdditionalOptions { opt_except, ..WildcardAdditionalOptions::default() })
}
