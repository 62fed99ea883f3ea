//! From SQL to a table: one `.sql` file becomes the next version of one table.

use datafusion::logical_expr::LogicalPlan;

use crate::engine::slices::SliceWrite;
use crate::engine::write::store::{self, Published, TableWrite, WriteContext};
use crate::engine::{Session, faults};
use crate::error::Result;
use crate::project::{Dataset, Query};
use crate::spark::sql;

/// The query over the tables that `session` has open.
pub async fn plan(dataset: &Dataset, query: &Query, session: &Session) -> Result<LogicalPlan> {
    let statement = sql::parse(&query.sql).expect("the project's queries were parsed when it was loaded");
    session.plan(statement).await.map_err(|error| faults::placed(&error, &dataset.file, &query.sql))
}

/// Runs the query over the tables that `session` has open and publishes its rows: those of some slices, if these say so.
pub async fn transform(
    dataset: &Dataset,
    query: &Query,
    slices: Option<&SliceWrite>,
    session: &Session,
    context: &WriteContext<'_>,
) -> Result<Published> {
    let plan = plan(dataset, query, session).await?;
    let write = TableWrite {
        table: &dataset.name,
        partition_by: &query.partition_by,
        mode: query.write,
        checks: &query.checks,
        slices,
        head: &context.own[0],
        fingerprint: context.fingerprint,
        stamp: context.stamp,
        meter: context.meter,
    };
    store::store(session, session.frame(plan), write).await
}
