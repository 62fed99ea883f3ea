//! Functions of one row, a file a family.

pub mod cast;
pub mod date_fields;
pub mod date_formats;
pub mod date_pattern;
pub mod divide;
pub mod element;
pub mod integers;
pub mod narrow;
pub mod pad;
pub mod regexp;
pub mod type_names;
