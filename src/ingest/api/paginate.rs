//! Page after page of an API: what the next one is asked for with, and when there is none.

use std::collections::HashSet;

use reqwest::StatusCode;
use serde_json::Value;

use super::client::{Ask, Client, Page};
use super::ends::Ends;
use crate::error::{Error, Result};
use crate::ingest::http::FailedAttempt;
use crate::lake::landing::SourceRequest;
use crate::project::{Address, MethodSpec, PageSize, Pages, Paginator, ParameterPlace, RestRead, Written};

const MAX_PAGES: u32 = 100_000;

/// Where APIs put the address of the next page, the most usual first.
const NEXT_AT: [&str; 9] = [
    "next",
    "links.next",
    "_links.next.href",
    "links.next.href",
    "paging.next",
    "pagination.next",
    "meta.next",
    "next_page_url",
    "@odata\u{2e}nextLink",
];

/// What tells that there is more, where no way to it was found.
const MORE_AT: [&str; 5] = ["has_more", "hasMore", "meta.has_more", "pagination.has_more", "has_next"];

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
        if let (Some(Pages::Auto { .. }), 1) = (&self.way, self.pages) {
            self.way = told_by(&page).map_err(in_answer)?;
        }
        let is_new =
            !self.counts() || self.ends.go_on(page.rows, self.size.map_or(0, |size| size.size), page.rows_hash);
        if !is_new {
            return Ok(Some(Turned::End(page.request)));
        }
        self.next = self.after(&next, &page, &ask.url).map_err(in_answer)?;
        if self.next.is_some() && self.pages == MAX_PAGES {
            return Err(Error::failed(format!("`{}` has more than {MAX_PAGES} pages", self.url))
                .hint("ask for larger pages with `paginate: { limit: …, size: … }`")
                .into());
        }
        Ok(Some(Turned::Page(page)))
    }

    /// How the pages are found, for people, where the first answer had to tell.
    pub fn told(&self) -> Option<String> {
        let is_auto = matches!(self.read.paginate, Some(Paginator { way: Pages::Auto { .. }, .. }));
        is_auto.then(|| match &self.way {
            Some(Pages::Next { next_at }) => format!("paginate: auto found the next page at `{next_at}`"),
            Some(Pages::Link { .. }) => "paginate: auto found the next page in the `Link` header".to_string(),
            _ => "paginate: auto found one page".to_string(),
        })
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
                    put(&mut body, name.expose(), value);
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
            Some(Pages::Cursor { cursor_at, .. }) => match page.at(cursor_at).filter(says_more) {
                None => return Ok(None),
                Some(Value::Object(_) | Value::Array(_)) => {
                    return Err(Error::failed(format!("`{cursor_at}` is a list or an object, and no cursor"))
                        .hint("`cursor_at` is the dotted path to the cursor itself"));
                }
                Some(cursor) => NextPage::Cursor(cursor),
            },
            Some(Pages::Next { next_at }) => match page.at(next_at).filter(says_more) {
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

/// Puts a value at a dotted path of an object.
fn put(body: &mut Value, path: &str, value: Value) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    if !body.is_object() {
        *body = Value::Object(serde_json::Map::new());
    }
    let Some(members) = body.as_object_mut() else { return };
    match rest {
        None => drop(members.insert(key.to_string(), value)),
        Some(rest) => put(members.entry(key).or_insert(Value::Null), rest, value),
    }
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
fn told_by(page: &Page) -> Result<Option<Pages>> {
    if page.link.is_some() {
        return Ok(Some(Pages::Link { link: true }));
    }
    let is_address = |value: &Value| value.as_str().is_some_and(|text| text.contains('/') || text.starts_with('?'));
    if let Some(path) = NEXT_AT.iter().find(|path| page.at(path).as_ref().is_some_and(is_address)) {
        return Ok(Some(Pages::Next { next_at: path.to_string() }));
    }
    match MORE_AT.iter().find(|path| page.at(path) == Some(Value::Bool(true))) {
        Some(path) => Err(Error::failed(format!("`{path}` says that there is more, and nothing says where"))
            .hint("write how its pages are found in place of `auto: true`: `page`, `offset` or `cursor`")),
        None => Ok(None),
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
        put(&mut body, "query.page", 2.into());
        put(&mut body, "cursor", "x".into());
        assert_eq!(body, serde_json::json!({ "query": { "size": 1, "page": 2 }, "cursor": "x" }));
    }
}
