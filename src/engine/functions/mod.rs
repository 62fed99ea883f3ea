//! Functions that statistics and models are made of. They travel to workers by name.
//!
//! | place | noun |
//! |---|---|
//! | `sketch` | an aggregate: numbers in a form that merges to the same in any order |
//! | `exact` | its sums, rounded once |
//! | `kmeans` | the parts of k-means that look at rows |

mod exact;
pub mod kmeans;
pub mod sketch;
