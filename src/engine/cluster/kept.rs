//! What would answer something else on workers than here, or nothing: it is computed by this machine alone.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::expr::NullTreatment;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion_distributed::SessionStateBuilderExt;

/// What the engine says of a window whose rows it can no longer tell to be in order, once they come over the wire: here a filter
/// makes a column of `PARTITION BY` constant, and nothing had to be sorted by it.
const ORDER_IS_LOST: &str = "Expects PARTITION BY expression to be ordered";

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
        if !stays(plan)? {
            match self.workers.create_physical_plan(plan, session).await {
                Err(error) if error.strip_backtrace().contains(ORDER_IS_LOST) => {}
                planned => return planned,
            }
        }
        match &self.here {
            Some(here) => here.create_physical_plan(plan, session).await,
            None => DefaultPhysicalPlanner::default().create_physical_plan(plan, session).await,
        }
    }
}

fn stays(plan: &LogicalPlan) -> Result<bool> {
    let mut stays = false;
    plan.apply_with_subqueries(|node| {
        stays |= recursion(node)?;
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                stays |= is_of_one_place(part);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok::<_, DataFusionError>(stays)
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
