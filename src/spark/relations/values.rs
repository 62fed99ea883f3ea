//! VALUES: a column is of the type that all its values become.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-inline-table.html>. The planner would take whole numbers for
//! `bigint`, and what a column becomes for what the engine makes of it.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{Query, SetExpr};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::kept::Scope;
use super::refused;
use crate::spark::analyzer::literals::narrowed_expr;
use crate::spark::analyzer::one_type::{converted, named};
use crate::spark::coercion::common;
use crate::spark::mode::SqlMode;
use crate::spark::sql::rewrite::build;
use crate::spark::sql_types::canonical;

/// Whether a query is nothing but VALUES.
pub fn is_alone(query: &Query) -> bool {
    let Query { with, body, order_by, limit_clause, .. } = query;
    with.is_none() && order_by.is_none() && limit_clause.is_none() && matches!(body.as_ref(), SetExpr::Values(_))
}

pub fn plan(query: Query, scope: &mut Scope) -> Result<LogicalPlan> {
    let SetExpr::Values(values) = *query.body else { return scope.plan(build::derived(query)) };
    let place = values.rows.first().map_or(Span::empty(), |row| row.opening_token.0.span);
    let width = values.rows.first().map_or(0, |row| row.content.len());
    let nowhere = DFSchema::empty();
    let mut rows: Vec<Vec<Expr>> = vec![];
    for row in values.rows {
        if row.content.len() != width {
            return Err(refused(
                row.opening_token.0.span,
                format!(
                    "[INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH] a row of VALUES has {} values, and the first has {width}",
                    row.content.len()
                ),
                "give each row as many: NULL where there is none",
            ));
        }
        let planned = row.content.into_iter().map(|value| {
            let value = scope.context.sql_to_expr(value, &nowhere)?;
            narrowed_expr(value, &nowhere)
        });
        rows.push(planned.collect::<Result<_>>()?);
    }
    let ansi = SqlMode::of(scope.context.context_provider().options()).ansi;
    for column in 0..width {
        let types = rows.iter().map(|row| row[column].get_type(&nowhere)).collect::<Result<Vec<_>>>()?;
        let Some(to) = type_of_all(&types, ansi, place)? else {
            like_the_others(&mut rows, column, &types)?;
            continue;
        };
        for (row, from) in rows.iter_mut().zip(&types) {
            row[column] = converted(std::mem::take(&mut row[column]), from, &to);
        }
    }
    LogicalPlanBuilder::values(rows)?.build()
}

/// Nulls beside intervals are such, with what is said of their units.
fn like_the_others(rows: &mut [Vec<Expr>], column: usize, types: &[DataType]) -> Result<()> {
    let Some(first) = types.iter().position(|one| !one.is_null()) else { return Ok(()) };
    if canonical(&types[first]).is_some() || !types.iter().any(DataType::is_null) {
        return Ok(());
    }
    let (_, field) = rows[first][column].to_field(&DFSchema::empty())?;
    for (row, from) in rows.iter_mut().zip(types) {
        if from.is_null() {
            let expr = Box::new(std::mem::take(&mut row[column]));
            row[column] = Expr::Cast(Cast { expr, field: field.clone() });
        }
    }
    Ok(())
}

/// `None` where they are of one type, or of what Spark's rules say nothing of.
fn type_of_all(types: &[DataType], ansi: bool, place: Span) -> Result<Option<DataType>> {
    if types.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(None);
    }
    let Some(all) = types.iter().map(canonical).collect::<Option<Vec<_>>>() else { return Ok(None) };
    let mut wide = DataType::Null;
    for one in &all {
        wide = common(&wide, one, ansi).ok_or_else(|| {
            refused(
                place,
                format!(
                    "[INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE] a column of VALUES has values of \"{}\" and of \
                     \"{}\"",
                    named(&wide),
                    named(one)
                ),
                "CAST one of them",
            )
        })?;
    }
    Ok(Some(wide))
}
