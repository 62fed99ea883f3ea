//! What stands behind FROM, and selects whose meaning depends on it, where the planner does not know Spark's.
//!
//! | place | noun |
//! |---|---|
//! | `scoped` | a select that is planned once its FROM's columns are known |
//! | `source` | a FROM: its plan, what `*` stands for, and which names stand for several columns |
//! | `join` | the tables of a FROM, USING and NATURAL |
//! | `computed` | columns that a LATERAL subquery computes of the row before it |
//! | `generator` | functions that make several rows of one: `explode`, `inline`, `stack` … |
//! | `pivot` | PIVOT and UNPIVOT |
//! | `sample` | TABLESAMPLE |
//! | `values` | VALUES |
//! | `kept` | plans that stand for tables in syntax that is still to be planned |
//!
//! The planner asks here for each table of a FROM, with all that it knows of the queries around. So a select that needs its
//! columns to be understood is handed on by [rewrite](crate::spark::sql::rewrite) as a table of its own, with the syntax of a
//! table function, which the planner does not know.

mod computed;
mod generator;
mod join;
mod kept;
mod pivot;
mod sample;
mod scoped;
mod source;
mod values;

use datafusion::common::{DataFusionError, Diagnostic, Result, Span};
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::sql::sqlparser::ast::{Expr, TableAlias, TableFactor};
use datafusion::sql::sqlparser::tokenizer;

use crate::spark::sql::generators::is_generator;
use kept::KeptPlans;

/// Asked before the engine's own planner.
#[derive(Debug, Default)]
pub struct SparkRelations {
    kept: KeptPlans,
}

impl RelationPlanner for SparkRelations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let relation = match sample::taken(relation)? {
            (relation, Some(sample)) => return planned(sample.plan(relation, context)?, None),
            (relation, None) => relation,
        };
        let mut scope = kept::Scope::new(&self.kept, context);
        match relation {
            TableFactor::Table { name, args: None, alias, .. } if self.kept.is_of(&name) => {
                planned(self.kept.take(&name)?, alias)
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } if values::is_alone(&subquery) => {
                planned(values::plan(*subquery, &mut scope)?, alias)
            }
            TableFactor::TableFunction { expr: Expr::Subquery(query), alias } => {
                planned(scoped::plan(*query, &mut scope)?, alias)
            }
            TableFactor::Table { name, args: Some(arguments), alias, .. } if is_generator(&name) => {
                planned(generator::table(&name, &arguments.args, alias.as_ref(), &mut scope)?, None)
            }
            TableFactor::Pivot { table, aggregate_functions, value_column, value_source, alias, .. } => {
                let pivot =
                    pivot::Pivot { aggregates: aggregate_functions, columns: value_column, values: value_source };
                planned(pivot.plan(*table, &mut scope)?, alias)
            }
            TableFactor::Unpivot { table, value, name, columns, null_inclusion, alias } => {
                let unpivot = pivot::Unpivot { value, name, columns, null_inclusion };
                planned(unpivot.plan(*table, &mut scope)?, alias)
            }
            other => Ok(RelationPlanning::Original(Box::new(other))),
        }
    }
}

fn planned(plan: LogicalPlan, alias: Option<TableAlias>) -> Result<RelationPlanning> {
    Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
}

/// What cannot be understood, in words for those who wrote it.
fn refused(place: tokenizer::Span, message: impl Into<String>, hint: impl Into<String>) -> DataFusionError {
    let message = message.into();
    let diagnostic = Diagnostic::new_error(message.clone(), Span::try_from_sqlparser_span(place));
    DataFusionError::Plan(message).with_diagnostic(diagnostic.with_help(hint, None))
}
