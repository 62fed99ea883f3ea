//! Tables of a session: their rows are in memory, and gone with it.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{Column, DFSchema, DFSchemaRef, DataFusionError, ScalarValue};
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, lit, when};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, ExprWithAlias, ObjectName};

use super::names::SessionPlace;
use super::{Conversation, DfResult, refused};
use crate::spark::analyzer::literals::narrowed_expr;
use crate::spark::functions::scalar::{cast, raising};
use crate::spark::mode::Strictness;
use crate::spark::sql::commands::{Insert, Length, NewTable, TableColumn};
use crate::spark::sql::names::shown;
use crate::spark::sql_types::{self, canonical};

/// A table's columns, and the rows that it has by now.
pub struct MemoryTable {
    pub(super) columns: Vec<TableColumn>,
    pub(super) schema: SchemaRef,
    pub(super) rows: Vec<RecordBatch>,
}

impl Conversation {
    pub(super) async fn create_table(&mut self, table: NewTable) -> DfResult<()> {
        let NewTable { name, columns, query, replaces, if_not_exists } = table;
        let place = self.place(&name)?;
        if self.is_taken(&place).await? && !replaces {
            return match if_not_exists {
                true => Ok(()),
                false => Err(refused(
                    format!("[TABLE_OR_VIEW_ALREADY_EXISTS] there is a table or view `{name}` already"),
                    "write IF NOT EXISTS, or give it another name",
                )),
            };
        }
        let (columns, rows) = match query {
            Some(query) => {
                let plan = self.query(query).await?;
                let schema = self.settled_schema(&plan)?;
                refuse_repeated(schema.as_arrow())?;
                let columns: Vec<TableColumn> = schema.fields().iter().map(column_of).collect();
                let rows = self.collect(cast_to(plan, &schema, &columns)?).await?;
                (columns, rows)
            }
            None => (columns, vec![]),
        };
        let schema = Arc::new(Schema::new(columns.iter().map(|column| column.field.clone()).collect::<Vec<_>>()));
        refuse_repeated(&schema)?;
        self.show(&place, MemoryTable { columns, schema, rows })
    }

    pub(super) fn show(&mut self, place: &SessionPlace, table: MemoryTable) -> DfResult<()> {
        self.register(place, Arc::new(MemTable::try_new(table.schema.clone(), vec![table.rows.clone()])?))?;
        self.tables.insert(place.clone(), table);
        Ok(())
    }

    pub(super) fn table(&self, name: &ObjectName) -> DfResult<(SessionPlace, &MemoryTable)> {
        let place = self.place(name)?;
        match self.tables.get(&place) {
            Some(table) => Ok((place, table)),
            None => Err(refused(
                format!("[TABLE_OR_VIEW_NOT_FOUND] there is no table `{name}` in this session"),
                "CREATE TABLE makes one in memory; the lake's are made by the files in queries/ and `trapiche run`",
            )),
        }
    }

    pub(super) fn truncate(&mut self, name: &ObjectName) -> DfResult<()> {
        let (place, table) = self.table(name)?;
        let empty = MemoryTable { columns: table.columns.clone(), schema: table.schema.clone(), rows: vec![] };
        self.show(&place, empty)
    }

    pub(super) async fn insert(&mut self, insert: Insert) -> DfResult<()> {
        let Insert { table: name, columns: named, partition, overwrites, by_name, query } = insert;
        let (place, table) = self.table(&name)?;
        let columns = table.columns.clone();
        let plan = self.query(query).await?;
        let known = |wanted: &str| {
            columns.iter().position(|column| column.field.name() == wanted).ok_or_else(|| {
                refused(format!("[UNRESOLVED_COLUMN] `{name}` has no column `{wanted}`"), "name its columns")
            })
        };
        let mut fixed: Vec<(usize, SqlExpr)> = vec![];
        let mut last: Vec<usize> = vec![];
        for (column, value) in partition {
            match value {
                Some(value) => fixed.push((known(&column)?, value)),
                None => last.push(known(&column)?),
            }
        }
        let is_fixed = |at: &usize| fixed.iter().any(|(known, _)| known == at);
        let given: Vec<usize> = match (named.as_slice(), by_name) {
            ([], true) => plan.schema().fields().iter().map(|field| known(field.name())).collect::<DfResult<_>>()?,
            ([], false) => {
                let others = (0..columns.len()).filter(|at| !is_fixed(at) && !last.contains(at));
                others.chain(last.iter().copied()).collect()
            }
            (named, _) => named.iter().map(|column| known(column)).collect::<DfResult<_>>()?,
        };
        let width = plan.schema().fields().len();
        let is_all = named.is_empty() && !by_name;
        // The last columns may be left out where they have defaults.
        let may_lack = is_all && width < given.len() && given[width..].iter().all(|at| columns[*at].default.is_some());
        if width != given.len() && !may_lack {
            return Err(refused(
                format!(
                    "[INSERT_COLUMN_ARITY_MISMATCH] `{name}` takes {} columns here, and the query has {width}",
                    given.len()
                ),
                "give each column a value, or name those that are given",
            ));
        }
        let mut seen = HashSet::new();
        if given.iter().any(|at| !seen.insert(*at)) {
            return Err(refused("[COLUMN_ALREADY_EXISTS] a column is named twice", "name each column once"));
        }
        let schema = self.settled_schema(&plan)?;
        let mut exprs = vec![];
        for (at, column) in columns.iter().enumerate() {
            let found = given.iter().take(width).position(|given| *given == at);
            let value = match (found, fixed.iter().find(|(known, _)| *known == at)) {
                (Some(nth), _) => Expr::Column(Column::from(schema.qualified_field(nth))),
                (None, Some((_, value))) => self.value(value)?,
                (None, None) => match &column.default {
                    Some(default) => self.value(default)?,
                    None => lit(ScalarValue::Null),
                },
            };
            exprs.push(
                stored(value, column, &schema, fixed.iter().any(|(known, _)| *known == at))?.alias(column.field.name()),
            );
        }
        let plan = LogicalPlanBuilder::from(plan).project(exprs)?.build()?;
        let mut rows = self.collect(plan).await?;
        let (_, table) = self.table(&name)?;
        let schema = table.schema.clone();
        let mut all = if overwrites { vec![] } else { table.rows.clone() };
        for batch in &mut rows {
            *batch = RecordBatch::try_new(schema.clone(), batch.columns().to_vec())?;
        }
        all.extend(rows);
        self.refuse_too_large(&all)?;
        for (at, column) in columns.iter().enumerate().filter(|(_, column)| column.not_null) {
            if all.iter().any(|batch| batch.column(at).null_count() > 0) {
                return Err(refused(
                    format!("[NOT_NULL_ASSERT_VIOLATION] column `{}` takes no nulls", column.field.name()),
                    "leave these rows out",
                ));
            }
        }
        self.show(&place, MemoryTable { columns, schema, rows: all })
    }

    /// The columns of a query's result as they will be: a plan has other types until all its rules have run.
    fn settled_schema(&self, plan: &LogicalPlan) -> DfResult<DFSchemaRef> {
        self.session.settled_schema(plan).map_err(|error| DataFusionError::External(Box::new(error)))
    }

    /// An expression without columns.
    pub(super) fn value(&self, expr: &SqlExpr) -> DfResult<Expr> {
        let expr = ExprWithAlias { expr: expr.clone(), alias: None };
        let nothing = DFSchema::empty();
        narrowed_expr(self.session.context.state().create_logical_expr_from_sql_expr(expr, &nothing)?, &nothing)
    }

    pub(super) async fn collect(&self, plan: LogicalPlan) -> DfResult<Vec<RecordBatch>> {
        self.session.context.execute_logical_plan(plan).await?.collect().await
    }

    /// A session's rows are not what the memory is for.
    fn refuse_too_large(&self, rows: &[RecordBatch]) -> DfResult<()> {
        let bytes: usize = rows.iter().map(RecordBatch::get_array_memory_size).sum();
        match self.session.context.runtime_env().memory_pool.memory_limit() {
            MemoryLimit::Finite(limit) if bytes > limit / 2 => Err(refused(
                "a table of a session takes more than half of the memory that there is",
                "make it a query of the project: then it is a table of the lake",
            )),
            _ => Ok(()),
        }
    }
}

fn column_of(field: &FieldRef) -> TableColumn {
    let data_type = canonical(field.data_type()).unwrap_or_else(|| field.data_type().clone());
    let spelled = sql_types::name(&data_type);
    let metadata = field.metadata().clone();
    let field = Field::new(shown(field.name()), data_type, true).with_metadata(metadata);
    TableColumn { field, spelled, length: None, default: None, not_null: false }
}

/// A plan's columns as those of a table.
fn cast_to(plan: LogicalPlan, schema: &DFSchema, columns: &[TableColumn]) -> DfResult<LogicalPlan> {
    let exprs = columns.iter().enumerate().map(|(nth, column)| {
        let value = Expr::Column(Column::from(schema.qualified_field(nth)));
        Ok(stored(value, column, schema, true)?.alias(column.field.name()))
    });
    let exprs = exprs.collect::<DfResult<Vec<_>>>()?;
    LogicalPlanBuilder::from(plan).project(exprs)?.build()
}

/// A plan with other names of its columns.
pub fn named(plan: LogicalPlan, names: &[String]) -> DfResult<LogicalPlan> {
    let schema = plan.schema().clone();
    if schema.fields().len() != names.len() {
        return Err(refused(
            format!(
                "[CREATE_VIEW_COLUMN_ARITY_MISMATCH] {} columns are named, and the query has {}",
                names.len(),
                schema.fields().len()
            ),
            "name each of them",
        ));
    }
    let exprs =
        names.iter().enumerate().map(|(nth, name)| Expr::Column(Column::from(schema.qualified_field(nth))).alias(name));
    LogicalPlanBuilder::from(plan).project(exprs.collect::<Vec<_>>())?.build()
}

pub fn refuse_repeated(schema: &Schema) -> DfResult<()> {
    let mut names = HashSet::new();
    match schema.fields().iter().find(|field| !names.insert(shown(field.name()))) {
        Some(field) => Err(refused(
            format!("[COLUMN_ALREADY_EXISTS] there are two columns `{}`", shown(field.name())),
            "give them names of their own: … AS …",
        )),
        None => Ok(()),
    }
}

/// A value as a column keeps it: <https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#store-assignment>
pub fn stored(value: Expr, column: &TableColumn, schema: &DFSchema, freely: bool) -> DfResult<Expr> {
    let (from, to) = (value.get_type(schema)?, column.field.data_type());
    if !freely && !is_assignable(&from, to) {
        return Err(refused(
            format!(
                "[INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST] column `{}` is of type \"{}\", and the value of type \"{}\"",
                column.field.name(),
                column.spelled.to_uppercase(),
                sql_types::name(&from).to_uppercase()
            ),
            "CAST it",
        ));
    }
    let value = match (canonical(&from), canonical(to)) {
        _ if from == *to => value,
        (Some(from_kind), Some(to_kind)) => {
            let value = match from_kind == from {
                true => value,
                false => Expr::Cast(Cast::new(Box::new(value), from_kind.clone())),
            };
            if from_kind == to_kind { value } else { cast::cast_to(value, &to_kind, Strictness::Ansi) }
        }
        _ => Expr::Cast(Cast::new(Box::new(value), to.clone())),
    };
    match column.length {
        Some(length) => fitting(value, length),
        None => Ok(value),
    }
}

/// What is assigned without being asked for: numbers to numbers, anything plain to text.
fn is_assignable(from: &DataType, to: &DataType) -> bool {
    use DataType::{Boolean, Date32, List, Map, Null, Struct, Timestamp, Utf8};
    let (Some(from), Some(to)) = (canonical(from), canonical(to)) else { return true };
    match (&from, &to) {
        (from, to) if from == to => true,
        (Null, _) => true,
        (from, to) if from.is_numeric() && to.is_numeric() => true,
        (List(_) | Map(..) | Struct(_), Utf8) => false,
        (DataType::Binary, Utf8) => true,
        (_, Utf8) => true,
        (Date32 | Timestamp(..), Date32 | Timestamp(..)) => true,
        (Boolean, _) | (_, Boolean) => false,
        (List(from), List(to)) => is_assignable(from.data_type(), to.data_type()),
        (Struct(from), Struct(to)) => {
            from.len() == to.len()
                && from.iter().zip(to).all(|(from, to)| is_assignable(from.data_type(), to.data_type()))
        }
        (Map(from, _), Map(to, _)) => is_assignable(from.data_type(), to.data_type()),
        _ => false,
    }
}

/// Blanks at the end are added, or left out where there are too many.
fn fitting(value: Expr, length: Length) -> DfResult<Expr> {
    use datafusion::functions::unicode::expr_fn::{character_length, rpad, substring};
    let (Length::Exactly(size) | Length::AtMost(size)) = length;
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let message = format!("[EXCEED_LIMIT_LENGTH] a text is longer than the {size} characters of its column");
    let refusal = cast::cast_to(raising::refusal().udf().call(vec![lit(message)]), &DataType::Utf8, Strictness::Ansi);
    let chars = |value: Expr| cast::cast_to(character_length(value), &DataType::Int64, Strictness::Ansi);
    let end = datafusion::functions::string::expr_fn::rtrim(vec![value.clone()]);
    let fits = chars(value.clone()).lt_eq(lit(size));
    let whole = match length {
        Length::Exactly(_) => rpad(vec![value.clone(), lit(size), lit(" ")]),
        Length::AtMost(_) => value.clone(),
    };
    when(value.clone().is_null(), lit(ScalarValue::Utf8(None)))
        .when(fits, whole)
        .when(chars(end).lt_eq(lit(size)), substring(value, lit(1_i64), lit(size)))
        .otherwise(refusal)
}
