//! Functions of one row, a file a family.

pub mod arithmetic;
pub mod cast;
pub mod date_fields;
pub mod date_formats;
pub mod date_pattern;
pub mod doubles;
pub mod element;
pub mod element_at;
pub mod narrow;
pub mod normal;
pub mod pad;
pub mod regexp;
pub mod rounding;
pub mod signs;
pub mod type_names;
