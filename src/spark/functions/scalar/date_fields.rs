//! One field of a date or time: `year(d)`, `dayofweek(d)`, …
//!
//! <https://spark.apache.org/docs/latest/api/sql/date-time-functions/>. Texts are read as dates or timestamps, as Spark
//! does.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array};
use arrow::datatypes::{
    DataType, Date32Type, Int32Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::date_parts::TimeField;
use crate::spark::sql_types::{self, TIMESTAMP};

/// Names, and what is added to the field.
const FIELDS: [(&str, &[&str], TimeField, i32); 11] = [
    ("year", &[], TimeField::Year, 0),
    ("quarter", &[], TimeField::Quarter, 0),
    ("month", &[], TimeField::Month, 0),
    // Of ISO 8601: a week belongs to the year of its Thursday.
    ("weekofyear", &["week"], TimeField::Week, 0),
    ("day", &["dayofmonth"], TimeField::Day, 0),
    ("dayofyear", &[], TimeField::DayOfYear, 0),
    // Sunday is 1.
    ("dayofweek", &[], TimeField::DayOfWeek, 0),
    // Monday is 0.
    ("weekday", &[], TimeField::DayOfWeekIso, -1),
    ("hour", &[], TimeField::Hour, 0),
    ("minute", &[], TimeField::Minute, 0),
    ("second", &[], TimeField::Second, 0),
];

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let fields = FIELDS.iter().enumerate();
    fields.map(|(place, (_, aliases, ..))| Arc::new(ScalarUDF::from(DateField::new(place, aliases)))).collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DateField {
    /// In [`FIELDS`].
    place: usize,
    aliases: Vec<String>,
    signature: Signature,
}

impl DateField {
    fn new(place: usize, aliases: &[&str]) -> Self {
        let aliases = aliases.iter().map(ToString::to_string).collect();
        DateField { place, aliases, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for DateField {
    fn name(&self) -> &str {
        FIELDS[self.place].0
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let (_, _, field, _) = FIELDS[self.place];
        let read_as = match field {
            TimeField::Hour | TimeField::Minute | TimeField::Second => TIMESTAMP,
            _ => DataType::Date32,
        };
        match types {
            [DataType::Date32 | DataType::Timestamp(..)] => Ok(types.to_vec()),
            [DataType::Date64] => Ok(vec![DataType::Date32]),
            [text] if text.is_string() || text.is_null() => Ok(vec![read_as]),
            [other] => plan_err!(
                "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{}` takes a date or a timestamp, not \"{}\"",
                self.name(),
                sql_types::name(other).to_uppercase()
            ),
            _ => plan_err!("`{}` takes one date or timestamp", self.name()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (_, _, part, more) = FIELDS[self.place];
        let field = |times: &ArrayRef| -> Result<ArrayRef> { Ok(Arc::new(fields(times, part, more)?)) };
        match &args.args[0] {
            ColumnarValue::Array(times) => Ok(ColumnarValue::Array(field(times)?)),
            ColumnarValue::Scalar(time) => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&field(&time.to_array()?)?, 0)?))
            }
        }
    }
}

/// The field of each time, of any year that there is.
fn fields(times: &ArrayRef, part: TimeField, more: i32) -> Result<Int32Array> {
    macro_rules! of {
        ($kind:ty, $a_second:expr) => {{
            let of_time = |time: i64| {
                let second = time.div_euclid($a_second);
                part.of(second.div_euclid(86_400), second.rem_euclid(86_400)) + more
            };
            times.as_primitive::<$kind>().unary::<_, Int32Type>(of_time)
        }};
    }
    Ok(match times.data_type() {
        DataType::Date32 => {
            times.as_primitive::<Date32Type>().unary::<_, Int32Type>(|day| part.of(i64::from(day), 0) + more)
        }
        DataType::Timestamp(TimeUnit::Second, _) => of!(TimestampSecondType, 1),
        DataType::Timestamp(TimeUnit::Millisecond, _) => of!(TimestampMillisecondType, 1_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => of!(TimestampMicrosecondType, 1_000_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => of!(TimestampNanosecondType, 1_000_000_000),
        other => return exec_err!("{other} has no such field"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::TimestampMicrosecondArray;

    #[test]
    fn years_beyond_all_calendars_have_fields() {
        // Asked of PySpark 4.3, of `timestamp_micros(…)`.
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX, i64::MIN, -1]));
        let of = |part| fields(&times, part, 0).unwrap().values().to_vec();
        assert_eq!(of(TimeField::Year), [294_247, -290_308, 1969]);
        assert_eq!(of(TimeField::Hour), [4, 19, 23]);
        assert_eq!(of(TimeField::Day), [10, 21, 31]);
    }
}
