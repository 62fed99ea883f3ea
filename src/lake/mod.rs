//! The lake: zones, paths, landings, table versions. Everything the steps share lies here, as objects.
//!
//! | place | noun |
//! |---|---|
//! | `handle` | an open lake, and what can be asked of it |
//! | `name` | zones and table names |
//! | `path` | every object name, Hive's spelling of partitions |
//! | `landing` | what a capture put into `raw/` |
//! | `state`, `state_shelf` | which landings a source is, state after state, and what the names of states say |
//! | `cursor` | how far a source with a cursor has been captured |
//! | `columns` | the columns that several landings have together |
//! | `live` | a source's state and landings at one look |
//! | `capture` | how a capture makes its own landing live |
//! | `parcel` | an answer that is too large to be sent, left for who has its address |
//! | `old_landings` | landings that are in none of a source's newest states |
//! | `table` | a table as a chain of versions, and the commit that adds one |
//! | `stage` | hidden files, until they get their names |
//! | `current` | what a table is at the moment, whatever its zone |
//! | `moment` | what had been made by the end of a run |
//! | `lock` | one run at a time per dataset |
//! | `format` | the number that all these objects carry |
//! | `clock` | time that passes; the time of day is the store's |
//! | `disk` | a folder as a store, and what is forced to the disk |
//! | `simulation`, `planted` | the protocol under faults, and faults of the protocol; only in tests |

pub mod capture;
mod clock;
pub mod columns;
pub mod current;
pub mod cursor;
mod disk;
mod format;
mod handle;
pub mod landing;
pub mod live;
pub mod lock;
pub mod moment;
mod name;
pub mod old_landings;
pub mod parcel;
pub mod path;
mod planted;
pub mod shared_copy;
#[cfg(test)]
mod simulation;
pub mod stage;
pub mod state;
pub mod state_shelf;
pub mod table;

pub use format::ObjectFormat;
pub(crate) use handle::OLD;
pub use handle::{Lake, Storage};
pub use name::{TableName, Zone};
