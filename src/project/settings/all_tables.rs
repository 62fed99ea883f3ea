//! A source that stands for all tables of a schema: `"shop_*": { from: shop, table: "sales.*", except: ["tmp_*"] }`.
//!
//! Which tables these are, the database knows, and the project says it: in `schema.lock.yml`, where `trapiche lock` writes them
//! down. So a project is the same for whoever reads it, and a table that comes is seen before it is captured.

use glob::Pattern;

use super::address::Address;
use crate::project::faults::Faults;
use crate::project::spec::SourceSpec;
use crate::project::written::Written;

/// What stands for a table's name, in the name of the source and in `table:`.
const ANY: char = '*';

/// A source that is as many as a schema has tables.
#[derive(Debug, Clone)]
pub struct AllTables {
    /// Its name in `trapiche.yml`, with a `*` in it.
    pub name: String,
    pub database: Address,
    /// `None` for the tables whose name alone leads to them.
    pub schema: Option<String>,
    except: Vec<Pattern>,
    /// The tables that were agreed on, as the database calls them; `None` before that.
    pub agreed: Option<Vec<String>>,
}

impl AllTables {
    /// Whether the name of a source stands for several.
    pub fn is_meant(name: &str) -> bool {
        name.contains(ANY)
    }

    /// `agreed` are its tables as the lock has them. What `table` says is checked here, all else with each source.
    pub fn check(
        name: &str,
        spec: &SourceSpec,
        database: &Address,
        agreed: Option<Vec<String>>,
        faults: &mut Faults,
    ) -> Option<AllTables> {
        let at = spec.table.as_ref()?;
        let table = at.value.as_ref()?.expose();
        let schema = match table.rsplit_once('.') {
            None if table == "*" => None,
            Some((schema, "*")) if !schema.contains(ANY) => Some(schema.to_string()),
            _ => {
                faults.add(&at.span, format!("`{name}` is a source for each of several tables, and this is one")).hint(
                    "write `table: \"schema.*\"`, or `\"*\"` for those that need no schema; or give the source a name without `*`",
                );
                return None;
            }
        };
        let mut except = vec![];
        for at in spec.except.iter().flat_map(|at| at.value.iter().flatten()) {
            match Pattern::new(at.value.as_ref()?) {
                Ok(pattern) => except.push(pattern),
                Err(error) => drop(faults.add(&at.span, format!("this is no pattern: {error}"))),
            }
        }
        let is_left_out = |name: &String| except.iter().any(|pattern| pattern.matches(name));
        let agreed = agreed.map(|names| names.into_iter().filter(|name| !is_left_out(name)).collect());
        Some(AllTables { name: name.to_string(), database: database.clone(), schema, except, agreed })
    }

    /// Whether a table of a schema is one of them. `alone` is whether its name alone leads to it.
    pub fn takes(&self, schema: &str, name: &str, alone: bool) -> bool {
        let is_there = self.schema.as_ref().map_or(alone, |own| own == schema);
        is_there && !self.except.iter().any(|pattern| pattern.matches(name))
    }

    /// The name of the source that is one table.
    pub fn source_name(&self, table: &str) -> String {
        self.name.replacen(ANY, &table.to_lowercase(), 1)
    }

    /// That table as `table:` names it.
    pub fn qualified(&self, table: &str) -> Written {
        match &self.schema {
            Some(schema) => format!("{schema}.{table}").as_str().into(),
            None => table.into(),
        }
    }
}
