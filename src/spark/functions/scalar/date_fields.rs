//! One field of a date or time: `year(d)`, `dayofweek(d)`, …
//!
//! <https://spark.apache.org/docs/latest/api/sql/date-time-functions/>. Texts are read as dates or timestamps, as Spark
//! does.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::kernels::arity::unary;
use arrow::compute::{DatePart, date_part};
use arrow::datatypes::{DataType, Int32Type, TimeUnit};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

const FIELDS: [(&str, &[&str], DatePart, i32); 11] = [
    ("year", &[], DatePart::Year, 0),
    ("quarter", &[], DatePart::Quarter, 0),
    ("month", &[], DatePart::Month, 0),
    // Of ISO 8601: a week belongs to the year of its Thursday.
    ("weekofyear", &["week"], DatePart::Week, 0),
    ("day", &["dayofmonth"], DatePart::Day, 0),
    ("dayofyear", &[], DatePart::DayOfYear, 0),
    // Sunday is 1.
    ("dayofweek", &[], DatePart::DayOfWeekSunday0, 1),
    // Monday is 0.
    ("weekday", &[], DatePart::DayOfWeekMonday0, 0),
    ("hour", &[], DatePart::Hour, 0),
    ("minute", &[], DatePart::Minute, 0),
    ("second", &[], DatePart::Second, 0),
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
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
        match types {
            [DataType::Date32 | DataType::Timestamp(..)] => Ok(types.to_vec()),
            [DataType::Date64] => Ok(vec![DataType::Date32]),
            [text] if text.is_string() || text.is_null() => Ok(vec![timestamp]),
            [other] => plan_err!("`{}` takes a date or a timestamp, not {other}", self.name()),
            _ => plan_err!("`{}` takes one date or timestamp", self.name()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (_, _, part, more) = FIELDS[self.place];
        let field = |times: &ArrayRef| -> Result<ArrayRef> {
            let fields = date_part(times, part)?;
            Ok(Arc::new(unary::<_, _, Int32Type>(fields.as_primitive::<Int32Type>(), |field| field + more)))
        };
        match &args.args[0] {
            ColumnarValue::Array(times) => Ok(ColumnarValue::Array(field(times)?)),
            ColumnarValue::Scalar(time) => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&field(&time.to_array()?)?, 0)?))
            }
        }
    }
}
