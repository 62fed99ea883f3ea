//! `max` and `min` of lists and structs, and of floating-point numbers. The engine takes a null in the first for more than all
//! else, which in Spark is less; and of the second it has answers that depend on where NaN stands.

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, WindowFunctionDefinition};
use datafusion::optimizer::AnalyzerRule;

use crate::spark::functions::aggregate::extremes::{max_by, min_by};
use crate::spark::functions::aggregate::float_extremes;

#[derive(Debug)]
pub struct NestedExtremes;

impl AnalyzerRule for NestedExtremes {
    fn name(&self) -> &str {
        "spark_nested_extremes"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            if !matches!(plan, LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)) {
                return Ok(Transformed::no(plan));
            }
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let changed = expr.transform_up(|expr| of_nested(expr, &schema))?;
                Ok(Transformed::new(name.restore(changed.data), changed.transformed, changed.tnr))
            })
        })
        .map(|plan| plan.data)
    }
}

/// `max(list)` is `max_by(list, list)`.
fn of_nested(mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let (function, args) = match &mut expr {
        Expr::AggregateFunction(AggregateFunction { func, params }) => (func, &mut params.args),
        Expr::WindowFunction(call) => match &mut call.fun {
            WindowFunctionDefinition::AggregateUDF(function) => (function, &mut call.params.args),
            WindowFunctionDefinition::WindowUDF(_) => return Ok(Transformed::no(expr)),
        },
        _ => return Ok(Transformed::no(expr)),
    };
    let (nested, float) = match function.name() {
        "max" => (max_by(), float_extremes::max()),
        "min" => (min_by(), float_extremes::min()),
        _ => return Ok(Transformed::no(expr)),
    };
    let [of] = args.as_slice() else { return Ok(Transformed::no(expr)) };
    match of.get_type(schema)? {
        DataType::Float32 | DataType::Float64 => *function = float,
        found if found.is_nested() => {
            args.push(of.clone());
            *function = nested;
        }
        _ => return Ok(Transformed::no(expr)),
    }
    Ok(Transformed::yes(expr))
}
