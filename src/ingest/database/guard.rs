//! Rows on their way into the lake: what their columns' types do not hold is found before it is there.
//!
//! A server's types hold more than ours: a date that is infinite or before Christ, a decimal that is no number, a day
//! that is none.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::formats::table_csv;
use crate::spark::types;

/// A column as it lands.
#[derive(Debug, Clone)]
pub struct LandedColumn {
    pub name: String,
    pub data_type: DataType,
}

pub struct RowGuard {
    columns: Vec<LandedColumn>,
    /// Whether there are columns whose values have to be looked at.
    looks: bool,
    /// What to do about a value in a column.
    advice: fn(&str) -> String,
    rows: u64,
}

impl RowGuard {
    pub fn new(columns: Vec<LandedColumn>, advice: fn(&str) -> String) -> Self {
        let looks = columns.iter().any(|column| is_narrow(&column.data_type));
        RowGuard { columns, looks, advice, rows: 0 }
    }

    pub fn schema(&self) -> SchemaRef {
        let fields = self.columns.iter().map(|column| Field::new(&column.name, column.data_type.clone(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// Looks at a row of CSV, with its line end.
    pub fn row(&mut self, row: &[u8]) -> Result<()> {
        self.rows += 1;
        if std::str::from_utf8(row).is_err() {
            return Err(self.not_utf8(None));
        }
        if !self.looks {
            return Ok(());
        }
        let mut fields = Vec::with_capacity(self.columns.len());
        let end = table_csv::row(row, &mut fields)?;
        if end != Some(row.len()) || fields.len() != self.columns.len() {
            return Err(Error::failed(format!("row {} is not what the database said that it would be", self.rows)));
        }
        for (column, field) in self.columns.iter().zip(&fields) {
            if is_narrow(&column.data_type)
                && let Some(text) = field.text()
                && !holds(&column.data_type, &text)
            {
                return Err(self.misfit(column, &text));
            }
        }
        Ok(())
    }

    /// Begins a row that is looked at value by value.
    pub fn begin(&mut self) {
        self.rows += 1;
    }

    pub fn value(&self, place: usize, text: &[u8]) -> Result<()> {
        let column = &self.columns[place];
        if column.data_type == DataType::Utf8 && std::str::from_utf8(text).is_err() {
            return Err(self.not_utf8(Some(column)));
        }
        if is_narrow(&column.data_type) && !holds(&column.data_type, text) {
            return Err(self.misfit(column, text));
        }
        Ok(())
    }

    fn misfit(&self, column: &LandedColumn, text: &[u8]) -> Error {
        let (text, spark_type) = (String::from_utf8_lossy(text), types::name(&column.data_type));
        Error::failed(format!("row {}, column `{}`: `{text}` is not a {spark_type}", self.rows, column.name))
            .hint((self.advice)(&column.name))
    }

    fn not_utf8(&self, column: Option<&LandedColumn>) -> Error {
        let column = column.map_or(Cow::from(""), |column| format!(", column `{}`", column.name).into());
        Error::failed(format!("row {}{column}: there is text that is not UTF-8", self.rows))
            .hint("the database keeps bytes there whose encoding it does not know; read them as bytes in a `query:`")
    }
}

/// Whether the type holds less than the server's.
fn is_narrow(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal128(..) | DataType::Date32 | DataType::Timestamp(..))
}

/// Whether it is a value of the type, as servers write it.
fn holds(data_type: &DataType, text: &[u8]) -> bool {
    match data_type {
        DataType::Decimal128(..) => text.last().is_some_and(u8::is_ascii_digit),
        DataType::Date32 => text.len() == "2024-01-31".len() && is_day(text),
        // With an era behind it, it ends otherwise.
        _ => text.len() >= "2024-01-31 12:00:00".len() && is_day(text) && text.last().is_some_and(u8::is_ascii_digit),
    }
}

/// Whether it begins with a day of the years 1 to 9999; which days a month has, the server knows.
fn is_day(text: &[u8]) -> bool {
    let has_form = text[4] == b'-' && text[7] == b'-' && text[..4].iter().all(u8::is_ascii_digit);
    has_form && &text[..4] != b"0000" && &text[5..7] != b"00" && &text[8..10] != b"00"
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::TimeUnit;

    #[test]
    fn what_a_type_does_not_hold_is_found() {
        let (date, timestamp) = (DataType::Date32, DataType::Timestamp(TimeUnit::Microsecond, None));
        let decimal = DataType::Decimal128(38, 2);
        for (data_type, sound, odd) in [
            (&date, "0001-01-01", "infinity"),
            (&date, "9999-12-31", "10000-01-01"),
            (&date, "2024-02-29", "0044-03-15 BC"),
            (&date, "2024-02-29", "0000-00-00"),
            (&date, "2024-02-29", "2024-00-31"),
            (&timestamp, "2024-02-29 23:59:59.999999+00", "0044-03-15 12:00:00 BC"),
            (&timestamp, "0001-01-01 00:00:00", "-infinity"),
            (&timestamp, "0001-01-01 00:00:00", "294276-12-31 23:59:59"),
            (&timestamp, "0001-01-01 00:00:00", "2024-02-00 00:00:00"),
            (&decimal, "-12.30", "NaN"),
            (&decimal, "0", "-Infinity"),
        ] {
            assert!(holds(data_type, sound.as_bytes()), "{sound}");
            assert!(!holds(data_type, odd.as_bytes()), "{odd}");
        }
    }

    #[test]
    fn it_is_told_where_it_stands() {
        let column = |name: &str, data_type| LandedColumn { name: name.into(), data_type };
        let columns = vec![column("a", DataType::Utf8), column("due", DataType::Date32)];
        let mut guard = RowGuard::new(columns, |name| format!("mind {name}"));
        guard.row(b"infinity,\n").unwrap();
        let error = guard.row(b"\"a,\"\"\",infinity\n").unwrap_err();
        assert_eq!(error.to_string(), "row 2, column `due`: `infinity` is not a date");
        assert_eq!(error.hint_text(), Some("mind due"));
        assert_eq!(guard.row(b"\xff,\n").unwrap_err().to_string(), "row 3: there is text that is not UTF-8");
    }
}
