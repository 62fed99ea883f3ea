//! `explode(collection => list)`: the name of the only argument says nothing.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-function-invocation.html>

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArguments, TableFactor, VisitMut, VisitorMut};

use crate::spark::functions::known::is_sparks;

pub fn rewrite(syntax: &mut impl VisitMut) {
    let _ = syntax.visit(&mut ArgumentNames);
}

/// Those of other functions tell parameters apart.
struct ArgumentNames;

impl VisitorMut for ArgumentNames {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && is_sparks(&function.name.to_string())
            && let FunctionArguments::List(list) = &mut function.args
        {
            plain(&mut list.args);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(given), .. } if is_sparks(&name.to_string()) => {
                plain(&mut given.args)
            }
            TableFactor::Function { name, args, .. } if is_sparks(&name.to_string()) => plain(args),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn plain(arguments: &mut [FunctionArg]) {
    if let [one] = arguments
        && let FunctionArg::Named { arg, .. } = one
    {
        *one = FunctionArg::Unnamed(arg.clone());
    }
}
