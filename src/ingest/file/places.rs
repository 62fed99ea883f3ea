//! Which files there are: what a source's addresses stand for at the time of a run.

use chrono::NaiveDate;
use url::Url;

use super::shown::shown;
use super::{bucket, local};
use crate::error::{Error, Result};
use crate::project::{Address, FilePlaces};

pub struct FoundFiles {
    /// In the order in which they become parts.
    pub found: Vec<Address>,
    /// Whether the last of them need not be there yet.
    pub may_end_early: bool,
    /// Whether there can be more than one.
    pub are_many: bool,
}

/// Lists the files; those of a pattern in the order of their paths.
///
/// # Errors
/// When nothing is like a pattern, or what would tell cannot be read.
pub async fn find(files: &FilePlaces, today: NaiveDate) -> Result<FoundFiles> {
    let mut found = vec![];
    let mut are_many = files.places.len() > 1;
    for place in &files.places {
        let dated = match &files.dates {
            Some(dates) if place.date_pattern().is_some() => {
                are_many = true;
                dates
                    .of(place, today)
                    .map_err(|error| Error::config(format!("`{place}` is no address on each day")).because(error))?
            }
            _ => vec![place.clone()],
        };
        for address in dated {
            let matches = match address.url().scheme() {
                "file" if has_star(&address) => local::matching(&address)?,
                "s3" if has_star(&address) => bucket::matching(&address, &files.bucket).await?,
                _ => {
                    found.push(address);
                    continue;
                }
            };
            are_many = true;
            if matches.is_empty() {
                return Err(Error::failed(format!("no file is like {}", shown(&address)))
                    .hint("check the path, or put the files there"));
            }
            found.extend(matches);
        }
    }
    if found.is_empty() {
        return Err(Error::failed("there is no file yet: the first day of `dates` is after today")
            .hint("check `dates: { from: … }`"));
    }
    let may_end_early = files.dates.as_ref().is_some_and(|dates| dates.to.is_none());
    Ok(FoundFiles { found, may_end_early, are_many })
}

fn has_star(address: &Address) -> bool {
    Url::path(address.url()).contains('*')
}
