//! What a dataset is made from, as one hash: equal hashes mean that making it again changes nothing.

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::lake::{Lake, TableName, Zone, landing, version};
use crate::project::Dataset;

/// Over the program's version, the dataset's definition and the state of every table that it reads.
pub(super) fn of(dataset: &Dataset, inputs: &[(TableName, String)]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(env!("CARGO_PKG_VERSION"));
    add(&dataset.fingerprint_text);
    for (table, state) in inputs {
        add(&table.to_string());
        add(state);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
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
        Zone::Raw => landing::latest(lake, &table.name).await?.map(|landing| landing.sha256),
        Zone::Trusted | Zone::Refined => version::latest(lake, table).await?.map(|version| version.fingerprint),
    })
}

/// How much the dataset reads at most, as it lies in the lake.
pub(super) async fn input_bytes(lake: &Lake, dataset: &Dataset) -> Result<u64> {
    let mut sum = 0;
    for table in &dataset.inputs {
        sum += match table.zone {
            Zone::Raw => landing::latest(lake, &table.name).await?.map_or(0, |landing| landing.bytes),
            Zone::Trusted | Zone::Refined => version::latest(lake, table).await?.map_or(0, |v| v.files.bytes()),
        };
    }
    Ok(sum)
}
