//! JSON: paths into it, from it and to it.
//!
//! <https://spark.apache.org/docs/latest/api/sql/json-functions/>

mod path;
mod read;
mod schema;
mod value;
mod write;

use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder, StructArray};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs};
use super::written_options;
use crate::spark::types::list_of;
use value::{JsonValue, Leniency};

/// One text, and nothing that would become one.
fn of_text(name: &'static str, types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [given] if !given.is_string() && !given.is_null() => {
            plan_err!("[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` takes a text")
        }
        types => takes(name, types, 1, &[Takes::Text]),
    }
}

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let one: Typing = |name, types| Ok((of_text(name, types)?, DataType::Int32));
    udfs([
        function(
            "get_json_object",
            |name, types| Ok((takes(name, types, 2, &[Takes::Text; 2])?, DataType::Utf8)),
            objects,
        ),
        function("json_array_length", one, |call| {
            call.ints(|row| match call.text(0, row).and_then(|text| value::parse(text, Leniency::Strict)) {
                Some(JsonValue::List(values)) => Ok(Some(values.len() as i32)),
                _ => Ok(None),
            })
        }),
        function("json_object_keys", |name, types| Ok((of_text(name, types)?, list_of(DataType::Utf8))), keys),
        function("from_json", read::types, |call| read::from_json(call, &written_options::of(call, 2)?))
            .fallible()
            .typed_by_constants(read::schema),
        function("to_json", write::types, |call| write::to_json(call, &written_options::of(call, 1)?)),
        function(
            "schema_of_json",
            |name, types| Ok((takes(name, types, 1, &[Takes::Text])?, DataType::Utf8)),
            |call| {
                call.texts(|row| match call.text(0, row) {
                    None => Ok(None),
                    Some(text) => match value::parse(text, Leniency::Records) {
                        Some(value) => Ok(Some(schema::of(&value))),
                        None => Err(fault(format!("[MALFORMED_RECORD_IN_PARSING] `{text}` is no JSON"))),
                    },
                })
            },
        )
        .fallible(),
        // A row of several columns, which [`relations`](crate::spark::relations) makes of it.
        function("json_tuple", tuple_types, tuples),
    ])
}

fn objects(call: &RowCall) -> Result<ArrayRef> {
    let mut known: Option<(String, Option<Vec<path::PathStep>>)> = None;
    call.texts(|row| {
        let (Some(text), Some(path)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
        if known.as_ref().is_none_or(|(known, _)| known != path) {
            known = Some((path.to_string(), path::parse(path)));
        }
        let Some((_, Some(path))) = &known else { return Ok(None) };
        Ok(value::parse(text, Leniency::Strict).and_then(|value| path::get(&value, path)))
    })
}

fn tuple_types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let taken = takes(name, types, 2, &vec![Takes::Text; types.len().max(2)])?;
    let fields: Vec<Field> =
        (0..taken.len() - 1).map(|nth| Field::new(format!("c{nth}"), DataType::Utf8, true)).collect();
    Ok((taken, DataType::Struct(fields.into())))
}

/// The texts that stand under names, of what is no object nulls.
fn tuples(call: &RowCall) -> Result<ArrayRef> {
    let DataType::Struct(fields) = call.gives else { return exec_err!("a struct") };
    let parsed: Vec<Option<JsonValue>> =
        (0..call.rows).map(|row| call.text(0, row).and_then(|text| value::parse(text, Leniency::Strict))).collect();
    let columns = (1..call.args.len()).map(|place| {
        call.texts(|row| {
            let (Some(JsonValue::Object(_)), Some(name)) = (&parsed[row], call.text(place, row)) else {
                return Ok(None);
            };
            let name = [path::PathStep::Name(name.to_string())];
            Ok(parsed[row].as_ref().and_then(|value| path::get(value, &name)))
        })
    });
    Ok(Arc::new(StructArray::try_new(fields.clone(), columns.collect::<Result<_>>()?, None)?))
}

fn keys(call: &RowCall) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true));
    for row in 0..call.rows {
        match call.text(0, row).and_then(|text| value::parse(text, Leniency::Strict)) {
            Some(JsonValue::Object(fields)) => {
                fields.iter().for_each(|(name, _)| lists.values().append_value(name));
                lists.append(true);
            }
            _ => lists.append(false),
        }
    }
    Ok(Arc::new(lists.finish()))
}

/// `schema_of_json` of a text that is written where a schema is asked for.
pub fn schema_of(text: &str) -> Option<String> {
    value::parse(text, Leniency::Records).as_ref().map(schema::of)
}
