//! PostgreSQL's types → ours, and how a value is asked for so that nothing of it is lost.

use arrow::datatypes::{DataType, TimeUnit};

use super::session::{PostgresSession, identifier};
use crate::error::Result;

/// A type as the catalogue numbers it, with its modifier; -1 for none.
#[derive(Debug, Clone, Copy)]
pub struct TypeNumber {
    pub oid: i64,
    pub modifier: i64,
}

/// What becomes of a column.
#[derive(Debug, PartialEq)]
pub struct LandedType {
    pub data_type: DataType,
    pub asked: PostgresExpression,
    /// Why it is less than it could be.
    pub note: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PostgresExpression {
    Itself,
    Json,
    /// Money is written in the server's own currency, with its signs.
    Number,
}

impl PostgresExpression {
    pub fn expression(self, column: &str) -> String {
        let name = identifier(column);
        match self {
            PostgresExpression::Itself => name,
            PostgresExpression::Json => format!("to_json({name}) AS {name}"),
            PostgresExpression::Number => format!("{name}::numeric AS {name}"),
        }
    }
}

/// A type of the catalogue, domains undone: namespace, name, kind, category, modifier.
type Catalogued = (String, String, String, String, i64);

/// The types by their numbers, in the same order.
pub async fn of(session: &mut PostgresSession<'_>, numbers: &[TypeNumber]) -> Result<Vec<LandedType>> {
    let oids: Vec<i64> = numbers.iter().map(|number| number.oid).collect();
    let modifiers: Vec<i64> = numbers.iter().map(|number| number.modifier).collect();
    let found: Vec<Catalogued> = session
        .rows(
            "WITH RECURSIVE based(place, oid, modifier) AS (\
                 SELECT place, oid::oid, modifier FROM unnest($1, $2) WITH ORDINALITY AS asked(oid, modifier, place) \
                 UNION ALL \
                 SELECT place, typbasetype, CASE WHEN modifier = -1 THEN typtypmod ELSE modifier END \
                 FROM based JOIN pg_catalog.pg_type t ON t.oid = based.oid WHERE typtype = 'd') \
             SELECT nspname::text, typname::text, typtype::text, typcategory::text, modifier::int8 \
             FROM based JOIN pg_catalog.pg_type t ON t.oid = based.oid JOIN pg_catalog.pg_namespace n ON n.oid = typnamespace \
             WHERE typtype <> 'd' ORDER BY place",
            &oids,
            &modifiers,
        )
        .await?;
    let has_money = found.iter().any(|(_, name, ..)| name == "money");
    let cents = if has_money {
        // As many as the server's `lc_monetary` says.
        let [scale]: [(i32,); 1] = session
            .rows("SELECT scale('0'::money::numeric) WHERE $1::int8[] IS NOT NULL AND $2::int8[] IS NOT NULL", &[], &[])
            .await?
            .try_into()
            .unwrap_or([(2,)]);
        scale.0
    } else {
        2
    };
    Ok(found.iter().map(|catalogued| landed(catalogued, cents)).collect())
}

fn landed((namespace, name, kind, category, modifier): &Catalogued, cents: i32) -> LandedType {
    let itself = |data_type| LandedType { data_type, asked: PostgresExpression::Itself, note: None };
    if category == "A" && name.starts_with('_') || kind == "c" || name == "record" {
        return LandedType { data_type: DataType::Utf8, asked: PostgresExpression::Json, note: None };
    }
    if namespace != "pg_catalog" {
        return itself(DataType::Utf8);
    }
    itself(match name.as_str() {
        "bool" => DataType::Boolean,
        "int2" => DataType::Int16,
        "int4" => DataType::Int32,
        "int8" | "oid" => DataType::Int64,
        "float4" => DataType::Float32,
        "float8" => DataType::Float64,
        "bytea" => DataType::Binary,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "numeric" => match decimal(*modifier) {
            Ok(decimal) => decimal,
            Err(note) => return LandedType { note: Some(note), ..itself(DataType::Utf8) },
        },
        "money" => {
            let data_type = DataType::Decimal128(19, i8::try_from(cents).unwrap_or(2));
            return LandedType { data_type, asked: PostgresExpression::Number, note: None };
        }
        _ => DataType::Utf8,
    })
}

/// The modifier of a numeric has its precision and its scale, which may be negative or more than the precision.
fn decimal(modifier: i64) -> std::result::Result<DataType, &'static str> {
    if modifier < 4 {
        return Err("is a numeric of any precision, and lands as text");
    }
    let modifier = modifier - 4;
    let (precision, scale) = (modifier >> 16 & 0xffff, ((modifier & 0x7ff) ^ 0x400) - 0x400);
    let (precision, scale) = (precision.max(scale) - scale.min(0), scale.max(0));
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if precision <= 38 => Ok(DataType::Decimal128(precision, scale)),
        _ => Err("is a numeric of more than 38 digits, and lands as text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerics_are_decimals_where_these_hold_them() {
        let of = |precision: i64, scale: i64| decimal((precision << 16 | (scale & 0x7ff)) + 4);
        assert_eq!(of(10, 2), Ok(DataType::Decimal128(10, 2)));
        assert_eq!(of(38, 38), Ok(DataType::Decimal128(38, 38)));
        assert_eq!(of(3, -2), Ok(DataType::Decimal128(5, 0)));
        assert_eq!(of(2, 5), Ok(DataType::Decimal128(5, 5)));
        assert!(of(39, 0).is_err() && of(37, -2).is_err() && of(5, 39).is_err() && decimal(-1).is_err());
    }

    #[test]
    fn what_is_not_known_is_text() {
        let of = |namespace: &str, name: &str, kind: &str, category: &str| {
            let landed = landed(&(namespace.into(), name.into(), kind.into(), category.into(), -1), 2);
            (landed.data_type, landed.asked)
        };
        assert_eq!(of("pg_catalog", "_int4", "b", "A"), (DataType::Utf8, PostgresExpression::Json));
        assert_eq!(of("public", "point", "c", "C"), (DataType::Utf8, PostgresExpression::Json));
        assert_eq!(of("public", "date", "e", "E"), (DataType::Utf8, PostgresExpression::Itself));
        assert_eq!(of("pg_catalog", "int4range", "r", "R"), (DataType::Utf8, PostgresExpression::Itself));
        assert_eq!(of("pg_catalog", "money", "b", "N"), (DataType::Decimal128(19, 2), PostgresExpression::Number));
    }
}
