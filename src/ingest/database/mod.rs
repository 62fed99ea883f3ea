//! A relational database: a table or a query, as one snapshot.
//!
//! SQLite's rows land as NDJSON, as any column may hold any value there; those of servers land as CSV that tells a null
//! from an empty text, with the types that the server declares beside them.
//!
//! | file | noun |
//! |---|---|
//! | `postgres`, `mysql`, `sqlite` | a folder each: session, what is read, types |
//! | `server` | time-outs, and what of an address is shown |
//! | `guard` | values that our types lack |
//! | `window` | what a cursor asks for, in SQL that all of them have |
//!
//! A new one is a folder here, and its scheme a [`DatabaseKind`].

mod guard;
mod mysql;
mod postgres;
mod server;
mod sqlite;
mod window;

use std::collections::HashMap;

use super::parts::{LandingDraft, Taken};
use crate::error::{Error, Result};
use crate::lake::landing::SourceRequest;
use crate::project::{Address, DatabaseKind, SqlRead};

/// What is asked of a database.
pub struct SqlRequest<'a> {
    pub database: &'a Address,
    pub query: &'a SqlRead,
    /// The wanted columns of a table; all when there are none.
    pub select: &'a [String],
    /// How many connections read at once; by the table's size when it is not said.
    pub readers: Option<u32>,
}

/// Streams the rows into the lake. It is unchanged if they hash to what the last landing holds.
pub async fn capture(asked: &SqlRequest<'_>, draft: &LandingDraft<'_>) -> Result<Taken> {
    let shown = asked.database.without_parameters().to_string();
    let taken = match kind(asked.database)? {
        DatabaseKind::Sqlite => sqlite::capture(asked, draft).await,
        DatabaseKind::Postgres => postgres::capture(asked, draft).await,
        DatabaseKind::Mysql => mysql::capture(asked, draft).await,
    };
    taken.map_err(|error| error.context(format!("`{shown}`")))
}

/// A table of a database, as `table:` names it.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseTable {
    /// `None` where its name alone leads to it.
    pub schema: Option<String>,
    /// The schema that it is in; of MySQL the database.
    pub home: String,
    pub name: String,
}

/// The tables of a database that may be read, in the order of their names; no views, and none of the server's own.
pub async fn tables(database: &Address) -> Result<Vec<DatabaseTable>> {
    let asked = SqlRequest { database, query: &SqlRead::Query("".into()), select: &[], readers: None };
    let found = match kind(database)? {
        DatabaseKind::Sqlite => sqlite::tables(&asked).await,
        DatabaseKind::Postgres => postgres::tables(&asked).await,
        DatabaseKind::Mysql => mysql::tables(&asked).await,
    };
    found.map_err(|error| error.context(format!("`{}`", database.without_parameters())))
}

fn kind(database: &Address) -> Result<DatabaseKind> {
    let known = DatabaseKind::of(database.url().scheme());
    known.ok_or_else(|| Error::config(format!("`{}` is no database that is known", database.without_parameters())))
}

fn request(shown: &str) -> SourceRequest {
    SourceRequest { url: shown.to_string(), status: None, etag: None, last_modified: None }
}

/// # Errors
/// When two columns have the same name but for the letter case.
fn refuse_twins<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<()> {
    let mut folded: HashMap<String, &String> = HashMap::new();
    for name in names {
        if let Some(twin) = folded.insert(name.to_lowercase(), name) {
            return Err(Error::failed(format!("the query gives two columns of the same name: `{twin}` and `{name}`"))
                .hint("columns are case-insensitive, as in Spark: rename one with AS"));
        }
    }
    Ok(())
}

/// The wanted ones of a table's columns, in the order in which they are wanted; `name` is what one is called.
///
/// # Errors
/// When one is wanted that there is not.
fn selected<T>(all: Vec<T>, select: &[String], name: fn(&T) -> &str) -> Result<Vec<T>> {
    if select.is_empty() {
        return Ok(all);
    }
    let known: Vec<String> = all.iter().map(|column| name(column).to_string()).collect();
    let mut all: Vec<Option<T>> = all.into_iter().map(Some).collect();
    let wanted = select.iter().map(|wanted| {
        let alike = || known.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let found = known.iter().position(|name| name == wanted).or_else(alike);
        found.and_then(|place| all[place].take()).ok_or_else(|| {
            Error::failed(format!("`select:` names `{wanted}`, which the table does not have, or names it twice"))
                .hint(format!("it has {}", listed(&known)))
        })
    });
    wanted.collect()
}

/// Some dozens of names, for a hint.
fn listed(names: &[String]) -> String {
    const MOST: usize = 40;
    let shown: Vec<_> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let rest = names.len().saturating_sub(MOST);
    if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") }
}
