//! EXISTS and IN (subquery) whose answer is a value: in a select list, in CASE, beside OR.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-null-semantics.html#innot-in-subquery->. The engine knows both as conditions of WHERE
//! alone, where it makes joins of them. Here they become columns beside the row that asks: a join marks the rows for which there
//! is another.
//!
//! What IN answers of nulls needs up to two more questions: whether there are rows at all, and whether one of them is null. In a
//! condition what is unknown stays so until the end, behind AND, OR and NOT. As a value Spark says false, of IN and of NOT IN.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, Result, ScalarValue, Spans, TableReference, plan_err};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    Expr, ExprSchemable, Filter, Join, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit, when,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use super::dependent::{Dependent, PlacedRows, is_plain};
use super::one_type::binary;
use super::{correlated, floats, named};

/// How the marks of a row are called. No name that is written begins so.
const MARKED: &str = "\u{2063}asked ";

/// The engine's name of the column that a marking join adds.
const MARK: &str = "mark";

#[derive(Debug)]
pub struct AskedRows;

impl AnalyzerRule for AskedRows {
    fn name(&self) -> &str {
        "spark_asked_rows"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let mut asked = 0;
        plan.transform_up_with_subqueries(|plan| answered(plan, &mut asked)).data()
    }
}

/// A plan that asks of its input's rows, with the answers beside them.
fn answered(plan: LogicalPlan, asked: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let is_answered = |expr: &Expr| Ok(is_question(expr));
    let has_questions = |expr: &Expr| expr.exists(is_answered).unwrap_or(false);
    match plan {
        LogicalPlan::Filter(Filter { predicate, input, .. }) => {
            let (left, taken): (Vec<&Expr>, Vec<&Expr>) =
                split_conjunction(&predicate).into_iter().partition(|one| is_engines(one) || !has_questions(one));
            if taken.is_empty() {
                return Ok(Transformed::no(LogicalPlan::Filter(Filter::try_new(predicate, input)?)));
            }
            // What needs no answer leaves fewer rows to ask of.
            let mut rows = LogicalPlanBuilder::from(input.as_ref().clone());
            if let Some(left) = conjunction(left.into_iter().cloned()) {
                rows = rows.filter(left)?;
            }
            let columns = input.schema().columns();
            let mut rows = AnsweredRows { plan: rows.build()?, asked };
            let taken = taken.into_iter().map(|one| rows.conditions(one.clone())).collect::<Result<Vec<_>>>()?;
            let plan = LogicalPlanBuilder::from(rows.plan);
            let plan = if let Some(taken) = conjunction(taken) { plan.filter(taken)? } else { plan };
            Ok(Transformed::yes(plan.project(columns.into_iter().map(Expr::Column))?.build()?))
        }
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)
            if plan.expressions().iter().any(has_questions) =>
        {
            let (columns, has_input) = (plan.schema().columns(), plan.inputs().first().map(|input| (*input).clone()));
            let Some(input) = has_input else { return Ok(Transformed::no(plan)) };
            let mut rows = AnsweredRows { plan: input, asked };
            let plan = named::map_expressions(plan, |expr| rows.values(expr).map(Transformed::yes))?.data;
            let plan = plan.with_new_exprs(plan.expressions(), vec![rows.plan])?.recompute_schema()?;
            // A window keeps all columns of what is below it.
            let is_wider = plan.schema().fields().len() > columns.len();
            let plan = match is_wider {
                true => LogicalPlanBuilder::from(plan).project(columns.into_iter().map(Expr::Column))?.build()?,
                false => plan,
            };
            Ok(Transformed::yes(plan))
        }
        LogicalPlan::Join(join) if join.filter.as_ref().is_some_and(has_questions) => before_join(join, asked),
        other => Ok(Transformed::no(other)),
    }
}

/// What ON asks: of an inner join's rows behind the join; of that side alone of which not all rows are kept before it; and else
/// the answers of one side's rows are beside these when they are joined.
fn before_join(mut join: Join, asked: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let filter = join.filter.take();
    let has_questions = |expr: &Expr| expr.exists(|part| Ok(is_question(part))).unwrap_or(false);
    if join.join_type == JoinType::Inner {
        for condition in filter.iter().flat_map(split_conjunction) {
            refuse_both_sides(&join, condition)?;
        }
        let (taken, left): (Vec<&Expr>, Vec<&Expr>) =
            filter.iter().flat_map(split_conjunction).partition(|condition| has_questions(condition));
        join.filter = conjunction(left.into_iter().cloned());
        let Some(taken) = conjunction(taken.into_iter().cloned()) else {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        };
        return answered(LogicalPlan::Filter(Filter::try_new(taken, Arc::new(LogicalPlan::Join(join)))?), asked);
    }
    let side = match join.join_type {
        JoinType::Left => &mut join.right,
        JoinType::Right => &mut join.left,
        _ => return beside_join(join, filter, asked),
    };
    let (mut taken, mut left) = (vec![], vec![]);
    for condition in filter.iter().flat_map(split_conjunction) {
        match is_of(side, condition)? {
            true => taken.push(condition.clone()),
            false => left.push(condition.clone()),
        }
    }
    if let Some(taken) = conjunction(taken) {
        let rows = LogicalPlan::Filter(Filter::try_new(taken, side.clone())?);
        *side = Arc::new(answered(rows, asked)?.data);
    }
    match left.iter().any(has_questions) {
        true => beside_join(join, conjunction(left), asked),
        false => {
            join.filter = conjunction(left);
            Ok(Transformed::yes(LogicalPlan::Join(join)))
        }
    }
}

/// # Errors
/// When a subquery in ON depends on rows of both sides, which Spark does not answer.
fn refuse_both_sides(join: &Join, condition: &Expr) -> Result<()> {
    let depends = condition.exists(|part| {
        let Some(subquery) = subquery_of(part) else { return Ok(false) };
        let is_of = |side: &LogicalPlan| {
            let mut outer = subquery.outer_ref_columns.iter();
            outer
                .any(|outer| matches!(outer, Expr::OuterReferenceColumn(_, column) if side.schema().has_column(column)))
        };
        Ok(is_of(&join.left) && is_of(&join.right))
    })?;
    if !depends {
        return Ok(());
    }
    plan_err!(
        "[UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_EXPRESSION_IN_JOIN_CONDITION] a subquery in ON \
         depends on both sides of the join; write it behind WHERE"
    )
}

/// Whether a condition, and all that is asked in it, is of one side of a join.
fn is_of(side: &LogicalPlan, condition: &Expr) -> Result<bool> {
    let is_known = |column: &Column| side.schema().has_column(column);
    let outside = condition.exists(|part| {
        Ok(subquery_of(part).is_some_and(|subquery| {
            let mut outer = subquery.outer_ref_columns.iter();
            outer.any(|outer| !matches!(outer, Expr::OuterReferenceColumn(_, column) if is_known(column)))
        }))
    })?;
    Ok(!outside && condition.column_refs().into_iter().all(is_known))
}

/// A join whose sides have the answers to what is asked of them in columns of their own.
fn beside_join(join: Join, filter: Option<Expr>, asked: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let columns = LogicalPlan::Join(join.clone()).schema().columns();
    let Join { mut left, mut right, on, join_type, join_constraint, null_equality, null_aware, .. } = join;
    let mut conditions = vec![];
    for condition in filter.iter().flat_map(split_conjunction) {
        let is_asked = condition.exists(|part| Ok(is_question(part)))?;
        let side = match is_asked {
            true if is_of(&left, condition)? => Some(&mut left),
            true if is_of(&right, condition)? => Some(&mut right),
            _ => None,
        };
        let Some(side) = side else {
            conditions.push(condition.clone());
            continue;
        };
        let own = side.schema().columns();
        let mut rows = AnsweredRows { plan: side.as_ref().clone(), asked: &mut *asked };
        let answer = rows.conditions(condition.clone())?;
        let plan = rows.plan;
        let name = format!("{MARKED}answer {asked}");
        *asked += 1;
        let kept = own.into_iter().map(Expr::Column).chain([answer.alias(&name)]);
        *side = Arc::new(LogicalPlanBuilder::from(plan).project(kept.collect::<Vec<_>>())?.build()?);
        conditions.push(Expr::Column(Column::new_unqualified(name)));
    }
    let filter = conjunction(conditions);
    let joined = Join::try_new(left, right, on, filter, join_type, join_constraint, null_equality, null_aware)?;
    let plan = LogicalPlanBuilder::from(LogicalPlan::Join(joined)).project(columns.into_iter().map(Expr::Column))?;
    Ok(Transformed::yes(plan.build()?))
}

fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::Exists(Exists { subquery, .. })
        | Expr::InSubquery(InSubquery { subquery, .. })
        | Expr::ScalarSubquery(subquery) => Some(subquery),
        _ => None,
    }
}

fn is_question(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarSubquery(subquery) => correlated::is_ours(subquery),
        other => matches!(other, Expr::Exists(_) | Expr::InSubquery(_)),
    }
}

/// Whether the engine makes a join of a condition that has the right rows, and knows nulls in it: `NOT IN` only where it depends on
/// nothing outside.
fn is_engines(condition: &Expr) -> bool {
    match condition {
        Expr::Not(condition) => match condition.as_ref() {
            Expr::InSubquery(InSubquery { subquery, negated, .. }) => is_joined(subquery, *negated),
            Expr::Exists(Exists { subquery, .. }) => is_joined(subquery, true),
            _ => false,
        },
        Expr::InSubquery(InSubquery { subquery, negated, .. }) => is_joined(subquery, !negated),
        Expr::Exists(Exists { subquery, .. }) => is_joined(subquery, true),
        _ => false,
    }
}

fn is_joined(subquery: &Subquery, knows_nulls: bool) -> bool {
    if subquery.outer_ref_columns.is_empty() {
        return true;
    }
    let mut pulled = PullUpCorrelatedExpr::new().with_exists_sub_query(true);
    let rewritten = subquery.subquery.as_ref().clone().rewrite(&mut pulled);
    knows_nulls && is_plain(&subquery.subquery) && rewritten.is_ok() && pulled.can_pull_up
}

/// Rows, with a mark for each question that was asked of them.
struct AnsweredRows<'a> {
    plan: LogicalPlan,
    asked: &'a mut usize,
}

impl AnsweredRows<'_> {
    /// A condition with the answers in place of the questions.
    fn conditions(&mut self, expr: Expr) -> Result<Expr> {
        let replaced = expr.transform_up(|part| match part {
            Expr::Exists(question) => self.existence(question).map(Transformed::yes),
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let is_in = self.contains(*expr, &subquery)?;
                Ok(Transformed::yes(not_if(negated, is_in)))
            }
            Expr::ScalarSubquery(subquery) => self.value(subquery),
            other => Ok(Transformed::no(other)),
        });
        replaced.data()
    }

    /// The same of a value.
    fn values(&mut self, expr: Expr) -> Result<Expr> {
        let replaced = expr.transform_down(|part| match part {
            Expr::Exists(question) => self.existence(question).map(Transformed::yes),
            Expr::InSubquery(question) => self.membership(question).map(jump),
            Expr::ScalarSubquery(subquery) => self.value(subquery),
            Expr::Not(inner) => match *inner {
                Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                    self.membership(InSubquery { expr, subquery, negated: !negated }).map(jump)
                }
                inner => Ok(Transformed::no(Expr::Not(Box::new(inner)))),
            },
            other => Ok(Transformed::no(other)),
        });
        replaced.data()
    }

    /// The column of a value that the engine would not find; what neither of us finds is left to it to refuse.
    fn value(&mut self, subquery: Subquery) -> Result<Transformed<Expr>> {
        if correlated::is_ours(&subquery)
            && let Some(found) = correlated::with_value(&self.plan, &subquery, *self.asked)?
        {
            *self.asked += 1;
            self.plan = found.plan;
            return Ok(Transformed::yes(found.value));
        }
        Ok(Transformed::no(Expr::ScalarSubquery(subquery)))
    }

    fn existence(&mut self, Exists { subquery, negated }: Exists) -> Result<Expr> {
        self.exists(&subquery).map(|exists| not_if(negated, exists))
    }

    /// What is not known is false; a null that is written is known to be none.
    fn membership(&mut self, InSubquery { expr, subquery, negated }: InSubquery) -> Result<Expr> {
        let expr = self.values(*expr)?;
        if is_written_null(&expr) {
            return Ok(Expr::Literal(ScalarValue::Boolean(None), None));
        }
        match negated {
            true => Ok(Expr::IsTrue(Box::new(Expr::Not(Box::new(self.contains(expr, &subquery)?))))),
            false => {
                let value = floats::normal(expr, self.plan.schema())?;
                self.marked(&subquery.subquery, Some(value))
            }
        }
    }

    /// Null where neither is known: the value is null and there are rows, or one of them is.
    fn contains(&mut self, value: Expr, subquery: &Subquery) -> Result<Expr> {
        let (value_may_be_null, row) = (value.nullable(self.plan.schema())?, &subquery.subquery);
        let [found] = row.schema().columns().try_into().map_err(|_| several_columns())?;
        let row_may_be_null = row.schema().field(0).is_nullable();
        let value = floats::normal(value, self.plan.schema())?;
        let is_found = self.marked(row, Some(value.clone()))?;
        let unknown = || Expr::Literal(ScalarValue::Boolean(None), None);
        let mut answer = when(is_found.clone(), lit(true));
        if value_may_be_null {
            answer = answer.when(value.is_null().and(self.exists(subquery)?), unknown());
        }
        if row_may_be_null {
            let nulls =
                LogicalPlanBuilder::from(row.as_ref().clone()).filter(Expr::Column(found).is_null())?.build()?;
            let nulls = Subquery { subquery: Arc::new(nulls), ..subquery.clone() };
            answer = answer.when(self.exists(&nulls)?, unknown());
        }
        match value_may_be_null || row_may_be_null {
            true => answer.otherwise(lit(false)),
            false => Ok(is_found),
        }
    }

    fn exists(&mut self, subquery: &Subquery) -> Result<Expr> {
        let rows = subquery.subquery.as_ref();
        if !subquery.outer_ref_columns.is_empty() {
            return self.marked(rows, None);
        }
        // It is the same for all rows.
        let one = LogicalPlanBuilder::from(rows.clone()).limit(0, Some(1))?;
        let counted = one.aggregate(Vec::<Expr>::new(), vec![count(lit(1_i64))])?.build()?;
        let counted = Subquery { subquery: Arc::new(counted), outer_ref_columns: vec![], spans: Spans::new() };
        Ok(Expr::ScalarSubquery(counted).gt(lit(0_i64)))
    }

    /// Whether a subquery has a row for the row outside; one with this value, if one is said.
    fn marked(&mut self, rows: &LogicalPlan, value: Option<Expr>) -> Result<Expr> {
        let name = format!("{MARKED}{}", self.asked);
        *self.asked += 1;
        let mut pulled = PullUpCorrelatedExpr::new().with_exists_sub_query(value.is_none());
        let found = rows.schema().columns().into_iter().next();
        if let (Some(value), Some(found)) = (&value, &found) {
            let is_same = value.clone().eq(Expr::Column(found.clone()));
            pulled = pulled.with_in_predicate_opt(Some(is_same));
        }
        let inner = without_order(rows.clone()).rewrite(&mut pulled).data()?;
        if !pulled.can_pull_up || !is_plain(rows) {
            return self.marked_beside(rows, value, name);
        }
        let own: BTreeSet<Column> = pulled.correlated_subquery_cols_map.values().flatten().cloned().collect();
        let renamed = |column: &Column| Column::new(Some(TableReference::bare(name.clone())), column.name.clone());
        let mut conditions = vec![];
        if let (Some(value), Some(found)) = (value, found) {
            let schema = inner.schema().clone();
            let normal = floats::normal(Expr::Column(found), &schema)?;
            conditions.push(value.eq(of_table(normal, |_| true, renamed)?));
        }
        for condition in pulled.join_filters {
            conditions.push(of_table(condition, |column| own.contains(column), renamed)?);
        }
        let inner = LogicalPlanBuilder::from(inner).alias(name.clone())?.build()?;
        let condition = conjunction(conditions).unwrap_or_else(|| lit(true));
        let left = LogicalPlanBuilder::from(self.plan.clone());
        self.plan = left.join_on(inner, JoinType::LeftMark, Some(condition))?.build()?;
        Ok(Expr::Column(Column::new(Some(TableReference::bare(name)), MARK)))
    }
}

impl AnsweredRows<'_> {
    /// The same where the rows depend on the row outside by more than conditions.
    fn marked_beside(&mut self, rows: &LogicalPlan, value: Option<Expr>, name: String) -> Result<Expr> {
        let placed = match Dependent::of(&self.plan, rows, &name)? {
            Some(mut dependent) => dependent.place(rows)?.map(|placed| (dependent.asked().to_vec(), placed)),
            None => None,
        };
        let Some((asked, PlacedRows { plan, keys })) = placed else {
            return plan_err!(
                "[UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY] what is asked of a subquery here depends on the row outside in a \
                 way that is not followed here; join the tables instead"
            );
        };
        let found = "\u{2063}found";
        let key = |at: usize| format!("\u{2063}key {at}");
        let mut columns: Vec<Expr> = keys.into_iter().enumerate().map(|(at, column)| column.alias(key(at))).collect();
        if let (Some(_), Some(first)) = (&value, rows.schema().columns().into_iter().next()) {
            columns.push(floats::normal(Expr::Column(first), plan.schema())?.alias(found));
        }
        let inner = LogicalPlanBuilder::from(plan).project(columns)?.alias(name.clone())?.build()?;
        let of_inner = |column: &str| Expr::Column(Column::new(Some(TableReference::bare(name.clone())), column));
        let same = asked
            .into_iter()
            .enumerate()
            .map(|(at, column)| binary(Expr::Column(column), Operator::IsNotDistinctFrom, of_inner(&key(at))));
        let conditions = same.chain(value.map(|value| value.eq(of_inner(found))));
        let left = LogicalPlanBuilder::from(self.plan.clone());
        let condition = conjunction(conditions.collect::<Vec<_>>());
        self.plan = left.join_on(inner, JoinType::LeftMark, condition)?.build()?;
        Ok(Expr::Column(Column::new(Some(TableReference::bare(name)), MARK)))
    }
}

fn jump(expr: Expr) -> Transformed<Expr> {
    Transformed::new(expr, true, TreeNodeRecursion::Jump)
}

fn not_if(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}

pub(super) fn is_written_null(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value, _) => value.is_null(),
        Expr::Cast(cast) => is_written_null(&cast.expr),
        _ => false,
    }
}

/// With columns of the subquery as those of the table that it becomes.
fn of_table(expr: Expr, is_own: impl Fn(&Column) -> bool, renamed: impl Fn(&Column) -> Column) -> Result<Expr> {
    expr.transform(|part| match part {
        Expr::Column(column) if is_own(&column) => Ok(Transformed::yes(Expr::Column(renamed(&column)))),
        other => Ok(Transformed::no(other)),
    })
    .data()
}

/// Which rows there are does not depend on their order, nor on how often each is there.
fn without_order(plan: LogicalPlan) -> LogicalPlan {
    match plan {
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => without_order(sort.input.as_ref().clone()),
        LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(input)) => without_order(input.as_ref().clone()),
        other => other,
    }
}

fn several_columns() -> datafusion::common::DataFusionError {
    datafusion::common::DataFusionError::Plan(
        "[IN_SUBQUERY_DATA_TYPE_MISMATCH] the subquery of IN has one column for each value in front of it".to_string(),
    )
}
