//! The registry of the functions that are Spark's and not the engine's, of one row and of many, one file a family; `window` and
//! `higher_order` have an `all()` of their own. First see whether `datafusion-spark` has it: what is here takes its place. A plan names a function, and
//! each machine looks the name up here.

pub mod aggregate;
pub mod higher_order;
pub mod known;
pub mod scalar;
pub mod window;

use std::sync::Arc;

use aggregate::{average, collect, extremes, float_extremes, histogram, quantiles, shape, sum};
use datafusion::common::DFSchema;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use scalar::{
    arithmetic, cast, choice, codes, csv, date_fields, date_formats, date_make, date_math, date_parts, date_zones,
    doubles, element, element_at, float_order, hashes, interval_literal, intervals, json, like, lists, make_interval,
    normal, number_format, number_texts, pad, raising, regexp, rounding, row, signs, texts, time_window, type_names,
    urls,
};

use crate::spark::mode::{SqlMode, Strictness};

/// Those of one row. One that has the name of the engine's own takes its place.
pub fn of_one_row(mode: &SqlMode) -> Vec<Arc<ScalarUDF>> {
    let mut all = vec![normal::normal()];
    all.extend(arithmetic::all(mode));
    all.extend(cast::all());
    all.extend(choice::all(mode));
    all.extend(codes::all());
    all.extend(csv::all());
    all.extend(date_fields::all());
    all.extend(date_formats::all());
    all.extend(date_make::all());
    all.extend(date_math::all());
    all.extend(date_parts::all());
    all.extend(date_zones::all());
    all.extend(doubles::all());
    all.extend(element::all());
    all.extend(element_at::all());
    all.extend(float_order::all());
    all.extend(hashes::all());
    all.extend(interval_literal::all());
    all.extend(intervals::all());
    all.extend(json::all());
    all.extend(like::all());
    all.extend(lists::all());
    all.extend(make_interval::all());
    all.extend(number_format::all());
    all.extend(number_texts::all());
    all.extend(pad::all());
    all.extend(raising::all());
    all.extend(regexp::all());
    all.extend(rounding::all());
    all.extend(signs::all());
    all.extend(texts::all());
    all.extend(time_window::all());
    all.extend(type_names::all());
    all.extend(urls::all());
    all
}

/// How a function is written that nobody calls by its name; other names are as they are written.
pub fn written(name: &str) -> &str {
    match name {
        name if element::is_index(name) => "[]",
        lists::ZIPPED => "arrays_zip",
        lists::EACH_FIELD => ".",
        "spark_later" => "+",
        "spark_earlier" | "spark_between" => "-",
        "spark_interval_times" => "*",
        "spark_interval_divided" => "/",
        "spark_try_later" | "spark_try_interval_plus" => "try_add",
        "spark_try_earlier" | "spark_try_between" | "spark_try_interval_minus" => "try_subtract",
        "spark_try_interval_times" => "try_multiply",
        "spark_try_interval_divided" => "try_divide",
        higher_order::SORT_BY => "array_sort",
        "spark_max_of_floats" => "max",
        "spark_min_of_floats" => "min",
        name => name,
    }
}

/// Those of many rows.
pub fn of_many_rows(mode: &SqlMode) -> Vec<Arc<AggregateUDF>> {
    let both = [mode.strictness(), Strictness::Try];
    let sums = both.into_iter().flat_map(|strictness| [sum::sum(strictness), average::average(strictness)]);
    let mut all: Vec<_> = sums.map(Arc::new).collect();
    all.push(collect::collect_list());
    all.push(histogram::histogram_numeric());
    all.extend(extremes::all());
    all.extend(float_extremes::all());
    all.extend(quantiles::all());
    all.extend(shape::all());
    all
}

/// Whether a call may be an error for some values of its arguments' types.
pub fn may_fail(call: &ScalarFunction, schema: &DFSchema) -> bool {
    let function = &call.func;
    let patterns = date_formats::may_fail(call) || regexp::may_fail(call);
    let always = arithmetic::may_fail(function) || element::may_fail(function) || element_at::may_fail(function);
    let sometimes = rounding::may_fail(function) || signs::may_fail(function) || cast::may_fail(call, schema);
    always || sometimes || patterns || row::may_fail(function) || OTHERS.contains(&function.name())
}

/// Of the engine's own.
const OTHERS: [&str; 1] = ["elt"];

pub use row::fails_of_null;
