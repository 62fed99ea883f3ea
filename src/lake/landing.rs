//! A landing: what one capture of a source put into `raw/`, and the manifest that makes it visible.
//!
//! `raw/<source>/ingest_date=YYYY-MM-DD/run=<run-id>/part-NNNN.<json|csv>[.gz]` are the bytes of a file as received, or
//! the rows of an API or a database as NDJSON. The landing exists when `_landing.json` beside them does; parts without
//! one are left over from a capture that died, invisible to queries, and removed by the next capture.

use std::io::ErrorKind;

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use super::{Lake, disk, types};
use crate::error::{Error, Result};

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
    /// A hash of the source's definition when it was captured. Unlike a version's fingerprint it says nothing of the
    /// data.
    pub fingerprint: String,
    pub parts: Vec<LandedPart>,
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
    pub requests: Vec<Request>,
}

/// One answered request, and what to ask with the next time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// How the parts of a landing are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LandedFormat {
    Csv {
        delimiter: char,
        header: bool,
    },
    /// One JSON object per line.
    Ndjson,
    /// A JSON document as received; `records` is the dotted path to its rows.
    Json {
        records: Option<String>,
    },
}

const MANIFEST: &str = "_landing.json";

/// The folder of one capture. Run ids are time-ordered text, so the last folder by name is the newest.
pub fn folder(source: &str, at: DateTime<Utc>, run_id: &str) -> String {
    format!("raw/{source}/ingest_date={}/run={run_id}", at.format("%Y-%m-%d"))
}

/// The name of a capture's `number`th part, from 1; `extension` as in `csv.gz`. The same capture gives the same names.
pub fn part_path(folder: &str, number: usize, extension: &str) -> String {
    format!("{folder}/part-{number:04}.{extension}")
}

/// The newest landing of a source. Looks at folder names and reads one manifest, however many landings there are.
pub async fn latest(lake: &Lake, source: &str) -> Result<Option<Landing>> {
    newest(lake, source, |_| true).await
}

/// The newest landing of a source that this run or one begun before it made.
pub async fn as_of(lake: &Lake, source: &str, run_id: &str) -> Result<Option<Landing>> {
    newest(lake, source, |run| run <= run_id).await
}

async fn newest(lake: &Lake, source: &str, wanted: impl Fn(&str) -> bool) -> Result<Option<Landing>> {
    for day in newest_first(lake, &Path::from(format!("raw/{source}")), "ingest_date=").await? {
        for run in newest_first(lake, &day, "run=").await? {
            let run_id = run.filename().and_then(|name| name.strip_prefix("run="));
            if run_id.is_some_and(&wanted)
                && let Some(landing) = read(lake, &run).await?
            {
                return Ok(Some(landing));
            }
        }
    }
    Ok(None)
}

/// Makes a landing visible, once its parts are safe. An error if another one of the same run is there already.
pub async fn publish(lake: &Lake, landing: &Landing) -> Result<()> {
    let path = format!("{}/{MANIFEST}", folder(&landing.source, landing.fetched_at, &landing.run_id));
    let manifest = serde_json::to_vec_pretty(landing).map_err(|error| {
        Error::failed(format!("could not write down the landing of `{}`", landing.source)).because(error)
    })?;
    disk::sync(lake, landing.parts.iter().map(|part| &part.path)).await?;
    match lake.create(&path, manifest).await? {
        true => Ok(()),
        false => Err(Error::failed(format!("`{path}` exists: this run has landed `{}` already", landing.source))),
    }
}

/// Removes what captures that died left behind: the run folders without a manifest.
///
/// Every capture sweeps before it starts, so such folders are newer than the newest landing; older ones aren't looked at.
pub async fn sweep(lake: &Lake, source: &str) -> Result<()> {
    for day in newest_first(lake, &Path::from(format!("raw/{source}")), "ingest_date=").await? {
        for run in newest_first(lake, &day, "run=").await? {
            match lake.store.head(&run.clone().join(MANIFEST)).await {
                Ok(_) => return Ok(()),
                Err(object_store::Error::NotFound { .. }) => discard(lake, run.as_ref()).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Removes all objects of a capture's folder.
pub async fn discard(lake: &Lake, folder: &str) -> Result<()> {
    if let Some(root) = lake.local_root() {
        // As files rather than objects: that takes along the staging files of uploads, which no listing shows.
        let local = root.join(folder);
        return match tokio::fs::remove_dir_all(&local).await {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::failed(format!("could not remove `{}`", local.display())).because(error))
            }
            _ => Ok(()),
        };
    }
    let folder = Path::from(folder);
    let paths = lake.store.list(Some(&folder)).map_ok(|object| object.location).boxed();
    lake.store.delete_stream(paths).try_collect::<Vec<_>>().await?;
    Ok(())
}

async fn read(lake: &Lake, run: &Path) -> Result<Option<Landing>> {
    let path = run.clone().join(MANIFEST);
    let manifest = match lake.store.get(&path).await {
        Ok(found) => found.bytes().await?,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let landing = serde_json::from_slice(&manifest)
        .map_err(|error| Error::failed(format!("could not read the landing `{path}`")).because(error))?;
    Ok(Some(landing))
}

/// The folders in `folder` whose names start with `prefix`, last name first.
async fn newest_first(lake: &Lake, folder: &Path, prefix: &str) -> Result<Vec<Path>> {
    let mut folders = lake.store.list_with_delimiter(Some(folder)).await?.common_prefixes;
    folders.retain(|path| path.filename().is_some_and(|name| name.starts_with(prefix)));
    folders.sort_unstable();
    folders.reverse();
    Ok(folders)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow::datatypes::{Field, Schema};

    pub fn lake_in(dir: &std::path::Path) -> Lake {
        Lake::in_folder(dir).unwrap()
    }

    fn landing(run_id: &str, at: &str) -> Landing {
        let fields = vec![Field::new("Cost Total $", types::parse("array<struct<a:int>>").unwrap(), true)];
        Landing {
            source: "sales".into(),
            run_id: run_id.into(),
            fetched_at: at.parse().unwrap(),
            format: LandedFormat::Ndjson,
            schema: Arc::new(Schema::new(fields)),
            rows: 0,
            bytes: 0,
            sha256: String::new(),
            fingerprint: String::new(),
            parts: vec![],
        }
    }

    #[tokio::test]
    async fn only_a_published_landing_is_seen_and_the_rest_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let lake = lake_in(dir.path());
        assert!(latest(&lake, "sales").await.unwrap().is_none());
        sweep(&lake, "sales").await.unwrap();

        publish(&lake, &landing("20261123T133312Z-1a2b", "2026-11-23T13:33:12Z")).await.unwrap();
        publish(&lake, &landing("20261124T000000Z-0000", "2026-11-24T00:00:00Z")).await.unwrap();
        let other = Landing { rows: 1, ..landing("20261124T000000Z-0000", "2026-11-24T00:00:00Z") };
        assert!(publish(&lake, &other).await.is_err());
        let torn = folder("sales", "2026-11-25T00:00:00Z".parse().unwrap(), "20261125T000000Z-ffff");
        lake.store.put(&Path::from(part_path(&torn, 1, "json")), "{}".into()).await.unwrap();
        std::fs::write(dir.path().join(&torn).join("part-0002.json#1"), "{").unwrap();

        let newest = latest(&lake, "sales").await.unwrap().unwrap();
        assert_eq!(newest.run_id, "20261124T000000Z-0000");
        assert_eq!(newest.schema, landing("", "2026-11-24T00:00:00Z").schema);
        sweep(&lake, "sales").await.unwrap();
        assert!(!dir.path().join(&torn).exists());
        assert_eq!(latest(&lake, "sales").await.unwrap().unwrap().run_id, "20261124T000000Z-0000");
    }
}
