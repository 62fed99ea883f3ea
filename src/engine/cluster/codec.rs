//! How our own plan nodes travel: as JSON inside the engine's plan. Only addresses and definitions do; a worker opens
//! the lake with its own credentials. What comes in may be from anyone who has the token: paths that are none of a lake's
//! are refused here.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use datafusion_proto::protobuf;
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::engine::read::scan::{RawScanExec, ScanPlan};
use crate::engine::write::hive::{CheckBit, HiveWriteExec, SaltExec, Salting, WriteJob, WritePlace};
use crate::engine::write::latest::LatestExec;
use crate::error::Error;
use crate::lake::{Lake, TableName, Zone};
use crate::project::Dedupe;
use crate::report::Meter;

/// Reads and writes the nodes of plans over one lake.
#[derive(Debug)]
pub struct LakeCodec {
    pub lake: Lake,
}

#[derive(Serialize, Deserialize)]
enum WireNode {
    RawScan(ScanPlan),
    HiveWrite(Job),
    Salt(Salting),
    Latest(Job),
}

/// A [`WriteJob`] without what the receiver has itself.
#[derive(Serialize, Deserialize)]
struct Job {
    table: TableName,
    place: WritePlace,
    run_id: String,
    attempt: u32,
    /// As the engine's own messages have it: no type is lost.
    schema: Vec<u8>,
    partition_by: Vec<String>,
    checks: Vec<CheckBit>,
    dedupe: Option<Dedupe>,
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
            WireNode::RawScan(scan.plan())
        } else if let Some(write) = node.downcast_ref::<HiveWriteExec>() {
            WireNode::HiveWrite(Job::of(write.job())?)
        } else if let Some(salt) = node.downcast_ref::<SaltExec>() {
            WireNode::Salt(salt.salting().clone())
        } else if let Some(latest) = node.downcast_ref::<LatestExec>() {
            WireNode::Latest(Job::of(latest.job())?)
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
            (WireNode::RawScan(plan), []) if !plan.is_of_raw() => Err(refused("it reads what is no part of `raw`")),
            (WireNode::RawScan(plan), []) => Ok(Arc::new(RawScanExec::new(self.lake.store().clone(), plan)?)),
            (WireNode::HiveWrite(job), [input]) => {
                Ok(Arc::new(HiveWriteExec::new(input.clone(), Arc::new(job.on(&self.lake)?))))
            }
            (WireNode::Latest(job), [input]) => {
                Ok(Arc::new(LatestExec::new(input.clone(), Arc::new(job.on(&self.lake)?))?))
            }
            (WireNode::Salt(salting), [input]) => Ok(Arc::new(SaltExec::new(input.clone(), salting))),
            (_, inputs) => internal_err!("a lake's plan node came with {} inputs", inputs.len()),
        }
    }
}

impl Job {
    fn of(job: &WriteJob) -> Result<Job> {
        let schema = protobuf::Schema::try_from(job.schema.as_ref())?;
        Ok(Job {
            table: job.table.clone(),
            place: job.place,
            run_id: job.run_id.clone(),
            attempt: job.attempt,
            schema: schema.encode_to_vec(),
            partition_by: job.partition_by.clone(),
            checks: job.checks.clone(),
            dedupe: job.dedupe.clone(),
            target_file_bytes: job.target_file_bytes,
        })
    }

    fn on(self, lake: &Lake) -> Result<WriteJob> {
        let is_run = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if self.table.zone == Zone::Raw || !TableName::is_valid_name(&self.table.name) || !is_run(&self.run_id) {
            return Err(refused("it writes what is no table"));
        }
        let schema = protobuf::Schema::decode(self.schema.as_slice()).map_err(torn)?;
        Ok(WriteJob {
            lake: lake.clone(),
            table: self.table,
            place: self.place,
            run_id: self.run_id,
            attempt: self.attempt,
            schema: Arc::new(Schema::try_from(&schema)?),
            partition_by: self.partition_by,
            checks: self.checks,
            dedupe: self.dedupe,
            target_file_bytes: self.target_file_bytes,
            // The driver counts what comes back.
            meter: Meter::default(),
        })
    }
}

fn refused(why: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::failed(format!("a plan was refused: {why}"))))
}

fn torn(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};
    use datafusion::datasource::listing::PartitionedFile;
    use datafusion::datasource::physical_plan::{CsvSource, FileGroup, FileScanConfigBuilder};
    use datafusion::datasource::source::DataSourceExec;
    use datafusion::datasource::table_schema::TableSchema;
    use datafusion::execution::object_store::ObjectStoreUrl;
    use datafusion::physical_plan::collect;
    use datafusion::physical_plan::empty::EmptyExec;
    use datafusion::prelude::SessionConfig;
    use datafusion_proto::bytes::{physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes};
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Limits;
    use crate::engine::state;

    /// A lake in a folder, beside which a secret lies.
    fn place() -> (tempfile::TempDir, Lake) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("lake/raw")).unwrap();
        std::fs::write(folder.path().join("secret.csv"), "root:secret\n").unwrap();
        let lake = Lake::in_folder(&folder.path().join("lake")).unwrap();
        (folder, lake)
    }

    fn context(lake: &Lake) -> Arc<TaskContext> {
        let runtime = state::runtime(&Limits { memory_bytes: 1 << 28, threads: 1 }, None).unwrap();
        let runtime = state::on_lake(&runtime, lake).unwrap();
        state::state(SessionConfig::new(), &runtime, 1).build().task_ctx()
    }

    /// What comes of one of our nodes, changed on its way.
    async fn told(lake: &Lake, node: &Value, has_input: bool) -> std::result::Result<usize, String> {
        let text = |error: DataFusionError| error.to_string();
        let input: Vec<Arc<dyn ExecutionPlan>> = match has_input {
            true => vec![Arc::new(EmptyExec::new(Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))))],
            false => vec![],
        };
        let context = context(lake);
        let converter = datafusion_proto::physical_plan::DefaultPhysicalProtoConverter {};
        let codec = LakeCodec { lake: lake.clone() };
        let plan = codec.try_decode(node.to_string().as_bytes(), &input, &context, &converter).map_err(text)?;
        Ok(collect(plan, context).await.map_err(text)?.iter().map(|batch| batch.num_rows()).sum())
    }

    #[tokio::test]
    async fn no_plan_of_ours_reads_or_writes_beside_the_lake() {
        let (folder, lake) = place();
        std::fs::write(folder.path().join("lake/raw/own.csv"), "a\nb\n").unwrap();
        let scan = |path: &str| {
            let part = json!({ "path": path, "rows": 1, "bytes": 4, "sha256": "", "requests": [] });
            let landing = json!({
                "source": "s", "run_id": "r", "fetched_at": "2026-11-26T00:00:00Z", "format": { "csv": { "delimiter": ",", "header": false } },
                "schema": [{ "name": "c", "type": "string" }], "rows": 1, "bytes": 4, "parts": [], "sha256": "", "fingerprint": "",
            });
            let (schema, part) = (landing["schema"].clone(), json!({ "landing": 0, "first_row": 0, "part": part }));
            json!({ "RawScan": {
                "landings": [landing], "schema": schema, "columns": [0], "groups": [[part]], "batch_rows": 10,
            } })
        };
        assert_eq!(told(&lake, &scan("raw/own.csv"), false).await, Ok(2));
        let secret = folder.path().join("secret.csv").display().to_string();
        for path in
            ["raw/../../secret.csv", "../secret.csv", &secret, "raw/%2e%2e/%2e%2e/secret.csv", "_trapiche/x", "rawer/x"]
        {
            let error = told(&lake, &scan(path), false).await.unwrap_err();
            assert!(!error.contains("root:secret"), "{error}");
            assert!(path.contains('%') || error.contains("a plan was refused"), "{path}: {error}");
        }

        let schema = protobuf::Schema::try_from(&Schema::new(vec![Field::new("n", DataType::Int64, true)])).unwrap();
        let write = |table: &str, run: &str, partition: &[&str]| {
            json!({ "HiveWrite": {
                "table": table, "place": "Table", "run_id": run, "attempt": 0, "schema": schema.encode_to_vec(), "partition_by": partition,
                "checks": [], "target_file_bytes": 1000,
            } })
        };
        assert!(told(&lake, &write("trusted.t", "r-1", &[]), true).await.is_ok());
        for (table, run) in [
            ("trusted.../../t", "r"),
            ("raw.t", "r"),
            ("trusted.t", "../../../x"),
            ("trusted.t", "a/b"),
            ("trusted.T t", "r"),
        ] {
            let error = told(&lake, &write(table, run, &[]), true).await.unwrap_err();
            assert!(error.contains("a plan was refused"), "{table} {run}: {error}");
        }
    }

    /// A scan of the engine's own, of a file of the machine: what reads `/etc/shadow` if nobody is in the way.
    #[tokio::test]
    async fn no_plan_of_the_engines_reads_beside_the_lake() {
        let (folder, lake) = place();
        std::fs::write(folder.path().join("lake/raw/own.csv"), "a\nb\n").unwrap();
        let schema = Arc::new(Schema::new(vec![Field::new("c", DataType::Utf8, true)]));
        let secret = folder.path().join("secret.csv").display().to_string();
        let read = async |store: &str, path: &str| {
            let source = Arc::new(CsvSource::new(TableSchema::builder(schema.clone()).build()));
            let mut file = PartitionedFile::new("x", 4);
            file.object_meta.location = object_store::path::Path::from_url_path(path).unwrap();
            let scan = FileScanConfigBuilder::new(ObjectStoreUrl::parse(store).unwrap(), source)
                .with_file_groups(vec![FileGroup::new(vec![file])])
                .build();
            // As it travels.
            let bytes = physical_plan_to_bytes(DataSourceExec::from_data_source(scan)).unwrap();
            let (context, codec) = (context(&lake), LakeCodec { lake: lake.clone() });
            let plan = physical_plan_from_bytes_with_extension_codec(&bytes, &context, &codec)?;
            collect(plan, context).await
        };
        let own = read("lake://lake", "raw/own.csv").await.unwrap();
        assert_eq!(own.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1, "after the header");
        for (store, path) in [("file:///", secret.as_str()), ("s3://other", "x"), ("lake://lake", &secret)] {
            let error = read(store, path).await.unwrap_err().to_string();
            assert!(!error.contains("root:secret"), "{error}");
            assert!(store == "lake://lake" || error.contains("is not in the lake"), "{store}: {error}");
        }
    }
}
