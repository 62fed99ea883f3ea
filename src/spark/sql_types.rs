//! Types as SQL means them, and their names in texts of SQL.
//!
//! A `timestamp` is an instant. The lake keeps instants in UTC and without a zone, so that is what they are in plans, too:
//! what a table has is compared and passed on as it is. A `timestamp_ntz` is what some clock shows; it is told from an instant
//! by a zone that is UTC by another name.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html>

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType as SqlType, ExactNumberInfo};

use super::interval_units::UnitRange;
use super::types::{self, list_of, map_of};

pub const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// The zone that marks what is no instant.
const CLOCK: &str = "+00:00";

pub fn timestamp_ntz() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(CLOCK.into()))
}

/// As [`types::name`], but of what SQL means by the type.
pub fn name(data_type: &DataType) -> String {
    let spelled = mapped(data_type, &|unit, zone| match zone {
        Some(CLOCK) => DataType::Timestamp(unit, None),
        _ => DataType::Timestamp(unit, Some("UTC".into())),
    });
    types::name(&spelled)
}

/// As `typeof` and PySpark show it: without quotes around odd names.
pub fn shown(data_type: &DataType) -> String {
    name(data_type).replace('`', "")
}

/// As [`types::parse`], but as SQL means it.
pub fn parse(text: &str) -> std::result::Result<DataType, String> {
    let parsed = types::parse(text)?;
    Ok(mapped(&parsed, &|_, zone| if zone.is_none() { timestamp_ntz() } else { TIMESTAMP }))
}

/// The type with times that have no zone, at any depth: what is shown is UTC's clock.
pub fn without_zones(data_type: &DataType) -> DataType {
    mapped(data_type, &|unit, _| DataType::Timestamp(unit, None))
}

/// The type with other timestamps, at any depth.
fn mapped(data_type: &DataType, timestamp: &dyn Fn(TimeUnit, Option<&str>) -> DataType) -> DataType {
    let field = |field: &FieldRef| {
        let data_type = mapped(field.data_type(), timestamp);
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    };
    match data_type {
        DataType::Timestamp(unit, zone) => timestamp(*unit, zone.as_deref()),
        DataType::List(item) => DataType::List(field(item)),
        DataType::LargeList(item) => DataType::LargeList(field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(field(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        other => other.clone(),
    }
}

/// The type in which Spark's own rules compute with values of this one: it holds all of them. `None` for what Spark does
/// not have, and for intervals.
pub fn canonical(data_type: &DataType) -> Option<DataType> {
    use DataType::*;
    Some(match data_type {
        Null | Boolean | Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Utf8 | Binary | Date32 => data_type.clone(),
        Decimal128(_, scale) if *scale >= 0 => data_type.clone(),
        Decimal32(precision, scale) | Decimal64(precision, scale) if *scale >= 0 => Decimal128(*precision, *scale),
        UInt8 => Int16,
        UInt16 => Int32,
        UInt32 => Int64,
        UInt64 => Decimal128(20, 0),
        Float16 => Float32,
        LargeUtf8 | Utf8View => Utf8,
        LargeBinary | BinaryView | FixedSizeBinary(_) => Binary,
        Date64 => Date32,
        Timestamp(_, Some(zone)) if zone.as_ref() == CLOCK => timestamp_ntz(),
        Timestamp(..) => TIMESTAMP,
        Dictionary(_, value) => canonical(value)?,
        List(item) | LargeList(item) | FixedSizeList(item, _) | ListView(item) | LargeListView(item) => {
            list_of(canonical(item.data_type())?)
        }
        Struct(fields) => {
            let field = |field: &FieldRef| Some(Field::new(field.name(), canonical(field.data_type())?, true));
            Struct(fields.iter().map(field).collect::<Option<Vec<_>>>()?.into())
        }
        Map(entries, _) => match entries.data_type() {
            Struct(pair) if pair.len() == 2 => map_of(canonical(pair[0].data_type())?, canonical(pair[1].data_type())?),
            _ => return None,
        },
        _ => return None,
    })
}

/// The types of numbers that are written with a suffix, under names that nobody else gives to a type: a number that is
/// written is more than a text that is cast.
const LITERALS: [(&str, DataType); 4] = [
    ("tinyint_literal", DataType::Int8),
    ("smallint_literal", DataType::Int16),
    ("int_literal", DataType::Int32),
    ("bigint_literal", DataType::Int64),
];

/// Whether there is a map in it, of which none is more or less than another.
pub fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) => true,
        DataType::Struct(fields) => fields.iter().any(|field| has_map(field.data_type())),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            has_map(item.data_type())
        }
        _ => false,
    }
}

/// Whether equal values of it may be kept in more than one form: numbers that are NaN or zero, and maps.
pub fn has_forms(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) => true,
        DataType::Struct(fields) => fields.iter().any(|field| has_forms(field.data_type())),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            has_forms(item.data_type())
        }
        other => other.is_floating(),
    }
}

/// Under which name a type is one of a literal.
pub fn literal(sql_type: &SqlType) -> Option<&'static str> {
    let data_type = match sql_type {
        SqlType::TinyInt(_) => DataType::Int8,
        SqlType::SmallInt(_) => DataType::Int16,
        SqlType::Int(_) => DataType::Int32,
        SqlType::BigInt(_) => DataType::Int64,
        _ => return None,
    };
    LITERALS.iter().find(|(_, known)| *known == data_type).map(|(name, _)| *name)
}

const LITERAL_MARK: &str = "trapiche.literal";

/// Whether a cast to it is a number with a suffix.
pub fn is_literal(field: &Field) -> bool {
    field.metadata().contains_key(LITERAL_MARK)
}

/// What the names of types mean in SQL, where that is not what the engine takes them for.
#[derive(Debug)]
pub struct SparkTypes;

impl TypePlanner for SparkTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        if let SqlType::Custom(name, _) = sql_type
            && let Some((_, data_type)) = LITERALS.iter().find(|(literal, _)| name.to_string() == *literal)
        {
            // An `int` is as it would be without a mark; in a recursion fields must be the same with all that is said of them.
            let mark = (*data_type != DataType::Int32).then(|| (LITERAL_MARK.to_string(), String::new()));
            return Ok(Some(Arc::new(
                Field::new("", data_type.clone(), true).with_metadata(mark.into_iter().collect()),
            )));
        }
        // `interval_day_to_second`, as [`intervals`](crate::spark::sql) write it for the parser.
        if let SqlType::Custom(name, _) = sql_type
            && let Some(units) = name.to_string().strip_prefix("interval_")
            && let Some(units) = UnitRange::named(&units.replace('_', " "))
        {
            return Ok(Some(Arc::new(units.field(""))));
        }
        Ok(of_sql(sql_type)?.map(|data_type| Arc::new(Field::new("", data_type, true))))
    }
}

fn of_sql(sql_type: &SqlType) -> Result<Option<DataType>> {
    Ok(Some(match sql_type {
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::TinyInt(_) => DataType::Int8,
        SqlType::SmallInt(_) => DataType::Int16,
        SqlType::Int(_) | SqlType::Integer(_) => DataType::Int32,
        SqlType::BigInt(_) => DataType::Int64,
        SqlType::Float(_) | SqlType::Real => DataType::Float32,
        SqlType::Double(_) | SqlType::DoublePrecision => DataType::Float64,
        SqlType::Decimal(info) | SqlType::Numeric(info) | SqlType::Dec(info) => decimal(info)?,
        SqlType::String(_) | SqlType::Varchar(_) | SqlType::Char(_) => DataType::Utf8,
        SqlType::Binary(_) | SqlType::Bytea => DataType::Binary,
        SqlType::Date => DataType::Date32,
        SqlType::Timestamp(..) => TIMESTAMP,
        SqlType::TimestampNtz(..) => timestamp_ntz(),
        SqlType::Array(ArrayElemTypeDef::AngleBracket(item)) => match of_sql(item)? {
            Some(item) => list_of(item),
            None => return Ok(None),
        },
        SqlType::Map(key, value) => match (of_sql(key)?, of_sql(value)?) {
            (Some(key), Some(value)) => map_of(key, value),
            _ => return Ok(None),
        },
        SqlType::Struct(fields, _) => {
            let mut all = vec![];
            for field in fields {
                match (&field.field_name, of_sql(&field.field_type)?) {
                    (Some(name), Some(data_type)) => all.push(Field::new(&name.value, data_type, true)),
                    _ => return Ok(None),
                }
            }
            DataType::Struct(all.into())
        }
        SqlType::Custom(name, arguments) if arguments.is_empty() => {
            match name.to_string().to_ascii_lowercase().as_str() {
                "byte" => DataType::Int8,
                "short" => DataType::Int16,
                "long" => DataType::Int64,
                "timestamp_ltz" => TIMESTAMP,
                "timestamp_ntz" => timestamp_ntz(),
                _ => return Ok(None),
            }
        }
        _ => return Ok(None),
    }))
}

/// Without a precision it is 10, without a scale 0.
fn decimal(info: &ExactNumberInfo) -> Result<DataType> {
    let (precision, scale) = match *info {
        ExactNumberInfo::None => (10, 0),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) if (0..=precision as i8).contains(&scale) => {
            Ok(DataType::Decimal128(precision, scale))
        }
        _ => plan_err!("decimal({precision},{scale}) does not exist: precision is 1 to 38, scale 0 to the precision"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_clocks_have_names_of_their_own() {
        for (text, data_type) in [("timestamp", TIMESTAMP), ("timestamp_ntz", timestamp_ntz())] {
            assert_eq!(parse(text), Ok(data_type.clone()));
            assert_eq!(name(&data_type), text);
            let nested = format!("array<map<string,struct<at:{text}>>>");
            assert_eq!(name(&parse(&nested).unwrap()), nested);
        }
        assert_eq!(name(&DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))), "timestamp");
    }

    #[test]
    fn every_type_that_holds_all_values_is_its_own() {
        for text in types::NAMES {
            let data_type = parse(text).unwrap();
            assert_eq!(canonical(&data_type), Some(data_type), "{text}");
        }
        assert_eq!(canonical(&DataType::UInt64), Some(DataType::Decimal128(20, 0)));
        assert_eq!(canonical(&DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))), Some(TIMESTAMP));
        assert_eq!(canonical(&DataType::Time64(TimeUnit::Microsecond)), None);
    }
}
