//! A relational database: a table or a query, as one snapshot. Rows land as NDJSON with the database's types.

use url::Url;

use super::parts::{Draft, RowParts, Taken};
use super::sqlite;
use crate::error::{Error, Result};
use crate::lake::landing::{LandedFormat, Request};
use crate::project::{Secret, SqlRead};

/// Streams the rows into the lake. It is unchanged if they hash to what the last landing holds.
pub async fn capture(database: &Secret, query: &SqlRead, draft: &Draft<'_>) -> Result<Taken> {
    let shown = shown(database);
    let in_database = |error: Error| error.context(format!("`{shown}`"));
    let mut parts = RowParts::new(draft);
    parts.request(Request { url: shown.clone(), status: None, etag: None, last_modified: None });
    let scheme = database.expose().split(':').next().unwrap_or_default();
    let schema = match scheme {
        "sqlite" => sqlite::read(database.expose(), query, &mut parts).await.map_err(in_database)?,
        "postgres" | "postgresql" | "mysql" | "mariadb" => {
            return Err(Error::config(format!(
                "`{shown}`: this version reads sqlite://; {scheme}:// is not built in yet"
            )));
        }
        _ => {
            return Err(Error::config(format!("`{shown}` is not a database that this version reads"))
                .hint("write sqlite:///path/to/file"));
        }
    };
    Ok(Taken::New { format: LandedFormat::Ndjson, schema, parts: parts.finish().await? })
}

/// The address without user, password and options.
fn shown(database: &Secret) -> String {
    let Ok(url) = Url::parse(database.expose()) else { return "the connection's database".into() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_database_has_no_secrets() {
        let show = |text: &str| shown(&Secret::new(text));
        assert_eq!(show("postgres://me:pw@db.example:5433/shop?sslpassword=x"), "postgres://db.example:5433/shop");
        assert_eq!(show("sqlite:///var/shop.db"), "sqlite:///var/shop.db");
    }
}
