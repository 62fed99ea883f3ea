//! Functions of many rows.

pub mod average;
pub mod collect;
pub mod extremes;
pub mod float_extremes;
pub mod histogram;
pub mod quantiles;
pub mod shape;
pub mod sum;
