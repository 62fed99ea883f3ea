//! PostgreSQL: `COPY … TO STDOUT`, whose CSV is passed on as it comes.
//!
//! All readers see one snapshot. What the server writes depends on the settings of the [session] alone, not on its own.

mod reading;
mod session;
mod types;

use futures::future::try_join_all;

use super::guard::{LandedColumn, RowGuard};
use super::window::NothingNew;
use super::{DatabaseTable, SqlRequest, request, server};
use crate::error::Result;
use crate::ingest::cursor::RowSieve;
use crate::ingest::parts::{LandingDraft, RowParts, Taken};
use crate::lake::landing::{LandedFormat, LandedPart};
use reading::PostgresReading;
use session::{PostgresSession, told};

const FLUSH_BYTES: usize = 1 << 20;

/// A reader's parts have numbers of their own: enough for 32 TB.
const NUMBERS: usize = 1_000_000;

/// The tables of all schemas that this user may read.
pub async fn tables(asked: &SqlRequest<'_>) -> Result<Vec<DatabaseTable>> {
    let mut session = PostgresSession::open(asked, None).await?;
    let found: Vec<(String, String, bool)> = session
        .named(
            "SELECT nspname::text, relname::text, pg_catalog.pg_table_is_visible(c.oid) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace \
             WHERE relkind IN ('r', 'p') AND NOT relispartition AND $1 = $2 \
             AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_%' \
             AND pg_catalog.has_schema_privilege(nspname, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') \
             ORDER BY nspname <> 'public', nspname, relname",
            ["", ""],
        )
        .await?;
    session.close().await;
    let table = |(schema, name, is_visible): (String, String, bool)| DatabaseTable {
        schema: (!is_visible || name.contains('.')).then(|| schema.clone()),
        name,
        home: schema,
    };
    Ok(found.into_iter().map(table).collect())
}

pub async fn capture(asked: &SqlRequest<'_>, draft: &LandingDraft<'_>) -> Result<Taken> {
    let mut first = PostgresSession::open(asked, None).await?;
    let PostgresReading { columns, whole, mut selects, mut notes, window, keys } =
        reading::plan(&mut first, draft.cursor).await?;
    if let Some(rows) = draft.sample {
        notes.extend(notes.is_empty().then(|| "one reader".to_string()));
        selects = vec![format!("{whole} LIMIT {rows}")];
    }
    let keys = match keys {
        Some((columns, select)) => {
            let mut parts = RowParts::keys(draft, "csv");
            copy_rows(&mut first, &select, columns, &mut parts, &mut None).await?;
            Some(parts.finish().await?)
        }
        None => None,
    };
    let mut sessions = vec![];
    if selects.len() > 1 {
        let snapshot = first.exported().await?;
        let others = (1..selects.len()).map(|_| PostgresSession::open(asked, Some(&snapshot)));
        sessions = try_join_all(others).await?;
    }
    sessions.insert(0, first);
    let sieve = window.as_ref().map(|(window, _)| window.sieve(&columns));
    let readers = sessions.into_iter().zip(&selects).enumerate();
    let parts = readers.map(|(reader, (session, select))| {
        let mut parts = RowParts::csv(draft, reader * NUMBERS + 1);
        parts.request(request(&asked.database.without_parameters().to_string()));
        copy(session, select, columns.clone(), parts, sieve.clone())
    });
    let (parts, sieves): (Vec<_>, Vec<_>) = try_join_all(parts).await?.into_iter().unzip();
    let sieve = sieves.into_iter().flatten().reduce(RowSieve::and);
    let window = match window.zip(sieve) {
        Some(((window, summary), sieve)) => match window.taken(sieve, summary, keys, &mut notes) {
            Ok(taken) => Some(taken.into()),
            Err(NothingNew(why)) => return Ok(Taken::Unchanged(why)),
        },
        None => None,
    };
    let parts = parts.into_iter().flatten().flatten().collect();
    let schema = RowGuard::new(columns, advice).schema();
    Ok(Taken::New { format: LandedFormat::TableCsv, schema, parts, notes, window })
}

/// A reader's rows; there are no parts where a sieve has found nothing new.
async fn copy<'s>(
    mut session: PostgresSession<'_>,
    select: &str,
    columns: Vec<LandedColumn>,
    mut parts: RowParts<'_>,
    mut sieve: Option<RowSieve<'s>>,
) -> Result<(Option<Vec<LandedPart>>, Option<RowSieve<'s>>)> {
    copy_rows(&mut session, select, columns, &mut parts, &mut sieve).await?;
    session.close().await;
    let is_empty_step = sieve.as_ref().is_some_and(|sieve| sieve.new == 0 && sieve.taken > 0);
    Ok((if is_empty_step { None } else { Some(parts.finish().await?) }, sieve))
}

/// The server sends each row in a message of its own
/// (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY>). With a sieve, each begins with what tells
/// whether it will be asked for again.
async fn copy_rows(
    session: &mut PostgresSession<'_>,
    select: &str,
    columns: Vec<LandedColumn>,
    parts: &mut RowParts<'_>,
    sieve: &mut Option<RowSieve<'_>>,
) -> Result<()> {
    let asked = session.asked;
    let statement = format!("COPY ({select}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')");
    let mut guard = RowGuard::new(columns, advice);
    let mut rows = server::answered(asked, told, session.connection.copy_out_raw(&statement)).await?;
    while let Some(row) = server::next(asked, told, &mut rows).await? {
        let mut row = &row[..];
        if let Some(sieve) = sieve.as_mut() {
            let (comes_again, rest) = (row.starts_with(b"1"), row.get(COMES_AGAIN_BYTES..).unwrap_or_default());
            row = rest;
            if !sieve.is_new(row, comes_again) {
                continue;
            }
        }
        guard.row(row)?;
        parts.ended_row(row);
        if parts.waiting_bytes() >= FLUSH_BYTES {
            parts.flush().await?;
        }
    }
    Ok(())
}

/// `1,` or `0,` before the columns of a row.
const COMES_AGAIN_BYTES: usize = 2;

fn advice(column: &str) -> String {
    let column = session::identifier(column);
    format!(
        "in a `query:`, `{column}::text` keeps such values as text, and `nullif({column}, …)` makes one of them null"
    )
}
