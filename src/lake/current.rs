//! What a table is at the moment: the live landings of a source, or the newest version of a table.

use super::live::Live;
use super::table::version::{self, Version};
use super::{Lake, TableName, Zone};
use crate::error::Result;

/// One look at a table. It stays what it is, whatever is committed after it.
#[derive(Debug, Clone)]
pub enum Current {
    Source(Live),
    Version(Version),
}

impl Current {
    /// Bytes of its files.
    pub fn bytes(&self) -> u64 {
        match self {
            Current::Source(live) => live.state.bytes(),
            Current::Version(version) => version.files.bytes(),
        }
    }
}

/// Reads the table's manifests; `None` when it was never made. What was `seen` of it before, if it is still that, is not
/// read again.
pub async fn look(lake: &Lake, table: &TableName, seen: Option<&Current>) -> Result<Option<Current>> {
    Ok(match table.zone {
        Zone::Raw => {
            let seen = seen.and_then(|seen| if let Current::Source(live) = seen { Some(live) } else { None });
            Live::look(lake, &table.name, seen).await?.map(Current::Source)
        }
        Zone::Trusted | Zone::Refined => {
            let seen = seen.and_then(|seen| if let Current::Version(version) = seen { Some(version) } else { None });
            version::look(lake, table, seen).await?.1.map(Current::Version)
        }
    })
}
