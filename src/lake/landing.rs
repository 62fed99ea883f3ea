//! A landing: what one capture of a source put into `raw/`, and the manifest that says what it is.
//!
//! `raw/<source>/ingest_date=YYYY-MM-DD/run=<run-id>/part-NNNN.<json|csv|parquet>[.gz]` are the bytes of a file as received, or
//! the rows of an API as NDJSON, or those of a database as NDJSON or CSV; `_landing.json` beside them is the manifest. A query sees the landings
//! that the source's [state](super::state) lists. What a capture that died has left is in none, and is removed by the
//! next [capture](super::capture).

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::cursor::LandingWindow;
use super::{Lake, disk};
use crate::error::{Error, Result};
use crate::formats::dialect::CsvDialect;
use crate::formats::encoding::TextEncoding;
use crate::spark::types;

/// The envelope and manifest of one capture.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Landing {
    pub source: String,
    pub run_id: String,
    pub fetched_at: DateTime<Utc>,
    pub format: LandedFormat,
    /// Columns in order, with Spark type names (`bigint`, `array<struct<a:int>>`), names as received.
    #[serde(with = "types::schema_as_fields")]
    pub schema: SchemaRef,
    pub rows: u64,
    pub bytes: u64,
    /// Over all parts' bytes, the schema and the format: equal means that a query sees the same rows.
    pub sha256: String,
    /// How it was captured, where that is not plain from the rest: readers, columns that are text although they are more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Which part of the source it is, if that has a cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<LandingWindow>,
    pub parts: Vec<LandedPart>,
    /// The keys of rows that the source has no longer: rows like those of the parts, in which all else is null.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<LandedPart>,
}

/// One object of a landing and where its bytes came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandedPart {
    /// Relative to the lake's root.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
    /// The requests that filled it, in order; secrets removed.
    pub requests: Vec<SourceRequest>,
}

/// One answered request, and what to ask with the next time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceRequest {
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Landing {
    /// Where it lies.
    pub fn folder(&self) -> String {
        folder(&self.source, self.fetched_at, &self.run_id)
    }

    /// How many rows the source has no longer.
    pub fn rows_gone(&self) -> u64 {
        self.gone.iter().map(|part| part.rows).sum()
    }
}

/// How the parts of a landing are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LandedFormat {
    Csv {
        delimiter: char,
        header: bool,
        #[serde(flatten)]
        dialect: CsvDialect,
        #[serde(default, skip_serializing_if = "TextEncoding::is_utf8")]
        encoding: TextEncoding,
    },
    /// One JSON object per line.
    Ndjson,
    /// A JSON document as received; `records` is the dotted path to its rows.
    Json {
        records: Option<String>,
        #[serde(default, skip_serializing_if = "TextEncoding::is_utf8")]
        encoding: TextEncoding,
    },
    /// As received.
    Parquet,
    /// Rows of a database as CSV without a header, in which a null is an empty field and an empty text is `""`.
    #[serde(rename = "table_csv")]
    TableCsv,
}

impl LandedFormat {
    /// What the text of its parts is in.
    pub fn encoding(&self) -> TextEncoding {
        match self {
            LandedFormat::Csv { encoding, .. } | LandedFormat::Json { encoding, .. } => *encoding,
            LandedFormat::Ndjson | LandedFormat::TableCsv | LandedFormat::Parquet => TextEncoding::Utf8,
        }
    }
}

const MANIFEST: &str = "_landing.json";

/// Whether it is the manifest of a landing.
pub(super) fn is_manifest(path: &str) -> bool {
    path.rsplit('/').next() == Some(MANIFEST)
}

/// The folder of one capture. Its date and its run say where it came from, not whether it is the newest.
pub fn folder(source: &str, at: DateTime<Utc>, run_id: &str) -> String {
    format!("raw/{source}/ingest_date={}/run={run_id}", at.format("%Y-%m-%d"))
}

/// The name of a capture's `number`th part, from 1; `extension` as in `csv.gz`. The same capture gives the same names.
pub fn part_path(folder: &str, number: usize, extension: &str) -> String {
    named_part_path(folder, "part", number, extension)
}

/// The same of what is no part of its rows: `keys-0001.csv`.
pub fn named_part_path(folder: &str, name: &str, number: usize, extension: &str) -> String {
    format!("{folder}/{name}-{number:04}.{extension}")
}

/// Names the rows of a capture that the next one will ask for again, by 16 bytes of each one's SHA-256.
pub fn known_path(folder: &str) -> String {
    format!("{folder}/_known.bin")
}

/// Writes the manifest, once the parts are safe. An error if another one of the same run is there already.
pub async fn publish(lake: &Lake, landing: &Landing) -> Result<()> {
    let path = format!("{}/{MANIFEST}", landing.folder());
    let manifest = serde_json::to_vec_pretty(landing).map_err(|error| {
        Error::failed(format!("could not write down the landing of `{}`", landing.source)).because(error)
    })?;
    disk::sync(lake, landing.parts.iter().chain(&landing.gone).map(|part| &part.path)).await?;
    match lake.create(&path, manifest).await? {
        true => Ok(()),
        false => Err(Error::failed(format!("`{path}` exists: this run has landed `{}` already", landing.source))),
    }
}

/// Removes all objects of a capture's folder.
pub async fn discard(lake: &Lake, folder: &str) -> Result<()> {
    if let Some(root) = lake.local_root() {
        // As a folder: that takes along the staging files of uploads, which no listing shows.
        return disk::remove_folder(root, folder).await;
    }
    let folder = Path::from(folder);
    let paths = lake.store.list(Some(&folder)).map_ok(|object| object.location).boxed();
    lake.store.delete_stream(paths).try_collect::<Vec<_>>().await?;
    Ok(())
}

/// The landing in a folder that a state lists.
pub async fn read(lake: &Lake, folder: &str) -> Result<Landing> {
    let path = format!("{folder}/{MANIFEST}");
    let manifest = lake.read(&path).await?.ok_or_else(|| {
        Error::failed(format!("`{path}` is gone, which a landing has")).hint(
            "of an earlier state `vacuum` may have removed it (`keep_landings`); else capture the source again: `trapiche run \
             --full-refresh` with its name",
        )
    })?;
    serde_json::from_slice(&manifest)
        .map_err(|error| Error::failed(format!("could not read the landing `{path}`")).because(error))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn lake_in(dir: &std::path::Path) -> Lake {
        Lake::in_folder(dir).unwrap()
    }
}
