//! What a dataset is made from, as a hash: equal hashes mean that making it again changes nothing. There is one of the
//! whole dataset, and one of each slice where its result falls into slices.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use crate::engine::slices::{Read, Slice, Slicing};
use crate::error::{Error, Result};
use crate::lake::path::PartitionValue;
use crate::lake::{Lake, TableName, Zone, state as source_state, tree, version};
use crate::project::Dataset;

/// Over the program's version, the dataset's definition and the state of every table that it reads.
pub(super) fn of(dataset: &Dataset, inputs: &[(TableName, String)]) -> String {
    let mut hash = Hash::of(dataset);
    for (table, state) in inputs {
        hash.add(&table.to_string());
        hash.add(state);
    }
    hash.hex()
}

/// Of every slice that the dataset's table is to have: over the same, but of a table of which the slice reads some
/// partitions only, over the files in these. The lake is read leaf by leaf, and a slice is kept in a few bytes.
pub(super) async fn of_slices(
    lake: &Lake,
    dataset: &Dataset,
    inputs: &[(TableName, String)],
    slicing: &Slicing,
) -> Result<BTreeMap<Slice, String>> {
    let reads = states(lake, inputs, &slicing.reads).await?;
    let null_reads = states(lake, inputs, &slicing.null_reads).await?;
    let keys = slicing.keys.len();
    let mut fingerprints = BTreeMap::new();
    for (read, state) in reads.iter().filter(|(read, _)| read.names(keys)) {
        let State::Files(partitions) = state else { continue };
        for partition in partitions.keys() {
            let mut slice: Slice = vec![None; keys];
            read.by.iter().zip(partition).for_each(|((_, key), value)| slice[*key].clone_from(value));
            if !slice.contains(&None) && !fingerprints.contains_key(&slice) {
                let fingerprint = of_slice(dataset, &slice, &reads);
                fingerprints.insert(slice, fingerprint);
            }
        }
    }
    let nulls = vec![None; keys];
    let fingerprint = of_slice(dataset, &nulls, &null_reads);
    fingerprints.insert(nulls, fingerprint);
    Ok(fingerprints)
}

fn of_slice(dataset: &Dataset, slice: &Slice, reads: &[(&Read, State)]) -> String {
    let mut hash = Hash::of(dataset);
    slice.iter().for_each(|value| hash.add(&format!("{value:?}")));
    for (read, state) in reads {
        hash.add(&read.table.to_string());
        for field in read.schema.fields() {
            hash.add(&format!("{} {}", field.name(), field.data_type()));
        }
        match state {
            State::Whole(state) => hash.add(state),
            State::Files(partitions) => {
                let partition: Vec<PartitionValue> = read.by.iter().map(|(_, key)| slice[*key].clone()).collect();
                let files = partitions.get(&partition).copied().unwrap_or_default();
                hash.add(&format!("{:?} {files:x}", read.by));
            }
        }
    }
    // 64 bits: each comparison is of one slice with what it was before, so there is no one else to be taken for.
    hash.hex()[..16].to_string()
}

/// What a table has for the slices that read it.
enum State {
    /// The same for all slices.
    Whole(String),
    /// The sum of the files' identities, by the values of the partition columns that are bound to keys.
    Files(HashMap<Vec<PartitionValue>, u128>),
}

async fn states<'r>(lake: &Lake, inputs: &[(TableName, String)], reads: &'r [Read]) -> Result<Vec<(&'r Read, State)>> {
    let mut states = vec![];
    for read in reads {
        let state = match read.by.is_empty() {
            true => {
                let input = inputs.iter().find(|(table, _)| *table == read.table);
                State::Whole(input.expect("a query reads what its dataset says").1.clone())
            }
            false => {
                let mut partitions: HashMap<Vec<PartitionValue>, u128> = HashMap::new();
                tree::each_file(lake, &read.files, |file| {
                    let partition = read.by.iter().map(|(column, _)| file.partition[*column].clone()).collect();
                    let files = partitions.entry(partition).or_default();
                    *files = files.wrapping_add(file.identity());
                })
                .await?;
                State::Files(partitions)
            }
        };
        states.push((read, state));
    }
    Ok(states)
}

/// The state of each table that the dataset reads, as it lies in the lake now.
pub(super) async fn inputs(lake: &Lake, dataset: &Dataset) -> Result<Vec<(TableName, String)>> {
    let mut states = vec![];
    for table in &dataset.inputs {
        let state = state(lake, table).await?.ok_or_else(|| {
            Error::failed(format!("it reads `{table}`, which is not in the lake"))
                .hint(format!("make that too: trapiche run +{}", dataset.name.name))
        })?;
        states.push((table.clone(), state));
    }
    Ok(states)
}

/// What a table was made from; `None` when it was never made.
pub(super) async fn state(lake: &Lake, table: &TableName) -> Result<Option<String>> {
    Ok(match table.zone {
        Zone::Raw => source_state::latest(lake, &table.name).await?.map(|source| source.content()),
        Zone::Trusted | Zone::Refined => version::latest(lake, table).await?.map(|version| version.fingerprint),
    })
}

/// How much the dataset reads at most, as it lies in the lake.
pub(super) async fn input_bytes(lake: &Lake, dataset: &Dataset) -> Result<u64> {
    let mut sum = 0;
    for table in &dataset.inputs {
        sum += match table.zone {
            Zone::Raw => source_state::latest(lake, &table.name).await?.map_or(0, |source| source.bytes()),
            Zone::Trusted | Zone::Refined => version::latest(lake, table).await?.map_or(0, |v| v.files.bytes()),
        };
    }
    Ok(sum)
}

/// A hash over texts, each with its length, so that no two lists of texts are one.
struct Hash(Sha256);

impl Hash {
    /// Begins with what all of a dataset's fingerprints have.
    fn of(dataset: &Dataset) -> Self {
        let mut hash = Hash(Sha256::new());
        hash.add(env!("CARGO_PKG_VERSION"));
        hash.add(&dataset.fingerprint_text);
        hash
    }

    fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
