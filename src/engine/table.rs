//! A table's version as the engine reads it: exactly the files of the version, partition values from it too.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::session::lake_url;
use crate::lake::version::{DataFile, Version};

/// One version of a table. Filters on partition columns are decided here, before any file is opened.
#[derive(Debug)]
pub(super) struct LakeTable {
    schema: SchemaRef,
    partition_fields: Vec<FieldRef>,
    files: Vec<DataFile>,
    /// One array per partition column, one value per file.
    partition_values: Vec<ArrayRef>,
}

impl LakeTable {
    pub(super) fn new(version: &Version) -> crate::error::Result<Self> {
        let data_columns = version.schema.fields().len() - version.partition_by.len();
        let partition_fields: Vec<FieldRef> = version.schema.fields()[data_columns..].to_vec();
        let mut partition_values = vec![];
        for (i, field) in partition_fields.iter().enumerate() {
            let spelled: StringArray = version.files.iter().map(|file| file.partition[i].as_deref()).collect();
            let typed = cast(&spelled, field.data_type()).map_err(|e| super::fault::explain(e.into()))?;
            partition_values.push(typed);
        }
        Ok(LakeTable {
            schema: version.schema.clone(),
            partition_fields,
            files: version.files.clone(),
            partition_values,
        })
    }

    /// The rows that the version left out because they broke a check, with their reasons.
    pub(super) fn quarantine(version: &Version) -> Self {
        let schema = quarantine_schema(&version.schema);
        LakeTable { schema, partition_fields: vec![], files: version.quarantine.clone(), partition_values: vec![] }
    }

    /// Which files may hold rows that pass the filters on partition columns.
    fn prune(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<bool>> {
        let all = vec![true; self.files.len()];
        let decided_here = filters.iter().filter(|filter| self.only_partitions(filter)).cloned();
        let Some(filter) = conjunction(decided_here) else { return Ok(all) };
        if self.files.is_empty() {
            return Ok(all);
        }
        let schema = Arc::new(Schema::new(self.partition_fields.clone()));
        let values = RecordBatch::try_new(schema.clone(), self.partition_values.clone())?;
        let expr = state.create_physical_expr(filter, &DFSchema::try_from(schema)?)?;
        let kept = expr.evaluate(&values)?.into_array(values.num_rows())?;
        let kept = arrow::array::AsArray::as_boolean(&kept);
        Ok(kept.iter().map(|keep| keep == Some(true)).collect())
    }

    fn only_partitions(&self, filter: &Expr) -> bool {
        let is_partition = |name: &str| self.partition_fields.iter().any(|field| field.name() == name);
        !filter.is_volatile() && filter.column_refs().iter().all(|column| is_partition(column.name()))
    }

    fn partitioned_file(&self, i: usize) -> Result<PartitionedFile> {
        let file = &self.files[i];
        let values = self.partition_values.iter().map(|values| ScalarValue::try_from_array(values, i));
        let path = object_store::path::Path::parse(&file.path).map_err(object_store::Error::from)?;
        let mut listed = PartitionedFile::new(path.to_string(), file.bytes);
        listed.object_meta.location = path;
        Ok(listed.with_partition_values(values.collect::<Result<_>>()?))
    }
}

/// A table's columns and why each row is not among them.
pub(super) fn quarantine_schema(schema: &Schema) -> SchemaRef {
    let reasons = DataType::List(Arc::new(Field::new("element", DataType::Utf8, true)));
    let fields = schema.fields().iter().cloned().chain([Arc::new(Field::new("_errors", reasons, true))]);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let pushed = |filter: &&Expr| match self.only_partitions(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(pushed).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let kept = self.prune(state, filters)?;
        let chosen: Vec<usize> = (0..self.files.len()).filter(|i| kept[*i]).collect();
        let files = chosen.iter().map(|i| self.partitioned_file(*i)).collect::<Result<Vec<_>>>()?;
        let rows: u64 = chosen.iter().map(|i| self.files[*i].rows).sum();
        let statistics = Statistics::new_unknown(&self.schema)
            .with_num_rows(usize::try_from(rows).map_or(Precision::Absent, Precision::Exact));

        let data_columns = self.schema.fields().len() - self.partition_fields.len();
        let file_schema = Arc::new(Schema::new(self.schema.fields()[..data_columns].to_vec()));
        let columns =
            TableSchema::builder(file_schema).with_table_partition_cols(self.partition_fields.clone()).build();
        let source = Arc::new(ParquetSource::new(columns));
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let scan = FileScanConfigBuilder::new(lake_url(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
