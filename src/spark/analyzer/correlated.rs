//! Subqueries for a value that depend on the row outside by more than equations: `(SELECT max(x) FROM i WHERE i.at < o.at)`.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-subqueries.html>. The engine makes a join of those where the
//! row outside says what the groups of an aggregate are. Of the others the aggregate is computed here for each of the values
//! that rows outside have, once, and joined to these.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, JoinType, Result, TableReference};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit};
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use super::one_type::binary;

/// Names that nobody writes begin so.
const MARK: char = '\u{2063}';

/// Whether the engine knows no join for it.
pub fn is_ours(subquery: &Subquery) -> bool {
    if subquery.outer_ref_columns.is_empty() {
        return false;
    }
    let mut pulled = PullUpCorrelatedExpr::new().with_need_handle_count_bug(true);
    let rewritten = subquery.subquery.as_ref().clone().rewrite(&mut pulled);
    rewritten.is_err() || !pulled.can_pull_up
}

/// Rows with the subquery's value beside each.
pub struct WithValue {
    pub plan: LogicalPlan,
    pub value: Expr,
}

/// None where it depends on the rows in another way than by conditions below its aggregate.
pub fn with_value(outside: &LogicalPlan, subquery: &Subquery, nth: usize) -> Result<Option<WithValue>> {
    let plan = subquery.subquery.as_ref();
    let mut asked: Vec<Column> = vec![];
    for expr in plan.all_out_ref_exprs() {
        match expr {
            Expr::OuterReferenceColumn(_, column) if outside.schema().has_column(&column) => {
                if !asked.contains(&column) {
                    asked.push(column);
                }
            }
            _ => return Ok(None),
        }
    }
    let columns = plan.schema().columns();
    let ([value], Some((above, aggregate))) = (columns.as_slice(), above_aggregate(plan)) else { return Ok(None) };
    if asked.is_empty() || is_by_chance(outside)? {
        return Ok(None);
    }
    let Some(groups) = OutsideGroups::of(outside, asked, &aggregate.input, nth)? else { return Ok(None) };
    let aggregates = aggregate.aggr_expr.iter().map(|expr| groups.only_found(expr.clone()));
    let mut plan = LogicalPlanBuilder::from(groups.rows.clone())
        .aggregate(groups.keys(), aggregates.collect::<Result<Vec<_>>>()?)?;
    for exprs in above.into_iter().rev() {
        plan = plan.project(exprs.into_iter().chain(groups.keys()))?;
    }
    let (table, named) = (TableReference::bare(format!("{MARK}value {nth}")), format!("{MARK}value"));
    let columns = std::iter::once(Expr::Column(value.clone()).alias(named.as_str())).chain(groups.keys());
    let values = plan.project(columns)?.alias(table.clone())?.build()?;
    let of_values = |name: &str| Expr::Column(Column::new(Some(table.clone()), name));
    let same = groups.asked.iter().enumerate().map(|(at, column)| {
        binary(Expr::Column(column.clone()), Operator::IsNotDistinctFrom, of_values(&groups.key(at)))
    });
    let joined = LogicalPlanBuilder::from(outside.clone()).join_on(values, JoinType::Left, same)?.build()?;
    Ok(Some(WithValue { plan: joined, value: of_values(&named) }))
}

/// What is computed above the one aggregate of a plan, outermost first, and the aggregate.
fn above_aggregate(plan: &LogicalPlan) -> Option<(Vec<Vec<Expr>>, &Aggregate)> {
    let mut above = vec![];
    let mut below = plan;
    loop {
        match below {
            LogicalPlan::Projection(projection) => {
                above.push(projection.expr.clone());
                below = projection.input.as_ref();
            }
            LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => {
                let depends = above.iter().flatten().chain(&aggregate.aggr_expr).any(Expr::contains_outer);
                return (!depends).then_some((above, aggregate));
            }
            _ => return None,
        }
    }
}

/// What is computed twice must be the same both times.
fn is_by_chance(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|node| Ok(node.expressions().iter().any(Expr::is_volatile)))
}

/// The subquery's rows for each of the values that rows outside have.
struct OutsideGroups {
    /// Columns outside.
    asked: Vec<Column>,
    rows: LogicalPlan,
    nth: usize,
}

impl OutsideGroups {
    /// None where its conditions can't be those of a join.
    fn of(outside: &LogicalPlan, asked: Vec<Column>, rows: &LogicalPlan, nth: usize) -> Result<Option<OutsideGroups>> {
        let mut pulled = PullUpCorrelatedExpr::new();
        let rows = rows.clone().rewrite(&mut pulled).data()?;
        if !pulled.can_pull_up || !rows.all_out_ref_exprs().is_empty() {
            return Ok(None);
        }
        let mut groups = OutsideGroups { asked, rows: LogicalPlanBuilder::empty(false).build()?, nth };
        let own: BTreeSet<Column> = pulled.correlated_subquery_cols_map.values().flatten().cloned().collect();
        let mut is_clear = true;
        let mut of_groups = |condition: Expr| {
            let placed = condition.transform(|part| match part {
                Expr::Column(column) => match groups.asked.iter().position(|asked| *asked == column) {
                    Some(at) if !rows.schema().has_column(&column) => Ok(Transformed::yes(groups.named(at))),
                    None if own.contains(&column) && rows.schema().has_column(&column) => {
                        Ok(Transformed::no(Expr::Column(column)))
                    }
                    _ => {
                        is_clear = false;
                        Ok(Transformed::no(Expr::Column(column)))
                    }
                },
                other => Ok(Transformed::no(other)),
            });
            placed.data()
        };
        let conditions = pulled.join_filters.into_iter().map(&mut of_groups).collect::<Result<Vec<_>>>()?;
        if !is_clear {
            return Ok(None);
        }
        let columns = groups.asked.iter().enumerate();
        let columns = columns.map(|(at, column)| Expr::Column(column.clone()).alias(groups.key(at)));
        let distinct = LogicalPlanBuilder::from(outside.clone()).project(columns.collect::<Vec<_>>())?.distinct()?;
        let marked = rows.schema().columns().into_iter().map(Expr::Column);
        let marked = marked.chain([lit(true).alias(groups.found_name())]).collect::<Vec<_>>();
        let marked = LogicalPlanBuilder::from(rows).project(marked)?.build()?;
        let condition = conjunction(conditions).unwrap_or_else(|| lit(true));
        groups.rows = distinct.join_on(marked, JoinType::Left, Some(condition))?.build()?;
        Ok(Some(groups))
    }

    fn key(&self, at: usize) -> String {
        format!("{MARK}outside {} {at}", self.nth)
    }

    fn named(&self, at: usize) -> Expr {
        Expr::Column(Column::new_unqualified(self.key(at)))
    }

    fn keys(&self) -> Vec<Expr> {
        (0..self.asked.len()).map(|at| self.named(at)).collect()
    }

    /// The column that is null where the subquery has no row.
    fn found_name(&self) -> String {
        format!("{MARK}found {}", self.nth)
    }

    /// An aggregate of the rows that there are, under the name that it had.
    fn only_found(&self, expr: Expr) -> Result<Expr> {
        let name = expr.schema_name().to_string();
        let is_found = || Expr::Column(Column::new_unqualified(self.found_name())).is_not_null();
        let filtered = expr.unalias().transform_down(|part| match part {
            Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
                let filter = params.filter.take().map_or_else(is_found, |filter| filter.and(is_found()));
                params.filter = Some(Box::new(filter));
                let call = Expr::AggregateFunction(AggregateFunction { func, params });
                Ok(Transformed::new(call, true, datafusion::common::tree_node::TreeNodeRecursion::Jump))
            }
            other => Ok(Transformed::no(other)),
        });
        Ok(filtered.data()?.alias(name))
    }
}
