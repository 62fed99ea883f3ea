//! The registry of the functions that are Spark's and not the engine's, one file a family. A plan names a function, and
//! each machine looks the name up here.

pub mod aggregate;
pub mod scalar;

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use scalar::{
    arithmetic, cast, date_fields, date_formats, doubles, element, element_at, narrow, normal, pad, regexp, rounding,
    signs, type_names,
};

use crate::spark::mode::{SqlMode, Strictness};

/// Those of one row. One that has the name of the engine's own takes its place.
pub fn of_one_row(mode: &SqlMode) -> Vec<Arc<ScalarUDF>> {
    let mut all = vec![normal::normal()];
    all.extend(arithmetic::all(mode));
    all.extend(cast::all());
    all.extend(date_fields::all());
    all.extend(date_formats::all());
    all.extend(doubles::all());
    all.extend(element::all());
    all.extend(element_at::all());
    all.extend(narrow::all());
    all.extend(pad::all());
    all.extend(regexp::all());
    all.extend(rounding::all());
    all.extend(signs::all());
    all.extend(type_names::all());
    all
}

/// How a function is written that nobody calls by its name; other names are as they are written.
pub fn written(name: &str) -> &str {
    if element::is_index(name) { "[]" } else { name }
}

/// Those of many rows.
pub fn of_many_rows(mode: &SqlMode) -> Vec<Arc<AggregateUDF>> {
    let both = [mode.strictness(), Strictness::Try];
    both.into_iter()
        .flat_map(|strictness| [aggregate::sum::sum(strictness), aggregate::average::average(strictness)])
        .map(Arc::new)
        .collect()
}

/// Whether a call may be an error for some values of its arguments' types.
pub fn may_fail(call: &ScalarFunction, schema: &DFSchema) -> bool {
    let function = &call.func;
    let always = arithmetic::may_fail(function) || element::may_fail(function) || element_at::may_fail(function);
    always || rounding::may_fail(function) || signs::may_fail(function) || cast::may_fail(call, schema)
}
