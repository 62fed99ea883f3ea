//! k-means over rows that may lie on many machines: the parts of it that look at rows, as functions of the engine.
//!
//! | file | noun |
//! |---|---|
//! | `model` | how a row is seen, and which centre it is nearest to |
//! | `exact` | sums that are the same in any order |
//! | `step` | an aggregate: each cluster's rows, their sums and squares — one step of Lloyd's |
//! | `silhouette` | an aggregate: how much nearer rows are to their own cluster than to the next |
//! | `nearest` | a function: a row's cluster and its distance |
//! | `row_hash` | a function: a number that stands for a row, to draw a sample by |
//!
//! Only states of a few numbers per cluster leave a machine, and they merge to the same whatever the order: any
//! number of threads and machines gives the same model to the last bit.

mod exact;
mod model;
mod nearest;
mod row_hash;
mod silhouette;
mod step;

use std::sync::Arc;

use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

pub use model::{Model, Seen};
pub use nearest::nearest;
pub use row_hash::row_hash;
pub use silhouette::{Silhouette, silhouette};
pub use step::{ClusterTotals, step, totals};

/// The bytes with which a function of ours is sent to another machine; `None` for one that is none of ours.
pub(super) fn encode_aggregate(function: &AggregateUDF) -> Option<Vec<u8>> {
    let function: &dyn std::any::Any = function.inner().as_ref();
    if let Some(step) = function.downcast_ref::<step::Step>() {
        return Some(step.model.encode());
    }
    function.downcast_ref::<silhouette::Mean>().map(|mean| mean.silhouette.encode())
}

pub(super) fn decode_aggregate(name: &str, bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
    match name {
        step::NAME => Ok(Arc::new(step(&Model::decode(bytes)?))),
        silhouette::NAME => Ok(Arc::new(silhouette(&Silhouette::decode(bytes)?))),
        _ => internal_err!("`{name}` is no aggregate of ours"),
    }
}

pub(super) fn encode_function(function: &ScalarUDF) -> Option<Vec<u8>> {
    let function: &dyn std::any::Any = function.inner().as_ref();
    if function.is::<row_hash::RowHash>() {
        return Some(vec![]);
    }
    function.downcast_ref::<nearest::Nearest>().map(|nearest| nearest.model.encode())
}

pub(super) fn decode_function(name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
    match name {
        nearest::NAME => Ok(Arc::new(nearest(&Model::decode(bytes)?))),
        row_hash::NAME => Ok(Arc::new(row_hash())),
        _ => internal_err!("`{name}` is no function of ours"),
    }
}
