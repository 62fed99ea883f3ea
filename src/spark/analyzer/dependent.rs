//! A plan that depends on a row outside, for all rows outside at once: the different values that it asks for are beside its own rows.
//!
//! The way is that of Neumann and Kemper, "Unnesting Arbitrary Queries" (<https://cs.emis.de/LNI/Proceedings/Proceedings241/383.pdf>): the plan
//! is made over the distinct values of the columns outside, its groups, windows and limits are of one of these each, and what comes
//! out is joined to the rows outside.

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, Result, TableReference};
use datafusion::logical_expr::expr::{AggregateFunction, Exists, InSubquery, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, ExprFunctionExt, FetchType, Join, Limit, LogicalPlan, LogicalPlanBuilder, Operator,
    SkipType, Sort, SortExpr, Union, Window, lit,
};

use super::chance::by_chance;
use super::one_type::binary;
use crate::spark::functions::window::ranks::row_number;

/// Names that nobody writes begin so.
const MARK: char = '\u{2063}';

pub struct Dependent<'a> {
    outside: &'a LogicalPlan,
    /// Columns outside.
    asked: Vec<Column>,
    /// Begins the names of what is added.
    name: String,
    uses: usize,
}

/// Rows with the values outside that they are of.
pub struct PlacedRows {
    pub plan: LogicalPlan,
    /// Their columns, one for each that is asked for.
    pub keys: Vec<Expr>,
}

impl<'a> Dependent<'a> {
    /// None where it asks for columns of another plan, or where one of the two is not the same twice.
    pub fn of(outside: &'a LogicalPlan, plan: &LogicalPlan, name: &str) -> Result<Option<Dependent<'a>>> {
        let mut asked: Vec<Column> = vec![];
        for expr in plan.all_out_ref_exprs() {
            match expr {
                Expr::OuterReferenceColumn(_, column) if outside.schema().has_column(&column) => {
                    if !asked.contains(&column) {
                        asked.push(column);
                    }
                }
                _ => return Ok(None),
            }
        }
        // What is computed twice must be the same both times.
        if asked.is_empty() || by_chance(outside)?.is_some() || by_chance(plan)?.is_some() {
            return Ok(None);
        }
        Ok(Some(Dependent { outside, asked, name: format!("{MARK}{name}"), uses: 0 }))
    }

    /// Columns outside that it depends on.
    pub fn asked(&self) -> &[Column] {
        &self.asked
    }

    /// Rows outside, each joined to those that the plan has for it.
    pub fn beside(
        mut self,
        plan: &LogicalPlan,
        join_type: JoinType,
        filter: Option<Expr>,
    ) -> Result<Option<LogicalPlan>> {
        let Some(placed) = self.place(plan)? else { return Ok(None) };
        let own = || plan.schema().columns().into_iter().map(Expr::Column);
        let columns = own().chain(placed.keys.iter().cloned()).collect::<Vec<_>>();
        let rows = LogicalPlanBuilder::from(placed.plan).project(columns)?.build()?;
        let asked: Vec<Expr> = self.asked.iter().cloned().map(Expr::Column).collect();
        let conditions = same(&asked, &placed.keys).chain(filter);
        let joined = LogicalPlanBuilder::from(self.outside.clone()).join_on(rows, join_type, conditions)?;
        let columns = self.outside.schema().columns().into_iter().map(Expr::Column).chain(own());
        joined.project(columns.collect::<Vec<_>>())?.build().map(Some)
    }

    /// The plan's rows for each of the values outside; `None` where it has a part that is not understood so.
    pub fn place(&mut self, plan: &LogicalPlan) -> Result<Option<PlacedRows>> {
        if !depends(plan) {
            return self.beside_all(plan).map(Some);
        }
        if self.asks_within(plan)? {
            return Ok(None);
        }
        match plan {
            LogicalPlan::Projection(projection) => {
                let Some(below) = self.place(&projection.input)? else { return Ok(None) };
                self.projected(below, &projection.expr).map(Some)
            }
            LogicalPlan::Filter(filter) => {
                let Some(PlacedRows { plan, keys }) = self.place(&filter.input)? else { return Ok(None) };
                let predicate = self.within(filter.predicate.clone(), &keys)?;
                let plan = LogicalPlanBuilder::from(plan).filter(predicate)?.build()?;
                Ok(Some(PlacedRows { plan, keys }))
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let Some(PlacedRows { plan, keys }) = self.place(&alias.input)? else { return Ok(None) };
                let plan = LogicalPlanBuilder::from(plan).alias(alias.alias.clone())?.build()?;
                let keys = keys.iter().map(|key| of_table(key, &alias.alias)).collect();
                Ok(Some(PlacedRows { plan, keys }))
            }
            LogicalPlan::Aggregate(aggregate) => self.groups(aggregate),
            LogicalPlan::Window(window) => self.windows(window),
            // An order that nothing is taken by is none.
            LogicalPlan::Sort(Sort { input, fetch: None, .. }) => self.place(input),
            LogicalPlan::Limit(limit) => self.limited(limit),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let Some(PlacedRows { plan, keys }) = self.place(input)? else { return Ok(None) };
                Ok(Some(PlacedRows { plan: LogicalPlanBuilder::from(plan).distinct()?.build()?, keys }))
            }
            LogicalPlan::Join(join) => self.joined(join),
            LogicalPlan::Union(union) => self.united(union),
            _ => Ok(None),
        }
    }

    /// The different values outside.
    fn values(&mut self) -> Result<PlacedRows> {
        let nth = self.uses;
        self.uses += 1;
        let names: Vec<String> = (0..self.asked.len()).map(|at| format!("{} {nth} {at}", self.name)).collect();
        let columns = self.asked.iter().zip(&names).map(|(column, name)| Expr::Column(column.clone()).alias(name));
        let rows = LogicalPlanBuilder::from(self.outside.clone()).project(columns.collect::<Vec<_>>())?;
        let keys = names.into_iter().map(|name| Expr::Column(Column::new_unqualified(name))).collect();
        Ok(PlacedRows { plan: rows.distinct()?.build()?, keys })
    }

    /// Rows that are the same for all.
    fn beside_all(&mut self, plan: &LogicalPlan) -> Result<PlacedRows> {
        let PlacedRows { plan: values, keys } = self.values()?;
        let is_one = matches!(plan, LogicalPlan::EmptyRelation(empty) if empty.produce_one_row);
        let plan = match is_one {
            true => values,
            false => LogicalPlanBuilder::from(values).cross_join(plan.clone())?.build()?,
        };
        Ok(PlacedRows { plan, keys })
    }

    fn projected(&self, PlacedRows { plan, keys }: PlacedRows, exprs: &[Expr]) -> Result<PlacedRows> {
        let own = exprs.iter().map(|expr| self.named_within(expr.clone(), &keys)).collect::<Result<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::from(plan).project(own.into_iter().chain(keys.clone()))?.build()?;
        Ok(PlacedRows { plan, keys })
    }

    fn groups(&mut self, aggregate: &Aggregate) -> Result<Option<PlacedRows>> {
        let Aggregate { input, group_expr, aggr_expr, .. } = aggregate;
        // Spark groups by no mixture of both.
        let is_mixed = |expr: &Expr| expr.contains_outer() && expr.any_column_refs();
        if group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)) || is_mixed(expr)) {
            return Ok(None);
        }
        let Some(below) = self.place(input)? else { return Ok(None) };
        let within = |exprs: &[Expr]| {
            exprs.iter().map(|expr| self.named_within(expr.clone(), &below.keys)).collect::<Result<Vec<_>>>()
        };
        let (groups, aggregates) = (within(group_expr)?, within(aggr_expr)?);
        if !groups.is_empty() {
            let groups = groups.into_iter().chain(below.keys.clone());
            let plan = LogicalPlanBuilder::from(below.plan).aggregate(groups, aggregates)?.build()?;
            return Ok(Some(PlacedRows { plan, keys: below.keys }));
        }
        // Of no rows there is a row, too.
        let all = self.values()?;
        let found = format!("{} {} found", self.name, self.uses);
        let columns = below.plan.schema().columns().into_iter().map(Expr::Column);
        let columns = columns.chain([lit(true).alias(&found)]).collect::<Vec<_>>();
        let rows = LogicalPlanBuilder::from(below.plan).project(columns)?.build()?;
        let aggregates = aggregates.into_iter().map(|expr| only_found(expr, &found)).collect::<Result<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::from(all.plan)
            .join_on(rows, JoinType::Left, same(&all.keys, &below.keys))?
            .aggregate(all.keys.clone(), aggregates)?
            .build()?;
        Ok(Some(PlacedRows { plan, keys: all.keys }))
    }

    fn windows(&mut self, window: &Window) -> Result<Option<PlacedRows>> {
        let Some(PlacedRows { plan, keys }) = self.place(&window.input)? else { return Ok(None) };
        let parted = window.window_expr.iter().map(|expr| {
            let name = expr.schema_name().to_string();
            let expr = self.within(expr.clone(), &keys)?.unalias();
            let Expr::WindowFunction(window) = expr else { return Ok(expr.alias(name)) };
            let WindowFunction { fun, mut params } = *window;
            params.partition_by.extend(keys.iter().cloned());
            Ok(Expr::WindowFunction(Box::new(WindowFunction { fun, params })).alias(name))
        });
        let parted = parted.collect::<Result<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::from(plan).window(parted)?.build()?;
        Ok(Some(PlacedRows { plan, keys }))
    }

    /// The first rows of each, in the order that they are to have.
    fn limited(&mut self, limit: &Limit) -> Result<Option<PlacedRows>> {
        let (SkipType::Literal(skip), FetchType::Literal(fetch)) = (limit.get_skip_type()?, limit.get_fetch_type()?)
        else {
            return Ok(None);
        };
        let (above, order, below) = ordered(&limit.input);
        let Some(PlacedRows { plan, keys }) = self.place(below)? else { return Ok(None) };
        let name = format!("{} {} row", self.name, self.uses);
        self.uses += 1;
        let order = order.iter().map(|sort| {
            let expr = self.within(sort.expr.clone(), &keys)?;
            Ok(SortExpr { expr, ..sort.clone() })
        });
        let order = order.collect::<Result<Vec<_>>>()?;
        // The one that comes back as itself on workers, where numbers of other types would not be compared.
        let numbered = row_number().call(vec![]).partition_by(keys.clone());
        let numbered = if order.is_empty() { numbered } else { numbered.order_by(order) };
        let numbered = numbered.build()?.alias(&name);
        let number = || Expr::Column(Column::new_unqualified(name.clone()));
        let whole = |rows: usize| lit(i32::try_from(rows).unwrap_or(i32::MAX));
        let is_after = number().gt(whole(skip));
        let is_taken = match fetch {
            Some(fetch) => is_after.and(number().lt_eq(whole(skip.saturating_add(fetch)))),
            None => is_after,
        };
        let plan = LogicalPlanBuilder::from(plan).window([numbered])?.filter(is_taken)?;
        let own = below.schema().columns().into_iter().map(Expr::Column);
        let plan = plan.project(own.chain(keys.iter().cloned()))?.build()?;
        let taken = PlacedRows { plan, keys };
        above.into_iter().rev().try_fold(taken, |taken, exprs| self.projected(taken, exprs)).map(Some)
    }

    /// Rows of both sides that are of the same values outside.
    fn joined(&mut self, join: &Join) -> Result<Option<PlacedRows>> {
        use JoinType::{Inner, Left, LeftAnti, LeftMark, LeftSemi, Right};
        let (is_left, is_right) = (depends(&join.left), depends(&join.right));
        // Of an outer join only the side of which all rows are kept may depend on rows outside, in Spark as well.
        let (with_left, with_right) = match join.join_type {
            Inner => (is_left || !is_right, is_right),
            Right if !is_left => (false, true),
            Left | LeftSemi | LeftAnti | LeftMark if !is_right && !join.null_aware => (true, false),
            _ => return Ok(None),
        };
        let mut side = |plan: &LogicalPlan, is_placed: bool| -> Result<Option<PlacedRows>> {
            if is_placed { self.place(plan) } else { Ok(Some(PlacedRows { plan: plan.clone(), keys: vec![] })) }
        };
        let (Some(left), Some(right)) = (side(&join.left, with_left)?, side(&join.right, with_right)?) else {
            return Ok(None);
        };
        let keys = match join.join_type {
            _ if with_left => left.keys.clone(),
            _ => right.keys.clone(),
        };
        let on = join.on.iter().map(|(left, right)| binary(left.clone(), Operator::Eq, right.clone()));
        let mut conditions =
            on.chain(join.filter.clone()).map(|one| self.within(one, &keys)).collect::<Result<Vec<_>>>()?;
        if with_left && with_right {
            conditions.extend(same(&left.keys, &right.keys));
        }
        let plan = LogicalPlanBuilder::from(left.plan).join_on(right.plan, join.join_type, conditions)?.build()?;
        Ok(Some(PlacedRows { plan, keys }))
    }

    fn united(&mut self, union: &Union) -> Result<Option<PlacedRows>> {
        let nth = self.uses;
        self.uses += 1;
        let names: Vec<String> = (0..self.asked.len()).map(|at| format!("{} {nth} {at}", self.name)).collect();
        let mut inputs = vec![];
        for input in &union.inputs {
            let Some(PlacedRows { plan, keys }) = self.place(input)? else { return Ok(None) };
            let own = input.schema().columns().into_iter().map(Expr::Column);
            let keys = keys.into_iter().zip(&names).map(|(key, name)| key.alias(name));
            inputs.push(LogicalPlanBuilder::from(plan).project(own.chain(keys))?.build()?.into());
        }
        let plan = LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?);
        let keys = names.into_iter().map(|name| Expr::Column(Column::new_unqualified(name))).collect();
        Ok(Some(PlacedRows { plan, keys }))
    }

    /// An expression with the values outside in place of their columns.
    fn within(&self, expr: Expr, keys: &[Expr]) -> Result<Expr> {
        let placed = expr.transform(|part| match &part {
            Expr::OuterReferenceColumn(_, column) => match self.asked.iter().position(|asked| asked == column) {
                Some(at) if at < keys.len() => Ok(Transformed::yes(keys[at].clone())),
                _ => Ok(Transformed::no(part)),
            },
            _ => Ok(Transformed::no(part)),
        });
        placed.data()
    }

    /// The same under the name that it had.
    fn named_within(&self, expr: Expr, keys: &[Expr]) -> Result<Expr> {
        let name = NamePreserver::new_for_projection().save(&expr);
        Ok(name.restore(self.within(expr, keys)?))
    }

    /// Whether a subquery in it asks for the values outside by itself.
    fn asks_within(&self, plan: &LogicalPlan) -> Result<bool> {
        let mut asks = false;
        plan.apply_expressions(|expr| {
            asks |= expr.exists(|part| {
                let subquery = match part {
                    Expr::Exists(Exists { subquery, .. })
                    | Expr::InSubquery(InSubquery { subquery, .. })
                    | Expr::ScalarSubquery(subquery) => subquery,
                    _ => return Ok(false),
                };
                let mut outer = subquery.outer_ref_columns.iter();
                Ok(outer
                    .any(|outer| matches!(outer, Expr::OuterReferenceColumn(_, column) if self.asked.contains(column))))
            })?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(asks)
    }
}

fn depends(plan: &LogicalPlan) -> bool {
    !plan.all_out_ref_exprs().is_empty()
}

/// Whether what depends on the row outside are conditions that may as well be asked of the plan's result. Behind a window or a limit they
/// may not, nor behind an aggregate that gives a row of no rows, if another one counts it.
pub fn is_plain(plan: &LogicalPlan) -> bool {
    fn is_so(plan: &LogicalPlan, is_counted: bool, is_asked: bool) -> bool {
        match plan {
            _ if !depends(plan) => true,
            LogicalPlan::Projection(projection) => is_so(&projection.input, is_counted, is_asked),
            LogicalPlan::SubqueryAlias(alias) => is_so(&alias.input, is_counted, is_asked),
            // What a condition leaves out of an aggregate is no row; and one that asks of no column is gone before the rest of it.
            LogicalPlan::Filter(filter) => {
                let has_constant = split_conjunction(&filter.predicate)
                    .into_iter()
                    .any(|one| !one.any_column_refs() && !one.contains_outer());
                !has_constant && is_so(&filter.input, true, is_asked || filter.predicate.contains_outer())
            }
            LogicalPlan::Aggregate(aggregate) if is_asked || (is_counted && aggregate.group_expr.is_empty()) => false,
            LogicalPlan::Aggregate(aggregate) => is_so(&aggregate.input, true, is_asked),
            LogicalPlan::Distinct(Distinct::All(input)) => is_so(input, is_counted, is_asked),
            LogicalPlan::Sort(Sort { input, fetch: None, .. }) => is_so(input, is_counted, is_asked),
            LogicalPlan::Join(join) if join.join_type == JoinType::Inner => {
                is_so(&join.left, is_counted, is_asked) && is_so(&join.right, is_counted, is_asked)
            }
            _ => false,
        }
    }
    is_so(plan, false, false)
}

fn same<'k>(one: &'k [Expr], other: &'k [Expr]) -> impl Iterator<Item = Expr> + use<'k> {
    one.iter().zip(other).map(|(one, other)| binary(one.clone(), Operator::IsNotDistinctFrom, other.clone()))
}

fn of_table(key: &Expr, table: &TableReference) -> Expr {
    match key {
        Expr::Column(column) => Expr::Column(Column::new(Some(table.clone()), column.name.clone())),
        other => other.clone(),
    }
}

/// What is computed above the order of a plan's rows, outermost first, the order, and what is below it.
fn ordered(plan: &LogicalPlan) -> (Vec<&[Expr]>, &[SortExpr], &LogicalPlan) {
    let mut above: Vec<&[Expr]> = vec![];
    let mut below = plan;
    loop {
        match below {
            LogicalPlan::Projection(projection) => {
                above.push(&projection.expr);
                below = &projection.input;
            }
            LogicalPlan::Sort(Sort { expr, input, fetch: None }) => return (above, expr, input),
            _ => return (vec![], &[], plan),
        }
    }
}

/// An aggregate of the rows of which a column is not null, under the name that it had.
pub fn only_found(expr: Expr, found: &str) -> Result<Expr> {
    let name = expr.schema_name().to_string();
    let is_found = || Expr::Column(Column::new_unqualified(found)).is_not_null();
    let filtered = expr.unalias().transform_down(|part| match part {
        Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
            let filter = conjunction(params.filter.take().map(|filter| *filter).into_iter().chain([is_found()]));
            params.filter = filter.map(Box::new);
            let call = Expr::AggregateFunction(AggregateFunction { func, params });
            Ok(Transformed::new(call, true, TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    });
    Ok(filtered.data()?.alias(name))
}
