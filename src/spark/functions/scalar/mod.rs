//! Functions of one row, a file a family.

pub mod arithmetic;
pub mod cast;
pub mod codes;
pub mod date_fields;
pub mod date_formats;
pub mod date_make;
pub mod date_math;
pub mod date_parts;
pub mod date_pattern;
pub mod date_zones;
pub mod doubles;
pub mod element;
pub mod element_at;
pub mod hashes;
pub mod intervals;
pub mod json;
pub mod lists;
pub mod normal;
pub mod number_texts;
pub mod pad;
pub mod regexp;
pub mod rounding;
pub mod row;
pub mod signs;
pub mod texts;
pub mod type_names;
