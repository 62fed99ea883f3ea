//! Where SQL runs. Everything above sees [`Engine`] and [`Session`], and not how many machines there are: [`Place`] is
//! the one choice.
//!
//! | place | noun |
//! |---|---|
//! | `state` | one function that builds every session: functions, options, memory |
//! | `pool` | the memory that operators share |
//! | `above_filters` | what is computed of rows is computed of those that a query's conditions leave |
//! | `read` | what a query sees of a landing and of a table's version, and which files it leaves out |
//! | `conversation` | a session that its statements change |
//! | `write` | a query's result becomes a table's next version: checked, dealt to partitions, encoded, staged |
//! | `slices` | which parts of a query's result can be made alone, and from which files |
//! | `changing` | functions of time and chance, which make a table due by themselves |
//! | `functions` | functions of ours: sketches, and the parts of k-means that look at rows |
//! | `faults` | the engine's errors, at their places and in the user's words |
//! | `cluster` | other machines that run plans, and what happens when one is lost |
//! | `described` | DESCRIBE and SHOW COLUMNS |
//! | `rows` | a statement's result as it comes |
//! | `tables` | which tables a session sees, and under which names |

mod above_filters;
pub mod changing;
pub mod cluster;
pub mod conversation;
mod described;
pub mod faults;
pub mod functions;
mod pool;
pub mod read;
mod rows;
pub mod slices;
mod state;
mod tables;
pub mod write;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, DFSchemaRef, TableReference};
use datafusion::error::DataFusionError;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::{AggregateUDF, Expr, ExprSchemable, LogicalPlan, ScalarUDF};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{ExprWithAlias, Statement as Sql};
use futures::future::BoxFuture;

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::lake::table::data_file::DataFile;
use crate::lake::table::version::Version;
use crate::lake::{Lake, TableName};
use crate::project::{Dedupe, Target};
use crate::report::WorkerUse;
use crate::spark::analyzer::{chance, literals};
use crate::spark::mode::SqlMode;
use crate::spark::sql::{self, Condition};
use crate::spark::types;
use cluster::{Attempt, Cluster, Members};
pub use rows::Rows;
pub use tables::QUARANTINE;

/// About how many bytes of memory the rows of a byte in a file take.
const UNPACKED: u64 = 8;

/// Memory, threads and the lake: what all sessions of a run share.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    limits: Limits,
    lake: Lake,
    sql: SqlMode,
    place: Place,
    keeps_footers: bool,
}

/// Where plans run. Nothing above this module knows.
#[derive(Clone)]
enum Place {
    Here,
    Workers(Cluster),
}

impl Engine {
    /// An engine on this machine. Spill files go to the system's temporary folder.
    pub fn local(lake: &Lake, limits: &Limits, sql: &SqlMode) -> Result<Engine> {
        let runtime = state::on_lake(state::runtime(limits, None)?.as_ref(), lake)?;
        Ok(Engine {
            runtime,
            limits: *limits,
            lake: lake.clone(),
            sql: sql.clone(),
            place: Place::Here,
            keeps_footers: false,
        })
    }

    /// An engine that uses these workers, where there are any, for what is large enough.
    pub async fn open(lake: &Lake, limits: &Limits, target: &Target) -> Result<Engine> {
        let here = Engine::local(lake, limits, &target.sql)?;
        match &target.workers {
            None => Ok(here),
            Some(workers) => Ok(Engine { place: Place::Workers(Cluster::open(workers, lake).await?), ..here }),
        }
    }

    /// The same, for a process that reads the same files again and again: what their footers say is kept, up to 50 MB.
    pub fn keeping_footers(self) -> Engine {
        Engine { keeps_footers: true, ..self }
    }

    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// How queries are meant here.
    pub fn sql(&self) -> &SqlMode {
        &self.sql
    }

    fn config(&self) -> SessionConfig {
        let config = SessionConfig::new().with_option_extension(self.sql.clone());
        match self.keeps_footers {
            true => config.with_extension(Arc::new(read::version::KeptFooters)),
            false => config,
        }
    }

    /// A session on this machine that sees no table yet.
    pub fn session(&self) -> Result<Session> {
        let state = state::state(self.config(), &self.runtime, self.limits.threads);
        let context = state::context(state)?;
        let made_as = Arc::new(context.state());
        Ok(Session { context, made_as, lake: self.lake.clone(), unreadable: Arc::default(), attempt: 0, members: None })
    }

    /// Gives `work` a session that sees no table yet: on this machine, or on workers if it reads at least as much as
    /// they are worth. When a worker is lost, or memory runs out that joins would not take if they sorted, `work` is done again
    /// from the beginning, with another session; `retrying` is told why. So nothing that `work` does may stay unless it succeeds.
    pub async fn work<'a, T>(
        &self,
        holder: &str,
        input_bytes: u64,
        retrying: impl Fn(&Error) + Send,
        work: impl Fn(Session) -> BoxFuture<'a, Result<T>> + Send + Sync,
    ) -> Result<(T, Option<WorkerUse>)> {
        match &self.place {
            Place::Workers(cluster) if cluster.takes(input_bytes) => {
                let session = |attempt, members: &Arc<Members>| self.spread(cluster, members, attempt);
                let done = cluster.attempts(holder, retrying, |attempt, members| session(attempt, members).map(&work));
                done.await.map(|(done, used)| (done, Some(used)))
            }
            Place::Here | Place::Workers(_) => {
                let done = match work(self.session()?).await {
                    Err(error) if faults::is_memory_of_joins(&error) => {
                        retrying(&error);
                        let session = Session { attempt: 1, ..self.session()?.sparing() };
                        work(session).await.map_err(|error| error.context("after 2 attempts"))
                    }
                    done => done,
                };
                Ok((done?, None))
            }
        }
    }

    /// A session for one user's questions; workers are had until it is [closed](Session::close).
    pub async fn conversation(&self, holder: &str) -> Result<Session> {
        match &self.place {
            Place::Here => self.session(),
            Place::Workers(cluster) => self.spread(cluster, &cluster.hire(holder).await?, Attempt::default()),
        }
    }

    fn spread(&self, cluster: &Cluster, members: &Arc<Members>, attempt: Attempt) -> Result<Session> {
        let config = self.config().with_extension(Arc::new(Spread));
        let state = state::state(config, &self.runtime, self.limits.threads);
        let state = cluster.spread(state, &self.lake, &self.sql, members, attempt.sparing)?;
        let (context, lake, members) = (state::context(state)?, self.lake.clone(), Some(members.clone()));
        let made_as = Arc::new(context.state());
        Ok(Session { context, made_as, lake, unreadable: Arc::default(), attempt: attempt.number, members })
    }
}

/// In the configuration of a session whose plans are spread over workers.
struct Spread;

/// Whether a frame's rows are looked at where they lie, on other machines.
pub fn is_spread(frame: &DataFrame) -> bool {
    frame.task_ctx().session_config().get_extension::<Spread>().is_some()
}

/// What [`is_spread`] says of the frames of such a session, for tests without workers.
#[cfg(test)]
pub fn as_if_spread(config: SessionConfig) -> SessionConfig {
    config.with_extension(Arc::new(Spread))
}

/// A set of tables by name, and what can be asked of them.
#[derive(Clone)]
pub struct Session {
    context: SessionContext,
    /// The state that the context had at first, for what needs its functions alone: a copy of it takes longer than to plan a filter.
    made_as: Arc<SessionState>,
    lake: Lake,
    /// Tables whose place in the lake is damaged.
    unreadable: Arc<Mutex<BTreeSet<TableName>>>,
    /// How often the same was tried before.
    attempt: u32,
    members: Option<Arc<Members>>,
}

impl Session {
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// The rows of one version of a table, lazily.
    pub fn version(&self, version: &Version) -> Result<DataFrame> {
        let table = read::version::LakeTable::new(&self.lake, version);
        self.context.read_table(Arc::new(table)).map_err(faults::explain)
    }

    /// The files of a version that may hold rows which pass the conditions, in the version's order. A condition compares
    /// a column with a value of its own type.
    pub async fn files(&self, version: &Version, conditions: &[Expr]) -> Result<Vec<DataFile>> {
        let table = read::version::LakeTable::new(&self.lake, version);
        let (files, _) = table.matching(&*self.made_as, conditions).await.map_err(faults::explain)?;
        Ok(files)
    }

    /// The rows of some of a version's files, lazily; on one thread in the order of the files.
    pub fn some_files(&self, version: &Version, files: Vec<DataFile>) -> Result<DataFrame> {
        let table = read::version::LakeTable::of_files(&self.lake, version, files);
        self.context.read_table(Arc::new(table)).map_err(faults::explain)
    }

    /// An aggregate function by Spark's name.
    pub fn aggregate_function(&self, name: &str) -> Arc<AggregateUDF> {
        self.made_as.aggregate_functions()[name].clone()
    }

    /// A function of one row by Spark's name.
    pub fn function(&self, name: &str) -> Arc<ScalarUDF> {
        self.made_as.scalar_functions()[name].clone()
    }

    /// The same, with the file of each row.
    fn version_with_files(&self, version: &Version) -> Result<DataFrame> {
        let table = read::version::LakeTable::with_files(&self.lake, version);
        self.context.read_table(Arc::new(table)).map_err(faults::explain)
    }

    /// The same session, or one whose joins spill, when their smaller side has so many bytes in files that it may not fit
    /// into memory.
    fn sparing_above(&self, file_bytes: u64) -> Session {
        let fits = match self.context.state().runtime_env().memory_pool.memory_limit() {
            MemoryLimit::Finite(bytes) => file_bytes.saturating_mul(UNPACKED) < bytes as u64 / 2,
            _ => true,
        };
        if fits { self.clone() } else { self.sparing() }
    }

    /// The same session with joins that sort, and so spill: slower than those by a hash, which hold one side in memory.
    fn sparing(&self) -> Session {
        let mut state = self.context.state();
        let options = state.config_mut().options_mut();
        options.optimizer.prefer_hash_join = false;
        // Over one part the engine joins by a hash whatever it is told.
        options.execution.target_partitions = options.execution.target_partitions.max(2);
        Session { context: SessionContext::new_with_state(state), ..self.clone() }
    }

    /// The table's rows, lazily.
    pub async fn table(&self, table: &TableName) -> Result<DataFrame> {
        let reference = TableReference::partial(table.zone.as_str(), table.name.as_str());
        self.context.table(reference).await.map_err(|e| match e.to_string() {
            text if text.contains("No table named") => not_made(table),
            _ => faults::explain(e),
        })
    }

    /// So many rows of the table.
    pub async fn first_rows(&self, table: &TableName, rows: usize) -> Result<Rows> {
        let first = self.table(table).await?.limit(0, Some(rows)).map_err(faults::explain)?;
        Ok(Rows::new(first.execute_stream().await?, None))
    }

    /// Checks a query against the tables and returns its plan. The error still knows places in the SQL ([`faults`]).
    pub async fn plan(&self, statement: Statement) -> datafusion::error::Result<LogicalPlan> {
        let read_twice = sql::read_twice(&statement);
        let plan = self.context.state().statement_to_plan(statement).await?;
        chance::refuse_copies(&plan, &read_twice)?;
        let plan = literals::narrowed(plan, SqlMode::of(self.context.state().config_options()).ansi)?;
        // Types are only settled by the analyzer: a wrong argument is an error here, before any run.
        let state = self.context.state();
        state.analyzer().execute_and_check(plan.clone(), state.config_options(), |_, _| {})?;
        Ok(plan)
    }

    /// A check's condition over the columns of a schema. Unknown columns and functions are errors here, and so is what is
    /// no condition; they still know places in the condition's file ([`faults`]).
    pub fn plan_condition(&self, keeps: &Condition, schema: &DFSchema) -> datafusion::error::Result<Expr> {
        let expr = ExprWithAlias { expr: keeps.expr().clone(), alias: None };
        let planned = self.context.state().create_logical_expr_from_sql_expr(expr, schema)?;
        let planned = literals::narrowed_expr(planned, schema)?;
        let is_of_many = |part: &Expr| Ok(matches!(part, Expr::AggregateFunction(_)));
        if planned.exists(is_of_many)? {
            let own = Error::config("a check sees one row, and an aggregate is of many");
            let hint = "let the query give it as a column, or write it over a window: `max(price) OVER ()`";
            return Err(DataFusionError::External(Box::new(own.hint(hint))));
        }
        match planned.get_type(schema)? {
            DataType::Boolean | DataType::Null => Ok(planned),
            other => {
                let found = types::name(&other);
                let message = format!("`{}` is of type {found}, and a check is true or false", keeps.expr());
                let own = Error::config(message).hint("compare it with something: `price >= 0`");
                Err(DataFusionError::External(Box::new(own)))
            }
        }
    }

    /// The columns that a plan's result has once it is a table of the lake.
    pub fn stored_schema(&self, plan: &LogicalPlan, partition_by: &[String]) -> Result<SchemaRef> {
        write::athena::stored_schema(self.settled_schema(plan)?.as_arrow(), partition_by, self.lake.timestamps())
    }

    /// The columns of a plan's result, of the types that Spark's rules settle on. Until they have run, a plan has others: those of the
    /// first branch of a CASE, or of a number beside a decimal whatever its digits.
    pub fn settled_schema(&self, plan: &LogicalPlan) -> Result<DFSchemaRef> {
        let state = self.context.state();
        let settled = state.analyzer().execute_and_check(plan.clone(), state.config_options(), |_, _| {});
        Ok(settled.map_err(faults::explain)?.schema().clone())
    }

    /// Whether rows with these columns can be told apart by the key.
    ///
    /// # Errors
    /// A configuration error for a column that does not exist, or of a type that no key has.
    pub fn check_key(&self, schema: &SchemaRef, key: &[String]) -> Result<()> {
        write::merge::check_key(schema, key)
    }

    /// Whether the latest of the rows with one key can be told.
    ///
    /// # Errors
    /// A configuration error for a column that does not exist, or of a type that has no such order.
    pub fn check_dedupe(&self, schema: &SchemaRef, dedupe: &Dedupe) -> Result<()> {
        write::latest::check(schema, dedupe)
    }

    /// A plan's rows, lazily.
    pub fn frame(&self, plan: LogicalPlan) -> DataFrame {
        DataFrame::new(self.context.state(), plan)
    }

    /// The plan that gives a frame's rows, with more put on top of it before it is spread over machines.
    async fn topped(
        &self,
        frame: DataFrame,
        top: impl Fn(Arc<dyn ExecutionPlan>) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> + Send + Sync + 'static,
    ) -> datafusion::error::Result<(Arc<dyn ExecutionPlan>, Arc<TaskContext>)> {
        let (state, plan) = frame.into_parts();
        let planner = Arc::new(Topped { top: Box::new(top) });
        let mut state = SessionStateBuilder::new_from_existing(state).with_query_planner(planner);
        if self.members.is_some() {
            state = cluster::kept::with_workers(state);
        }
        let state = state.build();
        Ok((state.create_physical_plan(&plan).await?, state.task_ctx()))
    }

    /// Gives the workers back, if it has any, without loss: nothing of it is under way any more.
    pub async fn close(self) {
        if let Some(members) = &self.members {
            members.give_back(false).await;
        }
    }

    /// Whether the same was begun before with other workers.
    pub fn is_another_attempt(&self) -> bool {
        self.attempt > 0
    }

    /// Counts what a plan of this session cost its workers.
    async fn count(&self, plan: Arc<dyn ExecutionPlan>) {
        if let Some(members) = &self.members {
            members.count(cluster::tally(plan).await);
        }
    }

    /// Whether the loss of a worker ends what is done with this session, from here on.
    fn need_workers(&self, needed: bool) {
        if let Some(members) = &self.members {
            members.need(needed);
        }
    }

    /// Rows that are in memory already.
    pub fn rows(&self, rows: RecordBatch) -> Result<DataFrame> {
        self.context.read_batch(rows).map_err(faults::explain)
    }

    /// Checks a statement that reads, or makes a temporary view. The error still knows places in the SQL ([`faults`]).
    pub async fn prepare(&self, statement: Statement) -> datafusion::error::Result<LogicalPlan> {
        let ours = |error: Error| DataFusionError::External(Box::new(error));
        let statement = readable(statement).map_err(ours)?;
        if let Some((query, told)) = described::asked(&statement) {
            let query = readable(query).map_err(ours)?;
            self.open_what_it_reads(&query).await?;
            let plan = self.context.state().optimize(&self.plan(query).await?)?;
            let rows = described::rows(plan.schema().as_arrow(), told)?;
            return Ok(self.context.read_batch(rows)?.logical_plan().clone());
        }
        self.open_what_it_reads(&statement).await?;
        self.plan(statement).await
    }

    /// Runs what was prepared; a view answers no rows.
    pub async fn execute(&self, plan: LogicalPlan) -> Result<Rows> {
        let frame = self.context.execute_logical_plan(plan).await?;
        Ok(Rows::new(frame.execute_stream().await?, self.members.clone()))
    }
}

type Top = dyn Fn(Arc<dyn ExecutionPlan>) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> + Send + Sync;

/// Plans a query as always, and then puts more on top.
struct Topped {
    top: Box<Top>,
}

impl fmt::Debug for Topped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Topped")
    }
}

#[async_trait]
impl QueryPlanner for Topped {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn datafusion::catalog::Session,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        (self.top)(DefaultPhysicalPlanner::default().create_physical_plan(plan, session).await?)
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
    Error::config("this is no statement that reads (SELECT, EXPLAIN, SHOW TABLES, SHOW COLUMNS, DESCRIBE), nor one that a session knows")
        .hint("a session has CREATE VIEW, CREATE TABLE, INSERT, DROP and SET; the lake's tables are made by the files in queries/ and by `trapiche run`")
}

fn not_made(table: &TableName) -> Error {
    Error::failed(format!("`{table}` is not in the lake")).hint("make it with `trapiche run`").about(table.to_string())
}
