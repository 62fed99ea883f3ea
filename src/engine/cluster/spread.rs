//! Over how many tasks the scan of a landing is spread. For table files the engine knows by itself.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::Result;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_distributed::{
    DesiredTaskCountEvent, DesiredTaskCountEventResponse, DesiredTaskCountHandler, DistributedConfig,
    DistributedLeafExec, ScaleUpLeafNodeEvent, ScaleUpLeafNodeEventResponse, ScaleUpLeafNodeHandler,
};

use crate::engine::read::scan::RawScanExec;

/// Shares the parts of a landing out among tasks.
pub struct SpreadParts;

#[async_trait]
impl DesiredTaskCountHandler for SpreadParts {
    async fn handle(&self, event: DesiredTaskCountEvent<'_>) -> Option<Result<DesiredTaskCountEventResponse>> {
        let scan = event.plan.downcast_ref::<RawScanExec>()?;
        let count = DistributedConfig::from_session_config(event.session_config).map(|config| {
            let per_task =
                config.file_scan_config_bytes_per_partition.max(1) * event.session_config.target_partitions();
            // A part is read from its beginning: more tasks than parts have nothing to do.
            let tasks = (scan.bytes() as usize).div_ceil(per_task.max(1)).clamp(1, scan.parts().max(1));
            DesiredTaskCountEventResponse::desired(tasks)
        });
        Some(count)
    }
}

impl ScaleUpLeafNodeHandler for SpreadParts {
    fn handle(&self, event: ScaleUpLeafNodeEvent) -> Option<Result<ScaleUpLeafNodeEventResponse>> {
        let scan = event.plan.downcast_ref::<RawScanExec>()?;
        let shares =
            scan.shared_out(event.task_count).into_iter().map(|share| Arc::new(share) as Arc<dyn ExecutionPlan>);
        Some(
            DistributedLeafExec::try_new(event.plan.clone(), shares)
                .map(|leaf| ScaleUpLeafNodeEventResponse::new(Arc::new(leaf))),
        )
    }
}
