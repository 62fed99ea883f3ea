//! Statistics and clustering: from a table's rows to the tables that a model makes.
//!
//! `describe` profiles columns, `kmeans` groups rows. Both take the engine's plan of their input and
//! give back Arrow batches, which are stored like any other table.

mod columns;
pub mod features;
pub mod kmeans;
pub mod profile;

use arrow::datatypes::SchemaRef;

use crate::engine::Session;
use crate::engine::write::store::{self, TableWrite, WriteContext};
use crate::error::Result;
use crate::lake::TableName;
use crate::lake::table::head::Head;
use crate::lake::table::version::FileLayout;
use crate::project::{Dataset, Model, WriteMode};
use crate::report::Made;
use kmeans::KmeansTables;

/// Fits the model to its input, which `session` has open, and publishes its tables; what these are then.
pub async fn analyze(
    dataset: &Dataset,
    model: &Model,
    session: &Session,
    context: &WriteContext<'_>,
) -> Result<(Made, Vec<Head>)> {
    let input = session.table(model.input()).await?;
    let tables = match model {
        Model::Describe(spec) => vec![session.rows(profile::describe(input, spec).await?)?],
        Model::Kmeans(spec) => {
            let KmeansTables { assignments, centers, metrics } = kmeans::kmeans(input, spec).await?;
            vec![assignments, session.rows(centers)?, session.rows(metrics)?]
        }
    };
    let (mut made, mut heads) = (Made::default(), vec![]);
    let main = &dataset.name;
    // The main table last: with it the model counts as made.
    for ((table, head), rows) in dataset.outputs.iter().zip(context.own).zip(tables).rev() {
        let write = TableWrite {
            table,
            partition_by: if table == main { model.partition_by() } else { &[] },
            mode: WriteMode::Overwrite,
            layout: FileLayout::default(),
            key: &[],
            checks: &[],
            dedupe: None,
            slices: None,
            head,
            fingerprint: context.fingerprint,
            stamp: context.stamp,
            meter: context.meter,
        };
        let published = store::store(session, rows, write).await?;
        made += published.made;
        heads.push(published.head);
    }
    Ok((made, heads))
}

/// The columns of the tables that the model would make of its input, which `session` has open.
///
/// # Errors
/// A configuration error for a column that does not exist or does not fit.
pub async fn outputs(session: &Session, dataset: &Dataset, model: &Model) -> Result<Vec<(TableName, SchemaRef)>> {
    let input = session.table(model.input()).await?;
    let schemas = match model {
        Model::Describe(spec) => vec![profile::describe(input, spec).await?.schema()],
        Model::Kmeans(spec) => {
            let KmeansTables { assignments, centers, metrics } = kmeans::unfitted(input, spec).await?;
            let assignments = session.stored_schema(assignments.logical_plan(), &spec.partition_by)?;
            vec![assignments, centers.schema(), metrics.schema()]
        }
    };
    Ok(dataset.outputs.iter().cloned().zip(schemas).collect())
}
