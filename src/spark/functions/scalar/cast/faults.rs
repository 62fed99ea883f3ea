//! What is said of values that do not fit, with Spark's classes of errors.
//!
//! <https://spark.apache.org/docs/latest/sql-error-conditions.html>

use arrow::datatypes::DataType;
use datafusion::common::DataFusionError;

use crate::spark::sql_types;

pub struct CastFault<'a> {
    of: Option<&'a str>,
    from: String,
    to: String,
}

const WAY_OUT: &str = "`try_cast` answers null instead";

impl<'a> CastFault<'a> {
    pub fn new(of: Option<&'a str>, from: &DataType, to: &DataType) -> Self {
        // Of what is computed the engine has no name that anybody wrote.
        let of = of.filter(|name| *name != "lit" && !name.starts_with("spark_") && !name.contains(['(', ' ']));
        let named = |data_type: &DataType| sql_types::name(data_type).to_uppercase();
        CastFault { of, from: named(from), to: named(to) }
    }

    pub fn malformed(&self, value: &str) -> DataFusionError {
        self.said("CAST_INVALID_INPUT", value, "because it is malformed")
    }

    pub fn overflow(&self, value: &str) -> DataFusionError {
        self.said("CAST_OVERFLOW", value, "due to an overflow")
    }

    fn said(&self, class: &str, value: &str, why: &str) -> DataFusionError {
        let CastFault { from, to, .. } = self;
        DataFusionError::Execution(format!(
            "[{class}] The value {value} of the type \"{from}\"{} cannot be cast to \"{to}\" {why}; {WAY_OUT}",
            self.place()
        ))
    }

    /// Of a number that has more digits than a decimal.
    pub fn out_of_range(&self, value: &str) -> DataFusionError {
        DataFusionError::Execution(format!(
            "[NUMERIC_VALUE_OUT_OF_RANGE] {value}{} cannot be represented as {}; {WAY_OUT}",
            self.place(),
            self.to
        ))
    }

    pub fn beyond_all_decimals(&self, value: &str) -> DataFusionError {
        DataFusionError::Execution(format!(
            "[NUMERIC_OUT_OF_SUPPORTED_RANGE] The value {value}{} cannot be interpreted as a numeric since it has more than 38 \
             digits; {WAY_OUT}",
            self.place()
        ))
    }

    fn place(&self) -> String {
        self.of.map(|name| format!(" in `{name}`")).unwrap_or_default()
    }
}

/// A text between quotes, as SQL has it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
