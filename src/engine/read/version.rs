//! A table's version as the engine reads it: exactly the files of the version, partition values from it too.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, Statistics, project_schema};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use super::footer::Readers;
use super::lake_only::lake_url;
use super::ranges;
use crate::error::Error;
use crate::lake::Lake;
use crate::lake::table::data_file::DataFile;
use crate::lake::table::tree::{self, Child, Node};
use crate::lake::table::version::Version;

/// The column with the path of the file in which a row lies, by a name that nobody gives a column.
pub(in crate::engine) const FILE: &str = "trapiche: file of the row";

/// One version of a table. Filters on partition columns are decided here, before any file is opened, and those on other
/// columns leave out the files that cannot have such rows.
#[derive(Debug)]
pub(in crate::engine) struct LakeTable {
    lake: Lake,
    schema: SchemaRef,
    pub(in crate::engine) partition_fields: Vec<FieldRef>,
    pub(in crate::engine) files: Node,
}

impl LakeTable {
    pub(in crate::engine) fn new(lake: &Lake, version: &Version) -> Self {
        let data_columns = version.schema.fields().len() - version.partition_by.len();
        LakeTable {
            lake: lake.clone(),
            schema: version.schema.clone(),
            partition_fields: version.schema.fields()[data_columns..].to_vec(),
            files: version.files.clone(),
        }
    }

    /// Some of the version's files.
    pub(in crate::engine) fn of_files(lake: &Lake, version: &Version, files: Vec<DataFile>) -> Self {
        LakeTable { files: Node::from(files), ..LakeTable::new(lake, version) }
    }

    /// With the file of each row, as if the table were partitioned by that, too.
    pub(in crate::engine) fn with_files(lake: &Lake, version: &Version) -> Self {
        let table = LakeTable::new(lake, version);
        let file: FieldRef = Arc::new(Field::new(FILE, DataType::Utf8, false));
        let with_file = |fields: &[FieldRef]| fields.iter().cloned().chain([file.clone()]).collect::<Vec<_>>();
        let schema = Arc::new(Schema::new(with_file(table.schema.fields())));
        LakeTable { schema, partition_fields: with_file(&table.partition_fields), ..table }
    }

    /// The rows that the version left out because they broke a check, with their reasons.
    pub(in crate::engine) fn quarantine(lake: &Lake, version: &Version) -> Self {
        LakeTable {
            lake: lake.clone(),
            schema: quarantine_schema(&version.schema),
            partition_fields: vec![],
            files: version.quarantine.clone(),
        }
    }

    /// The files that may hold rows which pass the filters, and their partition values.
    pub(in crate::engine) async fn matching(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> Result<(Vec<DataFile>, Vec<ArrayRef>)> {
        let (on_partitions, on_data): (Vec<Expr>, Vec<Expr>) = filters
            .iter()
            .filter(|filter| !filter.is_volatile())
            .cloned()
            .partition(|filter| self.only_partitions(filter));
        let partitions = Arc::new(Schema::new(self.partition_fields.clone()));
        let may_match = |nodes: &[Child]| {
            ranges::prune_nodes(state, &on_partitions, nodes, &partitions).map_err(crate::engine::faults::explain)
        };
        let files = tree::files_matching(&self.lake, &self.files, may_match).await;
        let files = files.map_err(|e| DataFusionError::External(Box::new(e)))?;
        let mut kept = self.decide(state, on_partitions, &files, &partitions)?;
        let possible = ranges::prune_files(state, &on_data, &files, &self.schema)?;
        kept.iter_mut().zip(possible).for_each(|(keep, possible)| *keep &= possible);
        let files: Vec<DataFile> =
            files.into_iter().zip(kept).filter_map(|(file, keep)| keep.then_some(file)).collect();
        let values = self.partition_values(&files)?;
        Ok((files, values))
    }

    /// Which files' partition values pass, exactly.
    fn decide(
        &self,
        state: &dyn Session,
        filters: Vec<Expr>,
        files: &[DataFile],
        partitions: &SchemaRef,
    ) -> Result<Vec<bool>> {
        let all = vec![true; files.len()];
        let Some(filter) = conjunction(filters) else { return Ok(all) };
        if files.is_empty() {
            return Ok(all);
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(files.len()));
        let values = RecordBatch::try_new_with_options(partitions.clone(), self.partition_values(files)?, &rows)?;
        let expr = state.create_physical_expr(filter, &DFSchema::try_from(partitions.clone())?)?;
        let kept = expr.evaluate(&values)?.into_array(values.num_rows())?;
        let kept = arrow::array::AsArray::as_boolean(&kept);
        Ok(kept.iter().map(|keep| keep == Some(true)).collect())
    }

    /// One array per partition column, one value per file.
    fn partition_values(&self, files: &[DataFile]) -> Result<Vec<ArrayRef>> {
        let typed = |(i, field): (usize, &FieldRef)| {
            let of = |file: &'_ DataFile| match field.name() == FILE {
                true => Some(file.path.clone()),
                false => file.partition[i].clone(),
            };
            let spelled: StringArray = files.iter().map(of).collect();
            Ok(cast(&spelled, field.data_type())?)
        };
        self.partition_fields.iter().enumerate().map(typed).collect()
    }

    fn only_partitions(&self, filter: &Expr) -> bool {
        let is_partition = |name: &str| self.partition_fields.iter().any(|field| field.name() == name);
        !filter.is_volatile() && filter.column_refs().iter().all(|column| is_partition(column.name()))
    }
}

/// A session that has it keeps the footers of files which it has read.
#[derive(Debug)]
pub(in crate::engine) struct KeptFooters;

fn partitioned_file(file: &DataFile, partition_values: Vec<ScalarValue>) -> Result<PartitionedFile> {
    let path = object_store::path::Path::parse(&file.path).map_err(object_store::Error::from)?;
    let mut listed = PartitionedFile::new(path.to_string(), file.bytes);
    listed.object_meta.location = path;
    Ok(listed.with_partition_values(partition_values))
}

/// A table of which the wanted version is not kept any longer: a query can be planned over it, and says so when it runs.
#[derive(Debug)]
pub(in crate::engine) struct GoneTable {
    /// Those of the oldest version that is kept.
    schema: SchemaRef,
    why: String,
}

impl GoneTable {
    pub(in crate::engine) fn new(oldest: &Version, run_id: &str) -> Self {
        let why = format!(
            "`{}` as it was after run `{run_id}` is not kept any longer; the oldest that is kept is of run `{}`",
            oldest.table, oldest.run_id
        );
        GoneTable { schema: oldest.schema.clone(), why }
    }
}

#[async_trait]
impl TableProvider for GoneTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let error = Error::failed(&self.why).hint("`keep: 7d` in the target keeps what is replaced for a week");
        Err(DataFusionError::External(Box::new(error)))
    }
}

/// A table's columns and why each row is not among them.
pub(in crate::engine) fn quarantine_schema(schema: &Schema) -> SchemaRef {
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
        let (chosen, values) = self.matching(state, filters).await?;
        if chosen.is_empty() {
            // A scan of no files would be one of no partitions, which a join does not take.
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        let mut files = vec![];
        for (i, file) in chosen.iter().enumerate() {
            let values = values.iter().map(|values| ScalarValue::try_from_array(values, i)).collect::<Result<_>>()?;
            files.push(partitioned_file(file, values)?);
        }
        let rows: u64 = chosen.iter().map(|file| file.rows).sum();
        let statistics = Statistics {
            num_rows: usize::try_from(rows).map_or(Precision::Absent, Precision::Exact),
            total_byte_size: Precision::Absent,
            column_statistics: ranges::of_files(&chosen, &self.schema, projection),
        };

        let data_columns = self.schema.fields().len() - self.partition_fields.len();
        let file_schema = Arc::new(Schema::new(self.schema.fields()[..data_columns].to_vec()));
        let columns =
            TableSchema::builder(file_schema).with_table_partition_cols(self.partition_fields.clone()).build();
        let store = state.runtime_env().object_store(lake_url())?;
        let footers = state.config().get_extension::<KeptFooters>().is_some();
        let footers = footers.then(|| state.runtime_env().cache_manager.get_file_metadata_cache());
        let source = ParquetSource::new(columns).with_parquet_file_reader_factory(Arc::new(Readers { store, footers }));
        let groups = match state.config().target_partitions() {
            // In the version's order; files that are dealt out are sorted by their paths.
            1 => vec![FileGroup::new(files)],
            threads => FileGroup::new(files).split_files(threads),
        };
        let scan = FileScanConfigBuilder::new(lake_url(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
