//! `RANGE BETWEEN 1 PRECEDING AND …` over dates: the number is of days.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-window.html>. The engine would take it for seconds.

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, WindowFrameBound, WindowFrameUnits};
use datafusion::optimizer::AnalyzerRule;

use crate::spark::types;

#[derive(Debug)]
pub struct RangesOfDays;

impl AnalyzerRule for RangesOfDays {
    fn name(&self) -> &str {
        "spark_ranges_of_days"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Window(_) => {
                let schema = merge_schema(&plan.inputs());
                let names = NamePreserver::new(&plan);
                plan.map_expressions(|expr| {
                    let name = names.save(&expr);
                    let changed = expr.transform_up(|expr| in_days(expr, &schema))?;
                    Ok(Transformed::new(name.restore(changed.data), changed.transformed, changed.tnr))
                })
            }
            plan => Ok(Transformed::no(plan)),
        })
        .map(|plan| plan.data)
    }
}

fn in_days(mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Expr::WindowFunction(call) = &mut expr else { return Ok(Transformed::no(expr)) };
    let params = &mut call.params;
    if params.window_frame.units != WindowFrameUnits::Range {
        return Ok(Transformed::no(expr));
    }
    let [by] = params.order_by.as_slice() else { return Ok(Transformed::no(expr)) };
    let data_type = by.expr.get_type(schema)?;
    let is_time = matches!(data_type, DataType::Date32 | DataType::Timestamp(..));
    let (start, end) = (&params.window_frame.start_bound, &params.window_frame.end_bound);
    if !is_time || number(start).or(number(end)).is_none() {
        return Ok(Transformed::no(expr));
    }
    if data_type != DataType::Date32 {
        return plan_err!(
            "[DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_DIFF_TYPES] a RANGE over {} is of intervals, not of numbers: write \
             INTERVAL '1' HOUR",
            types::name(&data_type)
        );
    }
    for bound in [&mut params.window_frame.start_bound, &mut params.window_frame.end_bound] {
        if let Some(days) = number(bound)
            && let WindowFrameBound::Preceding(value) | WindowFrameBound::Following(value) = bound
        {
            *value = ScalarValue::from(format!("{days} days"));
        }
    }
    Ok(Transformed::yes(expr))
}

/// What a bound says, if it is a plain number.
fn number(bound: &WindowFrameBound) -> Option<i64> {
    match bound {
        WindowFrameBound::Preceding(ScalarValue::Utf8(Some(text)))
        | WindowFrameBound::Following(ScalarValue::Utf8(Some(text))) => text.parse().ok(),
        _ => None,
    }
}
