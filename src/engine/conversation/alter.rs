//! ALTER TABLE: what tables of a session have, and what they are called.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-alter-table.html>, of tables that are files: those of Spark take no other changes.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder, lit};
use datafusion::sql::sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart};

use super::tables::{MemoryTable, refuse_repeated, stored};
use super::{Conversation, DfResult, refused};
use crate::spark::sql::commands::TableColumn;

impl Conversation {
    /// Rows that there are have their defaults, too.
    pub(super) async fn add_columns(&mut self, name: &ObjectName, added: Vec<TableColumn>) -> DfResult<()> {
        let (place, table) = self.table(name)?;
        if let Some(column) = added.iter().find(|column| column.not_null) {
            return Err(refused(
                format!("`{}` would be NOT NULL, and the rows of `{name}` have nothing in it", column.field.name()),
                "leave NOT NULL out, or create the table again",
            ));
        }
        let columns: Vec<TableColumn> = table.columns.iter().cloned().chain(added.clone()).collect();
        let schema = Arc::new(Schema::new(columns.iter().map(|column| column.field.clone()).collect::<Vec<_>>()));
        refuse_repeated(&schema)?;
        let before = MemTable::try_new(table.schema.clone(), vec![table.rows.clone()])?;
        let before = self.session.context.read_table(Arc::new(before))?.into_unoptimized_plan();
        let mut exprs: Vec<_> = before.schema().columns().into_iter().map(PlanExpr::Column).collect();
        for column in &added {
            let value = match &column.default {
                Some(default) => self.value(default)?,
                None => lit(ScalarValue::Null),
            };
            exprs.push(stored(value, column, before.schema(), true)?.alias(column.field.name()));
        }
        let widened = self.collect(LogicalPlanBuilder::from(before).project(exprs)?.build()?).await?;
        let widened = widened.into_iter().map(|batch| RecordBatch::try_new(schema.clone(), batch.columns().to_vec()));
        let rows = widened.collect::<Result<Vec<_>, _>>()?;
        self.show(&place, MemoryTable { columns, schema, rows })
    }

    /// What a column is in rows of INSERT that do not say.
    pub(super) fn set_default(&mut self, name: &ObjectName, column: &str, default: Option<Expr>) -> DfResult<()> {
        let (place, _) = self.table(name)?;
        let columns = self.tables.get_mut(&place).map(|table| table.columns.iter_mut()).into_iter().flatten();
        match columns.into_iter().find(|known| known.field.name() == column) {
            Some(known) => known.default = default,
            None => {
                return Err(refused(
                    format!("[UNRESOLVED_COLUMN] `{name}` has no column `{column}`"),
                    "DESCRIBE it to see which it has",
                ));
            }
        }
        Ok(())
    }

    /// A table, or a view, under another name in its database.
    pub(super) async fn rename(&mut self, from: &ObjectName, to: &ObjectName) -> DfResult<()> {
        let old = self.place(from)?;
        let Some(found) = self.found(&old).await? else {
            return Err(refused(
                format!("[TABLE_OR_VIEW_NOT_FOUND] there is no `{from}` in this session"),
                "SHOW TABLES lists what there is",
            ));
        };
        let to = match to.0.as_slice() {
            [ObjectNamePart::Identifier(last)] => {
                ObjectName::from(vec![Ident::with_quote('`', &old.schema), Ident::with_quote('`', &last.value)])
            }
            _ => to.clone(),
        };
        let new = self.place(&to)?;
        if new.schema != old.schema {
            return Err(refused(format!("`{from}` stays in its database"), "give it another name there"));
        }
        if self.is_taken(&new).await? {
            return Err(refused(
                format!("[TABLE_OR_VIEW_ALREADY_EXISTS] there is a table or view `{to}` already"),
                "give it another name",
            ));
        }
        self.unregister(&old)?;
        self.register(&new, found)?;
        if let Some(table) = self.tables.remove(&old) {
            self.tables.insert(new.clone(), table);
        }
        if self.temporary.remove(&old) {
            self.temporary.insert(new);
        }
        Ok(())
    }
}
