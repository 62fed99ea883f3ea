//! What a plan cost on its way through the workers, from the metrics that they send back.

use std::sync::Arc;
use std::time::Duration;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_distributed::{DistributedMetricsFormat, rewrite_distributed_plan_with_metrics};

/// The metrics come after the rows. They are worth no more waiting than this.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sums over all tasks of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// What went from machine to machine, as it was sent.
    pub shuffled_bytes: u64,
    pub spilled_bytes: u64,
}

/// Of a plan that has run; zeros for one that ran on this machine alone.
pub async fn tally(plan: Arc<dyn ExecutionPlan>) -> Tally {
    let measured = rewrite_distributed_plan_with_metrics(plan, DistributedMetricsFormat::Aggregated);
    // A figure that is missing is no reason to fail a dataset.
    let Ok(Ok(plan)) = tokio::time::timeout(PATIENCE, measured).await else { return Tally::default() };
    let mut tally = Tally::default();
    let _ = plan.apply(|node| {
        for metric in node.metrics().iter().flat_map(|metrics| metrics.iter()) {
            match metric.value().name() {
                "bytes_transferred" => tally.shuffled_bytes += metric.value().as_usize() as u64,
                "spilled_bytes" => tally.spilled_bytes += metric.value().as_usize() as u64,
                _ => {}
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    tally
}
