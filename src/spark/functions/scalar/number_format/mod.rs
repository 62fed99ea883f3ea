//! Numbers as texts in a format, and back: `to_char(1234.5, '9,999.99')`, `to_number('1,234.50', '9,999.99')`.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-number-pattern.html>. `to_char` of a time is `date_format`, and of a binary it is
//! told how bytes are written.

mod pattern;
mod read;
mod write;

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::codes::to_base64;
use super::date_formats;
use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs, written_text};
use crate::spark::coercion::exact;
use crate::spark::sql_types::{self, canonical};
use pattern::NumberPattern;

/// What a text or a double is as a decimal where nothing else is said.
const OF_TEXT: DataType = DataType::Decimal128(38, 18);
const OF_DOUBLE: DataType = DataType::Decimal128(30, 15);
const OF_FLOAT: DataType = DataType::Decimal128(14, 7);

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let read: Typing = |name, types| Ok((takes(name, types, 2, &[Takes::Text; 2])?, OF_TEXT));
    udfs([
        function("to_char", char_types, to_char).known_as(&["to_varchar"]).typed_by_constants(checked_format),
        function("to_number", read, |call| to_number(call, true)).fallible().typed_by_constants(number_type),
        function("try_to_number", read, |call| to_number(call, false)).typed_by_constants(number_type),
    ])
}

fn char_types(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let [value, _] = types else {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a value and a format");
    };
    let format = takes(name, &types[1..], 1, &[Takes::Text])?.remove(0);
    let taken = match canonical(value) {
        Some(DataType::Date32 | DataType::Timestamp(..)) => takes(name, &types[..1], 1, &[Takes::Time])?.remove(0),
        Some(DataType::Binary) => DataType::Binary,
        Some(DataType::Float64) => OF_DOUBLE,
        Some(DataType::Float32) => OF_FLOAT,
        Some(DataType::Utf8 | DataType::Null) => OF_TEXT,
        Some(other) if exact(&other).is_some() => exact(&other).unwrap_or(other),
        _ => {
            let given = sql_types::name(value).to_uppercase();
            return plan_err!("[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` does not take \"{given}\"");
        }
    };
    Ok((vec![taken, format], DataType::Utf8))
}

/// A format that is written is looked at before anything runs.
fn checked_format(name: &'static str, types: &[DataType], values: &[Option<&ScalarValue>]) -> Result<DataType> {
    let (types, gives) = char_types(name, types)?;
    if let (DataType::Decimal128(..), Some(format)) = (&types[0], written_text(values, 1)) {
        NumberPattern::parse(format)?;
    }
    Ok(gives)
}

fn number_type(name: &'static str, _: &[DataType], values: &[Option<&ScalarValue>]) -> Result<DataType> {
    match (written_text(values, 1), values.get(1)) {
        (Some(format), _) => {
            let pattern = NumberPattern::parse(format)?;
            Ok(DataType::Decimal128((pattern.whole + pattern.fraction) as u8, pattern.fraction as i8))
        }
        (None, Some(Some(value))) if value.is_null() => Ok(DataType::Decimal128(38, 0)),
        _ => plan_err!(
            "the format of `{name}` is written out, as in {name}(text, '9,999.99'): it says how many digits the number has"
        ),
    }
}

/// The formats of a batch: mostly it is one.
#[derive(Default)]
struct NumberPatterns(Option<(String, NumberPattern)>);

impl NumberPatterns {
    fn get(&mut self, format: &str) -> Result<&NumberPattern> {
        if self.0.as_ref().is_none_or(|(known, _)| known != format) {
            self.0 = Some((format.to_string(), NumberPattern::parse(format)?));
        }
        let (_, pattern) = self.0.as_ref().expect("just read");
        Ok(pattern)
    }
}

fn to_char(call: &RowCall) -> Result<ArrayRef> {
    match call.args[0].data_type() {
        DataType::Decimal128(_, scale) => {
            let mut patterns = NumberPatterns::default();
            call.texts(|row| match (call.decimal(0, row), call.text(1, row)) {
                (Some(number), Some(format)) => Ok(Some(write::text(number, *scale, patterns.get(format)?))),
                _ => Ok(None),
            })
        }
        DataType::Binary => call.texts(|row| match (call.bytes(0, row), call.text(1, row)) {
            (Some(bytes), Some(format)) => match format.to_lowercase().as_str() {
                "base64" => Ok(Some(to_base64(bytes))),
                "hex" => Ok(Some(bytes.iter().map(|byte| format!("{byte:02X}")).collect())),
                "utf-8" => Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
                _ => Err(fault(format!(
                    "[INVALID_PARAMETER_VALUE.BINARY_FORMAT] `{format}` says nothing of bytes: they are `hex`, `base64` or `utf-8`"
                ))),
            },
            _ => Ok(None),
        }),
        _ => date_formats::written(call, |row| Ok(call.micros(0, row))),
    }
}

fn to_number(call: &RowCall, is_strict: bool) -> Result<ArrayRef> {
    let mut patterns = NumberPatterns::default();
    let numbers = (0..call.rows).map(|row| {
        let (Some(text), Some(format)) = (call.text(0, row), call.text(1, row)) else { return Ok(None) };
        match read::number(text, patterns.get(format)?) {
            None if is_strict => Err(fault(format!(
                "[INVALID_FORMAT.MISMATCH_INPUT] '{text}' is not written as `{format}` says; try_to_number gives null there"
            ))),
            number => Ok(number),
        }
    });
    let numbers = numbers.collect::<Result<Decimal128Array>>()?;
    Ok(Arc::new(numbers.with_data_type(call.gives.clone())))
}
