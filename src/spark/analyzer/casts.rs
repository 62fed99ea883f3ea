//! Casts whose result is spelled otherwise in Spark: timestamps as text.
//!
//! An analyzer rule, after the types are settled: so casts that nobody wrote are Spark's, too.
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html>

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, cast};
use datafusion::optimizer::AnalyzerRule;

use crate::spark::functions::scalar::date_formats;

#[derive(Debug)]
pub struct SparkCasts;

impl AnalyzerRule for SparkCasts {
    fn name(&self) -> &str {
        "spark_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|expr| Ok(rewrite(expr, &schema)))?;
                Ok(rewritten.update_data(|expr| name.restore(expr)))
            })
        })
        .map(|plan| plan.data)
    }
}

fn rewrite(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expr {
        Expr::Cast(Cast { expr, field })
            if field.data_type().is_string()
                && expr.get_type(schema).is_ok_and(|from| matches!(from, DataType::Timestamp(..))) =>
        {
            let text = date_formats::timestamp_text().call(vec![cast(*expr, date_formats::TIMESTAMP)]);
            match field.data_type() {
                DataType::Utf8 => Transformed::yes(text),
                _ => Transformed::yes(Expr::Cast(Cast { expr: Box::new(text), field })),
            }
        }
        other => Transformed::no(other),
    }
}
