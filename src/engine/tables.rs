//! Which tables a session sees, and under which names: sources as `raw.<source>`, versions as `<zone>.<table>`, the rows that a version left out
//! as `quarantine.<zone>_<table>`, what runs did as `runs` and `run_datasets`.

use std::sync::{Arc, PoisonError};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::prelude::DataFrame;
use datafusion::sql::parser::Statement;

use super::read::runs::{RunsOf, RunsTable};
use super::{Session, read, state};
use crate::error::{Kind, Result};
use crate::lake::current::{self, Current};
use crate::lake::landing::Landing;
use crate::lake::moment::Moment;
use crate::lake::state::{self as source_state, SourceState};
use crate::lake::table::version::{self, AsOf, Version};
use crate::lake::{TableName, Zone};

/// The schema in which `query` shows the rows that broke a check: `quarantine.trusted_sales`.
pub const QUARANTINE: &str = "quarantine";

impl Session {
    /// Registers the table as it was at a moment; whether there was one. Of one that is not kept any longer only
    /// the columns are known, and a query that reads it says so.
    pub async fn open_as_of(&self, table: &TableName, moment: &Moment) -> Result<bool> {
        match table.zone {
            Zone::Raw => match source_state::as_of(&self.lake, &table.name, moment).await? {
                Some(state) => self.open_source(&state, &state.landings(&self.lake).await?).map(|()| true),
                None => Ok(false),
            },
            Zone::Trusted | Zone::Refined => match version::as_of(&self.lake, table, moment).await? {
                AsOf::Version(version) => self.open_version(&version).map(|()| true),
                AsOf::Gone { oldest } => {
                    let gone = Arc::new(read::version::GoneTable::new(&oldest, &moment.run_id));
                    self.register(table.zone.as_str(), &table.name, gone).map(|()| true)
                }
                AsOf::NotMadeYet => Ok(false),
            },
        }
    }

    /// Registers the table as it lies in the lake now; whether there is one.
    pub async fn open(&self, table: &TableName) -> Result<bool> {
        match current::look(&self.lake, table, None).await? {
            Some(current) => self.open_current(&current).map(|()| true),
            None => Ok(false),
        }
    }

    /// Registers a table as it was at a look, whatever was committed meanwhile.
    pub fn open_current(&self, current: &Current) -> Result<()> {
        match current {
            Current::Source(live) => self.open_source(&live.state, &live.landings),
            Current::Version(version) => self.open_version(version),
        }
    }

    /// Registers the table as [`open`](Session::open) does. If it cannot be read, whoever asks for it is told so, and
    /// nobody else.
    pub async fn open_if_readable(&self, table: &TableName) -> Result<()> {
        match self.open(table).await {
            Err(error) if error.kind() != Kind::Connection => {
                self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).insert(table.clone());
                Ok(())
            }
            opened => opened.map(drop),
        }
    }

    /// Tries again to read those of the statement's tables that could not be read.
    pub(super) async fn open_what_it_reads(&self, statement: &Statement) -> datafusion::error::Result<()> {
        let unreadable = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if unreadable.is_empty() {
            return Ok(());
        }
        for reference in self.context.state().resolve_table_references(statement)? {
            let is_meant = |table: &&TableName| match reference.schema() {
                Some(QUARANTINE) => reference.table() == quarantine_name(table),
                schema => schema == Some(table.zone.as_str()) && reference.table() == table.name,
            };
            if let Some(table) = unreadable.iter().find(is_meant) {
                self.open(table).await.map_err(|error| DataFusionError::External(Box::new(error)))?;
            }
        }
        Ok(())
    }

    fn open_source(&self, state: &SourceState, landings: &[Landing]) -> Result<()> {
        self.register(Zone::Raw.as_str(), &state.source, read::landing::table(&self.lake, landings)?)
    }

    /// Registers a landing as all that its source is, whatever the lake says of it.
    pub fn open_landing(&self, landing: &Landing) -> Result<()> {
        let table = read::landing::table(&self.lake, std::slice::from_ref(landing))?;
        self.register(Zone::Raw.as_str(), &landing.source, table)
    }

    /// Registers a version under its table's name, and the rows that it left out under their own.
    fn open_version(&self, version: &Version) -> Result<()> {
        let table = &version.table;
        if !version.quarantine.is_empty() {
            let bad = Arc::new(read::version::LakeTable::quarantine(&self.lake, version));
            self.register(QUARANTINE, &quarantine_name(table), bad)?;
        }
        self.register(table.zone.as_str(), &table.name, Arc::new(read::version::LakeTable::new(&self.lake, version)))
    }

    /// Registers `runs` and `run_datasets`: what runs did in this lake.
    pub fn open_runs(&self) -> Result<()> {
        let provider = self.context.catalog(state::CATALOG).and_then(|catalog| catalog.schema(state::SESSION_SCHEMA));
        let provider = provider.expect("every session has it");
        for (name, of) in [("runs", RunsOf::Lake), ("run_datasets", RunsOf::Datasets)] {
            provider.register_table(name.to_string(), Arc::new(RunsTable::new(&self.lake, of)))?;
        }
        Ok(())
    }

    /// Registers a table of which only the columns are known, to plan against.
    pub fn open_empty(&self, table: &TableName, schema: SchemaRef) -> Result<()> {
        self.register(table.zone.as_str(), &table.name, Arc::new(EmptyTable::new(schema)))
    }

    fn register(&self, schema: &str, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        let provider = self.context.catalog(state::CATALOG).and_then(|catalog| catalog.schema(schema));
        provider.expect("every zone is a schema").register_table(name.to_string(), table)?;
        Ok(())
    }

    /// Registers rows under the name of a table, in place of all that it has.
    pub fn open_rows(&self, table: &TableName, rows: DataFrame) -> Result<()> {
        self.register(table.zone.as_str(), &table.name, rows.into_view())
    }
}

/// Under which name `query` shows the rows that the table left out.
fn quarantine_name(table: &TableName) -> String {
    format!("{}_{}", table.zone, table.name)
}
