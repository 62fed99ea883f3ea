//! Of the rows with one key the latest: what `dedupe` asks for, found in one pass, below the write.
//!
//! ```text
//! rows with their checks' bits ── by a hash of the key ── each task keeps the latest row of each key ── the write
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `exec` | the execution plan, which travels to other machines |
//! | `task` | one task of it: rows are held, and spilled where there is no room for them |
//! | `winners` | the rows that are held, and of each key the latest so far |
//! | `order` | which rows have one key, and which of them is the latest |
//! | `beaten` | the rows that were not the latest: marked, or counted |
//! | `overflow` | rows on disk, by another hash of their key |
//!
//! It is a hash of the key and not a window, which would sort all rows: most keys have one row. Rows are held as they came, and
//! what is looked at of them is the key and one number, so that a row is not copied before the write deals it to its file: it is
//! there that the marked ones are left out. The other way, which was not taken, is to look at keys only, and then to ask for
//! the rows once more. It holds a quarter of the bytes, but the query is computed twice, which costs more than to spill its rows
//! would, and it need not give the same twice.
//!
//! Rows that a check takes out are passed on and win over none. Those that are not the latest are told to the write by
//! how many they were and which checks they broke, in rows of their own, so that all that came is accounted for in one place,
//! on however many machines.

mod beaten;
mod exec;
mod order;
mod overflow;
mod task;
#[cfg(test)]
mod tests;
mod winners;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, TryCastExpr};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};

use super::hive::WriteJob;
use crate::error::{Error, Result};
use crate::hints::suggest;
use crate::project::Dedupe;
use crate::spark::types;
pub use exec::LatestExec;

/// Puts it on top of a plan that gives what the job stores. `is_spread`: on several machines, each of which has as many
/// partitions.
pub(super) fn latest(
    plan: Arc<dyn ExecutionPlan>,
    job: &Arc<WriteJob>,
    dedupe: &Dedupe,
    is_spread: bool,
) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
    let tasks = plan.output_partitioning().partition_count();
    let plan = match tasks > 1 || is_spread {
        true => by_key(plan, job, dedupe, tasks)?,
        false => plan,
    };
    Ok(Arc::new(LatestExec::new(plan, job.clone())?))
}

/// Brings the rows of each key to one task.
fn by_key(
    plan: Arc<dyn ExecutionPlan>,
    job: &WriteJob,
    dedupe: &Dedupe,
    tasks: usize,
) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
    let given = plan.schema();
    let key = |name: &String| -> datafusion::error::Result<Arc<dyn PhysicalExpr>> {
        let place = job.schema.index_of(name)?;
        let column = Arc::new(Column::new(name, place));
        let (given, stored) = (given.field(place).data_type(), job.schema.field(place).data_type());
        // What is equal as a key must be so here: the two zeros, all NaN, and what is stored as one moment.
        Ok(match given {
            _ if given.is_floating() => Arc::new(TryCastExpr::new(column, DataType::Int64)),
            _ if given != stored => Arc::new(TryCastExpr::new(column, DataType::Date32)),
            _ => column,
        })
    };
    let keys = dedupe.key.iter().map(key).collect::<datafusion::error::Result<_>>()?;
    Ok(Arc::new(RepartitionExec::try_new(plan, Partitioning::Hash(keys, tasks))?))
}

/// Whether it can be told of such rows which have one key, and which of them is the latest.
///
/// # Errors
/// A configuration error for a column that does not exist, or of a type that has no such order.
pub(in crate::engine) fn check(schema: &Schema, dedupe: &Dedupe) -> Result<()> {
    for column in &dedupe.key {
        let field = find(schema, column, "to tell duplicates by")?;
        if field.data_type().is_nested() {
            let found = types::name(field.data_type());
            return Err(Error::config(format!("`{column}` is of type {found}, by which no duplicates are told"))
                .hint("a key is of text, numbers, dates, timestamps or truth values: give what is inside as a column")
                .about(column));
        }
    }
    for column in &dedupe.latest_by {
        let field = find(schema, column, "to tell the latest row by")?;
        if field.data_type().is_nested() {
            let found = types::name(field.data_type());
            return Err(Error::config(format!("`{column}` is of type {found}, which has no latest value"))
                .hint("`latest_by` is of timestamps, dates, numbers or texts: give what is inside as a column")
                .about(column));
        }
    }
    Ok(())
}

fn find<'a>(schema: &'a Schema, column: &str, what_for: &str) -> Result<&'a Field> {
    schema.field_with_name(column).map_err(|_| {
        Error::config(format!("there is no column `{column}` {what_for}"))
            .hint(suggest(column, schema.fields().iter().map(|field| field.name().as_str())))
            .about(column)
    })
}
