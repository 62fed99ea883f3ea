//! `EXCEPT ALL` takes away as many equal rows as there are on the other side, and `INTERSECT ALL` keeps as many.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-setops.html>
//!
//! The planner makes joins of both, of all rows of the left side. So equal rows get numbers on both sides, and are equal
//! only with their numbers.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, JoinType, NullEquality, Result};
use datafusion::logical_expr::{Distinct, Expr, ExprFunctionExt, Join, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::AnalyzerRule;

use crate::spark::functions::window::ranks::row_number;

/// Numbers of equal rows. No name that is written has such a character.
const LEFT: &str = "\u{2063}nth on the left";
const RIGHT: &str = "\u{2063}nth on the right";

#[derive(Debug)]
pub struct SetOperations;

impl AnalyzerRule for SetOperations {
    fn name(&self) -> &str {
        "spark_set_operations"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Join(join) if is_of_all(&join) => counted(join).map(Transformed::yes),
            other => Ok(Transformed::no(other)),
        })
        .map(|plan| plan.data)
    }
}

/// No other join has nulls equal before it is optimised. Without ALL the left side is made distinct below it; rows that were
/// distinct by themselves have the number one.
fn is_of_all(join: &Join) -> bool {
    matches!(join.join_type, JoinType::LeftAnti | JoinType::LeftSemi)
        && join.null_equality == NullEquality::NullEqualsNull
        && join.filter.is_none()
        && !matches!(join.left.as_ref(), LogicalPlan::Distinct(Distinct::All(_)))
}

fn counted(join: Join) -> Result<LogicalPlan> {
    let columns = join.left.schema().columns();
    let on = |plan: &LogicalPlan, number: &str| {
        plan.schema().columns().into_iter().chain([Column::new_unqualified(number)]).collect::<Vec<_>>()
    };
    let keys = (on(&join.left, LEFT), on(&join.right, RIGHT));
    let left = numbered(join.left.as_ref().clone(), LEFT)?;
    let right = numbered(join.right.as_ref().clone(), RIGHT)?;
    LogicalPlanBuilder::from(left)
        .join_detailed(right, join.join_type, keys, None, NullEquality::NullEqualsNull)?
        .project(columns.into_iter().map(Expr::Column))?
        .build()
}

/// Its rows, with a number among those that are equal to each.
fn numbered(plan: LogicalPlan, name: &str) -> Result<LogicalPlan> {
    let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let number = row_number().call(vec![]).partition_by(columns.clone()).build()?;
    let plan = LogicalPlanBuilder::from(plan).window([number])?.build()?;
    let number = plan.schema().columns().pop().map(Expr::Column).into_iter().map(|number| number.alias(name));
    LogicalPlanBuilder::from(plan).project(columns.into_iter().chain(number))?.build()
}
