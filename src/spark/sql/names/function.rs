//! The name of a function: how its class in Spark calls itself, and all arguments that it has by default.
//!
//! Asked of PySpark 4.3, by the examples of its documentation: <https://spark.apache.org/docs/latest/api/sql/>

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, LambdaFunction,
    NamedWindowExpr, NullTreatment, OneOrManyWithParens, OrderByExpr, UnaryOperator, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowSpec, WindowType,
};

use super::{Naming, bare, literal};
use crate::spark::functions::scalar::interval_literal;

/// Functions that are called otherwise in names.
const RENAMED: [(&str, &str); 22] = [
    ("string_agg", "listagg"),
    ("array_agg", "collect_list"),
    ("charindex", "locate"),
    ("curdate", "current_date"),
    ("current_database", "current_schema"),
    ("dateadd", "date_add"),
    ("dense_rank", "DENSE_RANK"),
    ("localtime", "current_time"),
    ("make_timestamp_ltz", "make_timestamp"),
    ("percent_rank", "PERCENT_RANK"),
    ("random", "rand"),
    ("rank", "RANK"),
    ("regexp", "REGEXP"),
    ("regexp_like", "REGEXP_LIKE"),
    ("rlike", "RLIKE"),
    ("spark_partition_id", "SPARK_PARTITION_ID"),
    ("to_varchar", "to_char"),
    ("try_make_timestamp_ltz", "make_timestamp"),
    ("ceil", "CEIL"),
    ("floor", "FLOOR"),
    ("pi", "PI"),
    ("e", "E"),
];

/// Functions of mathematics, which call themselves in capital letters.
const CAPITALS: [&str; 29] = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "cot", "csc", "degrees", "exp",
    "expm1", "hypot", "log", "log10", "log1p", "log2", "power", "radians", "sec", "signum", "sin", "sinh", "sqrt",
    "tan", "tanh",
];

/// What a function has behind its arguments if it is given so many of them.
const DEFAULTS: [(&str, usize, &str); 43] = [
    ("approx_top_k", 1, "5, 10000"),
    ("approx_top_k", 2, "10000"),
    ("approx_percentile", 2, "10000"),
    ("bround", 1, "0"),
    ("charindex", 2, "1"),
    ("current_time", 0, "6"),
    ("from_unixtime", 1, "yyyy-MM-dd HH:mm:ss"),
    ("instr", 3, "1"),
    ("lag", 1, "1, NULL"),
    ("lag", 2, "NULL"),
    ("lead", 1, "1, NULL"),
    ("lead", 2, "NULL"),
    ("listagg", 1, "NULL"),
    ("locate", 2, "1"),
    ("lpad", 2, " "),
    ("make_dt_interval", 1, "0, 0, 0.000000"),
    ("make_dt_interval", 2, "0, 0.000000"),
    ("make_dt_interval", 3, "0.000000"),
    ("make_interval", 1, "0, 0, 0, 0, 0, 0.000000"),
    ("make_interval", 2, "0, 0, 0, 0, 0.000000"),
    ("make_interval", 3, "0, 0, 0, 0.000000"),
    ("make_ym_interval", 1, "0"),
    ("mask", 1, "X, x, n, NULL"),
    ("mask", 2, "x, n, NULL"),
    ("mask", 3, "n, NULL"),
    ("mask", 4, "NULL"),
    ("months_between", 2, "true"),
    ("percentile", 2, "1"),
    ("percentile_approx", 2, "10000"),
    ("position", 2, "1"),
    ("regexp_extract", 2, "1"),
    ("regexp_extract_all", 2, "1"),
    ("regexp_instr", 2, "0"),
    ("regexp_replace", 3, "1"),
    ("replace", 2, ""),
    ("round", 1, "0"),
    ("rpad", 2, " "),
    ("sort_array", 1, "true"),
    ("split", 2, "-1"),
    ("string_agg", 1, "NULL"),
    ("substr", 2, "2147483647"),
    ("substring", 2, "2147483647"),
    ("unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"),
];

/// Functions of which only so many arguments are named.
const SHORTENED: [(&str, usize); 9] = [
    ("any_value", 1),
    ("approx_count_distinct", 1),
    ("first", 1),
    ("first_value", 1),
    ("from_json", 1),
    ("last", 1),
    ("last_value", 1),
    ("mode", 1),
    ("variant_get", 2),
];

/// Functions that are casts: <https://spark.apache.org/docs/latest/sql-ref-functions-builtin.html#conversion-functions>
const CASTS: [&str; 12] = [
    "bigint",
    "binary",
    "boolean",
    "date",
    "decimal",
    "double",
    "float",
    "int",
    "smallint",
    "string",
    "timestamp",
    "tinyint",
];

/// How Spark's `array_sort` compares.
const COMPARED: &str = "lambdafunction((IF(((namedlambdavariable() IS NULL) AND (namedlambdavariable() IS NULL)), 0, \
                        (IF((namedlambdavariable() IS NULL), 1, (IF((namedlambdavariable() IS NULL), -1, \
                        (IF((namedlambdavariable() < namedlambdavariable()), -1, (IF((namedlambdavariable() > \
                        namedlambdavariable()), 1, 0)))))))))), namedlambdavariable(), namedlambdavariable())";

pub fn write(name: &mut Naming, function: &Function) {
    let called = function.name.to_string();
    let arguments = arguments(function);
    let plain: Vec<&Expr> = arguments.iter().filter_map(|argument| expr_of(argument)).collect();
    if !special(name, &called, &plain) {
        let is_ignoring = function.null_treatment == Some(NullTreatment::IgnoreNulls);
        let pretty = match called.as_str() {
            "first_value" if is_ignoring => "first",
            "last_value" if is_ignoring => "last",
            called if CAPITALS.contains(&called) => &called.to_uppercase(),
            called => RENAMED.iter().find(|(other, _)| *other == called).map_or(called, |(_, pretty)| pretty),
        };
        name.push(pretty);
        name.push("(");
        let distinct = matches!(
            &function.args,
            FunctionArguments::List(list) if list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
        );
        name.push(if distinct { "DISTINCT " } else { "" });
        write_arguments(name, &called, &arguments);
        name.push(")");
        name.push(if called == "nth_value" && is_ignoring { " ignore nulls" } else { "" });
    }
    within_group(name, &called, &function.within_group);
    if let Some(filter) = &function.filter {
        name.push(" FILTER (WHERE ");
        name.write(filter);
        name.push(")");
    }
    if let Some(window) = &function.over {
        over(name, &called, &plain, window);
    }
}

fn arguments(function: &Function) -> Vec<FunctionArg> {
    match &function.args {
        FunctionArguments::List(list) => list.args.clone(),
        FunctionArguments::Subquery(_) | FunctionArguments::None => vec![],
    }
}

fn expr_of(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. }
        | FunctionArg::ExprNamed { arg: FunctionArgExpr::Expr(expr), .. } => Some(expr),
        _ => None,
    }
}

fn write_arguments(name: &mut Naming, called: &str, arguments: &[FunctionArg]) {
    let kept = SHORTENED.iter().find(|(other, _)| *other == called).map_or(arguments.len(), |(_, kept)| *kept);
    for (nth, argument) in arguments.iter().take(kept).enumerate() {
        name.push(if nth > 0 { ", " } else { "" });
        match expr_of(argument) {
            Some(expr) => name.write(expr),
            // `count(*)` counts rows.
            None if called == "count" => name.push("1"),
            None => name.push(&argument.to_string()),
        }
    }
    let count = arguments.len();
    let default = DEFAULTS.iter().find(|(other, given, _)| *other == called && *given == count);
    let default = default.map(|(_, _, default)| *default).or(match (called, count) {
        ("array_sort", 1) => Some(COMPARED),
        ("aggregate" | "reduce", 3) => Some("lambdafunction(namedlambdavariable(), namedlambdavariable())"),
        ("unix_timestamp" | "to_unix_timestamp", 0) => Some("current_timestamp(), yyyy-MM-dd HH:mm:ss"),
        _ => None,
    });
    if let Some(default) = default {
        name.push(if count > 0 { ", " } else { "" });
        name.push(default);
    }
}

/// Functions that are written as something else.
fn special(name: &mut Naming, called: &str, arguments: &[&Expr]) -> bool {
    match (called, arguments) {
        (called, texts) if called.trim_matches('`') == interval_literal::LITERAL => {
            let said = |expr: &&Expr| match expr {
                Expr::Value(value) => value.value.clone().into_string(),
                _ => None,
            };
            let texts: Vec<String> = texts.iter().filter_map(said).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            name.push(&interval_literal::spelled(&texts).unwrap_or_else(|| texts.join(" ")));
        }
        (cast, [one]) if CASTS.contains(&cast) => name.write(one),
        ("if", [_, _, _]) => {
            name.push("(");
            name.call("IF", arguments.iter().copied());
            name.push(")");
        }
        ("isnull", [one]) => name.write(&Expr::IsNull(Box::new((*one).clone()))),
        ("isnotnull", [one]) => name.write(&Expr::IsNotNull(Box::new((*one).clone()))),
        ("positive", [one]) => {
            let bracketed = Expr::Nested(Box::new((*one).clone()));
            name.write(&Expr::UnaryOp { op: UnaryOperator::Plus, expr: Box::new(bracketed) });
        }
        ("like", [text, pattern]) => {
            name.write(text);
            name.push(" LIKE ");
            name.write(pattern);
        }
        ("log", [one]) => {
            name.push("LOG(E(), ");
            name.write(one);
            name.push(")");
        }
        ("ceil" | "floor", [number, scale]) => name.call(called, [*number, *scale]),
        ("trim" | "ltrim" | "rtrim", [what, text]) => {
            let side = match called {
                "ltrim" => "LEADING",
                "rtrim" => "TRAILING",
                _ => "BOTH",
            };
            name.push(&format!("TRIM({side} "));
            name.write(what);
            name.push(" FROM ");
            name.write(text);
            name.push(")");
        }
        ("date_part" | "datepart", _) if called == "datepart" && arguments.len() == 2 => {
            name.push("datepart(");
            name.write(arguments[0]);
            name.push(" FROM ");
            name.write(arguments[1]);
            name.push(")");
        }
        ("datediff" | "date_diff" | "timestampdiff", [unit, from, to]) => {
            units(name, "timestampdiff", unit, [from, to])
        }
        ("dateadd" | "date_add" | "timestampadd", [unit, count, to]) => units(name, "timestampadd", unit, [count, to]),
        _ => return false,
    }
    true
}

/// Units of time are written in capital letters.
fn units(name: &mut Naming, called: &str, unit: &Expr, others: [&Expr; 2]) {
    let unit = match bare(unit) {
        Expr::Identifier(unit) => unit.value.to_uppercase(),
        Expr::Value(unit) => literal::value(&unit.value).to_uppercase(),
        other => other.to_string().to_uppercase(),
    };
    name.push(&format!("{called}({unit}, "));
    name.list(others);
    name.push(")");
}

fn within_group(name: &mut Naming, called: &str, order: &[OrderByExpr]) {
    let [first, ..] = order else { return };
    name.push(" WITHIN GROUP (ORDER BY ");
    match called {
        "percentile_cont" | "percentile_disc" => {
            name.write(&first.expr);
            name.push(if first.options.asc == Some(false) { " DESC" } else { "" });
        }
        // Of the most frequent values it takes the first, and is written by the last.
        "mode" => {
            name.write(&first.expr);
            name.push(if first.options.asc == Some(false) { "" } else { " DESC" });
        }
        _ => ordered(name, order),
    }
    name.push(")");
}

fn ordered(name: &mut Naming, order: &[OrderByExpr]) {
    for (nth, OrderByExpr { expr, options, .. }) in order.iter().enumerate() {
        name.push(if nth > 0 { ", " } else { "" });
        name.write(expr);
        let ascends = options.asc.unwrap_or(true);
        name.push(if ascends { " ASC" } else { " DESC" });
        name.push(if options.nulls_first.unwrap_or(ascends) { " NULLS FIRST" } else { " NULLS LAST" });
    }
}

/// ` OVER (PARTITION BY a ORDER BY b ASC NULLS FIRST RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`
fn over(name: &mut Naming, called: &str, arguments: &[&Expr], window: &WindowType) {
    let Some(spec) = spec_of(name, window) else { return };
    name.push(" OVER (");
    let start = name.text.len();
    if !spec.partition_by.is_empty() {
        name.push("PARTITION BY ");
        name.list(&spec.partition_by);
    }
    if !spec.order_by.is_empty() {
        name.push(if name.text.len() > start { " ORDER BY " } else { "ORDER BY " });
        ordered(name, &spec.order_by);
    }
    name.push(if name.text.len() > start { " " } else { "" });
    let first_row = "ROWS BETWEEN UNBOUNDED PRECEDING AND ";
    match (called, &spec.window_frame) {
        ("row_number" | "rank" | "dense_rank" | "percent_rank" | "ntile", _) => {
            name.push(first_row);
            name.push("CURRENT ROW");
        }
        ("lag" | "lead", _) => {
            let offset = arguments.get(1).map_or(Some(1), |offset| whole(offset));
            let offset = offset.map(|offset| if called == "lag" { -offset } else { offset }.to_string());
            let offset = offset.unwrap_or_else(|| arguments[1].to_string());
            name.push(&format!("ROWS BETWEEN {offset} FOLLOWING AND {offset} FOLLOWING"));
        }
        (_, Some(frame)) => write_frame(name, frame),
        (_, None) if spec.order_by.is_empty() => {
            name.push(first_row);
            name.push("UNBOUNDED FOLLOWING");
        }
        (_, None) => name.push("RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"),
    }
    name.push(")");
}

fn spec_of(name: &Naming, window: &WindowType) -> Option<WindowSpec> {
    match window {
        WindowType::WindowSpec(spec) => Some(spec.clone()),
        WindowType::NamedWindow(of) => {
            let found = name.windows.iter().find(|window| window.0 == *of)?;
            match &found.1 {
                NamedWindowExpr::WindowSpec(spec) => Some(spec.clone()),
                NamedWindowExpr::NamedWindow(other) if other != of => {
                    spec_of(name, &WindowType::NamedWindow(other.clone()))
                }
                NamedWindowExpr::NamedWindow(_) => None,
            }
        }
    }
}

fn whole(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Value(value) => literal::value(&value.value).parse().ok(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => whole(expr).map(|value| -value),
        Expr::Nested(inner) => whole(inner),
        _ => None,
    }
}

fn write_frame(name: &mut Naming, frame: &WindowFrame) {
    name.push(match frame.units {
        WindowFrameUnits::Rows => "ROWS BETWEEN ",
        WindowFrameUnits::Range => "RANGE BETWEEN ",
        WindowFrameUnits::Groups => "GROUPS BETWEEN ",
    });
    bound(name, &frame.start_bound);
    name.push(" AND ");
    bound(name, frame.end_bound.as_ref().unwrap_or(&WindowFrameBound::CurrentRow));
}

fn bound(name: &mut Naming, bound: &WindowFrameBound) {
    match bound {
        WindowFrameBound::CurrentRow => name.push("CURRENT ROW"),
        WindowFrameBound::Preceding(None) => name.push("UNBOUNDED PRECEDING"),
        WindowFrameBound::Following(None) => name.push("UNBOUNDED FOLLOWING"),
        WindowFrameBound::Preceding(Some(offset)) => {
            name.write(offset);
            name.push(" PRECEDING");
        }
        WindowFrameBound::Following(Some(offset)) => {
            name.write(offset);
            name.push(" FOLLOWING");
        }
    }
}

/// `x -> x + 1` is `lambdafunction((namedlambdavariable() + 1), namedlambdavariable())`.
pub fn lambda(name: &mut Naming, lambda: &LambdaFunction) {
    let parameters = match &lambda.params {
        OneOrManyWithParens::One(parameter) => std::slice::from_ref(parameter),
        OneOrManyWithParens::Many(parameters) => parameters.as_slice(),
    };
    let known = name.variables.len();
    name.variables.extend(parameters.iter().map(|parameter| parameter.name.value.clone()));
    name.push("lambdafunction(");
    name.write(&lambda.body);
    name.variables.truncate(known);
    for _ in parameters {
        name.push(", namedlambdavariable()");
    }
    name.push(")");
}
