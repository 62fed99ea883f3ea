//! The formulas of docs/lake.md, "What it costs", for the table that the bench makes up.

use trapiche::lake::table::tree::FAN_OUT;

use super::Deed;
use super::counted::Cost;

/// What a file takes in a list: 150 bytes, and 35 for each of its two columns with statistics.
const FILE_BYTES: u64 = 150 + 2 * 35;
/// What a node takes in the node above it.
const NODE_BYTES: u64 = 434;
/// Of a commit: the names before it and after it, the pending object, the version and, as nothing is kept here, the note
/// that says so. Nodes are replaced even by a commit that replaces no file.
pub const BESIDE_NODES: u64 = 5;
/// What a file takes in memory.
const FILE_MEMORY_BYTES: u64 = 900;

pub fn cost(deed: Deed, files: usize) -> Cost {
    let tree = Tree::of(files);
    // A partition lies in one leaf.
    let path_bytes = tree.leaf_bytes() + tree.levels.saturating_sub(1) * tree.inner_bytes();
    let commit = Cost {
        puts: BESIDE_NODES + tree.levels,
        gets: 1 + tree.levels,
        written_bytes: path_bytes + 2 * tree.root_bytes(),
        read_bytes: path_bytes + tree.root_bytes(),
    };
    match deed {
        Deed::Nothing => Cost::default(),
        Deed::Commit => commit,
        Deed::ReadOne => Cost { puts: 1, written_bytes: 0, ..commit },
        Deed::ReadAll => {
            Cost { puts: 1, gets: 1 + tree.nodes(), written_bytes: 0, read_bytes: tree.files * FILE_BYTES }
        }
        Deed::Appends => Cost {
            puts: 1_000 * commit.puts,
            gets: 1_000 * commit.gets,
            written_bytes: 1_000 * commit.written_bytes,
            read_bytes: 1_000 * commit.read_bytes,
        },
    }
}

/// Beside what a process has that does nothing.
pub fn memory_bytes(deed: Deed, files: usize) -> u64 {
    match deed {
        Deed::ReadAll => files as u64 * FILE_MEMORY_BYTES,
        _ => cost(deed, files).read_bytes / if deed == Deed::Appends { 1_000 } else { 1 },
    }
}

/// One commit of files that lie all over the table, one in each of `writers` places.
pub fn scattered(files: usize, writers: u64) -> Cost {
    let tree = Tree::of(files);
    let touched = |nodes: u64| nodes.min(writers);
    let nodes: u64 = (1..=tree.levels).map(|height| touched(tree.at(height))).sum();
    Cost { puts: BESIDE_NODES + nodes + writers, gets: 1 + nodes, ..Cost::default() }
}

/// A tree of full nodes.
struct Tree {
    files: u64,
    /// Of nodes, between the root and the files.
    levels: u64,
}

impl Tree {
    fn of(files: usize) -> Tree {
        let (mut levels, mut room) = (0, FAN_OUT);
        while room < files {
            room *= FAN_OUT;
            levels += 1;
        }
        Tree { files: files as u64, levels }
    }

    /// Nodes of one level; leaves are the first.
    fn at(&self, height: u64) -> u64 {
        self.files.div_ceil((FAN_OUT as u64).pow(height as u32))
    }

    fn nodes(&self) -> u64 {
        (1..=self.levels).map(|height| self.at(height)).sum()
    }

    fn leaf_bytes(&self) -> u64 {
        FAN_OUT as u64 * FILE_BYTES
    }

    fn inner_bytes(&self) -> u64 {
        FAN_OUT as u64 * NODE_BYTES
    }

    fn root_bytes(&self) -> u64 {
        self.at(self.levels) * if self.levels == 0 { FILE_BYTES } else { NODE_BYTES }
    }
}
