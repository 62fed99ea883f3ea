//! Local files that are like a pattern: one landing, of which each is a part.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{DataType, SchemaRef};
use tokio::fs;

use super::{Copied, PartPlace, copy_file, in_file, landed, local_path, shown_place, state, unreadable};
use crate::error::{Error, Result};
use crate::ingest::parts::{LandingDraft, Taken};
use crate::lake::landing::{LandedPart, Landing, SourceRequest};
use crate::project::{Address, FileFormat};

/// Copies all files, one at least, into the lake, in order. It is unchanged if they are those of the last landing, and each has
/// its state.
///
/// # Errors
/// When the files differ in their columns, or one of them is not what the source says.
pub async fn capture(
    files: &[Address],
    format: &FileFormat,
    columns: &BTreeMap<String, DataType>,
    draft: &LandingDraft<'_>,
) -> Result<Taken> {
    if let Some(previous) = draft.previous
        && are_as_in(previous, files, draft).await?
    {
        return Ok(Taken::Unchanged(format!("none of {} files is modified", files.len())));
    }
    // Each is copied: the parts of a landing lie together.
    let anew = LandingDraft { previous: None, ..*draft };
    let mut parts: Vec<LandedPart> = vec![];
    let mut schema: Option<SchemaRef> = None;
    let mut before = None;
    for url in files {
        let place = PartPlace { number: parts.len() + 1, before: before.take() };
        let (part, seen) = match copy_file(url, format, &anew, place).await? {
            Copied::New(part, seen) => (part, *seen),
            Copied::Unchanged(why) => return Err(Error::failed(format!("{} is {why}", shown_place(url)))),
        };
        let found = seen.schema(columns).map_err(|error| in_file(error, url))?;
        match (&schema, format) {
            (Some(first), FileFormat::Csv { .. }) if *first != found => {
                return Err(differs(url, &found, &files[0], first));
            }
            _ => schema = Some(found),
        }
        parts.push(part);
        before = Some(seen);
    }
    let schema = schema.ok_or_else(|| Error::failed("there is no file to capture"))?;
    let note = Some(told(files, draft.previous));
    Ok(Taken::New { format: landed(format), schema, parts, notes: note.into_iter().collect(), window: None })
}

fn differs(url: &Address, schema: &SchemaRef, first: &Address, firsts: &SchemaRef) -> Error {
    let names = |schema: &SchemaRef| {
        schema.fields().iter().map(|field| format!("`{}`", field.name())).collect::<Vec<_>>().join(", ")
    };
    Error::failed(format!("{} has other columns than {}", shown_place(url), shown_place(first))).hint(format!(
        "it has {}, and the first one has {}",
        names(schema),
        names(firsts)
    ))
}

fn requests(landing: &Landing) -> impl Iterator<Item = &SourceRequest> {
    landing.parts.iter().flat_map(|part| &part.requests)
}

async fn are_as_in(landing: &Landing, files: &[Address], draft: &LandingDraft<'_>) -> Result<bool> {
    if landing.parts.len() != files.len() {
        return Ok(false);
    }
    for (url, request) in files.iter().zip(requests(landing)) {
        let metadata = fs::metadata(local_path(url)?).await.map_err(|error| unreadable(url, error))?;
        let etag = state(&metadata, draft.at);
        if request.url != url.to_string() || etag.is_none() || request.etag != etag {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many files there are, and which of the last landing are gone.
fn told(files: &[Address], previous: Option<&Landing>) -> String {
    let now: BTreeSet<String> = files.iter().map(Address::to_string).collect();
    let gone: Vec<&str> = previous
        .into_iter()
        .flat_map(requests)
        .map(|request| request.url.as_str())
        .filter(|url| !now.contains(*url))
        .collect();
    let count = if files.len() == 1 { "1 file".to_string() } else { format!("{} files", files.len()) };
    match gone.as_slice() {
        [] => count,
        [first, ..] => format!("{count}; {} gone since the last landing, as `{first}`", gone.len()),
    }
}
