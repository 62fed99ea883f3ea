//! A table as a run found it: its newest version, and the number that the next one will have.
//!
//! A run looks once at each table that it has claimed, and hands the head on from the decision to the commit: nobody else
//! changes the table while the claim holds. If somebody does all the same (a run that slept and does not know yet that its
//! claim is lost), the number that follows this head is taken by then, and the [commit](super::commit) says so.

use super::shelf::Shelf;
use super::version::{self, Version};
use crate::error::Result;
use crate::lake::{Lake, TableName};

#[derive(Debug, Clone, Default)]
pub struct Head {
    /// `None` when the table was never made.
    pub version: Option<Version>,
    /// The names as they were last listed. A version that was committed since, and replaced nothing, is not among them.
    pub shelf: Shelf,
}

impl Head {
    /// The table as it is now.
    pub async fn look(lake: &Lake, table: &TableName) -> Result<Head> {
        let (shelf, version) = version::look(lake, table, None).await?;
        Ok(Head { version, shelf })
    }

    /// Of all files of the table.
    pub fn bytes(&self) -> u64 {
        self.version.as_ref().map_or(0, |version| version.files.bytes())
    }

    /// What the version that follows is to be called.
    pub(in crate::lake) fn next_number(&self) -> u64 {
        let next = self.version.as_ref().map_or(1, |version| version.version + 1);
        next.max(self.shelf.next_number())
    }

    /// The table as these names say that it is; `None` when what they name is there no longer.
    pub(super) async fn of(lake: &Lake, table: &TableName, shelf: Shelf) -> Result<Option<Head>> {
        let newest = version::newest(lake, table, &shelf).await?;
        Ok(newest.map(|version| Head { version, shelf }))
    }
}
