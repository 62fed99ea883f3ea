//! What lies in the lake, as tables that queries read.
//!
//! | file | noun |
//! |---|---|
//! | `lake_only` | the lake as the one store that a plan can name |
//! | `landing` | the rows of landings, typed while they are read |
//! | `version` | one version of a table |
//! | `ranges` | between which values a file's columns lie: taken from its writer, used to leave files out |
//! | `attic` | files that were replaced while a query was at work are read where they went |
//! | `footer` | footers of files, with errors that keep their kind |

mod attic;
mod footer;
pub mod lake_only;
pub mod landing;
pub mod ranges;
pub mod version;
