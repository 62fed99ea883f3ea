//! Aggregates that depend on the order of their rows: of a query whose rows are sorted they see them so.
//!
//! `SELECT first(x) FROM (SELECT … ORDER BY y)` is what Spark's users write. The engine takes a sort away that nobody asks for,
//! so the aggregate asks for it.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::{AggregateFunction, Sort as SortExpr};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Aggregate, Expr, Filter, LogicalPlan, Projection, SubqueryAlias};
use datafusion::optimizer::AnalyzerRule;

const BY_ORDER: [&str; 5] = ["first_value", "last_value", "collect_list", "array_agg", "string_agg"];

/// Begins the names of columns that are carried on to be sorted by.
const CARRIED: &str = "\u{2063}sorted by ";

#[derive(Debug)]
pub struct OrderedRows;

impl AnalyzerRule for OrderedRows {
    fn name(&self) -> &str {
        "spark_ordered_rows"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Aggregate(aggregate) if aggregate.aggr_expr.iter().any(needs_order) => {
                match carried(&aggregate.input)? {
                    Some((input, order)) => ordered(aggregate, input, &order).map(Transformed::yes),
                    None => Ok(Transformed::no(LogicalPlan::Aggregate(aggregate))),
                }
            }
            plan => Ok(Transformed::no(plan)),
        })
        .map(|plan| plan.data)
    }
}

fn needs_order(expr: &Expr) -> bool {
    match expr {
        Expr::Alias(alias) => needs_order(&alias.expr),
        Expr::AggregateFunction(AggregateFunction { func, params }) => {
            BY_ORDER.contains(&func.name()) && params.order_by.is_empty() && !params.distinct
        }
        _ => false,
    }
}

fn ordered(aggregate: Aggregate, input: LogicalPlan, order: &[SortExpr]) -> Result<LogicalPlan> {
    let Aggregate { group_expr, aggr_expr, .. } = aggregate;
    let input = Arc::new(input);
    let before = LogicalPlan::Aggregate(Aggregate::try_new(input.clone(), group_expr.clone(), aggr_expr.clone())?);
    let names = NamePreserver::new(&before);
    let asked = aggr_expr.into_iter().map(|expr| {
        let name = names.save(&expr);
        let asked = expr.transform_up(|mut expr| {
            let needs = needs_order(&expr);
            if let Expr::AggregateFunction(call) = &mut expr
                && needs
            {
                call.params.order_by = order.to_vec();
            }
            Ok(Transformed::new_transformed(expr, needs))
        })?;
        Ok(name.restore(asked.data))
    });
    let asked = asked.collect::<Result<Vec<_>>>()?;
    Ok(LogicalPlan::Aggregate(Aggregate::try_new(input, group_expr, asked)?))
}

/// A plan whose rows are sorted, with the columns that they are sorted by; `None` if they are not.
fn carried(plan: &LogicalPlan) -> Result<Option<(LogicalPlan, Vec<SortExpr>)>> {
    Ok(match plan {
        LogicalPlan::Sort(sort) => Some((plan.clone(), sort.expr.clone())),
        LogicalPlan::Filter(filter) => match carried(&filter.input)? {
            Some((input, order)) => {
                let filter = Filter::try_new(filter.predicate.clone(), Arc::new(input))?;
                Some((LogicalPlan::Filter(filter), order))
            }
            None => None,
        },
        LogicalPlan::Limit(limit) => match carried(&limit.input)? {
            Some((input, order)) => {
                let mut limit = limit.clone();
                limit.input = Arc::new(input);
                Some((LogicalPlan::Limit(limit), order))
            }
            None => None,
        },
        LogicalPlan::SubqueryAlias(alias) => match carried(&alias.input)? {
            Some((input, order)) => {
                let renamed = |by: SortExpr| match by.expr {
                    Expr::Column(column) => {
                        Some(SortExpr { expr: Expr::Column(Column::new(Some(alias.alias.clone()), column.name)), ..by })
                    }
                    _ => None,
                };
                let order = order.into_iter().map(renamed).collect::<Option<Vec<_>>>();
                let alias = SubqueryAlias::try_new(Arc::new(input), alias.alias.clone())?;
                order.map(|order| (LogicalPlan::SubqueryAlias(alias), order))
            }
            None => None,
        },
        LogicalPlan::Projection(projection) => match carried(&projection.input)? {
            Some((input, order)) => Some(projected(projection, input, order)?),
            None => None,
        },
        _ => None,
    })
}

/// What the rows are sorted by is a column of the projection, or becomes one.
fn projected(
    projection: &Projection,
    input: LogicalPlan,
    order: Vec<SortExpr>,
) -> Result<(LogicalPlan, Vec<SortExpr>)> {
    let mut columns = projection.expr.clone();
    let mut sorted = vec![];
    for by in order {
        let known = columns.iter().find(|column| match column {
            Expr::Alias(alias) => *alias.expr == by.expr,
            column => **column == by.expr,
        });
        let column = match known {
            Some(known) => known.clone(),
            None => {
                let column = by.expr.clone().alias(format!("{CARRIED}{}", columns.len()));
                columns.push(column.clone());
                column
            }
        };
        let (table, name) = column.qualified_name();
        sorted.push(SortExpr { expr: Expr::Column(Column::new(table, name)), ..by });
    }
    Ok((LogicalPlan::Projection(Projection::try_new(columns, Arc::new(input))?), sorted))
}
