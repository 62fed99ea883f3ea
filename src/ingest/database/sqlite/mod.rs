//! SQLite: rows → JSON lines, declared types → Spark's.
//!
//! A declared type is a wish in SQLite (<https://www.sqlite.org/datatype3.html>): any column may hold any value. So each
//! value is written as what it is, and a column whose values are not all of its declared type is text. Null is of every
//! type. Dates are text too, as SQLite has no such type. BLOBs are written in hex.

mod columns;

use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Row};

use super::guard::LandedColumn;
use super::window::{NothingNew, SqlWindow, WindowSummary, WrittenSql};
use super::{DatabaseTable, SqlRequest, refuse_twins, request, selected};
use crate::error::{Error, Result};
use crate::ingest::cursor::{CursorAsk, RowSieve};
use crate::ingest::parts::{LandingDraft, RowParts, Taken};
use crate::lake::landing::LandedFormat;
use crate::project::{SqlRead, Written};
use columns::{SqliteColumn, write_row};

const FLUSH_BYTES: usize = 1 << 20;

/// The query under a name, so that SQLite tells the declared types of its columns; gone with the connection.
const VIEW: &str = "trapiche_capture";

/// Reads all rows in one transaction, or so many of them, or those that a cursor asks for.
pub async fn capture(asked: &SqlRequest<'_>, draft: &LandingDraft<'_>) -> Result<Taken> {
    let mut parts = RowParts::json(draft);
    parts.request(request(&asked.database.without_parameters().to_string()));
    let mut connection = connect(asked).await?;
    let mut snapshot = connection.begin().await.map_err(failed)?;
    refuse_utf16(&mut snapshot).await?;

    let select = match asked.query {
        SqlRead::Table(table) => select_all(&mut snapshot, table, asked.select).await?,
        SqlRead::Query(query) => query.expose().trim().trim_end_matches(';').to_string(),
    };
    let mut columns = describe(&mut snapshot, &select, asked.query).await?;
    let window = match draft.cursor {
        Some(ask) => Some(window(&mut snapshot, ask, &mut columns).await?),
        None => None,
    };
    let condition = match &window {
        Some((window, _)) => window.condition()?.map(|condition| format!(" WHERE {condition}")).unwrap_or_default(),
        None => String::new(),
    };
    let sample = draft.sample.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
    let rows_asked = format!("FROM temp.{VIEW}{condition}{sample}");
    check_booleans(&mut snapshot, &mut columns, &format!("SELECT * {rows_asked}")).await?;
    let comes_again = match &window {
        Some((window, summary)) => format!("{}, ", window.comes_again(summary)?),
        None => String::new(),
    };
    let mut sieve = window.as_ref().map(|(window, _)| window.sieve_of(""));
    let keys = match window.as_ref().and_then(|(window, _)| window.wanted_keys(&landed(&columns))) {
        Some(places) => {
            let mut of_key: Vec<SqliteColumn> = places.iter().map(|place| columns[*place].clone()).collect();
            let names: Vec<String> = of_key.iter().map(|column| identifier(&column.name)).collect();
            let select = format!("SELECT {} FROM temp.{VIEW}", names.join(", "));
            let mut parts = RowParts::keys(draft, "json");
            copy_rows(&mut snapshot, select, &mut of_key, &mut parts, &mut None).await?;
            Some(parts.finish().await?)
        }
        None => None,
    };
    let select = format!("SELECT {comes_again}* {rows_asked}");
    copy_rows(&mut snapshot, select, &mut columns, &mut parts, &mut sieve).await?;
    let mut notes = vec![];
    let taken = match window.zip(sieve) {
        Some(((window, summary), sieve)) => match window.taken(sieve, summary, keys, &mut notes) {
            Ok(mut taken) => {
                taken.window.told_by = Some(SqliteColumn::told_by(&columns));
                Some(taken.into())
            }
            Err(NothingNew(why)) => return Ok(Taken::Unchanged(why)),
        },
        None => None,
    };
    let fields: Vec<_> = columns.iter().map(|column| Field::new(&column.name, column.data_type(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    Ok(Taken::New { format: LandedFormat::Ndjson, schema, parts: parts.finish().await?, notes, window: taken })
}

/// Rows as they come. With a sieve, whether a row comes again stands before its columns.
async fn copy_rows(
    connection: &mut SqliteConnection,
    select: String,
    columns: &mut [SqliteColumn],
    parts: &mut RowParts<'_>,
    sieve: &mut Option<RowSieve<'_>>,
) -> Result<()> {
    let first = usize::from(sieve.is_some());
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(connection);
    let mut line = vec![];
    let mut number = 0_u64;
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        number += 1;
        line.clear();
        write_row(&row, first, columns, &mut line).map_err(|error| error.context(format!("row {number}")))?;
        if let Some(sieve) = sieve.as_mut()
            && !sieve.is_new(&line, row.try_get_unchecked::<i64, _>(0).map_err(failed)? == 1)
        {
            continue;
        }
        parts.row(&line);
        if parts.waiting_bytes() >= FLUSH_BYTES {
            parts.flush().await?;
        }
    }
    Ok(())
}

/// All tables, without views and what SQLite itself keeps.
pub async fn tables(asked: &SqlRequest<'_>) -> Result<Vec<DatabaseTable>> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .fetch_all(&mut connect(asked).await?)
    .await
    .map_err(failed)?;
    let main = || "main".to_string();
    let schema = |name: &str| name.contains('.').then(main);
    Ok(names.into_iter().map(|name| DatabaseTable { schema: schema(&name), name, home: main() }).collect())
}

async fn connect(asked: &SqlRequest<'_>) -> Result<SqliteConnection> {
    let unreachable = |error: sqlx::Error| {
        Error::connection("could not open the database")
            .hint("check its path, and that the file may be read")
            .because(error)
    };
    // What is wrong with it would be told with a part of it, which may be a secret.
    let options = SqliteConnectOptions::from_str(asked.database.url().as_str())
        .map_err(|_| Error::config("this is not the address of a SQLite file").hint("write sqlite:///path/to/file"))?;
    SqliteConnection::connect_with(&options.read_only(true)).await.map_err(unreachable)
}

const WRITTEN: WrittenSql =
    WrittenSql { identifier, literal: typed_literal, text: |expression| format!("CAST({expression} AS text)") };

/// A value as SQLite compares it: a number with numbers, a text with texts.
fn typed_literal(value: &str, data_type: &DataType) -> Result<String> {
    match data_type {
        DataType::Utf8 => Ok(format!("'{}'", value.replace('\'', "''"))),
        _ if value.parse::<i64>().is_ok() => Ok(value.to_string()),
        _ => Err(Error::failed(format!("`{value}` is no whole number, as the values of the cursor are"))),
    }
}

/// The columns by their names; of which types their values are is not known before they are read.
fn landed(columns: &[SqliteColumn]) -> Vec<LandedColumn> {
    columns.iter().map(|column| LandedColumn { name: column.name.clone(), data_type: DataType::Utf8 }).collect()
}

/// What the cursor asks for. The values of its column are all whole numbers, or all texts: SQLite puts all numbers before all
/// texts, so that of another kind would never be new.
async fn window<'c>(
    connection: &mut SqliteConnection,
    ask: &'c CursorAsk<'c>,
    columns: &mut [SqliteColumn],
) -> Result<(SqlWindow<'c>, WindowSummary)> {
    SqliteColumn::learn(columns, ask.told_by.as_ref());
    let landed = landed(columns);
    // As which kind it is compared is not known before its values are.
    let named = SqlWindow::of(ask, &landed, WRITTEN)?;
    let column = identifier(named.column());
    let kinds: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT DISTINCT typeof({column}) FROM temp.{VIEW} WHERE {column} IS NOT NULL ORDER BY 1"
    )))
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let data_type = match kinds.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["integer"] => DataType::Int64,
        [] | ["text"] => DataType::Utf8,
        kinds => {
            let kinds = kinds.join(" and ");
            let name = named.column();
            return Err(Error::failed(format!("`{name}` has values of the kind {kinds}, which cannot be a cursor"))
                .hint("all its values must be whole numbers, or all texts"));
        }
    };
    let landed: Vec<LandedColumn> =
        landed.into_iter().map(|column| LandedColumn { data_type: data_type.clone(), ..column }).collect();
    let window = SqlWindow::of(ask, &landed, WRITTEN)?;
    let question = window.question(&format!("temp.{VIEW}"))?;
    let row = sqlx::query(AssertSqlSafe(question)).fetch_one(&mut *connection).await.map_err(failed)?;
    let answer = (0..row.len()).map(|place| row.try_get::<Option<String>, _>(place).map_err(failed));
    let summary = window.summary(&answer.collect::<Result<Vec<_>>>()?)?;
    Ok((window, summary))
}

/// sqlx takes the bytes of a text for UTF-8, whatever the database says that they are.
async fn refuse_utf16(connection: &mut SqliteConnection) -> Result<()> {
    let is_utf8: bool = sqlx::query_scalar("SELECT encoding = 'UTF-8' FROM pragma_encoding")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    if is_utf8 {
        return Ok(());
    }
    Err(Error::failed("the database stores its text as UTF-16, which this version does not read").hint(
        "copy it into a database of UTF-8: `sqlite3 old.db .dump | sqlite3 new.db`, without its `PRAGMA encoding`",
    ))
}

/// The query for a table, which must exist; `name` or `schema.name`.
async fn select_all(connection: &mut SqliteConnection, table: &Written, select: &[String]) -> Result<String> {
    let (schema, name) = table.expose().split_once('.').unwrap_or(("main", table.expose()));
    let known: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_list WHERE schema = lower(?) AND type IN ('table', 'view', 'virtual') \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .bind(schema)
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    if known.iter().any(|other| other.eq_ignore_ascii_case(name)) {
        let columns = match select {
            [] => "*".to_string(),
            _ => columns_of(connection, schema, name, select).await?,
        };
        return Ok(format!("SELECT {columns} FROM {}.{}", identifier(schema), identifier(name)));
    }
    let listed: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let hint = if listed.is_empty() { "it has no tables".into() } else { format!("it has {}", listed.join(", ")) };
    Err(Error::failed(format!("there is no table `{table}`")).hint(hint))
}

/// The wanted columns of a table, as they stand in a SELECT.
async fn columns_of(connection: &mut SqliteConnection, schema: &str, table: &str, select: &[String]) -> Result<String> {
    let known: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_xinfo(?, ?) WHERE hidden <> 1")
        .bind(table)
        .bind(schema)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    let wanted = selected(known, select, |name| name)?;
    Ok(wanted.iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", "))
}

/// The columns of a query with their declared types; leaves it behind as [`VIEW`].
async fn describe(connection: &mut SqliteConnection, select: &str, query: &SqlRead) -> Result<Vec<SqliteColumn>> {
    let refused = |error: sqlx::Error| {
        let refused = Error::failed("the database does not accept the query");
        match query {
            SqlRead::Query(query) if query.is_secret() => {
                refused.hint("its own words are left out, as they may quote what a variable holds")
            }
            _ => refused.because(error),
        }
    };
    let view = format!("CREATE TEMP VIEW {VIEW} AS {select}");
    sqlx::query(AssertSqlSafe(view)).execute(&mut *connection).await.map_err(refused)?;
    let described: Vec<(String, String)> =
        sqlx::query_as("SELECT name, type FROM pragma_table_info(?, 'temp') ORDER BY cid")
            .bind(VIEW)
            .fetch_all(&mut *connection)
            .await
            .map_err(refused)?;
    refuse_twins(described.iter().map(|(name, _)| name))?;
    described.into_iter().map(|(name, declared)| SqliteColumn::new(name, &declared)).collect()
}

/// Looks whether the columns that are declared as booleans hold 0, 1 and null only. Else 0 and 1 are numbers there, and that
/// has to be known before the first of them is written.
async fn check_booleans(connection: &mut SqliteConnection, columns: &mut [SqliteColumn], rows: &str) -> Result<()> {
    let booleans: Vec<_> = columns.iter_mut().filter(|column| column.declared == Some(DataType::Boolean)).collect();
    if booleans.is_empty() {
        return Ok(());
    }
    let others = booleans.iter().map(|column| {
        let name = identifier(&column.name);
        format!("ifnull(max(typeof({name}) <> 'null' AND (typeof({name}) <> 'integer' OR {name} NOT IN (0, 1))), 0)")
    });
    let text = format!("SELECT {} FROM ({rows})", others.collect::<Vec<_>>().join(", "));
    let found = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut *connection).await.map_err(failed)?;
    for (place, column) in booleans.into_iter().enumerate() {
        let is_misfit: bool = found.try_get(place).map_err(failed)?;
        if is_misfit && column.has_truth {
            let name = &column.name;
            return Err(Error::failed(format!("`{name}` held truth values when it was captured, and now others, too"))
                .hint("capture it anew with `--full-refresh`"));
        }
        column.misfit |= is_misfit;
    }
    Ok(())
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failed(error: sqlx::Error) -> Error {
    Error::failed("the database failed").because(error)
}
