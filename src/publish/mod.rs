//! A table as Athena and Trino know it: one description, taken from its newest version, and spelled for each of them.
//!
//! | file | noun |
//! |---|---|
//! | `description` | name, columns, place and partitions |
//! | `athena`, `trino` | the statements that make it known there |
//! | `glue` | the entry in the catalogue that Athena reads |

pub mod athena;
mod description;
pub mod glue;
pub mod trino;

pub use description::{CatalogNames, CatalogTable};
pub use glue::Registered;
