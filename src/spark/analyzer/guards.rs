//! The right side of AND and OR is evaluated in Spark only where the left side has not decided: `b <> 0 AND a / b > 1` is no
//! error. The engine evaluates both, so what may fail gets a null where it is not needed. (A condition in front of all of it
//! would do as well, but the optimizer takes it apart.)
//!
//! The same is true of the right side of a comparison or of `+`, where the left side is null; of the branches of a CASE that
//! answers true or false, of which the engine makes AND and OR; and of what is written and fails, such as `1 / 0`, in any branch.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-null-semantics.html#logical-operators>. The last of the rules: by now it is known
//! what may fail.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue, TableReference};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::{HigherOrderFunction, ScalarFunction};
use datafusion::logical_expr::utils::{split_binary_owned, split_conjunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, Volatility, and, or, when};
use datafusion::optimizer::AnalyzerRule;

use super::asked_rows::is_written_null;
use super::casts::schema_below;
use super::named;
use crate::spark::functions::scalar::{arithmetic, cast};
use crate::spark::functions::{self, higher_order};

/// So many conditions guard one that may fail: more would make a long list of them a square.
const MOST_GUARDS: usize = 32;

#[derive(Debug)]
pub struct SparkGuards;

impl AnalyzerRule for SparkGuards {
    fn name(&self) -> &str {
        "spark_guards"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let guarded = plan.transform_up_with_subqueries(|plan| {
            let schema = schema_below(&plan)?;
            named::map_expressions(plan, |expr| expr.transform_down(|expr| each(expr, &schema)))
        })?;
        Ok(guarded.data)
    }
}

fn each(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let op = match &expr {
        Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::And | Operator::Or), .. }) => *op,
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if fails_behind(left, *op, right, schema)? => {
            return within(expr, schema)?.then(|expr| compared(expr, schema));
        }
        Expr::Case(case) if case.expr.is_none() => return within(expr, schema)?.then(|expr| branches(expr, schema)),
        Expr::ScalarFunction(call) if call.func.name() == "coalesce" => {
            return within(expr, schema)?.then(|expr| choices(expr, schema));
        }
        Expr::ScalarFunction(call) if arithmetic::may_fail(&call.func) => {
            return within(expr, schema)?.then(|expr| operands(expr, schema));
        }
        _ => return Ok(Transformed::no(expr)),
    };
    let parts = split_binary_owned(expr, op);
    let may_fail = parts.iter().map(|part| has_fallible(part, schema)).collect::<Result<Vec<_>>>()?;
    let join = if op == Operator::And { and } else { or };
    if !may_fail.contains(&true) {
        let whole = parts.into_iter().reduce(join).expect("two parts at least");
        return Ok(Transformed::new(whole, false, TreeNodeRecursion::Jump));
    }
    let mut sure: Vec<Expr> = vec![];
    let mut done: Vec<Expr> = vec![];
    for (part, may_fail) in parts.into_iter().zip(may_fail) {
        if !may_fail {
            sure.push(part.clone());
            done.push(part);
            continue;
        }
        // Within it there may be others of these.
        let part = part.transform_down(|part| each(part, schema))?.data;
        let guards = sure.iter().rev().filter(|guard| !is_key_of_join(&part) && is_of_same_tables(guard, &part));
        let guards: Vec<Expr> = guards.take(MOST_GUARDS).cloned().collect();
        done.push(match guards.into_iter().rev().reduce(join) {
            Some(guards) if op == Operator::And => guarded(part, &guards.is_false(), schema)?,
            Some(guards) => guarded(part, &guards.is_true(), schema)?,
            None => part,
        });
    }
    let whole = done.into_iter().reduce(join).expect("two parts at least");
    Ok(Transformed::new(whole, true, TreeNodeRecursion::Jump))
}

/// Whether it may fail for some values of columns. What has no columns is computed before any row is.
fn is_fallible(expr: &Expr, schema: &DFSchema) -> bool {
    let of_columns = |args: &[Expr]| args.iter().any(|argument| !argument.column_refs().is_empty());
    match expr {
        Expr::ScalarFunction(call) => {
            let is_of_rows = of_columns(&call.args)
                || cast::is_of_literal(call)
                || call.func.signature().volatility == Volatility::Volatile;
            functions::may_fail(call, schema) && is_of_rows
        }
        Expr::HigherOrderFunction(call) => {
            let fails_itself = call.func.name() == higher_order::SORT_BY;
            of_columns(&call.args) && (fails_itself || call.args.iter().any(|one| fails_within(one, schema)))
        }
        _ => false,
    }
}

/// Whether a lambda may fail for some elements.
fn fails_within(argument: &Expr, schema: &DFSchema) -> bool {
    let may_fail = |part: &Expr| Ok(matches!(part, Expr::ScalarFunction(call) if functions::may_fail(call, schema)));
    matches!(argument, Expr::Lambda(_)) && argument.exists(may_fail).unwrap_or(true)
}

/// An equation of two tables is the key of a join, and each side of it is computed for all rows of its table, in Spark too.
fn is_key_of_join(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let (left, right) = (tables(left), tables(right));
            !left.is_empty() && !right.is_empty() && left.is_disjoint(&right)
        }
        _ => false,
    }
}

/// What a condition is moved down to, its guard must be able to go to.
fn is_of_same_tables(guard: &Expr, expr: &Expr) -> bool {
    split_conjunction(guard).iter().all(|guard| tables(guard).is_subset(&tables(expr)))
}

fn tables(expr: &Expr) -> HashSet<Option<&TableReference>> {
    expr.column_refs().into_iter().map(|column| column.relation.as_ref()).collect()
}

/// Whether the right side of a comparison may fail, and is nobody's business where the left one is null.
fn fails_behind(left: &Expr, op: Operator, right: &Expr, schema: &DFSchema) -> Result<bool> {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    let is_comparison = matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq);
    Ok(is_comparison
        && !left.column_refs().is_empty()
        && tables(right).is_subset(&tables(left))
        && left.nullable(schema)?
        && has_fallible(right, schema)?)
}

fn has_fallible(expr: &Expr, schema: &DFSchema) -> Result<bool> {
    expr.exists(|part| Ok(is_fallible(part, schema) || is_failing(part, schema)))
}

/// What is written in the query alone, and may fail. What is there to fail is computed where a row asks for it, and not before.
fn is_failing(expr: &Expr, schema: &DFSchema) -> bool {
    match expr {
        Expr::ScalarFunction(call) => {
            let is_asked_late = call.func.signature().volatility == Volatility::Volatile;
            functions::may_fail(call, schema) && !is_asked_late && expr.column_refs().is_empty()
        }
        _ => false,
    }
}

/// An expression of which all parts are done, so that what is put in is not looked at again.
fn within(expr: Expr, schema: &DFSchema) -> Result<DoneParts> {
    Ok(DoneParts(expr.map_children(|part| part.transform_down(|part| each(part, schema)))?))
}

struct DoneParts(Transformed<Expr>);

impl DoneParts {
    fn then(self, guard: impl FnOnce(Expr) -> Result<Expr>) -> Result<Transformed<Expr>> {
        Ok(Transformed::new(guard(self.0.data)?, true, TreeNodeRecursion::Jump))
    }
}

fn compared(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else { return Ok(expr) };
    let right = Box::new(guarded(*right, &left.as_ref().clone().is_null(), schema)?);
    Ok(Expr::BinaryExpr(BinaryExpr { left, op, right }))
}

/// The engine chooses before it computes, unless it makes AND and OR of what is true or false, or finds what has no columns in
/// two places: how it is told which of the values, of which there is one, get a guard.
fn touched(value: Option<&Expr>, schema: &DFSchema) -> Result<fn(&Expr, &DFSchema) -> Result<bool>> {
    let is_condition = value.map(|value| value.get_type(schema)).transpose()? == Some(DataType::Boolean);
    Ok(match is_condition {
        true => has_fallible,
        false => |expr, schema| expr.exists(|part| Ok(is_failing(part, schema))),
    })
}

/// Each branch of a CASE is computed where none before it was chosen.
fn branches(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let Expr::Case(mut case) = expr else { return Ok(expr) };
    let is_touched = touched(case.when_then_expr.first().map(|(_, then)| then.as_ref()), schema)?;
    let mut chosen: Option<Expr> = None;
    for (when, then) in &mut case.when_then_expr {
        if is_touched(then, schema)? && !when.column_refs().is_empty() {
            let others = when.as_ref().clone().is_not_true();
            **then = guarded(std::mem::take(then.as_mut()), &others, schema)?;
        }
        let this = when.as_ref().clone().is_true();
        chosen = Some(chosen.map_or(this.clone(), |chosen| or(chosen, this)));
    }
    if let (Some(otherwise), Some(chosen)) = (&mut case.else_expr, chosen)
        && is_touched(otherwise, schema)?
        && !chosen.column_refs().is_empty()
    {
        **otherwise = guarded(std::mem::take(otherwise.as_mut()), &chosen, schema)?;
    }
    Ok(Expr::Case(case))
}

/// The values behind the first of `coalesce` are computed where those before them are null.
fn choices(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let Expr::ScalarFunction(ScalarFunction { func, mut args }) = expr else { return Ok(expr) };
    let is_touched = touched(args.first(), schema)?;
    let mut chosen: Option<Expr> = None;
    for argument in &mut args {
        if let Some(chosen) = &chosen
            && !chosen.column_refs().is_empty()
            && is_touched(argument, schema)?
        {
            *argument = guarded(std::mem::take(argument), chosen, schema)?;
        }
        let this = argument.clone().is_not_null();
        chosen = Some(chosen.map_or(this.clone(), |chosen| or(chosen, this)));
    }
    Ok(Expr::ScalarFunction(ScalarFunction { func, args }))
}

/// `a + '1.5'`: the text is no whole number, which is an error where there is something to add it to.
fn operands(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let Expr::ScalarFunction(ScalarFunction { func, mut args }) = expr else { return Ok(expr) };
    let [first, others @ ..] = &mut args[arithmetic::first_operand(&func)..] else {
        return Ok(Expr::ScalarFunction(ScalarFunction { func, args }));
    };
    if is_written_null(first) && others.iter().any(|other| is_failing(other, schema)) {
        let gives = Expr::ScalarFunction(ScalarFunction { func, args }).get_type(schema)?;
        return Ok(Expr::Literal(ScalarValue::try_from(&gives)?, None));
    }
    if !first.column_refs().is_empty() && first.nullable(schema)? {
        for other in others.iter_mut().filter(|other| is_failing(other, schema)) {
            *other = guarded(std::mem::take(other), &first.clone().is_null(), schema)?;
        }
    }
    Ok(Expr::ScalarFunction(ScalarFunction { func, args }))
}

fn guarded(expr: Expr, decided: &Expr, schema: &DFSchema) -> Result<Expr> {
    let guarded = expr.transform_up(|part| {
        if !is_fallible(&part, schema) && !is_failing(&part, schema) {
            return Ok(Transformed::no(part));
        }
        match part {
            // A null would be an error, too.
            Expr::ScalarFunction(call) if functions::fails_of_null(&call.func) => {
                or_null(Expr::ScalarFunction(call), decided, schema).map(Transformed::yes)
            }
            Expr::ScalarFunction(ScalarFunction { func, mut args }) => {
                let nth = args.iter().position(|argument| !argument.column_refs().is_empty());
                let nth = nth.unwrap_or_else(|| arithmetic::first_operand(&func));
                args[nth] = or_null(std::mem::take(&mut args[nth]), decided, schema)?;
                Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })))
            }
            Expr::HigherOrderFunction(HigherOrderFunction { func, mut args }) => {
                let is_value = |argument: &Expr| !matches!(argument, Expr::Lambda(_));
                if let Some(nth) = args.iter().position(is_value) {
                    args[nth] = or_null(std::mem::take(&mut args[nth]), decided, schema)?;
                }
                Ok(Transformed::yes(Expr::HigherOrderFunction(HigherOrderFunction { func, args })))
            }
            other => Ok(Transformed::no(other)),
        }
    })?;
    Ok(guarded.data)
}

/// The value, and null where another condition has decided.
fn or_null(value: Expr, decided: &Expr, schema: &DFSchema) -> Result<Expr> {
    let null = ScalarValue::try_from(&value.get_type(schema)?)?;
    when(decided.clone(), Expr::Literal(null, None)).otherwise(value)
}
