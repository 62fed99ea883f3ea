//! The next tree from the last one: opened where the change lies, closed again with new nodes.
//!
//! In between the list is a sequence of what stayed closed (nodes of any height) and what lies open (files, and nodes
//! beside an opened one). Closing goes level by level from the files up; an open run too short for a node opens its
//! neighbour. So every node but the root has from [`LEAST`] of the fan-out to all of it, whatever came and went.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::data_file::{ColumnRange, DataFile, FilesIdentity};
use super::order::KeyOrder;
use super::tree::{self, Child, FAN_OUT, FileKey, Node};
use crate::error::Result;
use crate::lake::path::{self, PartitionValue};
use crate::lake::{Lake, TableName};

/// A node with less than this part of the fan-out is joined with its neighbour. A quarter, where splitting leaves
/// halves: so a table that grows and shrinks by a file does not split and join again and again.
const LEAST: usize = 4;

/// What a version changes in its table's objects, beside the data files that it adds.
#[derive(Debug)]
pub(in crate::lake) struct TreeChange<'a> {
    lake: &'a Lake,
    table: &'a TableName,
    version: u64,
    run_id: &'a str,
    fan_out: usize,
    /// New nodes, to be written before the version: path and content.
    pub nodes: Vec<(String, Vec<u8>)>,
    /// Data files that are not the version's any more.
    pub removed_files: Vec<String>,
    /// Nodes that are not the version's any more; the last version still has them.
    pub removed_nodes: Vec<String>,
}

/// A whole node, or a file of an opened leaf.
enum Piece {
    File(DataFile),
    Node(Child),
}

impl<'a> TreeChange<'a> {
    pub(in crate::lake) fn new(lake: &'a Lake, table: &'a TableName, version: u64, run_id: &'a str) -> Self {
        TreeChange {
            lake,
            table,
            version,
            run_id,
            fan_out: FAN_OUT,
            nodes: vec![],
            removed_files: vec![],
            removed_nodes: vec![],
        }
    }

    /// A tree of just these files; nothing of the old one stays.
    pub(in crate::lake) async fn replace_all(
        &mut self,
        old: Node,
        files: Vec<DataFile>,
        order: &KeyOrder,
    ) -> Result<Node> {
        self.removed_files.extend(tree::files(self.lake, &old).await?.into_iter().map(|file| file.path));
        self.removed_nodes.extend(tree::nodes(self.lake, &old).await?);
        self.replace(Node::default(), &HashSet::new(), |_| false, files, order).await
    }

    /// The old tree without the files of the touched partitions that are gone, and with the added files.
    pub(in crate::lake) async fn replace(
        &mut self,
        old: Node,
        touched: &HashSet<Vec<PartitionValue>>,
        is_gone: impl Fn(&DataFile) -> bool,
        added: Vec<DataFile>,
        order: &KeyOrder,
    ) -> Result<Node> {
        let mut items = self.open_touched(entries(old), touched, &added, order).await?;
        items.retain(|item| match item {
            Piece::File(file) if touched.contains(&file.partition) && is_gone(file) => {
                self.removed_files.push(file.path.clone());
                false
            }
            _ => true,
        });
        items.extend(added.into_iter().map(Piece::File));
        // What stayed closed has nothing of the change within it, so its first file's place is its own.
        items.sort_by(|a, b| compare(order, a.first(), b.first()));
        self.close(items, order).await
    }

    /// Opens all nodes within whose bounds a touched partition or an added file lies.
    async fn open_touched(
        &mut self,
        mut items: Vec<Piece>,
        touched: &HashSet<Vec<PartitionValue>>,
        added: &[DataFile],
        order: &KeyOrder,
    ) -> Result<Vec<Piece>> {
        let mut touched: Vec<&[PartitionValue]> = touched.iter().map(Vec::as_slice).collect();
        touched.sort_by(|a, b| order.compare(a, b));
        let mut added: Vec<FilePlace> =
            added.iter().map(|file| (file.partition.as_slice(), file.path.as_str())).collect();
        added.sort_by(|a, b| compare(order, *a, *b));
        let is_touched = |child: &Child| {
            let (first, last) = (child.first.place(), child.last.place());
            let next_touched = touched.partition_point(|partition| order.compare(partition, first.0).is_lt());
            let next_added = added.partition_point(|file| compare(order, *file, first).is_lt());
            touched.get(next_touched).is_some_and(|partition| order.compare(partition, last.0).is_le())
                || added.get(next_added).is_some_and(|file| compare(order, *file, last).is_le())
        };
        loop {
            let chosen: Vec<usize> =
                (0..items.len()).filter(|i| matches!(&items[*i], Piece::Node(child) if is_touched(child))).collect();
            if chosen.is_empty() {
                return Ok(items);
            }
            items = self.open(items, &chosen).await?;
        }
    }

    /// Makes nodes of what lies open, level by level, until all fits into the root.
    async fn close(&mut self, mut items: Vec<Piece>, order: &KeyOrder) -> Result<Node> {
        let mut height = 0;
        loop {
            while let Some(neighbour) = beside_a_short_run(&items, height, self.fan_out / LEAST) {
                items = self.open(items, &[neighbour]).await?;
            }
            let is_level = items.iter().all(|item| item.height() == height);
            if is_level && items.len() == 1 && height > 0 {
                items = self.open(items, &[0]).await?;
                height -= 1;
            } else if is_level && items.len() <= self.fan_out {
                return Ok(to_node(items));
            } else {
                items = self.group(items, height, order);
                height += 1;
            }
        }
    }

    /// Puts the entries of these nodes, which are all of the old tree, in their places.
    async fn open(&mut self, items: Vec<Piece>, chosen: &[usize]) -> Result<Vec<Piece>> {
        let paths = chosen.iter().filter_map(|i| match &items[*i] {
            Piece::Node(child) => Some(child.path.clone()),
            Piece::File(_) => None,
        });
        let paths: Vec<String> = paths.collect();
        let nodes = tree::load(self.lake, &paths).await?;
        self.removed_nodes.extend(paths);
        let mut opened = chosen.iter().zip(nodes).peekable();
        let mut result = vec![];
        for (i, item) in items.into_iter().enumerate() {
            match opened.next_if(|(next, _)| **next == i) {
                Some((_, node)) => result.extend(entries(node)),
                None => result.push(item),
            }
        }
        Ok(result)
    }

    /// Every run of this height becomes nodes, as few and as even as can be.
    fn group(&mut self, items: Vec<Piece>, height: u32, order: &KeyOrder) -> Vec<Piece> {
        let mut result = vec![];
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            if item.height() != height {
                result.push(item);
                continue;
            }
            let mut run = vec![item];
            while let Some(next) = items.next_if(|next| next.height() == height) {
                run.push(next);
            }
            let pieces = run.len().div_ceil(self.fan_out);
            let (length, longer) = (run.len() / pieces, run.len() % pieces);
            let mut run = run.into_iter();
            for piece in 0..pieces {
                let piece: Vec<Piece> = run.by_ref().take(length + usize::from(piece < longer)).collect();
                result.push(Piece::Node(self.seal(piece, order)));
            }
        }
        result
    }

    /// One new node.
    fn seal(&mut self, items: Vec<Piece>, order: &KeyOrder) -> Child {
        let place = |item: &Piece| {
            let (partition, path) = item.first();
            FileKey { partition: partition.to_vec(), path: path.to_string() }
        };
        let last = match items.last().expect("no node is empty") {
            Piece::Node(child) => child.last.clone(),
            file => place(file),
        };
        let mut child = Child {
            path: path::node_file(self.table, self.version, self.run_id, self.nodes.len()),
            height: items[0].height() + 1,
            files: 0,
            rows: 0,
            bytes: 0,
            identity: Some(FilesIdentity::default()),
            first: place(&items[0]),
            last,
            columns: vec![ColumnRange::default(); order.columns()],
        };
        for item in &items {
            child.add(item, order);
        }
        let content = serde_json::to_vec(&to_node(items)).expect("lists of files have text keys only");
        self.nodes.push((child.path.clone(), content));
        child
    }
}

impl Child {
    fn add(&mut self, item: &Piece, order: &KeyOrder) {
        let (files, rows, bytes, identity) = match item {
            Piece::File(file) => (1, file.rows, file.bytes, Some(file.identity())),
            Piece::Node(child) => (child.files, child.rows, child.bytes, child.identity),
        };
        self.files += files;
        self.rows += rows;
        self.bytes += bytes;
        self.identity = self.identity.zip(identity).map(|(sum, one)| [sum, one].into_iter().sum());
        for (column, range) in self.columns.iter_mut().enumerate() {
            let (low, high, nulls) = match item {
                Piece::File(file) => {
                    let value = &file.partition[column];
                    (value, value, u64::from(value.is_none()))
                }
                Piece::Node(child) => {
                    let range = &child.columns[column];
                    (&range.low, &range.high, range.nulls)
                }
            };
            if range.low.is_none() || low.is_some() && order.compare_values(column, low, &range.low).is_lt() {
                range.low.clone_from(low);
            }
            // Null comes first, so a missing high is lower than any.
            if order.compare_values(column, high, &range.high).is_gt() {
                range.high.clone_from(high);
            }
            range.nulls += nulls;
        }
    }
}

/// Partition values and path.
type FilePlace<'a> = (&'a [PartitionValue], &'a str);

impl FileKey {
    fn place(&self) -> FilePlace<'_> {
        (&self.partition, &self.path)
    }
}

impl Piece {
    fn height(&self) -> u32 {
        match self {
            Piece::File(_) => 0,
            Piece::Node(child) => child.height,
        }
    }

    fn first(&self) -> FilePlace<'_> {
        match self {
            Piece::File(file) => (&file.partition, &file.path),
            Piece::Node(child) => child.first.place(),
        }
    }
}

fn compare(order: &KeyOrder, a: FilePlace, b: FilePlace) -> Ordering {
    order.compare(a.0, b.0).then_with(|| a.1.cmp(b.1))
}

/// A closed neighbour of a run of this height that is too short for a node.
fn beside_a_short_run(items: &[Piece], height: u32, least: usize) -> Option<usize> {
    let mut start = 0;
    for run in items.chunk_by(|a, b| (a.height() == height) == (b.height() == height)) {
        let end = start + run.len();
        if run[0].height() == height && run.len() < least && run.len() < items.len() {
            return Some(if start > 0 { start - 1 } else { end });
        }
        start = end;
    }
    None
}

fn entries(node: Node) -> Vec<Piece> {
    match node {
        Node::Leaf(files) => files.into_iter().map(Piece::File).collect(),
        Node::Inner(children) => children.into_iter().map(Piece::Node).collect(),
    }
}

/// All are of one height.
fn to_node(items: Vec<Piece>) -> Node {
    let (mut files, mut children) = (vec![], vec![]);
    for item in items {
        match item {
            Piece::File(file) => files.push(file),
            Piece::Node(child) => children.push(child),
        }
    }
    if children.is_empty() { Node::Leaf(files) } else { Node::Inner(children) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use arrow::datatypes::{DataType, Field, Schema};
    use proptest::prelude::*;

    use super::*;
    use crate::lake::Zone;

    /// Small, so that few files make a deep tree.
    const FAN_OUT: usize = 8;

    #[derive(Debug, Clone)]
    enum Step {
        Append(Vec<(u8, Option<u8>)>),
        Partitions(Vec<(u8, Option<u8>)>),
        /// Every other file of these partitions.
        Half(Vec<(u8, Option<u8>)>),
        All(Vec<(u8, Option<u8>)>),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let partitions = |most| prop::collection::vec((0..40u8, prop::option::of(0..3u8)), 0..most);
        prop_oneof![
            4 => partitions(12).prop_map(Step::Append),
            4 => partitions(12).prop_map(Step::Partitions),
            2 => partitions(12).prop_map(Step::Half),
            1 => partitions(300).prop_map(Step::Append),
            1 => partitions(300).prop_map(Step::All),
        ]
    }

    /// A table partitioned by a number and a text, of which a list and a tree are kept.
    struct Bench {
        lake: Lake,
        table: TableName,
        order: KeyOrder,
        list: Vec<DataFile>,
        tree: Node,
        version: u64,
        _dir: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let columns = ["day", "shop"].map(str::to_string);
            let types = [DataType::Int32, DataType::Utf8];
            let fields = columns.iter().zip(types).map(|(name, data_type)| Field::new(name, data_type, true));
            Bench {
                lake: Lake::in_folder(dir.path()).unwrap(),
                table: TableName { zone: Zone::Trusted, name: "sales".into() },
                order: KeyOrder::of(&Schema::new(fields.collect::<Vec<_>>()), &columns),
                list: vec![],
                tree: Node::default(),
                version: 0,
                _dir: dir,
            }
        }

        fn file(&self, n: usize, (day, shop): (u8, Option<u8>)) -> DataFile {
            let partition = vec![Some(day.to_string()), shop.map(|shop| format!("shop {shop}"))];
            let columns = ["day", "shop"].map(str::to_string);
            let path = path::data_file("trusted/sales", &columns, &partition, "run", self.version as usize, n);
            DataFile {
                path,
                partition,
                rows: n as u64,
                bytes: 1,
                columns: Default::default(),
                made_from: None,
                stands_for: None,
            }
        }

        async fn apply(&mut self, step: &Step) {
            self.version += 1;
            let (Step::Append(new) | Step::Partitions(new) | Step::Half(new) | Step::All(new)) = step;
            let new: Vec<DataFile> = new.iter().enumerate().map(|(n, partition)| self.file(n, *partition)).collect();
            let touched: HashSet<_> = new.iter().map(|file| file.partition.clone()).collect();
            let nodes_before = tree::nodes(&self.lake, &self.tree).await.unwrap();
            let mut change = TreeChange::new(&self.lake, &self.table, self.version, "run");
            change.fan_out = FAN_OUT;
            let old = std::mem::take(&mut self.tree);
            let is_gone = |file: &DataFile| match step {
                Step::Append(_) => false,
                Step::Partitions(_) => touched.contains(&file.partition),
                Step::Half(_) => touched.contains(&file.partition) && file.rows.is_multiple_of(2),
                Step::All(_) => true,
            };
            let tree = match step {
                Step::All(_) => change.replace_all(old, new.clone(), &self.order).await,
                Step::Append(_) => change.replace(old, &HashSet::new(), is_gone, new.clone(), &self.order).await,
                _ => change.replace(old, &touched, is_gone, new.clone(), &self.order).await,
            };
            self.tree = tree.unwrap();

            // The same on the plain list.
            let (out, kept): (Vec<_>, Vec<_>) = self.list.drain(..).partition(is_gone);
            self.list = kept;
            self.list.extend(new.iter().cloned());
            self.list.sort_by_key(|file| {
                (
                    file.partition[0].as_ref().map(|day| day.parse::<u32>().unwrap()),
                    file.partition[1].clone(),
                    file.path.clone(),
                )
            });

            let TreeChange { nodes, removed_files, removed_nodes, .. } = change;
            let written: BTreeSet<String> = nodes.iter().map(|(path, _)| path.clone()).collect();
            assert_eq!(written.len(), nodes.len(), "no two nodes have one name");
            for (path, content) in nodes {
                assert!(self.lake.create(&path, content).await.unwrap(), "nodes are never written over");
            }
            // What is new and what is gone is exactly what was written and removed.
            let nodes_after: BTreeSet<String> =
                tree::nodes(&self.lake, &self.tree).await.unwrap().into_iter().collect();
            let nodes_before = BTreeSet::from_iter(nodes_before);
            assert_eq!(BTreeSet::from_iter(removed_files), out.iter().map(|file| file.path.clone()).collect());
            assert_eq!(BTreeSet::from_iter(removed_nodes), nodes_before.difference(&nodes_after).cloned().collect());
            assert_eq!(written, nodes_after.difference(&nodes_before).cloned().collect());
            if !matches!(step, Step::All(_)) {
                // A path is opened for each file that comes or goes, and on each level at most one neighbour with it.
                let height = height(&self.tree) as usize;
                assert!(
                    written.len() <= 2 * height * (new.len() + out.len() + 1),
                    "{} nodes of {height}",
                    written.len()
                );
            }
            assert_eq!(tree::files(&self.lake, &self.tree).await.unwrap(), self.list);
            let identity = self.list.iter().map(DataFile::identity).sum();
            assert_eq!(tree::identity(&self.lake, &self.tree).await.unwrap(), identity);
            assert_eq!(tree::identity(&self.lake, &without_identities(&self.tree)).await.unwrap(), identity);
            self.check_nodes().await;
        }

        /// Every node has as many entries as it may, and is what its parent says.
        async fn check_nodes(&self) {
            let mut level = vec![(None, self.tree.clone())];
            while !level.is_empty() {
                let mut below = vec![];
                for (parent, node) in level {
                    let items = entries(node.clone());
                    assert!(items.len() <= FAN_OUT);
                    if let Some(parent) = parent {
                        assert!(items.len() >= FAN_OUT / LEAST);
                        let mut change = TreeChange::new(&self.lake, &self.table, 0, "");
                        let child: Child = change.seal(items, &self.order);
                        assert_eq!(Child { path: String::new(), ..child }, Child { path: String::new(), ..parent });
                    }
                    if let Node::Inner(children) = node {
                        assert!(children.len() > 1);
                        for child in children {
                            let node =
                                tree::load(&self.lake, std::slice::from_ref(&child.path)).await.unwrap().remove(0);
                            below.push((Some(child), node));
                        }
                    }
                }
                level = below;
            }
        }
    }

    /// As it was written before nodes said the identity of their files.
    fn without_identities(root: &Node) -> Node {
        match root {
            Node::Leaf(files) => Node::Leaf(files.clone()),
            Node::Inner(children) => {
                Node::Inner(children.iter().map(|child| Child { identity: None, ..child.clone() }).collect())
            }
        }
    }

    fn height(root: &Node) -> u32 {
        match root {
            Node::Leaf(_) => 0,
            Node::Inner(children) => children[0].height,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_changed_tree_is_the_tree_of_the_changed_list(steps in prop::collection::vec(any_step(), 1..10)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut bench = Bench::new();
            for step in &steps {
                runtime.block_on(bench.apply(step));
            }
        }
    }

    #[tokio::test]
    async fn a_filter_reads_only_the_nodes_that_may_match() {
        let mut bench = Bench::new();
        bench.apply(&Step::All((0..200).map(|n| (n / 5, Some(n % 3))).collect())).await;
        let (mut asked, mut read) = (0, 0);
        let found = tree::files_matching(&bench.lake, &bench.tree, |nodes| {
            let holds_7 = |node: &Child| {
                let at = |value: &Option<String>| value.as_ref().unwrap().parse::<u32>().unwrap();
                at(&node.columns[0].low) <= 7 && 7 <= at(&node.columns[0].high)
            };
            let kept: Vec<bool> = nodes.iter().map(holds_7).collect();
            asked += nodes.len();
            read += kept.iter().filter(|keep| **keep).count();
            Ok(kept)
        });
        let found = found.await.unwrap();
        let wanted: Vec<_> = bench.list.iter().filter(|file| file.partition[0].as_deref() == Some("7")).collect();
        assert_eq!(wanted.len(), 5);
        assert!(wanted.iter().all(|file| found.contains(file)));
        assert!(read <= 4 && asked <= 20, "{read} nodes read, {asked} asked");
    }
}
