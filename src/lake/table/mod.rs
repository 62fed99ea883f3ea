//! A table as a chain of versions.
//!
//! | file | noun |
//! |---|---|
//! | `version` | what a table is: a number, columns, and a tree of files |
//! | `shelf` | what the names of its versions say |
//! | `head` | the newest version as a run found it, and the number of the next |
//! | `data_file`, `tree`, `order` | the files as a tree, of which a change writes only the touched part |
//! | `tree_change` | that change |
//! | `commit` | the steps from staged files to the next version, and what is done when a run died in between |
//! | `attic` | what was replaced, for as long as it is kept |
//! | `vacuum` | what nothing refers to |

pub mod attic;
pub mod commit;
pub mod data_file;
pub mod head;
pub mod order;
pub mod shelf;
pub mod tree;
mod tree_change;
pub mod vacuum;
pub mod version;
