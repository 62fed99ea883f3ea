//! Which table is meant by a name. What a session makes lies in its own schema, which Spark calls `default`; another
//! database is a schema beside it.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Ident, ObjectName, ObjectNamePart, VisitMut, VisitorMut};

use super::{Conversation, DfResult, refused};
use crate::engine::{QUARANTINE, state};
use crate::lake::Zone;
use crate::spark::sql::commands::Dropped;

/// Spark's names of where a session's own things are.
const OWN: [&str; 2] = ["default", "global_temp"];
const CATALOGS: [&str; 2] = ["spark_catalog", "system"];

/// A schema and a name in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionPlace {
    pub schema: String,
    pub name: String,
}

/// The statement with names that are known here.
pub fn placed(mut statement: Statement) -> Statement {
    struct Placed;
    impl VisitorMut for Placed {
        type Break = ();

        fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<()> {
            let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
            if parts.len() == name.0.len() && parts.len() > 1 {
                *name = ObjectName(known(parts).into_iter().map(ObjectNamePart::Identifier).collect());
            }
            ControlFlow::Continue(())
        }
    }
    fn visited(statement: &mut Statement) {
        match statement {
            Statement::Statement(sql) => {
                let _ = VisitMut::visit(sql.as_mut(), &mut Placed);
            }
            Statement::Explain(explain) => visited(&mut explain.statement),
            _ => {}
        }
    }
    visited(&mut statement);
    statement
}

/// Without Spark's catalog, and with the schema's name here.
fn known(mut parts: Vec<Ident>) -> Vec<Ident> {
    if parts.len() > 2 && CATALOGS.contains(&parts[0].value.as_str()) {
        parts.remove(0);
    }
    if parts.len() == 2 && OWN.contains(&parts[0].value.as_str()) {
        parts[0].value = state::SESSION_SCHEMA.to_string();
    }
    parts
}

impl Conversation {
    /// Where a thing of this name is, or is to be: in the session, or in a database of it.
    pub(super) fn place(&self, name: &ObjectName) -> DfResult<SessionPlace> {
        let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        let place = match known(parts).as_slice() {
            [name] => SessionPlace { schema: self.schema(), name: name.value.clone() },
            [schema, name] => SessionPlace { schema: schema.value.clone(), name: name.value.clone() },
            _ => return Err(refused(format!("`{name}` has too many parts"), "write `name`, or `database.name`")),
        };
        let is_of_lake = Zone::ALL.map(Zone::as_str).contains(&place.schema.as_str()) || place.schema == QUARANTINE;
        if is_of_lake {
            return Err(refused(
                format!("`{name}` would be a table of the lake, and a session changes none"),
                "give it a name without a zone; the lake's tables are made by the files in queries/ and `trapiche run`",
            ));
        }
        Ok(place)
    }

    fn schema(&self) -> String {
        self.session.context.state().config_options().catalog.default_schema.clone()
    }

    pub(super) async fn is_taken(&self, place: &SessionPlace) -> DfResult<bool> {
        Ok(self.found(place).await?.is_some())
    }

    pub(super) async fn found(&self, place: &SessionPlace) -> DfResult<Option<Arc<dyn TableProvider>>> {
        let catalog = self.session.context.catalog(state::CATALOG);
        match catalog.and_then(|catalog| catalog.schema(&place.schema)) {
            Some(schema) => schema.table(&place.name).await,
            None => Ok(None),
        }
    }

    pub(super) fn register(&self, place: &SessionPlace, table: Arc<dyn TableProvider>) -> DfResult<()> {
        let catalog = self.session.context.catalog(state::CATALOG);
        let Some(schema) = catalog.and_then(|catalog| catalog.schema(&place.schema)) else {
            return Err(no_database(&place.schema));
        };
        schema.deregister_table(&place.name)?;
        schema.register_table(place.name.clone(), table).map(drop)
    }

    pub(super) fn unregister(&self, place: &SessionPlace) -> DfResult<()> {
        let catalog = self.session.context.catalog(state::CATALOG);
        match catalog.and_then(|catalog| catalog.schema(&place.schema)) {
            Some(schema) => schema.deregister_table(&place.name).map(drop),
            None => Err(no_database(&place.schema)),
        }
    }

    pub(super) fn drop_table(&mut self, kind: Dropped, name: &ObjectName, if_exists: bool) -> DfResult<()> {
        let place = self.place(name)?;
        let is_table = self.tables.contains_key(&place);
        let catalog = self.session.context.catalog(state::CATALOG);
        let schema = catalog.and_then(|catalog| catalog.schema(&place.schema));
        let there = schema.filter(|schema| schema.table_exist(&place.name));
        match there {
            Some(_) if is_table != (kind == Dropped::Table) => {
                let (is, write) = if is_table { ("a table", "DROP TABLE") } else { ("a view", "DROP VIEW") };
                Err(refused(format!("[EXPECT_OTHER_KIND] `{name}` is {is}"), format!("write {write}")))
            }
            Some(schema) => {
                self.tables.remove(&place);
                schema.deregister_table(&place.name).map(drop)
            }
            None if if_exists => Ok(()),
            None => Err(refused(
                format!("[TABLE_OR_VIEW_NOT_FOUND] there is no `{name}`"),
                "write IF EXISTS where it may not be there",
            )),
        }
    }

    pub(super) fn create_database(&self, name: &ObjectName, if_not_exists: bool) -> DfResult<()> {
        let name = self.database(name)?;
        let Some(catalog) = self.session.context.catalog(state::CATALOG) else { return Ok(()) };
        match catalog.schema(&name) {
            Some(_) if if_not_exists => Ok(()),
            Some(_) => Err(refused(
                format!("[SCHEMA_ALREADY_EXISTS] there is a database `{name}` already"),
                "write IF NOT EXISTS, or give it another name",
            )),
            None => catalog.register_schema(&name, Arc::new(MemorySchemaProvider::new())).map(drop),
        }
    }

    pub(super) fn drop_database(&mut self, name: &ObjectName, if_exists: bool) -> DfResult<()> {
        let name = self.database(name)?;
        let fixed = Zone::ALL.map(Zone::as_str).into_iter().chain([QUARANTINE, state::SESSION_SCHEMA]);
        if fixed.into_iter().any(|schema| schema == name) {
            return Err(refused(
                format!("`{name}` is no database of this session"),
                "only what it has made is dropped",
            ));
        }
        let Some(catalog) = self.session.context.catalog(state::CATALOG) else { return Ok(()) };
        match catalog.schema(&name) {
            Some(_) => {
                self.tables.retain(|place, _| place.schema != name);
                catalog.deregister_schema(&name, true).map(drop)
            }
            None if if_exists => Ok(()),
            None => Err(no_database(&name)),
        }
    }

    /// The lake's zones and what the session has made, by their names in SQL.
    pub(super) fn databases(&self, pattern: Option<&str>) -> Vec<String> {
        let catalog = self.session.context.catalog(state::CATALOG);
        let schemas = catalog.map(|catalog| catalog.schema_names()).unwrap_or_default();
        let shown = schemas.into_iter().filter(|name| name != "information_schema").map(|name| match name {
            name if name == state::SESSION_SCHEMA => OWN[0].to_string(),
            name => name,
        });
        let mut names: Vec<String> =
            shown.filter(|name| pattern.is_none_or(|pattern| is_like(name, pattern))).collect();
        names.sort();
        names
    }

    pub(super) fn use_database(&self, name: &ObjectName) -> DfResult<()> {
        let name = self.database(name)?;
        let catalog = self.session.context.catalog(state::CATALOG);
        if catalog.and_then(|catalog| catalog.schema(&name)).is_none() {
            return Err(no_database(&name));
        }
        let state = self.session.context.state_ref();
        state.write().config_mut().options_mut().catalog.default_schema = name;
        Ok(())
    }

    fn database(&self, name: &ObjectName) -> DfResult<String> {
        let mut parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        if parts.len() == 2 && CATALOGS.contains(&parts[0].value.as_str()) {
            parts.remove(0);
        }
        match parts.as_slice() {
            [name] if OWN.contains(&name.value.as_str()) || CATALOGS.contains(&name.value.as_str()) => {
                Ok(state::SESSION_SCHEMA.to_string())
            }
            [name] => Ok(name.value.clone()),
            _ => Err(refused(format!("`{name}` is no name of a database"), "write one name")),
        }
    }
}

/// Spark's patterns of SHOW: `*` is anything, and `|` parts one pattern from another.
fn is_like(name: &str, pattern: &str) -> bool {
    fn is_so(name: &str, pattern: &str) -> bool {
        match pattern.split_once('*') {
            None => name == pattern,
            Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
                name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| is_so(&name[at..], rest))
            }),
        }
    }
    pattern.to_lowercase().split('|').any(|one| is_so(name, one.trim()))
}

fn no_database(name: &str) -> datafusion::error::DataFusionError {
    refused(format!("[SCHEMA_NOT_FOUND] there is no database `{name}`"), "CREATE DATABASE makes one for this session")
}
