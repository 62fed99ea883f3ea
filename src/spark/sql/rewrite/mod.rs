//! Spark's operators and clauses in the words of those that the planner knows.
//!
//! | place | noun |
//! |---|---|
//! | `argument_names` | the name of a function's only argument |
//! | `aggregates` | aggregates that are others in other words |
//! | `build` | parts of syntax that are put in place of others |
//! | `calls` | functions with a syntax of their own |
//! | `casts` | functions that are casts by the name of their type |
//! | `clauses` | clauses that say little, and those that the planner would overlook |
//! | `fields` | fields of structs behind any expression |
//! | `functions` | functions whose arguments say what others say by clauses |
//! | `grouping` | ROLLUP, CUBE and GROUPING SETS |
//! | `hidden_order` | ORDER BY a column that the select list hides |
//! | `identifier` | IDENTIFIER('name') |
//! | `literals` | numbers with a suffix |
//! | `operators` | operators |
//! | `order` | ORDER BY ALL, MINUS |
//! | `pipes` | steps behind `|>` |
//! | `recursive` | numbers in WITH RECURSIVE |
//! | `own` | the expressions of a select, without those of the queries in it |
//! | `scoped` | selects that need to know the columns of their FROM |
//! | `tuples` | several columns in front of IN (subquery) |
//! | `time_windows` | GROUP BY window(time, '1 hour') |
//! | `refusal` | what is not to be understood |
//! | `with_names` | names that a WITH within another gives again |
//! | `unknown` | what Spark does not begin, and functions of Spark that are not there |

mod aggregates;
mod argument_names;
pub mod build;
mod calls;
mod casts;
mod clauses;
mod fields;
mod functions;
mod grouping;
mod hidden_order;
mod identifier;
mod literals;
mod operators;
mod order;
pub mod own;
mod pipes;
mod recursive;
mod refusal;
mod scoped;
mod time_windows;
mod tuples;
mod unknown;
mod with_names;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Query, Select, SelectItem, TableFactor, VisitMut, VisitorMut};

use super::names;
pub use build::call;
pub use fields::rewrite as fields_of;
pub use literals::MOST_DIGITS;
pub use refusal::RewriteRefusal;

/// Rewrites all of a statement, or of an expression; or says what it can't. What is put in place of something keeps its
/// place.
pub fn rewrite(syntax: &mut impl VisitMut) -> Result<(), RewriteRefusal> {
    identifier::rewrite(syntax)?;
    argument_names::rewrite(syntax);
    pipes::rewrite(syntax)?;
    with_names::rewrite(syntax);
    // Columns are called as they are written.
    names::give(syntax);
    match syntax.visit(&mut Rewrite) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refusal) => Err(refusal),
    }
}

struct Rewrite;

impl VisitorMut for Rewrite {
    type Break = RewriteRefusal;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<RewriteRefusal> {
        order::rewrite(query);
        hidden_order::rewrite(query);
        recursive::rewrite(query);
        time_windows::rewrite(query);
        let understood = clauses::rewrite(query).and_then(|()| grouping::rewrite(query));
        if understood.is_ok() {
            scoped::rewrite(query);
        }
        refused(understood)
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<RewriteRefusal> {
        refused(unknown::set_operation(&query.body))
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<RewriteRefusal> {
        tuples::condition(select);
        refused(
            unknown::texts_as_names(select)
                .and_then(|()| unknown::tables_of_one_name(select))
                .and_then(|()| unknown::windows(select)),
        )
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<RewriteRefusal> {
        aggregates::named_windows(select);
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                calls::tuple(expr);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<RewriteRefusal> {
        clauses::table(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<RewriteRefusal> {
        literals::sign(expr);
        refused(unknown::expression(expr))
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<RewriteRefusal> {
        tuples::rewrite(expr);
        calls::rewrite(expr);
        if let Expr::Function(function) = expr {
            functions::rewrite(function);
        }
        casts::rewrite(expr);
        fields::rewrite(expr);
        let understood = aggregates::rewrite(expr).and_then(|()| literals::rewrite(expr));
        refused(understood.and_then(|()| operators::rewrite(expr)))
    }
}

fn refused(rewritten: Result<(), RewriteRefusal>) -> ControlFlow<RewriteRefusal> {
    rewritten.map_or_else(ControlFlow::Break, ControlFlow::Continue)
}
