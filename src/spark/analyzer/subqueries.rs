//! Subqueries that always give one row, because they have an aggregate and no GROUP BY, and those that are to.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-subqueries.html>
//!
//! The engine makes joins of EXISTS and IN, and where the subquery depends on the row outside, it loses the row that an
//! aggregate gives of no rows: `EXISTS (SELECT count(*) …)` is true for all, and `0 IN (SELECT count(*) …)` where there are none.
//! Of scalar subqueries it knows that row, as long as they have no HAVING, so they are made these.
//!
//! Other scalar subqueries give one row at most. They become aggregates, too, which fail of a second row: those are what the
//! engine makes joins of, and what it has an answer for where there is no row, on each machine.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result, Spans};
use datafusion::functions_aggregate::expr_fn::{count, first_value};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{Expr, FetchType, LogicalPlan, LogicalPlanBuilder, SkipType, Subquery, lit, when};
use datafusion::optimizer::AnalyzerRule;

use crate::spark::functions::scalar::raising;

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
            None => Ok(match without_limit(&subquery.subquery) {
                Some(plan) => {
                    let subquery = Subquery { subquery: Arc::new(plan), ..subquery };
                    Transformed::yes(Expr::Exists(Exists { subquery, negated }))
                }
                None => Transformed::no(Expr::Exists(Exists { subquery, negated })),
            }),
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
            None => Ok(match subquery.subquery.as_ref() {
                // Which rows there are does not depend on their order.
                LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                    let subquery = Subquery { subquery: sort.input.clone(), ..subquery };
                    Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated }))
                }
                _ => Transformed::no(Expr::InSubquery(InSubquery { expr, subquery, negated })),
            }),
        },
        Expr::ScalarSubquery(subquery) => match one_row(&subquery) {
            // What HAVING leaves out is null.
            Some(OneRow { value, kept: Some(kept) }) => Ok(Transformed::yes(when(kept.is_true(), value).end()?)),
            _ => match single(&subquery.subquery)? {
                Some(plan) => {
                    let subquery = Subquery { subquery: Arc::new(plan), ..subquery };
                    Ok(Transformed::yes(Expr::ScalarSubquery(subquery)))
                }
                None => Ok(Transformed::no(Expr::ScalarSubquery(subquery))),
            },
        },
        other => Ok(Transformed::no(other)),
    }
}

/// Whether there is a row does not depend on the order of the rows, nor on how many there are to be at most.
fn without_limit(plan: &LogicalPlan) -> Option<LogicalPlan> {
    match plan {
        LogicalPlan::Limit(limit) => {
            let is_first = matches!(limit.get_skip_type(), Ok(SkipType::Literal(0)));
            let has_rows = match limit.get_fetch_type() {
                Ok(FetchType::Literal(Some(rows))) => rows > 0,
                Ok(FetchType::Literal(None)) => true,
                _ => false,
            };
            let below = limit.input.as_ref();
            (is_first && has_rows).then(|| without_limit(below).unwrap_or_else(|| below.clone()))
        }
        LogicalPlan::Sort(sort) => {
            let below = sort.input.as_ref();
            Some(without_limit(below).unwrap_or_else(|| below.clone()))
        }
        LogicalPlan::Projection(projection) => {
            let below = without_limit(&projection.input)?;
            LogicalPlanBuilder::from(below).project(projection.expr.clone()).ok()?.build().ok()
        }
        _ => None,
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

/// The row of a plan that has one at most, as an aggregate; `None` if it is one.
fn single(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let columns = plan.schema().columns();
    let [column] = columns.as_slice() else { return Ok(None) };
    if gives_one(plan) {
        return Ok(None);
    }
    if let Some(first) = first_row(plan)? {
        return Ok(Some(first));
    }
    let (rows, value) = ("\u{2063}rows", VALUE);
    let both = [count(lit(1_i64)).alias(rows), first_value(Expr::Column(column.clone()), vec![]).alias(value)];
    let counted = LogicalPlanBuilder::from(plan.clone()).aggregate(Vec::<Expr>::new(), both)?;
    let refusal = raising::refusal().udf().call(vec![lit(TOO_MANY_ROWS)]);
    let one = when(named(rows).gt(lit(1_i64)), refusal).otherwise(named(value))?;
    counted.project([one.alias(column.name())])?.build().map(Some)
}

/// A name that nobody writes.
const VALUE: &str = "\u{2063}value";

fn named(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

const TOO_MANY_ROWS: &str =
    "[SCALAR_SUBQUERY_TOO_MANY_ROWS] a subquery that stands for a value gave more than one row: aggregate, or LIMIT 1";

/// `ORDER BY a LIMIT 1` as the aggregate that takes the first.
fn first_row(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let columns = plan.schema().columns();
    let (LogicalPlan::Limit(limit), [column]) = (plan, columns.as_slice()) else { return Ok(None) };
    let is_first = matches!(limit.get_skip_type()?, SkipType::Literal(0));
    if !is_first || !matches!(limit.get_fetch_type()?, FetchType::Literal(Some(1))) {
        return Ok(None);
    }
    let (value, below) = match limit.input.as_ref() {
        LogicalPlan::Projection(projection) => (projection.expr[0].clone(), projection.input.as_ref()),
        other => (Expr::Column(column.clone()), other),
    };
    let (order, below) = match below {
        LogicalPlan::Sort(sort) => (sort.expr.clone(), sort.input.as_ref()),
        other => (vec![], other),
    };
    let first = first_value(value.unalias(), order).alias(VALUE);
    let first = LogicalPlanBuilder::from(below.clone()).aggregate(Vec::<Expr>::new(), [first])?;
    first.project([named(VALUE).alias(column.name())])?.build().map(Some)
}
