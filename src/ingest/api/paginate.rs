//! Page after page of an API: what the next one is asked for with, and when there is none.

use std::collections::HashSet;

use reqwest::StatusCode;
use serde_json::Value;

use super::answer::Envelope;
use super::client::{Ask, Client, Page};
use super::ends::Ends;
use crate::error::{Error, Result};
use crate::ingest::http::FailedAttempt;
use crate::lake::landing::SourceRequest;
use crate::project::{Address, MethodSpec, PageSize, Pages, ParameterPlace, RestRead, Written, put_in_body};
use crate::units::counted;

const MAX_PAGES: u32 = 100_000;

/// Where APIs put the address of the next page, the most usual first.
const NEXT_AT: [&str; 11] = [
    "next",
    "links.next",
    "_links.next.href",
    "links.next.href",
    "paging.next",
    "pagination.next",
    "meta.next",
    "next_page_url",
    "@odata.nextLink",
    "info.next",
    "nextRecordsUrl",
];

/// Where they put a cursor, of which nothing says which parameter takes it.
const CURSOR_AT: [&str; 14] = [
    "next",
    "next_cursor",
    "nextCursor",
    "next_page",
    "next_page_token",
    "nextPageToken",
    "nextToken",
    "NextToken",
    "next_token",
    "cursor.next",
    "meta.next_cursor",
    "pagination.next_cursor",
    "paging.cursors.after",
    "response_metadata.next_cursor",
];

/// What tells that there is more without saying where.
const MORE_AT: [&str; 8] = [
    "has_more",
    "hasMore",
    "has_next",
    "hasNext",
    "meta.has_more",
    "pagination.has_more",
    "pageInfo.hasNextPage",
    "page_info.has_next_page",
];

/// How many rows there are in all.
const TOTAL_AT: [&str; 13] = [
    "total",
    "total_count",
    "totalCount",
    "meta.total",
    "meta.total_count",
    "pagination.total",
    "count",
    "total_results",
    "totalElements",
    "page.totalElements",
    "hits.total.value",
    "numFound",
    "response.numFound",
];

/// How many pages there are in all.
const PAGES_AT: [&str; 7] = [
    "total_pages",
    "totalPages",
    "page.totalPages",
    "last_page",
    "meta.last_page",
    "meta.total_pages",
    "pagination.total_pages",
];

/// Parameters by which a request asks for a part of a list.
const OF_A_PART: [&str; 15] = [
    "page",
    "offset",
    "cursor",
    "after",
    "before",
    "start",
    "skip",
    "from",
    "limit",
    "size",
    "take",
    "top",
    "per_page",
    "page_size",
    "pagesize",
];

/// Goes through the pages of one list.
pub struct PageWalk<'a> {
    client: &'a Client<'a>,
    read: &'a RestRead,
    /// Of the list, without what tells its pages.
    url: Address,
    way: Option<Pages>,
    place: ParameterPlace,
    size: Option<&'a PageSize>,
    /// `None` when there is none any more.
    next: Option<NextPage>,
    ends: Ends,
    /// Cursors and addresses that were asked for.
    asked: HashSet<String>,
    pages: u32,
    rows: u64,
    /// What the last page with rows said of more to come: the words for it.
    more: Option<String>,
}

/// What tells the next page from others.
enum NextPage {
    First,
    Number(u32),
    Offset(u64),
    Cursor(Value),
    At(Address),
}

/// A page, or the answer that there is none.
pub enum Turned {
    Page(Page),
    End(SourceRequest),
}

impl<'a> PageWalk<'a> {
    pub fn new(client: &'a Client<'a>, read: &'a RestRead, url: Address) -> Self {
        let paginate = read.paginate.as_ref();
        let next = match paginate.map(|paginate| &paginate.way) {
            Some(Pages::Number { first, .. }) => NextPage::Number(*first),
            Some(Pages::Offset { .. }) => NextPage::Offset(0),
            _ => NextPage::First,
        };
        PageWalk {
            client,
            read,
            url,
            way: paginate.map(|paginate| paginate.way.clone()),
            place: paginate.map(|paginate| paginate.place).unwrap_or_default(),
            size: paginate.and_then(|paginate| paginate.size.as_ref()),
            next: Some(next),
            ends: Ends::default(),
            asked: HashSet::new(),
            pages: 0,
            rows: 0,
            more: None,
        }
    }

    /// The next page, or the request that said that there is none; `None` after either of them said so.
    pub async fn step(&mut self) -> Result<Option<Turned>, FailedAttempt> {
        let Some(next) = self.next.take() else { return Ok(None) };
        let ask = self.ask(&next);
        let page = match self.client.page(&ask).await {
            Err(FailedAttempt { status: Some(status), .. }) if self.counts() && self.ends.end_with(status) => {
                return Ok(Some(Turned::End(refusal(&ask, status))));
            }
            page => page?,
        };
        self.pages += 1;
        self.rows += page.rows;
        let in_answer = |error: Error| error.context(format!("`{}`", ask.url));
        let has_records = self.read.records.is_some();
        match self.way {
            Some(Pages::Auto { .. }) => self.way = told_by(&page, has_records).map_err(in_answer)?,
            None if self.pages == 1 => is_all(&page, &ask.url, self.read).map_err(in_answer)?,
            _ => {}
        }
        let is_new =
            !self.counts() || self.ends.go_on(page.rows, self.size.map_or(0, |size| size.size), page.rows_hash);
        if !is_new {
            if page.rows > 0 && self.pages == 2 {
                self.is_asked_in_vain().map_err(in_answer)?;
            }
            return Ok(Some(Turned::End(page.request)));
        }
        if self.counts() {
            self.more = more_than(&page, self.rows, has_records).map_err(in_answer)?;
        }
        self.next = self.after(&next, &page, &ask.url).map_err(in_answer)?;
        if self.next.is_some() && self.pages == MAX_PAGES {
            return Err(Error::failed(format!("`{}` has more than {MAX_PAGES} pages", self.url))
                .hint("ask for larger pages with `paginate: { limit: …, size: … }`")
                .into());
        }
        Ok(Some(Turned::Page(page)))
    }

    /// How the pages are found, for people: where the first answer had to tell, and where it named no other.
    pub fn told(&self) -> Option<String> {
        let asked = self.read.paginate.as_ref().map(|paginate| &paginate.way)?;
        match (asked, &self.way) {
            (Pages::Auto { .. }, Some(Pages::Next { next_at })) => Some(format!("pages found by `next_at: {next_at}`")),
            (Pages::Auto { .. }, Some(Pages::Link { .. })) => Some("pages found by the `Link` header".to_string()),
            (Pages::Auto { .. }, _) => Some("one page: the answer names no other".to_string()),
            _ if self.has_more() => None,
            (Pages::Number { .. } | Pages::Offset { .. }, _) => {
                let more = self.more.as_ref()?;
                Some(format!("{more}, and its pages gave {}", counted(self.rows, "row")))
            }
            (Pages::Cursor { cursor_at: path, .. } | Pages::Next { next_at: path }, _) if self.pages == 1 => {
                Some(format!("one page: the answer has nothing at `{path}`"))
            }
            (Pages::Link { .. }, _) if self.pages == 1 => Some("one page: no `Link` header names another".to_string()),
            _ => None,
        }
    }

    /// # Errors
    /// When the second page is the first one again, and that says that there is more: the API does not know the parameter.
    fn is_asked_in_vain(&self) -> Result<()> {
        let Some(more) = &self.more else { return Ok(()) };
        let parameter = match &self.way {
            Some(Pages::Number { page: name, .. } | Pages::Offset { offset: name }) => name.expose(),
            _ => return Ok(()),
        };
        Err(Error::failed(format!("the second page is the first one again, but {more}"))
            .hint(format!("the API seems not to know the parameter `{parameter}` that `paginate:` names")))
    }

    /// Whether another page would be asked for.
    pub fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Whether pages are counted, so that only what they hold says that there are no more.
    fn counts(&self) -> bool {
        matches!(self.way, Some(Pages::Number { .. } | Pages::Offset { .. }))
    }

    fn ask(&self, next: &NextPage) -> Ask {
        let mut parameters: Vec<(Written, Written, Value)> = vec![];
        let mut add = |name: &Written, text: &str, value: Value| parameters.push((name.clone(), text.into(), value));
        match (next, &self.way) {
            (NextPage::At(url), _) => return Ask { url: url.clone(), body: self.read.body.clone() },
            (NextPage::Number(number), Some(Pages::Number { page, .. })) => {
                add(page, &number.to_string(), (*number).into());
            }
            (NextPage::Offset(rows), Some(Pages::Offset { offset })) => add(offset, &rows.to_string(), (*rows).into()),
            (NextPage::Cursor(value), Some(Pages::Cursor { cursor, .. })) => add(cursor, &text(value), value.clone()),
            _ => {}
        }
        if let Some(PageSize { limit, size }) = self.size {
            add(limit, &size.to_string(), (*size).into());
        }
        match (self.place, self.read.method) {
            (ParameterPlace::Body, MethodSpec::Post) => {
                let mut body = self.read.body.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
                for (name, _, value) in parameters {
                    put_in_body(&mut body, name.expose(), value);
                }
                Ask { url: self.url.clone(), body: Some(body) }
            }
            _ => {
                let pairs = parameters.iter().map(|(name, text, _)| (name, text));
                Ask { url: self.url.with_parameters(pairs), body: self.read.body.clone() }
            }
        }
    }

    /// What the page after this one is asked for with.
    fn after(&mut self, this: &NextPage, page: &Page, url: &Address) -> Result<Option<NextPage>> {
        let next = match &self.way {
            None | Some(Pages::Auto { .. }) => return Ok(None),
            Some(Pages::Number { .. }) => match this {
                NextPage::Number(number) => return Ok(Some(NextPage::Number(number + 1))),
                _ => return Ok(None),
            },
            // By as many as there were: an API may give fewer than it is asked for.
            Some(Pages::Offset { .. }) => return Ok(Some(NextPage::Offset(self.rows))),
            Some(Pages::Cursor { cursor_at, .. }) => match page.at(cursor_at)?.filter(says_more) {
                None => return Ok(None),
                Some(Value::Object(_) | Value::Array(_)) => {
                    return Err(Error::failed(format!("`{cursor_at}` is a list or an object, and no cursor"))
                        .hint("`cursor_at` is the dotted path to the cursor itself"));
                }
                Some(cursor) => NextPage::Cursor(cursor),
            },
            Some(Pages::Next { next_at }) => match page.at(next_at)?.filter(says_more) {
                None => return Ok(None),
                Some(Value::String(link)) => NextPage::At(followed(url, &link)?),
                Some(_) => {
                    return Err(Error::failed(format!("`{next_at}` is no address"))
                        .hint("where it is a cursor, write `paginate: { cursor: <parameter>, cursor_at: <path> }`"));
                }
            },
            Some(Pages::Link { .. }) => match page.link.clone().flatten() {
                None => return Ok(None),
                Some(link) => NextPage::At(followed(url, &link)?),
            },
        };
        let name = match &next {
            NextPage::Cursor(value) => value.to_string(),
            NextPage::At(url) => url.url().to_string(),
            _ => return Ok(Some(next)),
        };
        if !self.asked.insert(name) {
            return Err(Error::failed(format!("the API gives a next page a second time, after {} pages", self.pages))
                .hint("its pages have no end: check how the API is paged"));
        }
        Ok(Some(next))
    }
}

fn refusal(ask: &Ask, status: StatusCode) -> SourceRequest {
    // Without an ETag, so that the next capture asks whether there is such a page by then.
    SourceRequest { url: ask.url.to_string(), status: Some(status.as_u16()), etag: None, last_modified: None }
}

/// Whether a cursor or an address is one: APIs say in several ways that there is none.
fn says_more(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

/// Where a link in an answer leads. It stays on its host: an answer must not send this program, with its credentials and what
/// it can reach, anywhere else.
fn followed(from: &Address, link: &str) -> Result<Address> {
    let to =
        from.followed(link).map_err(|error| Error::failed("the address of the next page is none").because(error))?;
    // A server behind a proxy may not know that it is asked by HTTPS.
    let is_same_host = to.url().host() == from.url().host();
    let is_worse = from.url().scheme() == "https" && to.url().scheme() != "https";
    if !is_same_host || is_worse || to.url().port_or_known_default() != from.url().port_or_known_default() {
        return Err(Error::failed(format!("the next page is on another host: `{}`", to.without_parameters()))
            .hint("pages are followed on the host of the connection only, by the same scheme and port"));
    }
    Ok(to)
}

/// How the pages of a list are found, as its first answer tells; `None` when it is all.
///
/// # Errors
/// When it says that there is more, and not how to get it.
fn told_by(page: &Page, has_records: bool) -> Result<Option<Pages>> {
    if let Some(Some(_)) = page.link {
        return Ok(Some(Pages::Link { link: true }));
    }
    let more = |path: String| {
        Err(Error::failed(format!("there are more rows, as `{path}` says, and nothing says where"))
            .hint("write how its pages are found: `paginate:` with `page`, `offset` or `cursor`"))
    };
    if let Some((name, total)) = page.total
        && total > page.rows
    {
        return more(name.to_string());
    }
    // Without `records:` an object is a row, whose columns may have any names.
    if !has_records {
        return Ok(None);
    }
    let text = page.text();
    let envelope = Envelope::of(&text)?;
    let is_address = |value: &Value| value.as_str().is_some_and(|text| text.contains('/') || text.starts_with('?'));
    if let Some(path) = NEXT_AT.iter().find(|path| envelope.at(path).as_ref().is_some_and(is_address)) {
        return Ok(Some(Pages::Next { next_at: path.to_string() }));
    }
    let is_cursor = |value: &Value| matches!(value, Value::String(_) | Value::Number(_)) && says_more(value);
    if let Some(path) = CURSOR_AT.iter().find(|path| envelope.at(path).as_ref().is_some_and(is_cursor)) {
        return Err(Error::failed(format!(
            "there is a next page: `{path}` has its cursor, and nothing says where to put it"
        ))
        .hint(format!("write `paginate: {{ cursor: <the parameter>, cursor_at: {path} }}`")));
    }
    said_more(&envelope, page, page.rows).map_or(Ok(None), more)
}

/// What in an answer says that there are more rows than so many, of which this page has the last.
fn said_more(envelope: &Envelope, page: &Page, rows: u64) -> Option<String> {
    let is_more = |path: &&&str| envelope.at(path) == Some(Value::Bool(true));
    let number = |path: &str| envelope.at(path).and_then(|total| total.as_u64());
    let is_beyond = |path: &&&str| number(path).is_some_and(|total| total > rows);
    // The first page of several; of later ones it is not known here which they are.
    let has_pages = |path: &&&str| rows == page.rows && number(path).is_some_and(|pages| pages > 1);
    let is_last = || rows == page.rows && envelope.at("last") == Some(Value::Bool(false)) && page.rows > 0;
    let path = MORE_AT.iter().find(is_more).or_else(|| TOTAL_AT.iter().find(is_beyond));
    let path = path.or_else(|| PAGES_AT.iter().find(has_pages)).map(|path| path.to_string());
    path.or_else(|| is_last().then(|| "last".to_string()))
}

/// The same of counted pages, in words: more than the rows so far.
fn more_than(page: &Page, rows: u64, has_records: bool) -> Result<Option<String>> {
    if let Some((name, total)) = page.total {
        return Ok((total > rows).then(|| format!("`{name}` says that there are {total} rows")));
    }
    if !has_records {
        return Ok(None);
    }
    let text = page.text();
    let envelope = Envelope::of(&text)?;
    let is_address =
        |path: &&&str| envelope.at(path).is_some_and(|value| value.as_str().is_some_and(|to| to.contains('/')));
    if let Some(path) = TOTAL_AT
        .iter()
        .find(|path| envelope.at(path).and_then(|total| total.as_u64()).is_some_and(|total| total > rows))
    {
        return Ok(envelope.token(path).map(|total| format!("`{path}` says that there are {total} rows")));
    }
    let path =
        said_more(&envelope, page, rows).or_else(|| NEXT_AT.iter().find(is_address).map(|path| path.to_string()));
    Ok(path.map(|path| format!("`{path}` says that there is more")))
}

/// Checks that an answer is all, where nothing is said of pages.
///
/// # Errors
/// When it says that there is more, and the request did not ask for a part.
fn is_all(page: &Page, url: &Address, read: &RestRead) -> Result<()> {
    let asks_for_a_part = |(name, _): (std::borrow::Cow<'_, str>, _)| {
        OF_A_PART.contains(&name.to_lowercase().as_str()) && read.since.as_deref() != Some(&name)
    };
    if url.url().query_pairs().any(asks_for_a_part) {
        return Ok(());
    }
    match told_by(page, read.records.is_some())? {
        None => Ok(()),
        Some(_) => Err(Error::failed("it is a first page: the answer names the next one, which nobody asked for")
            .hint("add `paginate: { auto: true }`; to have this page alone, name it in `params:`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_page_stays_on_its_host() {
        let from = Address::parse("https://host/list?page=1").unwrap();
        let to = |link: &str| followed(&from, link).map(|to| to.to_string()).map_err(|error| error.to_string());
        assert_eq!(to("?page=2"), Ok("https://host/list?page=2".into()));
        assert_eq!(to("/other?cursor=a"), Ok("https://host/other?cursor=a".into()));
        assert_eq!(to("https://host:443/x"), Ok("https://host/x".into()));
        for elsewhere in
            ["https://other/x", "http://host/x", "//169.254.169.254/latest", "https://host:8443/x", "file:///x"]
        {
            assert!(to(elsewhere).unwrap_err().contains("on another host"), "{elsewhere}");
        }
    }

    #[test]
    fn parameters_stand_in_a_body_at_their_path() {
        let mut body = serde_json::json!({ "query": { "size": 1 } });
        put_in_body(&mut body, "query.page", 2.into());
        put_in_body(&mut body, "cursor", "x".into());
        assert_eq!(body, serde_json::json!({ "query": { "size": 1, "page": 2 }, "cursor": "x" }));
    }
}
