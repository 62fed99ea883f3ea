//! What lies in the lake, as tables that queries read.
//!
//! | file | noun |
//! |---|---|
//! | `lake_only` | the lake as the one store that a plan can name |
//! | `landing` | a source as a table |
//! | `keyed` | of the rows of a key, the newest |
//! | `gone` | keys that a source has no longer |
//! | `scan`, `part` | the rows of landings, typed while they are read: as a plan, and part by part |
//! | `names` | the names of their columns |
//! | `parquet_part` | the rows of a part that is a Parquet file |
//! | `version` | one version of a table |
//! | `ranges` | between which values a file's columns lie: taken from its writer, used to leave files out |
//! | `attic` | files that were replaced while a query was at work are read where they went |
//! | `footer` | footers of files, with errors that keep their kind |
//! | `runs` | what runs did, as tables |
//! | `kept` | rows of files that stay in memory |

mod attic;
mod footer;
mod gone;
pub mod kept;
mod keyed;
pub mod lake_only;
pub mod landing;
pub mod names;
mod parquet_part;
mod part;
pub mod ranges;
pub(in crate::engine) mod runs;
pub(in crate::engine) mod scan;
pub mod version;
