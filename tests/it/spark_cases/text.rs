//! Values as Spark's cast to text shows them, in lines separated by tabs.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::*;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

/// The calendar is the same every 400 years. Years beyond 262,142 are counted so: the library has none.
const DAYS_OF_400_YEARS: i64 = 146_097;

/// Null in a line; within a list it is `null`.
pub const NULL: &str = "\\N";

pub fn value(array: &dyn Array, row: usize) -> String {
    match array.data_type() {
        DataType::Null => NULL.into(),
        _ if array.is_null(row) => NULL.into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let bytes = cast(&array.slice(row, 1), &DataType::Binary).unwrap();
            bytes.as_binary::<i32>().value(0).iter().map(|byte| format!("{byte:02X}")).collect()
        }
        _ => escaped(&shown(array, row)),
    }
}

pub fn rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| value(column, row)).collect()).collect()
}

pub fn escaped(text: &str) -> String {
    let plain = text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
    plain.replace('\0', "\\0")
}

/// Within lists, maps and structs text has no quotes.
fn shown(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) || array.data_type() == &DataType::Null {
        return "null".into();
    }
    let all = |items: ArrayRef| (0..items.len()).map(|at| shown(&items, at)).collect::<Vec<_>>();
    match array.data_type() {
        DataType::Float64 => double(array.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            let two = Some(format!("{value:.1e}")).filter(|two| two.parse() == Ok(value));
            number(value.into(), &two.unwrap_or_else(|| format!("{value:e}")))
        }
        DataType::Date32 => {
            let days = i64::from(array.as_primitive::<Date32Type>().value(row));
            let day = NaiveDate::from_epoch_days(days.rem_euclid(DAYS_OF_400_YEARS) as i32).unwrap();
            date(day, 400 * days.div_euclid(DAYS_OF_400_YEARS))
        }
        DataType::Timestamp(unit, _) => {
            let nanos = cast(&array.slice(row, 1), &DataType::Int64).unwrap();
            timestamp(nanos.as_primitive::<Int64Type>().value(0), *unit)
        }
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Binary => String::from_utf8_lossy(array.as_binary::<i32>().value(row)).into(),
        DataType::List(_) => format!("[{}]", all(array.as_list::<i32>().value(row)).join(", ")),
        DataType::Struct(_) => {
            let fields = array.as_struct().columns().iter().map(|column| shown(column, row));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let pairs =
                (0..entries.len()).map(|at| [0, 1].map(|column| shown(entries.column(column), at)).join(" -> "));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        _ => match plain_type(array.data_type()) {
            Some(plain) => shown(&cast(&array.slice(row, 1), &plain).unwrap(), 0),
            None => ArrayFormatter::try_new(array, &FormatOptions::default()).unwrap().value(row).to_string(),
        },
    }
}

/// The one of several layouts of the same values that is handled here.
fn plain_type(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::LargeUtf8 | DataType::Utf8View => Some(DataType::Utf8),
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Some(DataType::Binary),
        DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => Some(DataType::List(item.clone())),
        DataType::Dictionary(_, value) => Some(value.as_ref().clone()),
        DataType::Date64 => Some(DataType::Date32),
        DataType::Float16 => Some(DataType::Float32),
        _ => None,
    }
}

fn double(value: f64) -> String {
    // The least one is 5e-324, and of two digits 4.9e-324 is nearer.
    let two = Some(format!("{value:.1e}")).filter(|two| two.parse() == Ok(value));
    number(value, &two.unwrap_or_else(|| format!("{value:e}")))
}

/// As Java lays digits out: at least two of them, plain from 0.001 to 10,000,000, else with `E`.
fn number(value: f64, scientific: &str) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let (sign, text) = scientific.strip_prefix('-').map_or(("", scientific), |text| ("-", text));
    let (digits, exponent) = text.split_once('e').expect("an exponent");
    let digits = digits.replace('.', "");
    let digits = match digits.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    let exponent: i32 = exponent.parse().expect("a number");
    let or_zero = |digits: &str| if digits.is_empty() { "0".to_string() } else { digits.to_string() };
    match usize::try_from(exponent) {
        Ok(exponent) if exponent < 7 => {
            let digits = format!("{digits:0<width$}", width = exponent + 1);
            let (whole, part) = digits.split_at(exponent + 1);
            format!("{sign}{whole}.{}", or_zero(part))
        }
        Err(_) if exponent >= -3 => {
            format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize))
        }
        _ => {
            let (whole, part) = digits.split_at(1);
            format!("{sign}{whole}.{}E{exponent}", or_zero(part))
        }
    }
}

fn date(date: NaiveDate, more_years: i64) -> String {
    let year = match i64::from(date.year()) + more_years {
        year if year > 9999 => format!("+{year}"),
        year if year < 0 => format!("-{:04}", -year),
        year => format!("{year:04}"),
    };
    format!("{year}-{:02}-{:02}", date.month(), date.day())
}

fn timestamp(value: i64, unit: TimeUnit) -> String {
    let of_second = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let (seconds, rest) = (value.div_euclid(of_second), value.rem_euclid(of_second));
    let cycle = DAYS_OF_400_YEARS * 86_400;
    let nanos = rest * (1_000_000_000 / of_second);
    let moment = DateTime::from_timestamp(seconds.rem_euclid(cycle), nanos as u32).unwrap().naive_utc();
    let date = date(moment.date(), 400 * seconds.div_euclid(cycle));
    format!("{date} {}{}", moment.format("%H:%M:%S"), fraction(moment))
}

fn fraction(moment: NaiveDateTime) -> String {
    let digits = format!(".{:09}", moment.nanosecond());
    digits.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[test]
fn numbers_are_laid_out_as_java_does() {
    for (value, expected) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.5, "1.5"),
        (100.0, "100.0"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (1234567.5, "1234567.5"),
        (1e7, "1.0E7"),
        (-1.25e21, "-1.25E21"),
        (5e-324, "4.9E-324"),
        (2e23, "2.0E23"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(double(value), expected);
    }
}
