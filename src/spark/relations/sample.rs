//! TABLESAMPLE: <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-sampling.html>

use datafusion::common::Result;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{
    Expr, Spanned, TableFactor, TableSample, TableSampleKind, TableSampleUnit, Value,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::refused;

/// How much of a table is taken.
pub enum Sample {
    /// Any rows, so many at most.
    Rows(usize),
    All,
}

impl Sample {
    pub fn plan(self, relation: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let plan = context.plan(relation)?;
        match self {
            Sample::Rows(count) => LogicalPlanBuilder::from(plan).limit(0, Some(count))?.build(),
            Sample::All => Ok(plan),
        }
    }
}

/// The table without its sample, and the sample. One that leaves rows to chance is refused: what is made of it would be
/// another table each time.
pub fn taken(mut relation: TableFactor) -> Result<(TableFactor, Option<Sample>)> {
    let place = relation.span();
    let (TableFactor::Table { sample, .. } | TableFactor::Derived { sample, .. }) = &mut relation else {
        return Ok((relation, None));
    };
    let Some(TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample.take()
    else {
        return Ok((relation, None));
    };
    let sample = amount(&sample).ok_or_else(|| by_chance(place))?;
    Ok((relation, Some(sample)))
}

fn amount(sample: &TableSample) -> Option<Sample> {
    let quantity = sample.quantity.as_ref().filter(|_| sample.bucket.is_none() && sample.seed.is_none())?;
    let Expr::Value(value) = &quantity.value else { return None };
    let Value::Number(digits, _) = &value.value else { return None };
    match quantity.unit {
        Some(TableSampleUnit::Rows) => digits.parse().ok().map(Sample::Rows),
        Some(TableSampleUnit::Percent) if digits.parse() == Ok(100.0) => Some(Sample::All),
        _ => None,
    }
}

fn by_chance(place: Span) -> datafusion::common::DataFusionError {
    refused(
        place,
        "of TABLESAMPLE only (n ROWS) and (100 PERCENT) are known here",
        "take rows by their keys: WHERE pmod(hash(key), 100) < 5",
    )
}
