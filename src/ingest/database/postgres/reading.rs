//! What is read: the columns of a table or a query, and how a table is shared out among readers.

use std::thread::available_parallelism;

use sqlx::{AssertSqlSafe, Column as _, Either, Executor, SqlSafeStr, Statement};

use super::session::{PostgresSession, identifier, literal, told};
use super::types::{self, TypeNumber};
use crate::error::{Error, Result};
use crate::ingest::cursor::{AskKind, CursorAsk};
use crate::ingest::database::guard::LandedColumn;
use crate::ingest::database::window::{SqlWindow, WindowSummary, WrittenSql};
use crate::ingest::database::{listed, refuse_twins, selected, server};
use crate::project::{SqlRead, Written};

/// A table is worth another reader for each of so many bytes.
const READER_BYTES: i64 = 64 << 20;

/// More of them would be felt by those whose database it is.
const MOST_READERS: usize = 4;

/// The first version that reads a range of `ctid` without reading the rest of the table.
const RANGES_FROM: i64 = 140_000;

/// All that there is to read.
#[derive(Debug)]
pub struct PostgresReading<'c> {
    pub columns: Vec<LandedColumn>,
    /// A SELECT of all rows.
    pub whole: String,
    /// A SELECT for each reader; together they give each row once. With a window, each row begins with whether it comes
    /// again.
    pub selects: Vec<String>,
    pub notes: Vec<String>,
    pub window: Option<(SqlWindow<'c>, WindowSummary)>,
    /// The columns of the key, and a SELECT of them of all rows, when they are wanted.
    pub keys: Option<(Vec<LandedColumn>, String)>,
}

const WRITTEN: WrittenSql = WrittenSql {
    identifier,
    literal: |value, _| Ok(literal(value)),
    text: |expression| format!("({expression})::text"),
};

/// A table of the catalogue.
struct PostgresTable {
    oid: i64,
    /// Quoted, with its schema.
    name: String,
    pages: i64,
    page_bytes: i64,
    /// What it is, if it cannot be shared out.
    whole_because: Option<&'static str>,
}

/// A column before its type is looked up.
struct Numbered {
    name: String,
    type_number: TypeNumber,
}

pub async fn plan<'c>(
    session: &mut PostgresSession<'_>,
    cursor: Option<&'c CursorAsk<'c>>,
) -> Result<PostgresReading<'c>> {
    let (from, numbered, mut split) = match session.asked.query {
        SqlRead::Table(written) => {
            let table = table(session, written).await?;
            let all = columns_of(session, &table).await?;
            let numbered = selected(all, session.asked.select, |column| &column.name)?;
            (table.name.clone(), numbered, ranges(&table, session.asked.readers))
        }
        SqlRead::Query(query) => {
            let query = query.expose().trim().trim_end_matches(';').trim_end();
            // The query may end with a comment.
            let from = format!("(\n{query}\n) AS query");
            let split = Split::whole(session.asked.readers, "a query");
            (from, described(session, query).await?, split)
        }
    };
    refuse_twins(numbered.iter().map(|column| &column.name))?;
    if numbered.is_empty() {
        return Err(Error::failed("it has no columns"));
    }
    let numbers: Vec<_> = numbered.iter().map(|column| column.type_number).collect();
    let landed = types::of(session, &numbers).await?;
    if landed.len() != numbered.len() {
        return Err(Error::failed("the database does not tell the types of all columns"));
    }
    let mut notes: Vec<String> = vec![];
    let (mut columns, mut expressions) = (vec![], vec![]);
    for (Numbered { name, .. }, landed) in numbered.into_iter().zip(landed) {
        notes.extend(landed.note.map(|note| format!("`{name}` {note}")));
        expressions.push(landed.asked.expression(&name));
        columns.push(LandedColumn { name, data_type: landed.data_type });
    }
    let (mut window, mut keys) = (None, None);
    if let Some(ask) = cursor {
        let asked = SqlWindow::of(ask, &columns, WRITTEN)?;
        keys = asked.wanted_keys(&columns).map(|places| {
            let of_key = places.iter().map(|place| expressions[*place].as_str()).collect::<Vec<_>>().join(", ");
            (places.iter().map(|place| columns[*place].clone()).collect(), format!("SELECT {of_key} FROM {from}"))
        });
        let summary = asked.summary(&session.texts(asked.question(&from)?).await?)?;
        expressions.insert(0, format!("{} AS comes_again", asked.comes_again(&summary)?));
        if ask.kind != AskKind::Whole {
            // An index finds them, and each reader would look there.
            split = Split { conditions: vec![String::new()], note: None };
        }
        if let Some(condition) = asked.condition()? {
            split = split.with(&condition);
        }
        window = Some((asked, summary));
    }
    notes.extend(split.note);
    let select = format!("SELECT {} FROM {from}", expressions.join(", "));
    let selects = split.conditions.iter().map(|condition| format!("{select}{condition}")).collect();
    Ok(PostgresReading { columns, whole: select, selects, notes, window, keys })
}

/// Which rows each reader takes.
struct Split {
    /// What follows a reader's SELECT.
    conditions: Vec<String>,
    note: Option<String>,
}

impl Split {
    /// The rows that fulfil a condition, too.
    fn with(self, condition: &str) -> Self {
        let both = self.conditions.iter().map(|range| {
            let word = if range.is_empty() { " WHERE" } else { " AND" };
            format!("{range}{word} {condition}")
        });
        Split { conditions: both.collect(), note: self.note }
    }

    fn whole(wanted: Option<u32>, what: &str) -> Self {
        let is_less = wanted.is_some_and(|wanted| wanted > 1);
        let note = is_less.then(|| format!("one reader instead of {}: {what} is not shared out", wanted.unwrap_or(1)));
        Split { conditions: vec![String::new()], note }
    }
}

/// A table's pages in as many ranges as there are readers; the last one has no end, whatever was written meanwhile.
fn ranges(table: &PostgresTable, wanted: Option<u32>) -> Split {
    if let Some(what) = table.whole_because {
        return Split::whole(wanted, what);
    }
    let by_size = || {
        let cores = available_parallelism().map_or(1, usize::from);
        (table.pages * table.page_bytes / READER_BYTES).clamp(1, MOST_READERS.min(cores) as i64)
    };
    let readers = wanted.map_or_else(by_size, i64::from).clamp(1, table.pages.max(1));
    let bounds: Vec<i64> = (0..=readers).map(|reader| table.pages * reader / readers).collect();
    let conditions = bounds.windows(2).enumerate().map(|(reader, pair)| {
        let from = (reader > 0).then(|| format!("ctid >= '({},0)'::tid", pair[0]));
        let to = (reader as i64 + 1 < readers).then(|| format!("ctid < '({},0)'::tid", pair[1]));
        let both: Vec<String> = from.into_iter().chain(to).collect();
        if both.is_empty() { String::new() } else { format!(" WHERE {}", both.join(" AND ")) }
    });
    let note = (readers > 1).then(|| format!("{readers} readers under one snapshot, each a range of pages"));
    Split { conditions: conditions.collect(), note }
}

async fn table(session: &mut PostgresSession<'_>, written: &Written) -> Result<PostgresTable> {
    // A dot in a name can be written in a `query`.
    let (schema, name) = match written.expose().split_once('.') {
        Some((schema, name)) => (identifier(schema) + ".", name),
        None => (String::new(), written.expose()),
    };
    let regclass = format!("{schema}{}", identifier(name));
    type Found = (i64, String, String, String, String, i64, i64, i64);
    let found: Vec<Found> = session
        .named(
            "SELECT c.oid::int8, nspname::text, relname::text, relkind::text, coalesce(amname, '')::text, \
                 coalesce(pg_catalog.pg_relation_size(c.oid), 0)::int8, current_setting('block_size')::int8, \
                 current_setting('server_version_num')::int8 \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace \
             LEFT JOIN pg_catalog.pg_am a ON a.oid = relam \
             WHERE c.oid = pg_catalog.to_regclass($1)::oid AND relkind IN ('r', 'p', 'v', 'm', 'f') AND $2 = ''",
            [&regclass, ""],
        )
        .await?;
    let Some((oid, schema, name, kind, method, bytes, page_bytes, version)) = found.into_iter().next() else {
        return Err(no_such_table(session, written).await);
    };
    let whole_because = match &*kind {
        "v" => Some("a view"),
        "p" => Some("a partitioned table"),
        "f" => Some("a foreign table"),
        _ if method != "heap" => Some("a table that is no heap"),
        _ if version < RANGES_FROM => Some("a table of a server before PostgreSQL 14"),
        _ => None,
    };
    let name = format!("{}.{}", identifier(&schema), identifier(&name));
    Ok(PostgresTable { oid, name, pages: bytes / page_bytes, page_bytes, whole_because })
}

async fn no_such_table(session: &mut PostgresSession<'_>, written: &Written) -> Error {
    let known: Result<Vec<(String,)>> = session
        .named(
            "SELECT CASE WHEN nspname = 'public' THEN relname ELSE nspname || '.' || relname END::text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace \
             WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema') \
             AND nspname NOT LIKE 'pg\\_%' AND $1 = $2 ORDER BY 1",
            ["", ""],
        )
        .await;
    let known: Vec<String> = known.unwrap_or_default().into_iter().map(|(name,)| name).collect();
    let hint = if known.is_empty() {
        "it has no tables that this user sees".into()
    } else {
        format!("it has {}", listed(&known))
    };
    Error::failed(format!("there is no table `{written}`")).hint(hint)
}

async fn columns_of(session: &mut PostgresSession<'_>, table: &PostgresTable) -> Result<Vec<Numbered>> {
    let found: Vec<(String, i64, i64)> = session
        .rows(
            "SELECT attname::text, atttypid::int8, atttypmod::int8 FROM pg_catalog.pg_attribute \
             WHERE attrelid::int8 = ANY($1) AND $2::int8[] IS NOT NULL AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            &[table.oid],
            &[],
        )
        .await?;
    let numbered = found.into_iter().map(|(name, oid, modifier)| {
        let type_number = TypeNumber { oid, modifier };
        Numbered { name, type_number }
    });
    Ok(numbered.collect())
}

/// The columns of a query. The server tells their types, but the digits of a numeric only where it is a table's column.
async fn described(session: &mut PostgresSession<'_>, query: &str) -> Result<Vec<Numbered>> {
    let waiting = (&mut session.connection).prepare(AssertSqlSafe(query).into_sql_str());
    let statement = server::answered(session.asked, told, waiting).await?;
    let parameters = match statement.parameters() {
        Some(Either::Left(types)) => types.len(),
        Some(Either::Right(count)) => count,
        None => 0,
    };
    if parameters > 0 {
        return Err(Error::failed("the query has parameters (`$1`), which nothing is given for"));
    }
    let mut columns = vec![];
    let (mut tables, mut places) = (vec![], vec![]);
    for column in statement.columns() {
        let oid = column.type_info().oid().map_or(0, |oid| i64::from(oid.0));
        columns.push(Numbered { name: column.name().to_string(), type_number: TypeNumber { oid, modifier: -1 } });
        tables.push(column.relation_id().map_or(0, |oid| i64::from(oid.0)));
        places.push(i64::from(column.relation_attribute_no().unwrap_or(0)));
    }
    let modifiers: Vec<(i64,)> = session
        .rows(
            "SELECT coalesce(CASE WHEN atttypid = 1700 THEN atttypmod END, -1)::int8 \
             FROM unnest($1, $2) WITH ORDINALITY AS asked(relation, attribute, place) \
             LEFT JOIN pg_catalog.pg_attribute ON attrelid::int8 = relation AND attnum::int8 = attribute ORDER BY place",
            &tables,
            &places,
        )
        .await?;
    for (column, (modifier,)) in columns.iter_mut().zip(modifiers) {
        column.type_number.modifier = modifier;
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pages: i64, whole_because: Option<&'static str>) -> PostgresTable {
        PostgresTable { oid: 1, name: "t".into(), pages, page_bytes: 8192, whole_because }
    }

    #[test]
    fn ranges_have_each_page_once() {
        let split = ranges(&table(10, None), Some(3));
        assert_eq!(
            split.conditions,
            [
                " WHERE ctid < '(3,0)'::tid",
                " WHERE ctid >= '(3,0)'::tid AND ctid < '(6,0)'::tid",
                " WHERE ctid >= '(6,0)'::tid"
            ]
        );
        assert_eq!(split.note.as_deref(), Some("3 readers under one snapshot, each a range of pages"));
        assert_eq!(split.with("(a)").conditions[2], " WHERE ctid >= '(6,0)'::tid AND (a)");
        assert_eq!(ranges(&table(10, None), None).conditions, [""]);
        assert_eq!(ranges(&table(10, None), None).with("(a)").conditions, [" WHERE (a)"]);
        assert_eq!(ranges(&table(0, None), Some(4)).conditions, [""]);
        let whole = ranges(&table(10, Some("a view")), Some(2));
        assert_eq!(whole.note.as_deref(), Some("one reader instead of 2: a view is not shared out"));
    }
}
