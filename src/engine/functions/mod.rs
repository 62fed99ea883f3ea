//! Functions that statistics and models are made of. They travel to workers by name.
//!
//! | place | noun |
//! |---|---|
//! | `sketch` | an aggregate: numbers in a form that merges to the same in any order |
//! | `moments` | an aggregate: the same without the buckets, for what asks for mean and deviation alone |
//! | `exact` | their sums, rounded once |
//! | `kmeans` | the parts of k-means that look at rows |

mod exact;
pub mod kmeans;
pub mod moments;
pub mod sketch;
