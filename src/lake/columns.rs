//! The columns that several landings of a source have together: those of each by their names, in types that hold the values
//! of all of them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::landing::{LandedFormat, Landing};
use crate::error::{Error, Result};
use crate::spark::types;

/// A decimal has so many digits at most.
const MOST_DIGITS: u8 = 38;

/// Their schema, with the columns of older landings first. Whoever reads a landing gives null for a column that it lacks.
///
/// # Errors
/// When there is no landing, when they are not read in the same way, or when a column's types have no type in common that
/// loses nothing.
pub fn of_landings(landings: &[Landing]) -> Result<SchemaRef> {
    let [first, further @ ..] = landings else { return Err(Error::failed("a source has no landing")) };
    let mut schema = first.schema.clone();
    for (older, landing) in landings.iter().zip(further) {
        if landing.format != first.format {
            return Err(differ(older, landing, "in how they are read"));
        }
        schema = with(&schema, older, landing)?;
    }
    Ok(schema)
}

fn with(schema: &SchemaRef, older: &Landing, landing: &Landing) -> Result<SchemaRef> {
    if *schema == landing.schema {
        return Ok(schema.clone());
    }
    let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    for field in landing.schema.fields() {
        let Some(known) = fields.iter_mut().find(|known| known.name().to_lowercase() == field.name().to_lowercase())
        else {
            fields.push(field.as_ref().clone());
            continue;
        };
        let (one, other) = (known.data_type(), field.data_type());
        let common = match is_told(landing) {
            true => Some(other.clone()),
            false => common_type(one, other),
        };
        let Some(common) = common else {
            let (name, one, other) = (field.name(), types::name(one), types::name(other));
            return Err(differ(older, landing, &format!("in the column `{name}`, a {one} and then a {other}")));
        };
        known.set_data_type(common);
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Whether its types were told by its own rows and by those of all landings before it. They hold each value as it is
/// written there, so older rows are read by them, too.
fn is_told(landing: &Landing) -> bool {
    landing.format == LandedFormat::Ndjson && landing.window.as_ref().is_some_and(|window| window.told_by.is_some())
}

fn differ(older: &Landing, landing: &Landing, how: &str) -> Error {
    let (source, one, two) = (&landing.source, &older.run_id, &landing.run_id);
    Error::failed(format!("the landings `{one}` and `{two}` of `raw.{source}` differ {how}"))
        .hint(format!("capture it anew: `trapiche run raw.{source} --full-refresh`"))
}

/// The type that holds the values of both as they are written, digit by digit.
fn common_type(one: &DataType, other: &DataType) -> Option<DataType> {
    if one == other {
        return Some(one.clone());
    }
    if let (Some(one_digits), Some(other_digits)) = (whole_digits(one), whole_digits(other)) {
        let wider = if one_digits > other_digits { one } else { other };
        return Some(wider.clone());
    }
    if let (Some((one_whole, one_scale)), Some((other_whole, other_scale))) = (digits(one), digits(other)) {
        let (whole, scale) = (one_whole.max(other_whole), one_scale.max(other_scale));
        let is_widest = |data_type: &DataType| matches!(data_type, DataType::Decimal128(MOST_DIGITS, _));
        return match whole + scale <= MOST_DIGITS {
            true => Some(DataType::Decimal128(whole + scale, scale as i8)),
            // Of these nobody said how many digits there are. A value that has more is an error when it is read.
            false if is_widest(one) && is_widest(other) => Some(DataType::Decimal128(MOST_DIGITS, scale as i8)),
            false => None,
        };
    }
    let has_text = |text: &DataType, number: &DataType| *text == DataType::Utf8 && digits(number).is_some();
    (has_text(one, other) || has_text(other, one)).then_some(DataType::Utf8)
}

/// How many digits a whole number of the type may have.
fn whole_digits(data_type: &DataType) -> Option<u8> {
    Some(match data_type {
        DataType::Int8 => 3,
        DataType::Int16 => 5,
        DataType::Int32 => 10,
        DataType::Int64 => 19,
        _ => return None,
    })
}

/// The digits before and after the point.
fn digits(data_type: &DataType) -> Option<(u8, u8)> {
    match data_type {
        DataType::Decimal128(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            Some((precision.saturating_sub(scale), scale))
        }
        whole => whole_digits(whole).map(|digits| (digits, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_widen_where_nothing_is_lost() {
        let common = |one: &str, other: &str| {
            let (one, other) = (types::parse(one).unwrap(), types::parse(other).unwrap());
            let common = common_type(&one, &other);
            assert_eq!(common, common_type(&other, &one));
            common.map(|common| types::name(&common))
        };
        for (one, other, expected) in [
            ("int", "int", Some("int")),
            ("tinyint", "bigint", Some("bigint")),
            ("int", "decimal(12,2)", Some("decimal(12,2)")),
            ("bigint", "decimal(12,2)", Some("decimal(21,2)")),
            ("decimal(10,2)", "decimal(8,4)", Some("decimal(12,4)")),
            ("decimal(38,2)", "decimal(38,5)", Some("decimal(38,5)")),
            ("decimal(38,0)", "decimal(30,10)", None),
            ("bigint", "string", Some("string")),
            ("decimal(10,2)", "string", Some("string")),
            ("boolean", "string", None),
            ("double", "float", None),
            ("date", "timestamp", None),
            ("timestamp", "timestamp_ntz", None),
        ] {
            assert_eq!(common(one, other).as_deref(), expected, "{one} and {other}");
        }
    }
}
