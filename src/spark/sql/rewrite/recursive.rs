//! Whole numbers in WITH RECURSIVE: the planner makes both sides of one type before [any other](crate::spark::analyzer::literals)
//! has become an `int`, so these are `int`s from the beginning.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-cte.html>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Query, Select, SelectItem, Value, ValueWithSpan, VisitMut, VisitorMut,
};

use super::build::cast;
use super::literals::marked;

pub fn rewrite(query: &mut Query) {
    if let Some(with) = query.with.as_mut().filter(|with| with.recursive) {
        for table in &mut with.cte_tables {
            let _ = table.query.visit(&mut Lists);
        }
    }
}

struct Lists;

impl VisitorMut for Lists {
    type Break = ();

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                narrow(expr);
            }
        }
        ControlFlow::Continue(())
    }
}

/// A number, or what is computed with numbers. What functions are told is left as it is: some want it written.
fn narrow(expr: &mut Expr) {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, false), span }) if digits.parse::<i32>().is_ok() => {
            let text = Value::SingleQuotedString(digits.clone()).with_span(*span);
            *expr = cast(Expr::Value(text), marked(DataType::Int(None)));
        }
        Expr::Nested(inner) => narrow(inner),
        Expr::BinaryOp { left, op, right } if is_arithmetic(op) => {
            narrow(left);
            narrow(right);
        }
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter_mut().for_each(|case| narrow(&mut case.result));
            else_result.iter_mut().for_each(|otherwise| narrow(otherwise));
        }
        Expr::UnaryOp { expr: inner, .. } if matches!(inner.as_ref(), Expr::Value(_)) => {
            let whole = expr.to_string();
            if whole.parse::<i32>().is_ok() {
                let text = Value::SingleQuotedString(whole).with_empty_span();
                *expr = cast(Expr::Value(text), marked(DataType::Int(None)));
            }
        }
        _ => {}
    }
}

fn is_arithmetic(op: &BinaryOperator) -> bool {
    matches!(op, BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply | BinaryOperator::Modulo)
}
