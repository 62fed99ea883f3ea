//! The schema of JSON rows, found while they stream by on their way into the lake.
//!
//! Every row widens a [`Shape`] in place; no values are built. What [numbers](Numbers) become is decided by their text.
//! What comes in several kinds (number and text, object and scalar) is `string`, and so is what was only ever null.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::json_numbers::Numbers;
use crate::error::{Error, Result};
use crate::spark::types;

/// An object with more keys than this is used as a map; as a column it becomes its JSON text.
const MAX_FIELDS: usize = 1_000;

/// Lists and objects in one another; as many as serde_json itself takes.
const MAX_DEPTH: usize = 128;

/// All that was seen of the rows so far.
#[derive(Debug, Default)]
pub struct JsonSchema {
    row: ObjectShape,
    count: u64,
}

impl JsonSchema {
    /// One that goes on from what [`told_by`](JsonSchema::told_by) gave of other rows.
    ///
    /// # Errors
    /// When that is not what it gave.
    pub fn after(told_by: &serde_json::Value) -> Result<JsonSchema> {
        let fields: Vec<(String, Shape)> = Deserialize::deserialize(told_by)
            .map_err(|error| Error::failed("what is known of the rows before cannot be read").because(error))?;
        Ok(JsonSchema { row: ObjectShape::of(fields), count: 0 })
    }

    /// All that was seen of the rows, to be written down.
    pub fn told_by(&self) -> serde_json::Value {
        serde_json::to_value(&self.row.fields).unwrap_or_default()
    }

    /// Takes a row's JSON into account. An error names the row, from 1.
    pub fn add(&mut self, json: &[u8]) -> Result<()> {
        self.count += 1;
        let mut parser = serde_json::Deserializer::from_slice(json);
        let outcome =
            parser.deserialize_map(ObjectMembers { object: &mut self.row, depth: 1 }).and_then(|()| parser.end());
        outcome.map_err(|error| {
            let message = error.to_string();
            let place = format!("row {}", self.count);
            let said = |rest: &str| format!("{place}: {}", rest.split(" at line ").next().unwrap_or(rest));
            if let Some(rest) = message.strip_prefix(SAME_NAME) {
                return Error::failed(said(rest))
                    .hint("columns are case-insensitive, as in Spark: rename one where the data is made");
            }
            match message.strip_prefix(TOO_DEEP) {
                Some(rest) => Error::failed(said(rest)),
                None => Error::failed(format!("{place} is broken JSON")).because(error),
            }
        })
    }

    /// Takes the rows of another file into account.
    ///
    /// # Errors
    /// When a name of theirs differs from one of these in letter case only.
    pub fn absorb(&mut self, other: JsonSchema) -> Result<()> {
        self.count += other.count;
        self.row.absorb(other.row).map_err(|error| {
            let message = error.to_string();
            Error::failed(message.strip_prefix(SAME_NAME).unwrap_or(&message).to_string())
                .hint("columns are case-insensitive, as in Spark: rename one where the data is made")
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
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Shape {
    #[serde(skip_serializing_if = "is_false")]
    boolean: bool,
    #[serde(skip_serializing_if = "Numbers::are_none")]
    numbers: Numbers,
    #[serde(skip_serializing_if = "is_false")]
    text: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Box<Shape>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Box<ObjectShape>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Shape {
    fn data_type(&self) -> DataType {
        let kinds = [self.boolean, self.numbers.seen(), self.text, self.list.is_some(), self.object.is_some()];
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
        if self.boolean { DataType::Boolean } else { self.numbers.data_type() }
    }

    /// Takes what others were into account.
    fn absorb(&mut self, other: Shape) -> Result<(), serde_json::Error> {
        self.boolean |= other.boolean;
        self.numbers.absorb(other.numbers);
        self.text |= other.text;
        if let Some(theirs) = other.list {
            self.list.get_or_insert_default().absorb(*theirs)?;
        }
        if let Some(theirs) = other.object {
            self.object.get_or_insert_default().absorb(*theirs)?;
        }
        Ok(())
    }

    /// Takes a value into account that lies in `depth` lists and objects.
    fn add(&mut self, value: &RawValue, depth: usize) -> Result<(), serde_json::Error> {
        let json = value.get();
        let mut parser = serde_json::Deserializer::from_str(json);
        match json.as_bytes().first() {
            Some(b'{' | b'[') if depth == MAX_DEPTH => {
                return Err(serde_json::Error::custom(format!(
                    "{TOO_DEEP}more than {MAX_DEPTH} lists and objects in one another"
                )));
            }
            Some(b'{') => {
                let object = self.object.get_or_insert_default();
                parser.deserialize_map(ObjectMembers { object, depth: depth + 1 })?;
            }
            Some(b'[') => {
                let shape = self.list.get_or_insert_default();
                parser.deserialize_seq(Elements { shape, depth: depth + 1 })?;
            }
            Some(b'"') => {
                // Whatever stands for half a character (RFC 8259, 8.2) is found by reading it only.
                if json.contains("\\u") {
                    serde_json::from_str::<String>(json)?;
                }
                self.text = true;
            }
            Some(b't' | b'f') => self.boolean = true,
            Some(b'n') | None => {}
            Some(_) => self.numbers.add(json),
        }
        Ok(())
    }
}

/// The fields of an object, in the order in which they first came.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "WrittenObject")]
struct ObjectShape {
    fields: Vec<(String, Shape)>,
    #[serde(skip)]
    places: HashMap<String, usize>,
    /// Names in lower case, to find those that differ only in case.
    #[serde(skip)]
    folded: HashMap<String, usize>,
    is_map: bool,
}

/// An object's fields as they are written down.
#[derive(Deserialize)]
struct WrittenObject {
    fields: Vec<(String, Shape)>,
    is_map: bool,
}

impl From<WrittenObject> for ObjectShape {
    fn from(written: WrittenObject) -> Self {
        ObjectShape { is_map: written.is_map, ..ObjectShape::of(written.fields) }
    }
}

impl ObjectShape {
    fn of(fields: Vec<(String, Shape)>) -> Self {
        let places = fields.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        let folded = fields.iter().enumerate().map(|(place, (name, _))| (name.to_lowercase(), place)).collect();
        ObjectShape { fields, places, folded, is_map: false }
    }

    fn fields(&self) -> Fields {
        self.fields.iter().map(|(name, shape)| Field::new(name, shape.data_type(), true)).collect()
    }

    fn absorb(&mut self, other: ObjectShape) -> Result<(), serde_json::Error> {
        self.is_map |= other.is_map;
        for (guess, (name, shape)) in other.fields.into_iter().enumerate() {
            if let Some(place) = self.place(&name, guess)? {
                self.fields[place].1.absorb(shape)?;
            }
        }
        Ok(())
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

/// Mark the errors of ours among serde's, which are texts.
const SAME_NAME: &str = "same name: ";
const TOO_DEEP: &str = "too deep: ";

/// An object at hand, and in how many its members lie.
struct ObjectMembers<'a> {
    object: &'a mut ObjectShape,
    depth: usize,
}

impl<'de> Visitor<'de> for ObjectMembers<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let ObjectMembers { object, depth } = self;
        let mut guess = 0;
        while let Some(place) = map.next_key_seed(MemberName { object, guess })? {
            let value: &RawValue = map.next_value()?;
            if let Some(place) = place {
                guess = place + 1;
                object.fields[place].1.add(value, depth).map_err(A::Error::custom)?;
            }
        }
        Ok(())
    }
}

/// A list at hand, and in how many its elements lie.
struct Elements<'a> {
    shape: &'a mut Shape,
    depth: usize,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element::<&RawValue>()? {
            self.shape.add(value, self.depth).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Reads a key as its place in the object, without keeping its text.
struct MemberName<'a> {
    object: &'a mut ObjectShape,
    guess: usize,
}

impl<'de> DeserializeSeed<'de> for MemberName<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for MemberName<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        self.object.place(key, self.guess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema_of(rows: &[&str]) -> Result<String> {
        let mut seen = JsonSchema::default();
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
    fn numbers_are_of_the_first_type_that_holds_them() {
        let nines = "9".repeat(38);
        for (numbers, data_type) in [
            ("1, -7, -0", "bigint"),
            ("9223372036854775807, 9223372036854775808", "decimal(38,0)"),
            (nines.as_str(), "decimal(38,0)"),
            ("12.50, 0.1, 1e300, 9007199254740992", "double"),
            ("0.30000000000000004", "double"),
            ("12345678901234567890.75", "decimal(38,2)"),
            ("9007199254740993, 0.5", "decimal(38,1)"),
            ("0.1234567890123456789, 12345", "decimal(38,19)"),
            ("12345678901234567890.75, 1e300", "string"),
            (&format!("{nines}, 0.5"), "string"),
            (&format!("{nines}9"), "string"),
            ("1e400", "string"),
        ] {
            let schema = schema_of(&[&format!(r#"{{"n": [{numbers}]}}"#)]).unwrap();
            assert_eq!(schema, format!("n: array<{data_type}>"), "{numbers}");
        }
    }

    #[test]
    fn types_of_later_rows_go_on_from_those_before() {
        let rows = [
            r#"{"id": 1, "n": 2, "none": null, "o": {"a": [1], "e": {}}, "t": "x"}"#,
            r#"{"id": 12345678901234567890, "n": 0.5, "none": 1, "o": {"b": true, "a": []}, "new": {"c": 1}}"#,
            r#"{"id": 1, "t": null, "o": {"A": 1}}"#,
        ];
        for split in [1, 2] {
            let (mut whole, mut first) = (JsonSchema::default(), JsonSchema::default());
            rows[..2].iter().for_each(|row| whole.add(row.as_bytes()).unwrap());
            rows[..split].iter().for_each(|row| first.add(row.as_bytes()).unwrap());
            let mut then = JsonSchema::after(&first.told_by()).unwrap();
            rows[split..2].iter().for_each(|row| then.add(row.as_bytes()).unwrap());
            assert_eq!(then.schema().unwrap(), whole.schema().unwrap());
            assert_eq!(then.told_by(), whole.told_by());
            assert!(then.add(rows[2].as_bytes()).unwrap_err().to_string().contains("differ only in letter case"));
        }
    }

    #[test]
    fn depth_has_a_bound_that_is_told() {
        let nested = |levels: usize| format!(r#"{{"a": {}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(schema_of(&[&nested(MAX_DEPTH - 1)]).is_ok());
        for levels in [MAX_DEPTH, 200_000] {
            let error = schema_of(&[&nested(levels)]).unwrap_err();
            assert_eq!(error.to_string(), "row 1: more than 128 lists and objects in one another");
        }
    }

    #[test]
    fn half_a_character_is_broken() {
        assert!(schema_of(&[r#"{"a": "\ud83d\ude00"}"#]).is_ok());
        assert!(schema_of(&[r#"{"a": "\ud83d"}"#]).is_err());
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
