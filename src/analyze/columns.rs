//! A model's columns in its input, found by name, and the expressions that all models share.

use arrow::datatypes::FieldRef;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, lit, when};
use datafusion::prelude::DataFrame;

/// A failure of the engine, in our words.
pub use crate::engine::faults::explain as engine;
use crate::error::{Error, Result};
use crate::hints::suggest;

/// The column that `name` means, in any case and with any characters in it.
///
/// # Errors
/// A configuration error that offers the nearest name.
pub fn find(input: &DataFrame, name: &str) -> Result<(Expr, FieldRef)> {
    all(input).into_iter().find(|(_, field)| field.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
        let fault = Error::config(format!("`{name}` is not a column of the input"));
        fault.hint(known(input, name)).about(name)
    })
}

/// Every column, in the table's order.
pub fn all(input: &DataFrame) -> Vec<(Expr, FieldRef)> {
    // Built from the schema and never from text, so that no name is taken for SQL.
    input.schema().iter().map(|(table, field)| (Expr::Column(Column::from((table, field))), field.clone())).collect()
}

/// `number`, or null where it is NaN or infinite.
pub fn finite(number: Expr) -> Result<Expr> {
    // Arrow orders floats totally (IEEE 754 §5.10): NaN lies beyond the infinities.
    let inside = number.clone().gt(lit(f64::NEG_INFINITY)).and(number.clone().lt(lit(f64::INFINITY)));
    when(inside, number).end().map_err(engine)
}

fn known(input: &DataFrame, name: &str) -> String {
    suggest(name, input.schema().fields().iter().map(|field| field.name().as_str()))
}
