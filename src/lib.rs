//! Trapiche turns a lake's raw files into refined tables; this is the map, from the ground up.
//!
//! Read [`pipeline`] first: it is the flow. A module imports only from the groups above its own (`report` from `lake`,
//! too); `docs/ARCHITECTURE.md` walks the ways through them.

pub mod error;

pub mod config;
pub mod lake;
pub mod report;
pub mod spark;

pub mod project;

pub mod engine;

pub mod demo;

pub mod ingest;
pub mod transform;

pub mod analyze;

pub mod node;
pub mod pipeline;

pub mod cli;

#[doc(hidden)]
pub mod fuzzing;
