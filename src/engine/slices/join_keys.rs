//! A filter on the key of one side of a join is one on the other's.
//!
//! If all rows of a left join's left side have `key = $1`, no other rows of its right side match. DataFusion finds that
//! out by itself for an inner join; for the others only if the filter compares with a value, because it tries it out. This
//! does it for a placeholder, and for null, which is equal to nothing or to null.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Alias, Cast, Placeholder};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Filter, Join, LogicalPlan, Operator};

/// What all rows have in a column.
#[derive(Debug, Clone, PartialEq)]
enum Bound {
    Placeholder(Placeholder),
    Null,
}

impl Bound {
    fn filter(self, column: &Column) -> Expr {
        let column = Expr::Column(column.clone());
        match self {
            Bound::Placeholder(value) => column.eq(Expr::Placeholder(value)),
            Bound::Null => column.is_null(),
        }
    }
}

/// Puts such filters over the sides of joins that can do without the other rows. They are to be moved down afterwards.
pub(in crate::engine) fn infer(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    plan.transform_up(|node| {
        let LogicalPlan::Join(mut join) = node else { return Ok(Transformed::no(node)) };
        // `NOT IN` looks for a null on its right side.
        if join.null_aware {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        }
        let (left, right) = additions(&join);
        if left.is_empty() && right.is_empty() {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        }
        for filter in left {
            join.left = Arc::new(LogicalPlan::Filter(Filter::try_new(filter, join.left)?));
        }
        for filter in right {
            join.right = Arc::new(LogicalPlan::Filter(Filter::try_new(filter, join.right)?));
        }
        Ok(Transformed::yes(LogicalPlan::Join(join)))
    })
}

/// The filters that come to the two sides.
fn additions(join: &Join) -> (Vec<Expr>, Vec<Expr>) {
    let (mut left, mut right) = (vec![], vec![]);
    let (of_left, of_right) = kept(join.join_type);
    for (l, r) in &join.on {
        let (Expr::Column(l), Expr::Column(r)) = (l, r) else { continue };
        match (bound(&join.left, l), bound(&join.right, r)) {
            (Some(bound), None) if of_left => right.push(bound.filter(r)),
            (None, Some(bound)) if of_right => left.push(bound.filter(l)),
            _ => {}
        }
    }
    (left, right)
}

/// Whether each row of the join is one of the left side, and whether it is one of the right side.
fn kept(join_type: JoinType) -> (bool, bool) {
    match join_type {
        JoinType::Inner => (true, true),
        JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => (true, false),
        JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => (false, true),
        JoinType::Full => (false, false),
    }
}

/// What all rows of a plan have in one of its columns, as far as filters say.
fn bound(plan: &LogicalPlan, column: &Column) -> Option<Bound> {
    match plan {
        LogicalPlan::TableScan(scan) => scan.filters.iter().find_map(|filter| bound_by(filter, plan, column)),
        LogicalPlan::Filter(filter) => {
            let parts = split_conjunction(&filter.predicate);
            let own = parts.into_iter().find_map(|part| bound_by(part, &filter.input, column));
            own.or_else(|| bound(&filter.input, column))
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let place = alias.schema.maybe_index_of_column(column)?;
            bound(&alias.input, &Column::from(alias.input.schema().qualified_field(place)))
        }
        LogicalPlan::Projection(projection) => {
            let place = projection.schema.maybe_index_of_column(column)?;
            bound(&projection.input, plain(&projection.expr[place])?)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let place = aggregate.schema.maybe_index_of_column(column)?;
            bound(&aggregate.input, plain(aggregate.group_expr.get(place)?)?)
        }
        LogicalPlan::Join(join) => match kept(join.join_type) {
            (true, _) if join.left.schema().has_column(column) => bound(&join.left, column),
            (_, true) if join.right.schema().has_column(column) => bound(&join.right, column),
            _ => None,
        },
        LogicalPlan::Window(window) if window.input.schema().has_column(column) => bound(&window.input, column),
        LogicalPlan::Sort(sort) => bound(&sort.input, column),
        LogicalPlan::Limit(limit) => bound(&limit.input, column),
        _ => None,
    }
}

/// What a filter on this column alone binds it to.
fn bound_by(filter: &Expr, input: &LogicalPlan, column: &Column) -> Option<Bound> {
    let is_column = |expr: &Expr| match expr {
        Expr::Column(found) => found == column,
        Expr::Cast(Cast { expr, field }) => {
            // As [`to_stored`](crate::engine::write::store::to_stored) puts it over what has the type already.
            matches!(expr.as_ref(), Expr::Column(found) if found == column)
                && expr.get_type(input.schema()).is_ok_and(|data_type| data_type == *field.data_type())
        }
        _ => false,
    };
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => match (left.as_ref(), right.as_ref()) {
            (expr, Expr::Placeholder(value)) | (Expr::Placeholder(value), expr) if is_column(expr) => {
                Some(Bound::Placeholder(value.clone()))
            }
            _ => None,
        },
        Expr::IsNull(expr) if is_column(expr) => Some(Bound::Null),
        _ => None,
    }
}

fn plain(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(Alias { expr, .. }) => plain(expr),
        _ => None,
    }
}
