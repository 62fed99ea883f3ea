//! SQLite: rows → JSON lines, declared types → Spark's.
//!
//! A declared type is a wish in SQLite (<https://www.sqlite.org/datatype3.html>): any column may hold any value. So each
//! value is written as what it is, and a column whose values are not all of its declared type is text. Null is of every
//! type. Dates are text too, as SQLite has no such type. BLOBs are written in hex.

use std::fmt::Write as _;
use std::io::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row, TypeInfo, ValueRef};

use super::{DatabaseTable, SqlRequest, refuse_twins, selected};
use crate::error::{Error, Result};
use crate::formats::number::Number;
use crate::ingest::parts::{RowParts, hex};
use crate::project::{SqlRead, Written};
use crate::spark::types;

const FLUSH_BYTES: usize = 1 << 20;

/// The query under a name, so that SQLite tells the declared types of its columns; gone with the connection.
const VIEW: &str = "trapiche_capture";

/// Adds all rows to `parts`, or so many of them, read in one transaction; gives their schema.
pub async fn read(asked: &SqlRequest<'_>, parts: &mut RowParts<'_>, sample: Option<u64>) -> Result<SchemaRef> {
    let query = asked.query;
    let mut connection = connect(asked).await?;
    let mut snapshot = connection.begin().await.map_err(failed)?;
    refuse_utf16(&mut snapshot).await?;

    let select = match query {
        SqlRead::Table(table) => select_all(&mut snapshot, table, asked.select).await?,
        SqlRead::Query(query) => query.expose().trim().trim_end_matches(';').to_string(),
    };
    let mut columns = describe(&mut snapshot, &select, query).await?;
    let text = match sample {
        Some(rows) => format!("SELECT * FROM temp.{VIEW} LIMIT {rows}"),
        None => format!("SELECT * FROM temp.{VIEW}"),
    };
    check_booleans(&mut snapshot, &mut columns, &text).await?;
    let mut rows = sqlx::query(AssertSqlSafe(text)).fetch(&mut *snapshot);
    let mut line = vec![];
    let mut number = 0_u64;
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        number += 1;
        line.clear();
        write_row(&row, &mut columns, &mut line).map_err(|error| error.context(format!("row {number}")))?;
        parts.row(&line);
        if parts.waiting_bytes() >= FLUSH_BYTES {
            parts.flush().await?;
        }
    }
    let fields: Vec<_> = columns.iter().map(|column| Field::new(&column.name, column.data_type(), true)).collect();
    Ok(Arc::new(Schema::new(fields)))
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
    let schema = |name: &str| name.contains('.').then(|| "main".to_string());
    Ok(names.into_iter().map(|name| DatabaseTable { schema: schema(&name), name }).collect())
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
        column.misfit = found.try_get(place).map_err(failed)?;
    }
    Ok(())
}

/// A column and the kinds of value it has held.
#[derive(Debug)]
struct SqliteColumn {
    name: String,
    /// `"name":` as JSON.
    key: String,
    declared: Option<DataType>,
    misfit: bool,
    integer: bool,
    /// One that no double holds.
    wide_integer: bool,
    real: bool,
    text: bool,
    blob: bool,
}

impl SqliteColumn {
    fn new(name: String, declared: &str) -> Result<Self> {
        let key = serde_json::to_string(&name)
            .map_err(|error| Error::failed(format!("`{name}` cannot be a JSON key")).because(error))?;
        let declared = declared_type(declared);
        Ok(SqliteColumn {
            name,
            key: key + ":",
            declared,
            misfit: false,
            integer: false,
            wide_integer: false,
            real: false,
            text: false,
            blob: false,
        })
    }

    fn data_type(&self) -> DataType {
        match &self.declared {
            Some(_) if self.misfit => DataType::Utf8,
            Some(declared) => declared.clone(),
            // An expression, or a column without a type: what its values are.
            None => match (self.integer, self.real, self.text, self.blob) {
                (true, false, false, false) => DataType::Int64,
                (_, true, false, false) if !self.wide_integer => DataType::Float64,
                (false, false, false, true) => DataType::Binary,
                _ => DataType::Utf8,
            },
        }
    }
}

/// SQLite's own rules of affinity by what the name contains, and before them the types that it stores as they are.
fn declared_type(declared: &str) -> Option<DataType> {
    let name = declared.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if name.starts_with("bool") {
        return Some(DataType::Boolean);
    }
    if (name.starts_with("decimal") || name.starts_with("numeric")) && name.contains('(') {
        return types::parse(&name).ok();
    }
    if any(&["int"]) {
        return Some(DataType::Int64);
    }
    if any(&["char", "clob", "text", "date", "time", "json", "uuid"]) {
        return Some(DataType::Utf8);
    }
    if any(&["blob", "binary"]) {
        return Some(DataType::Binary);
    }
    any(&["real", "floa", "doub"]).then_some(DataType::Float64)
}

fn write_row(row: &SqliteRow, columns: &mut [SqliteColumn], line: &mut Vec<u8>) -> Result<()> {
    let mut separator = b'{';
    for (place, column) in columns.iter_mut().enumerate() {
        line.push(separator);
        separator = b',';
        line.extend_from_slice(column.key.as_bytes());
        write_value(row, place, column, line).map_err(|error| {
            Error::failed(format!("column `{}` holds a value that cannot be read", column.name)).because(error)
        })?;
    }
    line.extend_from_slice(if separator == b'{' { b"{}" } else { b"}" });
    Ok(())
}

fn write_value(
    row: &SqliteRow,
    place: usize,
    column: &mut SqliteColumn,
    line: &mut Vec<u8>,
) -> Result<(), sqlx::Error> {
    let raw = row.try_get_raw(place)?;
    if raw.is_null() {
        // Its type, if one asks for it, is the one that the column declares.
        line.extend_from_slice(b"null");
        return Ok(());
    }
    let kind = raw.type_info().into_owned();
    match kind.name() {
        "INTEGER" => {
            let value: i64 = row.try_get_unchecked(place)?;
            column.integer = true;
            write_integer(value, column, line)?;
        }
        "REAL" => {
            let value: f64 = row.try_get_unchecked(place)?;
            column.real = true;
            write_real(value, column, line)?;
        }
        "BLOB" => {
            let value: &[u8] = row.try_get_unchecked(place)?;
            column.blob = true;
            column.misfit |= !matches!(column.declared, Some(DataType::Binary));
            write!(line, "\"{}\"", hex(value))?;
        }
        _ => {
            let value: &str = row.try_get_unchecked(place)?;
            column.text = true;
            column.misfit |= match column.declared {
                Some(DataType::Utf8) => false,
                Some(DataType::Decimal128(precision, scale)) => !fits_decimal(value, precision, scale),
                _ => true,
            };
            serde_json::to_writer(line, value).map_err(|error| sqlx::Error::Decode(error.into()))?;
        }
    }
    Ok(())
}

fn write_integer(value: i64, column: &mut SqliteColumn, line: &mut Vec<u8>) -> std::io::Result<()> {
    column.wide_integer |= !survives_as_double(value);
    match column.declared {
        Some(DataType::Boolean) if !column.misfit && (value == 0 || value == 1) => {
            return write!(line, "{}", value == 1);
        }
        Some(DataType::Boolean | DataType::Binary) => column.misfit = true,
        Some(DataType::Decimal128(precision, scale)) => {
            column.misfit |= !fits_decimal(&value.to_string(), precision, scale);
        }
        Some(DataType::Float64) => column.misfit |= !survives_as_double(value),
        _ => {}
    }
    write!(line, "{value}")
}

fn write_real(value: f64, column: &mut SqliteColumn, line: &mut Vec<u8>) -> std::io::Result<()> {
    match column.declared {
        Some(DataType::Decimal128(precision, scale)) => {
            // As few digits as give the number back: 12.3 rather than its binary neighbour.
            let mut text = String::new();
            let _ = write!(text, "{value}");
            if fits_decimal(&text, precision, scale) {
                line.extend_from_slice(text.as_bytes());
                return Ok(());
            }
            column.misfit = true;
        }
        Some(DataType::Float64 | DataType::Utf8) | None => {}
        Some(_) => column.misfit = true,
    }
    // JSON has no infinity; as text it reads back as one.
    if value.is_finite() { write!(line, "{value:?}") } else { write!(line, "\"{value}\"") }
}

/// Whether a number's text is exactly a `decimal(precision,scale)`.
fn fits_decimal(text: &str, precision: u8, scale: i8) -> bool {
    Number::parse(text).is_some_and(|number| !number.has_exponent() && number.fits_decimal(precision, scale))
}

fn survives_as_double(value: i64) -> bool {
    i128::from(value) == value as f64 as i128
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failed(error: sqlx::Error) -> Error {
    Error::failed("the database failed").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_sparks() {
        let named = |declared: &str| declared_type(declared).map(|data_type| types::name(&data_type));
        let cases = [
            ("INTEGER", Some("bigint")),
            ("unsigned big int", Some("bigint")),
            ("DECIMAL(10,2)", Some("decimal(10,2)")),
            ("VARCHAR(20)", Some("string")),
            ("TIMESTAMP", Some("string")),
            ("BLOB", Some("binary")),
            ("DOUBLE PRECISION", Some("double")),
            ("BOOLEAN", Some("boolean")),
            ("NUMERIC", None),
            ("", None),
        ];
        for (declared, spark) in cases {
            assert_eq!(named(declared).as_deref(), spark, "{declared}");
        }
    }
}
