//! Functions that make several rows of one: `explode`, `posexplode`, `inline`, `stack` and their outer forms.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-functions-builtin.html#generator-functions>,
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-lateral-view.html>

use arrow::datatypes::{DataType, Fields};
use datafusion::common::{Column, Result, ScalarValue, TableReference, UnnestOptions};
use datafusion::functions::core::expr_fn::{get_field, named_struct};
use datafusion::functions_nested::expr_fn::{make_array, map_entries, range};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, lit, when};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Spanned, TableAlias,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::kept::Scope;
use super::refused;
use crate::spark::analyzer::literals::{self, narrowed_expr};
use crate::spark::coercion::common;
use crate::spark::functions::scalar::lists;
use crate::spark::mode::SqlMode;
use crate::spark::sql::generators::{GENERATORS, is_generator};
use crate::spark::sql::rewrite::build;
use crate::spark::sql_types::canonical;
use crate::spark::types;

/// Names of columns on the way, which nobody writes.
const VALUE: &str = "\u{2063}value";
const PLACE: &str = "\u{2063}place";

/// `FROM explode(list) AS t(x)`
pub fn table(
    name: &ObjectName,
    arguments: &[FunctionArg],
    alias: Option<&TableAlias>,
    scope: &mut Scope,
) -> Result<LogicalPlan> {
    let arguments = arguments.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let call = build::call(&name.to_string(), name.span(), arguments.collect());
    let names: Vec<Ident> =
        alias.map_or_else(Vec::new, |alias| alias.columns.iter().map(|column| column.name.clone()).collect());
    let one = LogicalPlanBuilder::empty(true).build()?;
    beside(one, &call, false, alias.map(|alias| &alias.name), &names, scope)
}

/// A plan's columns, and beside them those of the rows that a generator makes of each row.
pub fn beside(
    plan: LogicalPlan,
    call: &SqlExpr,
    outer: bool,
    table: Option<&Ident>,
    names: &[Ident],
    scope: &mut Scope,
) -> Result<LogicalPlan> {
    let place = call.span();
    let (name, arguments) = match call {
        SqlExpr::Function(function) if is_generator(&function.name) => {
            (function.name.to_string(), build::arguments(function).unwrap_or_default())
        }
        _ => {
            return Err(refused(
                place,
                format!("[UNSUPPORTED_GENERATOR] `{call}` does not make rows"),
                format!("what does are {}", GENERATORS.join(", ")),
            ));
        }
    };
    let outer = outer || name.ends_with("_outer");
    let planned: Result<Vec<Expr>> =
        arguments.into_iter().map(|argument| scope.context.sql_to_expr(argument, plan.schema())).collect();
    let planned = planned?.into_iter().map(|argument| narrowed_expr(argument, plan.schema()));
    let planned = planned.collect::<Result<Vec<Expr>>>()?;
    let rows = match name.as_str() {
        "json_tuple" => from_json(planned, &plan, place, scope)?,
        _ => rows(&name, planned, &plan, place, SqlMode::of(scope.context.context_provider().options()).ansi)?,
    };
    let default_names = rows.names(&name);
    if !names.is_empty() && names.len() != default_names.len() {
        return Err(refused(
            place,
            format!(
                "[UDTF_ALIAS_NUMBER_MISMATCH] `{name}` makes {} columns, and {} are named",
                default_names.len(),
                names.len()
            ),
            "name each of them, or none",
        ));
    }
    let names: Vec<String> = match names {
        [] => default_names,
        names => names.iter().map(|name| name.value.clone()).collect(),
    };
    unnested(plan, rows, outer, table, names)
}

/// What is made into rows.
struct Generated {
    list: Expr,
    /// Whether the places in the list are a column of their own.
    with_places: bool,
    /// The fields that become columns; none if what is in the list is the column.
    fields: Option<Fields>,
}

impl Generated {
    fn names(&self, name: &str) -> Vec<String> {
        let place = self.with_places.then(|| "pos".to_string());
        let values = match &self.fields {
            None => vec!["col".to_string()],
            Some(fields) if ["stack", "inline", "inline_outer", "json_tuple"].contains(&name) => {
                fields.iter().map(|field| field.name().clone()).collect()
            }
            Some(_) => vec!["key".to_string(), "value".to_string()],
        };
        place.into_iter().chain(values).collect()
    }
}

fn rows(name: &str, arguments: Vec<Expr>, plan: &LogicalPlan, place: Span, ansi: bool) -> Result<Generated> {
    let mismatch = |takes: &str, given: &[Expr]| {
        let types = given.iter().map(|expr| expr.get_type(plan.schema()).map(|data_type| types::name(&data_type)));
        let types = types.collect::<Result<Vec<_>>>().map(|types| types.join(", ")).unwrap_or_default();
        refused(
            place,
            format!("[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `{name}` does not take ({types})"),
            format!("it takes {takes}"),
        )
    };
    if name == "stack" {
        return stacked(arguments, plan, place, ansi);
    }
    let with_places = name.starts_with("posexplode");
    let [list] = <[Expr; 1]>::try_from(arguments).map_err(|given| mismatch("one argument", &given))?;
    match (list.get_type(plan.schema())?, name.starts_with("inline")) {
        (DataType::List(item) | DataType::LargeList(item), true) => match item.data_type() {
            DataType::Struct(fields) => Ok(Generated { list, with_places, fields: Some(fields.clone()) }),
            _ => Err(mismatch("an array of structs", &[list])),
        },
        (DataType::List(_) | DataType::LargeList(_), false) => Ok(Generated { list, with_places, fields: None }),
        (DataType::Map(entries, _), false) => match entries.data_type() {
            DataType::Struct(fields) => Ok(Generated { list, with_places, fields: Some(fields.clone()) }),
            _ => Err(mismatch("an array or a map", &[list])),
        },
        (_, true) => Err(mismatch("an array of structs", &[list])),
        (_, false) => Err(mismatch("an array or a map", &[list])),
    }
}

/// `json_tuple(text, 'a', 'b')` is one row of the texts that stand under these names.
fn from_json(arguments: Vec<Expr>, plan: &LogicalPlan, place: Span, scope: &Scope) -> Result<Generated> {
    let function = scope.context.context_provider().get_function_meta("json_tuple");
    let (Some(function), true) = (function, arguments.len() > 1) else {
        let message = "[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `json_tuple` takes a text and names of what is in it";
        return Err(refused(place, message, "write json_tuple(text, 'a', 'b')"));
    };
    // Of a null there is a row, too.
    let row = function.call(arguments.clone());
    let names = (0..arguments.len() - 1).map(|nth| format!("c{nth}"));
    let fields = names.flat_map(|name| [lit(name.clone()), get_field(row.clone(), name)]);
    let list = make_array(vec![named_struct(fields.collect())]);
    match list.get_type(plan.schema())? {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => Ok(Generated { list, with_places: false, fields: Some(fields.clone()) }),
            _ => Err(refused(place, "`json_tuple` takes a text", "give it a column of texts")),
        },
        _ => Err(refused(place, "`json_tuple` takes a text", "give it a column of texts")),
    }
}

/// `stack(2, a, b, c, d)` is two rows of two columns. What is missing at the end is null.
fn stacked(arguments: Vec<Expr>, plan: &LogicalPlan, place: Span, ansi: bool) -> Result<Generated> {
    // Numbers that are written below are still what the planner takes them for.
    let narrow = literals::narrowed(plan.clone(), ansi)?;
    let mut values = arguments.into_iter();
    let count = match values.next() {
        Some(Expr::Literal(value, _)) => match value.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(Some(count))) => usize::try_from(count).ok().filter(|count| *count > 0),
            _ => None,
        },
        _ => None,
    };
    let values: Vec<Expr> = values.collect();
    let Some(count) = count.filter(|_| !values.is_empty()) else {
        return Err(refused(
            place,
            "[DATATYPE_MISMATCH.NON_FOLDABLE_INPUT] `stack` is told first how many rows it makes, by a whole number",
            "write stack(2, a, b, c, d)",
        ));
    };
    let width = values.len().div_ceil(count);
    let mut columns = vec![];
    for column in 0..width {
        let of_column: Vec<Option<&Expr>> = (0..count).map(|row| values.get(row * width + column)).collect();
        let types = of_column.iter().flatten().map(|value| value.get_type(narrow.schema()));
        let types: Vec<DataType> = types.collect::<Result<_>>()?;
        let data_type = wide(&types, ansi).ok_or_else(|| {
            let names: Vec<String> = types.iter().map(types::name).collect();
            refused(
                place,
                format!(
                    "[DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES] column {column} of `stack` is of types {}",
                    names.join(", ")
                ),
                "cast them to one",
            )
        })?;
        let null = ScalarValue::try_from(&data_type)?;
        let typed = of_column.into_iter().map(|value| match value {
            Some(value) => cast(value.clone(), data_type.clone()),
            None => Expr::Literal(null.clone(), None),
        });
        columns.push(typed.collect::<Vec<_>>());
    }
    let row = |row: usize| {
        let named = columns.iter().enumerate();
        let named = named.flat_map(|(column, values)| [lit(format!("col{column}")), values[row].clone()]);
        named_struct(named.collect())
    };
    let list = make_array((0..count).map(row).collect());
    match list.get_type(plan.schema())? {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => Ok(Generated { list, with_places: false, fields: Some(fields.clone()) }),
            other => {
                Err(refused(place, format!("`stack` makes {}", types::name(other)), "cast its values to one type"))
            }
        },
        other => Err(refused(place, format!("`stack` makes {}", types::name(&other)), "cast its values to one type")),
    }
}

/// The type that all of them become.
fn wide(types: &[DataType], ansi: bool) -> Option<DataType> {
    types.iter().try_fold(DataType::Null, |wide, one| common(&wide, &canonical(one)?, ansi))
}

fn unnested(
    plan: LogicalPlan,
    rows: Generated,
    outer: bool,
    table: Option<&Ident>,
    names: Vec<String>,
) -> Result<LogicalPlan> {
    let is_map = matches!(rows.list.get_type(plan.schema())?, DataType::Map(..));
    let list = if is_map { map_entries(rows.list) } else { rows.list };
    let item = match list.get_type(plan.schema())? {
        DataType::List(item) | DataType::LargeList(item) => item.data_type().clone(),
        other => other,
    };
    // Of an empty list an outer generator makes one row of nulls.
    let kept = |list: Expr, item: &DataType, filled: &Expr| -> Result<Expr> {
        match outer {
            true => {
                let null = make_array(vec![Expr::Literal(ScalarValue::try_from(item)?, None)]);
                when(filled.clone(), list).otherwise(null)
            }
            false => Ok(list),
        }
    };
    let length = lists::array_size().call(vec![list.clone()]);
    let filled = cast(length.clone(), DataType::Int64).gt(lit(0_i64));
    let mut columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let known = columns.len();
    columns.push(kept(list.clone(), &item, &filled)?.alias(VALUE));
    let mut unnested = vec![Column::new_unqualified(VALUE)];
    if rows.with_places {
        let places = range(lit(0_i64), cast(length, DataType::Int64), lit(1_i64));
        columns.push(kept(places, &DataType::Int64, &filled)?.alias(PLACE));
        unnested.push(Column::new_unqualified(PLACE));
    }
    let plan = LogicalPlanBuilder::from(plan).project(columns)?;
    let plan = plan.unnest_columns_with_options(unnested, UnnestOptions::new().with_preserve_nulls(false))?.build()?;
    let mut columns: Vec<Expr> = plan.schema().columns().into_iter().take(known).map(Expr::Column).collect();
    let table = table.map(|table| TableReference::bare(table.value.clone()));
    let value = || Expr::Column(Column::new_unqualified(VALUE));
    let place = rows.with_places.then(|| cast(Expr::Column(Column::new_unqualified(PLACE)), DataType::Int32));
    let values = match &rows.fields {
        None => vec![value()],
        Some(fields) => {
            let field = |name: &str| get_field(value(), name);
            match is_map {
                true => vec![field("key"), field("value")],
                false => fields.iter().map(|one| field(one.name())).collect(),
            }
        }
    };
    let made = place.into_iter().chain(values).zip(names);
    columns.extend(made.map(|(expr, name)| expr.alias_qualified(table.clone(), name)));
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
