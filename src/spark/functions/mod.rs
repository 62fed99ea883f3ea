//! The registry of the functions that are Spark's and not the engine's, one file a family. A plan names a function, and
//! each machine looks the name up here.

pub mod aggregate;
pub mod scalar;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use scalar::{cast, date_fields, date_formats, divide, element, integers, narrow, pad, regexp, type_names};

/// Those of one row. One that has the name of the engine's own takes its place.
pub fn of_one_row() -> Vec<Arc<ScalarUDF>> {
    let mut all =
        vec![divide::divide(), divide::integral_divide(), element::element(), element::get(), integers::arithmetic()];
    all.extend(cast::all());
    all.extend(date_fields::all());
    all.extend(date_formats::all());
    all.extend(narrow::all());
    all.extend(pad::all());
    all.extend(regexp::all());
    all.extend(type_names::all());
    all
}

/// How a function is written that nobody calls by its name; other names are as they are written.
pub fn written(name: &str) -> &str {
    match name {
        divide::NAME => "/",
        divide::INTEGRAL => "div",
        element::NAME | "array_element" => "[]",
        name => name,
    }
}
