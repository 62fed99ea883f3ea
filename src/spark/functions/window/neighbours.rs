//! `lag`, `lead`, `first_value`, `last_value` and `nth_value`, with a name of its own for each way in which they look.
//!
//! A plan that goes to another machine names a function and its arguments. That nulls are passed over, and that rows come in
//! the opposite order, is not written down beside them, so it is a part of the name.
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-window.html>

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::functions_window::lead_lag::{lag_udwf, lead_udwf};
use datafusion::functions_window::nth_value::{first_value_udwf, last_value_udwf, nth_value_udwf};
use datafusion::logical_expr::function::{ExpressionArgs, PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, ReversedUDWF, Signature, WindowUDF, WindowUDFImpl};
use datafusion::physical_plan::PhysicalExpr;

const NAMES: [[&str; 4]; 5] = [
    ["lag", "spark_lag_of_values", "spark_lag_reversed", "spark_lag_of_values_reversed"],
    ["lead", "spark_lead_of_values", "spark_lead_reversed", "spark_lead_of_values_reversed"],
    [
        "first_value",
        "spark_first_value_of_values",
        "spark_first_value_reversed",
        "spark_first_value_of_values_reversed",
    ],
    ["last_value", "spark_last_value_of_values", "spark_last_value_reversed", "spark_last_value_of_values_reversed"],
    ["nth_value", "spark_nth_value_of_values", "spark_nth_value_reversed", "spark_nth_value_of_values_reversed"],
];

pub fn all() -> Vec<Arc<WindowUDF>> {
    let engines = [lag_udwf(), lead_udwf(), first_value_udwf(), last_value_udwf(), nth_value_udwf()];
    let ways = [(false, false), (true, false), (false, true), (true, true)];
    engines
        .into_iter()
        .flat_map(|inner| ways.map(|(skips, reversed)| function(inner.clone(), skips, reversed)))
        .collect()
}

/// The name of the function that passes over nulls.
pub fn of_values(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|names| names[0] == name).map(|names| names[1])
}

fn function(inner: Arc<WindowUDF>, skips_nulls: bool, is_reversed: bool) -> Arc<WindowUDF> {
    let names = NAMES.iter().find(|names| names[0] == inner.name()).unwrap_or(&NAMES[0]);
    let name = names[usize::from(skips_nulls) + 2 * usize::from(is_reversed)];
    Arc::new(WindowUDF::from(Neighbour { name, inner, skips_nulls, is_reversed }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Neighbour {
    name: &'static str,
    inner: Arc<WindowUDF>,
    skips_nulls: bool,
    /// Whether the rows come in the opposite order of that which the query has.
    is_reversed: bool,
}

impl WindowUDFImpl for Neighbour {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn expressions(&self, args: ExpressionArgs) -> Vec<Arc<dyn PhysicalExpr>> {
        self.inner.expressions(args)
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        let skips_nulls = self.skips_nulls || args.ignore_nulls();
        let args = PartitionEvaluatorArgs::new(args.input_exprs(), args.input_fields(), self.is_reversed, skips_nulls);
        self.inner.partition_evaluator_factory(args)
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        self.inner.field(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn reverse_expr(&self) -> ReversedUDWF {
        match self.inner.reverse_expr() {
            ReversedUDWF::Reversed(inner) => {
                ReversedUDWF::Reversed(function(inner, self.skips_nulls, !self.is_reversed))
            }
            other => other,
        }
    }

    fn limit_effect(&self, args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        self.inner.inner().limit_effect(args)
    }
}
