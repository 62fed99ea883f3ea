//! A query's rows into a table of the lake.
//!
//! | place | noun |
//! |---|---|
//! | `store` | the whole way: a query's result becomes a table's next version |
//! | `merge` | the other whole way: its rows take the place of those with the same key |
//! | `athena` | which types and names a table may have |
//! | `latest` | of the rows with one key the latest, below the write |
//! | `hive` | the partitioned write as an execution plan: rows in, list of files out |
//! | `parquet` | row groups, encoded column by column |
//! | `compact` | small files of a table become large ones |

pub mod athena;
pub mod compact;
pub mod hive;
pub mod latest;
pub mod merge;
pub mod parquet;
pub mod store;
