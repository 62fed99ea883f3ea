//! Aggregates that are others in other words.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-functions-builtin.html#aggregate-functions>

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, DataType, DateTimeField, DuplicateTreatment, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Interval, NamedWindowDefinition, NamedWindowExpr,
    OrderByExpr, Select, Spanned, Value, WindowFrame, WindowFrameBound, WindowType,
};

use super::RewriteRefusal;
use super::build::{arguments, binary, call, cast, renamed};
use crate::spark::functions::scalar::interval_literal;
use crate::spark::interval_units::{Unit, UnitRange};

pub fn rewrite(expr: &mut Expr) -> Result<(), RewriteRefusal> {
    let Expr::Function(function) = expr else { return Ok(()) };
    if let Some(WindowType::WindowSpec(spec)) = &mut function.over
        && let Some(frame) = &mut spec.window_frame
    {
        frame_in_words(frame);
    }
    let Some(given) = arguments(function) else { return Ok(()) };
    let is_distinct = is_distinct(function);
    match (function.name.to_string().as_str(), given.as_slice()) {
        ("every", [_]) => function.name = renamed(&function.name, "bool_and"),
        ("some" | "any", [_]) => function.name = renamed(&function.name, "bool_or"),
        ("std", [_]) => function.name = renamed(&function.name, "stddev"),
        ("variance", [_]) => function.name = renamed(&function.name, "var_samp"),
        ("array_agg", [_]) => function.name = renamed(&function.name, "collect_list"),
        ("median", [of]) => {
            let half = Expr::Value(Value::Number("0.5".to_string(), false).with_empty_span());
            give(function, "percentile", vec![of.clone(), half]);
        }
        ("count_if", [condition]) => {
            let counted = when(condition.clone(), truth());
            give(function, "count", vec![counted]);
        }
        // Rows of which one is null are none.
        ("count", [_, _, ..]) if is_distinct => {
            let present = given.iter().map(|one| Expr::IsNotNull(Box::new(one.clone())));
            if let Some(present) = present.reduce(|all, one| binary(all, BinaryOperator::And, one)) {
                let place = function.name.span();
                let named = given.iter().enumerate().flat_map(|(nth, one)| [text(&format!("c{nth}")), one.clone()]);
                let row = call("named_struct", place, named.collect());
                give(function, "count", vec![when(present, row)]);
            }
        }
        ("approx_count_distinct", [of] | [of, _]) => {
            // As texts, so that there is an answer for values of each type.
            give(function, "approx_distinct", vec![cast(of.clone(), DataType::String(None))]);
            *expr = cast(expr.clone(), DataType::BigInt(None));
        }
        ("regr_count", [_, _]) => *expr = cast(expr.clone(), DataType::BigInt(None)),
        ("listagg" | "string_agg", [of] | [of, _]) => {
            let between = given.get(1).cloned().unwrap_or_else(|| text(""));
            let written = of.clone();
            let of = cast(of.clone(), DataType::String(None));
            let mut order = std::mem::take(&mut function.within_group);
            // Of texts that are there once, the order is one of these texts.
            for by in order.iter_mut().filter(|by| is_distinct && by.expr == written) {
                by.expr = of.clone();
            }
            give(function, "string_agg", vec![of, between]);
            if let FunctionArguments::List(list) = &mut function.args
                && !order.is_empty()
            {
                list.clauses.push(FunctionArgumentClause::OrderBy(order));
            }
            *expr = cast(expr.clone(), DataType::String(None));
        }
        ("percentile_disc", [rank]) => match function.within_group.as_slice() {
            [OrderByExpr { expr: of, options, .. }] => {
                let descends = Value::Boolean(options.asc == Some(false)).with_empty_span();
                let given = vec![of.clone(), rank.clone(), Expr::Value(descends)];
                function.within_group = vec![];
                give(function, "percentile_disc", given);
            }
            _ => {
                return Err(RewriteRefusal::new(
                    function.name.span(),
                    "`percentile_disc` is told of what by WITHIN GROUP",
                    "write percentile_disc(0.5) WITHIN GROUP (ORDER BY x)",
                ));
            }
        },
        _ => {}
    }
    Ok(())
}

fn is_distinct(function: &Function) -> bool {
    matches!(
        &function.args,
        FunctionArguments::List(list) if list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
    )
}

/// Calls another function with other arguments, and with the same clauses.
fn give(function: &mut Function, name: &str, arguments: Vec<Expr>) {
    function.name = renamed(&function.name, name);
    if let FunctionArguments::List(list) = &mut function.args {
        list.args = arguments.into_iter().map(|one| FunctionArg::Unnamed(FunctionArgExpr::Expr(one))).collect();
    }
}

/// `CASE WHEN condition THEN result END`
fn when(condition: Expr, result: Expr) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: None,
    }
}

fn truth() -> Expr {
    Expr::Value(Value::Boolean(true).with_empty_span())
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_string()).with_empty_span())
}

/// Frames behind WINDOW.
pub fn named_windows(select: &mut Select) {
    for window in &mut select.named_window {
        if let NamedWindowDefinition(_, NamedWindowExpr::WindowSpec(spec)) = window
            && let Some(frame) = &mut spec.window_frame
        {
            frame_in_words(frame);
        }
    }
}

/// The bounds of a frame are intervals to the planner, of one unit, and not calls of what makes them.
fn frame_in_words(frame: &mut WindowFrame) {
    for bound in [Some(&mut frame.start_bound), frame.end_bound.as_mut()].into_iter().flatten() {
        if let WindowFrameBound::Preceding(Some(bound)) | WindowFrameBound::Following(Some(bound)) = bound
            && let Expr::Function(function) = bound.as_ref()
            && function.name.to_string().trim_matches('`') == interval_literal::LITERAL
            && let Some(texts) = arguments(function)
        {
            let texts: Vec<String> = texts.iter().filter_map(said).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let Some((range, amount)) = interval_literal::read(&texts) else { continue };
            let (amount, unit) = match range {
                UnitRange::DAY => (amount / Unit::Day.length(), DateTimeField::Day),
                range if range.from.is_of_months() => (amount, DateTimeField::Month),
                _ => (amount, DateTimeField::Microseconds),
            };
            **bound = Expr::Interval(Interval {
                value: Box::new(text(&amount.to_string())),
                leading_field: Some(unit),
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            });
        }
    }
}

fn said(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => value.value.clone().into_string(),
        _ => None,
    }
}
