//! Files: one, a list, all of some days, or [all that are like a pattern](places), behind `http(s)://`, `s3://` or `file://`;
//! CSV, JSON or Parquet, packed or not. Each becomes a part of the landing, byte for byte.

mod bucket;
mod copy;
mod head;
mod local;
mod pattern;
mod places;
mod shown;
#[cfg(test)]
mod tests;
mod web;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::datatypes::{DataType, SchemaRef};
use reqwest::header::HeaderMap;
use tokio::io::AsyncReadExt;

use crate::error::{Error, Result};
use crate::formats::json_schema::JsonSchema;
use crate::formats::parquet_file::MOST_FOOTER_BYTES;
use crate::formats::unpack::Packing;
use crate::ingest::http;
use crate::ingest::parts::{LandingDraft, Taken};
use crate::ingest::seen::SeenFile;
use crate::lake::landing::{LandedFormat, LandedPart, Landing};
use crate::project::{Address, FileFormat, FilePlaces};

use copy::{Copied, OneFile};
use places::FoundFiles;
use shown::{in_file, shown};

const READ_BYTES: usize = 1 << 20;

/// Copies the files into the lake while counting their rows and finding their schema.
///
/// They are unchanged if they are those of the last landing, and each is as it was: a server says so to its ETag or
/// Last-Modified (RFC 9110, 13.1), a bucket to its ETag, a local file has its [state](local::state). Where only some have
/// changed, the others are not fetched again: their parts are copied from the last landing.
///
/// # Errors
/// When a file is not there or not what the source says, or when files differ in their columns.
pub async fn capture(
    files: &FilePlaces,
    format: &FileFormat,
    columns: &BTreeMap<String, DataType>,
    draft: &LandingDraft<'_>,
) -> Result<Taken> {
    if !columns.is_empty() && matches!(format, FileFormat::Json { .. }) {
        return Err(Error::config("`columns:` gives types to a CSV; JSON keeps its own types"));
    }
    if let Some(rows) = draft.sample {
        return head::sample(files, format, columns, draft, rows).await;
    }
    let FoundFiles { found, may_end_early, are_many } = places::find(files, draft.at.date_naive()).await?;
    let client = http::client(HeaderMap::new(), false)?;
    let last = by_address(draft.previous);

    let mut landed = Landed::new(format, columns, &found);
    let mut kept: Vec<(usize, &LandedPart, &str)> = vec![];
    let mut absent: Vec<(&Address, Error)> = vec![];
    for (index, url) in found.iter().enumerate() {
        let last = last.get(&*url.to_string()).copied();
        let previous = last.and_then(|part| part.requests.first());
        let job = OneFile { url, number: index + 1, files, format, draft, previous };
        let copied = match url.url().scheme() {
            "file" => local::copy(&job).await,
            "http" | "https" => web::download(&client, &job).await,
            "s3" => bucket::download(&job).await,
            _ => Err(Error::config(format!("no file can be read from `{url}`"))
                .hint("known are http://, https://, s3:// and file://")
                .into()),
        };
        match copied {
            // One that was there before is no file of a day to come.
            Err(fault) if may_end_early && fault.is_absent && last.is_none() => absent.push((url, fault.error)),
            Err(fault) => return Err(fault.into()),
            Ok(_) if !absent.is_empty() => return Err(absent.swap_remove(0).1),
            Ok(Copied::New(part, seen)) => landed.add(index, part, *seen)?,
            Ok(Copied::Unchanged(why)) => {
                let part = last.ok_or_else(|| Error::failed(format!("{} is {why}", shown(url))))?;
                job.check(part)?;
                kept.push((index, part, why));
            }
        }
    }
    if kept.is_empty() && landed.parts.is_empty() {
        // All of them; the first says what is wrong.
        return Err(absent.into_iter().next().map_or_else(|| Error::failed("there is no file"), |(_, error)| error));
    }
    if landed.parts.is_empty() && draft.previous.is_some_and(|landing| landing.parts.len() == kept.len()) {
        return Ok(Taken::Unchanged(match kept.as_slice() {
            [(_, _, why)] if !are_many => why.to_string(),
            _ => format!("none of {} is modified", counted(kept.len())),
        }));
    }
    for (index, part, _) in kept {
        let url = &found[index];
        let job = OneFile { url, number: index + 1, files, format, draft, previous: None };
        let (part, seen) = copy::from_lake(&job, part).await?;
        landed.add(index, part, seen)?;
    }
    let notes = if are_many { vec![told(&landed, absent.len(), last.into_keys().collect())] } else { vec![] };
    let (schema, parts) = landed.finish()?;
    Ok(Taken::New { format: landed_format(format), schema, parts, notes, window: None })
}

/// The schema of a local file, or of the first of several, from its first megabyte, or its end where that tells.
pub async fn peek(
    files: &FilePlaces,
    format: &FileFormat,
    columns: &BTreeMap<String, DataType>,
) -> Result<Option<SchemaRef>> {
    if files.places[0].url().scheme() != "file" {
        return Ok(None);
    }
    let first_day = files.dates.as_ref().map(|dates| dates.from).unwrap_or_default();
    let places = places::find(files, first_day).await?;
    let Some(url) = places.found.first() else { return Ok(None) };
    let (mut file, size) = local::open(url).await?;
    let is_parquet = *format == FileFormat::Parquet;
    let (skipped, most) = match is_parquet {
        true => (size.saturating_sub(MOST_FOOTER_BYTES as u64), MOST_FOOTER_BYTES),
        false => (0, READ_BYTES),
    };
    let mut bytes = vec![];
    local::skip(&mut file, skipped, url).await?;
    file.take(most as u64).read_to_end(&mut bytes).await.map_err(|error| local::unreadable(url, error))?;
    let is_whole = is_parquet || bytes.len() < READ_BYTES;
    let look = |bytes: &[u8]| {
        let packing = if is_parquet { Packing::Plain } else { Packing::of(bytes)? };
        let mut seen = SeenFile::new(format, packing)?;
        seen.push(bytes)?;
        if is_whole {
            seen.finish()?;
        }
        seen.schema(columns)
    };
    match look(&bytes) {
        Ok(schema) => Ok(Some(schema)),
        // The rest of a longer file may say more.
        Err(_) if !is_whole => Ok(None),
        Err(error) => Err(in_file(error, url)),
    }
}

/// The parts of a landing by the addresses that they came from. Two that are shown alike, as their secrets are hidden, are not told
/// apart: neither is taken for the other.
fn by_address(landing: Option<&Landing>) -> HashMap<&str, &LandedPart> {
    let (mut parts, mut alike) = (HashMap::new(), vec![]);
    for part in landing.into_iter().flat_map(|landing| &landing.parts) {
        if parts.insert(of(part), part).is_some() {
            alike.push(of(part));
        }
    }
    parts.retain(|address, _| !alike.contains(address));
    parts
}

/// The address that a part came from.
fn of(part: &LandedPart) -> &str {
    part.requests.first().map_or("", |request| &request.url)
}

/// The parts of a landing as they come, and what is known of their rows.
struct Landed<'a> {
    format: &'a FileFormat,
    columns: &'a BTreeMap<String, DataType>,
    places: &'a [Address],
    /// With their places in the list of files.
    parts: Vec<(usize, LandedPart)>,
    json: JsonSchema,
    /// The columns of a file that names them by itself; all have the same.
    first: Option<(usize, SchemaRef)>,
}

impl<'a> Landed<'a> {
    fn new(format: &'a FileFormat, columns: &'a BTreeMap<String, DataType>, places: &'a [Address]) -> Self {
        Landed { format, columns, places, parts: vec![], json: JsonSchema::default(), first: None }
    }

    fn add(&mut self, index: usize, part: LandedPart, seen: SeenFile) -> Result<()> {
        self.parts.push((index, part));
        let url = &self.places[index];
        if let FileFormat::Json { .. } = self.format {
            let Some(rows) = seen.into_json() else { return Ok(()) };
            return self.json.absorb(rows).map_err(|error| in_file(error, url));
        }
        let found = seen.schema(self.columns).map_err(|error| in_file(error, url))?;
        match &self.first {
            Some((other, schema)) if *schema != found => {
                let (ours, theirs) = ((url, &found), (&self.places[*other], schema));
                // In the order of the list, in which the first one is what the others should be like.
                Err(if *other < index { differs(ours, theirs) } else { differs(theirs, ours) })
            }
            _ => {
                self.first = Some((index, found));
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Result<(SchemaRef, Vec<LandedPart>)> {
        self.parts.sort_by_key(|(index, _)| *index);
        let schema = match self.first {
            Some((_, schema)) => schema,
            None => self.json.schema()?,
        };
        Ok((schema, self.parts.into_iter().map(|(_, part)| part).collect()))
    }
}

fn differs((url, schema): (&Address, &SchemaRef), (first, firsts): (&Address, &SchemaRef)) -> Error {
    let names = |schema: &SchemaRef| {
        let named = schema.fields().iter();
        named
            .map(|field| format!("`{}` {}", field.name(), crate::spark::types::name(field.data_type())))
            .collect::<Vec<_>>()
            .join(", ")
    };
    Error::failed(format!("{} has other columns than {}", shown(url), shown(first))).hint(format!(
        "it has {}, and the other one has {}",
        names(schema),
        names(firsts)
    ))
}

fn landed_format(format: &FileFormat) -> LandedFormat {
    match format {
        FileFormat::Csv { delimiter, header, dialect, encoding } => LandedFormat::Csv {
            delimiter: char::from(*delimiter),
            header: *header,
            dialect: dialect.clone(),
            encoding: *encoding,
        },
        FileFormat::Json { records, encoding } => LandedFormat::Json { records: records.clone(), encoding: *encoding },
        FileFormat::Parquet => LandedFormat::Parquet,
    }
}

/// How many files there are, how many of the newest are not there yet, and which of the last landing are gone.
fn told(landed: &Landed, absent: usize, last: Vec<&str>) -> String {
    let now: BTreeSet<&str> = landed.parts.iter().map(|(_, part)| of(part)).collect();
    let gone: Vec<&str> = last.into_iter().filter(|url| !now.contains(url)).collect();
    let mut told = counted(landed.parts.len());
    if absent > 0 {
        told.push_str(&format!("; the newest {absent} not there yet"));
    }
    if let Some(first) = gone.iter().min() {
        told.push_str(&format!("; {} gone since the last landing, as `{first}`", gone.len()));
    }
    told
}

fn counted(files: usize) -> String {
    if files == 1 { "1 file".to_string() } else { format!("{files} files") }
}
