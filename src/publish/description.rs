//! What a catalogue knows of a table.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow::datatypes::{DataType, Field, FieldRef};

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::lake::path;
use crate::lake::path::PartitionValue;
use crate::lake::table::tree;
use crate::lake::table::version::{FileLayout, Version};
use crate::project::projection::ProjectedValues;
use crate::project::{Dataset, Definition};
use crate::spark::types;

/// How tables and their place are called there.
#[derive(Debug, Clone)]
pub struct CatalogNames {
    /// What goes before a zone to name its database: `acme_` for `acme_refined`.
    pub prefix: String,
    /// Where the reader sees the lake, if not where it lies for us.
    pub location: Option<String>,
}

/// A table by its newest version.
#[derive(Debug, Clone)]
pub struct CatalogTable {
    pub database: String,
    pub name: String,
    /// Columns in the files.
    pub columns: Vec<FieldRef>,
    /// Columns in the names of folders, outermost first.
    pub partition_columns: Vec<FieldRef>,
    /// The table's folder, without a slash at its end.
    pub location: String,
    /// Values of the partition columns, and the folder that has their rows. One for each combination that has rows.
    pub partitions: Vec<(Vec<PartitionValue>, String)>,
    pub description: Option<String>,
    pub layout: FileLayout,
    /// What the values of the partition columns may be, in their order; `None` where they are listed.
    pub projection: Option<Vec<ProjectedValues>>,
    /// The view through which it is read, if it is one version of a table.
    pub view: Option<String>,
    pub version: u64,
    pub run_id: String,
}

impl CatalogTable {
    /// `dataset` is what makes it, if that is known.
    ///
    /// # Errors
    /// When the version's list of files cannot be read, or a partition has files in several folders.
    pub async fn of(
        lake: &Lake,
        version: &Version,
        naming: &CatalogNames,
        dataset: Option<&Dataset>,
    ) -> Result<CatalogTable> {
        let files = tree::files(lake, &version.files).await?;
        let root = naming.location.as_deref().unwrap_or(lake.url()).trim_end_matches('/');
        let mut folders: BTreeMap<Vec<PartitionValue>, String> = BTreeMap::new();
        for file in files {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            match folders.entry(file.partition) {
                Entry::Vacant(entry) => drop(entry.insert(format!("{root}/{folder}"))),
                Entry::Occupied(there) if *there.get() != format!("{root}/{folder}") => {
                    let message = format!(
                        "`{}` has files of one partition in `{}` and `{root}/{folder}`",
                        version.table,
                        there.get()
                    );
                    return Err(Error::failed(message).hint("`trapiche run --full-refresh` makes the table anew"));
                }
                Entry::Occupied(_) => {}
            }
        }
        let location = match (version.layout, version.partition_by.is_empty()) {
            (FileLayout::Folder, _) => format!("{root}/{}", path::table_dir(&version.table)),
            (FileLayout::Runs, true) => folders.pop_first().map_or_else(String::new, |(_, folder)| folder),
            (FileLayout::Runs, false) => format!("{root}/{}", path::runs_dir(&version.table)),
        };
        let partitions = if version.partition_by.is_empty() { BTreeMap::new() } else { folders };
        let projection = dataset.and_then(|dataset| match &dataset.definition {
            Definition::Query(query) => query.projection.clone(),
            Definition::Source(_) | Definition::Model(_) => None,
        });
        let fields = version.schema.fields();
        let (columns, partition_columns) = fields.split_at(fields.len() - version.partition_by.len());
        Ok(CatalogTable {
            database: format!("{}{}", naming.prefix, version.table.zone),
            name: version.table.name.clone(),
            columns: columns.to_vec(),
            partition_columns: partition_columns.to_vec(),
            location,
            partitions: partitions.into_iter().collect(),
            description: dataset.and_then(|dataset| dataset.description.clone()),
            layout: version.layout,
            projection,
            view: None,
            version: version.version,
            run_id: version.run_id.clone(),
        })
    }

    /// Whether it is read through a view, so that all its partitions change at once.
    pub fn is_behind_view(&self) -> bool {
        self.layout == FileLayout::Runs && !self.partition_columns.is_empty()
    }

    /// Whether the projection finds all partitions.
    ///
    /// # Errors
    /// A column that it cannot be of, and a partition that readers would miss.
    fn check_projection(&self) -> Result<()> {
        let Some(projection) = &self.projection else { return Ok(()) };
        for (column, values) in self.partition_columns.iter().zip(projection) {
            projected(column, values).map_err(|error| error.context(format!("the table `{}`", self.name)))?;
        }
        let columns = || self.partition_columns.iter().zip(projection);
        let missed = self.partitions.iter().find_map(|(partition, _)| {
            let mut of_it = columns().zip(partition);
            of_it.find(|((_, values), value)| !value.as_deref().is_some_and(|value| values.have(value)))
        });
        let Some(((column, _), value)) = missed else { return Ok(()) };
        let value = value.as_deref().map_or("null".to_string(), |value| format!("`{value}`"));
        let message = format!("the projection of `{}` does not reach {value} of `{}`", self.name, column.name());
        Err(Error::config(message).hint("Athena would not see these rows: widen `projection`, or leave it out"))
    }

    /// # Errors
    /// When Athena cannot read it where it lies, or has no way to write the name of one of its fields.
    pub fn check_for_athena(&self) -> Result<()> {
        if let Some((column, name)) =
            self.columns.iter().find_map(|column| Some((column, odd_name(column.data_type())?)))
        {
            let message =
                format!("Athena has no field `{name}`, which is within `{}` of `{}`", column.name(), self.name);
            return Err(Error::config(message).hint("let the query name it with letters, digits and `_`"));
        }
        if self.location.starts_with("s3://") {
            return self.check_projection();
        }
        Err(Error::config(format!("Athena reads `s3://` alone, and this lake is at `{}`", self.location)).hint(
            "choose a target in S3 by `--target`, or say by `--location s3://bucket/prefix` where the lake is for it",
        ))
    }
}

/// Whether a column can be projected by these values.
///
/// # Errors
/// When Athena has no such projection of its type.
pub fn projected(column: &Field, values: &ProjectedValues) -> Result<()> {
    if values.fit(column.data_type()) {
        return Ok(());
    }
    let (name, data_type) = (column.name(), types::name(column.data_type()));
    let message = format!("Athena does not project `{name}`, of the type {data_type}, by these values");
    Err(Error::config(message).about(name).hint("texts have `values`, whole numbers and dates have `from` and `to`"))
}

/// The name of a field within that cannot stand in a type, where nothing is quoted.
fn odd_name(data_type: &DataType) -> Option<String> {
    let is_plain =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match data_type {
        DataType::Struct(fields) => {
            let odd = fields.iter().find(|field| !is_plain(field.name())).map(|field| field.name().clone());
            odd.or_else(|| fields.iter().find_map(|field| odd_name(field.data_type())))
        }
        DataType::List(item) => odd_name(item.data_type()),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => pair.iter().find_map(|field| odd_name(field.data_type())),
            _ => None,
        },
        _ => None,
    }
}
