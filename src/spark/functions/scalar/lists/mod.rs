//! Functions of lists, map after map and list after list; places count from 1.
//!
//! <https://spark.apache.org/docs/latest/api/sql/array-functions/>,
//! <https://spark.apache.org/docs/latest/api/sql/map-functions/>. Elements are the same where Spark groups them together: nulls,
//! and NaNs.
//!
//! | file | functions |
//! |---|---|
//! | `gather` | how lists are put together, and when elements are the same |
//! | `search` | what asks for elements: `array_contains`, `size`, … |
//! | `sets` | unions, differences, lists without some of their elements |
//! | `change` | lists one after the other, parts of them, longer ones |
//! | `sequence` | `sequence` |
//! | `maps` | maps |

mod change;
pub mod gather;
mod maps;
mod search;
mod sequence;
mod sets;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub use change::{EACH_FIELD, ZIPPED, concat, each_field};
pub use maps::{map, of_lists, one_form};
pub use search::array_size;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    [search::all(), sets::all(), change::all(), sequence::all(), maps::all()].concat()
}
