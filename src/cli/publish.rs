//! `trapiche publish`: what makes tables known to Athena and Trino.

use std::process::ExitCode;

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::lake::table::version;
use crate::lake::{Lake, TableName, Zone};
use crate::pipeline;
use crate::project::Project;
use crate::publish::{CatalogNames, CatalogTable, athena, trino};

use super::print::output;
use super::talk::words::Words;

/// Print the SQL that makes the tables known to Athena or Trino
///
/// The statements are of the tables' newest versions. Run again they add partitions that have come; a table whose columns have changed must be
/// dropped there first, which takes no file away. A database is a zone. The files of a table that is overwritten are replaced one by one for whoever reads the folder:
/// docs/lake.md says what such readers see meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche publish --ddl athena --target prod > tables.sql
  trapiche publish --ddl trino --catalog lake refined.sales")]
pub struct PublishArguments {
    /// Tables: `refined.sales`, or the name alone [default: all of `trusted` and `refined` that have been made]
    #[arg(value_name = "TABLE")]
    pub tables: Vec<String>,

    /// For whom
    #[arg(long, value_name = "READER")]
    pub ddl: CatalogKind,

    /// What goes before the zone in a database's name: `acme_` makes `acme_refined`
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prefix: String,

    /// Trino's name for the catalogue
    #[arg(long, value_name = "NAME", default_value = "hive")]
    pub catalog: String,

    /// Where the reader finds the lake, if that is not the target's storage: `s3://bucket/prefix`
    #[arg(long, value_name = "URL")]
    pub location: Option<String>,
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
    let naming = CatalogNames { prefix: args.prefix, location: args.location };
    let mut statements = vec![];
    let all = project.datasets.iter().flat_map(|dataset| &dataset.outputs).filter(|table| table.zone != Zone::Raw);
    let chosen: Vec<TableName> = match args.tables.is_empty() {
        true => all.cloned().collect(),
        false => args.tables.iter().map(|name| pipeline::named_table(project, name)).collect::<Result<_>>()?,
    };
    for table in chosen {
        let Some(version) = version::latest(lake, &table).await? else {
            match args.tables.is_empty() {
                true => words.note(&format!("left out: `{table}`, which has not been made yet")),
                false => {
                    return Err(
                        Error::config(format!("`{table}` has not been made yet")).hint("`trapiche run` makes it")
                    );
                }
            }
            continue;
        };
        let dataset = project.datasets.iter().find(|dataset| dataset.outputs.contains(&table));
        let description = dataset.and_then(|dataset| dataset.description.clone());
        let described = CatalogTable::of(lake, &version, &naming, description).await?;
        let of_table = match args.ddl {
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
