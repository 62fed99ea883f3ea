//! Dates and times as texts and back, by Java's patterns.
//!
//! <https://spark.apache.org/docs/latest/api/sql/date-time-functions/>. A text that is not as its pattern says is an error;
//! the functions that begin with `try_` answer null.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StringBuilder, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDateTime};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::cast;
use super::date_pattern::Pattern;
use crate::spark::mode::Strictness;
use crate::spark::sql_types::TIMESTAMP;
use crate::spark::text::MICROS;

/// How a timestamp is spelled where nothing else is said, but for its fraction.
const PLAIN: &str = "yyyy-MM-dd HH:mm:ss";

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let all = [
        (DateCall::DateFormat, "date_format"),
        (DateCall::ToDate { tries: false }, "to_date"),
        (DateCall::ToDate { tries: true }, "try_to_date"),
        (DateCall::ToTimestamp { tries: false }, "to_timestamp"),
        (DateCall::ToTimestamp { tries: true }, "try_to_timestamp"),
        (DateCall::UnixTimestamp, "unix_timestamp"),
        (DateCall::UnixTimestamp, "to_unix_timestamp"),
        (DateCall::FromUnixtime, "from_unixtime"),
    ];
    all.map(|(kind, name)| function(kind, name)).to_vec()
}

fn function(kind: DateCall, name: &'static str) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(DateFunction { kind, name, signature: Signature::user_defined(Volatility::Immutable) }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum DateCall {
    DateFormat,
    ToDate { tries: bool },
    ToTimestamp { tries: bool },
    UnixTimestamp,
    FromUnixtime,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DateFunction {
    kind: DateCall,
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for DateFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.name;
        let (first, pattern) = match types {
            [first] => (first, None),
            [first, pattern] if pattern.is_string() || pattern.is_null() => (first, Some(DataType::Utf8)),
            [_, other] => return plan_err!("`{name}` takes a pattern as text, not {other}"),
            _ => return plan_err!("`{name}` takes a value and a pattern"),
        };
        let is_time = matches!(first, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..));
        let first = match self.kind {
            DateCall::DateFormat if pattern.is_none() => return plan_err!("`{name}` needs a pattern"),
            DateCall::DateFormat if is_time || first.is_string() || first.is_null() => TIMESTAMP,
            DateCall::FromUnixtime if first.is_numeric() || first.is_null() => DataType::Int64,
            DateCall::ToDate { .. } | DateCall::ToTimestamp { .. } | DateCall::UnixTimestamp if is_time => TIMESTAMP,
            DateCall::ToDate { .. } | DateCall::ToTimestamp { .. } | DateCall::UnixTimestamp
                if first.is_string() || first.is_null() =>
            {
                DataType::Utf8
            }
            _ => return plan_err!("`{name}` does not take {first}"),
        };
        Ok([first].into_iter().chain(pattern).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            DateCall::DateFormat | DateCall::FromUnixtime => DataType::Utf8,
            DateCall::ToDate { .. } => DataType::Date32,
            DateCall::ToTimestamp { .. } => TIMESTAMP,
            DateCall::UnixTimestamp => DataType::Int64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (values, patterns) = (&arrays[0], arrays.get(1).map(|patterns| patterns.as_string::<i32>()));
        let result: ArrayRef = match self.kind {
            DateCall::DateFormat => Arc::new(formatted(values.as_primitive(), patterns)?),
            DateCall::FromUnixtime => {
                let seconds = values.as_primitive::<Int64Type>();
                let times = seconds.try_unary::<_, TimestampMicrosecondType, DataFusionError>(|seconds| {
                    seconds.checked_mul(MICROS).ok_or_else(|| too_far(seconds))
                })?;
                Arc::new(formatted(&times, patterns)?)
            }
            DateCall::ToDate { tries } => match patterns {
                Some(_) if *values.data_type() == DataType::Utf8 => {
                    let times: ArrayRef = Arc::new(times_of(values.as_string(), patterns, tries)?);
                    converted(&times, &DataType::Date32, tries)?
                }
                _ => converted(values, &DataType::Date32, tries)?,
            },
            DateCall::ToTimestamp { tries } => to_times(values, patterns, tries)?,
            DateCall::UnixTimestamp => {
                // Without a pattern it is the plain one, and not all that a cast takes.
                let plain = StringArray::from(vec![PLAIN; values.len()]);
                let patterns = patterns.or(Some(&plain));
                let times = to_times(values, patterns, false)?;
                let times = times.as_primitive::<TimestampMicrosecondType>();
                Arc::new(times.unary::<_, Int64Type>(|micros| micros.div_euclid(MICROS)) as Int64Array)
            }
        };
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)),
            false => Ok(ColumnarValue::Array(result)),
        }
    }
}

/// The patterns of a batch, each read once.
#[derive(Default)]
struct DatePatterns(HashMap<String, Pattern>);

impl DatePatterns {
    fn get(&mut self, text: &str) -> Result<&Pattern> {
        if !self.0.contains_key(text) {
            let pattern = Pattern::parse(text).map_err(|why| {
                DataFusionError::Execution(format!("[INVALID_DATETIME_PATTERN] `{text}` is no pattern: {why}"))
            })?;
            self.0.insert(text.to_string(), pattern);
        }
        Ok(&self.0[text])
    }
}

fn formatted(times: &TimestampMicrosecondArray, patterns: Option<&StringArray>) -> Result<StringArray> {
    let mut known = DatePatterns::default();
    let mut texts = StringBuilder::new();
    for row in 0..times.len() {
        let pattern = match patterns {
            Some(patterns) => patterns.is_valid(row).then(|| patterns.value(row)),
            None => Some(PLAIN),
        };
        match pattern.filter(|_| times.is_valid(row)) {
            Some(pattern) => texts.append_value(known.get(pattern)?.format(&time(times.value(row))?)),
            None => texts.append_null(),
        }
    }
    Ok(texts.finish())
}

fn to_times(values: &ArrayRef, patterns: Option<&StringArray>, tries: bool) -> Result<ArrayRef> {
    match (values.data_type(), patterns) {
        (DataType::Utf8, Some(_)) => Ok(Arc::new(times_of(values.as_string(), patterns, tries)?)),
        _ => converted(values, &TIMESTAMP, tries),
    }
}

fn times_of(texts: &StringArray, patterns: Option<&StringArray>, tries: bool) -> Result<TimestampMicrosecondArray> {
    let mut known = DatePatterns::default();
    let mut times = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let pattern = patterns.and_then(|patterns| patterns.is_valid(row).then(|| patterns.value(row)));
        let (Some(pattern), true) = (pattern, texts.is_valid(row)) else {
            times.push(None);
            continue;
        };
        let text = texts.value(row);
        match known.get(pattern)?.read(text) {
            Some(time) => times.push(Some(time.and_utc().timestamp_micros())),
            None if tries => times.push(None),
            None => {
                return exec_err!(
                    "[CANNOT_PARSE_TIMESTAMP] `{text}` is not as `{pattern}` says; where that is to be null, write \
                     `try_to_timestamp`"
                );
            }
        }
    }
    Ok(times.into())
}

fn converted(values: &ArrayRef, to: &DataType, tries: bool) -> Result<ArrayRef> {
    cast::array(values, to, if tries { Strictness::Try } else { Strictness::Ansi })
}

fn time(micros: i64) -> Result<NaiveDateTime> {
    let time = DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc());
    time.ok_or_else(|| too_far(micros.div_euclid(MICROS)))
}

fn too_far(seconds: i64) -> DataFusionError {
    DataFusionError::Execution(format!("[DATETIME_OVERFLOW] {seconds} seconds after 1970 is no time"))
}
