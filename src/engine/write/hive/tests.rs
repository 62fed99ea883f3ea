//! The write as a whole: rows in several tasks go in, and the files that come out are judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::memory::InMemory;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::job::{TaskAnswer, WriteJob, WritePlace};
use super::write::HiveWriteExec;
use crate::engine::write::store::by_partition;
use crate::lake::stage::{self, Staged};
use crate::lake::table::data_file::DataFile;
use crate::lake::{Lake, TableName, Zone};
use crate::report::Meter;

const TASKS: usize = 4;

/// What one write is given.
#[derive(Clone)]
struct Bench {
    lake: Lake,
    pool_bytes: usize,
    target_file_bytes: u64,
    /// Whether partitions are brought to one task first, as they are on several machines.
    is_spread: bool,
}

impl Bench {
    fn new(pool_bytes: usize) -> Self {
        let lake = Lake::on("memory://lake", Arc::new(InMemory::new()), None).expect("a lake");
        Bench { lake, pool_bytes, target_file_bytes: 256 << 20, is_spread: false }
    }

    /// Writes the rows in both ways, and gives the files of either to `judge`.
    async fn writes(self, rows: i64, key: impl Fn(i64) -> String, judge: impl Fn(Vec<DataFile>)) {
        judge(self.clone().write(rows, &key).await);
        judge(Bench { is_spread: true, ..Bench::new(self.pool_bytes).of(&self) }.write(rows, &key).await);
    }

    /// The settings of another, on a lake of its own.
    fn of(self, other: &Bench) -> Self {
        Bench { target_file_bytes: other.target_file_bytes, ..self }
    }

    /// Writes rows `0..rows`, each to the partition that `key` says, and publishes the files.
    async fn write(self, rows: i64, key: impl Fn(i64) -> String) -> Vec<DataFile> {
        let inputs: Vec<Vec<RecordBatch>> = (0..TASKS as i64)
            .map(|input| {
                let ids: Vec<i64> = (0..rows).filter(|row| row / 1000 % TASKS as i64 == input).collect();
                ids.chunks(1000).map(|ids| batch(ids, &key)).collect()
            })
            .collect();
        let plan = MemorySourceConfig::try_new_exec(&inputs, schema(), None).expect("batches of one schema");
        let partition_by = ["key".to_string()];
        let plan = match self.is_spread {
            false => plan as Arc<dyn ExecutionPlan>,
            true => by_partition(plan, &schema(), &partition_by, self.target_file_bytes).expect("a plan"),
        };
        let job = WriteJob {
            place: WritePlace::Table,
            lake: self.lake.clone(),
            table: TableName::new(Zone::Trusted, "t"),
            run_id: "r".to_string(),
            attempt: 0,
            schema: schema(),
            partition_by: partition_by.to_vec(),
            checks: vec![],
            dedupe: None,
            target_file_bytes: self.target_file_bytes,
            meter: Meter::default(),
        };
        let pool = Arc::new(FairSpillPool::new(self.pool_bytes));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().expect("a runtime");
        let mut config = SessionConfig::new().with_target_partitions(TASKS).with_batch_size(1000);
        config.options_mut().execution.sort_spill_reservation_bytes = 64 << 10;
        let context = SessionContext::new_with_config_rt(config, runtime).task_ctx();
        let answers = collect(Arc::new(HiveWriteExec::new(plan, Arc::new(job))), context).await.expect("a write");
        let (files, staged): (Vec<DataFile>, Vec<Staged>) = HiveWriteExec::answers(&answers)
            .expect("answers")
            .into_iter()
            .filter_map(|answer| match answer {
                TaskAnswer::File { file, staged } => Some((file, staged)),
                _ => None,
            })
            .unzip();
        stage::publish_all(&self.lake, &staged).await.expect("published");
        let mut found: Vec<i64> = vec![];
        for file in &files {
            let ids = ids(&self.lake, file).await;
            assert_eq!(ids.len() as u64, file.rows, "{}", file.path);
            let keys: BTreeSet<String> = ids.iter().map(|id| key(*id)).collect();
            assert_eq!(keys, BTreeSet::from([partition(file)]), "{}", file.path);
            found.extend(ids);
        }
        found.sort();
        assert_eq!(found, (0..rows).collect::<Vec<_>>(), "every row is in one file");
        files
    }
}

fn schema() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    let columns = [("id", DataType::Int64), ("text", DataType::Utf8), ("key", DataType::Utf8)];
    Arc::new(Schema::new(columns.map(|(name, data_type)| field(name, data_type)).to_vec()))
}

fn batch(ids: &[i64], key: impl Fn(i64) -> String) -> RecordBatch {
    let texts: StringArray = ids.iter().map(|id| Some(format!("the text of row {id}"))).collect();
    let keys: StringArray = ids.iter().map(|id| Some(key(*id))).collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(ids.to_vec())), Arc::new(texts), Arc::new(keys)];
    RecordBatch::try_new(schema(), columns).expect("columns of the schema")
}

async fn ids(lake: &Lake, file: &DataFile) -> Vec<i64> {
    let bytes = lake.read(&file.path).await.expect("a store").expect("a file");
    assert_eq!(bytes.len() as u64, file.bytes, "{}", file.path);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|reader| reader.build()).expect("Parquet");
    let column = |batch: RecordBatch| {
        let ids: &Int64Array = batch.column(0).as_any().downcast_ref().expect("the ids");
        ids.values().to_vec()
    };
    reader.flat_map(|batch| column(batch.expect("a batch"))).collect()
}

fn partition(file: &DataFile) -> String {
    file.partition[0].clone().expect("no null keys here")
}

/// How many files each partition has.
fn counts(files: &[DataFile]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for file in files {
        *counts.entry(partition(file)).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_one_file_of_a_name_that_depends_on_nothing_else() {
    let paths = |files: Vec<DataFile>| files.into_iter().map(|file| file.path).collect::<BTreeSet<_>>();
    for is_spread in [false, true] {
        let bench = || Bench { is_spread, ..Bench::new(1 << 30) }.write(20_000, |row| format!("k{}", row % 50));
        let once = bench().await;
        assert_eq!(counts(&once), (0..50).map(|i| (format!("k{i}"), 1)).collect());
        assert!(once.iter().all(|file| file.path.ends_with("-0000.parquet")), "{once:?}");
        assert_eq!(paths(once), paths(bench().await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_little_memory_a_partition_is_still_one_file() {
    // Of 300,000 rows of 50 bytes, the tasks hold a small part.
    let key = |row| format!("k{}", row * 7919 % 3000);
    let expected: BTreeMap<_, _> = (0..3000).map(|i| (format!("k{i}"), 1)).collect();
    Bench::new(8 << 20).writes(300_000, key, |files| assert_eq!(counts(&files), expected)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_little_memory_a_few_large_partitions_are_written_as_they_come() {
    let expected: BTreeMap<_, _> = (0..3).map(|i| (format!("k{i}"), 1)).collect();
    let judge = |files: Vec<DataFile>| assert_eq!(counts(&files), expected);
    Bench::new(16 << 20).writes(600_000, |row| format!("k{}", row % 3), judge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_of_nearly_all_rows_is_several_files_and_the_others_are_one() {
    let key = |row: i64| match row % 100 {
        rest @ 0..5 => format!("small {rest}"),
        _ => "large".to_string(),
    };
    let bench = Bench { target_file_bytes: 256 << 10, ..Bench::new(1 << 30) };
    let judge = |files: Vec<DataFile>| {
        let mut counts = counts(&files);
        assert!(counts.remove("large") > Some(1), "{files:?}");
        assert_eq!(counts, (0..5).map(|i| (format!("small {i}"), 1)).collect());
    };
    bench.writes(400_000, key, judge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_has_its_size_is_followed_by_the_next_one() {
    // Little memory makes many row groups, and a file is closed after the first that reaches the target.
    let bench = Bench { target_file_bytes: 64 << 10, ..Bench::new(16 << 20) };
    let judge = |files: Vec<DataFile>| {
        let names: BTreeSet<&str> = files.iter().filter_map(|file| file.path.rsplit('-').next()).collect();
        assert!(names.contains("0001.parquet"), "{names:?}");
    };
    bench.writes(600_000, |row| format!("k{}", row % 2), judge).await;
}
