//! Sources of a JSON API: what is asked for, once, page by page, or for each row of another source.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::address::Address;
use super::auth::Auth;
use super::cursor::{Cursor, CursorIdentity};
use super::pace::Pace;
use super::secret::Secret;
use crate::hints::suggest;
use crate::project::faults::Faults;
use crate::project::read::{At, given, given_or, within};
use crate::project::spec::{Mask, MethodSpec, PaginateSpec, ParameterPlace, SourceSpec};
use crate::project::written::{Written, hashed};

/// An API, as all its sources ask it.
#[derive(Debug, Clone)]
pub struct ApiConnection {
    pub base: Address,
    pub headers: BTreeMap<String, Secret>,
    pub auth: Option<Auth>,
    pub pace: Pace,
}

/// What one source asks of an API.
#[derive(Debug, Clone)]
pub struct RestRead {
    pub api: Arc<ApiConnection>,
    /// Of the list, without what tells its pages; with `{source.column}` in it when it is asked for each row of another.
    pub url: Address,
    pub method: MethodSpec,
    pub body: Option<Value>,
    pub records: Option<String>,
    pub paginate: Option<Paginator>,
    pub for_each: Option<ForEach>,
    pub envelope: Vec<EnvelopeColumn>,
    pub columns: Vec<HiddenColumn>,
    /// The parameter that asks for what is new, when it does.
    pub since: Option<String>,
}

/// One request for each value that a column of another source has.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEach {
    pub source: String,
    /// Dotted path to it.
    pub column: String,
    /// The path behind the connection's address, with the placeholder in it.
    pub path: Written,
    params: Vec<(Written, Written)>,
}

/// A column that each row has from the answer around it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnvelopeColumn {
    pub name: String,
    /// Dotted path into the answer.
    pub path: String,
}

/// A column that does not land as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HiddenColumn {
    /// Dotted path to it.
    pub path: String,
    /// `None` when it does not land at all.
    pub mask: Option<Mask>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paginator {
    #[serde(flatten)]
    pub way: Pages,
    #[serde(flatten)]
    pub size: Option<PageSize>,
    #[serde(rename = "in", skip_serializing_if = "is_query")]
    pub place: ParameterPlace,
}

/// How the next page is found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Pages {
    /// By its number.
    Number {
        page: Written,
        #[serde(skip_serializing_if = "is_one")]
        first: u32,
    },
    /// By the number of rows before it.
    Offset { offset: Written },
    /// By what the answer before has at a dotted path.
    Cursor { cursor: Written, cursor_at: String },
    /// By its address at a dotted path of the answer before.
    Next { next_at: String },
    /// By its address in the answer's `Link` header (RFC 8288).
    Link { link: bool },
    /// The first answer tells.
    Auto { auto: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PageSize {
    pub limit: Written,
    pub size: u32,
}

fn is_one(first: &u32) -> bool {
    *first == 1
}

fn is_query(place: &ParameterPlace) -> bool {
    *place == ParameterPlace::Query
}

impl RestRead {
    /// The address for one value of the other source's column.
    ///
    /// # Errors
    /// When that is no address any more.
    pub fn url_for(&self, each: &ForEach, value: &str) -> Result<Address, url::ParseError> {
        let name = each.placeholder();
        let in_path = segment(value);
        let path = &each.path;
        let shown = path.is_secret().then(|| path.shown().replace(&name, &in_path));
        let path = Written::new(path.expose().replace(&name, &in_path), shown);
        Ok(self.api.base.joined(&path)?.with_parameters(pairs(&each.params)))
    }
}

impl RestRead {
    /// With one parameter more: of the address, or of the body that is sent.
    pub fn asking(&self, name: &Written, value: &str) -> RestRead {
        let mut read = self.clone();
        read.since = Some(name.expose().to_string());
        if self.method == MethodSpec::Post {
            let mut body = self.body.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            put_in_body(&mut body, name.expose(), value.into());
            read.body = Some(body);
            return read;
        }
        let value = Written::from(value);
        read.url = self.url.with_parameters([(name, &value)]);
        if let Some(each) = &mut read.for_each {
            each.params.push((name.clone(), value));
        }
        read
    }

    /// With other addresses, as `here` gives them.
    pub fn moved(&self, here: impl Fn(&Address) -> Address) -> RestRead {
        let api = ApiConnection { base: here(&self.api.base), ..(*self.api).clone() };
        RestRead { api: Arc::new(api), url: here(&self.url), ..self.clone() }
    }
}

impl ForEach {
    #[cfg(test)]
    pub fn new(source: &str, column: &str, path: &str) -> Self {
        ForEach { source: source.into(), column: column.into(), path: path.into(), params: vec![] }
    }

    fn placeholder(&self) -> String {
        format!("{{{}.{}}}", self.source, self.column)
    }
}

/// A value as one segment of a path or one value of a parameter: all but letters, digits and `-._~` in percent (RFC 3986, 2.3).
fn segment(value: &str) -> String {
    use std::fmt::Write as _;
    value.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(text, "%{byte:02X}")),
        }
        text
    })
}

/// Puts a value at a dotted path of an object.
pub fn put_in_body(body: &mut Value, path: &str, value: Value) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    if !body.is_object() {
        *body = Value::Object(serde_json::Map::new());
    }
    let Some(members) = body.as_object_mut() else { return };
    match rest {
        None => drop(members.insert(key.to_string(), value)),
        Some(rest) => put_in_body(members.entry(key).or_insert(Value::Null), rest, value),
    }
}

fn pairs(params: &[(Written, Written)]) -> impl Iterator<Item = (&Written, &Written)> {
    params.iter().map(|(name, value)| (name, value))
}

/// What a source reads of an API, with its identity: what decides which rows it brings. The order and the names of the keys are
/// part of the lake's format.
#[derive(Serialize)]
struct RestIdentity<'a> {
    kind: &'static str,
    url: String,
    headers: Vec<&'a String>,
    records: &'a Option<String>,
    paginate: &'a Option<Paginator>,
    #[serde(skip_serializing_if = "is_get")]
    method: MethodSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    envelope: &'a [EnvelopeColumn],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    columns: &'a [HiddenColumn],
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<CursorIdentity<'a>>,
}

fn is_get(method: &MethodSpec) -> bool {
    *method == MethodSpec::Get
}

impl RestRead {
    pub(super) fn identity(&self, cursor: Option<&Cursor>) -> String {
        let identity = RestIdentity {
            kind: "rest",
            url: self.url.identity(),
            headers: self.api.headers.keys().collect(),
            records: &self.records,
            paginate: &self.paginate,
            method: self.method,
            // It may hold what a variable holds.
            body: self.body.as_ref().map(|body| hashed("", &body.to_string())),
            envelope: &self.envelope,
            columns: &self.columns,
            cursor: cursor.map(Cursor::identity),
        };
        serde_json::to_string(&identity).expect("identities have text keys only")
    }
}

/// The part of a source that is of an API; `url` is its address as far as `path` says it.
pub(super) fn check(
    spec: &At<SourceSpec>,
    value: &SourceSpec,
    api: &Arc<ApiConnection>,
    url: Address,
    faults: &mut Faults,
) -> Option<RestRead> {
    let method = given_or(&value.method, MethodSpec::Get)?;
    let body = given(&value.body)?;
    if let (Some(at), MethodSpec::Get) = (&value.body, method) {
        faults.add(&at.key, "a GET has no body").hint("add `method: post`");
    }
    let params = parameters(value)?;
    let url = url.with_parameters(pairs(&params));
    let for_each = for_each(spec, value, params, faults);
    let paginate = match &value.paginate {
        None => None,
        Some(at) => Some(paginator(at, method, faults)?),
    };
    let columns = hidden_columns(value, faults)?;
    let records = given(&value.records)?;
    let envelope = envelope(value, records.is_some(), faults)?;
    let for_each = for_each?;
    Some(RestRead { api: api.clone(), url, method, body, records, paginate, for_each, envelope, columns, since: None })
}

fn parameters(value: &SourceSpec) -> Option<Vec<(Written, Written)>> {
    let Some(params) = &value.params else { return Some(vec![]) };
    params.value.as_ref()?.iter().map(|(name, at)| Some((name.as_str().into(), at.value.clone()?))).collect()
}

/// `for_each` and the placeholder of its path belong together.
fn for_each(
    spec: &At<SourceSpec>,
    value: &SourceSpec,
    params: Vec<(Written, Written)>,
    faults: &mut Faults,
) -> Option<Option<ForEach>> {
    let path = value.path.as_ref()?;
    let written = path.value.as_ref()?;
    let placeholders: Vec<&str> = written
        .expose()
        .split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .filter(|name| name.contains('.'))
        .collect();
    let (source, placeholder) = match (&value.for_each, placeholders.as_slice()) {
        (None, []) => return Some(None),
        (None, [first, ..]) => {
            let source = first.split('.').next().unwrap_or_default();
            faults
                .add(
                    &path.span,
                    format!("`{{{first}}}` has a value for each row of `{source}`, which is not asked for"),
                )
                .hint(format!("add `for_each: {source}`"));
            return None;
        }
        (Some(at), found) => (at.value.clone()?, found.first().copied()),
    };
    let place = value.for_each.as_ref().map_or(&spec.key, |at| &at.span);
    let column = placeholder.and_then(|name| name.strip_prefix(&format!("{source}.")));
    let Some(column) = column.filter(|column| placeholders.iter().all(|name| name.ends_with(*column))) else {
        faults
            .add(place, format!("the path has no value of `{source}` in it"))
            .hint(format!("write `path: \"/…/{{{source}.id}}\"`, with the column whose values go there"));
        return None;
    };
    Some(Some(ForEach { source: source.clone(), column: column.to_string(), path: written.clone(), params }))
}

/// An answer that is the list itself has nothing around it.
fn envelope(value: &SourceSpec, has_records: bool, faults: &mut Faults) -> Option<Vec<EnvelopeColumn>> {
    let Some(at) = &value.envelope else { return Some(vec![]) };
    if !has_records {
        faults
            .add(&at.key, "`envelope` is what stands around the list of rows, whose place is not said")
            .hint("add `records:`, a dotted path like `data.items`");
        return None;
    }
    let columns = at.value.as_ref()?.iter();
    columns.map(|(name, at)| Some(EnvelopeColumn { name: name.clone(), path: at.value.clone()? })).collect()
}

fn hidden_columns(value: &SourceSpec, faults: &mut Faults) -> Option<Vec<HiddenColumn>> {
    let mut columns: Vec<HiddenColumn> = vec![];
    let dropped = value.drop.iter().flat_map(|at| at.value.iter().flatten()).map(|at| (at, None));
    for (at, mask) in dropped {
        columns.push(HiddenColumn { path: at.value.clone()?, mask });
    }
    for (path, at) in value.mask.iter().flat_map(|at| at.value.iter().flatten()) {
        if columns.iter().any(|column| column.path.eq_ignore_ascii_case(path)) {
            faults.add(&at.key, format!("`{path}` is dropped: there is nothing to mask"));
        }
        columns.push(HiddenColumn { path: path.clone(), mask: Some(at.value?) });
    }
    let complete = |at: bool| at.then_some(());
    complete(value.drop.as_ref().is_none_or(|at| at.value.is_some()))?;
    complete(value.mask.as_ref().is_none_or(|at| at.value.is_some()))?;
    Some(columns)
}

fn paginator(at: &At<PaginateSpec>, method: MethodSpec, faults: &mut Faults) -> Option<Paginator> {
    let spec = at.value.as_ref()?;
    let size = match (&spec.limit, &spec.size) {
        (Some(limit), Some(size)) => {
            within("size", size, 1..=1_000_000, faults);
            Some(PageSize { limit: limit.value.clone()?, size: size.value? })
        }
        (None, None) => None,
        (Some(given), None) => {
            faults.add(&given.key, "`limit` is the parameter that takes the `size`").hint("add `size:`");
            return None;
        }
        (None, Some(given)) => {
            faults.add(&given.key, "the parameter that takes the `size` is missing").hint("add `limit:`");
            return None;
        }
    };
    let first = given_or(&spec.first, 1)?;
    let text = |at: &At<Written>| at.value.clone();
    let is_on = |at: &Option<At<bool>>| Some(given(at)?.unwrap_or(false));
    let ways = [
        spec.page.as_ref().map(|at| Some(Pages::Number { page: text(at)?, first })),
        spec.offset.as_ref().map(|at| Some(Pages::Offset { offset: text(at)? })),
        spec.cursor.as_ref().map(|at| {
            let Some(path) = &spec.cursor_at else {
                faults
                    .add(&at.key, "`cursor_at` is missing: where an answer says what `cursor` is next")
                    .hint("add `cursor_at:`, a dotted path like `meta.next_cursor`");
                return None;
            };
            Some(Pages::Cursor { cursor: text(at)?, cursor_at: path.value.clone()? })
        }),
        spec.next_at.as_ref().map(|at| Some(Pages::Next { next_at: at.value.clone()? })),
        is_on(&spec.link)?.then_some(Some(Pages::Link { link: true })),
        is_on(&spec.auto)?.then_some(Some(Pages::Auto { auto: true })),
    ];
    let mut given = ways.into_iter().flatten();
    let (Some(way), None) = (given.next(), given.next()) else {
        if !faults.any_in(&at.span) {
            faults.add(
                &at.key,
                "pages are found in exactly one of the ways `page`, `offset`, `cursor`, `next_at`, `link` and `auto`",
            );
        }
        return None;
    };
    let way = way?;
    if let (Some(first), false) = (&spec.first, matches!(way, Pages::Number { .. })) {
        faults.add(&first.key, "`first` belongs to `page`");
    }
    if let (Some(path), false) = (&spec.cursor_at, matches!(way, Pages::Cursor { .. })) {
        faults.add(&path.key, "`cursor_at` belongs to `cursor`").hint(suggest("cursor", ["cursor"]));
    }
    let place = given_or(&spec.place, ParameterPlace::Query)?;
    if let (Some(at), ParameterPlace::Body, MethodSpec::Get) = (&spec.place, place, method) {
        faults.add(&at.span, "a GET has no body").hint("add `method: post` to the source");
    }
    Some(Paginator { way, size, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> RestRead {
        let base = Address::parse(url).unwrap();
        let headers = BTreeMap::from([("id".to_string(), Secret::new("hush"))]);
        let api = Arc::new(ApiConnection { base: base.clone(), headers, auth: None, pace: Pace::default() });
        let method = MethodSpec::Get;
        RestRead {
            api,
            url: base,
            method,
            body: None,
            records: None,
            paginate: None,
            for_each: None,
            envelope: vec![],
            columns: vec![],
            since: None,
        }
    }

    /// These texts are in lakes: another spelling would capture every source anew.
    #[test]
    fn identities_are_spelled_as_they_always_were() {
        let mut read = read("https://host/a");
        read.records = Some("data".to_string());
        let size = Some(PageSize { limit: "limit".into(), size: 100 });
        let way = Pages::Number { page: "page".into(), first: 1 };
        read.paginate = Some(Paginator { way, size, place: ParameterPlace::Query });
        assert_eq!(
            read.identity(None),
            r#"{"kind":"rest","url":"https://host/a","headers":["id"],"records":"data","paginate":{"page":"page","limit":"limit","size":100}}"#
        );
    }

    #[test]
    fn a_value_is_one_segment_whatever_is_in_it() {
        let read = read("https://host/api");
        let each = ForEach {
            source: "categories".into(),
            column: "value".into(),
            path: "/products/category/{categories.value}?x={categories.value}".into(),
            params: vec![],
        };
        let url = |value: &str| read.url_for(&each, value).unwrap().to_string();
        assert_eq!(url("men's"), "https://host/api/products/category/men%27s?x=men%27s");
        assert_eq!(
            url("a/b?c=../d&é"),
            "https://host/api/products/category/a%2Fb%3Fc%3D..%2Fd%26%C3%A9?x=a%2Fb%3Fc%3D..%2Fd%26%C3%A9"
        );
    }
}
