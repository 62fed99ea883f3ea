//! Spark's meaning of SQL, where it is not the engine's.
//!
//! | place | what it makes Spark's |
//! |---|---|
//! | `sql` | a text becomes a statement: escapes, suffixes of numbers, clauses that the planner does not know |
//! | `relations` | what stands behind FROM, and what depends on its columns |
//! | `planner` | operators that the engine plans otherwise: `+`, `/`, `div`, `list[0]` |
//! | `analyzer` | what depends on types that only the whole plan knows: conversions, casts |
//! | `coercion` | which types operators make of their operands' |
//! | `functions` | the registry: one file a family |
//! | `interval_units` | which units an interval has, and how it is written |
//! | `mode` | the two modes, and the time zone: `sql:` of a project |
//! | `shell_text` | rows as `spark-sql` prints them |
//! | `text` | how values are spelled as texts, and read from them |
//! | `types` | type names ⇄ Arrow, as files and landings have them |
//! | `sql_types` | the same as SQL means them |
//!
//! What a query means is settled when it is planned, so a plan means the same on every machine; functions go there by
//! name. Each correction names the page of Spark's reference that it follows.

pub mod analyzer;
pub mod coercion;
pub mod functions;
pub mod interval_units;
pub mod mode;
pub mod planner;
pub mod relations;
pub mod shell_text;
pub mod sql;
pub mod sql_types;
pub mod text;
pub mod types;

use datafusion::config::ConfigOptions;

use mode::SqlMode;

/// The options under which Spark's SQL is planned.
pub fn configure(options: &mut ConfigOptions) {
    let sql = &mut options.sql_parser;
    // Nulls first where the order ascends, last where it descends:
    // <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-orderby.html>
    sql.default_null_ordering = "nulls_min".to_string();
    // `0.1` is a decimal: <https://spark.apache.org/docs/latest/sql-ref-literals.html>
    sql.parse_float_as_decimal = true;
    // The order of a subquery's rows is that in which `collect_list` and `first` find them.
    sql.enable_subquery_sort_elimination = false;
    // What does not fit its type is an error: <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html>. Some of the
    // library's own functions go by this.
    options.execution.enable_ansi_mode = SqlMode::of(options).ansi;
}
