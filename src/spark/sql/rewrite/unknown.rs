//! What Spark does not begin, although the engine would answer it; and functions of Spark that are not there.
//!
//! What is put in place of something by another rewrite is not looked at: these look at what was written.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, NamedWindowDefinition,
    NamedWindowExpr, Select, SelectItem, SetExpr, SetOperator, SetQuantifier, Spanned, TableAlias, TableFactor, Value,
    WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::RewriteRefusal;
use super::own::visit_own;

/// Number the rows of a window, or look at a row before or behind another, so there must be an order:
/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-window.html>
const OF_ORDERED_ROWS: [&str; 9] =
    ["row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "nth_value"];

/// Take a unit, a number or a time, and a time.
const OF_UNITS: [&str; 6] = ["date_add", "dateadd", "timestampadd", "date_diff", "datediff", "timestampdiff"];

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

/// A text where a name stands: `SELECT 1 AS 'one'`.
pub fn texts_as_names(select: &Select) -> Result<(), RewriteRefusal> {
    let items = select.projection.iter().flat_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => vec![alias],
        SelectItem::ExprWithAliases { aliases, .. } => aliases.iter().collect(),
        _ => vec![],
    });
    let factors = select
        .from
        .iter()
        .flat_map(|table| std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)));
    let tables = factors.flat_map(|factor| match factor {
        TableFactor::Table { name, alias, .. } => {
            let parts = name.0.iter().filter_map(|part| part.as_ident());
            parts.chain(alias.iter().flat_map(names_of)).collect::<Vec<_>>()
        }
        TableFactor::Derived { alias, .. } => alias.iter().flat_map(names_of).collect(),
        _ => vec![],
    });
    match items.chain(tables).find(|name| name.quote_style == Some('\'')) {
        Some(name) => Err(RewriteRefusal::new(
            name.span,
            format!("[PARSE_SYNTAX_ERROR] '{}' is a text, and no name", name.value),
            "put names between backticks",
        )),
        None => Ok(()),
    }
}

/// Two tables of one name, one of them with its database: which is meant by `t.a` must not depend on their order.
pub fn tables_of_one_name(select: &Select) -> Result<(), RewriteRefusal> {
    let factors = select
        .from
        .iter()
        .flat_map(|table| std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)));
    let mut known: Vec<(String, String)> = vec![];
    for factor in factors {
        let TableFactor::Table { name, alias: None, args: None, .. } = factor else { continue };
        let Some(last) = name.0.last().and_then(|part| part.as_ident()) else { continue };
        let whole = name.to_string();
        let is_bare = |name: &str| !name.contains('.');
        if known.iter().any(|(other, full)| *other == last.value && is_bare(full) != is_bare(&whole)) {
            return Err(RewriteRefusal::new(
                name.span(),
                format!("[AMBIGUOUS_REFERENCE] there are two tables `{}` here", last.value),
                "give one of them another name: FROM … AS …",
            ));
        }
        known.push((last.value.clone(), whole));
    }
    Ok(())
}

fn names_of(alias: &TableAlias) -> impl Iterator<Item = &Ident> {
    std::iter::once(&alias.name).chain(alias.columns.iter().map(|column| &column.name))
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
    if OF_UNITS.contains(&name.as_str())
        && let FunctionArguments::List(list) = &function.args
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(unit))), _, _] = list.args.as_slice()
        && let Value::SingleQuotedString(text) = &unit.value
    {
        return Err(RewriteRefusal::new(
            unit.span,
            format!("[INVALID_PARAMETER_VALUE.DATETIME_UNIT] the unit of `{name}` is a word, not a text"),
            format!("write {name}({text}, …)"),
        ));
    }
    if let FunctionArguments::List(list) = &function.args
        && let Some(nth) = list
            .args
            .iter()
            .enumerate()
            .position(|(nth, given)| is_null(given) && takes_no_null(&name, nth, &list.args))
    {
        return Err(RewriteRefusal::new(
            function.name.span(),
            format!("[DATATYPE_MISMATCH] argument {} of `{name}` is a NULL without a type", nth + 1),
            "say which: CAST(NULL AS array<int>)",
        ));
    }
    if name == "count" && matches!(&function.args, FunctionArguments::List(list) if list.args.is_empty()) {
        let message = "[WRONG_NUM_ARGS.WITH_SUGGESTION] `count` is not told what to count";
        return Err(RewriteRefusal::new(function.name.span(), message, "write count(*) for all rows"));
    }
    if name == "count"
        && let FunctionArguments::List(list) = &function.args
        && let Some(table) = list.args.iter().find_map(|given| match given {
            FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(table)) => Some(table),
            _ => None,
        })
    {
        return Err(RewriteRefusal::new(
            function.name.span(),
            format!(
                "[INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT] `count({table}.*)` counts nothing that is said"
            ),
            "write count(*) for all rows, or count(a, b) for those in which no column is null",
        ));
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

fn is_null(given: &FunctionArg) -> bool {
    matches!(given, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) if value.value == Value::Null)
}

/// Whether a NULL that is written there is of no type that the function takes.
fn takes_no_null(name: &str, nth: usize, all: &[FunctionArg]) -> bool {
    match name {
        "array_append" | "array_prepend" | "array_contains" | "array_position" | "array_remove" | "flatten" => nth == 0,
        "array_sort" => nth == 0 && all.len() == 1,
        "array_except" | "array_intersect" | "array_union" | "arrays_overlap" => nth < 2,
        "array_insert" => nth < 2,
        "element_at" | "try_element_at" | "map_contains_key" => nth == 1,
        "json_tuple" => true,
        // Of texts it is one.
        "concat" => all.iter().any(is_list),
        _ => false,
    }
}

fn is_list(given: &FunctionArg) -> bool {
    matches!(
        given,
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(function))) if function.name.to_string() == "array"
    )
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
