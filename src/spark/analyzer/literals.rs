//! Whole numbers that are written in a query: an `int` where they fit, which the engine takes for a `bigint`.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-literals.html#integral-literal>. Only of what was written: so not an analyzer
//! rule, which would change what this program builds itself, too.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DFSchemaRef, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{Cast, HigherOrderFunction};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, WindowFunctionDefinition};

use super::{conversions, named, unions};
use crate::spark::functions::scalar::cast;
use crate::spark::mode::Strictness;
use crate::spark::sql_types::{is_literal, name};

/// A plan as the planner has made it of a text, with types that follow from those of its literals.
pub fn narrowed(plan: LogicalPlan, ansi: bool) -> Result<LogicalPlan> {
    match plan {
        // Both sides of a recursion have been made to fit each other, and the rows of VALUES were narrowed one by one.
        LogicalPlan::RecursiveQuery(_) | LogicalPlan::Values(_) | LogicalPlan::TableScan(_) => return Ok(plan),
        _ => {}
    }
    let below = |plan: LogicalPlan| narrowed(plan, ansi).map(Transformed::yes);
    let plan = plan.map_children(below)?.data.map_subqueries(below)?.data;
    let plan = match plan {
        LogicalPlan::Union(union) => {
            let schemas = union.inputs.iter().map(|input| settled_schema(input, ansi)).collect::<Result<Vec<_>>>()?;
            return unions::coerced_from(union, &schemas, ansi);
        }
        // How many rows: that is no value.
        LogicalPlan::Limit(_) => plan,
        plan => {
            let schema = merge_schema(&plan.inputs());
            named::map_expressions(plan, |expr| narrowed_expr(expr, &schema).map(Transformed::yes))?.data
        }
    };
    plan.recompute_schema()
}

/// The columns of an input as they will be: what stands beside a literal may have another type yet. A union has settled its own.
fn settled_schema(plan: &LogicalPlan, ansi: bool) -> Result<DFSchemaRef> {
    match plan {
        LogicalPlan::Union(union) => Ok(union.schema.clone()),
        LogicalPlan::Distinct(Distinct::All(input)) => settled_schema(input, ansi),
        plan => Ok(conversions::settled(plan.clone(), ansi)?.schema().clone()),
    }
}

/// A lambda's variables are of the types of what it is given, which may have been of literals.
fn with_variables(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    match expr {
        // What a lambda is given depends on those within the values beside it, which the engine leaves as they are.
        Expr::HigherOrderFunction(HigherOrderFunction { func, args }) => {
            let value = |argument: Expr| match argument {
                lambda @ Expr::Lambda(_) => Ok(lambda),
                value => with_variables(value, schema),
            };
            let args = args.into_iter().map(value).collect::<Result<Vec<_>>>()?;
            let call = Expr::HigherOrderFunction(HigherOrderFunction { func, args });
            Ok(call.resolve_lambda_variables(schema)?.data)
        }
        expr => Ok(expr.map_children(|below| with_variables(below, schema).map(Transformed::yes))?.data),
    }
}

/// The same of an expression over the columns of a schema.
pub fn narrowed_expr(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let narrowed = expr.transform_down(|expr| match &expr {
        Expr::Literal(ScalarValue::Int64(Some(value)), metadata) => match i32::try_from(*value) {
            Ok(value) => Ok(Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(value)), metadata.clone()))),
            Err(_) => Ok(Transformed::no(expr)),
        },
        // Beyond a `bigint` it is a decimal.
        Expr::Literal(ScalarValue::UInt64(Some(value)), metadata) => {
            let digits = value.to_string().len() as u8;
            let decimal = ScalarValue::Decimal128(Some(i128::from(*value)), digits, 0);
            Ok(Transformed::yes(Expr::Literal(decimal, metadata.clone())))
        }
        Expr::Literal(ScalarValue::Decimal256(Some(value), precision, _), _) => plan_err!(
            "[DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION] {value} has {precision} digits; a decimal has at most 38, and \
             `1e3` is a double"
        ),
        // `1L` is a cast for the parser.
        Expr::Cast(Cast { expr: text, field }) if is_literal(field) => match text.as_ref() {
            Expr::Literal(ScalarValue::Utf8(Some(digits)), _) => {
                match cast::literal(&ScalarValue::from(digits.as_str()), field.data_type(), Strictness::Ansi) {
                    Ok(value) => Ok(Transformed::new(Expr::Literal(value, None), true, TreeNodeRecursion::Jump)),
                    Err(_) => plan_err!(
                        "[INVALID_NUMERIC_LITERAL_RANGE] {digits} is no {}",
                        name(field.data_type()).to_uppercase()
                    ),
                }
            }
            _ => Ok(Transformed::no(expr)),
        },
        // `count(*)` is the count of a number that the optimizer knows.
        Expr::AggregateFunction(call) if call.func.name() == "count" => {
            Ok(Transformed::new(expr, false, TreeNodeRecursion::Jump))
        }
        Expr::WindowFunction(call) => {
            let is_count =
                matches!(&call.fun, WindowFunctionDefinition::AggregateUDF(function) if function.name() == "count");
            let recursion = if is_count { TreeNodeRecursion::Jump } else { TreeNodeRecursion::Continue };
            Ok(Transformed::new(expr, false, recursion))
        }
        _ => Ok(Transformed::no(expr)),
    })?;
    with_variables(narrowed.data, schema)
}
