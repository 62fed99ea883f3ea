//! Values that stand side by side are made one type, as Spark does it.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#type-coercion>. Before the engine's own rule, which then
//! finds nothing left to do.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::functions::core::coalesce;
use datafusion::logical_expr::expr::{Between, Case, Cast, InList, InSubquery, Like, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_schema::cast_subquery;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Join, LogicalPlan, Operator, when};
use datafusion::optimizer::AnalyzerRule;

use super::asked_rows::is_written_null;
use super::casts::schema_below;
use super::one_type::{binary, converted, data_diff_types, named};
use super::{floats, named, operators, unions};
use crate::spark::coercion::{common, compared, without_texts};
use crate::spark::functions::scalar::like;
use crate::spark::interval_units::UnitRange;
use crate::spark::mode::SqlMode;
use crate::spark::sql_types::{TIMESTAMP, canonical, has_map, shown, timestamp_ntz};

/// Functions of the engine whose arguments are doubles.
const OF_DOUBLES: [&str; 19] = [
    "exp", "expm1", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "atanh",
    "cot", "sec", "csc", "degrees", "radians",
];

#[derive(Debug)]
pub struct SparkConversions;

impl AnalyzerRule for SparkConversions {
    fn name(&self) -> &str {
        "spark_conversions"
    }

    fn analyze(&self, plan: LogicalPlan, options: &ConfigOptions) -> Result<LogicalPlan> {
        settled(plan, SqlMode::of(options).ansi)
    }
}

/// The plan with its values made one type where they stand side by side, and the types that follow from that.
pub fn settled(plan: LogicalPlan, ansi: bool) -> Result<LogicalPlan> {
    let converted = plan.transform_up_with_subqueries(|plan| {
        let schema = schema_below(&plan)?;
        let conversions = Conversions { schema: &schema, ansi };
        let plan = named::map_expressions(plan, |expr| expr.transform_up(|expr| conversions.convert(expr)))?;
        let plan = match plan.data {
            LogicalPlan::Union(union) => unions::coerced(union, ansi)?,
            LogicalPlan::Join(join) => LogicalPlan::Join(joined(join, ansi)?),
            other => other,
        };
        floats::normalized(plan, &schema)?.recompute_schema().map(Transformed::yes)
    })?;
    Ok(converted.data)
}

/// Equal keys of a join are compared as `=` compares.
fn joined(mut join: Join, ansi: bool) -> Result<Join> {
    let (left, right) = (join.left.schema().clone(), join.right.schema().clone());
    let pairs = std::mem::take(&mut join.on).into_iter().map(|(l, r)| {
        let types = (l.get_type(&left)?, r.get_type(&right)?);
        let (l, r) = of_one_type(Operator::Eq, l, r, types, ansi)?;
        Ok((floats::normal(l, &left)?, floats::normal(r, &right)?))
    });
    join.on = pairs.collect::<Result<Vec<_>>>()?;
    Ok(join)
}

struct Conversions<'a> {
    schema: &'a DFSchema,
    ansi: bool,
}

impl Conversions<'_> {
    fn convert(&self, expr: Expr) -> Result<Transformed<Expr>> {
        match expr {
            Expr::ScalarFunction(call) => self.call(call),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
                self.comparison(*left, op, *right).map(Transformed::yes)
            }
            Expr::Between(between) => self.between(between).map(Transformed::yes),
            Expr::InList(InList { expr, list, negated }) => {
                let all = self.of_common_type("IN", std::iter::once(*expr).chain(list).collect(), common)?;
                let mut all = all.into_iter();
                let expr = Box::new(all.next().expect("what is looked for"));
                Ok(Transformed::yes(floats::in_list(InList { expr, list: all.collect(), negated }, self.schema)?))
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let types = (expr.get_type(self.schema), subquery.subquery.schema().field(0).data_type().clone());
                let (Ok(left), right) = types else {
                    return Ok(Transformed::no(Expr::InSubquery(InSubquery { expr, subquery, negated })));
                };
                let both = canonical(&left).zip(canonical(&right));
                let Some(to) = both.and_then(|(left, right)| common(&left, &right, self.ansi)) else {
                    return Ok(Transformed::no(Expr::InSubquery(InSubquery { expr, subquery, negated })));
                };
                let expr = Box::new(converted(*expr, &left, &to));
                let subquery =
                    if canonical(&right).as_ref() == Some(&to) { subquery } else { cast_subquery(subquery, &to)? };
                Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated })))
            }
            Expr::Case(case) => self.case(case).map(Transformed::yes),
            Expr::Like(Like { negated, expr, pattern, escape_char, case_insensitive }) => {
                let (expr, pattern) = (Box::new(self.as_text(*expr)), Box::new(like::checked(self.as_text(*pattern))));
                Ok(Transformed::yes(Expr::Like(Like { negated, expr, pattern, escape_char, case_insensitive })))
            }
            other => Ok(Transformed::no(other)),
        }
    }

    fn as_text(&self, expr: Expr) -> Expr {
        match expr.get_type(self.schema) {
            Ok(found) if !found.is_nested() && canonical(&found).is_some() => converted(expr, &found, &DataType::Utf8),
            _ => expr,
        }
    }

    fn comparison(&self, left: Expr, op: Operator, right: Expr) -> Result<Expr> {
        let (Ok(l), Ok(r)) = (left.get_type(self.schema), right.get_type(self.schema)) else {
            return Ok(binary(left, op, right));
        };
        let (left, right) = of_one_type(op, left, right, (l, r), self.ansi)?;
        floats::compared(left, op, right, self.schema)
    }

    /// As two comparisons, which may be of two types.
    fn between(&self, between: Between) -> Result<Expr> {
        let Between { expr, negated, low, high } = between;
        let types = [&expr, &low, &high].map(|expr| expr.get_type(self.schema).ok());
        let [Some(found), Some(low_type), Some(high_type)] = types else {
            return Ok(Expr::Between(Between { expr, negated, low, high }));
        };
        if found == low_type && found == high_type && !found.is_floating() {
            return Ok(Expr::Between(Between { expr, negated, low, high }));
        }
        let inside = self.comparison(expr.as_ref().clone(), Operator::GtEq, *low)?.and(self.comparison(
            *expr,
            Operator::LtEq,
            *high,
        )?);
        Ok(if negated { Expr::Not(Box::new(inside)) } else { inside })
    }

    fn case(&self, case: Case) -> Result<Expr> {
        let Case { mut expr, mut when_then_expr, mut else_expr } = case;
        if expr.is_none() {
            for (when, _) in &when_then_expr {
                check_condition(when, self.schema)?;
            }
        }
        if let Some(value) = expr.take() {
            let whens = when_then_expr.iter_mut().map(|(when, _)| std::mem::take(when.as_mut()));
            let all = self.of_common_type("CASE", std::iter::once(*value).chain(whens).collect(), compared)?;
            let mut all = all.into_iter();
            expr = all.next().map(Box::new);
            when_then_expr.iter_mut().zip(all).for_each(|((when, _), converted)| **when = converted);
        }
        let thens = when_then_expr.iter_mut().map(|(_, then)| std::mem::take(then.as_mut()));
        let otherwise = else_expr.iter_mut().map(|expr| std::mem::take(expr.as_mut()));
        let all = self.of_common_type("CASE", thens.chain(otherwise).collect(), common)?;
        let mut all = all.into_iter();
        when_then_expr.iter_mut().zip(&mut all).for_each(|((_, then), converted)| **then = converted);
        if let (Some(otherwise), Some(converted)) = (&mut else_expr, all.next()) {
            **otherwise = converted;
        }
        Ok(Expr::Case(Case { expr, when_then_expr, else_expr }))
    }

    fn call(&self, call: ScalarFunction) -> Result<Transformed<Expr>> {
        if let Some(settled) = operators::settled(&call, self.schema, self.ansi)? {
            return Ok(Transformed::yes(settled));
        }
        let ScalarFunction { func, mut args } = call;
        // The first argument that is a value like the others, and how their type is found.
        let (first, of_both): (usize, CommonType) = match func.name() {
            // The engine's own take doubles only.
            "nvl" | "ifnull" if args.len() == 2 => {
                let args = self.of_common_type(func.name(), args, common)?;
                return Ok(Transformed::yes(coalesce().call(args)));
            }
            "nvl2" if args.len() == 3 => {
                let values = args.split_off(1);
                let mut values = self.of_common_type("nvl2", values, common)?;
                let (Some(otherwise), Some(then)) = (values.pop(), values.pop()) else {
                    return internal_err!("two of two");
                };
                let is_there = Expr::IsNotNull(Box::new(args.remove(0)));
                return Ok(Transformed::yes(when(is_there, then).otherwise(otherwise)?));
            }
            "coalesce" | "make_array" | "array" => (0, common),
            "if" => (1, common),
            "greatest" | "least" => (0, without_texts),
            // Without a pattern they are casts, and know the same words.
            "to_date" | "try_to_date" | "to_timestamp" | "try_to_timestamp" | "to_timestamp_ntz"
                if args.len() == 1 && args[0].get_type(self.schema)?.is_string() =>
            {
                let to = match func.name() {
                    "to_date" | "try_to_date" => DataType::Date32,
                    "to_timestamp_ntz" => timestamp_ntz(),
                    _ => TIMESTAMP,
                };
                let text = Box::new(args.remove(0));
                return Ok(Transformed::yes(match func.name().starts_with("try_") {
                    true => Expr::TryCast(TryCast::new(text, to)),
                    false => Expr::Cast(Cast::new(text, to)),
                }));
            }
            // Known without a value, which may be none that can be computed.
            "typeof" if args.len() == 1 => {
                let (_, field) = args[0].to_field(self.schema)?;
                let interval = UnitRange::of_field(&field).map(|units| format!("interval {}", units.name()));
                let name = interval.unwrap_or_else(|| shown(field.data_type()));
                return Ok(Transformed::yes(Expr::Literal(ScalarValue::from(name), None)));
            }
            // What stands between the elements is a text in `array_join` of Spark.
            "array_to_string" => {
                for between in args.iter().skip(1) {
                    let found = between.get_type(self.schema)?;
                    if !found.is_string() && !found.is_null() {
                        return Err(DataFusionError::Plan(format!(
                            "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] `array_join` takes a text behind its list, not \"{}\"",
                            named(&found)
                        )));
                    }
                }
                return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })));
            }
            // The engine's own, which take no texts.
            name if OF_DOUBLES.contains(&name) => {
                for argument in &mut args {
                    let from = argument.get_type(self.schema)?;
                    if from.is_string() {
                        *argument = converted(std::mem::take(argument), &from, &DataType::Float64);
                    }
                }
                return Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })));
            }
            // It is of its first argument's type, whatever that is compared as.
            "nullif" if args.len() == 2 => {
                let otherwise = args.swap_remove(0);
                let null = ScalarValue::try_from(&otherwise.get_type(self.schema)?)?;
                let other = args.swap_remove(0);
                let is_same = self.comparison(otherwise.clone(), Operator::Eq, other)?;
                let case = when(is_same, Expr::Literal(null, None)).otherwise(otherwise)?;
                return Ok(Transformed::yes(case));
            }
            _ => return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }))),
        };
        if args.len() > first {
            let values = args.split_off(first);
            args.extend(self.of_common_type(func.name(), values, of_both)?);
        }
        Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })))
    }

    /// All as the type that all of them become, where Spark has all their types.
    fn of_common_type(&self, of: &str, exprs: Vec<Expr>, of_both: CommonType) -> Result<Vec<Expr>> {
        let types = exprs.iter().map(|expr| expr.get_type(self.schema)).collect::<Result<Vec<_>>>();
        let Ok(types) = types else { return Ok(exprs) };
        let Some(first) = types.first() else { return Ok(exprs) };
        if types.iter().all(|data_type| data_type == first) || types.iter().any(is_foreign) {
            return Ok(exprs);
        }
        let mut to: Option<DataType> = None;
        for data_type in &types {
            let Some(canonical) = canonical(data_type) else { return Ok(exprs) };
            to = Some(match to {
                None => canonical,
                Some(to) => of_both(&to, &canonical, self.ansi).ok_or_else(|| data_diff_types(of, &to, data_type))?,
            });
        }
        let to = to.expect("one type at least");
        Ok(exprs.into_iter().zip(&types).map(|(expr, from)| converted(expr, from, &to)).collect())
    }
}

/// A number is no condition, and neither is a null that is written. A column of nulls may be one: of what has not been captured
/// the types are not known.
fn check_condition(when: &Expr, schema: &DFSchema) -> Result<()> {
    match when.get_type(schema) {
        Ok(DataType::Null) if !is_written_null(when) => Ok(()),
        Ok(found) if found != DataType::Boolean => Err(DataFusionError::Plan(format!(
            "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] a condition of CASE or `if` is of type \"{}\"; compare it with \
             something",
            named(&found)
        ))),
        _ => Ok(()),
    }
}

type CommonType = fn(&DataType, &DataType, bool) -> Option<DataType>;

fn is_comparison(op: Operator) -> bool {
    use Operator::*;
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// What numbers of ours the engine has that Spark has not: what it compares them with is its own affair.
fn is_foreign(data_type: &DataType) -> bool {
    data_type.is_unsigned_integer()
}

/// Both as the type that they are compared as.
fn of_one_type(
    op: Operator,
    left: Expr,
    right: Expr,
    (l, r): (DataType, DataType),
    ansi: bool,
) -> Result<(Expr, Expr)> {
    // In SQL no part of an expression has a name: a plan of our own asks whether a value was written otherwise.
    let is_of_sql = !matches!(left, Expr::Alias(_));
    if let Some(map) = [&l, &r].into_iter().find(|side| is_of_sql && has_map(side)) {
        return Err(DataFusionError::Plan(format!(
            "[DATATYPE_MISMATCH.INVALID_ORDERING_TYPE] `{op}` does not compare \"{}\": compare its entries, as \
             `array_sort(map_entries(m))`",
            named(map)
        )));
    }
    let both = canonical(&l).zip(canonical(&r)).filter(|_| !is_foreign(&l) && !is_foreign(&r));
    let Some((left_type, right_type)) = both else { return Ok((left, right)) };
    let Some(to) = compared(&left_type, &right_type, ansi) else {
        // Of what lies in lists and structs the engine may know more.
        return if l.is_nested() || r.is_nested() { Ok((left, right)) } else { Err(binary_diff_types(op, &l, &r)) };
    };
    Ok((converted(left, &l, &to), converted(right, &r, &to)))
}

fn binary_diff_types(op: Operator, left: &DataType, right: &DataType) -> DataFusionError {
    DataFusionError::Plan(format!(
        "[DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES] \"{}\" and \"{}\" are not compared by `{op}`; CAST one of them",
        named(left),
        named(right)
    ))
}
