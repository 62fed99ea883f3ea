//! The rows of a statement, as they come. What goes wrong on the way is an error of ours.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::cluster::{self, Members};
use crate::error::{Error, Result};
use crate::spark::sql::names;

/// A result that is being computed.
pub struct Rows {
    stream: SendableRecordBatchStream,
    /// With the names that users see.
    schema: SchemaRef,
    /// The workers that compute it, if they do.
    members: Option<Arc<Members>>,
}

impl Rows {
    pub(super) fn new(stream: SendableRecordBatchStream, members: Option<Arc<Members>>) -> Rows {
        let named = |field: &Field| field.clone().with_name(names::shown(field.name()));
        let fields: Vec<Field> = stream.schema().fields().iter().map(|field| named(field)).collect();
        Rows { stream, schema: Arc::new(Schema::new(fields)), members }
    }

    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The next rows; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let next = self.stream.next().await.transpose().map_err(Error::from);
        let next = next.and_then(|rows| match rows {
            Some(rows) => {
                let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
                let named = RecordBatch::try_new_with_options(self.schema.clone(), rows.columns().to_vec(), &options);
                Ok(Some(named.map_err(DataFusionError::from)?))
            }
            None => Ok(None),
        });
        match &self.members {
            Some(_) => next.map_err(|error| cluster::of_workers(error, &[])),
            None => next,
        }
    }
}
