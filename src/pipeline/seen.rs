//! One look at the lake before a dataset is decided on: its own tables and what it reads, each manifest read once. What
//! is decided and what is then made are of this one state, whatever is committed meanwhile.

use crate::engine::{Engine, Session};
use crate::error::{Error, Result};
use crate::lake::current::{self, Current};
use crate::lake::table::version::{self, Version};
use crate::lake::{Lake, TableName};
use crate::project::Dataset;

pub(super) struct Seen {
    /// The dataset's own tables, in the order of its outputs; `None` for one that was never made.
    pub own: Vec<Option<Version>>,
    /// What it reads.
    pub inputs: Vec<(TableName, Current)>,
    /// What it reads and nobody has made.
    missing: Option<TableName>,
}

impl Seen {
    pub(super) async fn look(lake: &Lake, dataset: &Dataset) -> Result<Seen> {
        let mut seen = Seen { own: vec![], inputs: vec![], missing: None };
        for table in &dataset.outputs {
            seen.own.push(version::latest(lake, table).await?);
        }
        for table in &dataset.inputs {
            match current::look(lake, table).await? {
                Some(current) => seen.inputs.push((table.clone(), current)),
                None => seen.missing = Some(table.clone()),
            }
        }
        Ok(seen)
    }

    /// A session that sees what the dataset reads.
    ///
    /// # Errors
    /// When something of it was never made.
    pub(super) fn session(&self, engine: &Engine, dataset: &Dataset) -> Result<Session> {
        if let Some(table) = &self.missing {
            return Err(Error::failed(format!("it reads `{table}`, which is not in the lake"))
                .hint(format!("make that too: trapiche run +{}", dataset.name.name)));
        }
        let session = engine.session()?;
        self.open_in(&session)?;
        Ok(session)
    }

    /// Lets a session see what the dataset reads.
    pub(super) fn open_in(&self, session: &Session) -> Result<()> {
        self.inputs.iter().try_for_each(|(_, current)| session.open_current(current))
    }

    /// How much the dataset reads at most.
    pub(super) fn input_bytes(&self) -> u64 {
        self.inputs.iter().map(|(_, current)| current.bytes()).sum()
    }
}
