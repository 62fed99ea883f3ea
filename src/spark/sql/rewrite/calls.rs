//! Functions with a syntax of their own become plain calls, so that there is one function for each.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-functions-builtin.html>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, BinaryOperator, CaseWhen, CeilFloorKind, DataType, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, Spanned, TrimWhereField, Value, VisitMut, VisitorMut, WindowSpec, WindowType,
    helpers::attached_token::AttachedToken,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::build::{arguments, binary, call, cast, number, renamed, taken};
use crate::spark::functions::higher_order;
use crate::spark::functions::scalar::{csv, interval_literal, json, lists};
use crate::spark::mode;
use crate::spark::sql::intervals;

/// What `date_add`, `datediff` and their like take for a unit where they have three arguments.
const UNITS: [&str; 11] =
    ["year", "quarter", "month", "week", "day", "dayofyear", "hour", "minute", "second", "millisecond", "microsecond"];

/// Take lists of columns in brackets.
const GROUPINGS: [&str; 3] = ["rollup", "cube", "grouping_id"];

pub fn rewrite(expr: &mut Expr) {
    let place = expr.span();
    inner_tuples(expr);
    let plain = match expr {
        Expr::Trim { expr: text, trim_where, trim_what, trim_characters: None } => {
            let text = taken(text);
            match (trim_where, trim_what.as_deref_mut().map(taken)) {
                (Some(TrimWhereField::Leading), Some(what)) => call("ltrim", place, vec![what, text]),
                (Some(TrimWhereField::Trailing), Some(what)) => call("rtrim", place, vec![what, text]),
                (Some(TrimWhereField::Leading), None) => call("ltrim", place, vec![text]),
                (Some(TrimWhereField::Trailing), None) => call("rtrim", place, vec![text]),
                (_, what) => call("btrim", place, std::iter::once(text).chain(what).collect()),
            }
        }
        Expr::Substring { expr: text, substring_from: Some(from), substring_for, .. } => {
            let length = substring_for.as_deref_mut().map(taken);
            call("substring", place, [taken(text), taken(from)].into_iter().chain(length).collect())
        }
        Expr::Overlay { expr: text, overlay_what, overlay_from, overlay_for } => {
            let length = overlay_for.as_deref_mut().map(taken);
            let three = [taken(text), taken(overlay_what), taken(overlay_from)];
            call("overlay", place, three.into_iter().chain(length).collect())
        }
        // <https://spark.apache.org/docs/latest/api/sql/index.html#ceil>
        Expr::Ceil { expr: number, field: CeilFloorKind::Scale(scale) } => {
            call("ceil", place, vec![taken(number), Expr::Value(scale.clone())])
        }
        Expr::Floor { expr: number, field: CeilFloorKind::Scale(scale) } => {
            call("floor", place, vec![taken(number), Expr::Value(scale.clone())])
        }
        Expr::Position { expr: wanted, r#in: text } => call("locate", place, vec![taken(wanted), taken(text)]),
        Expr::Extract { field, expr: time, .. } => {
            call("date_part", place, vec![text_of(field.to_string(), place), taken(time)])
        }
        Expr::Like { expr: _, pattern, escape_char, .. } | Expr::ILike { expr: _, pattern, escape_char, .. } => {
            if let Some(Value::SingleQuotedString(escape)) = escape_char.as_ref().map(|value| &value.value)
                && let Expr::Value(value) = pattern.as_mut()
                && let Value::SingleQuotedString(text) = &mut value.value
                && let Some(plain) = with_backslashes(text, escape)
            {
                *text = plain;
                *escape_char = None;
            }
            return;
        }
        Expr::Interval(interval) => match intervals::texts(interval) {
            Some(texts) => {
                call(interval_literal::LITERAL, place, texts.into_iter().map(|text| text_of(text, place)).collect())
            }
            None => return,
        },
        Expr::Lambda(lambda) => {
            let names: Vec<String> = lambda.params.iter().map(|parameter| parameter.name.value.clone()).collect();
            let _ = lambda.body.visit(&mut FieldsOf(names));
            return;
        }
        // Names of fields after any expression.
        Expr::CompoundFieldAccess { access_chain, .. } => {
            for access in access_chain {
                if let AccessExpr::Dot(field) = access
                    && let Expr::Identifier(name) = field
                {
                    *field = text_of(name.value.clone(), name.span);
                }
            }
            return;
        }
        Expr::Struct { values, fields } if fields.is_empty() => named_struct(values, place),
        Expr::Function(function) => match of_function(function, place) {
            Some(plain) => plain,
            None => return,
        },
        _ => return,
    };
    *expr = plain;
}

/// Fields are named by what they are of: <https://spark.apache.org/docs/latest/api/sql/index.html#struct>
fn named_struct(values: &mut [Expr], place: Span) -> Expr {
    let pairs = values.iter_mut().enumerate().flat_map(|(at, value)| {
        let (name, value) = match value {
            Expr::Named { expr, name } => (name.value.clone(), taken(expr)),
            value => (name_of(value).unwrap_or_else(|| format!("col{}", at + 1)), taken(value)),
        };
        [text_of(name, place), value]
    });
    call("named_struct", place, pairs.collect())
}

/// `(a, b)` that is a value is a struct. Beside IN and `=`, and in groupings, it is more than one.
pub fn tuple(expr: &mut Expr) {
    let place = expr.span();
    match expr {
        Expr::Tuple(values) => *expr = named_struct(values, place),
        Expr::Nested(inner) => tuple(inner),
        _ => {}
    }
}

/// One that is compared with others: their fields are called alike.
fn compared_tuple(expr: &mut Expr) {
    let place = expr.span();
    if let Expr::Tuple(values) = expr {
        let pairs = values.iter_mut().enumerate();
        let pairs = pairs.flat_map(|(at, value)| [text_of(format!("col{}", at + 1), place), taken(value)]);
        *expr = call("named_struct", place, pairs.collect());
    }
}

/// Those that can only be values.
fn inner_tuples(expr: &mut Expr) {
    match expr {
        Expr::Lambda(lambda) => tuple(&mut lambda.body),
        Expr::InList { expr, list, .. } if matches!(expr.as_ref(), Expr::Tuple(_)) => {
            compared_tuple(expr);
            list.iter_mut().for_each(compared_tuple);
        }
        Expr::BinaryOp { left, right, .. }
            if matches!((left.as_ref(), right.as_ref()), (Expr::Tuple(_), Expr::Tuple(_))) =>
        {
            compared_tuple(left);
            compared_tuple(right);
        }
        Expr::CompoundFieldAccess { root, .. } => tuple(root),
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter_mut().for_each(|case| tuple(&mut case.result));
            else_result.iter_mut().for_each(|otherwise| tuple(otherwise));
        }
        Expr::Function(function) if !GROUPINGS.contains(&function.name.to_string().as_str()) => {
            if let FunctionArguments::List(list) = &mut function.args {
                for argument in &mut list.args {
                    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument {
                        tuple(argument);
                    }
                }
            }
        }
        _ => {}
    }
}

/// That of a column or a field.
fn name_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(names) => Some(names.last()?.value.clone()),
        Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last()? {
            AccessExpr::Dot(Expr::Value(value)) => value.value.clone().into_string(),
            _ => None,
        },
        _ => None,
    }
}

fn text_of(text: String, place: Span) -> Expr {
    Expr::Value(Value::SingleQuotedString(text).with_span(place))
}

/// `x.field` of a lambda's `x` is no column of a table `x`.
struct FieldsOf(Vec<String>);

impl VisitorMut for FieldsOf {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(names) = expr
            && let [root, fields @ ..] = names.as_slice()
            && self.0.contains(&root.value)
        {
            let access = fields.iter().map(|field| AccessExpr::Dot(text_of(field.value.clone(), field.span)));
            let access_chain = access.collect();
            *expr = Expr::CompoundFieldAccess { root: Box::new(Expr::Identifier(root.clone())), access_chain };
        }
        ControlFlow::Continue(())
    }
}

/// A pattern with its own mark of an escape in the words of one with the usual.
fn with_backslashes(pattern: &str, escape: &str) -> Option<String> {
    let mut mark = escape.chars();
    let (Some(mark), None) = (mark.next(), mark.next()) else { return None };
    if mark == '\\' {
        return None;
    }
    let mut plain = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            // Whatever else is escaped is an error, which the planner says.
            c if c == mark => match chars.next() {
                Some(next @ ('%' | '_')) => plain.extend(['\\', next]),
                Some(next) if next == mark => plain.push(next),
                _ => return None,
            },
            '\\' => plain.push_str("\\\\"),
            c => plain.push(c),
        }
    }
    Some(plain)
}

fn of_function(function: &mut Function, place: Span) -> Option<Expr> {
    let name = function.name.to_string();
    let FunctionArguments::List(list) = &mut function.args else { return None };
    let arguments: Option<Vec<&mut Expr>> = list
        .args
        .iter_mut()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => Some(argument),
            _ => None,
        })
        .collect();
    let mut arguments = arguments?;
    match (name.as_str(), arguments.as_mut_slice()) {
        ("date_add" | "dateadd" | "timestampadd" | "date_diff" | "datediff" | "timestampdiff", [unit, _, _]) => {
            if let Expr::Identifier(word) = unit
                && word.quote_style.is_none()
                && UNITS.contains(&word.value.as_str())
            {
                **unit = text_of(word.value.to_uppercase(), word.span);
            }
            None
        }
        ("struct", values) => {
            let mut values: Vec<Expr> = values.iter_mut().map(|value| taken(value)).collect();
            Some(named_struct(&mut values, place))
        }
        ("arrays_zip", lists) => {
            let names = lists.iter().enumerate().map(|(at, list)| name_of(list).unwrap_or_else(|| at.to_string()));
            let names = text_of(names.collect::<Vec<_>>().join("\0"), place);
            let lists = lists.iter_mut().map(|list| taken(list));
            Some(call(lists::ZIPPED, place, std::iter::once(names).chain(lists).collect()))
        }
        ("array_sort", [_, Expr::Lambda(_)]) => {
            function.name = renamed(&function.name, higher_order::SORT_BY);
            None
        }
        // There is no `USE` here, so a session is where one of Spark's begins.
        ("current_database" | "current_schema", []) => Some(text_of("default".to_string(), place)),
        ("current_catalog", []) => Some(text_of("spark_catalog".to_string(), place)),
        ("from_json" | "from_csv", [_, schema, ..]) => {
            if let Some(text) = schema_of_text(schema) {
                **schema = text_of(text, schema.span());
            }
            None
        }
        // No other is there yet.
        ("current_timezone", []) => Some(text_of(mode::UTC.to_string(), place)),
        // It promises to rise from row to row and to be there once: a number without gaps does.
        ("monotonically_increasing_id", []) => Some(numbered_rows(place)),
        // Of times and intervals they are operators, which is known with the types.
        ("try_add" | "try_subtract" | "try_multiply" | "try_divide" | "try_mod", [left, right]) => {
            Some(binary(taken(left), BinaryOperator::Custom(name), taken(right)))
        }
        ("unix_timestamp", []) => Some(cast(call("current_timestamp", place, vec![]), DataType::BigInt(None))),
        // Of what stands in the window's order, whatever they are given.
        ("rank" | "dense_rank" | "percent_rank" | "cume_dist", [_, ..]) if function.over.is_some() => {
            if let FunctionArguments::List(list) = &mut function.args {
                list.args.clear();
            }
            None
        }
        ("curdate", []) => Some(call("current_date", place, vec![])),
        ("e", []) => Some(call("exp", place, vec![number(1)])),
        ("hex", [value]) if is_null(value) => {
            **value = cast(taken(value), DataType::String(None));
            None
        }
        // A null that is written is one of the type that the call would have.
        ("array_compact" | "shuffle" | "map_keys" | "map_values", [value]) if is_null(value) => {
            Some(null_of(call("array", place, vec![])))
        }
        ("map_entries", [map]) if is_null(map) => {
            Some(null_of(call("map_entries", place, vec![call("make_map", place, vec![])])))
        }
        ("sort_array", [list, ..]) if is_null(list) => Some(null_of(call("array", place, vec![]))),
        ("sort_array" | "array_remove", [list, other]) if is_null(other) => Some(null_of(taken(list))),
        ("array_position", [_, value]) if is_null(value) => Some(cast(taken(value), DataType::BigInt(None))),
        ("levenshtein", [_, _, most]) if is_null(most) => Some(cast(taken(most), DataType::Int(None))),
        ("round" | "bround", [value, digits]) if is_null(digits) => {
            Some(null_of(call(&name, place, vec![taken(value), number(0)])))
        }
        // What stands for nulls is none itself.
        ("array_join", [list, between, instead]) if !matches!(instead, Expr::Value(_)) || is_null(instead) => {
            let is_there = Expr::IsNotNull(Box::new(instead.clone()));
            let texts = DataType::Array(ArrayElemTypeDef::AngleBracket(Box::new(DataType::String(None))));
            let list = if is_null(list) { cast(taken(list), texts) } else { taken(list) };
            Some(when(is_there, call("array_join", place, vec![list, taken(between), taken(instead)])))
        }
        ("array_join", [list, ..]) if is_null(list) => {
            let texts = ArrayElemTypeDef::AngleBracket(Box::new(DataType::String(None)));
            **list = cast(taken(list), DataType::Array(texts));
            None
        }
        ("div", [left, right]) => Some(binary(taken(left), BinaryOperator::MyIntegerDivide, taken(right))),
        // The planner asks for arguments of `map`, and not of this one, which it takes for the same.
        ("map", []) => {
            function.name = renamed(&function.name, "make_map");
            None
        }
        // <https://spark.apache.org/docs/latest/api/sql/index.html#equal_null>
        ("equal_null", [left, right]) => Some(Expr::IsNotDistinctFrom(Box::new(taken(left)), Box::new(taken(right)))),
        ("if", [condition, then, otherwise]) => Some(Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![CaseWhen {
                condition: match is_null(condition) {
                    true => cast(taken(condition), DataType::Boolean),
                    false => taken(condition),
                },
                result: taken(then),
            }],
            else_result: Some(Box::new(taken(otherwise))),
        }),
        ("nvl" | "ifnull", [value, otherwise]) => Some(call("coalesce", place, vec![taken(value), taken(otherwise)])),
        ("nullifzero", [value]) => Some(call("nullif", place, vec![taken(value), number(0)])),
        ("zeroifnull", [value]) => Some(call("coalesce", place, vec![taken(value), number(0)])),
        // The planner would want both values to be of one type before any rule makes them so.
        ("nvl2", [asked, there, otherwise]) => Some(Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![CaseWhen { condition: Expr::IsNotNull(Box::new(taken(asked))), result: taken(there) }],
            else_result: Some(Box::new(taken(otherwise))),
        }),
        ("isnull", [value]) => Some(Expr::IsNull(Box::new(taken(value)))),
        ("isnotnull", [value]) => Some(Expr::IsNotNull(Box::new(taken(value)))),
        // <https://spark.apache.org/docs/latest/api/sql/index.html#decode>: nulls are equal there.
        ("decode", [value, pairs @ ..]) if pairs.len() > 1 => {
            let value = taken(value);
            let (pairs, otherwise) = pairs.split_at_mut(pairs.len() / 2 * 2);
            let conditions = pairs.chunks_mut(2).map(|pair| CaseWhen {
                condition: Expr::IsNotDistinctFrom(Box::new(value.clone()), Box::new(taken(pair[0]))),
                result: taken(pair[1]),
            });
            Some(Expr::Case {
                case_token: AttachedToken::empty(),
                end_token: AttachedToken::empty(),
                operand: None,
                conditions: conditions.collect(),
                else_result: otherwise.first_mut().map(|otherwise| Box::new(taken(otherwise))),
            })
        }
        _ => None,
    }
}

/// A schema that is written as that of an example: `schema_of_json('{"a": 1}')`. It is known before the query runs.
fn schema_of_text(schema: &Expr) -> Option<String> {
    let Expr::Function(function) = schema else { return None };
    let arguments = arguments(function)?;
    let [Expr::Value(example)] = arguments.as_slice() else { return None };
    let example = example.value.clone().into_string()?;
    match function.name.to_string().as_str() {
        "schema_of_json" => json::schema_of(&example),
        "schema_of_csv" => csv::schema_of(&example),
        _ => None,
    }
}

/// A null of a call's type.
fn null_of(call: Expr) -> Expr {
    when(Expr::Value(Value::Boolean(false).with_empty_span()), call)
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

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == Value::Null)
}

/// `row_number() OVER () - 1`, of which there may be many.
fn numbered_rows(place: Span) -> Expr {
    let mut numbered = call("row_number", place, vec![]);
    if let Expr::Function(function) = &mut numbered {
        function.over = Some(WindowType::WindowSpec(WindowSpec {
            window_name: None,
            partition_by: vec![],
            order_by: vec![],
            window_frame: None,
        }));
    }
    binary(cast(numbered, DataType::BigInt(None)), BinaryOperator::Minus, number(1))
}

#[cfg(test)]
mod tests {
    use super::with_backslashes;

    #[test]
    fn patterns_have_one_mark_of_an_escape() {
        assert_eq!(with_backslashes("a!%b!!\\", "!").as_deref(), Some("a\\%b!\\\\"));
        assert_eq!(with_backslashes("a!b", "!"), None);
    }
}
