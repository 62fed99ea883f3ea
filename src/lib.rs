//! Trapiche turns a lake's raw files into refined tables; this is the map, from the ground up.
//!
//! Read [`pipeline`] first: it is the flow. A module imports only from the groups above its own;
//! `docs/ARCHITECTURE.md` walks the ways through them.

pub mod config;
pub mod error;
pub mod hints;
pub mod machine;
pub mod units;

pub mod aws;
pub mod spark;

pub mod formats;

pub mod lake;

pub mod project;
pub mod report;

pub mod engine;

pub mod demo;
pub mod ingest;
pub mod publish;
pub mod transform;

pub mod analyze;
pub mod assess;
pub mod init;

pub mod node;
pub mod pipeline;

pub mod serve;
pub mod submit;

pub mod cli;

#[doc(hidden)]
pub mod fuzzing;
