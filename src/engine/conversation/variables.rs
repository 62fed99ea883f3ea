//! Variables of a session. A name is a variable's where no column has it, so a statement is planned first, and what it does not find is
//! looked for here: by <https://spark.apache.org/docs/latest/sql-ref-name-resolution.html>

use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, ScalarValue, SchemaError};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    DataType as SqlType, Expr, Ident, Query, Select, SelectItem, SetExpr, Statement as Sql, TableAlias,
    TableAliasColumnDef, TableFactor, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::{Conversation, DfResult, refused};
use crate::engine::faults::Asked;
use crate::spark::sql::commands::{NewVariables, VariableValues};
use crate::spark::sql::rewrite::build;
use crate::spark::{shell_text, sql, sql_types};

/// More than a statement has.
const MOST: usize = 1000;

#[derive(Debug, Clone)]
pub struct Variable {
    /// It as it stands in a statement.
    value: Expr,
    data_type: SqlType,
    default: Option<Expr>,
}

impl Conversation {
    /// A statement with the values of the variables that it asks for.
    pub(super) async fn with_variables(&self, mut statement: Statement) -> DfResult<(Statement, Vec<String>)> {
        let mut used = vec![];
        if self.variables.is_empty() {
            return Ok((statement, used));
        }
        for _ in 0..MOST {
            let Err(error) = self.session.prepare(statement.clone()).await else { break };
            let Some((name, place)) = self.missing(&error, &statement).await else { break };
            let Some(variable) = self.variables.get(&name) else { break };
            let mut given = GivenValue { name: &name, place, value: &variable.value, is_done: false };
            visit(&mut statement, &mut given);
            if !given.is_done {
                break;
            }
            used.push(name);
        }
        Ok((statement, used))
    }

    /// A variable that a plan took for a column, and where it stands.
    async fn missing(&self, error: &DataFusionError, statement: &Statement) -> Option<(String, Location)> {
        for error in error.iter() {
            let Some(name) = missing(error).filter(|name| self.variables.contains_key(name)) else { continue };
            let said = error.diagnostic().and_then(|diagnostic| diagnostic.span);
            let place = match said {
                Some(place) => Some(Location { line: place.start.line, column: place.start.column }),
                None => {
                    let asked = Asked::Statement(statement.clone());
                    self.session.search(error, &asked).await.map(|place| place.start)
                }
            };
            if let Some(place) = place {
                return Some((name, place));
            }
        }
        None
    }

    pub(super) async fn declare(&mut self, new: NewVariables) -> DfResult<()> {
        let NewVariables { names, data_type, default, replaces } = new;
        if let Some(name) = names.iter().find(|name| self.variables.contains_key(*name) && !replaces) {
            return Err(refused(
                format!("[VARIABLE_ALREADY_EXISTS] there is a variable `{name}` already"),
                "write DECLARE OR REPLACE, or SET VAR to give it another value",
            ));
        }
        let expr = default.clone().unwrap_or_else(|| Expr::Value(Value::Null.with_empty_span()));
        let data_type = match data_type {
            Some(data_type) => data_type,
            None => {
                let plan = self.query(one_row(vec![expr.clone()])).await?;
                let schema = self.session.settled_schema(&plan).map_err(external)?;
                named(schema.field(0).data_type())?
            }
        };
        let row = one_row(vec![build::cast(expr, data_type.clone())]);
        let value = self.values(row, std::slice::from_ref(&data_type)).await?.remove(0);
        for name in names {
            let variable = Variable { value: value.clone(), data_type: data_type.clone(), default: default.clone() };
            self.variables.insert(name, variable);
        }
        Ok(())
    }

    pub(super) async fn set_variables(&mut self, names: Vec<String>, values: VariableValues) -> DfResult<()> {
        let known = names.iter().map(|name| match self.variables.get(name) {
            Some(variable) => Ok(variable.clone()),
            None => Err(refused(
                format!("[UNRESOLVED_VARIABLE] there is no variable `{name}` in this session"),
                "DECLARE it first",
            )),
        });
        let known = known.collect::<DfResult<Vec<_>>>()?;
        let types: Vec<SqlType> = known.iter().map(|variable| variable.data_type.clone()).collect();
        let query = match values {
            VariableValues::Of(query) => Statement::Statement(Box::new(Sql::Query(query))),
            VariableValues::Default => {
                let null = || Expr::Value(Value::Null.with_empty_span());
                one_row(known.iter().map(|variable| variable.default.clone().unwrap_or_else(null)).collect())
            }
        };
        let values = self.values(query, &types).await?;
        for (name, value) in names.into_iter().zip(values) {
            if let Some(variable) = self.variables.get_mut(&name) {
                variable.value = value;
            }
        }
        Ok(())
    }

    pub(super) fn drop_variable(&mut self, name: &str, if_exists: bool) -> DfResult<()> {
        match self.variables.remove(name).is_some() || if_exists {
            true => Ok(()),
            false => Err(refused(
                format!("[VARIABLE_NOT_FOUND] there is no variable `{name}` in this session"),
                "write IF EXISTS where it may not be there",
            )),
        }
    }

    /// The one row of a query, each value as its type is written. Of no row they are nulls.
    async fn values(&self, query: Statement, types: &[SqlType]) -> DfResult<Vec<Expr>> {
        let width = self.query(query.clone()).await?.schema().fields().len();
        if width != types.len() {
            return Err(refused(
                format!(
                    "[ASSIGNMENT_ARITY_MISMATCH] {} variables are set, and the query has {width} columns",
                    types.len()
                ),
                "give each of them a value",
            ));
        }
        let plan = self.query(typed(query, types)).await?;
        let batches = self.session.context.execute_logical_plan(plan).await?.collect().await?;
        let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
        if rows > 1 {
            return Err(refused(
                "[ROW_SUBQUERY_TOO_MANY_ROWS] variables are set to one row, and the query gave more",
                "aggregate, or LIMIT 1",
            ));
        }
        let batch = batches.into_iter().find(|batch| batch.num_rows() == 1);
        let Some(batch) = batch else {
            let null = || Expr::Value(Value::Null.with_empty_span());
            return Ok(types.iter().map(|data_type| build::cast(null(), data_type.clone())).collect());
        };
        let texts = shell_text::rows(&batch)?.remove(0);
        let each = types.iter().enumerate().map(|(at, data_type)| {
            let found = batch.column(at).data_type();
            if found.is_nested() || matches!(found, DataType::Binary | DataType::Interval(_) | DataType::Duration(_)) {
                return Err(refused(
                    format!("a variable of type \"{}\" is not there", sql_types::name(found).to_uppercase()),
                    "a variable is a number, a text, a truth value, a date or a time; put others into a view",
                ));
            }
            let value = ScalarValue::try_from_array(batch.column(at), 0)?;
            Ok(written(&value, &texts[at], data_type))
        });
        each.collect()
    }
}

/// A query's columns as these types.
fn typed(query: Statement, types: &[SqlType]) -> Statement {
    let Statement::Statement(sql) = query else { return query };
    let Sql::Query(query) = *sql else { return Statement::Statement(sql) };
    let names: Vec<Ident> = (0..types.len()).map(|at| Ident::with_quote('`', format!("\u{2063}set {at}"))).collect();
    let items = names.iter().zip(types).map(|(name, data_type)| {
        SelectItem::UnnamedExpr(build::cast(Expr::Identifier(name.clone()), data_type.clone()))
    });
    let mut rows = build::derived(*query);
    if let TableFactor::Derived { alias, .. } = &mut rows {
        let columns = names.iter().map(|name| TableAliasColumnDef { name: name.clone(), data_type: None }).collect();
        *alias = Some(TableAlias { columns, ..build::alias("\u{2063}set".to_string()) });
    }
    let query = build::query(SetExpr::Select(Box::new(build::select(items.collect(), vec![build::from(rows)]))));
    Statement::Statement(Box::new(Sql::Query(Box::new(query))))
}

/// A value as it is written in a statement: as plainly as its type allows, because some functions ask for what is written out.
fn written(value: &ScalarValue, text: &str, data_type: &SqlType) -> Expr {
    let literal = |value: Value| Expr::Value(value.with_empty_span());
    match value {
        value if value.is_null() => build::cast(literal(Value::Null), data_type.clone()),
        ScalarValue::Boolean(Some(value)) if matches!(data_type, SqlType::Boolean) => literal(Value::Boolean(*value)),
        ScalarValue::Int32(Some(number)) if matches!(data_type, SqlType::Int(None) | SqlType::Integer(None)) => {
            match number.is_negative() {
                true => build::cast(literal(Value::SingleQuotedString(text.to_string())), data_type.clone()),
                false => literal(Value::Number(text.to_string(), false)),
            }
        }
        ScalarValue::Utf8(_) | ScalarValue::Utf8View(_) | ScalarValue::LargeUtf8(_)
            if matches!(data_type, SqlType::String(None)) =>
        {
            literal(Value::SingleQuotedString(text.to_string()))
        }
        _ => build::cast(literal(Value::SingleQuotedString(text.to_string())), data_type.clone()),
    }
}

fn external(error: crate::error::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// A type by its name.
fn named(data_type: &DataType) -> DfResult<SqlType> {
    let kind = sql_types::canonical(data_type).unwrap_or_else(|| data_type.clone());
    let name = sql_types::name(&kind);
    sql::data_type(&name).ok_or_else(|| {
        refused(format!("a variable of type \"{}\" is not there", name.to_uppercase()), "say which type it is to have")
    })
}

fn one_row(exprs: Vec<Expr>) -> Statement {
    let items = exprs.into_iter().map(SelectItem::UnnamedExpr).collect();
    let query: Query = build::query(SetExpr::Select(Box::new(build::select(items, vec![]))));
    Statement::Statement(Box::new(Sql::Query(Box::new(query))))
}

/// The name that a plan did not find.
fn missing(error: &DataFusionError) -> Option<String> {
    let DataFusionError::SchemaError(schema, _) = error.find_root() else { return None };
    let SchemaError::FieldNotFound { field, .. } = schema.as_ref() else { return None };
    let of_session = field.relation.as_ref().is_none_or(|table| {
        table.table() == "session" && matches!(table.schema(), None | Some("system")) && table.catalog().is_none()
    });
    of_session.then(|| field.name.clone())
}

fn visit(statement: &mut Statement, given: &mut GivenValue) {
    match statement {
        Statement::Statement(sql) => {
            let _ = VisitMut::visit(sql.as_mut(), given);
        }
        Statement::Explain(explain) => visit(&mut explain.statement, given),
        _ => {}
    }
}

/// Puts a value in the place of a name.
struct GivenValue<'a> {
    name: &'a str,
    place: Location,
    value: &'a Expr,
    is_done: bool,
}

impl GivenValue<'_> {
    fn is_meant(&self, expr: &Expr) -> bool {
        let of = |first: &Ident, last: &Ident| last.value == self.name && first.span.start == self.place;
        match expr {
            Expr::Identifier(name) => of(name, name),
            Expr::CompoundIdentifier(parts) => parts
                .first()
                .zip(parts.last())
                .is_some_and(|(first, last)| first.value != last.value && of(first, last)),
            _ => false,
        }
    }
}

impl VisitorMut for GivenValue<'_> {
    type Break = ();

    /// A column is called as its variable.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && self.is_meant(expr)
            {
                self.is_done = true;
                let alias = Ident::with_quote('`', self.name);
                *item = SelectItem::ExprWithAlias { expr: self.value.clone(), alias };
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.is_meant(expr) {
            self.is_done = true;
            *expr = Expr::Nested(Box::new(self.value.clone()));
        }
        ControlFlow::Continue(())
    }
}
