//! The service described as OpenAPI 3.1 has it (<https://spec.openapis.org/oas/v3.1.0>): every table with its columns, as it is now.

use arrow::datatypes::{DataType, Field};
use serde_json::{Map, Value, json};

use super::columns::ShownColumns;
use super::filter::Operator;
use super::form::FORMS;
use super::models;
use super::served::Served;
use super::value;
use crate::error::Result;
use crate::lake::TableName;

/// The whole description.
pub async fn document(served: &Served) -> Result<Value> {
    let mut paths = Map::new();
    let mut rows = Map::new();
    for table in served.tables.keys() {
        let Some(version) = served.versions.newest(table).await? else { continue };
        let Ok(columns) = served.columns(&version) else { continue };
        rows.insert(schema_name(table), object(columns.iter()));
        paths.extend(of_table(table, &columns, served));
    }
    paths.extend(of_models(served));
    paths.extend(others());
    if served.allows_sql {
        paths.insert("/sql".into(), of_sql(served));
    }
    let mut schemas = rows;
    schemas.insert("Problem".into(), problem());
    let mut components = json!({ "schemas": schemas });
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": served.project, "version": env!("CARGO_PKG_VERSION"), "description": ABOUT },
        "paths": paths,
    });
    if served.settings.asks_who() {
        components["securitySchemes"] = json!({
            "bearer": { "type": "http", "scheme": "bearer" },
            "key": { "type": "apiKey", "in": "header", "name": "x-api-key" },
        });
        document["security"] = json!([{ "bearer": [] }, { "key": [] }]);
    }
    document["components"] = components;
    Ok(document)
}

const ABOUT: &str = "Tables of a data lake, each answer from one committed version. `next` of a page, given back as `cursor`, \
                     goes on with the same version.";

fn schema_name(table: &TableName) -> String {
    format!("{}.{}", table.zone, table.name)
}

fn of_table(table: &TableName, columns: &ShownColumns, served: &Served) -> Vec<(String, Value)> {
    let base = format!("/tables/{}/{}", table.zone, table.name);
    let row = json!({ "$ref": format!("#/components/schemas/{}", schema_name(table)) });
    let id = format!("{}_{}", table.zone, table.name);
    let most = served.settings.most_rows;
    let limit =
        parameter("limit", "The most rows of the answer.", json!({ "type": "integer", "minimum": 1, "maximum": most }));
    let format = parameter("format", "In place of `Accept`.", words(FORMS.iter().map(|(word, ..)| *word)));
    let as_of =
        parameter("as_of", "The table as this run left it.", json!({ "type": "string", "pattern": "^[A-Za-z0-9-]+$" }));
    let conditions = conditions(columns);
    let directed: Vec<String> =
        columns.names().iter().flat_map(|name| [name.to_string(), format!("{name}.desc")]).collect();
    let page = [
        list("select", "Columns; all by default.", columns.names()),
        list("order", "Columns, each with `.desc` where it is meant.", directed.iter().map(String::as_str).collect()),
        limit.clone(),
        parameter("cursor", "`next` of the page before.", json!({ "type": "string" })),
        as_of.clone(),
        parameter("count", "Also how many rows there are in all.", words(["exact", "estimated"].into_iter())),
        format.clone(),
    ];
    let envelope = |rows: Value, more: Value| {
        let mut members = json!({
            "table": { "type": "string" },
            "version": { "type": "integer" },
            "rows": { "type": "array", "items": rows },
        });
        members.as_object_mut().expect("it is one").extend(more.as_object().cloned().unwrap_or_default());
        json!({ "type": "object", "properties": members, "required": ["table", "version", "rows"] })
    };
    let of_kind = |test: fn(&DataType) -> bool| {
        columns.iter().filter(|field| test(field.data_type())).map(|field| field.name().as_str()).collect::<Vec<_>>()
    };
    let measure = |name: &str, test: fn(&DataType) -> bool| list(name, "Of these columns.", of_kind(test));
    let groups = [
        list("by", "Columns that make groups.", of_kind(value::is_simple)),
        parameter("count", "How many rows a group has.", words(["rows"].into_iter())),
        measure("sum", DataType::is_numeric),
        measure("avg", DataType::is_numeric),
        measure("min", value::is_simple),
        measure("max", value::is_simple),
        parameter("order", "Columns of the answer, each with `.desc` where it is meant.", json!({ "type": "string" })),
        limit.clone(),
        as_of,
        format.clone(),
    ];
    let mut paths = vec![
        (
            base.clone(),
            get(&format!("describe_{id}"), "Columns, checks and versions", &[], json!({ "type": "object" }), false),
        ),
        (
            format!("{base}/rows"),
            get(
                &format!("rows_{id}"),
                "Rows, filtered, ordered, page by page",
                &[&page[..], &conditions[..]].concat(),
                envelope(row, json!({ "next": { "type": ["string", "null"] }, "count": { "type": "integer" } })),
                true,
            ),
        ),
        (
            format!("{base}/aggregate"),
            get(
                &format!("aggregate_{id}"),
                "Rows in groups, counted and added up",
                &[&useful(&groups)[..], &conditions[..]].concat(),
                envelope(json!({ "type": "object" }), json!({ "has_more": { "type": "boolean" } })),
                true,
            ),
        ),
    ];
    for field in columns.iter().filter(|field| value::is_simple(field.data_type())) {
        paths.push((
            format!("{base}/distinct/{}", field.name()),
            get(
                &format!("distinct_{id}_{}", field.name()),
                "A column's values, and how many rows have each; the most frequent first",
                &[&[limit.clone(), format.clone()][..], &conditions[..]].concat(),
                envelope(json!({ "type": "object" }), json!({ "has_more": { "type": "boolean" } })),
                true,
            ),
        ));
    }
    paths
}

/// One parameter for each operator of each column.
fn conditions(columns: &ShownColumns) -> Vec<Value> {
    let of_column = |field: &Field| {
        let operators = Operator::ALL.iter().filter(|(_, operator)| operator.takes(field.data_type()));
        let named = operators.map(|(word, operator)| {
            let schema = match operator {
                Operator::IsNull => json!({ "type": "boolean" }),
                Operator::In | Operator::NotIn => json!({ "type": "string" }),
                _ => written(field.data_type()),
            };
            parameter(&format!("{}.{word}", field.name()), "", schema)
        });
        named.collect::<Vec<_>>()
    };
    columns.iter().flat_map(of_column).collect()
}

fn of_models(served: &Served) -> Vec<(String, Value)> {
    let mut paths = vec![];
    for (dataset, spec) in models::fitted(served) {
        let name = &dataset.name.name;
        let features: Map<String, Value> =
            spec.features.iter().map(|name| (name.clone(), json!({ "type": ["number", "null"] }))).collect();
        let row = json!({ "type": "object", "properties": features, "additionalProperties": false });
        let rows = json!({ "type": "array", "minItems": 1, "maxItems": served.settings.most_rows, "items": row });
        let body = json!({
            "type": "object",
            "properties": { "rows": rows },
            "required": ["rows"],
            "additionalProperties": false,
        });
        let found = json!({ "cluster": { "type": ["integer", "null"] }, "distance": nullable(&DataType::Float64) });
        let answer = json!({
            "type": "object",
            "properties": { "rows": { "type": "array", "items": { "type": "object", "properties": found } } },
            "required": ["rows"],
        });
        let mut predict = operation(&format!("predict_{name}"), "Which cluster rows belong to", &[], answer, true);
        predict["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": body } } });
        paths.push((format!("/models/{name}/predict"), json!({ "post": predict })));
        let described =
            get(&format!("model_{name}"), "Clusters and their centres", &[], json!({ "type": "object" }), false);
        paths.push((format!("/models/{name}"), described));
    }
    paths
}

fn of_sql(served: &Served) -> Value {
    let answer = json!({
        "type": "object",
        "properties": { "rows": { "type": "array" }, "has_more": { "type": "boolean" } },
        "required": ["rows", "has_more"],
    });
    let most = served.settings.most_rows;
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": most });
    let mut query = parameter("query", "One SELECT of Spark's SQL.", json!({ "type": "string" }));
    query["required"] = true.into();
    let limit = parameter("limit", "The most rows of the answer.", limit);
    let mut posted = operation("post_sql", "The rows of a SELECT", std::slice::from_ref(&limit), answer.clone(), true);
    posted["requestBody"] =
        json!({ "required": true, "content": { "text/plain": { "schema": { "type": "string" } } } });
    json!({ "get": operation("get_sql", "The rows of a SELECT", &[query, limit], answer, true), "post": posted })
}

fn others() -> Vec<(String, Value)> {
    let list =
        |member: &str| json!({ "type": "object", "properties": { member: { "type": "array" } }, "required": [member] });
    let limit = parameter("limit", "The most runs.", json!({ "type": "integer", "minimum": 1, "maximum": 200 }));
    vec![
        ("/tables".into(), get("tables", "The tables", &[], list("tables"), false)),
        ("/models".into(), get("models", "The models", &[], list("models"), false)),
        ("/runs".into(), get("runs", "What the last runs did", &[limit], list("runs"), false)),
        ("/health".into(), open(get("health", "Whether the process answers", &[], json!({ "type": "object" }), false))),
        ("/ready".into(), open(get("ready", "Whether the lake can be read", &[], json!({ "type": "object" }), false))),
    ]
}

/// Of an address that asks nobody who they are.
fn open(mut path: Value) -> Value {
    path["get"]["security"] = json!([]);
    path
}

fn get(id: &str, summary: &str, parameters: &[Value], answer: Value, in_forms: bool) -> Value {
    json!({ "get": operation(id, summary, parameters, answer, in_forms) })
}

fn operation(id: &str, summary: &str, parameters: &[Value], answer: Value, in_forms: bool) -> Value {
    let mut content = json!({ "application/json": { "schema": answer } });
    if in_forms {
        for (_, media, _) in &FORMS[1..] {
            content[media] = json!({});
        }
    }
    let refused = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    json!({
        "operationId": id,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": { "description": "The answer", "content": content },
            "304": { "description": "It is what `If-None-Match` names" },
            "4XX": { "description": "Refused, with the reason", "content": refused },
            "5XX": { "description": "Not at the moment", "content": refused },
        },
    })
}

fn parameter(name: &str, description: &str, schema: Value) -> Value {
    let mut parameter = json!({ "name": name, "in": "query", "schema": schema });
    if !description.is_empty() {
        parameter["description"] = description.into();
    }
    parameter
}

/// Without the lists that nothing can be in.
fn useful(parameters: &[Value]) -> Vec<Value> {
    let is_empty = |parameter: &&Value| parameter["schema"]["items"]["enum"].as_array().is_some_and(Vec::is_empty);
    parameters.iter().filter(|parameter| !is_empty(parameter)).cloned().collect()
}

/// Names, separated by commas.
fn list(name: &str, description: &str, names: Vec<&str>) -> Value {
    let schema =
        json!({ "type": "array", "items": { "type": "string", "enum": names }, "minItems": 1, "uniqueItems": true });
    let mut parameter = parameter(name, description, schema);
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "enum": words.collect::<Vec<_>>() })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457",
        "properties": {
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "parameter": { "type": "string" },
            "value": { "type": "string" },
            "hint": { "type": "string" },
        },
        "required": ["title", "status", "detail"],
    })
}

fn object<'a>(fields: impl Iterator<Item = &'a Field>) -> Value {
    let members: Map<String, Value> = fields.map(|field| (field.name().clone(), nullable(field.data_type()))).collect();
    json!({ "type": "object", "properties": members })
}

/// A value of a type in an answer. Every column may be null.
fn nullable(data_type: &DataType) -> Value {
    match data_type {
        DataType::Boolean => json!({ "type": ["boolean", "null"] }),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            json!({ "anyOf": [{ "type": ["number", "null"] }, { "enum": ["NaN", "Infinity", "-Infinity"] }] })
        }
        other if other.is_integer() => json!({ "type": ["integer", "null"] }),
        other if other.is_numeric() => json!({ "type": ["number", "null"] }),
        DataType::List(item) | DataType::LargeList(item) => {
            json!({ "type": ["array", "null"], "items": nullable(item.data_type()) })
        }
        DataType::Struct(fields) => {
            let mut schema = object(fields.iter().map(AsRef::as_ref));
            schema["type"] = json!(["object", "null"]);
            schema
        }
        DataType::Map(..) => json!({ "type": ["object", "null"] }),
        DataType::Date32 => json!({ "type": ["string", "null"], "format": "date" }),
        DataType::Timestamp(_, Some(_)) => json!({ "type": ["string", "null"], "format": "date-time" }),
        _ => json!({ "type": ["string", "null"] }),
    }
}

/// A value of a type in a parameter: what [`value::parse`] takes.
fn written(data_type: &DataType) -> Value {
    let whole = |low: i64, high: i64| json!({ "type": "integer", "minimum": low, "maximum": high });
    match data_type {
        DataType::Boolean => json!({ "type": "boolean" }),
        DataType::Int8 => whole(i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => whole(i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 => whole(i32::MIN.into(), i32::MAX.into()),
        DataType::Int64 => whole(i64::MIN, i64::MAX),
        DataType::Float32 | DataType::Float64 => json!({ "type": "number" }),
        DataType::Decimal128(precision, scale) => {
            let scale = u8::try_from(*scale).unwrap_or(0);
            let whole = precision.saturating_sub(scale).max(1);
            let fraction = if scale > 0 { format!("(\\.[0-9]{{1,{scale}}})?") } else { String::new() };
            json!({ "type": "string", "pattern": format!("^-?[0-9]{{1,{whole}}}{fraction}$") })
        }
        DataType::Date32 => json!({ "type": "string", "format": "date" }),
        DataType::Timestamp(_, Some(_)) => json!({ "type": "string", "format": "date-time" }),
        DataType::Timestamp(_, None) => {
            json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?$" })
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            json!({ "type": "string", "pattern": "^([0-9a-f]{2})*$" })
        }
        _ => json!({ "type": "string" }),
    }
}
