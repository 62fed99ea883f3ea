//! What a catalogue knows of a table.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, FieldRef};

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::lake::path;
use crate::lake::path::PartitionValue;
use crate::lake::table::tree;
use crate::lake::table::version::Version;

/// How tables and their place are called there.
#[derive(Debug, Clone)]
pub struct CatalogNames {
    /// What goes before a zone to name its database: `acme_` for `acme_refined`.
    pub prefix: String,
    /// Where the reader sees the lake, if not where it lies for us.
    pub location: Option<String>,
}

/// A table by its newest version.
#[derive(Debug)]
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
    pub version: u64,
    pub run_id: String,
}

impl CatalogTable {
    /// # Errors
    /// When the version's list of files cannot be read.
    pub async fn of(
        lake: &Lake,
        version: &Version,
        naming: &CatalogNames,
        description: Option<String>,
    ) -> Result<CatalogTable> {
        let files = tree::files(lake, &version.files).await?;
        let root = naming.location.as_deref().unwrap_or(lake.url()).trim_end_matches('/');
        let mut partitions = BTreeMap::new();
        if !version.partition_by.is_empty() {
            for file in files {
                let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                partitions.insert(format!("{root}/{folder}"), file.partition);
            }
        }
        let fields = version.schema.fields();
        let (columns, partition_columns) = fields.split_at(fields.len() - version.partition_by.len());
        Ok(CatalogTable {
            database: format!("{}{}", naming.prefix, version.table.zone),
            name: version.table.name.clone(),
            columns: columns.to_vec(),
            partition_columns: partition_columns.to_vec(),
            location: format!("{root}/{}", path::table_dir(&version.table)),
            partitions: partitions.into_iter().map(|(folder, values)| (values, folder)).collect(),
            description,
            version: version.version,
            run_id: version.run_id.clone(),
        })
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
            return Ok(());
        }
        Err(Error::config(format!("Athena reads `s3://` alone, and this lake is at `{}`", self.location)).hint(
            "choose a target in S3 by `--target`, or say by `--location s3://bucket/prefix` where the lake is for it",
        ))
    }
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
