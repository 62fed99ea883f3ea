//! Sources of a database: a table each.

use std::path::Path;

use url::Url;

use super::spelled::{self, quoted, variable, with_variables};
use super::{FoundSources, add};
use crate::error::{Error, Result};
use crate::hints::listed;
use crate::ingest::{self, DatabaseTable};
use crate::project::{Address, DatabaseKind};

/// More sources than anybody wants to look through.
const MOST_TABLES: usize = 20;

/// What stands where the password was; no address has it.
const PASSWORD: &str = "TRAPICHE-PASSWORD";

pub async fn found(url: &Url, folder: &Path) -> Result<FoundSources> {
    let address = Address::new(url.clone(), &url.as_str().into());
    let tables = ingest::tables(&address).await?;
    let (named, odd): (Vec<_>, Vec<_>) = tables.into_iter().partition(|table| named(table).is_some());
    if named.is_empty() {
        let hint = match DatabaseKind::of(url.scheme()) {
            Some(DatabaseKind::Mysql) if url.path().len() < 2 => "name the database: mysql://user@host/database",
            _ => "create a table, or let this user read one (GRANT SELECT); views are named by hand",
        };
        return Err(Error::config(format!("`{address}` has no table that can be read")).hint(hint));
    }
    let connection = match DatabaseKind::of(url.scheme()) {
        Some(DatabaseKind::Sqlite) => {
            url.path_segments().and_then(|mut parts| parts.next_back()).map(super::file::stem)
        }
        _ => url.path_segments().and_then(|mut parts| parts.next()),
    };
    let connection = spelled::table_name(connection.filter(|name| !name.is_empty()).unwrap_or("database"));
    let mut found = FoundSources::default();
    let written = written(url, &address, &connection, folder, &mut found)?;
    found.connections.push((connection.clone(), format!("{{ database: {written} }}")));
    for table in named.iter().take(MOST_TABLES) {
        let (name, Some(as_table)) = (source_name(table), self::named(table)) else { continue };
        add(&mut found.sources, &name, format!("{{ from: {connection}, table: {} }}", quoted(&as_table)));
    }
    let rest: Vec<String> = named.iter().skip(MOST_TABLES).filter_map(self::named).collect();
    if !rest.is_empty() {
        found.comments.push(format!("{} more tables are there, in the same way:", rest.len()));
        let lines = rest.chunks(8).map(|names| format!("  {}", names.join(", ").replace(['\n', '\r'], " ")));
        found.comments.extend(lines);
    }
    if !odd.is_empty() {
        let names: Vec<&str> = odd.iter().map(|table| table.name.as_str()).collect();
        found
            .comments
            .push(format!("`table:` cannot name {}; a `query:` can.", listed(&names).replace(['\n', '\r'], " ")));
    }
    Ok(found)
}

/// As `table:` has it, where a dot stands between schema and name.
fn named(table: &DatabaseTable) -> Option<String> {
    match &table.schema {
        None => Some(table.name.clone()),
        Some(schema) if schema.contains('.') => None,
        Some(schema) => Some(format!("{schema}.{}", table.name)),
    }
}

fn source_name(table: &DatabaseTable) -> String {
    match &table.schema {
        Some(schema) if schema != "main" => format!("{schema}_{}", table.name),
        _ => table.name.clone(),
    }
}

/// The address as YAML, with variables in place of secrets.
fn written(url: &Url, address: &Address, connection: &str, folder: &Path, found: &mut FoundSources) -> Result<String> {
    if url.scheme() == "sqlite" {
        let path = Url::parse(&format!("file://{}", url.path())).ok().and_then(|url| url.to_file_path().ok());
        let path = path.ok_or_else(|| Error::config("this is no path of a file"))?;
        return Ok(quoted(&spelled::address("sqlite", &path, folder)?));
    }
    // A parameter that looks like a secret is shown as stars.
    if address.to_string().contains("=***") {
        let variable = format!("{}_URL", variable(connection));
        found.secrets.push((variable.clone(), url.to_string()));
        return Ok(with_variables(&format!("${{{variable}}}")));
    }
    let Some(password) = url.password() else { return Ok(quoted(url.as_str())) };
    let variable = format!("{}_PASSWORD", variable(connection));
    found.secrets.push((variable.clone(), password.to_string()));
    let mut url = url.clone();
    url.set_password(Some(PASSWORD)).map_err(|()| Error::config("this address can carry no password"))?;
    let text = url.as_str().replace('$', "$$").replacen(PASSWORD, &format!("${{{variable}}}"), 1);
    Ok(with_variables(&text))
}
