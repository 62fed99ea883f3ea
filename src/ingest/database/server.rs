//! What database servers have in common: how long one waits for them, and what is shown of what they say.

use std::io::ErrorKind;
use std::time::Duration;

use futures::{FutureExt, Stream, StreamExt};
use sqlx::error::DatabaseError;

use super::SqlRequest;
use crate::error::{Error, Result};
use crate::project::SqlRead;

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(30);

/// How long it may take to begin an answer, and to go on with one: a query may have much to sort before its first row.
const ANSWER: Duration = Duration::from_secs(6 * 3600);

/// The same, for the server itself: it ends a statement of its own then.
pub const STATEMENT_SECONDS: u64 = ANSWER.as_secs();

/// What a failure means, by the number that a server gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// It does not know us, or does not let us in.
    Refused,
    NoDatabase,
    /// It is going down, or has no place for us.
    Unable,
    TookTooLong,
    /// It does not accept what it was asked.
    Other,
}

/// Waits for a connection.
pub async fn connected<T>(asked: &SqlRequest<'_>, tell: Tell, waiting: impl Future<Output = Answer<T>>) -> Result<T> {
    match tokio::time::timeout(CONNECT, waiting).await {
        Ok(answer) => answer.map_err(|error| tell(asked, error)),
        Err(_) => Err(Error::connection(format!("the database did not answer within {} s", CONNECT.as_secs()))
            .hint("check the address, and that it can be reached from here")),
    }
}

/// The next of an answer's rows, or its end.
pub async fn next<T>(
    asked: &SqlRequest<'_>,
    tell: Tell,
    rows: &mut (impl Stream<Item = Answer<T>> + Unpin),
) -> Result<Option<T>> {
    // Most are there already, and need no clock.
    let next = match rows.next().now_or_never() {
        Some(next) => next,
        None => tokio::time::timeout(ANSWER, rows.next()).await.map_err(|_| silent())?,
    };
    next.transpose().map_err(|error| tell(asked, error))
}

/// Waits for an answer.
pub async fn answered<T>(asked: &SqlRequest<'_>, tell: Tell, waiting: impl Future<Output = Answer<T>>) -> Result<T> {
    let answer = tokio::time::timeout(ANSWER, waiting).await.map_err(|_| silent())?;
    answer.map_err(|error| tell(asked, error))
}

pub type Answer<T> = std::result::Result<T, sqlx::Error>;

/// How a kind of server tells a failure.
pub type Tell = fn(&SqlRequest<'_>, sqlx::Error) -> Error;

fn silent() -> Error {
    Error::connection(format!("the database said nothing for {} hours", ANSWER.as_secs() / 3600))
}

/// A failure by what the user must do about it, without what must not be shown.
pub fn told(asked: &SqlRequest<'_>, meaning: fn(&dyn DatabaseError) -> (Meaning, String), error: sqlx::Error) -> Error {
    let broken = |cause: std::io::Error| {
        // So a certificate that is not accepted is told.
        if cause.kind() == ErrorKind::InvalidData {
            return unencrypted(asked, &cause);
        }
        Error::connection("the connection to the database broke off, or did not come about")
            .hint("check the address, and that the server is up; then run again")
            .because(asked.database.scrubbed(&cause.to_string()))
    };
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::Tls(cause) => return unencrypted(asked, cause.as_ref()),
        sqlx::Error::Io(cause) => return broken(cause),
        other => {
            return Error::connection("the database answered what is not understood")
                .because(asked.database.scrubbed(&other.to_string()));
        }
    };
    let (meaning, code) = meaning(database.as_ref());
    let of_meaning = match meaning {
        Meaning::Refused => Error::connection("the database does not let us in")
            .hint("check user and password, and that the user may connect from here"),
        Meaning::NoDatabase => {
            Error::connection("the server has no such database").hint("check the last part of the address")
        }
        Meaning::Unable => Error::connection("the database cannot serve us now").hint("run again later"),
        Meaning::TookTooLong => Error::failed("the database ended the statement, because it took too long")
            .hint("raise the limit that the server has for this user, or read less with a `query:`"),
        Meaning::Other => Error::failed("the database does not accept the query"),
    };
    let is_secret = match asked.query {
        SqlRead::Table(text) | SqlRead::Query(text) => text.is_secret(),
    };
    if is_secret {
        return of_meaning.because(format!("its code is {code}; its own words may quote what a variable holds"));
    }
    of_meaning.because(format!("{} ({code})", asked.database.scrubbed(database.message())))
}

fn unencrypted(asked: &SqlRequest<'_>, cause: &dyn std::error::Error) -> Error {
    Error::connection("no encrypted connection to the database came about")
        .hint("give its certificate's authority (`sslrootcert=`, `ssl-ca=`), or another `sslmode=`")
        .because(asked.database.scrubbed(&cause.to_string()))
}
