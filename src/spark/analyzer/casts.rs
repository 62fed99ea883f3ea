//! Casts become Spark's, where those differ from the engine's.
//!
//! An analyzer rule, after the types are settled: so casts that nobody wrote are Spark's, too.
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#cast>

use arrow::datatypes::{DataType, FieldRef, IntervalUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Diagnostic, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, lit};
use datafusion::optimizer::AnalyzerRule;

use super::named;
use crate::spark::functions::scalar::cast::{self, pairs};
use crate::spark::functions::scalar::intervals;
use crate::spark::interval_units::{Unit, UnitRange};
use crate::spark::mode::{SqlMode, Strictness};
use crate::spark::sql_types::{canonical, name};

#[derive(Debug)]
pub struct SparkCasts;

impl AnalyzerRule for SparkCasts {
    fn name(&self) -> &str {
        "spark_casts"
    }

    fn analyze(&self, plan: LogicalPlan, options: &ConfigOptions) -> Result<LogicalPlan> {
        let strictness = SqlMode::of(options).strictness();
        plan.transform_up_with_subqueries(|plan| {
            let schema = schema_below(&plan)?;
            let plan =
                named::map_expressions(plan, |expr| expr.transform_up(|expr| rewrite(expr, &schema, strictness)))?;
            // What may be null has changed with the casts.
            if plan.transformed { plan.map_data(LogicalPlan::recompute_schema) } else { Ok(plan) }
        })
        .map(|plan| plan.data)
    }
}

/// The columns that a plan's expressions may name.
pub(super) fn schema_below(plan: &LogicalPlan) -> Result<DFSchema> {
    let mut schema = merge_schema(&plan.inputs());
    if let LogicalPlan::TableScan(scan) = plan {
        schema.merge(&DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?);
    }
    Ok(schema)
}

fn rewrite(expr: Expr, schema: &DFSchema, strictness: Strictness) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(Cast { expr, field }) => match of_spark(&expr, &field, schema, strictness)? {
            Some(cast) => Ok(Transformed::yes(cast)),
            None => Ok(Transformed::no(Expr::Cast(Cast { expr, field }))),
        },
        Expr::TryCast(TryCast { expr, field }) => match of_spark(&expr, &field, schema, Strictness::Try)? {
            Some(cast) => Ok(Transformed::yes(cast)),
            None => Ok(Transformed::no(Expr::TryCast(TryCast { expr, field }))),
        },
        other => Ok(Transformed::no(other)),
    }
}

/// The cast as a call of ours; `None` where the engine's own is as good, or is of types that Spark does not have.
fn of_spark(value: &Expr, to: &FieldRef, schema: &DFSchema, strictness: Strictness) -> Result<Option<Expr>> {
    let Ok(found) = value.get_type(schema) else { return Ok(None) };
    let wanted = to.data_type();
    if found.is_null() {
        return Ok(None);
    }
    let is_interval = |data_type: &DataType| matches!(data_type, DataType::Interval(_) | DataType::Duration(_));
    if is_interval(&found) && wanted.is_string() {
        let (_, field) = value.to_field(schema)?;
        return Ok(Some(intervals::spelled(value.clone(), &field)));
    }
    // Of intervals an overflow is an error in both modes.
    let checked = if strictness == Strictness::Legacy { Strictness::Ansi } else { strictness };
    if matches!(found, DataType::Interval(IntervalUnit::YearMonth) | DataType::Duration(_)) && wanted.is_numeric() {
        let (_, field) = value.to_field(schema)?;
        let amount = intervals::amount_of(value.clone(), &field);
        let Some(to) = canonical(wanted).filter(|to| to.is_integer() || to.is_decimal()) else { return Ok(None) };
        return Ok(Some(cast::cast_to(amount, &to, checked)));
    }
    if let Some(units) = UnitRange::said(to).filter(|_| !is_interval(&found)) {
        return match (canonical(&found), units.to) {
            (Some(number), _) if number.is_integer() => Ok(Some(intervals::cast_of(value.clone(), units))),
            // Parts of a second count, and of other units they do not.
            (Some(number), Unit::Second) if number.is_decimal() => {
                let micros = cast::cast_to(value.clone(), &DataType::Decimal128(25, 6), checked);
                let micros = cast::cast_to(
                    micros * lit(ScalarValue::Decimal128(Some(1_000_000), 7, 0)),
                    &DataType::Int64,
                    checked,
                );
                Ok(Some(intervals::cast_of_micros(micros, units)))
            }
            (Some(number), _) if number.is_decimal() => {
                let whole = cast::cast_to(value.clone(), &DataType::Int64, checked);
                Ok(Some(intervals::cast_of(whole, units)))
            }
            _ => plan_err!(
                "a cast of \"{}\" to \"{}\" is not there: make_dt_interval and make_ym_interval make intervals of numbers",
                name(&found).to_uppercase(),
                name(wanted).to_uppercase()
            ),
        };
    }
    let (Some(from), Some(canonical_to)) = (canonical(&found), canonical(wanted)) else { return Ok(None) };
    if !pairs::exists(&from, &canonical_to, strictness) {
        return Err(no_such_cast(value, &from, &canonical_to));
    }
    if pairs::is_engines(&from, &canonical_to) {
        return Ok(None);
    }
    let engine_cast = |value: Expr, to: &DataType| Expr::Cast(Cast::new(Box::new(value), to.clone()));
    let value = if found == from { value.clone() } else { engine_cast(value.clone(), &from) };
    let cast = match &value {
        // Where it is an error, it is one when the query runs: perhaps nobody asks for the value.
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) if is_special(text, &canonical_to) => {
            let epoch = epoch(text, &canonical_to)?.ok_or_else(|| written_time(text))?;
            Expr::Literal(epoch, None)
        }
        Expr::Literal(literal, _) => match cast::literal(literal, &canonical_to, strictness) {
            Ok(cast) => Expr::Literal(cast, None),
            Err(_) => cast::cast_to(value, &canonical_to, strictness),
        },
        _ => cast::cast_to(value, &canonical_to, strictness),
    };
    Ok(Some(if canonical_to == *wanted { cast } else { engine_cast(cast, wanted) }))
}

/// Texts that stand for a time where they are written in a query, and only there:
/// `SpecialDatetimeValues` in Spark.
fn is_special(text: &str, to: &DataType) -> bool {
    let word = text.trim().to_ascii_lowercase();
    matches!(to, DataType::Date32 | DataType::Timestamp(..))
        && ["epoch", "now", "today", "tomorrow", "yesterday"].contains(&word.as_str())
}

/// The first moment of 1970, if that is the word.
fn epoch(text: &str, to: &DataType) -> Result<Option<ScalarValue>> {
    let is_epoch = text.trim().eq_ignore_ascii_case("epoch");
    is_epoch.then(|| ScalarValue::new_zero(to)).transpose()
}

fn written_time(text: &str) -> DataFusionError {
    let message = format!(
        "[CAST_INVALID_INPUT] '{text}' as a time is not there: write `current_date()`, `current_timestamp()` or the date itself"
    );
    DataFusionError::Plan(message.clone()).with_diagnostic(Diagnostic::new_error(message, None))
}

fn no_such_cast(value: &Expr, from: &DataType, to: &DataType) -> DataFusionError {
    let named = |data_type: &DataType| name(data_type).to_uppercase();
    let message = format!(
        "[DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION] cannot cast \"{}\" to \"{}\": there is no such cast",
        named(from),
        named(to)
    );
    let place = value.spans().and_then(|spans| spans.first());
    DataFusionError::Plan(message.clone()).with_diagnostic(Diagnostic::new_error(message, place))
}
