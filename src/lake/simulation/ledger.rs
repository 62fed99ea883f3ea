//! What must be true of the lake after each request, judged by the objects alone.
//!
//! The ledger knows what each commit is meant to do, and follows what becomes of it: so it can say at every moment what
//! the table is, which files are its rows, and whether each version that is kept can be read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;

use super::objects::{Arrival, Objects};
use crate::lake::format::Content;
use crate::lake::stage::Staged;
use crate::lake::table::commit::Replaces;
use crate::lake::table::data_file::DataFile;
use crate::lake::table::tree::Node;
use crate::lake::table::version::Version;
use crate::lake::{TableName, Zone, path};

#[derive(Debug)]
pub struct Ledger {
    keep: Duration,
    intents: HashMap<String, Intent>,
    versions: BTreeMap<u64, Committed>,
    /// Whatever took a number.
    highest: u64,
    /// Versions below are not kept.
    oldest: u64,
    pending: BTreeMap<String, Named>,
    /// Files of the table that took effect after others had gone on.
    came_late: BTreeSet<String>,
    holders: Vec<Holder>,
    source: Option<LiveSource>,
    broken: Option<String>,
}

/// What a run's commit does to the table.
#[derive(Debug)]
pub struct Intent {
    pub new: Vec<DataFile>,
    pub replaces: Replaces,
}

#[derive(Debug)]
struct Committed {
    run_id: String,
    files: BTreeMap<String, DataFile>,
    at: Duration,
}

/// What a pending object names.
#[derive(Debug, Deserialize)]
struct Named {
    staged: Vec<Staged>,
}

/// A driver that believes to have a claim.
#[derive(Debug)]
struct Holder {
    driver: usize,
    lost: watch::Receiver<bool>,
}

/// The newest state of a source.
#[derive(Debug, Deserialize)]
struct LiveSource {
    sequence: u64,
    live: Vec<LiveFolder>,
}

#[derive(Debug, Deserialize)]
struct LiveFolder {
    folder: String,
}

pub fn table() -> TableName {
    TableName::new(Zone::Trusted, "t")
}

pub fn source() -> TableName {
    TableName::new(Zone::Raw, SOURCE)
}

pub const SOURCE: &str = "s";

impl Ledger {
    pub fn new(keep: Duration) -> Ledger {
        Ledger {
            keep,
            intents: HashMap::new(),
            versions: BTreeMap::new(),
            highest: 0,
            oldest: 0,
            pending: BTreeMap::new(),
            came_late: BTreeSet::new(),
            holders: vec![],
            source: None,
            broken: None,
        }
    }

    /// The first invariant that did not hold.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    pub fn break_with(&mut self, what: impl Into<String>) {
        self.broken.get_or_insert(what.into());
    }

    /// From now on nothing that is replaced is kept.
    pub fn keep_nothing(&mut self) {
        self.keep = Duration::ZERO;
    }

    pub fn intend(&mut self, run_id: &str, intent: Intent) {
        self.intents.insert(run_id.to_string(), intent);
    }

    pub fn head(&self) -> Option<u64> {
        self.versions.last_key_value().map(|(number, _)| *number)
    }

    pub fn highest(&self) -> u64 {
        self.highest
    }

    pub fn has_committed(&self, number: u64, run_id: &str) -> bool {
        self.versions.get(&number).is_some_and(|version| version.run_id == run_id)
    }

    /// Whether a reader of that version may expect to find its files.
    pub fn is_kept(&self, number: u64) -> bool {
        number >= self.oldest && self.versions.contains_key(&number)
    }

    /// Whether the version is just what was committed under its number.
    pub fn is_as_committed(&self, version: &Version) -> bool {
        self.versions
            .get(&version.version)
            .is_some_and(|committed| committed.run_id == version.run_id && committed.files == files_of(&version.files))
    }

    /// A driver has been granted the claim.
    pub fn hold(&mut self, driver: usize, lost: watch::Receiver<bool>) {
        self.holders.push(Holder { driver, lost });
        self.check_holders();
    }

    pub fn let_go(&mut self, driver: usize) {
        self.holders.retain(|holder| holder.driver != driver);
    }

    fn check_holders(&mut self) {
        let believing: Vec<usize> =
            self.holders.iter().filter(|holder| !*holder.lost.borrow()).map(|holder| holder.driver).collect();
        if believing.len() > 1 {
            self.break_with(format!("a claim has one owner: drivers {believing:?} have it"));
        }
    }

    pub fn after_put(&mut self, objects: &Objects, file: &str, bytes: &[u8], now: Duration, arrival: Arrival) {
        self.check_holders();
        if let Some(name) = file.strip_prefix("_trapiche/tables/trusted/t/") {
            if let Some(number) = path::parse_version(name) {
                self.after_version(objects, number, bytes, now);
            } else if let Some(number) = path::parse_oldest(name) {
                self.after_oldest(number, now);
            } else if path::is_pending(name)
                && let Content::Whole(named) = Content::of(bytes)
            {
                self.pending.insert(file.to_string(), named);
            }
        } else if file.starts_with("trusted/t/") {
            let is_named = self.pending.values().any(|named| named.staged.iter().any(|staged| staged.path == file));
            let is_of_the_table = self.versions.values().last().is_some_and(|head| head.files.contains_key(file));
            // One that comes late may find that its commit was taken back: then the file is a stray, and goes in the end.
            if arrival == Arrival::Late {
                self.came_late.insert(file.to_string());
            } else if !is_named && !is_of_the_table {
                self.break_with(format!("what is published is named by a pending object: {file} is not"));
            }
        } else if file.starts_with("_trapiche/sources/s/s") {
            self.after_state(objects, bytes);
        }
    }

    fn after_version(&mut self, objects: &Objects, number: u64, bytes: &[u8], now: Duration) {
        let before = self.highest;
        self.highest = before.max(number);
        let Content::Whole::<Version>(version) = Content::of(bytes) else { return };
        if number <= before {
            self.break_with(format!("no number is taken twice: v{number} by {}", version.run_id));
            return;
        }
        let files = files_of(&version.files);
        if let Some(gone) = files.keys().find(|file| !objects.contains_key(*file)) {
            self.break_with(format!("no version names a file that is gone: v{number} names {gone}"));
        }
        let expected = self.intents.get(&version.run_id).map(|intent| {
            let head = self.versions.values().last().map(|head| head.files.clone()).unwrap_or_default();
            intent.follow(head)
        });
        if expected.as_ref() != Some(&files) {
            let (is, was_to_be): (Vec<_>, Vec<_>) = (files.keys().collect(), expected.iter().flatten().collect());
            self.break_with(format!("no committed row is lost or doubled: v{number} has {is:?}, not {was_to_be:?}"));
        }
        self.versions.insert(number, Committed { run_id: version.run_id, files, at: now });
    }

    fn after_oldest(&mut self, number: u64, now: Duration) {
        let replaced_at = self.versions.get(&number).map(|version| version.at);
        match replaced_at {
            None => self.break_with(format!("the oldest version is one: v{number} is none")),
            Some(at) if now - at < self.keep => self.break_with(format!("what v{number} replaced is kept for a while")),
            Some(_) => self.oldest = self.oldest.max(number),
        }
    }

    fn after_state(&mut self, objects: &Objects, bytes: &[u8]) {
        let Content::Whole::<LiveSource>(state) = Content::of(bytes) else { return };
        let before = self.source.as_ref().map_or(0, |source| source.sequence);
        if state.sequence != before + 1 {
            self.break_with(format!("states follow one another: s{} after s{before}", state.sequence));
        }
        self.source = Some(state);
        self.check_source(objects);
    }

    fn check_source(&mut self, objects: &Objects) {
        let live = self.source.iter().flat_map(|source| &source.live);
        let is_gone = |live: &&LiveFolder| {
            ["part-0001.json", "_landing.json"]
                .iter()
                .any(|name| !objects.contains_key(&format!("{}/{name}", live.folder)))
        };
        if let Some(gone) = live.into_iter().find(is_gone) {
            let what = format!("a landing that is live is whole: {} is not", gone.folder);
            self.break_with(what);
        }
    }

    pub fn after_delete(&mut self, objects: &Objects, file: &str) {
        self.check_holders();
        if file.starts_with("raw/") {
            self.check_source(objects);
        }
        if let Some(named) = self.pending.remove(file) {
            let head = self.versions.values().last();
            let is_stray = |path: &&String| {
                objects.contains_key(*path)
                    && !self.came_late.contains(*path)
                    && !head.is_some_and(|head| head.files.contains_key(*path))
            };
            let is_in_none = |path: &&String| !self.versions.values().any(|version| version.files.contains_key(*path));
            if let Some(stray) = named.staged.iter().map(|staged| &staged.path).filter(is_stray).find(is_in_none) {
                let what = format!("what no version names goes in the end: nobody knows of {stray}");
                self.break_with(what);
            }
            return;
        }
        let original = file.strip_prefix(path::ATTIC).and_then(|rest| rest.strip_prefix('/')).unwrap_or(file);
        if !original.starts_with("trusted/t/") {
            return;
        }
        let head = self.head();
        let is_missed = |(number, version): &(&u64, &Committed)| {
            version.files.contains_key(original)
                && !objects.contains_key(original)
                && (Some(**number) == head || !objects.contains_key(&path::attic_file(original)))
        };
        if let Some((number, _)) = self.versions.range(self.oldest..).find(is_missed) {
            let what = format!("no version names a file that is gone: v{number} names {original}");
            self.break_with(what);
        }
    }

    /// What is left when all has ended and was swept, and nothing is kept.
    pub fn at_the_end(&mut self, objects: &Objects) {
        let mut expected = BTreeSet::new();
        if let Some((number, head)) = self.versions.last_key_value() {
            expected.extend(head.files.keys().cloned());
            expected.insert(path::version_file(&table(), *number));
            expected.insert(path::oldest_file(&table(), *number));
        }
        // Landings are kept for ever, and so are states.
        let is_landed = |file: &str| {
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            file.starts_with("raw/") && objects.contains_key(&format!("{folder}/_landing.json"))
        };
        let is_of_the_source = |file: &str| is_landed(file) || file.starts_with("_trapiche/sources/s/s");
        let left: Vec<&String> =
            objects.keys().filter(|file| !is_of_the_source(file) && !expected.contains(*file)).collect();
        if !left.is_empty() {
            let what = format!("what no version names goes in the end: {left:?} stay");
            self.break_with(what);
        }
        if let Some(gone) = expected.iter().find(|file| !objects.contains_key(*file)) {
            let what = format!("no version names a file that is gone: {gone} is, in the end");
            self.break_with(what);
        }
    }
}

impl Intent {
    /// The files that follow those of the table as it is.
    fn follow(&self, mut files: BTreeMap<String, DataFile>) -> BTreeMap<String, DataFile> {
        let touched: BTreeSet<_> = self.new.iter().map(|file| &file.partition).collect();
        files.retain(|path, file| match &self.replaces {
            Replaces::Nothing => true,
            Replaces::Everything => false,
            Replaces::TouchedPartitions => !touched.contains(&file.partition),
            Replaces::Partitions(partitions) => !partitions.contains(&file.partition),
            Replaces::Files(replaced) => !replaced.contains(path),
            Replaces::Merged(replaced) => !replaced.iter().any(|replaced| replaced.path == *path),
        });
        files.extend(self.new.iter().map(|file| (file.path.clone(), file.clone())));
        files
    }
}

fn files_of(node: &Node) -> BTreeMap<String, DataFile> {
    match node {
        Node::Leaf(files) => files.iter().map(|file| (file.path.clone(), file.clone())).collect(),
        Node::Inner(_) => unreachable!("tables are small here"),
    }
}
