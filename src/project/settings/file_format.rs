//! How the rows of a file are written: its format, and what of it a project can say.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use serde::Serialize;

use super::address::Address;
use super::source_keys::only;
use crate::error::Span;
use crate::formats::dialect::CsvDialect;
use crate::formats::encoding::TextEncoding;
use crate::hints::suggest;
use crate::project::faults::Faults;
use crate::project::read::{At, given, given_or, words};
use crate::project::spec::{FormatSpec, SourceSpec};
use crate::spark::types;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    Csv {
        delimiter: u8,
        header: bool,
        #[serde(flatten)]
        dialect: CsvDialect,
        #[serde(skip_serializing_if = "TextEncoding::is_utf8")]
        encoding: TextEncoding,
    },
    /// NDJSON, a top-level array or an object, told apart by the bytes; `records` is a dotted path to the array of rows.
    Json {
        records: Option<String>,
        #[serde(skip_serializing_if = "TextEncoding::is_utf8")]
        encoding: TextEncoding,
    },
    Parquet,
}

impl FileFormat {
    pub fn encoding(&self) -> TextEncoding {
        match self {
            FileFormat::Csv { encoding, .. } | FileFormat::Json { encoding, .. } => *encoding,
            FileFormat::Parquet => TextEncoding::Utf8,
        }
    }
}

/// The format of a source's files, of which `place` is one; `address` is the key that gives their places, at `span`.
pub fn check(
    value: &SourceSpec,
    address: &str,
    place: &Address,
    columns: Option<&BTreeMap<String, DataType>>,
    span: &Span,
    faults: &mut Faults,
) -> Option<FileFormat> {
    let spec = match &value.format {
        Some(format) => format.value?,
        None => format_of(place.url().path()).or_else(|| {
            faults
                .add(span, "the format can't be told from this name")
                .hint("add `format: csv`, `format: json` or `format: parquet`");
            None
        })?,
    };
    let encoding = given_or(&value.encoding, TextEncoding::Utf8)?;
    match spec {
        FormatSpec::Csv => {
            let keys = [
                address,
                "dates",
                "max_size",
                "sha256",
                "format",
                "encoding",
                "delimiter",
                "header",
                "quote",
                "escape",
                "comment",
                "skip_lines",
                "nulls",
                "decimal_comma",
                "columns",
            ];
            only(value, &keys, "a CSV file", faults);
            let delimiter = delimiter(value, faults)?;
            Some(FileFormat::Csv {
                delimiter,
                header: given_or(&value.header, true)?,
                dialect: dialect(value, delimiter, columns?, faults)?,
                encoding,
            })
        }
        FormatSpec::Json | FormatSpec::Ndjson => {
            let keys = [address, "dates", "max_size", "sha256", "format", "encoding", "records"];
            only(value, &keys, "a JSON file", faults);
            Some(FileFormat::Json { records: given(&value.records)?, encoding })
        }
        FormatSpec::Parquet => {
            only(value, &[address, "dates", "max_size", "sha256", "format"], "a Parquet file", faults);
            Some(FileFormat::Parquet)
        }
    }
}

/// The format that a path's ending names, with or without `.gz`, `.zst`, `.bz2` or `.zip`.
fn format_of(path: &str) -> Option<FormatSpec> {
    let path = path.to_ascii_lowercase();
    let unpacked = [".gz", ".zst", ".bz2", ".zip"].iter().find_map(|packed| path.strip_suffix(packed)).unwrap_or(&path);
    match unpacked.rsplit_once('.')?.1 {
        "csv" => Some(FormatSpec::Csv),
        "json" => Some(FormatSpec::Json),
        "ndjson" | "jsonl" => Some(FormatSpec::Ndjson),
        "parquet" => Some(FormatSpec::Parquet),
        _ => None,
    }
}

fn delimiter(value: &SourceSpec, faults: &mut Faults) -> Option<u8> {
    let Some(at) = &value.delimiter else { return Some(b',') };
    match at.value.as_ref()?.as_bytes() {
        [one] if one.is_ascii() => Some(*one),
        _ => {
            faults.add(&at.span, "a delimiter is one ASCII character").hint(r#"for a tab, write "\t""#);
            None
        }
    }
}

fn dialect(
    value: &SourceSpec,
    delimiter: u8,
    columns: &BTreeMap<String, DataType>,
    faults: &mut Faults,
) -> Option<CsvDialect> {
    let mut character = |name: &str, at: &Option<At<String>>| -> Option<Option<char>> {
        let Some(at) = at else { return Some(None) };
        match at.value.as_ref()?.chars().collect::<Vec<_>>().as_slice() {
            [one] if one.is_ascii_punctuation() && u8::try_from(*one).is_ok_and(|one| one != delimiter) => {
                Some(Some(*one))
            }
            _ => {
                faults.add(&at.span, format!("`{name}` is one mark of ASCII, and not the delimiter"));
                None
            }
        }
    };
    let (quote, escape) = (character("quote", &value.quote), character("escape", &value.escape));
    let comment = character("comment", &value.comment);
    let quote = quote?.unwrap_or('"');
    // One that is escaped by itself is doubled, as it is without an escape.
    let (escape, comment) = (escape?.filter(|escape| *escape != quote), comment?);
    if let Some(at) = &value.comment
        && comment.is_some_and(|comment| comment == quote || Some(comment) == escape)
    {
        faults.add(&at.span, "a mark that begins comments stands for nothing else: not for quotes, nor before them");
    }
    if let Some(at) = &value.decimal_comma
        && at.value == Some(true)
        && !columns.values().any(DataType::is_numeric)
    {
        faults
            .add(&at.key, "`decimal_comma` is of numbers, and `columns:` names none")
            .hint("give a column a type, as in `columns: { price: \"decimal(10,2)\" }`; all other values land as text");
    }
    Some(CsvDialect {
        quote: Some(quote).filter(|quote| *quote != '"'),
        escape,
        comment,
        skip_lines: given_or(&value.skip_lines, 0)?,
        nulls: words(&value.nulls)?,
        decimal_comma: given_or(&value.decimal_comma, false)?,
    })
}

/// The types given to columns; all wrong ones are reported.
pub fn types_of(value: &SourceSpec, faults: &mut Faults) -> Option<BTreeMap<String, DataType>> {
    let Some(columns) = &value.columns else { return Some(BTreeMap::new()) };
    let mut types = BTreeMap::new();
    let mut complete = true;
    for (name, at) in columns.value.as_ref()? {
        match at.value.as_deref().map(types::parse) {
            Some(Ok(kind)) => drop(types.insert(name.clone(), kind)),
            Some(Err(message)) => {
                let hint = suggest(at.value.as_deref().unwrap_or_default(), types::NAMES);
                faults.add(&at.span, message).hint(hint);
                complete = false;
            }
            None => complete = false,
        }
    }
    complete.then_some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_format_by_the_name() {
        assert_eq!(format_of("/a/regions.CSV"), Some(FormatSpec::Csv));
        assert_eq!(format_of("/quakes.json.gz"), Some(FormatSpec::Json));
        assert_eq!(format_of("/rows.jsonl"), Some(FormatSpec::Ndjson));
        assert_eq!(format_of("/rows.gz"), None);
    }
}
