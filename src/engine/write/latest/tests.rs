//! The latest rows as a whole: rows in several tasks go in, and what comes out is compared with what is found without any art.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit};
use arrow::util::display::array_value_to_string;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::collect;
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::memory::InMemory;
use proptest::prelude::*;

use super::latest;
use crate::engine::pool::EnginePool;
use crate::engine::write::hive::{CHECKS, CheckBit, WriteJob, WritePlace};
use crate::lake::{Lake, TableName, Zone};
use crate::project::{Dedupe, OnFail};
use crate::report::Meter;

/// The checks' bits: a row with the first is taken out, one with the second is not.
const DROPPED: i64 = 1;

#[derive(Debug, Clone)]
struct Row {
    id: Option<i64>,
    share: Option<f64>,
    /// In nanoseconds. The table keeps microseconds.
    at: Option<i64>,
    text: Option<String>,
    list: Vec<Option<i32>>,
    bits: i64,
}

/// What came out: rows as texts, how many stand for others, and how many of these broke the second check.
#[derive(Debug, PartialEq)]
struct Outcome {
    rows: Vec<String>,
    duplicates: i64,
    of_second_check: i64,
}

fn finer() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, None)
}

fn fields(at: DataType) -> Vec<Field> {
    let list = DataType::List(Arc::new(Field::new("element", DataType::Int32, true)));
    let columns =
        [("id", DataType::Int64), ("share", DataType::Float64), ("at", at), ("text", DataType::Utf8), ("list", list)];
    columns.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec()
}

fn given() -> SchemaRef {
    let checks = Field::new(CHECKS, DataType::Int64, false);
    Arc::new(Schema::new([fields(finer()), vec![checks]].concat()))
}

fn batch(rows: &[Row]) -> RecordBatch {
    let lists: Vec<_> = rows.iter().map(|row| Some(row.list.clone())).collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    let (_, offsets, values, nulls) = lists.into_parts();
    let element = Arc::new(Field::new("element", DataType::Int32, true));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.id).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| row.share).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|row| row.at).collect::<TimestampNanosecondArray>()),
        Arc::new(rows.iter().map(|row| row.text.as_deref()).collect::<StringArray>()),
        Arc::new(ListArray::new(element, offsets, values, nulls)),
        Arc::new(rows.iter().map(|row| row.bits).collect::<Int64Array>()),
    ];
    RecordBatch::try_new(given(), columns).unwrap()
}

fn job(dedupe: &Dedupe) -> Arc<WriteJob> {
    let check = |name: &str, on_fail| CheckBit { name: name.to_string(), on_fail };
    Arc::new(WriteJob {
        lake: Lake::on("memory://lake", Arc::new(InMemory::new()), None).unwrap(),
        table: TableName::new(Zone::Trusted, "t"),
        place: WritePlace::Table,
        run_id: "r".to_string(),
        attempt: 0,
        schema: Arc::new(Schema::new(fields(DataType::Timestamp(TimeUnit::Microsecond, None)))),
        partition_by: vec![],
        checks: vec![check("dropped", OnFail::Drop), check("warned", OnFail::Warn)],
        dedupe: Some(dedupe.clone()),
        target_file_bytes: 1 << 20,
        meter: Meter::default(),
    })
}

/// Finds them by so many tasks, in so much memory. Also, how many spill files there were.
async fn found(rows: &[Row], dedupe: &Dedupe, tasks: usize, batch_rows: usize, pool_bytes: usize) -> (Outcome, usize) {
    let mut inputs = vec![vec![]; tasks];
    for (i, rows) in rows.chunks(batch_rows).enumerate() {
        inputs[i % tasks].push(batch(rows));
    }
    let plan = MemorySourceConfig::try_new_exec(&inputs, given(), None).unwrap();
    let plan = latest(plan, &job(dedupe), dedupe, false).unwrap();
    let pool = Arc::new(EnginePool::new(pool_bytes));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().unwrap();
    let config = SessionConfig::new().with_target_partitions(tasks).with_batch_size(batch_rows);
    let context = SessionContext::new_with_config_rt(config, runtime).task_ctx();
    let all = tokio::time::timeout(Duration::from_secs(300), collect(plan.clone(), context)).await;
    let batches = all.expect("nothing waits for ever").unwrap();
    let mut outcome = Outcome { rows: vec![], duplicates: 0, of_second_check: 0 };
    for batch in &batches {
        let (bits, marks) = (batch.column(5).as_primitive::<Int64Type>(), batch.column(6).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            match marks.value(row) {
                0 => outcome.rows.push(shown(batch, row)),
                rows => {
                    outcome.duplicates += rows;
                    outcome.of_second_check += rows * (bits.value(row) >> 1 & 1);
                }
            }
        }
    }
    outcome.rows.sort();
    (outcome, plan.metrics().and_then(|metrics| metrics.spill_count()).unwrap_or_default())
}

/// With -0.0 and 0.0, which are shown as they are, and all that makes a row another one.
fn shown(batch: &RecordBatch, row: usize) -> String {
    let values = (0..6).map(|column| array_value_to_string(batch.column(column), row).unwrap());
    values.collect::<Vec<_>>().join("|")
}

/// A row's value in a column: null first, and bits that compare as the values do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Null,
    Number(i64),
    Text(String),
    List(Vec<Option<i32>>),
}

fn value(row: &Row, column: &str, is_normal: bool, unit: i64) -> Value {
    let ordered = |number: f64| {
        let number = match is_normal {
            true if number.is_nan() => f64::NAN,
            true => number + 0.0,
            false => number,
        };
        let bits = number.to_bits() as i64;
        if bits < 0 { bits ^ i64::MAX } else { bits }
    };
    match column {
        "id" => row.id.map_or(Value::Null, Value::Number),
        "share" => row.share.map_or(Value::Null, |share| Value::Number(ordered(share))),
        "at" => row.at.map_or(Value::Null, |at| Value::Number(at.div_euclid(unit))),
        "text" => row.text.clone().map_or(Value::Null, Value::Text),
        _ => Value::List(row.list.clone()),
    }
}

fn later(a: &Row, b: &Row, latest_by: &[String]) -> Ordering {
    let by = |row: &Row| latest_by.iter().map(|column| value(row, column, true, 1)).collect::<Vec<_>>();
    let all = |row: &Row| ["id", "share", "at", "text", "list"].map(|column| value(row, column, false, 1));
    (by(a), all(a)).cmp(&(by(b), all(b)))
}

fn expected(rows: &[Row], dedupe: &Dedupe) -> Outcome {
    let (taken_out, competing): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.bits & DROPPED != 0);
    let mut winners: BTreeMap<Vec<Value>, &Row> = BTreeMap::new();
    for row in &competing {
        let key = dedupe.key.iter().map(|column| value(row, column, true, 1000)).collect();
        let winner = winners.entry(key).or_insert(row);
        if later(row, winner, &dedupe.latest_by).is_gt() {
            *winner = row;
        }
    }
    let left: Vec<Row> = taken_out.into_iter().chain(winners.values().copied()).cloned().collect();
    let of_second = |rows: &mut dyn Iterator<Item = &Row>| rows.map(|row| row.bits >> 1 & 1).sum::<i64>();
    let left_of_second = of_second(&mut winners.values().copied());
    let batch = batch(&left);
    let mut shown: Vec<String> = (0..left.len()).map(|row| shown(&batch, row)).collect();
    shown.sort();
    Outcome {
        rows: shown,
        duplicates: (competing.len() - winners.len()) as i64,
        of_second_check: of_second(&mut competing.iter().copied()) - left_of_second,
    }
}

fn rows(keys: i64) -> impl Strategy<Value = Vec<Row>> {
    let share = prop_oneof![
        Just(f64::NAN),
        Just(-f64::NAN),
        Just(-0.0),
        Just(0.0),
        Just(f64::NEG_INFINITY),
        (-3..3i64).prop_map(|n| n as f64 / 2.0)
    ];
    let text = prop_oneof!["[ab]{0,2}", "a long beginning[abc]{0,3}"];
    let row = (
        prop::option::weighted(0.9, 0..keys),
        prop::option::weighted(0.9, share),
        prop::option::weighted(0.9, -2_500..2_500i64),
        prop::option::weighted(0.9, text),
        prop::collection::vec(prop::option::of(0..2i32), 0..3),
        prop_oneof![9 => Just(0i64), 1 => Just(1), 2 => Just(2), 1 => Just(3)],
    );
    let row = row.prop_map(|(id, share, at, text, list, bits)| Row { id, share, at, text, list, bits: bits & 3 });
    // Some come several times as they are.
    (prop::collection::vec(row, 1..400), prop::collection::vec(any::<prop::sample::Index>(), 0..200)).prop_map(
        |(mut rows, again)| {
            for index in again {
                rows.push(index.get(&rows).clone());
            }
            rows
        },
    )
}

fn dedupes() -> impl Strategy<Value = Dedupe> {
    let columns = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    let pairs: Vec<Dedupe> = [
        (&["id"][..], &["at"][..]),
        (&["id"], &["share"]),
        (&["id", "text"], &["share", "at"]),
        (&["share"], &["text"]),
        (&["at"], &["text"]),
        (&["text"], &["id"]),
        (&["share", "id", "at"], &["text"]),
    ]
    .map(|(key, latest_by)| Dedupe { key: columns(key), latest_by: columns(latest_by) })
    .to_vec();
    prop::sample::select(pairs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// On any number of tasks, in any order, and with memory for all rows, for some, or for none.
    #[test]
    fn the_latest_row_of_each_key_is_left_and_all_others_are_counted(
        rows in prop_oneof![rows(5), rows(300)],
        dedupe in dedupes(),
        tasks in prop::sample::select(vec![1, 2, 4]),
        batch_rows in prop::sample::select(vec![1, 7, 64, 1000]),
        pool_bytes in prop::sample::select(vec![1, 20_000, 100_000, 1 << 30]),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (outcome, _) = runtime.block_on(found(&rows, &dedupe, tasks, batch_rows, pool_bytes));
        prop_assert_eq!(outcome, expected(&rows, &dedupe));
        let backwards: Vec<Row> = rows.iter().rev().cloned().collect();
        let (outcome, _) = runtime.block_on(found(&backwards, &dedupe, tasks, batch_rows, pool_bytes));
        prop_assert_eq!(outcome, expected(&rows, &dedupe));
    }
}

fn row(id: i64, at: i64, text: &str) -> Row {
    Row { id: Some(id), share: None, at: Some(at), text: Some(text.to_string()), list: vec![], bits: 0 }
}

fn by_id() -> Dedupe {
    Dedupe { key: vec!["id".to_string()], latest_by: vec!["at".to_string()] }
}

/// Parts that have no room either are split again.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_room_is_split_level_by_level() {
    let rows: Vec<Row> = (0..20_000).map(|i| row(i * 7919 % 18_000, i, &format!("the text of row {i}"))).collect();
    let (outcome, files) = found(&rows, &by_id(), 1, 500, 200_000).await;
    assert_eq!(outcome, expected(&rows, &by_id()));
    assert!(files > 16, "a level has 16 files: {files}");
    // All of one key needs no second level, however many there are.
    let rows: Vec<Row> = (0..20_000).map(|i| row(1, i, &"x".repeat(100))).collect();
    let (outcome, files) = found(&rows, &by_id(), 1, 500, 200_000).await;
    assert_eq!((outcome.rows.len(), outcome.duplicates, files), (1, 19_999, 0));
}

/// What checks take out is passed on when memory is short: it is split by no key.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_checks_take_out_do_not_wait() {
    let mut rows: Vec<Row> = (0..5_000).map(|i| row(1, i, &format!("the text of row {i}"))).collect();
    rows.iter_mut().for_each(|row| row.bits = DROPPED);
    rows.push(row(1, -1, "good"));
    let (outcome, _) = found(&rows, &by_id(), 2, 500, 50_000).await;
    assert_eq!(outcome, expected(&rows, &by_id()));
    assert_eq!((outcome.rows.len(), outcome.duplicates), (5_001, 0));
}

#[test]
fn columns_that_tell_no_latest_row_are_refused() {
    let schema = Schema::new(fields(finer()));
    let refused = |key: &str, latest_by: &str| {
        let dedupe = Dedupe { key: vec![key.to_string()], latest_by: vec![latest_by.to_string()] };
        super::check(&schema, &dedupe).unwrap_err().to_string()
    };
    assert_eq!(refused("list", "at"), "`list` is of type array<int>, by which no duplicates are told");
    assert_eq!(refused("id", "list"), "`list` is of type array<int>, which has no latest value");
    assert_eq!(refused("ids", "at"), "there is no column `ids` to tell duplicates by");
    assert_eq!(refused("id", "ta"), "there is no column `ta` to tell the latest row by");
}
