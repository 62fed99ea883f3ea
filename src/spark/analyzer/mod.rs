//! Rules that change a plan before it is optimised, where Spark's meaning depends on types.

pub mod casts;
pub mod set_operations;
pub mod subqueries;
