//! The partitioned write: rows of any order become Hive-partitioned Parquet, in memory that does not grow with them.
//!
//! | file | noun |
//! |---|---|
//! | `write` | the execution plan: rows in, list of files out; it travels to other machines |
//! | `task`, `deal` | one task of it: rows are checked, and dealt to their partitions |
//! | `instants` | timestamps in the unit of the table |
//! | `checks`, `keys` | what a row's checks and its partition columns say |
//! | `files`, `file` | rows that wait, in bounded memory; the files they go to |
//! | `job` | what a write is asked, and what its tasks answer |
//! | `further` | the sort for rows of more partitions than there is memory for |
//! | `salt` | large partitions are spread over several tasks |

mod checks;
mod deal;
mod file;
mod files;
mod further;
pub(super) mod instants;
mod job;
mod keys;
mod salt;
mod task;
#[cfg(test)]
mod tests;
mod write;

pub use file::empty_file;
pub use files::{row_bytes_of, size};
pub use job::{CHECKS, CheckBit, Counts, DUPLICATES, MAX_CHECKS, TaskAnswer, WriteJob, WritePlace};
pub use salt::{SALT, SaltExec, Salting};
pub use write::HiveWriteExec;
