//! Joins. USING and NATURAL make one column of each pair: the left one's value, the right one's in a right join, and the one
//! that is there in a full join. It comes first in `*`.
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-join.html>

use datafusion::common::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Spanned,
    TableAlias, TableFactor, TableWithJoins, Value,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::kept::Scope;
use super::source::{self, Source, columns_of, is_lateral};
use super::{generator, refused};
use crate::hints::suggest;
use crate::spark::sql::rewrite::build::{binary, call};

/// Which rows a join keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inner,
    Left,
    Right,
    Full,
    Semi,
    Anti,
    Cross,
}

impl Kind {
    fn operator(self, constraint: JoinConstraint) -> JoinOperator {
        match self {
            Kind::Inner => JoinOperator::Inner(constraint),
            Kind::Left => JoinOperator::LeftOuter(constraint),
            Kind::Right => JoinOperator::RightOuter(constraint),
            Kind::Full => JoinOperator::FullOuter(constraint),
            Kind::Semi => JoinOperator::LeftSemi(constraint),
            Kind::Anti => JoinOperator::LeftAnti(constraint),
            Kind::Cross => JoinOperator::CrossJoin(constraint),
        }
    }

    /// Whether the right side's columns are none of the result's.
    fn has_left_only(self) -> bool {
        matches!(self, Kind::Semi | Kind::Anti)
    }
}

/// What is joined so far, with one table more.
pub fn join(left: Source, join: Join, scope: &mut Scope) -> Result<Source> {
    let place = join.relation.span();
    let (kind, constraint) = parts(join.join_operator, place)?;
    if let TableFactor::Function { lateral: true, name, args, alias, .. } = &join.relation
        && generator::is_generator(name)
    {
        return generated(left, (name, args, alias.as_ref()), kind, constraint, scope);
    }
    if is_lateral(&join.relation) {
        return lateral(left, join.relation, kind, constraint, scope);
    }
    let mut right = Source::table(join.relation, scope)?;
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
            _ if kind == Kind::Cross || kind == Kind::Inner => JoinConstraint::None,
            _ => JoinConstraint::On(Expr::Value(Value::Boolean(true).with_empty_span())),
        };
        let kind = if constraint == JoinConstraint::None { Kind::Cross } else { kind };
        let plan = planned(&left, &right, kind.operator(constraint), scope)?;
        return Ok(match kind.has_left_only() {
            true => Source { plan, ..left },
            false => {
                let merged = left.merged_with(&right);
                Source { plan, columns: left.columns.into_iter().chain(right.columns).collect(), merged }
            }
        });
    };
    using(left, &mut right, kind, &names, scope)
}

fn using(left: Source, right: &mut Source, kind: Kind, names: &[Ident], scope: &mut Scope) -> Result<Source> {
    let mut pairs = vec![];
    for name in names {
        pairs.push((name, side(&left, name, "left")?, side(right, name, "right")?));
    }
    let equal = |(_, left, right): &(&Ident, Expr, Expr)| binary(left.clone(), BinaryOperator::Eq, right.clone());
    let condition = pairs.iter().map(equal).reduce(|all, one| binary(all, BinaryOperator::And, one));
    let kind_planned = if condition.is_none() && kind == Kind::Inner { Kind::Cross } else { kind };
    let constraint = match condition {
        Some(condition) => JoinConstraint::On(condition),
        None if kind_planned == Kind::Cross => JoinConstraint::None,
        None => JoinConstraint::On(Expr::Value(Value::Boolean(true).with_empty_span())),
    };
    let plan = planned(&left, right, kind_planned.operator(constraint), scope)?;
    let merged: Vec<(String, Expr)> = pairs
        .into_iter()
        .map(|(name, left, right)| {
            let one = match kind {
                Kind::Right => right,
                Kind::Full => call("coalesce", name.span, vec![left, right]),
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
    Ok(Source { plan, columns, merged: before.into_iter().chain(merged).collect() })
}

/// Which of a side's columns a key of USING is.
fn side(source: &Source, name: &Ident, which: &str) -> Result<Expr> {
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
fn common(left: &Source, right: &Source) -> Vec<Ident> {
    let is_common = |name: &&String| right.columns.iter().any(|(other, _)| other == *name);
    left.columns.iter().map(|(name, _)| name).filter(is_common).map(Ident::new).collect()
}

fn planned(left: &Source, right: &Source, join_operator: JoinOperator, scope: &mut Scope) -> Result<LogicalPlan> {
    let relation = scope.keep(left.plan.clone());
    let join = Join { relation: scope.keep(right.plan.clone()), global: false, join_operator };
    let both = TableWithJoins { relation, joins: vec![join] };
    scope.plan(TableFactor::NestedJoin { table_with_joins: Box::new(both), alias: None })
}

/// A table that sees the columns of those before it.
fn lateral(
    left: Source,
    relation: TableFactor,
    kind: Kind,
    constraint: JoinConstraint,
    scope: &mut Scope,
) -> Result<Source> {
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
        (Kind::Inner, JoinConstraint::None) => (Kind::Cross, JoinConstraint::None),
        (Kind::Cross, constraint) | (Kind::Inner | Kind::Left, constraint @ JoinConstraint::On(_)) => {
            (kind, constraint)
        }
        (Kind::Left, _) => (kind, JoinConstraint::On(Expr::Value(Value::Boolean(true).with_empty_span()))),
        _ => return Err(refused(place, "a LATERAL subquery takes an inner or a left join", "join it so")),
    };
    let known = left.plan.schema().fields().len();
    let first = scope.keep(left.plan);
    let join = Join { relation, global: false, join_operator: kind.operator(constraint) };
    let both = TableWithJoins { relation: first, joins: vec![join] };
    let plan = scope.plan(TableFactor::NestedJoin { table_with_joins: Box::new(both), alias: None })?;
    let columns = left.columns.into_iter().chain(columns_of(&plan, known)).collect();
    Ok(Source { plan, columns, merged: left.merged })
}

/// `LATERAL explode(list) AS t(x)`, which is a LATERAL VIEW in other words.
fn generated(
    left: Source,
    (name, args, alias): (&ObjectName, &[FunctionArg], Option<&TableAlias>),
    kind: Kind,
    constraint: JoinConstraint,
    scope: &mut Scope,
) -> Result<Source> {
    let is_true = match &constraint {
        JoinConstraint::None => true,
        JoinConstraint::On(Expr::Value(value)) => value.value == Value::Boolean(true),
        _ => false,
    };
    let outer = match kind {
        Kind::Inner | Kind::Cross if is_true => false,
        Kind::Left if is_true => true,
        _ => {
            return Err(refused(
                name.span(),
                format!("LATERAL {name}(…) is joined ON true here, by an inner or a left join"),
                "write the condition behind WHERE",
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
    left.with_generator(&called, outer, alias.map(|alias| &alias.name), &names, scope)
}

fn plain(name: &ObjectName, place: Span) -> Result<Ident> {
    match name.0.as_slice() {
        [one] => one.as_ident().cloned(),
        _ => None,
    }
    .ok_or_else(|| refused(place, format!("USING takes names of columns, not `{name}`"), "leave the table out"))
}

fn parts(operator: JoinOperator, place: Span) -> Result<(Kind, JoinConstraint)> {
    Ok(match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (Kind::Inner, constraint),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (Kind::Left, constraint),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (Kind::Right, constraint),
        JoinOperator::FullOuter(constraint) => (Kind::Full, constraint),
        JoinOperator::Semi(constraint) | JoinOperator::LeftSemi(constraint) => (Kind::Semi, constraint),
        JoinOperator::Anti(constraint) | JoinOperator::LeftAnti(constraint) => (Kind::Anti, constraint),
        JoinOperator::CrossJoin(JoinConstraint::None) => (Kind::Cross, JoinConstraint::None),
        JoinOperator::CrossJoin(constraint) => (Kind::Inner, constraint),
        _ => {
            return Err(refused(
                place,
                "this kind of join is none of Spark's",
                "there are INNER, LEFT, RIGHT, FULL, CROSS, LEFT SEMI and LEFT ANTI",
            ));
        }
    })
}
