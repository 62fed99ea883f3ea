//! A source as a table: the parts of its live landings are read as they were received, in parallel, and columns appear in lower case.
//!
//! Only the columns that a query asks for are built. CSV fields beyond what a row has are null; a field too many, or
//! a value that does not fit a column's type, is an error that names file and row. JSON that is an object or array
//! where the schema says text (because it came in several kinds) appears as its JSON text. Of a source with a key only the newest
//! row of each is [seen](super::keyed).

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectStore;

use super::keyed::{self, KeyedLandings, Sees};
use super::names::lower_case;
use super::scan::{RawScanExec, ScanPart, ScanPlan};
use crate::error::Result;
use crate::lake::landing::Landing;
use crate::lake::{Lake, columns};

/// The table that the live landings of a source, one at least, are to SQL.
///
/// # Errors
/// If they are not all read in the same way, or their columns have no types in common.
pub fn table(lake: &Lake, landings: &[Landing]) -> Result<Arc<dyn TableProvider>> {
    let schema = columns::of_landings(landings)?;
    let all = RawTable {
        store: lake.store().clone(),
        presented: lower_case(&schema),
        schema,
        landings: landings.into(),
        first: 0,
        sees: Sees::Rows,
    };
    match KeyedLandings::of(landings) {
        None => Ok(Arc::new(all)),
        Some(keyed) => keyed::table(keyed, |landings, sees| {
            let first = landings.start;
            let (landings, presented) = (Arc::from(&all.landings[landings]), keyed::placed(&all.presented, sees));
            let (store, schema) = (all.store.clone(), all.schema.clone());
            Arc::new(RawTable { store, schema, presented, landings, first, sees })
        }),
    }
}

/// The rows of some landings, each as it landed.
#[derive(Debug)]
struct RawTable {
    store: Arc<dyn ObjectStore>,
    /// The columns that all landings of the source have together, under the names that they landed with.
    schema: SchemaRef,
    /// As SQL sees them.
    presented: SchemaRef,
    landings: Arc<[Landing]>,
    /// The number of the first landing among all of the source.
    first: usize,
    sees: Sees,
}

#[async_trait]
impl TableProvider for RawTable {
    fn schema(&self) -> SchemaRef {
        self.presented.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.presented.fields().len()).collect();
        let mut parts = vec![];
        for (number, landing) in self.landings.iter().enumerate() {
            let gone = landing.gone.iter().filter(|_| self.sees == Sees::PlacesAndGone);
            for (place, part) in landing.parts.iter().chain(gone).enumerate() {
                let is_placed = self.sees != Sees::Rows;
                let first_row = if is_placed { keyed::place_of(self.first + number, place)? } else { 0 };
                parts.push(ScanPart { landing: number, first_row, part: part.clone() });
            }
        }
        let plan = ScanPlan::new(
            self.landings.to_vec(),
            self.schema.clone(),
            projection.unwrap_or(&all).clone(),
            (parts, state.config().target_partitions()),
            state.config().batch_size(),
        );
        Ok(Arc::new(RawScanExec::new(self.store.clone(), plan)?))
    }
}
