//! The expressions of a select itself, and not those of the queries within it.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, OrderBy, Query, Select, VisitMut, VisitorMut};

/// Gives each expression behind FROM's tables to `change`, inner ones first: those of the select list, of all clauses, and of
/// the ORDER BY that belongs to the select. What a query in brackets is made of is that query's.
pub fn visit_own<B>(
    select: &mut Select,
    order_by: Option<&mut OrderBy>,
    change: impl FnMut(&mut Expr) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut own = Own { change, depth: 0 };
    let from = std::mem::take(&mut select.from);
    let visited = VisitMut::visit(select, &mut own);
    select.from = from;
    visited?;
    match order_by {
        Some(order_by) => VisitMut::visit(order_by, &mut own),
        None => ControlFlow::Continue(()),
    }
}

struct Own<F> {
    change: F,
    /// How many queries there are around.
    depth: usize,
}

impl<B, F: FnMut(&mut Expr) -> ControlFlow<B>> VisitorMut for Own<F> {
    type Break = B;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<B> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<B> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<B> {
        match self.depth {
            0 => (self.change)(expr),
            _ => ControlFlow::Continue(()),
        }
    }
}
