//! The part of a table or a query that a cursor asks for, in the SQL that all databases have in common.
//!
//! Values are compared by the server alone, so that its types and its order of texts decide. All that is asked here and the
//! rows themselves are of one snapshot.

use std::collections::HashSet;

use arrow::datatypes::DataType;

use crate::error::{Error, Result};
use crate::hints::suggest;
use crate::ingest::cursor::{AskKind, CursorAsk, KnownHash, RowSieve, SourceKeys, TakenWindow};
use crate::lake::cursor::CursorValue;
use crate::lake::landing::LandedPart;
use crate::spark::types;

use super::guard::LandedColumn;

/// How a server writes names and values.
#[derive(Debug, Clone, Copy)]
pub struct WrittenSql {
    pub identifier: fn(&str) -> String,
    /// A value of a column of this type.
    pub literal: fn(&str, &DataType) -> Result<String>,
    /// An expression as text.
    pub text: fn(&str) -> String,
}

/// A cursor over the columns that a table or query has.
#[derive(Debug)]
pub struct SqlWindow<'a> {
    pub ask: &'a CursorAsk<'a>,
    written: WrittenSql,
    column: LandedColumn,
    key: Vec<String>,
}

/// A capture that has brought nothing new, in words.
pub struct NothingNew(pub String);

/// What the server says of the rows before they are read.
#[derive(Debug, Clone, Default)]
pub struct WindowSummary {
    /// Rows without a value.
    pub without: u64,
    /// The highest value that has been captured when these rows are.
    pub reached: Option<CursorValue>,
    /// The lowest that the next capture asks for.
    next_from: Option<String>,
}

impl<'a> SqlWindow<'a> {
    /// # Errors
    /// When there is no such column, or when its type has no highest value that can be written down exactly.
    pub fn of(ask: &'a CursorAsk<'a>, columns: &[LandedColumn], written: WrittenSql) -> Result<Self> {
        let column = found(columns, &ask.cursor.column, "cursor")?;
        refuse_rounded(column, "a cursor")?;
        let mut key = vec![];
        for name in &ask.cursor.key {
            let column = found(columns, name, "key")?;
            refuse_rounded(column, "part of a key")?;
            key.push(column.name.clone());
        }
        Ok(SqlWindow { ask, written, column: column.clone(), key })
    }

    pub fn column(&self) -> &str {
        &self.column.name
    }

    fn quoted(&self) -> String {
        (self.written.identifier)(&self.column.name)
    }

    fn literal(&self, value: &str) -> Result<String> {
        (self.written.literal)(value, &self.column.data_type)
    }

    /// What a row that is asked for fulfils; `None` when all are asked for. Rows without a value come with each capture: nothing
    /// would tell when one of them is new.
    pub fn condition(&self) -> Result<Option<String>> {
        let column = self.quoted();
        let Some(from) = &self.ask.from else { return Ok(None) };
        let from = self.literal(from)?;
        Ok(Some(match self.ask.before() {
            Some(before) => format!("({column} >= {from} AND {column} < {})", self.literal(before)?),
            None => format!("({column} >= {from} OR {column} IS NULL)"),
        }))
    }

    /// Asks for one row: how many rows there are, how many have a value, how many lack a part of their key, how many
    /// different keys there are, the highest value, and whether it is higher than that of the last capture.
    pub fn question(&self, from: &str) -> Result<String> {
        let column = self.quoted();
        let key: Vec<String> = self.key.iter().map(|name| (self.written.identifier)(name)).collect();
        let is_unkeyed: Vec<String> = key.iter().map(|name| format!("{name} IS NULL")).collect();
        let highest = (self.written.text)("max(newest)");
        let is_higher = match &self.ask.reached {
            Some(reached) => format!("CASE WHEN max(newest) > {} THEN 1 ELSE 0 END", self.literal(&reached.text)?),
            None => "1".to_string(),
        };
        let condition = self.condition()?.map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
        let counts = ["coalesce(sum(n), 0)", "coalesce(sum(valued), 0)", "coalesce(sum(unkeyed), 0)", "count(*)"];
        let counts: Vec<String> = counts.iter().map(|count| (self.written.text)(count)).collect();
        Ok(format!(
            "SELECT {}, {highest}, {} FROM (SELECT count(*) AS n, count({column}) AS valued, max({column}) AS newest, \
             sum(CASE WHEN {} THEN 1 ELSE 0 END) AS unkeyed FROM {from}{condition} GROUP BY {}) AS grouped",
            counts.join(", "),
            (self.written.text)(&is_higher),
            is_unkeyed.join(" OR "),
            key.join(", "),
        ))
    }

    /// Reads the answer to the [question](SqlWindow::question).
    ///
    /// # Errors
    /// When a row has no key, or several have the same: nothing would tell which of them a later one replaces.
    pub fn summary(&self, answer: &[Option<String>]) -> Result<WindowSummary> {
        let not_understood = || Error::failed("the database does not tell how many rows there are");
        let [rows, valued, unkeyed, keys, highest, is_higher] = answer else { return Err(not_understood()) };
        let count = |cell: &Option<String>| {
            let digits = cell.as_deref().and_then(|text| text.split('.').next()?.parse::<u64>().ok());
            digits.ok_or_else(not_understood)
        };
        let key: Vec<String> = self.key.iter().map(|name| format!("`{name}`")).collect();
        let key = key.join(", ");
        let (rows, unkeyed, keys) = (count(rows)?, count(unkeyed)?, count(keys)?);
        if unkeyed > 0 {
            return Err(Error::failed(format!("{unkeyed} rows have no {key}, by which a newer row replaces them"))
                .hint("name a `key:` that every row has, or leave such rows out with a `query:`"));
        }
        if keys < rows {
            let more = rows - keys;
            return Err(Error::failed(format!("{more} rows have the {key} of another row"))
                .hint("`key:` names the columns that tell a row from all others"));
        }
        let higher = highest
            .clone()
            .filter(|_| is_higher.as_deref() == Some("1"))
            .map(|text| CursorValue { data_type: types::name(&self.column.data_type), text });
        let reached = match self.ask.kind {
            AskKind::Named { .. } => self.ask.reached.clone(),
            AskKind::Whole | AskKind::Step => higher.or_else(|| self.ask.reached.clone()),
        };
        let next_from = self.ask.next_from(reached.as_ref())?;
        Ok(WindowSummary { without: rows - count(valued)?, reached, next_from })
    }

    /// 1 for the rows that the next capture asks for again, too, else 0.
    pub fn comes_again(&self, summary: &WindowSummary) -> Result<String> {
        let column = self.quoted();
        Ok(match (&self.ask.kind, &summary.next_from) {
            (AskKind::Named { .. }, _) => "0".to_string(),
            (_, Some(from)) => {
                format!("CASE WHEN {column} IS NULL OR {column} >= {} THEN 1 ELSE 0 END", self.literal(from)?)
            }
            (_, None) => format!("CASE WHEN {column} IS NULL THEN 1 ELSE 0 END"),
        })
    }

    /// For rows whose bytes do not name their columns.
    pub fn sieve(&self, columns: &[LandedColumn]) -> RowSieve<'a> {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("{} {}\n", column.name, types::name(&column.data_type))).collect();
        self.sieve_of(&columns.concat())
    }

    pub fn sieve_of(&self, columns: &str) -> RowSieve<'a> {
        let known: &'a HashSet<KnownHash> = &self.ask.known;
        RowSieve::new(known, columns)
    }

    /// Places of the key's columns among those that land, when all keys are wanted.
    pub fn wanted_keys(&self, columns: &[LandedColumn]) -> Option<Vec<usize>> {
        let place = |name: &String| columns.iter().position(|column| column.name == *name);
        self.ask.detects_deletes().then(|| self.key.iter().filter_map(place).collect())
    }

    /// What was taken, with what should be known of it in words.
    ///
    /// # Errors
    /// In which words the capture ends if it has brought nothing new, and there are no keys to look at.
    pub fn taken(
        &self,
        sieve: RowSieve<'_>,
        summary: WindowSummary,
        keys: Option<Vec<LandedPart>>,
        notes: &mut Vec<String>,
    ) -> Result<TakenWindow, NothingNew> {
        let is_nothing = self.ask.kind == AskKind::Step && sieve.new == 0;
        let nothing_new = is_nothing.then(|| format!("nothing new: {}", self.ask.words()));
        let keys = match (keys, nothing_new) {
            (None, Some(why)) => return Err(NothingNew(why)),
            (None, None) => None,
            (Some(parts), nothing_new) => Some(SourceKeys { parts, nothing_new }),
        };
        if self.ask.kind != AskKind::Whole || self.ask.from.is_some() {
            notes.push(format!("{}: {} rows, {} of them new", self.ask.words(), sieve.taken, sieve.new));
        }
        if summary.without > 0 && self.ask.before().is_none() {
            let column = &self.column.name;
            notes.push(format!("{} rows without `{column}` are asked for by every capture", summary.without));
        }
        let window = self.ask.window(&self.column.name, self.key.clone(), summary.reached);
        Ok(TakenWindow { window, again: sieve.into_again(), keys })
    }
}

/// # Errors
/// When equal values of the column's type are not told by their text.
fn refuse_rounded(column: &LandedColumn, what: &str) -> Result<()> {
    match column.data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Decimal128(..)
        | DataType::Date32
        | DataType::Timestamp(..)
        | DataType::Utf8 => Ok(()),
        _ => {
            let (name, data_type) = (&column.name, types::name(&column.data_type));
            Err(Error::failed(format!("`{name}` is a {data_type}, which cannot be {what}"))
                .hint("it is a number with exact digits, a date, a timestamp or a text"))
        }
    }
}

fn found<'c>(columns: &'c [LandedColumn], wanted: &str, what: &str) -> Result<&'c LandedColumn> {
    let alike = || columns.iter().find(|column| column.name.eq_ignore_ascii_case(wanted));
    columns.iter().find(|column| column.name == wanted).or_else(alike).ok_or_else(|| {
        let hint = suggest(wanted, columns.iter().map(|column| column.name.as_str()));
        Error::failed(format!("there is no column `{wanted}`, which `{what}:` names")).hint(hint)
    })
}
