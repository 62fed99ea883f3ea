//! What goes to stdout: tables, JSON, CSV, and how numbers are written.

pub mod answers;
pub mod batches;
pub mod output;
pub mod table;
pub use crate::units;
