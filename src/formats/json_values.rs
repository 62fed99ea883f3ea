//! Values as JSON of RFC 8259, for results and for nested values in tables: every number that JSON has is written with
//! all its digits, and what JSON lacks has words. Arrow's own encoders do most of it; here is where they fall short.
//!
//! | | is written as |
//! |---|---|
//! | NaN, infinities | the texts `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | columns or fields of one name | `x`, `x_2`, `x_3` |
//! | a map's keys | their text; what is no text, its JSON: `{"1": …}` |

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, MapArray, StructArray};
use arrow::datatypes::{DataType, FieldRef, Fields, Float16Type, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::json::writer::{NullableEncoder, make_encoder};
use arrow::json::{Encoder, EncoderFactory, EncoderOptions};
use serde::Serialize;

/// How [`make_encoder`] is to write values.
pub fn options() -> EncoderOptions {
    EncoderOptions::default().with_explicit_nulls(true).with_encoder_factory(Arc::new(Exact))
}

/// Names of which each is there once: of several equal ones the first stays, and the others are numbered.
pub fn numbered<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let given: HashSet<&str> = names.clone().collect();
    let mut number = |name: &str| {
        let free = |name: &String, taken: &HashSet<String>| !taken.contains(name) && !given.contains(name.as_str());
        let unique = match taken.contains(name) {
            false => name.to_string(),
            true => (2..).map(|n| format!("{name}_{n}")).find(|name| free(name, &taken)).expect("numbers do not end"),
        };
        taken.insert(unique.clone());
        unique
    };
    names.map(&mut number).collect()
}

/// A name and the colon after it.
fn key(name: &str) -> Vec<u8> {
    let mut key = serde_json::to_vec(name).expect("a text is JSON");
    key.push(b':');
    key
}

/// Makes the encoders that Arrow has not, or not as they should be.
#[derive(Debug)]
struct Exact;

impl EncoderFactory for Exact {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Float16 => {
                let values = array.as_primitive::<Float16Type>();
                Box::new(Each(move |i, out: &mut Vec<u8>| number(values.value(i).to_f32(), out)))
            }
            DataType::Float32 => {
                let values = array.as_primitive::<Float32Type>();
                Box::new(Each(move |i, out: &mut Vec<u8>| number(values.value(i), out)))
            }
            DataType::Float64 => {
                let values = array.as_primitive::<Float64Type>();
                Box::new(Each(move |i, out: &mut Vec<u8>| number(values.value(i), out)))
            }
            // Whose values may be null, too.
            DataType::Dictionary(..) => {
                let (dictionary, mut keys) = (array.as_any_dictionary(), vec![]);
                if !dictionary.values().is_empty() {
                    keys = dictionary.normalized_keys();
                }
                let mut values = make_encoder(field, dictionary.values(), options)?;
                Box::new(Each(move |i: usize, out: &mut Vec<u8>| values.encode(keys[i], out)))
            }
            DataType::Struct(fields) => Box::new(ObjectsEncoder::of(fields, array.as_struct(), options)?),
            DataType::Map(..) => Box::new(Maps::of(field, array.as_map(), options)?),
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.logical_nulls())))
    }
}

/// Writes the value at a place.
struct Each<F>(F);

impl<F: FnMut(usize, &mut Vec<u8>)> Encoder for Each<F> {
    fn encode(&mut self, i: usize, out: &mut Vec<u8>) {
        (self.0)(i, out);
    }
}

/// The fewest digits that are read back as this number.
fn number(value: impl Into<f64> + Serialize + Copy, out: &mut Vec<u8>) {
    match word(value.into()) {
        Some(word) => out.extend_from_slice(format!("\"{word}\"").as_bytes()),
        None => serde_json::to_writer(out, &value).expect("a number is JSON, and memory takes it"),
    }
}

/// What a number is called that has no digits; Spark's words.
fn word(number: f64) -> Option<&'static str> {
    match number {
        _ if number.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// Structs, and rows.
struct ObjectsEncoder<'a> {
    fields: Vec<(Vec<u8>, NullableEncoder<'a>)>,
}

impl<'a> ObjectsEncoder<'a> {
    fn of(fields: &'a Fields, structs: &'a StructArray, options: &'a EncoderOptions) -> Result<Self, ArrowError> {
        let names = numbered(fields.iter().map(|field| field.name().as_str()));
        let encoders = fields.iter().zip(structs.columns()).map(|(field, column)| make_encoder(field, column, options));
        let fields = names.iter().map(|name| key(name)).zip(encoders).map(|(key, encoder)| Ok((key, encoder?)));
        Ok(ObjectsEncoder { fields: fields.collect::<Result<_, ArrowError>>()? })
    }
}

impl Encoder for ObjectsEncoder<'_> {
    fn encode(&mut self, i: usize, out: &mut Vec<u8>) {
        for (n, (key, encoder)) in self.fields.iter_mut().enumerate() {
            out.push(if n == 0 { b'{' } else { b',' });
            out.extend_from_slice(key);
            value(encoder, i, out);
        }
        out.extend_from_slice(if self.fields.is_empty() { b"{}" } else { b"}" });
    }
}

struct Maps<'a> {
    maps: &'a MapArray,
    keys: NullableEncoder<'a>,
    values: NullableEncoder<'a>,
}

impl<'a> Maps<'a> {
    fn of(field: &'a FieldRef, maps: &'a MapArray, options: &'a EncoderOptions) -> Result<Self, ArrowError> {
        let (keys, values) = (make_encoder(field, maps.keys(), options)?, make_encoder(field, maps.values(), options)?);
        Ok(Maps { maps, keys, values })
    }

    /// The text of a key: its own, or that of its JSON.
    fn name(&mut self, i: usize) -> String {
        if self.keys.is_null(i) {
            return "null".to_string();
        }
        let mut json = vec![];
        self.keys.encode(i, &mut json);
        serde_json::from_slice(&json).unwrap_or_else(|_| String::from_utf8_lossy(&json).into_owned())
    }
}

impl Encoder for Maps<'_> {
    fn encode(&mut self, i: usize, out: &mut Vec<u8>) {
        let entries = self.maps.value_offsets();
        let entries = entries[i] as usize..entries[i + 1] as usize;
        let names: Vec<String> = entries.clone().map(|entry| self.name(entry)).collect();
        let keys: Vec<Vec<u8>> = numbered(names.iter().map(String::as_str)).iter().map(|name| key(name)).collect();
        for (n, (key, entry)) in keys.iter().zip(entries).enumerate() {
            out.push(if n == 0 { b'{' } else { b',' });
            out.extend_from_slice(key);
            value(&mut self.values, entry, out);
        }
        out.extend_from_slice(if keys.is_empty() { b"{}" } else { b"}" });
    }
}

fn value(encoder: &mut NullableEncoder<'_>, i: usize, out: &mut Vec<u8>) {
    match encoder.is_null(i) {
        true => out.extend_from_slice(b"null"),
        false => encoder.encode(i, out),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use arrow::array::{
        ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int64Array, ListBuilder,
        MapBuilder, PrimitiveBuilder, RecordBatch, StringArray, UInt64Array,
    };
    use arrow::datatypes::{Field, Int32Type, Int64Type, Schema};
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::{MapAccess, Visitor};
    use serde_json::value::RawValue;

    use super::*;

    /// A value as another reader has it: numbers by their digits, and no key is forgotten.
    #[derive(Debug, Clone, PartialEq)]
    enum Json {
        Word(String),
        Text(String),
        List(Vec<Json>),
        Object(Vec<(String, Json)>),
    }

    struct Entries(Vec<(String, Box<RawValue>)>);

    impl<'de> Deserialize<'de> for Entries {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct All;
            impl<'de> Visitor<'de> for All {
                type Value = Entries;
                fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                    let mut entries = vec![];
                    while let Some(entry) = map.next_entry()? {
                        entries.push(entry);
                    }
                    Ok(Entries(entries))
                }
            }
            deserializer.deserialize_map(All)
        }
    }

    fn read(text: &str) -> Json {
        let all = |values: Vec<Box<RawValue>>| values.iter().map(|value| read(value.get())).collect();
        match text.as_bytes()[0] {
            b'{' => {
                let Entries(entries) = serde_json::from_str(text).unwrap();
                Json::Object(entries.into_iter().map(|(key, value)| (key, read(value.get()))).collect())
            }
            b'[' => Json::List(all(serde_json::from_str(text).unwrap())),
            b'"' => Json::Text(serde_json::from_str(text).unwrap()),
            _ => Json::Word(serde_json::from_str::<Box<RawValue>>(text).unwrap().get().to_string()),
        }
    }

    fn rows(batch: &RecordBatch) -> Vec<Json> {
        let fields = batch.schema().fields().clone();
        let (field, options) = (Arc::new(Field::new_struct("", fields, false)), options());
        let rows = StructArray::from(batch.clone());
        let mut encoder = make_encoder(&field, &rows, &options).unwrap();
        let mut row = |i| {
            let mut text = vec![];
            encoder.encode(i, &mut text);
            read(&String::from_utf8(text).unwrap())
        };
        (0..batch.num_rows()).map(&mut row).collect()
    }

    fn word(text: impl ToString) -> Json {
        Json::Word(text.to_string())
    }

    fn text(text: impl ToString) -> Json {
        Json::Text(text.to_string())
    }

    fn option<T>(value: Option<T>, json: impl FnOnce(T) -> Json) -> Json {
        value.map_or_else(|| word("null"), json)
    }

    /// Of a number that is read back from its digits.
    fn double(value: f64) -> Json {
        match value {
            _ if value.is_nan() => text("NaN"),
            _ if value.is_infinite() => text(if value > 0.0 { "Infinity" } else { "-Infinity" }),
            _ => word(format!("{:x}", value.to_bits())),
        }
    }

    /// The same with every number as the bits of a double, so that `1e2` and `100.0` are one.
    fn as_doubles(json: Json) -> Json {
        match json {
            Json::Word(digits) => digits.parse().map_or(Json::Word(digits), double),
            Json::List(values) => Json::List(values.into_iter().map(as_doubles).collect()),
            Json::Object(entries) => {
                Json::Object(entries.into_iter().map(|(key, value)| (key, as_doubles(value))).collect())
            }
            text => text,
        }
    }

    fn floats() -> impl Strategy<Value = f64> {
        let odd = [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MIN_POSITIVE, 5e-324, 1e300];
        prop_oneof![any::<f64>(), proptest::sample::select(odd.to_vec()), (-100i32..100).prop_map(f64::from)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn what_is_written_is_read_back(
            rows_given in proptest::collection::vec(
                (
                    (proptest::option::of(floats()), any::<f32>(), any::<i64>(), any::<u64>(), any::<i64>()),
                    proptest::option::of(".{0,8}"),
                    proptest::option::of(proptest::collection::vec(proptest::option::of(floats()), 0..4)),
                    proptest::option::of(proptest::collection::btree_map(any::<i64>(), proptest::option::of(floats()), 0..4)),
                    any::<bool>(),
                ),
                1..12,
            ),
            name in "[a-c\"\\\\\u{1}]{1,2}",
        ) {
            let mut lists = ListBuilder::new(PrimitiveBuilder::<Float64Type>::new());
            let mut maps =
                MapBuilder::new(None, PrimitiveBuilder::<Int64Type>::new(), PrimitiveBuilder::<Float64Type>::new());
            for (_, _, list, map, _) in &rows_given {
                lists.append_option(list.clone());
                for (key, value) in map.iter().flatten() {
                    maps.keys().append_value(*key);
                    maps.values().append_option(*value);
                }
                maps.append(map.is_some()).unwrap();
            }
            let decimals: Decimal128Array = rows_given.iter().map(|row| Some(i128::from(row.0.4))).collect();
            let columns: Vec<ArrayRef> = vec![
                Arc::new(rows_given.iter().map(|row| row.0.0).collect::<Float64Array>()),
                Arc::new(rows_given.iter().map(|row| Some(row.0.1)).collect::<Float32Array>()),
                Arc::new(rows_given.iter().map(|row| Some(row.0.2)).collect::<Int64Array>()),
                Arc::new(rows_given.iter().map(|row| Some(row.0.3)).collect::<UInt64Array>()),
                Arc::new(decimals.with_precision_and_scale(38, 4).unwrap()),
                Arc::new(rows_given.iter().map(|row| row.1.clone()).collect::<StringArray>()),
                Arc::new(lists.finish()),
                Arc::new(maps.finish()),
                Arc::new(BooleanArray::from(rows_given.iter().map(|row| row.4).collect::<Vec<_>>())),
            ];
            let fields = columns.iter().map(|column| Field::new(&name, column.data_type().clone(), true));
            let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            let found = rows(&RecordBatch::try_new(schema, columns).unwrap());
            for (found, ((f64, f32, i64, u64, decimal), string, list, map, bool)) in found.into_iter().zip(rows_given) {
                let Json::Object(entries) = found else { panic!("a row is an object") };
                let (keys, values): (Vec<String>, Vec<Json>) = entries.into_iter().unzip();
                let expected_keys = std::iter::once(name.clone()).chain((2..=9).map(|n| format!("{name}_{n}")));
                prop_assert_eq!(keys, expected_keys.collect::<Vec<_>>());
                prop_assert_eq!(as_doubles(values[0].clone()), option(f64, double));
                let narrow = match &values[1] {
                    Json::Word(digits) => digits.parse::<f32>().unwrap().to_bits(),
                    Json::Text(word) => word.replace("Infinity", "inf").parse::<f32>().unwrap().to_bits(),
                    other => panic!("{other:?}"),
                };
                prop_assert!(narrow == f32.to_bits() || f32.is_nan() && f32::from_bits(narrow).is_nan());
                prop_assert_eq!(&values[2], &word(i64));
                prop_assert_eq!(&values[3], &word(u64));
                let digits = format!("{}{}.{:04}", if decimal < 0 { "-" } else { "" }, (decimal / 10_000).unsigned_abs(), (decimal % 10_000).unsigned_abs());
                prop_assert_eq!(&values[4], &word(digits));
                prop_assert_eq!(&values[5], &option(string, text));
                let list = option(list, |list| Json::List(list.into_iter().map(|value| option(value, double)).collect()));
                prop_assert_eq!(as_doubles(values[6].clone()), list);
                let entries = |map: std::collections::BTreeMap<i64, Option<f64>>| {
                    Json::Object(map.into_iter().map(|(key, value)| (key.to_string(), option(value, double))).collect())
                };
                prop_assert_eq!(as_doubles(values[7].clone()), option(map, entries));
                prop_assert_eq!(&values[8], &word(bool));
            }
        }
    }

    #[test]
    fn equal_names_are_numbered_past_those_that_are_taken() {
        let names = |names: &[&str]| numbered(names.iter().copied());
        assert_eq!(names(&["x", "y", "x", "x_2", "x", ""]), ["x", "y", "x_3", "x_2", "x_4", ""]);
        assert_eq!(names(&["x_2", "x", "x"]), ["x_2", "x", "x_3"]);
    }

    #[test]
    fn nested_values_follow_the_same_rules() {
        let pair = |a: ArrayRef, b: ArrayRef| {
            let field = |column: &ArrayRef| Arc::new(Field::new("x", column.data_type().clone(), true));
            StructArray::try_new(vec![field(&a), field(&b)].into(), vec![a, b], None).unwrap()
        };
        let texts = StringArray::from(vec![Some("a"), None]);
        let texts = DictionaryArray::<Int32Type>::try_new(vec![1, 0].into(), Arc::new(texts)).unwrap();
        let inner = pair(Arc::new(Float64Array::from(vec![f64::NAN, 0.5])), Arc::new(texts));
        let batch = RecordBatch::try_from_iter([("s", Arc::new(inner) as ArrayRef)]).unwrap();
        let row = |x, y| Json::Object(vec![("s".into(), Json::Object(vec![("x".into(), x), ("x_2".into(), y)]))]);
        assert_eq!(rows(&batch), [row(text("NaN"), word("null")), row(word("0.5"), text("a"))]);
    }
}
