//! The schema of JSON rows, found while they stream by on their way into the lake.
//!
//! Every row widens a [`Shape`] in place; no values are built. A number that is somewhere an integer and elsewhere
//! not is `double`; what comes in several kinds (number and text, object and scalar) is `string`, and so is what was
//! only ever null. Integers outside `bigint` are `decimal(38,0)`, which holds them exactly.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Result};
use crate::lake::types;

/// An object with more keys than this is used as a map; as a column it becomes its JSON text.
const MAX_FIELDS: usize = 1_000;

/// First integer beyond `bigint`, and the first that `decimal(38,0)` cannot hold.
const WIDE: f64 = 9_223_372_036_854_775_808.0;
const TOO_WIDE: f64 = 1e38;

/// All that was seen of the rows so far.
#[derive(Debug, Default)]
pub struct Rows {
    row: Object,
    count: u64,
}

impl Rows {
    /// Takes a row's JSON into account. An error names the row, from 1.
    pub fn add(&mut self, json: &[u8]) -> Result<()> {
        self.count += 1;
        let mut parser = serde_json::Deserializer::from_slice(json);
        let outcome = parser.deserialize_map(&mut self.row).and_then(|()| parser.end());
        outcome.map_err(|error| {
            let message = error.to_string();
            let place = format!("row {}", self.count);
            match message.strip_prefix(SAME_NAME) {
                Some(rest) => {
                    let said = rest.split(" at line ").next().unwrap_or(rest);
                    Error::failed(format!("{place}: {said}"))
                        .hint("columns are case-insensitive, as in Spark: rename one where the data is made")
                }
                None => Error::failed(format!("{place} is broken JSON")).because(error),
            }
        })
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn schema(&self) -> Result<SchemaRef> {
        if self.row.is_map {
            return Err(Error::failed(format!("the rows have more than {MAX_FIELDS} different keys"))
                .hint("if the rows lie deeper in the document, name their place with `records:`"));
        }
        Ok(Arc::new(Schema::new(self.row.fields())))
    }
}

/// The kinds in which a value has come.
#[derive(Debug, Default)]
struct Shape {
    boolean: bool,
    integer: bool,
    wide_integer: bool,
    float: bool,
    text: bool,
    list: Option<Box<Shape>>,
    object: Option<Box<Object>>,
}

impl Shape {
    fn data_type(&self) -> DataType {
        let number = self.integer || self.wide_integer || self.float;
        let kinds = [self.boolean, number, self.text, self.list.is_some(), self.object.is_some()];
        if kinds.into_iter().filter(|seen| *seen).count() != 1 || self.text {
            return DataType::Utf8;
        }
        if let Some(element) = &self.list {
            return types::list_of(element.data_type());
        }
        if let Some(object) = &self.object {
            // Parquet has no struct without fields.
            let as_text = object.is_map || object.fields.is_empty();
            return if as_text { DataType::Utf8 } else { DataType::Struct(object.fields()) };
        }
        match (self.boolean, self.float, self.wide_integer) {
            (true, ..) => DataType::Boolean,
            (_, true, _) => DataType::Float64,
            (_, _, true) => DataType::Decimal128(38, 0),
            _ => DataType::Int64,
        }
    }
}

/// The fields of an object, in the order in which they first came.
#[derive(Debug, Default)]
struct Object {
    fields: Vec<(String, Shape)>,
    places: HashMap<String, usize>,
    /// Names in lower case, to find those that differ only in case.
    folded: HashMap<String, usize>,
    is_map: bool,
}

impl Object {
    fn fields(&self) -> Fields {
        self.fields.iter().map(|(name, shape)| Field::new(name, shape.data_type(), true)).collect()
    }

    /// The place of a key. `guess` is right when the keys come in the order of earlier rows.
    fn place<E: serde::de::Error>(&mut self, key: &str, guess: usize) -> Result<Option<usize>, E> {
        if self.fields.get(guess).is_some_and(|(name, _)| name == key) {
            return Ok(Some(guess));
        }
        if let Some(place) = self.places.get(key) {
            return Ok(Some(*place));
        }
        if self.fields.len() == MAX_FIELDS {
            self.is_map = true;
            return Ok(None);
        }
        let place = self.fields.len();
        if let Some(twin) = self.folded.insert(key.to_lowercase(), place) {
            let twin = &self.fields[twin].0;
            return Err(E::custom(format!("{SAME_NAME}`{twin}` and `{key}` differ only in letter case")));
        }
        self.places.insert(key.into(), place);
        self.fields.push((key.into(), Shape::default()));
        Ok(Some(place))
    }
}

/// Marks the one error of ours among serde's, which are texts.
const SAME_NAME: &str = "same name: ";

impl<'de> Visitor<'de> for &mut Object {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut guess = 0;
        while let Some(place) = map.next_key_seed(Key { object: self, guess })? {
            match place {
                Some(place) => {
                    guess = place + 1;
                    map.next_value_seed(&mut self.fields[place].1)?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a key as its place in the object, without keeping its text.
struct Key<'a> {
    object: &'a mut Object,
    guess: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        self.object.place(key, self.guess)
    }
}

impl<'de> DeserializeSeed<'de> for &mut Shape {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Shape {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.boolean = true;
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.integer = true;
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        if i64::try_from(value).is_ok() {
            self.integer = true
        } else {
            self.wide_integer = true
        }
        Ok(())
    }

    /// Also called for integers that 64 bits cannot hold; these are told by their size.
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        if (WIDE..TOO_WIDE).contains(&value.abs()) {
            self.wide_integer = true
        } else {
            self.float = true
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.text = true;
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let element = self.list.get_or_insert_default();
        while seq.next_element_seed(&mut **element)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.object.get_or_insert_default().visit_map(map).map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema_of(rows: &[&str]) -> Result<String> {
        let mut seen = Rows::default();
        for row in rows {
            seen.add(row.as_bytes())?;
        }
        let schema = seen.schema()?;
        Ok(schema
            .fields()
            .iter()
            .map(|field| format!("{}: {}", field.name(), types::name(field.data_type())))
            .collect::<Vec<_>>()
            .join(", "))
    }

    #[test]
    fn kinds_widen_row_by_row() {
        let rows = [
            r#"{"id": 1, "price": 2, "ok": true, "geo": {"lat": 1.5}, "tags": [], "none": null, "e": {}}"#,
            r#"{"price": 2.5, "id": -7, "geo": {"lat": 2, "Cost Total $": "x"}, "tags": [1, null], "big": 12345678901234567890}"#,
            r#"{"mixed": 1, "late": "x", "both": {"a": 1}, "big": 1}"#,
            r#"{"mixed": "1", "both": 1, "objects": [{"a": [1]}, {"b": false}]}"#,
        ];
        assert_eq!(
            schema_of(&rows).unwrap(),
            "id: bigint, price: double, ok: boolean, geo: struct<lat:double,`Cost Total $`:string>, \
             tags: array<bigint>, none: string, e: string, big: decimal(38,0), mixed: string, late: string, \
             both: string, objects: array<struct<a:array<bigint>,b:boolean>>"
        );
    }

    #[test]
    fn huge_integers_are_exact_and_huge_floats_are_not() {
        assert_eq!(
            schema_of(&[r#"{"a": 123456789012345678901234567890, "b": 1e300}"#]).unwrap(),
            "a: decimal(38,0), b: double"
        );
        assert_eq!(schema_of(&[r#"{"a": 123456789012345678901234567890}"#, r#"{"a": 0.5}"#]).unwrap(), "a: double");
    }

    #[test]
    fn names_that_differ_only_in_case_are_both_named() {
        let error = schema_of(&[r#"{"x": {"userId": 1}}"#, r#"{"x": {"userid": 1}}"#]).unwrap_err();
        assert_eq!(error.to_string(), "row 2: `userId` and `userid` differ only in letter case");
    }

    #[test]
    fn broken_rows_and_maps_are_told() {
        assert_eq!(schema_of(&["{}", r#"{"a": tru}"#]).unwrap_err().to_string(), "row 2 is broken JSON");
        let map: Vec<_> = (0..1500).map(|n| format!("\"k{n}\": 1")).collect();
        assert_eq!(schema_of(&[&format!("{{\"m\": {{{}}}}}", map.join(","))]).unwrap(), "m: string");
        assert!(
            schema_of(&[&format!("{{{}}}", map.join(","))]).unwrap_err().to_string().contains("1000 different keys")
        );
    }
}
