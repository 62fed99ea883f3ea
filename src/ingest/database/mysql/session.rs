//! A connection to MySQL or MariaDB: in one snapshot, read only, in UTC.

use futures::future::try_join_all;
use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

use crate::error::{Error, Result};
use crate::ingest::database::SqlRequest;
use crate::ingest::database::server::{self, Meaning, STATEMENT_SECONDS};

/// What sqlx reads of an address, but for what we set; it would pass over others in silence.
const PARAMETERS: [&str; 10] = [
    "sslmode",
    "ssl-mode",
    "sslca",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "socket",
    "statement-cache-capacity",
];

/// Writers are waited for no longer: meanwhile others wait for us.
const LOCK_SECONDS: u64 = 3;

/// The number of the error that says that a lock was not had in time.
const LOCK_TIMEOUT: &str = "1205";

pub struct MysqlSession<'a> {
    pub asked: &'a SqlRequest<'a>,
    pub connection: MySqlConnection,
}

impl<'a> MysqlSession<'a> {
    pub async fn open(asked: &'a SqlRequest<'a>) -> Result<Self> {
        let mut session = MysqlSession::connect(asked).await?;
        session.begin().await?;
        Ok(session)
    }

    /// So many sessions that see the same rows of a table. There is no snapshot that one session could hand to another, so each
    /// takes its own, while nobody can write to the table. Who has written to it and not ended that is waited for a little.
    ///
    /// The inner error says in a few words why they cannot be had, though the server serves us.
    pub async fn open_at_once(
        asked: &'a SqlRequest<'a>,
        table: &str,
        count: usize,
    ) -> Result<std::result::Result<Vec<Self>, &'static str>> {
        let mut sessions = try_join_all((0..count).map(|_| MysqlSession::connect(asked))).await?;
        let mut holder = MysqlSession::connect(asked).await?;
        holder.execute(format!("SET SESSION lock_wait_timeout = {LOCK_SECONDS}")).await?;
        let locking =
            (&mut holder.connection).execute(sqlx::raw_sql(AssertSqlSafe(format!("LOCK TABLES {table} READ"))));
        match locking.await {
            Ok(_) => {}
            Err(sqlx::Error::Database(refused)) => {
                let (_, number) = meaning(refused.as_ref());
                holder.close().await;
                for session in sessions {
                    session.close().await;
                }
                return Ok(Err(match number.as_str() {
                    LOCK_TIMEOUT => "others had written to it and did not end that",
                    _ => "this user may not lock it",
                }));
            }
            Err(error) => return Err(told(asked, error)),
        }
        let begun = try_join_all(sessions.iter_mut().map(MysqlSession::begin)).await;
        holder.execute("UNLOCK TABLES".into()).await?;
        holder.close().await;
        begun?;
        Ok(Ok(sessions))
    }

    async fn connect(asked: &'a SqlRequest<'a>) -> Result<Self> {
        let options = options(asked)?;
        let connection = server::connected(asked, told, options.connect()).await?;
        let mut session = MysqlSession { asked, connection };
        let version = session.rows("SELECT version()").await?;
        let is_mariadb = version.concat().concat().to_lowercase().contains("mariadb");
        let timeout = match is_mariadb {
            true => format!("max_statement_time = {STATEMENT_SECONDS}"),
            false => format!("max_execution_time = {}", STATEMENT_SECONDS * 1000),
        };
        // We may be slower than the server, which then waits for us.
        let settings = format!("SET SESSION time_zone = '+00:00', net_write_timeout = 3600, {timeout}");
        session.execute(settings).await?;
        session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ".into()).await?;
        Ok(session)
    }

    async fn begin(&mut self) -> Result<()> {
        self.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY".into()).await
    }

    async fn execute(&mut self, text: String) -> Result<()> {
        let waiting = (&mut self.connection).execute(sqlx::raw_sql(AssertSqlSafe(text)));
        server::answered(self.asked, told, waiting).await.map(drop)
    }

    /// The rows of a question of our own, as texts; null is empty.
    pub async fn rows(&mut self, text: impl Into<String>) -> Result<Vec<Vec<String>>> {
        let rows = self.cells(text.into()).await?.into_iter();
        Ok(rows.map(|row| row.into_iter().map(Option::unwrap_or_default).collect()).collect())
    }

    /// The one row of a question whose answers are texts.
    pub async fn answer(&mut self, text: String) -> Result<Vec<Option<String>>> {
        Ok(self.cells(text).await?.into_iter().next().unwrap_or_default())
    }

    async fn cells(&mut self, text: String) -> Result<Vec<Vec<Option<String>>>> {
        let waiting = (&mut self.connection).fetch_all(sqlx::raw_sql(AssertSqlSafe(text)));
        let rows: Vec<MySqlRow> = server::answered(self.asked, told, waiting).await?;
        let text = |row: &MySqlRow, place| {
            let value: Option<&[u8]> = row.try_get_unchecked(place).map_err(|error| told(self.asked, error))?;
            Ok(value.map(|text| String::from_utf8_lossy(text).into_owned()))
        };
        rows.iter().map(|row| (0..row.len()).map(|place| text(row, place)).collect()).collect()
    }

    pub async fn close(self) {
        // All rows are there; what becomes of the connection is the server's affair.
        let _ = self.connection.close().await;
    }
}

fn options(asked: &SqlRequest<'_>) -> Result<MySqlConnectOptions> {
    let url = asked.database.url();
    for (name, _) in url.query_pairs() {
        if !PARAMETERS.contains(&&*name) {
            let name = asked.database.scrubbed(&name);
            return Err(Error::config(format!("`{name}` is no parameter of a MySQL address"))
                .hint("known are ssl-mode, ssl-ca, ssl-cert, ssl-key and socket"));
        }
    }
    // What is wrong with it would be told with a part of it, which may be a secret.
    let options = MySqlConnectOptions::from_url(url).map_err(|_| {
        Error::config("this is not the address of a MySQL database").hint(
            "write mysql://user:${PASSWORD}@host:3306/database?ssl-mode=required; `ssl-mode` is one of disabled, \
             preferred, required, verify_ca, verify_identity",
        )
    })?;
    // The user's SQL means what it means to the server.
    let options = options.pipes_as_concat(false).no_engine_substitution(false).timezone(None);
    Ok(options.disable_statement_logging())
}

pub fn told(asked: &SqlRequest<'_>, error: sqlx::Error) -> Error {
    server::told(asked, meaning, error)
}

/// <https://mariadb.com/kb/en/mariadb-error-codes/>, which are MySQL's where that has them.
fn meaning(error: &dyn DatabaseError) -> (Meaning, String) {
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number);
    let meaning = match number {
        1044 | 1045 | 1130 | 1251 | 1698 => Meaning::Refused,
        1049 => Meaning::NoDatabase,
        1040 | 1053 | 1077 | 1158..=1161 | 1203 | 1226 | 1317 | 1927 => Meaning::Unable,
        1969 | 3024 => Meaning::TookTooLong,
        _ => Meaning::Other,
    };
    (meaning, number.to_string())
}

pub fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text of SQL, whatever the server's mode says of quotes and backslashes.
pub fn literal(text: &str) -> String {
    if text.is_empty() {
        return "''".to_string();
    }
    format!("CONVERT(X'{}' USING utf8mb4)", crate::ingest::parts::hex(text.as_bytes()))
}
