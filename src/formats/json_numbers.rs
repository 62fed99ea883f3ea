//! The numbers of a JSON column, and the type that holds each of them as it is written.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};

use serde::{Deserialize, Serialize};

use super::number::Number;

/// What was seen of a column's numbers so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Numbers {
    seen: bool,
    /// One with a point or an exponent.
    broken: bool,
    exponent: bool,
    beyond_bigint: bool,
    /// One whose digits a double does not give back.
    beyond_double: bool,
    whole_places: u64,
    fraction_places: u64,
}

impl Numbers {
    /// Whether a column of the type holds a number of valid JSON as it is written.
    pub fn fit(token: &str, data_type: &DataType) -> bool {
        let mut numbers = Numbers::default();
        numbers.add(token);
        let Numbers { broken, exponent, beyond_bigint, beyond_double, whole_places, fraction_places, .. } = numbers;
        match data_type {
            DataType::Int64 => !broken && !beyond_bigint,
            DataType::Float64 => !beyond_double,
            DataType::Decimal128(precision, scale) => {
                let scale = u64::try_from(*scale).unwrap_or(0);
                !exponent && fraction_places <= scale && whole_places + scale <= u64::from(*precision)
            }
            _ => false,
        }
    }

    pub fn seen(&self) -> bool {
        self.seen
    }

    pub fn are_none(&self) -> bool {
        !self.seen
    }

    /// Takes a number of valid JSON into account.
    pub fn add(&mut self, token: &str) {
        let Some(number) = Number::parse(token) else { return };
        let (whole, fraction) = number.places();
        self.seen = true;
        self.broken |= !number.is_whole();
        self.exponent |= number.has_exponent();
        self.beyond_bigint |= number.is_whole() && token.parse::<i64>().is_err();
        self.beyond_double |= !number.survives_as_double();
        self.whole_places = self.whole_places.max(whole);
        self.fraction_places = self.fraction_places.max(fraction);
    }

    /// Takes into account what was seen of others.
    pub fn absorb(&mut self, other: Numbers) {
        self.seen |= other.seen;
        self.broken |= other.broken;
        self.exponent |= other.exponent;
        self.beyond_bigint |= other.beyond_bigint;
        self.beyond_double |= other.beyond_double;
        self.whole_places = self.whole_places.max(other.whole_places);
        self.fraction_places = self.fraction_places.max(other.fraction_places);
    }

    /// Integers, else doubles, else decimals, else the tokens as text: the first that loses nothing.
    pub fn data_type(&self) -> DataType {
        let widest = u64::from(DECIMAL128_MAX_PRECISION);
        match self {
            Numbers { broken: false, beyond_bigint: false, .. } => DataType::Int64,
            Numbers { broken: false, whole_places, .. } if *whole_places <= widest => {
                DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0)
            }
            Numbers { beyond_double: false, .. } => DataType::Float64,
            Numbers { exponent: false, whole_places, fraction_places, .. }
                if whole_places + fraction_places <= widest =>
            {
                DataType::Decimal128(DECIMAL128_MAX_PRECISION, *fraction_places as i8)
            }
            _ => DataType::Utf8,
        }
    }
}
