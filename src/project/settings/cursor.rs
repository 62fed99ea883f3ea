//! The cursor of a source: the column by whose values only new rows are captured, and the key by which they replace old ones.

use std::time::Duration;

use serde::Serialize;

use crate::lake::table::attic;
use crate::project::faults::Faults;
use crate::project::read::At;
use crate::project::spec::{Deletes, Literal, ShortCursor, SourceSpec};
use crate::project::written::Written;

/// How only what is new is captured.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// As the source names it; of an API a dotted path.
    pub column: String,
    /// The columns that tell a row from all others; one at least.
    pub key: Vec<String>,
    pub lag: Option<Lag>,
    /// The lowest value that is captured.
    pub start: Option<String>,
    /// The parameter of an API that takes the value.
    pub param: Option<Written>,
    /// Whether rows are looked for that the source has no longer. They are no part of what the source is.
    pub detects_deletes: bool,
}

/// How far below the highest captured value the next capture begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Lag {
    Time(Duration),
    /// In the digits of a number that is not negative.
    Number(String),
}

/// What of a cursor decides which rows a source is. The names are part of the lake's format.
#[derive(Debug, Serialize)]
pub struct CursorIdentity<'a> {
    column: &'a str,
    key: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    start: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: &'a Option<Written>,
}

impl Cursor {
    pub fn identity(&self) -> CursorIdentity<'_> {
        CursorIdentity { column: &self.column, key: &self.key, start: &self.start, param: &self.param }
    }
}

/// The cursor of a source, if it has one; `is_of_api` says whether that is an API, which is asked by a parameter.
pub(super) fn check(value: &SourceSpec, is_of_api: bool, faults: &mut Faults) -> Option<Option<Cursor>> {
    let key = key(value)?;
    let Some(at) = &value.cursor else {
        if let Some(key) = &value.key {
            faults.add(&key.key, "`key` belongs to `cursor`").hint("add `cursor:`, or leave `key` out");
        }
        if let Some(deletes) = &value.deletes {
            faults
                .add(&deletes.key, "`deletes` belongs to `cursor`")
                .hint("leave it out: without a cursor all rows are captured each time, and deleted ones are gone by themselves");
        }
        return Some(None);
    };
    if key.is_empty() {
        faults
            .add(
                &at.key,
                "`key` is missing: a row that has changed is captured again, and takes the place of the row of its key",
            )
            .hint("add `key: [id]`, the columns that tell a row from all others");
        return None;
    }
    let (column, spec) = match at.value.as_ref()? {
        ShortCursor::Column(column) => (column.clone(), None),
        ShortCursor::Whole(spec) => (spec.column.value.clone()?, Some(spec)),
    };
    let written = spec.and_then(|spec| spec.param.as_ref());
    let param = match written {
        None => None,
        Some(at) => Some(at.value.clone()?),
    };
    match (written, is_of_api) {
        (None, true) => {
            faults
                .add(&at.key, "`param` is missing: an API is asked for new rows by a parameter")
                .hint(format!("write `cursor: {{ column: {column}, param: since }}`, with the parameter's name"));
            return None;
        }
        (Some(at), false) => {
            faults.add(&at.key, "`param` is of APIs; a database is asked by a condition");
        }
        (Some(at), true) if is_given_twice(value, param.as_ref()) => {
            faults.add(&at.span, "this parameter is in `params`, too").hint("take it out there: the cursor gives it");
        }
        _ => {}
    }
    let lag = match spec.and_then(|spec| spec.lag.as_ref()) {
        None => None,
        Some(at) => Some(lag(at, faults)?),
    };
    let start = match spec.and_then(|spec| spec.start.as_ref()) {
        None => None,
        Some(at) => Some(text(at.value.as_ref()?)),
    };
    hidden(value, &column, &key, faults);
    let detects_deletes = match &value.deletes {
        None => false,
        Some(at) => at.value? == Deletes::Detect,
    };
    Some(Some(Cursor { column, key, lag, start, param, detects_deletes }))
}

fn key(value: &SourceSpec) -> Option<Vec<String>> {
    let Some(at) = &value.key else { return Some(vec![]) };
    at.value.as_ref()?.iter().map(|name| name.value.clone()).collect()
}

fn is_given_twice(value: &SourceSpec, param: Option<&Written>) -> bool {
    let given = value.params.iter().flat_map(|at| at.value.iter().flatten());
    given.into_iter().any(|(name, _)| param.is_some_and(|param| param.expose() == name))
}

fn lag(at: &At<Literal>, faults: &mut Faults) -> Option<Lag> {
    let hint = "write a time as `30m`, `1h` or `2d`, or a number as `100`";
    let lag = match at.value.as_ref()? {
        Literal::Whole(0..) | Literal::Number(0.0..) => Some(Lag::Number(text(at.value.as_ref()?))),
        Literal::Text(text) => attic::parse_keep(text).ok().map(Lag::Time),
        _ => None,
    };
    if lag.is_none() {
        faults.add(&at.span, "`lag` is neither a time nor a number of 0 or more").hint(hint);
    }
    lag
}

fn text(literal: &Literal) -> String {
    match literal {
        Literal::Truth(truth) => truth.to_string(),
        Literal::Whole(whole) => whole.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => text.clone(),
    }
}

/// Reports columns that the cursor needs and that do not land.
fn hidden(value: &SourceSpec, column: &str, key: &[String], faults: &mut Faults) {
    let needed = |name: &str| key.iter().any(|key| key.eq_ignore_ascii_case(name)) || column.eq_ignore_ascii_case(name);
    for at in value.drop.iter().flat_map(|at| at.value.iter().flatten()) {
        if at.value.as_ref().is_some_and(|name| needed(name)) {
            faults.add(&at.span, "the cursor and the key are needed: they cannot be dropped");
        }
    }
    for (name, at) in value.mask.iter().flat_map(|at| at.value.iter().flatten()) {
        if needed(name) {
            faults.add(&at.key, "the cursor and the key are needed as they are: they cannot be masked");
        }
    }
    let Some(select) = value.select.as_ref().and_then(|at| Some((at, at.value.as_ref()?))) else { return };
    for name in key.iter().map(String::as_str).chain([column]) {
        let is_there = |at: &At<String>| at.value.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(name));
        if !select.1.is_empty() && !select.1.iter().any(is_there) {
            faults.add(&select.0.key, format!("`{name}` is not among the columns that are captured")).hint("add it");
        }
    }
}
