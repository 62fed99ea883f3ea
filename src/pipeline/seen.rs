//! One look at the lake before a dataset is decided on: its own tables and what it reads. What is decided and what is then
//! made are of this one state, whatever is committed meanwhile.

use super::known::KnownTables;
use crate::engine::{Engine, Session};
use crate::error::{Error, Result};
use crate::lake::TableName;
use crate::lake::current::Current;
use crate::lake::table::head::Head;
use crate::project::Dataset;

pub(super) struct Seen {
    /// The dataset's own tables, in the order of its outputs.
    pub own: Vec<Head>,
    /// What it reads.
    pub inputs: Vec<(TableName, Current)>,
    /// What it reads and nobody has made.
    missing: Option<TableName>,
}

impl Seen {
    pub(super) async fn look(known: &KnownTables, dataset: &Dataset, own: Vec<Head>) -> Result<Seen> {
        let mut seen = Seen { own, inputs: vec![], missing: None };
        for table in &dataset.inputs {
            match known.look(table).await? {
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
