//! Files whose rows are kept in memory, because they are asked for again and again.

use std::sync::Arc;
use std::time::Duration;

use datafusion::logical_expr::ident;
use datafusion::prelude::DataFrame;
use moka::sync::Cache;
use tokio::sync::Semaphore;

use super::columns::ShownColumns;
use crate::engine::read::kept::KeptRows;
use crate::engine::{Session, faults};
use crate::error::Result;
use crate::lake::table::data_file::DataFile;
use crate::lake::table::version::Version;

/// A file never changes: what was read of it stays right.
pub struct RowCache {
    kept: Cache<String, Arc<KeptRows>>,
    /// Files that were asked for, and are not kept.
    wanted: Cache<String, Wanted>,
    largest_bytes: u64,
    /// Files are read to be kept one after the other, beside the answers.
    reading: Arc<Semaphore>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    Once,
    /// It is being read, or it is too large.
    Often,
}

/// What nobody has asked for so long makes room.
const IDLE: Duration = Duration::from_secs(600);

/// Files of which it is remembered that they were asked for.
const REMEMBERED: u64 = 10_000;

impl RowCache {
    /// With room for so many bytes.
    pub fn new(bytes: u64) -> RowCache {
        let weight = |_: &String, rows: &Arc<KeptRows>| u32::try_from(rows.bytes / 1024).unwrap_or(u32::MAX).max(1);
        RowCache {
            kept: Cache::builder().max_capacity(bytes / 1024).weigher(weight).time_to_idle(IDLE).build(),
            wanted: Cache::builder().max_capacity(REMEMBERED).time_to_idle(IDLE).build(),
            largest_bytes: bytes / 2,
            reading: Arc::new(Semaphore::new(1)),
        }
    }

    /// How many files there are.
    pub fn files(&self) -> u64 {
        self.kept.run_pending_tasks();
        self.kept.entry_count()
    }

    /// The rows of these files of a version, if all of them are here. Those that are not will be, if they are asked for again.
    pub fn rows(
        &self,
        session: &Session,
        version: &Version,
        columns: &ShownColumns,
        files: &[DataFile],
    ) -> Result<Option<Vec<Arc<KeptRows>>>> {
        let mut found = vec![];
        for file in files {
            // The same file has other columns in a version with more of them.
            match self.kept.get(&file.path).filter(|kept| columns.are(&kept.schema)) {
                Some(kept) => found.push(kept),
                None => self.ask(session, version, columns, file)?,
            }
        }
        Ok((found.len() == files.len()).then_some(found))
    }

    /// The same as a frame, from memory where all are here.
    pub fn frame(
        &self,
        session: &Session,
        version: &Version,
        columns: &ShownColumns,
        files: Vec<DataFile>,
    ) -> Result<DataFrame> {
        match self.rows(session, version, columns, &files)? {
            Some(kept) if !kept.is_empty() => session.kept_rows(kept[0].schema.clone(), kept.iter().map(AsRef::as_ref)),
            _ => shown(session.some_files(version, files)?, columns),
        }
    }

    fn ask(&self, session: &Session, version: &Version, columns: &ShownColumns, file: &DataFile) -> Result<()> {
        if file.bytes > self.largest_bytes {
            return Ok(());
        }
        match self.wanted.get(&file.path) {
            Some(Wanted::Often) => return Ok(()),
            None => {
                self.wanted.insert(file.path.clone(), Wanted::Once);
                return Ok(());
            }
            Some(Wanted::Once) => self.wanted.insert(file.path.clone(), Wanted::Often),
        }
        let rows = shown(session.some_files(version, vec![file.clone()])?, columns)?;
        let (kept, wanted, reading) = (self.kept.clone(), self.wanted.clone(), self.reading.clone());
        let (path, most_bytes) = (file.path.clone(), self.largest_bytes);
        tokio::spawn(async move {
            let _turn = reading.acquire().await;
            match KeptRows::read(rows, most_bytes).await {
                Ok(Some(rows)) => {
                    kept.insert(path.clone(), Arc::new(rows));
                    // Should it have to make room, it can come again.
                    wanted.invalidate(&path);
                }
                // Too large.
                Ok(None) => {}
                // Whoever asks for it is told why.
                Err(_) => wanted.invalidate(&path),
            }
        });
        Ok(())
    }
}

fn shown(rows: DataFrame, columns: &ShownColumns) -> Result<DataFrame> {
    rows.select(columns.iter().map(|field| ident(field.name())).collect::<Vec<_>>()).map_err(faults::explain)
}
