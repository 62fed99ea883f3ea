//! The columns of a SQLite database: what they declare, what their values are, and how these are written.

use std::fmt::Write as _;
use std::io::Write as _;

use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, TypeInfo, ValueRef};

use crate::error::{Error, Result};
use crate::formats::number::Number;
use crate::ingest::parts::hex;
use crate::spark::types;

/// A column and the kinds of value it has held.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SqliteColumn {
    pub name: String,
    /// `"name":` as JSON.
    #[serde(skip)]
    key: String,
    #[serde(skip)]
    pub declared: Option<DataType>,
    pub misfit: bool,
    /// Values that were written as true or false.
    pub has_truth: bool,
    integer: bool,
    /// One that no double holds.
    wide_integer: bool,
    real: bool,
    text: bool,
    blob: bool,
}

impl SqliteColumn {
    pub fn new(name: String, declared: &str) -> Result<Self> {
        let key = serde_json::to_string(&name)
            .map_err(|error| Error::failed(format!("`{name}` cannot be a JSON key")).because(error))?;
        let declared = declared_type(declared);
        Ok(SqliteColumn { name, key: key + ":", declared, ..SqliteColumn::default() })
    }

    /// What the columns have held, for the capture after this one.
    pub fn told_by(columns: &[SqliteColumn]) -> serde_json::Value {
        serde_json::to_value(columns).unwrap_or_default()
    }

    /// Goes on from what the columns held in the landings before.
    pub fn learn(columns: &mut [SqliteColumn], told_by: Option<&serde_json::Value>) {
        let before = told_by.and_then(|told_by| Vec::<SqliteColumn>::deserialize(told_by).ok()).unwrap_or_default();
        for column in columns {
            if let Some(before) = before.iter().find(|before| before.name == column.name) {
                let SqliteColumn { misfit, has_truth, integer, wide_integer, real, text, blob, .. } = before;
                (column.misfit, column.has_truth) = (*misfit, *has_truth);
                (column.integer, column.wide_integer, column.real) = (*integer, *wide_integer, *real);
                (column.text, column.blob) = (*text, *blob);
            }
        }
    }

    pub fn data_type(&self) -> DataType {
        match &self.declared {
            Some(_) if self.misfit => DataType::Utf8,
            Some(declared) => declared.clone(),
            // An expression, or a column without a type: what its values are.
            None => match (self.integer, self.real, self.text, self.blob) {
                (true, false, false, false) => DataType::Int64,
                (_, true, false, false) if !self.wide_integer => DataType::Float64,
                (false, false, false, true) => DataType::Binary,
                _ => DataType::Utf8,
            },
        }
    }
}

/// SQLite's own rules of affinity by what the name contains, and before them the types that it stores as they are.
fn declared_type(declared: &str) -> Option<DataType> {
    let name = declared.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if name.starts_with("bool") {
        return Some(DataType::Boolean);
    }
    if (name.starts_with("decimal") || name.starts_with("numeric")) && name.contains('(') {
        return types::parse(&name).ok();
    }
    if any(&["int"]) {
        return Some(DataType::Int64);
    }
    if any(&["char", "clob", "text", "date", "time", "json", "uuid"]) {
        return Some(DataType::Utf8);
    }
    if any(&["blob", "binary"]) {
        return Some(DataType::Binary);
    }
    any(&["real", "floa", "doub"]).then_some(DataType::Float64)
}

/// `first` is the place of the first column in the row.
pub fn write_row(row: &SqliteRow, first: usize, columns: &mut [SqliteColumn], line: &mut Vec<u8>) -> Result<()> {
    let mut separator = b'{';
    for (place, column) in columns.iter_mut().enumerate() {
        line.push(separator);
        separator = b',';
        line.extend_from_slice(column.key.as_bytes());
        write_value(row, first + place, column, line).map_err(|error| {
            Error::failed(format!("column `{}` holds a value that cannot be read", column.name)).because(error)
        })?;
    }
    line.extend_from_slice(if separator == b'{' { b"{}" } else { b"}" });
    Ok(())
}

fn write_value(
    row: &SqliteRow,
    place: usize,
    column: &mut SqliteColumn,
    line: &mut Vec<u8>,
) -> Result<(), sqlx::Error> {
    let raw = row.try_get_raw(place)?;
    if raw.is_null() {
        // Its type, if one asks for it, is the one that the column declares.
        line.extend_from_slice(b"null");
        return Ok(());
    }
    let kind = raw.type_info().into_owned();
    match kind.name() {
        "INTEGER" => {
            let value: i64 = row.try_get_unchecked(place)?;
            column.integer = true;
            write_integer(value, column, line)?;
        }
        "REAL" => {
            let value: f64 = row.try_get_unchecked(place)?;
            column.real = true;
            write_real(value, column, line)?;
        }
        "BLOB" => {
            let value: &[u8] = row.try_get_unchecked(place)?;
            column.blob = true;
            column.misfit |= !matches!(column.declared, Some(DataType::Binary));
            write!(line, "\"{}\"", hex(value))?;
        }
        _ => {
            let value: &str = row.try_get_unchecked(place)?;
            column.text = true;
            column.misfit |= match column.declared {
                Some(DataType::Utf8) => false,
                Some(DataType::Decimal128(precision, scale)) => !fits_decimal(value, precision, scale),
                _ => true,
            };
            serde_json::to_writer(line, value).map_err(|error| sqlx::Error::Decode(error.into()))?;
        }
    }
    Ok(())
}

fn write_integer(value: i64, column: &mut SqliteColumn, line: &mut Vec<u8>) -> std::io::Result<()> {
    column.wide_integer |= !survives_as_double(value);
    match column.declared {
        Some(DataType::Boolean) if !column.misfit && (value == 0 || value == 1) => {
            column.has_truth = true;
            return write!(line, "{}", value == 1);
        }
        Some(DataType::Boolean | DataType::Binary) => column.misfit = true,
        Some(DataType::Decimal128(precision, scale)) => {
            column.misfit |= !fits_decimal(&value.to_string(), precision, scale);
        }
        Some(DataType::Float64) => column.misfit |= !survives_as_double(value),
        _ => {}
    }
    write!(line, "{value}")
}

fn write_real(value: f64, column: &mut SqliteColumn, line: &mut Vec<u8>) -> std::io::Result<()> {
    match column.declared {
        Some(DataType::Decimal128(precision, scale)) => {
            // As few digits as give the number back: 12.3 rather than its binary neighbour.
            let mut text = String::new();
            let _ = write!(text, "{value}");
            if fits_decimal(&text, precision, scale) {
                line.extend_from_slice(text.as_bytes());
                return Ok(());
            }
            column.misfit = true;
        }
        Some(DataType::Float64 | DataType::Utf8) | None => {}
        Some(_) => column.misfit = true,
    }
    // JSON has no infinity; as text it reads back as one.
    if value.is_finite() { write!(line, "{value:?}") } else { write!(line, "\"{value}\"") }
}

/// Whether a number's text is exactly a `decimal(precision,scale)`.
fn fits_decimal(text: &str, precision: u8, scale: i8) -> bool {
    Number::parse(text).is_some_and(|number| !number.has_exponent() && number.fits_decimal(precision, scale))
}

fn survives_as_double(value: i64) -> bool {
    i128::from(value) == value as f64 as i128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_sparks() {
        let named = |declared: &str| declared_type(declared).map(|data_type| types::name(&data_type));
        let cases = [
            ("INTEGER", Some("bigint")),
            ("unsigned big int", Some("bigint")),
            ("DECIMAL(10,2)", Some("decimal(10,2)")),
            ("VARCHAR(20)", Some("string")),
            ("TIMESTAMP", Some("string")),
            ("BLOB", Some("binary")),
            ("DOUBLE PRECISION", Some("double")),
            ("BOOLEAN", Some("boolean")),
            ("NUMERIC", None),
            ("", None),
        ];
        for (declared, spark) in cases {
            assert_eq!(named(declared).as_deref(), spark, "{declared}");
        }
    }
}
