//! The rows of a statement, as they come. What goes wrong on the way is an error of ours.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::cluster::{self, Members};
use crate::error::{Error, Result};

/// A result that is being computed.
pub struct Rows {
    stream: SendableRecordBatchStream,
    /// The workers that compute it, if they do.
    members: Option<Arc<Members>>,
}

impl Rows {
    pub(super) fn new(stream: SendableRecordBatchStream, members: Option<Arc<Members>>) -> Rows {
        Rows { stream, members }
    }

    pub fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }

    /// The next rows; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let next = self.stream.next().await.transpose().map_err(Error::from);
        match &self.members {
            Some(_) => next.map_err(|error| cluster::of_workers(error, &[])),
            None => next,
        }
    }
}
