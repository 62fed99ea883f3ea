//! From SQL to a table: one `.sql` file becomes the next version of one table.

use crate::engine::store::{self, TableWrite};
use crate::engine::{Session, fault};
use crate::error::Result;
use crate::project::{Dataset, Query, sql};
use crate::report::{Made, Meter, RunStamp};

/// Runs the query over the tables that `session` has open and publishes its rows.
pub async fn transform(
    dataset: &Dataset,
    query: &Query,
    session: &Session,
    fingerprint: &str,
    stamp: &RunStamp,
    meter: &Meter,
) -> Result<Made> {
    let statement = sql::parse(&query.sql).expect("the project's queries were parsed when it was loaded");
    let plan = session.plan(statement).await.map_err(|error| fault::placed(&error, &dataset.file, &query.sql))?;
    let write = TableWrite {
        table: &dataset.name,
        partition_by: &query.partition_by,
        mode: query.write,
        checks: &query.checks,
        fingerprint,
        stamp,
        meter,
    };
    store::store(session, session.frame(plan), write).await
}
