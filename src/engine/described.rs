//! DESCRIBE and SHOW COLUMNS: the columns of a table or a query, with the names of types that SQL has
//! (<https://spark.apache.org/docs/latest/sql-ref-syntax-aux-describe-query.html>).

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{DescribeAlias, ObjectName, ShowStatementIn, Statement as Sql};

use crate::spark::{sql, types};

/// What is told of the columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told {
    Names,
    /// And a comment, which no column has here.
    NamesAndTypes,
}

/// The query whose columns a statement asks for; `None` when it asks for something else.
pub fn asked(statement: &Statement) -> Option<(Statement, Told)> {
    let Statement::Statement(statement) = statement else { return None };
    match statement.as_ref() {
        Sql::Explain { describe_alias: DescribeAlias::Describe | DescribeAlias::Desc, statement, .. } => {
            Some((Statement::Statement(statement.clone()), Told::NamesAndTypes))
        }
        Sql::ExplainTable { describe_alias: DescribeAlias::Describe | DescribeAlias::Desc, table_name, .. } => {
            Some((all_of(table_name)?, Told::NamesAndTypes))
        }
        Sql::ShowColumns { show_options, .. } => {
            let ShowStatementIn { parent_name, .. } = show_options.show_in.as_ref()?;
            Some((all_of(parent_name.as_ref()?)?, Told::Names))
        }
        _ => None,
    }
}

fn all_of(table: &ObjectName) -> Option<Statement> {
    sql::parse(&format!("SELECT * FROM {table}")).ok().map(|parsed| parsed.statement)
}

/// A row for each column.
pub fn rows(columns: &Schema, told: Told) -> datafusion::error::Result<RecordBatch> {
    let fields = columns.fields();
    let names: ArrayRef = Arc::new(fields.iter().map(|field| Some(field.name().as_str())).collect::<StringArray>());
    let types = fields.iter().map(|field| Some(types::name(field.data_type()))).collect::<StringArray>();
    let comments = new_null_array(&DataType::Utf8, fields.len());
    let named = |name: &str| Field::new(name, DataType::Utf8, true);
    let (schema, arrays) = match told {
        Told::Names => (vec![named("col_name")], vec![names]),
        Told::NamesAndTypes => {
            (vec![named("col_name"), named("data_type"), named("comment")], vec![names, Arc::new(types), comments])
        }
    };
    Ok(RecordBatch::try_new(Arc::new(Schema::new(schema)), arrays)?)
}
