//! Rows of a result as text: JSON objects, and the values of CSV.

use std::mem;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchOptions, StructArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use arrow::error::ArrowError;
use arrow::json::writer::make_encoder;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::json_values;
use crate::spark::sql_types;

/// The rows of a batch, each with `end` behind it, and with `between` before it but for the very first.
pub fn append_objects(
    batch: &RecordBatch,
    end: &[u8],
    between: &[u8],
    is_first: &mut bool,
    text: &mut Vec<u8>,
) -> Result<(), ArrowError> {
    let batch = without_zones(batch)?;
    let rows = StructArray::from(batch.clone());
    let (field, options) =
        (Arc::new(Field::new_struct("", batch.schema().fields().clone(), false)), json_values::options());
    let mut encoder = make_encoder(&field, &rows, &options)?;
    for row in 0..batch.num_rows() {
        if !mem::take(is_first) {
            text.extend_from_slice(between);
        }
        encoder.encode(row, text);
        text.extend_from_slice(end);
    }
    Ok(())
}

/// The values of a batch as text, row by row: ISO 8601 times, nested values and what is no number as in [`json_values`], `None`
/// for null.
pub fn rows<T>(batch: &RecordBatch, value: impl Fn(Option<String>, &DataType) -> T) -> Result<Vec<Vec<T>>, ArrowError> {
    let mut rows: Vec<Vec<T>> = (0..batch.num_rows()).map(|_| Vec::with_capacity(batch.num_columns())).collect();
    let batch = without_zones(batch)?;
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let texts = if column.data_type().is_nested() { as_json(field, column) } else { as_text(column) };
        for (row, text) in rows.iter_mut().zip(texts?) {
            row.push(value(text, column.data_type()));
        }
    }
    Ok(rows)
}

/// Times come with a zone, with another name of it, or without, by where they were computed: all are shown alike, in UTC.
fn without_zones(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let shown = |field: &FieldRef| {
        let data_type = sql_types::without_zones(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    };
    let fields: Fields = batch.schema_ref().fields().iter().map(shown).collect();
    if fields == *batch.schema_ref().fields() {
        return Ok(batch.clone());
    }
    let columns = batch.columns().iter().zip(&fields).map(|(column, field)| cast(column, field.data_type()));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

fn as_text(column: &dyn Array) -> Result<Vec<Option<String>>, ArrowError> {
    let options = FormatOptions::new().with_display_error(false);
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let nulls = column.logical_nulls();
    let spelled = |text: String| match text.as_str() {
        "inf" if column.data_type().is_floating() => "Infinity".to_string(),
        "-inf" if column.data_type().is_floating() => "-Infinity".to_string(),
        _ => text,
    };
    let text = |at| is_valid(&nulls, at).then(|| formatter.value(at).try_to_string().map(spelled)).transpose();
    (0..column.len()).map(text).collect()
}

fn as_json(field: &FieldRef, column: &dyn Array) -> Result<Vec<Option<String>>, ArrowError> {
    let options = json_values::options();
    let mut encoder = make_encoder(field, column, &options)?;
    let nulls = column.logical_nulls();
    let mut encode = |at| {
        let mut text = vec![];
        encoder.encode(at, &mut text);
        String::from_utf8(text).expect("JSON is UTF-8")
    };
    Ok((0..column.len()).map(|at| is_valid(&nulls, at).then(|| encode(at))).collect())
}

fn is_valid(nulls: &Option<NullBuffer>, at: usize) -> bool {
    nulls.as_ref().is_none_or(|nulls| nulls.is_valid(at))
}

/// Joins fields that are quoted already.
pub fn csv_line(fields: impl Iterator<Item = String>) -> String {
    let mut line = fields.collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

/// A CSV field. An empty text is quoted, so that it differs from a null.
pub fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, Int32Array, ListArray, StringArray, TimestampMillisecondArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    pub(crate) fn sales() -> RecordBatch {
        let price = Decimal128Array::from(vec![Some(1250), None]).with_precision_and_scale(20, 2).unwrap();
        let at = TimestampMillisecondArray::from(vec![1_704_164_645_000, 0]).with_timezone("UTC");
        let lines = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
        RecordBatch::try_from_iter_with_nullable([
            ("id", Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef, false),
            ("price", Arc::new(price), true),
            ("at", Arc::new(at), true),
            ("lines", Arc::new(lines), true),
            ("note", Arc::new(StringArray::from(vec![Some(""), None])), true),
        ])
        .unwrap()
    }

    #[test]
    fn values_are_exact_and_nulls_are_told_apart() {
        let text = |text: &str| Some(text.to_string());
        let rows = rows(&sales(), |text, _| text).unwrap();
        assert_eq!(rows[0], [text("1"), text("12.50"), text("2024-01-02T03:04:05"), text("[1,null]"), text("")]);
        assert_eq!(rows[1], [text("2"), None, text("1970-01-01T00:00:00"), None, None]);
    }
}
