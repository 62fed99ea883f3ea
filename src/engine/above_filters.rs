//! What a query computes of its rows is computed of those that its conditions leave.
//!
//! The engine's own rule brings a projection below a filter or a LIMIT where that makes rows narrower: in `SELECT a / b FROM t
//! WHERE b <> 0` it then divides by zero, for a row that nobody has asked for. So there are fences around these nodes while
//! that rule runs, which let columns through and nothing that is computed.
//!
//! There is one below each projection with a lambda, too: where that rule makes one projection of two it gives columns other
//! places, and forgets those of the variables of lambdas.

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::internal_err;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::HigherOrderFunctionExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};

type PhysicalRule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// The rules, with fences while projections are moved.
pub(super) fn with_fences(rules: Vec<PhysicalRule>) -> Vec<PhysicalRule> {
    let fenced = |rule: PhysicalRule| match rule.name() {
        "ProjectionPushdown" => Arc::new(Fenced(rule)) as PhysicalRule,
        _ => rule,
    };
    rules.into_iter().map(fenced).collect()
}

#[derive(Debug)]
struct Fenced(PhysicalRule);

impl PhysicalOptimizerRule for Fenced {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, options: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let fenced = plan.transform_up(|plan| below_lambdas(fence(plan)).map(Transformed::yes)).data()?;
        let moved = self.0.optimize(fenced, options)?;
        moved
            .transform_up(|plan| match plan.downcast_ref::<Fence>() {
                Some(fence) => Ok(Transformed::yes(fence.input.clone())),
                None => Ok(Transformed::no(plan)),
            })
            .data()
    }
}

fn fence(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    let leaves_rows_out = plan.is::<FilterExec>() || plan.fetch().is_some();
    if leaves_rows_out && !plan.children().is_empty() { Arc::new(Fence { input: plan }) } else { plan }
}

fn below_lambdas(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let Some(projection) = plan.downcast_ref::<ProjectionExec>() else { return Ok(plan) };
    let has_lambda = |expr: &Arc<dyn PhysicalExpr>| expr.exists(|part| Ok(part.is::<HigherOrderFunctionExpr>()));
    let computes = projection.expr().iter().map(|projected| has_lambda(&projected.expr)).collect::<Result<Vec<_>>>()?;
    if !computes.contains(&true) {
        return Ok(plan);
    }
    let fence = Arc::new(Fence { input: projection.input().clone() });
    Ok(Arc::new(ProjectionExec::try_new(projection.expr().to_vec(), fence)?))
}

/// Stands for the node below it.
#[derive(Debug)]
struct Fence {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for Fence {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fence")
    }
}

impl ExecutionPlan for Fence {
    fn name(&self) -> &str {
        "Fence"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().expect("one child, as `children` says");
        Ok(Arc::new(Fence { input }))
    }

    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let is_there = |expr: &Arc<dyn PhysicalExpr>| expr.is::<Column>() || expr.is::<Literal>();
        if !projection.expr().iter().all(|projected| is_there(&projected.expr)) {
            return Ok(None);
        }
        Ok(self.input.try_swapping_with_projection(projection)?.map(fence))
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        internal_err!("a fence is gone before anything runs")
    }
}
