//! How a table is shared out among readers: by ranges of its primary key, if that is one whole number.

use std::thread::available_parallelism;

use super::session::{MysqlSession, identifier, literal};
use crate::error::Result;
use crate::ingest::cursor::AskKind;
use crate::ingest::database::SqlRequest;
use crate::ingest::parts::LandingDraft;
use crate::project::SqlRead;

/// A table is worth another reader for each of so many bytes.
const READER_BYTES: u64 = 64 << 20;

/// More of them would be felt by those whose database it is.
const MOST_READERS: usize = 4;

/// The readers of a table, and their sessions, all of which see the same.
pub struct MysqlSplit<'a> {
    pub sessions: Vec<MysqlSession<'a>>,
    /// What each takes, as a condition; empty for the one that takes all.
    pub ranges: Vec<String>,
    pub note: String,
}

/// A table that can be shared out.
struct KeyedTable {
    /// Quoted, with its schema.
    name: String,
    key: String,
    bytes: u64,
}

impl<'a> MysqlSplit<'a> {
    /// Opens as many sessions as the table is worth, or as are asked for.
    pub async fn open(asked: &'a SqlRequest<'a>, draft: &LandingDraft<'_>) -> Result<MysqlSplit<'a>> {
        let mut first = MysqlSession::open(asked).await?;
        let wanted = asked.readers.map_or(1, |readers| readers as usize);
        let whole = |session, why: &str| MysqlSplit {
            sessions: vec![session],
            ranges: vec![String::new()],
            note: match wanted {
                0 | 1 => "one reader".to_string(),
                wanted => format!("one reader instead of {wanted}: {why}"),
            },
        };
        // A sample is small, and what is new is found by an index.
        if draft.sample.is_some() || draft.cursor.is_some_and(|cursor| cursor.kind != AskKind::Whole) {
            return Ok(whole(first, "it is read in part"));
        }
        let SqlRead::Table(table) = asked.query else { return Ok(whole(first, "a query is not shared out")) };
        let Some(table) = keyed(&mut first, table.expose()).await? else {
            return Ok(whole(first, "only tables of InnoDB are shared out whose primary key is one whole number"));
        };
        let by_size = || {
            let cores = available_parallelism().map_or(1, usize::from);
            ((table.bytes / READER_BYTES) as usize).clamp(1, MOST_READERS.min(cores))
        };
        let readers = asked.readers.map_or_else(by_size, |readers| readers as usize);
        if readers < 2 {
            return Ok(whole(first, ""));
        }
        let mut sessions = match MysqlSession::open_at_once(asked, &table.name, readers).await? {
            Ok(sessions) => sessions,
            Err(why) => return Ok(whole(first, why)),
        };
        first.close().await;
        let bounds = bounds(&mut sessions[0], &table, readers).await?;
        let ranges = ranges(&table.key, &bounds);
        // Of few keys there are fewer ranges.
        for session in sessions.drain(ranges.len()..) {
            session.close().await;
        }
        let note = match ranges.len() {
            1 => "one reader".to_string(),
            readers => {
                format!("{readers} readers whose snapshots were taken under a lock, each a range of `{}`", table.key)
            }
        };
        Ok(MysqlSplit { sessions, ranges, note })
    }
}

async fn keyed(session: &mut MysqlSession<'_>, written: &str) -> Result<Option<KeyedTable>> {
    let (schema, name) = match written.split_once('.') {
        Some((schema, name)) => (literal(schema), literal(name)),
        None => ("DATABASE()".to_string(), literal(written)),
    };
    // Two plain questions: a server answers a joined and grouped one from files of its own.
    let tables = format!(
        "SELECT table_schema, table_name, coalesce(data_length, 0) FROM information_schema.tables \
         WHERE table_schema = {schema} AND table_name = {name} AND engine = 'InnoDB'"
    );
    let found = session.rows(tables).await?;
    let Some([schema, table, bytes]) = found.first().map(Vec::as_slice) else { return Ok(None) };
    let keys = format!(
        "SELECT column_name, data_type FROM information_schema.columns \
         WHERE table_schema = {} AND table_name = {} AND column_key = 'PRI'",
        literal(schema),
        literal(table)
    );
    let keys = session.rows(keys).await?;
    let is_whole = |kind: &str| ["tinyint", "smallint", "mediumint", "int", "bigint"].contains(&kind);
    Ok(match keys.as_slice() {
        [key] if is_whole(&key[1].to_lowercase()) => Some(KeyedTable {
            name: format!("{}.{}", identifier(schema), identifier(table)),
            key: key[0].clone(),
            bytes: bytes.parse().unwrap_or(0),
        }),
        _ => None,
    })
}

/// Where each reader but the first begins: even steps from the lowest key to the highest.
async fn bounds(session: &mut MysqlSession<'_>, table: &KeyedTable, readers: usize) -> Result<Vec<i128>> {
    let key = identifier(&table.key);
    let answer = session.answer(format!("SELECT min({key}), max({key}) FROM {}", table.name)).await?;
    let ends: Vec<i128> = answer.into_iter().flatten().filter_map(|text| text.parse().ok()).collect();
    let [low, high] = ends.as_slice() else { return Ok(vec![]) };
    let readers = readers as i128;
    let mut bounds: Vec<i128> = (1..readers).map(|reader| low + (high - low + 1) * reader / readers).collect();
    bounds.retain(|bound| bound > low);
    bounds.dedup();
    Ok(bounds)
}

/// Conditions that each key fulfils one of, wherever it lies.
fn ranges(key: &str, bounds: &[i128]) -> Vec<String> {
    let key = identifier(key);
    let ends = bounds.iter().map(Some).chain([None]);
    let from = [None].into_iter().chain(bounds.iter().map(Some));
    let range = |(from, to): (Option<&i128>, Option<&i128>)| {
        let from = from.map(|from| format!("{key} >= {from}"));
        let to = to.map(|to| format!("{key} < {to}"));
        from.into_iter().chain(to).collect::<Vec<_>>().join(" AND ")
    };
    from.zip(ends).map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_each_key_once() {
        assert_eq!(ranges("id", &[10, 20]), ["`id` < 10", "`id` >= 10 AND `id` < 20", "`id` >= 20"]);
        assert_eq!(ranges("a`b", &[-5]), ["`a``b` < -5", "`a``b` >= -5"]);
        assert_eq!(ranges("id", &[]), [""]);
    }
}
