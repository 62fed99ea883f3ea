//! A query of WITH whose rows are others each time, and that is read more than once.
//!
//! Spark computes such a query once for all who read it (`InlineCTE` in Spark leaves what is not deterministic alone). Here each
//! place has a copy, and the copies would not agree.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Diagnostic, Result, Span};
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::spark::sql::ReadTwice;

/// To the engine these are others each time, so that they are computed where a row asks for them. What they give is the same.
const THE_SAME: [&str; 4] = ["raise_error", "assert_true", "spark_refusal", "input_file_name"];

/// # Errors
/// For the first of these queries that has a function which gives another value each time.
pub fn refuse_copies(plan: &LogicalPlan, read_twice: &[ReadTwice]) -> Result<()> {
    if read_twice.is_empty() {
        return Ok(());
    }
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        let LogicalPlan::SubqueryAlias(alias) = node else { return Ok(TreeNodeRecursion::Continue) };
        let read = read_twice.iter().find(|read| alias.alias.table() == read.name);
        if let Some(read) = read
            && let Some(function) = by_chance(&alias.input)?
        {
            found = Some((read, function));
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let Some((read, function)) = found else { return Ok(()) };
    let name = read.name.split('\u{2063}').next().unwrap_or_default();
    let message = format!(
        "`{name}` of WITH is read more than once, and `{function}` would give each of its readers other values"
    );
    let diagnostic = Diagnostic::new_error(message.clone(), Span::try_from_sqlparser_span(read.place));
    let hint = "make it a table first, in a query of its own: then all read the same rows";
    Err(DataFusionError::Plan(message).with_diagnostic(diagnostic.with_help(hint, None)))
}

/// A function in a plan that gives another value each time.
pub(super) fn by_chance(plan: &LogicalPlan) -> Result<Option<String>> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                if let Expr::ScalarFunction(call) = part
                    && part.is_volatile_node()
                    && !THE_SAME.contains(&call.name())
                {
                    found = Some(call.name().to_string());
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}
