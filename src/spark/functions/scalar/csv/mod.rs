//! CSV: a record from a text, a text of a record, and the types that a record seems to have.
//!
//! <https://spark.apache.org/docs/latest/api/sql/csv-functions/>. Spark reads and writes with uniVocity's parsers, and what is
//! malformed is read as these do it: so `record` is no library's.

mod read;
mod record;
mod schema;
mod write;

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::row::{RowCall, Takes, Typing, fault, function, takes, udfs};
use super::written_options;
use record::CsvForm;

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let inferred: Typing = |name, types| match types {
        [text, options @ ..] if options.len() < 2 => {
            let taken = takes(name, std::slice::from_ref(text), 1, &[Takes::Text])?;
            Ok((taken.into_iter().chain(options.iter().cloned()).collect(), DataType::Utf8))
        }
        _ => plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes a text and perhaps options"),
    };
    udfs([
        function("from_csv", read::types, |call| read::from_csv(call, &written_options::of(call, 2)?))
            .fallible()
            .typed_by_constants(read::schema),
        function("to_csv", write::types, |call| write::to_csv(call, &written_options::of(call, 1)?)).fallible(),
        function("schema_of_csv", inferred, inferred_schemas).fallible().typed_by_constants(|name, _, constants| {
            match constants.first() {
                Some(Some(text)) if !text.is_null() => Ok(DataType::Utf8),
                _ => plan_err!(
                    "[DATATYPE_MISMATCH.NON_FOLDABLE_INPUT] the record of `{name}` is written in the query as a text"
                ),
            }
        }),
    ])
}

fn inferred_schemas(call: &RowCall) -> Result<arrow::array::ArrayRef> {
    let form = CsvForm::of(call.name, &written_options::of(call, 1)?)?;
    call.texts(|row| match call.text(0, row) {
        None => Ok(None),
        Some(text) => match schema::of(text, &form) {
            Some(schema) => Ok(Some(schema)),
            None => Err(fault(format!("[MALFORMED_RECORD_IN_PARSING] `{text}` has no fields"))),
        },
    })
}

/// `schema_of_csv` of a text that is written where a schema is asked for.
pub fn schema_of(text: &str) -> Option<String> {
    schema::of(text, &CsvForm::default())
}
