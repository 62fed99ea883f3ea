//! k-means over rows that may lie on many machines: the parts of it that look at rows, as functions of the engine.
//!
//! | file | noun |
//! |---|---|
//! | `model` | how a row is seen, and which centre it is nearest to |
//! | `kernel` | which centre sixteen rows are nearest to, by the instructions that the processor has |
//! | `instructions` | which ones the processor has, and what is done by the best of them |
//! | `registers` | some rows' numbers side by side, as the processor computes with them |
//! | `exact` | sums that are the same in any order |
//! | `step` | an aggregate: each cluster's rows, their sums and squares — one step of Lloyd's |
//! | `silhouette` | an aggregate: a clustering's cost, and how much nearer rows are to their own cluster than to the next |
//! | `apart` | an aggregate: rows that lie far from every centre |
//! | `nearest` | a function: a row's cluster and its distance |
//! | `row_hash` | a function: a number that stands for a row, to draw a sample by |
//! | `held` | all of these over rows that this machine holds, decoded once |
//!
//! Only states of a few numbers per cluster leave a machine, and they merge to the same whatever the order: any
//! number of threads and machines gives the same model to the last bit.

mod apart;
mod exact;
mod held;
mod instructions;
mod kernel;
mod model;
mod nearest;
mod registers;
mod row_hash;
mod silhouette;
mod step;

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{AggregateUDF, Expr, ScalarUDF, lit};
use datafusion::physical_expr::expressions::Literal;
use datafusion::scalar::ScalarValue;

pub use apart::{Lot, draw_apart, rows_apart};
pub use held::{Held, Holding, Weights};
pub use model::{Centres, RowView, Scaling};
pub use nearest::nearest;
pub use row_hash::row_hash;
pub use silhouette::{Clustering, Measured, measure};
pub use step::{ClusterTotals, step, totals};

/// Functions travel by name, so every session has them; the model is their first argument.
pub(in crate::engine) fn aggregates() -> [Arc<AggregateUDF>; 3] {
    [
        Arc::new(AggregateUDF::new_from_impl(apart::Apart::default())),
        Arc::new(AggregateUDF::new_from_impl(step::Step::default())),
        Arc::new(AggregateUDF::new_from_impl(silhouette::Measure::default())),
    ]
}

/// As [`aggregates`].
pub(in crate::engine) fn functions() -> [Arc<ScalarUDF>; 2] {
    [
        Arc::new(ScalarUDF::new_from_impl(nearest::Nearest::default())),
        Arc::new(ScalarUDF::new_from_impl(row_hash::RowHash::default())),
    ]
}

/// A model as an argument. Of a dictionary with one value a batch has its number again and again, and not its bytes.
fn argument(bytes: Vec<u8>) -> Expr {
    lit(ScalarValue::Dictionary(Box::new(DataType::Int32), Box::new(ScalarValue::Binary(Some(bytes)))))
}

/// The bytes of [`argument`].
fn bytes_of(argument: Option<&ScalarValue>) -> Result<&[u8]> {
    match argument {
        Some(ScalarValue::Dictionary(_, value)) => match value.as_ref() {
            ScalarValue::Binary(Some(bytes)) => Ok(bytes),
            other => internal_err!("the first argument of a k-means function is a model, not {other}"),
        },
        other => internal_err!("the first argument of a k-means function is a model, not {other:?}"),
    }
}

/// The value of an aggregate's first argument.
fn first_literal<'a>(args: &'a AccumulatorArgs) -> Option<&'a ScalarValue> {
    args.exprs.first()?.downcast_ref::<Literal>().map(Literal::value)
}
