//! How our own plan nodes travel: as JSON inside the engine's plan. Only addresses and definitions do; a worker opens
//! the lake with its own credentials.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use datafusion_proto::protobuf;
use prost::Message;
use serde::{Deserialize, Serialize};

use super::super::hive::{HiveWriteExec, SaltExec, Salting, WriteJob};
use super::super::raw::{RawScanExec, ScanPlan};
use crate::lake::{Lake, TableName};
use crate::project::Check;
use crate::report::Meter;

/// Reads and writes the nodes of plans over one lake.
#[derive(Debug)]
pub struct LakeCodec {
    pub lake: Lake,
}

#[derive(Serialize, Deserialize)]
enum Node {
    RawScan(ScanPlan),
    HiveWrite(Job),
    Salt(Salting),
}

/// A [`WriteJob`] without what the receiver has itself.
#[derive(Serialize, Deserialize)]
struct Job {
    table: TableName,
    run_id: String,
    attempt: u32,
    /// As the engine's own messages have it: no type is lost.
    schema: Vec<u8>,
    partition_by: Vec<String>,
    checks: Vec<Check>,
    target_file_bytes: u64,
}

impl PhysicalExtensionCodec for LakeCodec {
    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buffer: &mut Vec<u8>,
        _: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let encoded = if let Some(scan) = node.downcast_ref::<RawScanExec>() {
            Node::RawScan(scan.plan())
        } else if let Some(write) = node.downcast_ref::<HiveWriteExec>() {
            Node::HiveWrite(Job::of(write.job())?)
        } else if let Some(salt) = node.downcast_ref::<SaltExec>() {
            Node::Salt(salt.salting().clone())
        } else {
            // The engine asks several codecs, and the next may know it.
            return internal_err!("`{}` is no node of a lake", node.name());
        };
        serde_json::to_writer(buffer, &encoded).map_err(torn)
    }

    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &TaskContext,
        _: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (serde_json::from_slice(bytes).map_err(torn)?, inputs) {
            (Node::RawScan(plan), []) => Ok(Arc::new(RawScanExec::new(self.lake.store().clone(), plan)?)),
            (Node::HiveWrite(job), [input]) => {
                Ok(Arc::new(HiveWriteExec::new(input.clone(), Arc::new(job.on(&self.lake)?))))
            }
            (Node::Salt(salting), [input]) => Ok(Arc::new(SaltExec::new(input.clone(), salting))),
            (_, inputs) => internal_err!("a lake's plan node came with {} inputs", inputs.len()),
        }
    }
}

impl Job {
    fn of(job: &WriteJob) -> Result<Job> {
        let schema = protobuf::Schema::try_from(job.schema.as_ref())?;
        Ok(Job {
            table: job.table.clone(),
            run_id: job.run_id.clone(),
            attempt: job.attempt,
            schema: schema.encode_to_vec(),
            partition_by: job.partition_by.clone(),
            checks: job.checks.clone(),
            target_file_bytes: job.target_file_bytes,
        })
    }

    fn on(self, lake: &Lake) -> Result<WriteJob> {
        let schema = protobuf::Schema::decode(self.schema.as_slice()).map_err(torn)?;
        Ok(WriteJob {
            lake: lake.clone(),
            table: self.table,
            run_id: self.run_id,
            attempt: self.attempt,
            schema: Arc::new(Schema::try_from(&schema)?),
            partition_by: self.partition_by,
            checks: self.checks,
            target_file_bytes: self.target_file_bytes,
            // The driver counts what comes back.
            meter: Meter::default(),
        })
    }
}

fn torn(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
