//! A table's version: the files that it consists of. Readers go by it, never by a listing.
//!
//! Versions lie in `_trapiche/tables/<zone>/<table>/v<number>.json`; the highest number is the table.
//! An object is only ever created there, so two writers cannot both make the same version. The list of files stands
//! in it as long as it is short; of a longer one it has the root of a [`tree`].
//!
//! A number can also be taken without being a version: *aborted*, so that whoever meant to create it no longer can, or
//! by an empty object, which a crash of the machine left. Readers pass over these. `oldest-<number>.json` says below
//! which number versions are no longer kept; their objects stay for a while ([`OLD`](crate::lake::OLD)), because a number
//! that were free again could be taken by a writer who has slept since it was the next one.

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::data_file::DataFile;
use super::shelf::{Kept, Shelf};
use super::tree::{self, Child, Node};
use crate::error::{Error, Result};
use crate::lake::format::{Content, ObjectFormat};
use crate::lake::moment::Moment;
use crate::lake::planted::Planted;
use crate::lake::{Lake, TableName, path};
use crate::spark::types::{self, Timestamps};

/// Where the files of a version lie that its run wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileLayout {
    /// In the table's folder, which has the newest version's files and no others.
    #[default]
    Folder,
    /// In a folder of the run, where they stay until no version that is kept has them: whoever knows a partition by its
    /// folder sees all of a version's rows of it or none.
    Runs,
}

impl FileLayout {
    fn is_folder(&self) -> bool {
        *self == FileLayout::Folder
    }
}

/// One committed state of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    #[serde(default)]
    pub format: ObjectFormat,
    pub table: TableName,
    pub version: u64,
    pub run_id: String,
    pub committed_at: DateTime<Utc>,
    /// What it was made from: equal means that making it again would change nothing.
    pub fingerprint: String,
    /// All columns in order; partition columns last, as readers of Hive tables show them.
    #[serde(with = "types::schema_as_fields")]
    pub schema: SchemaRef,
    /// How finely all its files keep timestamps; the schema does not say it.
    #[serde(default = "Timestamps::of_old")]
    pub timestamps: Timestamps,
    /// Names of the partition columns, outermost first.
    pub partition_by: Vec<String>,
    /// The columns by which its rows are merged: no two rows have the same values there, and none is null. Empty for a
    /// table that is not made by merging.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    #[serde(default, skip_serializing_if = "FileLayout::is_folder")]
    pub layout: FileLayout,
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
    Ok(look(lake, table, None).await?.1)
}

/// The table as it is now, and the names that say so. `seen`, if it is still the newest version, is not read again.
pub(in crate::lake) async fn look(
    lake: &Lake,
    table: &TableName,
    seen: Option<&Version>,
) -> Result<(Shelf, Option<Version>)> {
    loop {
        let shelf = Shelf::look(lake, table).await?;
        // The highest number is never given up, so it cannot have come to be another version's.
        if let Some(seen) = seen.filter(|seen| shelf.numbers.last().is_some_and(|last| last.number == seen.version)) {
            return Ok((shelf, Some(seen.clone())));
        }
        if let Some(newest) = newest(lake, table, &shelf).await? {
            return Ok((shelf, newest));
        }
    }
}

/// The newest version: `Some(None)` when there is none, `None` when what was listed is there no longer.
pub(in crate::lake) async fn newest(lake: &Lake, table: &TableName, shelf: &Shelf) -> Result<Option<Option<Version>>> {
    for kept in shelf.kept().iter().rev() {
        match record(lake, table, kept.number).await? {
            Some(Record::Version(version)) => return Ok(Some(Some(*version))),
            Some(Record::Void) if lake.has_planted(Planted::AbortedNotSkipped) => return Ok(Some(None)),
            Some(Record::Void) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(None))
}

/// All numbers from the oldest version on that is kept, in order. Some may be of no version: [`read`] tells.
pub async fn kept(lake: &Lake, table: &TableName) -> Result<Vec<Kept>> {
    Ok(Shelf::look(lake, table).await?.kept().to_vec())
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
        let Some(version) = read(lake, table, kept.number).await? else { continue };
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

/// The version of a number, if it is kept.
pub async fn numbered(lake: &Lake, table: &TableName, number: u64) -> Result<Option<Version>> {
    match Shelf::look(lake, table).await?.kept().iter().any(|kept| kept.number == number) {
        true => read(lake, table, number).await,
        false => Ok(None),
    }
}

/// One version by number, whether it is kept or not; `None` when there is none (any more).
pub async fn read(lake: &Lake, table: &TableName, number: u64) -> Result<Option<Version>> {
    match record(lake, table, number).await? {
        Some(Record::Version(version)) => Ok(Some(*version)),
        Some(Record::Void) | None => Ok(None),
    }
}

/// What takes a number.
#[derive(Debug)]
pub(in crate::lake) enum Record {
    Version(Box<Version>),
    /// Nothing that a reader should see.
    Void,
}

/// Takes a number so that nobody else can.
#[derive(Serialize, Deserialize)]
struct Aborted {
    format: ObjectFormat,
    /// The run whose version it would have been.
    aborted: String,
    /// The run that saw to it that it is not.
    by: String,
}

/// Takes the number of a version that `run_id` meant to create; whether it was free.
pub(in crate::lake) async fn abort(
    lake: &Lake,
    table: &TableName,
    number: u64,
    run_id: &str,
    by: &str,
) -> Result<bool> {
    let aborted = Aborted { format: ObjectFormat, aborted: run_id.to_string(), by: by.to_string() };
    let aborted = serde_json::to_vec(&aborted).expect("text keys only");
    lake.create(&path::version_file(table, number), aborted).await
}

/// What takes the number; `None` when it is free.
pub(in crate::lake) async fn record(lake: &Lake, table: &TableName, number: u64) -> Result<Option<Record>> {
    let file = path::version_file(table, number);
    let Some(bytes) = lake.read(&file).await? else { return Ok(None) };
    match Content::of(&bytes) {
        Content::Whole(version) => Ok(Some(Record::Version(version))),
        // An older program gave files their names before they were on the disk.
        Content::Torn if bytes.is_empty() => Ok(Some(Record::Void)),
        Content::Torn => Err(Error::failed(format!("`{file}` is damaged: it ends in the middle")).hint(
            "put back a copy of it; where there is none, remove it: the table is then what the version before it says",
        )),
        Content::Unknown(_) if serde_json::from_slice::<Aborted>(&bytes).is_ok() => Ok(Some(Record::Void)),
        Content::Unknown(error) => {
            Err(Error::failed(format!("`{file}` is no table version that this program can read"))
                .because(error)
                .hint("it may have been written by a newer trapiche"))
        }
    }
}
