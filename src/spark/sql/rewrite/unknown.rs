//! What Spark does not begin, although the engine would answer it; and functions of Spark that are not there.
//!
//! What is put in place of something by another rewrite is not looked at: these look at what was written.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArguments, NamedWindowDefinition, NamedWindowExpr, Select, SetExpr,
    SetOperator, SetQuantifier, Spanned, Value, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::RewriteRefusal;
use super::own::visit_own;

/// Number the rows of a window, or look at a row before or behind another, so there must be an order:
/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-window.html>
const OF_ORDERED_ROWS: [&str; 9] =
    ["row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "nth_value"];

/// Functions of Spark that are not there, and why: `spark-compat/DIFFERENCES.md`.
const NOT_THERE: [(&str, &str); 10] = [
    ("sentences", "it parts texts by the rules of Java's own dictionaries; split() parts them by a pattern"),
    (
        "session_window",
        "number the sessions: sum(if(at > lag(at) OVER w + INTERVAL 30 MINUTES, 1, 0)) over the rows so far, in a subquery each",
    ),
    ("parse_json", VARIANTS),
    ("try_parse_json", VARIANTS),
    ("variant_get", VARIANTS),
    ("try_variant_get", VARIANTS),
    ("to_variant_object", VARIANTS),
    ("is_variant_null", VARIANTS),
    ("schema_of_variant", VARIANTS),
    ("schema_of_variant_agg", VARIANTS),
];

const VARIANTS: &str = "there are no variants, because Athena reads none: get_json_object() and from_json() read JSON";

pub fn set_operation(body: &SetExpr) -> Result<(), RewriteRefusal> {
    let SetExpr::SetOperation { op, set_quantifier, left, right } = body else { return Ok(()) };
    set_operation(left)?;
    set_operation(right)?;
    match (op, set_quantifier) {
        (SetOperator::Union, SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName) => {
            Err(RewriteRefusal::new(
                right.span(),
                "[PARSE_SYNTAX_ERROR] UNION BY NAME is no part of Spark's SQL",
                "name the columns of both sides in the same order",
            ))
        }
        _ => Ok(()),
    }
}

/// Calls over a window that has a name.
pub fn windows(select: &mut Select) -> Result<(), RewriteRefusal> {
    let is_unordered = |window: &NamedWindowDefinition| match window {
        NamedWindowDefinition(name, NamedWindowExpr::WindowSpec(spec)) if spec.order_by.is_empty() => {
            Some(name.value.clone())
        }
        _ => None,
    };
    let unordered: Vec<String> = select.named_window.iter().filter_map(is_unordered).collect();
    if unordered.is_empty() {
        return Ok(());
    }
    let found = visit_own(select, None, |expr| match expr {
        Expr::Function(function) => match &function.over {
            Some(WindowType::NamedWindow(name)) if unordered.contains(&name.value) && asks_for_order(function) => {
                ControlFlow::Break(not_ordered(function))
            }
            _ => ControlFlow::Continue(()),
        },
        _ => ControlFlow::Continue(()),
    });
    match found {
        ControlFlow::Break(refusal) => Err(refusal),
        ControlFlow::Continue(()) => Ok(()),
    }
}

pub fn expression(expr: &Expr) -> Result<(), RewriteRefusal> {
    match expr {
        Expr::Function(function) => call(function),
        Expr::JsonAccess { .. } => Err(RewriteRefusal::new(
            expr.span(),
            "[COLUMN_IS_NOT_VARIANT_TYPE] `column:field` is of variants, and there are none",
            "write get_json_object(column, '$.field')",
        )),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => substituted(text, value.span),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// `${name}` in a text: <https://spark.apache.org/docs/latest/sql-ref-syntax-aux-conf-mgmt-set.html>, `VariableSubstitution`
/// in Spark.
fn substituted(text: &str, place: Span) -> Result<(), RewriteRefusal> {
    let name = text.split_once("${").and_then(|(_, name)| name.split_once('}')).map(|(name, _)| name);
    match name.filter(|name| !name.is_empty() && !name.contains(char::is_whitespace)) {
        Some(name) => Err(RewriteRefusal::new(
            place,
            format!(
                "before Spark reads a query it puts a setting in the place of `${{{name}}}`, or nothing; here it would stay"
            ),
            "write the value itself; for a group in regexp_replace write `$1`, for the text `'$' || '{…}'`",
        )),
        None => Ok(()),
    }
}

fn call(function: &Function) -> Result<(), RewriteRefusal> {
    let name = function.name.to_string();
    if let Some((name, why)) = NOT_THERE.iter().find(|(known, _)| *known == name) {
        let message = format!("the function `{name}` of Spark is not there");
        return Err(RewriteRefusal::new(function.name.span(), message, *why));
    }
    let is_distinct = matches!(
        &function.args,
        FunctionArguments::List(list) if list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
    );
    match &function.over {
        Some(_) if is_distinct => Err(RewriteRefusal::new(
            function.name.span(),
            format!("[DISTINCT_WINDOW_FUNCTION_UNSUPPORTED] `{name}(DISTINCT …)` has no window"),
            "for count: size(collect_set(x) OVER (…))",
        )),
        Some(WindowType::WindowSpec(spec))
            if spec.window_name.is_none() && spec.order_by.is_empty() && asks_for_order(function) =>
        {
            Err(not_ordered(function))
        }
        _ => Ok(()),
    }
}

fn asks_for_order(function: &Function) -> bool {
    OF_ORDERED_ROWS.contains(&function.name.to_string().as_str())
}

fn not_ordered(function: &Function) -> RewriteRefusal {
    RewriteRefusal::new(
        function.name.span(),
        format!("[WINDOW_FUNCTION_FRAME_NOT_ORDERED] `{}` asks for the order of its rows", function.name),
        "add ORDER BY to its window",
    )
}
