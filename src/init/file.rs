//! A source of a file, on this machine or behind an address.

use std::path::Path;

use url::Url;

use super::json_rows_at::rows_at;
use super::spelled::{self, quoted};
use super::{FoundSources, add};
use crate::error::{Error, Result};
use crate::ingest::{self, Beginning};
use crate::project::Address;

/// A source of a local file.
pub async fn found(path: &Path, folder: &Path) -> Result<FoundSources> {
    let url = Url::from_file_path(path).map_err(|()| Error::config("this is no path of a file"))?;
    let address = Address::new(url, &"a file".into());
    let beginning = ingest::beginning(&address).await?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let shown = format!("`{}`", path.display());
    let written = quoted(&spelled::address("file", path, folder)?);
    let mut found = FoundSources::default();
    add(&mut found.sources, stem(&name), source(&written, &name, true, &beginning, &shown)?);
    Ok(found)
}

/// A source as YAML: `written` is its address, `name` that of the file, which `is_named` by the address.
pub fn source(written: &str, name: &str, is_named: bool, beginning: &Beginning, shown: &str) -> Result<String> {
    let (ending, kind) = (ending(name).filter(|_| is_named), kind(name, beginning));
    let mut keys = vec![format!("url: {written}")];
    match kind {
        Some(FileKind::Csv) => {
            if ending != Some(FileKind::Csv) {
                keys.push("format: csv".to_string());
            }
            if let Some(delimiter) = delimiter(&beginning.text) {
                keys.push(format!("delimiter: {}", quoted(delimiter)));
            }
        }
        Some(FileKind::Json) => {
            if ending != Some(FileKind::Json) {
                keys.push("format: json".to_string());
            }
            if let Some(path) = rows_at(&beginning.text) {
                keys.push(format!("records: {}", quoted(&path)));
            }
        }
        Some(FileKind::Parquet) => {
            if ending != Some(FileKind::Parquet) {
                keys.push("format: parquet".to_string());
            }
        }
        None => {
            return Err(Error::config(format!(
                "{shown} is neither CSV nor JSON nor Parquet, as far as its beginning tells"
            ))
            .hint("write the source by hand, with its `format:` and `delimiter:`"));
        }
    }
    Ok(format!("{{ {} }}", keys.join(", ")))
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FileKind {
    Csv,
    Json,
    Parquet,
}

/// By its name, else by what a server says, else by its first bytes.
fn kind(name: &str, beginning: &Beginning) -> Option<FileKind> {
    let said = match beginning.content_type.as_deref() {
        Some("text/csv") => Some(FileKind::Csv),
        Some(kind) if kind.contains("json") => Some(FileKind::Json),
        _ => None,
    };
    if beginning.text.starts_with(b"PAR1") {
        return Some(FileKind::Parquet);
    }
    let text = beginning.text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&beginning.text).trim_ascii_start();
    let seen = match text.first() {
        Some(b'{' | b'[') => Some(FileKind::Json),
        Some(_) if first_line(text).iter().any(|byte| DELIMITERS.contains(byte)) => Some(FileKind::Csv),
        _ => None,
    };
    ending(name).or(said).or(seen)
}

/// What the end of a name says, before that of packing.
pub fn ending(name: &str) -> Option<FileKind> {
    let name = name.to_lowercase();
    let plain = [".gz", ".zst", ".bz2", ".zip"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    match plain.rsplit_once('.')?.1 {
        "csv" => Some(FileKind::Csv),
        "json" | "ndjson" | "jsonl" => Some(FileKind::Json),
        "parquet" => Some(FileKind::Parquet),
        _ => None,
    }
}

/// A file's name without its endings.
pub fn stem(name: &str) -> &str {
    match name.split('.').next() {
        Some(stem) if !stem.is_empty() => stem,
        _ => name,
    }
}

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What stands between the fields of the first line; `None` if that is a comma, or nothing.
fn delimiter(text: &[u8]) -> Option<&'static str> {
    let (mut counts, mut is_quoted) = ([0; DELIMITERS.len()], false);
    for byte in first_line(text) {
        is_quoted ^= *byte == b'"';
        if let Some(at) = DELIMITERS.iter().position(|delimiter| delimiter == byte).filter(|_| !is_quoted) {
            counts[at] += 1;
        }
    }
    let most = (0..DELIMITERS.len()).rev().max_by_key(|at| counts[*at]).filter(|at| counts[*at] > 0)?;
    ["", ";", "\t", "|"].get(most).copied().filter(|delimiter| !delimiter.is_empty())
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_the_delimiter() {
        let of = |text: &str| delimiter(text.as_bytes());
        assert_eq!(
            [of("a;b,c;d\n1"), of("a\tb"), of("\"a|b\"|c"), of("a,b;c,d"), of("a"), of("a,b;c")],
            [Some(";"), Some("\t"), Some("|"), None, None, None]
        );
        assert_eq!(stem("orders.2024.csv.gz"), "orders");
    }
}
