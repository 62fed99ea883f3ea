//! Functions of many rows. Their states must merge to the same in any order. One whose answer follows the order of the rows is named in
//! `analyzer::ordered`, and one whose parts cannot be merged on workers in `engine::cluster::kept`.

pub mod average;
pub mod collect;
pub mod extremes;
pub mod float_extremes;
pub mod histogram;
pub mod quantiles;
pub mod shape;
pub mod sum;
