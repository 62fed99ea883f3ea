//! `lpad` and `rpad`, of texts and of binaries: to less than nothing is to nothing.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#lpad>

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, function, takes, udfs};
use super::texts::part;
use crate::spark::sql_types::canonical;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([function("lpad", typed, |call| padded(call, true)), function("rpad", typed, |call| padded(call, false))])
}

/// A binary is padded with a binary, or with zeros where nothing is said; all else is a text.
fn typed(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let is_binary = |given: Option<&DataType>| given.is_none_or(|given| canonical(given) == Some(DataType::Binary));
    let kind = if !types.is_empty() && is_binary(types.first()) && is_binary(types.get(2)) {
        Takes::Bytes
    } else {
        Takes::Text
    };
    let taken = takes(name, types, 2, &[kind, Takes::Int, kind])?;
    let gives = taken[0].clone();
    Ok((taken, gives))
}

fn padded(call: &RowCall, left: bool) -> Result<ArrayRef> {
    let length = |row: usize| call.int(1, row).map(|length| length.max(0) as usize);
    if *call.gives == DataType::Binary {
        return call.binaries(|row| {
            let by = if call.has(2) { call.bytes(2, row) } else { Some(&[0][..]) };
            let (Some(bytes), Some(length), Some(by)) = (call.bytes(0, row), length(row), by) else { return Ok(None) };
            let missing = length.saturating_sub(bytes.len());
            let more: Vec<u8> = by.iter().copied().cycle().take(missing).collect();
            let kept = &bytes[..length.min(bytes.len())];
            Ok(Some(if left { [more.as_slice(), kept].concat() } else { [kept, more.as_slice()].concat() }))
        });
    }
    call.texts(|row| {
        let by = if call.has(2) { call.text(2, row) } else { Some(" ") };
        let (Some(text), Some(length), Some(by)) = (call.text(0, row), length(row), by) else { return Ok(None) };
        let missing = length.saturating_sub(text.chars().count());
        if missing == 0 || by.is_empty() {
            return Ok(Some(part(text, 1, length as i32).to_string()));
        }
        let more: String = by.chars().cycle().take(missing).collect();
        Ok(Some(if left { more + text } else { format!("{text}{more}") }))
    })
}
