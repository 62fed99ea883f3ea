//! Rows held to the columns that were agreed on: what is not of them does not land, and is counted.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use serde_json::value::RawValue;

use super::members::RowMembers;
use crate::error::{Error, Result};
use crate::formats::json_numbers::Numbers;
use crate::ingest::terms::Terms;
use crate::project::Contract;
use crate::spark::types;

pub struct Conforming<'a> {
    terms: &'a Terms,
    rows_left_out: u64,
    values_left_out: u64,
    /// Of the row at hand.
    found: NotAgreed,
    /// The first that was left out of all rows, in words.
    first: Option<String>,
}

/// What a row has that was not agreed on.
#[derive(Default)]
struct NotAgreed {
    values: u64,
    /// Whether one of them is a column without which a row is none.
    needed: bool,
    first: Option<String>,
    /// Where in the row the value at hand is.
    path: Vec<String>,
}

impl<'a> Conforming<'a> {
    pub fn new(terms: &'a Terms) -> Self {
        Conforming { terms, rows_left_out: 0, values_left_out: 0, found: NotAgreed::default(), first: None }
    }

    /// Writes to `line` what of the row was agreed on; says whether it is to land.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn apply(&mut self, row: &[u8], line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        let broken =
            |error: serde_json::Error| Error::failed("a row is not the JSON that it seemed to be").because(error);
        let members: RowMembers = serde_json::from_slice(row).map_err(broken)?;
        self.found = NotAgreed::default();
        self.object(&members, self.terms.columns.fields(), line).map_err(broken)?;
        let NotAgreed { values, needed, first, .. } = &mut self.found;
        if *values == 0 {
            return Ok(true);
        }
        self.first = self.first.take().or(first.take());
        let whole = *needed || self.terms.contract == Contract::DiscardRow;
        match whole {
            true => self.rows_left_out += 1,
            false => self.values_left_out += *values,
        }
        Ok(!whole)
    }

    /// The columns of the landing: all that were agreed on, in the letter case of the rows where they have one.
    pub fn schema(&self, found: &Schema) -> SchemaRef {
        Schema::new(as_written(self.terms.columns.fields(), found.fields())).into()
    }

    /// What was left out, if something was.
    pub fn told(self) -> Option<String> {
        let (by, first) = (self.terms.by, self.first?);
        let mut told = String::from("left out");
        for (count, what) in [(self.rows_left_out, "rows"), (self.values_left_out, "values")] {
            if count > 0 {
                // Writing to a string cannot fail.
                let _ = write!(told, " {count} {what},");
            }
        }
        Some(format!("{told} not of the columns in {by}: {first}"))
    }

    fn object(&mut self, members: &RowMembers, fields: &Fields, line: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        line.push(b'{');
        let start = line.len();
        for (name, value) in &members.0 {
            self.found.path.push(name.to_lowercase());
            let agreed = fields.iter().find(|field| Some(field.name()) == self.found.path.last());
            let before = line.len();
            if before > start {
                line.push(b',');
            }
            serde_json::to_writer(&mut *line, name)?;
            line.push(b':');
            let lands = match agreed {
                Some(field) => self.value(value, field.data_type(), line)?,
                None => self.refuse("is new"),
            };
            if !lands {
                line.truncate(before);
            }
            self.found.path.pop();
        }
        line.push(b'}');
        Ok(())
    }

    /// Writes a value, unless it is of another type.
    fn value(&mut self, value: &RawValue, data_type: &DataType, line: &mut Vec<u8>) -> Result<bool, serde_json::Error> {
        let text = value.get();
        let fits = match (text.as_bytes().first(), data_type) {
            (Some(b'{'), DataType::Struct(fields)) => {
                self.object(&serde_json::from_str(text)?, fields, line)?;
                return Ok(true);
            }
            (Some(b'['), DataType::List(item)) => {
                self.list(&serde_json::from_str::<Vec<&RawValue>>(text)?, item, line)?;
                return Ok(true);
            }
            // Text is what values of several kinds are read as.
            (Some(b'n'), _) | (_, DataType::Utf8) | (Some(b't' | b'f'), DataType::Boolean) => true,
            (Some(b'-' | b'0'..=b'9'), number) => Numbers::fit(text, number),
            _ => false,
        };
        if fits {
            line.extend_from_slice(text.as_bytes());
            return Ok(true);
        }
        Ok(self.refuse(&format!("is no {}", types::name(data_type))))
    }

    /// A value in a list that does not fit leaves its place empty, so that the others keep theirs.
    fn list(&mut self, items: &[&RawValue], field: &FieldRef, line: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        line.push(b'[');
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                line.push(b',');
            }
            if !self.value(item, field.data_type(), line)? {
                line.extend_from_slice(b"null");
            }
        }
        line.push(b']');
        Ok(())
    }

    /// Takes down that the value at hand does not land.
    fn refuse(&mut self, why: &str) -> bool {
        let NotAgreed { values, needed, first, path } = &mut self.found;
        let path = path.join(".");
        *values += 1;
        *needed |= self.terms.needed.contains(&path);
        first.get_or_insert_with(|| format!("`{path}` {why}"));
        false
    }
}

/// Fields that were agreed on, with the names that those found have.
fn as_written(agreed: &Fields, found: &Fields) -> Fields {
    let written = |field: &FieldRef| {
        let found = found.iter().find(|found| found.name().to_lowercase() == *field.name());
        let name = found.map_or(field.name(), |found| found.name());
        let found = found.map_or(&DataType::Null, |found| found.data_type());
        Field::new(name, type_as_written(field.data_type(), found), field.is_nullable())
    };
    agreed.iter().map(written).collect()
}

fn type_as_written(agreed: &DataType, found: &DataType) -> DataType {
    match (agreed, found) {
        (DataType::Struct(agreed), DataType::Struct(found)) => DataType::Struct(as_written(agreed, found)),
        (DataType::List(agreed), DataType::List(found)) => {
            types::list_of(type_as_written(agreed.data_type(), found.data_type()))
        }
        _ => agreed.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::read::names::lower_case;

    fn terms(contract: Contract) -> Terms {
        let columns = types::parse(
            "struct<id:bigint,price:double,big:decimal(38,2),ok:boolean,name:string,\
             tags:array<bigint>,lines:array<struct<sku:string,n:bigint>>,geo:struct<lat:double>>",
        );
        let DataType::Struct(fields) = columns.unwrap() else { unreachable!() };
        Terms { columns: lower_case(&Schema::new(fields)), by: "x", contract, needed: vec!["id".into()] }
    }

    fn apply(contract: Contract, row: &str) -> (Option<String>, Option<String>) {
        let terms = terms(contract);
        let (mut conforming, mut line) = (Conforming::new(&terms), vec![]);
        let lands = conforming.apply(row.as_bytes(), &mut line).unwrap();
        (lands.then(|| String::from_utf8(line).unwrap()), conforming.told())
    }

    const WHOLE: &str = r#"{"ID":1,"price":2,"big":12345678901234567890.75,"ok":false,"name":{"a": 1},"tags":[1,null],"lines":[{"SKU":"x","n":1},null],"geo":{"lat":null}}"#;

    #[test]
    fn what_was_agreed_on_lands_as_it_was_written() {
        for contract in [Contract::DiscardRow, Contract::DiscardValue] {
            assert_eq!(apply(contract, WHOLE), (Some(WHOLE.into()), None));
            assert_eq!(apply(contract, "{}"), (Some("{}".into()), None));
        }
    }

    #[test]
    fn what_was_not_is_left_out_wherever_it_is() {
        let row = r#"{"new":1,"id":1,"price":"2","ok":1,"tags":[1,"x",2.5],"lines":[{"sku":"x","m":1}],"geo":{"lat":1,"lon":2}}"#;
        let rest = r#"{"id":1,"tags":[1,null,null],"lines":[{"sku":"x"}],"geo":{"lat":1}}"#;
        let told = |what: &str| Some(format!("left out {what}, not of the columns in x: `new` is new"));
        assert_eq!(apply(Contract::DiscardValue, row), (Some(rest.into()), told("7 values")));
        assert_eq!(apply(Contract::DiscardRow, row), (None, told("1 rows")));
    }

    #[test]
    fn a_row_without_its_key_is_none() {
        let (lands, told) = apply(Contract::DiscardValue, r#"{"id":"a","price":1}"#);
        assert_eq!(
            (lands, told.as_deref()),
            (None, Some("left out 1 rows, not of the columns in x: `id` is no bigint"))
        );
    }

    #[test]
    fn numbers_that_the_type_does_not_hold_are_no_values_of_it() {
        for (field, token, fits) in [
            ("id", "9223372036854775808", false),
            ("id", "1.0", false),
            ("price", "9007199254740993", false),
            ("price", "1e300", true),
            ("big", "0.125", false),
            ("big", "1e2", false),
            ("big", "7", true),
        ] {
            let (lands, _) = apply(Contract::DiscardRow, &format!(r#"{{"{field}":{token}}}"#));
            assert_eq!(lands.is_some(), fits, "{field} {token}");
        }
    }

    #[test]
    fn a_landing_has_all_columns_under_the_names_of_its_rows() {
        let terms = terms(Contract::DiscardValue);
        let mut found = crate::formats::json_schema::JsonSchema::default();
        found.add(br#"{"ID":1,"lines":[{"SKU":"x"}],"Geo":{"LAT":1}}"#).unwrap();
        let schema = Conforming::new(&terms).schema(&found.schema().unwrap());
        let columns: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| format!("{} {}", field.name(), types::name(field.data_type())))
            .collect();
        let expected = [
            "ID bigint",
            "price double",
            "big decimal(38,2)",
            "ok boolean",
            "name string",
            "tags array<bigint>",
            "lines array<struct<SKU:string,n:bigint>>",
            "Geo struct<LAT:double>",
        ];
        assert_eq!(columns, expected);
    }
}
