//! A JSON API: one request, the pages of a list in order, or a list for each row of another source. Rows land as NDJSON.
//!
//! | file | noun |
//! |---|---|
//! | `client` | a request at the pace that is allowed, and its answer |
//! | `auth` | who asks |
//! | `paginate`, `ends` | which page comes next, and when there is none |
//! | `children` | a list for each row of another source |
//! | `answer` | what an answer says beside its rows |
//! | `envelope`, `hidden`, `conform`, `members` | what becomes of a row's columns |
//! | `window` | the rows that a cursor asks for |

mod answer;
mod auth;
mod children;
mod client;
mod conform;
mod ends;
mod envelope;
mod hidden;
mod members;
mod paginate;
mod window;

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;

use super::parts::{LandingDraft, RowParts, Taken};
use crate::error::{Error, Result};
use crate::formats::json_schema::JsonSchema;
use crate::lake::landing::{LandedFormat, Landing, SourceRequest};
use crate::project::{ForEach, MethodSpec, PageSize, Pages, Paginator, ParameterPlace, RestRead};
use client::Client;
use conform::Conforming;
use envelope::Enveloping;
use hidden::Hiding;
use paginate::{PageWalk, Turned};
use window::ApiWindow;

const FLUSH_BYTES: usize = 1 << 20;

/// Reads all pages, or the one answer; of each list if there is one for each row of `parent`.
///
/// It is unchanged if the server answers 304 to every page's ETag of the last landing.
pub async fn capture(read: &RestRead, parent: Option<&[Landing]>, draft: &LandingDraft<'_>) -> Result<Taken> {
    if !matches!(read.url.url().scheme(), "http" | "https") {
        return Err(Error::config(format!("`{}` is not the address of an API", read.url))
            .hint("it starts with http:// or https://"));
    }
    let asking = draft.cursor.and_then(|ask| Some(read.asking(ask.cursor.param.as_ref()?, ask.from.as_ref()?)));
    let read = asking.as_ref().unwrap_or(read);
    let client = Client::new(read)?;
    if let (Some(previous), None) = (draft.previous, draft.cursor)
        && is_as_in(&client, read, previous).await?
    {
        return Ok(Taken::Unchanged("not modified (304)".into()));
    }
    let told_by = draft.cursor.and_then(|ask| ask.told_by.as_ref());
    let mut rows = RowSink {
        read,
        schema: told_by.map(JsonSchema::after).transpose()?.unwrap_or_default(),
        parts: RowParts::json(draft),
        enveloping: Enveloping::new(&read.envelope),
        hiding: Hiding::new(&read.columns),
        conforming: draft.terms.map(Conforming::new),
        window: draft.cursor.map(ApiWindow::new),
    };
    let mut notes = vec![];
    match &read.for_each {
        None => {
            let mut walk = PageWalk::new(&client, read, read.url.clone());
            while let Some(step) = walk.step().await? {
                rows.add(step).await?;
                if draft.is_enough(rows.schema.count()) {
                    notes.extend(walk.has_more().then(|| "there are more pages".to_string()));
                    break;
                }
            }
            notes.extend(walk.told());
        }
        Some(each) => {
            let parent = parent.ok_or_else(|| Error::failed(format!("`raw.{}` is not in the lake", each.source)))?;
            let values = children::values(each, parent, draft.lake).await?;
            notes.push(each_list(&client, read, each, &values, &mut rows, draft).await?);
        }
    }
    let RowSink { schema, parts, enveloping, hiding, conforming, window, .. } = rows;
    enveloping.finish()?;
    match hiding.finish() {
        // It may be in a row that was not wanted.
        Err(error) if draft.sample.is_some() => notes.push(format!("so far {error}")),
        hidden => hidden?,
    }
    let window = match window {
        Some(window) => {
            if let Some(why) = window.nothing_new() {
                return Ok(Taken::Unchanged(why));
            }
            let mut taken = window.taken(&mut notes)?;
            taken.window.told_by = Some(schema.told_by());
            Some(taken.into())
        }
        None => None,
    };
    let schema = match conforming {
        None => schema.schema()?,
        Some(conforming) => {
            let schema = conforming.schema(schema.schema()?.as_ref());
            notes.extend(conforming.told());
            schema
        }
    };
    let format = LandedFormat::Ndjson;
    Ok(Taken::New { format, schema, parts: parts.finish().await?, notes, window })
}

/// Reads the lists of all values, some at once, and adds them in order; says how many there were.
async fn each_list(
    client: &Client<'_>,
    read: &RestRead,
    each: &ForEach,
    values: &[String],
    rows: &mut RowSink<'_>,
    draft: &LandingDraft<'_>,
) -> Result<String> {
    let lists: Vec<_> = values.iter().map(|value| list(client, read, each, value)).collect();
    let mut lists = stream::iter(lists).buffered(read.api.pace.at_once());
    let (mut missing, mut asked) = (0, 0);
    while let Some(steps) = lists.try_next().await? {
        missing += u64::from(matches!(steps.as_slice(), [Turned::End(_)]));
        for step in steps {
            rows.add(step).await?;
        }
        asked += 1;
        if draft.is_enough(rows.schema.count()) {
            break;
        }
    }
    let all = values.len() as u64;
    if missing == all && all > 0 {
        return Err(Error::failed(format!("`{}` answered 404 for each of {all} values", read.url))
            .hint("check the source's path"));
    }
    let gone = if missing > 0 { format!(", {missing} of them not found (404)") } else { String::new() };
    let asked = if asked < all { format!("{asked} of the first {all}") } else { all.to_string() };
    Ok(format!("{asked} values of {}.{}{gone}", each.source, each.column))
}

/// All pages of one value's list. There may be none by now: what it belongs to was listed before.
async fn list(client: &Client<'_>, read: &RestRead, each: &ForEach, value: &str) -> Result<Vec<Turned>> {
    let url = read
        .url_for(each, value)
        .map_err(|error| Error::failed(format!("`{value}` cannot stand in an address")).because(error))?;
    let mut walk = PageWalk::new(client, read, url.clone());
    let mut steps = vec![];
    loop {
        match walk.step().await {
            Ok(Some(step)) => steps.push(step),
            Ok(None) => return Ok(steps),
            Err(fault) if fault.status == Some(StatusCode::NOT_FOUND) && steps.is_empty() => {
                let status = fault.status.map(|status| status.as_u16());
                return Ok(vec![Turned::End(SourceRequest {
                    url: url.to_string(),
                    status,
                    etag: None,
                    last_modified: None,
                })]);
            }
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// Rows on their way into the lake.
struct RowSink<'a> {
    read: &'a RestRead,
    schema: JsonSchema,
    parts: RowParts<'a>,
    enveloping: Enveloping<'a>,
    hiding: Hiding<'a>,
    conforming: Option<Conforming<'a>>,
    window: Option<ApiWindow<'a>>,
}

impl RowSink<'_> {
    async fn add(&mut self, step: Turned) -> Result<()> {
        let page = match step {
            Turned::Page(page) => page,
            Turned::End(request) => {
                self.parts.request(request);
                return Ok(());
            }
        };
        let place = page.request.url.clone();
        self.enveloping.turn(&page).map_err(|error| error.context(format!("`{place}`")))?;
        self.parts.request(page.request);
        let mut splitter = client::splitter(self.read);
        let (mut line, mut shown, mut kept) = (vec![], vec![], vec![]);
        for chunk in &page.body {
            splitter
                .push(chunk, |row| {
                    to_line(row, &mut line);
                    self.enveloping.add(&mut line)?;
                    self.hiding.apply(&line, &mut shown)?;
                    if let Some(window) = &mut self.window
                        && !window.takes(&shown)?
                    {
                        return Ok(());
                    }
                    if let Some(conforming) = &mut self.conforming {
                        if !conforming.apply(&shown, &mut kept)? {
                            return Ok(());
                        }
                        std::mem::swap(&mut shown, &mut kept);
                    }
                    self.schema.add(&shown)?;
                    self.parts.row(&shown);
                    Ok(())
                })
                .map_err(|error| error.context(format!("`{place}`")))?;
            if self.parts.waiting_bytes() >= FLUSH_BYTES {
                self.parts.flush().await?;
            }
        }
        Ok(())
    }
}

/// Whether every page of a landing is still what it was, as far as the server says so. Only where the pages' addresses follow
/// from their numbers.
async fn is_as_in(client: &Client<'_>, read: &RestRead, landing: &Landing) -> Result<bool> {
    let requests: Vec<_> = landing.parts.iter().flat_map(|part| &part.requests).collect();
    let is_plain = read.for_each.is_none() && read.method == MethodSpec::Get;
    if !is_plain || requests.is_empty() || requests.iter().any(|request| request.etag.is_none()) {
        return Ok(false);
    }
    for (number, request) in (0..).zip(requests) {
        let url = match &read.paginate {
            None => read.url.clone(),
            Some(Paginator { way: Pages::Number { page, first }, size, place: ParameterPlace::Query }) => {
                let number = (first + number).to_string().as_str().into();
                let size = size.as_ref().map(|PageSize { limit, size }| (limit, size.to_string().as_str().into()));
                let limit = size.iter().map(|(limit, size)| (*limit, size));
                read.url.with_parameters([(page, &number)].into_iter().chain(limit))
            }
            Some(_) => return Ok(false),
        };
        if !client.is_as_it_was(&url, request.etag.as_deref().unwrap_or_default()).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A row as one line, and as an object: a value that is none is its column `value`. JSON has line ends between its tokens only
/// (RFC 8259, 7), so a space does as well.
fn to_line(row: &[u8], line: &mut Vec<u8>) {
    line.clear();
    let is_object = row.starts_with(b"{");
    if !is_object {
        line.extend_from_slice(b"{\"value\":");
    }
    line.extend(row.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    if !is_object {
        line.push(b'}');
    }
}
