//! Which version of a table is the newest, looked up when somebody asks and the last look is a while ago.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::error::Result;
use crate::lake::current::{self, Current};
use crate::lake::moment::Moment;
use crate::lake::table::version::{self, AsOf, Version};
use crate::lake::{Lake, TableName};

/// How old an answer's version may be: a look is a listing, which a store takes money for.
pub const FRESH: Duration = Duration::from_secs(1);

/// Older versions of a table that are remembered, for the sequences of pages that are under way.
const OLDER: usize = 16;

/// What was seen of the tables that are served.
pub struct Versions {
    lake: Lake,
    tables: HashMap<TableName, Mutex<SeenVersions>>,
}

#[derive(Default)]
struct SeenVersions {
    newest: Option<(Instant, Option<Arc<Version>>)>,
    /// Of earlier numbers, with the moment of the look that found them kept.
    older: Vec<(Instant, Arc<Version>)>,
}

impl Versions {
    pub fn new(lake: Lake, tables: impl Iterator<Item = TableName>) -> Versions {
        Versions { lake, tables: tables.map(|table| (table, Mutex::default())).collect() }
    }

    /// The table as it is, or was a second ago; `None` when it was never made. Those who ask at once share one look.
    pub async fn newest(&self, table: &TableName) -> Result<Option<Arc<Version>>> {
        let mut seen = self.seen(table).lock().await;
        if let Some((at, version)) = &seen.newest
            && at.elapsed() < FRESH
        {
            return Ok(version.clone());
        }
        let before = seen.newest.as_ref().and_then(|(_, version)| version.clone());
        let known = before.as_deref().map(|version| Current::Version(version.clone()));
        let found = match current::look(&self.lake, table, known.as_ref()).await? {
            Some(Current::Version(found)) => match before {
                Some(before) if before.version == found.version => Some(before),
                _ => Some(Arc::new(found)),
            },
            Some(Current::Source(_)) | None => None,
        };
        seen.newest = Some((Instant::now(), found.clone()));
        Ok(found)
    }

    /// The version of a number, as long as it is kept.
    pub async fn numbered(&self, table: &TableName, number: u64) -> Result<Option<Arc<Version>>> {
        if let Some(newest) = self.newest(table).await?.filter(|newest| newest.version == number) {
            return Ok(Some(newest));
        }
        let mut seen = self.seen(table).lock().await;
        let known = seen.older.iter().find(|(at, version)| version.version == number && at.elapsed() < FRESH);
        if let Some((_, version)) = known {
            return Ok(Some(version.clone()));
        }
        seen.older.retain(|(_, version)| version.version != number);
        let found = version::numbered(&self.lake, table, number).await?.map(Arc::new);
        if let Some(found) = &found {
            if seen.older.len() == OLDER {
                seen.older.remove(0);
            }
            seen.older.push((Instant::now(), found.clone()));
        }
        Ok(found)
    }

    /// The table as it was at the end of a run; `None` when there is no such run, or the table was not there or is not
    /// kept from then.
    pub async fn as_of(&self, table: &TableName, run_id: &str) -> Result<Option<Arc<Version>>> {
        let Some(moment) = Moment::end_of(&self.lake, run_id).await? else { return Ok(None) };
        match version::as_of(&self.lake, table, &moment).await? {
            AsOf::Version(version) => Ok(Some(Arc::new(version))),
            AsOf::Gone { .. } | AsOf::NotMadeYet => Ok(None),
        }
    }

    fn seen(&self, table: &TableName) -> &Mutex<SeenVersions> {
        &self.tables[table]
    }
}
