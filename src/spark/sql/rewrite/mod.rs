//! Spark's operators and clauses in the words of those that the planner knows.

mod explode;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, NullTreatment, ObjectName, OrderByExpr, OrderByKind, Query, SelectItem, SetExpr,
    SetOperator, Spanned, TimezoneInfo, UnaryOperator, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

/// Rewrites all of a statement, or of an expression; or says what it can't, and where that is. What is put in place of
/// something keeps its place.
pub fn rewrite(syntax: &mut impl VisitMut) -> Result<(), (Span, String)> {
    let _ = syntax.visit(&mut Rewrite);
    explode::rewrite(syntax)
}

struct Rewrite;

impl VisitorMut for Rewrite {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        minus_is_except(&mut query.body);
        order_by_all(query);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            // <https://spark.apache.org/docs/latest/api/sql/index.html#rlike>
            Expr::RLike { negated, expr: text, pattern, .. } => {
                let negated = *negated;
                let place = text.span().union(&pattern.span());
                let matches = call("rlike", place, vec![taken(text), taken(pattern)]);
                *expr =
                    if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matches) } } else { matches };
            }
            // `1e3` is a double: <https://spark.apache.org/docs/latest/sql-ref-literals.html#numeric-literal>
            Expr::Value(value) => {
                if let Value::Number(number, _) = &value.value
                    && number.contains(['e', 'E'])
                {
                    let text = Value::SingleQuotedString(number.clone()).with_span(value.span);
                    *expr = Expr::Cast {
                        kind: CastKind::Cast,
                        expr: Box::new(Expr::Value(text)),
                        data_type: DataType::Double(ExactNumberInfo::None),
                        array: false,
                        format: None,
                    };
                }
            }
            // Of a number that is written there is no overflow.
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: number }
                if !matches!(number.as_ref(), Expr::Value(_) | Expr::Interval(_)) =>
            {
                *expr = call("negative", number.span(), vec![taken(number)]);
            }
            Expr::Function(function) => {
                ignoring_nulls(function);
                sorting(function);
                if let Some(cast) = as_cast(function) {
                    *expr = cast;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-setops.html>
fn minus_is_except(body: &mut SetExpr) {
    if let SetExpr::SetOperation { op, left, right, .. } = body {
        if *op == SetOperator::Minus {
            *op = SetOperator::Except;
        }
        minus_is_except(left);
        minus_is_except(right);
    }
}

/// By each column of the result, in their order:
/// <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-orderby.html>
fn order_by_all(query: &mut Query) {
    let (Some(order_by), SetExpr::Select(select)) = (&mut query.order_by, query.body.as_ref()) else { return };
    let OrderByKind::All(options) = order_by.kind.clone() else { return };
    let is_named = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    if select.projection.iter().all(is_named) {
        let by = (1..).zip(&select.projection).map(|(place, item): (usize, _)| OrderByExpr {
            expr: Expr::Value(Value::Number(place.to_string(), false).with_span(item.span())),
            options,
            with_fill: None,
        });
        order_by.kind = OrderByKind::Expressions(by.collect());
    }
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

/// `int(x)` is `CAST(x AS int)`: <https://spark.apache.org/docs/latest/api/sql/index.html#int>
fn as_cast(function: &Function) -> Option<Expr> {
    let data_type = match function.name.to_string().as_str() {
        "tinyint" => DataType::TinyInt(None),
        "smallint" => DataType::SmallInt(None),
        "int" => DataType::Int(None),
        "bigint" => DataType::BigInt(None),
        "float" => DataType::Float(ExactNumberInfo::None),
        "double" => DataType::Double(ExactNumberInfo::None),
        "decimal" => DataType::Decimal(ExactNumberInfo::None),
        "boolean" => DataType::Boolean,
        "string" => DataType::String(None),
        "binary" => DataType::Binary(None),
        "date" => DataType::Date,
        "timestamp" => DataType::Timestamp(None, TimezoneInfo::None),
        _ => return None,
    };
    let FunctionArguments::List(FunctionArgumentList { args, duplicate_treatment: None, .. }) = &function.args else {
        return None;
    };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] = args.as_slice() else { return None };
    let expr = Box::new(value.clone());
    function.over.is_none().then_some(Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None })
}

fn renamed(name: &ObjectName, other: &str) -> ObjectName {
    ObjectName::from(vec![Ident::with_span(name.span(), other)])
}

/// A call of a function with plain arguments, at the place of what it stands for.
pub fn call(name: &str, place: Span, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_span(place, name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.collect(),
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}

fn taken(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Identifier(Ident::new("")))
}
