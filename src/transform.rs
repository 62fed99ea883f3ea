//! From SQL to a table: one `.sql` file becomes the next version of one table.

use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;

use crate::engine::faults::Asked;
use crate::engine::slices::SliceWrite;
use crate::engine::write::merge;
use crate::engine::write::store::{self, Published, TableWrite, WriteContext};
use crate::engine::{Session, faults};
use crate::error::{Error, Result, Span};
use crate::project::{Check, Dataset, Query, WriteMode};
use crate::spark::sql::Parsed;

/// The query over the tables that `session` has open, with which its checks can be planned.
pub async fn plan(dataset: &Dataset, query: &Query, session: &Session) -> Result<LogicalPlan> {
    let refused = async |error: DataFusionError, asked: Asked, whole: &Span| match faults::known(&error) {
        Some(of_ours) => of_ours,
        None => {
            let fault = session.locate(&error, &asked, &dataset.text).await.swap_remove(0);
            let problem = fault.in_file(&dataset.file, &dataset.text, whole);
            problem.hint.iter().fold(Error::failed(problem.to_string()), Error::hint)
        }
    };
    let Parsed { statement, span, .. } = &query.parsed;
    let plan = match session.plan(statement.clone()).await {
        Ok(plan) => plan,
        Err(error) => return Err(refused(error, Asked::Statement(statement.clone()), span).await),
    };
    for Check { name, keeps, place, .. } in &query.checks {
        if let Err(error) = session.plan_condition(keeps, plan.schema()) {
            let asked = Asked::Condition(keeps.clone(), plan.schema().clone());
            return Err(refused(error, asked, place).await.context(format!("check `{name}`")));
        }
    }
    Ok(plan)
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
        layout: query.layout,
        key: &query.key,
        checks: &query.checks,
        dedupe: query.dedupe.as_ref(),
        slices,
        head: &context.own[0],
        fingerprint: context.fingerprint,
        stamp: context.stamp,
        meter: context.meter,
    };
    match query.write {
        WriteMode::Merge => merge::merge(session, session.frame(plan), write).await,
        WriteMode::Error | WriteMode::Append | WriteMode::Overwrite | WriteMode::OverwritePartitions => {
            store::store(session, session.frame(plan), write).await
        }
    }
}
