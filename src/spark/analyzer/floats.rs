//! NaN is equal to itself and larger than all else, and -0.0 is 0.0; maps of the same entries are one group. So it is within lists,
//! structs and maps.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-datatypes.html#nan-semantics>. The engine compares by the bits of a number, so
//! both are made one where they are compared: in comparisons, keys of joins, groups and orders. What stands in a table is
//! compared with a number that is written without that, so that files are left out as they were.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{AggregateFunction, Alias, InList, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, Between, Distinct, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, Sort, Window,
};

use super::one_type::{binary, named};
use crate::spark::functions::scalar::{lists, normal};
use crate::spark::sql_types::{has_forms, has_map};

/// The value in the form that all values share which are equal to it.
pub fn normal(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    Ok(match expr.get_type(schema) {
        Ok(data_type) if data_type.is_floating() => normalized_value(expr),
        Ok(data_type) if has_forms(&data_type) => lists::one_form().call(vec![expr]),
        _ => expr,
    })
}

fn normalized_value(expr: Expr) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(value)), _) => {
            Expr::Literal(ScalarValue::from(normal::of_double(value)), None)
        }
        Expr::ScalarFunction(call) if call.func.name() == normal::NAME => Expr::ScalarFunction(call),
        expr => normal::normal().call(vec![expr]),
    }
}

/// A comparison of two values of one type.
pub fn compared(left: Expr, op: Operator, right: Expr, schema: &DFSchema) -> Result<Expr> {
    if !left.get_type(schema).is_ok_and(|data_type| data_type.is_floating()) {
        return Ok(binary(left, op, right));
    }
    Ok(match (&left, &right) {
        (Expr::Column(_), Expr::Literal(literal, _)) => match written(literal) {
            Some(value) => with_written(left, op, value, literal),
            None => binary(normalized_value(left), op, normalized_value(right)),
        },
        (Expr::Literal(literal, _), Expr::Column(_)) => match (written(literal), op.swap()) {
            (Some(value), Some(op)) => with_written(right, op, value, literal),
            _ => binary(normalized_value(left), op, normalized_value(right)),
        },
        _ => binary(normalized_value(left), op, normalized_value(right)),
    })
}

/// A number that is written; none for NaN, which may have many forms.
fn written(literal: &ScalarValue) -> Option<f64> {
    match literal {
        ScalarValue::Float64(Some(value)) => Some(*value),
        ScalarValue::Float32(Some(value)) => Some(f64::from(*value)),
        _ => None,
    }
    .filter(|value| !value.is_nan())
}

fn with_written(column: Expr, op: Operator, value: f64, literal: &ScalarValue) -> Expr {
    if value != 0.0 {
        return binary(column, op, Expr::Literal(literal.clone(), None));
    }
    let zero = |value: f64| {
        let zero = match literal {
            ScalarValue::Float32(_) => ScalarValue::from(value as f32),
            _ => ScalarValue::from(value),
        };
        Expr::Literal(zero, None)
    };
    match op {
        Operator::Eq | Operator::NotEq => {
            let (low, high) = (Box::new(zero(-0.0)), Box::new(zero(0.0)));
            Expr::Between(Between { expr: Box::new(column), negated: op == Operator::NotEq, low, high })
        }
        // -0.0 comes before 0.0.
        Operator::Lt | Operator::GtEq => binary(column, op, zero(-0.0)),
        Operator::Gt | Operator::LtEq => binary(column, op, zero(0.0)),
        _ => binary(normalized_value(column), op, zero(0.0)),
    }
}

pub fn in_list(list: InList, schema: &DFSchema) -> Result<Expr> {
    if !list.expr.get_type(schema).is_ok_and(|data_type| data_type.is_floating()) {
        return Ok(Expr::InList(list));
    }
    let expr = Box::new(normalized_value(*list.expr));
    let values = list.list.into_iter().map(normalized_value).collect();
    Ok(Expr::InList(InList { expr, list: values, negated: list.negated }))
}

/// What a plan compares without an operator: groups, orders, partitions of windows, and rows that are distinct.
pub fn normalized(plan: LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, .. }) => {
            let each = |expr: Expr| match expr {
                Expr::GroupingSet(_) => {
                    Ok(expr.map_children(|expr| named_normal(expr, schema).map(Transformed::yes))?.data)
                }
                expr => named_normal(expr, schema),
            };
            let groups = group_expr.into_iter().map(each).collect::<Result<Vec<_>>>()?;
            let aggregates =
                aggr_expr.into_iter().map(|expr| distinct_arguments(expr, schema)).collect::<Result<_>>()?;
            Aggregate::try_new(input, groups, aggregates).map(LogicalPlan::Aggregate)
        }
        LogicalPlan::Sort(Sort { mut expr, input, fetch }) => {
            for sort in &mut expr {
                if let Ok(map) = sort.expr.get_type(schema)
                    && has_map(&map)
                {
                    return plan_err!(
                        "[DATATYPE_MISMATCH.INVALID_ORDERING_TYPE] rows are not ordered by \"{}\": none of its values is more or less \
                         than another",
                        named(&map)
                    );
                }
                sort.expr = normal(std::mem::take(&mut sort.expr), schema)?;
            }
            Ok(LogicalPlan::Sort(Sort { expr, input, fetch }))
        }
        LogicalPlan::Window(Window { input, window_expr, .. }) => {
            let windows = window_expr.into_iter().map(|expr| partitions(expr, schema)).collect::<Result<_>>()?;
            Window::try_new(windows, input).map(LogicalPlan::Window)
        }
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let columns: Vec<Column> = input.schema().columns();
            if let Some(map) = input.schema().fields().iter().find(|field| has_map(field.data_type())) {
                return plan_err!(
                    "[UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE] `{}` has maps, of which none are told apart: group by it",
                    map.name()
                );
            }
            if !input.schema().fields().iter().any(|field| has_forms(field.data_type())) {
                return Ok(LogicalPlan::Distinct(Distinct::All(input)));
            }
            let below = input.schema().clone();
            let columns = columns.into_iter().map(|column| named_normal(Expr::Column(column), &below));
            let projected =
                LogicalPlanBuilder::from(Arc::unwrap_or_clone(input)).project(columns.collect::<Result<Vec<_>>>()?)?;
            Ok(LogicalPlan::Distinct(Distinct::All(Arc::new(projected.build()?))))
        }
        other => Ok(other),
    }
}

/// Under the name that it had.
fn named_normal(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let (qualifier, name) = expr.qualified_name();
    let found = expr.get_type(schema);
    match found {
        Ok(data_type) if has_forms(&data_type) => Ok(Expr::Alias(Alias::new(normal(expr, schema)?, qualifier, name))),
        _ => Ok(expr),
    }
}

fn distinct_arguments(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    match expr {
        Expr::Alias(mut alias) => {
            alias.expr = Box::new(distinct_arguments(*alias.expr, schema)?);
            Ok(Expr::Alias(alias))
        }
        Expr::AggregateFunction(AggregateFunction { func, mut params }) if params.distinct => {
            let name = Expr::AggregateFunction(AggregateFunction { func: func.clone(), params: params.clone() })
                .schema_name()
                .to_string();
            let mut has_changed = false;
            for argument in &mut params.args {
                if argument.get_type(schema).is_ok_and(|data_type| has_forms(&data_type)) {
                    *argument = normal(std::mem::take(argument), schema)?;
                    has_changed = true;
                }
            }
            let call = Expr::AggregateFunction(AggregateFunction { func, params });
            Ok(if has_changed { call.alias(name) } else { call })
        }
        other => Ok(other),
    }
}

fn partitions(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    match expr {
        Expr::Alias(mut alias) => {
            alias.expr = Box::new(partitions(*alias.expr, schema)?);
            Ok(Expr::Alias(alias))
        }
        Expr::WindowFunction(window) => {
            let types = window.params.partition_by.iter().map(|by| by.get_type(schema));
            let types: Vec<DataType> = types.filter_map(Result::ok).collect();
            if let Some(map) = types.iter().find(|data_type| has_map(data_type)) {
                return plan_err!(
                    "[EXPRESSION_TYPE_IS_NOT_ORDERABLE] a window is not parted by \"{}\": none of its values is more or less than \
                     another",
                    named(map)
                );
            }
            if !types.iter().any(has_forms) {
                return Ok(Expr::WindowFunction(window));
            }
            let name = Expr::WindowFunction(window.clone()).schema_name().to_string();
            let WindowFunction { fun, mut params } = *window;
            for by in &mut params.partition_by {
                *by = normal(std::mem::take(by), schema)?;
            }
            Ok(Expr::WindowFunction(Box::new(WindowFunction { fun, params })).alias(name))
        }
        other => Ok(other),
    }
}
