//! Statistics and clustering: from a table's rows to the tables that a model makes.
//!
//! `describe` profiles columns, `kmeans` groups rows. Both take the engine's plan of their input and
//! give back Arrow batches, which are stored like any other table.

mod columns;
pub mod features;
pub mod kmeans;
pub mod profile;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::prelude::DataFrame;

use crate::engine::Session;
use crate::engine::write::store::{self, TableWrite};
use crate::error::Result;
use crate::lake::TableName;
use crate::project::{Dataset, Model, WriteMode};
use crate::report::{Made, Meter, RunStamp};
use kmeans::KmeansTables;

/// Fits the model to its input, which `session` has open, and publishes its tables.
pub async fn analyze(
    dataset: &Dataset,
    model: &Model,
    session: &Session,
    fingerprint: &str,
    stamp: &RunStamp,
    meter: &Meter,
) -> Result<Made> {
    let input = session.table(model.input()).await?;
    let tables = match model {
        Model::Describe(spec) => vec![session.rows(profile::describe(input, spec).await?)?],
        Model::Kmeans(spec) => {
            let KmeansTables { assignments, centers, metrics } = kmeans::kmeans(input, spec).await?;
            vec![assignments, session.rows(centers)?, session.rows(metrics)?]
        }
    };
    let mut made = Made::default();
    // The main table last: with it the model counts as made.
    for (table, rows) in dataset.outputs.iter().zip(tables).rev() {
        let write = TableWrite {
            table,
            partition_by: &[],
            mode: WriteMode::Overwrite,
            checks: &[],
            slices: None,
            fingerprint,
            stamp,
            meter,
        };
        made += store::store(session, rows, write).await?;
    }
    Ok(made)
}

/// The columns of the tables that the model would make of an input with `input`'s columns.
///
/// # Errors
/// A configuration error for a column that does not exist or does not fit.
pub async fn outputs(dataset: &Dataset, model: &Model, input: DataFrame) -> Result<Vec<(TableName, SchemaRef)>> {
    let schemas = match model {
        Model::Describe(spec) => vec![profile::describe(input, spec).await?.schema()],
        Model::Kmeans(spec) => {
            let KmeansTables { assignments, centers, metrics } = kmeans::unfitted(input, spec).await?;
            vec![Arc::new(assignments.schema().as_arrow().clone()), centers.schema(), metrics.schema()]
        }
    };
    Ok(dataset.outputs.iter().cloned().zip(schemas).collect())
}
