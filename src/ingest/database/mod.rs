//! A relational database: a table or a query, as one snapshot. Rows land as NDJSON with the database's types.

mod sqlite;

use super::parts::{LandingDraft, RowParts, Taken};
use crate::error::{Error, Result};
use crate::lake::landing::{LandedFormat, SourceRequest};
use crate::project::{Address, SqlRead};

/// Streams the rows into the lake. It is unchanged if they hash to what the last landing holds.
pub async fn capture(database: &Address, query: &SqlRead, draft: &LandingDraft<'_>) -> Result<Taken> {
    let shown = database.without_parameters().to_string();
    if database.url().scheme() != "sqlite" {
        return Err(Error::config(format!(
            "`{shown}`: this version reads sqlite:// only; no other database is built in yet"
        ))
        .hint("write sqlite:///path/to/file"));
    }
    let mut parts = RowParts::new(draft);
    parts.request(SourceRequest { url: shown.clone(), status: None, etag: None, last_modified: None });
    let schema = sqlite::read(database.url(), query, &mut parts).await;
    let schema = schema.map_err(|error| error.context(format!("`{shown}`")))?;
    Ok(Taken::New { format: LandedFormat::Ndjson, schema, parts: parts.finish().await?, note: None })
}
