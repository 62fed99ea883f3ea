//! Functions of a session, which are written in SQL.

use std::ops::ControlFlow;

use datafusion::execution::SessionState;
use datafusion::logical_expr::Volatility;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, ObjectName, Query, SelectItem, SetExpr, Statement as Sql, Visit, VisitMut, Visitor,
};

use super::super::faults;
use super::{BY_SYNTAX, Conversation, DfResult, refused, refused_at};
use crate::spark::functions::known::is_sparks;
use crate::spark::sql::commands::NewFunction;
use crate::spark::sql::generators::is_generator;
use crate::spark::sql::inline::SqlFunctions;
use crate::spark::sql::rewrite::build;

impl Conversation {
    /// The statement with the bodies of the session's functions in the places of their calls.
    pub(super) fn inlined(&self, mut statement: Statement) -> DfResult<Statement> {
        let state = self.session.context.state();
        inline(&self.functions, &mut statement, &state)?;
        Ok(statement)
    }

    pub(super) async fn create_function(&mut self, new: NewFunction) -> DfResult<()> {
        let NewFunction { mut function, replaces, if_not_exists } = new;
        let name = function.name.value.clone();
        let state = self.session.context.state();
        if is_function(&name, &state) {
            return Err(refused(
                format!("[ROUTINE_ALREADY_EXISTS] `{name}` is a function of SQL, and that is what a call would mean"),
                "give yours another name",
            ));
        }
        if self.functions.get(&name).is_some() && !replaces {
            return match if_not_exists {
                true => Ok(()),
                false => Err(refused(
                    format!("[ROUTINE_ALREADY_EXISTS] there is a function `{name}` already"),
                    "write CREATE OR REPLACE, or give it another name",
                )),
            };
        }
        if let ControlFlow::Break(call) = function.body().visit(&mut OfManyRows { state: &state, depth: 0 }) {
            return Err(refused(
                format!(
                    "[USER_DEFINED_FUNCTIONS.CANNOT_CONTAIN_COMPLEX_FUNCTIONS] `{name}` is of one row, and `{call}` is of many"
                ),
                "give it the aggregate as an argument, or put it into a query: RETURN (SELECT sum(a) FROM t)",
            ));
        }
        // What it calls is settled now, and it does not know itself.
        let mut others = self.functions.clone();
        others.remove(&name);
        inline_into(&others, function.body_mut(), &state)?;
        let judged = SelectItem::UnnamedExpr(function.with_nulls());
        let query = build::query(SetExpr::Select(Box::new(build::select(vec![judged], vec![]))));
        let judged = self.query(Statement::Statement(Box::new(Sql::Query(Box::new(query))))).await;
        judged.map_err(|error| {
            let message = format!("what `{name}` returns is not understood: {}", faults::explain(error));
            refused(message, "it knows its parameters, and the tables that it asks by itself")
        })?;
        self.functions.insert(function);
        Ok(())
    }

    pub(super) fn drop_function(&mut self, name: &ObjectName, if_exists: bool) -> DfResult<()> {
        let last = name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.clone()).unwrap_or_default();
        match self.functions.remove(&last) || if_exists {
            true => Ok(()),
            false => Err(refused(
                format!("[ROUTINE_NOT_FOUND] there is no function `{name}` in this session"),
                "write IF EXISTS where it may not be there",
            )),
        }
    }
}

fn inline(functions: &SqlFunctions, statement: &mut Statement, state: &SessionState) -> DfResult<()> {
    match statement {
        Statement::Statement(sql) => inline_into(functions, sql.as_mut(), state),
        Statement::Explain(explain) => inline(functions, &mut explain.statement, state),
        _ => Ok(()),
    }
}

fn inline_into(functions: &SqlFunctions, syntax: &mut impl VisitMut, state: &SessionState) -> DfResult<()> {
    let by_chance = |name: &str| {
        let known = state.scalar_functions().get(name);
        known.is_some_and(|known| known.signature().volatility == Volatility::Volatile)
    };
    functions.inline(syntax, by_chance).map_err(refused_at)
}

fn is_function(name: &str, state: &SessionState) -> bool {
    state.scalar_functions().contains_key(name)
        || state.aggregate_functions().contains_key(name)
        || state.window_functions().contains_key(name)
        || state.higher_order_functions().contains_key(name)
        || BY_SYNTAX.contains(&name)
        || is_sparks(name)
}

/// Looks for what is computed of several rows, in an expression and not in the queries within it.
struct OfManyRows<'a> {
    state: &'a SessionState,
    depth: usize,
}

impl Visitor for OfManyRows<'_> {
    type Break = String;

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<String> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<String> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
        let name = call.name.to_string();
        let is_of_many =
            call.over.is_some() || self.state.aggregate_functions().contains_key(&name) || is_generator(&call.name);
        if self.depth == 0 && is_of_many { ControlFlow::Break(name) } else { ControlFlow::Continue(()) }
    }
}
