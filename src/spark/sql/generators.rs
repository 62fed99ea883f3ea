//! Functions that make several rows of one, by their names.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-functions-builtin.html#generator-functions>

use datafusion::sql::sqlparser::ast::{Expr, ObjectName};

/// Those that [`relations`](crate::spark::relations) plans.
pub const GENERATORS: [&str; 8] =
    ["explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "stack", "json_tuple"];

/// Those that Spark has besides.
const UNKNOWN: [&str; 2] = ["variant_explode", "variant_explode_outer"];

pub fn is_generator(name: &ObjectName) -> bool {
    GENERATORS.contains(&name.to_string().as_str())
}

pub fn is_generator_call(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if function.over.is_none() && is_generator(&function.name))
}

/// A select does not name what such a function makes.
pub fn names_its_columns(name: &ObjectName) -> bool {
    is_generator(name) || UNKNOWN.contains(&name.to_string().as_str())
}
