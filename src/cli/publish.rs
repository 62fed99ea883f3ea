//! `trapiche publish`: tables made known to Athena and Trino.

use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;

use chrono::Utc;

use crate::error::{Error, Kind, Result};
use crate::hints::listed;
use crate::lake::table::version;
use crate::lake::{Lake, TableName, Zone};
use crate::pipeline::{self, Catalog, CountedTable};
use crate::project::{Dataset, Project};
use crate::publish::{CatalogNames, CatalogTable, athena, trino};

use super::options::{Format, Output};
use super::print::output;
use super::print::table::{Cell, Table};
use super::run::stamp;
use super::talk::words::Words;

/// Make the tables known to Athena, in Glue's Data Catalog; or print the SQL that does
///
/// A run does so by itself where the target has `glue:`. Here it is done again, for the tables' newest versions, as often as one likes:
/// entries become what the lake says, partitions included. With `--ddl` nothing is asked: the statements are printed. Run again they add
/// partitions that have come; a table whose columns have changed must be dropped there first, which takes no file away. A database is a zone. The
/// files of a table that is overwritten are replaced one by one for whoever reads the folder: docs/lake.md says what such readers see meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche publish --target prod
  trapiche publish --target prod --verify
  trapiche publish --ddl athena --target prod > tables.sql
  trapiche publish --ddl trino --catalog lake refined.sales")]
pub struct PublishArguments {
    /// Tables: `refined.sales`, or the name alone [default: all of `trusted` and `refined` that have been made]
    #[arg(value_name = "TABLE")]
    pub tables: Vec<String>,

    /// Print the SQL for this reader, and register nothing
    #[arg(long, value_name = "READER")]
    pub ddl: Option<CatalogKind>,

    /// With `--ddl`: what goes before the zone in a database's name: `acme_` makes `acme_refined` [default: the target's `glue.prefix`]
    #[arg(long, value_name = "TEXT", requires = "ddl")]
    pub prefix: Option<String>,

    /// With `--ddl trino`: Trino's name for the catalogue
    #[arg(long, value_name = "NAME", default_value = "hive", requires = "ddl")]
    pub catalog: String,

    /// With `--ddl`: where the reader finds the lake, if that is not the target's storage: `s3://bucket/prefix`
    #[arg(long, value_name = "URL", requires = "ddl")]
    pub location: Option<String>,

    /// Have Athena count the rows of each table, and end with exit code 5 where it has other ones than the lake
    #[arg(long, conflicts_with = "ddl")]
    pub verify: bool,

    #[command(flatten)]
    pub output: Output,
}

/// Who is told of tables, by SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CatalogKind {
    /// AWS's Athena, and Hive
    Athena,
    /// Trino's Hive connector
    Trino,
}

pub async fn publish(project: &Project, lake: &Lake, args: PublishArguments, words: &Words) -> Result<ExitCode> {
    let chosen = chosen(project, lake, &args.tables, words).await?;
    match args.ddl {
        Some(reader) => print(project, lake, &chosen, reader, args).await,
        None if args.verify => verify(project, lake, &chosen, args.output.format).await,
        None => register(project, lake, &chosen, args.output.format).await,
    }
}

/// The tables that are meant, without those that are not made yet.
async fn chosen(project: &Project, lake: &Lake, named: &[String], words: &Words) -> Result<Vec<TableName>> {
    let all = project.datasets.iter().flat_map(|dataset| &dataset.outputs).filter(|table| table.zone != Zone::Raw);
    let asked: Vec<TableName> = match named.is_empty() {
        true => all.cloned().collect(),
        false => named.iter().map(|name| pipeline::named_table(project, name)).collect::<Result<_>>()?,
    };
    let mut chosen = vec![];
    for table in asked {
        match version::latest(lake, &table).await? {
            Some(_) => chosen.push(table),
            None if named.is_empty() => words.note(&format!("left out: `{table}`, which has not been made yet")),
            None => {
                return Err(Error::config(format!("`{table}` has not been made yet")).hint("`trapiche run` makes it"));
            }
        }
    }
    Ok(chosen)
}

async fn print(
    project: &Project,
    lake: &Lake,
    chosen: &[TableName],
    reader: CatalogKind,
    args: PublishArguments,
) -> Result<ExitCode> {
    let settings = project.target.glue.as_ref();
    let prefix = args.prefix.or_else(|| settings.map(|glue| glue.prefix.clone())).unwrap_or_default();
    let location = args.location.or_else(|| settings.and_then(|glue| glue.location.clone()));
    let naming = CatalogNames { prefix, location };
    let mut statements = vec![];
    for table in chosen {
        let Some(version) = version::latest(lake, table).await? else { continue };
        let described = CatalogTable::of(lake, &version, &naming, dataset_of(project, table)).await?;
        let of_table = match reader {
            CatalogKind::Athena => {
                described.check_for_athena()?;
                athena::statements(&described)
            }
            CatalogKind::Trino => trino::statements(&described, &args.catalog),
        };
        for statement in of_table {
            // Of a zone once.
            if !statements.contains(&statement) {
                statements.push(statement);
            }
        }
    }
    let text: String = statements.into_iter().map(|statement| statement + ";\n\n").collect();
    output::write(text.trim_end().to_string() + "\n").map(|_| ExitCode::SUCCESS)
}

/// What became of a table's entry.
#[derive(Debug, Serialize)]
struct PublishedTable {
    table: String,
    status: &'static str,
    partitions_created: usize,
    partitions_updated: usize,
    partitions_deleted: usize,
}

/// # Errors
/// When the target has none.
async fn catalog(project: &Project) -> Result<Catalog> {
    Catalog::open(project).await.ok_or_else(|| {
        let name = &project.target.name;
        Error::config(format!("the target `{name}` has no `glue:` in which tables could be registered"))
            .hint("add `glue: {}` to it, or print the statements by `--ddl athena`")
    })
}

async fn verify(project: &Project, lake: &Lake, chosen: &[TableName], format: Format) -> Result<ExitCode> {
    let catalog = catalog(project).await?;
    let token = stamp(Utc::now()).run_id;
    let mut counted = vec![];
    for table in chosen {
        counted.extend(catalog.count(lake, table, &token).await?);
    }
    let mut table = Table::new(&["table", "version", "rows", "rows by Athena"]);
    let row = |it: &CountedTable| {
        vec![Cell::text(&it.table), Cell::Count(it.version), Cell::Count(it.rows), Cell::Count(it.athena_rows)]
    };
    table.rows = counted.iter().map(row).collect();
    output::print(format, &table, &counted)?;
    let others: Vec<&str> = counted.iter().filter(|it| it.rows != it.athena_rows).map(|it| it.table.as_str()).collect();
    match others.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(Error::new(Kind::Drift, format!("Athena has other rows than the lake: {}", listed(&others)))
            .hint("`trapiche publish` registers the tables again; look in their folders for files that are not of the lake")),
    }
}

async fn register(project: &Project, lake: &Lake, chosen: &[TableName], format: Format) -> Result<ExitCode> {
    let catalog = catalog(project).await?;
    let mut published = vec![];
    for table in chosen {
        let Some((table, done)) = catalog.register(lake, table, dataset_of(project, table)).await? else { continue };
        published.push(PublishedTable {
            table,
            status: if done.is_unchanged { "unchanged" } else { "registered" },
            partitions_created: done.created,
            partitions_updated: done.updated,
            partitions_deleted: done.deleted,
        });
    }
    let mut table = Table::new(&["table", "status", "created", "updated", "deleted"]);
    table.rows = published
        .iter()
        .map(|it| {
            let counts = [it.partitions_created, it.partitions_updated, it.partitions_deleted];
            let counts = counts.into_iter().map(|count| Cell::Count(count as u64));
            [Cell::text(&it.table), Cell::text(it.status)].into_iter().chain(counts).collect()
        })
        .collect();
    output::print(format, &table, &published)?;
    Ok(ExitCode::SUCCESS)
}

fn dataset_of<'a>(project: &'a Project, table: &TableName) -> Option<&'a Dataset> {
    project.datasets.iter().find(|dataset| dataset.outputs.contains(table))
}
