//! Where SQL runs. Everything above sees [`Engine`] and [`Session`], and not how many machines there are.
//!
//! | file | noun |
//! |---|---|
//! | `session` | one function that builds every session: functions, options, memory |
//! | `raw`, `table` | what a query sees of a landing and of a table's version |
//! | `ranges` | between which values a file's columns lie: taken from its writer, used to leave files out |
//! | `hive_write` | the partitioned write as an execution plan: rows in, list of files out |
//! | `attic` | files that were replaced while a query was at work are read where they went |
//! | `compact` | small files of a table become large ones |
//! | `athena` | which types and names a table may have |
//! | `store` | a query's result becomes a table's next version |
//! | `fault`, `wording` | the engine's errors, at their places and in the user's words |

mod athena;
mod attic;
pub mod compact;
pub mod fault;
mod hive_write;
mod ranges;
pub mod raw;
mod raw_csv;
mod raw_json;
mod session;
pub mod store;
mod table;
mod wording;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Sql;

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::lake::landing::{self, Landing};
use crate::lake::version::{self, AsOf, Version};
use crate::lake::{Lake, TableName, Zone};

/// The schema in which `query` shows the rows that broke a check: `quarantine.trusted_sales`.
pub const QUARANTINE: &str = "quarantine";

/// Memory, threads and the lake: what all sessions of a run share.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    limits: Limits,
    lake: Lake,
}

impl Engine {
    /// An engine on this machine. Spill files go to the system's temporary folder.
    pub fn local(lake: &Lake, limits: &Limits) -> Result<Engine> {
        Ok(Engine { runtime: session::runtime(lake, limits)?, limits: *limits, lake: lake.clone() })
    }

    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// A session that sees no table yet.
    pub fn session(&self) -> Result<Session> {
        Ok(Session { context: session::build(&self.runtime, &self.limits)?, lake: self.lake.clone() })
    }
}

/// A set of tables by name, and what can be asked of them.
#[derive(Clone)]
pub struct Session {
    context: SessionContext,
    lake: Lake,
}

impl Session {
    /// Registers the table as it was when a run ended; whether there was one. Of one that is not kept any longer only
    /// the columns are known, and a query that reads it says so.
    pub async fn open_as_of(&self, table: &TableName, run_id: &str) -> Result<bool> {
        match table.zone {
            Zone::Raw => match landing::as_of(&self.lake, &table.name, run_id).await? {
                Some(landing) => self.open_landing(&landing).map(|()| true),
                None => Ok(false),
            },
            Zone::Trusted | Zone::Refined => match version::as_of(&self.lake, table, run_id).await? {
                AsOf::Version(version) => self.open_version(&version).map(|()| true),
                AsOf::Gone { oldest } => {
                    let gone = Arc::new(table::GoneTable::new(&oldest, run_id));
                    self.register(table.zone.as_str(), &table.name, gone).map(|()| true)
                }
                AsOf::NotMadeYet => Ok(false),
            },
        }
    }

    /// The rows of one version of a table, lazily.
    pub fn version(&self, version: &Version) -> Result<DataFrame> {
        let table = table::LakeTable::new(&self.lake, version);
        self.context.read_table(Arc::new(table)).map_err(fault::explain)
    }

    /// Registers the table as it lies in the lake now; whether there is one.
    pub async fn open(&self, table: &TableName) -> Result<bool> {
        match table.zone {
            Zone::Raw => match landing::latest(&self.lake, &table.name).await? {
                Some(landing) => self.open_landing(&landing).map(|()| true),
                None => Ok(false),
            },
            Zone::Trusted | Zone::Refined => match version::latest(&self.lake, table).await? {
                Some(version) => self.open_version(&version).map(|()| true),
                None => Ok(false),
            },
        }
    }

    fn open_landing(&self, landing: &Landing) -> Result<()> {
        self.register(Zone::Raw.as_str(), &landing.source, raw::table(&self.lake, landing)?)
    }

    /// Registers a version under its table's name, and the rows that it left out under their own.
    fn open_version(&self, version: &Version) -> Result<()> {
        let table = &version.table;
        if !version.quarantine.is_empty() {
            let bad = Arc::new(table::LakeTable::quarantine(&self.lake, version));
            self.register(QUARANTINE, &format!("{}_{}", table.zone, table.name), bad)?;
        }
        self.register(table.zone.as_str(), &table.name, Arc::new(table::LakeTable::new(&self.lake, version)))
    }

    /// Registers a table of which only the columns are known, to plan against.
    pub fn open_empty(&self, table: &TableName, schema: SchemaRef) -> Result<()> {
        self.register(table.zone.as_str(), &table.name, Arc::new(EmptyTable::new(schema)))
    }

    fn register(&self, schema: &str, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        let provider = self.context.catalog(session::CATALOG).and_then(|catalog| catalog.schema(schema));
        provider.expect("every zone is a schema").register_table(name.to_string(), table).map_err(fault::explain)?;
        Ok(())
    }

    /// The table's rows, lazily.
    pub async fn table(&self, table: &TableName) -> Result<DataFrame> {
        let reference = TableReference::partial(table.zone.as_str(), table.name.as_str());
        self.context.table(reference).await.map_err(|e| match e.to_string() {
            text if text.contains("No table named") => not_made(table),
            _ => fault::explain(e),
        })
    }

    /// Checks a query against the tables and returns its plan. The error still knows places in the SQL ([`fault`]).
    pub async fn plan(&self, statement: Statement) -> datafusion::error::Result<LogicalPlan> {
        let plan = self.context.state().statement_to_plan(statement).await?;
        // Types are only settled by the analyzer: a wrong argument is an error here, before any run.
        let state = self.context.state();
        state.analyzer().execute_and_check(plan.clone(), state.config_options(), |_, _| {})?;
        Ok(plan)
    }

    /// The columns that a plan's result has once it is a table of the lake.
    pub fn stored_schema(&self, plan: &LogicalPlan, partition_by: &[String]) -> Result<SchemaRef> {
        athena::stored_schema(plan.schema().as_arrow(), partition_by)
    }

    /// A plan's rows, lazily.
    pub fn frame(&self, plan: LogicalPlan) -> DataFrame {
        DataFrame::new(self.context.state(), plan)
    }

    /// Rows that are in memory already.
    pub fn rows(&self, rows: RecordBatch) -> Result<DataFrame> {
        self.context.read_batch(rows).map_err(fault::explain)
    }

    /// Runs a reading statement, or makes a temporary view (which answers no rows). The error still knows places
    /// in the SQL ([`fault`]).
    pub async fn execute(
        &self,
        statement: Statement,
    ) -> datafusion::error::Result<(SchemaRef, SendableRecordBatchStream)> {
        let statement = readable(statement).map_err(|e| DataFusionError::External(Box::new(e)))?;
        let plan = self.context.state().statement_to_plan(statement).await?;
        let frame = self.context.execute_logical_plan(plan).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        Ok((schema, frame.execute_stream().await?))
    }
}

/// Only what reads, and views that last as long as the session.
fn readable(statement: Statement) -> Result<Statement> {
    match statement {
        Statement::Statement(mut sql) => match &mut *sql {
            Sql::Query(_)
            | Sql::ShowTables { .. }
            | Sql::ShowColumns { .. }
            | Sql::Explain { .. }
            | Sql::ExplainTable { .. } => Ok(Statement::Statement(sql)),
            Sql::CreateView(view) => {
                view.temporary = false;
                Ok(Statement::Statement(sql))
            }
            _ => Err(read_only()),
        },
        Statement::Explain(_) => Ok(statement),
        _ => Err(read_only()),
    }
}

fn read_only() -> Error {
    Error::config("a query only reads: SELECT, EXPLAIN, SHOW, DESCRIBE and CREATE TEMPORARY VIEW")
        .hint("tables are made by the files in queries/ and by `trapiche run`")
}

fn not_made(table: &TableName) -> Error {
    Error::failed(format!("`{table}` is not in the lake")).hint("make it with `trapiche run`")
}
