//! Functions whose arguments say what others say by clauses.

use datafusion::sql::sqlparser::ast::{
    DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    NullTreatment, Value,
};

use super::build::{cast, renamed, taken};
use crate::spark::functions::window::neighbours;

pub fn rewrite(function: &mut Function) {
    ignoring_nulls(function);
    over_values(function);
    sorting(function);
    collecting(function);
}

/// `first(x, true)` is `first_value(x) IGNORE NULLS`: <https://spark.apache.org/docs/latest/api/sql/index.html#first>
fn ignoring_nulls(function: &mut Function) {
    let name = match function.name.to_string().as_str() {
        "first" | "first_value" | "any_value" => "first_value",
        "last" | "last_value" => "last_value",
        _ => return,
    };
    let FunctionArguments::List(arguments) = &mut function.args else { return };
    if let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(flag)))] = arguments.args.as_slice()
        && let Value::Boolean(ignore) = flag.value
    {
        arguments.args.pop();
        if ignore {
            function.null_treatment = Some(NullTreatment::IgnoreNulls);
        }
    }
    function.name = renamed(&function.name, name);
}

/// What passes over nulls in a window is a function of its own, whatever machine it comes to.
fn over_values(function: &mut Function) {
    let Some(name) = neighbours::of_values(&function.name.to_string()).filter(|_| function.over.is_some()) else {
        return;
    };
    let mut treatment = function.null_treatment.take();
    if let FunctionArguments::List(arguments) = &mut function.args {
        arguments.clauses.retain(|clause| match clause {
            FunctionArgumentClause::IgnoreOrRespectNulls(said) => {
                treatment = Some(*said);
                false
            }
            _ => true,
        });
    }
    if treatment == Some(NullTreatment::IgnoreNulls) {
        function.name = renamed(&function.name, name);
    }
}

/// Nulls come first in `sort_array(list)`, and last in `array_sort(list)` and in `sort_array(list, false)`:
/// <https://spark.apache.org/docs/latest/api/sql/array-functions/>
fn sorting(function: &mut Function) {
    let name = function.name.to_string();
    let FunctionArguments::List(arguments) = &mut function.args else { return };
    let order = match (name.as_str(), arguments.args.as_slice()) {
        ("sort_array", [_]) => ["ASC", "NULLS FIRST"],
        ("array_sort", [_]) => ["ASC", "NULLS LAST"],
        ("sort_array", [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ascends)))]) => match ascends.value {
            Value::Boolean(true) => ["ASC", "NULLS FIRST"],
            Value::Boolean(false) => ["DESC", "NULLS LAST"],
            _ => return,
        },
        _ => return,
    };
    arguments.args.truncate(1);
    let texts = order.map(|word| Expr::Value(Value::SingleQuotedString(word.to_string()).with_empty_span()));
    arguments.args.extend(texts.map(|text| FunctionArg::Unnamed(FunctionArgExpr::Expr(text))));
    function.name = renamed(&function.name, "array_sort");
}

/// `array_agg` leaves nulls out, as `collect_list` does: <https://spark.apache.org/docs/latest/api/sql/index.html#array_agg>. The
/// median is a double, of decimals too.
fn collecting(function: &mut Function) {
    match function.name.to_string().as_str() {
        "array_agg" => function.name = renamed(&function.name, "collect_list"),
        "median" => {
            let FunctionArguments::List(arguments) = &mut function.args else { return };
            if let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] = arguments.args.as_mut_slice() {
                *value = cast(taken(value), DataType::Double(ExactNumberInfo::None));
            }
        }
        _ => {}
    }
}
