//! What would answer something else on workers than here, or nothing: it is computed by this machine alone.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::expr::NullTreatment;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion_distributed::SessionStateBuilderExt;

/// Plans for workers what they can compute, and for this machine what they cannot.
#[derive(Debug)]
struct PlannedWhereItCan {
    workers: Arc<dyn QueryPlanner + Send + Sync>,
    here: Option<Arc<dyn QueryPlanner + Send + Sync>>,
}

/// Lets the plans of a session be spread over its workers, as far as they can be.
pub(in crate::engine) fn with_workers(mut state: SessionStateBuilder) -> SessionStateBuilder {
    let here = state.query_planner().clone();
    let mut state = state.with_distributed_planner();
    match state.query_planner().take() {
        Some(workers) => state.with_query_planner(Arc::new(PlannedWhereItCan { workers, here })),
        None => state,
    }
}

#[async_trait]
impl QueryPlanner for PlannedWhereItCan {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let Kinds { stays, has_windows } = Kinds::of(plan)?;
        if !stays && !has_windows {
            return self.workers.create_physical_plan(plan, session).await;
        }
        let here = match &self.here {
            Some(here) => here.create_physical_plan(plan, session).await?,
            None => DefaultPhysicalPlanner::default().create_physical_plan(plan, session).await?,
        };
        match stays || has_constant_partition(&here)? {
            true => Ok(here),
            false => self.workers.create_physical_plan(plan, session).await,
        }
    }
}

/// What there is in a plan that decides where it is computed.
#[derive(Debug, Default)]
struct Kinds {
    /// What no worker may compute.
    stays: bool,
    has_windows: bool,
}

impl Kinds {
    fn of(plan: &LogicalPlan) -> Result<Kinds> {
        let mut kinds = Kinds::default();
        plan.apply_with_subqueries(|node| {
            kinds.stays |= recursion(node)?;
            kinds.has_windows |= matches!(node, LogicalPlan::Window(_));
            node.apply_expressions(|expr| {
                expr.apply(|part| {
                    kinds.stays |= is_of_one_place(part);
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        Ok(kinds)
    }
}

/// Whether the rows of a window are known to be in order because a filter makes a column of `PARTITION BY` constant: nothing is sorted by it
/// then, and a worker to whom the rows come over the wire knows of no filter.
fn has_constant_partition(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    plan.exists(|node| {
        let (expressions, input) = if let Some(window) = node.downcast_ref::<BoundedWindowAggExec>() {
            (window.window_expr(), window.input())
        } else if let Some(window) = node.downcast_ref::<WindowAggExec>() {
            (window.window_expr(), window.input())
        } else {
            return Ok(false);
        };
        let known = input.equivalence_properties();
        let mut keys = expressions.iter().flat_map(|expression| expression.partition_by());
        Ok(keys.any(|key| known.is_expr_constant(key).is_some()))
    })
}

/// Each round of a recursion asks for the rows of the one before, which lie in one place: of a table that is dealt to several
/// tasks each would answer all.
fn recursion(plan: &LogicalPlan) -> Result<bool> {
    let LogicalPlan::RecursiveQuery(query) = plan else { return Ok(false) };
    let reads = |part: &LogicalPlan| {
        part.exists(|node| {
            Ok(matches!(node, LogicalPlan::TableScan(scan) if scan.table_name.table() != query.name.as_str()))
        })
    };
    Ok(reads(&query.static_term)? || reads(&query.recursive_term)?)
}

fn is_of_one_place(expr: &Expr) -> bool {
    match expr {
        // The engine's codec forgets it of functions that exist as window functions only.
        Expr::WindowFunction(window) => window.params.null_treatment == Some(NullTreatment::IgnoreNulls),
        // What it answers follows the order in which parts of the rows meet.
        Expr::AggregateFunction(call) => call.func.name() == "histogram_numeric",
        _ => false,
    }
}
