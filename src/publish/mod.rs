//! A table as Athena and Trino know it: one description, taken from its newest version, and spelled for each of them.
//!
//! | file | noun |
//! |---|---|
//! | `description` | name, columns, place and partitions |
//! | `athena`, `trino` | the statements that make it known there |
//! | `glue` | the entry in the catalogue that Athena reads |
//! | `registration` | one entry, or a view and what is behind it |

pub mod athena;
mod description;
mod glue;
mod registration;
pub mod trino;

pub use description::{CatalogNames, CatalogTable, projected};
pub use glue::Registered;
pub use registration::register;
