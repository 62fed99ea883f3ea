//! What a run knows of the lake's tables, so that nothing is asked twice.
//!
//! Nobody else changes a table while the run's claim on it holds. So the names of all claimed tables are listed once, as soon
//! as the claim is held, and from the end of its dataset on such a table is what it was found or made to be. Any other
//! table may be changed at any time, and is looked at for each dataset that reads it; but what its names still say to be
//! the newest is not read again. Nothing here decides who may commit: that does the creation of the version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::error::Result;
use crate::ingest::BeforeCapture;
use crate::lake::current::{self, Current};
use crate::lake::live::Live;
use crate::lake::state_shelf::StateShelf;
use crate::lake::table::head::Head;
use crate::lake::table::shelf::Shelf;
use crate::lake::table::{attic, commit};
use crate::lake::{Lake, TableName, Zone};
use crate::project::{Dataset, Definition, Project};

pub(super) struct KnownTables {
    lake: Lake,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    /// The names of the claimed tables' versions, and of the claimed sources' states.
    shelves: BTreeMap<TableName, Shelf>,
    state_shelves: BTreeMap<TableName, StateShelf>,
    /// What each table was when it was last looked at.
    seen: BTreeMap<TableName, Current>,
    /// Those that stay so.
    settled: BTreeSet<TableName>,
}

impl KnownTables {
    /// For whoever has claimed nothing. The sources are as they were `seen`, or others by now.
    pub(super) fn unclaimed(lake: &Lake, seen: BTreeMap<TableName, Live>) -> KnownTables {
        let seen = seen.into_iter().map(|(source, live)| (source, Current::Source(live))).collect();
        KnownTables { lake: lake.clone(), tables: Mutex::new(Tables { seen, ..Tables::default() }) }
    }

    /// For a run that has just claimed these datasets: their names are listed here, since what was listed before the claim
    /// may be old.
    pub(super) async fn claimed(
        lake: &Lake,
        chosen: &[&Dataset],
        seen: BTreeMap<TableName, Live>,
    ) -> Result<KnownTables> {
        let (sources, tables): (Vec<&TableName>, Vec<&TableName>) =
            chosen.iter().flat_map(|dataset| &dataset.outputs).partition(|table| table.zone == Zone::Raw);
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let shelves = Shelf::look_at_all(lake, &tables).await?;
        let state_shelves = StateShelf::look_at_all(lake, &names).await?;
        let known = KnownTables::unclaimed(lake, seen);
        {
            let mut all = known.tables();
            all.shelves = tables.into_iter().cloned().zip(shelves).collect();
            all.state_shelves = sources.into_iter().cloned().zip(state_shelves).collect();
        }
        Ok(known)
    }

    /// What a dataset reads; `None` when it was never made.
    pub(super) async fn look(&self, table: &TableName) -> Result<Option<Current>> {
        let (seen, is_settled) = {
            let tables = self.tables();
            (tables.seen.get(table).cloned(), tables.settled.contains(table))
        };
        if is_settled {
            return Ok(seen);
        }
        let current = current::look(&self.lake, table, seen.as_ref()).await?;
        if let Some(current) = &current {
            self.tables().seen.insert(table.clone(), current.clone());
        }
        Ok(current)
    }

    /// A claimed table as it is to be made again, once all that dead runs had begun on it is ended.
    pub(super) async fn open(&self, table: &TableName, run_id: &str) -> Result<Head> {
        let listed = self.tables().shelves.get(table).cloned();
        commit::open(&self.lake, table, run_id, listed).await
    }

    /// A claimed source before its capture.
    pub(super) fn before(&self, source: &TableName) -> BeforeCapture {
        let tables = self.tables();
        let seen = match tables.seen.get(source) {
            Some(Current::Source(live)) => Some(live.clone()),
            _ => None,
        };
        BeforeCapture { listed: tables.state_shelves.get(source).cloned().unwrap_or_default(), seen, parent: None }
    }

    /// Learns what a table is until the run's end.
    pub(super) fn settle(&self, head: Head) {
        let Some(version) = head.version else { return };
        let table = version.table.clone();
        self.tables().shelves.insert(table.clone(), head.shelf);
        self.settle_as(table, Current::Version(version));
    }

    pub(super) fn settle_source(&self, source: &TableName, live: Live) {
        self.settle_as(source.clone(), Current::Source(live));
    }

    fn settle_as(&self, table: TableName, current: Current) {
        let mut tables = self.tables();
        tables.settled.insert(table.clone());
        tables.seen.insert(table, current);
    }

    /// Removes what the claimed table has replaced longer ago than it is kept. `now` is the store's time.
    pub(super) async fn sweep(&self, table: &TableName, now: DateTime<Utc>) -> Result<()> {
        let (shelf, newest) = {
            let tables = self.tables();
            let Some(shelf) = tables.shelves.get(table).cloned() else { return Ok(()) };
            let newest = match tables.seen.get(table) {
                Some(Current::Version(version)) => Some(version.clone()),
                _ => None,
            };
            (shelf, newest)
        };
        attic::sweep(&self.lake, table, (&shelf, newest.as_ref()), self.lake.keep(), now).await
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Each change is one insertion, so whoever panicked left nothing half done.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The project's sources as the lake has them, as far as it can be read: whoever needs the rest will say what is wrong
/// with it. After one that cannot be read no more are asked for, as each answer that does not come takes seconds.
pub(super) async fn sources(lake: &Lake, project: &Project) -> BTreeMap<TableName, Live> {
    let is_source = |dataset: &&Dataset| matches!(dataset.definition, Definition::Source(_));
    let sources: BTreeSet<&TableName> =
        project.datasets.iter().filter(is_source).map(|dataset| &dataset.name).collect();
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    let mut seen = BTreeMap::new();
    for (source, shelf) in sources.into_iter().zip(StateShelf::look_at_all(lake, &names).await.unwrap_or_default()) {
        match Live::of(lake, &source.name, &shelf, None).await {
            Ok(live) => seen.extend(live.map(|live| (source.clone(), live))),
            Err(_) => break,
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Schema;
    use object_store::memory::InMemory;

    use super::*;
    use crate::lake::ObjectFormat;
    use crate::lake::table::commit::Replaces;
    use crate::lake::table::version::{FileLayout, Version};
    use crate::spark::types::Timestamps;

    async fn commit_next(lake: &Lake, table: &TableName) -> Head {
        let next = Version {
            format: ObjectFormat,
            table: table.clone(),
            version: 0,
            run_id: "another".to_string(),
            committed_at: DateTime::UNIX_EPOCH,
            fingerprint: String::new(),
            schema: Arc::new(Schema::empty()),
            timestamps: Timestamps::Micros,
            partition_by: vec![],
            key: vec![],
            layout: FileLayout::default(),
            files: vec![].into(),
            quarantine: vec![].into(),
            empty: vec![],
            replaced: vec![],
        };
        let head = Head::look(lake, table).await.unwrap();
        commit::commit(lake, &head, next, vec![], Replaces::Nothing).await.unwrap()
    }

    #[tokio::test]
    async fn what_another_run_may_change_is_looked_at_again_and_what_is_settled_is_not() {
        let lake = Lake::on("memory://lake", Arc::new(InMemory::new()), None).unwrap();
        let (known, table) = (KnownTables::unclaimed(&lake, BTreeMap::new()), TableName::new(Zone::Trusted, "t"));
        let number = async || match known.look(&table).await.unwrap() {
            Some(Current::Version(version)) => version.version,
            _ => 0,
        };
        assert_eq!(number().await, 0);
        for expected in 1..3 {
            commit_next(&lake, &table).await;
            assert_eq!((number().await, number().await), (expected, expected));
        }
        known.settle(commit_next(&lake, &table).await);
        commit_next(&lake, &table).await;
        assert_eq!(number().await, 3);
    }
}
