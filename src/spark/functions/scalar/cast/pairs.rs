//! Which casts there are, what may become of values, and which casts the engine does as well as we do.

use arrow::datatypes::DataType;

use crate::spark::mode::Strictness;
use crate::spark::sql_types::{TIMESTAMP, timestamp_ntz};

/// Whether there is such a cast at all:
/// <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#cast>, and `Cast.canCast` for the other mode.
pub fn exists(from: &DataType, to: &DataType, strictness: Strictness) -> bool {
    use DataType::*;
    let is_number = |data_type: &DataType| data_type.is_integer() || data_type.is_floating() || data_type.is_decimal();
    let is_legacy = strictness == Strictness::Legacy;
    match (from, to) {
        (Null, _) | (_, Utf8) => true,
        (from, to) if from == to => true,
        (Utf8, to) => !matches!(to, Null | List(_) | Struct(_) | Map(..)),
        (Boolean, to) if is_number(to) => true,
        (from, Boolean) if is_number(from) => true,
        (from, to) if is_number(from) && is_number(to) => true,
        (from, Timestamp(_, None)) if is_number(from) => true,
        (Timestamp(_, None), to) if is_number(to) => true,
        (Date32 | Timestamp(..), Date32 | Timestamp(..)) => true,
        (Boolean, Timestamp(_, None)) | (Timestamp(_, None) | Date32, Boolean) => is_legacy,
        (Date32, to) if is_number(to) => is_legacy,
        (from, Binary) if from.is_integer() => is_legacy,
        (List(from), List(to)) => exists(from.data_type(), to.data_type(), strictness),
        (Struct(from), Struct(to)) => {
            let pairs = from.iter().zip(to);
            from.len() == to.len()
                && pairs.into_iter().all(|(from, to)| exists(from.data_type(), to.data_type(), strictness))
        }
        (Map(from, _), Map(to, _)) => {
            let (Struct(from), Struct(to)) = (from.data_type(), to.data_type()) else { return false };
            // A key that does not fit would be null.
            let keeps_keys = from[0].data_type().is_null()
                || !makes_nulls(from[0].data_type(), to[0].data_type(), strictness)
                || from[0] == to[0];
            let pairs = from.iter().zip(to);
            keeps_keys && pairs.into_iter().all(|(from, to)| exists(from.data_type(), to.data_type(), strictness))
        }
        _ => false,
    }
}

/// Whether all values keep what they mean.
fn is_widening(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    match (from, to) {
        (from, to) if from == to => true,
        (Null, _) | (_, Utf8) => true,
        (Utf8, Binary) | (Boolean, Int8 | Int16 | Int32 | Int64 | Float32 | Float64) => true,
        (Int8 | Int16 | Int32 | Int64, Float32 | Float64) | (Float32 | Float64, Float32 | Float64) => true,
        (Decimal128(..), Float32 | Float64) => true,
        (Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Decimal128(..), Boolean) => true,
        (Int8, Int16 | Int32 | Int64) | (Int16, Int32 | Int64) | (Int32, Int64) => true,
        (Boolean, Decimal128(precision, scale)) => i16::from(*precision) > i16::from(*scale),
        (Int8 | Int16 | Int32 | Int64, Decimal128(precision, scale)) => {
            digits_of(from).is_some_and(|digits| *precision as i16 - i16::from(*scale) >= digits)
        }
        (Decimal128(p1, s1), Decimal128(p2, s2)) => {
            s2 >= s1 && i16::from(*p2) - i16::from(*s2) >= i16::from(*p1) - i16::from(*s1)
        }
        (Date32 | Timestamp(..), Date32 | Timestamp(..)) => true,
        _ => false,
    }
}

/// How many digits a whole number of the type has at most.
fn digits_of(data_type: &DataType) -> Option<i16> {
    match data_type {
        DataType::Int8 => Some(3),
        DataType::Int16 => Some(5),
        DataType::Int32 => Some(10),
        DataType::Int64 => Some(19),
        _ => None,
    }
}

/// Whether the cast is an error for some values in the ANSI mode.
pub fn may_fail(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    match (from, to) {
        (List(from), List(to)) => may_fail(from.data_type(), to.data_type()),
        (Struct(from), Struct(to)) => from.iter().zip(to).any(|(from, to)| may_fail(from.data_type(), to.data_type())),
        (Map(from, _), Map(to, _)) => may_fail(from.data_type(), to.data_type()),
        (from, to) => !is_widening(from, to),
    }
}

/// Whether a value that is there may become null.
pub fn makes_nulls(from: &DataType, to: &DataType, strictness: Strictness) -> bool {
    use DataType::*;
    match (from, to) {
        (Null, _) => true,
        // What is no number is no decimal either, and no error.
        (Float32 | Float64, Decimal128(..)) => true,
        // Nulls would lie within.
        (List(_) | Struct(_) | Map(..), _) => false,
        (from, to) => strictness != Strictness::Ansi && may_fail(from, to),
    }
}

/// Whether the engine's own cast does the same: what is kept to it the optimizer sees through.
pub fn is_engines(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    let is_instant = |data_type: &DataType| *data_type == TIMESTAMP || *data_type == timestamp_ntz();
    match (from, to) {
        (from, to) if from == to => true,
        (Null, _) => true,
        (Boolean | Int8 | Int16 | Int32 | Int64, Utf8) => true,
        (_, Utf8) | (Decimal128(..), Float32 | Float64 | Boolean) | (Boolean, Decimal128(..)) => false,
        (from, to) if is_instant(from) && is_instant(to) => true,
        (Date32, to) if is_instant(to) => true,
        (Timestamp(..), Date32) => false,
        (List(_) | Struct(_) | Map(..), _) => false,
        (from, to) => is_widening(from, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spark::sql_types::parse;

    fn types(pair: &str) -> (DataType, DataType) {
        let (from, to) = pair.split_once(" → ").unwrap();
        (parse(from).unwrap(), parse(to).unwrap())
    }

    #[test]
    fn casts_that_there_are_depend_on_the_mode() {
        // Asked of PySpark 4.3: whether `CAST` of a column of the one type to the other is planned, in the ANSI mode and in
        // the other.
        for (pair, ansi, legacy) in [
            ("int → date", false, false),
            ("date → int", false, true),
            ("boolean → timestamp", false, true),
            ("timestamp → boolean", false, true),
            ("timestamp_ntz → bigint", false, false),
            ("int → binary", false, true),
            ("binary → int", false, false),
            ("double → timestamp", true, true),
            ("array<string> → array<int>", true, true),
            ("map<string,string> → map<int,double>", true, false),
            ("struct<a:int> → struct<a:int,b:int>", false, false),
            ("array<int> → string", true, true),
            ("string → array<int>", false, false),
        ] {
            let (from, to) = types(pair);
            let found = [Strictness::Ansi, Strictness::Legacy].map(|strictness| exists(&from, &to, strictness));
            assert_eq!(found, [ansi, legacy], "{pair}");
        }
    }

    #[test]
    fn what_holds_every_value_does_not_fail() {
        for (pair, fails) in [
            ("int → bigint", false),
            ("bigint → int", true),
            ("bigint → decimal(19,0)", false),
            ("bigint → decimal(20,2)", true),
            ("decimal(10,2) → decimal(12,4)", false),
            ("decimal(10,2) → decimal(10,3)", true),
            ("string → int", true),
            ("int → string", false),
            ("double → bigint", true),
            ("date → timestamp", false),
            ("array<string> → array<int>", true),
        ] {
            let (from, to) = types(pair);
            assert_eq!(may_fail(&from, &to), fails, "{pair}");
        }
    }
}
