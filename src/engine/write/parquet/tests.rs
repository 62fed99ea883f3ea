//! Columns of every kind, encoded here and by the Parquet crate: its reader finds the same values in both files, and what
//! the footers say of them is the same; but where there is NaN, which the Parquet crate leaves out of its bounds, we give
//! none.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
};
use arrow::compute::{concat, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriter;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use proptest::prelude::*;

use super::*;

/// A file of one column, as encoded here.
fn ours(schema: &SchemaRef, parts: &[ArrayRef], with_dictionary: bool, workshop: &mut Workshop) -> Bytes {
    let root = ArrowSchemaConverter::new().convert(schema).unwrap().root_schema_ptr();
    let mut file = SerializedFileWriter::new(vec![], root, Arc::new(WriterProperties::default())).unwrap();
    let descr = file.schema_descr().column(0);
    let (bytes, close) = encode(parts, &descr, with_dictionary, workshop).unwrap().expect("a column for here");
    let mut group = file.next_row_group().unwrap();
    group.append_column(&bytes, close).unwrap();
    group.close().unwrap();
    file.into_inner().unwrap().into()
}

/// The same by the Parquet crate, with pages that end at the same rows.
fn theirs(schema: &SchemaRef, parts: &[ArrayRef], with_dictionary: bool) -> Bytes {
    let properties = WriterProperties::builder().set_dictionary_enabled(with_dictionary).build();
    let mut writer = ArrowWriter::try_new(vec![], schema.clone(), Some(properties)).unwrap();
    let refs: Vec<&dyn Array> = parts.iter().map(|part| part.as_ref()).collect();
    writer.write(&RecordBatch::try_new(schema.clone(), vec![concat(&refs).unwrap()]).unwrap()).unwrap();
    writer.into_inner().unwrap().into()
}

fn values(file: &Bytes, schema: &SchemaRef) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap().build().unwrap();
    concat_batches(schema, &reader.collect::<Result<Vec<_>, _>>().unwrap()).unwrap()
}

fn footer(file: &Bytes) -> ParquetMetaData {
    ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required).parse_and_finish(file).unwrap()
}

fn is_the_same(data_type: DataType, parts: Vec<ArrayRef>) {
    let schema = Arc::new(Schema::new(vec![Field::new("value", data_type, true)]));
    let refs: Vec<&dyn Array> = parts.iter().map(|part| part.as_ref()).collect();
    let expected = RecordBatch::try_new(schema.clone(), vec![concat(&refs).unwrap()]).unwrap();
    let mut workshop = Workshop::new().unwrap();
    // A workshop that was used must not remember anything.
    for with_dictionary in [true, false, true] {
        let (ours, theirs) =
            (ours(&schema, &parts, with_dictionary, &mut workshop), theirs(&schema, &parts, with_dictionary));
        // As bits: NaN and the sign of zero count.
        assert_eq!(
            values(&ours, &schema).column(0).to_data(),
            expected.column(0).to_data(),
            "dictionary: {with_dictionary}"
        );
        let (ours, theirs) = (footer(&ours), footer(&theirs));
        let (a, b) = (ours.row_group(0).column(0), theirs.row_group(0).column(0));
        assert_eq!((a.num_values(), a.column_descr()), (b.num_values(), b.column_descr()));
        let (a, b) = (a.statistics().unwrap(), b.statistics().unwrap());
        if has_nan(expected.column(0)) {
            assert_eq!((a.min_bytes_opt(), a.max_bytes_opt()), (None, None), "dictionary: {with_dictionary}");
            assert_eq!(a.null_count_opt(), b.null_count_opt());
            assert!(matches!(ours.column_index().unwrap()[0][0], ColumnIndexMetaData::NONE));
            continue;
        }
        assert_eq!(a, b, "dictionary: {with_dictionary}");
        let rows = |footer: &ParquetMetaData| {
            let pages = footer.offset_index().unwrap()[0][0].page_locations().to_vec();
            pages.iter().map(|page| page.first_row_index).collect::<Vec<_>>()
        };
        if rows(&ours) == rows(&theirs) {
            // Whether the pages are in order is more than we say.
            let index = |footer: &ParquetMetaData| {
                let index = &footer.column_index().unwrap()[0][0];
                let bounds = format!("{index:?}").split("boundary_order").next().unwrap().to_string();
                let is_there = !matches!(index, ColumnIndexMetaData::NONE);
                let page = |i| (index.null_count(i), index.is_null_page(i));
                (bounds, is_there.then(|| (0..rows(footer).len()).map(page).collect::<Vec<_>>()))
            };
            assert_eq!(index(&ours), index(&theirs));
        }
    }
}

fn has_nan(values: &ArrayRef) -> bool {
    match values.data_type() {
        DataType::Float32 => values.as_primitive::<Float32Type>().iter().flatten().any(f32::is_nan),
        DataType::Float64 => values.as_primitive::<Float64Type>().iter().flatten().any(f64::is_nan),
        _ => false,
    }
}

/// Rows that have a value or none, in parts that begin anywhere in their arrays.
fn parts<T: Clone, A: Array + From<Vec<Option<T>>> + 'static>(values: Vec<Option<T>>, cut: usize) -> Vec<ArrayRef> {
    let whole: ArrayRef = Arc::new(A::from(values));
    let at = cut.min(whole.len());
    vec![whole.slice(0, at), whole.slice(at, 0), whole.slice(at, whole.len() - at)]
}

fn some<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Option<T>>> {
    let few_nulls = proptest::option::weighted(0.9, value);
    proptest::collection::vec(few_nulls, 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whole_numbers(values in some(any::<i64>()), near in some(-300i64..300), cut in 0usize..400) {
        for values in [values, near] {
            is_the_same(DataType::Int64, parts::<_, Int64Array>(values.clone(), cut));
            let narrow = |value: &Option<i64>| value.map(|value| value as i32);
            is_the_same(DataType::Int32, parts::<_, Int32Array>(values.iter().map(narrow).collect(), cut));
            is_the_same(DataType::Date32, parts::<_, Date32Array>(values.iter().map(narrow).collect(), cut));
            let narrow = |value: &Option<i64>| value.map(|value| value as i16);
            is_the_same(DataType::Int16, parts::<_, Int16Array>(values.iter().map(narrow).collect(), cut));
            let narrow = |value: &Option<i64>| value.map(|value| value as i8);
            is_the_same(DataType::Int8, parts::<_, Int8Array>(values.iter().map(narrow).collect(), cut));
            let instants = parts::<_, TimestampMillisecondArray>(values.clone(), cut);
            is_the_same(instants[0].data_type().clone(), instants);
            let instants = parts::<_, TimestampMicrosecondArray>(values, cut);
            is_the_same(instants[0].data_type().clone(), instants);
        }
    }

    #[test]
    fn decimals(values in some(-10i128.pow(18) + 1..10i128.pow(18)), cut in 0usize..400) {
        for (precision, most) in [(18, 10i128.pow(18)), (9, 10i128.pow(9)), (2, 100)] {
            let data_type = DataType::Decimal128(precision, 2);
            let values = values.iter().map(|value| value.map(|value| value % most)).collect();
            let parts = parts::<_, Decimal128Array>(values, cut);
            let parts = parts.iter().map(|part| {
                let part = part.as_primitive::<Decimal128Type>().clone();
                Arc::new(part.with_precision_and_scale(precision, 2).unwrap()) as ArrayRef
            });
            is_the_same(data_type, parts.collect());
        }
    }

    #[test]
    fn floating_point(values in some(prop_oneof![any::<f64>(), Just(0.0), Just(-0.0), Just(f64::NAN), Just(1.5)]), cut in 0usize..400) {
        is_the_same(DataType::Float64, parts::<_, Float64Array>(values.clone(), cut));
        let narrow = |value: &Option<f64>| value.map(|value| value as f32);
        is_the_same(DataType::Float32, parts::<_, Float32Array>(values.iter().map(narrow).collect(), cut));
    }

    #[test]
    fn texts(values in some(prop_oneof![".{0,6}", "[a-c]{1,2}", ".{60,80}", Just("\u{10ffff}".repeat(20))]), cut in 0usize..400) {
        is_the_same(DataType::Utf8, parts::<_, StringArray>(values.clone(), cut));
        let bytes: Vec<Option<&[u8]>> = values.iter().map(|value| value.as_ref().map(|text| text.as_bytes())).collect();
        is_the_same(DataType::Binary, parts::<_, BinaryArray>(bytes, cut));
    }
}

#[test]
fn columns_of_many_pages() {
    let near = (0..70_000).map(|i| (i % 7 > 0).then_some(i64::from(i) / 90 % 600));
    is_the_same(DataType::Int64, vec![Arc::new(near.collect::<Int64Array>())]);
    let far = (0..70_000).map(|i| Some(i64::from(i) * 7_777_777_777 % 1_000_003));
    is_the_same(DataType::Int64, vec![Arc::new(far.collect::<Int64Array>())]);
    let sorted = (0..70_000).map(|i| Some(format!("text {:03}", i / 500)));
    is_the_same(DataType::Utf8, vec![Arc::new(sorted.collect::<StringArray>())]);
}

#[test]
fn a_dictionary_that_grows_too_large_is_given_up() {
    let schema = Arc::new(Schema::new(vec![Field::new("value", DataType::Int64, true)]));
    let all_different: ArrayRef = Arc::new((0..200_000i64).map(|i| i * 1_000_000_007).collect::<Int64Array>());
    let file = ours(&schema, std::slice::from_ref(&all_different), true, &mut Workshop::new().unwrap());
    assert_eq!(footer(&file).row_group(0).column(0).dictionary_page_offset(), None);
    assert_eq!(values(&file, &schema).column(0), &all_different);
}

/// `x > 100` is true of NaN: bounds that pass over it hide its row. Those of zeros hold both.
#[test]
fn floating_point_has_bounds_only_where_all_values_have_a_place_between_them() {
    let bounds = |values: Vec<f64>| {
        let schema = Arc::new(Schema::new(vec![Field::new("value", DataType::Float64, true)]));
        let file =
            ours(&schema, &[Arc::new(Float64Array::from(values)) as ArrayRef], true, &mut Workshop::new().unwrap());
        let footer = footer(&file);
        let statistics = footer.row_group(0).column(0).statistics().unwrap();
        let value = |bytes: Option<&[u8]>| bytes.map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()).to_bits());
        let of_pages = !matches!(footer.column_index().unwrap()[0][0], ColumnIndexMetaData::NONE);
        (value(statistics.min_bytes_opt()), value(statistics.max_bytes_opt()), of_pages)
    };
    let are = |low: f64, high: f64| (Some(low.to_bits()), Some(high.to_bits()), true);
    assert_eq!(bounds(vec![1.0, f64::NAN, 7.0]), (None, None, false));
    assert_eq!(bounds(vec![1.0, -f64::NAN]), (None, None, false));
    assert_eq!(bounds(vec![0.0, 0.0]), are(-0.0, 0.0));
    assert_eq!(bounds(vec![-0.0, -1.0]), are(-1.0, 0.0));
    assert_eq!(bounds(vec![f64::INFINITY, f64::NEG_INFINITY]), are(f64::NEG_INFINITY, f64::INFINITY));
}

#[test]
fn columns_without_a_value() {
    is_the_same(DataType::Int32, vec![Arc::new(Int32Array::from(vec![None; 30]))]);
    is_the_same(DataType::Utf8, vec![Arc::new(StringArray::from(vec![None::<&str>; 30]))]);
    is_the_same(DataType::Float64, vec![Arc::new(Float64Array::from(vec![Some(f64::NAN); 30]))]);
}

#[test]
fn what_is_not_for_here_is_left_alone() {
    let schema = Schema::new(vec![Field::new("value", DataType::Boolean, true)]);
    let descr = ArrowSchemaConverter::new().convert(&schema).unwrap().column(0);
    let values: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    assert!(encode(&[values], &descr, true, &mut Workshop::new().unwrap()).unwrap().is_none());
}
