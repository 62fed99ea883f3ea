//! Functions of many rows.

pub mod average;
pub mod sum;
