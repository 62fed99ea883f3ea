//! The catalogue in which a run registers the tables that it commits, and those that it finds unchanged: an earlier run may have
//! died between its commit and the registration.

use serde::Serialize;

use crate::aws::athena::Athena;
use crate::aws::glue::Glue;
use crate::error::{Error, Result};
use crate::lake::table::version::{self, FileLayout};
use crate::lake::{Lake, TableName};
use crate::project::{Dataset, Definition, Project};
use crate::publish::{self, CatalogNames, CatalogTable, Registered};

/// Glue, as the target names its databases.
#[derive(Debug, Clone)]
pub struct Catalog {
    glue: Glue,
    athena: Athena,
    names: CatalogNames,
}

/// The rows of a table as the lake has them, and as Athena counts them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountedTable {
    /// As it is called there.
    pub table: String,
    pub version: u64,
    pub rows: u64,
    pub athena_rows: u64,
}

impl Catalog {
    /// That of the target; `None` when it has none.
    pub async fn open(project: &Project) -> Option<Catalog> {
        let settings = project.target.glue.as_ref()?;
        let region = settings.region.as_ref().or(project.target.storage.region.as_ref());
        let names = CatalogNames { prefix: settings.prefix.clone(), location: settings.location.clone() };
        let region = region.map(String::as_str);
        let athena = Athena::open(region, settings.workgroup.clone(), settings.results.clone()).await;
        Some(Catalog { glue: Glue::open(region).await, athena, names })
    }

    /// Registers the newest version of a table; `None` when it has not been made yet. With the name that it has there.
    pub async fn register(
        &self,
        lake: &Lake,
        table: &TableName,
        dataset: Option<&Dataset>,
    ) -> Result<Option<(String, Registered)>> {
        let Some(version) = version::latest(lake, table).await? else { return Ok(None) };
        let described = CatalogTable::of(lake, &version, &self.names, dataset).await?;
        let oldest = match described.is_behind_view() {
            true => version::kept(lake, table).await?.first().map_or(0, |oldest| oldest.number),
            false => 0,
        };
        let registered = publish::register(&self.glue, &described, oldest).await?;
        Ok(Some((format!("{}.{}", described.database, described.name), registered)))
    }

    /// Has Athena count the rows of a table's newest version; `None` when it has not been made yet. `token` tells this look from others.
    ///
    /// # Errors
    /// When Athena does not count, or the table was made anew meanwhile.
    pub async fn count(&self, lake: &Lake, table: &TableName, token: &str) -> Result<Option<CountedTable>> {
        let Some(version) = version::latest(lake, table).await? else { return Ok(None) };
        let described = CatalogTable::of(lake, &version, &self.names, None).await?;
        let (database, name) = (&described.database, &described.name);
        let sql = format!("SELECT count(*) FROM \"{database}\".\"{name}\"");
        let counted = self.athena.value(database, &sql, token).await?;
        let athena_rows = counted
            .parse()
            .map_err(|_| Error::failed(format!("Athena answered `{counted}` to `{sql}`, which is no count")))?;
        if version::latest(lake, table).await?.is_some_and(|now| now.version != version.version) {
            return Err(
                Error::failed(format!("`{table}` was made anew while Athena counted it")).hint("count it again")
            );
        }
        let table = format!("{database}.{name}");
        Ok(Some(CountedTable { table, version: version.version, rows: version.rows(), athena_rows }))
    }

    /// Sees that nobody is sent to files that are about to go: of tables whose old files stay where they were while they are kept,
    /// the newest version is registered, if it was not.
    pub(super) async fn leave_old(&self, project: &Project, lake: &Lake, table: &TableName) -> Result<()> {
        let Some(dataset) = project.datasets.iter().find(|dataset| dataset.outputs.contains(table)) else {
            return Ok(());
        };
        match &dataset.definition {
            Definition::Query(query) if query.layout == FileLayout::Runs => {
                self.register(lake, table, Some(dataset)).await.map(drop)
            }
            Definition::Query(_) | Definition::Model(_) | Definition::Source(_) => Ok(()),
        }
    }

    /// Registers all tables of a dataset that a run has made, or found unchanged.
    pub(super) async fn register_all(&self, lake: &Lake, dataset: &Dataset) -> Result<()> {
        for table in &dataset.outputs {
            let registered = self.register(lake, table, Some(dataset)).await;
            registered.map_err(|error: Error| error.context("the table is made, but Glue does not know it"))?;
        }
        Ok(())
    }
}
