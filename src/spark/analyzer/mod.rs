//! Rules that change a plan before it is optimised, where Spark's meaning depends on types.

pub mod casts;
