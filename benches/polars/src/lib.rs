//! Polars beside Trapiche: what the benches and the tests of this folder share.
//!
//! The program is a process that leaves files; what lies in them is read by Polars alone.

pub mod lake;
pub mod program;
pub mod rows;
