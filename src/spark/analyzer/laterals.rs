//! LATERAL subqueries that depend on the row before them by more than conditions: in what they compute, behind groups of groups, with a LIMIT.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-lateral-subquery.html>. The engine makes a join of a subquery whose
//! conditions can be asked behind its one aggregate. Asked behind two, or behind a window, they would be asked too late.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan, Operator};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use super::dependent::{Dependent, is_plain};
use super::one_type::binary;

#[derive(Debug)]
pub struct LateralRows;

impl AnalyzerRule for LateralRows {
    fn name(&self) -> &str {
        "spark_lateral_rows"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let mut nth = 0;
        plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Join(join) => joined(join, &mut nth),
            other => Ok(Transformed::no(other)),
        })
        .data()
    }
}

fn joined(join: Join, nth: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let is_kind = matches!(join.join_type, JoinType::Inner | JoinType::Left);
    let Some(rows) = lateral_rows(&join.right).filter(|_| is_kind) else {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    };
    let asks_elsewhere = rows.all_out_ref_exprs().iter().any(|outer| match outer {
        Expr::OuterReferenceColumn(_, column) => !join.left.schema().has_column(column),
        _ => false,
    });
    if rows.all_out_ref_exprs().is_empty() || asks_elsewhere || is_engines(&join.right, &rows)? {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let on = join.on.iter().map(|(left, right)| binary(left.clone(), Operator::Eq, right.clone()));
    let filter = conjunction(on.chain(join.filter.clone()));
    *nth += 1;
    let dependent = Dependent::of(&join.left, &rows, &format!("lateral {nth}"))?;
    let plan = match dependent {
        Some(dependent) => dependent.beside(&rows, join.join_type, filter)?,
        None => None,
    };
    match plan {
        Some(plan) => Ok(Transformed::yes(plan)),
        None => plan_err!(
            "[UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY] this LATERAL subquery depends on the row before it in a way that is not followed \
             here; join the tables, and group the rows behind that"
        ),
    }
}

/// The plan of a LATERAL subquery, with the names that it has outside.
fn lateral_rows(plan: &LogicalPlan) -> Option<LogicalPlan> {
    match plan {
        LogicalPlan::Subquery(subquery) => Some(subquery.subquery.as_ref().clone()),
        LogicalPlan::SubqueryAlias(_) | LogicalPlan::Projection(_) => {
            let below = lateral_rows(plan.inputs().first()?)?;
            plan.with_new_exprs(plan.expressions(), vec![below]).ok()
        }
        _ => None,
    }
}

/// Whether the engine makes a join of it that has the right rows.
fn is_engines(right: &LogicalPlan, rows: &LogicalPlan) -> Result<bool> {
    let is_known = match right {
        LogicalPlan::Subquery(_) => true,
        LogicalPlan::SubqueryAlias(alias) => matches!(alias.input.as_ref(), LogicalPlan::Subquery(_)),
        _ => false,
    };
    if !is_known || !is_plain(rows) {
        return Ok(false);
    }
    let mut pulled = PullUpCorrelatedExpr::new().with_need_handle_count_bug(true);
    let rewritten = rows.clone().rewrite(&mut pulled);
    Ok(rewritten.is_ok() && pulled.can_pull_up && pulled.pull_up_having_expr.is_none())
}
