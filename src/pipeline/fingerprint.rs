//! What a dataset is made from, as a hash: equal hashes mean that making it again changes nothing. There is one of the
//! whole dataset, and one of each slice where its result falls into slices.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::seen::Seen;
use crate::engine::Engine;
use crate::engine::slices::{Read, Slice, Slicing};
use crate::error::Result;
use crate::lake::current::Current;
use crate::lake::path::PartitionValue;
use crate::lake::table::data_file::FilesIdentity;
use crate::lake::table::tree;
use crate::lake::{Lake, TableName};
use crate::project::Dataset;
use crate::spark::mode::SqlMode;

/// All that a dataset is made from.
pub(super) struct MadeFrom<'a> {
    lake: &'a Lake,
    sql: &'a SqlMode,
    dataset: &'a Dataset,
    /// The date, where that is part of it.
    day: Option<NaiveDate>,
    /// The state of each table that it reads: equal means the same rows.
    states: Vec<(TableName, String)>,
}

impl<'a> MadeFrom<'a> {
    pub(super) async fn of(
        engine: &'a Engine,
        dataset: &'a Dataset,
        seen: &Seen,
        day: Option<NaiveDate>,
    ) -> Result<Self> {
        let lake = engine.lake();
        let mut states = vec![];
        for (table, current) in &seen.inputs {
            states.push((table.clone(), state(lake, current).await?));
        }
        Ok(MadeFrom { lake, sql: engine.sql(), dataset, day, states })
    }

    /// Over the program's version, the dataset's definition and the state of every table that it reads.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = self.hash();
        for (table, state) in &self.states {
            hash.add(&table.to_string());
            hash.add(state);
        }
        hash.hex()
    }

    /// Of every slice that the dataset's table is to have: over the same, but of a table of which the slice reads some
    /// partitions only, over the files in these. The lake is read leaf by leaf, and a slice is kept in a few bytes.
    pub(super) async fn of_slices(&self, slicing: &Slicing) -> Result<BTreeMap<Slice, String>> {
        let reads = self.reads(&slicing.reads).await?;
        let null_reads = self.reads(&slicing.null_reads).await?;
        let keys = slicing.keys.len();
        let mut fingerprints = BTreeMap::new();
        for (read, state) in reads.iter().filter(|(read, _)| read.names(keys)) {
            let SliceState::Files(partitions) = state else { continue };
            for partition in partitions.keys() {
                let mut slice: Slice = vec![None; keys];
                read.by.iter().zip(partition).for_each(|((_, key), value)| slice[*key].clone_from(value));
                if !slice.contains(&None) && !fingerprints.contains_key(&slice) {
                    let fingerprint = self.of_slice(&slice, &reads);
                    fingerprints.insert(slice, fingerprint);
                }
            }
        }
        let nulls = vec![None; keys];
        let fingerprint = self.of_slice(&nulls, &null_reads);
        fingerprints.insert(nulls, fingerprint);
        Ok(fingerprints)
    }

    fn of_slice(&self, slice: &Slice, reads: &[(&Read, SliceState)]) -> String {
        let mut hash = self.hash();
        slice.iter().for_each(|value| hash.add(&format!("{value:?}")));
        for (read, state) in reads {
            hash.add(&read.table.to_string());
            for field in read.schema.fields() {
                hash.add(&format!("{} {}", field.name(), field.data_type()));
            }
            match state {
                SliceState::Whole(state) => hash.add(state),
                SliceState::Files(partitions) => {
                    let partition: Vec<PartitionValue> = read.by.iter().map(|(_, key)| slice[*key].clone()).collect();
                    let files = partitions.get(&partition).copied().unwrap_or_default();
                    hash.add(&format!("{:?} {files}", read.by));
                }
            }
        }
        // 64 bits: each comparison is of one slice with what it was before, so there is no one else to be taken for.
        hash.hex()[..16].to_string()
    }

    async fn reads<'r>(&self, reads: &'r [Read]) -> Result<Vec<(&'r Read, SliceState)>> {
        let mut states = vec![];
        for read in reads {
            let state = match read.by.is_empty() {
                true => {
                    let state = self.states.iter().find(|(table, _)| *table == read.table);
                    SliceState::Whole(state.expect("a query reads what its dataset says").1.clone())
                }
                false => {
                    let mut partitions: HashMap<Vec<PartitionValue>, FilesIdentity> = HashMap::new();
                    tree::each_file(self.lake, &read.files, |file| {
                        let partition = read.by.iter().map(|(column, _)| file.partition[*column].clone()).collect();
                        *partitions.entry(partition).or_default() += file.identity();
                    })
                    .await?;
                    SliceState::Files(partitions)
                }
            };
            states.push((read, state));
        }
        Ok(states)
    }

    /// Begins with what all of the dataset's fingerprints have.
    fn hash(&self) -> Hash {
        let mut hash = Hash::default();
        hash.add(env!("CARGO_PKG_VERSION"));
        hash.add(&self.dataset.fingerprint_text);
        hash.add(&format!("timestamps {:?}", self.lake.timestamps()));
        if let Some(mode) = self.sql.fingerprint() {
            hash.add(&mode);
        }
        if let Some(day) = self.day {
            hash.add(&format!("day {day}"));
        }
        hash
    }
}

/// What a slice has of a table.
enum SliceState {
    /// All of it.
    Whole(String),
    /// The files' identities, by the values of the partition columns that are bound to keys.
    Files(HashMap<Vec<PartitionValue>, FilesIdentity>),
}

/// What tells a table's rows from those that it had before: not what it was made from, which may be the same for others.
async fn state(lake: &Lake, current: &Current) -> Result<String> {
    match current {
        Current::Source(live) => Ok(live.state.content()),
        Current::Version(version) => {
            let mut hash = Hash::default();
            // A table without rows may still have other columns than before.
            for field in version.schema.fields() {
                hash.add(&format!("{} {}", field.name(), field.data_type()));
            }
            hash.add(&version.partition_by.join("/"));
            hash.add(&tree::identity(lake, &version.files).await?.to_string());
            Ok(hash.hex())
        }
    }
}

/// A hash over texts, each with its length, so that no two lists of texts are one.
#[derive(Default)]
struct Hash(Sha256);

impl Hash {
    fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
