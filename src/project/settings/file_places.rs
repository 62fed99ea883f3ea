//! The files of a source: where they lie, which days of them, and how a bucket is asked for them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use chrono::format::{Item, StrftimeItems};
use chrono::{Days, NaiveDate};

use super::address::Address;
use super::secret::Secret;
use super::target::address;
use crate::config::parse_size;
use crate::error::Span;
use crate::project::faults::Faults;
use crate::project::one_or_more::OneOrMore;
use crate::project::read::{At, given, given_or};
use crate::project::spec::{BucketSpec, DatesSpec, SourceSpec};
use crate::project::written::Written;

/// Where files may lie.
pub const WEB_FILES: [&str; 5] = ["http", "https", "s3", "file", "demo"];

/// More files than this are no list that somebody meant.
const MOST_DAYS: u64 = 366 * 200;

#[derive(Debug, Clone)]
pub struct FilePlaces {
    /// One at least, none of them twice. A path may hold `*`, and a date.
    pub places: Vec<Address>,
    pub dates: Option<Dates>,
    pub bucket: BucketAccess,
    /// A file with more bytes, as they come, is an error.
    pub max_bytes: Option<u64>,
    /// In lower case; that of the one file, as it comes.
    pub sha256: Option<String>,
}

/// The days that `{date:…}` in an address stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Dates {
    pub from: NaiveDate,
    /// The last one; `None` is the day of the run, and the newest files need not be there yet.
    pub to: Option<NaiveDate>,
}

/// How `s3://` addresses are asked for: by what AWS's own programs would find, unless something is said.
#[derive(Debug, Clone, Default)]
pub struct BucketAccess {
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// Key and secret key.
    pub keys: Option<(Secret, Secret)>,
    pub session_token: Option<Secret>,
    pub is_anonymous: bool,
}

impl FilePlaces {
    /// One file, or those like a pattern.
    pub fn at(place: Address) -> Self {
        let bucket = BucketAccess::default();
        FilePlaces { places: vec![place], dates: None, bucket, max_bytes: None, sha256: None }
    }

    /// What tells these files from others. Days are left out: those that come later add files to the same source.
    pub fn identity(&self) -> String {
        self.places.iter().map(Address::identity).collect::<Vec<_>>().join(" ")
    }
}

impl Dates {
    /// The addresses that a template stands for, each once, in the order of their days.
    ///
    /// # Errors
    /// When one of them is no address.
    pub fn of(&self, template: &Address, today: NaiveDate) -> Result<Vec<Address>, url::ParseError> {
        let mut seen = BTreeSet::new();
        let mut dated = vec![];
        for day in self.from.iter_days().take_while(|day| *day <= self.to.unwrap_or(today)) {
            let address = template.dated(day)?;
            if seen.insert(address.url().to_string()) {
                dated.push(address);
            }
        }
        Ok(dated)
    }
}

/// The places that `url:` names: an address, or a list of them.
pub fn places(urls: &At<OneOrMore<Written>>, root: &Path, demo: bool, faults: &mut Faults) -> Option<Vec<Address>> {
    let mut places: Vec<Address> = vec![];
    for at in &urls.value.as_ref()?.0 {
        let place = address(at.value.as_ref()?, &WEB_FILES, &at.span, root, faults)?;
        if place.url().scheme() == "demo" && !(demo && place.url().host_str() == Some("files")) {
            faults.add(&at.span, "`demo://files/…` is in the store of a demo target only");
            return None;
        }
        if places.contains(&place) {
            faults.add(&at.span, format!("`{place}` is given twice"));
            return None;
        }
        places.push(place);
    }
    if places.is_empty() {
        faults.add(&urls.span, "there is no address in this list");
        return None;
    }
    Some(places)
}

/// What a source says of its files, beside where they are.
pub fn check(
    value: &SourceSpec,
    places: Vec<Address>,
    bucket: BucketAccess,
    place: &Span,
    faults: &mut Faults,
) -> Option<FilePlaces> {
    let dates = match &value.dates {
        Some(at) => Some(dates(at.value.as_ref()?, at, faults)?),
        None => None,
    };
    let templates = places.iter().filter(|place| place.date_pattern().is_some()).count();
    for pattern in places.iter().filter_map(Address::date_pattern) {
        if !is_of_days(&pattern) {
            faults
                .add(place, format!("`{pattern}` is no way to write a date"))
                .hint("as in `{date:%Y-%m-%d}`: %Y is the year, %m the month, %d the day");
            return None;
        }
    }
    match (&value.dates, templates) {
        (None, 1..) => {
            faults
                .add(place, "this address has a `{date:…}`, and nothing says which days")
                .hint("add `dates: { from: 2026-01-01 }`, and `to:` for the last one");
            return None;
        }
        (Some(at), 0) => {
            faults
                .add(&at.key, "`dates` belongs to an address with a `{date:…}` in it")
                .hint("as in `https://example.org/{date:%Y-%m-%d}.csv`");
            return None;
        }
        _ => {}
    }
    let max_bytes = match &value.max_size {
        Some(at) => at.value.as_ref().and_then(|text| {
            let parsed = parse_size(text);
            parsed.map_err(|how| faults.add(&at.span, "`max_size` is no size").hint(how)).ok().map(Some)
        }),
        None => Some(None),
    };
    let sha256 = match &value.sha256 {
        Some(at) => {
            let text = at.value.as_ref()?.to_ascii_lowercase();
            let is_one = places.len() == 1 && templates == 0 && !places[0].url().path().contains('*');
            if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                faults.add(&at.span, "`sha256` is 64 hexadecimal digits").hint("`sha256sum FILE` prints them");
            } else if !is_one {
                faults.add(&at.key, "`sha256` is that of one file, and this source may have several");
            }
            Some(text)
        }
        None => None,
    };
    Some(FilePlaces { places, dates, bucket, max_bytes: max_bytes?, sha256 })
}

/// Whether a day can be written so: the pattern is right, and asks for no time of day.
fn is_of_days(pattern: &str) -> bool {
    let is_right = !StrftimeItems::new(pattern).any(|item| matches!(item, Item::Error));
    is_right && write!(String::new(), "{}", NaiveDate::MIN.format(pattern)).is_ok()
}

fn dates(spec: &DatesSpec, at: &At<DatesSpec>, faults: &mut Faults) -> Option<Dates> {
    let mut day = |at: &At<String>| {
        let text = at.value.as_ref()?;
        let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d");
        parsed.map_err(|_| faults.add(&at.span, format!("`{text}` is no day")).hint("write it as in 2026-01-31")).ok()
    };
    let from = day(&spec.from)?;
    let to = match &spec.to {
        Some(at) => Some(day(at)?),
        None => None,
    };
    if to.is_some_and(|to| to < from) {
        faults.add(&at.key, "the last day is before the first");
        return None;
    }
    if to.is_some_and(|to| from.checked_add_days(Days::new(MOST_DAYS)).is_none_or(|most| to > most)) {
        faults.add(&at.key, "these are the days of more than 200 years");
        return None;
    }
    Some(Dates { from, to })
}

/// How a connection's bucket is asked.
pub fn bucket(spec: &BucketSpec, at: &At<BucketSpec>, faults: &mut Faults) -> Option<BucketAccess> {
    let secret = |at: &Option<At<String>>| given(at).map(|text| text.map(Secret::new));
    let (key, secret_key) = (secret(&spec.access_key_id)?, secret(&spec.secret_access_key)?);
    let is_anonymous = given_or(&spec.anonymous, false)?;
    if key.is_some() != secret_key.is_some() {
        faults.add(&at.key, "`access_key_id` and `secret_access_key` go together");
        return None;
    }
    if key.is_some() && is_anonymous {
        faults.add(&at.key, "who is anonymous has no keys");
        return None;
    }
    Some(BucketAccess {
        endpoint: given(&spec.endpoint)?,
        region: given(&spec.region)?,
        keys: key.zip(secret_key),
        session_token: secret(&spec.session_token)?,
        is_anonymous,
    })
}
