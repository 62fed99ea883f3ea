//! Subqueries that always give one row, because they have an aggregate and no GROUP BY.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-subqueries.html>
//!
//! The engine makes joins of EXISTS and IN, and where the subquery depends on the row outside, it loses the row that an
//! aggregate gives of no rows: `EXISTS (SELECT count(*) …)` is true for all, and `0 IN (SELECT count(*) …)` where there are none.
//! Of scalar subqueries it knows that row, as long as they have no HAVING, so they are made these.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, Spans};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Subquery, lit, when};
use datafusion::optimizer::AnalyzerRule;

#[derive(Debug)]
pub struct OneRowSubqueries;

impl AnalyzerRule for OneRowSubqueries {
    fn name(&self) -> &str {
        "spark_one_row_subqueries"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| plan.map_expressions(|expr| expr.transform_up(rewrite)))
            .map(|plan| plan.data)
    }
}

fn rewrite(expr: Expr) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Exists(Exists { subquery, negated }) => match one_row(&subquery) {
            Some(OneRow { kept: None, .. }) => Ok(Transformed::yes(lit(!negated))),
            Some(OneRow { kept: Some(kept), .. }) => {
                Ok(Transformed::yes(if negated { kept.is_not_true() } else { kept.is_true() }))
            }
            None => Ok(Transformed::no(Expr::Exists(Exists { subquery, negated }))),
        },
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => match one_row(&subquery) {
            Some(OneRow { value, kept }) => {
                let compared = if negated { (*expr).not_eq(value) } else { (*expr).eq(value) };
                let compared = match kept {
                    // Nothing is in no rows.
                    Some(kept) => when(kept.is_true(), compared).otherwise(lit(negated))?,
                    None => compared,
                };
                Ok(Transformed::yes(compared))
            }
            None => Ok(Transformed::no(Expr::InSubquery(InSubquery { expr, subquery, negated }))),
        },
        Expr::ScalarSubquery(subquery) => match one_row(&subquery) {
            // What HAVING leaves out is null.
            Some(OneRow { value, kept: Some(kept) }) => Ok(Transformed::yes(when(kept.is_true(), value).end()?)),
            _ => Ok(Transformed::no(Expr::ScalarSubquery(subquery))),
        },
        other => Ok(Transformed::no(other)),
    }
}

/// The one row of a subquery.
struct OneRow {
    value: Expr,
    /// What HAVING asks of it.
    kept: Option<Expr>,
}

/// `None` if there may be more rows, or if it does not depend on the row outside: then the engine makes no join of it.
fn one_row(subquery: &Subquery) -> Option<OneRow> {
    if subquery.outer_ref_columns.is_empty() {
        return None;
    }
    let scalar = |plan: LogicalPlan| {
        let outer_ref_columns = plan.all_out_ref_exprs();
        Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() })
    };
    let plan = subquery.subquery.as_ref();
    if gives_one(plan) {
        return Some(OneRow { value: scalar(plan.clone()), kept: None });
    }
    // Behind HAVING, the value is that of the row without it.
    let LogicalPlan::Projection(projection) = plan else { return None };
    let LogicalPlan::Filter(filter) = projection.input.as_ref() else { return None };
    if !gives_one(&filter.input) {
        return None;
    }
    let row = || LogicalPlanBuilder::from(filter.input.as_ref().clone());
    let value = row().project(projection.expr.clone()).and_then(LogicalPlanBuilder::build).ok()?;
    let kept = row().project([filter.predicate.clone()]).and_then(LogicalPlanBuilder::build).ok()?;
    Some(OneRow { value: scalar(value), kept: Some(scalar(kept)) })
}

/// Whether a plan has one row, whatever its tables have.
fn gives_one(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => gives_one(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => gives_one(&alias.input),
        LogicalPlan::Sort(sort) => gives_one(&sort.input),
        _ => false,
    }
}
