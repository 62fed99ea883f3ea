//! The expressions of a select itself, and not those of the queries within it.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, LambdaFunction, OrderBy, Query, Select, VisitMut, VisitorMut};

/// Gives each expression behind FROM's tables to `change`, inner ones first: those of the select list, of all clauses, and of
/// the ORDER BY that belongs to the select. What a query in brackets is made of is that query's, and the variables of a
/// lambda are its own.
pub fn visit_own<B>(
    select: &mut Select,
    order_by: Option<&mut OrderBy>,
    change: impl FnMut(&mut Expr) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut own = Own { change, depth: 0, variables: vec![] };
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
    /// Those of the lambdas around.
    variables: Vec<String>,
}

impl<F> Own<F> {
    fn is_variable(&self, expr: &Expr) -> bool {
        let root = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(names) => names.first(),
            _ => None,
        };
        root.is_some_and(|root| self.variables.contains(&root.value))
    }
}

/// What the variables of a lambda are called.
fn variables(lambda: &LambdaFunction) -> Vec<String> {
    lambda.params.iter().map(|parameter| parameter.name.value.clone()).collect()
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

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<B> {
        if let Expr::Lambda(lambda) = expr {
            self.variables.extend(variables(lambda));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<B> {
        if let Expr::Lambda(lambda) = expr {
            self.variables.truncate(self.variables.len() - variables(lambda).len());
        }
        match self.depth {
            0 if !self.is_variable(expr) => (self.change)(expr),
            _ => ControlFlow::Continue(()),
        }
    }
}
