//! Trapiche turns a lake's raw files into refined tables; this is the map, in the data's path order.

pub mod error;

pub mod lake;
pub mod report;

pub mod project;
