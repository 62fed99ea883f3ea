//! Times and intervals: what is later, between, so many times as long, and how intervals are spelled.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html>. What they are kept as stands in [`interval_units`](crate::spark::interval_units);
//! what `make_interval` gives has months, days and times.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, DurationMicrosecondArray, DurationSecondArray, IntervalYearMonthArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, DurationSecondType, Field, FieldRef, Int64Type,
    IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF, cast, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::date_math::months_later;
use super::row::{RowCall, RowFunction, fault, function, udfs, written_text};
use crate::spark::interval_units::{DAY_TIME, DAYS, UnitRange, YEAR_MONTH};
use crate::spark::sql_types::{self, TIMESTAMP, canonical};
use crate::spark::text::times::MICROS_PER_DAY;
use crate::spark::text::{MICROS, numbers};

/// How the names of functions begin that are null where others fail.
const TRY: &str = "spark_try_";

/// Those that fail, or only try.
const OPERATORS: [fn(bool) -> RowFunction; 7] = [later, earlier, between, plus, minus, times, divided];

const CALENDAR: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

pub fn all() -> Vec<Arc<ScalarUDF>> {
    let both = OPERATORS.into_iter().flat_map(|function| [function(false), function(true)]);
    udfs(both.chain([of_number(), counted(), text()]))
}

/// `None` where neither side is an interval, nor are both times.
pub fn planned(op: &BinaryOperator, left: &Expr, right: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    let (of_left, of_right) = (left.get_type(schema)?, right.get_type(schema)?);
    let is_time = |data_type: &DataType| matches!(data_type, DataType::Date32 | DataType::Timestamp(..));
    let sides = || (left.clone(), right.clone());
    let as_number = |expr: &Expr| cast(expr.clone(), DataType::Float64);
    let is_null = |data_type: &DataType| data_type.is_null();
    Ok(Some(match op {
        // A text beside an interval is a number, and a null is none.
        BinaryOperator::Multiply if is_interval(&of_left) && (of_right.is_string() || is_null(&of_right)) => {
            times(false).udf().call(vec![typed(left.clone()), as_number(right)])
        }
        BinaryOperator::Multiply if (of_left.is_string() || is_null(&of_left)) && is_interval(&of_right) => {
            times(false).udf().call(vec![typed(right.clone()), as_number(left)])
        }
        BinaryOperator::Divide if is_interval(&of_left) && (of_right.is_string() || is_null(&of_right)) => {
            divided(false).udf().call(vec![typed(left.clone()), as_number(right)])
        }
        BinaryOperator::Plus if is_time(&of_left) && is_interval(&of_right) => {
            moved(later(false), left, right, &of_left, &of_right)?
        }
        BinaryOperator::Plus if is_interval(&of_left) && is_time(&of_right) => {
            moved(later(false), right, left, &of_right, &of_left)?
        }
        BinaryOperator::Minus if is_time(&of_left) && is_interval(&of_right) => {
            moved(earlier(false), left, right, &of_left, &of_right)?
        }
        BinaryOperator::Minus if is_time(&of_left) && is_time(&of_right) => {
            let (left, right) = sides();
            between(false).udf().call(vec![left, right])
        }
        BinaryOperator::Multiply if is_interval(&of_left) && is_number(&of_right) => {
            times(false).udf().call(vec![typed(left.clone()), right.clone()])
        }
        BinaryOperator::Multiply if is_number(&of_left) && is_interval(&of_right) => {
            times(false).udf().call(vec![typed(right.clone()), left.clone()])
        }
        BinaryOperator::Divide if is_interval(&of_left) && is_number(&of_right) => {
            divided(false).udf().call(vec![typed(left.clone()), right.clone()])
        }
        op if is_interval(&of_left) && is_interval(&of_right) => {
            let (left, right) = alike(typed(left.clone()), typed(right.clone()), schema)?;
            match op {
                BinaryOperator::Plus => plus(false).udf().call(vec![left, right]),
                BinaryOperator::Minus => minus(false).udf().call(vec![left, right]),
                BinaryOperator::Eq => left.eq(right),
                BinaryOperator::NotEq => left.not_eq(right),
                BinaryOperator::Lt => left.lt(right),
                BinaryOperator::LtEq => left.lt_eq(right),
                BinaryOperator::Gt => left.gt(right),
                BinaryOperator::GtEq => left.gt_eq(right),
                _ => return Ok(None),
            }
        }
        _ => return Ok(None),
    }))
}

/// The same, with null for what is beyond all times and intervals.
pub fn tried(planned: Expr) -> Expr {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = planned else { return planned };
    match OPERATORS.into_iter().find(|function| function(false).udf().name() == func.name()) {
        Some(function) => function(true).udf().call(args),
        None => Expr::ScalarFunction(ScalarFunction { func, args }),
    }
}

/// What is there, or what is said where it is not.
fn settled<T>(call: &RowCall, value: Option<T>, fault: impl FnOnce() -> DataFusionError) -> Result<Option<T>> {
    match value {
        None if call.name.starts_with(TRY) => Ok(None),
        None => Err(fault()),
        value => Ok(value),
    }
}

fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
}

/// Days and months later a date is a date, unless hours are in what is added.
fn moved(
    function: RowFunction,
    time: &Expr,
    interval: &Expr,
    of_time: &DataType,
    of_interval: &DataType,
) -> Result<Expr> {
    let has_hours = match interval {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(written)), _) => written.nanoseconds != 0,
        _ => *of_interval == DAY_TIME,
    };
    let time = if *of_time == DataType::Date32 && has_hours { cast(time.clone(), TIMESTAMP) } else { time.clone() };
    Ok(function.udf().call(vec![time, interval.clone()]))
}

/// A literal as what it is in Spark: of months, or of days and times.
fn typed(interval: Expr) -> Expr {
    let Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(written)), metadata) = &interval else { return interval };
    let value = match *written {
        IntervalMonthDayNano { months, days: 0, nanoseconds: 0 } if months != 0 => {
            ScalarValue::IntervalYearMonth(Some(months))
        }
        IntervalMonthDayNano { months: 0, days, nanoseconds } => {
            ScalarValue::DurationMicrosecond(Some(i64::from(days) * MICROS_PER_DAY + nanoseconds / 1000))
        }
        _ => return interval,
    };
    Expr::Literal(value, metadata.clone())
}

/// Two of one type; those of three parts are not to be compared.
fn alike(left: Expr, right: Expr, schema: &DFSchema) -> Result<(Expr, Expr)> {
    let (of_left, of_right) = (left.get_type(schema)?, right.get_type(schema)?);
    let is_day_time = |data_type: &DataType| matches!(data_type, DataType::Duration(_));
    if of_left == of_right && (of_left == DAYS || of_left == YEAR_MONTH) {
        return Ok((left, right));
    }
    if is_day_time(&of_left) && is_day_time(&of_right) {
        return Ok((in_micros(left, schema)?, in_micros(right, schema)?));
    }
    let [of_left, of_right] = [of_left, of_right].map(|data_type| sql_types::name(&data_type).to_uppercase());
    plan_err!(
        "[DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES] \"{of_left}\" and \"{of_right}\" are not computed with one another"
    )
}

/// With the units that it has.
fn in_micros(interval: Expr, schema: &DFSchema) -> Result<Expr> {
    let (_, field) = interval.to_field(schema)?;
    if *field.data_type() == DAY_TIME {
        return Ok(interval);
    }
    let field = field.as_ref().clone().with_data_type(DAY_TIME);
    Ok(Expr::Cast(Cast::new_from_field(Box::new(interval), Arc::new(field))))
}

fn taken_interval(name: &str, given: &DataType) -> Result<DataType> {
    match given {
        DataType::Duration(TimeUnit::Second) => Ok(DAYS),
        DataType::Duration(_) => Ok(DAY_TIME),
        DataType::Interval(IntervalUnit::YearMonth | IntervalUnit::MonthDayNano) => Ok(given.clone()),
        other => plan_err!("`{name}` takes an interval, not \"{}\"", sql_types::name(other).to_uppercase()),
    }
}

fn moving(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let [time, interval] = types else { return plan_err!("`{name}` takes a time and an interval") };
    let time = match canonical(time) {
        Some(time @ (DataType::Date32 | DataType::Timestamp(..))) => time,
        _ => {
            return plan_err!("`{name}` takes a date or a timestamp, not \"{}\"", sql_types::name(time).to_uppercase());
        }
    };
    Ok((vec![time.clone(), taken_interval(name, interval)?], time))
}

fn later(tries: bool) -> RowFunction {
    function(if tries { "spark_try_later" } else { "spark_later" }, moving, |call| all_moved(call, 1))
}

fn earlier(tries: bool) -> RowFunction {
    function(if tries { "spark_try_earlier" } else { "spark_earlier" }, moving, |call| all_moved(call, -1))
}

/// Months, days and microseconds of a row.
fn parts(intervals: &ArrayRef, row: usize) -> Option<(i64, i64, i64)> {
    if intervals.is_null(row) {
        return None;
    }
    Some(match intervals.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            (intervals.as_primitive::<IntervalYearMonthType>().value(row).into(), 0, 0)
        }
        DataType::Duration(TimeUnit::Second) => {
            (0, 0, intervals.as_primitive::<DurationSecondType>().value(row).checked_mul(MICROS)?)
        }
        DataType::Duration(_) => (0, 0, intervals.as_primitive::<DurationMicrosecondType>().value(row)),
        _ => {
            let interval = intervals.as_primitive::<IntervalMonthDayNanoType>().value(row);
            (interval.months.into(), interval.days.into(), interval.nanoseconds / 1000)
        }
    })
}

fn all_moved(call: &RowCall, sign: i64) -> Result<ArrayRef> {
    let beyond = || fault("[DATETIME_OVERFLOW] a time and an interval are together beyond all times");
    let is_day = *call.gives == DataType::Date32;
    let moved = |day: i64, of_day: i64, (months, days, micros): (i64, i64, i64)| {
        let day = months_later(day, sign * months).checked_add(sign * days)?;
        day.checked_mul(MICROS_PER_DAY)?.checked_add(of_day)?.checked_add(sign.checked_mul(micros)?)
    };
    if is_day {
        return call.days(|row| match (call.day(0, row), parts(&call.args[1], row)) {
            (Some(_), Some((.., micros))) if micros % MICROS_PER_DAY != 0 => {
                settled(call, None, || fault("[DATETIME_OVERFLOW] hours are added to a date: CAST it to a timestamp"))
            }
            (Some(day), Some(interval)) => {
                let micros = moved(day.into(), 0, interval);
                let day = micros.and_then(|micros| i32::try_from(micros.div_euclid(MICROS_PER_DAY)).ok());
                settled(call, day, beyond)
            }
            _ => Ok(None),
        });
    }
    call.instants(|row| match (call.micros(0, row), parts(&call.args[1], row)) {
        (Some(micros), Some(interval)) => {
            let (day, of_day) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
            settled(call, moved(day, of_day, interval), beyond)
        }
        _ => Ok(None),
    })
}

/// `time - time`; of two dates it is days.
fn between(tries: bool) -> RowFunction {
    function(
        if tries { "spark_try_between" } else { "spark_between" },
        |name, types| match types {
            [DataType::Date32, DataType::Date32] => Ok((types.to_vec(), DAYS)),
            [one, other]
                if [one, other].iter().all(|side| matches!(side, DataType::Date32 | DataType::Timestamp(..))) =>
            {
                Ok((vec![TIMESTAMP; 2], DAY_TIME))
            }
            _ => plan_err!("`{name}` takes two times"),
        },
        |call| {
            let (one, other) = (&call.args[0], &call.args[1]);
            if *call.gives == DAYS {
                let (one, other) = (one.as_primitive::<Date32Type>(), other.as_primitive::<Date32Type>());
                let days =
                    one.iter().zip(other).map(|(one, other)| Some((i64::from(one?) - i64::from(other?)) * 86_400));
                return Ok(Arc::new(days.collect::<DurationSecondArray>()));
            }
            let (one, other) =
                (one.as_primitive::<TimestampMicrosecondType>(), other.as_primitive::<TimestampMicrosecondType>());
            let micros = one.iter().zip(other).map(|pair| match pair {
                (Some(one), Some(other)) => settled(call, one.checked_sub(other), || {
                    fault("[INTERVAL_ARITHMETIC_OVERFLOW] what is between two times is beyond all intervals")
                }),
                _ => Ok(None),
            });
            Ok(Arc::new(micros.collect::<Result<DurationMicrosecondArray>>()?))
        },
    )
}

fn scaling(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    let [interval, number] = types else { return plan_err!("`{name}` takes an interval and a number") };
    let interval = taken_interval(name, interval)?;
    if interval == CALENDAR {
        return plan_err!(
            "an interval of months, days and times is neither multiplied nor divided here: take its parts one by one"
        );
    }
    let number = match number {
        number if number.is_integer() => DataType::Int64,
        DataType::Decimal128(..) => number.clone(),
        number if number.is_floating() => DataType::Float64,
        other => return plan_err!("`{name}` takes a number, not \"{}\"", sql_types::name(other).to_uppercase()),
    };
    let gives = if interval == YEAR_MONTH { YEAR_MONTH } else { DAY_TIME };
    Ok((vec![interval, number], gives))
}

fn times(tries: bool) -> RowFunction {
    function(if tries { "spark_try_interval_times" } else { "spark_interval_times" }, scaling, |call| {
        scaled(call, |units, number| match number {
            Factor::Ratio(over, under) => Some(half_up(units.checked_mul(over)?, under)),
            Factor::Double(double) => rounded(units as f64 * double),
        })
    })
}

fn divided(tries: bool) -> RowFunction {
    function(if tries { "spark_try_interval_divided" } else { "spark_interval_divided" }, scaling, |call| {
        scaled(call, |units, number| match number {
            Factor::Ratio(0, _) => None,
            Factor::Ratio(over, under) => Some(half_up(units.checked_mul(under)? * over.signum(), over.abs())),
            Factor::Double(double) => rounded(units as f64 / double),
        })
    })
    .fallible()
}

enum Factor {
    Ratio(i128, i128),
    Double(f64),
}

fn half_up(over: i128, under: i128) -> i128 {
    let (whole, rest) = (over / under, over % under);
    if rest.unsigned_abs() * 2 >= under.unsigned_abs() { whole + over.signum() } else { whole }
}

fn rounded(double: f64) -> Option<i128> {
    double.is_finite().then(|| (double.abs() + 0.5).floor().copysign(double) as i128)
}

fn scaled(call: &RowCall, of_row: impl Fn(i128, Factor) -> Option<i128>) -> Result<ArrayRef> {
    let numbers = &call.args[1];
    let number = |row: usize| match numbers.data_type() {
        _ if numbers.is_null(row) => None,
        DataType::Decimal128(_, scale) => {
            let unscaled = numbers.as_primitive::<Decimal128Type>().value(row);
            Some(Factor::Ratio(unscaled, 10_i128.pow(u32::from(scale.unsigned_abs()))))
        }
        DataType::Float64 => call.double(1, row).map(Factor::Double),
        _ => Some(Factor::Ratio(numbers.as_primitive::<Int64Type>().value(row).into(), 1)),
    };
    let is_months = *call.gives == YEAR_MONTH;
    let values = (0..call.rows).map(|row| {
        let (Some((months, _, micros)), Some(number)) = (parts(&call.args[0], row), number(row)) else {
            return Ok(None);
        };
        if matches!(number, Factor::Ratio(0, _)) && call.name.ends_with("divided") {
            return settled(call, None, || fault("[INTERVAL_DIVIDED_BY_ZERO] an interval is divided by zero"));
        }
        let units = if is_months { months } else { micros };
        let fitting = of_row(units.into(), number).and_then(|units| i64::try_from(units).ok());
        let fitting = fitting.filter(|units| !is_months || i32::try_from(*units).is_ok());
        settled(call, fitting, || fault("[INTERVAL_ARITHMETIC_OVERFLOW] so long is no interval"))
    });
    of_amounts(values.collect::<Result<_>>()?, call.gives)
}

/// `-interval`; of what `make_interval` gives it is not asked.
pub fn turned(intervals: &ArrayRef) -> Result<ArrayRef> {
    let is_months = *intervals.data_type() == YEAR_MONTH;
    let amounts = (0..intervals.len()).map(|row| {
        let Some((months, _, micros)) = parts(intervals, row) else { return Ok(None) };
        let turned = if is_months { months } else { micros }.checked_neg();
        let fitting = turned.filter(|turned| !is_months || i32::try_from(*turned).is_ok());
        fitting.map(Some).ok_or_else(|| fault("[INTERVAL_ARITHMETIC_OVERFLOW] so long is no interval"))
    });
    of_amounts(amounts.collect::<Result<_>>()?, intervals.data_type())
}

fn plus(tries: bool) -> RowFunction {
    function(if tries { "spark_try_interval_plus" } else { "spark_interval_plus" }, summing, |call| {
        summed(call, i64::checked_add)
    })
    .typed_by_fields(sum_type)
}

fn minus(tries: bool) -> RowFunction {
    function(if tries { "spark_try_interval_minus" } else { "spark_interval_minus" }, summing, |call| {
        summed(call, i64::checked_sub)
    })
    .typed_by_fields(sum_type)
}

/// Of two that are kept alike.
fn summing(name: &'static str, types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    match types {
        [left, right] if left == right => {
            let taken = taken_interval(name, left)?;
            Ok((vec![taken.clone(); 2], taken))
        }
        _ => plan_err!("`{name}` takes two intervals of one type"),
    }
}

/// From the longest unit of both to the shortest.
fn sum_type(name: &'static str, fields: &[FieldRef], _: &[Option<&ScalarValue>]) -> Result<FieldRef> {
    let ranges: Vec<UnitRange> = fields.iter().filter_map(|field| UnitRange::of_field(field)).collect();
    match ranges.as_slice() {
        [left, right] => Ok(Arc::new(left.with(*right).field(name).with_data_type(fields[0].data_type().clone()))),
        _ => plan_err!("`{name}` takes two intervals of months, or of days and times"),
    }
}

fn summed(call: &RowCall, sum: fn(i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    let amount = |(months, _, micros): (i64, i64, i64)| if *call.gives == YEAR_MONTH { months } else { micros };
    let sums = (0..call.rows).map(|row| {
        let (Some(left), Some(right)) = (parts(&call.args[0], row), parts(&call.args[1], row)) else { return Ok(None) };
        let all = sum(amount(left), amount(right));
        let fitting = all.filter(|all| *call.gives != YEAR_MONTH || i32::try_from(*all).is_ok());
        settled(call, fitting, || fault("[INTERVAL_ARITHMETIC_OVERFLOW] so long is no interval"))
    });
    of_amounts(sums.collect::<Result<_>>()?, call.gives)
}

/// Months or microseconds as an interval of a type.
fn of_amounts(amounts: Vec<Option<i64>>, gives: &DataType) -> Result<ArrayRef> {
    let amounts = amounts.into_iter();
    Ok(match gives {
        DataType::Interval(_) => {
            Arc::new(amounts.map(|months| months.map(|months| months as i32)).collect::<IntervalYearMonthArray>())
        }
        DataType::Duration(TimeUnit::Second) => {
            Arc::new(amounts.map(|micros| micros.map(|micros| micros / MICROS)).collect::<DurationSecondArray>())
        }
        _ => Arc::new(amounts.collect::<DurationMicrosecondArray>()),
    })
}

/// `CAST(number AS INTERVAL DAY)`: <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#cast>
/// How many of its shortest unit an interval has, with what is left of seconds.
pub fn amount_of(interval: Expr, field: &Field) -> Expr {
    let units = UnitRange::of_field(field).unwrap_or(UnitRange::DAY_TO_SECOND);
    counted().udf().call(vec![interval, lit(units.name())])
}

fn counted() -> RowFunction {
    function(
        "spark_interval_amount",
        |name, types| match types {
            [interval, DataType::Utf8] if is_interval(interval) => {
                Ok((vec![interval.clone(), DataType::Utf8], DataType::Decimal128(25, 6)))
            }
            _ => plan_err!("`{name}` takes an interval and its units"),
        },
        |call| {
            let unit = call.text(1, 0).and_then(UnitRange::named).map_or(1, |range| range.to.length());
            let amounts = (0..call.rows).map(|row| {
                if call.is_null(0, row) {
                    return None;
                }
                let (months, days, micros) = parts(&call.args[0], row)?;
                let amount = if months != 0 {
                    i128::from(months)
                } else {
                    i128::from(days) * i128::from(MICROS_PER_DAY) + i128::from(micros)
                };
                let amount = amount * 1_000_000 / i128::from(unit);
                // Only seconds have parts.
                Some(if unit == MICROS { amount } else { amount / 1_000_000 * 1_000_000 })
            });
            let amounts: Decimal128Array = amounts.collect();
            Ok(Arc::new(amounts.with_precision_and_scale(25, 6)?))
        },
    )
}

/// A number of the shortest unit as an interval.
pub fn cast_of(number: Expr, to: UnitRange) -> Expr {
    // By now nobody else makes arguments of the types that functions take.
    of_number().udf().call(vec![cast(number, DataType::Int64), lit(to.name())])
}

/// A number of microseconds as an interval.
pub fn cast_of_micros(number: Expr, to: UnitRange) -> Expr {
    of_number().udf().call(vec![number, lit(to.name()), lit("micros")])
}

fn of_number() -> RowFunction {
    function(
        "spark_interval_of",
        |name, types| match types {
            [number, DataType::Utf8] if number.is_integer() => Ok((vec![DataType::Int64, DataType::Utf8], DAY_TIME)),
            [number, DataType::Utf8, DataType::Utf8] if number.is_integer() => {
                Ok((vec![DataType::Int64, DataType::Utf8, DataType::Utf8], DAY_TIME))
            }
            _ => plan_err!("`{name}` takes a whole number and the unit of an interval"),
        },
        |call| {
            let unit = call.text(1, 0).and_then(UnitRange::named).map_or(1, |range| range.to.length());
            let unit = if call.has(2) { 1 } else { unit };
            let amounts = (0..call.rows).map(|row| {
                let Some(number) = call.long(0, row) else { return Ok(None) };
                let amount = number.checked_mul(unit);
                let fitting = amount.filter(|amount| *call.gives != YEAR_MONTH || i32::try_from(*amount).is_ok());
                fitting.map(Some).ok_or_else(|| {
                    fault(format!("[CAST_OVERFLOW] {number} cannot be cast to an interval: so long is none"))
                })
            });
            of_amounts(amounts.collect::<Result<_>>()?, call.gives)
        },
    )
    .typed_by_fields(|name, _, constants| match written_text(constants, 1).and_then(UnitRange::named) {
        Some(range) => Ok(Arc::new(range.field(name))),
        None => plan_err!("`{name}` takes a whole number and the unit of an interval"),
    })
    .fallible()
}

/// `CAST(interval AS STRING)`, in the units that it has.
pub fn spelled(interval: Expr, field: &Field) -> Expr {
    let units = UnitRange::of_field(field).map_or(String::new(), UnitRange::name);
    text().udf().call(vec![interval, lit(units)])
}

fn text() -> RowFunction {
    function(
        "spark_interval_text",
        |name, types| match types {
            [interval, DataType::Utf8] => Ok((vec![taken_interval(name, interval)?, DataType::Utf8], DataType::Utf8)),
            _ => plan_err!("`{name}` takes an interval and its units"),
        },
        |call| {
            let kind = call.args[0].data_type().clone();
            if !is_interval(&kind) {
                return exec_err!("an interval");
            }
            let range = call.args[1].is_valid(0).then(|| call.text(1, 0)).flatten().and_then(UnitRange::named);
            call.texts(|row| {
                let Some((months, days, micros)) = parts(&call.args[0], row) else { return Ok(None) };
                Ok(Some(match range {
                    Some(range) => range.spelled(if kind == YEAR_MONTH { months } else { micros }),
                    None => {
                        let mut text = String::new();
                        write_calendar(&mut text, months, days, micros);
                        text
                    }
                }))
            })
        },
    )
}

/// `CalendarInterval.toString`: `2 years 1 months 3 days 4 hours 5.5 seconds`
fn write_calendar(text: &mut String, months: i64, days: i64, micros: i64) {
    let minute = 60 * MICROS;
    let units = [
        (months / 12, "years"),
        (months % 12, "months"),
        (days, "days"),
        (micros / (60 * minute), "hours"),
        (micros / minute % 60, "minutes"),
    ];
    let mut spelled: Vec<String> =
        units.into_iter().filter(|(number, _)| *number != 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    let seconds = micros % minute;
    if seconds != 0 {
        let mut number = String::new();
        numbers::write_plain(&mut number, seconds.into(), 6);
        spelled.push(format!("{} seconds", number.trim_end_matches('0').trim_end_matches('.')));
    }
    text.push_str(&if spelled.is_empty() { "0 seconds".to_string() } else { spelled.join(" ") });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_three_parts_are_spelled_part_by_part() {
        let spelled = |months, days, micros| {
            let mut text = String::new();
            write_calendar(&mut text, months, days, micros);
            text
        };
        assert_eq!(spelled(-11, 0, 0), "-11 months");
        assert_eq!(spelled(25, 1, 3_661_500_000), "2 years 1 months 1 days 1 hours 1 minutes 1.5 seconds");
        assert_eq!(spelled(0, 0, 0), "0 seconds");
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!((half_up(5, 2), half_up(-5, 2), half_up(4, 3)), (3, -3, 1));
    }
}
