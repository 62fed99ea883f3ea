//! An aggregate without groups gives one row, also of no rows: a condition above it must not be asked below it.
//!
//! The engine moves a condition below an aggregate if all of its columns are groups'. That holds of one without columns, too, and so it
//! would leave out the rows that are counted, and not the count: `SELECT n FROM (SELECT 1 AS one, count(*) AS n FROM t) WHERE one = 2`.
//! LIMIT 1 leaves the one row as it is, and no condition is moved below it.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::AnalyzerRule;

#[derive(Debug)]
pub struct OneRowAggregates;

impl AnalyzerRule for OneRowAggregates {
    fn name(&self) -> &str {
        "spark_one_row_aggregates"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let fenced = plan.transform_down_with_subqueries(|node| {
            let is_asked = match &node {
                LogicalPlan::Filter(_) => true,
                LogicalPlan::Join(join) => join.filter.is_some() || !join.on.is_empty(),
                _ => false,
            };
            if is_asked { fenced(node, false) } else { Ok(Transformed::no(node)) }
        });
        fenced.map(|plan| plan.data)
    }
}

/// A plan on which a condition is asked, with a fence above an aggregate that it might come to. `is_constant`: a column on the way
/// there is the same for all rows.
fn fenced(plan: LogicalPlan, is_constant: bool) -> Result<Transformed<LogicalPlan>> {
    match plan {
        LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => {
            let plan = LogicalPlan::Aggregate(aggregate);
            // What depends on a row outside becomes a join, with groups.
            if !is_constant || !plan.all_out_ref_exprs().is_empty() {
                return Ok(Transformed::no(plan));
            }
            LogicalPlanBuilder::from(plan).limit(0, Some(1))?.build().map(Transformed::yes)
        }
        LogicalPlan::Projection(mut projection) => {
            let has_constant = projection.expr.iter().any(|expr| !expr.any_column_refs());
            let below = fenced(Arc::unwrap_or_clone(projection.input), is_constant || has_constant)?;
            projection.input = Arc::new(below.data);
            Ok(Transformed::new(LogicalPlan::Projection(projection), below.transformed, below.tnr))
        }
        // Its own condition may have no column.
        LogicalPlan::Filter(mut filter) => {
            let has_constant = split_conjunction(&filter.predicate).into_iter().any(|one| !one.any_column_refs());
            let below = fenced(Arc::unwrap_or_clone(filter.input), is_constant || has_constant)?;
            filter.input = Arc::new(below.data);
            Ok(Transformed::new(LogicalPlan::Filter(filter), below.transformed, below.tnr))
        }
        plan @ (LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Distinct(_)) => plan.map_children(|below| fenced(below, is_constant)),
        other => Ok(Transformed::no(other)),
    }
}
