//! Functions whose result is not decided by their arguments: time and chance. What uses them is to be made again though
//! nothing that it reads has changed.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use super::faults;

/// How often a result changes by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changing {
    #[default]
    Never,
    /// With the date. The function is the one that makes it so: `current_date()`.
    Daily { function: String },
    /// Nobody can tell when: `now()`, `random()`.
    Always { function: String },
}

/// Looks at every expression of a plan, those of its subqueries too. The optimizer must not have seen it: it puts the
/// time of the planning in place of `now()`.
pub fn changing(plan: &LogicalPlan) -> crate::error::Result<Changing> {
    let mut found = Changing::Never;
    let looked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                found = std::mem::take(&mut found).max(of(expr));
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    looked.map_err(faults::explain)?;
    Ok(found)
}

fn of(expr: &Expr) -> Changing {
    let (name, volatility) = match expr {
        Expr::ScalarFunction(call) => (call.func.name(), call.func.signature().volatility),
        Expr::HigherOrderFunction(call) => (call.func.name(), call.func.signature().volatility),
        Expr::AggregateFunction(call) => (call.func.name(), call.func.signature().volatility),
        Expr::WindowFunction(call) => (call.fun.name(), call.fun.signature().volatility),
        _ => return Changing::Never,
    };
    let function = format!("{name}()");
    match (volatility, expr) {
        (Volatility::Immutable, _) => Changing::Never,
        (Volatility::Stable, Expr::ScalarFunction(call)) => of_stable(call, function),
        (Volatility::Stable | Volatility::Volatile, _) => Changing::Always { function },
    }
}

/// A stable function gives the same throughout one query. Without arguments it tells the time; with arguments it depends
/// on them and on the session's settings, which are those of the program's version.
fn of_stable(call: &ScalarFunction, function: String) -> Changing {
    match call.func.return_type(&[]) {
        _ if !call.args.is_empty() => Changing::Never,
        Ok(DataType::Date32) => Changing::Daily { function },
        _ => Changing::Always { function },
    }
}
