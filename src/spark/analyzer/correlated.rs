//! Subqueries for a value that depend on the row outside by more than equations: `(SELECT max(x) FROM i WHERE i.at < o.at)`.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-subqueries.html>. The engine makes a join of those where the
//! row outside says what the groups of an aggregate are. Of the others the value is computed here for each of the values that rows
//! outside have, once, and joined to these.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, JoinType, Result, TableReference};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit};
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use super::dependent::{Dependent, PlacedRows, is_plain, only_found};
use super::one_type::binary;

/// Names that nobody writes begin so.
const MARK: char = '\u{2063}';

/// Whether the engine knows no join for it, or one that does not have the right rows.
pub fn is_ours(subquery: &Subquery) -> bool {
    if subquery.outer_ref_columns.is_empty() {
        return false;
    }
    let mut pulled = PullUpCorrelatedExpr::new().with_need_handle_count_bug(true);
    let rewritten = subquery.subquery.as_ref().clone().rewrite(&mut pulled);
    rewritten.is_err() || !pulled.can_pull_up || !is_plain(&subquery.subquery)
}

/// Rows with the subquery's value beside each.
pub struct WithValue {
    pub plan: LogicalPlan,
    pub value: Expr,
}

/// None where it depends on the rows in a way that is not followed here.
pub fn with_value(outside: &LogicalPlan, subquery: &Subquery, nth: usize) -> Result<Option<WithValue>> {
    let plan = subquery.subquery.as_ref();
    let columns = plan.schema().columns();
    let [value] = columns.as_slice() else { return Ok(None) };
    let Some(mut dependent) = Dependent::of(outside, plan, &format!("value {nth}"))? else { return Ok(None) };
    let grouped = match above_aggregate(plan) {
        Some((above, aggregate)) if is_plain(plan) => grouped(outside, dependent.asked(), above, aggregate, nth)?,
        _ => None,
    };
    let found = match grouped {
        Some(grouped) => Some(grouped),
        None => dependent.place(plan)?,
    };
    let Some(PlacedRows { plan, keys }) = found else { return Ok(None) };
    let (table, named) = (TableReference::bare(format!("{MARK}value {nth}")), format!("{MARK}value"));
    let key = |at: usize| format!("{MARK}key {at}");
    let columns = std::iter::once(Expr::Column(value.clone()).alias(named.as_str()))
        .chain(keys.into_iter().enumerate().map(|(at, column)| column.alias(key(at))));
    let values = LogicalPlanBuilder::from(plan).project(columns.collect::<Vec<_>>())?.alias(table.clone())?.build()?;
    let of_values = |name: &str| Expr::Column(Column::new(Some(table.clone()), name));
    let same = dependent
        .asked()
        .iter()
        .enumerate()
        .map(|(at, column)| binary(Expr::Column(column.clone()), Operator::IsNotDistinctFrom, of_values(&key(at))));
    let joined = LogicalPlanBuilder::from(outside.clone()).join_on(values, JoinType::Left, same)?.build()?;
    Ok(Some(WithValue { plan: joined, value: of_values(&named) }))
}

/// The one aggregate of a plan, and what is above it, for each of the values outside: `None` where it is not that.
fn grouped(
    outside: &LogicalPlan,
    asked: &[Column],
    above: Vec<Vec<Expr>>,
    aggregate: &Aggregate,
    nth: usize,
) -> Result<Option<PlacedRows>> {
    let Some(groups) = OutsideGroups::of(outside, asked.to_vec(), &aggregate.input, nth)? else { return Ok(None) };
    let aggregates = aggregate.aggr_expr.iter().map(|expr| only_found(expr.clone(), &groups.found_name()));
    let mut plan = LogicalPlanBuilder::from(groups.rows.clone())
        .aggregate(groups.keys(), aggregates.collect::<Result<Vec<_>>>()?)?;
    for exprs in above.into_iter().rev() {
        plan = plan.project(exprs.into_iter().chain(groups.keys()))?;
    }
    Ok(Some(PlacedRows { plan: plan.build()?, keys: groups.keys() }))
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
}
