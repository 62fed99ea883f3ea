//! Functions of windows, where Spark's differ from the engine's.

pub mod neighbours;
pub mod ranks;

use std::sync::Arc;

use datafusion::logical_expr::WindowUDF;

/// Those that take the place of the engine's own, and those that only plans name.
pub fn all() -> Vec<Arc<WindowUDF>> {
    [ranks::all(), neighbours::all()].concat()
}
