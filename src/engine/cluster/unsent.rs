//! What would answer something else on workers than here, and is refused instead.

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::NullTreatment;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use crate::error::Error;

/// Looks at plans of sessions that have workers.
#[derive(Debug)]
pub(super) struct Unsent;

impl AnalyzerRule for Unsent {
    fn name(&self) -> &str {
        "unsent"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.apply_with_subqueries(|node| {
            recursion(node)?;
            node.apply_expressions(|expr| expr.apply(|part| refuse(part).map(|()| TreeNodeRecursion::Continue)))
        })?;
        Ok(plan)
    }
}

/// Each round of a recursion asks for the rows of the one before, which lie in one place: of a table that is dealt to several
/// tasks each would answer all.
fn recursion(plan: &LogicalPlan) -> Result<()> {
    let LogicalPlan::RecursiveQuery(query) = plan else { return Ok(()) };
    let reads = |part: &LogicalPlan| {
        part.exists(|node| {
            Ok(matches!(node, LogicalPlan::TableScan(scan) if scan.table_name.table() != query.name.as_str()))
        })
    };
    if !reads(&query.static_term)? && !reads(&query.recursive_term)? {
        return Ok(());
    }
    let refused = Error::failed("a WITH RECURSIVE that reads a table can't be computed on workers")
        .hint("make this dataset in a target without `engine`, or raise its `local_below`");
    Err(DataFusionError::External(Box::new(refused)))
}

fn refuse(expr: &Expr) -> Result<()> {
    let refused = match expr {
        // The engine's codec forgets it of functions that exist as window functions only.
        Expr::WindowFunction(window) if window.params.null_treatment == Some(NullTreatment::IgnoreNulls) => {
            Error::failed(format!(
                "`{}` with IGNORE NULLS over a window can't be computed on workers",
                window.fun.name()
            ))
            .hint("make this dataset in a target without `engine`, or raise its `local_below`")
        }
        // What it answers follows the order in which parts of the rows meet.
        Expr::AggregateFunction(call) if call.func.name() == "histogram_numeric" => {
            Error::failed("`histogram_numeric` would answer otherwise on workers")
                .hint("make this dataset in a target without `engine`, or raise its `local_below`")
        }
        _ => return Ok(()),
    };
    Err(DataFusionError::External(Box::new(refused)))
}
