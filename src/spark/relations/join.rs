//! The tables of a FROM, and their joins. USING and NATURAL make one column of each pair: the left one's value, the right one's in a right join, and the one
//! that is there in a full join. It comes first in `*`.
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-join.html>

use datafusion::common::Result;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, SetExpr,
    Spanned, TableAlias, TableFactor, TableFunctionArgs, TableWithJoins, Value,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::kept::Scope;
use super::source::{self, FromClause, columns_of, is_lateral};
use super::{computed, refused};
use crate::hints::suggest;
use crate::spark::sql::generators::is_generator;
use crate::spark::sql::rewrite::build::{self, binary, call};

/// Which rows a join keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Semi,
    Anti,
    Cross,
}

impl JoinKind {
    fn operator(self, constraint: JoinConstraint) -> JoinOperator {
        match self {
            JoinKind::Inner => JoinOperator::Inner(constraint),
            JoinKind::Left => JoinOperator::LeftOuter(constraint),
            JoinKind::Right => JoinOperator::RightOuter(constraint),
            JoinKind::Full => JoinOperator::FullOuter(constraint),
            JoinKind::Semi => JoinOperator::LeftSemi(constraint),
            JoinKind::Anti => JoinOperator::LeftAnti(constraint),
            JoinKind::Cross => JoinOperator::CrossJoin(constraint),
        }
    }

    /// Whether the right side's columns are none of the result's.
    fn has_left_only(self) -> bool {
        matches!(self, JoinKind::Semi | JoinKind::Anti)
    }
}

/// All tables of a FROM, joined.
pub fn tables(from: Vec<TableWithJoins>, scope: &mut Scope) -> Result<FromClause> {
    let mut tables = from.into_iter();
    let Some(first) = tables.next() else {
        return Ok(FromClause::of_plan(LogicalPlanBuilder::empty(true).build()?));
    };
    let mut source = joined(first, scope)?;
    for table in tables {
        source = match is_lateral(&table.relation) {
            // It sees what stands before it.
            true => {
                let join_operator = JoinOperator::CrossJoin(JoinConstraint::None);
                let first = Join { relation: table.relation, global: false, join_operator };
                let joins = std::iter::once(first).chain(table.joins);
                joins.into_iter().try_fold(source, |source, one| join(source, one, scope))?
            }
            false => {
                let other = joined(table, scope)?;
                let merged = source.merged_with(&other);
                let plan = LogicalPlanBuilder::from(source.plan).cross_join(other.plan)?.build()?;
                FromClause { plan, columns: source.columns.into_iter().chain(other.columns).collect(), merged }
            }
        };
    }
    Ok(source)
}

fn joined(table: TableWithJoins, scope: &mut Scope) -> Result<FromClause> {
    let first = one_table(table.relation, scope)?;
    table.joins.into_iter().try_fold(first, |source, one| join(source, one, scope))
}

/// One table, or joins in brackets.
pub fn one_table(relation: TableFactor, scope: &mut Scope) -> Result<FromClause> {
    match relation {
        TableFactor::NestedJoin { table_with_joins, alias: None } => joined(*table_with_joins, scope),
        TableFactor::NestedJoin { table_with_joins, alias } => {
            let all = build::select(vec![build::wildcard()], vec![*table_with_joins]);
            let query = Box::new(build::query(SetExpr::Select(Box::new(all))));
            let relation = TableFactor::TableFunction { expr: Expr::Subquery(query), alias };
            Ok(FromClause::of_plan(scope.plan(relation)?))
        }
        // Two that have no name would have columns that nothing tells apart.
        mut unnamed @ TableFactor::Derived { lateral: false, alias: None, .. } => {
            if let TableFactor::Derived { alias, .. } = &mut unnamed {
                *alias = Some(build::alias(scope.name()));
            }
            Ok(FromClause::of_plan(scope.plan(unnamed)?))
        }
        // The first table sees no other.
        TableFactor::Function { lateral: true, name, args, alias, .. } if is_generator(&name) => {
            let args = Some(TableFunctionArgs { args, settings: None });
            let mut table = build::table(name);
            if let TableFactor::Table { alias: of_table, args: given, .. } = &mut table {
                (*of_table, *given) = (alias, args);
            }
            Ok(FromClause::of_plan(scope.plan(table)?))
        }
        relation => Ok(FromClause::of_plan(scope.plan(relation)?)),
    }
}

/// What is joined so far, with one table more.
fn join(left: FromClause, join: Join, scope: &mut Scope) -> Result<FromClause> {
    let place = join.relation.span();
    let (kind, constraint) = parts(join.join_operator, place)?;
    if let TableFactor::Function { lateral: true, name, args, alias, .. } = &join.relation
        && is_generator(name)
    {
        return generated(left, (name, args, alias.as_ref()), kind, constraint, scope);
    }
    if is_lateral(&join.relation) {
        return lateral(left, join.relation, kind, constraint, scope);
    }
    let mut right = one_table(join.relation, scope)?;
    let names = match &constraint {
        JoinConstraint::Using(names) => Some(names.iter().map(|name| plain(name, place)).collect::<Result<_>>()?),
        JoinConstraint::Natural => Some(common(&left, &right)),
        JoinConstraint::On(_) | JoinConstraint::None => None,
    };
    let Some(names) = names else {
        let constraint = match constraint {
            JoinConstraint::On(mut condition) => {
                source::resolve(&left.merged_with(&right), &mut condition);
                JoinConstraint::On(condition)
            }
            _ if kind == JoinKind::Cross || kind == JoinKind::Inner => JoinConstraint::None,
            _ => JoinConstraint::On(Expr::Value(Value::Boolean(true).with_empty_span())),
        };
        let kind = if constraint == JoinConstraint::None { JoinKind::Cross } else { kind };
        let plan = planned(&left, &right, kind.operator(constraint), scope)?;
        return Ok(match kind.has_left_only() {
            true => FromClause { plan, ..left },
            false => {
                let merged = left.merged_with(&right);
                FromClause { plan, columns: left.columns.into_iter().chain(right.columns).collect(), merged }
            }
        });
    };
    using(left, &mut right, kind, &names, scope)
}

fn using(
    left: FromClause,
    right: &mut FromClause,
    kind: JoinKind,
    names: &[Ident],
    scope: &mut Scope,
) -> Result<FromClause> {
    let mut pairs = vec![];
    for name in names {
        pairs.push((name, side(&left, name, "left")?, side(right, name, "right")?));
    }
    let equal = |(_, left, right): &(&Ident, Expr, Expr)| binary(left.clone(), BinaryOperator::Eq, right.clone());
    let condition = pairs.iter().map(equal).reduce(|all, one| binary(all, BinaryOperator::And, one));
    let kind_planned = if condition.is_none() && kind == JoinKind::Inner { JoinKind::Cross } else { kind };
    let constraint = match condition {
        Some(condition) => JoinConstraint::On(condition),
        None if kind_planned == JoinKind::Cross => JoinConstraint::None,
        None => JoinConstraint::On(Expr::Value(Value::Boolean(true).with_empty_span())),
    };
    let plan = planned(&left, right, kind_planned.operator(constraint), scope)?;
    let merged: Vec<(String, Expr)> = pairs
        .into_iter()
        .map(|(name, left, right)| {
            let one = match kind {
                JoinKind::Right => right,
                JoinKind::Full => call("coalesce", name.span, vec![left, right]),
                _ => left,
            };
            (name.value.clone(), one)
        })
        .collect();
    let before = if kind.has_left_only() { left.merged.clone() } else { left.merged_with(right) };
    let is_other = |(name, _): &(String, Expr)| !names.iter().any(|key| key.value == *name);
    let rest = if kind.has_left_only() { vec![] } else { std::mem::take(&mut right.columns) };
    let rest = left.columns.into_iter().chain(rest).filter(is_other);
    let columns = merged.iter().cloned().chain(rest).collect();
    Ok(FromClause { plan, columns, merged: before.into_iter().chain(merged).collect() })
}

/// Which of a side's columns a key of USING is.
fn side(source: &FromClause, name: &Ident, which: &str) -> Result<Expr> {
    if let Some(merged) = source.merged.get(&name.value) {
        return Ok(merged.clone());
    }
    let mut found = source.columns.iter().filter(|(other, _)| *other == name.value);
    match (found.next(), found.next()) {
        (Some((_, column)), None) => Ok(column.clone()),
        (Some(_), Some(_)) => Err(refused(
            name.span,
            format!("[AMBIGUOUS_REFERENCE] the {which} side of the join has several columns `{}`", name.value),
            "join ON the columns that are meant, with their tables",
        )),
        (None, _) => {
            let known: Vec<&str> = source.columns.iter().map(|(name, _)| name.as_str()).collect();
            Err(refused(
                name.span,
                format!(
                    "[UNRESOLVED_USING_COLUMN_FOR_JOIN] the {which} side of the join has no column `{}`",
                    name.value
                ),
                suggest(&name.value, known),
            ))
        }
    }
}

/// The columns that both sides of a NATURAL join have.
fn common(left: &FromClause, right: &FromClause) -> Vec<Ident> {
    let is_common = |name: &&String| right.columns.iter().any(|(other, _)| other == *name);
    left.columns.iter().map(|(name, _)| name).filter(is_common).map(Ident::new).collect()
}

fn planned(
    left: &FromClause,
    right: &FromClause,
    join_operator: JoinOperator,
    scope: &mut Scope,
) -> Result<LogicalPlan> {
    let relation = scope.keep(left.plan.clone());
    let join = Join { relation: scope.keep(right.plan.clone()), global: false, join_operator };
    let both = TableWithJoins { relation, joins: vec![join] };
    scope.plan(TableFactor::NestedJoin { table_with_joins: Box::new(both), alias: None })
}

/// A table that sees the columns of those before it.
fn lateral(
    left: FromClause,
    relation: TableFactor,
    kind: JoinKind,
    constraint: JoinConstraint,
    scope: &mut Scope,
) -> Result<FromClause> {
    let place = relation.span();
    let constraint = match constraint {
        JoinConstraint::On(mut condition) => {
            source::resolve(&left.merged, &mut condition);
            JoinConstraint::On(condition)
        }
        JoinConstraint::None => JoinConstraint::None,
        JoinConstraint::Using(_) | JoinConstraint::Natural => {
            return Err(refused(place, "a LATERAL subquery is joined ON a condition here, not USING", "join ON true"));
        }
    };
    let (kind, constraint) = match (kind, constraint) {
        (JoinKind::Inner, JoinConstraint::None) => (JoinKind::Cross, JoinConstraint::None),
        (JoinKind::Cross, constraint) | (JoinKind::Inner | JoinKind::Left, constraint @ JoinConstraint::On(_)) => {
            (kind, constraint)
        }
        (JoinKind::Left, _) => (kind, JoinConstraint::On(Expr::Value(Value::Boolean(true).with_empty_span()))),
        _ => return Err(refused(place, "a LATERAL subquery takes an inner or a left join", "join it so")),
    };
    if let Some(row) = computed::of(&relation, kind == JoinKind::Left)
        && (is_always(&constraint) || kind == JoinKind::Inner)
    {
        return filtered(computed::beside(left, row, scope)?, constraint, scope);
    }
    let mut relation = relation;
    if let TableFactor::Derived { alias: alias @ None, .. } = &mut relation {
        *alias = Some(build::alias(scope.name()));
    }
    let known = left.plan.schema().fields().len();
    let first = scope.keep(left.plan);
    let join = Join { relation, global: false, join_operator: kind.operator(constraint) };
    let both = TableWithJoins { relation: first, joins: vec![join] };
    let plan = scope.plan(TableFactor::NestedJoin { table_with_joins: Box::new(both), alias: None })?;
    let columns = left.columns.into_iter().chain(columns_of(&plan, known)).collect();
    Ok(FromClause { plan, columns, merged: left.merged })
}

/// The rows of which an inner join's condition is true.
fn filtered(source: FromClause, constraint: JoinConstraint, scope: &mut Scope) -> Result<FromClause> {
    let JoinConstraint::On(mut condition) = constraint else { return Ok(source) };
    source::resolve(&source.merged, &mut condition);
    let condition = scope.context.sql_to_expr(condition, source.plan.schema())?;
    let plan = LogicalPlanBuilder::from(source.plan).filter(condition)?.build()?;
    Ok(FromClause { plan, ..source })
}

/// `LATERAL explode(list) AS t(x)`, which is a LATERAL VIEW in other words.
fn generated(
    left: FromClause,
    (name, args, alias): (&ObjectName, &[FunctionArg], Option<&TableAlias>),
    kind: JoinKind,
    constraint: JoinConstraint,
    scope: &mut Scope,
) -> Result<FromClause> {
    if kind == JoinKind::Left && constraint == JoinConstraint::None {
        return Err(refused(
            name.span(),
            format!("LEFT JOIN LATERAL {name}(…) has no ON: Spark leaves out the rows that it was to keep"),
            "write ON true to keep them, or an inner join",
        ));
    }
    let is_true = is_always(&constraint);
    let outer = match kind {
        JoinKind::Inner | JoinKind::Cross => false,
        JoinKind::Left if is_true => true,
        _ => {
            return Err(refused(
                name.span(),
                format!("LATERAL {name}(…) is left-joined ON true here"),
                "join it ON true, or by an inner join",
            ));
        }
    };
    let arguments = args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let called = call(&name.to_string(), name.span(), arguments.collect());
    let names: Vec<Ident> =
        alias.map_or_else(Vec::new, |alias| alias.columns.iter().map(|column| column.name.clone()).collect());
    let made = left.with_generator(&called, outer, alias.map(|alias| &alias.name), &names, scope)?;
    if is_true { Ok(made) } else { filtered(made, constraint, scope) }
}

/// Whether it leaves out no pair of rows.
fn is_always(constraint: &JoinConstraint) -> bool {
    match constraint {
        JoinConstraint::None => true,
        JoinConstraint::On(Expr::Value(value)) => value.value == Value::Boolean(true),
        _ => false,
    }
}

fn plain(name: &ObjectName, place: Span) -> Result<Ident> {
    match name.0.as_slice() {
        [one] => one.as_ident().cloned(),
        _ => None,
    }
    .ok_or_else(|| refused(place, format!("USING takes names of columns, not `{name}`"), "leave the table out"))
}

fn parts(operator: JoinOperator, place: Span) -> Result<(JoinKind, JoinConstraint)> {
    Ok(match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (JoinKind::Inner, constraint),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (JoinKind::Left, constraint),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (JoinKind::Right, constraint),
        JoinOperator::FullOuter(constraint) => (JoinKind::Full, constraint),
        JoinOperator::Semi(constraint) | JoinOperator::LeftSemi(constraint) => (JoinKind::Semi, constraint),
        JoinOperator::Anti(constraint) | JoinOperator::LeftAnti(constraint) => (JoinKind::Anti, constraint),
        JoinOperator::CrossJoin(JoinConstraint::None) => (JoinKind::Cross, JoinConstraint::None),
        JoinOperator::CrossJoin(constraint) => (JoinKind::Inner, constraint),
        _ => {
            return Err(refused(
                place,
                "this kind of join is none of Spark's",
                "there are INNER, LEFT, RIGHT, FULL, CROSS, LEFT SEMI and LEFT ANTI",
            ));
        }
    })
}
