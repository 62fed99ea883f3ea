//! What reads bytes from outside, each reader as one function of bytes that panics where it breaks its word: it does not
//! panic otherwise, it does not hang, and the size of the chunks makes no difference.
//!
//! `fuzz/` feeds these functions without end; `tests/it/corpora.rs` feeds them what is committed, and changes of it. No
//! part of what the library offers.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Write;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion_proto::physical_plan::{DefaultPhysicalProtoConverter, PhysicalExtensionCodec};
use flate2::write::GzEncoder;
use object_store::memory::InMemory;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::STACK_BYTES;
use crate::engine::cluster::codec::LakeCodec;
use crate::engine::cluster::protocol::{Lease, NodeStatus, Registration, Release};
use crate::engine::functions::kmeans::{self, Centres, Clustering, RowView, Scaling};
use crate::engine::functions::moments::ExactMoments;
use crate::engine::functions::sketch::Sketch;
use crate::engine::read;
use crate::engine::write::hive::TaskAnswer;
use crate::error::Result;
use crate::formats::csv_batches::CsvDecoder;
use crate::formats::csv_records::Records;
use crate::formats::dialect::CsvDialect;
use crate::formats::json_batches::JsonDecoder;
use crate::formats::json_rows::RowSplitter;
use crate::formats::json_schema::JsonSchema;
use crate::formats::unpack::{Packing, Unpack};
use crate::lake::table::{commit, version};
use crate::lake::{Lake, TableName, Zone, landing, lock, path, state};
use crate::project;
use crate::spark::{sql, types};

/// A reader with the name of its corpus.
pub type FuzzTarget = (&'static str, fn(&[u8]));

pub const TARGETS: [FuzzTarget; 9] = [
    ("csv", csv),
    ("gzip", gzip),
    ("json", json),
    ("lake", lake),
    ("messages", messages),
    ("partition", partition),
    ("sql", sql),
    ("yaml", yaml),
    ("zip", zip),
];

/// Rows of a batch, few enough that there are several.
const BATCH_ROWS: usize = 3;

/// A CSV: the first byte chooses the delimiter. As many records are counted as the scan reads.
pub fn csv(bytes: &[u8]) {
    let Some((choice, text)) = bytes.split_first() else { return };
    let delimiter = [b',', b';', b'\t', b'|'][usize::from(choice % 4)];
    let counted = in_chunks(text, |chunks| {
        let mut records = Records::new(delimiter, &CsvDialect::default());
        chunks.iter().try_for_each(|chunk| records.push(chunk))?;
        records.finish()?;
        Ok((records.count(), records.schema(true, &BTreeMap::new())?))
    });
    let Ok((records, schema)) = counted else { return };
    let columns: Vec<usize> = (0..schema.fields().len()).collect();
    let scanned = in_chunks(text, |chunks| {
        let mut batches = vec![];
        let mut decoder = CsvDecoder::new(&schema, &columns, (delimiter, true), &CsvDialect::default(), BATCH_ROWS);
        chunks.iter().try_for_each(|chunk| decoder.push(chunk, &mut batches))?;
        decoder.finish(&mut batches)?;
        Ok(batches)
    });
    if let Ok(batches) = scanned {
        let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(rows as u64, records - 1, "the scan reads another number of rows than were counted");
    }
}

/// A JSON document: the first byte chooses where its rows are. What is captured can be scanned.
pub fn json(bytes: &[u8]) {
    let Some((choice, text)) = bytes.split_first() else { return };
    let records = [None, Some("a"), Some("a.b")][usize::from(choice % 3)];
    let captured = in_chunks(text, |chunks| {
        let (mut splitter, mut rows) = (RowSplitter::new(records), JsonSchema::default());
        chunks.iter().try_for_each(|chunk| splitter.push(chunk, |row| rows.add(row)))?;
        splitter.finish()?;
        Ok((rows.count(), rows.schema()?))
    });
    let Ok((count, schema)) = captured else { return };
    let columns: Vec<usize> = (0..schema.fields().len()).collect();
    let scanned = in_chunks(text, |chunks| {
        let mut batches = vec![];
        let mut decoder = JsonDecoder::new(&schema, &columns, records, BATCH_ROWS)?;
        chunks.iter().try_for_each(|chunk| decoder.push(chunk, &mut batches))?;
        decoder.finish(&mut batches)?;
        Ok(batches)
    });
    let batches = scanned.unwrap_or_else(|error| panic!("captured, but not to be scanned: {error:?}"));
    let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
    assert_eq!(rows as u64, count, "the scan reads another number of rows than were counted");
}

/// Bytes as gzip, and gzip of the bytes.
pub fn gzip(bytes: &[u8]) {
    let inflate = |bytes: &[u8]| in_chunks(bytes, |chunks| unpacked(Packing::Gzip, chunks));
    let _ = inflate(bytes);
    let mut encoder = GzEncoder::new(vec![], flate2::Compression::fast());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes all");
    assert!(inflate(&packed).is_ok_and(|plain| plain == bytes), "gzip does not come back");
}

/// Bytes as a zip archive.
pub fn zip(bytes: &[u8]) {
    let _ = in_chunks(bytes, |chunks| unpacked(Packing::Zip, chunks));
}

fn unpacked(packing: Packing, chunks: &[&[u8]]) -> Result<Vec<u8>> {
    let (mut unpack, mut plain) = (Unpack::new(packing)?, vec![]);
    let mut take = |piece: &[u8]| {
        plain.extend_from_slice(piece);
        Ok(())
    };
    chunks.iter().try_for_each(|chunk| unpack.push(chunk, &mut take))?;
    unpack.finish(&mut take)?;
    Ok(plain)
}

/// The first byte chooses what the rest is in the lake: a version, a commit under way, a state, a claim or a landing.
pub fn lake(bytes: &[u8]) {
    let Some((choice, object)) = bytes.split_first() else { return };
    let (store, table) = (Arc::new(InMemory::new()), TableName::new(Zone::Trusted, "t"));
    let lake = Lake::on("memory://lake", store, None).expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let place = match choice % 5 {
            0 => path::version_file(&table, 1),
            1 => path::pending_file(&table, 1, "r"),
            2 => path::state_file("s", 1),
            3 => path::claim_file("other", 1),
            _ => format!("{}/_landing.json", landing::folder("s", Default::default(), "20260101T000000Z-000001")),
        };
        lake.write(&place, object.to_vec()).await.expect("memory takes all");
        if let Ok(Some(version)) = version::latest(&lake, &table).await {
            assert_round_trip(&version);
            let _ = version::files(&lake, &version).await;
            let _ = version::nodes(&lake, &version).await;
        }
        let _ = version::kept(&lake, &table).await;
        if let Ok(Some(state)) = state::latest(&lake, "s").await {
            assert_round_trip(&state);
            let _ = state.landings(&lake).await;
        }
        if let Ok(landing) = serde_json::from_slice::<landing::Landing>(object) {
            assert_round_trip(&landing);
            let _ = read::landing::table(&lake, &[landing]);
        }
        let _ = commit::recover(&lake, &table, "me").await;
        if let Ok(lock) = lock::acquire(&lake, "me", [table.clone()]).await {
            let _ = lock.release().await;
        }
    });
    if let Ok(text) = std::str::from_utf8(object)
        && let Ok(data_type) = types::parse(text)
    {
        assert_eq!(types::parse(&types::name(&data_type)).as_ref(), Ok(&data_type), "a type changes its meaning");
    }
}

/// What machines say to each other: JSON beside the plans, nodes and states within them.
pub fn messages(bytes: &[u8]) {
    same_again::<NodeStatus>(bytes);
    same_again::<Lease>(bytes);
    same_again::<Release>(bytes);
    same_again::<Registration>(bytes);
    same_again::<TaskAnswer>(bytes);

    let lake = Lake::on("memory://lake", Arc::new(InMemory::new()), None).expect("an address");
    let (codec, context, converter) = (LakeCodec { lake }, TaskContext::default(), DefaultPhysicalProtoConverter {});
    let input = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
    for inputs in [vec![], vec![input as _]] {
        if let Ok(node) = codec.try_decode(bytes, &inputs, &context, &converter) {
            let mut again = vec![];
            codec.try_encode(node, &mut again, &converter).expect("what was read can be written");
        }
    }

    if let Some(mut moments) = ExactMoments::decode(bytes) {
        moments.merge(&moments.clone());
        let _ = moments.mean_and_stddev();
    }
    let mut sketch = Sketch::default();
    if sketch.decode(bytes).is_some() {
        let (mean, stddev) = sketch.mean_and_stddev();
        assert!([mean, stddev, sketch.quantile(0.3)].iter().flatten().all(|x| x.is_finite()));
    }
    let feature = Scaling { fill: None, offset: 0.0, unit: 1.0, middle: 0.0, reach: 9.0 };
    let view = RowView { features: vec![feature], ..RowView::default() };
    let model = Centres::new(view, &[vec![1.0], vec![2.0]]);
    if let Ok(totals) = kmeans::totals(&model, bytes) {
        let _ = Clustering::new(&model, &totals);
    }
    let _ = kmeans::rows_apart(&model, bytes);
    if let Ok(model) = Centres::decode(bytes) {
        assert!(model.centres().iter().all(|centre| centre.len() == model.view.features.len()));
    }
    let _ = Clustering::decode(bytes);
}

/// A folder's name as a partition, and a partition as a folder's name: column, `=`, value.
pub fn partition(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some((column, value)) = path::parse_partition_segment(&text)
        && value.as_deref() != Some(path::HIVE_NULL)
    {
        let again = path::partition_segment(&column, value.as_deref());
        assert_eq!(path::parse_partition_segment(&again), Some((column, value)), "{again}");
    }
    let (column, value) = text.split_once('=').unwrap_or((&text, ""));
    // What Hive has no name for is refused before.
    if !column.is_empty() && !value.is_empty() && value != path::HIVE_NULL {
        let segment = path::partition_segment(column, Some(value));
        assert!(!segment.contains('/'), "{segment}");
        assert_eq!(path::parse_partition_segment(&segment), Some((column.to_string(), Some(value.to_string()))));
    }
    let _ = path::parse_version(&text);
}

/// SQL of a query or a check: it is too deep, or it is parsed.
pub fn sql(bytes: &[u8]) {
    on_large_stack(|| parse_sql(&String::from_utf8_lossy(bytes)));
}

fn parse_sql(text: &str) {
    let told = |fault: sql::SqlFault| {
        assert!(text.get(fault.span.clone()).is_some(), "{:?} is no place in {text:?}", fault.span);
    };
    match sql::parse_all(text) {
        Ok(statements) => statements.iter().flat_map(|one| sql::references(&one.statement, text)).for_each(|table| {
            assert!(text.get(table.span.clone()).is_some(), "{:?} is no place in {text:?}", table.span);
        }),
        Err(fault) => told(fault),
    }
    if let Err(fault) = sql::Condition::parse(text, text, |span| span) {
        told(fault);
    }
}

/// A file of a project: settings, the header of a query, a model.
pub fn yaml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    on_large_stack(|| {
        for problem in project::faults_of(&text) {
            assert!(text.get(problem.span.clone()).is_some(), "{:?} is no place in {text:?}", problem.span);
        }
    });
}

/// What parses SQL needs the stack that the program gives its threads.
fn on_large_stack(work: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        if let Err(panic) = thread.expect("a thread can be started").join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// What `read` makes of the bytes as a whole, byte by byte, and in sevens; it must be the same.
fn in_chunks<T: PartialEq + Debug>(bytes: &[u8], read: impl Fn(&[&[u8]]) -> Result<T>) -> Result<T> {
    let whole = read(&[bytes]);
    for size in [1, 7] {
        match (&whole, read(&bytes.chunks(size).collect::<Vec<_>>())) {
            (Ok(whole), Ok(chunked)) => assert_eq!(*whole, chunked, "chunks of {size}"),
            (Err(_), Err(_)) => {}
            (whole, chunked) => panic!("whole: {whole:?}\nin chunks of {size}: {chunked:?}"),
        }
    }
    whole
}

fn same_again<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<T>(bytes) {
        assert_round_trip(&message);
    }
}

/// That what was read is written as something that reads, and is written, the same.
fn assert_round_trip<T: Serialize + DeserializeOwned>(value: &T) {
    let written = serde_json::to_string(value).expect("text keys only");
    let again: T = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(serde_json::to_string(&again).expect("text keys only"), written);
}
