//! A version's list of files as a tree, so that the next version costs what changed and not what the table has.
//!
//! It is a copy-on-write B+tree of immutable JSON objects. The root stands in the version; as long as it has room the
//! files themselves are in it, and there are no nodes. Files are sorted by partition values, then path. A change
//! reads the nodes that it lies in, writes others in their place, up to the root, and leaves all the rest as it is. A
//! node says between which partition values its files lie, so a reader with a filter reads few.

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::data_file::{ColumnRange, DataFile, FilesIdentity};
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::lake::path::PartitionValue;

/// The most entries of a node. More would make the tree flatter and every change larger: with 128 a million files
/// are two levels below the root.
pub const FAN_OUT: usize = 128;

/// Nodes that are read or written at the same time: S3 answers in tens of milliseconds, whatever else is asked.
pub const AT_ONCE: usize = 32;

/// The entries of one node, or of the root; sorted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    Leaf(Vec<DataFile>),
    Inner(Vec<Child>),
}

/// What a node says of a node below it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Child {
    /// Relative to the lake's root.
    pub path: String,
    /// A leaf's is 1. All nodes of one level have the same.
    pub height: u32,
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
    /// Of all files below it, added up. Nodes that were written before this was noted do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<FilesIdentity>,
    pub first: FileKey,
    pub last: FileKey,
    /// One per partition column; `nulls` counts files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnRange>,
}

/// A file's place in the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileKey {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<PartitionValue>,
    pub path: String,
}

impl Default for Node {
    fn default() -> Self {
        Node::Leaf(vec![])
    }
}

impl From<Vec<DataFile>> for Node {
    fn from(files: Vec<DataFile>) -> Self {
        Node::Leaf(files)
    }
}

impl Node {
    pub fn is_empty(&self) -> bool {
        matches!(self, Node::Leaf(files) if files.is_empty())
    }

    pub fn files(&self) -> u64 {
        match self {
            Node::Leaf(files) => files.len() as u64,
            Node::Inner(children) => children.iter().map(|child| child.files).sum(),
        }
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Node::Leaf(files) => files.iter().map(|file| file.bytes).sum(),
            Node::Inner(children) => children.iter().map(|child| child.bytes).sum(),
        }
    }

    pub fn rows(&self) -> u64 {
        match self {
            Node::Leaf(files) => files.iter().map(|file| file.rows).sum(),
            Node::Inner(children) => children.iter().map(|child| child.rows).sum(),
        }
    }
}

/// All files, in order.
pub async fn files(lake: &Lake, root: &Node) -> Result<Vec<DataFile>> {
    files_matching(lake, root, |children| Ok(vec![true; children.len()])).await
}

/// Each file in turn, in order. Unlike [`files`] it holds only some of them at a time.
pub async fn each_file(lake: &Lake, root: &Node, mut visit: impl FnMut(&DataFile)) -> Result<()> {
    let mut level = root.clone();
    loop {
        let children = match level {
            Node::Leaf(files) => {
                files.iter().for_each(visit);
                return Ok(());
            }
            Node::Inner(children) => children,
        };
        let are_leaves = children.first().is_none_or(|child| child.height == 1);
        let paths: Vec<String> = children.into_iter().map(|child| child.path).collect();
        if are_leaves {
            let mut leaves = stream::iter(paths).map(|path| read(lake, path)).buffered(AT_ONCE);
            while let Some(leaf) = leaves.try_next().await? {
                let Node::Leaf(files) = leaf else { unreachable!("all nodes of one level have the same height") };
                files.iter().for_each(&mut visit);
            }
            return Ok(());
        }
        level = concat(load(lake, &paths).await?);
    }
}

/// The [identities](DataFile::identity) of all files, added up. Below the root it reads only the nodes that do not say
/// theirs.
pub async fn identity(lake: &Lake, root: &Node) -> Result<FilesIdentity> {
    let mut sum = FilesIdentity::default();
    let mut level = root.clone();
    loop {
        let children = match level {
            Node::Leaf(files) => {
                sum += files.iter().map(DataFile::identity).sum();
                return Ok(sum);
            }
            Node::Inner(children) => children,
        };
        let (said, unsaid): (Vec<Child>, Vec<Child>) = children.into_iter().partition(|child| child.identity.is_some());
        sum += said.iter().filter_map(|child| child.identity).sum();
        level = concat(load(lake, &unsaid.into_iter().map(|child| child.path).collect::<Vec<_>>()).await?);
    }
}

/// The files below the nodes that `keep` keeps, in order.
pub async fn files_matching(
    lake: &Lake,
    root: &Node,
    mut keep: impl FnMut(&[Child]) -> Result<Vec<bool>>,
) -> Result<Vec<DataFile>> {
    let mut level = root.clone();
    loop {
        let children = match level {
            Node::Leaf(files) => return Ok(files),
            Node::Inner(children) => children,
        };
        let kept = keep(&children)?;
        let kept = children.into_iter().zip(kept).filter_map(|(child, keep)| keep.then_some(child.path));
        level = concat(load(lake, &kept.collect::<Vec<_>>()).await?);
    }
}

/// The paths of all nodes below the root.
pub async fn nodes(lake: &Lake, root: &Node) -> Result<Vec<String>> {
    let mut paths = vec![];
    let mut level = root.clone();
    while let Node::Inner(children) = level {
        paths.extend(children.iter().map(|child| child.path.clone()));
        let inner = children.into_iter().filter(|child| child.height > 1).map(|child| child.path);
        level = concat(load(lake, &inner.collect::<Vec<_>>()).await?);
    }
    Ok(paths)
}

/// The nodes at these paths, in their order.
pub(in crate::lake) async fn load(lake: &Lake, paths: &[String]) -> Result<Vec<Node>> {
    stream::iter(paths.to_vec()).map(|path| read(lake, path)).buffered(AT_ONCE).try_collect().await
}

async fn read(lake: &Lake, path: String) -> Result<Node> {
    let bytes = lake.read(&path).await?.ok_or_else(|| {
        Error::failed(format!("`{path}` is gone, which holds a part of the table's list of files"))
            .hint("a commit may have replaced it meanwhile; ask again")
    })?;
    serde_json::from_slice(&bytes).map_err(|e| {
        Error::failed(format!("`{path}` is no list of files that this program can read"))
            .because(e)
            .hint("it may have been written by a newer trapiche")
    })
}

/// One level's nodes as one.
fn concat(nodes: Vec<Node>) -> Node {
    let (mut files, mut children) = (vec![], vec![]);
    for node in nodes {
        match node {
            Node::Leaf(more) => files.extend(more),
            Node::Inner(more) => children.extend(more),
        }
    }
    if children.is_empty() { Node::Leaf(files) } else { Node::Inner(children) }
}
