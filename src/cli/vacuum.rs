//! `trapiche vacuum`: what was removed, or would be.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use chrono::Utc;

use crate::error::Result;
use crate::lake::Lake;
use crate::lake::table::vacuum::{Garbage, What};
use crate::pipeline;
use crate::project::Project;

use super::options::Output;
use super::print::output::{self, word};
use super::print::table::{Cell, Table};
use super::print::units;
use super::run::stamp;
use super::talk::words::Words;

/// Remove what nothing in the lake refers to any longer
///
/// These are: files and versions that were replaced longer ago than `keep`, and files in a table's folder that no
/// version has and that are older than an hour; and, where `keep_landings` says how many states keep theirs, landings of
/// earlier states; in S3, uploads to the project's tables that were begun over an hour ago and that no run has noted; and answers of `trapiche lambda` whose addresses have run out. A run removes what it replaced itself; this finds what other runs left when they died.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche vacuum --dry-run
  trapiche vacuum --keep 0s -o json   everything but the newest version of each table")]
pub struct VacuumArguments {
    /// Remove what was replaced longer ago than this: `0s`, `30m`, `1h`, `7d` [default: the target's `keep`]
    #[arg(long, value_name = "TIME", value_parser = crate::lake::table::attic::parse_keep)]
    pub keep: Option<Duration>,

    /// Only show what would be removed
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub output: Output,
}

pub async fn vacuum(project: &Project, lake: &Lake, args: VacuumArguments, words: &Words) -> Result<ExitCode> {
    let keep = args.keep.unwrap_or(lake.keep());
    let vacuumed = pipeline::vacuum(project, lake, keep, args.dry_run, &stamp(Utc::now())).await?;
    let found = vacuumed.garbage;
    output::print(args.output.format, &table(&found), &found)?;
    if let Some(error) = vacuumed.unseen_uploads {
        words.caution(&error.context("uploads that were begun and not completed were not looked for"));
    }
    for table in &vacuumed.left_alone {
        words.note(&format!("left alone: `{table}`, which this project does not make"));
    }
    let bytes = units::bytes(found.iter().map(|garbage| garbage.bytes).sum());
    let done = if args.dry_run { "would remove" } else { "removed" };
    words.note(&format!("{done} {}, {bytes}", units::counted(found.len() as u64, "object")));
    Ok(ExitCode::SUCCESS)
}

/// One row for each kind and folder: there may be very many objects.
fn table(found: &[Garbage]) -> Table {
    let mut groups: BTreeMap<(What, &str), (u64, u64)> = BTreeMap::new();
    for garbage in found {
        let folder = garbage.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (objects, bytes) = groups.entry((garbage.what, folder)).or_default();
        *objects += 1;
        *bytes += garbage.bytes;
    }
    let mut table = Table::new(&["what", "folder", "objects", "bytes"]);
    table.rows = groups
        .into_iter()
        .map(|((what, folder), (objects, bytes))| {
            vec![Cell::Text(word(what)), Cell::text(folder), Cell::Count(objects), Cell::Bytes(bytes)]
        })
        .collect();
    table
}
