//! Functions of many rows.

pub mod average;
