//! MySQL and MariaDB: SELECTs, whose values come as text and land as CSV.
//!
//! The text protocol writes each value as the server shows it, but a `float` with six digits and a `bit` as bytes: these
//! are asked for as a `double` and as a number.

mod reading;
mod session;
mod split;

use futures::future::try_join_all;
use sqlx::{AssertSqlSafe, Executor, Row};

use super::guard::{LandedColumn, RowGuard};
use super::window::NothingNew;
use super::{DatabaseTable, SqlRequest, request, server};
use crate::error::{Error, Result};
use crate::formats::table_csv;
use crate::ingest::cursor::RowSieve;
use crate::ingest::parts::{LandingDraft, RowParts, Taken};
use crate::lake::landing::LandedFormat;
use reading::{Form, MysqlKeys, MysqlReading};
use session::{MysqlSession, told};
use split::MysqlSplit;

const FLUSH_BYTES: usize = 1 << 20;

/// A reader's parts have numbers of their own.
const NUMBERS: usize = 1_000_000;

/// The tables of the address's database.
pub async fn tables(asked: &SqlRequest<'_>) -> Result<Vec<DatabaseTable>> {
    let mut session = MysqlSession::open(asked).await?;
    let found = session
        .rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
             AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_name",
        )
        .await?;
    let database = asked.database.url().path().trim_start_matches('/').to_string();
    session.close().await;
    let schema = |name: &str| name.contains('.').then(|| database.clone());
    Ok(found
        .concat()
        .into_iter()
        .map(|name| DatabaseTable { schema: schema(&name), name, home: database.clone() })
        .collect())
}

pub async fn capture(asked: &SqlRequest<'_>, draft: &LandingDraft<'_>) -> Result<Taken> {
    let MysqlSplit { mut sessions, ranges, note } = MysqlSplit::open(asked, draft).await?;
    let MysqlReading { columns, mut forms, select, has_condition, notes, window, keys } =
        reading::plan(&mut sessions[0], draft.cursor).await?;
    let mut notes = [vec![note], notes].concat();
    let select = match draft.sample {
        // It may end with a comment.
        Some(rows) => format!("SELECT * FROM (\n{}\n) AS sample LIMIT {rows}", select.trim_end().trim_end_matches(';')),
        None => select,
    };
    let keys = match keys {
        Some(MysqlKeys { columns, mut forms, select }) => {
            let mut parts = RowParts::keys(draft, "csv");
            copy_rows(&mut sessions[0], select, &columns, &mut forms, &mut parts, &mut None).await?;
            Some(parts.finish().await?)
        }
        None => None,
    };
    let sieve = window.as_ref().map(|(window, _)| window.sieve(&columns));
    let readers = sessions.into_iter().zip(&ranges).enumerate().map(|(reader, (mut session, range))| {
        let mut parts = RowParts::csv(draft, reader * NUMBERS + 1);
        parts.request(request(&asked.database.without_parameters().to_string()));
        let word = if has_condition { "AND" } else { "WHERE" };
        let select = if range.is_empty() { select.clone() } else { format!("{select} {word} {range}") };
        let (mut sieve, mut forms, columns) = (sieve.clone(), forms.clone(), &columns);
        async move {
            copy_rows(&mut session, select, columns, &mut forms, &mut parts, &mut sieve).await?;
            session.close().await;
            Ok::<_, Error>((parts.finish().await?, sieve, forms))
        }
    });
    let (mut parts, mut sieves) = (vec![], vec![]);
    for (of_reader, sieve, seen) in try_join_all(readers).await? {
        parts.extend(of_reader);
        sieves.extend(sieve);
        // Decimals whose digits are counted are of queries, which have one reader.
        forms = seen;
    }
    let sieve = sieves.into_iter().reduce(RowSieve::and);
    let taken = match window.zip(sieve) {
        Some(((window, summary), sieve)) => match window.taken(sieve, summary, keys, &mut notes) {
            Ok(mut taken) => {
                taken.window.told_by = reading::told_by(&columns, &forms);
                Some(taken.into())
            }
            Err(NothingNew(why)) => return Ok(Taken::Unchanged(why)),
        },
        None => None,
    };
    let mut columns = columns;
    for (column, form) in columns.iter_mut().zip(&forms) {
        if let Form::Digits(digits) = form {
            match digits.data_type() {
                Some(decimal) => column.data_type = decimal,
                None => notes.push(format!("`{}` is a decimal of more than 38 digits, and lands as text", column.name)),
            }
        }
    }
    let schema = RowGuard::new(columns, advice).schema();
    Ok(Taken::New { format: LandedFormat::TableCsv, schema, parts, notes, window: taken })
}

/// Rows as they come. With a sieve, whether a row comes again stands before its columns.
async fn copy_rows(
    session: &mut MysqlSession<'_>,
    select: String,
    columns: &[LandedColumn],
    forms: &mut [Form],
    parts: &mut RowParts<'_>,
    sieve: &mut Option<RowSieve<'_>>,
) -> Result<()> {
    let asked = session.asked;
    let first = usize::from(sieve.is_some());
    let mut guard = RowGuard::new(columns.to_vec(), advice);
    let text = sqlx::raw_sql(AssertSqlSafe(select));
    let mut rows = (&mut session.connection).fetch(text);
    let mut line = vec![];
    while let Some(row) = server::next(asked, told, &mut rows).await? {
        if row.len() != columns.len() + first {
            return Err(Error::failed("the table has been changed while it was read").hint("run again"));
        }
        let value_at = |place: usize| {
            let value: Result<Option<&[u8]>, _> = row.try_get_unchecked(place);
            value.map_err(|error| told(asked, error))
        };
        guard.begin();
        line.clear();
        for (place, form) in forms.iter_mut().enumerate() {
            let value = value_at(first + place)?;
            if place > 0 {
                line.push(b',');
            }
            let Some(value) = value else { continue };
            guard.value(place, value)?;
            match form {
                Form::Text => table_csv::write(Some(value), &mut line),
                Form::Bytes => table_csv::write_bytes(value, &mut line),
                Form::Digits(digits) => {
                    digits.add(value);
                    table_csv::write(Some(value), &mut line);
                }
            }
        }
        line.push(b'\n');
        if let Some(sieve) = sieve.as_mut()
            && !sieve.is_new(&line, value_at(0)? == Some(b"1".as_slice()))
        {
            continue;
        }
        parts.ended_row(&line);
        if parts.waiting_bytes() >= FLUSH_BYTES {
            parts.flush().await?;
        }
    }
    Ok(())
}

fn advice(column: &str) -> String {
    let column = session::identifier(column);
    format!(
        "in a `query:`, `CAST({column} AS char)` keeps such values as text, and `nullif({column}, 0)` makes a zero date null"
    )
}
