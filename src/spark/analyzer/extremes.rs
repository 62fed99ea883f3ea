//! `max` and `min` of lists and structs. The engine takes a null in them for more than all else; in Spark it is less.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, WindowFunctionDefinition};
use datafusion::optimizer::AnalyzerRule;

use crate::spark::functions::aggregate::extremes::{max_by, min_by};

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
    let other = match function.name() {
        "max" => max_by(),
        "min" => min_by(),
        _ => return Ok(Transformed::no(expr)),
    };
    match args.as_slice() {
        [of] if of.get_type(schema)?.is_nested() => {
            args.push(of.clone());
            *function = other;
            Ok(Transformed::yes(expr))
        }
        _ => Ok(Transformed::no(expr)),
    }
}
