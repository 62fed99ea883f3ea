//! What a table is at the moment: the live landings of a source, or the newest version of a table.

use super::landing::Landing;
use super::state::{self, SourceState};
use super::table::version::{self, Version};
use super::{Lake, TableName, Zone};
use crate::error::Result;

/// One look at a table. It stays what it is, whatever is committed after it.
#[derive(Debug, Clone)]
pub enum Current {
    Source { state: SourceState, landings: Vec<Landing> },
    Version(Version),
}

impl Current {
    /// Bytes of its files.
    pub fn bytes(&self) -> u64 {
        match self {
            Current::Source { state, .. } => state.bytes(),
            Current::Version(version) => version.files.bytes(),
        }
    }
}

/// Reads the table's manifests; `None` when it was never made.
pub async fn look(lake: &Lake, table: &TableName) -> Result<Option<Current>> {
    Ok(match table.zone {
        Zone::Raw => match state::latest(lake, &table.name).await? {
            Some(state) => Some(Current::Source { landings: state.landings(lake).await?, state }),
            None => None,
        },
        Zone::Trusted | Zone::Refined => version::latest(lake, table).await?.map(Current::Version),
    })
}
