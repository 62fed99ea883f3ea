//! Which types operators make of their operands'.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#type-coercion> for the ANSI mode; for the other
//! `TypeCoercion.scala`, and for decimals `DecimalType.scala`. All types here are [canonical](super::sql_types::canonical).
//! `spark-compat/types.tsv` has what PySpark makes of each pair.

use std::sync::Arc;

use arrow::datatypes::DataType::{self, *};
use arrow::datatypes::{Field, FieldRef};

use super::sql_types::{TIMESTAMP, timestamp_ntz};
use super::types::{list_of, map_of};

const MOST_DIGITS: i32 = 38;

/// What is left behind the point where a decimal has more digits than there are.
const LEAST_SCALE: i32 = 6;

/// An operator of arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// `div`
    DivideWhole,
    Remainder,
    /// `pmod`, never negative where its divisor is not.
    Modulo,
}

/// What an operator takes its operands as, and what it makes of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Operands {
    pub left: DataType,
    pub right: DataType,
    pub result: DataType,
}

/// `None` where Spark refuses the operands. Dates, timestamps and intervals are none of this.
pub fn arithmetic(op: ArithmeticOp, left: &DataType, right: &DataType, ansi: bool) -> Option<Operands> {
    use ArithmeticOp::{Divide, DivideWhole};
    let same = |data_type: DataType| Operands { left: data_type.clone(), right: data_type.clone(), result: data_type };
    let (left, right) = match (left, right) {
        (Null, Null) if op == DivideWhole => (Int64, Int64),
        (Null, Null) => (Float64, Float64),
        (Utf8, Utf8 | Null) | (Null, Utf8) if ansi || op == DivideWhole => return None,
        (Utf8, Utf8 | Null) | (Null, Utf8) => (Float64, Float64),
        // A decimal by a null is a decimal, and a null by a decimal is a double.
        (Null, Decimal128(..)) if op == Divide => (Float64, Float64),
        (Null, other) | (other, Null) => (other.clone(), other.clone()),
        // In the ANSI mode a text beside a whole number is one, too.
        (Utf8, other) if ansi && other.is_integer() => (Int64, Int64),
        (other, Utf8) if ansi && other.is_integer() => (Int64, Int64),
        (Utf8, other) if is_number(other) && op != DivideWhole => (Float64, Float64),
        (other, Utf8) if is_number(other) && op != DivideWhole => (Float64, Float64),
        (left, right) => (left.clone(), right.clone()),
    };
    if !is_number(&left) || !is_number(&right) {
        return None;
    }
    let decimals = match left.is_decimal() || right.is_decimal() {
        true => exact(&left).zip(exact(&right)),
        false => None,
    };
    if let Some((left, right)) = decimals {
        let result = match op {
            DivideWhole => Int64,
            op => decimal_result(op, digits(&left)?, digits(&right)?),
        };
        return Some(Operands { left, right, result });
    }
    match op {
        Divide => Some(same(Float64)),
        DivideWhole if left.is_integer() && right.is_integer() => Some(same(Int64)),
        DivideWhole => None,
        _ => wider_number(&left, &right, ansi).map(same),
    }
}

/// The type of a sum, product, … of decimals of these digits: `DecimalPrecision` in Spark.
fn decimal_result(op: ArithmeticOp, (p1, s1): (i32, i32), (p2, s2): (i32, i32)) -> DataType {
    match op {
        ArithmeticOp::Add | ArithmeticOp::Subtract => {
            let scale = s1.max(s2);
            adjusted((p1 - s1).max(p2 - s2) + scale + 1, scale)
        }
        ArithmeticOp::Multiply => adjusted(p1 + p2 + 1, s1 + s2),
        ArithmeticOp::Divide => {
            let scale = LEAST_SCALE.max(s1 + p2 + 1);
            adjusted(p1 - s1 + s2 + scale, scale)
        }
        ArithmeticOp::Remainder | ArithmeticOp::Modulo => {
            let scale = s1.max(s2);
            adjusted((p1 - s1).min(p2 - s2) + scale, scale)
        }
        ArithmeticOp::DivideWhole => Int64,
    }
}

/// With digits behind the point given up for those before it: `DecimalType.adjustPrecisionScale`.
fn adjusted(precision: i32, scale: i32) -> DataType {
    if precision <= MOST_DIGITS {
        return Decimal128(precision as u8, scale as i8);
    }
    let whole = precision - scale;
    let scale = (MOST_DIGITS - whole).max(scale.min(LEAST_SCALE));
    Decimal128(MOST_DIGITS as u8, scale as i8)
}

/// Whether the result of a sum, difference or product of decimals has all digits that it may need.
pub fn is_exact(op: ArithmeticOp, left: &DataType, right: &DataType) -> bool {
    let (Some((p1, s1)), Some((p2, s2))) = (digits(left), digits(right)) else { return false };
    match op {
        ArithmeticOp::Add | ArithmeticOp::Subtract => (p1 - s1).max(p2 - s2) + s1.max(s2) < MOST_DIGITS,
        ArithmeticOp::Multiply => p1 + p2 < MOST_DIGITS,
        _ => false,
    }
}

/// The type that values of both become where they stand side by side: in `CASE`, `COALESCE`, `IN`, `UNION`.
pub fn common(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    match (left, right) {
        (Utf8, other) | (other, Utf8) if *other != Utf8 => match other {
            Null => Some(Utf8),
            List(_) | Struct(_) | Map(..) => None,
            _ if !ansi => (!matches!(other, Boolean | Binary)).then_some(Utf8),
            _ if other.is_integer() => Some(Int64),
            _ if is_number(other) => Some(Float64),
            _ => Some(other.clone()),
        },
        _ => without_texts(left, right, ansi),
    }
}

/// The same where texts stay among themselves: in `greatest` and `least`.
pub fn without_texts(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (Null, other) | (other, Null) => Some(other.clone()),
        (left, right) if is_number(left) && is_number(right) => wider_number(left, right, ansi),
        (Date32 | Timestamp(..), Date32 | Timestamp(..)) => {
            let is_instant = *left == TIMESTAMP || *right == TIMESTAMP;
            Some(if is_instant { TIMESTAMP } else { timestamp_ntz() })
        }
        (List(left), List(right)) => Some(list_of(common(left.data_type(), right.data_type(), ansi)?)),
        (Map(left, _), Map(right, _)) => {
            let (Struct(left), Struct(right)) = (left.data_type(), right.data_type()) else { return None };
            let both = |at: usize| common(left[at].data_type(), right[at].data_type(), ansi);
            Some(map_of(both(0)?, both(1)?))
        }
        (Struct(left), Struct(right)) if left.len() == right.len() => {
            let both = |(left, right): (&FieldRef, &FieldRef)| {
                let is_same = left.name().eq_ignore_ascii_case(right.name());
                let data_type = common(left.data_type(), right.data_type(), ansi).filter(|_| is_same)?;
                Some(Arc::new(Field::new(left.name(), data_type, true)))
            };
            Some(Struct(left.iter().zip(right).map(both).collect::<Option<Vec<_>>>()?.into()))
        }
        _ => None,
    }
}

/// The type as which `=`, `<`, `<=>` and their like compare both.
pub fn compared(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    match (left, right) {
        _ if ansi => common(left, right, true),
        (Utf8, other) | (other, Utf8) if *other != Utf8 => match other {
            Null => Some(Utf8),
            List(_) | Struct(_) | Map(..) => None,
            Decimal128(_, scale) if *scale > 0 => Some(Float64),
            other => Some(other.clone()),
        },
        (Boolean, other) | (other, Boolean) if is_number(other) => Some(other.clone()),
        _ => without_texts(left, right, false),
    }
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || data_type.is_floating() || data_type.is_decimal()
}

fn wider_number(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (Float64, _) | (_, Float64) => Some(Float64),
        (Float32, other) | (other, Float32) => {
            // Not every int is a float.
            Some(if ansi || other.is_decimal() { Float64 } else { Float32 })
        }
        (left, right) if left.is_integer() && right.is_integer() => {
            Some(if left.primitive_width() > right.primitive_width() { left.clone() } else { right.clone() })
        }
        (left, right) => {
            let ((p1, s1), (p2, s2)) = (digits(&exact(left)?)?, digits(&exact(right)?)?);
            let (whole, scale) = ((p1 - s1).max(p2 - s2), s1.max(s2));
            // `DecimalType.boundedPreferIntegralDigits`.
            let scale = (scale - (whole + scale - MOST_DIGITS).max(0)).max(0);
            Some(Decimal128((whole + scale).min(MOST_DIGITS) as u8, scale as i8))
        }
    }
}

/// The decimal that holds a type's values: `DecimalType.forType`. None for doubles.
pub fn exact(data_type: &DataType) -> Option<DataType> {
    match data_type {
        Decimal128(..) => Some(data_type.clone()),
        Int8 => Some(Decimal128(3, 0)),
        Int16 => Some(Decimal128(5, 0)),
        Int32 => Some(Decimal128(10, 0)),
        Int64 => Some(Decimal128(20, 0)),
        _ => None,
    }
}

fn digits(data_type: &DataType) -> Option<(i32, i32)> {
    match data_type {
        Decimal128(precision, scale) => Some((i32::from(*precision), i32::from(*scale))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spark::sql_types::{name, parse};

    /// Of each pair of types, both modes and each operator, judged by PySpark.
    #[test]
    fn types_are_those_that_spark_makes() {
        let mut wrong = vec![];
        let lines = include_str!("../../spark-compat/types.tsv").lines();
        for line in lines.clone() {
            let [mode, op, left, right, expected] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let is_time = |text: &str| text.starts_with("date") || text.starts_with("timestamp");
            let ansi = mode == "ansi";
            let (left, right) = (parse(left).unwrap(), parse(right).unwrap());
            let of = |op| arithmetic(op, &left, &right, ansi).map(|operands| operands.result);
            let found = match op {
                "=" => compared(&left, &right, ansi),
                "in" | "coalesce" | "union" => common(&left, &right, ansi),
                // Sums and differences of times are looked at elsewhere.
                _ if is_time(&name(&left)) || is_time(&name(&right)) => continue,
                "+" => of(ArithmeticOp::Add),
                "-" => of(ArithmeticOp::Subtract),
                "*" => of(ArithmeticOp::Multiply),
                "/" => of(ArithmeticOp::Divide),
                "%" => of(ArithmeticOp::Remainder),
                "div" => of(ArithmeticOp::DivideWhole),
                other => panic!("{other}"),
            };
            let found = found.map_or("ERROR".to_string(), |data_type| name(&data_type));
            if found != expected {
                wrong.push(format!("{line}\n  here: {found}"));
            }
        }
        assert!(lines.count() > 5000, "the answers were not found");
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    }

    #[test]
    fn operands_that_were_converted_stay_as_they_are() {
        for (op, left, right) in [
            (ArithmeticOp::Add, Int32, Decimal128(5, 2)),
            (ArithmeticOp::Divide, Int64, Int32),
            (ArithmeticOp::Multiply, Utf8, Int8),
            (ArithmeticOp::Remainder, Float32, Int64),
        ] {
            let once = arithmetic(op, &left, &right, true).unwrap();
            assert_eq!(arithmetic(op, &once.left, &once.right, true), Some(once));
        }
    }
}
