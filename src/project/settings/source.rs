//! Sources: what is captured into `raw/`, and the connections it comes from.
//!
//! A key is taken apart in three steps: which kinds of source have it (`source_keys::only`), its checked form, and whether it decides
//! which rows come: then it is part of the identity. Those of an API are in `rest`, of files in `file_places` and `file_format`, of a
//! cursor in `cursor`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::DataType;
use serde::Serialize;

use super::address::Address;
use super::connection::Connection;
use super::cursor::{self, Cursor, CursorIdentity};
use super::file_format::{self, FileFormat};
use super::file_places::{self, BucketAccess, FilePlaces};
use super::rest::{self, ApiConnection, RestRead};
use super::source_keys::only;
use crate::error::Span;
use crate::hints::suggest;
use crate::project::faults::Faults;
use crate::project::one_or_more::OneOrMore;
use crate::project::read::{At, given, within};
use crate::project::spec::{Contract, SourceSpec};
use crate::project::written::Written;
use crate::spark::types;

/// What is captured into `raw/`.
#[derive(Debug, Clone)]
pub struct Source {
    pub origin: Origin,
    /// Types given by the user for CSV columns, by column name as in the file.
    pub columns: BTreeMap<String, DataType>,
    /// How only new rows are captured; all are without it.
    pub cursor: Option<Cursor>,
    /// The landings of how many states `vacuum` keeps, the newest and those before it; `None` keeps all.
    pub keep_landings: Option<u32>,
    /// What becomes of columns that were not agreed on.
    pub contract: Contract,
}

#[derive(Debug, Clone)]
pub enum Origin {
    /// Files behind `http(s)://`, `s3://`, `file://` or `demo://`.
    Files { files: FilePlaces, format: FileFormat },
    /// A JSON API.
    Rest(Box<RestRead>),
    /// A relational database: `sqlite://`, `postgres://`, `mysql://` or `demo://`.
    Sql {
        database: Address,
        query: SqlRead,
        /// The wanted columns of a table; all when there are none.
        select: Vec<String>,
        /// How many connections read at once; by the table's size when it is not said.
        readers: Option<u32>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SqlRead {
    /// `schema.table` or `table`.
    Table(Written),
    Query(Written),
}

/// What of a source's definition decides which rows it brings, spelled out: a source that has another identity is captured
/// anew, and loses what it remembers of the last capture. The names are part of the lake's format, so renaming something
/// in this program must not change them. Secrets are left out or hashed, as they are written down with the lake.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Identity<'a> {
    File {
        url: String,
        format: &'a FileFormat,
        columns: BTreeMap<&'a String, String>,
    },
    Database {
        url: String,
        read: &'a SqlRead,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        select: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<CursorIdentity<'a>>,
    },
}

impl Identity<'_> {
    fn text(&self) -> String {
        serde_json::to_string(self).expect("identities have text keys only")
    }
}

/// What a source's check needs to know about the project around it.
pub struct Around<'a> {
    pub root: &'a Path,
    /// Whether the target brings the demo store along.
    pub demo: bool,
    /// By name; `None` for one that is broken, which has been reported.
    pub connections: &'a BTreeMap<String, Option<Connection>>,
}

/// A source with its identity as text.
///
/// `table` is the one table that it is of all tables of a schema.
pub fn check(
    spec: &At<SourceSpec>,
    table: Option<&Written>,
    around: &Around,
    faults: &mut Faults,
) -> Option<(Source, String)> {
    let value = spec.value.as_ref()?;
    match (&value.from, &value.url) {
        (None, Some(url)) => from_url(value, url, around, faults),
        (Some(from), None) => {
            let name = from.value.as_ref()?;
            let Some(connection) = around.connections.get(name) else {
                let known = around.connections.keys().map(String::as_str);
                faults.add(&from.span, format!("there is no connection `{name}`")).hint(suggest(name, known));
                return None;
            };
            match connection.as_ref()? {
                Connection::Rest(api) => from_api(spec, value, api, faults),
                Connection::Database(database) => from_database(spec, value, table, database, faults),
                Connection::Files(base, bucket) => {
                    let address = below(spec, value, base, faults)?;
                    from_files(value, "path", vec![address], bucket.clone(), &value.path.as_ref()?.span, faults)
                }
            }
        }
        (None, None) if faults.any_in(&spec.span) => None,
        (from, _) => {
            let what = if from.is_some() { "both" } else { "neither" };
            faults.add(&spec.key, format!("a source has a `from:` or a `url:`; this one has {what}"));
            None
        }
    }
}

fn from_url(
    value: &SourceSpec,
    url: &At<OneOrMore<Written>>,
    around: &Around,
    faults: &mut Faults,
) -> Option<(Source, String)> {
    let places = file_places::places(url, around.root, around.demo, faults)?;
    from_files(value, "url", places, BucketAccess::default(), &url.span, faults)
}

fn from_api(
    spec: &At<SourceSpec>,
    value: &SourceSpec,
    api: &Arc<ApiConnection>,
    faults: &mut Faults,
) -> Option<(Source, String)> {
    let keys = [
        "path", "records", "paginate", "method", "params", "body", "for_each", "envelope", "drop", "mask", "cursor",
        "key",
    ];
    only(value, &keys, "a source of a `rest` connection", faults);
    let url = below(spec, value, &api.base, faults)?;
    let read = rest::check(spec, value, api, url, faults);
    let (cursor, read) = (cursor::check(value, true, faults)?, read?);
    let text = read.identity(cursor.as_ref());
    Some((
        Source {
            origin: Origin::Rest(Box::new(read)),
            columns: BTreeMap::new(),
            cursor,
            keep_landings: None,
            contract: Contract::default(),
        },
        text,
    ))
}

fn from_database(
    spec: &At<SourceSpec>,
    value: &SourceSpec,
    of_all: Option<&Written>,
    database: &Address,
    faults: &mut Faults,
) -> Option<(Source, String)> {
    let keys = ["table", "except", "query", "select", "readers", "cursor", "key", "deletes"];
    only(value, &keys, "a source of a `database` connection", faults);
    if let (Some(at), None) = (&value.except, of_all) {
        faults
            .add(&at.key, "`except` leaves out some of all tables, and this source is one")
            .hint("a source for each table has a `*` in its name: `\"shop_*\": { from: shop, table: \"sales.*\" }`");
    }
    let query = match (&value.table, &value.query) {
        (Some(table), None) => SqlRead::Table(of_all.cloned().or_else(|| table.value.clone())?),
        (None, Some(query)) => SqlRead::Query(query.value.clone()?),
        (None, None) if faults.any_in(&spec.span) => return None,
        _ => {
            faults.add(&spec.key, "a source of a database has exactly one of `table` and `query`");
            return None;
        }
    };
    let mut select: Vec<String> = vec![];
    if let Some(at) = &value.select {
        if let SqlRead::Query(_) = query {
            faults.add(&at.key, "`select` belongs to a `table`").hint("a `query` names its columns itself");
        }
        for name in at.value.as_ref()? {
            select.push(name.value.clone()?);
        }
    }
    if let Some(at) = &value.readers {
        within("readers", at, 1..=64, faults);
    }
    let readers = given(&value.readers)?;
    let cursor = cursor::check(value, false, faults)?;
    let url = database.without_parameters().identity();
    let identity = cursor.as_ref().map(Cursor::identity);
    let text = Identity::Database { url, read: &query, select: &select, cursor: identity }.text();
    let origin = Origin::Sql { database: database.clone(), query, select, readers };
    Some((
        Source { origin, columns: BTreeMap::new(), cursor, keep_landings: None, contract: Contract::default() },
        text,
    ))
}

/// The part that files behind a connection and behind a URL share; `address` is the key that gives their places, at `span`.
fn from_files(
    value: &SourceSpec,
    address: &str,
    places: Vec<Address>,
    bucket: BucketAccess,
    span: &Span,
    faults: &mut Faults,
) -> Option<(Source, String)> {
    let columns = file_format::types_of(value, faults);
    let format = file_format::check(value, address, places.first()?, columns.as_ref(), span, faults);
    let (columns, format) = (columns?, format?);
    let named = columns.iter().map(|(name, data_type)| (name, types::name(data_type))).collect();
    let files = file_places::check(value, places, bucket, span, faults)?;
    let text = Identity::File { url: files.identity(), format: &format, columns: named }.text();
    Some((
        Source {
            origin: Origin::Files { files, format },
            columns,
            cursor: None,
            keep_landings: None,
            contract: Contract::default(),
        },
        text,
    ))
}

/// The address of a source that lies below that of its connection.
fn below(spec: &At<SourceSpec>, value: &SourceSpec, base: &Address, faults: &mut Faults) -> Option<Address> {
    let Some(path) = &value.path else {
        if !faults.any_in(&spec.span) {
            faults.add(&spec.key, "`path` is missing").hint("add `path:`");
        }
        return None;
    };
    let joined = base.joined(path.value.as_ref()?);
    joined
        .map_err(|error| {
            faults.add(&path.span, format!("this is not a valid path: {error}"));
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::dialect::CsvDialect;
    use crate::formats::encoding::TextEncoding;

    /// These texts are in lakes: another spelling would capture every source anew.
    #[test]
    fn identities_are_spelled_as_they_always_were() {
        let name = "id".to_string();
        let dialect = CsvDialect::default();
        let csv = FileFormat::Csv { delimiter: b',', header: true, dialect, encoding: TextEncoding::Utf8 };
        let file = Identity::File {
            url: "https://host/a.csv".into(),
            format: &csv,
            columns: BTreeMap::from([(&name, "bigint".into())]),
        };
        let table = SqlRead::Table("shop.orders".into());
        let database =
            |cursor| Identity::Database { url: "sqlite:///shop.db".into(), read: &table, select: &[], cursor }.text();
        let key = vec!["id".to_string()];
        let cursor = Cursor {
            column: "at".into(),
            key,
            lag: None,
            start: Some("2026".into()),
            param: None,
            detects_deletes: true,
        };
        let spelled = [file.text(), database(None), database(Some(cursor.identity()))];
        let expected = [
            r#"{"kind":"file","url":"https://host/a.csv","format":{"csv":{"delimiter":44,"header":true}},"columns":{"id":"bigint"}}"#,
            r#"{"kind":"database","url":"sqlite:///shop.db","read":{"table":"shop.orders"}}"#,
            r#"{"kind":"database","url":"sqlite:///shop.db","read":{"table":"shop.orders"},"cursor":{"column":"at","key":["id"],"start":"2026"}}"#,
        ];
        assert_eq!(spelled, expected);
    }
}
