//! Uploads to tables of the project that were begun and neither completed nor aborted, by nobody who is still at work.
//!
//! A run notes each upload before its first part, and who comes after a run that died aborts what it noted. What is found here
//! died between the store's answer and the note, or lost its note.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::aws::account::Account;
use crate::aws::bucket::{LakeBucket, OpenUpload};
use crate::error::Result;
use crate::lake::table::vacuum::{GRACE, Garbage, What};
use crate::lake::{Lake, TableName, Zone, path, stage};
use crate::project::Project;

/// The bucket, and the uploads in it that nobody will complete: those to these tables, older than an hour, which no run has noted.
/// `None` of a lake that is not in S3. While the tables are claimed, or else one may be at work.
pub(super) async fn abandoned(
    project: &Project,
    lake: &Lake,
    tables: &[&TableName],
    now: DateTime<Utc>,
) -> Result<Option<(LakeBucket, Vec<OpenUpload>)>> {
    let storage = &project.target.storage;
    if !storage.url.starts_with("s3://") {
        return Ok(None);
    }
    let account = Account::open(storage.region.as_deref()).await;
    let bucket = LakeBucket::open(&account, &storage.url, storage.endpoint.as_deref())?;
    let folders: Vec<String> = tables.iter().flat_map(|table| folders(table)).collect();
    let is_ours = |upload: &OpenUpload| folders.iter().any(|folder| upload.path.starts_with(folder));
    let is_old = |upload: &OpenUpload| (now - upload.began_at).to_std().is_ok_and(|age| age >= GRACE);
    let mut uploads = bucket.open_uploads().await?;
    uploads.retain(|upload| is_ours(upload) && is_old(upload));
    if !uploads.is_empty() {
        let noted: HashSet<String> = stage::noted_uploads(lake).await?;
        uploads.retain(|upload| !noted.contains(&upload.id));
    }
    Ok(Some((bucket, uploads)))
}

pub(super) async fn garbage(bucket: &LakeBucket, uploads: &[OpenUpload]) -> Vec<Garbage> {
    let mut garbage = vec![];
    for upload in uploads {
        // A store that does not tell keeps nothing from being aborted.
        let bytes = bucket.upload_bytes(upload).await.unwrap_or_default();
        garbage.push(Garbage { what: What::Upload, path: upload.path.clone(), bytes });
    }
    garbage
}

fn folders(table: &TableName) -> Vec<String> {
    let all = match table.zone {
        Zone::Raw => vec![path::table_dir(table)],
        Zone::Trusted | Zone::Refined => {
            vec![path::table_dir(table), path::quarantine_dir(table), path::runs_dir(table)]
        }
    };
    all.into_iter().map(|folder| folder + "/").collect()
}
