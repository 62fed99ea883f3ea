//! A table's version: the files that it consists of. Readers go by it, never by a listing.
//!
//! Versions lie in `_trapiche/tables/<zone>/<table>/v<number>.json`; the highest number is the table.
//! An object is only ever created there, so two writers cannot both make the same version. The list of files stands
//! in it as long as it is short; of a longer one it has the root of a [`tree`].

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use serde::{Deserialize, Serialize};

use super::data_file::DataFile;
use super::moment::Moment;
use super::tree::{self, Child, Node};
use super::{Lake, TableName, path, types};
use crate::error::{Error, Result};

/// One committed state of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    pub table: TableName,
    pub version: u64,
    pub run_id: String,
    pub committed_at: DateTime<Utc>,
    /// What it was made from: equal means that making it again would change nothing.
    pub fingerprint: String,
    /// All columns in order; partition columns last, as readers of Hive tables show them.
    #[serde(with = "types::schema_as_fields")]
    pub schema: SchemaRef,
    /// Names of the partition columns, outermost first.
    pub partition_by: Vec<String>,
    /// Asked through [`files`] and [`files_matching`].
    pub files: Node,
    /// Rows that broke a check, with their reasons in `_errors`.
    #[serde(default, skip_serializing_if = "Node::is_empty")]
    pub quarantine: Node,
    /// What slices without rows were made from, which no file can say. Not all of them, if there are many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty: Vec<String>,
    /// The objects of the version before it that it does not have: data files, by the path that they had before they went
    /// to the [`attic`](super::attic), and nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<String>,
}

impl Version {
    pub fn rows(&self) -> u64 {
        self.files.rows()
    }
}

/// All files of the table, in the order of their partitions and paths.
pub async fn files(lake: &Lake, version: &Version) -> Result<Vec<DataFile>> {
    tree::files(lake, &version.files).await
}

/// The files that are not below a node that `keep` refuses: it is asked about each level's nodes together, and only
/// what it keeps is read. Files are not asked about.
pub async fn files_matching(
    lake: &Lake,
    version: &Version,
    keep: impl FnMut(&[Child]) -> Result<Vec<bool>>,
) -> Result<Vec<DataFile>> {
    tree::files_matching(lake, &version.files, keep).await
}

/// All files of the rows that were left out.
pub async fn quarantined(lake: &Lake, version: &Version) -> Result<Vec<DataFile>> {
    tree::files(lake, &version.quarantine).await
}

/// The objects that hold the version's list of files, beside its own.
pub async fn nodes(lake: &Lake, version: &Version) -> Result<Vec<String>> {
    let mut paths = tree::nodes(lake, &version.files).await?;
    paths.extend(tree::nodes(lake, &version.quarantine).await?);
    Ok(paths)
}

/// The table as it is now; `None` when it was never made.
pub async fn latest(lake: &Lake, table: &TableName) -> Result<Option<Version>> {
    let names = lake.names(&path::versions_dir(table)).await?;
    match names.iter().filter_map(|name| path::parse_version(name)).max() {
        Some(number) => read(lake, table, number).await,
        None => Ok(None),
    }
}

/// A version that is still there. `created_at` is the store's time, at which it became the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub number: u64,
    pub created_at: DateTime<Utc>,
}

/// All versions that are still there, oldest first. They follow one another without a gap, as the oldest goes first.
pub async fn kept(lake: &Lake, table: &TableName) -> Result<Vec<Kept>> {
    let folder = Path::parse(path::versions_dir(table))?;
    let listed = lake.store().list_with_delimiter(Some(&folder)).await?;
    let number = |object: &ObjectMeta| path::parse_version(object.location.filename()?);
    let versions = listed.objects.iter();
    let mut kept: Vec<Kept> = versions
        .filter_map(|object| Some(Kept { number: number(object)?, created_at: object.last_modified }))
        .collect();
    kept.sort_by_key(|version| version.number);
    Ok(kept)
}

/// What a table was at the end of a run.
#[derive(Debug)]
pub enum AsOf {
    Version(Version),
    /// It is known to have been there, but is not kept any longer; this is the oldest version that is.
    Gone {
        oldest: Version,
    },
    NotMadeYet,
}

/// The table as it was at a moment.
pub async fn as_of(lake: &Lake, table: &TableName, moment: &Moment) -> Result<AsOf> {
    let mut oldest = None;
    for kept in kept(lake, table).await?.iter().rev() {
        let Some(version) = read(lake, table, kept.number).await? else { break };
        if moment.has_seen(&version.run_id, kept.created_at) {
            return Ok(AsOf::Version(version));
        }
        oldest = Some(version);
    }
    Ok(match oldest {
        Some(oldest) if oldest.version > 1 => AsOf::Gone { oldest },
        _ => AsOf::NotMadeYet,
    })
}

/// One version by number; `None` when it is not there (any more).
pub async fn read(lake: &Lake, table: &TableName, number: u64) -> Result<Option<Version>> {
    let file = path::version_file(table, number);
    let Some(bytes) = lake.read(&file).await? else { return Ok(None) };
    let version = serde_json::from_slice(&bytes).map_err(|e| {
        Error::failed(format!("`{file}` is no table version that this program can read"))
            .because(e)
            .hint("it may have been written by a newer trapiche")
    })?;
    Ok(Some(version))
}
