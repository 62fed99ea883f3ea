//! The end of a run as a moment in the life of the lake: what had been made by then.

use chrono::{DateTime, Utc};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::{Lake, path};
use crate::error::{Error, Result};

/// When a run ended, by the store's clock. Those of the machines that the runs were on play no part: one that is ahead
/// would put its run behind all others.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    pub run_id: String,
    pub at: DateTime<Utc>,
}

impl Moment {
    /// The moment at which the run's report was written; `None` when the lake has no such run.
    pub async fn end_of(lake: &Lake, run_id: &str) -> Result<Option<Moment>> {
        let report = path::run_report(run_id);
        match lake.store().head(&Path::parse(&report)?).await {
            Ok(found) => Ok(Some(Moment { run_id: run_id.to_string(), at: found.last_modified })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::from(error).context(format!("reading `{report}`"))),
        }
    }

    /// Whether something that `run_id` has made, and the store has had since `made_at`, was there at that moment.
    ///
    /// S3 tells whole seconds: in that of the report the run's own is known to be there, and of others' what was begun
    /// earlier.
    pub fn has_seen(&self, run_id: &str, made_at: DateTime<Utc>) -> bool {
        run_id == self.run_id || made_at < self.at || (made_at == self.at && run_id < self.run_id.as_str())
    }
}
