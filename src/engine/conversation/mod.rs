//! A session that its statements change: views, tables in memory, settings. Nothing of it reaches the lake.
//!
//! | place | noun |
//! |---|---|
//! | `alter` | ALTER TABLE |
//! | `functions` | CREATE FUNCTION |
//! | `tables` | CREATE TABLE, INSERT and TRUNCATE |
//! | `names` | which table is meant by a name |
//! | `variables` | DECLARE VARIABLE |
//! | `settings` | SET: what changes what SQL means, what has no meaning here, and what is refused |

mod alter;
mod functions;
mod names;
mod settings;
mod tables;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::view::ViewTable;
use datafusion::common::{DataFusionError, Diagnostic, Span};
use datafusion::datasource::MemTable;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Ident, ObjectName, Visit, Visitor};

use super::faults::{self, Asked};
use super::{Rows, Session};
use crate::error::{Error, Result};
use crate::spark::sql::commands::{Dropped, NewView};
use crate::spark::sql::generators::is_generator;
use crate::spark::sql::inline::SqlFunctions;
use crate::spark::sql::rewrite::RewriteRefusal;
use crate::spark::sql::{self, Command};
use names::SessionPlace;
use tables::MemoryTable;
use variables::Variable;

/// Functions that the planner knows by itself.
const BY_SYNTAX: [&str; 8] = ["struct", "grouping", "grouping_id", "rollup", "cube", "window", "make_map", "row"];

type DfResult<T> = datafusion::error::Result<T>;

pub struct Conversation {
    pub session: Session,
    /// What was set, by its name.
    settings: BTreeMap<String, String>,
    tables: BTreeMap<SessionPlace, MemoryTable>,
    /// Views that are temporary by their own word.
    temporary: BTreeSet<SessionPlace>,
    functions: SqlFunctions,
    variables: BTreeMap<String, Variable>,
    /// A setting without effect that nobody has been told of yet.
    ignored: Option<String>,
}

/// What became of a statement.
pub enum StatementAnswer {
    Rows(Rows),
    /// The session has changed.
    Done,
    /// Nothing has changed: what it asks for has no meaning here.
    NoEffect,
}

impl Conversation {
    pub fn new(session: Session) -> Self {
        Conversation {
            session,
            settings: BTreeMap::new(),
            tables: BTreeMap::new(),
            temporary: BTreeSet::new(),
            functions: SqlFunctions::default(),
            variables: BTreeMap::new(),
            ignored: None,
        }
    }

    /// Runs a statement that reads.
    pub async fn ask(&self, plan: LogicalPlan) -> Result<StatementAnswer> {
        let rows = self.session.execute(plan).await?;
        Ok(if rows.schema().fields().is_empty() { StatementAnswer::Done } else { StatementAnswer::Rows(rows) })
    }

    /// Checks a statement that reads. The error still knows places in the SQL.
    pub async fn prepare(&self, statement: Statement) -> DfResult<LogicalPlan> {
        let statement = self.inlined(names::placed(statement))?;
        self.refuse_old_ways(&statement)?;
        let (statement, _) = self.with_variables(statement).await?;
        self.session.prepare(statement).await
    }

    /// Plans a statement to its end, without running it.
    pub async fn plan_only(&self, statement: Statement) -> DfResult<()> {
        let plan = self.prepare(statement).await?;
        if matches!(plan, LogicalPlan::Ddl(_) | LogicalPlan::Statement(_)) {
            return Ok(());
        }
        self.session.context.state().create_physical_plan(&plan).await.map(drop)
    }

    /// What an error of a statement is called.
    pub async fn words(&self, error: &DataFusionError, statement: Option<Statement>, text: &str) -> String {
        if let Some(own) = faults::known(error) {
            return own.to_string();
        }
        let Some(statement) = statement else { return error.strip_backtrace() };
        let found = self.session.locate(error, &Asked::Statement(statement), text).await;
        found.into_iter().next().map_or_else(|| error.strip_backtrace(), |fault| fault.message)
    }

    /// A function of a statement that is not here, if there is one. Those that make rows are known by their names.
    pub fn unknown_function(&self, statement: &Statement) -> Option<String> {
        struct Unknown<'a>(&'a SessionState, &'a SqlFunctions);
        impl Visitor for Unknown<'_> {
            type Break = String;

            fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
                let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
                let name = function.name.to_string().replace('`', "");
                let is_known = self.1.get(&name).is_some()
                    || self.0.scalar_functions().contains_key(&name)
                    || self.0.aggregate_functions().contains_key(&name)
                    || self.0.window_functions().contains_key(&name)
                    || self.0.higher_order_functions().contains_key(&name)
                    || BY_SYNTAX.contains(&name.as_str())
                    || is_generator(&function.name);
                if is_known { ControlFlow::Continue(()) } else { ControlFlow::Break(name) }
            }
        }
        let Statement::Statement(sql) = statement else { return None };
        match sql.visit(&mut Unknown(&self.session.context.state(), &self.functions)) {
            ControlFlow::Break(name) => Some(name),
            ControlFlow::Continue(()) => None,
        }
    }

    /// The setting that the last statement gave and that has no effect here, told once.
    pub fn take_ignored(&mut self) -> Option<String> {
        self.ignored.take()
    }

    /// Changes the session. The error still knows places in the query that is part of the command.
    pub async fn change(&mut self, command: Command) -> DfResult<StatementAnswer> {
        match command {
            Command::View(view) => self.create_view(view).await.map(|()| StatementAnswer::Done),
            Command::Table(table) => self.create_table(table).await.map(|()| StatementAnswer::Done),
            Command::Insert(insert) => self.insert(insert).await.map(|()| StatementAnswer::Done),
            Command::Truncate(name) => self.truncate(&name).map(|()| StatementAnswer::Done),
            Command::AddColumns { table, columns } => {
                self.add_columns(&table, columns).await.map(|()| StatementAnswer::Done)
            }
            Command::SetDefault { table, column, default } => {
                self.set_default(&table, &column, default).map(|()| StatementAnswer::Done)
            }
            Command::Rename { from, to } => self.rename(&from, &to).await.map(|()| StatementAnswer::Done),
            Command::Function(function) => self.create_function(*function).await.map(|()| StatementAnswer::Done),
            Command::Drop { kind: Dropped::Function, name, if_exists } => {
                self.drop_function(&name, if_exists).map(|()| StatementAnswer::Done)
            }
            Command::Drop { kind: Dropped::Database, name, if_exists } => {
                self.drop_database(&name, if_exists).map(|()| StatementAnswer::Done)
            }
            Command::Drop { kind, name, if_exists } => {
                self.drop_table(kind, &name, if_exists).map(|()| StatementAnswer::Done)
            }
            Command::Declare(new) => self.declare(new).await.map(|()| StatementAnswer::Done),
            Command::SetVariables { names, values } => {
                self.set_variables(names, values).await.map(|()| StatementAnswer::Done)
            }
            Command::DropVariable { name, if_exists } => {
                self.drop_variable(&name, if_exists).map(|()| StatementAnswer::Done)
            }
            Command::Set { key, .. } if self.variables.contains_key(&key.to_lowercase()) => Err(refused(
                format!("[UNSUPPORTED_FEATURE.SET_VARIABLE_USING_SET] `{key}` is a variable"),
                format!("write SET VAR {key} = …"),
            )),
            Command::Set { key, value } => {
                self.ignored = (!self.set(&key, &value)?).then(|| key.clone());
                self.settings.insert(key.clone(), value.clone());
                Ok(StatementAnswer::Rows(self.rows(&[(key, value)]).await?))
            }
            Command::Setting(None) => {
                let all: Vec<_> = self.settings.clone().into_iter().collect();
                Ok(StatementAnswer::Rows(self.rows(&all).await?))
            }
            Command::Setting(Some(key)) => {
                let value = self.setting(&key);
                Ok(StatementAnswer::Rows(self.rows(&[(key, value)]).await?))
            }
            Command::Reset(key) => self.reset(key.as_deref()).map(|()| StatementAnswer::Done),
            Command::Database { name, if_not_exists } => {
                self.create_database(&name, if_not_exists).map(|()| StatementAnswer::Done)
            }
            Command::Databases(pattern) => {
                let names = self.databases(pattern.as_deref());
                Ok(StatementAnswer::Rows(self.table_of(&[("namespace", names)]).await?))
            }
            Command::Use(name) => self.use_database(&name).map(|()| StatementAnswer::Done),
            Command::Nothing => Ok(StatementAnswer::NoEffect),
            Command::Refused { what, hint } => Err(refused(format!("{what} is no part of a session here"), hint)),
        }
    }

    async fn create_view(&mut self, view: NewView) -> DfResult<()> {
        let NewView { name, columns, query, replaces, if_not_exists, is_temporary } = view;
        let place = self.place(&name)?;
        let taken = self.is_taken(&place).await?;
        if taken && if_not_exists {
            return Ok(());
        }
        if taken && !replaces {
            return Err(refused(
                format!("[TEMP_TABLE_OR_VIEW_ALREADY_EXISTS] there is a table or view `{name}` already"),
                "write CREATE OR REPLACE, or give it another name",
            ));
        }
        if !is_temporary {
            self.refuse_temporary(&name, &query)?;
        }
        let (_, used) = self.with_variables(self.inlined(names::placed(query.clone()))?).await?;
        if let Some(variable) = used.first() {
            return Err(refused(
                format!("the view `{name}` would keep the value that the variable `{variable}` has now"),
                "write the value itself, or make it a table: CREATE TABLE … AS",
            ));
        }
        let plan = self.query(query).await?;
        let plan = if columns.is_empty() { plan } else { tables::named(plan, &columns)? };
        tables::refuse_repeated(plan.schema().as_arrow())?;
        self.tables.remove(&place);
        match is_temporary {
            true => self.temporary.insert(place.clone()),
            false => self.temporary.remove(&place),
        };
        self.register(&place, Arc::new(ViewTable::new(plan, None)))
    }

    /// A view that is to last reads no temporary one, in Spark; here both end with the session.
    fn refuse_temporary(&self, view: &ObjectName, query: &Statement) -> DfResult<()> {
        for reference in sql::references(query, "") {
            let table = ObjectName::from(reference.parts.into_iter().map(Ident::new).collect::<Vec<_>>());
            if self.place(&table).is_ok_and(|place| self.temporary.contains(&place)) {
                return Err(refused(
                    format!(
                        "[INVALID_TEMP_OBJ_REFERENCE] the view `{view}` is to last, and reads the temporary view `{table}`"
                    ),
                    "write CREATE TEMPORARY VIEW",
                ));
            }
        }
        Ok(())
    }

    /// The plan of a query within a command.
    async fn query(&self, query: Statement) -> DfResult<LogicalPlan> {
        let query = self.inlined(names::placed(query))?;
        self.refuse_old_ways(&query)?;
        let (query, _) = self.with_variables(query).await?;
        self.session.open_what_it_reads(&query).await?;
        self.session.plan(query).await
    }

    /// Names and values.
    async fn rows(&self, pairs: &[(String, String)]) -> DfResult<Rows> {
        let (keys, values) = pairs.iter().cloned().unzip();
        self.table_of(&[("key", keys), ("value", values)]).await
    }

    /// Columns of texts.
    async fn table_of(&self, columns: &[(&str, Vec<String>)]) -> DfResult<Rows> {
        let fields: Vec<Field> = columns.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, false)).collect();
        let texts = columns.iter().map(|(_, texts)| Arc::new(StringArray::from(texts.clone())) as ArrayRef);
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), texts.collect())?;
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
        let plan = self.session.context.read_table(Arc::new(table))?.into_unoptimized_plan();
        let rows = self.session.execute(plan).await;
        rows.map_err(|error| DataFusionError::External(Box::new(error)))
    }
}

/// At a place of the statement.
fn refused_at(refusal: RewriteRefusal) -> DataFusionError {
    let RewriteRefusal { place, message, hint } = refusal;
    let diagnostic = Diagnostic::new_error(message.clone(), Span::try_from_sqlparser_span(place));
    DataFusionError::Plan(message).with_diagnostic(diagnostic.with_help(hint, None))
}

fn refused(message: impl Into<String>, hint: impl Into<String>) -> DataFusionError {
    DataFusionError::External(Box::new(Error::config(message).hint(hint)))
}
