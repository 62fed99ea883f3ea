//! `schema_of_csv`: the types that the fields of a record seem to have.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#schema_of_csv>: `CSVInferSchema` in Spark.

use super::read::java_double;
use super::record::{CsvForm, fields};
use crate::spark::text::times;

/// Digits of the longest decimal.
const MOST_DIGITS: usize = 38;

/// None of a text without fields.
pub fn of(text: &str, form: &CsvForm) -> Option<String> {
    let typed = fields(text, form)?.into_iter().enumerate();
    let typed: Vec<String> = typed.map(|(nth, field)| format!("_c{nth}: {}", of_field(field.as_deref()))).collect();
    Some(format!("STRUCT<{}>", typed.join(", ")))
}

fn of_field(field: Option<&str>) -> String {
    let Some(text) = field else { return "STRING".into() };
    let digits = text.trim_start_matches(['+', '-']);
    let is_whole =
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= digits.len() + 1;
    let significant = digits.trim_start_matches('0').len().max(1);
    let kind = match text {
        text if text.parse::<i32>().is_ok() => "INT",
        text if text.parse::<i64>().is_ok() => "BIGINT",
        _ if is_whole && significant <= MOST_DIGITS => return format!("DECIMAL({significant},0)"),
        "Inf" | "-Inf" => "DOUBLE",
        text if java_double::<f64>(text).is_some() => "DOUBLE",
        text if is_date(text) => "DATE",
        text if times::read(text.as_bytes()).is_some() => "TIMESTAMP",
        text if ["true", "false"].contains(&text.to_ascii_lowercase().as_str()) => "BOOLEAN",
        _ => "STRING",
    };
    kind.to_string()
}

/// `2024-02-29`, with all its zeros.
fn is_date(text: &str) -> bool {
    let is_written_out = text.len() == 10 && text.split('-').map(str::len).eq([4, 2, 2]);
    is_written_out && crate::spark::text::days::read(text.as_bytes()).is_some()
}
