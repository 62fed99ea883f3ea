//! Rules that change a plan before it is optimised, where Spark's meaning depends on types.
//!
//! | file | rule |
//! |---|---|
//! | `literals` | whole numbers are of the least type: not a rule, but a step behind the planner |
//! | `conversions` | what stands side by side becomes one type; with `operators`, `unions`, `floats` and `one_type` |
//! | `asked_rows` | EXISTS and IN (subquery) as values |
//! | `chance` | queries of WITH that are read at several places, and would have other rows there: not a rule, but a check |
//! | `correlated` | subqueries for a value that depend on the row outside by more than equations |
//! | `dependent` | a plan that depends on rows outside, for all of them at once |
//! | `casts` | casts that are Spark's |
//! | `extremes` | the largest and the least of lists, structs and floating-point numbers |
//! | `frames` | RANGE over dates is of days |
//! | `ordered` | aggregates of sorted rows see them so |
//! | `laterals` | LATERAL subqueries that depend on the row outside by more than conditions |
//! | `one_row` | conditions above an aggregate of all rows are not asked below it |
//! | `set_operations` | EXCEPT ALL and INTERSECT ALL count rows |
//! | `subqueries` | subqueries that always give one row |
//! | `named` | expressions keep the names that they had |
//! | `guards` | what may fail is not computed where AND and OR have decided |

mod asked_rows;
mod casts;
pub mod chance;
mod conversions;
mod correlated;
mod dependent;
mod extremes;
mod floats;
mod frames;
mod guards;
mod laterals;
pub mod literals;
mod named;
mod one_row;
pub mod one_type;
mod operators;
mod ordered;
mod set_operations;
mod subqueries;
mod unions;

use std::sync::Arc;

use datafusion::optimizer::AnalyzerRule;

/// The engine's rules with those of Spark around the one that settles types.
pub fn with_rules(mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>>) -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let settles = rules.iter().position(|rule| rule.name() == "type_coercion").unwrap_or(rules.len());
    rules.insert(settles, Arc::new(asked_rows::AskedRows));
    rules.insert(settles, Arc::new(conversions::SparkConversions));
    rules.insert(settles, Arc::new(laterals::LateralRows));
    // Types are settled of what these make, too.
    rules.insert(0, Arc::new(subqueries::OneRowSubqueries));
    rules.insert(0, Arc::new(set_operations::SetOperations));
    rules.insert(0, Arc::new(frames::RangesOfDays));
    rules.insert(0, Arc::new(ordered::OrderedRows));
    rules.insert(0, Arc::new(extremes::NestedExtremes));
    rules.push(Arc::new(casts::SparkCasts));
    rules.push(Arc::new(guards::SparkGuards));
    rules.push(Arc::new(one_row::OneRowAggregates));
    rules
}
