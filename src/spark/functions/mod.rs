//! The registry of the functions that are Spark's and not the engine's, one file a family. A plan names a function, and
//! each machine looks the name up here.

pub mod date_fields;
pub mod divide;
pub mod element;
pub mod formats;
pub mod integers;
pub mod narrow;
pub mod regexp;
pub mod type_names;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

/// All of them. One that has the name of the engine's own takes its place.
pub fn scalar() -> Vec<Arc<ScalarUDF>> {
    let mut all =
        vec![divide::divide(), divide::integral_divide(), element::element(), element::get(), integers::arithmetic()];
    all.extend(date_fields::all());
    all.extend(formats::all());
    all.extend(narrow::all());
    all.extend(regexp::all());
    all.extend(type_names::all());
    all
}
