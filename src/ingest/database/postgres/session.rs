//! A connection to PostgreSQL: in one snapshot, read only, and with the settings that make its text the same everywhere.

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, FromRow, Row};

use crate::error::{Error, Result};
use crate::ingest::database::SqlRequest;
use crate::ingest::database::server::{self, Meaning, STATEMENT_SECONDS};

/// What sqlx reads of an address; it would pass over others in silence.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

pub struct PostgresSession<'a> {
    pub asked: &'a SqlRequest<'a>,
    pub connection: PgConnection,
}

impl<'a> PostgresSession<'a> {
    /// Opens one in a snapshot of its own, or in one that another exported.
    pub async fn open(asked: &'a SqlRequest<'a>, snapshot: Option<&str>) -> Result<Self> {
        let options = options(asked)?;
        let connection = server::connected(asked, told, options.connect()).await?;
        let mut session = PostgresSession { asked, connection };
        let mut begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_string();
        if let Some(snapshot) = snapshot {
            begin += &format!("; SET TRANSACTION SNAPSHOT {}", literal(snapshot));
        }
        for (name, value) in [
            ("TimeZone", "UTC"),
            ("DateStyle", "ISO, YMD"),
            ("IntervalStyle", "iso_8601"),
            ("bytea_output", "hex"),
            // As many digits as give the number back.
            ("extra_float_digits", "3"),
            ("client_encoding", "UTF8"),
            ("xmloption", "content"),
            // The order of the rows is that of the last capture, if nothing has changed.
            ("synchronize_seqscans", "off"),
            // A text of ours means what it says.
            ("standard_conforming_strings", "on"),
            ("lock_timeout", "60s"),
            // We may be slower than the server, which then waits for us within a statement.
            ("idle_in_transaction_session_timeout", "0"),
        ] {
            begin += &format!("; SET LOCAL {name} = {}", literal(value));
        }
        if !says_timeout(asked) {
            begin += &format!("; SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'");
        }
        session.execute(begin).await?;
        Ok(session)
    }

    pub async fn execute(&mut self, text: String) -> Result<()> {
        let waiting = (&mut self.connection).execute(sqlx::raw_sql(AssertSqlSafe(text)));
        server::answered(self.asked, told, waiting).await.map(drop)
    }

    /// Rows of a question of our own, with what stands for its `$1`, `$2`.
    pub async fn rows<T>(&mut self, sql: &'static str, first: &[i64], second: &[i64]) -> Result<Vec<T>>
    where
        T: Send + Unpin + for<'r> FromRow<'r, PgRow>,
    {
        let query = sqlx::query_as(sql).persistent(false).bind(first).bind(second);
        server::answered(self.asked, told, query.fetch_all(&mut self.connection)).await
    }

    /// Rows of a question about names.
    pub async fn named<T>(&mut self, sql: &'static str, names: [&str; 2]) -> Result<Vec<T>>
    where
        T: Send + Unpin + for<'r> FromRow<'r, PgRow>,
    {
        let query = sqlx::query_as(sql).persistent(false).bind(names[0]).bind(names[1]);
        server::answered(self.asked, told, query.fetch_all(&mut self.connection)).await
    }

    /// The one row of a question whose answers are texts.
    pub async fn texts(&mut self, sql: String) -> Result<Vec<Option<String>>> {
        let waiting = (&mut self.connection).fetch_one(sqlx::raw_sql(AssertSqlSafe(sql)));
        let row = server::answered(self.asked, told, waiting).await?;
        let text = |place| row.try_get_unchecked(place).map_err(|error| told(self.asked, error));
        (0..row.len()).map(text).collect()
    }

    /// The name by which other connections see the same rows.
    pub async fn exported(&mut self) -> Result<String> {
        let query = sqlx::query_scalar("SELECT pg_export_snapshot()").persistent(false);
        server::answered(self.asked, told, query.fetch_one(&mut self.connection)).await
    }

    pub async fn close(self) {
        // All rows are there; what becomes of the connection is the server's affair.
        let _ = self.connection.close().await;
    }
}

fn options(asked: &SqlRequest<'_>) -> Result<PgConnectOptions> {
    let url = asked.database.url();
    for (name, _) in url.query_pairs() {
        let is_known = PARAMETERS.contains(&&*name) || name.starts_with("options[") && name.ends_with(']');
        if !is_known {
            let name = asked.database.scrubbed(&name);
            return Err(Error::config(format!("`{name}` is no parameter of a PostgreSQL address")).hint(
                "known are sslmode, sslrootcert, sslcert, sslkey, host, port, dbname, application_name, options",
            ));
        }
    }
    // What is wrong with it would be told with a part of it, which may be a secret.
    let options = PgConnectOptions::from_url(url).map_err(|_| {
        Error::config("this is not the address of a PostgreSQL database").hint(
            "write postgres://user:${PASSWORD}@host:5432/database?sslmode=require; `sslmode` is one of disable, prefer, \
             require, verify-ca, verify-full",
        )
    })?;
    let is_named = url.query_pairs().any(|(name, _)| name == "application_name");
    let options = if is_named { options } else { options.application_name("trapiche") };
    // Set when the transaction has begun: a pooler may refuse it before.
    Ok(options.extra_float_digits(None).disable_statement_logging())
}

/// Whether the address sets a limit of its own.
fn says_timeout(asked: &SqlRequest<'_>) -> bool {
    asked.database.url().query_pairs().any(|(name, value)| format!("{name}={value}").contains("statement_timeout"))
}

pub fn told(asked: &SqlRequest<'_>, error: sqlx::Error) -> Error {
    server::told(asked, meaning, error)
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn meaning(error: &dyn DatabaseError) -> (Meaning, String) {
    let code = error.code().unwrap_or_default().into_owned();
    let meaning = match code.as_str() {
        "28000" | "28P01" => Meaning::Refused,
        "3D000" => Meaning::NoDatabase,
        "57014" => Meaning::TookTooLong,
        _ if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => Meaning::Unable,
        _ => Meaning::Other,
    };
    (meaning, code)
}

pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text of SQL; the server takes it for whatever it is compared with.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
